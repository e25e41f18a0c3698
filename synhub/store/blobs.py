"""Content-addressed files: `blobs/ab/cd…` named by SHA-256. Links to files that are synced already.

Knows nothing of who refers to a blob; `delete_orphans` is told.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from synhub.errors import NotFound
from synhub.store.changes import fsync_folder

CHUNK_BYTES = 1 << 20
ORPHAN_AGE_S = 24 * 3600


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _is_old(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > ORPHAN_AGE_S


class Blobs:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._deleting = threading.Lock()
        self._adopting = threading.Lock()
        self._synced: set[Path] = set()  # folders whose names survive a power cut
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest[2:]

    def adopt(self, source: Path, digest: str) -> None:
        """Link the file `source`, whose bytes are synced already, into the store under its digest."""
        target = self.path(digest)
        with self._adopting:
            if target.exists():
                os.utime(target)  # young again: an orphan about to be deleted stays
                return
        target.parent.mkdir(exist_ok=True)
        target.hardlink_to(source)
        fsync_folder(target.parent)
        if target.parent not in self._synced:
            fsync_folder(self.folder)
            self._synced.add(target.parent)

    def get(self, digest: str) -> Path:
        """Return the path of a blob. Raises NotFound."""
        path = self.path(digest)
        if not path.is_file():
            raise NotFound("the file is not there any more")
        return path

    def damage(self, digest: str, size: int, *, read: bool) -> str:
        """Say what is wrong with a blob of `size` bytes, '' for nothing; with `read` its bytes are looked at too."""
        path = self.path(digest)
        if not path.is_file():
            return f"its blob {digest} is missing"
        found = path.stat().st_size
        if found != size:
            return f"its blob {digest} has {found} bytes, not {size}"
        return f"its blob {digest} holds other bytes" if read and sha256_of(path) != digest else ""

    def digests(self) -> Iterator[str]:
        for path in sorted(self.folder.glob("??/*")):
            if not path.name.startswith("."):
                yield path.parent.name + path.name

    @contextmanager
    def kept(self) -> Iterator[None]:
        """No blob is deleted while the block runs."""
        with self._deleting:
            yield

    def delete_orphans(self, is_named: Callable[[str], bool]) -> int:
        """Delete blobs older than a day that nobody names; return how many. None while blobs are `kept`."""
        if not self._deleting.acquire(blocking=False):
            return 0
        deleted = 0
        try:
            for digest in self.digests():
                path = self.path(digest)
                if not _is_old(path) or is_named(digest):
                    continue
                with self._adopting:
                    if _is_old(path):  # still: a job that needs it now makes it young first, and names it then
                        path.unlink()
                        deleted += 1
        finally:
            self._deleting.release()
        return deleted
