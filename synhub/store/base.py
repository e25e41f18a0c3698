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
    """What the conformance suite has found out about an engine."""

    atomic_updates: bool
    isolates_datasets: bool
    has_snapshots: bool


class TripleStore(Protocol):
    """Seven methods. All are synchronous and may be called from any thread; `apply` from the writer thread only.

    Raises StoreUnavailable when the engine does not answer: never an empty result instead.
    """

    @property
    def traits(self) -> StoreTraits: ...

    def select(self, query: Query, dataset: Dataset) -> list[Row]:
        """Return all rows, cells in the order of the projection, None for unbound."""

    def ask(self, query: Query, dataset: Dataset) -> bool: ...

    def construct(self, query: Query, dataset: Dataset) -> list[Triple]:
        """Return the triples of a CONSTRUCT or DESCRIBE, without repeats."""

    def run(self, query: Query, dataset: Dataset, media_type: str) -> Iterator[bytes]:
        """Yield the result of any query form, serialised; consumed in the calling thread."""

    def apply(self, changes: ChangeSet) -> None:
        """Remove, then add. Applying twice is the same as once; all or nothing iff traits.atomic_updates."""

    def count(self, graph: Iri) -> int:
        """Return the number of triples in a graph."""

    def close(self) -> None: ...
