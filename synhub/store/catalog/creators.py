"""The creators of rows, a piece of 1 024 rows at a time: those of half of all rows are counted in milliseconds.

Which values they are is facets.py's business. What is hidden stays in here: readers leave it out.
"""

import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import compress, groupby, takewhile

from synhub.store.catalog import bits
from synhub.store.database import Database

_SHIFT = 10
_PIECE = 1 << _SHIFT
_WIDTH = 4  # bytes of a value
_OF_GRAPH = "SELECT piece, places, creators FROM creator WHERE piece BETWEEN ? AND ? ORDER BY piece"
_DENSE = 16  # of more rows than one of so many it is faster to look at all [measured]


def change_creators(
    connection: sqlite3.Connection, come: Iterable[tuple[int, int]], gone: Collection[int] = frozenset()
) -> None:
    """Write the creators (row id, value) of rows, after those of the rows `gone` are taken away."""
    changes: dict[int, tuple[list[tuple[int, int]], set[int]]] = {}
    for row_id, value in come:
        changes.setdefault(row_id >> _SHIFT, ([], set()))[0].append((row_id & _PIECE - 1, value))
    for row_id in gone:
        changes.setdefault(row_id >> _SHIFT, ([], set()))[1].add(row_id & _PIECE - 1)
    for piece, (new, old) in sorted(changes.items()):
        stored = connection.execute("SELECT places, creators FROM creator WHERE piece = ?", (piece,)).fetchone()
        places, creators = (array("H", stored[0]), array("I", stored[1])) if stored else (array("H"), array("I"))
        for place in old:
            first, end = bisect_left(places, place), bisect_right(places, place)
            del places[first:end], creators[first:end]
        for place, value in sorted(new):
            at = bisect_right(places, place)
            places.insert(at, place)
            creators.insert(at, value)
        if places:
            row = (piece, places.tobytes(), creators.tobytes())
            connection.execute("INSERT OR REPLACE INTO creator VALUES (?, ?, ?)", row)
        elif stored:
            connection.execute("DELETE FROM creator WHERE piece = ?", (piece,))


def count_creators(database: Database, low: int, high: int, found: int) -> Counter[int]:
    """Return how many of a set of rows of the graph `low` … `high` have each creator (value)."""
    first, others = database.kept.find(
        (low, "creators"),
        lambda: _by_row(database, low, high),
        lambda made: 200 + 4 * len(made[0]) + 100 * len(made[1]),
    )
    if found.bit_count() < len(first) // _DENSE:
        counts = Counter(map(first.__getitem__, takewhile(len(first).__gt__, bits.members(found))))
    else:
        counts = Counter(compress(first, bits.flags(found)))
    del counts[0]
    if others:
        data = bits.in_bytes(found)
        counts.update(value for at, value in others if at >> 3 < len(data) and data[at >> 3] >> (at & 7) & 1)
    return counts


def _by_row(database: Database, low: int, high: int) -> tuple["array[int]", list[tuple[int, int]]]:
    """Return a creator of each row of a graph, 0 where there is none, and those (row, creator) that rows have beside.

    No value has the number 0.
    """
    pieces = database.rows(_OF_GRAPH, (low >> _SHIFT, high >> _SHIFT))
    first = bytearray(((pieces[-1][0] + 1 << _SHIFT) - low) * _WIDTH if pieces else 0)
    others: list[tuple[int, int]] = []
    for piece, places, creators in pieces:
        begin = (piece << _SHIFT) - low
        spread, more = _spread(places, creators)
        first[begin * _WIDTH : (begin + _PIECE) * _WIDTH] = spread
        others += [(begin + place, value) for place, value in more]
    return array("I", first), others


@lru_cache(maxsize=1024)  # 8 MB: of most pieces nothing has changed when something was written
def _spread(places: bytes, creators: bytes) -> tuple[bytes, tuple[tuple[int, int], ...]]:
    """Return the same of one piece."""
    first = array("I", bytes(_PIECE * _WIDTH))
    others: list[tuple[int, int]] = []
    for place, value in zip(array("H", places), array("I", creators), strict=True):
        if first[place]:
            others.append((place, value))
        else:
            first[place] = value
    return first.tobytes(), tuple(others)


def all_creators(connection: sqlite3.Connection) -> Iterator[tuple[int, set[int]]]:
    """Yield the rows that have creators, ascending, with these."""
    for piece, places, creators in connection.execute("SELECT piece, places, creators FROM creator ORDER BY piece"):
        pairs = zip(array("H", places), array("I", creators), strict=True)
        for place, group in groupby(pairs, key=lambda pair: pair[0]):
            yield (piece << _SHIFT) + place, {value for _, value in group}
