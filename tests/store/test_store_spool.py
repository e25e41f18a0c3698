"""Spools with real children: what was written comes out, and a slow reader holds nothing but a file."""

import gc
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Timer

import pytest
from processes import open_files
from store_child_tasks import TASKS

from synhub.errors import DiskFull, InvalidQuery, Stopping
from synhub.store.children import Lane
from synhub.store.spool import Spool


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane("test", 1, 0, 1 << 30, tasks=TASKS)
    yield lane
    lane.close()


def _spool(lane: Lane, folder: Path, task: str, argument: dict[str, object], reserve_bytes: int = 0) -> Spool:
    _, stream = lane.stream(task, argument, 30, 1 << 40)
    return Spool(stream, ExitStack(), folder, reserve_bytes)


def _wait_until_free(lane: Lane, within_s: float = 5) -> None:
    """Return when the only child takes another job."""
    assert lane.call("echo", {}, 5, wait_s=within_s) == {}


def test_a_spool_gives_all_bytes_and_leaves_no_file(lane: Lane, tmp_path: Path) -> None:
    spool = _spool(lane, tmp_path, "count", {"frames": 10_000})
    assert b"".join(spool) == b"".join(b"%8d" % n for n in range(10_000))
    assert list(tmp_path.iterdir()) == []
    assert list(spool) == []


def test_the_child_is_free_while_nobody_reads(lane: Lane, tmp_path: Path) -> None:
    spool = _spool(lane, tmp_path, "count", {"frames": 50_000})
    _wait_until_free(lane)
    assert len(b"".join(spool)) == 400_000


def test_the_first_bytes_are_there_before_the_last_are_written(lane: Lane, tmp_path: Path) -> None:
    spool = _spool(lane, tmp_path, "chatter", {})
    assert next(spool)[:1] == b"x"
    spool.close()


def test_what_is_held_is_let_go_when_the_child_has_written(lane: Lane, tmp_path: Path) -> None:
    let_go: list[bool] = []
    held = ExitStack()
    held.callback(let_go.append, True)
    _, stream = lane.stream("count", {"frames": 50_000}, 30, 1 << 40)
    spool = Spool(stream, held, tmp_path, 0)
    ends = time.monotonic() + 5
    while not let_go and time.monotonic() < ends:
        time.sleep(0.01)
    assert let_go == [True]
    spool.close()


@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_spool_that_the_reader_leaves_ends_its_child(lane: Lane, tmp_path: Path, how: str) -> None:
    spool = _spool(lane, tmp_path, "chatter", {})
    next(spool)
    if how == "close":
        spool.close()
        assert list(spool) == []
    del spool
    _wait_until_free(lane)


def test_a_spool_is_abandoned_while_its_reader_waits(lane: Lane, tmp_path: Path) -> None:
    spool = _spool(lane, tmp_path, "falter", {})
    assert next(spool) == b"the first piece"
    Timer(0.2, spool.abandon).start()
    assert list(spool) == []
    _wait_until_free(lane)


def test_closing_a_spool_that_has_ended_harms_no_other_job(lane: Lane, tmp_path: Path) -> None:
    spool = _spool(lane, tmp_path, "count", {"frames": 1})
    _wait_until_free(lane)
    _, other = lane.stream("count", {"frames": 1000}, 30, 1 << 40)
    spool.close()
    assert len(b"".join(other)) == 8000


def test_a_late_error_comes_after_the_bytes(lane: Lane, tmp_path: Path) -> None:
    spool = _spool(lane, tmp_path, "count", {"frames": 2, "fail": True})
    read = b""
    with pytest.raises(InvalidQuery, match="failed late"):
        for chunk in spool:
            read += chunk
    assert read == b"       0       1"


def test_an_error_before_the_first_byte_is_told_at_once(lane: Lane, tmp_path: Path) -> None:
    spool = _spool(lane, tmp_path, "count", {"frames": 0, "fail": True})
    with pytest.raises(InvalidQuery, match="failed late"):
        spool.wait()


def test_the_reserve_of_the_disk_stays_free(lane: Lane, tmp_path: Path) -> None:
    spool = _spool(lane, tmp_path, "chatter", {}, reserve_bytes=1 << 60)
    with pytest.raises(DiskFull, match="no room for this answer"):
        spool.wait()
    _wait_until_free(lane)


def test_closing_the_lane_ends_a_spool_with_stopping(lane: Lane, tmp_path: Path) -> None:
    spool = _spool(lane, tmp_path, "chatter", {})
    lane.close()
    with pytest.raises(Stopping):
        for _ in spool:
            pass


def test_a_spool_that_is_dropped_with_its_error_closes_its_file(lane: Lane, tmp_path: Path) -> None:
    def drop() -> None:
        spool = _spool(lane, tmp_path, "count", {"frames": 0, "fail": True})
        with pytest.raises(InvalidQuery) as caught:
            spool.wait()
        assert caught.value.__traceback__ is not None  # which knows the frames that know the spool

    for _ in range(8):
        drop()
    gc.collect()
    assert not [file for file in open_files() if file.is_relative_to(tmp_path)]


def test_a_spool_that_is_collected_after_its_file_has_closed_it_before(lane: Lane, tmp_path: Path) -> None:
    spool = _spool(lane, tmp_path, "count", {"frames": 1})
    spool.wait_for_all()
    _wait_until_free(lane)
    file = spool._state.file
    circle: list[object] = [spool]
    circle.append(circle)
    del spool
    gc.collect()  # what a variable names comes before what only the circle knows
    del file, circle
    gc.collect()  # a file that ends unclosed says so, and that is an error here
