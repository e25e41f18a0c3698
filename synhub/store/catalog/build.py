"""Builds a whole catalog anew: under another name, indexes and triggers after all rows, then put in place.

Answers for speed and for the file; what the rows of a top level are is said by fresh.py.
"""

import gc
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from synhub.store.build_workers import BuildWorkers
from synhub.store.catalog.fresh import FreshWriter
from synhub.store.catalog.rebuild import chunks_of, write_listings, write_sets
from synhub.store.database import Database, delete_database
from synhub.store.sorted_top_levels import SortedTopLevel

_CACHE_KIB = 512 << 10
# Source: SQLite FTS5, section 6.10 (rebuild)
_INDEX_TEXTS = "INSERT INTO words (words) VALUES ('rebuild')"


def build_catalog(
    path: Path, top_levels: Iterable[SortedTopLevel], number: int, tell: Callable[[int], None] = lambda _: None
) -> int:
    """Put a new catalog of these top levels at `path`, up to step `number`; return how many there are.

    `tell` is called with how many are written. What was at `path` stays until the new one is whole.
    """
    new = path.with_name(path.name + ".new")
    delete_database(new)
    database = Database(new, "catalog", derived=True)
    try:
        with closing(database), BuildWorkers() as workers, _without_cycle_search(), database.as_new():
            with database.write() as connection:
                connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
                later = _drop(connection)
                count = _fill(connection, workers, top_levels, tell)
                connection.execute("INSERT OR REPLACE INTO mark VALUES ('last_number', ?)", (number,))
                chunks = chunks_of(connection)
            sets = workers.sets_of(new, chunks)  # all of them: who writes without a log lets nobody read meanwhile
            with database.write() as connection:
                connection.execute(_INDEX_TEXTS)
                connection.execute("INSERT INTO sequence_new SELECT DISTINCT digest FROM elements ORDER BY 1")
                for sql in later:
                    connection.execute(sql)
                write_listings(connection)
                write_sets(connection, sets)
        _sync(new)
    except BaseException:
        delete_database(new)
        raise
    delete_database(path)
    new.replace(path)
    tell(count)
    return count


@contextmanager
def _without_cycle_search() -> Iterator[None]:
    """Nothing here refers to itself; to look for it in a hundred megabytes of text again and again takes 24 µs a top
    level."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _drop(connection: sqlite3.Connection) -> list[str]:
    """Drop indexes and triggers; return what makes them again, when all rows are there."""
    found = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger')")
    later = [(kind, name, sql) for kind, name, sql in found.fetchall() if sql is not None]
    for kind, name, _ in later:
        connection.execute(f'DROP {kind} "{name}"')
    return [sql for _, _, sql in later]


def _fill(
    connection: sqlite3.Connection,
    workers: BuildWorkers,
    top_levels: Iterable[SortedTopLevel],
    tell: Callable[[int], None],
) -> int:
    count = 0
    writer = FreshWriter(connection)
    for rows in workers.rows_of(top_levels, writer.number_of):
        writer.write(rows)
        count += len(rows.top_level)
        tell(count)
    writer.end()
    return count


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
