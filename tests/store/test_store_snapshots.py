"""Snapshots of a real store: when one is taken, what is in it, and what is left on disk."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from synhub.errors import DiskFull, StoreUnavailable
from synhub.store.snapshots import Snapshot, Snapshots


class Writer:
    """A store with numbered steps, as the writer thread has it: one quad a step."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "store")
        self.number = 0
        self.quiet = True
        self.folder = folder / "snapshots"

    def step(self) -> int:
        subject = NamedNode(f"http://example.org/{self.number + 1}")
        self.store.add(Quad(subject, NamedNode("http://example.org/p"), Literal("x")))
        self.number += 1
        return self.number

    def snapshots(self, max_age_s: float = 1000) -> Snapshots:
        return Snapshots(
            self.folder,
            lambda path: self.store.backup(str(path)),
            lambda: self.number,
            lambda: self.quiet,
            max_age_s,
        )


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    yield Writer(tmp_path)


def _size(snapshot: Snapshot) -> int:
    return len(Store.read_only(str(snapshot.path)))


def test_snapshot_holds_what_was_stored_and_stays_as_it_is(writer: Writer) -> None:
    writer.step()
    snapshots = writer.snapshots()
    with snapshots.acquire(0) as snapshot:
        writer.step()
        assert (snapshot.number, _size(snapshot)) == (1, 1)


def test_unchanged_store_is_not_copied_again_however_old_the_snapshot(writer: Writer) -> None:
    snapshots = writer.snapshots(max_age_s=0)
    with snapshots.acquire(0) as first:
        pass
    with snapshots.acquire(0) as second:
        assert second.path == first.path


def test_changed_store_is_copied_again_only_when_the_snapshot_is_old(writer: Writer) -> None:
    snapshots = writer.snapshots(max_age_s=0.1)
    with snapshots.acquire(0) as first:
        pass
    writer.step()
    with snapshots.acquire(0) as young:
        assert young.path == first.path
    time.sleep(0.31)
    with snapshots.acquire(0) as old:
        assert (old.number, _size(old)) == (1, 1)


def test_nobody_waits_for_the_renewal_of_a_snapshot_that_is_in_use_all_the_time(writer: Writer) -> None:
    slowly = threading.Event()

    def backup(path: Path) -> None:
        assert slowly.wait(5)
        writer.store.backup(str(path))

    snapshots = Snapshots(writer.folder, backup, lambda: writer.number, lambda: True, 0.1)
    slowly.set()
    with snapshots.acquire(0) as first:
        pass
    slowly.clear()
    number = writer.step()
    time.sleep(0.11)
    for _ in range(3):
        with snapshots.acquire(0) as meanwhile:
            assert meanwhile.path == first.path
    slowly.set()
    ends = time.monotonic() + 5
    while True:
        with snapshots.acquire(0) as renewed:
            if renewed.number == number:
                break
        assert time.monotonic() < ends
        time.sleep(0.005)
    snapshots.close()


def test_caller_whose_own_step_is_missing_waits_for_it(writer: Writer) -> None:
    snapshots = writer.snapshots(max_age_s=0.1)
    with snapshots.acquire(0):
        pass
    number = writer.step()
    time.sleep(0.11)
    with snapshots.acquire(number) as own:
        assert (own.number, _size(own)) == (number, number)
    snapshots.close()


def test_own_last_step_is_always_in_the_snapshot(writer: Writer) -> None:
    snapshots = writer.snapshots()
    with snapshots.acquire(0):
        pass
    number = writer.step()
    with snapshots.acquire(number) as snapshot:
        assert (snapshot.number, _size(snapshot)) == (1, 1)


def test_no_snapshot_is_taken_while_a_sequence_runs(writer: Writer) -> None:
    snapshots = writer.snapshots(max_age_s=0)
    writer.step()
    with snapshots.acquire(0):
        pass
    writer.quiet = False
    number = writer.step()
    with snapshots.acquire(number) as snapshot:
        assert snapshot.number == 1
    writer.quiet = True
    with snapshots.acquire(number) as snapshot:
        assert snapshot.number == 2


def test_snapshot_during_which_a_sequence_began_is_thrown_away(writer: Writer) -> None:
    def backup(path: Path) -> None:
        writer.store.backup(str(path))
        if writer.number == 1:
            writer.quiet = False

    snapshots = Snapshots(writer.folder, backup, lambda: writer.number, lambda: writer.quiet, 0)
    with snapshots.acquire(0):
        pass
    writer.step()
    with snapshots.acquire(1) as snapshot:
        assert snapshot.number == 0
    assert [path.name for path in writer.folder.iterdir()] == [snapshot.path.name]


def test_snapshot_during_which_a_whole_sequence_may_have_run_is_taken_again(writer: Writer) -> None:
    calls: list[Path] = []

    def backup(path: Path) -> None:
        writer.store.backup(str(path))
        calls.append(path)
        if len(calls) == 1:
            writer.step()
            writer.step()

    snapshots = Snapshots(writer.folder, backup, lambda: writer.number, lambda: writer.quiet, 0)
    with snapshots.acquire(0) as snapshot:
        assert (snapshot.number, _size(snapshot)) == (2, 2)
    assert len(calls) == 2
    assert not calls[0].exists()


def test_first_query_waits_for_the_end_of_a_sequence(writer: Writer) -> None:
    writer.quiet = False
    snapshots = writer.snapshots()
    threading.Timer(0.2, lambda: setattr(writer, "quiet", True)).start()
    with snapshots.acquire(0) as snapshot:
        assert writer.quiet
        assert snapshot.number == 0


def test_take_holds_the_state_before_a_sequence(writer: Writer) -> None:
    snapshots = writer.snapshots()
    snapshots.take()
    number = writer.step()
    snapshots.take()
    writer.quiet = False
    writer.step()
    with snapshots.acquire(number) as snapshot:
        assert (snapshot.number, _size(snapshot)) == (1, 1)


def test_unused_old_snapshots_are_deleted_and_used_ones_stay(writer: Writer) -> None:
    snapshots = writer.snapshots(max_age_s=0)
    with snapshots.acquire(0) as held:
        for _ in range(3):
            with snapshots.acquire(writer.step()):
                pass
        assert len(list(writer.folder.iterdir())) == 2
        assert _size(held) == 0
    assert len(list(writer.folder.iterdir())) == 1


def test_at_most_four_exist_and_the_newest_serves_when_all_are_in_use(writer: Writer) -> None:
    snapshots = writer.snapshots(max_age_s=0)
    blocks = []
    for _ in range(6):
        block = snapshots.acquire(writer.step())
        blocks.append((block, block.__enter__()))
        assert len(list(writer.folder.iterdir())) <= 4
    assert [snapshot.number for _, snapshot in blocks] == [1, 2, 3, 4, 4, 4]
    for block, _ in blocks:
        block.__exit__(None, None, None)
    with snapshots.acquire(writer.number) as snapshot:
        assert snapshot.number == 6
    assert len(list(writer.folder.iterdir())) == 1


def test_what_an_earlier_server_left_is_deleted_at_start(writer: Writer) -> None:
    (writer.folder / "7").mkdir(parents=True)
    (writer.folder / "7" / "CURRENT").write_text("x")
    writer.snapshots()
    assert list(writer.folder.iterdir()) == []


def test_backup_that_fails_falls_back_to_an_older_snapshot(writer: Writer) -> None:
    broken = False

    def backup(path: Path) -> None:
        if broken:
            path.mkdir()
            raise OSError("No space left on device")
        writer.store.backup(str(path))

    snapshots = Snapshots(writer.folder, backup, lambda: writer.number, lambda: True, 0)
    with snapshots.acquire(0) as first:
        pass
    broken = True
    with snapshots.acquire(writer.step()) as second:
        assert second == first
    assert len(list(writer.folder.iterdir())) == 1


def test_backup_that_fails_with_nothing_to_fall_back_to_is_unavailable(writer: Writer) -> None:
    def backup(path: Path) -> None:
        raise OSError("No space left on device")

    snapshots = Snapshots(writer.folder, backup, lambda: 0, lambda: True, 0)
    with pytest.raises(StoreUnavailable, match="No space left"), snapshots.acquire(0):
        pass


def test_many_threads_share_snapshots_while_the_store_changes(writer: Writer) -> None:
    snapshots = writer.snapshots(max_age_s=0)
    wrong: list[tuple[int, int, int]] = []

    def ask() -> None:
        for _ in range(4):
            number = writer.number
            with snapshots.acquire(number) as snapshot:
                size = _size(snapshot)
                if not number <= snapshot.number <= size:
                    wrong.append((number, snapshot.number, size))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        writer.step()
        time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(list(writer.folder.iterdir())) == 1


def test_disk_without_room_for_a_first_snapshot_is_told_and_stops_no_writer(writer: Writer) -> None:
    def backup(path: Path) -> None:
        raise DiskFull("the disk of the server is full; nothing was changed")

    snapshots = Snapshots(writer.folder, backup, lambda: writer.number, lambda: True, 0)
    snapshots.take()
    with pytest.raises(StoreUnavailable, match="the disk of the server is full: queries are answered from a snapshot"):
        snapshots.acquire(0).__enter__()
