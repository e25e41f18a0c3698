"""How much one user may have: bytes of kept files, and jobs under way.

Files that jobs under way bring count from the moment they are admitted, so that uploads at the same time cannot all
fit into the same room. Knows nothing of what the jobs do.
"""

import json
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from synhub.errors import TooLarge, TooMany
from synhub.store.database import Database
from synhub.store.journal import Upload

RETRY_AFTER_S = 5

# Kept uploads and attachments of a user, and files on their way: every blob once.
_USED = """
SELECT coalesce(sum(size), 0) FROM (
  SELECT digest, size FROM upload JOIN job ON job.id = upload.job WHERE job.username = ?1
  UNION SELECT digest, size FROM attachment WHERE username = ?1
  UNION SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?2)
)
"""


class Quotas:
    """`most_bytes` and `most_jobs` for each user; 0 means no limit. Thread-safe.

    Jobs under way are those of this process: what an earlier one left behind ends before the server listens.
    """

    def __init__(self, database: Database, most_bytes: int, most_jobs: int) -> None:
        self._database = database
        self.most_bytes = most_bytes
        self.most_jobs = most_jobs
        self._lock = threading.Lock()
        self._under_way: dict[str, dict[Future[Any], tuple[Upload, ...]]] = {}

    def used_bytes(self, username: str) -> int:
        """The bytes of a user's kept uploads and attachments, each file once."""
        return self._bytes(username, ())

    def admit(self, username: str, uploads: Iterable[Upload], result: "Future[Any]") -> None:
        """Let a job begin that brings these files; it counts until `result` is done.

        Raises TooMany when the user has too many jobs under way, TooLarge when the files do not fit.
        """
        uploads = tuple(uploads)
        with self._lock:
            jobs = self._under_way.get(username, {})
            if self.most_jobs and len(jobs) >= self.most_jobs:
                raise TooMany(
                    f"you have {len(jobs)} jobs under way, and no more are allowed at the same time; send this again"
                    " when one of them is done",
                    RETRY_AFTER_S,
                )
            if self.most_bytes and uploads:
                self._check_bytes(username, [u for files in jobs.values() for u in files], uploads)
            self._under_way.setdefault(username, {})[result] = uploads
        result.add_done_callback(lambda done: self._release(username, done))

    def extend(self, username: str, uploads: Iterable[Upload], result: "Future[Any]") -> None:
        """Let a job that was admitted bring further files, which came out of an archive. Raises TooLarge."""
        uploads = tuple(uploads)
        with self._lock:
            jobs = self._under_way.get(username, {})
            if self.most_bytes and uploads:
                self._check_bytes(username, [u for files in jobs.values() for u in files], uploads)
            if result in jobs:
                jobs[result] += uploads

    def _check_bytes(self, username: str, coming: list[Upload], uploads: tuple[Upload, ...]) -> None:
        kept = self._database.row("SELECT bytes FROM kept_bytes WHERE username = ?", (username,))
        most = int(kept[0]) if kept else 0
        if most + sum(upload.size for upload in (*coming, *uploads)) <= self.most_bytes:
            return
        used, wanted = self._bytes(username, coming), self._bytes(username, [*coming, *uploads])
        if wanted > self.most_bytes and wanted > used:  # what is there already may be sent again
            raise TooLarge(
                f"no room is left for your files: you use {used} bytes, this would add {wanted - used}, and"
                f" {self.most_bytes} are allowed; nothing was stored. Remove what you do not need any more (files of"
                " submissions may count for a day longer), or ask the administrator of this server"
            )

    def _bytes(self, username: str, more: Iterable[Upload]) -> int:
        row = self._database.row(_USED, (username, json.dumps([(u.digest, u.size) for u in more])))
        assert row is not None
        return int(row[0])

    def _release(self, username: str, result: "Future[Any]") -> None:
        with self._lock:
            jobs = self._under_way.get(username, {})
            jobs.pop(result, None)
            if not jobs:
                self._under_way.pop(username, None)
