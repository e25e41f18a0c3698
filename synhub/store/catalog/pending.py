"""What the catalog tells the sequence index: which texts are new to it, where each can be read, who may see which.

Knows the tables `elements` and `sequence_new`; no files and no numpy.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from synhub.rdf import Iri
from synhub.store.catalog.update import GRAPH_SHIFT
from synhub.store.database import Database

_PARAMETERS = 500
_WALK = 20_000
_READABLE = (
    f" AND id >> {GRAPH_SHIFT} IN (SELECT id FROM graph WHERE iri IN (SELECT value FROM json_each(?)))"  # noqa: S608
    " AND NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.id = elements.id)"
)


class Pending(NamedTuple):
    """A text that is to be indexed: its digest, and a sequence that has it with the graph it stands in, if any has."""

    digest: bytes
    sequence: Iri | None
    graph: Iri | None


def pending(database: Database, after: bytes, limit: int) -> list[Pending]:
    """Return the texts to be indexed that come after a digest, in the order of their digests."""
    rows = database.rows(
        "SELECT digest, (SELECT json_array(subject, id) FROM elements WHERE elements.digest = sequence_new.digest)"
        " FROM sequence_new WHERE digest > ? ORDER BY digest LIMIT ?",
        (after, limit),
    )
    graphs = {int(number): Iri(iri) for number, iri in database.rows("SELECT id, iri FROM graph")}
    found: list[Pending] = []
    for digest, place in rows:
        subject, number = json.loads(place) if place else (None, None)
        found.append(Pending(digest, subject, None if number is None else graphs[number >> GRAPH_SHIFT]))
    return found


def any_pending(database: Database) -> bool:
    return database.row("SELECT 1 FROM sequence_new LIMIT 1") is not None


def count_pending(database: Database) -> int:
    row = database.row("SELECT count(*) FROM sequence_new")
    assert row is not None
    return int(row[0])


def among_pending(database: Database, digests: Sequence[bytes]) -> list[bytes]:
    """Return those of some digests, which ascend, that are to be indexed."""
    if not digests:
        return []
    rows = database.rows("SELECT digest FROM sequence_new WHERE digest BETWEEN ? AND ?", (digests[0], digests[-1]))
    waiting = {digest for (digest,) in rows}
    return [digest for digest in digests if digest in waiting]


def forget_pending(database: Database, digests: Iterable[bytes]) -> None:
    """These are in the index, or in no top level any more."""
    with database.write() as connection:
        connection.executemany("DELETE FROM sequence_new WHERE digest = ?", [(digest,) for digest in digests])


def remember_pending(database: Database, digests: Iterable[bytes]) -> None:
    """These are not in the index: those that a top level has are to be indexed."""
    with database.write() as connection:
        connection.executemany(
            "INSERT OR IGNORE INTO sequence_new SELECT digest FROM elements WHERE digest = ? LIMIT 1",
            [(digest,) for digest in digests],
        )


def all_digests(database: Database) -> Iterator[list[bytes]]:
    """Yield the digests of all texts, ascending, in lists."""
    last = b""
    while rows := database.rows(
        "SELECT DISTINCT digest FROM elements WHERE digest > ? ORDER BY digest LIMIT ?", (last, _WALK)
    ):
        digests = [digest for (digest,) in rows]
        yield digests
        last = digests[-1]


def visible_digests(database: Database, digests: Sequence[bytes], graphs: Sequence[Iri] | None) -> frozenset[bytes]:
    """Return those of the digests that a top level of these graphs has that is not hidden (None: any top level)."""
    where = "" if graphs is None else _READABLE
    found: set[bytes] = set()
    for start in range(0, len(digests), _PARAMETERS):
        some = digests[start : start + _PARAMETERS]
        marks = ", ".join("?" * len(some))
        rows = database.rows(
            f"SELECT DISTINCT digest FROM elements WHERE digest IN ({marks}){where}",  # noqa: S608 - literals of this module
            (*some, *(() if graphs is None else (json.dumps(list(graphs)),))),
        )
        found.update(digest for (digest,) in rows)
    return frozenset(found)
