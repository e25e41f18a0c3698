"""The embedded engine: isolation by dataset, atomic and repeatable changes, errors."""

from pathlib import Path

import pyoxigraph
import pytest
from pyoxigraph import NamedNode

from synhub.errors import StoreUnavailable
from synhub.model import ChangeSet, Dataset
from synhub.rdf import Iri, Term
from synhub.sparql.render import Query
from synhub.store.embedded import EmbeddedStore

ALICE, BOB = Iri("http://h/user/alice"), Iri("http://h/user/bob")
A = b'<http://h/user/alice/x> <http://p> "a" <http://h/user/alice> .\n'
B = b'<http://h/user/bob/x> <http://p> "b" <http://h/user/bob> .\n'


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    opened = EmbeddedStore(tmp_path / "store")
    opened.apply(ChangeSet(b"", A + B))
    return opened


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?o { ?s ?p ?o }",
        "SELECT ?o { GRAPH ?g { ?s ?p ?o } }",
        "SELECT ?o FROM <http://h/user/bob> { ?s ?p ?o }",
        "SELECT ?o FROM NAMED <http://h/user/bob> { GRAPH ?g { ?s ?p ?o } }",
        "SELECT ?o { GRAPH <http://h/user/bob> { ?s ?p ?o } }",
        "SELECT ?o { ?s ?p ?o FILTER EXISTS { GRAPH ?g { ?x ?y 'b' } } }",
    ],
)
def test_a_dataset_hides_every_other_graph(store: EmbeddedStore, text: str) -> None:
    rows = store.select(Query(text), Dataset((ALICE,)))

    assert (Term('"b"'),) not in rows


def test_without_named_graphs_the_engine_would_show_everything(store: EmbeddedStore, tmp_path: Path) -> None:
    """Why both dataset arguments are always passed."""
    del store
    engine = pyoxigraph.Store.read_only(str(tmp_path / "store"))
    found = engine.query("SELECT ?o { GRAPH ?g { ?s ?p ?o } }", default_graph=[NamedNode(ALICE)])
    assert isinstance(found, pyoxigraph.QuerySolutions)

    assert {str(row[0]) for row in found} == {'"a"', '"b"'}


def test_applying_a_change_twice_is_the_same_as_once(store: EmbeddedStore) -> None:
    change = ChangeSet(removes=A, adds=A.replace(b'"a"', b'"new"'))

    store.apply(change)
    store.apply(change)

    assert store.select(Query("SELECT ?o { ?s ?p ?o }"), Dataset((ALICE,))) == [(Term('"new"'),)]
    assert store.count(ALICE) == 1


def test_literals_with_every_kind_of_character_come_back_as_they_went(store: EmbeddedStore) -> None:
    text = 'tab\t quote" back\\slash newline\n return\r  \U0001f9ec $param {brace}'
    literal = str(pyoxigraph.Literal(text))
    line = f"<http://h/user/alice/y> <http://p> {literal} <{ALICE}> .\n".encode()

    store.apply(ChangeSet(b"", line))
    store.apply(ChangeSet(line, line))

    assert (Term(literal),) in store.select(Query("SELECT ?o { ?s ?p ?o }"), Dataset((ALICE,)))


def test_a_second_process_cannot_open_the_folder(store: EmbeddedStore, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        EmbeddedStore(tmp_path / "store")
    assert store.graphs() == [ALICE, BOB]
