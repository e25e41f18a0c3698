"""The GROUP BY that forgot a variable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.sparql.lenient import group_all


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT ?a ?b {?a ?p ?b} GROUP BY ?a", "SELECT ?a ?b {?a ?p ?b} GROUP BY ?a ?b"),
        (
            "select distinct ?a (STR(?a) AS ?n) ?b {} group by ?a ORDER BY ?b",
            "select distinct ?a (STR(?a) AS ?n) ?b {} group by ?a ?b ORDER BY ?b",
        ),
        (
            "SELECT ?a ?b {{SELECT (COUNT(*) AS ?c) {} GROUP BY ?c}} GROUP BY ?b",
            "SELECT ?a ?b {{SELECT (COUNT(*) AS ?c) {} GROUP BY ?c}} GROUP BY ?b ?a",
        ),
    ],
)
def test_projected_variables_join_the_group(query: str, expected: str) -> None:
    assert group_all(query) == expected


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?a {?a ?p ?b} GROUP BY ?a",
        "SELECT ?a ?b {?a ?p ?b}",
        "SELECT ?a ?b {} GROUP BY (STR(?a) AS ?s)",
        "SELECT ?a ?b {{SELECT ?c ?d {} GROUP BY ?c}}",
        "SELECT * {} GROUP BY",
        "CONSTRUCT WHERE {} GROUP",
        "GROUP BY ?a SELECT ?b",
        '"',
        "SELECT ?a (COUNT(?x) AS ?n) ?b {} GROUP BY ?a",
        "SELECT ?a (STR(count(?x)) AS ?n) ?b {} GROUP BY ?a",
        "SELECT ?a ?b {} GROUP BY ?a HAVING (?a > 5)",
        "SELECT ?a ?b {} GROUP BY ?a ORDER BY DESC(GROUP_CONCAT(?x))",
    ],
)
def test_other_queries_are_left_alone(query: str) -> None:
    assert group_all(query) is None


_WORDS = st.sampled_from(["SELECT", "DISTINCT", "GROUP", "BY", "?a", "?b", "(", ")", "{", "}", "COUNT", "AS", "*", '"'])


@given(st.lists(_WORDS, max_size=20))
def test_any_soup_is_answered(words: list[str]) -> None:
    group_all(" ".join(words))
