"""Listings of collections: who sees which roots, levels and members, in which order, and how many."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from synhub import collections
from synhub.errors import BadRequest
from synhub.identity import Registry
from synhub.model import Dataset, Hit, Removed, Single, User
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.search.grammar import parse_words
from synhub.store.catalog.catalog import Catalog
from synhub.vocab import BIOPAX, DCTERMS, PREFIXES, RDF, SBH, SBOL2, SO

REGISTRY = Registry("http://x/")
PUBLIC, BOB = REGISTRY.public_graph, REGISTRY.user_graph("bob")
ANYBODY, FOR_BOB = Dataset((PUBLIC,)), Dataset((PUBLIC, BOB))
USER = User(1, "bob", "Bob", "bob@x.org", "", False, False, False, False, "")
PART = iri_term(SBOL2.ComponentDefinition)


def at(graph: Iri, name: str) -> Iri:
    return Iri(f"{graph}/lab/{name}/1")


def top_level(graph: Iri, name: str, cls: Term, *more: tuple[Iri, Term]) -> tuple[Removed, list[Triple]]:
    iri = at(graph, name)
    own = [(RDF.type, cls), (SBOL2.displayId, literal_term(name)), (SBH.topLevel, iri_term(iri)), *more]
    return (graph, iri), [(iri_term(iri), iri_term(p), o) for p, o in own]


def collection(graph: Iri, name: str, *members: Iri, owner: str = "bob") -> tuple[Removed, list[Triple]]:
    owned = (SBH.ownedBy, iri_term(REGISTRY.user_graph(owner)))
    links = [(SBOL2.member, iri_term(member)) for member in members]
    return top_level(graph, name, iri_term(SBOL2.Collection), owned, *links)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def ids(hits: list[Hit] | tuple[Hit, ...]) -> list[str]:
    return [hit.display_id for hit in hits]


def test_roots_are_judged_graph_by_graph_and_public_ones_come_first(catalog: Catalog) -> None:
    catalog.update(
        dict(
            [
                collection(PUBLIC, "zoo", at(PUBLIC, "inner")),
                collection(PUBLIC, "inner"),
                collection(PUBLIC, "held_by_bob_only"),
                collection(BOB, "alpha", at(PUBLIC, "held_by_bob_only"), at(BOB, "beta")),
                collection(BOB, "beta"),
                top_level(PUBLIC, "part", PART),
            ]
        ),
        1,
    )
    assert ids(collections.root_collections(catalog, FOR_BOB)) == ["held_by_bob_only", "zoo", "alpha"]
    assert ids(collections.root_collections(catalog, ANYBODY)) == ["held_by_bob_only", "zoo"]


def test_collection_in_a_hidden_one_becomes_a_root(catalog: Catalog) -> None:
    outer = collection(PUBLIC, "outer", at(PUBLIC, "inner"))
    catalog.update(dict([outer, collection(PUBLIC, "inner")]), 1)
    catalog.hide([outer[0]])
    assert ids(collections.root_collections(catalog, ANYBODY)) == ["inner"]


def test_sub_collections_show_only_the_next_level(catalog: Catalog) -> None:
    catalog.update(
        dict(
            [
                collection(PUBLIC, "top", at(PUBLIC, "mid"), at(PUBLIC, "low"), at(PUBLIC, "part")),
                collection(PUBLIC, "mid", at(PUBLIC, "low")),
                collection(PUBLIC, "low"),
                top_level(PUBLIC, "part", PART),
            ]
        ),
        1,
    )

    def below(name: str) -> list[str]:
        return ids(collections.sub_collections(catalog, REGISTRY, ANYBODY, at(PUBLIC, name)))

    assert (below("top"), below("mid"), below("low"), below("part"), below("absent")) == (
        ["mid"],
        ["low"],
        [],
        [],
        [],
    )


def test_private_collection_between_two_levels_is_not_betrayed_to_others(catalog: Catalog) -> None:
    catalog.update(
        dict(
            [
                collection(PUBLIC, "top", at(BOB, "secret"), at(PUBLIC, "low")),
                collection(BOB, "secret", at(PUBLIC, "low")),
                collection(PUBLIC, "low"),
            ]
        ),
        1,
    )
    top = at(PUBLIC, "top")
    assert ids(collections.sub_collections(catalog, REGISTRY, ANYBODY, top)) == ["low"]
    assert ids(collections.sub_collections(catalog, REGISTRY, FOR_BOB, top)) == ["secret"]


def page(catalog: Catalog, dataset: Dataset, iri: Iri, **options: object) -> tuple[list[str], int]:
    settings: dict[str, object] = {"offset": 0, "limit": 50} | options
    found = collections.members(catalog, REGISTRY, dataset, iri, **settings)  # type: ignore[arg-type]
    return ids(found.hits), found.total


def members_of_lab(catalog: Catalog) -> Iri:
    names = ["c1", "b2", "a3", "d4"]
    titles = ["beta", "Alpha", "alpha", None]
    parts = [
        top_level(
            PUBLIC,
            name,
            PART if name != "d4" else iri_term(SBOL2.Sequence),
            *([(DCTERMS.title, literal_term(title))] if title else []),
            (SBOL2.role, iri_term(Iri(SO.NS + ("SO:0000167" if name == "a3" else "SO:0000316")))),
            (SBOL2.type, iri_term(Iri(BIOPAX.NS + "DnaRegion"))),
        )
        for name, title in zip(names, titles, strict=True)
    ]
    lab = collection(PUBLIC, "lab", *(at(PUBLIC, n) for n in names), at(BOB, "own"), at(PUBLIC, "dangling"))
    catalog.update(dict([*parts, lab, top_level(BOB, "own", PART, (DCTERMS.title, literal_term("aa")))]), 1)
    return lab[0][1]


def test_members_are_sorted_paged_and_counted_exactly(catalog: Catalog) -> None:
    lab = members_of_lab(catalog)
    assert page(catalog, ANYBODY, lab) == (["a3", "b2", "c1", "d4"], 4)  # alpha, Alpha (by IRI), beta, d4
    assert page(catalog, ANYBODY, lab, sort="-name") == (["d4", "c1", "b2", "a3"], 4)
    assert page(catalog, ANYBODY, lab, sort="displayId") == (["a3", "b2", "c1", "d4"], 4)
    assert page(catalog, ANYBODY, lab, sort="-type") == (["d4", "c1", "b2", "a3"], 4)
    assert page(catalog, ANYBODY, lab, offset=1, limit=2) == (["b2", "c1"], 4)
    assert page(catalog, ANYBODY, lab, limit=0) == ([], 4)
    assert page(catalog, ANYBODY, lab, offset=9) == ([], 4)


def test_members_of_several_graphs_are_merged_in_order(catalog: Catalog) -> None:
    lab = members_of_lab(catalog)
    assert page(catalog, FOR_BOB, lab) == (["own", "a3", "b2", "c1", "d4"], 5)
    assert page(catalog, FOR_BOB, lab, sort="-name", offset=3) == (["a3", "own"], 5)


def test_members_are_filtered_by_text_class_type_and_role(catalog: Catalog) -> None:
    lab = members_of_lab(catalog)
    assert page(catalog, ANYBODY, lab, text=parse_words("ALPHA")) == (["a3", "b2"], 2)
    assert page(catalog, ANYBODY, lab, text=parse_words("a")) == (["a3", "b2", "c1"], 3)
    assert page(catalog, ANYBODY, lab, cls=SBOL2.Sequence) == (["d4"], 1)
    assert page(catalog, ANYBODY, lab, cls=Iri(SO.NS + "SO:0000167")) == (["a3"], 1)
    assert page(catalog, ANYBODY, lab, cls=Iri(BIOPAX.NS + "DnaRegion"))[1] == 4


def version(graph: Iri, name: str, number: str, cls: Term, *members: Iri) -> tuple[Removed, list[Triple]]:
    """One of several versions of an object, `lab/name/number`."""
    iri, identity = Iri(f"{graph}/lab/{name}/{number}"), Iri(f"{graph}/lab/{name}")
    own: list[tuple[Iri, Term]] = [
        (RDF.type, cls),
        (SBOL2.displayId, literal_term(f"{name} {number}")),
        (SBOL2.persistentIdentity, iri_term(identity)),
        (SBOL2.version, literal_term(number)),
        *((SBOL2.member, iri_term(member)) for member in members),
    ]
    return (graph, iri), [(iri_term(iri), iri_term(p), o) for p, o in own]


def unversioned(graph: Iri, name: str) -> Iri:
    return Iri(f"{graph}/lab/{name}")


def test_member_without_a_version_is_the_latest_one(catalog: Catalog) -> None:
    lab = collection(PUBLIC, "lab", unversioned(PUBLIC, "part"), unversioned(BOB, "own"))
    parts = [version(PUBLIC, "part", number, PART) for number in ("1", "1.10", "1.9", "1.10-rc")]
    own = [version(BOB, "own", number, PART) for number in ("1", "2")]
    catalog.update(dict([lab, *parts, *own]), 1)
    assert page(catalog, ANYBODY, lab[0][1]) == (["part 1.10"], 1)
    assert page(catalog, FOR_BOB, lab[0][1]) == (["own 2", "part 1.10"], 2)
    catalog.update(dict([version(PUBLIC, "part", "2", PART)]), 2)
    assert page(catalog, ANYBODY, lab[0][1]) == (["part 2"], 1)
    just_now = Dataset((PUBLIC,), (), frozenset({(PUBLIC, Iri(f"{PUBLIC}/lab/part/2"))}))
    assert page(catalog, just_now, lab[0][1]) == (["part 1.10"], 1)
    catalog.hide([(PUBLIC, Iri(f"{PUBLIC}/lab/part/2"))])
    assert page(catalog, just_now, lab[0][1]) == page(catalog, ANYBODY, lab[0][1]) == (["part 1.10"], 1)


def test_member_named_with_and_without_its_version_is_counted_once(catalog: Catalog) -> None:
    one, two = (version(PUBLIC, "part", number, PART) for number in "12")
    lab = collection(PUBLIC, "lab", one[0][1], two[0][1], unversioned(PUBLIC, "part"))
    catalog.update(dict([lab, one, two]), 1)
    assert page(catalog, ANYBODY, lab[0][1]) == (["part 1", "part 2"], 2)


def test_collection_without_a_version_covers_its_latest_one_only(catalog: Catalog) -> None:
    kind = iri_term(SBOL2.Collection)
    mids = [version(PUBLIC, "mid", number, kind, unversioned(PUBLIC, "low")) for number in ("1", "2", "10")]
    lows = [version(PUBLIC, "low", number, kind) for number in ("1", "2")]
    top = collection(PUBLIC, "top", unversioned(PUBLIC, "mid"), unversioned(PUBLIC, "low"))
    catalog.update(dict([top, *mids, *lows]), 1)
    assert ids(collections.root_collections(catalog, ANYBODY)) == ["low 1", "mid 1", "mid 2", "top"]

    def below(iri: Iri) -> list[str]:
        return ids(collections.sub_collections(catalog, REGISTRY, ANYBODY, iri))

    assert (below(top[0][1]), below(mids[0][0][1]), below(lows[0][0][1])) == (["mid 10"], ["low 2"], [])


def test_unknown_sort_is_refused_with_the_known_ones(catalog: Catalog) -> None:
    with pytest.raises(BadRequest, match="name, displayId, type"):
        page(catalog, ANYBODY, at(PUBLIC, "lab"), sort="colour")


def test_members_of_a_private_collection_are_for_its_owner(catalog: Catalog) -> None:
    catalog.update(dict([collection(BOB, "lab", at(BOB, "own")), top_level(BOB, "own", PART)]), 1)
    assert page(catalog, FOR_BOB, at(BOB, "lab")) == (["own"], 1)
    assert page(catalog, ANYBODY, at(BOB, "lab")) == ([], 0)


def test_shared_collection_opens_its_members_in_its_namespace_and_no_others(catalog: Catalog) -> None:
    elsewhere = Iri(f"{BOB}/other/secret/1")
    secret = [(iri_term(elsewhere), iri_term(RDF.type), PART)]
    catalog.update(
        dict(
            [
                collection(BOB, "lab", at(BOB, "own"), elsewhere, at(PUBLIC, "part")),
                top_level(BOB, "own", PART),
                top_level(BOB, "not_a_member", PART),
                top_level(PUBLIC, "part", PART),
                ((BOB, elsewhere), secret),
            ]
        ),
        1,
    )
    lab = at(BOB, "lab")
    assert page(catalog, Dataset((PUBLIC,), (Single(BOB, lab, members=True),)), lab) == (["own", "part"], 2)
    assert page(catalog, Dataset((PUBLIC,), (Single(BOB, lab),)), lab) == (["part"], 1)
    assert page(catalog, Dataset((PUBLIC,), (Single(BOB, at(BOB, "own")),)), lab) == ([], 0)


def test_hidden_members_are_neither_shown_nor_counted(catalog: Catalog) -> None:
    lab = members_of_lab(catalog)
    catalog.hide([(PUBLIC, at(PUBLIC, "a3"))])
    assert page(catalog, ANYBODY, lab) == (["b2", "c1", "d4"], 3)
    just_now = Dataset((PUBLIC,), (), frozenset({(PUBLIC, at(PUBLIC, "a3")), (PUBLIC, at(PUBLIC, "c1"))}))
    assert page(catalog, just_now, lab) == (["b2", "d4"], 2)


def test_managed_are_root_collections_of_the_user_private_ones_first(catalog: Catalog) -> None:
    old = top_level(
        PUBLIC,
        "old",
        iri_term(SBOL2.Collection),
        (Iri(PREFIXES["synbiohub"] + "uploadedBy"), literal_term("bob@x.org")),
    )
    catalog.update(
        dict(
            [
                collection(PUBLIC, "published"),
                collection(PUBLIC, "of_alice", owner="alice"),
                collection(BOB, "lab", at(BOB, "inner")),
                collection(BOB, "inner"),
                top_level(BOB, "part", PART),
                old,
            ]
        ),
        1,
    )
    found = collections.managed_collections(catalog, REGISTRY, FOR_BOB, USER)
    assert [(hit.display_id, public) for hit, public in found] == [
        ("lab", False),
        ("old", True),
        ("published", True),
    ]


def test_counts_by_class_see_the_public_graph_only(catalog: Catalog) -> None:
    catalog.update(dict([top_level(PUBLIC, "p", PART), top_level(BOB, "q", PART)]), 1)

    def count(name: str) -> int:
        return collections.count_of_class(catalog, REGISTRY, name)

    assert (count("ComponentDefinition"), count("componentdefinition"), count("Nope")) == (1, 0, 0)
    for bad in ("a:b", "sp ace", "", "x/y"):
        with pytest.raises(BadRequest):
            count(bad)
