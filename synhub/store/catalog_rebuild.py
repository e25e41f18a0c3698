"""Sets of top levels and orders of members, made from the other tables at once: to fill an empty catalog, and to check.

What jobs keep by their differences (catalog_postings.py, catalog_members.py) must be the same.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from synhub.store import catalog_bits as bits
from synhub.store.catalog_entry import unpack_keys
from synhub.store.catalog_members import KEYS
from synhub.store.catalog_postings import ALL, FACET, HIDDEN, LATEST, MEMBER, NAME, TEXT, USED, VERSION, is_shared
from synhub.store.catalog_words import number_words, split
from synhub.store.database import Database

_OF_ROWS = (ALL, FACET, TEXT, NAME, USED, LATEST, HIDDEN)  # kinds; the others are of memberships
_Row = tuple[int, int, int, bytes]
_SETS = "INSERT INTO {} VALUES (?, ?, ?, ?)"
_CHUNK = (1 << bits.CHUNK_SHIFT) - 1
_LISTED = " UNION ALL ".join(
    f"SELECT m.collection, {sort}, {key}, t.id FROM membership AS m CROSS JOIN top_level AS t ON t.node = m.member"
    for sort, key in enumerate(KEYS)
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


def rebuild(connection: sqlite3.Connection) -> None:
    """Fill the tables of sets and listings, which must be empty, inside a transaction of the caller."""
    for rows in _rows(connection):
        connection.executemany(_SETS.format("posting"), rows)
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
            for rows in _rows(scratch, frozen=True):
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


def _rows(connection: sqlite3.Connection, *, frozen: bool = False) -> Iterator[list[_Row]]:
    """Yield the rows of `posting`, some at a time."""
    words: dict[str, int] = dict(connection.execute("SELECT word, id FROM vocabulary").fetchall())
    older = {row_id for (row_id,) in connection.execute(_OLDER)}
    hidden = {row_id for (row_id,) in connection.execute("SELECT id FROM hidden")}
    rows = connection.execute(
        "SELECT t.id, t.facets, t.uses, t.sort_name, f.display_id, f.name, f.description"
        " FROM top_level AS t CROSS JOIN folded AS f ON f.id = t.id ORDER BY t.id"
    )
    for chunk, group in groupby(rows, key=lambda row: row[0] >> bits.CHUNK_SHIFT):
        sets: dict[int, dict[int | str, list[int]]] = {
            kind: {} for kind in (ALL, FACET, TEXT, NAME, USED, LATEST, HIDDEN)
        }
        for row_id, facets, uses, *texts in group:
            place = row_id & _CHUNK
            if row_id in hidden:
                sets[HIDDEN].setdefault(0, []).append(place)
            for kind, terms in _terms(facets, uses, texts, is_latest=row_id not in older):
                places = sets[kind]
                for term in terms:
                    if term in places:
                        places[term].append(place)
                    else:
                        places[term] = [place]
        new = {word for word in (*sets[TEXT], *sets[NAME]) if isinstance(word, str) and word not in words}
        if new and not frozen:
            words |= number_words(connection, new)[0]
        yield sorted(
            (kind, words[term] if isinstance(term, str) else term, chunk, bits.pack_ordered(places))
            for kind, found in sets.items()
            for term, places in found.items()
        )
    yield from (_members(connection, kind, column) for kind, column in ((MEMBER, "node"), (VERSION, "identity")))


def _terms(
    facets: bytes, uses: int, texts: Sequence[str], *, is_latest: bool
) -> Iterator[tuple[int, Iterable[int | str]]]:
    """Yield the terms of a row by their kinds; the first of its texts is its name."""
    yield ALL, (0,)
    yield FACET, [key for key in unpack_keys(facets) if is_shared(key)]
    yield TEXT, split(*texts[1:])
    yield NAME, split(texts[0])
    yield USED, (uses.bit_length(),)
    yield LATEST, (0,) if is_latest else ()


def _members(connection: sqlite3.Connection, kind: int, column: str) -> list[_Row]:
    pairs: Iterable[tuple[int, int]] = connection.execute(_MEMBERS.format(column))
    found = []
    for (collection, chunk), group in groupby(pairs, key=lambda pair: (pair[0], pair[1] >> bits.CHUNK_SHIFT)):
        found.append((kind, collection, chunk, bits.pack(bits.of(row_id & _CHUNK for _, row_id in group))))
    return found
