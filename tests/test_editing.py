"""Editing fields: what a form means, which values a field has afterwards, which triples change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.editing import FieldEdit, Operation, Values, changes_of, parse_edit, values_after
from synhub.errors import BadRequest, Conflict, InvalidIri, NotFound
from synhub.identity import ObjectRef, Registry, parse_object
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.vocab import DCTERMS, RDF, SBOL2, XSD

SO = "http://identifiers.org/so/SO:0000"
DNA = "http://www.biopax.org/release/biopax-level3.owl#DnaRegion"
TOP, CHILD = Iri("http://h/user/bob/lab/x/1"), Iri("http://h/user/bob/lab/x/c/1")
ME, PART = iri_term(TOP), iri_term(CHILD)
NOW = literal_term("2026-01-02T03:04:05Z", XSD.dateTime)
BEFORE = literal_term("2020-01-01T00:00:00Z", XSD.dateTime)
RDF_TYPE, MODIFIED = iri_term(RDF.type), iri_term(DCTERMS.modified)
ROLE, TYPE, TITLE = iri_term(SBOL2.role), iri_term(SBOL2.type), iri_term(DCTERMS.title)
NOTE = Term("<http://lab.example/terms#note>")
STORED: list[Triple] = [
    (ME, RDF_TYPE, iri_term(SBOL2.ComponentDefinition)),
    (ME, TYPE, iri_term(Iri(DNA))),
    (ME, TITLE, literal_term("one")),
    (ME, TITLE, literal_term("eins", language="de")),
    (ME, MODIFIED, BEFORE),
    (PART, RDF_TYPE, iri_term(Iri(SBOL2.NS + "Component"))),
    (ME, NOTE, Term("<http://h/user/bob/lab/x/.bnode/b>")),
    (Term("<http://h/user/bob/lab/x/.bnode/b>"), NOTE, literal_term("nested")),
]


def edit(operation: Operation, field: str, value: str, previous: str = "", pred: str = "") -> FieldEdit:
    return parse_edit(operation, field, {"object": value, "previous": previous, "pred": pred})


def of(values: list[str]) -> Values:
    return lambda _: [iri_term(Iri(v)) for v in values]


# --- what was asked for


@pytest.mark.parametrize(
    ("operation", "field"), [("edit", "displayId"), ("add", "title"), ("add", "description"), ("remove", "member")]
)
def test_a_field_that_cannot_be_edited_so_is_not_found(operation: Operation, field: str) -> None:
    with pytest.raises(NotFound, match=f"no field '{field}' to {operation}"):
        edit(operation, field, "x")


@pytest.mark.parametrize("value", ["", " \n"])
def test_a_value_must_be_given(value: str) -> None:
    with pytest.raises(BadRequest, match="`object` is missing"):
        edit("edit", "title", value)


@pytest.mark.parametrize("value", ["SO:0000316", "urn:x:y"])
def test_a_role_is_an_iri_of_the_web(value: str) -> None:
    with pytest.raises(BadRequest, match="a role is a whole IRI"):
        edit("add", "role", value)


@pytest.mark.parametrize("value", ["promoter", "http://a b", "http://a> } ; DROP ALL #"])
def test_a_role_that_is_no_iri_is_refused(value: str) -> None:
    with pytest.raises(InvalidIri):
        edit("add", "role", value)


@pytest.mark.parametrize("operation", ["edit", "add"])
@pytest.mark.parametrize("field", ["role", "type", "wasDerivedFrom", "annotation"])
def test_a_new_iri_has_an_end(operation: Operation, field: str) -> None:
    longest = "http://x.org/" + "y" * 1987
    assert edit(operation, field, longest, pred="http://x.org/p").value == f"<{longest}>"
    with pytest.raises(BadRequest, match="object has 2001 characters, 'http"):
        edit(operation, field, longest + "y", pred="http://x.org/p")
    with pytest.raises(BadRequest, match="pred has 2001 characters"):
        edit(operation, "annotation", "x", pred=longest + "y")
    assert edit(operation, "annotation", "y" * 3000, pred="http://x.org/p").value == f'"{"y" * 3000}"'


def test_an_iri_that_an_upload_has_brought_can_be_removed_however_long() -> None:
    long = "http://x.org/" + "y" * 3000
    assert edit("remove", "role", long).value == f"<{long}>"
    assert edit("remove", "annotation", long, pred=long).predicate == f"<{long}>"


def test_any_iri_can_be_an_origin() -> None:
    assert edit("add", "wasDerivedFrom", " urn:isbn:0451450523 ").value == "<urn:isbn:0451450523>"


def test_a_title_is_text_even_when_it_looks_like_an_iri() -> None:
    assert edit("edit", "title", "http://a.example/").value == '"http://a.example/"'


def test_an_annotation_is_an_iri_when_it_looks_like_one() -> None:
    pred = "http://lab.example/terms#k"
    assert edit("add", "annotation", "http://a.example/", pred=pred).value == "<http://a.example/>"
    assert edit("add", "annotation", 'say "hi"', pred=pred).value == r'"say \"hi\""'


@pytest.mark.parametrize(
    ("pred", "words"),
    [
        ("", "`pred` is missing"),
        (DCTERMS.title, "edited as the field title"),
        (SBOL2.role, "edited as the field role"),
        (SBOL2.member, "no annotation"),
        (SBOL2.NS + "unheardOf", "no annotation"),
        (RDF.type, "no annotation"),
        (DCTERMS.created, "no annotation"),
        ("http://wiki.synbiohub.org/wiki/Terms/synbiohub#ownedBy", "no annotation"),
        ("http://synbiohub.org#uploadedBy", "no annotation"),
        ("http://www.w3.org/ns/prov#wasGeneratedBy", "no annotation"),
        ("http://purl.obolibrary.org/obo/OBI_0001617", "no annotation"),
        ("note", "not an absolute IRI"),
    ],
)
@pytest.mark.parametrize("operation", ["edit", "add", "remove"])
def test_an_annotation_has_a_predicate_that_the_server_does_not_need(
    operation: Operation, pred: str, words: str
) -> None:
    with pytest.raises(BadRequest, match=words):
        edit(operation, "annotation", "x", pred=pred)


@pytest.mark.parametrize("pred", ["http://www.w3.org/2000/01/rdf-schema#label", "http://purl.org/dc/elements/1.1/x"])
def test_an_annotation_may_have_predicates_of_other_vocabularies(pred: str) -> None:
    assert edit("add", "annotation", "x", pred=pred).predicate == f"<{pred}>"


def test_terms_are_shown_by_their_names() -> None:
    assert edit("add", "type", DNA).shown == "DnaRegion"
    assert edit("add", "role", SO + "316").shown == "CDS"
    assert edit("add", "role", SO + "139").shown == "ribosome_entry_site"
    assert edit("add", "role", "http://identifiers.org/so/SO:9999999").shown == "http://identifiers.org/so/SO:9999999"


# --- which values are there afterwards


def test_editing_a_title_leaves_one_whatever_there_was() -> None:
    several = [literal_term("one"), literal_term("two")]
    assert values_after(edit("edit", "title", "new"), []) == ['"new"']
    assert values_after(edit("edit", "title", "new"), several) == ['"new"']
    assert values_after(edit("edit", "title", "new", previous="two"), several) == ['"new"']


def test_what_is_replaced_must_be_there() -> None:
    with pytest.raises(Conflict, match="no title 'two' to edit; there is: 'one'"):
        values_after(edit("edit", "title", "new", previous="two"), [literal_term("one")])
    with pytest.raises(Conflict, match="there is: none"):
        values_after(edit("edit", "role", SO + "316", previous=SO + "167"), [])


def test_editing_a_role_replaces_the_one_that_is_named() -> None:
    roles = [iri_term(Iri(SO + n)) for n in ("167", "139")]
    after = values_after(edit("edit", "role", SO + "316", previous=SO + "167"), roles)
    assert after == [f"<{SO}139>", f"<{SO}316>"]


def test_editing_one_of_several_roles_needs_its_name() -> None:
    roles = [iri_term(Iri(SO + n)) for n in ("167", "139")]
    with pytest.raises(Conflict, match="several values of role"):
        values_after(edit("edit", "role", SO + "316"), roles)
    assert values_after(edit("edit", "role", SO + "316"), roles[:1]) == [f"<{SO}316>"]


def test_what_is_removed_must_be_there() -> None:
    with pytest.raises(Conflict, match="no role"):
        values_after(edit("remove", "role", SO + "316"), [])


def test_a_value_is_found_by_its_text_whatever_its_kind() -> None:
    kinds = [literal_term("2", XSD.integer), literal_term("2", language="en"), literal_term("3")]
    pred = "http://lab.example/terms#n"
    assert values_after(edit("remove", "annotation", "2", pred=pred), kinds) == ['"3"']


def test_line_ends_of_forms_make_no_other_value() -> None:
    stored = [literal_term("a\nb")]
    assert values_after(edit("edit", "description", "c", previous="a\r\nb\r\n"), stored) == ['"c"']


# --- which triples change


def test_an_edit_stamps_the_object_and_its_top_level() -> None:
    removes, adds = changes_of(STORED, CHILD, TOP, TITLE, of(["http://t"]), NOW)
    assert removes == [(ME, MODIFIED, BEFORE)]
    assert adds == [(PART, TITLE, "<http://t>"), (PART, MODIFIED, NOW), (ME, MODIFIED, NOW)]


def test_a_second_title_is_refused_and_the_last_type_stays() -> None:
    with pytest.raises(Conflict, match="a ComponentDefinition has at most 1"):
        changes_of(STORED, TOP, TOP, TITLE, lambda stored: [*stored, literal_term("x")], NOW)
    with pytest.raises(Conflict, match="a ComponentDefinition needs a type"):
        changes_of(STORED, TOP, TOP, TYPE, of([]), NOW)


def test_a_class_without_the_field_is_refused() -> None:
    stored = [(ME, RDF_TYPE, iri_term(SBOL2.Sequence))]
    with pytest.raises(Conflict, match="a Sequence has no role"):
        changes_of(stored, TOP, TOP, ROLE, of([SO + "316"]), NOW)


def test_a_class_that_sbol_does_not_know_may_have_a_role() -> None:
    stored = [(ME, RDF_TYPE, Term("<http://lab.example/Plate>"))]
    assert changes_of(stored, TOP, TOP, ROLE, of([SO + "316"]), NOW)[1][0] == (ME, ROLE, f"<{SO}316>")


def test_an_annotation_with_parts_is_not_torn_off() -> None:
    with pytest.raises(Conflict, match="parts of its own"):
        changes_of(STORED, TOP, TOP, NOTE, of([]), NOW)


def test_nothing_is_derived_from_itself() -> None:
    derived = parse_edit("add", "wasDerivedFrom", {"object": TOP})
    with pytest.raises(Conflict, match="cannot refer to itself"):
        changes_of(STORED, TOP, TOP, derived.predicate, lambda stored: values_after(derived, stored), NOW)


@given(st.lists(st.sampled_from("abcdef"), unique=True), st.lists(st.sampled_from("abcdef")))
def test_after_the_change_the_predicate_has_these_values_and_nothing_else_differs(
    before: list[str], after: list[str]
) -> None:
    stored = [*STORED, *((ME, ROLE, Term(f"<http://r/{b}>")) for b in before)]
    removes, adds = changes_of(stored, TOP, TOP, ROLE, of([f"http://r/{a}" for a in after]), NOW)
    now = set(stored) - set(removes) | set(adds)
    assert {o for s, p, o in now if p == ROLE} == {f"<http://r/{a}>" for a in after}
    rest = {t for t in stored if t[1] not in (ROLE, MODIFIED)}
    assert {t for t in now if t[1] != ROLE} == rest | {(ME, MODIFIED, NOW)}
    assert not set(removes) & set(adds)


# --- how a form names an object

REGISTRY = Registry("http://h/")


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("http://h/user/bob/lab/x/1", ObjectRef("bob", "lab", "x", "1")),
        (" http://h/user/bob/lab/x/1/ ", ObjectRef("bob", "lab", "x", "1")),
        ("http://h/public/lab/x/c", ObjectRef(None, "lab", "x/c", None)),
        ("/user/bob/lab/x/1", ObjectRef("bob", "lab", "x", "1")),
        ("/public/lab/%C3%A9/1", ObjectRef(None, "lab", "é", "1")),
    ],
)
def test_an_object_is_named_by_its_iri_or_its_path(text: str, ref: ObjectRef) -> None:
    assert parse_object(text, REGISTRY) == ref


@pytest.mark.parametrize("text", ["", "x", "user/bob/lab/x/1", "http://other/user/bob/lab/x/1", "/user/bob", "/admin"])
def test_what_names_no_object_of_the_registry_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_object(text, REGISTRY)
