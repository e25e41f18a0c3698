"""Catalog entries made of text by processes of their own, for as long as a catalog is built: parsing and hashing take
longer than writing the rows.

Answers for the processes and their pipes. They end when their pipe closes, whatever becomes of who started them; a
job of theirs has no deadline. Must not know the catalog's tables.
"""

import gc
import marshal
import os
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import IO, Any

from synhub.errors import Inconsistent
from synhub.rdf import Iri
from synhub.store.catalog_entry import Elements, Entry, entry_of_lines
from synhub.store.sorted_top_levels import SortedTopLevel

BATCH_BYTES = 1 << 21
_SIZE = struct.Struct("<Q")

Made = list[tuple[Iri, Entry]]  # (graph, entry)


def batches(top_levels: Iterable[SortedTopLevel]) -> Iterator[list[SortedTopLevel]]:
    """Group top levels into messages of some megabytes."""
    batch: list[SortedTopLevel] = []
    size = 0
    for top_level in top_levels:
        batch.append(top_level)
        size += len(top_level.lines)
        if size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def make_entries(batch: Sequence[SortedTopLevel]) -> Made:
    return [(t.graph, entry_of_lines(t.top_level, t.lines)) for t in batch]


def entries_of(top_levels: Iterable[SortedTopLevel]) -> Iterator[Made]:
    """Yield the entries of all top levels, in their order, batch by batch. A single batch is made here."""
    source = batches(top_levels)
    first = next(source, None)
    second = next(source, None)
    if first is not None:
        yield from [make_entries(first)] if second is None else _parallel(first, second, source)


def _parallel(
    first: list[SortedTopLevel], second: list[SortedTopLevel], source: Iterator[list[SortedTopLevel]]
) -> Iterator[Made]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    workers = [_Worker() for _ in range(max(1, min(cores - 1, 4)))]
    free: SimpleQueue[_Worker] = SimpleQueue()
    for worker in workers:
        free.put(worker)

    def make(batch: list[SortedTopLevel]) -> Made:
        worker = free.get()
        try:
            return worker.make(batch)
        finally:
            free.put(worker)

    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(len(workers), thread_name_prefix="synhub-entries") as threads:
        try:
            for batch in _chain(first, second, source):
                waiting.append(threads.submit(make, batch))
                if len(waiting) > 2 * len(workers):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
            for worker in workers:
                worker.end()


def _chain(
    first: list[SortedTopLevel], second: list[SortedTopLevel], rest: Iterator[list[SortedTopLevel]]
) -> Iterator[list[SortedTopLevel]]:
    yield first
    yield second
    yield from rest


class _Worker:
    """One process. Used by one thread at a time."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "synhub.store.entry_workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path},
        )

    def make(self, batch: list[SortedTopLevel]) -> Made:
        """Raises Inconsistent when the process has ended."""
        assert self._process.stdin and self._process.stdout
        try:
            _send(self._process.stdin, [tuple(top_level) for top_level in batch])
            made = _receive(self._process.stdout)
        except OSError:
            made = None
        if made is None:
            raise Inconsistent(f"a process that helped to build the catalog ended with {self._process.poll()}")
        return [(graph, _unpack(fields)) for graph, fields in made]

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


_ELEMENTS = Entry._fields.index("elements")


def _pack(entry: Entry) -> tuple[object, ...]:
    """Return the entry as plain tuples."""
    return (*entry[:_ELEMENTS], [tuple(e) for e in entry.elements], *entry[_ELEMENTS + 1 :])


def _unpack(fields: Sequence[Any]) -> Entry:
    elements = frozenset(map(Elements._make, fields[_ELEMENTS]))
    return Entry._make((*fields[:_ELEMENTS], elements, *fields[_ELEMENTS + 1 :]))


def _send(stream: IO[bytes], value: Any) -> None:
    body = marshal.dumps(value)
    stream.write(_SIZE.pack(len(body)))
    stream.write(body)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    """Return the next value; None at the end. Both ends are this module, in one version of Python.

    Marshal reads an entry in a fifth of the time that pickle needs.
    """
    head = stream.read(_SIZE.size)
    if len(head) < _SIZE.size:
        return None
    (size,) = _SIZE.unpack(head)
    body = stream.read(size)
    return marshal.loads(body) if len(body) == size else None  # noqa: S302


def _serve() -> None:
    gc.disable()  # nothing here refers to itself
    received, answers = sys.stdin.buffer, sys.stdout.buffer
    while (batch := _receive(received)) is not None:
        made = make_entries([SortedTopLevel(*fields) for fields in batch])
        _send(answers, [(graph, _pack(entry)) for graph, entry in made])


if __name__ == "__main__":
    _serve()
