from pathlib import Path

import pytest

from synhub.errors import InvalidDesign
from synhub.model import Finding
from synhub.sbol.graph import Document, parse_rdf_xml
from synhub.sbol.prescan import prescan
from synhub.sbol.rules.document import check_structure

HEAD = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#" '
    'xmlns:prov="http://www.w3.org/ns/prov#" xmlns:a="http://a#">'
)
FIXTURES = Path(__file__).parent.parent.parent / "fixtures"


def check(body: str) -> list[Finding]:
    scanned = prescan(f"{HEAD}{body}</rdf:RDF>".encode())
    return [*scanned.findings, *check_structure(Document.of(parse_rdf_xml(scanned.data)))]


def owner(name: str, child: str) -> str:
    return (
        f'<sbol:ComponentDefinition rdf:about="http://x/{name}"><sbol:component>{child}</sbol:component>'
        "</sbol:ComponentDefinition>"
    )


CHILD = '<sbol:Component rdf:about="http://x/c"/>'


def test_a_sound_document_has_no_findings() -> None:
    assert check(owner("d", CHILD) + '<a:Sheet rdf:about="http://x/sheet"><a:b>1</a:b></a:Sheet>') == []


@pytest.mark.parametrize(
    ("body", "rule", "words"),
    [
        (
            '<sbol:Sequence rdf:about="http://x/s"><rdf:type rdf:resource="http://sbols.org/v2#Model"/></sbol:Sequence>',
            "sbol-10228",
            ["http://x/s", "Model and Sequence"],
        ),
        (
            '<prov:Plan rdf:about="http://x/s"><rdf:type rdf:resource="http://www.w3.org/ns/prov#Agent"/></prov:Plan>',
            "sbol-10228",
            ["http://x/s", "Agent and Plan"],
        ),
        (owner("d", CHILD) + owner("e", CHILD), "synhub-one-owner", ["http://x/c", "http://x/d and http://x/e"]),
        (CHILD, "synhub-one-owner", ["http://x/c", "Component without an owner", "component of a ComponentDefinition"]),
        ('<prov:Usage rdf:about="http://x/u"/>', "synhub-one-owner", ["is a Usage without an owner", "of an Activity"]),
        ('<sbol:Foo rdf:about="http://x/f"/>', "sbol-12303", ["http://x/f is a Foo,"]),
        (
            '<sbol:Interaction rdf:about="http://x/i"/>',
            "synhub-one-owner",
            ["http://x/i is an Interaction without an owner", "(interaction of a ModuleDefinition)"],
        ),
        (
            '<sbol:Participation rdf:about="http://x/i"/>',
            "synhub-one-owner",
            ["http://x/i is a Participation without an owner", "(participation of an Interaction)"],
        ),
        (
            '<rdf:Description rdf:about="http://x/f"><a:b>1</a:b></rdf:Description>',
            "sbol-12302",
            ["http://x/f", "no rdf:type"],
        ),
        (
            '<rdf:Description rdf:about="http://x/f"><rdf:type>Sequence</rdf:type></rdf:Description>',
            "sbol-12302",
            ["http://x/f", "'Sequence'", "no IRI"],
        ),
    ],
)
def test_a_broken_rule_is_an_error_that_names_what_breaks_it(body: str, rule: str, words: list[str]) -> None:
    findings = check(body)
    assert [(f.rule, f.severity) for f in findings] == [(rule, "error")]
    for word in words:
        assert word in findings[0].message


def test_a_class_of_sbol_and_one_of_prov_go_together() -> None:
    body = '<sbol:Attachment rdf:about="http://x/s"><rdf:type rdf:resource="http://www.w3.org/ns/prov#Plan"/></sbol:Attachment>'
    assert check(body) == []


def test_an_annotation_node_needs_no_class() -> None:
    body = '<sbol:Sequence rdf:about="http://x/s"><a:b rdf:parseType="Resource"><a:c>1</a:c></a:b></sbol:Sequence>'
    assert check(body) == []


def test_a_child_without_about_is_called_so() -> None:
    body = owner("d", "<sbol:Component><rdf:type rdf:resource='http://sbols.org/v2#Module'/></sbol:Component>")
    assert "a node without rdf:about has several classes" in check(body)[0].message


def test_findings_of_the_pre_scan_come_first() -> None:
    twice = owner("d", CHILD) + owner("d", CHILD.replace("/c", "/e"))
    assert [f.rule for f in check(twice + '<sbol:Foo rdf:about="http://x/f"/>')] == ["sbol-10202", "sbol-12303"]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("no_namespace", "sbol-10101"),
        ("no_about", "sbol-10201"),
        ("two_classes", "sbol-10228"),
        ("two_owners", "synhub-one-owner"),
        ("duplicate_about_different", "sbol-10202"),
    ],
)
def test_each_invalid_fixture_breaks_its_rule(name: str, rule: str) -> None:
    scanned = prescan((FIXTURES / "invalid" / f"{name}.xml").read_bytes())
    try:
        found = [*scanned.findings, *check_structure(Document.of(parse_rdf_xml(scanned.data)))]
    except InvalidDesign as error:  # a node without identity stops the reading
        assert [f["rule"] for f in error.findings] == [rule]
        found = scanned.findings
    assert found[0].rule == rule


@pytest.mark.parametrize("file", sorted((FIXTURES / "sbol2").glob("*.xml")), ids=lambda f: f.stem)
def test_valid_fixtures_have_no_findings(file: Path) -> None:
    scanned = prescan(file.read_bytes())
    assert [*scanned.findings, *check_structure(Document.of(parse_rdf_xml(scanned.data)))] == []
