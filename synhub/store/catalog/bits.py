"""Sets of row ids of one graph as whole numbers: bit n stands for the id `low + n`. Pure.

Python's numbers are intersected and counted in C: of a million ids in 5 and 45 µs [measured]. Stored, a set is cut into
chunks of 4 096 ids; a million of them are put together in 0.4 ms.
"""

import sys
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import compress

CHUNK_SHIFT = 12
_CHUNK = 1 << CHUNK_SHIFT
_CHUNK_BYTES = _CHUNK // 8
_DENSE = 32  # ids of a chunk from which on bits are stored: 512 bytes that need no work, instead of 64 that do
_DIGITS = bytes.maketrans(b"01", b"\0\1")
_BITS = [tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256)]


def pack(chunk: int) -> bytes:
    """Return the ids of a chunk as they are stored."""
    if chunk.bit_count() >= _DENSE:
        return chunk.to_bytes(_CHUNK_BYTES, "little")
    return array("H", members(chunk)).tobytes()


def pack_ordered(places: Sequence[int]) -> bytes:
    """As `pack`, of a chunk whose numbers are at hand in ascending order."""
    return array("H", places).tobytes() if len(places) < _DENSE else pack(of(places))


def unpack(stored: bytes) -> int:
    """Return the ids of a stored chunk."""
    if len(stored) == _CHUNK_BYTES:
        return int.from_bytes(stored, "little")
    return sum(1 << n for n in array("H", stored))


def changed(stored: bytes, come: Collection[int], gone: Collection[int]) -> bytes:
    """Return a stored chunk with some numbers more, and some less."""
    if len(stored) < _CHUNK_BYTES:
        return pack_ordered(sorted({*array("H", stored), *come}.difference(gone)))
    whole = bytearray(stored)
    for n in come:
        whole[n >> 3] |= 1 << (n & 7)
    if not gone:
        return bytes(whole)
    for n in gone:
        whole[n >> 3] &= ~(1 << (n & 7))
    return pack(int.from_bytes(whole, "little"))


def join(chunks: Iterable[tuple[int, bytes]]) -> int:
    """Return the set that stored chunks make up, each with its number from 0; a number may come more than once."""
    whole, seen = bytearray(), set[int]()
    for number, stored in chunks:
        at = number * _CHUNK_BYTES
        end = at + _CHUNK_BYTES
        if len(whole) < end:
            whole += bytes(end - len(whole))
        if len(stored) == _CHUNK_BYTES:
            if number in seen:
                both = int.from_bytes(whole[at:end], "little") | int.from_bytes(stored, "little")
                stored = both.to_bytes(_CHUNK_BYTES, "little")
            whole[at:end] = stored
        else:
            for n in array("H", stored):
                whole[at + (n >> 3)] |= 1 << (n & 7)
        seen.add(number)
    return int.from_bytes(whole, "little")


def of(numbers: Iterable[int]) -> int:
    """Return a set of numbers as one number."""
    ordered = sorted(numbers)
    if not ordered:
        return 0
    whole = bytearray((ordered[-1] >> 3) + 1)
    for n in ordered:
        whole[n >> 3] |= 1 << (n & 7)
    return int.from_bytes(whole, "little")


def members(bits: int) -> Iterator[int]:
    """Yield the numbers of a set, ascending."""
    data = in_bytes(bits)
    words = array("Q", data + bytes(-len(data) % 8))
    if sys.byteorder == "big":
        words.byteswap()
    for at in compress(range(len(words)), words):
        word, begin = words[at], at << 6
        while word:
            lowest = word & -word
            yield begin + lowest.bit_length() - 1
            word ^= lowest


def sample(bits: int, size: int) -> list[int]:
    """Return up to `size` numbers of a set from all of its range, always the same.

    Not always the same place of eight: every other row may be a sequence.
    """
    data = in_bytes(bits)
    spread = range(0, len(data), len(data) // size + 1)
    places = ((at, _BITS[data[at]]) for at in spread if data[at])
    return [at << 3 | bits_of[n % len(bits_of)] for n, (at, bits_of) in enumerate(places)]


def flags(bits: int) -> bytes:
    """Return the set with a byte of 1 or 0 for each number, the lowest first."""
    return format(bits, "b")[::-1].encode().translate(_DIGITS)


def in_bytes(bits: int) -> bytes:
    """Return the set with 8 numbers a byte, the lowest first."""
    return bits.to_bytes((bits.bit_length() + 7) >> 3, "little")
