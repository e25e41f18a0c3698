"""The embedded engine: pyoxigraph on RocksDB, wrapped here and nowhere else.

After the disk has failed it once, the engine refuses every write, also when there is room again (seen with 0.5.13):
it is opened again before the next write or backup. Readers borrow it for the time of one query, so that it can be.

One process may hold the folder open for writing. Results are consumed in the thread that ran the query: taking them
to another one aborts the process. Both dataset arguments are always passed: with only the default graph given,
`GRAPH ?g` reads everybody's data (tests/store/test_store_embedded.py shows both).
"""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

import pyoxigraph
from pyoxigraph import NamedNode, RdfFormat

from synhub.errors import DiskFull, Inconsistent, StoreUnavailable, SynhubError
from synhub.model import ChangeSet, Dataset
from synhub.rdf import Iri, Quad, Term, Triple, iri_of, read_nquads, read_ntriples
from synhub.sparql import render
from synhub.sparql.render import Query
from synhub.store.base import Row, StoreTraits

_REOPEN_BYTES = 16 << 20  # free space that opening needs: what is in the log is written as tables
_REOPEN_S = 2.0  # results that were just consumed may keep the old one open a little longer
_FULL = "the disk of the server is full; nothing was changed"
TRAITS = StoreTraits(atomic_updates=True, isolates_datasets=True, has_snapshots=True)


class SupportsRead(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the engine's exceptions into ours."""
    try:
        yield
    except OSError as error:
        if "No space left" in str(error):
            raise DiskFull(_FULL) from error
        raise StoreUnavailable(f"the triple store does not answer: {error}") from error
    except RuntimeError as error:  # what RocksDB finds damaged
        raise StoreUnavailable(f"the triple store does not answer: {error}") from error
    except (SyntaxError, ValueError) as error:
        raise Inconsistent(f"the triple store refused our own text: {error}") from error


def _blocks(quads: Iterable[Quad]) -> str:
    graphs: dict[Term, list[Triple]] = {}
    for s, p, o, g in quads:
        graphs.setdefault(g, []).append((s, p, o))
    return "\n".join(render.graph_block(iri_of(g), triples) for g, triples in graphs.items())


def _query(engine: pyoxigraph.Store, query: Query, dataset: Dataset) -> object:
    return engine.query(
        query.text,
        default_graph=[NamedNode(g) for g in dataset.graphs],
        named_graphs=[NamedNode(g) for g in dataset.graphs],
    )


def _open_soon(path: Path) -> pyoxigraph.Store:
    """Open a folder whose last user is about to let go of it."""
    ends = time.monotonic() + _REOPEN_S
    while True:
        try:
            return pyoxigraph.Store(str(path))
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.02)


class EmbeddedStore:
    """A TripleStore in a folder. `path` None makes a temporary one that is deleted on close; `read_only` is for
    snapshots, which nobody writes to.

    Raises StoreUnavailable when another process has the folder open.
    """

    traits = TRAITS

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        self._temporary = path is None
        self.path = Path(tempfile.mkdtemp(prefix="synhub-store-")) if path is None else path
        self._broken = False
        self._lent = 0
        self._closing = False
        self._lending = threading.Condition()
        self._reopening = threading.Lock()
        with _translated():
            opener = pyoxigraph.Store.read_only if read_only else pyoxigraph.Store
            self._store: pyoxigraph.Store | None = opener(str(self.path))

    @contextmanager
    def _engine(self, *, writes: bool = False) -> Iterator[pyoxigraph.Store]:
        """Lend the engine, which stays open meanwhile; turn its exceptions into ours."""
        if writes and self._broken:
            self._reopen()
        with self._lending:
            self._lending.wait_for(lambda: not self._closing)
            self._lent += 1
        try:
            if self._store is None:
                raise StoreUnavailable("the triple store is closed")
            with _translated():
                yield self._store
        except (DiskFull, StoreUnavailable):
            self._broken = self._broken or writes
            raise
        finally:
            with self._lending:
                self._lent -= 1
                self._lending.notify_all()

    def _reopen(self) -> None:
        """Close the engine and open it again; without success go on with one that reads. Raises DiskFull."""
        with self._reopening:
            if not self._broken:  # another thread has done it
                return
            if shutil.disk_usage(self.path).free < _REOPEN_BYTES:
                raise DiskFull(_FULL)
            with self._lending:
                self._closing = True
                self._lending.wait_for(lambda: self._lent == 0)
                try:
                    self._store = None
                    with _translated():
                        self._store = _open_soon(self.path)
                    self._broken = False
                except SynhubError:
                    with _translated():
                        self._store = pyoxigraph.Store.read_only(str(self.path))
                    raise
                finally:
                    self._closing = False
                    self._lending.notify_all()

    def select(self, query: Query, dataset: Dataset) -> list[Row]:
        with self._engine() as engine:
            solutions = _query(engine, query, dataset)
            assert isinstance(solutions, pyoxigraph.QuerySolutions)
            return [tuple(None if t is None else Term(str(t)) for t in row) for row in solutions]

    def ask(self, query: Query, dataset: Dataset) -> bool:
        with self._engine() as engine:
            return bool(_query(engine, query, dataset))

    def each(self, query: Query, dataset: Dataset) -> Iterator[Row]:
        with self._engine() as engine:
            solutions = _query(engine, query, dataset)
            assert isinstance(solutions, pyoxigraph.QuerySolutions)
            for row in solutions:
                yield tuple(None if t is None else Term(str(t)) for t in row)

    def construct(self, query: Query, dataset: Dataset) -> list[Triple]:
        with self._engine() as engine:
            triples = _query(engine, query, dataset)
            assert isinstance(triples, pyoxigraph.QueryTriples)
            text = triples.serialize(format=RdfFormat.N_TRIPLES)
        assert text is not None
        return list(dict.fromkeys(read_ntriples(text)))

    def run(self, query: Query, dataset: Dataset, media_type: str) -> Iterator[bytes]:
        with self._engine() as engine:
            result = _query(engine, query, dataset)
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
        del result
        yield text

    def check(self, changes: ChangeSet) -> None:
        pass  # changes.py bounds what the engine takes

    def apply(self, changes: ChangeSet) -> None:
        """Apply in one transaction. Source of the split: without removals `load` is twice as fast as update text."""
        with self._engine(writes=True) as engine:
            if changes.removes:
                removes, adds = _blocks(read_nquads(changes.removes)), _blocks(read_nquads(changes.adds))
                engine.update(f"DELETE DATA {{\n{removes}\n}};\nINSERT DATA {{\n{adds}\n}}")
            elif changes.adds:
                engine.load(changes.adds, format=RdfFormat.N_QUADS)

    def count(self, graph: Iri) -> int:
        with self._engine() as engine:
            solutions = engine.query(
                "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", default_graph=[NamedNode(graph)], named_graphs=[]
            )
            assert isinstance(solutions, pyoxigraph.QuerySolutions)
            return int(next(iter(solutions))[0].value)

    def graphs(self) -> list[Iri]:
        with self._engine() as engine:
            return sorted(Iri(g.value) for g in engine.named_graphs() if isinstance(g, NamedNode))

    def dump(self, graph: Iri, file: IO[bytes]) -> None:
        """Write the triples of a graph as canonical N-Triples, those of a subject together."""
        with self._engine() as engine:
            engine.dump(file, RdfFormat.N_TRIPLES, from_graph=NamedNode(graph))

    def bulk_load(self, file: SupportsRead) -> None:
        """Put N-Quads into a store that is not in use, past its log: not in one transaction, and not for readers."""
        with self._engine(writes=True) as engine:
            engine.bulk_load(file, RdfFormat.N_QUADS)  # type: ignore[arg-type]

    def flush(self) -> None:
        """As declared; needed because the engine does not sync its own log."""
        with self._engine(writes=True) as engine:
            engine.flush()

    @property
    def settles_s(self) -> float:
        return 0.0

    def came_back(self) -> bool:
        return False  # it is in this process

    def readmit(self) -> None:
        pass

    def backup(self, target: Path) -> None:
        """Hard-link a consistent copy to `target`, which must not exist and must be on the same file system.

        What is in the log only is written as tables first: on a full disk this fails the engine as any write does.
        """
        with self._engine(writes=True) as engine:
            engine.backup(str(target))

    def close(self) -> None:
        """Release the folder. pyoxigraph closes when the last reference goes."""
        self._store = None
        if self._temporary:
            shutil.rmtree(self.path, ignore_errors=True)
