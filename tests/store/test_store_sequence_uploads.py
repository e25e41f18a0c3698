"""Uploaded sequences: whose they are, how long they are kept, and how many."""

import errno
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from synhub.errors import DiskFull
from synhub.store.sequences import uploads as sequence_uploads
from synhub.store.sequences.uploads import LIFE_S, MOST_EACH, SequenceUploads


def test_a_token_is_its_owner_s_and_that_of_nobody_anybody_s(tmp_path: Path) -> None:
    uploads = SequenceUploads(tmp_path / "uploads")
    alices, _ = uploads.keep("alice", ["acgt", "MKV"])
    nobodys, _ = uploads.keep("", ["tttt"])

    assert uploads.find(alices, "alice") == ["acgt", "MKV"]
    assert uploads.find(alices, "bob") is uploads.find(alices, "") is None
    assert uploads.find(nobodys, "") == uploads.find(nobodys, "bob") == ["tttt"]
    assert uploads.find("x" * 32, "alice") is None


def test_the_token_is_not_on_the_disk(tmp_path: Path) -> None:
    token, _ = SequenceUploads(tmp_path / "uploads").keep("alice", ["acgt"])

    (file,) = (tmp_path / "uploads").iterdir()
    assert token not in file.name
    assert token.encode() not in file.read_bytes()
    assert (tmp_path / "uploads").stat().st_mode & 0o077 == 0


def test_a_token_outlives_the_process_and_ends_after_a_day(tmp_path: Path) -> None:
    token, ends = SequenceUploads(tmp_path, lambda: 1_000_000.0).keep("alice", ["acgt"])

    assert SequenceUploads(tmp_path, lambda: ends - 1).find(token, "alice") == ["acgt"]
    late = SequenceUploads(tmp_path, lambda: ends + 1)
    assert late.find(token, "alice") is None
    late.keep("bob", ["acgt"])
    assert len(list(tmp_path.iterdir())) == 1
    assert ends == 1_000_000 + LIFE_S


def ticking(start: float = 1_000_000.0) -> Callable[[], float]:
    times = count(start)
    return lambda: next(times)


def test_the_oldest_of_an_owner_goes_when_there_are_many(tmp_path: Path) -> None:
    uploads = SequenceUploads(tmp_path, ticking())
    other, _ = uploads.keep("bob", ["acgt"])
    tokens = [uploads.keep("alice", ["a" * (n + 1)])[0] for n in range(MOST_EACH + 2)]

    assert [uploads.find(token, "alice") is not None for token in tokens] == [False] * 2 + [True] * MOST_EACH
    assert uploads.find(other, "bob") == ["acgt"]


def test_the_oldest_go_when_all_together_take_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence_uploads, "MOST_BYTES", 2_500)
    uploads = SequenceUploads(tmp_path, ticking())
    tokens = [uploads.keep(f"user{n}", ["a" * 1_000])[0] for n in range(4)]

    assert [uploads.find(token, f"user{n}") is not None for n, token in enumerate(tokens)] == [False, False, True, True]


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFull):
        SequenceUploads(tmp_path).keep("alice", ["acgt"])

    assert list(tmp_path.iterdir()) == []
