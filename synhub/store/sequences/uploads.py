"""Sequences that somebody has uploaded to search with, under a token that only its uploader can use.

Files of a folder, called after the hash of the token: who reads the disk cannot search for others. They go when they
are a day old, when their owner has uploaded many since, and when all together take too much room. Nothing is lost by
that: the file is uploaded again.
"""

import errno
import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from synhub.errors import DiskFull

LIFE_S = 24 * 3600
MOST_EACH = 20  # files of one owner
MOST_BYTES = 512 << 20

_ANONYMOUS = ""


class SequenceUploads:
    """The files; `clock` says the time in seconds. Any thread may ask."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = Lock()

    def keep(self, owner: str, sequences: Sequence[str]) -> tuple[str, float]:
        """Keep the sequences of an owner ('' is whoever holds the token); return the token and when it ends.

        Raises DiskFull.
        """
        token = secrets.token_urlsafe(24)
        data = json.dumps({"owner": owner, "sequences": list(sequences)}).encode()
        now = self._clock()
        with self._lock:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make_room(now, owner, len(data))
            path = self._path(token, owner)
            try:
                path.write_bytes(data)
                os.utime(path, (now, now))
            except OSError as error:
                path.unlink(missing_ok=True)
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise DiskFull("the disk of the server is full; nothing was kept") from error
                raise
        return token, now + LIFE_S

    def find(self, token: str, owner: str) -> list[str] | None:
        """Return the sequences under a token; None when there are none, or they are somebody else's, or too old."""
        for of in dict.fromkeys((owner, _ANONYMOUS)):
            path = self._path(token, of)
            with suppress(FileNotFoundError):
                if path.stat().st_mtime + LIFE_S < self._clock():
                    continue
                return [str(text) for text in json.loads(path.read_bytes())["sequences"]]
        return None

    def _path(self, token: str, owner: str) -> Path:
        """The owner stands in the name, too: one folder says whose files there are without opening them."""
        return self._folder / f"{_hash(owner)}-{_hash(token)}.json"

    def _make_room(self, now: float, owner: str, needed_bytes: int) -> None:
        kept: list[tuple[float, int, Path]] = []
        for modified, size, path in self._files():
            if modified + LIFE_S < now:
                path.unlink(missing_ok=True)
            else:
                kept.append((modified, size, path))
        kept.sort()
        own = [path for _, _, path in kept if path.name.startswith(_hash(owner) + "-")]
        gone = set(own[: max(0, len(own) - MOST_EACH + 1)]) if owner != _ANONYMOUS else set()
        total = needed_bytes + sum(size for _, size, _ in kept)
        for _, size, path in kept:
            if total > MOST_BYTES:
                gone.add(path)
                total -= size
        for path in gone:
            path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for path in self._folder.glob("*.json"):
            with suppress(FileNotFoundError):
                status = path.stat()
                yield status.st_mtime, status.st_size, path


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
