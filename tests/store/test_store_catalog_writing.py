"""A catalog that is built at once has the same rows as one that jobs have written; large texts are sorted on disk."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bench.generate import Corpus
from synhub.model import Dataset
from synhub.rdf import Iri, Triple, iri_term, literal_term, write_ntriples
from synhub.store import build_workers
from synhub.store.catalog.build import build_catalog
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.counts import check_counts
from synhub.store.catalog.facets import check_facets
from synhub.store.catalog.properties import check_properties
from synhub.store.catalog.rebuild import check_sets
from synhub.store.catalog.search import View
from synhub.store.sorted_top_levels import SortedTopLevel, TopLevelSorter
from synhub.vocab import DCTERMS, SBH, SBOL2

GRAPH = Iri("http://x/public")


def lines_of(triples: Iterable[Triple]) -> list[bytes]:
    return write_ntriples(triples).split(b"\n")[:-1]


def sorter_of(folder: Path, corpus: Corpus, **options: Any) -> TopLevelSorter:
    """The corpus by subject, as a store yields it: the subjects of a top level far from each other."""
    sorter = TopLevelSorter(folder, **options)
    pieces: dict[tuple[Iri, str], list[Triple]] = {}
    for top in corpus:
        for triple in top.triples:
            pieces.setdefault((top.graph, triple[0]), []).append(triple)
    for (graph, _), triples in sorted(pieces.items(), key=lambda item: item[0][1][::-1]):
        sorter.add(graph, lines_of(triples))
    return sorter


_PACKED = {"property_use", "posting", "creator"}  # row numbers inside of blobs: their own checks prove them
_NUMBERED = {  # column -> the table that says what its number stands for, and by what
    **dict.fromkeys(("id", "collection", "source"), "SELECT id, iri FROM top_level"),
    **dict.fromkeys(("node", "member", "target", "identity"), "SELECT id, iri FROM node"),
    "class": "SELECT id, iri FROM class",
    "graph": "SELECT id, iri FROM graph",
    "property": "SELECT id, iri FROM property",
    "value": "SELECT id, key FROM facet_value",
}
_NAMED_BY_THEMSELVES = {
    "graph",
    "node",
    "class",
    "property",
    "facet_value",
    "vocabulary",
}  # what their `id` is does not matter


def content(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, the numbers of rows replaced by what they stand for."""
    with closing(sqlite3.connect(path)) as sql:
        names = {column: dict(sql.execute(query).fetchall()) for column, query in _NUMBERED.items()}
        found: dict[str, list[tuple[Any, ...]]] = {}
        for table, text in sql.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall():
            if table in _PACKED or "VIRTUAL" in text or table.startswith(("words_", "vocabulary_part_")):
                continue
            columns = [row[1] for row in sql.execute(f"PRAGMA table_info({table})")]
            rows = []
            for row in sql.execute(f'SELECT * FROM "{table}"'):
                values = dict(zip(columns, row, strict=True))
                if table in _NAMED_BY_THEMSELVES:
                    del values["id"]
                rows.append(tuple(names.get(c, {}).get(v, v) if table != "mark" else v for c, v in values.items()))
            found[table] = sorted(rows, key=repr)
        return found


def indexes_and_triggers(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as sql:
        return {name for (name,) in sql.execute("SELECT name FROM sqlite_schema WHERE type IN ('index', 'trigger')")}


def questions_asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What processes are asked for from now on, as it is asked."""
    asked: list[str] = []
    ask = build_workers._Worker.ask

    def listen(worker: Any, question: Any) -> Any:
        asked.append(question[0])
        return ask(worker, question)

    monkeypatch.setattr(build_workers._Worker, "ask", listen)
    return asked


@pytest.mark.parametrize("run_bytes", [10_000, 1 << 30])
def test_top_levels_come_whole_and_in_order_whatever_was_spilled(tmp_path: Path, run_bytes: int) -> None:
    corpus = Corpus(60)
    expected = {(top.graph, top.iri): sorted(set(lines_of(top.triples))) for top in corpus}
    found = list(sorter_of(tmp_path, corpus, run_bytes=run_bytes))
    assert {(t.graph, t.top_level): sorted(set(t.lines.split(b"\n")[:-1])) for t in found} == expected
    for graph in {t.graph for t in found}:
        iris = [t.top_level for t in found if t.graph == graph]
        assert iris == sorted(iris)
    assert bool(list(tmp_path.iterdir())) == (run_bytes == 10_000)


def test_subjects_of_no_top_level_and_of_two_are_told(tmp_path: Path) -> None:
    sorter = TopLevelSorter(tmp_path)
    part, other = iri_term(Iri("http://x/public/a/1")), iri_term(Iri("http://x/public/b/1"))
    top = iri_term(SBH.topLevel)
    sorter.add(GRAPH, lines_of([(other, iri_term(DCTERMS.title), literal_term("b"))]))
    sorter.add(GRAPH, lines_of([(part, top, part)]))
    assert (sorter.strays, sorter.torn) == ({GRAPH: 1}, b"")
    assert sorter.first_stray.startswith(b"<http://x/public/b/1> ")
    sorter.add(GRAPH, lines_of([(other, top, part), (other, top, other)]))
    assert sorter.torn == b"<http://x/public/b/1> "


@pytest.mark.parametrize(("batch_bytes", "asks"), [(1 << 30, False), (20_000, True)])
def test_catalog_built_at_once_equals_the_one_that_jobs_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_bytes: int, asks: bool
) -> None:
    """Whether processes make the rows, or this one the few that there are."""
    asked = questions_asked(monkeypatch)
    monkeypatch.setattr(build_workers, "BATCH_BYTES", batch_bytes)
    corpus = Corpus(150)
    with closing(Catalog(tmp_path / "jobs.sqlite")) as catalog:
        tops = list(corpus)
        for n in range(0, len(tops), 37):
            catalog.update({(t.graph, t.iri): list(t.triples) for t in tops[n : n + 37]}, 7)
    told: list[int] = []
    count = build_catalog(tmp_path / "at-once.sqlite", sorter_of(tmp_path, corpus), 7, told.append)
    assert count == len(tops) == told[-1]
    assert ("rows" in asked) == asks
    assert content(tmp_path / "at-once.sqlite") == content(tmp_path / "jobs.sqlite")
    assert indexes_and_triggers(tmp_path / "at-once.sqlite") == indexes_and_triggers(tmp_path / "jobs.sqlite")
    with closing(Catalog(tmp_path / "at-once.sqlite")) as catalog:
        assert catalog.database.rows("SELECT count(*) FROM words WHERE words MATCH 'promoter'") != [(0,)]
        for check in (check_facets, check_properties, check_sets):
            assert check(catalog.database) == []


def test_sets_made_by_processes_are_those_of_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Top levels of two graphs are in two chunks: each is a question of its own, however few there are."""
    sorter = TopLevelSorter(tmp_path)
    for graph, n in ((g, n) for g in ("http://x/public", "http://x/user/a") for n in range(40)):
        top = Iri(f"{graph}/c/part{n}/1")
        says = ((SBH.topLevel, iri_term(top)), (DCTERMS.title, literal_term(f"word{n % 7} shared")))
        sorter.add(Iri(graph), lines_of((iri_term(top), iri_term(p), o) for p, o in says))
    asked = questions_asked(monkeypatch)
    build_catalog(tmp_path / "catalog.sqlite", sorter, 1)
    assert asked == ["sets", "sets"]
    with closing(Catalog(tmp_path / "catalog.sqlite")) as catalog:
        assert check_sets(catalog.database) == []
        assert catalog.database.rows("SELECT count(*) FROM vocabulary WHERE word = 'shared'") == [(1,)]


def test_what_was_there_stays_when_a_new_catalog_cannot_be_built(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    build_catalog(path, sorter_of(tmp_path, Corpus(20)), 3)
    before = path.read_bytes()

    def broken() -> Iterable[SortedTopLevel]:
        yield from sorter_of(tmp_path, Corpus(20))
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        build_catalog(path, broken(), 4)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ""] == ["catalog.sqlite"]


def test_one_reference_more_than_a_job_wrote_is_found_different(tmp_path: Path) -> None:
    """That `content` can tell two catalogs apart."""
    first, second = (tmp_path / name for name in ("a.sqlite", "b.sqlite"))
    part = iri_term(Iri("http://x/public/a/1"))
    triples = [(part, iri_term(SBH.topLevel), part)]
    with closing(Catalog(first)) as catalog:
        catalog.update({(GRAPH, Iri("http://x/public/a/1")): triples}, 1)
    more = [*triples, (part, iri_term(SBOL2.sequence), iri_term(Iri("http://x/public/s/1")))]
    with closing(Catalog(second)) as catalog:
        catalog.update({(GRAPH, Iri("http://x/public/a/1")): more}, 1)
    assert content(first)["reference"] != content(second)["reference"]


def test_rows_written_ahead_are_not_seen_until_their_job_arrives_and_then_as_if_written_at_once(tmp_path: Path) -> None:
    corpus = list(Corpus(120))
    entries = {(t.graph, t.iri): list(t.triples) for t in corpus}
    first, others = dict(list(entries.items())[:150]), dict(list(entries.items())[150:])
    whole = Dataset(tuple({graph for graph, _ in entries}))
    with closing(Catalog(tmp_path / "at-once.sqlite")) as catalog:
        catalog.update(entries, 5)
    with closing(Catalog(tmp_path / "ahead.sqlite")) as catalog:
        catalog.update(others, 3)
        before = set(View(catalog, whole).ids([]))
        counts = catalog.database.rows("SELECT * FROM class_count ORDER BY 1, 2")
        catalog.write_ahead([first, dict(list(others.items())[:3])], "job")
    with closing(Catalog(tmp_path / "ahead.sqlite")) as catalog:  # opened again: nothing of it is in memory only
        assert set(View(catalog, whole).ids([])) == before
        assert catalog.database.rows("SELECT * FROM class_count ORDER BY 1, 2") == counts
        assert (catalog.hidden, catalog.any_hidden, catalog.last_number) == (frozenset(), True, 3)
        assert catalog.not_ahead(entries, "job") == list(others)
        key = next(iter(first))
        more = [(s, iri_term(DCTERMS.title), o) for s, p, o in first[key] if p == iri_term(SBOL2.displayId)]
        catalog.update({key: [*first[key], *more]}, 4)
        assert len(View(catalog, whole).ids([])) == len(before)  # written by another job meanwhile: still hidden
        catalog.update({key: first[key]}, 4)
        catalog.update_in_batches([], 5, arrived=["job", "nothing of this"])
        assert not catalog.any_hidden
        assert check_counts(catalog) == []
    assert content(tmp_path / "ahead.sqlite") == content(tmp_path / "at-once.sqlite")


def test_a_row_that_goes_before_its_job_arrives_leaves_nothing(tmp_path: Path) -> None:
    entries = {(t.graph, t.iri): list(t.triples) for t in Corpus(5)}
    with closing(Catalog(tmp_path / "c.sqlite")) as catalog:
        catalog.write_ahead([entries], "job")
        catalog.update({key: [] for key in entries}, 1)
        catalog.update_in_batches([], 2, arrived=["job"])
        for table in ("top_level", "hidden", "arriving", "reference", "class_use"):
            assert catalog.database.rows(f"SELECT count(*) FROM {table}") == [(0,)], table
        assert catalog.database.rows("SELECT sum(abs(n)) FROM class_count") in ([(0,)], [(None,)])
