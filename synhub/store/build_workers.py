"""Processes that help while a catalog is built: they make rows of text, and sets of rows, which takes longer than
writing them.

Answers for the processes and their pipes. They end when their pipe closes, whatever becomes of who started them; a
job of theirs has no deadline. What they make is said by catalog/fresh.py and catalog/rebuild.py.
"""

import gc
import marshal
import os
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain, groupby, islice
from operator import attrgetter
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, NamedTuple, Self

from synhub.errors import Inconsistent
from synhub.rdf import Iri
from synhub.store.catalog.entry import entry_of_lines
from synhub.store.catalog.fresh import FreshRows, fresh_rows
from synhub.store.catalog.rebuild import Chunk, Sets, sets_of
from synhub.store.cores import cores
from synhub.store.database import Database
from synhub.store.sorted_top_levels import SortedTopLevel

BATCH_BYTES = 1 << 22
_MARSHAL = 2  # later versions look for what occurs twice, which costs more time than it saves
_BATCHES_AHEAD = 8  # so that there is work meanwhile
_SIZE = struct.Struct("<Q")

_Question = tuple[str, Any]  # what is wanted, and of what


class Batch(NamedTuple):
    """Top levels of one graph, with their lines, that get ids one after the other."""

    graph: int
    serial: int
    top_levels: list[tuple[Iri, bytes]]


def batches(top_levels: Iterable[SortedTopLevel], number_of: Callable[[Iri], int]) -> Iterator[Batch]:
    """Group top levels into messages of some megabytes. `number_of` is asked for the number of each graph once."""
    for graph, inside in groupby(top_levels, key=attrgetter("graph")):
        number, serial, size = number_of(graph), 1, 0
        batch: list[tuple[Iri, bytes]] = []
        for _, top_level, lines in inside:
            batch.append((top_level, lines))
            size += len(lines)
            if size > BATCH_BYTES:
                yield Batch(number, serial, batch)
                serial, size, batch = serial + len(batch), 0, []
        if batch:
            yield Batch(number, serial, batch)


def _size(batch: Batch) -> int:
    return sum(len(lines) for _, lines in batch.top_levels)


def make_rows(batch: Batch) -> FreshRows:
    return fresh_rows(batch.graph, batch.serial, (entry_of_lines(*top_level) for top_level in batch.top_levels))


class BuildWorkers:
    """As many processes as there are cores, started when there is work for two. One thread uses this.

    Who writes has less to do than they have, and mostly waits for what the slowest of them makes.
    """

    def __init__(self) -> None:
        self._workers: list[_Worker] = []
        self._free: SimpleQueue[_Worker] = SimpleQueue()
        self._threads = ThreadPoolExecutor(_processes(), thread_name_prefix="synhub-build")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()
        self._threads.shutdown(cancel_futures=True)

    def rows_of(self, top_levels: Iterable[SortedTopLevel], number_of: Callable[[Iri], int]) -> Iterator[FreshRows]:
        """Yield the rows of all top levels, graph by graph, in their order. Those of a few are made here."""
        source = batches(top_levels, number_of)
        first: list[Batch] = []
        while sum(map(_size, first)) <= BATCH_BYTES:
            batch = next(source, None)
            if batch is None:
                yield from map(make_rows, first)
                return
            first.append(batch)
        questions = (("rows", tuple(batch)) for batch in chain(first, source))
        for made in self._each(questions, _BATCHES_AHEAD):
            yield FreshRows(*made)

    def sets_of(self, path: Path, chunks: Sequence[Chunk]) -> Iterator[tuple[int, Sets]]:
        """Yield the sets of chunks, each with its number, from what has been committed. All have been made when this
        returns, and wait as bytes: some 120 a top level."""
        questions = [(str(path), tuple(chunk)) for chunk in chunks]
        if len(chunks) < 2:
            made = [_sets(*question) for question in questions]
        else:
            made = list(self._each((("sets", question) for question in questions), _BATCHES_AHEAD))
        return ((chunk.number, marshal.loads(packed)) for chunk, packed in zip(chunks, made, strict=True))  # noqa: S302

    def _each(self, questions: Iterable[_Question], ahead: int) -> Iterator[Any]:
        """Yield the answers in the order of the questions, of which some are asked ahead, the first of them now."""
        if not self._workers:
            self._workers = [_Worker() for _ in range(_processes())]
            for worker in self._workers:
                self._free.put(worker)
        questions = iter(questions)
        waiting = deque(self._threads.submit(self._ask, question) for question in islice(questions, ahead))

        def answers() -> Iterator[Any]:
            while waiting:
                answer = waiting.popleft().result()
                waiting.extend(self._threads.submit(self._ask, question) for question in islice(questions, 1))
                yield answer

        return answers()

    def _ask(self, question: _Question) -> Any:
        worker = self._free.get()
        try:
            return worker.ask(question)
        finally:
            self._free.put(worker)


def _processes() -> int:
    return min(cores(), 4)


class _Worker:
    """One process. Used by one thread at a time."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "synhub.store.build_workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path},
        )

    def ask(self, question: _Question) -> Any:
        """Raises Inconsistent when the process has ended."""
        assert self._process.stdin and self._process.stdout
        try:
            _send(self._process.stdin, question)
            answer = _receive(self._process.stdout)
        except OSError:
            answer = None
        if answer is None:
            raise Inconsistent(f"a process that helped to build the catalog ended with {self._process.poll()}")
        return answer

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


def _send(stream: IO[bytes], value: Any) -> None:
    body = marshal.dumps(value, _MARSHAL)
    stream.write(_SIZE.pack(len(body)))
    stream.write(body)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    """Return the next value; None at the end. Both ends are this module, in one version of Python.

    Marshal reads rows in a fifth of the time that pickle needs.
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
    while (question := _receive(received)) is not None:
        what, value = question
        _send(answers, tuple(make_rows(Batch(*value))) if what == "rows" else _sets(*value))


def _sets(path: str, chunk: Sequence[Any]) -> bytes:
    with closing(Database(Path(path), "catalog", read_only=True)) as database:
        return marshal.dumps(sets_of(database.read(), Chunk(*chunk)), _MARSHAL)


if __name__ == "__main__":
    _serve()
