"""What describes the endpoint and the data: service description, VoID, examples; and that examples find something."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from live import PREFIX, Live, live
from pyoxigraph import Literal, NamedNode, RdfFormat, Store

from synhub.sparql.examples import Example, examples
from synhub.sparql.service import NO_SPARQL
from synhub.vocab import RDF, SBOL2, SD, SH, SYNHUB, VOID

DEMO = Path(__file__).parents[2] / "synhub" / "demo" / "demo.xml"
PUBLIC, ALICE = f"{PREFIX}public", f"{PREFIX}user/alice"
TURTLE = {"Accept": "text/turtle"}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("data")) as instance:
        instance.user("alice")
        instance.user("bob")
        instance.publish("alice", DEMO.read_bytes(), "demo")
        assert instance.submit("alice", DEMO.read_bytes(), {"id": "own"}).status_code == 200
        yield instance


def graph(text: str) -> Store:
    store = Store()
    store.load(text.encode(), format=RdfFormat.TURTLE, base_iri="http://base.example/")
    return store


def objects(store: Store, subject: object, predicate: str) -> list[str]:
    quads = store.quads_for_pattern(subject, NamedNode(predicate), None, None)  # type: ignore[arg-type]
    return sorted(str(quad.object.value) if hasattr(quad.object, "value") else str(quad.object) for quad in quads)


# --- the service ------------------------------------------------------------------------------------------------------


def test_bare_get_describes_the_service_to_who_reads_rdf(instance: Live) -> None:
    answer = instance.get("/sparql", headers=TURTLE)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/turtle; charset=utf-8")
    store = graph(answer.text)
    endpoint = NamedNode(f"{PREFIX}sparql")
    assert objects(store, endpoint, RDF.type) == [SD.Service]
    assert objects(store, endpoint, SD.endpoint) == [f"{PREFIX}sparql"]
    assert objects(store, endpoint, SD.supportedLanguage) == [SD.SPARQL11Query]
    assert "http://www.w3.org/ns/formats/SPARQL_Results_CSV" in objects(store, endpoint, SD.resultFormat)
    assert SYNHUB.textMatch in objects(store, endpoint, SD.propertyFeature)


def test_endpoint_that_refuses_queries_is_not_described(instance: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    apart = replace(instance.hub.store.traits, isolates_datasets=False)
    monkeypatch.setattr(type(instance.hub.store), "traits", apart)
    for params in ({}, {"query": "ASK {}"}):
        answer = instance.get("/sparql", params=params, headers=TURTLE)
        assert (answer.status_code, answer.text) == (501, NO_SPARQL)
    store = graph(instance.get("/.well-known/void", headers=TURTLE).text)
    assert objects(store, None, VOID.sparqlEndpoint) == []
    assert len(objects(store, None, VOID.triples)) > 1


@pytest.mark.parametrize(
    ("who", "graphs"), [(None, [PUBLIC]), ("bob", [PUBLIC, f"{PREFIX}user/bob"]), ("alice", [PUBLIC, ALICE])]
)
def test_service_description_lists_the_graphs_of_the_caller(instance: Live, who: str | None, graphs: list[str]) -> None:
    store = graph(instance.get("/sparql", who, headers=TURTLE).text)
    assert objects(store, None, SD.name) == graphs


def test_sizes_of_graphs_are_those_that_queries_count(instance: Live) -> None:
    store = graph(instance.get("/sparql", "alice", headers=TURTLE).text)
    query = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
    rows = instance.get("/sparql", "alice", params={"query": query}, headers={"Accept": "text/csv"}).text.split()[1:]
    for graph_iri, number in (row.split(",") for row in rows):
        (named,) = store.quads_for_pattern(None, NamedNode(SD.name), NamedNode(graph_iri), None)
        (content,) = store.quads_for_pattern(named.subject, NamedNode(SD.graph), None, None)
        assert objects(store, content.object, VOID.triples) == [number]


@pytest.mark.parametrize(
    ("accept", "label"),
    [
        ("application/rdf+xml", "application/rdf+xml"),
        ("application/ld+json;q=0.5, application/n-triples", "application/n-triples"),
        ("text/turtle, */*;q=0.1", "text/turtle"),
    ],
)
def test_service_description_comes_in_the_format_liked_best(instance: Live, accept: str, label: str) -> None:
    answer = instance.get("/sparql", headers={"Accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == label
    assert "SPARQL11Query" in answer.text


@pytest.mark.parametrize("accept", ["*/*", "text/plain", "application/json", "application/sparql-results+json"])
def test_who_does_not_read_rdf_is_told_how_to_send_a_query(instance: Live, accept: str) -> None:
    answer = instance.get("/sparql", headers={"Accept": accept})
    assert (answer.status_code, answer.text[:17]) == (400, "There is no query")
    assert answer.text.endswith("text/turtle or another form of RDF is answered with the description of the service")


# --- the data ---------------------------------------------------------------------------------------------------------


def test_void_says_what_a_count_over_the_public_graph_says(instance: Live) -> None:
    store = graph(instance.get("/.well-known/void", "alice", headers=TURTLE).text)
    dataset = NamedNode(f"{PREFIX}.well-known/void#public")
    query = "SELECT (COUNT(*) AS ?t) (COUNT(DISTINCT ?s) AS ?u) (COUNT(DISTINCT ?p) AS ?v) { ?s ?p ?o }"
    counted = instance.get(
        "/sparql", params={"query": query, "default-graph-uri": PUBLIC}, headers={"Accept": "text/csv"}
    ).text.split()[1]
    said = [objects(store, dataset, p)[0] for p in (VOID.triples, VOID.distinctSubjects, VOID.properties)]
    assert ",".join(said) == counted
    assert objects(store, dataset, VOID.sparqlEndpoint) == [f"{PREFIX}sparql"]
    assert SBOL2.NS in objects(store, dataset, VOID.vocabulary)
    (part,) = store.quads_for_pattern(None, NamedNode(VOID.class_), NamedNode(SBOL2.ComponentDefinition), None)
    assert objects(store, part.subject, VOID.entities) == ["13"]
    (titles,) = store.quads_for_pattern(None, NamedNode(VOID.property), NamedNode(SBOL2.elements), None)
    assert objects(store, titles.subject, VOID.triples) == ["13"]
    assert all(iri.startswith(PUBLIC) for iri in objects(store, dataset, VOID.exampleResource))


def test_void_is_current_after_each_job_and_says_nothing_private(tmp_path: Path) -> None:
    with live(tmp_path) as instance:
        instance.user("alice")
        first = graph(instance.get("/.well-known/void").text)
        dataset = NamedNode(f"{PREFIX}.well-known/void#public")
        assert objects(first, dataset, VOID.triples) == ["0"]
        assert instance.submit("alice", DEMO.read_bytes()).status_code == 200
        assert instance.get("/.well-known/void", "alice").text == instance.get("/.well-known/void").text
        assert objects(graph(instance.get("/.well-known/void").text), dataset, VOID.triples) == ["0"]
        instance.publish("alice", DEMO.read_bytes(), "demo")
        triples = int(objects(graph(instance.get("/.well-known/void").text), dataset, VOID.triples)[0])
        assert triples == instance.hub.store.count(instance.hub.registry.public_graph) > 100


def test_void_refuses_who_refuses_rdf(instance: Live) -> None:
    for accept in ("image/png;q=1, */*;q=0", "image/png"):
        answer = instance.get("/.well-known/void", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (406, "application/problem+json")
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"
    for accept in ("*/*", "text/html", browser):
        answer = instance.get("/.well-known/void", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/turtle; charset=utf-8")


# --- the examples -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_every_example_finds_something(instance: Live, example: Example) -> None:
    query = example.query
    answer = instance.get("/sparql", params={"query": query}, headers={"Accept": "application/json, text/plain"})
    assert answer.status_code == 200, answer.text
    if query.count("CONSTRUCT"):
        assert len(json.loads(answer.text)) > 3
    else:
        found = json.loads(answer.text)
        assert found.get("boolean") or found["results"]["bindings"]


def test_examples_are_described_with_their_comments_and_queries(instance: Live) -> None:
    store = graph(instance.get("/.well-known/sparql-examples", headers=TURTLE).text)
    quads = store.quads_for_pattern(None, NamedNode(RDF.type), NamedNode(SH.SPARQLExecutable), None)
    assert len({quad.subject for quad in quads}) == len(examples()) >= 10
    words = NamedNode(f"{PREFIX}.well-known/sparql-examples#words")
    (quad,) = store.quads_for_pattern(words, NamedNode(SH.select), None, None)
    assert isinstance(quad.object, Literal)
    assert "synhub:textMatch" in quad.object.value
    assert objects(store, NamedNode(f"{PREFIX}.well-known/sparql-examples#annotated"), SH.construct)
    assert objects(store, words, "https://schema.org/target") == [f"{PREFIX}sparql"]


def test_browser_sees_the_examples_on_the_page(instance: Live) -> None:
    page = instance.get("/.well-known/sparql-examples", headers={"Accept": "text/html"}).text
    assert all(f'<a href="/sparql?example={example.name}">' in page for example in examples())
    link = "/.well-known/sparql-examples?format=text/turtle"
    assert f'href="{link}"' in page
    assert instance.get(link, headers={"Accept": "text/html"}).headers["content-type"].startswith("text/turtle")
