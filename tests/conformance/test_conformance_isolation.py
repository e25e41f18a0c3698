"""Isolation: no form of query leaves the dataset that a reader is given."""

import conformance_engines as engines
import pytest
from conformance_engines import ALICE, BOB, NOBODY, PUBLIC, S, content, quads, triple

from synhub.model import ChangeSet, Dataset
from synhub.rdf import Iri, Term, iri_term
from synhub.sparql import template
from synhub.sparql.render import Query
from synhub.store.base import TripleStore

pytestmark = pytest.mark.slow

# What servers call graphs that are not in the data.
SPECIAL_GRAPHS = [
    "urn:x-arq:UnionGraph", "urn:x-arq:DefaultGraph", "urn:x-arq:DefaultGraphNode", "http://rdf4j.org/schema/rdf4j#nil",
    "http://www.openrdf.org/schema/sesame#nil", "http://www.bigdata.com/rdf#nullGraph",
]  # fmt: skip
ESCAPES = [
    "SELECT ?o { ?s ?p ?o }",
    "SELECT ?o { GRAPH ?g { ?s ?p ?o } }",
    f"SELECT ?o {{ GRAPH <{BOB}> {{ ?s ?p ?o }} }}",
    f"SELECT ?o {{ VALUES ?g {{ <{BOB}> }} GRAPH ?g {{ ?s ?p ?o }} }}",
    f"SELECT ?o FROM <{BOB}> {{ ?s ?p ?o }}",
    f"SELECT ?o FROM NAMED <{BOB}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    f"SELECT ?o FROM <{BOB}> FROM NAMED <{BOB}> {{ {{ ?s ?p ?o }} UNION {{ GRAPH ?g {{ ?s ?p ?o }} }} }}",
    "SELECT ?o { { SELECT ?o { GRAPH ?g { ?s ?p ?o } } } }",
    *(f"SELECT ?o {{ {{ ?s ?p ?o }} UNION {{ GRAPH <{name}> {{ ?s ?p ?o }} }} }}" for name in SPECIAL_GRAPHS),
    *(f"SELECT ?o {{ {{ ?s ?p ?o }} UNION {{ GRAPH <{n}> {{ GRAPH ?g {{ ?s ?p ?o }} }} }} }}" for n in SPECIAL_GRAPHS),
    f"SELECT ?o {{ {{ ?s ?p ?o }} UNION {{ GRAPH ?g {{ GRAPH <{BOB}> {{ ?s ?p ?o }} }} }} }}",
    "SELECT ?o { ?s (<http://h/p>|!<http://h/x>)* ?o }",
    "SELECT ?o { GRAPH ?g { ?s (!<http://h/x>)+ ?o } }",
    "SELECT ?o { OPTIONAL { GRAPH ?g { ?s ?p ?o } } }",
    "SELECT (GROUP_CONCAT(?x) AS ?o) { GRAPH ?g { ?s ?p ?x } }",
    "SELECT (SAMPLE(?x) AS ?o) { { ?s ?p ?x } UNION { GRAPH ?g { ?s ?p ?x } } } GROUP BY ?x",
    "SELECT ?o { ?s ?p ?x BIND(EXISTS { GRAPH ?g { ?s ?p 'bob' } } AS ?e) BIND(IF(?e, 'bob', 'no') AS ?o) }",
    "SELECT ?o { ?s ?p ?x FILTER EXISTS { GRAPH ?g { ?s ?p 'bob' } } BIND('bob' AS ?o) }",
    "SELECT ?o { ?s ?p ?o MINUS { GRAPH ?g { ?x ?y 'alice' } } }",
]

PATTERNS = [
    "?s ?p ?o", "?s ?p 'bob'", "<http://h/s> <http://h/p> ?o", "<http://h/s> <http://h/p>+ ?o", "?s <http://h/p>* ?o",
    "{ SELECT * { ?s ?p ?o } }", "?s ?p ?o FILTER EXISTS { ?s ?p ?o2 }", "?s !<http://h/x> ?o", "",
]  # fmt: skip
NAMES = [
    "%", "GRAPH ?g { % }", f"GRAPH <{BOB}> {{ % }}", f"VALUES ?g {{ <{BOB}> }} GRAPH ?g {{ % }}",
    f"GRAPH ?g {{ % }} FILTER (?g IN (<{BOB}>, <{PUBLIC}>))", f"BIND (IRI('{BOB}') AS ?g) GRAPH ?g {{ % }}",
    f"GRAPH <{PUBLIC}> {{ GRAPH <{BOB}> {{ % }} }}",
]  # fmt: skip
FORMS = [
    "SELECT * { @ }", "ASK { @ }", "SELECT (COUNT(*) AS ?n) { @ }", "SELECT ?a { ?a ?b ?c FILTER EXISTS { @ } }",
    "SELECT ?a { ?a ?b ?c FILTER NOT EXISTS { @ } }", "SELECT * { ?a ?b ?c OPTIONAL { @ } }",
    "SELECT ?a { ?a ?b ?c MINUS { ?a ?b ?c . @ } }", "SELECT (EXISTS { @ } AS ?e) { ?a ?b ?c }",
    "ASK { { SELECT * { @ } } }", "CONSTRUCT { <x:a> <x:b> ?o } WHERE { @ }", "DESCRIBE ?s { @ }",
]  # fmt: skip

engine, opener, store, three = engines.engine, engines.opener, engines.store, engines.three


def test_the_owner_of_the_graph_gets_there(three: TripleStore) -> None:
    """What is tried below would show the triple, were it in the dataset."""
    if not three.traits.isolates_datasets:
        pytest.skip("the engine does not promise isolation, and runs our own queries only")
    assert [text for text in ESCAPES if not shows(three, text, Dataset((BOB,)))] == []


@pytest.mark.parametrize("graphs", [(ALICE,), (PUBLIC, ALICE), (NOBODY,), ()])
def test_no_select_leaves_the_dataset(three: TripleStore, graphs: tuple[Iri, ...]) -> None:
    if not three.traits.isolates_datasets:
        pytest.skip("the engine does not promise isolation")
    assert [text for text in ESCAPES if shows(three, text, Dataset(graphs))] == []


def shows(store: TripleStore, text: str, dataset: Dataset) -> bool:
    """Say whether what only Bob has is in the answer."""
    return any("bob" in str(row[0]) for row in store.select(Query(text), dataset))


@pytest.mark.parametrize(
    "text",
    [
        "ASK { ?s ?p 'bob' }", "ASK { GRAPH ?g { ?s ?p 'bob' } }", f"ASK {{ GRAPH <{BOB}> {{ ?s ?p ?o }} }}",
        f"ASK FROM <{BOB}> {{ ?s ?p 'bob' }}", f"ASK FROM NAMED <{BOB}> {{ GRAPH ?g {{ ?s ?p 'bob' }} }}",
        f"ASK {{ GRAPH <{BOB}> {{ }} }}",
    ],
)  # fmt: skip
def test_no_ask_leaves_the_dataset(three: TripleStore, text: str) -> None:
    if not three.traits.isolates_datasets:
        pytest.skip("the engine does not promise isolation")
    assert three.ask(Query(text), Dataset((PUBLIC, ALICE))) is False


@pytest.mark.parametrize(
    "text",
    [
        "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }", "CONSTRUCT WHERE { ?s ?p ?o }",
        f"CONSTRUCT {{ ?s ?p ?o }} FROM <{BOB}> WHERE {{ ?s ?p ?o }}", "DESCRIBE <http://h/s>",
        f"DESCRIBE ?s FROM <{BOB}> {{ ?s ?p ?o }}", "DESCRIBE ?s { GRAPH ?g { ?s ?p ?o } }",
        "CONSTRUCT { ?g <http://h/p> ?o } WHERE { GRAPH ?g { ?s ?p ?o } }",
    ],
)  # fmt: skip
def test_no_graph_leaves_the_dataset(three: TripleStore, text: str) -> None:
    if not three.traits.isolates_datasets:
        pytest.skip("the engine does not promise isolation")
    for found in three.construct(Query(text), Dataset((PUBLIC, ALICE))):
        assert "bob" not in "".join(found)
    ran_text = b"".join(three.run(Query(text), Dataset((PUBLIC, ALICE)), "application/n-triples"))
    assert b"bob" not in ran_text


@pytest.mark.parametrize("form", FORMS)
def test_whether_a_graph_outside_holds_anything_shows_nowhere(three: TripleStore, form: str) -> None:
    """The answer to whatever is asked is the same when the graph of somebody else is empty."""
    if not three.traits.isolates_datasets:
        pytest.skip("the engine does not promise isolation")
    mine = Dataset((PUBLIC, ALICE))
    texts = [form.replace("@", name.replace("%", pattern)) for name in NAMES for pattern in PATTERNS]
    before = [answer(three, text, mine) for text in texts]
    three.apply(ChangeSet(quads(BOB, triple("bob")), b""))

    after = [answer(three, text, mine) for text in texts]

    assert [text for text, one, other in zip(texts, before, after, strict=True) if one != other] == []


def answer(store: TripleStore, text: str, dataset: Dataset) -> object:
    if text.startswith("ASK"):
        return store.ask(Query(text), dataset)
    if text.startswith(("CONSTRUCT", "DESCRIBE")):
        return sorted(store.construct(Query(text), dataset))
    return sorted(store.select(Query(text), dataset), key=str)


def test_graphs_of_the_dataset_are_the_default_graph_together_and_the_named_ones_each(three: TripleStore) -> None:
    both = Dataset((PUBLIC, ALICE))
    assert content(three, PUBLIC, ALICE) == {triple("public"), triple("alice")}
    named = three.select(Query("SELECT ?g ?o { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g"), both)
    assert named == [(iri_term(PUBLIC), Term('"public"')), (iri_term(ALICE), Term('"alice"'))]


def test_a_graph_that_does_not_exist_is_empty(three: TripleStore) -> None:
    assert content(three, NOBODY) == set()
    assert content(three, NOBODY, PUBLIC) == {triple("public")}
    three.apply(ChangeSet(quads(NOBODY, triple("x")), b""))
    assert three.count(NOBODY) == 0


def test_our_own_queries_find_nothing_outside_the_dataset(three: TripleStore) -> None:
    """On every engine: they name no graph."""
    top = Term("<http://wiki.synbiohub.org/wiki/Terms/synbiohub#topLevel>")
    member = Term("<http://sbols.org/v2#member>")
    three.apply(ChangeSet(b"", quads(BOB, (S, top, S), (S, member, Term("<http://h/x>")))))
    s, x = Iri("http://h/s"), Iri("http://h/x")
    for dataset in (Dataset((PUBLIC, ALICE)), Dataset((NOBODY,)), Dataset(())):
        assert three.ask(template.bind("any_triple"), dataset) is (PUBLIC in dataset.graphs)
        assert three.ask(template.bind("is_member", collection=s, member=x), dataset) is False
        assert three.select(template.bind("all_top_levels"), dataset) == []
        assert three.select(template.bind("links_to", objects=[iri_term(x)]), dataset) == []
        assert three.construct(template.bind("top_levels", top_levels=[S]), dataset) == []
    assert three.ask(template.bind("is_member", collection=s, member=x), Dataset((BOB,))) is True
    assert three.select(template.bind("all_top_levels"), Dataset((BOB,))) == [(S,)]
