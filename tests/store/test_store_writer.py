"""The write path: jobs, numbered steps, flushing, a full disk, recovery after a stop at every point."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from writer_parts import (
    GRAPH,
    LAB,
    OTHER,
    Killed,
    Parts,
    adding,
    kill_at,
    open_parts,
    run,
    start_job,
    submit_members,
    top_level,
)

from synhub.errors import Conflict, DiskFull
from synhub.model import ChangeSet, TopLevelChange
from synhub.rdf import Iri, iri_term
from synhub.store.catalog.counts import check_counts
from synhub.store.catalog.digests import triples_digest
from synhub.store.catalog.facets import check_facets
from synhub.store.changes import pack
from synhub.store.database import Database
from synhub.store.journal import Journal
from synhub.store.recent import RecentTopLevels
from synhub.store.shares import put_moved
from synhub.store.work import Planned
from synhub.vocab import SBOL2


def test_a_job_is_in_store_and_catalog_when_its_future_is_done(parts: Parts) -> None:
    job = start_job(parts, LAB)
    future = parts.writer.submit(job, lambda: Planned(adding(LAB, ["a"]), {"said": 1}))

    run(parts)

    done = future.result(timeout=0)
    assert (done.state, done.report, done.last_number) == ("done", {"said": 1}, 1)
    assert parts.indexed() == {Iri(LAB + "a/1")} == set(parts.stored(Iri(LAB + "a/1")))


def test_a_plan_that_refuses_changes_nothing(parts: Parts) -> None:
    def refuse() -> Planned:
        raise Conflict("already in use")

    job = start_job(parts, LAB)
    future = parts.writer.submit(job, refuse)
    run(parts)

    assert isinstance(future.exception(timeout=0), Conflict)
    assert parts.journal.get(job.id).error == "already in use"
    assert parts.journal.last_number() == 0
    assert not parts.journal.job_folder(job.id).exists()


def test_a_plan_that_refuses_while_steps_are_taken_changes_nothing(parts: Parts) -> None:
    def steps() -> Iterator[ChangeSet]:
        yield from adding(LAB, ["a"])
        raise Conflict("different content")

    future = parts.writer.submit(start_job(parts, LAB), lambda: Planned(steps(), {}))
    run(parts)

    assert isinstance(future.exception(timeout=0), Conflict)
    assert parts.stored(Iri(LAB + "a/1")) == {}


def test_a_job_of_another_namespace_runs_between_two_steps(parts: Parts) -> None:
    long = parts.writer.submit(start_job(parts, LAB), lambda: Planned(adding(LAB, list("abcdef")), {}))
    short = parts.writer.submit(start_job(parts, OTHER), lambda: Planned(adding(OTHER, ["x"]), {}))
    waits = parts.writer.submit(start_job(parts, LAB), lambda: Planned(adding(LAB, ["z"]), {}))

    run(parts)

    first, between, last = (f.result(timeout=0) for f in (long, short, waits))
    assert first.steps == 3
    assert between.last_number < first.last_number < last.last_number


def test_search_sees_a_long_job_only_when_it_is_complete(parts: Parts) -> None:
    parts.writer.submit(start_job(parts, LAB), lambda: Planned(adding(LAB, list("abcdef")), {}))
    work, _ = parts.writer._choose()
    assert work is not None
    parts.writer._plan(work)
    _, sequence = parts.writer._choose()
    assert sequence is not None
    parts.writer._step(sequence)

    assert len(parts.stored(*(Iri(f"{LAB}{n}/1") for n in "abcdef"))) == 2
    assert parts.indexed() == {Iri(LAB + "a/1"), Iri(LAB + "b/1")}  # its rows are there already
    assert parts.seen() == set()
    assert not parts.writer.is_quiet()

    run(parts)
    assert len(parts.indexed()) == len(parts.seen()) == 6
    assert parts.writer.is_quiet()
    assert check_counts(parts.catalog) == []


def test_what_a_long_job_changes_or_removes_is_seen_as_it_was_until_the_end(parts: Parts) -> None:
    (a, old_a), (b, old_b), (new, triples) = (top_level(LAB, name, "t") for name in "abn")
    parts.writer.submit(start_job(parts, LAB), lambda: Planned(adding(LAB, ["a", "b"]), {}))
    run(parts)
    before = dict(parts.catalog.digests(GRAPH, [a, b]))
    (_, changed), other = top_level(LAB, "a", "changed"), top_level(LAB, "z", "t")
    changes = [
        TopLevelChange(GRAPH, a, old_a, changed), TopLevelChange(GRAPH, b, old_b, ()),
        TopLevelChange(GRAPH, new, (), triples), TopLevelChange(GRAPH, other[0], (), other[1]),
    ]  # fmt: skip
    future = parts.writer.submit(start_job(parts, LAB), lambda: Planned(pack(changes, limit=10), {}))
    work, _ = parts.writer._choose()
    assert work is not None
    parts.writer._plan(work)
    while (sequence := parts.writer._choose()[1]) is not None and not future.done():
        parts.writer._step(sequence)
        if not future.done():
            assert parts.seen() == {a, b}
            assert dict(parts.catalog.digests(GRAPH, [a, b])) == before
    assert future.result(timeout=0).steps == 3
    assert parts.seen() == {a, new, other[0]}
    assert parts.catalog.digests(GRAPH, [a])[a] == triples_digest(changed)


POINTS = [
    ("journal", "planned", "before"),
    ("journal", "planned", "after"),
    ("journal", "begin_step", "before"),
    ("journal", "begin_step", "after"),
    ("store", "apply", "before"),
    ("store", "apply", "after"),
    ("catalog", "update_in_batches", "before"),
    ("catalog", "update_in_batches", "after"),
    ("catalog", "write_ahead", "before"),
    ("catalog", "write_ahead", "after"),
    ("journal", "done", "before"),
    ("journal", "done", "after"),
    ("journal", "flushed", "before"),
    ("journal", "flushed", "after"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("nth", "unsynced_lost"), [(1, False), (2, False), (3, False), (2, True)])
@pytest.mark.parametrize(("owner", "method", "when"), POINTS)
def test_a_two_step_job_with_a_small_one_between_survives_an_end_at_every_point(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    owner: str,
    method: str,
    when: str,
    nth: int,
    unsynced_lost: bool,
) -> None:
    data = tmp_path / "data"
    parts = open_parts(data)
    parts.writer.submit(start_job(parts, LAB), lambda: Planned(adding(LAB, ["old"]), {}))
    run(parts)
    parts.writer._flush()
    parts.store.backup(tmp_path / "synced")
    long = start_job(parts, LAB)
    short = start_job(parts, OTHER)
    kill_at(parts, monkeypatch, owner, method, when, nth)
    parts.writer.submit(long, lambda: Planned(adding(LAB, ["a", "b", "c", "d"]), {}))
    parts.writer.submit(short, lambda: Planned(adding(OTHER, ["x"]), {}))
    try:
        run(parts)
        parts.writer._flush()
    except Killed:
        pass
    parts.close()
    if unsynced_lost and not (owner == "journal" and method == "flushed") and parts_flushed(data) == 1:
        shutil.rmtree(data / "store")
        shutil.move(tmp_path / "synced", data / "store")

    monkeypatch.undo()
    again = open_parts(data)
    again.writer.recover()

    for job, iris in ((long, [Iri(f"{LAB}{n}/1") for n in "abcd"]), (short, [Iri(OTHER + "x/1")])):
        state = again.journal.get(job.id).state
        assert state in ("done", "failed")
        assert set(again.stored(*iris)) == (set(iris) if state == "done" else set())
    assert set(again.stored(Iri(LAB + "old/1"))) == {Iri(LAB + "old/1")}
    everything = [Iri(LAB + "old/1"), *(Iri(f"{LAB}{n}/1") for n in "abcd"), Iri(OTHER + "x/1")]
    assert again.indexed() == again.seen() == set(again.stored(*everything))
    assert check_counts(again.catalog) + check_facets(again.catalog.database) == []
    assert again.catalog.database.rows("SELECT * FROM arriving") == []
    assert again.catalog.last_number == again.journal.last_number()
    again.close()


def parts_flushed(data: Path) -> int:
    database = Database(data / "synhub.sqlite", "synhub")
    try:
        return Journal(database, data / "jobs").flushed_number
    finally:
        database.close()


@pytest.mark.parametrize(("title", "is_file"), [("t", False), ("t" * 100_000, True)])
def test_flushing_prunes_the_change_sets_behind_it(parts: Parts, title: str, is_file: bool) -> None:
    job = start_job(parts, LAB)
    (change,) = adding(LAB, ["a"], title)
    parts.writer.submit(job, lambda: Planned([change], {}))
    run(parts)
    assert bool(list(parts.journal.job_folder(job.id).glob("*.nq"))) is is_file
    assert parts.journal.read_step(job.id, 0) == change

    parts.writer._flush()

    assert not parts.journal.job_folder(job.id).exists()
    with pytest.raises(FileNotFoundError):
        parts.journal.read_step(job.id, 0)
    assert parts.journal.flushed_number == 1


def test_a_step_that_could_not_be_applied_is_not_taken_for_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full for one job, which is bound, and is not for the next."""
    data = tmp_path / "data"
    parts = open_parts(data)

    def full(*_: object) -> None:
        raise DiskFull("full")

    moved = {Iri(LAB + "old/1"): Iri(LAB + "a/1")}
    plan = Planned(adding(LAB, ["a"]), {}, commits=[lambda sql: put_moved(sql, moved)])
    bound = parts.writer.submit(start_job(parts, LAB), lambda: plan)
    with monkeypatch.context() as patch:
        patch.setattr(parts.store, "apply", full)
        with pytest.raises(DiskFull):
            run(parts)
    parts.writer.submit(start_job(parts, OTHER), lambda: Planned(adding(OTHER, ["x"]), {}))
    work, _ = parts.writer._choose()
    assert work is not None
    parts.writer._plan(work)
    parts.writer._flush()
    assert not bound.done()
    parts.close()

    again = open_parts(data)
    again.writer.recover()

    assert again.indexed() == set(again.stored(Iri(LAB + "a/1"), Iri(OTHER + "x/1"))) != set()
    assert again.indexed() == {Iri(LAB + "a/1"), Iri(OTHER + "x/1")}
    again.close()


def test_what_was_read_before_a_step_could_be_applied_is_not_taken_for_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = open_parts(tmp_path / "data")
    top = Iri(LAB + "a/1")
    parts.writer.submit(start_job(parts, LAB), lambda: Planned(adding(LAB, ["a"]), {}))
    run(parts)
    recent = RecentTopLevels(parts.store, parts.writer.settled_number)
    apply, calls = parts.store.apply, iter([True])

    def full_once(change: ChangeSet) -> None:
        if next(calls, False):
            raise DiskFull("full")
        apply(change)

    monkeypatch.setattr(parts.store, "apply", full_once)
    moved = {Iri(LAB + "old/1"): top}
    plan = Planned(adding(LAB, ["a"], "more"), {}, commits=[lambda sql: put_moved(sql, moved)])
    bound = parts.writer.submit(start_job(parts, LAB), lambda: plan)
    with pytest.raises(DiskFull):
        run(parts)
    before = recent.read(GRAPH, [top])
    parts.writer._retry_at = 0.0
    run(parts)

    assert bound.done() and bound.exception() is None
    assert recent.read(GRAPH, [top]) == parts.stored(top) != before
    parts.close()


def test_a_full_disk_is_refused_before_anything_happens(tmp_path: Path) -> None:
    parts = open_parts(tmp_path / "data", reserve=1 << 60)
    future = parts.writer.submit(start_job(parts, LAB), lambda: Planned(adding(LAB, ["a"]), {}))
    run(parts)

    assert isinstance(future.exception(timeout=0), DiskFull)
    assert parts.stored(Iri(LAB + "a/1")) == {}
    parts.close()


def test_what_takes_away_may_use_the_reserve_of_the_disk(tmp_path: Path) -> None:
    parts = open_parts(tmp_path / "data")
    iris = submit_members(parts, list("ab"))
    holder = Iri(OTHER + "holder/1")
    links = [(iri_term(holder), iri_term(SBOL2.member), iri_term(iris[0]))]
    parts.close()

    nearly_full = open_parts(tmp_path / "data", reserve=1 << 60)
    adding_more = nearly_full.writer.submit(start_job(nearly_full, LAB), lambda: Planned(adding(LAB, ["c"]), {}))
    less = list(pack([TopLevelChange(GRAPH, holder, links, ())], limit=10))
    editing = nearly_full.writer.submit(start_job(nearly_full, OTHER), lambda: Planned(less, {}))
    removal = Planned([], {}, removed=[(GRAPH, iris[1])])
    removing = nearly_full.writer.submit(start_job(nearly_full, LAB, "purge"), lambda: removal)
    run(nearly_full)

    assert isinstance(adding_more.exception(timeout=0), DiskFull)
    assert editing.result(timeout=0).state == "done"
    assert nearly_full.journal.get(removing.result(timeout=0).id).state == "done"
    stored = nearly_full.stored(*iris, holder)
    assert set(stored) == {iris[0], holder}
    assert links[0] not in stored[holder]
    nearly_full.close()


@pytest.mark.parametrize("writes_rows", [False, True])
def test_a_job_fails_on_a_full_disk_only_if_its_commit_wrote_no_other_rows(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, writes_rows: bool
) -> None:
    def commit(sql: sqlite3.Connection) -> None:
        if writes_rows:
            put_moved(sql, {Iri(LAB + "a/1"): Iri("http://h/public/lab/a/1")})

    def full(*_: object) -> None:
        raise DiskFull("full")

    future = parts.writer.submit(start_job(parts, LAB), lambda: Planned(adding(LAB, ["a"]), {}, commits=[commit]))
    with monkeypatch.context() as patch:
        patch.setattr(parts.store, "apply", full)
        with pytest.raises(DiskFull) if writes_rows else contextlib.nullcontext():
            run(parts)
    assert future.done() is not writes_rows

    run(parts)

    assert future.exception(timeout=0) is None if writes_rows else isinstance(future.exception(timeout=0), DiskFull)
    assert parts.indexed() == ({Iri(LAB + "a/1")} if writes_rows else set())
