"""What is being removed: the set that every Dataset carries as `hidden`.

A removal is committed by rows in the journal, before any quad is listed; the purge that deletes the quads may take
its time, and may be interrupted.
"""

from collections.abc import Iterable, Set

from synhub.model import Removed
from synhub.store.journal import Journal


class Removals:
    """Holds the hidden (graph, top level) pairs in memory, as an immutable set that is replaced on change.

    `version` changes with every removal: what is hidden is not seen any more although no step has been applied.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._state: tuple[frozenset[Removed], int] = (frozenset(), 0)
        self.reload()

    def hidden(self) -> Set[Removed]:
        return self._state[0]

    @property
    def version(self) -> int:
        return self._state[1]

    def purged(self, removed: Iterable[Removed]) -> None:
        """Leave out what a purge step has forgotten: to read 50 000 rows again after each of 100 steps takes longer."""
        hidden, version = self._state
        self._state = (hidden.difference(removed), version)

    def reload(self) -> None:
        """Read the rows again, after a commit."""
        hidden = frozenset((graph, top) for graph, top, _ in self._journal.removals())
        self._state = (hidden, self._journal.count_removals())
