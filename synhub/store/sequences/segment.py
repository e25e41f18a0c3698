"""Reading a segment of the sequence index: where its words stand; and making its table. Needs numpy: children only.

The table is built in blocks of four million letters, so that it takes 150 MB whatever the segment's size; its pages
are written by the system as it sees fit.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from synhub.search.alignment import Alphabet
from synhub.search.seeds import CODINGS, KEYS, Bytes, Keys, word_keys
from synhub.store.sequences.files import DIGEST_BYTES, Facts, delete_segment, describe, write_segment

BLOCK: Final = 1 << 22

Keep = Callable[[Sequence[bytes]], AbstractSet[bytes]]
Places = NDArray[np.int64]

_AT_ONCE = 500  # digests that `keep` is asked about together

_Number = TypeVar("_Number", bound=np.generic)


class Segment:
    """One open segment; everything in it is mapped, nothing is read before it is asked for."""

    def __init__(self, folder: Path, facts: Facts) -> None:
        self.facts = facts
        self.coding = CODINGS[cast(Alphabet, facts.alphabet)]
        self.residues: Bytes = _mapped(folder / f"{facts.name}.residues", np.uint8)
        self.starts: NDArray[np.uint64] = _mapped(folder / f"{facts.name}.starts", np.uint64)
        self._digests: Bytes = _mapped(folder / f"{facts.name}.digests", np.uint8).reshape(-1, DIGEST_BYTES)
        self._heads: NDArray[np.uint32] | None = None
        if facts.table:
            self._heads = _mapped(folder / f"{facts.name}.heads", np.uint32)
            self._places: NDArray[np.uint32] = _mapped(folder / f"{facts.name}.places", np.uint32)
        self._overlap = self.coding.k  # k - 1 letters and a newline

    def digest(self, sequence: int) -> bytes:
        return bytes(self._digests[sequence])

    def starts_of(self, sequences: NDArray[np.intp]) -> Places:
        return self.starts[sequences].astype(np.int64)

    def lengths_of(self, sequences: NDArray[np.intp]) -> Places:
        return self.starts[sequences + 1].astype(np.int64) - self.starts_of(sequences) - self._overlap

    def text(self, sequence: int) -> bytes:
        start, end = int(self.starts[sequence]), int(self.starts[sequence + 1])
        return self.residues[start : end - self._overlap].tobytes()

    def sequence_at(self, places: Places) -> NDArray[np.intp]:
        """Return the number of the sequence that each place in the residues belongs to."""
        return np.searchsorted(self.starts, places.astype(np.uint64), side="right") - 1

    def counts(self, keys: Keys) -> NDArray[np.int64]:
        """Return how often each word occurs; without a table a guess, the same for all."""
        if self._heads is None:
            return np.full(len(keys), max(1, self.facts.letters // KEYS), np.int64)
        return self._heads[keys + 1].astype(np.int64) - self._heads[keys]

    def hits(self, keys: Keys, offsets: NDArray[np.int32]) -> tuple[Places, NDArray[np.int64]]:
        """Return every place where one of the words stands, and the word's offset in the query."""
        if self._heads is None:
            return self._walk(keys, offsets)
        return _gather(self._heads, self._places, keys, offsets)

    def _walk(self, keys: Keys, offsets: NDArray[np.int32]) -> tuple[Places, NDArray[np.int64]]:
        """As `hits`, by looking at every word of the segment."""
        wanted = np.zeros(KEYS, np.bool_)
        wanted[keys] = True
        found_keys, found_places = [np.empty(0, np.uint32)], [np.empty(0, np.uint32)]
        for block_keys, places in word_blocks(self):
            there = wanted[block_keys]
            found_keys.append(block_keys[there])
            found_places.append(places[there])
        all_keys, all_places = np.concatenate(found_keys), np.concatenate(found_places)
        order = np.argsort(all_keys, kind="stable")
        heads = np.zeros(KEYS + 1, np.uint32)
        np.cumsum(np.bincount(all_keys, minlength=KEYS), out=heads[1:])
        return _gather(heads, all_places[order], keys, offsets)


def _mapped(path: Path, dtype: type[_Number]) -> NDArray[_Number]:
    """Map a file of numbers; what cannot be mapped, an empty file, is an empty array."""
    if not path.stat().st_size:
        return np.empty(0, dtype)
    return np.memmap(path, dtype, mode="r").view(np.ndarray)  # indexing the subclass is several times slower


def _gather(
    heads: NDArray[np.uint32], places: NDArray[np.uint32], keys: Keys, offsets: NDArray[np.int32]
) -> tuple[Places, NDArray[np.int64]]:
    first = heads[keys].astype(np.int64)
    counts = heads[keys + 1].astype(np.int64) - first
    ends = counts.cumsum()
    total = int(ends[-1]) if len(ends) else 0
    where = np.repeat(first - (ends - counts), counts) + np.arange(total)
    return places[where].astype(np.int64), np.repeat(offsets.astype(np.int64), counts)


def word_blocks(segment: Segment) -> Iterator[tuple[Keys, NDArray[np.uint32]]]:
    """Yield all words of a segment with their places, in blocks of neighbouring places."""
    k = segment.coding.k
    for start in range(0, segment.facts.letters, BLOCK):
        keys, good = word_keys(segment.residues[start : start + BLOCK + k - 1], segment.coding)
        places = np.flatnonzero(good)
        yield keys[places], (places + start).astype(np.uint32)


def write_table(folder: Path, facts: Facts) -> Facts:
    """Write the table of a segment, synced; return its new facts. Raises OSError."""
    segment = Segment(folder, facts)
    counts = np.zeros(KEYS, np.int64)
    for keys, _ in word_blocks(segment):
        counts += np.bincount(keys, minlength=KEYS)
    heads = np.zeros(KEYS + 1, np.uint32)
    np.cumsum(counts, out=heads[1:])
    _write(folder / f"{facts.name}.heads", heads)
    path = folder / f"{facts.name}.places"
    with path.open("wb") as file:
        if heads[-1]:  # a full disk is found here, not by a signal when a page is written
            os.posix_fallocate(file.fileno(), 0, int(heads[-1]) * 4)
    if heads[-1]:
        places = np.memmap(path, np.uint32, mode="r+")
        fill = heads[:-1].astype(np.int64)
        for keys, at in word_blocks(segment):
            packed = np.sort(keys.astype(np.uint64) << np.uint64(32) | at)
            sorted_keys = (packed >> np.uint64(32)).astype(np.uint32)
            block_counts = np.bincount(sorted_keys, minlength=KEYS)
            first = block_counts.cumsum() - block_counts
            places[fill[sorted_keys] + np.arange(len(packed)) - first[sorted_keys]] = packed.astype(np.uint32)
            fill += block_counts
        places.flush()
    return describe(folder, facts.name, facts.alphabet, table=True)


def _write(path: Path, values: NDArray[np.uint32]) -> None:
    with path.open("wb") as file:
        file.write(values.tobytes())
        file.flush()
        os.fsync(file.fileno())


def merge_segments(folder: Path, name: str, old: Sequence[Facts], keep: Keep) -> Facts:
    """Write one segment, with a table, of the sequences of several that `keep` wants of those it is given. Synced.

    Raises OSError; what was written is deleted then.
    """
    entries = merge(*(_entries(Segment(folder, facts)) for facts in old), key=_digest_of)
    facts = write_segment(folder, name, old[0].alphabet, _kept(entries, keep))
    try:
        return write_table(folder, facts) if facts.sequences else facts
    except BaseException:
        delete_segment(folder, name)
        raise


def _digest_of(entry: tuple[bytes, Segment, int]) -> bytes:
    return entry[0]


def _entries(segment: Segment) -> Iterator[tuple[bytes, Segment, int]]:
    for sequence in range(segment.facts.sequences):
        yield segment.digest(sequence), segment, sequence


def _kept(entries: Iterable[tuple[bytes, Segment, int]], keep: Keep) -> Iterator[tuple[bytes, bytes]]:
    entries = iter(entries)
    last = b""
    while some := list(islice(entries, _AT_ONCE)):
        kept = keep([digest for digest, _, _ in some])
        for digest, segment, sequence in some:
            if digest in kept and digest != last:
                yield digest, segment.text(sequence)
                last = digest
