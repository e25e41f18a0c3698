"""The pure side of publishing: the form, places and names, renaming, the public collection."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.errors import Conflict, FieldErrors
from synhub.identity import Registry
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.submit.publish import (
    NewHome,
    Outcome,
    Place,
    PublishForm,
    Renaming,
    check_form,
    name_homes,
    new_members,
    place_of,
    plan_root,
)
from synhub.vocab import DCTERMS, SBOL2

REGISTRY = Registry("http://h/")
BOB = Iri("http://h/user/bob")
PUB = PublishForm(True, REGISTRY.namespace(None, "pub"), Iri("http://h/public/pub/pub_collection/1"))


def checked(fields: Mapping[str, str], latest: Iri | None = None) -> PublishForm:
    return check_form(fields, REGISTRY, lambda _: latest)


# --- the form --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "messages"),
    [
        ({"tabState": "new", "id": "", "version": "1"}, ["Please enter an id for your submission"]),
        ({"tabState": "new", "id": "x"}, ["Please enter a version for your submission"]),
        (
            {"tabState": "new"},
            ["Please enter an id for your submission", "Please enter a version for your submission"],
        ),
        (
            {"tabState": "new", "id": "1x", "version": "1", "citations": "a"},
            [
                "Collection id is invalid. An id is a string of characters that MUST be composed of only alphanumeric"
                " or underscore characters and MUST NOT begin with a digit.",
                "Citations must be comma separated Pubmed IDs",
            ],
        ),
        ({"tabState": "existing"}, ["Please select a collection to add to"]),
        ({"id": "x"}, ["Please select a collection to add to"]),
    ],
)
def test_every_wrong_field_is_named(fields: dict[str, str], messages: list[str]) -> None:
    with pytest.raises(FieldErrors) as error:
        checked(fields)
    assert error.value.messages == messages


def test_a_new_collection_needs_neither_name_nor_description() -> None:
    form = checked({"tabState": "new", "id": "pub", "version": "1.2", "citations": "1,2"})

    assert form.is_new and form.collection == "http://h/public/pub/pub_collection/1.2"
    assert (form.name, form.description, form.citations, form.version) == ("", "", ("1", "2"), "1.2")
    assert str(form.refusal()) == "Submission id pub version 1.2 already in use"


@pytest.mark.parametrize(
    ("fields", "collection"),
    [
        ({"collections": "http://h/public/pub/pub_collection/1"}, "http://h/public/pub/pub_collection/1"),
        ({"collections": "http://h/public/pub/sub/2", "id": "no", "version": ""}, "http://h/public/pub/sub/2"),
        ({"tabState": "any", "id": "pub", "version": "3"}, "http://h/public/pub/pub_collection/3"),
        ({"collections": "http://h/public/pub/sub"}, "http://h/public/pub/sub/9"),
    ],
)
def test_an_existing_collection_is_named_by_iri_or_by_id_and_version(fields: dict[str, str], collection: str) -> None:
    form = checked(fields, Iri("http://h/public/pub/sub/9"))

    assert (form.is_new, form.collection, form.namespace.iri) == (False, collection, "http://h/public/pub/")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"collections": "http://h/user/bob/lab/lab_collection/1"}, "is not a public collection"),
        ({"collections": "http://elsewhere/public/lab/lab_collection/1"}, "is not a public collection"),
        ({"collections": "http://h/public/lab/a/b/1"}, "is not a public collection"),
        ({"collections": "nonsense"}, "nonsense is not a public collection"),
        ({"collections": "http://h/public/lab/none"}, "Submission id lab version 1 not found"),
        ({"id": "1", "version": "1"}, "Submission id 1 version 1 not found"),
    ],
)
def test_a_target_that_cannot_be_is_refused(fields: dict[str, str], words: str) -> None:
    with pytest.raises(Conflict, match=words):
        checked(fields)


# --- places ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rest", "place"),
    [
        ("lab/P1/1", Place("lab/P1", "1", "/1")),
        ("lab/P1", Place("lab/P1", None, "")),
        ("lab/P1/site/range/1.0-a", Place("lab/P1", "1.0-a", "/site/range/1.0-a")),
        ("lab/P1/site", Place("lab/P1", None, "/site")),
        ("lab/P1/1/download", Place("lab/P1", "1", "/1/download")),
        ("lab/P1/2/.bnode/0123456789abcdef", Place("lab/P1", "2", "/2/.bnode/0123456789abcdef")),
    ],
)
def test_the_version_is_the_first_segment_that_starts_with_a_digit(rest: str, place: Place) -> None:
    assert place_of(f"{BOB}/{rest}", BOB) == place


@pytest.mark.parametrize("iri", [BOB, f"{BOB}/lab", "http://h/user/bobby/lab/P1/1", "http://h/public/lab/P1/1", "x"])
def test_other_iris_have_no_place(iri: str) -> None:
    assert place_of(iri, BOB) is None


# --- names -----------------------------------------------------------------------------------------------------------


def test_clashes_are_numbered_in_the_order_of_the_homes_those_of_the_source_first() -> None:
    homes = ["a/P1", "lab/P1", "b/P1", "b/Q", "lab/P1_2"]

    assert name_homes(homes, PUB, "lab", None) == {
        "lab/P1": "P1",
        "lab/P1_2": "P1_2",
        "b/Q": "Q",
        "a/P1": "P1_3",
        "b/P1": "P1_4",
    }


def test_the_name_of_the_root_is_free_for_the_published_collection_alone() -> None:
    homes = ["lab/pub_collection", "other/pub_collection"]

    assert name_homes(homes, PUB, "lab", "lab/pub_collection") == {
        "lab/pub_collection": "pub_collection",
        "other/pub_collection": "pub_collection_2",
    }
    assert name_homes(homes[:1], PUB, "lab", None) == {"lab/pub_collection": "pub_collection_2"}
    assert name_homes(homes[:1], PUB, "lab", "lab/lab_collection") == {"lab/pub_collection": "pub_collection_2"}


@given(st.sets(st.tuples(st.sampled_from("abc"), st.sampled_from(["P", "P_2", "P_3", "pub_collection"]))))
def test_no_two_homes_get_one_name_whatever_their_order(places: set[tuple[str, str]]) -> None:
    homes = [f"{collection}/{name}" for collection, name in places]

    names = name_homes(homes, PUB, "b", None)

    assert sorted(names) == sorted(homes)
    assert len(set(names.values())) == len(homes)
    assert "pub_collection" not in names.values()
    assert names == name_homes(reversed(homes), PUB, "b", None)


# --- renaming --------------------------------------------------------------------------------------------------------

MOVED = Renaming(
    BOB,
    {
        "lab/P1": NewHome("http://h/public/pub/P1", "P1", frozenset({"1"}), True),
        "lab/Q": NewHome("http://h/public/pub/Q_2", "Q_2", frozenset({"1", "2"}), False),
    },
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lab/P1/1", "pub/P1/1"),
        ("lab/P1", "pub/P1"),
        ("lab/P1/site", "pub/P1/site"),
        ("lab/P1/site/1", "pub/P1/site/1"),
        ("lab/P1/1/download", "pub/P1/1/download"),
        ("lab/P1/1/.bnode/9", "pub/P1/1/.bnode/9"),
        ("lab/Q/2", "pub/Q_2/2"),
    ],
)
def test_everything_below_a_published_object_follows(old: str, new: str) -> None:
    assert MOVED.iri(Iri(f"{BOB}/{old}")) == f"http://h/public/{new}"


@pytest.mark.parametrize("rest", ["lab/P1/2", "lab/P1/site/2", "lab/P10/1", "lab/Q", "lab/Q/site", "lab", "la/P1/1"])
def test_other_versions_and_other_objects_stay(rest: str) -> None:
    iri = Iri(f"{BOB}/{rest}")
    assert MOVED.iri(iri) == iri


def test_texts_never_follow_and_a_numbered_display_id_does() -> None:
    q, note = iri_term(Iri(f"{BOB}/lab/Q/1")), iri_term(Iri("http://x/note"))
    child, display_id = iri_term(Iri(f"{BOB}/lab/Q/site/1")), iri_term(SBOL2.displayId)
    text = literal_term(f"{BOB}/lab/Q/1")

    renamed = MOVED.triples([(q, note, text), (q, display_id, literal_term("Q")), (child, display_id, Term('"site"'))])

    new, new_child = "<http://h/public/pub/Q_2/1>", "<http://h/public/pub/Q_2/site/1>"
    assert renamed == [(new, note, text), (new, display_id, '"Q_2"'), (new_child, display_id, '"site"')]


# --- the collection --------------------------------------------------------------------------------------------------

ROOT = iri_term(PUB.collection)
TITLE, MEMBER = iri_term(DCTERMS.title), iri_term(SBOL2.member)


def root(form: PublishForm, uploaded: list[Triple], stored: list[Triple]) -> list[Triple]:
    return list(plan_root(form, uploaded, stored, creator="Bob B", owner=BOB, created="2026-01-01T00:00:00Z").adds)


def test_a_new_collection_leaves_out_texts_that_the_form_does_not_say() -> None:
    said = {p.rpartition("#")[2].rpartition("/")[2]: o for _, p, o in root(PUB, [], [])}

    assert said == {
        "type>": iri_term(SBOL2.Collection),
        "persistentIdentity>": "<http://h/public/pub/pub_collection>",
        "displayId>": '"pub_collection"',
        "version>": '"1"',
        "creator>": '"Bob B"',
        "created>": '"2026-01-01T00:00:00Z"',
        "topLevel>": ROOT,
        "ownedBy>": iri_term(BOB),
    }


def test_the_published_collection_keeps_texts_that_the_form_does_not_say() -> None:
    old = [(ROOT, TITLE, Term('"old"')), (ROOT, iri_term(DCTERMS.description), Term('"kept"'))]
    form = PublishForm(True, PUB.namespace, PUB.collection, name="new")

    assert root(form, old, []) == [old[1], (ROOT, TITLE, Term('"new"'))]
    assert root(PUB, old, []) == old


def test_a_stored_collection_gets_the_members_it_lacks_and_nothing_else() -> None:
    one, two = Term("<http://h/public/pub/one/1>"), Term("<http://h/public/pub/two/1>")
    form = PublishForm(False, PUB.namespace, PUB.collection, name="not taken")
    uploaded = [(ROOT, TITLE, Term('"no"')), (ROOT, MEMBER, one), (ROOT, MEMBER, two)]

    assert root(form, uploaded, [(ROOT, MEMBER, one)]) == [(ROOT, MEMBER, two)]


def test_a_published_collection_keeps_its_own_structure() -> None:
    outcome = Outcome(PUB.collection)
    for name in ("held", "named", "loose"):
        outcome.moved[Iri(f"{BOB}/lab/{name}/1")] = Iri(f"http://h/public/pub/{name}/1")
    outcome.moved[Iri(f"{BOB}/lab/pub_collection/1")] = PUB.collection
    outcome.holders = {
        Iri("http://h/public/pub/held/1"): [PUB.collection],
        Iri("http://h/public/pub/named"): [PUB.collection],
    }

    assert new_members(PUB, outcome, from_source=True) == ["http://h/public/pub/loose/1"]
    assert new_members(PUB, outcome, from_source=False) == [
        "http://h/public/pub/held/1",
        "http://h/public/pub/loose/1",
        "http://h/public/pub/named/1",
    ]
