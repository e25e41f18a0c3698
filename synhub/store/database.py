"""SQLite connections and migrations.

`Database` owns one file: one writing connection behind a lock, and a reading connection per thread. Migrations are
files `migrations/<family>_NNNN_name.sql`, applied in order inside a transaction; `PRAGMA user_version` says how many
have been. A file written by a newer synhub is refused. What can be derived again is not migrated: the files
`<family>_name.sql` are its whole schema, and a database that another schema has made is to be made again.
"""

import logging
import sqlite3
import sys
import threading
import time
import zlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from synhub.errors import DiskFull, Inconsistent
from synhub.store.kept import Kept

logger = logging.getLogger("synhub.database")

T = TypeVar("T")

_MAPPED_BYTES = 1 << 30
_STEPS = 1_000  # of SQLite, some 50 µs, after which the clock is looked at


def instant(moment: datetime) -> str:
    """Return an instant as UTC text of one width, so that it sorts."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _migrations(family: str) -> list[str]:
    folder = files("synhub.store").joinpath("migrations")
    names = sorted(f.name for f in folder.iterdir() if f.name.startswith(family + "_") and f.name.endswith(".sql"))
    return [folder.joinpath(name).read_text(encoding="utf-8") for name in names]


def _statements(script: str) -> Iterator[str]:
    """Split a script whose statements end at line ends: `executescript` would end the transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    yield statement  # a comment, or a statement that SQLite will complain about


def _translate(error: sqlite3.OperationalError) -> Exception:
    if "disk is full" in str(error) or "disk I/O error" in str(error):
        return DiskFull("the disk of the server is full; nothing was changed")
    return error


_TOGETHER = 50


def insert_all(connection: sqlite3.Connection, insert: str, rows: Sequence[Sequence[Any]]) -> None:
    """Execute `INSERT INTO … VALUES (…)` for all rows.

    For some of them at a time: a narrow row then takes 0.4 µs instead of 0.9, most of which is not the table's.
    """
    whole = len(rows) - len(rows) % _TOGETHER
    if whole:
        _, _, row = insert.partition(" VALUES ")
        groups = (tuple(chain.from_iterable(rows[n : n + _TOGETHER])) for n in range(0, whole, _TOGETHER))
        connection.executemany(insert + f", {row}" * (_TOGETHER - 1), groups)
    if whole < len(rows):
        connection.executemany(insert, rows[whole:])


class TookLong(Exception):
    """Reading took longer than it may."""


class CorruptDatabase(Inconsistent):
    """The file is no database, or a damaged one."""


def delete_database(path: Path) -> None:
    """Delete a database file with its log."""
    for name in (path.name, path.name + "-wal", path.name + "-shm"):
        path.with_name(name).unlink(missing_ok=True)


def open_or_remake(path: Path, opener: Callable[[Path], T]) -> T:
    """Open a database that can be derived again; one that cannot be read is replaced by an empty one."""
    try:
        return opener(path)
    except CorruptDatabase as error:
        logger.warning("%s; it is made again", error)
        delete_database(path)
        return opener(path)


class Database:
    """One SQLite file in WAL mode.

    `family` names its migrations. `derived` is what can be made again from other files: it is not synced at each
    transaction. With `read_only` it belongs to another process, which has it open: nothing is written. Raises
    Inconsistent when the file was written by a newer synhub, CorruptDatabase when a derived one has another schema.
    """

    def __init__(self, path: Path, family: str, *, derived: bool = False, read_only: bool = False) -> None:
        self.path = path
        self._derived = derived
        self._lock = threading.RLock()
        self._local = threading.local()
        self._listing = threading.Lock()  # of its own: who reads is not to wait for who writes
        self._readers: list[sqlite3.Connection] = []
        self._read_only = read_only
        self._commits = 0  # twice those that have ended, and one more while one is being made
        self.kept = Kept(self._state)
        if read_only:
            return
        try:
            self._writer = self._connect()
            self._migrate(family)
        except sqlite3.OperationalError as error:
            raise _translate(error) from error
        except sqlite3.DatabaseError as error:
            raise CorruptDatabase(f"{path} cannot be read: {error}") from error
        except Inconsistent:
            self._writer.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        name = f"{self.path.absolute().as_uri()}?mode={'ro' if self._read_only else 'rwc'}"
        connection = sqlite3.connect(name, uri=True, timeout=30, isolation_level=None, check_same_thread=False)
        if self._read_only:  # for a statement or two over much of it, which took a third less so
            connection.execute(f"PRAGMA mmap_size={_MAPPED_BYTES}")
            return connection
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'NORMAL' if self._derived else 'FULL'}")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def _migrate(self, family: str) -> None:
        scripts = _migrations(family)
        newest = zlib.crc32("".join(scripts).encode()) >> 1 if self._derived else len(scripts)  # 31 bits
        if self._writer.execute("PRAGMA user_version").fetchone() == (newest,):
            return
        with self.write() as transaction:  # two processes may open a new file at once: look again under the lock
            (version,) = transaction.execute("PRAGMA user_version").fetchone()
            if self._derived and version not in (0, newest):
                raise CorruptDatabase(f"{self.path} was made by another version; synhub reindex makes it again")
            if version > newest:
                raise Inconsistent(
                    f"{self.path} was written by a newer synhub (format {version}); install that version"
                )
            for script in scripts if self._derived else scripts[version:]:
                for statement in _statements(script):
                    transaction.execute(statement)
            transaction.execute(f"PRAGMA user_version={newest}")

    @contextmanager
    def write(self, *, synced: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the write lock; rolled back when the block raises.

        One that is not `synced` is seen at once, and survives a power cut when a later one is. Raises DiskFull when
        there is no room.
        """
        with self._lock:
            try:
                if not synced:
                    self._writer.execute("PRAGMA synchronous=NORMAL")
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    yield self._writer
                    self._commit()
                except BaseException:
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
                    raise
            except sqlite3.OperationalError as error:
                raise _translate(error) from error
            finally:
                if not (synced or self._derived):
                    self._writer.execute("PRAGMA synchronous=FULL")

    def _commit(self) -> None:
        self._commits += 1
        try:
            self._writer.execute("COMMIT")
        finally:
            self._commits += 1

    def _state(self) -> Hashable | None:
        """Return what tells the newest committed state from all others; None where this thread may read another one.

        All is written here, or by another process: then SQLite says to each connection whether anything was.
        """
        connection = self.read()
        if connection.in_transaction or self._commits & 1:
            return None
        if self._read_only:
            return (connection, *connection.execute("PRAGMA data_version").fetchone())
        return self._commits

    @contextmanager
    def as_new(self) -> Iterator[None]:
        """What is written inside goes where it stays, not into the log first, and is not synced. The file is of no use
        when the block raises; others may read it (`read_only`) only while nothing is written."""
        self._set("journal_mode=OFF", "synchronous=OFF")
        yield
        self._set("journal_mode=WAL", "synchronous=NORMAL" if self._derived else "synchronous=FULL")

    def _set(self, *pragmas: str) -> None:
        for pragma in pragmas:
            self._writer.execute(f"PRAGMA {pragma}")

    def read(self) -> sqlite3.Connection:
        """This thread's reading connection; each statement sees the newest committed state."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only=ON")
            self._local.connection = connection
            with self._listing:
                self._readers.append(connection)
        return connection

    def rows(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        return self.read().execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self.read().execute(sql, values).fetchone()
        return found

    @contextmanager
    def one_state(self) -> Iterator[None]:
        """What this thread reads inside is of one state. Keep it short: meanwhile the log only grows."""
        connection = self.read()
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("COMMIT")

    @contextmanager
    def brief(self, seconds: float) -> Iterator[None]:
        """What this thread does inside may take so much of a processor. Raises TookLong in a statement that goes on."""
        connection, end = self.read(), time.thread_time() + seconds
        connection.set_progress_handler(lambda: time.thread_time() > end, _STEPS)
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
                if sys.version_info < (3, 12):  # which prepares a statement anew each time once it was interrupted
                    self._forget(connection)
                raise TookLong from error
            raise
        finally:
            connection.set_progress_handler(None, 0)

    def _forget(self, connection: sqlite3.Connection) -> None:
        """Let this thread read by another connection; this one is closed when nobody holds a cursor of it."""
        del self._local.connection
        with self._listing:
            self._readers.remove(connection)

    def close(self) -> None:
        with self._lock, self._listing:
            for connection in self._readers if self._read_only else [*self._readers, self._writer]:
                connection.close()
            self._readers.clear()
