"""One child process seen from the server: its pipes, its deadline, and what it died of.

Answers for sending a request and receiving frames within a time limit. Must not know lanes or tasks.
"""

import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any, Literal

from synhub import errors
from synhub.store import child as protocol

logger = logging.getLogger("synhub.children")

Reason = Literal["deadline", "memory", "signal", "exit"]

_READ_BYTES = 1 << 18
_TAIL_BYTES = 32  # longer than any of the words below, which may come in two pieces
# What Rust, C++ and Python say last when an allocation fails.
_MEMORY_WORDS = (b"memory allocation of", b"bad_alloc", b"MemoryError", b"Cannot allocate memory")


class ChildDied(errors.StoreUnavailable):
    """A child ended before its job did. Callers say what that means for theirs.

    `reason`: its deadline passed, its memory ran out, a signal (a crash), or an exit of its own. `detail` says so in
    words that callers may show, such as "it crashed with signal 11 (SIGSEGV)".
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"the process that worked on this request ended: {detail}")
        self.reason = reason
        self.detail = detail


class ChildProcess:
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

    def fileno(self) -> int:
        """The descriptor that becomes readable when something has come."""
        return self._stdout

    def send(self, kind: bytes, request: Mapping[str, Any], deadline: float, given: bytes = b"") -> None:
        """Send one request, with the bytes that an ASK has. Raises ChildDied."""
        body = json.dumps(request).encode() + (b"\n" + given if kind == protocol.ASK else b"")
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
        while (frame := self._frame()) is None:
            self._wait(self._reading, deadline)
            self._read()
        return frame

    def received(self) -> tuple[bytes, bytes] | None:
        """As `receive`, without waiting: None when all of it has not come yet. Raises ChildDied."""
        self._read()
        return self._frame()

    def _frame(self) -> tuple[bytes, bytes] | None:
        """Take the next frame from what has come; None when it has not come in whole."""
        head = protocol.FRAME.size
        if len(self._buffer) < head:
            return None
        kind, size = protocol.FRAME.unpack_from(self._buffer)
        if len(self._buffer) < head + size:
            return None
        payload = bytes(self._buffer[head : head + size])
        del self._buffer[: head + size]
        return kind, payload

    def _read(self) -> None:
        """Read what has come. Raises ChildDied."""
        self._log()
        try:
            part = os.read(self._stdout, _READ_BYTES)
        except BlockingIOError:
            return
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
            how = "was killed by" if -code in (signal.SIGKILL, signal.SIGTERM) else "crashed with"
            name = next((s.name for s in signal.Signals if s == -code), "real-time")
            return ChildDied("signal", f"it {how} signal {-code} ({name})")
        return ChildDied("exit", f"exit status {code}")
