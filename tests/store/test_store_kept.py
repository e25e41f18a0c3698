"""What is kept of a database is what would be made anew at any moment."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from synhub.store.database import Database
from synhub.store.kept import Kept


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "catalog.sqlite", "catalog", derived=True)
    yield database
    database.close()


def put(database: Database, value: int) -> None:
    with database.write() as connection:
        connection.execute("INSERT OR REPLACE INTO mark VALUES ('x', ?)", (value,))


def current(database: Database) -> int:
    row = database.row("SELECT value FROM mark WHERE name = 'x'")
    return 0 if row is None else int(row[0])


class Asked:
    """The value of the mark as it is kept, and how often it was read."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.times = 0

    def __call__(self) -> int:
        return self.database.kept.find("x", self._read, lambda _: 100)

    def _read(self) -> int:
        self.times += 1
        return current(self.database)


def test_what_nobody_changed_is_not_read_again(database: Database) -> None:
    asked = Asked(database)
    assert [asked(), asked(), asked()] == [0, 0, 0]
    assert asked.times == 1


def test_every_commit_is_seen(database: Database) -> None:
    asked = Asked(database)
    seen = []
    for n in range(1, 4):
        put(database, n)
        seen += [asked(), asked()]
    assert seen == [1, 1, 2, 2, 3, 3]
    assert asked.times == 3


def test_what_is_not_committed_is_not_seen(database: Database) -> None:
    asked = Asked(database)
    with pytest.raises(ValueError, match="no"), database.write() as connection:
        connection.execute("INSERT INTO mark VALUES ('x', 7)")
        assert asked() == 0
        raise ValueError("no")
    assert asked() == 0


def test_what_was_read_while_something_was_committed_is_not_kept(database: Database) -> None:
    def read_before_a_commit() -> int:
        found = current(database)
        put(database, 1)
        return found

    assert database.kept.find("x", read_before_a_commit, lambda _: 100) == 0
    assert Asked(database)() == 1


def test_who_reads_an_older_state_gets_that_and_leaves_nothing(database: Database) -> None:
    put(database, 1)
    asked = Asked(database)
    with database.one_state():
        assert asked() == 1
        writer = threading.Thread(target=put, args=(database, 2))
        writer.start()
        writer.join()
        assert asked() == 1
    assert asked() == 2


def test_another_process_sees_what_is_committed_here(database: Database, tmp_path: Path) -> None:
    put(database, 1)
    other = Database(tmp_path / "catalog.sqlite", "catalog", derived=True, read_only=True)
    asked = Asked(other)
    assert [asked(), asked()] == [1, 1]
    put(database, 2)
    assert [asked(), asked()] == [2, 2]
    assert asked.times == 2
    other.close()


def test_nobody_sees_less_than_what_was_committed_before_it_asked(database: Database) -> None:
    committed, wrong, done = [0], list[tuple[int, int]](), threading.Event()

    def read() -> None:
        asked = Asked(database)
        while not done.is_set():
            least = committed[0]
            found = asked()
            if found < least:
                wrong.append((found, least))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for n in range(1, 301):
        put(database, n)
        committed[0] = n
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_what_was_not_asked_for_longest_goes_first() -> None:
    kept, made = Kept(lambda: 1, most_bytes=300), list[str]()

    def ask(key: str, size: int = 100) -> None:
        kept.find(key, lambda: made.append(key), lambda _: size)

    for key in "abcadabc":
        ask(key)
    assert made == ["a", "b", "c", "d", "b", "c"]
    ask("too large", 301)
    ask("too large", 301)
    ask("c")
    assert made[6:] == ["too large", "too large"]
