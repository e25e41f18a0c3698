"""N-Quads files, plain or gzip: read as the engine would give them back, and written with checksums.

Answers for syntax and its places. Must not know which graphs and subjects are right.
"""

import gzip
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

import pyoxigraph

from synhub.errors import BadRequest
from synhub.rdf import Iri, Term
from synhub.sbol.literals import rewritten
from synhub.store.blobs import sha256_of
from synhub.store.whole_store import whole_subjects

SUFFIXES = (".nq", ".nq.gz")
_PIECE = 20_000  # quads in memory
_LEVEL = 4  # of gzip: a fifth larger than 6, at twice the speed

Tell = Callable[[int], None]  # bytes of files that have been read since the last call


class CountedFile:
    """A file that tells how much of it (as it lies on the disk) has been read; unpacked where it is gzip."""

    def __init__(self, path: Path, tell: Tell) -> None:
        self._raw = path.open("rb")
        self._file: gzip.GzipFile | BinaryIO = self._raw
        if path.suffix == ".gz":
            self._file = gzip.GzipFile(fileobj=self._raw)
        self._tell = tell
        self._told = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        position = self._raw.tell()
        if position - self._told > 1 << 22 or not data:
            self._tell(position - self._told)
            self._told = position
        return data

    def close(self) -> None:
        self._file.close()
        self._raw.close()


def read_quads(path: Path, tell: Tell) -> Iterator[tuple[Iri, list[bytes]]]:
    """Yield (graph, N-Triples lines as the engine would write them, without their ends); a subject that lies together
    in the file is in one piece. Raises BadRequest with file and line."""
    with closing(CountedFile(path, tell)) as file:
        try:
            for graph, pieces in groupby(_by_graph(file), itemgetter(0)):
                for lines in whole_subjects(text for _, text in pieces):
                    yield graph, lines
        except SyntaxError as error:
            raise BadRequest(f"{path}:{error.lineno}: not N-Quads: {error.msg}") from error
        except (EOFError, gzip.BadGzipFile) as error:
            raise BadRequest(f"{path}: not a whole gzip file: {error}") from error


def _by_graph(file: CountedFile) -> Iterator[tuple[Iri, bytes]]:
    quads = pyoxigraph.parse(file, pyoxigraph.RdfFormat.N_QUADS)  # type: ignore[arg-type]
    while text := pyoxigraph.serialize(islice(quads, _PIECE), format=pyoxigraph.RdfFormat.N_QUADS):
        for graph, lines in _split(text):
            yield graph, _as_stored(b"\n".join(lines) + b"\n")


def _split(text: bytes) -> Iterator[tuple[Iri, list[bytes]]]:
    """Take the graph off each line; what has none is in the graph ''."""
    graph, suffix = Iri(""), b"\n"  # no line ends with it
    lines: list[bytes] = []
    for line in text.split(b"\n"):
        if line.endswith(suffix) and line.count(b" ") > 3:  # three: the graph's own IRI as a value, in no graph
            lines.append(line[: -len(suffix)] + b" .")
            continue
        if lines:
            yield graph, lines
            lines = []
        if not line:
            continue
        triple, _, name = line[:-2].rpartition(b" ")
        if name.startswith(b"<") and name.endswith(b">") and b'"' not in name and triple.count(b" ") > 1:
            graph, suffix, lines = Iri(name[1:-1].decode()), b" " + name + b" .", [triple + b" ."]
        else:
            yield Iri(""), [line]


def _as_stored(text: bytes) -> bytes:
    """Write typed literals as the engine does."""
    if b'"^^<' not in text:
        return text
    lines = text.decode().split("\n")
    values = {n: Term(line[:-2].split(" ", 2)[2]) for n, line in enumerate(lines) if '"^^<' in line}
    changed = rewritten(values.values())
    for n, value in values.items():
        if value in changed:
            lines[n] = f"{lines[n][: -2 - len(value)]}{changed[value]} ."
    return "\n".join(lines).encode()


def write_quads(path: Path, graph: Iri, pieces: Iterable[list[bytes]]) -> tuple[int, str]:
    """Write N-Triples lines as quads of a graph into a gzip file; return how many, and the SHA-256 of the file.

    The same lines make the same file. Raises OSError.
    """
    ending = f" <{graph}> .\n".encode()
    count = 0
    with path.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as file:
        for lines in pieces:
            file.write(b"".join(line[:-2] + ending for line in lines))
            count += len(lines)
    return count, sha256_of(path)
