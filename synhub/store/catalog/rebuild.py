"""Sets of top levels and orders of members, made from the other tables at once: to fill an empty catalog, and to check.

What jobs keep by their differences (postings.py, members.py) must be the same.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from synhub.store.catalog import bits
from synhub.store.catalog.entry import unpack_keys
from synhub.store.catalog.members import KEYS
from synhub.store.catalog.postings import (
    ALL,
    CREATED,
    FACET,
    HIDDEN,
    LATEST,
    LETTER,
    MEMBER,
    MODIFIED,
    NAME,
    TEXT,
    USED,
    VERSION,
    is_shared,
    year_of,
)
from synhub.store.catalog.words import letters_of, split
from synhub.store.database import Database, insert_all

_OF_ROWS = (ALL, FACET, TEXT, NAME, LETTER, USED, LATEST, CREATED, MODIFIED, HIDDEN)  # the others are of memberships
_Row = tuple[int, int, int, bytes]
Sets = list[tuple[int, int | str, bytes]]  # kind, term, and the ids of one chunk that have it; words are texts
_SETS = "INSERT INTO {} VALUES (?, ?, ?, ?)"
_CHUNK = (1 << bits.CHUNK_SHIFT) - 1
_LISTED = " UNION ALL ".join(
    f"SELECT m.collection, {sort}, {key}, t.id FROM membership AS m CROSS JOIN top_level AS t ON t.node = m.member"
    for sort, key in enumerate(KEYS)
)
_TEXTS = (
    "SELECT t.id, t.facets, t.uses, t.created, t.modified, t.sort_name, f.display_id, f.name, f.description"
    " FROM top_level AS t CROSS JOIN folded AS f ON f.id = t.id WHERE t.id BETWEEN ? AND ? ORDER BY t.id"
)
_MEMBERS = (
    "SELECT m.collection, t.id FROM membership AS m CROSS JOIN top_level AS t ON t.{} = m.member"
    " ORDER BY m.collection, t.id"
)
_OLDER = (
    "SELECT id FROM (SELECT id, identity, row_number() OVER"
    " (PARTITION BY identity, graph ORDER BY version_order DESC, iri DESC) AS place FROM top_level)"
    " WHERE identity IS NOT NULL AND place > 1"
)


class Chunk(NamedTuple):
    """A part of the rows of top_level: all that have one `id >> CHUNK_SHIFT`; which of them are not the latest version
    of their identity, and which are hidden."""

    number: int
    older: list[int]
    hidden: list[int]


def chunks_of(connection: sqlite3.Connection) -> list[Chunk]:
    numbers = connection.execute(f"SELECT DISTINCT id >> {bits.CHUNK_SHIFT} FROM top_level ORDER BY 1")
    chunks = {number: Chunk(number, [], []) for (number,) in numbers}
    for (row_id,) in connection.execute(_OLDER):
        chunks[row_id >> bits.CHUNK_SHIFT].older.append(row_id)
    for (row_id,) in connection.execute("SELECT id FROM hidden"):
        chunks[row_id >> bits.CHUNK_SHIFT].hidden.append(row_id)
    return list(chunks.values())


def sets_of(connection: sqlite3.Connection, chunk: Chunk) -> Sets:
    """Return the sets that the rows of a chunk are in. Memberships have sets of their own."""
    sets: dict[int, dict[int | str, list[int]]] = {kind: {} for kind in _OF_ROWS}
    sets[HIDDEN] = {0: [row_id & _CHUNK for row_id in chunk.hidden]} if chunk.hidden else {}
    older = frozenset(chunk.older)
    low = chunk.number << bits.CHUNK_SHIFT
    for row_id, facets, uses, created, modified, *texts in connection.execute(_TEXTS, (low, low + _CHUNK)):
        place = row_id & _CHUNK
        dates = ((CREATED, (year_of(created),)), (MODIFIED, (year_of(modified),)))
        for kind, terms in (*_terms(facets, uses, texts, is_latest=row_id not in older), *dates):
            places = sets[kind]
            for term in terms:
                if term in places:
                    places[term].append(place)
                else:
                    places[term] = [place]
    return [(kind, term, bits.pack_ordered(places)) for kind, found in sets.items() for term, places in found.items()]


def write_sets(connection: sqlite3.Connection, made: Iterable[tuple[int, Sets]]) -> None:
    """Fill the empty tables of sets and words, inside a transaction of the caller. `made` are numbers of chunks, with
    what `sets_of` says of each.

    Source: SQLite FTS5, section 6.10 (rebuild).
    """
    words: dict[str, int] = {}
    for chunk, sets in made:
        new = sorted({term for _, term, _ in sets if isinstance(term, str)}.difference(words))
        numbered = [(number, word) for number, word in enumerate(new, len(words) + 1)]
        insert_all(connection, "INSERT INTO vocabulary VALUES (?, ?)", numbered)
        words.update((word, number) for number, word in numbered)
        insert_all(connection, _SETS.format("posting"), _numbered(words, chunk, sets))
    connection.execute("INSERT INTO vocabulary_part (vocabulary_part) VALUES ('rebuild')")
    for rows in _of_members(connection):
        insert_all(connection, _SETS.format("posting"), rows)


def write_listings(connection: sqlite3.Connection) -> None:
    """Fill the empty table of listings, inside a transaction of the caller."""
    connection.execute(f"INSERT INTO listing SELECT * FROM ({_LISTED}) ORDER BY 1, 2, 3, 4")


def check_sets(database: Database) -> list[str]:
    """Return a line for each kind of set, and for the listings, that the other tables do not bear out."""
    lines = []
    with sqlite3.connect("") as scratch:
        scratch.execute("ATTACH ? AS catalog", (str(database.path),))
        scratch.execute(
            "CREATE TEMP TABLE expected (kind, term, chunk, ids, PRIMARY KEY (kind, term, chunk)) WITHOUT ROWID"
        )
        try:
            for rows in _rows(scratch):
                scratch.executemany(_SETS.format("expected"), rows)
        except KeyError as error:
            return [f"the word {error} is not in the vocabulary of the catalog"]
        for one, other in (("posting", "expected"), ("expected", "posting")):
            wrong = f"SELECT kind, count(*) FROM (SELECT * FROM {one} EXCEPT SELECT * FROM {other}) GROUP BY 1"
            lines += [
                f"{n} sets of kind {kind} are not what the catalog's rows say" for kind, n in scratch.execute(wrong)
            ]
        for one, other in (("SELECT * FROM listing", _LISTED), (_LISTED, "SELECT * FROM listing")):
            (n,) = scratch.execute(
                f"SELECT count(*) FROM (SELECT * FROM ({one}) EXCEPT SELECT * FROM ({other}))"
            ).fetchone()
            lines += [f"{n} places of members are not what the catalog's rows say"] if n else []
    return lines


def _rows(connection: sqlite3.Connection) -> Iterator[list[_Row]]:
    """Yield the rows that `posting` has to have, some at a time. Raises KeyError for a word without a number."""
    words: dict[str, int] = dict(connection.execute("SELECT word, id FROM vocabulary").fetchall())
    for chunk in chunks_of(connection):
        yield _numbered(words, chunk.number, sets_of(connection, chunk))
    yield from _of_members(connection)


def _numbered(words: Mapping[str, int], chunk: int, sets: Sets) -> list[_Row]:
    """Return rows in the order of the table."""
    return sorted((kind, words[term] if isinstance(term, str) else term, chunk, ids) for kind, term, ids in sets)


def _of_members(connection: sqlite3.Connection) -> Iterator[list[_Row]]:
    return (_members(connection, kind, column) for kind, column in ((MEMBER, "node"), (VERSION, "identity")))


def _terms(
    facets: bytes, uses: int, texts: Sequence[str], *, is_latest: bool
) -> Iterator[tuple[int, Iterable[int | str]]]:
    """Yield the terms of a row by their kinds; the first of its texts is its name."""
    yield ALL, (0,)
    yield FACET, [key for key in unpack_keys(facets) if is_shared(key)]
    words = split(*texts[1:])
    yield TEXT, words
    yield LETTER, letters_of(words)
    yield NAME, split(texts[0])
    yield USED, (uses.bit_length(),)
    yield LATEST, (0,) if is_latest else ()


def _members(connection: sqlite3.Connection, kind: int, column: str) -> list[_Row]:
    pairs: Iterable[tuple[int, int]] = connection.execute(_MEMBERS.format(column))
    found = []
    for (collection, chunk), group in groupby(pairs, key=lambda pair: (pair[0], pair[1] >> bits.CHUNK_SHIFT)):
        found.append((kind, collection, chunk, bits.pack(bits.of(row_id & _CHUNK for _, row_id in group))))
    return found
