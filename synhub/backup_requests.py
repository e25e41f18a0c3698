"""Backups that another process asks a running server for: the row that says so, who makes them, who waits.

Answers for both sides hearing of each other: a server that goes down gives up what it makes, and so does one whose
asker is gone; who asks is told how it ended, or that nobody answers. What a backup is says backup.py.
"""

import threading
import time
from contextlib import suppress
from pathlib import Path

from synhub.backup import Outcome, Tell, forget_copies, take
from synhub.errors import BadRequest, Stopping, SynhubError
from synhub.hub import Hub
from synhub.store.backups import Backups

# --- the server's side ------------------------------------------------------------------------------------------------

_LOOK_S = 0.5
_BEAT_S = 1.0


class BackupKeeper:
    """Looks for rows that ask for a backup, and makes them, one at a time, in a thread of its own."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="synhub-backup", daemon=True)

    def start(self) -> None:
        forget_copies(self._hub)
        self._thread.start()

    def stop(self) -> None:
        """Give up what is being made."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_S):
            try:
                row = self._hub.backups.take_next()
            except (SynhubError, OSError):  # e.g. a full disk: who asked is told nothing, and gives up
                continue
            if row is not None:
                _Making(self._hub, row.id, Path(row.target), self._stop).run()


class _Making:
    """One backup that somebody waits for: a second thread says that it goes on."""

    def __init__(self, hub: Hub, number: int, target: Path, stop: threading.Event) -> None:
        self._hub, self._number, self._target, self._stop = hub, number, target, stop
        self._message = ""
        self._unwanted = False
        self._ended = threading.Event()

    def run(self) -> None:
        beating = threading.Thread(target=self._beat, name="synhub-backup-beat", daemon=True)
        beating.start()
        try:
            outcome = take(self._hub, self._target, self._tell)
            state, message = "flawed" if outcome.problems else "done", str(outcome)
        except Exception as error:  # whatever it is, who asked is told
            state, message = "failed", str(error) or type(error).__name__
        self._ended.set()
        beating.join()
        with suppress(SynhubError):  # a full disk: who asked hears nothing any more, and says so
            self._hub.backups.finish(self._number, state, message)

    def _tell(self, message: str) -> None:
        self._message = message
        if self._stop.is_set():
            raise Stopping("the server is going down; the backup was given up")
        if self._unwanted:
            raise Stopping("nobody waits for the backup any more")

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT_S):
            with suppress(SynhubError):  # a full disk: who asked hears nothing for a while
                self._unwanted = not self._hub.backups.beat(self._number, self._message)


# --- who asks ---------------------------------------------------------------------------------------------------------

PATIENCE_S = 30.0


def ask(backups: Backups, target: Path, tell: Tell, patience_s: float = PATIENCE_S) -> Outcome:
    """Have the running server make a backup, and wait for it.

    Raises BadRequest: with its words when it fails, or when nothing is heard of it for too long.
    """
    number = backups.ask(str(target))
    try:
        return _follow(backups, number, tell, patience_s)
    finally:
        backups.withdraw(number)


def _follow(backups: Backups, number: int, tell: Tell, patience_s: float) -> Outcome:
    last = backups.find(number)
    heard_s = time.monotonic()
    while True:
        row = backups.find(number)
        if row is None:
            raise BadRequest("the server was restarted before the backup was whole; ask again")
        if row.state in ("done", "flawed"):
            *problems, summary = row.message.split("\n")
            return Outcome(summary, tuple(problem.removeprefix("PROBLEM ") for problem in problems))
        if row.state == "failed":
            raise BadRequest(row.message)
        if row != last:
            last, heard_s = row, time.monotonic()
            tell(row.message)
        if time.monotonic() - heard_s > patience_s:
            what = "began no backup" if row.state == "asked" else "said nothing more about the backup"
            raise BadRequest(
                f"the process that uses the data folder {what} for {patience_s:g} s: it is no running server, or it"
                " ended; there is no backup"
            )
        time.sleep(0.1)
