"""Backups as rows of synhub.sqlite, by which one process asks the running server for one; copies of that file, and of
what the journal needs beside it.

Knows nothing of store and blobs, and of what makes a backup whole.
"""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from synhub.errors import StoreUnavailable
from synhub.store.changes import step_files
from synhub.store.database import Database
from synhub.store.journal import Journal


@dataclass(frozen=True, slots=True)
class BackupRow:
    """`state` goes from asked to running, and then to done, to flawed (whole, but files were missing) or to failed.

    `message` says how far it is or what came of it; `beat` grows while the server works on it.
    """

    id: int
    target: str
    state: str
    message: str
    beat: int


class Backups:
    """The rows. Both sides use it, each on its own connection to the file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- who asks --------------------------------------------------------------------------------------------------

    def ask(self, target: str) -> int:
        with self._database.write() as sql:
            number = sql.execute("INSERT INTO backup (target) VALUES (?)", (target,)).lastrowid
        assert number is not None
        return number

    def find(self, number: int) -> BackupRow | None:
        row = self._database.row("SELECT id, target, state, message, beat FROM backup WHERE id = ?", (number,))
        return BackupRow(*row) if row else None

    def withdraw(self, number: int) -> None:
        """Nobody waits for it any more: one that is being made is given up."""
        with self._database.write() as sql:
            sql.execute("DELETE FROM backup WHERE id = ?", (number,))

    # --- the server ------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget all: what an earlier server began, nobody ends."""
        if self._database.row("SELECT 1 FROM backup LIMIT 1") is not None:
            with self._database.write() as sql:
                sql.execute("DELETE FROM backup")

    def take_next(self) -> BackupRow | None:
        """Return the oldest that nobody has begun, and note that it is begun."""
        row = self._database.row("SELECT min(id) FROM backup WHERE state = 'asked'")
        if row is None or row[0] is None:
            return None
        with self._database.write() as sql:
            sql.execute("UPDATE backup SET state = 'running' WHERE id = ?", row)
        return self.find(row[0])

    def beat(self, number: int, message: str) -> bool:
        """Say how far it is; return whether anybody still waits for it."""
        with self._database.write() as sql:
            cursor = sql.execute("UPDATE backup SET message = ?, beat = beat + 1 WHERE id = ?", (message, number))
            return cursor.rowcount == 1

    def finish(self, number: int, state: str, message: str) -> None:
        with self._database.write() as sql:
            sql.execute("UPDATE backup SET state = ?, message = ? WHERE id = ?", (state, message, number))

    # --- the file --------------------------------------------------------------------------------------------------

    def copy_database(self, target: Path) -> None:
        """Copy the newest committed state of the whole file; others go on reading and writing meanwhile.

        Raises StoreUnavailable.
        """
        try:
            with closing(sqlite3.connect(target)) as copy:
                self._database.read().backup(copy)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self._database.path} could not be copied: {error}") from error


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a copied database names: what it is, its SHA-256 and size."""

    what: str
    digest: str
    size: int


def read_copy(path: Path) -> tuple[list[str], list[NamedFile]]:
    """Read a copied database, without changing it: what SQLite finds wrong with it, and the files that it names.

    A file that several rows name comes once.
    """
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
        try:
            problems = [text for (text,) in copy.execute("PRAGMA integrity_check") if text != "ok"]
            problems += [f"a row of {row[0]} names nothing" for row in copy.execute("PRAGMA foreign_key_check")]
            named = copy.execute(
                "SELECT 'upload ' || name, digest, size FROM upload"
                " UNION ALL SELECT 'attachment ' || iri, digest, size FROM attachment"
            ).fetchall()
        except sqlite3.DatabaseError as error:
            return [str(error)], []
    return problems, list({(digest, size): NamedFile(what, digest, size) for what, digest, size in named}.values())


def link_unfinished(journal: Journal, target: Path) -> None:
    """Link the change sets that recovery would need into folders of `target`: those of committed jobs that are not
    done, and of steps that the store does not certainly keep. Called while the writer does nothing else.

    A purge writes its next change set over the last one: that is copied.
    """
    jobs = {job.id: job for job in journal.open_jobs() if job.state == "planned"}
    jobs |= {job_id: journal.get(job_id) for _, job_id, _, _ in journal.steps_after(journal.flushed_number)}
    for job in jobs.values():
        folder = target / job.id
        folder.mkdir()
        for path in step_files(journal.job_folder(job.id)):
            if job.kind == "purge":
                shutil.copy2(path, folder / path.name)
            else:
                (folder / path.name).hardlink_to(path)
