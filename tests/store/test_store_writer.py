"""The write path: jobs, numbered steps, removal rows, recovery after a stop at every point."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from synhub.errors import Conflict, DiskFull, Stopping
from synhub.model import ChangeSet, Dataset, Removed, TopLevelChange
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.store import follower, writer
from synhub.store.blobs import Blobs
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.counts import check_counts
from synhub.store.catalog.digests import triples_digest
from synhub.store.catalog.facets import check_facets
from synhub.store.catalog.search import View
from synhub.store.changes import pack
from synhub.store.database import Database
from synhub.store.embedded import EmbeddedStore
from synhub.store.journal import Job, Journal
from synhub.store.removals import Removals
from synhub.store.shares import put_moved
from synhub.store.top_levels import read_top_levels
from synhub.store.work import Draft, Planned
from synhub.store.writer import Writer
from synhub.vocab import DCTERMS, RDF, SBH, SBOL2

GRAPH = Iri("http://h/user/alice")
LAB, OTHER = "http://h/user/alice/lab/", "http://h/user/alice/other/"


class Killed(BaseException):
    """Stands for the end of the process: nothing after it runs."""


@dataclass
class Parts:
    """One instance's write path over a data folder, without its thread."""

    store: EmbeddedStore
    journal: Journal
    catalog: Catalog
    removals: Removals
    writer: Writer
    database: Database

    def close(self) -> None:
        self.store.close()
        self.catalog.close()
        self.database.close()

    def stored(self, *iris: Iri) -> dict[Iri, list[Triple]]:
        return read_top_levels(self.store, Dataset((GRAPH,)), iris)

    def indexed(self) -> set[Iri]:
        return {top for _, top, _ in self.catalog.digest_rows()}

    def seen(self) -> set[Iri]:
        """What a search finds."""
        view = View(self.catalog, Dataset((GRAPH,)))
        return {hit.uri for hit in view.hits(view.ids([]))}


def open_parts(data: Path, *, reserve: int = 0) -> Parts:
    data.mkdir(exist_ok=True)
    database = Database(data / "synhub.sqlite", "synhub")
    store = EmbeddedStore(data / "store")
    journal = Journal(database, data / "jobs")
    catalog = Catalog(data / "catalog.sqlite")
    removals = Removals(journal)
    writer = Writer(
        store, journal, catalog, removals, Blobs(data / "blobs"),
        flush_interval_s=1e9, step_quads=10, disk_reserve_bytes=reserve,
    )  # fmt: skip
    return Parts(store, journal, catalog, removals, writer, database)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    opened = open_parts(tmp_path / "data")
    yield opened
    opened.close()


def top_level(namespace: str, name: str, title: str) -> tuple[Iri, list[Triple]]:
    iri = Iri(f"{namespace}{name}/1")
    me = iri_term(iri)
    return iri, [
        (me, iri_term(RDF.type), iri_term(SBOL2.ComponentDefinition)),
        (me, iri_term(SBOL2.displayId), literal_term(name)),
        (me, iri_term(DCTERMS.title), literal_term(title)),
        (me, iri_term(SBH.topLevel), me),
    ]


def adding(namespace: str, names: Sequence[str], title: str = "t") -> list[ChangeSet]:
    made = [top_level(namespace, name, title) for name in names]
    return list(pack([TopLevelChange(GRAPH, iri, (), triples) for iri, triples in made], limit=10))


def start_job(parts: Parts, namespace: str, kind: str = "edit") -> Job:
    job_id, _ = parts.journal.new_folder()
    return parts.journal.receive(job_id, kind, "alice", [namespace])


def run(parts: Parts) -> None:
    """Let the writer's own scheduling run until it has nothing to do, in this thread."""
    for _ in range(1000):
        work, sequence = parts.writer._choose()
        if work is not None:
            parts.writer._plan(work)
        elif sequence is not None:
            parts.writer._step(sequence)
        else:
            return
    raise AssertionError("the writer does not come to an end")


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


def owned(iri: Iri) -> Triple:
    return (iri_term(iri), iri_term(SBH.ownedBy), Term("<http://h/user/bob>"))


def stamping(names: Sequence[str]) -> list[ChangeSet]:
    """Steps that give top levels of LAB another owner more."""
    made = []
    for name in names:
        iri, old = top_level(LAB, name, "t")
        made.append(TopLevelChange(GRAPH, iri, old, [*old, owned(iri)]))
    return list(pack(made, limit=10))


def stamped_digests(names: Sequence[str]) -> dict[Iri, bytes]:
    found = {}
    for name in names:
        iri, old = top_level(LAB, name, "t")
        found[iri] = triples_digest([*old, owned(iri)])
    return found


@pytest.mark.parametrize("names", ["abcd", "abcdefghijkl"])  # one step, two
def test_others_are_let_in_while_rows_are_made_anew_that_look_as_before(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, names: str
) -> None:
    monkeypatch.setattr(follower, "_AT_ONCE", 2)
    parts.writer.submit(start_job(parts, LAB), lambda: Planned(adding(LAB, list(names)), {}))
    run(parts)
    ended: list[str] = []
    long = parts.writer.submit(start_job(parts, LAB), lambda: Planned(stamping(list(names)), {}))
    work, _ = parts.writer._choose()
    assert work is not None
    parts.writer._plan(work)
    short = parts.writer.submit(start_job(parts, OTHER), lambda: Planned(adding(OTHER, ["x"]), {}))
    long.add_done_callback(lambda _: ended.append("long"))
    short.add_done_callback(lambda _: ended.append("short"))

    run(parts)

    assert ended == ["short", "long"]
    assert parts.catalog.digests(GRAPH, stamped_digests(list(names))) == stamped_digests(list(names))
    assert parts.catalog.last_number == parts.journal.last_number()
    assert check_counts(parts.catalog) + check_facets(parts.catalog.database) == []


@pytest.mark.slow
@pytest.mark.parametrize("nth", range(1, 8))
@pytest.mark.parametrize(
    ("owner", "method", "when"),
    [
        ("store", "apply", "after"),
        ("catalog", "update_in_batches", "before"),
        ("catalog", "update_in_batches", "after"),
        ("journal", "done", "before"),
    ],
)
def test_rows_that_look_as_before_are_right_after_an_end_at_every_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: str, method: str, when: str, nth: int
) -> None:
    monkeypatch.setattr(follower, "_AT_ONCE", 2)
    parts = open_parts(tmp_path / "data")
    parts.writer.submit(start_job(parts, LAB), lambda: Planned(adding(LAB, list("abcdef")), {}))
    run(parts)
    with pytest.MonkeyPatch.context() as patch:
        kill_at(parts, patch, owner, method, when, nth)
        long = start_job(parts, LAB)
        parts.writer.submit(long, lambda: Planned(stamping(list("abcdef")), {}))
        parts.writer.submit(start_job(parts, OTHER), lambda: Planned(adding(OTHER, ["x"]), {}))
        with contextlib.suppress(Killed):
            run(parts)
    parts.close()

    again = open_parts(tmp_path / "data")
    again.writer.recover()

    if again.journal.get(long.id).state == "done":
        assert again.catalog.digests(GRAPH, stamped_digests(list("abcdef"))) == stamped_digests(list("abcdef"))
    stored = {iri: triples_digest(triples) for iri, triples in again.stored(*again.indexed()).items()}
    assert again.catalog.digests(GRAPH, stored) == stored
    assert again.catalog.last_number == again.journal.last_number()
    assert check_counts(again.catalog) + check_facets(again.catalog.database) == []
    again.close()


def test_rows_that_could_not_be_made_anew_are_made_in_the_end(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "_AT_ONCE", 2)
    parts.writer.submit(start_job(parts, LAB), lambda: Planned(adding(LAB, list("abcdef")), {}))
    run(parts)
    future = parts.writer.submit(start_job(parts, LAB), lambda: Planned(stamping(list("abcdef")), {}))
    with pytest.MonkeyPatch.context() as patch:
        kill_at(parts, patch, "catalog", "update_in_batches", "before", 2)
        with pytest.raises(Killed):
            run(parts)

    run(parts)

    assert future.result(timeout=0).state == "done"
    assert parts.catalog.digests(GRAPH, stamped_digests(list("abcdef"))) == stamped_digests(list("abcdef"))


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


def kill_at(parts: Parts, monkeypatch: pytest.MonkeyPatch, owner: str, method: str, when: str, nth: int) -> None:
    """Make the nth call of a method the last thing the process does."""
    target = getattr(parts, owner)
    original = getattr(target, method)
    calls = 0

    def dying(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls == nth and when == "before":
            raise Killed
        result = original(*args, **kwargs)
        if calls == nth:
            raise Killed
        return result

    monkeypatch.setattr(target, method, dying)


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


def submit_members(parts: Parts, names: Sequence[str]) -> list[Iri]:
    """Store some parts and a collection elsewhere that has them all as members."""
    iris = [Iri(f"{LAB}{n}/1") for n in names]
    holder, triples = top_level(OTHER, "holder", "t")
    triples += [(iri_term(holder), iri_term(SBOL2.member), iri_term(i)) for i in iris]
    steps = [*adding(LAB, names), *pack([TopLevelChange(GRAPH, holder, (), triples)], limit=10)]
    parts.writer.submit(start_job(parts, LAB), lambda: Planned(steps, {}))
    run(parts)
    return iris


def remove_later(parts: Parts, removed: Sequence[Removed]) -> None:
    """Commit a removal like a large one, whose quads are still there when it is answered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "PURGED_AT_ONCE", 0)
        future = parts.writer.submit(start_job(parts, LAB, "purge"), lambda: Planned([], {}, removed=removed))
        work, _ = parts.writer._choose()
        assert work is not None
        parts.writer._plan(work)
    assert future.result(timeout=0).state == "planned"


def test_a_small_removal_is_purged_when_it_is_answered(parts: Parts) -> None:
    iris = submit_members(parts, list("ab"))
    plan = Planned([], {}, removed=[(GRAPH, i) for i in iris])
    future = parts.writer.submit(start_job(parts, LAB, "purge"), lambda: plan)
    future.add_done_callback(lambda _: left.update(parts.stored(*iris, Iri(OTHER + "holder/1"))))
    left: dict[Iri, list[Triple]] = {}

    run(parts)

    assert future.done()
    assert set(left) == {Iri(OTHER + "holder/1")}
    assert not [t for t in left[Iri(OTHER + "holder/1")] if t[1] == iri_term(SBOL2.member)]
    assert parts.removals.hidden() == set() == parts.catalog.hidden


def test_a_committed_removal_is_answered_whatever_happens_to_its_purge(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    (iri,) = submit_members(parts, ["a"])

    def full(*_: object) -> None:
        raise DiskFull("full")

    monkeypatch.setattr(parts.journal, "begin_step", full)
    future = parts.writer.submit(
        start_job(parts, LAB, "purge"), lambda: Planned([], {"removed": 1}, removed=[(GRAPH, iri)])
    )
    with pytest.raises(DiskFull):
        run(parts)
    assert future.result(timeout=0).report == {"removed": 1}
    assert parts.removals.hidden() == {(GRAPH, iri)}

    monkeypatch.undo()
    run(parts)

    assert parts.stored(iri) == {}
    assert parts.journal.get(future.result().id).state == "done"


def test_a_committed_removal_is_out_of_sight_before_any_quad_is_touched(parts: Parts) -> None:
    iris = submit_members(parts, list("abcdefg"))
    before = parts.store.count(GRAPH)

    remove_later(parts, [(GRAPH, i) for i in iris])

    assert parts.removals.hidden() == {(GRAPH, i) for i in iris}
    assert parts.catalog.hidden == parts.removals.hidden()
    assert parts.store.count(GRAPH) == before


def test_a_purge_removes_exactly_the_hidden_objects_and_the_links_to_them(parts: Parts) -> None:
    iris = submit_members(parts, list("abcdefg"))
    remove_later(parts, [(GRAPH, i) for i in iris[:6]])

    run(parts)

    holder = Iri(OTHER + "holder/1")
    left = parts.stored(*iris, holder)
    assert set(left) == {iris[6], holder}
    assert [t for t in left[holder] if t[1] == iri_term(SBOL2.member)] == [
        (iri_term(holder), iri_term(SBOL2.member), iri_term(iris[6]))
    ]
    assert parts.removals.hidden() == set() == parts.catalog.hidden
    assert parts.indexed() == {iris[6], holder}


def test_a_purge_begins_with_what_holds_the_others(parts: Parts) -> None:
    iris = submit_members(parts, list("abcdefg"))
    holder = Iri(OTHER + "holder/1")
    before = parts.journal.last_number()
    remove_later(parts, [(GRAPH, i) for i in sorted([*iris, holder])])

    run(parts)

    first, *more = [[top for _, top in tops] for _, _, _, tops in parts.journal.steps_after(before)]
    assert first == [holder]
    assert len(more) > 1
    assert sorted(top for step in more for top in step) == iris
    assert parts.store.count(GRAPH) == 0
    assert parts.indexed() == set()
    assert parts.removals.hidden() == set() == parts.catalog.hidden


def test_a_purge_takes_the_members_of_a_large_collection_some_at_a_time(parts: Parts) -> None:
    iris = submit_members(parts, [f"p{n}" for n in range(25)])  # a step has ten quads
    holder = Iri(OTHER + "holder/1")
    before = parts.journal.last_number()
    remove_later(parts, [(GRAPH, holder)])

    run(parts)

    steps = [[top for _, top in tops] for _, _, _, tops in parts.journal.steps_after(before)]
    assert steps == [[holder]] * 3
    assert parts.stored(holder) == {}
    assert parts.indexed() == set(parts.stored(*iris)) == set(iris)
    assert parts.removals.hidden() == set() == parts.catalog.hidden
    assert check_counts(parts.catalog) == []


def test_a_purge_of_collections_that_hold_each_other_comes_to_its_end(parts: Parts) -> None:
    one, two = (top_level(LAB, name, "t") for name in ("one", "two"))
    one[1].append((iri_term(one[0]), iri_term(SBOL2.member), iri_term(two[0])))
    two[1].append((iri_term(two[0]), iri_term(SBOL2.member), iri_term(one[0])))
    steps = list(pack([TopLevelChange(GRAPH, iri, (), triples) for iri, triples in (one, two)], limit=10))
    parts.writer.submit(start_job(parts, LAB), lambda: Planned(steps, {}))
    run(parts)
    remove_later(parts, [(GRAPH, one[0]), (GRAPH, two[0])])

    run(parts)

    assert parts.store.count(GRAPH) == 0
    assert parts.removals.hidden() == set()


def test_a_job_on_the_namespace_waits_for_the_purge(parts: Parts) -> None:
    iris = submit_members(parts, ["a"])
    remove_later(parts, [(GRAPH, iris[0])])
    future = parts.writer.submit(start_job(parts, LAB), lambda: Planned(adding(LAB, ["a"], "again"), {}))

    run(parts)

    assert future.result(timeout=0).state == "done"
    (stored,) = parts.stored(iris[0]).values()
    assert literal_term("again") in {o for _, _, o in stored}


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize(
    ("owner", "method", "when"),
    [
        ("journal", "begin_step", "before"),
        ("journal", "begin_step", "after"),
        ("store", "apply", "after"),
        ("catalog", "update_in_batches", "after"),
        ("journal", "purged", "after"),
        ("catalog", "unhide", "before"),
        ("catalog", "write_ahead", "before"),
        ("catalog", "write_ahead", "after"),
        ("journal", "done", "before"),
    ],
)
def test_a_purge_goes_on_after_an_end_at_every_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: str, method: str, when: str, nth: int
) -> None:
    data = tmp_path / "data"
    parts = open_parts(data)
    iris = submit_members(parts, list("abcdefg"))
    remove_later(parts, [(GRAPH, i) for i in iris])
    kill_at(parts, monkeypatch, owner, method, when, nth)
    with contextlib.suppress(Killed):
        run(parts)
    parts.close()

    monkeypatch.undo()
    again = open_parts(data)
    again.writer.recover()
    assert again.stored(*iris).keys() <= {top for _, top in again.removals.hidden()}
    run(again)

    assert again.indexed() == {Iri(OTHER + "holder/1")}
    assert again.stored(*iris) == {}
    assert again.catalog.hidden == set()
    assert again.journal.open_jobs() == []
    again.close()


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


def test_a_draft_is_used_when_nothing_changed_since(parts: Parts) -> None:
    job = start_job(parts, LAB)
    draft = parts.writer.draft(job, lambda: Planned(adding(LAB, ["a"]), {"planned": "ahead"}))
    assert draft is not None and draft.steps.count == 1
    assert parts.stored(Iri(LAB + "a/1")) == {}

    future = parts.writer.submit(job, lambda: Planned(adding(LAB, ["a"]), {"planned": "again"}), draft)
    run(parts)

    assert future.result(timeout=0).report == {"planned": "ahead"}
    assert parts.indexed() == {Iri(LAB + "a/1")}


@pytest.mark.parametrize("namespace", [LAB, OTHER])
def test_a_draft_is_planned_again_when_what_it_read_has_changed(parts: Parts, namespace: str) -> None:
    job = start_job(parts, LAB)
    ahead = Planned(adding(LAB, ["a"]), {"planned": "ahead"}, reads=(GRAPH,))
    draft = parts.writer.draft(job, lambda: ahead)
    between = parts.writer.submit(start_job(parts, namespace), lambda: Planned(adding(namespace, ["x"]), {}))
    run(parts)

    future = parts.writer.submit(job, lambda: Planned(adding(LAB, ["b"]), {"planned": "again"}), draft)
    run(parts)

    assert between.result(timeout=0).state == "done"
    assert future.result(timeout=0).report == {"planned": "again"}
    assert parts.stored(Iri(LAB + "a/1")) == {}


def test_a_draft_is_planned_again_when_what_it_read_is_being_removed(parts: Parts) -> None:
    iris = submit_members(parts, ["a"])
    job = start_job(parts, OTHER)
    ahead = Planned(adding(OTHER, ["y"]), {"planned": "ahead"}, reads=(GRAPH,))
    draft = parts.writer.draft(job, lambda: ahead)
    remove_later(parts, [(GRAPH, iris[0])])

    future = parts.writer.submit(job, lambda: Planned(adding(OTHER, ["z"]), {"planned": "again"}), draft)
    run(parts)

    assert future.result(timeout=0).report == {"planned": "again"}


def test_a_draft_that_refuses_leaves_the_last_word_to_the_writer(parts: Parts) -> None:
    def refuse() -> Planned:
        raise Conflict("stale")

    assert parts.writer.draft(start_job(parts, LAB), refuse) is None


def test_a_draft_made_while_a_step_is_being_applied_does_not_count_it_as_read(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step has its number already, and what it changes is not in the store yet."""
    job = start_job(parts, LAB)
    ahead = Planned(adding(LAB, ["a"]), {"planned": "ahead"}, reads=(GRAPH,))
    drafts: list[Draft | None] = []
    apply = parts.store.apply

    def applying(change: ChangeSet) -> None:
        if not drafts:
            drafts.append(parts.writer.draft(job, lambda: ahead))
        apply(change)

    monkeypatch.setattr(parts.store, "apply", applying)
    parts.writer.submit(start_job(parts, OTHER), lambda: Planned(adding(OTHER, ["x"]), {}))
    run(parts)

    future = parts.writer.submit(job, lambda: Planned(adding(LAB, ["b"]), {"planned": "again"}), drafts[0])
    run(parts)

    assert future.result(timeout=0).report == {"planned": "again"}


# --- between two steps ------------------------------------------------------------------------------------------------


def test_pause_finds_the_store_flushed_and_no_step_under_way(parts: Parts) -> None:
    parts.writer.start()
    job = start_job(parts, LAB)
    parts.writer.submit(job, lambda: Planned(adding(LAB, ["a", "b", "c", "d", "e", "f"]), {})).result(timeout=10)
    seen: list[tuple[int, int, int]] = []

    def look() -> None:
        seen.append((parts.journal.flushed_number, parts.journal.last_number(), parts.writer.number))

    parts.writer.pause(look).result(timeout=10)
    parts.writer.stop()

    assert seen == [(3, 3, 3)]


def test_what_fails_in_a_pause_is_told_and_stops_nothing(parts: Parts) -> None:
    def fail() -> None:
        raise OSError("no")

    parts.writer.start()
    with pytest.raises(OSError, match="no"):
        parts.writer.pause(fail).result(timeout=10)
    parts.writer.pause(lambda: None).result(timeout=10)
    parts.writer.stop()


def test_pause_is_refused_when_the_writer_stops(parts: Parts) -> None:
    early = parts.writer.pause(lambda: None)
    parts.writer.stop()
    late = parts.writer.pause(lambda: None)

    for refused in (early, late):
        with pytest.raises(Stopping, match="the server is going down"):
            refused.result(timeout=1)
