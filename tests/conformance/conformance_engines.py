"""What every engine behind TripleStore must do: one suite, run on each engine of `ENGINES`.

Another engine is one more entry there: how its URL is made from a folder, whether data survive `close`, and whether
it can be opened twice. What an engine's traits say it cannot do is skipped by the trait, never by its name.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import engine_servers
import pytest

from synhub.model import ChangeSet, Dataset
from synhub.rdf import Iri, Term, Triple, in_graph, literal_term, write_nquads
from synhub.sparql.render import Query
from synhub.store.base import TripleStore
from synhub.store.open import open_store

Open = Callable[[], TripleStore]


@dataclass(frozen=True)
class Engine:
    """`url` from a folder that the engine may use, empty; `keeps` says whether it holds the data when it is opened
    again, `is_shared` whether it can be opened twice at a time."""

    url: Callable[[Path], str]
    keeps: bool
    is_shared: bool = False


def _of_server(name: str) -> Callable[[Path], str]:
    def url(_: Path) -> str:
        return engine_servers.running(name).url

    return url


ENGINES = {
    "oxigraph": Engine(lambda folder: f"oxigraph:{folder / 'store'}", keeps=True),
    "memory": Engine(lambda folder: "memory:", keeps=False),
    **{name: Engine(_of_server(name), keeps=True, is_shared=True) for name in engine_servers.STARTERS},
}

PUBLIC, ALICE, BOB = Iri("http://h/public"), Iri("http://h/user/alice"), Iri("http://h/user/bob")
NOBODY = Iri("http://h/user/nobody")
S, P, Q = Term("<http://h/s>"), Term("<http://h/p>"), Term("<http://h/q>")
ALL = Query("SELECT ?s ?p ?o { ?s ?p ?o }")


def quads(graph: Iri, *triples: Triple) -> bytes:
    return write_nquads(in_graph(triples, graph))


def triple(text: str, *, s: Term = S, p: Term = P) -> Triple:
    return (s, p, literal_term(text))


def add(store: TripleStore, graph: Iri, *triples: Triple) -> None:
    store.apply(ChangeSet(b"", quads(graph, *triples)))


def content(store: TripleStore, *graphs: Iri) -> set[Triple]:
    rows = store.select(ALL, Dataset(graphs))
    found = {(s, p, o) for s, p, o in rows if s is not None and p is not None and o is not None}
    assert len(found) == len(rows)
    return found


# --- fixtures; a test module takes those that it needs by assignment


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param in engine_servers.STARTERS:
        engine_servers.running(request.param).empty()
    return ENGINES[request.param]


@pytest.fixture
def opener(engine: Engine, tmp_path: Path) -> Open:
    return lambda: open_store(engine.url(tmp_path), tmp_path, "http://h/")


@pytest.fixture
def store(opener: Open) -> Iterator[TripleStore]:
    """An empty store."""
    opened = opener()
    yield opened
    opened.close()


@pytest.fixture
def three(store: TripleStore) -> TripleStore:
    """One triple in each of three graphs."""
    for graph, text in ((PUBLIC, "public"), (ALICE, "alice"), (BOB, "bob")):
        add(store, graph, triple(text))
    return store
