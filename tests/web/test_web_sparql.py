"""`/sparql` over HTTP: every way to send a query, every way to get the answer, and the clients that do so."""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from live import PREFIX, Live, live
from SPARQLWrapper import CSV, JSON, POST, TURTLE, SPARQLWrapper

from synhub.model import ChangeSet

PUBLIC = f"{PREFIX}public"
ALICE = f"{PREFIX}user/alice"
TITLE = "http://purl.org/dc/terms/title"
QUERY = f"SELECT ?t WHERE {{ ?s <{TITLE}> ?t }} ORDER BY ?t"

DESIGN = b"""<?xml version="1.0" encoding="utf-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
         xmlns:dcterms="http://purl.org/dc/terms/">
  <sbol:Sequence rdf:about="http://example.org/seq/1">
    <sbol:persistentIdentity rdf:resource="http://example.org/seq"/>
    <sbol:displayId>seq</sbol:displayId>
    <sbol:version>1</sbol:version>
    <dcterms:title>just submitted</dcterms:title>
    <sbol:elements>acgt</sbol:elements>
    <sbol:encoding rdf:resource="http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html"/>
  </sbol:Sequence>
</rdf:RDF>
"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("data")) as instance:
        instance.user("alice")
        instance.user("bob")
        quads = f'<{PUBLIC}/x/p/1> <{TITLE}> "public" <{PUBLIC}> .\n<{ALICE}/x/a/1> <{TITLE}> "alice" <{ALICE}> .\n'
        instance.hub.store.apply(ChangeSet(b"", quads.encode()))
        yield instance


def _titles(text: str) -> list[str]:
    return [row["t"]["value"] for row in json.loads(text)["results"]["bindings"]]


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("GET", {"params": {"query": QUERY}}),
        ("GET", {"params": {"query": QUERY, "format": "json", "output": "json", "results": "json"}}),
        ("POST", {"data": {"query": QUERY}}),
        ("POST", {"json": {"query": QUERY}}),
        ("POST", {"files": {"query": (None, QUERY)}}),
        ("POST", {"content": QUERY, "headers": {"Content-Type": "application/sparql-query"}}),
        ("POST", {"params": {"query": QUERY}, "data": {}}),
    ],
)
def test_query_is_read_from_wherever_clients_put_it(instance: Live, method: str, options: dict[str, Any]) -> None:
    anonymous = instance.request(method, "/sparql", **options)
    assert (anonymous.status_code, _titles(anonymous.text)) == (200, ["public"])
    assert anonymous.headers["content-type"] == "application/sparql-results+json"
    assert _titles(instance.request(method, "/sparql", "alice", **options).text) == ["alice", "public"]


def test_dataset_parameters_count_in_the_url_and_in_the_form(instance: Live) -> None:
    own, public = {"default-graph-uri": ALICE}, {"default-graph-uri": PUBLIC}
    query = {"query": QUERY}
    assert _titles(instance.get("/sparql", "alice", params=query | own).text) == ["alice"]
    assert _titles(instance.request("POST", "/sparql", "alice", data=query | own).text) == ["alice"]
    assert _titles(instance.request("POST", "/sparql", "alice", params=own, data=query).text) == ["alice"]
    body = {"content": QUERY, "headers": {"Content-Type": "application/sparql-query"}}
    assert _titles(instance.request("POST", "/sparql", "alice", params=own, **body).text) == ["alice"]
    both = instance.request("POST", "/sparql", "alice", params=own, data=query | public)
    assert _titles(both.text) == ["alice", "public"]
    raw = f"/sparql?query={quote(QUERY)}&default-graph-uri={ALICE}"  # not encoded, as a browser application sends it
    assert _titles(instance.get(raw, "alice").text) == ["alice"]


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("GET", {"params": {"query": "INSERT DATA {<http://a> <http://b> <http://c>}"}}),
        ("POST", {"data": {"query": "DELETE WHERE {?s ?p ?o}"}}),
        ("POST", {"data": {"update": "DELETE WHERE {?s ?p ?o}"}}),
        ("POST", {"content": "CLEAR ALL", "headers": {"Content-Type": "application/sparql-update"}}),
    ],
)
def test_update_is_refused(instance: Live, method: str, options: dict[str, Any]) -> None:
    answer = instance.request(method, "/sparql", "alice", **options)
    assert (answer.status_code, answer.text) == (400, "Update queries are not allowed")


def test_foreign_graph_is_refused_with_the_classic_words(instance: Live) -> None:
    answer = instance.get("/sparql", "bob", params={"query": QUERY, "default-graph-uri": ALICE})
    assert (answer.status_code, answer.text) == (400, "Cannot access other users' graphs.")


@pytest.mark.parametrize("options", [{}, {"params": {"query": " "}}])
def test_missing_query_is_told_how_to_send_one(instance: Live, options: dict[str, Any]) -> None:
    for method in ("GET", "POST"):
        answer = instance.request(method, "/sparql", **options)
        assert answer.status_code == 400
        assert answer.text.startswith("There is no query: send it as the parameter query")


def test_error_is_plain_text_with_the_place(instance: Live) -> None:
    answer = instance.get("/sparql", params={"query": "SELECT ?s\nWHERE { ?s sbol:role }"})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert answer.text == (
        "Unknown prefix: sbol; declare it with PREFIX sbol: <http://sbols.org/v2#> (line 2, column 12)"
    )


def test_body_that_is_not_utf8_is_refused(instance: Live) -> None:
    headers = {"Content-Type": "application/sparql-query"}
    answer = instance.request("POST", "/sparql", content=b"ASK {?s ?p '\xff'}", headers=headers)
    assert (answer.status_code, answer.text[:22]) == (400, "the query is not UTF-8")


def test_address_that_is_not_utf8_is_refused(instance: Live) -> None:
    answer = instance.get("/sparql?query=SELECT(%22%E9%22AS%3Fx)%7B%7D")
    assert (answer.status_code, answer.text[:43]) == (400, "the address holds bytes that are not UTF-8:")


@pytest.mark.slow
def test_large_result_labelled_json_is_streamed_as_it_is(instance: Live) -> None:
    values = "{ " + " ".join(f"VALUES ?{name} {{ {' '.join(map(str, range(60)))} }}" for name in "abc") + " }"
    answer = instance.get("/sparql", params={"query": f"SELECT * {values}"}, headers={"Accept": "application/json"})
    assert answer.headers["content-type"].startswith("application/json")
    assert len(answer.content) > 8 << 20
    assert len(answer.json()["results"]["bindings"]) == 216_000


def test_own_submission_is_in_the_next_query(instance: Live) -> None:
    instance.get("/sparql", "bob", params={"query": QUERY})  # there is a young snapshot now
    assert instance.submit("bob", DESIGN).status_code == 200
    assert "just submitted" in _titles(instance.get("/sparql", "bob", params={"query": QUERY}).text)


def test_browser_gets_a_form_and_tables(instance: Live) -> None:
    html = {"Accept": "text/html"}
    form = instance.get("/sparql", headers=html)
    assert (form.status_code, form.text[:15]) == (200, "<!DOCTYPE html>")
    assert '<textarea id="query" name="query"' in form.text
    assert '<li><a href="/sparql?example=words">' in form.text
    chosen = instance.get("/sparql?example=words", headers=html).text
    assert "?design synhub:textMatch &#34;promoter or terminator&#34; ." in chosen.partition("</textarea>")[0]
    table = instance.request("POST", "/sparql", data={"query": QUERY}, headers=html)
    assert table.headers["content-type"].startswith("text/html")
    assert "<td>public</td>" in table.text
    assert "<h2>1 row</h2>" in table.text
    assert "<h2>Yes</h2>" in instance.get("/sparql", params={"query": "ASK {}"}, headers=html).text
    graph = instance.get("/sparql", params={"query": "CONSTRUCT WHERE {?s ?p ?o}"}, headers=html)
    assert "dcterms:title &#34;public&#34;" in graph.text
    wrong = instance.get("/sparql", params={"query": "SELECT <b>"}, headers=html)
    assert (wrong.status_code, wrong.headers["content-type"]) == (400, "text/html; charset=utf-8")
    assert re.search(r'<p role="alert">SPARQL syntax error.* \(line 1, column \d+\)</p>', wrong.text)
    assert "SELECT &lt;b&gt;</textarea>" in wrong.text


def test_page_links_to_files_of_the_result(instance: Live) -> None:
    html = {"Accept": "text/html"}
    page = instance.get("/sparql", params={"query": QUERY, "default-graph-uri": PUBLIC}, headers=html).text
    found = re.search(r'href="([^"]*)">CSV</a>', page)
    assert found is not None
    file = instance.get(unescape(found[1]), headers=html)
    assert (file.headers["content-type"], file.text) == ("text/csv; charset=utf-8", "t\r\npublic\r\n")


def test_page_makes_no_link_of_an_iri_that_is_no_web_address(instance: Live) -> None:
    query = 'SELECT (IRI("javascript:alert(1)") AS ?x) (IRI("https://example.org/a b") AS ?y) ("<i>" AS ?z) {}'
    page = instance.get("/sparql", params={"query": query}, headers={"Accept": "text/html"}).text
    assert 'href="javascript' not in page
    assert "<i>" not in page


def test_page_shows_the_first_rows_of_many(instance: Live) -> None:
    query = "SELECT * { VALUES ?a { " + "1 " * 100 + "} VALUES ?b { " + "2 " * 100 + "} }"
    page = instance.get("/sparql", params={"query": query}, headers={"Accept": "text/html"}).text
    assert "<h2>10000 rows</h2>" in page
    assert page.count("<tr>") == 1001
    huge = query.replace("1 " * 100, "1 " * 4000)
    page = instance.request("POST", "/sparql", data={"query": huge}, headers={"Accept": "text/html"}).text
    assert "too large for a page" in page


def test_sparqlwrapper_reads_every_form_it_knows(instance: Live) -> None:
    wrapper = SPARQLWrapper(instance.url + "/sparql")
    wrapper.addCustomHttpHeader("X-authorization", instance.tokens["alice"])
    wrapper.setQuery(QUERY)
    wrapper.setReturnFormat(JSON)
    assert _titles(json.dumps(wrapper.queryAndConvert())) == ["alice", "public"]
    wrapper.setMethod(POST)
    wrapper.addDefaultGraph(ALICE)
    wrapper.setReturnFormat(CSV)
    assert wrapper.queryAndConvert() == b"t\r\nalice\r\n"
    wrapper.setReturnFormat(TURTLE)
    wrapper.setQuery("CONSTRUCT WHERE { ?s ?p ?o }")
    answer = wrapper.queryAndConvert()
    assert isinstance(answer, bytes)
    assert b'dcterms:title "alice"' in answer
