"""Processes that answer questions to the catalog while this one is busy with others: Python runs one thread at a time.

None is there until the first time that one would have helped; until it is ready, and whenever all are busy, the caller
asks the catalog here. Must not know what is asked.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from synhub.errors import SynhubError
from synhub.store import child as protocol
from synhub.store.base import TripleStore
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.questions import read_answer, write_question
from synhub.store.child_process import ChildProcess
from synhub.store.children import rebuild

logger = logging.getLogger("synhub.children")

ANSWER_S = 20.0  # how long one may work on an answer; after that it is given here
_START_S = 60.0
_RECYCLE_AFTER = 50_000  # answers


class Reader:
    """One such process. Used by one caller at a time."""

    def __init__(self, process: ChildProcess) -> None:
        self.process = process
        self.is_asked = False  # and has not answered

    def ask(self, question: bytes) -> None:
        """Send a question. Raises ChildDied."""
        self.is_asked = True
        request = {"task": "catalog", "timeout_s": ANSWER_S}
        self.process.send(protocol.ASK, request, time.monotonic() + _START_S, question)

    def answer(self) -> tuple[Any] | None:
        """Return what was answered; None as long as it has not come. Raises ChildDied, and what the call raised."""
        frame = self.process.received()
        return None if frame is None else self._read(*frame)

    def wait(self) -> Any:
        """Wait for the answer. Raises as `answer`."""
        return self._read(*self.process.receive(time.monotonic() + _START_S))[0]

    def _read(self, kind: bytes, payload: bytes) -> tuple[Any]:
        self.is_asked = False
        if kind == protocol.ERROR:
            raise rebuild(json.loads(payload))
        return (read_answer(payload),)


class Readers:
    """Up to `most` of them. A new one is first asked the question `first`. Methods may be called from any thread."""

    def __init__(self, catalog: Catalog, store: TripleStore, most: int, memory_bytes: int, first: partial[Any]) -> None:
        self._catalog = catalog
        self._store = store
        self._most = most
        self._arguments = ["0", str(memory_bytes), "{}"]
        self._first = first
        self._lock = threading.Lock()
        self._idle: list[Reader] = []
        self._readers: set[Reader] = set()
        self._count = 0  # those that are being started too
        self._closed = False

    def question(
        self, call: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any] = MappingProxyType({})
    ) -> bytes:
        """Return the question what a function returns; see `write_question`."""
        return write_question(self._catalog, self._store, call, arguments, named)

    def take(self) -> Reader | None:
        """Return one that is idle, for `give_back`; None when there is none. If there may be more, one is started."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            if self._closed or self._count >= self._most:
                return None
            self._count += 1
        threading.Thread(target=self._start, name="synhub-reader-start", daemon=True).start()
        return None

    def give_back(self, reader: Reader) -> None:
        """Let others have it; one that owes an answer is ended."""
        with self._lock:
            if not (reader.is_asked or self._closed) and reader.process.jobs < _RECYCLE_AFTER:
                self._idle.append(reader)
                return
            self._readers.discard(reader)
            self._count -= 1
        reader.process.end()

    def pids(self) -> list[int]:
        """The processes that exist now."""
        with self._lock:
            return [reader.process.process.pid for reader in self._readers]

    def close(self) -> None:
        """End all of them, also those that work."""
        with self._lock:
            self._closed = True
            readers, self._idle = self._idle, []
            for reader in self._readers:
                reader.process.process.kill()  # whoever has it gives it back
        for reader in readers:
            self.give_back(reader)

    def _start(self) -> None:
        """Start one; it is there for others when it has answered something."""
        try:
            reader = Reader(ChildProcess("catalog", self._arguments))
        except OSError as error:  # as without: all is answered here
            logger.warning("no process for searches can be started: %s", error)
            with self._lock:
                self._count -= 1
            return
        with self._lock:
            self._readers.add(reader)
            is_wanted = not self._closed
        try:
            if is_wanted:
                reader.ask(self.question(self._first.func, self._first.args))
                reader.wait()
        except SynhubError as error:
            logger.warning("the process for searches did not start: %s", error)
        finally:
            self.give_back(reader)
