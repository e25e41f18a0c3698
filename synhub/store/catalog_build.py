"""Builds a whole catalog anew: under another name, without indexes until all rows are in, then put in place.

Answers for speed and for the file; what the rows of a top level are is catalog.py's, the same for one job as for all.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from synhub.rdf import Iri
from synhub.store.catalog import Catalog, index_words, write_fresh, write_uses
from synhub.store.catalog_entry import Entry
from synhub.store.catalog_rebuild import rebuild
from synhub.store.database import delete_database
from synhub.store.entry_workers import entries_of
from synhub.store.sorted_top_levels import SortedTopLevel

_CACHE_KIB = 512 << 10
_ROWS = 5_000  # top levels written together: rows of one table are sorted before they go in


def build_catalog(
    path: Path, top_levels: Iterable[SortedTopLevel], number: int, tell: Callable[[int], None] = lambda _: None
) -> int:
    """Put a new catalog of these top levels at `path`, up to step `number`; return how many there are.

    `tell` is called with how many are written. What was at `path` stays until the new one is whole.
    """
    new = path.with_name(path.name + ".new")
    delete_database(new)
    catalog = Catalog(new)
    try:
        with closing(catalog), catalog.database.write() as connection:
            count = _fill(connection, top_levels, number, tell)
        _settle(new)
    except BaseException:
        delete_database(new)
        raise
    delete_database(path)
    new.replace(path)
    return count


def _fill(
    connection: sqlite3.Connection,
    top_levels: Iterable[SortedTopLevel],
    number: int,
    tell: Callable[[int], None],
) -> int:
    indexes = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    later = [(name, sql) for name, sql in indexes.fetchall() if name not in _NEEDED]
    for name, _ in later:
        connection.execute(f'DROP INDEX "{name}"')
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    count = 0
    waiting: dict[Iri, dict[Iri, Entry]] = {}
    for made in entries_of(top_levels):
        for graph, entry in made:
            waiting.setdefault(graph, {})[entry.iri] = entry
        if sum(map(len, waiting.values())) >= _ROWS:
            count += _write(connection, waiting)
            tell(count)
    count += _write(connection, waiting)
    write_uses(connection)
    index_words(connection)
    for _, sql in later:
        connection.execute(sql)
    rebuild(connection)
    connection.execute("INSERT OR REPLACE INTO mark VALUES ('last_number', ?)", (number,))
    tell(count)
    return count


# Looked into while rows are written.
_NEEDED: frozenset[str] = frozenset()


def _write(connection: sqlite3.Connection, waiting: dict[Iri, dict[Iri, Entry]]) -> int:
    count = 0
    for graph, entries in waiting.items():
        write_fresh(connection, graph, entries)
        count += len(entries)
    waiting.clear()
    return count


def _settle(path: Path) -> None:
    """Make the file complete by itself and durable: its log goes back into it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("rb") as file:
        os.fsync(file.fileno())
