"""Databases that are migrated, and those that are made again."""

import json
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from synhub.errors import Inconsistent
from synhub.store.catalog.catalog import Catalog
from synhub.store.database import CorruptDatabase, Database, TookLong, insert_all, open_or_remake


def _set_version(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={version}")


def test_a_derived_database_of_another_schema_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with closing(Catalog(path)) as catalog:
        catalog.update({}, 7)
    _set_version(path, 1)

    with pytest.raises(CorruptDatabase, match="synhub reindex makes it again"):
        Catalog(path)
    with closing(open_or_remake(path, Catalog)) as catalog:
        assert catalog.last_number == 0


def test_a_derived_database_of_the_same_schema_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with closing(Catalog(path)) as catalog:
        catalog.update({}, 7)

    with closing(open_or_remake(path, Catalog)) as catalog:
        assert catalog.last_number == 7


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "synhub.sqlite"
    Database(path, "synhub").close()
    _set_version(path, 99)

    with pytest.raises(Inconsistent, match="newer synhub"):
        Database(path, "synhub")


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 123])
def test_rows_that_go_in_together_are_all_there(count: int) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
        connection.execute("INSERT INTO t VALUES (3, 'before')")
        rows = [(n, str(n)) for n in range(count)]
        insert_all(connection, "INSERT OR REPLACE INTO t VALUES (?, ?)", rows)
        expected = rows if count > 3 else [*rows, (3, "before")]
        assert connection.execute("SELECT * FROM t ORDER BY a").fetchall() == expected


_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT max(i) FROM n"


_MANY = json.dumps(list(range(3_000)))


def test_what_reads_too_long_is_broken_off_and_nothing_else(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.sqlite", "catalog", derived=True)
    begun = time.monotonic()
    with pytest.raises(TookLong), database.brief(0.05):
        database.row(_ENDLESS)
    assert time.monotonic() - begun < 5
    for _ in range(3):
        with pytest.raises(TookLong), database.brief(0.001):
            database.rows("SELECT a.value FROM json_each(?) AS a, json_each(?) AS b", (_MANY, _MANY))
    prepared: list[int] = []

    def authorize(action: int, *_: object) -> int:
        prepared.append(action)
        return sqlite3.SQLITE_OK

    database.read().set_authorizer(authorize)
    pairs = "SELECT a.value FROM json_each(?) AS a, json_each(?) AS b"
    database.rows(pairs, ("[1]", "[1]"))
    prepared.clear()
    assert database.rows(pairs, ("[1]", "[1]")) == [(1,)]
    assert prepared == []  # though it was interrupted
    short = _ENDLESS.replace("100000000", "20000")
    assert database.row(short) == (20_000,)
    with database.brief(60):
        assert database.row(short) == (20_000,)
    with pytest.raises(sqlite3.OperationalError, match="no such table"), database.brief(60):
        database.row("SELECT * FROM nowhere")
    database.close()


def test_who_reads_does_not_wait_for_who_writes(tmp_path: Path) -> None:
    database = Database(tmp_path / "catalog.sqlite", "catalog", derived=True)
    waited: list[float] = []

    def read() -> None:
        begun = time.monotonic()
        with pytest.raises(TookLong), database.brief(0.01):
            database.row(_ENDLESS)
        database.row("SELECT 1")
        waited.append(time.monotonic() - begun)

    reading = threading.Thread(target=read)
    with database.write():
        reading.start()
        reading.join(30)
        assert len(waited) == 1  # while the transaction is open
    database.close()
