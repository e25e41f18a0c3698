"""Jobs that change nothing that rows show: others are let in while these are made anew."""

import contextlib
from collections.abc import Sequence
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
    top_level,
)

from synhub.model import ChangeSet, TopLevelChange
from synhub.rdf import Iri, Term, Triple, iri_term
from synhub.store import follower
from synhub.store.catalog.counts import check_counts
from synhub.store.catalog.digests import triples_digest
from synhub.store.catalog.facets import check_facets
from synhub.store.changes import pack
from synhub.store.work import Planned
from synhub.vocab import SBH


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
