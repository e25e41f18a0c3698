"""Which top levels have a term: sets of ids in chunks, kept by every job. Here they are written, built and checked.

Reading them is sets.py's business. What is hidden stays in the sets.
"""

import sqlite3
from collections.abc import Iterable, Sequence

from synhub.store.catalog import bits
from synhub.store.catalog.words import letters_of, number_words, split

# kinds of terms
ALL = 0  # term 0: every top level
FACET = 1  # `entry.facet_key`s of values that many objects share
TEXT = 2  # words (vocabulary.id) of displayIds, names and descriptions
NAME = 3  # words of the first name, or of the displayId where there is none: top_level.sort_name
USED = 4  # bit length of the number of uses: 0, 1, 2-3, 4-7, ...
LATEST = 5  # term 0: no later version of the same identity in the graph, hidden or not
MEMBER = 6  # row id of a collection: its members by their own IRI
VERSION = 7  # row id of a collection: all versions of the identities that are its members
HIDDEN = 8  # term 0: the rows of the table `hidden`
CREATED = 9  # `year_of` top_level.created
MODIFIED = 10
LETTER = 11  # the characters (code points) of words of kind TEXT

_CHUNK = (1 << bits.CHUNK_SHIFT) - 1
_YEAR_US = 31_556_952_000_000
_MUCH = 300_000  # changes that are kept in memory: some 60 MB


def is_shared(key: int) -> bool:
    """Say whether a facet key has a set: those of values that few objects share are asked of the table `facet`."""
    return bool(key & 1)


def year_of(at_us: int) -> int:
    """Return the year of an instant, counted from 1970, that is of a length that all have."""
    return at_us // _YEAR_US


def span_of(year: int) -> tuple[int, int]:
    """Return the first and the last instant of a `year_of`."""
    return year * _YEAR_US, (year + 1) * _YEAR_US - 1


class Postings:
    """Changes of one transaction; `write` ends it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._changes: dict[tuple[int, int | str, int], dict[int, bool]] = {}
        self._waiting = 0

    def put(self, kind: int, term: int | str, row_id: int, *, holds: bool = True) -> None:
        """Say that a row has a term, or has it no longer. Words are terms as texts."""
        self._put_all(kind, (term,), row_id, holds=holds)

    def _put_all(self, kind: int, terms: Iterable[int | str], row_id: int, *, holds: bool) -> None:
        changes, chunk, place = self._changes, row_id >> bits.CHUNK_SHIFT, row_id & _CHUNK
        for term in terms:
            key = (kind, term, chunk)
            if key in changes:
                changes[key][place] = holds
            else:
                changes[key] = {place: holds}
            self._waiting += 1

    def put_facets(self, row_id: int, old: frozenset[int], new: frozenset[int]) -> None:
        self._put_all(FACET, [key for key in old - new if is_shared(key)], row_id, holds=False)
        self._put_all(FACET, [key for key in new - old if is_shared(key)], row_id, holds=True)

    def put_words(self, kind: int, row_id: int, old: Sequence[str], new: Sequence[str]) -> None:
        """`old` and `new` are texts of a row of `folded`, or its name; none before it comes and after it has gone."""
        if old == new:
            return
        had, has = split(*old), split(*new)
        self._put_all(kind, had - has, row_id, holds=False)
        self._put_all(kind, has - had, row_id, holds=True)
        if kind == TEXT:
            before, after = letters_of(had), letters_of(has)
            self._put_all(LETTER, before - after, row_id, holds=False)
            self._put_all(LETTER, after - before, row_id, holds=True)
        if self._waiting > _MUCH:
            self.write()

    def put_uses(self, row_id: int, old: int | None, new: int | None) -> None:
        """`old` and `new` are numbers of uses; None before a row comes and after it has gone."""
        before = None if old is None else old.bit_length()
        after = None if new is None else new.bit_length()
        if before == after:
            return
        if before is not None:
            self.put(USED, before, row_id, holds=False)
        if after is not None:
            self.put(USED, after, row_id)

    def put_dates(self, row_id: int, old: tuple[int, int] | None, new: tuple[int, int] | None) -> None:
        """`old` and `new` are when it was created and modified; None before a row comes and after it has gone."""
        for n, kind in enumerate((CREATED, MODIFIED)):
            before, after = ((None if dates is None else year_of(dates[n])) for dates in (old, new))
            if before == after:
                continue
            if before is not None:
                self.put(kind, before, row_id, holds=False)
            if after is not None:
                self.put(kind, after, row_id)

    def write(self) -> None:
        """Write what has changed."""
        words, new = number_words(self._connection, {t for _, t, _ in self._changes if isinstance(t, str)})
        # in the order of the table: fewer page misses
        changes = sorted(
            (kind, words[term] if isinstance(term, str) else term, chunk, term in new, change)
            for (kind, term, chunk), change in self._changes.items()
        )
        self._changes, self._waiting = {}, 0
        written: list[tuple[int, int, int, bytes]] = []
        gone: list[tuple[int, int, int]] = []
        for kind, term, chunk, is_new, change in changes:
            key = (kind, term, chunk)
            stored = b"" if is_new else self._stored(key)
            packed = _changed(stored, change)
            if packed:
                written.append((*key, packed))
            elif stored:
                gone.append(key)
        self._connection.executemany("INSERT OR REPLACE INTO posting VALUES (?, ?, ?, ?)", written)
        self._connection.executemany("DELETE FROM posting WHERE kind = ? AND term = ? AND chunk = ?", gone)

    def _stored(self, key: tuple[int, int, int]) -> bytes:
        sql = "SELECT ids FROM posting WHERE kind = ? AND term = ? AND chunk = ?"
        row: tuple[bytes] | None = self._connection.execute(sql, key).fetchone()
        return b"" if row is None else row[0]


def _changed(stored: bytes, change: dict[int, bool]) -> bytes:
    come = [place for place, holds in change.items() if holds]
    if not stored:
        return bits.pack_ordered(sorted(come))
    gone = [place for place, holds in change.items() if not holds]
    return bits.changed(stored, come, gone)


def mark_hidden(connection: sqlite3.Connection, row_ids: Iterable[int], *, holds: bool) -> None:
    """Say that some rows are hidden, or are so no longer."""
    postings = Postings(connection)
    for row_id in row_ids:
        postings.put(HIDDEN, 0, row_id, holds=holds)
    postings.write()
