"""The pool of child processes, in lanes that never mix.

Answers for: one job at a time per child; a child that misses its deadline, dies, or whose caller gives up is killed
and replaced; nobody outlives the server. Whose turn it is says child_queue.py. Must not know what the jobs do.

Not `concurrent.futures.ProcessPoolExecutor`: there one abort fails every other job of the pool too, and a
running job cannot be stopped (measured).
"""

import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from synhub import errors
from synhub.store import child as protocol
from synhub.store.child_process import ChildDied, ChildProcess
from synhub.store.child_queue import RETRY_AFTER_S, Busy, Caller, Cancellation, Cancelled, Job, Turns, Waiter

__all__ = ["Busy", "Caller", "Cancellation", "Cancelled", "ChildDied", "Lane", "Stream"]

_NOBODY = Caller()
_UNWANTED = "nobody waits for the answer any more"


def rebuild(failure: Mapping[str, Any]) -> errors.SynhubError:
    """Make the error that a task raised from its frame."""
    cls = getattr(errors, failure.get("class", ""), None)
    if cls is None:
        return errors.Inconsistent(f"a task failed in a child process:\n{failure.get('traceback', failure)}")
    error: errors.SynhubError = cls.__new__(cls)
    error.args = (failure["fields"]["message"],)
    vars(error).update(failure["fields"])
    return error


class Stream(Iterator[bytes]):
    """The bytes of a streaming job. Holds its child until the end, an error, or `close`, which kills it.

    Used by one thread; only `kill` may be called from another.

    Raises ChildDied, TooLarge when there are more than `limit_bytes`, and what the task raised.
    """

    def __init__(self, lane: "Lane", child: ChildProcess, job: Job, deadline: float, limit_bytes: int) -> None:
        self._lane = lane
        self._child: ChildProcess | None = child
        self._job = job
        self._deadline = deadline
        self._limit_bytes = limit_bytes
        self._left = limit_bytes

    def frame(self) -> tuple[bytes, bytes]:
        """Return the next frame that is not an error."""
        if self._child is None:
            return protocol.END, b""
        try:
            kind, payload = self._child.receive(self._deadline)
        except ChildDied as error:
            self.close()
            raise self._lane._stopping() or error from None
        if kind == protocol.ERROR:
            self._finish(reusable=True)
            raise rebuild(json.loads(payload))
        if kind == protocol.END:
            self._finish(reusable=True)
        return kind, payload

    def __next__(self) -> bytes:
        kind, payload = self.frame()
        if kind == protocol.END:
            raise StopIteration
        self._left -= len(payload)
        if self._left < 0:
            self.close()
            raise errors.TooLarge(f"the result is larger than {self._limit_bytes / (1 << 20):g} MB")
        return payload

    def close(self) -> None:
        """Give up: the child is killed if the job has not ended."""
        self._finish(reusable=False)

    def kill(self) -> None:
        """End the child while another thread reads from it: that thread gets ChildDied, and gives the place back."""
        with self._lane._lock:  # not after somebody else has got the child
            if self._child is not None:
                self._child.process.kill()

    def _finish(self, *, reusable: bool) -> None:
        with self._lane._lock:
            child, self._child = self._child, None
        if child is not None:
            self._lane._give_back(child, self._job, reusable=reusable)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:  # a response that the client left is dropped, not closed
        self.close()


class Lane:
    """Up to `workers` children of one kind, started when first needed.

    `nice` and `memory_bytes` (address space) are what a child sets for itself before it loads anything; it is
    replaced after `recycle_after` jobs. `tasks` are further tasks as "module:function" by name. At most
    `most_waiting` callers of each of the `parties` stand in the queue, each holding a thread. `most_held`: the places
    that a party may have. Up to `most_overtaken` jobs that have run for `patience_s` are overtaken by who waits,
    in further children. Methods may be called from any thread.
    """

    def __init__(
        self,
        name: str,
        workers: int,
        nice: int,
        memory_bytes: int,
        recycle_after: int = 100,
        tasks: Mapping[str, str] | None = None,
        most_waiting: int | None = None,
        parties: int = 1,
        most_held: Mapping[str, int] | None = None,
        most_overtaken: int = 0,
        patience_s: float = 1.0,
    ) -> None:
        self.name = name
        self.workers = workers
        self.most_callers = workers + most_overtaken + (most_waiting or 0) * parties
        self.memory_bytes = memory_bytes
        self._arguments = [str(nice), str(memory_bytes), json.dumps(dict(tasks or {}))]
        self._recycle_after = recycle_after
        self._lock = threading.RLock()  # re-entrant: a Stream may be finalised inside any of our blocks
        self._places: deque[ChildProcess | None] = deque([None] * workers)  # idle children right, rights to start left
        self._turns = Turns(name, most_waiting, most_held)
        self._most_overtaken = most_overtaken
        self.patience_s = patience_s
        self._given: dict[Waiter, ChildProcess | None] = {}  # the places handed to those who waited
        self._children: set[ChildProcess] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many callers stand in the queue."""
        return len(self._turns.waiting)

    def pids(self) -> list[int]:
        """The processes that exist now."""
        with self._lock:
            return [child.process.pid for child in self._children]

    def warm(self) -> None:
        """Start one child ahead of the first job."""
        child, job = self._take(None, _NOBODY, None)
        self._give_back(child, job, reusable=True)

    def call(
        self,
        task: str,
        argument: Mapping[str, Any],
        timeout_s: float,
        *,
        wait_s: float | None = None,
        caller: str | None = None,
    ) -> dict[str, Any]:
        """Run one job and return its result; `timeout_s` counts from when a child has it, `wait_s` till then.

        A named `caller` is served as by `stream`. Raises ChildDied, Busy, Stopping, and what the task raised.
        """
        with self._begin(protocol.CALL, task, argument, timeout_s, 0, wait_s, Caller(caller), None) as stream:
            kind, payload = stream.frame()
            assert kind == protocol.RESULT, kind
            stream._finish(reusable=True)
            result: dict[str, Any] = json.loads(payload)
            return result

    def stream(
        self,
        task: str,
        argument: Mapping[str, Any],
        timeout_s: float,
        limit_bytes: int,
        *,
        wait_s: float | None = None,
        caller: str | None = None,
        party: str = "",
        cancellation: Cancellation | None = None,
    ) -> tuple[dict[str, Any], Stream]:
        """Run one job that sends a header and then bytes; the time limit includes the reading of the bytes.

        A named `caller` has at most one job running and one waiting; whoever is served gives way to others next
        time, and so does its `party`. Raises as `call`; so does the returned iterator, and TooLarge. The
        `cancellation` ends the waiting with Cancelled, or the child, which is ChildDied.
        """
        by = Caller(caller, party)
        stream = self._begin(protocol.STREAM, task, argument, timeout_s, limit_bytes, wait_s, by, cancellation)
        try:
            kind, payload = stream.frame()
            assert kind == protocol.HEADER, kind
            return json.loads(payload), stream
        except BaseException:
            stream.close()
            raise

    def close(self) -> None:
        """Kill every child and send everybody home with Stopping."""
        with self._lock:
            self._closed = True
            for child in self._children:
                child.process.kill()
            for place in self._places:
                if place is not None:
                    self._children.discard(place)
                    place.end()
            self._places.clear()
            for waiter in self._turns.waiting:
                waiter.event.set()
            self._turns.waiting.clear()

    def _begin(
        self,
        kind: bytes,
        task: str,
        argument: Mapping[str, Any],
        timeout_s: float,
        limit_bytes: int,
        wait_s: float | None,
        caller: Caller,
        cancellation: Cancellation | None,
    ) -> Stream:
        child, job = self._take(wait_s, caller, cancellation)
        deadline = time.monotonic() + timeout_s
        stream = Stream(self, child, job, deadline, limit_bytes)
        if cancellation is not None:
            cancellation.then(stream.kill)
        try:
            child.send(kind, {"task": task, "argument": dict(argument), "timeout_s": timeout_s}, deadline)
        except BaseException:
            stream.close()
            raise
        return stream

    def _take(
        self, wait_s: float | None, caller: Caller, cancellation: Cancellation | None
    ) -> tuple[ChildProcess, Job]:
        """Return a living child of one's own. Raises Busy, Cancelled, Stopping."""
        place, job = self._queue(wait_s, caller, cancellation)
        if place is not None:
            if place.alive():
                return place, job
            self._forget(place)
        return self._start(job), job

    def _start(self, job: Job) -> ChildProcess:
        """Start a child in a place that is held. Raises Stopping."""
        try:
            child = ChildProcess(self.name, self._arguments)
        except BaseException:
            self._pass_on(None, job)
            raise
        with self._lock:
            self._children.add(child)
            if stopping := self._stopping():
                self._forget(child)
                raise stopping
        return child

    def _stopping(self) -> errors.Stopping | None:
        return errors.Stopping("the server is going down") if self._closed else None

    def _queue(
        self, wait_s: float | None, caller: Caller, cancellation: Cancellation | None
    ) -> tuple[ChildProcess | None, Job]:
        """Return a place: an idle child, or the right to start one."""
        if cancellation is not None and cancellation.cancelled:
            raise Cancelled(_UNWANTED)
        with self._lock:
            if stopping := self._stopping():
                raise stopping
            if self._places and self._turns.may_start(caller):
                return self._places.pop(), self._turns.start(caller, time.monotonic())
            waiter = self._turns.join(caller)
        if cancellation is not None:
            cancellation.then(waiter.event.set)
        self._wait(waiter, wait_s)
        with self._lock:
            if stopping := self._stopping():
                raise stopping
            if waiter.job is not None:
                return self._given.pop(waiter), waiter.job
            self._turns.waiting.remove(waiter)
        if cancellation is not None and cancellation.cancelled:
            raise Cancelled(_UNWANTED)
        raise Busy(f"all {self.workers} {self.name} processes are busy; try again later", RETRY_AFTER_S)

    def _wait(self, waiter: Waiter, wait_s: float | None) -> None:
        """Wait until it is called, or for so long; now and then look whether a job is to be overtaken."""
        if not self._most_overtaken:
            waiter.event.wait(wait_s)
            return
        end = time.monotonic() + (threading.TIMEOUT_MAX / 2 if wait_s is None else wait_s)
        while (left := end - time.monotonic()) > 0 and not waiter.event.wait(min(left, self.patience_s / 4)):
            with self._lock:
                if self._closed:
                    return
                now = time.monotonic()
                overtaker = self._turns.overtake(now - self.patience_s, self._most_overtaken, now)
                if overtaker is not None:
                    self._hand(None, overtaker)

    def _give_back(self, child: ChildProcess, job: Job, *, reusable: bool) -> None:
        if reusable and child.jobs < self._recycle_after and not self._closed:
            self._pass_on(child, job)
            return
        self._forget(child)
        self._pass_on(None, job)
        if self._lacks_child():
            with suppress(RuntimeError):  # no threads any more: the interpreter is going down
                threading.Thread(target=self._replace, name=f"synhub-{self.name}-replace", daemon=True).start()

    def _replace(self) -> None:
        """Start a child ahead of the next job, which else would wait for that (0.2 s in the download lane)."""
        with self._lock:
            if not self._lacks_child():
                return
            self._places.popleft()
            job = self._turns.start(_NOBODY, time.monotonic())
        try:
            child = self._start(job)
        except (OSError, errors.Stopping):  # the next caller will try again, and be told
            return
        self._pass_on(child, job)

    def _lacks_child(self) -> bool:
        """Say whether there is a free place, and the next caller would have to start a child in it."""
        with self._lock:
            return bool(self._places) and all(place is None for place in self._places)

    def _forget(self, child: ChildProcess) -> None:
        with self._lock:
            self._children.discard(child)
        child.end()

    def _pass_on(self, place: ChildProcess | None, job: Job) -> None:
        """Take a place from a job and hand it to the next caller, or put it where that one finds it. The place of a job
        that was overtaken is in other hands already; its caller may have waited for its end."""
        with self._lock:
            self._turns.end(job)
            if self._closed or job.overtaken:
                if place is not None:
                    self._forget(place)
            elif place is None:
                self._places.appendleft(None)
            else:
                self._places.append(place)
            while self._places and (waiter := self._turns.next(job.caller, time.monotonic())) is not None:
                self._hand(self._places.pop(), waiter)

    def _hand(self, place: ChildProcess | None, waiter: Waiter) -> None:
        self._given[waiter] = place
        waiter.event.set()
