import pytest

from synhub.errors import InvalidDesign
from synhub.rdf import Term, Triple
from synhub.sbol.graph import Document, parse_rdf_xml

S = "http://sbols.org/v2#"
TYPE = Term("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>")
HEAD = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#" '
    'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsd="http://www.w3.org/2001/XMLSchema#" xmlns:a="http://a#">'
)


def xml(body: str) -> bytes:
    return f"{HEAD}{body}</rdf:RDF>".encode()


def n(name: str) -> Term:
    return Term(f"<http://x/{name}>")


def p(name: str) -> Term:
    return Term(f"<{S}{name}>")


def typed(name: str, class_name: str) -> Triple:
    return (n(name), TYPE, p(class_name))


DEVICE: list[Triple] = [
    typed("d", "ComponentDefinition"),
    (n("d"), p("component"), n("d/c")),
    (n("d"), p("sequenceAnnotation"), n("d/a")),
    typed("d/c", "Component"),
    (n("d/c"), p("definition"), n("part")),
    typed("d/a", "SequenceAnnotation"),
    (n("d/a"), p("component"), n("d/c")),
    (n("d/a"), p("location"), n("d/a/r")),
    typed("d/a/r", "Range"),
    typed("part", "ComponentDefinition"),
]


def test_ownership_follows_the_schema() -> None:
    document = Document.of(DEVICE)
    assert document.owner == {n("d/c"): n("d"), n("d/a"): n("d"), n("d/a/r"): n("d/a")}
    assert document.children == {n("d"): [n("d/a"), n("d/c")], n("d/a"): [n("d/a/r")]}
    assert document.top_levels == [n("d"), n("part")]
    assert document.orphans == []
    assert document.contested == {}
    assert document.subtree(n("d")) == [n("d"), n("d/a"), n("d/a/r"), n("d/c")]
    assert document.top_level_of(n("d/a/r")) == n("d")
    assert document.top_level_of(n("part")) == n("part")
    assert document.top_level_of(n("absent")) is None


def test_the_order_of_triples_does_not_matter() -> None:
    forward, backward = Document.of(DEVICE), Document.of(DEVICE[::-1])
    assert (forward.owner, forward.children, forward.top_levels) == (
        backward.owner,
        backward.children,
        backward.top_levels,
    )


def test_value_is_the_smallest_and_types_are_listed() -> None:
    document = Document.of([*DEVICE, (n("d"), p("role"), n("r2")), (n("d"), p("role"), n("r1"))])
    assert document.value(n("d"), p("role")) == n("r1")
    assert document.value(n("d"), p("version")) is None
    assert document.value(n("absent"), p("role")) is None
    assert document.types(n("d")) == [p("ComponentDefinition")]
    assert document.types(n("absent")) == []


def test_a_child_of_two_owners_belongs_to_the_smaller_and_is_contested() -> None:
    document = Document.of([*DEVICE, (n("part"), p("component"), n("d/c"))])
    assert document.owner[n("d/c")] == n("d")
    assert document.contested == {n("d/c"): [n("d"), n("part")]}


def test_a_child_class_without_owner_is_an_orphan_not_a_top_level() -> None:
    document = Document.of([typed("r", "Range")])
    assert document.orphans == [n("r")]
    assert document.top_levels == []
    assert document.top_level_of(n("r")) is None


def test_a_top_level_class_is_never_owned() -> None:
    document = Document.of([*DEVICE, (n("d"), p("component"), n("part"))])
    assert document.top_levels == [n("d"), n("part")]


def test_ownership_cycles_end() -> None:
    cycle = [
        *(triple for s in "ab" for triple in (typed(s, "Component"), typed(s, "MapsTo"))),
        (n("a"), p("mapsTo"), n("b")),
        (n("b"), p("mapsTo"), n("a")),
        (n("a"), p("mapsTo"), n("a")),
    ]
    document = Document.of(cycle)
    assert document.owner == {n("b"): n("a")}
    assert document.orphans == [n("a")]


ANNOTATION = [
    typed("d", "ComponentDefinition"),
    (n("d"), n("info"), n("i")),
    (n("i"), TYPE, n("Info")),
    (n("i"), n("more"), n("j")),
    (n("j"), TYPE, n("More")),
]


def test_nested_annotations_belong_to_the_subject_that_states_them() -> None:
    document = Document.of(ANNOTATION)
    assert document.nested == {n("i"), n("j")}
    assert document.owner == {n("i"): n("d"), n("j"): n("i")}
    assert document.subtree(n("d")) == [n("d"), n("i"), n("j")]
    assert document.top_level_of(n("j")) == n("d")


def test_a_foreign_object_with_an_identity_is_a_top_level() -> None:
    document = Document.of([*ANNOTATION, (n("i"), p("displayId"), Term('"i"'))])
    assert document.top_levels == [n("d"), n("i")]
    assert document.nested == {n("j")}


def test_a_foreign_object_that_is_only_referred_to_is_a_top_level() -> None:
    derived = Term("<http://www.w3.org/ns/prov#wasDerivedFrom>")
    document = Document.of([typed("d", "ComponentDefinition"), (n("d"), derived, n("i")), (n("i"), TYPE, n("Info"))])
    assert document.top_levels == [n("d"), n("i")]
    assert document.nested == frozenset()


def test_an_annotation_shared_by_two_objects_belongs_to_the_nearest_then_smallest() -> None:
    document = Document.of([*ANNOTATION, typed("e", "Sequence"), (n("e"), n("info"), n("j"))])
    assert document.owner == {n("i"): n("d"), n("j"): n("e")}


def test_rings_of_annotations_that_nothing_refers_to_have_one_head() -> None:
    ring = [(n("i"), n("next"), n("j")), (n("j"), n("next"), n("k")), (n("k"), n("next"), n("i"))]
    document = Document.of(ring)
    assert document.top_levels == [n("i")]
    assert document.owner == {n("j"): n("i"), n("k"): n("j")}


def test_thousands_of_top_levels_are_all_found() -> None:
    triples = [
        triple
        for number in range(1_200)
        for s, p_, o in DEVICE
        for triple in [(Term(f"{s[:-1]}{number}>"), p_, Term(f"{o[:-1]}{number}>") if "//x/" in o else o)]
    ]
    assert len(Document.of(triples).top_levels) == 2_400


def test_typed_literals_are_read_as_the_engine_stores_them() -> None:
    data = xml(
        '<sbol:Sequence rdf:about="http://x/s"><a:d rdf:datatype="http://www.w3.org/2001/XMLSchema#dateTime">'
        '2020-01-01T00:00:00.000Z</a:d><a:i rdf:datatype="http://www.w3.org/2001/XMLSchema#integer">007</a:i>'
        '<a:t>007</a:t><a:l xml:lang="en">x</a:l></sbol:Sequence>'
    )
    assert parse_rdf_xml(data) == [
        typed("s", "Sequence"),
        (n("s"), Term("<http://a#d>"), Term('"2020-01-01T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>')),
        (n("s"), Term("<http://a#i>"), Term('"7"^^<http://www.w3.org/2001/XMLSchema#integer>')),
        (n("s"), Term("<http://a#t>"), Term('"007"')),
        (n("s"), Term("<http://a#l>"), Term('"x"@en')),
    ]


def test_repeated_triples_are_read_once() -> None:
    assert (
        len(parse_rdf_xml(xml('<sbol:Sequence rdf:about="http://x/s"><a:t>1</a:t><a:t>1</a:t></sbol:Sequence>'))) == 2
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [("m.xml", "m.xml"), ("/m.xml", "m.xml"), ("../../m.xml", "m.xml"), ("a/m%20.xml", "a/m%20.xml"), ("#m", "#m")],
)
def test_a_relative_source_is_kept_by_name(given: str, kept: str) -> None:
    data = xml(f'<sbol:Attachment rdf:about="http://x/a"><sbol:source rdf:resource="{given}"/></sbol:Attachment>')
    assert parse_rdf_xml(data)[1] == (n("a"), p("source"), Term(f"<urn:x-synhub-upload:{kept}>"))
    again = data.replace(f'"{given}"'.encode(), f'"urn:x-synhub-upload:{kept}"'.encode())
    assert parse_rdf_xml(again) == parse_rdf_xml(data)


@pytest.mark.parametrize(
    "body",
    [
        '<sbol:Sequence rdf:about="s"/>',
        '<sbol:Sequence rdf:ID="s"/>',
        '<sbol:Sequence rdf:about="http://x/s"><sbol:encoding rdf:resource="s"/></sbol:Sequence>',
        '<sbol:Sequence rdf:about="http://x/s"><a:t rdf:datatype="s">1</a:t></sbol:Sequence>',
        '<sbol:Sequence rdf:about="urn:x-synhub-upload:s"/>',
    ],
)
def test_other_relative_iris_are_refused_by_name(body: str) -> None:
    with pytest.raises(InvalidDesign, match="relative") as error:
        parse_rdf_xml(xml(body))
    assert error.value.findings[0]["rule"] == "synhub-relative-iri"
    assert error.value.findings[0]["subject"].endswith("s")


def test_a_text_that_looks_like_a_relative_iri_is_a_text() -> None:
    body = '<sbol:Sequence rdf:about="http://x/s"><a:t>^^&lt;x-synhub-upload:</a:t></sbol:Sequence>'
    assert len(parse_rdf_xml(xml(body))) == 2


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ('<sbol:Sequence rdf:about="http://x/s s"/>', "http://x/s s"),
        ('<sbol:Sequence rdf:about="http://x/s">', "ill-formed"),
        ('<sbol:Sequence rdf:about="http://x/s">text<a:b/></sbol:Sequence>', "text"),
    ],
)
def test_what_is_not_rdf_xml_is_rule_10105(body: str, word: str) -> None:
    with pytest.raises(InvalidDesign, match=word) as error:
        parse_rdf_xml(xml(body))
    assert [f["rule"] for f in error.value.findings] == ["sbol-10105"]
