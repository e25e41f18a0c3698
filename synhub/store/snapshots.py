"""Snapshots of the embedded store for child processes: hard-linked copies that nobody writes to.

Answers for: when one is taken, how many exist, when they go. Must not know what is asked of them.

They pin disk while they are held (278 -> 628 MB with one old one, measured), hence few, and deleted at start.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from synhub.errors import DiskFull, StoreUnavailable, SynhubError

logger = logging.getLogger("synhub.snapshots")

_MOST = 4
_NO_ROOM = (
    "the disk of the server is full: queries are answered from a snapshot of the store, and none could be taken;"
    " please ask again when there is room"
)
_FAILED = "no snapshot of the store could be taken: "
# Under 200 writes a second a copy takes 0.7 s, most of it for what is in the log and has to be written as tables:
# waiting for it made every second's first query that slow, and 5 % of all (bench/NOTES.md).
_LATE = 3
_PATIENCE_S = 10.0  # how long a first query waits for a sequence to end when there is no snapshot at all


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folder that a store can be opened from, and the number of the last step that is certainly in it."""

    path: Path
    number: int


@dataclass(slots=True)
class _Entry:
    snapshot: Snapshot
    taken_s: float
    users: int = 0


class Snapshots:
    """At most four snapshots in `folder`, the newest last. Methods may be called from any thread.

    `backup` copies the store to an absent folder. `number` is that of the last step that has been applied: it may
    lag behind the store, never run ahead of it. `quiet` says that no numbered sequence of steps is under way: a
    snapshot taken inside one would show half a job.
    """

    def __init__(
        self,
        folder: Path,
        backup: Callable[[Path], None],
        number: Callable[[], int],
        quiet: Callable[[], bool],
        max_age_s: float,
    ) -> None:
        self._folder = folder
        self._backup = backup
        self._number = number
        self._quiet = quiet
        self._max_age_s = max_age_s
        self._taking = threading.Lock()  # one at a time; before `_lock` where both are wanted
        self._lock = threading.Lock()
        self._entries: list[_Entry] = []
        self._taken = 0
        self._renewing = False
        self._closed = False
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    @contextmanager
    def acquire(self, at_least: int) -> Iterator[Snapshot]:
        """Hold the newest snapshot.

        A new one is taken when the store has changed and the newest is old or lacks step `at_least`. Who can do with
        the newest gets it at once, and the next one is taken meanwhile; only when it lacks that step, or is three times
        as old as may be, because nobody has asked for long, is a new one waited for.

        While a sequence runs, or four are in use, the newest there is serves.
        Raises StoreUnavailable when there is none and none can be taken.
        """
        entry = self._hold(at_least)
        try:
            yield entry.snapshot
        finally:
            with self._lock:
                entry.users -= 1
                self._drop_unused()

    def take(self) -> None:
        """Take one now if the store has changed; what a writer may call just before a sequence of steps.

        Without room for one the writer goes on: queries wait for the end of the sequence then.
        """
        try:
            self._renew(at_least=self._number())
        except StoreUnavailable as error:
            logger.warning("%s", error)

    def close(self) -> None:
        """Delete them all."""
        with self._taking, self._lock:
            self._closed = True
            self._entries.clear()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _hold(self, at_least: int) -> _Entry:
        patience_ends = time.monotonic() + _PATIENCE_S
        while True:
            with self._lock:
                entry = self._entries[-1] if self._entries else None
                if entry is not None and not self._is_due(entry, at_least, _LATE * self._max_age_s):
                    if not self._renewing and self._is_due(entry, at_least, self._max_age_s):
                        self._renewing = True
                        threading.Thread(target=self._renew_meanwhile, name="synhub-snapshot", daemon=True).start()
                    entry.users += 1
                    return entry
            self._renew(at_least)
            with self._lock:
                if self._entries:
                    entry = self._entries[-1]
                    entry.users += 1
                    return entry
            if time.monotonic() > patience_ends:
                raise StoreUnavailable("a large change is being stored; please ask again in a moment")
            time.sleep(0.05)

    def _is_due(self, newest: _Entry, at_least: int, max_age_s: float) -> bool:
        """Say whether there is something new for a caller who wants step `at_least`, and it is time to fetch it."""
        if newest.snapshot.number == self._number():
            return False
        return newest.snapshot.number < at_least or time.monotonic() - newest.taken_s > max_age_s

    def _renew_meanwhile(self) -> None:
        try:
            self._renew(0)
        except StoreUnavailable as error:
            logger.warning("%s", error)
        finally:
            self._renewing = False

    def _renew(self, at_least: int) -> None:
        """Take a snapshot if one is due and may be taken. Others go on using the newest meanwhile."""
        with self._taking:
            with self._lock:
                if self._closed or (self._entries and not self._is_due(self._entries[-1], at_least, self._max_age_s)):
                    return
            if not self._quiet():
                return
            with self._lock:
                self._drop_unused()
                if len(self._entries) == _MOST and self._entries[-1].users == 0:
                    self._drop(self._entries[-1])
                has_room = len(self._entries) < _MOST
            if has_room:
                self._add()

    def _add(self) -> None:
        """Take one. Kept only when no sequence of steps can have run meanwhile.

        Two steps or more in the time of one backup may have been a whole short sequence: then once more.
        After that it is a server under constant load, and one that is never renewed would be worse.
        """
        for attempts_left in (1, 0):
            number, started_s = self._number(), time.monotonic()
            path = self._folder / str(self._taken)
            self._taken += 1
            try:
                self._backup(path)
            except (OSError, SynhubError) as error:
                shutil.rmtree(path, ignore_errors=True)
                if not self._entries:
                    raise StoreUnavailable(_NO_ROOM if isinstance(error, DiskFull) else _FAILED + str(error)) from error
                logger.warning("no snapshot could be taken, an older one serves: %s", error)
                return
            quiet = self._quiet()
            if quiet and (self._number() - number < 2 or not attempts_left):
                with self._lock:
                    self._entries.append(_Entry(Snapshot(path, number), started_s))
                    self._drop_unused()
                return
            shutil.rmtree(path, ignore_errors=True)
            if not quiet:
                return

    def _drop_unused(self) -> None:
        for entry in self._entries[:-1]:
            if entry.users == 0:
                self._drop(entry)

    def _drop(self, entry: _Entry) -> None:
        self._entries.remove(entry)
        shutil.rmtree(entry.snapshot.path, ignore_errors=True)
