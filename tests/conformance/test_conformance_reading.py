"""Reading: rows, booleans, graphs, every media type, our own queries."""

import csv
import io
import json
from itertools import groupby

import conformance_engines as engines
import pyoxigraph
import pytest
from conformance_engines import (
    ALICE,
    ALL,
    BOB,
    PUBLIC,
    P,
    Q,
    S,
    add,
    quads,
    triple,
)

from synhub.model import ChangeSet, Dataset
from synhub.rdf import Iri, Term, iri_term, write_ntriples
from synhub.sparql import template
from synhub.sparql.render import Query
from synhub.store.base import TripleStore
from synhub.store.whole_store import lines_of
from synhub.vocab import SBH

pytestmark = pytest.mark.slow

TOP_LEVEL = iri_term(SBH.topLevel)

engine, opener, store, three = engines.engine, engines.opener, engines.store, engines.three


def test_select_returns_cells_in_the_order_of_the_projection_and_none_for_unbound(store: TripleStore) -> None:
    add(store, PUBLIC, triple("a"), (S, Q, Term("<http://h/o>")))

    rows = store.select(
        Query("SELECT ?o ?nothing ?p { ?s ?p ?o OPTIONAL { ?o <http://h/none> ?nothing } } ORDER BY ?p"),
        Dataset((PUBLIC,)),
    )

    assert rows == [(Term('"a"'), None, P), (Term("<http://h/o>"), None, Q)]


def test_select_without_rows_is_an_empty_list(store: TripleStore) -> None:
    assert store.select(ALL, Dataset((PUBLIC,))) == []
    assert store.select(ALL, Dataset(())) == []


def test_select_keeps_the_order_and_repeats_that_the_query_asks_for(store: TripleStore) -> None:
    add(store, PUBLIC, *(triple(f"{n:02}") for n in range(12)))
    query = "SELECT ?o {{ ?s ?p ?o }} ORDER BY DESC(?o) LIMIT 3 OFFSET {}"
    assert store.select(Query(query.format(0)), Dataset((PUBLIC,))) == [
        (Term('"11"'),), (Term('"10"'),), (Term('"09"'),)
    ]  # fmt: skip
    assert store.select(Query(query.format(10)), Dataset((PUBLIC,))) == [(Term('"01"'),), (Term('"00"'),)]
    assert store.select(Query("SELECT ?s { ?s ?p ?o }"), Dataset((PUBLIC,))) == [(S,)] * 12


def test_ask(three: TripleStore) -> None:
    query = Query("ASK { ?s ?p 'alice' }")
    assert three.ask(query, Dataset((ALICE,))) is True
    assert three.ask(query, Dataset((PUBLIC, ALICE))) is True
    assert three.ask(query, Dataset((PUBLIC,))) is False
    assert three.ask(Query("ASK {}"), Dataset(())) is True


def test_construct_and_describe_return_triples_without_repeats(store: TripleStore) -> None:
    add(store, PUBLIC, triple("a"), triple("b"), (S, Q, Term("<http://h/o>")))

    constructed = store.construct(Query("CONSTRUCT { ?s <http://h/p> 'x' } WHERE { ?s ?p ?o }"), Dataset((PUBLIC,)))
    assert constructed == [triple("x")]
    described = store.construct(Query("DESCRIBE <http://h/s>"), Dataset((PUBLIC,)))
    assert sorted(described) == sorted([triple("a"), triple("b"), (S, Q, Term("<http://h/o>"))])
    assert store.construct(Query("CONSTRUCT WHERE { ?s <http://h/none> ?o }"), Dataset((PUBLIC,))) == []


def test_results_of_a_query_are_not_changed_by_a_later_change(store: TripleStore) -> None:
    add(store, PUBLIC, triple("a"))
    rows = store.select(ALL, Dataset((PUBLIC,)))
    store.apply(ChangeSet(quads(PUBLIC, triple("a")), b""))
    assert rows == [triple("a")]


SELECT = Query("SELECT ?o ?none { ?s ?p ?o }")
ODD = 'x,"é"\n<&>'


@pytest.fixture
def odd(store: TripleStore) -> TripleStore:
    add(store, PUBLIC, triple(ODD))
    return store


def ran(store: TripleStore, query: Query, media_type: str) -> bytes:
    return b"".join(store.run(query, Dataset((PUBLIC,)), media_type))


def test_run_writes_rows_as_json_csv_tsv_and_xml(odd: TripleStore) -> None:
    as_json = json.loads(ran(odd, SELECT, "application/sparql-results+json"))
    assert as_json["head"]["vars"] == ["o", "none"]
    assert [row["o"]["value"] for row in as_json["results"]["bindings"]] == [ODD]
    assert "none" not in as_json["results"]["bindings"][0]
    assert list(csv.reader(io.StringIO(ran(odd, SELECT, "text/csv").decode(), newline=""))) == [
        ["o", "none"], [ODD, ""]
    ]  # fmt: skip
    assert ran(odd, SELECT, "text/tab-separated-values").decode().splitlines() == [
        "?o\t?none", '"x,\\"é\\"\\n<&>"\t'
    ]  # fmt: skip
    solutions = pyoxigraph.parse_query_results(
        ran(odd, SELECT, "application/sparql-results+xml"), pyoxigraph.QueryResultsFormat.XML
    )
    assert isinstance(solutions, pyoxigraph.QuerySolutions)
    assert [row["o"].value for row in solutions] == [ODD]


@pytest.mark.parametrize("there", [True, False])
def test_run_writes_a_boolean(odd: TripleStore, there: bool) -> None:
    query = Query("ASK { ?s <http://h/p> ?o }" if there else "ASK { ?s <http://h/none> ?o }")
    assert json.loads(ran(odd, query, "application/sparql-results+json"))["boolean"] is there
    assert f"<boolean>{str(there).lower()}</boolean>" in ran(odd, query, "application/sparql-results+xml").decode()


@pytest.mark.parametrize(
    "media_type", ["text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json"]
)
def test_run_writes_a_graph(odd: TripleStore, media_type: str) -> None:
    text = ran(odd, Query("CONSTRUCT WHERE { ?s ?p ?o }"), media_type)

    rdf_format = pyoxigraph.RdfFormat.from_media_type(media_type)
    assert rdf_format is not None
    [found] = pyoxigraph.parse(text, rdf_format)
    assert (str(found.subject), str(found.predicate), str(found.object)) == triple(ODD)


def test_run_writes_empty_results(store: TripleStore) -> None:
    assert json.loads(ran(store, SELECT, "application/sparql-results+json"))["results"]["bindings"] == []
    assert ran(store, SELECT, "text/csv") == b"o,none\r\n"
    assert ran(store, Query("CONSTRUCT WHERE { ?s ?p ?o }"), "application/n-triples") == b""


# --- our own queries


def test_queries_of_the_project_run(store: TripleStore) -> None:
    """Every `.rq` file, with values bound, is understood by the engine."""
    top = Term("<http://wiki.synbiohub.org/wiki/Terms/synbiohub#topLevel>")
    child = Term("<http://h/s/child>")
    add(store, PUBLIC, (S, top, S), (child, top, S), triple("a", s=child))
    here = Dataset((PUBLIC,))
    assert store.select(template.bind("all_top_levels"), here) == [(S,)]
    assert len(store.construct(template.bind("top_levels", top_levels=[S, Q]), here)) == 3
    assert store.select(template.bind("object_types", object=Iri("http://h/s/child")), here) == [(S, None)]
    assert store.select(template.bind("versions", identity=Iri("http://h/s")), here) == []
    assert store.select(template.bind("links_to", objects=[S]), here) == []
    assert store.ask(template.bind("is_member", collection=Iri("http://h/s"), member=Iri("http://h/x")), here) is False


def test_values_of_500_terms(store: TripleStore) -> None:
    subjects = [Term(f"<http://h/s{n}>") for n in range(500)]
    add(store, PUBLIC, *(triple("x", s=subject) for subject in subjects))
    query = Query(f"SELECT ?s {{ VALUES ?s {{ {' '.join(subjects[::2])} }} ?s ?p ?o }}")
    assert {row[0] for row in store.select(query, Dataset((PUBLIC,)))} == set(subjects[::2])


def test_graphs_that_hold_something_are_listed(three: TripleStore) -> None:
    assert three.graphs() == [PUBLIC, ALICE, BOB]
    three.apply(ChangeSet(quads(ALICE, triple("alice")), b""))
    assert [graph for graph in three.graphs() if graph != ALICE] == [PUBLIC, BOB]


def test_a_whole_graph_comes_as_lines_with_those_of_a_subject_together(store: TripleStore) -> None:
    tops = [Term(f"<http://h/part{n:04}>") for n in range(1_500)]
    odd = [Term('"a \\"quote\\", a tab\\t, \\u00E9 and \\U0001F9EC"'), Term('"x"@en-GB'), Term('"01"^^<http://h/own>')]
    said = [(top, TOP_LEVEL, top) for top in tops]
    said += [(top, p, odd[n % 3]) for p in (P, Q) for n, top in enumerate(tops)]
    add(store, ALICE, *said)
    add(store, BOB, triple("of another graph"))

    batches = list(lines_of(store, ALICE))

    lines = [line for batch in batches for line in batch]
    kept = store.construct(Query("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }"), Dataset((ALICE,)))
    assert len(kept) == len(said)
    assert sorted(lines) == sorted(write_ntriples(kept).split(b"\n")[:-1])
    subjects = [subject for subject, _ in groupby(line.split(b" ", 1)[0] for line in lines)]
    assert sorted(subjects) == sorted(top.encode() for top in tops)
    assert list(lines_of(store, PUBLIC)) == []
