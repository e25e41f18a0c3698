"""Creators are counted alike whether few rows are looked at or all."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from synhub.store.catalog import bits
from synhub.store.catalog.creators import change_creators, count_creators
from synhub.store.database import Database

LOW, HIGH = 1 << 40, (2 << 40) - 1


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "catalog.sqlite", "catalog", derived=True)
    yield database
    database.close()


@pytest.mark.parametrize("size", [0, 1, 30, 150, 400, 3_000, 5_000])
def test_creators_are_counted_of_what_is_found(database: Database, size: int) -> None:
    rnd = random.Random(size)
    pairs = {(LOW + rnd.randrange(4_000), rnd.randrange(1, 50)) for _ in range(3_000)}
    others = {(HIGH + 1 + rnd.randrange(4_000), rnd.randrange(1, 50)) for _ in range(100)}
    with database.write() as connection:
        change_creators(connection, pairs | others)
    found = set(rnd.sample(range(5_000), size))
    expected = Counter(value for row_id, value in pairs if row_id - LOW in found)
    assert count_creators(database, LOW, HIGH, bits.of(found)) == expected


def test_a_change_is_counted_at_once(database: Database) -> None:
    found = bits.of([1, 2])
    assert count_creators(database, LOW, HIGH, found) == {}
    with database.write() as connection:
        change_creators(connection, [(LOW + 1, 7), (LOW + 1, 8), (LOW + 2, 7), (LOW + 3, 7)])
    assert count_creators(database, LOW, HIGH, found) == {7: 2, 8: 1}
    with database.write() as connection:
        change_creators(connection, [(LOW + 2, 9)], gone={LOW + 1, LOW + 2})
    assert count_creators(database, LOW, HIGH, found) == {9: 1}
