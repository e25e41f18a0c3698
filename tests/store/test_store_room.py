"""Room on a real disk: the reserve is for what takes away."""

import shutil
from pathlib import Path

import pytest

from synhub.errors import DiskFull
from synhub.model import ChangeSet
from synhub.store.room import Room

ALL = 1 << 60  # more than any disk has


def change(adds: int, removes: int) -> ChangeSet:
    return ChangeSet(removes=b"r" * removes, adds=b"a" * adds)


@pytest.mark.parametrize(
    "steps",
    [
        [change(0, 1)],
        [change(1_000, 1)],  # a date of modification
        [change(5_000, 5_000)],
        [change(0, 9_000), change(9_000, 0)],
    ],
)
def test_steps_that_take_away_may_use_the_reserve(tmp_path: Path, steps: list[ChangeSet]) -> None:
    assert list(Room(tmp_path, ALL).checked(steps)) == steps


@pytest.mark.parametrize(
    "steps",
    [
        [change(1, 0)],
        [change(1_002, 1)],
        [change(9_000, 0), change(0, 9_000)],
        [change(0, 1), change(5_000, 0)],
    ],
)
def test_steps_that_add_may_not_use_the_reserve(tmp_path: Path, steps: list[ChangeSet]) -> None:
    with pytest.raises(DiskFull, match="the disk of the server is full; nothing was changed"):
        list(Room(tmp_path, ALL).checked(steps))


def test_what_takes_away_needs_room_for_itself(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    Room(tmp_path, 0).check(free // 4)
    with pytest.raises(DiskFull):
        Room(tmp_path, 0).check(free, takes_away=True)
