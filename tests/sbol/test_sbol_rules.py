"""Every rule with a document that breaks it and one that does not: fixtures/rules, whose SOURCE.md tells the shape."""

import tomllib
from pathlib import Path
from typing import Any

import pyoxigraph
import pytest

from synhub.errors import InvalidDesign
from synhub.model import Finding
from synhub.sbol.graph import Document, parse_rdf, parse_rdf_xml
from synhub.sbol.prescan import prescan
from synhub.sbol.rules.check import check_document

FOLDER = Path(__file__).parent.parent.parent / "fixtures" / "rules"
PREFIXES = """@prefix : <http://lab.example/> .
@prefix sbol: <http://sbols.org/v2#> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix om: <http://www.ontology-of-units-of-measure.org/resource/om-2/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix so: <http://identifiers.org/so/> .
@prefix sbo: <http://identifiers.org/biomodels.sbo/> .
@prefix edam: <http://identifiers.org/edam/> .
@prefix biopax: <http://www.biopax.org/release/biopax-level3.owl#> .
@prefix my: <http://my.example/terms#> .
"""


def cases() -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for file in sorted(FOLDER.glob("*.toml")):
        common = tomllib.loads(file.read_text("utf-8"))
        given = common.pop("given", "")
        found += [(rule, case | {"given": given}) for rule, case in common.items()]
    return found


def findings_of(text: str, given: str) -> list[Finding]:
    """Read Turtle, or RDF/XML where it begins like it, and check it with all gates."""
    if not text.lstrip().startswith("<?xml"):
        return check_document(Document.of(parse_rdf(f"{PREFIXES}{given}{text}".encode(), pyoxigraph.RdfFormat.TURTLE)))
    try:
        scanned = prescan(text.lstrip().encode())
        return [*scanned.findings, *check_document(Document.of(parse_rdf_xml(scanned.data)))]
    except InvalidDesign as error:
        return [Finding.from_json(finding) for finding in error.findings]


@pytest.mark.parametrize(("rule", "case"), cases(), ids=[rule for rule, _ in cases()])
def test_a_rule_tells_the_broken_document_from_the_valid_one(rule: str, case: dict[str, Any]) -> None:
    broken = findings_of(case["broken"], case["given"])
    told = {finding.rule for finding in broken}
    assert rule in told
    errors = {finding.rule for finding in broken if finding.severity == "error"}
    assert errors - {rule} == set(case.get("also", [])), [f.message for f in broken]
    valid = findings_of(case["valid"], case["given"])
    assert rule not in {finding.rule for finding in valid}
    assert [f.message for f in valid if f.severity == "error"] == []


def test_no_rule_has_two_pairs() -> None:
    names = [rule for rule, _ in cases()]
    assert sorted(set(names)) == sorted(names)
