"""Plans made ahead of the writer, and calls between two steps."""

import pytest
from writer_parts import GRAPH, LAB, OTHER, Parts, adding, remove_later, run, start_job, submit_members

from synhub.errors import Conflict, Stopping
from synhub.model import ChangeSet
from synhub.rdf import Iri
from synhub.store.work import Draft, Planned


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
