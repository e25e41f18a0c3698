"""The embedded engine: pyoxigraph on RocksDB, wrapped here and nowhere else.

One process may hold the folder open for writing. Results are consumed in the thread that ran the query: taking them
to another one aborts the process. Both dataset arguments are always passed: with only the default graph given,
`GRAPH ?g` reads everybody's data (tests/store/test_store_embedded.py shows both).
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyoxigraph
from pyoxigraph import NamedNode, RdfFormat

from synhub.errors import DiskFull, Inconsistent, StoreUnavailable
from synhub.model import ChangeSet, Dataset
from synhub.rdf import Iri, Quad, Term, Triple, iri_of, read_nquads, read_ntriples
from synhub.sparql import render
from synhub.sparql.render import Query
from synhub.store.base import Row, StoreTraits

TRAITS = StoreTraits(atomic_updates=True, isolates_datasets=True, has_snapshots=True)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the engine's exceptions into ours."""
    try:
        yield
    except OSError as error:
        if "No space left" in str(error):
            raise DiskFull("the disk of the server is full; nothing was changed") from error
        raise StoreUnavailable(f"the triple store does not answer: {error}") from error
    except (SyntaxError, ValueError) as error:
        raise Inconsistent(f"the triple store refused our own text: {error}") from error


def _blocks(quads: Iterable[Quad]) -> str:
    graphs: dict[Term, list[Triple]] = {}
    for s, p, o, g in quads:
        graphs.setdefault(g, []).append((s, p, o))
    return "\n".join(render.graph_block(iri_of(g), triples) for g, triples in graphs.items())


class EmbeddedStore:
    """A TripleStore in a folder. `path` None makes a temporary one that is deleted on close; `read_only` is for
    snapshots, which nobody writes to.

    Raises StoreUnavailable when another process has the folder open.
    """

    traits = TRAITS

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        self._temporary = path is None
        self.path = Path(tempfile.mkdtemp(prefix="synhub-store-")) if path is None else path
        with _translated():
            opener = pyoxigraph.Store.read_only if read_only else pyoxigraph.Store
            self._store: pyoxigraph.Store = opener(str(self.path))

    def _query(self, query: Query, dataset: Dataset) -> object:
        return self._store.query(
            query.text,
            default_graph=[NamedNode(g) for g in dataset.graphs],
            named_graphs=[NamedNode(g) for g in dataset.graphs],
        )

    def select(self, query: Query, dataset: Dataset) -> list[Row]:
        with _translated():
            solutions = self._query(query, dataset)
            assert isinstance(solutions, pyoxigraph.QuerySolutions)
            return [tuple(None if t is None else Term(str(t)) for t in row) for row in solutions]

    def ask(self, query: Query, dataset: Dataset) -> bool:
        with _translated():
            return bool(self._query(query, dataset))

    def construct(self, query: Query, dataset: Dataset) -> list[Triple]:
        with _translated():
            triples = self._query(query, dataset)
            assert isinstance(triples, pyoxigraph.QueryTriples)
            text = triples.serialize(format=RdfFormat.N_TRIPLES)
        assert text is not None
        return list(dict.fromkeys(read_ntriples(text)))

    def run(self, query: Query, dataset: Dataset, media_type: str) -> Iterator[bytes]:
        with _translated():
            result = self._query(query, dataset)
            if isinstance(result, pyoxigraph.QueryTriples):
                rdf_format = RdfFormat.from_media_type(media_type)
                assert rdf_format is not None, media_type
                text = result.serialize(format=rdf_format)
            else:
                results_format = pyoxigraph.QueryResultsFormat.from_media_type(media_type)
                assert results_format is not None, media_type
                assert isinstance(result, pyoxigraph.QuerySolutions | pyoxigraph.QueryBoolean)
                text = result.serialize(format=results_format)
        assert text is not None
        yield text

    def apply(self, changes: ChangeSet) -> None:
        """Apply in one transaction. Source of the split: without removals `load` is twice as fast as update text."""
        with _translated():
            if changes.removes:
                removes, adds = _blocks(read_nquads(changes.removes)), _blocks(read_nquads(changes.adds))
                self._store.update(f"DELETE DATA {{\n{removes}\n}};\nINSERT DATA {{\n{adds}\n}}")
            elif changes.adds:
                self._store.load(changes.adds, format=RdfFormat.N_QUADS)

    def count(self, graph: Iri) -> int:
        with _translated():
            solutions = self._store.query(
                "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", default_graph=[NamedNode(graph)], named_graphs=[]
            )
            assert isinstance(solutions, pyoxigraph.QuerySolutions)
            return int(next(iter(solutions))[0].value)

    def graphs(self) -> list[Iri]:
        """The named graphs that exist. For `check` and `reindex`, which read everything."""
        with _translated():
            return sorted(Iri(g.value) for g in self._store.named_graphs() if isinstance(g, NamedNode))

    def flush(self) -> None:
        """Make everything applied so far survive a power cut: the engine does not sync its own log."""
        with _translated():
            self._store.flush()

    def backup(self, target: Path) -> None:
        """Hard-link a consistent copy to `target`, which must not exist and must be on the same file system."""
        with _translated():
            self._store.backup(str(target))

    def close(self) -> None:
        """Release the folder. pyoxigraph closes when the last reference goes."""
        del self._store
        if self._temporary:
            shutil.rmtree(self.path, ignore_errors=True)
