"""The files of the sequence index: segments of sequences and the manifest that names them.

Answers for: writing a segment and changing the manifest so that after a crash at any point the old or the new state
is there, and nothing that is half written is ever read. A segment is never changed. Knows nothing of k-mers, and
loads no numpy: the server itself writes new sequences with this module.

A segment NNN of S sequences and L letters, in order of the digests:

    NNN.digests   24 bytes each, ascending
    NNN.starts    S + 1 numbers of 8 bytes: where each sequence starts in the residues
    NNN.residues  the letters, folded; behind each sequence its first letters again (words over the origin), a newline
    NNN.heads     2^20 + 1 numbers of 4 bytes, NNN.places: L numbers of 4 bytes: where each word stands (absent in
                  small segments, which are walked through instead)
"""

import json
import mmap
import os
import threading
import zlib
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

FORMAT = 1
DIGEST_BYTES = 24
MANIFEST = "manifest.json"
_PARTS = ("digests", "starts", "residues", "heads", "places")
_OVERLAP = {"nucleotide": 9, "protein": 3}  # k - 1


@dataclass(frozen=True, slots=True)
class Facts:
    """What the manifest says of a segment.

    `alphabet`: one of alignment.py, or "other" for texts that are no sequence of letters, of which the digests alone
    are kept. `letters` counts the whole residues file; `checksum` is of all parts.
    """

    name: str
    alphabet: str
    sequences: int
    letters: int
    table: bool
    checksum: int


class Digests(Sequence[bytes]):
    """The digests of a segment, sorted, in a mapped file."""

    def __init__(self, path: Path) -> None:
        self._size = path.stat().st_size
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if self._size else None

    def __len__(self) -> int:
        return self._size // DIGEST_BYTES

    def __getitem__(self, index: int | slice) -> bytes:  # type: ignore[override]  # slices are not asked for
        assert isinstance(index, int) and self._map is not None
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._map[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]

    def between(self, first: bytes, last: bytes) -> set[bytes]:
        """Return those from one digest to another, both included."""
        if self._map is None:
            return set()
        start, end = bisect_left(self, first), bisect_right(self, last)
        block = self._map[start * DIGEST_BYTES : end * DIGEST_BYTES]
        return {block[at : at + DIGEST_BYTES] for at in range(0, len(block), DIGEST_BYTES)}

    def close(self) -> None:
        if self._map is not None:
            self._map.close()


def overlap(residues: bytes, alphabet: str) -> bytes:
    """Return what stands behind a sequence in a segment: as many of its first letters as a word has, less one."""
    if not residues:  # an empty sequence, or a text that is none
        return b""
    size = _OVERLAP[alphabet]
    return (residues * (size // len(residues) + 1))[:size] if len(residues) < size else residues[:size]


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def write_segment(folder: Path, name: str, alphabet: str, entries: Iterable[tuple[bytes, bytes]]) -> Facts:
    """Write (digest, folded residues) in order of the digests, without a table. Synced; the manifest is not changed.

    Raises OSError; what was written is deleted then.
    """
    starts = array("Q", [0])
    try:
        with (folder / f"{name}.digests").open("wb") as digests, (folder / f"{name}.residues").open("wb") as letters:
            for digest, residues in entries:
                digests.write(digest)
                starts.append(starts[-1] + letters.write(b"%b%b\n" % (residues, overlap(residues, alphabet))))
            _sync(digests)
            _sync(letters)
        with (folder / f"{name}.starts").open("wb") as file:
            file.write(starts.tobytes())
            _sync(file)
        return describe(folder, name, alphabet, table=False)
    except BaseException:
        delete_segment(folder, name)
        raise


def describe(folder: Path, name: str, alphabet: str, *, table: bool) -> Facts:
    """Make the facts of a segment from its files."""
    sequences = (folder / f"{name}.digests").stat().st_size // DIGEST_BYTES
    letters = (folder / f"{name}.residues").stat().st_size
    return Facts(name, alphabet, sequences, letters, table, _checksum(folder, name))


def _checksum(folder: Path, name: str) -> int:
    found = 0
    for part in _PARTS:
        path = folder / f"{name}.{part}"
        if path.exists():
            with path.open("rb") as file:
                while block := file.read(1 << 20):
                    found = zlib.crc32(block, found)
    return found


def delete_segment(folder: Path, name: str) -> None:
    for part in _PARTS:
        (folder / f"{name}.{part}").unlink(missing_ok=True)


def read_manifest(folder: Path) -> list[Facts] | None:
    """Return the segments there are; None when there is no index, or one that cannot be used (of another format,
    damaged, files missing or of another size): it is to be built again."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        if manifest["format"] != FORMAT:
            return None
        segments = [Facts(**facts) for facts in manifest["segments"]]
        return segments if all(_is_whole(folder, facts) for facts in segments) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_whole(folder: Path, facts: Facts) -> bool:
    sizes = {"digests": facts.sequences * DIGEST_BYTES, "starts": (facts.sequences + 1) * 8, "residues": facts.letters}
    if facts.table:
        sizes["heads"] = ((1 << 20) + 1) * 4
        sizes["places"] = int.from_bytes(_last_head(folder, facts.name), "little") * 4
    return all((folder / f"{facts.name}.{part}").stat().st_size == size for part, size in sizes.items())


def _last_head(folder: Path, name: str) -> bytes:
    with (folder / f"{name}.heads").open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return file.read(4)


def damage(folder: Path) -> list[str]:
    """Read every file of the index and say which segments are not what was written."""
    segments = read_manifest(folder)
    if segments is None:
        return []  # there is no index: what there is to search is read from the store then
    return [
        f"segment {facts.name} of the sequence index is damaged: delete the folder sequences, it is built again"
        for facts in segments
        if _checksum(folder, facts.name) != facts.checksum
    ]


class Manifest:
    """The manifest of one folder, in the one process that writes it. Methods may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        found = read_manifest(folder)
        self.fresh = found is None
        self._segments: list[Facts] = found or []
        self._digests = {s.name: Digests(folder / f"{s.name}.digests") for s in self._segments}
        self._delete_strangers()
        if self.fresh:
            self._write(self._segments)
        self._serial = max((int(s.name) for s in self._segments), default=0)

    @property
    def segments(self) -> tuple[Facts, ...]:
        with self._lock:
            return tuple(self._segments)

    def next_name(self) -> str:
        """Return a name no segment has had since the start."""
        with self._lock:
            self._serial += 1
            return f"{self._serial:06d}"

    def missing(self, digests: Sequence[bytes]) -> list[bytes]:
        """Return those of some digests, which ascend, that no segment holds."""
        if not digests:
            return []
        with self._lock:
            held = set[bytes]().union(*(d.between(digests[0], digests[-1]) for d in self._digests.values()))
        return [digest for digest in digests if digest not in held]

    def replace(self, gone: Iterable[str], come: Iterable[Facts]) -> None:
        """Put segments in the place of others, at once; the files of those that went are deleted."""
        gone = set(gone)
        with self._lock:
            segments = [s for s in self._segments if s.name not in gone] + [s for s in come if s.sequences]
            self._write(segments)
            self._segments = segments
            for segment in segments:
                if segment.name not in self._digests:
                    self._digests[segment.name] = Digests(self.folder / f"{segment.name}.digests")
            for name in gone:
                self._digests.pop(name).close()
        for name in gone:
            delete_segment(self.folder, name)

    def close(self) -> None:
        with self._lock:
            for digests in self._digests.values():
                digests.close()
            self._digests.clear()

    def _write(self, segments: Iterable[Facts]) -> None:
        temporary = self.folder / (MANIFEST + ".new")
        with temporary.open("wb") as file:
            file.write(json.dumps({"format": FORMAT, "segments": [asdict(s) for s in segments]}).encode())
            _sync(file)
        temporary.replace(self.folder / MANIFEST)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _delete_strangers(self) -> None:
        """Delete what a crash left behind."""
        known = {s.name for s in self._segments}
        for path in self._strangers(known):
            with suppress(OSError):
                path.unlink()

    def _strangers(self, known: set[str]) -> Iterator[Path]:
        for path in self.folder.iterdir():
            if path.name != MANIFEST and path.stem not in known:
                yield path
