"""The pool of child processes, in lanes that never mix.

Answers for: one job at a time per child, first come first served; a child that misses its deadline, dies, or
whose caller gives up is killed and replaced; nobody outlives the server. Must not know what the jobs do.

Not `concurrent.futures.ProcessPoolExecutor`: there one abort fails every other job of the pool too, and a
running job cannot be stopped (measured).
"""

import json
import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Literal

from synhub import errors
from synhub.settings import Settings
from synhub.store import child as protocol

logger = logging.getLogger("synhub.children")

Reason = Literal["deadline", "memory", "signal", "exit"]

_READ_BYTES = 1 << 18
_TAIL_BYTES = 32  # longer than any of the words below, which may come in two pieces
# What Rust, C++ and Python say last when an allocation fails.
_MEMORY_WORDS = (b"memory allocation of", b"bad_alloc", b"MemoryError", b"Cannot allocate memory")


class ChildDied(errors.StoreUnavailable):
    """A child ended before its job did. Callers say what that means for theirs.

    `reason`: its deadline passed, its memory ran out, a signal (a crash), or an exit of its own.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"the process that worked on this request ended: {detail}")
        self.reason = reason
        self.detail = detail


class Busy(errors.TooMany):
    """No child became free in the time the caller was ready to wait."""


def _rebuild(failure: Mapping[str, Any]) -> errors.SynhubError:
    """Make the error that a task raised from its frame."""
    cls = getattr(errors, failure.get("class", ""), None)
    if cls is None:
        return errors.Inconsistent(f"a task failed in a child process:\n{failure.get('traceback', failure)}")
    error: errors.SynhubError = cls.__new__(cls)
    error.args = (failure["fields"]["message"],)
    vars(error).update(failure["fields"])
    return error


class _Child:
    """One process and its pipes. Used by one thread at a time."""

    def __init__(self, lane: str, arguments: list[str]) -> None:
        self.jobs = 0
        self._lane = lane
        self._buffer = bytearray()
        self._tail = b""
        self._out_of_memory = False
        self._logging = True
        # The child imports from where the server does, and from nowhere else (-P: not from the current
        # folder). One heap arena per thread would use up the address space that the limit leaves.
        path = os.pathsep.join(filter(None, sys.path))
        environment = os.environ | {"PYTHONPATH": path, "MALLOC_ARENA_MAX": "2", "RUST_BACKTRACE": "0"}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "synhub.store.child", lane, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            close_fds=True,
            env=environment,
        )
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self._stdin = self.process.stdin.fileno()
        self._stdout = self.process.stdout.fileno()
        self._stderr = self.process.stderr.fileno()
        for descriptor in (self._stdin, self._stdout, self._stderr):
            os.set_blocking(descriptor, False)
        self._reading = select.poll()
        self._reading.register(self._stdout, select.POLLIN)
        self._reading.register(self._stderr, select.POLLIN)
        self._writing = select.poll()
        self._writing.register(self._stdin, select.POLLOUT)

    def alive(self) -> bool:
        return self.process.poll() is None

    def send(self, kind: bytes, request: Mapping[str, Any], deadline: float) -> None:
        """Send one request. Raises ChildDied."""
        body = json.dumps(request).encode()
        view = memoryview(protocol.FRAME.pack(kind, len(body)) + body)
        self.jobs += 1
        while view:
            try:
                view = view[os.write(self._stdin, view) :]
            except BlockingIOError:
                self._wait(self._writing, deadline)
            except BrokenPipeError:
                raise self._death() from None

    def receive(self, deadline: float) -> tuple[bytes, bytes]:
        """Return kind and payload of the next frame. Raises ChildDied."""
        head = protocol.FRAME.size
        wanted = head
        while True:
            if len(self._buffer) >= wanted:
                kind, size = protocol.FRAME.unpack_from(self._buffer)
                if len(self._buffer) >= head + size:
                    payload = bytes(self._buffer[head : head + size])
                    del self._buffer[: head + size]
                    return kind, payload
                wanted = head + size
            self._wait(self._reading, deadline)
            self._log()
            try:
                part = os.read(self._stdout, _READ_BYTES)
            except BlockingIOError:
                continue
            if not part:
                raise self._death()
            self._buffer += part

    def end(self) -> None:
        """Kill the process if it lives, reap it, close the pipes."""
        self.process.kill()
        self.process.wait()
        self._log()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def _wait(self, poll: "select.poll", deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise ChildDied("deadline", "it ran into its time limit")

    def _log(self) -> None:
        try:
            text = os.read(self._stderr, _READ_BYTES)
        except BlockingIOError:
            return
        if text:
            said = self._tail + text
            self._out_of_memory |= any(words in said for words in _MEMORY_WORDS)
            self._tail = said[-_TAIL_BYTES:]
            logger.warning("%s child %d: %s", self._lane, self.process.pid, text.decode(errors="replace").rstrip())
        elif self._logging:  # closed: would wake every later wait
            self._logging = False
            self._reading.unregister(self._stderr)

    def _death(self) -> ChildDied:
        """Say what the process died of."""
        try:
            code = self.process.wait(timeout=1)
        except subprocess.TimeoutExpired:  # it closed its pipe and lives on
            self.process.kill()
            code = self.process.wait()
        self._log()
        if code == protocol.EXIT_MEMORY or self._out_of_memory:
            return ChildDied("memory", "its memory ran out")
        if code < 0:
            return ChildDied("signal", f"signal {-code} ({signal.Signals(-code).name})")
        return ChildDied("exit", f"exit status {code}")


class Stream(Iterator[bytes]):
    """The bytes of a streaming job. Holds its child until the end, an error, or `close`, which kills it.

    Raises ChildDied, TooLarge when there are more than `limit_bytes`, and what the task raised.
    """

    def __init__(self, lane: "Lane", child: _Child, deadline: float, limit_bytes: int) -> None:
        self._lane = lane
        self._child: _Child | None = child
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

    def _finish(self, *, reusable: bool) -> None:
        child, self._child = self._child, None
        if child is not None:
            self._lane._give_back(child, reusable=reusable)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:  # a response that the client left is dropped, not closed
        self.close()


class _Waiter:
    """A caller in the queue; `given` is the place handed to it, None being the right to start a child."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.given: _Child | None = None


class Lane:
    """Up to `workers` children of one kind, started when first needed.

    `nice` and `memory_bytes` (address space) are what a child sets for itself before it loads anything; it is
    replaced after `recycle_after` jobs. `tasks` are further tasks as "module:function" by name. Methods may
    be called from any thread.
    """

    def __init__(
        self,
        name: str,
        workers: int,
        nice: int,
        memory_bytes: int,
        recycle_after: int = 100,
        tasks: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.workers = workers
        self.memory_bytes = memory_bytes
        self._arguments = [str(nice), str(memory_bytes), json.dumps(dict(tasks or {}))]
        self._recycle_after = recycle_after
        self._lock = threading.RLock()  # re-entrant: a Stream may be finalised inside any of our blocks
        self._places: deque[_Child | None] = deque([None] * workers)  # idle children right, rights to start left
        self._waiting: deque[_Waiter] = deque()
        self._children: set[_Child] = set()
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
        self._give_back(self._take(None), reusable=True)

    def call(
        self, task: str, argument: Mapping[str, Any], timeout_s: float, *, wait_s: float | None = None
    ) -> dict[str, Any]:
        """Run one job and return its result; `timeout_s` counts from when a child has it, `wait_s` till then.

        Raises ChildDied, Busy, Stopping, and what the task raised.
        """
        with self._begin(protocol.CALL, task, argument, timeout_s, 0, wait_s) as stream:
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
    ) -> tuple[dict[str, Any], Stream]:
        """Run one job that sends a header and then bytes; the time limit includes the reading of the bytes.

        Raises as `call`; so does the returned iterator, and TooLarge.
        """
        stream = self._begin(protocol.STREAM, task, argument, timeout_s, limit_bytes, wait_s)
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
    ) -> Stream:
        child = self._take(wait_s)
        deadline = time.monotonic() + timeout_s
        stream = Stream(self, child, deadline, limit_bytes)
        try:
            child.send(kind, {"task": task, "argument": dict(argument), "timeout_s": timeout_s}, deadline)
        except BaseException:
            stream.close()
            raise
        return stream

    def _take(self, wait_s: float | None) -> _Child:
        """Return a living child of one's own. Raises Busy, Stopping."""
        place = self._queue(wait_s)
        if place is not None:
            if place.alive():
                return place
            self._forget(place)
        try:
            child = _Child(self.name, self._arguments)
        except BaseException:
            self._pass_on(None)
            raise
        with self._lock:
            self._children.add(child)
            if stopping := self._stopping():
                self._forget(child)
                raise stopping
        return child

    def _stopping(self) -> errors.Stopping | None:
        return errors.Stopping("the server is going down") if self._closed else None

    def _queue(self, wait_s: float | None) -> _Child | None:
        with self._lock:
            if stopping := self._stopping():
                raise stopping
            if self._places:
                return self._places.pop()
            waiter = _Waiter()
            self._waiting.append(waiter)
        waiter.event.wait(wait_s)
        with self._lock:
            if stopping := self._stopping():
                raise stopping
            if not waiter.event.is_set():
                self._waiting.remove(waiter)
                raise Busy(f"all {self.workers} {self.name} processes are busy; try again later", 10)
        return waiter.given

    def _give_back(self, child: _Child, *, reusable: bool) -> None:
        if reusable and child.jobs < self._recycle_after and not self._closed:
            self._pass_on(child)
        else:
            self._forget(child)
            self._pass_on(None)

    def _forget(self, child: _Child) -> None:
        with self._lock:
            self._children.discard(child)
        child.end()

    def _pass_on(self, place: _Child | None) -> None:
        """Hand a place to the caller who has waited longest, or put it where the next one finds it."""
        with self._lock:
            if self._closed:
                if place is not None:
                    self._forget(place)
            elif self._waiting:
                waiter = self._waiting.popleft()
                waiter.given = place
                waiter.event.set()
            elif place is None:
                self._places.appendleft(None)
            else:
                self._places.append(place)


class Lanes:
    """The lanes of one server. No child exists before its first job, or `warm`."""

    def __init__(self, settings: Settings) -> None:
        cores = len(os.sched_getaffinity(0))
        self.prepare = Lane("prepare", settings.prepare_workers or cores, 0, settings.prepare_memory)
        self.query = Lane("query", settings.query_workers or max(1, cores - 1), 19, settings.query_memory)
        self.download = Lane("download", max(1, cores - 1), 0, settings.prepare_memory)
        self.shacl = Lane("shacl", 1, 10, settings.prepare_memory)

    def warm(self) -> None:
        """Start a child of each lane that a first visitor would wait for."""
        self.prepare.warm()
        self.query.warm()

    def close(self) -> None:
        for lane in (self.prepare, self.query, self.download, self.shacl):
            lane.close()
