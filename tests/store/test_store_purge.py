"""Removals: hidden by their commit, purged step by step, also after a stop at every point."""

import contextlib
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
    remove_later,
    run,
    start_job,
    submit_members,
    top_level,
)

from synhub.errors import DiskFull
from synhub.model import TopLevelChange
from synhub.rdf import Iri, Triple, iri_term, literal_term
from synhub.store.catalog.counts import check_counts
from synhub.store.changes import pack
from synhub.store.work import Planned
from synhub.vocab import SBOL2


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
