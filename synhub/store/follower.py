"""The catalog follows the store: after each step of a job, ahead of a long one, after a crash. For the writer thread.

Answers for: the rows are what the store holds when a job is done. Of a large collection they are made from what the
job changes about it; where that is not known for sure, from all that is stored.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from synhub.model import ChangeSet, Removed
from synhub.store.base import TripleStore
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.entry import MemberChange
from synhub.store.catalog.large_collections import large_among, member_changes
from synhub.store.journal import Job, Journal
from synhub.store.top_levels import read_changed
from synhub.store.work import Progress
from synhub.vocab import SBH

_AT_ONCE = 500  # top levels whose rows are made anew together
_NO_MEMBERS = MemberChange(frozenset(), frozenset())  # come, or gone
_STAMP = f"<{SBH.ownedBy}>".encode()


def is_long(change: ChangeSet) -> bool:
    """Say whether a change is of more rows than are made anew together."""
    return len(change.top_levels) > _AT_ONCE


def only_stamps(change: ChangeSet) -> bool:
    """Say whether a change is about nothing but who owns what: rows hold of that a digest and a number."""
    lines = (line for text in (change.adds, change.removes) for line in text.split(b"\n") if line)
    return all(line.split(b" ", 2)[1] == _STAMP for line in lines)


def _pieces(top_levels: Sequence[Removed]) -> Iterator[list[Removed]]:
    for at in range(0, len(top_levels), _AT_ONCE):
        yield list(top_levels[at : at + _AT_ONCE])


class Follower:
    def __init__(self, store: TripleStore, journal: Journal, catalog: Catalog) -> None:
        self._store = store
        self._journal = journal
        self._catalog = catalog

    def catch_up(self) -> None:
        """Apply to the catalog what it missed: whole jobs, since a job of several steps enters it in its last one."""
        missed = self._journal.steps_after(self._catalog.last_number)
        if not missed:
            return
        jobs = dict.fromkeys(job_id for _, job_id, _, _ in missed)
        touched = dict.fromkeys(top for job_id in jobs for top in self._journal.top_levels_of(job_id))
        done = [job_id for job_id in jobs if self._journal.get(job_id).state == "done"]
        self._catalog.update_in_batches(read_changed(self._store, touched), missed[-1][0], arrived=done)

    def refresh(self, top_levels: Sequence[Removed]) -> None:
        """Make rows anew, of what no job has changed."""
        self._catalog.update_in_batches(read_changed(self._store, top_levels), self._catalog.last_number)

    def begin_ahead(self, sequence: Progress, change: ChangeSet) -> None:
        """Begin to write what a step of a long job has added, so that its last step, in which it is seen, is short:
        other jobs wait for that one."""
        sequence.ahead = read_changed(self._store, self._catalog.absent(change.top_levels))
        self.write_ahead(sequence)

    def write_ahead(self, sequence: Progress) -> bool:
        """Write some of what a step added, so that no other job waits for all of it; say whether there was any."""
        batch = next(sequence.ahead, None)
        if batch is not None:
            self._catalog.write_ahead([batch], sequence.job.id)
        return batch is not None

    def begin_unseen(self, sequence: Progress, steps: Iterable[ChangeSet]) -> None:
        """Let other jobs in while many rows are made anew, if the applied `steps` of a job change none that shows."""
        top_levels = self._journal.top_levels_of(sequence.job.id)
        if len(top_levels) > _AT_ONCE and all(map(only_stamps, steps)):
            sequence.unseen = _pieces(top_levels)

    def write_unseen(self, sequence: Progress) -> bool:
        """Make some of the rows anew; say whether there were any. What fails here is to be shown as a whole."""
        assert sequence.unseen is not None
        piece = next(sequence.unseen, None)
        if piece is None:
            return False
        try:
            known = dict.fromkeys(large_among(self._catalog.database, piece), _NO_MEMBERS)
            self._update(piece, known, self._catalog.last_number)
        except BaseException:
            sequence.unseen = None
            raise
        return True

    def mark(self, number: int) -> None:
        """Note that all steps up to a number are in the catalog."""
        self._catalog.update_in_batches((), number)

    def show(self, job: Job, change: ChangeSet | None, number: int) -> None:
        """Show all of a job whose last step has been applied under a number; `change` is that step, if it is known."""
        known: Mapping[Removed, MemberChange] = {}
        if change is not None:
            assert job.steps is not None
            # The catalog does not show yet what earlier steps have changed.
            before = self._journal.top_levels_of(job.id, before=job.steps - 1) if job.steps > 1 else ()
            known = self._of_large(change, before)
        left = self._catalog.not_ahead(self._journal.top_levels_of(job.id), job.id)
        self._update(left, known, number, arrived=[job.id])

    def update(self, change: ChangeSet, number: int) -> None:
        """Take over a step that has been applied to the store under a number."""
        self._update(change.top_levels, self._of_large(change), number)

    def _of_large(self, change: ChangeSet, before: Iterable[Removed] = ()) -> dict[Removed, MemberChange]:
        """Return what a step just applied changes about large collections whose rows are as they were before it."""
        return member_changes(change, large_among(self._catalog.database, change.top_levels).difference(before))

    def _update(
        self,
        top_levels: Sequence[Removed],
        known: Mapping[Removed, MemberChange],
        number: int,
        arrived: Sequence[str] = (),
    ) -> None:
        """Make rows what the store holds; of large collections whose change is known, by it."""
        whole = read_changed(self._store, [key for key in top_levels if key not in known])
        large = read_changed(self._store, known, members=False)
        self._catalog.update_in_batches(chain(whole, large), number, arrived=arrived, changes=known)
