"""What the store certainly keeps by itself: flushing it now and then, and once more the steps that it may have lost.

For the writer thread, and for recovery. Until a step counts as flushed its change set is kept.
"""

import logging
import time
from collections import deque
from collections.abc import Iterable

from synhub.store.base import TripleStore
from synhub.store.journal import Journal

logger = logging.getLogger("synhub.writer")


class Flusher:
    """`interval_s` is how often the store is to be flushed when something was written."""

    def __init__(self, store: TripleStore, journal: Journal, interval_s: float) -> None:
        self._store = store
        self._journal = journal
        self.interval_s = interval_s
        self._flushed = journal.flushed_number
        self._last_s = time.monotonic()
        self._marks: deque[tuple[float, int]] = deque()  # when it was, and the newest step then in the store

    @property
    def is_due(self) -> bool:
        return time.monotonic() - self._last_s >= self.interval_s

    def flush(self, applied: int, begun: Iterable[int]) -> None:
        """Make the store durable, then forget the change sets behind it: up to the step `applied` last, and not of
        those that have been `begun` and could not be applied."""
        self._last_s = time.monotonic()
        self._journal.record()
        if applied <= self._flushed:
            return
        self._marks.append((self._last_s, applied))
        self._store.flush()
        settled = max((number for at, number in self._marks if at <= self._last_s - self._store.settles_s), default=0)
        settled = min([settled, *(number - 1 for number in begun)])
        if settled > self._flushed:
            self._journal.flushed(settled)
            self._flushed = settled
        while self._marks and self._marks[0][1] <= self._flushed:
            self._marks.popleft()

    def redo(self) -> None:
        """Apply once more, in their order, the steps that the store may have lost: those behind the last flush."""
        for number, job_id, step, _ in self._journal.steps_after(self._flushed):
            logger.info("redo of step %d (job %s, step %d)", number, job_id, step)
            self._store.apply(self._journal.read_step(job_id, step))
