"""The catalog's tables follow the triples, by differences, and removal rows take effect at once."""

from collections.abc import Iterator
from pathlib import Path

import pyoxigraph
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from synhub.identity import version_key
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.search.translate import instant
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.digests import triples_digest
from synhub.store.catalog.entry import facet_key, make_entry, parse_moment, version_order
from synhub.store.catalog.update import is_public
from synhub.vocab import DCTERMS, RDF, SBH, SBOL2

PUBLIC = Iri("http://x/public")
BOB = Iri("http://x/user/bob")


def part(graph: Iri, name: str, *more: tuple[Iri, Term]) -> tuple[tuple[Iri, Iri], list[Triple]]:
    """A ComponentDefinition with one child, as stored."""
    iri = Iri(f"{graph}/lab/{name}/1")
    subject, child = iri_term(iri), iri_term(Iri(f"{graph}/lab/{name}/c/1"))
    own: list[tuple[Iri, Term]] = [
        (RDF.type, iri_term(SBOL2.ComponentDefinition)),
        (SBOL2.displayId, literal_term(name)),
        (SBH.topLevel, subject),
        *more,
    ]
    triples = [(subject, iri_term(p), o) for p, o in own]
    triples += [
        (child, iri_term(RDF.type), iri_term(Iri(SBOL2.NS + "Component"))),
        (child, iri_term(SBH.topLevel), subject),
    ]
    return (graph, iri), triples


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def counts(catalog: Catalog) -> dict[str, int]:
    rows = catalog.database.rows("SELECT class.iri, n FROM class_count JOIN class ON class.id = class WHERE n > 0")
    return {iri.removeprefix(SBOL2.NS): n for iri, n in rows}


def rows_left(catalog: Catalog) -> dict[str, int]:
    tables = "top_level folded words facet moment membership reference elements class_use hidden name_word"
    return {t: n for t in tables.split() if (n := catalog.database.rows(f"SELECT count(*) FROM {t}")[0][0])}


def test_update_records_the_step_number_with_its_rows(catalog: Catalog, tmp_path: Path) -> None:
    assert catalog.last_number == 0
    key, triples = part(PUBLIC, "pTet")
    catalog.update({key: triples}, 7)
    catalog.close()
    again = Catalog(tmp_path / "catalog.sqlite")
    assert again.last_number == 7
    assert list(again.digest_rows()) == [(*key, triples_digest(triples))]
    again.close()


def test_classes_are_counted_with_children_and_follow_changes(catalog: Catalog) -> None:
    key, triples = part(PUBLIC, "pTet")
    catalog.update({key: triples}, 1)
    assert counts(catalog) == {"ComponentDefinition": 1, "Component": 1}
    catalog.update({key: triples[:-2]}, 2)
    assert counts(catalog) == {"ComponentDefinition": 1}
    catalog.update({key: []}, 3)
    assert counts(catalog) == {}


def test_removed_top_level_leaves_no_row_behind(catalog: Catalog) -> None:
    other = iri_term(Iri("http://x/public/lab/other/1"))
    key, triples = part(
        PUBLIC,
        "pTet",
        (DCTERMS.created, literal_term("2020-01-01T00:00:00Z")),
        (SBOL2.sequence, other),
        (SBOL2.member, iri_term(Iri("http://x/public/lab/member/1"))),
        (SBOL2.elements, literal_term("acgt")),
        (DCTERMS.title, literal_term("Tet promoter")),
    )
    catalog.update({key: triples}, 1)
    assert len(rows_left(catalog)) == 10
    catalog.update({key: []}, 2)
    assert rows_left(catalog) == {}
    catalog.update({key: []}, 3)  # removing what is absent is no error


def test_hidden_top_levels_are_not_counted_until_shown_again(catalog: Catalog) -> None:
    first, second = part(PUBLIC, "pTet"), part(PUBLIC, "pLac")
    catalog.update(dict([first, second]), 1)
    catalog.hide([first[0]])
    catalog.hide([first[0]])
    assert counts(catalog) == {"ComponentDefinition": 1, "Component": 1}
    catalog.unhide([first[0]])
    assert counts(catalog) == {"ComponentDefinition": 2, "Component": 2}


def test_hiding_survives_a_restart_and_ends_with_the_object(catalog: Catalog, tmp_path: Path) -> None:
    key, triples = part(PUBLIC, "pTet")
    catalog.update({key: triples}, 1)
    catalog.hide([key])
    catalog.close()
    again = Catalog(tmp_path / "catalog.sqlite")
    assert again.hidden == {key}
    again.update({key: []}, 2)
    assert again.hidden == frozenset()
    again.update({key: triples}, 3)
    assert counts(again) == {"ComponentDefinition": 1, "Component": 1}
    again.close()


def test_object_written_again_while_hidden_stays_hidden(catalog: Catalog) -> None:
    key, triples = part(PUBLIC, "pTet")
    catalog.hide([key])
    catalog.update({key: triples}, 1)
    assert counts(catalog) == {}
    catalog.update({key: [*triples, (triples[0][0], iri_term(DCTERMS.title), literal_term("new"))]}, 2)
    assert counts(catalog) == {}
    catalog.unhide([key])
    assert counts(catalog) == {"ComponentDefinition": 1, "Component": 1}


def test_uses_count_references_from_public_objects_only(catalog: Catalog) -> None:
    target, triples = part(PUBLIC, "pTet")
    definition = Iri(SBOL2.NS + "definition")
    public_user = part(PUBLIC, "device", (definition, iri_term(target[1])))
    private_user = part(BOB, "secret", (definition, iri_term(target[1])))

    def uses() -> list[int]:
        return [n for (n,) in catalog.database.rows("SELECT uses FROM top_level WHERE iri = ?", [target[1]])]

    catalog.update(dict([public_user, private_user]), 1)  # before the target is there
    catalog.update({target: triples}, 2)
    assert uses() == [1]
    catalog.update(dict([part(PUBLIC, "second", (definition, iri_term(target[1])))]), 3)
    assert uses() == [2]
    catalog.update({public_user[0]: []}, 4)
    assert uses() == [1]


def test_graph_of_a_user_called_public_is_not_the_public_graph() -> None:
    assert is_public(Iri("http://x/public"))
    assert not is_public(Iri("http://x/user/public"))
    assert not is_public(Iri("http://x/user/bob"))


def test_clear_forgets_everything_and_can_be_filled_again(catalog: Catalog) -> None:
    key, triples = part(PUBLIC, "pTet")
    catalog.update({key: triples}, 5)
    catalog.hide([key])
    catalog.clear()
    assert (rows_left(catalog), catalog.last_number, catalog.hidden) == ({}, 0, frozenset())
    catalog.update({key: triples}, 6)
    assert counts(catalog) == {"ComponentDefinition": 1, "Component": 1}


def test_digest_does_not_depend_on_the_order_of_triples() -> None:
    _, triples = part(PUBLIC, "pTet")
    assert triples_digest(reversed(triples)) == triples_digest([*triples, triples[0]])
    assert triples_digest(triples) != triples_digest(triples[1:])


def test_entry_shows_biopax_types_and_sequence_ontology_roles_only() -> None:
    iri = Iri("http://x/public/lab/p/1")
    so = iri_term(Iri("http://identifiers.org/so/SO:0000167"))
    (_, top), triples = part(PUBLIC, "p", (SBOL2.role, iri_term(Iri("http://a/role"))), (SBOL2.role, so))
    entry = make_entry(top, triples)
    assert (entry.iri, entry.sbol_type, entry.role) == (iri, None, "http://identifiers.org/so/SO:0000167")
    assert facet_key(SBOL2.role, so) in entry.facets and facet_key(SBOL2.role) in entry.facets
    assert facet_key(SBOL2.type) not in entry.facets


@example(["", "\0"])
@example(["a\0", "a"])
@given(st.lists(st.text("0123456789.-aRC", max_size=8) | st.text(max_size=4), min_size=2, max_size=2))
def test_version_order_is_that_of_maven(versions: list[str]) -> None:
    one, two = versions
    assert (version_order(one) < version_order(two)) == (version_key(one) < version_key(two))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T01:00:00.5+01:00", 500_000),
        ("1969-12-31T24:00:00Z", 0),
        ("1970-01-01T00:00:01", 1_000_000),
        ("1970-01-02", 86_400_000_000),
        ("1970-01-02-11:00", 86_400_000_000),
        ("-0001-01-01T00:00:00Z", -62_198_755_200_000_000),
        ("2020-02-30T00:00:00Z", None),
        ("2020-02-30", None),
        ("2020-02-03+15:00", None),
        ("2020-01", None),
        ("2020-01-01T", None),
        ("yesterday", None),
    ],
)
def test_moments_are_instants_or_nothing(text: str, expected: int | None) -> None:
    assert parse_moment(text) == expected


@given(st.datetimes() | st.dates(), st.sampled_from(["", "Z", "+14:00", "-05:30", "+15:00", "z"]), st.dates())
def test_moments_compare_with_a_day_as_the_engine_does(moment: object, zone: str, day: object) -> None:
    text, bound = str(moment).replace(" ", "T") + zone, f"{day}T00:00:00Z"
    answers = []
    for operator in ("<", ">="):
        query = (
            f'ASK {{ VALUES ?date {{ "{text}" }} FILTER({instant("?date")} {operator}'
            f' "{bound}"^^<http://www.w3.org/2001/XMLSchema#dateTime>) }}'
        )
        answers.append(bool(pyoxigraph.Store().query(query)))
    at, begin = parse_moment(text), parse_moment(bound)
    assert begin is not None
    assert answers == ([at < begin, at >= begin] if at is not None else [False, False])
