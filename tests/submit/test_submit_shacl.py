"""SHACL shapes of somebody's: what they find, and what is refused."""

import pytest

from synhub.errors import BadRequest, SynhubError, TooLarge
from synhub.model import Finding
from synhub.rdf import Triple, read_ntriples
from synhub.submit.shacl import MOST_SHAPES_BYTES, check_shapes, read_shapes

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <http://ex.example/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
TARGET = "ex:S a sh:NodeShape ; sh:targetClass ex:Thing ;"
DATA = read_ntriples(
    b"<http://ex.example/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://ex.example/Thing> .\n"
    b'<http://ex.example/a> <http://ex.example/size> "007"^^<http://www.w3.org/2001/XMLSchema#integer> .\n'
    b'<http://ex.example/a> <http://ex.example/name> "Name \\"x\\""@en .\n'
)


def shapes(text: str) -> list[Triple]:
    return read_shapes((PREFIXES + text).encode(), "shapes.ttl")


def check(text: str) -> list[Finding]:
    return check_shapes(DATA, shapes(f"{TARGET} {text} ."))


def test_a_result_becomes_a_finding() -> None:
    found = check(
        "sh:property ex:P . ex:P sh:path ex:name ; sh:maxLength 3 ; sh:severity sh:Warning ; sh:message 'long'"
    )

    assert found == [
        Finding(
            "sh:MaxLengthConstraintComponent",
            "warning",
            "http://ex.example/a",
            "long (shape http://ex.example/P)",
            "http://ex.example/name",
            'Name "x"',
        )
    ]


def test_literals_are_compared_as_they_are_written() -> None:
    assert check('sh:property [ sh:path ex:size ; sh:pattern "^007$" ; sh:datatype xsd:integer ]') == []
    assert check('sh:property [ sh:path ex:name ; sh:languageIn ("en") ]') == []


def test_findings_come_in_one_order() -> None:
    text = " , ".join(f"[ sh:path ex:{name} ; sh:minCount 1 ]" for name in "bca")
    assert [f.property for f in check(f"sh:property {text}")] == [f"http://ex.example/{name}" for name in "abc"]


def test_imports_are_not_followed_and_told() -> None:
    imported = shapes("ex:O <http://www.w3.org/2002/07/owl#imports> <http://127.0.0.1:9/shapes> .")

    note, _ = check_shapes(DATA, imported)
    assert (note.rule, note.severity) == ("synhub-import", "note")
    assert "http://127.0.0.1:9/shapes is not followed" in note.message


def test_a_context_of_json_ld_is_not_fetched() -> None:
    text = b'{"@context": "http://127.0.0.1:9/context.jsonld", "@id": "http://ex.example/S"}'

    with pytest.raises(BadRequest, match=r"shapes\.jsonld.* cannot be read: it refers to a remote @context"):
        read_shapes(text, "shapes.jsonld")


def test_shapes_without_a_target_are_told() -> None:
    [note] = check_shapes(DATA, shapes("ex:a ex:b ex:c ."))
    assert (note.rule, note.severity) == ("synhub-shapes", "note")
    by_class = "ex:Thing a sh:NodeShape , <http://www.w3.org/2000/01/rdf-schema#Class> ; sh:closed true ."
    assert {f.rule for f in check_shapes(DATA, shapes(by_class))} == {"sh:ClosedConstraintComponent"}


def test_a_blank_node_is_named_by_what_it_is_in() -> None:
    with pytest.raises(BadRequest) as refused:
        check("sh:property [ sh:minCount 1 ]")
    words = "the shapes cannot be used: a blank node in http://ex.example/S exists but is not a well-formed SHACL"
    assert refused.value.message.startswith(words)


def test_shapes_are_read_in_every_syntax_of_rdf() -> None:
    ntriples = b"<http://ex.example/S> <http://www.w3.org/ns/shacl#targetClass> <http://ex.example/Thing> .\n"
    xml = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sh="http://www.w3.org/ns/shacl#">'
        b'<rdf:Description rdf:about="http://ex.example/S"><sh:targetClass rdf:resource="http://ex.example/Thing"/>'
        b"</rdf:Description></rdf:RDF>"
    )
    jsonld = b'[{"@id": "http://ex.example/S", "http://www.w3.org/ns/shacl#targetClass": [{"@id": "http://ex.example/Thing"}]}]'
    for data in (ntriples, xml, jsonld):
        assert read_shapes(data, "shapes") == read_ntriples(ntriples)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sparql", f"{TARGET} sh:sparql [ sh:select 'SELECT $this {{ SERVICE <http://127.0.0.1:9/> {{}} }}' ] ."),
        ("validator", "ex:C a sh:ConstraintComponent ; sh:validator [ sh:ask 'ASK {}' ] ."),
        ("js", f"{TARGET} sh:js [ sh:jsFunctionName 'f' ] ."),
        ("rule", f"{TARGET} sh:rule [ a sh:TripleRule ] ."),
        ("target", "ex:S a sh:NodeShape ; sh:target [ a sh:SPARQLTarget ] ."),
        ("entailment", "ex:O sh:entailment <http://www.w3.org/ns/entailment/RDFS> ."),
    ],
)
def test_what_is_more_than_shacl_core_is_refused(name: str, text: str) -> None:
    with pytest.raises(BadRequest, match=rf"use http://www\.w3\.org/ns/shacl#{name}\w*, which is not run here"):
        shapes(text)


ENTITY = b"""<!DOCTYPE rdf:RDF [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="http://x/&b;"/></rdf:RDF>"""


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"@prefix", b"\xff\xfe", b"\0" * 100, ENTITY, b'{"@graph": ', b"PK\x03\x04"], ids=range(8)
)
def test_what_cannot_be_read_is_refused_with_words(data: bytes) -> None:
    with pytest.raises(SynhubError) as refused:
        read_shapes(data, "shapes.ttl")
    assert refused.value.message


def test_too_many_shapes_are_refused() -> None:
    with pytest.raises(TooLarge, match=f"they may have at most {MOST_SHAPES_BYTES}"):
        read_shapes(b"#" * (MOST_SHAPES_BYTES + 1), "shapes.ttl")


@pytest.mark.parametrize(
    "text",
    [
        "sh:property [ sh:path 'x' ]",
        "sh:property [ sh:path ex:size ; sh:minCount 'many' ]",
        "sh:property [ sh:path ex:name ; sh:pattern '(' ]",
        "sh:in _:l . _:l <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> _:l",
        "sh:property [ sh:path _:p ] . _:p sh:inversePath _:p",
        f"sh:not {'[ sh:not ' * 3000}ex:T{' ]' * 3000}",
    ],
    ids=["path", "number", "pattern", "list", "circle", "deep"],
)
def test_shapes_that_make_no_sense_are_refused_with_words(text: str) -> None:
    with pytest.raises(BadRequest, match="the shapes"):
        check(text)


def test_a_shape_that_refers_to_itself_ends() -> None:
    assert [f.rule for f in check("sh:node ex:S")] == ["synhub-recursion"]
