"""What every triple store offers. Differences between servers are data (`StoreTraits`), not subclasses.

Reads take the reader's Dataset: an engine passes both its graphs as the default graph and as the named graphs, so
that nothing outside can be reached by any form of query. Single top levels and hidden ones are the business of
objects.py, which binds subjects.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from synhub.model import ChangeSet, Dataset
from synhub.rdf import Iri, Term, Triple
from synhub.sparql.render import Query

Row = tuple[Term | None, ...]


@dataclass(frozen=True, slots=True)
class StoreTraits:
    """What the conformance suite has found out about an engine.

    `isolates_datasets` is about any text: without it only our own queries run, which name no graph. Without
    `has_snapshots` every read sees the newest state.
    """

    atomic_updates: bool
    isolates_datasets: bool
    has_snapshots: bool


class TripleStore(Protocol):
    """All methods are synchronous and may be called from any thread; those that write from the writer thread only.

    Raises StoreUnavailable when the engine does not answer: never an empty result instead.
    """

    @property
    def traits(self) -> StoreTraits: ...

    def select(self, query: Query, dataset: Dataset) -> list[Row]:
        """Return all rows, cells in the order of the projection, None for unbound."""

    def each(self, query: Query, dataset: Dataset) -> Iterator[Row]:
        """Yield the rows of `select` as they come, for those that are too many to hold; consumed in the calling
        thread, and soon."""

    def ask(self, query: Query, dataset: Dataset) -> bool: ...

    def construct(self, query: Query, dataset: Dataset) -> list[Triple]:
        """Return the triples of a CONSTRUCT or DESCRIBE, without repeats."""

    def run(self, query: Query, dataset: Dataset, media_type: str) -> Iterator[bytes]:
        """Yield the result of any query form, serialised; consumed in the calling thread."""

    def count(self, graph: Iri) -> int:
        """Return the number of triples in a graph."""

    def graphs(self) -> list[Iri]:
        """Return the graphs of this instance that hold anything, perhaps some that did, sorted."""

    def check(self, changes: ChangeSet) -> None:
        """Raise BadRequest for what the engine could not keep as it is. What passes can be applied."""

    def apply(self, changes: ChangeSet) -> None:
        """Remove, then add. Applying twice is the same as once; all or nothing iff traits.atomic_updates."""

    def flush(self) -> None:
        """Make everything applied so far survive a power cut."""

    @property
    def settles_s(self) -> float:
        """How long what was applied may take, after `flush`, until it survives a power cut."""

    def came_back(self) -> bool:
        """Say whether the engine was out of reach and answers again. Reads raise StoreUnavailable until `readmit`: it
        may have lost what had not settled, and is given that again first."""

    def readmit(self) -> None:
        """Let reads pass again: the engine holds what it should."""

    def close(self) -> None: ...
