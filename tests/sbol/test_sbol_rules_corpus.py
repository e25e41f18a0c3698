"""The rules against a reference library's answers on real files. `-s` prints the score."""

import json
from pathlib import Path

import pytest

from synhub.errors import InvalidDesign
from synhub.model import GATES, Finding, Gate
from synhub.sbol.graph import Document, parse_rdf_xml
from synhub.sbol.prescan import prescan
from synhub.sbol.rules.check import check_document

pytestmark = pytest.mark.slow

# What the reference library names and we do not, in files that break the rule of their name.
MISSED = {
    "sbol-11412.xml": "its restriction is the relative IRI 'hello': refused as synhub-relative-iri",
    "sbol-12405.xml": "a property holds text and an object: refused as sbol-10105, it is not RDF/XML",
    "sbol-13207.xml": "its size is a relative IRI: refused as synhub-relative-iri",
}


def findings_of(data: bytes) -> list[Finding]:
    try:
        scanned = prescan(data)
    except InvalidDesign as error:
        return [Finding.from_json(finding) for finding in error.findings]
    try:
        document = Document.of(parse_rdf_xml(scanned.data))
    except InvalidDesign as error:
        return [*scanned.findings, *(Finding.from_json(finding) for finding in error.findings)]
    return [*scanned.findings, *check_document(document)]


def rules_of(findings: list[Finding], gate: Gate) -> set[str]:
    """Return what a check with one gate switched on reports: the gate `always` is never off."""
    return {f.rule for f in findings if f.severity != "note" and f.gate in ("", "always", gate)}


@pytest.fixture(scope="module")
def oracle(corpus: Path) -> dict[str, dict[str, list[str]]]:
    answers: dict[str, dict[str, list[str]]] = json.loads((corpus / "oracle" / "validation.json").read_text())
    return answers


@pytest.mark.parametrize("folder", ["SBOL2", "SBOL2_bp", "SBOL2_ic", "SBOL2_nc", "igem_parts"])
def test_each_gate_reports_what_the_reference_library_reports(
    corpus: Path, oracle: dict[str, dict[str, list[str]]], folder: str
) -> None:
    names = [name for name in oracle if name.startswith(folder + "/")]
    assert len(names) > 5
    different: list[tuple[str, str, set[str]]] = []
    for name in names:
        findings = findings_of((corpus / name).read_bytes())
        for gate in GATES:
            expected = set(oracle[name]["read"]) | set(oracle[name][gate])
            if (told := rules_of(findings, gate)) != expected:
                different.append((name, gate, told ^ expected))
    print(f"{folder}: {len(names)} files, {len(different)} differences")
    assert different == []


def test_valid_files_break_no_rule_at_all(corpus: Path) -> None:
    files = sorted((corpus / "SBOL2").iterdir())
    assert len(files) == 95
    for file in files:
        assert [f.message for f in findings_of(file.read_bytes())] == [], file.name


def test_invalid_files_break_the_rule_of_their_name(corpus: Path) -> None:
    files = sorted((corpus / "InvalidFiles").glob("*.xml"))
    assert len(files) == 116
    missed = {file.name for file in files if file.stem not in {f.rule for f in findings_of(file.read_bytes())}}
    print(f"InvalidFiles: {len(files) - len(missed)} of {len(files)}")
    assert missed == set(MISSED)
