"""The SPARQL protocol, case by case.

Source: SPARQL 1.1 Protocol, section 2.1; the names are those of the W3C's tests (data-sparql11/protocol).
"""

from collections.abc import Iterator
from typing import Any

import pytest
from live import PREFIX, Live, live

from synhub.model import ChangeSet

PUBLIC, ALICE = f"{PREFIX}public", f"{PREFIX}user/alice"
FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
ROW = "SELECT ?s { ?s ?p ?o }"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("data")) as instance:
        instance.user("alice")
        lines = (f'<{graph}/x/{n}/1> <http://p/q> "v" <{graph}> .\n' for graph, n in ((PUBLIC, "p"), (ALICE, "a")))
        instance.hub.store.apply(ChangeSet(b"", "".join(lines).encode()))
        yield instance


def ask(instance: Live, method: str, **options: Any) -> tuple[int, str, str]:
    headers = options.pop("headers", {})
    answer = instance.request(method, "/sparql", "alice", headers=headers, **options)
    return answer.status_code, answer.headers.get("content-type", "").partition(";")[0], answer.text


GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "query_get": ("GET", {"params": {"query": "ASK {}"}}),
    "query_post_form": ("POST", {"data": {"query": "ASK {}"}}),
    "query_post_direct": ("POST", {"content": "ASK {}", "headers": {"Content-Type": QUERY}}),
    "query_post_direct_with_charset": (
        "POST",
        {"content": "ASK {}", "headers": {"Content-Type": f"{QUERY}; charset=UTF-8"}},
    ),
    "query_post_in_the_address": ("POST", {"params": {"query": "ASK {}"}}),
    "query_post_direct_with_byte_order_mark": (
        "POST",
        {"content": "\ufeffASK {}", "headers": {"Content-Type": QUERY}},
    ),
    "query_head": ("HEAD", {"params": {"query": "ASK {}"}}),
}


@pytest.mark.parametrize("case", GOOD)
def test_query_is_answered(instance: Live, case: str) -> None:
    method, options = GOOD[case]
    status, kind, text = ask(instance, method, **options)
    assert (status, kind) == (200, "application/sparql-results+json")
    assert text == ("" if method == "HEAD" else '{"head":{},"boolean":true}')


DATASETS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "query_dataset_default_graph": ({"default-graph-uri": PUBLIC}, ["p"]),
    "query_dataset_default_graphs": ({"default-graph-uri": [PUBLIC, ALICE]}, ["a", "p"]),
    "query_dataset_named_graphs": ({"named-graph-uri": [PUBLIC, ALICE]}, []),
    "query_dataset_full": ({"default-graph-uri": ALICE, "named-graph-uri": PUBLIC}, ["a"]),
}


@pytest.mark.parametrize("how", ["get", "post", "direct"])
@pytest.mark.parametrize("case", DATASETS)
def test_dataset_is_what_the_parameters_say(instance: Live, case: str, how: str) -> None:
    graphs, expected = DATASETS[case]
    csv = {"Accept": "text/csv"}
    if how == "get":
        _, _, text = ask(instance, "GET", params={"query": ROW, **graphs}, headers=csv)
    elif how == "post":
        _, _, text = ask(instance, "POST", data={"query": ROW, **graphs}, headers=csv)
    else:
        _, _, text = ask(instance, "POST", params=graphs, content=ROW, headers=csv | {"Content-Type": QUERY})
    assert sorted(line.split("/")[-2] for line in text.split()[1:]) == expected


def test_parameters_beat_the_clause_of_the_query(instance: Live) -> None:
    """query_multiple_dataset: the protocol's dataset is used, whatever FROM says."""
    query = f"SELECT ?s FROM <{ALICE}> {{ ?s ?p ?o }}"
    _, _, text = ask(
        instance, "GET", params={"query": query, "default-graph-uri": PUBLIC}, headers={"Accept": "text/csv"}
    )
    assert text == f"s\r\n{PUBLIC}/x/p/1\r\n"


CONTENT_TYPES = {
    "query_content_type_select": (ROW, "application/sparql-results+xml", "application/sparql-results+xml"),
    "query_content_type_ask": ("ASK {}", "application/sparql-results+json", "application/sparql-results+json"),
    "query_content_type_describe": (f"DESCRIBE <{PUBLIC}/x/p/1>", "application/rdf+xml", "application/rdf+xml"),
    "query_content_type_construct": (
        "CONSTRUCT { ?s <http://q/x> ?o } { ?s ?p ?o }",
        "application/rdf+xml;q=0.1, text/turtle;q=0.9",
        "text/turtle",
    ),
    "q_values": (ROW, "text/csv;q=0.2, text/tab-separated-values;q=0.3, */*;q=0.1", "text/tab-separated-values"),
    "q_zero": (ROW, "application/sparql-results+json;q=0, text/csv", "text/csv"),
}


@pytest.mark.parametrize("case", CONTENT_TYPES)
def test_answer_is_of_the_type_liked_best(instance: Live, case: str) -> None:
    query, accept, expected = CONTENT_TYPES[case]
    status, kind, _ = ask(instance, "GET", params={"query": query}, headers={"Accept": accept})
    assert (status, kind) == (200, expected)


BAD: dict[str, tuple[str, dict[str, Any], int]] = {
    "bad_query_method": ("PUT", {"params": {"query": "ASK {}"}}, 405),
    "bad_multiple_queries": ("GET", {"params": {"query": ["ASK {}", "SELECT * {}"]}}, 400),
    "bad_multiple_queries_in_both_places": (
        "POST",
        {"params": {"query": "ASK {}"}, "content": "ASK {}", "headers": {"Content-Type": QUERY}},
        400,
    ),
    "bad_query_wrong_media_type": ("POST", {"content": "ASK {}", "headers": {"Content-Type": "text/plain"}}, 415),
    "bad_query_missing_form_type": ("POST", {"content": "query=ASK%20%7B%7D"}, 415),
    "bad_query_missing_direct_type": ("POST", {"content": "ASK {}"}, 415),
    "bad_query_non_utf8": (
        "POST",
        {"content": "ASK {}".encode("utf-16"), "headers": {"Content-Type": f"{QUERY}; charset=UTF-16"}},
        400,
    ),
    "bad_query_syntax": ("GET", {"params": {"query": "ASK { WHERE {"}}, 400),
    "no_query": ("GET", {}, 400),
    "update_as_query": ("GET", {"params": {"query": "CLEAR ALL"}}, 400),
    "update_get": ("GET", {"params": {"update": "CLEAR ALL"}}, 400),
    "update_post_direct": (
        "POST",
        {"content": "CLEAR ALL", "headers": {"Content-Type": "application/sparql-update"}},
        400,
    ),
    "not_acceptable": ("GET", {"params": {"query": "ASK {}"}, "headers": {"Accept": "image/png"}}, 406),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_request_is_refused_in_words(instance: Live, case: str) -> None:
    method, options, expected = BAD[case]
    status, _, text = ask(instance, method, **options)
    assert status == expected, text
    assert text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "PROPFIND"])
def test_refused_method_is_told_which_there_are_on_pages_of_other_sites_too(instance: Live, method: str) -> None:
    answer = instance.request(method, "/sparql")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_syntax_error_has_line_and_column(instance: Live) -> None:
    status, kind, text = ask(instance, "GET", params={"query": "SELECT *\n{ ?s ?p }"})
    assert (status, kind) == (400, "text/plain")
    assert text == "SPARQL syntax error: '}' is not expected here (line 2, column 9)"


REPAIRED = {
    "SELECT ?s ?p { ?s ?p ?o } GROUP BY ?s": "GROUP BY was completed with the other variables of SELECT",
    f"SELECT ?s ?p {{ {{ SELECT ?s ?p FROM <{PUBLIC}> {{ ?s ?p ?o }} }} }}": "FROM of a sub-query was read as that",
}


@pytest.mark.parametrize("query", REPAIRED)
def test_answer_says_what_was_repaired_in_the_query(instance: Live, query: str) -> None:
    answer = instance.get("/sparql", params={"query": query}, headers={"Accept": "text/csv"})
    assert answer.text == f"s,p\r\n{PUBLIC}/x/p/1,http://p/q\r\n"
    assert answer.headers["X-Query-Note"].startswith(REPAIRED[query])
    assert "X-Query-Note" in answer.headers["Access-Control-Expose-Headers"]
    page = instance.get("/sparql", params={"query": query}, headers={"Accept": "text/html"})
    assert f"<p>{answer.headers['X-Query-Note']}.</p>" in page.text
    right = instance.get("/sparql", params={"query": "SELECT ?s { ?s ?p ?o } GROUP BY ?s"})
    assert "X-Query-Note" not in right.headers


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?s (COUNT(?o) AS ?n) ?p { ?s ?p ?o } GROUP BY ?s",
        "SELECT ?s ?p { ?s ?p ?o } GROUP BY ?s HAVING (COUNT(?o) > 5)",
        "SELECT * { { SELECT ?s ?p { ?s ?p ?o } GROUP BY ?s } }",
    ],
)
def test_group_by_whose_numbers_a_repair_would_change_is_refused_with_advice(instance: Live, query: str) -> None:
    status, _, text = ask(instance, "GET", params={"query": query})
    assert status == 400
    assert "add the variable to GROUP BY, or take one of its values: (SAMPLE(?x) AS ?one) (line 1, column " in text


def test_pages_of_other_sites_may_ask(instance: Live) -> None:
    asked = {
        "Origin": "https://yasgui.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, x-authorization",
    }
    preflight = instance.client.request("OPTIONS", instance.url + "/sparql", headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "content-type, x-authorization"
    for params in ({"query": "ASK {}"}, {"query": "ASK {"}):
        answer = instance.get("/sparql", params=params, headers={"Origin": "https://yasgui.example"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "Accept" in answer.headers["vary"]
