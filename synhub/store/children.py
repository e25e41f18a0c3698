"""The pool of child processes, in lanes that never mix.

Answers for: one job at a time per child, first come first served, yet never two of one named caller at once; a
child that misses its deadline, dies, or whose caller gives up is killed and replaced; nobody outlives the server.
Must not know what the jobs do.

Not `concurrent.futures.ProcessPoolExecutor`: there one abort fails every other job of the pool too, and a
running job cannot be stopped (measured).
"""

import json
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from synhub import errors
from synhub.settings import Settings
from synhub.store import child as protocol
from synhub.store.child_process import ChildDied, ChildProcess

__all__ = ["Busy", "ChildDied", "Lane", "Lanes", "Stream"]


_RETRY_AFTER_S = 10


class Busy(errors.TooMany):
    """No child became free in the time the caller was ready to wait, or too many wait already."""


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

    def __init__(
        self, lane: "Lane", child: ChildProcess, caller: str | None, deadline: float, limit_bytes: int
    ) -> None:
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


class _Waiter:
    """A caller in the queue; `given` is the place handed to it, None being the right to start a child."""

    def __init__(self, caller: str | None) -> None:
        self.caller = caller
        self.event = threading.Event()
        self.given: ChildProcess | None = None


class Lane:
    """Up to `workers` children of one kind, started when first needed.

    `nice` and `memory_bytes` (address space) are what a child sets for itself before it loads anything; it is
    replaced after `recycle_after` jobs. `tasks` are further tasks as "module:function" by name. At most
    `most_waiting` callers stand in the queue, each holding a thread. Methods may be called from any thread.
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
    ) -> None:
        self.name = name
        self.workers = workers
        self.most_waiting = most_waiting
        self.memory_bytes = memory_bytes
        self._arguments = [str(nice), str(memory_bytes), json.dumps(dict(tasks or {}))]
        self._recycle_after = recycle_after
        self._lock = threading.RLock()  # re-entrant: a Stream may be finalised inside any of our blocks
        self._places: deque[ChildProcess | None] = deque([None] * workers)  # idle children right, rights to start left
        self._waiting: deque[_Waiter] = deque()
        self._served: set[str] = set()  # the named callers that hold a place
        self._children: set[ChildProcess] = set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many callers stand in the queue."""
        return len(self._waiting)

    def pids(self) -> list[int]:
        """The processes that exist now."""
        with self._lock:
            return [child.process.pid for child in self._children]

    def warm(self) -> None:
        """Start one child ahead of the first job."""
        self._give_back(self._take(None, None), None, reusable=True)

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
        with self._begin(protocol.CALL, task, argument, timeout_s, 0, wait_s, caller) as stream:
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
    ) -> tuple[dict[str, Any], Stream]:
        """Run one job that sends a header and then bytes; the time limit includes the reading of the bytes.

        A named `caller` has at most one job running and one waiting; whoever is served gives way to others next
        time. Raises as `call`; so does the returned iterator, and TooLarge.
        """
        stream = self._begin(protocol.STREAM, task, argument, timeout_s, limit_bytes, wait_s, caller)
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
            for waiter in self._waiting:
                waiter.event.set()
            self._waiting.clear()

    def _begin(
        self,
        kind: bytes,
        task: str,
        argument: Mapping[str, Any],
        timeout_s: float,
        limit_bytes: int,
        wait_s: float | None,
        caller: str | None,
    ) -> Stream:
        child = self._take(wait_s, caller)
        deadline = time.monotonic() + timeout_s
        stream = Stream(self, child, caller, deadline, limit_bytes)
        try:
            child.send(kind, {"task": task, "argument": dict(argument), "timeout_s": timeout_s}, deadline)
        except BaseException:
            stream.close()
            raise
        return stream

    def _take(self, wait_s: float | None, caller: str | None) -> ChildProcess:
        """Return a living child of one's own. Raises Busy, Stopping."""
        place = self._queue(wait_s, caller)
        if place is not None:
            if place.alive():
                return place
            self._forget(place)
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

    def _queue(self, wait_s: float | None, caller: str | None) -> ChildProcess | None:
        with self._lock:
            if stopping := self._stopping():
                raise stopping
            if self._places and caller not in self._served:
                return self._hand_over(self._places.pop(), caller)
            self._check_room(caller)
            waiter = _Waiter(caller)
            self._waiting.append(waiter)
        waiter.event.wait(wait_s)
        with self._lock:
            if stopping := self._stopping():
                raise stopping
            if not waiter.event.is_set():
                self._waiting.remove(waiter)
                raise Busy(f"all {self.workers} {self.name} processes are busy; try again later", _RETRY_AFTER_S)
        return waiter.given

    def _check_room(self, caller: str | None) -> None:
        """Raise Busy when the queue has no room for this caller."""
        if caller is not None and any(waiter.caller == caller for waiter in self._waiting):
            message = f"one {self.name} of yours is waiting already; send the next when it has been answered"
            raise Busy(message, _RETRY_AFTER_S)
        if self.most_waiting is not None and len(self._waiting) >= self.most_waiting:
            raise Busy(f"too many {self.name} requests are waiting; try again later", _RETRY_AFTER_S)

    def _hand_over(self, place: ChildProcess | None, caller: str | None) -> ChildProcess | None:
        if caller is not None:
            self._served.add(caller)
        return place

    def _give_back(self, child: ChildProcess, caller: str | None, *, reusable: bool) -> None:
        if reusable and child.jobs < self._recycle_after and not self._closed:
            self._pass_on(child, caller)
        else:
            self._forget(child)
            self._pass_on(None, caller)

    def _forget(self, child: ChildProcess) -> None:
        with self._lock:
            self._children.discard(child)
        child.end()

    def _pass_on(self, place: ChildProcess | None, caller: str | None) -> None:
        """Take a place from a caller and hand it to the next, or put it where the next one finds it."""
        with self._lock:
            if caller is not None:
                self._served.discard(caller)
            if self._closed:
                if place is not None:
                    self._forget(place)
            elif (waiter := self._next(caller)) is not None:
                self._waiting.remove(waiter)
                waiter.given = self._hand_over(place, waiter.caller)
                waiter.event.set()
            elif place is None:
                self._places.appendleft(None)
            else:
                self._places.append(place)

    def _next(self, last: str | None) -> _Waiter | None:
        """Who has waited longest of those with nothing running; who has just been served comes after the others."""
        ready = [waiter for waiter in self._waiting if waiter.caller not in self._served]
        return min(ready, key=lambda waiter: waiter.caller is not None and waiter.caller == last, default=None)


class Lanes:
    """The lanes of one server. No child exists before its first job, or `warm`."""

    def __init__(self, settings: Settings) -> None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self.prepare = Lane("prepare", settings.prepare_workers or cores, 0, settings.prepare_memory)
        self.query = Lane(
            "query", settings.query_workers or max(1, cores - 1), 19, settings.query_memory, most_waiting=16
        )
        # Two at least: a download of minutes is not to keep everybody else waiting.
        self.download = Lane("download", max(2, cores - 1), 0, settings.prepare_memory, most_waiting=8)
        # Of their own: anybody may ask for a judgement, and no upload is to wait for one.
        self.validate = Lane("validate", max(1, cores - 1), 10, settings.validate_memory, most_waiting=8)
        self.shacl = Lane("shacl", 1, 10, settings.validate_memory, most_waiting=8)

    def warm(self) -> None:
        """Start a child of each lane that a first visitor would wait for."""
        self.prepare.warm()
        self.query.warm()

    def close(self) -> None:
        for lane in (self.prepare, self.query, self.download, self.validate, self.shacl):
            lane.close()
