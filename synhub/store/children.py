"""The pool of child processes, in lanes that never mix.

Answers for: one job at a time per child; a child that misses its deadline, dies, or whose caller gives up is killed
and replaced; nobody outlives the server. Whose turn it is says child_queue.py. Must not know what the jobs do.

Not `concurrent.futures.ProcessPoolExecutor`: there one abort fails every other job of the pool too, and a
running job cannot be stopped (measured).
"""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from synhub import errors
from synhub.settings import Settings
from synhub.store import child as protocol
from synhub.store.child_process import ChildDied, ChildProcess
from synhub.store.child_queue import RETRY_AFTER_S, Busy, Caller, Cancellation, Cancelled, Turns, Waiter

__all__ = ["Busy", "Caller", "Cancellation", "Cancelled", "ChildDied", "Lane", "Lanes", "Stream"]

_NOBODY = Caller()
_UNWANTED = "nobody waits for the answer any more"


def _rebuild(failure: Mapping[str, Any]) -> errors.SynhubError:
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

    def __init__(self, lane: "Lane", child: ChildProcess, caller: Caller, deadline: float, limit_bytes: int) -> None:
        self._lane = lane
        self._child: ChildProcess | None = child
        self._caller = caller
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
            raise _rebuild(json.loads(payload))
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
            self._lane._give_back(child, self._caller, reusable=reusable)

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
    `most_waiting` callers of each of the `parties` stand in the queue, each holding a thread. Methods may be called
    from any thread.
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
    ) -> None:
        self.name = name
        self.workers = workers
        self.most_callers = workers + (most_waiting or 0) * parties
        self.memory_bytes = memory_bytes
        self._arguments = [str(nice), str(memory_bytes), json.dumps(dict(tasks or {}))]
        self._recycle_after = recycle_after
        self._lock = threading.RLock()  # re-entrant: a Stream may be finalised inside any of our blocks
        self._places: deque[ChildProcess | None] = deque([None] * workers)  # idle children right, rights to start left
        self._turns = Turns(name, most_waiting)
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
        self._give_back(self._take(None, _NOBODY, None), _NOBODY, reusable=True)

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
        child = self._take(wait_s, caller, cancellation)
        deadline = time.monotonic() + timeout_s
        stream = Stream(self, child, caller, deadline, limit_bytes)
        if cancellation is not None:
            cancellation.then(stream.kill)
        try:
            child.send(kind, {"task": task, "argument": dict(argument), "timeout_s": timeout_s}, deadline)
        except BaseException:
            stream.close()
            raise
        return stream

    def _take(self, wait_s: float | None, caller: Caller, cancellation: Cancellation | None) -> ChildProcess:
        """Return a living child of one's own. Raises Busy, Cancelled, Stopping."""
        place = self._queue(wait_s, caller, cancellation)
        if place is not None:
            if place.alive():
                return place
            self._forget(place)
        return self._start(caller)

    def _start(self, caller: Caller) -> ChildProcess:
        """Start a child in a place that the caller holds. Raises Stopping."""
        try:
            child = ChildProcess(self.name, self._arguments)
        except BaseException:
            self._pass_on(None, caller)
            raise
        with self._lock:
            self._children.add(child)
            if stopping := self._stopping():
                self._forget(child)
                raise stopping
        return child

    def _stopping(self) -> errors.Stopping | None:
        return errors.Stopping("the server is going down") if self._closed else None

    def _queue(self, wait_s: float | None, caller: Caller, cancellation: Cancellation | None) -> ChildProcess | None:
        """Return a place: an idle child, or the right to start one."""
        if cancellation is not None and cancellation.cancelled:
            raise Cancelled(_UNWANTED)
        with self._lock:
            if stopping := self._stopping():
                raise stopping
            if self._places and self._turns.may_start(caller):
                self._turns.start(caller)
                return self._places.pop()
            waiter = self._turns.join(caller)
        if cancellation is not None:
            cancellation.then(waiter.event.set)
        waiter.event.wait(wait_s)
        with self._lock:
            if stopping := self._stopping():
                raise stopping
            if waiter.has_turn:
                return self._given.pop(waiter)
            self._turns.waiting.remove(waiter)
        if cancellation is not None and cancellation.cancelled:
            raise Cancelled(_UNWANTED)
        raise Busy(f"all {self.workers} {self.name} processes are busy; try again later", RETRY_AFTER_S)

    def _give_back(self, child: ChildProcess, caller: Caller, *, reusable: bool) -> None:
        if reusable and child.jobs < self._recycle_after and not self._closed:
            self._pass_on(child, caller)
            return
        self._forget(child)
        self._pass_on(None, caller)
        if self._lacks_child():
            with suppress(RuntimeError):  # no threads any more: the interpreter is going down
                threading.Thread(target=self._replace, name=f"synhub-{self.name}-replace", daemon=True).start()

    def _replace(self) -> None:
        """Start a child ahead of the next job, which else would wait for that (0.2 s in the download lane)."""
        with self._lock:
            if not self._lacks_child():
                return
            self._places.popleft()
        try:
            child = self._start(_NOBODY)
        except (OSError, errors.Stopping):  # the next caller will try again, and be told
            return
        self._pass_on(child, _NOBODY)

    def _lacks_child(self) -> bool:
        """Say whether there is a free place, and the next caller would have to start a child in it."""
        with self._lock:
            return bool(self._places) and all(place is None for place in self._places)

    def _forget(self, child: ChildProcess) -> None:
        with self._lock:
            self._children.discard(child)
        child.end()

    def _pass_on(self, place: ChildProcess | None, caller: Caller) -> None:
        """Take a place from a caller and hand it to the next, or put it where the next one finds it."""
        with self._lock:
            self._turns.end(caller)
            if self._closed:
                if place is not None:
                    self._forget(place)
            elif (waiter := self._turns.next(caller)) is not None:
                self._given[waiter] = place
                waiter.event.set()
            elif place is None:
                self._places.appendleft(None)
            else:
                self._places.append(place)


class Lanes:
    """The lanes of one server. No child exists before its first job, or `warm`."""

    def __init__(self, settings: Settings) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.prepare = Lane("prepare", settings.prepare_workers or cores, 0, settings.prepare_memory)
        self.query = Lane(
            "query", settings.query_workers or max(1, cores - 1), 19, settings.query_memory, most_waiting=16, parties=2
        )
        # Two at least: a download of minutes is not to keep everybody else waiting.
        self.download = Lane("download", max(2, cores - 1), 0, settings.prepare_memory, most_waiting=8)
        # Of their own: anybody may ask for a judgement, and no upload is to wait for one.
        self.validate = Lane("validate", max(1, cores - 1), 10, settings.validate_memory, most_waiting=8)
        self.shacl = Lane("shacl", 1, 10, settings.validate_memory, most_waiting=8)
        # Both map the whole sequence index, which counts as address space; one search takes tens of megabytes.
        self.sequence = Lane("sequence", max(1, cores - 1), 10, settings.sequence_memory, 10_000, most_waiting=16)
        self.sequence_merge = Lane("sequence_merge", 1, 19, settings.sequence_memory, 1)

    def warm(self) -> None:
        """Start a child of each lane that a first visitor would wait for."""
        self.prepare.warm()
        self.query.warm()

    def close(self) -> None:
        for lane in (self.prepare, self.query, self.download, self.validate, self.shacl, *self._of_sequences()):
            lane.close()

    def _of_sequences(self) -> tuple[Lane, Lane]:
        return self.sequence, self.sequence_merge
