"""The writer: the one thread that changes the triple store, and recovery after a crash.

For each job: plan (read, decide) -> change sets on disk -> journal row planned -> for each step: number, apply ->
catalog -> done. A job of several steps lets other jobs in between, unless they touch the same namespace.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial

from synhub.errors import DiskFull, Stopping, SynhubError
from synhub.model import ChangeSet, Removed
from synhub.rdf import Iri
from synhub.store import changes
from synhub.store.base import TripleStore
from synhub.store.blobs import Blobs
from synhub.store.calls import Calls
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.large_collections import large_among
from synhub.store.flusher import Flusher
from synhub.store.follower import Follower, is_long
from synhub.store.journal import Job, Journal, Steps
from synhub.store.purge import next_purge_step
from synhub.store.removals import Removals
from synhub.store.room import Room
from synhub.store.work import Draft, Planned, Progress, Work

logger = logging.getLogger("synhub.writer")

NOT_PLANNED = "the server is going down; submit again when it is back"
PLANNED = "the server is going down; your submission is kept and will be stored completely when it is back"
NOT_STORED = "the server could not store the upload ({}); nothing was changed"
STOPPING = "the server is going down"
RETRY_S = 5.0
PURGED_AT_ONCE = 20  # top levels: a step of a few milliseconds


class Writer:
    """Owns all writes to `store`. `recover` before `start`; `stop` finishes the current step."""

    def __init__(
        self,
        store: TripleStore,
        journal: Journal,
        catalog: Catalog,
        removals: Removals,
        blobs: Blobs,
        *,
        flush_interval_s: float,
        step_quads: int,
        disk_reserve_bytes: int,
    ) -> None:
        self._store = store
        self._journal = journal
        self._catalog = catalog
        self._removals = removals
        self._blobs = blobs
        self._follower = Follower(store, journal, catalog)
        self._flusher = Flusher(store, journal, flush_interval_s)
        self._step_quads = step_quads
        self._room = Room(journal.folder, disk_reserve_bytes)
        self._condition = threading.Condition()
        self._waiting: deque[Work] = deque()
        self._sequences: deque[Progress] = deque()
        self._between = Calls()
        self.before_sequence: Callable[[], None] = lambda: None  # called when a job of several steps begins
        self._stopping = False
        self._applied = journal.last_number()
        self._changing: frozenset[Iri] = frozenset()
        self._retry_at = 0.0
        self._thread = threading.Thread(target=self._run, name="synhub-writer", daemon=True)

    # --- for other threads -----------------------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """The number of the newest step in the store."""
        return self._applied

    def settled_number(self, graphs: Sequence[Iri]) -> int | None:
        """The number of the newest step that touched one of the graphs; None while such a step is being applied.

        What is read between two calls that return the same number is the state of that number.
        """
        number = self._journal.graphs_number(graphs)
        return None if self._changing.intersection(graphs) else number

    def is_quiet(self) -> bool:
        """Say whether no sequence of steps is half applied: a snapshot taken now shows no mix of states."""
        with self._condition:
            return not any(s.started for s in self._sequences)

    def _checked(self, steps: Iterable[ChangeSet]) -> Iterator[ChangeSet]:
        """Pass on steps that the disk has room for and the store can keep."""
        for change in self._room.checked(steps):
            self._store.check(change)
            yield change

    def draft(self, job: Job, plan: Callable[[], Planned]) -> Draft | None:
        """Plan a job ahead, in the caller's thread, so that large plans do not hold up the jobs of others.

        None when the plan refuses: the writer's own plan has the last word.
        """
        # The newest step that is in the store for certain: one that has its number already may not be read yet.
        number, hidden = self._applied, self._removals.hidden()
        try:
            planned = plan()
            steps = self._journal.write_steps(job.id, self._checked(planned.steps))
        except (SynhubError, OSError):
            return None
        return Draft(planned, steps, number, hidden)

    def submit(self, job: Job, plan: Callable[[], Planned], draft: Draft | None = None) -> "Future[Job]":
        """Queue a job; the future is done when the job is, or carries why it failed."""
        work = Work(job, plan, draft)
        with self._condition:
            if self._stopping:
                self._fail(work, Stopping(NOT_PLANNED))
            else:
                self._waiting.append(work)
                self._condition.notify()
        return work.result

    def refresh(self, top_levels: Sequence[Removed]) -> "Future[None]":
        """Write the catalog rows of some top levels again from the store, between two steps."""
        return self._call_between(partial(self._follower.refresh, tuple(top_levels)))

    def pause(self, call: Callable[[], None]) -> "Future[None]":
        """Run a call between two steps, the store flushed: neither jobs nor the store change meanwhile."""

        def flushed() -> None:
            self._flush()
            call()

        return self._call_between(flushed)

    def finish(self) -> None:
        """Return when nothing waits and no job is under way, purges neither."""
        while True:
            with self._condition:
                if not self._waiting and not self._sequences:
                    return
            time.sleep(0.05)

    def _call_between(self, call: Callable[[], None]) -> "Future[None]":
        with self._condition:
            result: Future[None] = Future() if self._stopping else self._between.add(call)
            if self._stopping:
                result.set_exception(Stopping(STOPPING))
            self._condition.notify()
        return result

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the current step, fail what is not planned, flush. What is planned goes on at the next start.

        Repeats do no harm.
        """
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join()
        while self._waiting:
            self._fail(self._waiting.popleft(), Stopping(NOT_PLANNED))
        self._between.refuse(Stopping(STOPPING))
        for sequence in self._sequences:
            if sequence.result is not None and not sequence.result.done():
                sequence.result.set_exception(Stopping(PLANNED))
        self._try_to_flush()

    # --- recovery ------------------------------------------------------------------------------------------------

    def recover(self) -> None:
        """Bring the store and the catalog to where the journal says they are. Runs before the server listens."""
        open_jobs = self._journal.open_jobs()
        for job in open_jobs:
            if job.state != "planned":
                self._journal.fail(job.id, "Stopping", "the server was restarted before the job was planned")
        self._flusher.redo()
        self._follower.catch_up()  # first: the end of a sequence marks the catalog with the newest number
        for job in open_jobs:
            if job.state == "planned":
                sequence = Progress(job, job.next_step, None)
                if sequence.is_purge:
                    self._sequences.append(sequence)  # hidden already: goes on behind the ready line
                    continue
                while not self._advance(sequence):
                    pass
        self._hide()
        self._journal.delete_stray_folders()

    def _hide(self) -> None:
        self._removals.reload()
        self._catalog.hide(self._removals.hidden())

    # --- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._condition:
                if self._stopping:
                    return
                work, sequence = self._choose()
                if work is None and sequence is None and not self._between:
                    self._condition.wait(timeout=min(self._flusher.interval_s, 1.0))
            try:
                if self._store.came_back():
                    self._flusher.redo()
                    self._store.readmit()
                self._between.make()
                if work is not None:
                    self._plan(work)
                elif sequence is not None:
                    self._step(sequence)
            except Exception:  # the thread must live: the job is planned and is tried again
                logger.exception("the writer could not go on; it tries again in %g s", RETRY_S)
                self._retry_at = time.monotonic() + RETRY_S
            if self._flusher.is_due:
                self._try_to_flush()

    def _choose(self) -> tuple[Work | None, Progress | None]:
        """Take turns: the first waiting job that no running sequence is in the way of, then a step of a sequence."""
        busy = {n for s in self._sequences for n in s.job.namespaces}
        for work in self._waiting:
            if not busy.intersection(work.job.namespaces):
                self._waiting.remove(work)
                return work, None
            busy.update(work.job.namespaces)  # what came first goes first
        if self._sequences and time.monotonic() >= self._retry_at:
            self._sequences.rotate(-1)
            return None, self._sequences[-1]
        return None, None

    def _plan(self, work: Work) -> None:
        job, draft = work.job, work.draft
        try:
            if draft and draft.holds(self._journal.graphs_number(draft.planned.reads), self._removals.hidden()):
                planned, steps = draft.planned, draft.steps
            else:
                planned = work.plan()
                steps = self._journal.write_steps(job.id, self._checked(planned.steps))
            sequence = self._commit(work, planned, steps)
        except SynhubError as error:
            self._fail(work, error)
            return
        except Exception as error:  # a mistake in planning costs its own job only
            logger.exception("job %s could not be planned", job.id)
            self._fail(work, DiskFull(NOT_STORED.format(error.strerror)) if isinstance(error, OSError) else error)
            return
        with self._condition:
            self._sequences.append(sequence)
        if planned.removed:
            self._remove(work, sequence, planned.removed)
        elif sequence.job.steps is not None and sequence.job.steps <= 1:
            self._step(sequence)

    def _commit(self, work: Work, planned: Planned, steps: Steps) -> Progress:
        """Turn a job planned. If that changes more than the job, it cannot fail any more."""
        job = work.job
        if planned.removed:
            self._journal.planned_removal(job.id, planned.removed, planned.report, planned.commits)
            return Progress(self._journal.get(job.id), 0, None, is_bound=True)
        files = [*((upload.digest, path) for upload, path in planned.uploads), *planned.files]
        if files:
            self._room.check(0)
        for digest, path in files:
            self._blobs.adopt(path, digest)
        # What an edit brings is named by the rows that its commits write, and kept as long as they are.
        kept = [upload for upload, _ in planned.uploads] if job.kind == "submit" else []
        if steps.only is not None:  # gets its number here
            self._changing = _graphs_of(steps.only)
        try:
            is_bound, number = self._journal.planned(job.id, steps, planned.report, kept, planned.commits)
        except BaseException:
            self._changing = frozenset()
            raise
        job = replace(job, state="planned", steps=steps.count, report=planned.report)
        return Progress(job, 0, work.result, is_bound=is_bound, only=steps.only, begun=number)

    def _remove(self, work: Work, sequence: Progress, removed: Sequence[Removed]) -> None:
        """Hide what a committed removal removes, and answer: whatever happens here, it is carried out.

        A small one is purged first, so that SPARQL and the links to what is gone agree with the answer. The quads of
        a large one go step by step.
        """
        at_once = len(removed) <= PURGED_AT_ONCE and not large_among(self._catalog.database, removed)
        sequence.started = at_once  # too short for a snapshot before it
        try:
            self._hide()
            while at_once and sequence in self._sequences:
                self._step(sequence)
        finally:
            work.result.set_result(sequence.job)

    def _step(self, sequence: Progress) -> None:
        try:
            finished = self._advance(sequence)
        except (DiskFull, OSError) as error:
            if sequence.next_step > 0 or sequence.is_bound or sequence.result is None:
                raise
            # Nothing was applied. Only a failure on record may be told: a planned job is carried out after a restart.
            self._journal.fail(sequence.job.id, type(error).__name__, str(error))
            self._drop(sequence)
            sequence.result.set_exception(error)
            return
        if finished:
            self._drop(sequence)
            if sequence.result is not None:
                sequence.result.set_result(sequence.job)

    def _drop(self, sequence: Progress) -> None:
        with self._condition:
            self._sequences.remove(sequence)

    def _advance(self, sequence: Progress) -> bool:
        """Apply the next step of a job; say whether it was the last."""
        job = sequence.job
        if not sequence.started and job.steps != 1:
            self.before_sequence()
            sequence.started = True
        if sequence.is_purge:
            return self._advance_purge(sequence)
        assert job.steps is not None
        if self._follower.write_ahead(sequence):
            return False
        change = None
        if sequence.next_step < job.steps:
            change = sequence.only or self._journal.read_step(job.id, sequence.next_step)
            self._apply(sequence, change)
            if sequence.next_step < job.steps:
                self._follower.begin_ahead(sequence, change)
                return False
            if job.steps > 1 or is_long(change):
                steps = (self._journal.read_step(job.id, n) for n in range(job.steps))
                self._follower.begin_unseen(sequence, steps)
        if sequence.unseen is not None:
            if self._follower.write_unseen(sequence):
                return False
            self._follower.mark(self._applied)
        else:
            self._follower.show(job, change, self._applied)
        sequence.job = replace(sequence.job, state="done", updated=self._journal.done(job.id))
        return True

    def _apply(self, sequence: Progress, change: ChangeSet) -> None:
        """Number a step, anew after a try in vain: the old state was read under that number. Then apply it."""
        index = sequence.next_step
        self._changing = _graphs_of(change)
        try:
            if sequence.is_tried or sequence.begun <= self._applied:
                sequence.begun = self._journal.begin_step(sequence.job.id, index, change.top_levels, sequence.only)
            sequence.is_tried = True
            self._store.apply(change)
        finally:
            self._changing = frozenset()
        self._applied, sequence.begun, sequence.is_tried, sequence.next_step = sequence.begun, 0, False, index + 1
        sequence.job = replace(sequence.job, next_step=index + 1, last_number=self._applied)

    def _advance_purge(self, sequence: Progress) -> bool:
        job = sequence.job
        batch, change = next_purge_step(self._store, self._journal, self._removals.hidden(), job.id, self._step_quads)
        if not change.top_levels:
            self._journal.done(job.id)
            self._hide()
            return True
        folder = self._journal.job_folder(job.id)
        folder.mkdir(exist_ok=True)
        changes.write_step(folder, sequence.next_step, change)
        sequence.begun = 0  # by what could not be applied, which was another step
        self._apply(sequence, change)
        self._follower.update(change, self._applied)
        self._journal.purged(batch)
        self._removals.purged(batch)
        self._catalog.unhide(batch)
        return False

    def _fail(self, work: Work, error: Exception) -> None:
        self._journal.fail_unplanned(work.job.id, error)
        work.result.set_exception(error)

    def _try_to_flush(self) -> None:
        try:
            self._flush()
        except (SynhubError, OSError) as error:  # nothing is lost: the change sets stay until it works
            logger.error("the store could not be flushed: %s", error)

    def _flush(self) -> None:
        self._flusher.flush(self._applied, [s.begun for s in self._sequences if s.begun])


def _graphs_of(change: ChangeSet) -> frozenset[Iri]:
    return frozenset(graph for graph, _ in change.top_levels)
