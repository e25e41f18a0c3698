"""Triples as they lie in a file, brought together by top level: an external sort in bounded memory.

What a store or a file yields is ordered by subject; a top level is several subjects, anywhere. Pieces of text go to
sorted files on disk, which are read together. Knows N-Triples lines and sbh:topLevel; must not know what they are for.
"""

import heapq
import struct
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

from synhub.rdf import Iri, iri_term
from synhub.vocab import SBH

_TOP_LEVEL = iri_term(SBH.topLevel).encode() + b" "
_RUN_BYTES = 96 << 20  # of text in memory; Python's objects around it take about half as much again
_HEAD = struct.Struct("<III")  # graph, bytes of the top level's IRI, bytes of the text


class SortedTopLevel(NamedTuple):
    """All lines of one top level. `lines` are canonical N-Triples, repeats and all."""

    graph: Iri
    top_level: Iri
    lines: bytes


class TopLevelSorter:
    """Takes lines in any order of subjects, those of one subject together, and yields whole top levels by IRI.

    `strays` counts the triples of subjects that belong to no top level, `first_stray` is one of them; `torn` is a
    subject that names more than one top level. `top_levels` is about how many there are. Files go to `folder`, which is
    the caller's to delete.
    """

    def __init__(self, folder: Path, run_bytes: int = _RUN_BYTES) -> None:
        self._folder = folder
        self._run_bytes = run_bytes
        self._graphs: dict[Iri, int] = {}
        self._pieces: list[tuple[int, bytes, bytes]] = []
        self._size = 0
        self._runs: list[Path] = []
        self._tops: dict[Iri, int] = {}
        self.triples: dict[Iri, int] = {}
        self.top_levels = 0
        self.strays: dict[Iri, int] = {}
        self.first_stray = b""
        self.torn = b""

    def add(self, graph: Iri, lines: Iterable[bytes]) -> None:
        """Take N-Triples lines, each with its ` .`, without line ends. A subject is not continued in another call."""
        number = self._graphs.setdefault(graph, len(self._graphs))
        subject, length = b"\n", 1  # no line begins with it
        top: bytes | None = None
        piece: list[bytes] = []
        count = 0
        for line in lines:
            if not line.startswith(subject):
                if piece:
                    self._put(number, graph, top, piece)
                length = line.index(b" ") + 1
                subject, top, piece = line[:length], None, []
            if line.startswith(_TOP_LEVEL, length):
                named = line[length + len(_TOP_LEVEL) + 1 : -3]
                if top is not None and top != named:
                    self.torn = subject
                top = named
                self.top_levels += subject[1:-2] == named
            piece.append(line)
            count += 1
        if piece:
            self._put(number, graph, top, piece)
        self.triples[graph] = self.triples.get(graph, 0) + count

    def _put(self, number: int, graph: Iri, top: bytes | None, piece: list[bytes]) -> None:
        if top is None:
            self.strays[graph] = self.strays.get(graph, 0) + len(piece)
            self.first_stray = self.first_stray or piece[0]
            return
        text = b"\n".join(piece)
        self._pieces.append((number, top, text))
        self._size += len(text)
        if self._size > self._run_bytes:
            self._spill()

    def _spill(self) -> None:
        path = self._folder / f"run-{len(self._runs)}"
        self._pieces.sort()
        with path.open("wb", buffering=1 << 20) as file:
            for number, top, text in self._pieces:
                file.write(_HEAD.pack(number, len(top), len(text)))
                file.write(top)
                file.write(text)
        self._runs.append(path)
        self._pieces, self._size = [], 0

    def __iter__(self) -> Iterator[SortedTopLevel]:
        self._pieces.sort()
        graphs = list(self._graphs)
        merged = heapq.merge(*(_read(path) for path in self._runs), self._pieces)
        for (number, top), pieces in groupby(merged, itemgetter(0, 1)):
            yield SortedTopLevel(graphs[number], Iri(top.decode()), b"\n".join(text for _, _, text in pieces) + b"\n")


def _read(path: Path) -> Iterator[tuple[int, bytes, bytes]]:
    with path.open("rb", buffering=1 << 20) as file:
        while head := file.read(_HEAD.size):
            number, top, text = _HEAD.unpack(head)
            yield number, _exactly(file, top), _exactly(file, text)


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise EOFError("a sorted file is shorter than it was written")
    return data
