"""The journal: which jobs exist, how far they are, and the one sequence of numbered steps.

State of a job:  received -> prepared -> planned -> done, or failed from any of them but planned.
The row turning `planned` is the commit point: before it nothing happened, after it everything will. A step gets its
number before the store is touched, so recovery knows every step that may have reached the store.

Knows SQLite and the job folders; never touches the triple store.
"""

import json
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from synhub.errors import DiskFull, NotFound
from synhub.model import ChangeSet, Removed
from synhub.rdf import Iri
from synhub.store import changes
from synhub.store.database import Database, instant
from synhub.store.job import COLUMNS, Job, Steps, Upload, job_of

__all__ = ["Job", "Journal", "Steps", "Upload"]

_SMALL_BYTES = 1 << 16  # of a change set that three files, synced with their folders, would be too much for


class Journal:
    def __init__(self, database: Database, folder: Path, clock: Callable[[], datetime] | None = None) -> None:
        self._database = database
        self.folder = folder
        self._clock = clock or (lambda: datetime.now(UTC))
        self._unrecorded: dict[str, Exception] = {}
        self._answered: set[str] = set()  # whose rows do not say so yet
        folder.mkdir(parents=True, exist_ok=True)

    def now(self) -> str:
        return instant(self._clock())

    # --- a job's way -------------------------------------------------------------------------------------------

    def new_id(self) -> str:
        """Make a job id that nobody can guess."""
        return secrets.token_urlsafe(16)

    def new_folder(self) -> tuple[str, Path]:
        """Make a job id, and its folder."""
        job_id = self.new_id()
        folder = self.folder / job_id
        folder.mkdir()
        return job_id, folder

    def job_folder(self, job_id: str) -> Path:
        return self.folder / job_id

    def receive(
        self,
        job_id: str,
        kind: str,
        username: str,
        namespaces: Iterable[str],
        fingerprint: str = "",
        options: dict[str, Any] | None = None,
    ) -> Job:
        """Insert the row of a job whose upload is complete."""
        now, options, touched = self.now(), options or {}, sorted(namespaces)
        with self._database.write() as sql:
            sql.execute(
                "INSERT INTO job (id, kind, state, username, namespaces, fingerprint, options, created, updated)"
                " VALUES (?, ?, 'received', ?, ?, ?, ?, ?, ?)",
                (job_id, kind, username, json.dumps(touched), fingerprint, json.dumps(options), now, now),
            )
        return Job(
            job_id, kind, "received", username, tuple(touched), fingerprint, options, now, now,
            steps=None, next_step=0, last_number=0, answered=False, report={}, error_class=None, error=None,
        )  # fmt: skip

    def prepared(self, job_id: str) -> None:
        with self._database.write() as sql:
            sql.execute("UPDATE job SET state = 'prepared', updated = ? WHERE id = ?", (self.now(), job_id))

    def write_steps(self, job_id: str, steps: Iterable[ChangeSet]) -> Steps:
        """Put the change sets of a job on disk as they come, but a small one that is alone. Nothing is promised yet."""
        rest = iter(steps)
        begun = [change for change in (next(rest, None), next(rest, None)) if change is not None]
        if len(begun) == 1 and len(begun[0].adds) + len(begun[0].removes) <= _SMALL_BYTES:
            return Steps(1, begun[0])
        folder = self.job_folder(job_id)
        folder.mkdir(exist_ok=True)
        count = 0
        for change in chain(begun, rest):
            changes.write_step(folder, count, change)
            count += 1
        changes.fsync_folder(self.folder)
        return Steps(count)

    def planned(
        self,
        job_id: str,
        steps: Steps,
        report: dict[str, Any],
        uploads: Sequence[Upload] = (),
        commits: Sequence[Callable[[sqlite3.Connection], None]] = (),
    ) -> tuple[bool, int]:
        """Turn the row of a job whose change sets are on disk: its commit point. `commits` join the transaction.

        Returns whether they changed anything; and the number of an only step, which has it from now on, 0 for none: the
        store may be touched afterwards. `uploads` are named by the job from now on.
        """
        with self._database.write() as sql:
            sql.execute(
                "UPDATE job SET state = 'planned', steps = ?, report = ?, updated = ? WHERE id = ?",
                (steps.count, json.dumps(report), self.now(), job_id),
            )
            number = 0
            if steps.only is not None:
                number = self._begin_step(sql, job_id, 0, steps.only.top_levels, steps.only)
            sql.executemany(
                "INSERT INTO upload VALUES (?, ?, ?, ?, ?)",
                [(job_id, n, u.name, u.size, u.digest) for n, u in enumerate(uploads)],
            )
            changed_before = sql.total_changes
            for commit in commits:
                commit(sql)
            return sql.total_changes > changed_before, number

    def planned_removal(
        self,
        job_id: str,
        removed: Sequence[Removed],
        report: dict[str, Any],
        commits: Sequence[Callable[[sqlite3.Connection], None]] = (),
    ) -> None:
        """Commit a removal: hide the top levels and turn the row, in one transaction that `commits` join."""
        with self._database.write() as sql:
            sql.execute(
                "UPDATE job SET state = 'planned', report = ?, updated = ? WHERE id = ?",
                (json.dumps(report), self.now(), job_id),
            )
            sql.executemany("INSERT OR IGNORE INTO removal VALUES (?, ?, ?)", [(g, t, job_id) for g, t in removed])
            for commit in commits:
                commit(sql)

    def begin_step(self, job_id: str, index: int, top_levels: Sequence[Removed], only: ChangeSet | None = None) -> int:
        """Give step `index` of a job the next number, also an `only` one again; the store may be touched afterwards."""
        with self._database.write() as sql:
            return self._begin_step(sql, job_id, index, top_levels, only)

    def _begin_step(
        self, sql: sqlite3.Connection, job_id: str, index: int, top_levels: Sequence[Removed], only: ChangeSet | None
    ) -> int:
        number = sql.execute(
            "INSERT INTO step (job, step, top_levels) VALUES (?, ?, ?)",
            (job_id, index, json.dumps(top_levels)),
        ).lastrowid
        assert number is not None
        if only is not None:
            sql.execute("INSERT INTO change_set VALUES (?, ?, ?)", (number, only.removes, only.adds))
        sql.execute(
            "UPDATE job SET next_step = ?, last_number = ?, updated = ? WHERE id = ?",
            (index + 1, number, self.now(), job_id),
        )
        sql.executemany(
            "INSERT INTO graph_mark VALUES (?1, ?2) ON CONFLICT (graph) DO UPDATE SET number = ?2",
            [(graph, number) for graph in {g for g, _ in top_levels}],
        )
        return number

    def read_step(self, job_id: str, index: int) -> ChangeSet:
        """Read a change set that the store does not certainly keep. Raises FileNotFoundError."""
        row = self._database.row(
            "SELECT removes, adds, top_levels FROM step JOIN change_set USING (number) WHERE job = ? AND step = ?",
            (job_id, index),
        )
        if row is None:
            return changes.read_step(self.job_folder(job_id), index)
        return ChangeSet(removes=row[0], adds=row[1], top_levels=_tops(row[2]))

    def done(self, job_id: str) -> str:
        """Finish a job; return when. What a purge hid is forgotten with it.

        Not synced: after a power cut it is planned again, and found to be carried out.
        """
        now = self.now()
        with self._database.write(synced=False) as sql:
            sql.execute("UPDATE job SET state = 'done', updated = ? WHERE id = ?", (now, job_id))
            sql.execute("DELETE FROM removal WHERE job = ?", (job_id,))
        return now

    def fail(self, job_id: str, error_class: str, message: str, report: dict[str, Any] | None = None) -> None:
        """Record why nothing came of a job, and delete its folder. A number it was given for a step is taken back.

        Raises DiskFull: then a planned job is still planned, and is carried out at the next start at the latest.
        """
        with self._database.write() as sql:
            sql.execute(
                "UPDATE job SET state = 'failed', error_class = ?, error = ?, report = ?, pruned = 1, updated = ?,"
                " next_step = 0, last_number = 0 WHERE id = ?",
                (error_class, message, json.dumps(report or {}), self.now(), job_id),
            )
            sql.execute("DELETE FROM upload WHERE job = ?", (job_id,))
            sql.execute("DELETE FROM step WHERE job = ?", (job_id,))
        self.delete_folder(job_id)

    def fail_unplanned(self, job_id: str, error: Exception) -> None:
        """As `fail`, for a job that is not planned. Without room on the disk `record_failures` does it later."""
        try:
            report = {"findings": getattr(error, "findings", []), "files": getattr(error, "files", [])}
            self.fail(job_id, type(error).__name__, str(error), report)
        except DiskFull:
            self._unrecorded[job_id] = error
            self.delete_folder(job_id)

    def answered(self, job_id: str) -> None:
        """Note that a job's answer has been sent; `record` writes it down."""
        self._answered.add(job_id)

    def record(self) -> None:
        """Write down which answers have been sent, and the failures that the disk had no room for, as far as it has
        now."""
        for job_id in list(self._unrecorded):
            self.fail_unplanned(job_id, self._unrecorded.pop(job_id))
        if answered := list(self._answered):
            with self._database.write(synced=False) as sql:
                sql.executemany("UPDATE job SET answered = 1 WHERE id = ?", [(job_id,) for job_id in answered])
            self._answered.difference_update(answered)

    def delete_folder(self, job_id: str) -> None:
        shutil.rmtree(self.job_folder(job_id), ignore_errors=True)

    # --- questions -----------------------------------------------------------------------------------------------

    def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        found = self._jobs("id = ?", (job_id,))
        if not found:
            raise NotFound("no such job")
        return found[0]

    def _jobs(self, condition: str, values: Sequence[Any] = ()) -> list[Job]:
        answered = set(self._answered)  # before the rows are read: it leaves this set when its row says so
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM job WHERE {condition} ORDER BY created, rowid",  # noqa: S608  our own text
            values,
        )
        return [replace(job, answered=job.answered or job.id in answered) for job in map(job_of, rows)]

    def open_jobs(self) -> list[Job]:
        """Jobs that are neither done nor failed, oldest first."""
        return self._jobs("state NOT IN ('done', 'failed')")

    def find_repeat(self, fingerprint: str) -> Job | None:
        """Return the newest job with the same user, fields and bytes that did not fail."""
        found = self._jobs("fingerprint = ? AND state <> 'failed'", (fingerprint,))
        return found[-1] if found else None

    def touched_since(self, namespaces: Iterable[str], number: int) -> bool:
        """Say whether a later step than `number` belongs to a job on one of the namespaces."""
        wanted = set(namespaces)
        rows = self._database.rows("SELECT namespaces FROM job WHERE last_number > ?", (number,))
        return any(wanted & set(json.loads(text)) for (text,) in rows)

    def waiting_of(self, username: str) -> int:
        """How many jobs of a user are under way."""
        row = self._database.row(
            "SELECT count(*) FROM job WHERE username = ? AND state NOT IN ('done', 'failed')", (username,)
        )
        return int(row[0]) if row else 0

    def uploads(self, job_id: str) -> list[Upload]:
        rows = self._database.rows("SELECT name, size, digest FROM upload WHERE job = ? ORDER BY number", (job_id,))
        return [Upload(*row) for row in rows]

    def all_uploads(self) -> list[Upload]:
        return [Upload(*row) for row in self._database.rows("SELECT name, size, digest FROM upload")]

    def names_blob(self, digest: str) -> bool:
        return self._database.row("SELECT 1 FROM upload WHERE digest = ? LIMIT 1", (digest,)) is not None

    def last_number(self) -> int:
        row = self._database.row("SELECT max(number) FROM step")
        return int(row[0] or 0) if row else 0

    def last_number_of(self, username: str) -> int:
        """The number of the newest step of any of the user's jobs."""
        row = self._database.row("SELECT max(last_number) FROM job WHERE username = ?", (username,))
        return int(row[0] or 0) if row else 0

    def graphs_number(self, graphs: Sequence[Iri]) -> int:
        """The number of the newest step that touched one of the graphs."""
        marks = (self._database.row("SELECT number FROM graph_mark WHERE graph = ?", (g,)) for g in graphs)
        return max((int(mark[0]) for mark in marks if mark), default=0)

    def steps_after(self, number: int) -> list[tuple[int, str, int, tuple[Removed, ...]]]:
        """Return (number, job, step, top levels) of the later steps, in order."""
        rows = self._database.rows(
            "SELECT number, job, step, top_levels FROM step WHERE number > ? ORDER BY number", (number,)
        )
        return [(n, job, step, _tops(tops)) for n, job, step, tops in rows]

    def top_levels_of(self, job_id: str, *, before: int | None = None) -> tuple[Removed, ...]:
        """Every top level that the applied steps of a job touched; of those `before` a step, if given."""
        rows = self._database.rows(
            "SELECT top_levels FROM step WHERE job = ? AND step < coalesce(?, step + 1) ORDER BY number",
            (job_id, before),
        )
        return tuple(dict.fromkeys(top for (tops,) in rows for top in _tops(tops)))

    def removals(self) -> list[tuple[Iri, Iri, str]]:
        """All (graph, top level, job) that are hidden."""
        return [(Iri(g), Iri(t), j) for g, t, j in self._database.rows("SELECT graph, top_level, job FROM removal")]

    def count_removals(self) -> int:
        """How many removals have ever been committed."""
        row = self._database.row("SELECT count(*) FROM job WHERE kind = 'purge' AND state IN ('planned', 'done')")
        return int(row[0]) if row else 0

    def removals_of(self, job_id: str, limit: int) -> list[Removed]:
        rows = self._database.rows("SELECT graph, top_level FROM removal WHERE job = ? LIMIT ?", (job_id, limit))
        return [(Iri(g), Iri(t)) for g, t in rows]

    def purged(self, removed: Sequence[Removed]) -> None:
        """Forget removal rows whose quads are gone from the store and whose catalog rows are gone too."""
        with self._database.write() as sql:
            sql.executemany("DELETE FROM removal WHERE graph = ? AND top_level = ?", removed)

    # --- flushing ----------------------------------------------------------------------------------------------------

    @property
    def flushed_number(self) -> int:
        row = self._database.row("SELECT number FROM mark WHERE name = 'flushed'")
        assert row is not None
        return int(row[0])

    def flushed(self, number: int) -> None:
        """Record that the store keeps every step up to `number` by itself, and prune the change sets behind it."""
        with self._database.write() as sql:
            sql.execute("UPDATE mark SET number = ? WHERE name = 'flushed'", (number,))
            sql.execute("DELETE FROM change_set WHERE number <= ?", (number,))
        rows = self._database.rows(
            "SELECT id FROM job WHERE pruned = 0 AND state = 'done' AND last_number <= ?", (number,)
        )
        for (job_id,) in rows:
            self.delete_folder(job_id)
        with self._database.write() as sql:
            sql.executemany("UPDATE job SET pruned = 1 WHERE id = ?", rows)

    def delete_stray_folders(self) -> None:
        """Delete folders that no unfinished or unpruned job owns: uploads that were cut off."""
        owned = {job_id for (job_id,) in self._database.rows("SELECT id FROM job WHERE pruned = 0")}
        for path in self.folder.iterdir():
            if path.name not in owned:
                shutil.rmtree(path, ignore_errors=True)

    def forget_reports(self, before: str) -> None:
        """Clear the reports of jobs finished before an ISO instant."""
        with self._database.write() as sql:
            sql.execute(
                "UPDATE job SET report = '{}' WHERE updated < ? AND state IN ('done', 'failed') AND report <> '{}'",
                (before,),
            )

    def jobs_with_uploads(self, before: str) -> list[str]:
        """The jobs finished before an ISO instant whose uploads are kept."""
        rows = self._database.rows(
            "SELECT DISTINCT job.id FROM upload JOIN job ON job.id = upload.job"
            " WHERE job.updated < ? AND job.state = 'done'",
            (before,),
        )
        return [job_id for (job_id,) in rows]

    def forget_uploads(self, job_id: str) -> None:
        """Stop naming the blobs of a job's uploads."""
        with self._database.write() as sql:
            sql.execute("DELETE FROM upload WHERE job = ?", (job_id,))


def _tops(text: str) -> tuple[Removed, ...]:
    return tuple((Iri(g), Iri(t)) for g, t in json.loads(text))
