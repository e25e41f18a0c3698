"""A collection of many members that a job changes is as one that has been read again in whole."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_store_catalog_writing import content
from writer_parts import GRAPH, LAB, OTHER, Parts, open_parts, run, start_job, top_level

from synhub.model import ChangeSet, Dataset, TopLevelChange
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.counts import check_counts
from synhub.store.catalog.digests import triples_digest
from synhub.store.catalog.entry import MemberChange
from synhub.store.catalog.large_collections import MANY, large_among, member_changes
from synhub.store.catalog.properties import check_properties
from synhub.store.catalog.rebuild import check_sets
from synhub.store.changes import pack
from synhub.store.top_levels import members_among, read_top_levels
from synhub.store.work import Planned
from synhub.vocab import DCTERMS, PROV, RDF, SBH, SBOL2

COLLECTION = Iri(LAB + "big/1")
KEY = (GRAPH, COLLECTION)
ME, MEMBER, TITLE = iri_term(COLLECTION), iri_term(SBOL2.member), iri_term(DCTERMS.title)
DERIVED = iri_term(PROV.wasDerivedFrom)


def part(n: int) -> Iri:
    return Iri(f"{LAB}p{n}/1")


def says(members: Iterable[Iri], title: str = "t", derived: Sequence[Iri] = ()) -> list[Triple]:
    own: list[tuple[Iri, Term]] = [(RDF.type, iri_term(SBOL2.Collection)), (SBH.topLevel, ME)]
    own += [(DCTERMS.title, literal_term(title))]
    return [(ME, iri_term(p), o) for p, o in own] + [
        *((ME, DERIVED, iri_term(iri)) for iri in derived),
        *((ME, MEMBER, iri_term(iri)) for iri in members),
    ]


def change_set(removes: Iterable[Triple], adds: Iterable[Triple], top: Iri = COLLECTION) -> ChangeSet:
    (change,) = pack([TopLevelChange(GRAPH, top, list(removes), list(adds))], limit=1 << 30)
    return change


def proof(catalog: Catalog) -> list[str]:
    return check_counts(catalog) + check_properties(catalog.database) + check_sets(catalog.database)


_FEW = st.frozensets(st.integers(MANY - 4, MANY + 4), max_size=4)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(_FEW, _FEW, st.booleans(), _FEW), min_size=1, max_size=3))
def test_changed_by_the_difference_it_is_as_if_read_again(
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[tuple[frozenset[int], frozenset[int], bool, frozenset[int]]],
) -> None:
    """Members come that are there already, and go that are not; what it is derived from is a member or is none."""
    folder = tmp_path_factory.mktemp("large")
    members = {part(n) for n in range(MANY + 4)}
    parts = {part(n): top_level(LAB, f"p{n}", f"part {n % 3}")[1] for n in range(MANY - 4, MANY + 2)}
    both = [Catalog(folder / name) for name in ("whole.sqlite", "change.sqlite")]
    with closing(both[0]) as whole, closing(both[1]) as by_change:
        for catalog in both:
            start = {(GRAPH, iri): triples for iri, triples in parts.items()}
            catalog.update({**start, KEY: says(members, derived=[part(MANY + 5)])}, 1)
        for number, (come, gone, titled, derived) in enumerate(changes, 2):
            adds, removes = {part(n) for n in come}, {part(n) for n in gone - come}
            members = (members - removes) | adds
            title, sources = f"t{titled}", [part(n) for n in sorted(derived)] + [part(MANY + 5)]
            whole.update({KEY: says(members, title, sources)}, number)
            known = {KEY: MemberChange(frozenset(adds), frozenset(removes))}
            by_change.update_in_batches([{KEY: says((), title, sources)}], number, changes=known)
            triples = says(members, title, sources)
            assert by_change.digests(GRAPH, [COLLECTION]) == {COLLECTION: triples_digest(triples)}
        assert proof(by_change) == []
    found, expected = content(folder / "change.sqlite"), content(folder / "whole.sqlite")
    assert {iri for iri, _ in expected.pop("node")} <= {iri for iri, _ in found.pop("node")}
    assert found == expected


def test_large_are_those_whose_members_are_all_in_their_own_rows(tmp_path: Path) -> None:
    few, odd, literal = (Iri(f"{LAB}{name}/1") for name in ("few", "odd", "literal"))
    many = [part(n) for n in range(MANY)]

    def of(top: Iri, members: Sequence[Iri]) -> list[Triple]:
        return [(iri_term(top) if s == ME else s, p, iri_term(top) if o == ME else o) for s, p, o in says(members)]

    child = iri_term(Iri(f"{LAB}odd/child/1"))
    with closing(Catalog(tmp_path / "catalog.sqlite")) as catalog:
        catalog.update(
            {
                KEY: of(COLLECTION, many),
                (GRAPH, few): of(few, many[1:]),
                (GRAPH, odd): [*of(odd, many), (child, MEMBER, iri_term(part(1))), (child, iri_term(SBH.topLevel), ME)],
                (GRAPH, literal): [*of(literal, many), (iri_term(literal), MEMBER, literal_term("p"))],
            },
            1,
        )
        others = [
            (GRAPH, few),
            (GRAPH, odd),
            (GRAPH, literal),
            (GRAPH, part(1)),
            (Iri("http://h/public"), COLLECTION),
        ]
        assert large_among(catalog.database, [KEY, *others]) == {KEY}


def test_members_that_come_and_go_are_told_from_texts_that_say_so() -> None:
    text = literal_term(f"so {MEMBER} be it")
    adds = [(ME, MEMBER, iri_term(part(1))), (ME, TITLE, text)]
    change = change_set([(ME, MEMBER, iri_term(part(2))), (ME, TITLE, literal_term("t"))], adds)
    known = {KEY: MemberChange(frozenset({part(1)}), frozenset({part(2)}))}
    assert member_changes(change, {KEY}) == known
    assert member_changes(change, set()) == {}


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param((iri_term(Iri(LAB + "big/child/1")), MEMBER, iri_term(part(3))), id="of a child"),
        pytest.param((ME, MEMBER, literal_term("p3")), id="no IRI"),
    ],
)
def test_memberships_without_a_row_of_their_own_are_not_told(odd: Triple) -> None:
    change = change_set([], [(ME, MEMBER, iri_term(part(1))), odd])
    assert member_changes(change, {KEY}) == {}


# --- by jobs ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    opened = open_parts(tmp_path / "data")
    try:
        submit(opened, change_set([], says([part(n) for n in range(MANY + 10)])))
        assert large_among(opened.catalog.database, [KEY]) == {KEY}
        yield opened
    finally:
        opened.close()


def submit(parts: Parts, *steps: ChangeSet, namespace: str = LAB) -> None:
    future = parts.writer.submit(start_job(parts, namespace), lambda: Planned(steps, {}))
    run(parts)
    assert future.result(timeout=0).state == "done"


def assert_agree(parts: Parts) -> list[Triple]:
    """Return the collection as it is stored: its row says the same."""
    stored = parts.stored(COLLECTION)[COLLECTION]
    assert parts.catalog.digests(GRAPH, [COLLECTION]) == {COLLECTION: triples_digest(stored)}
    assert proof(parts.catalog) == []
    return stored


def test_a_job_of_one_step_changes_title_and_members(parts: Parts) -> None:
    removes = [(ME, TITLE, literal_term("t")), (ME, MEMBER, iri_term(part(0)))]
    submit(parts, change_set(removes, [(ME, TITLE, literal_term("new")), (ME, MEMBER, iri_term(part(MANY + 10)))]))
    stored = assert_agree(parts)
    assert (ME, TITLE, literal_term("new")) in stored
    assert sum(p == MEMBER for _, p, _ in stored) == MANY + 10


def test_a_job_that_changes_it_in_two_steps(parts: Parts) -> None:
    other, triples = top_level(LAB, "other", "t")
    submit(
        parts,
        change_set([], [(ME, MEMBER, iri_term(part(MANY + 10)))]),
        change_set([], triples, other),
        change_set([], [(ME, MEMBER, iri_term(other))]),
    )
    assert sum(p == MEMBER for _, p, _ in assert_agree(parts)) == MANY + 12


def test_a_job_of_several_steps_changes_it_in_the_last(parts: Parts) -> None:
    other, triples = top_level(LAB, "other", "t")
    submit(parts, change_set([], triples, other), change_set([], [(ME, MEMBER, iri_term(other))]))
    assert sum(p == MEMBER for _, p, _ in assert_agree(parts)) == MANY + 11


def test_a_purge_takes_members_out_of_it(parts: Parts) -> None:
    gone, triples = top_level(OTHER, "x", "t")
    submit(parts, change_set([], triples, gone), namespace=OTHER)
    submit(parts, change_set([], [(ME, MEMBER, iri_term(gone))]))
    parts.writer.submit(start_job(parts, OTHER, kind="purge"), lambda: Planned((), {}, removed=[(GRAPH, gone)]))
    run(parts)
    assert gone not in parts.indexed()
    assert sum(p == MEMBER for _, p, _ in assert_agree(parts)) == MANY + 10


def test_a_job_that_deletes_it_leaves_nothing(parts: Parts) -> None:
    submit(parts, change_set(parts.stored(COLLECTION)[COLLECTION], []))
    assert parts.indexed() == set()
    assert proof(parts.catalog) == []


def test_it_is_read_without_its_members_and_asked_for_some(parts: Parts) -> None:
    here = Dataset((GRAPH,))
    assert read_top_levels(parts.store, here, [COLLECTION], members=False) == {COLLECTION: sorted(says(()))}
    asked = [part(3), part(MANY + 20)]
    assert members_among(parts.store, here, COLLECTION, asked) == [(ME, MEMBER, iri_term(part(3)))]
