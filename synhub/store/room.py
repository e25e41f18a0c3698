"""Whether the disk has room for what a job stores. The reserve is kept for what takes away: it makes room."""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from synhub.errors import DiskFull
from synhub.model import ChangeSet

_COPIES = 3  # of every change: the change set, the engine's log, its tables
_DATE_BYTES = 1_000  # a deletion adds the date of modification, and that only


class Room:
    """The disk that `folder` is on, of which `reserve_bytes` are kept."""

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes

    def check(self, size: int, *, takes_away: bool = False) -> None:
        """Refuse before anything happens what would fill the disk. Raises DiskFull."""
        kept = 0 if takes_away else self._reserve_bytes
        if shutil.disk_usage(self._folder).free < _COPIES * size + kept:
            raise DiskFull("the disk of the server is full; nothing was changed")

    def left_bytes(self) -> int:
        """How much may be written before the reserve is touched."""
        return max(0, shutil.disk_usage(self._folder).free - self._reserve_bytes)

    def checked(self, steps: Iterable[ChangeSet]) -> Iterator[ChangeSet]:
        """Pass the steps of one job on as long as there is room for all of them so far. Raises DiskFull."""
        adds = removes = 0
        for step in steps:
            adds += len(step.adds)
            removes += len(step.removes)
            self.check(adds + removes, takes_away=removes > 0 and adds <= removes + _DATE_BYTES)
            yield step
