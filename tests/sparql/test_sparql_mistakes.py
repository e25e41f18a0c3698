"""Where a query is wrong: the token that is, and not a place behind it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Store

from synhub.errors import InvalidQuery
from synhub.sparql.evaluate import respond

GROUPS = "only what is grouped or aggregated"


def complaint(text: str) -> InvalidQuery:
    with pytest.raises(InvalidQuery) as raised:
        respond(text, "text/csv", lambda query: Store().query(query), None)  # type: ignore[arg-type, return-value]
    return raised.value


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ('ASK { ?s ?p "ab" ??? }', "'?' is not expected here", "??? }"),
        ("SELECT (foo(?s) AS ?x) { ?s ?p ?o }", "'foo' is not expected here", "foo(?s)"),
        ("SELECT * { ?s ?p ?o FILTER(STRSTART(?o, 'x')) }", "'STRSTART' is not expected here", "STRSTART("),
        ("ASK { ?s <bad iri> ?o }", "this is not an IRI", "<bad"),
        ("ASK { ?s <bad%zziri> ?o }", "this is not an IRI", "<bad"),
        ("SELECT * { ?s ?p }", "'}' is not expected here", "}"),
        ("SELECT * { ?s ?p ?o } }", "'}' is not expected here", "}$"),
        ("SELECT * { ?s ?p ?o ?q }", "'?q' is not expected here", "?q }"),
        ("SELECT ?s, ?o { ?s ?p ?o }", "',' is not expected here", ", ?o {"),
        ("SELECT * WEHRE { ?s ?p ?o }", "'WEHRE' is not expected here", "WEHRE"),
        ("SELECT * { ?s ?p ?o } LIMIT x", "'x' is not expected here", "x$"),
        ("SELECT * { ?s ?p ?o FILTER(?s = ) }", "')' is not expected here", ") }"),
        ("SELECT * { ?s ?p -1, +2 , << ?a ?b ?c >> , . }", "'.' is not expected here", ". }"),
        ("SELECT * { ?s ?p ?o ", "the query ends too early", "$"),
        ("SELECT * { BIND(1 AS ?x) BIND(2 AS ?x) }", "BIND gives a value to a variable that has one", "}"),
        ("SELECT * { VALUES (?a ?b) { (1) } }", "each row of VALUES has as many values", "} }"),
        ("SELECT * { ?s ?p ?o } GROUP BY ?s", r"SELECT \* cannot be grouped", "$"),
        ("SELECT ?s (COUNT(?p) AS ?n) { ?s ?p ?o }", GROUPS, "$"),
        ("SELECT ?s (CONCAT(?p, 'x') AS ?y) { ?s ?p ?o } GROUP BY ?s", GROUPS, "$"),
        ("SELECT * { { SELECT ?s ?p { ?s ?p ?o } GROUP BY ?s } }", GROUPS, "} }"),
        ("SELECT ?s (COUNT(?o) AS ?n) ?p { ?s ?p ?o } GROUP BY ?s", GROUPS, "$"),
    ],
)
@pytest.mark.parametrize("before", ["", "# a comment\n\n  "])
def test_place_is_that_of_the_token_that_is_wrong(text: str, message: str, at: str, before: str) -> None:
    expected = len(text.rstrip()) - (at != "$") if at.endswith("$") else text.rindex(at)
    error = complaint(before + text)
    assert error.message.startswith("SPARQL syntax error: ")
    assert message.replace("\\", "") in error.message
    line, indent = (3, 2) if before else (1, 0)
    assert (error.line, error.column) == (line, expected + indent + 1)


def test_line_behind_a_string_of_several_is_counted() -> None:
    error = complaint('SELECT * {\n ?s ?p """a\n\nb""" ;\n ] }')
    assert (error.message, error.line, error.column) == ("SPARQL syntax error: ']' is not expected here", 5, 2)


def test_a_long_query_has_at_least_a_place() -> None:
    error = complaint("SELECT * {" + " ?s ?p ?o ." * 2_000 + " ] }")
    assert error.message == "SPARQL syntax error"
    assert error.line == 1


_WORDS = st.sampled_from(
    [
        *"{}()[].;,?*/|^!<>=+-",
        "SELECT",
        "?a",
        "?b",
        "WHERE",
        "<http://a>",
        "GRAPH",
        "'s'",
        "1",
        "FILTER",
        "a",
        "@en",
        "<<",
    ]
)


@settings(max_examples=300)
@given(st.lists(_WORDS, max_size=12), st.sampled_from(["", " ", "\n"]))
def test_any_soup_has_a_place_inside_of_it(words: list[str], between: str) -> None:
    text = "SELECT * {" + between + between.join(words)
    try:
        Store().query(text)
    except SyntaxError:
        error = complaint(text)
        lines = text.split("\n")
        assert error.line is not None and error.column is not None
        assert 1 <= error.line <= len(lines) and 1 <= error.column <= len(lines[error.line - 1]) + 1
