"""One instance's write path without its thread, for tests: parts of objects, jobs, an end at any point."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from synhub.model import ChangeSet, Dataset, Removed, TopLevelChange
from synhub.rdf import Iri, Triple, iri_term, literal_term
from synhub.store import writer
from synhub.store.blobs import Blobs
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.search import View
from synhub.store.changes import pack
from synhub.store.database import Database
from synhub.store.embedded import EmbeddedStore
from synhub.store.journal import Job, Journal
from synhub.store.removals import Removals
from synhub.store.top_levels import read_top_levels
from synhub.store.work import Planned
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
