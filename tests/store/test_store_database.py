"""Databases that are migrated, and those that are made again."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from synhub.errors import Inconsistent
from synhub.store.catalog.catalog import Catalog
from synhub.store.database import CorruptDatabase, Database, insert_all, open_or_remake


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
