"""The task that runs in a prepare child: uploaded files in, prepared objects on disk and a report out.

Reads, checks and mints; decides nothing about what is stored. A document that cannot be accepted is an
answer, not an exception. Must not import the store, the web or the server's state: children start fast and
may die.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from synhub.errors import InvalidDesign
from synhub.model import Finding
from synhub.rdf import Iri, Term, Triple, iri_of, is_iri
from synhub.sbol.graph import Document, parse_rdf_xml
from synhub.sbol.prescan import Limits, Prescan, is_empty, prescan
from synhub.sbol.rules.document import check_document
from synhub.submit.mint import Target, mint
from synhub.submit.prepared import Prepared, write_prepared
from synhub.vocab import SBOL1, SBOL2, SBOL3, STAMPS

# What a file that is not XML begins with; the first that matches names it. Anything else is read as XML.
_BEGINNINGS: tuple[tuple[str, re.Pattern[bytes]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("a ZIP file or COMBINE archive", rb"PK\x03\x04"),
        ("a gzip file", rb"\x1f\x8b"),
        ("a SnapGene file", rb"\t\x00\x00\x00\x0eSnapGene"),
        ("GenBank", rb"\s*(?i:LOCUS)\s"),
        ("GFF3", rb"\s*##gff-version"),
        ("FASTA", rb"\s*[>;]"),
        ("Turtle", rb"\s*(?i:@prefix|@base|PREFIX|BASE)\s"),
        ("N-Triples or Turtle", rb"\s*<[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>]*[/:#][^\s<>]*>\s+[<a]"),
        ("JSON", rb"\s*[{\[]"),
    )
)
_ADVICE = "synhub accepts SBOL2 as RDF/XML"


def run(argument: dict[str, Any]) -> dict[str, Any]:
    """Prepare one upload.

    `argument`: `files` (list of `path`, `name`), `prefix`, `owner`, `collection_id`, `collection`, `output`
    (where the prepared objects go) and `limits` (fields of sbol.prescan.Limits that are not the default).
    Returns `ok`, `findings` (JSON), `objects`, `triples` and `error`, the text for the caller or None.
    Nothing is written unless `ok`. Raises TooLarge when a limit is hit.
    """
    target = Target(argument["prefix"], argument["owner"], argument["collection_id"], Iri(argument["collection"]))
    files = [(str(file["name"]), Path(file["path"])) for file in argument["files"]]
    prepared, findings = _prepare(files, target, Limits(**argument["limits"]))
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        write_prepared(Path(argument["output"]), prepared)
    return {
        "ok": not errors,
        "findings": [finding.as_json() for finding in findings],
        "objects": len(prepared.objects),
        "triples": prepared.triples,
        "error": failure_text(errors) if errors else None,
    }


def failure_text(errors: Iterable[Finding]) -> str:
    """Return the body of a failed submission: a group of lines per error, then `Validation failed.`"""
    groups = [f"{e.rule}: {e.message}\n{e.subject}".rstrip() + "\n" for e in errors]
    return "\n".join([*groups, "Validation failed."])


def _prepare(files: Sequence[tuple[str, Path]], target: Target, limits: Limits) -> tuple[Prepared, list[Finding]]:
    """Return what was prepared and all findings; with an error among them, nothing was."""
    documents: list[tuple[str, list[Triple]]] = []
    scan = Prescan(b"", frozenset(), [])
    for name, path in files:
        triples, one = _read(name, path.read_bytes(), limits)
        if len(files) > 1:
            one = replace(one, findings=[replace(f, message=f"{name}: {f.message}") for f in one.findings])
        documents.append((name, triples))
        scan = Prescan(b"", scan.namespaces | one.namespaces, scan.findings + one.findings)
    clashes = _different_content(documents) if len(documents) > 1 else []
    document = Document.of(dict.fromkeys(t for _, triples in documents for t in triples))
    findings = [*check_document(document, scan), *clashes]
    if any(finding.severity == "error" for finding in findings):
        return Prepared(), findings
    try:
        minted = mint(document, target)
    except InvalidDesign as error:
        return Prepared(), findings + _findings_of(error)
    prepared = replace(minted, findings=findings + minted.findings)
    return prepared, prepared.findings


def _read(name: str, data: bytes, limits: Limits) -> tuple[list[Triple], Prescan]:
    """Read one file, empty ones too; what keeps it from being read is among the findings."""
    nothing = Prescan(b"", frozenset(), [])
    if is_empty(data):
        return [], nothing
    for kind, beginning in _BEGINNINGS:
        if beginning.match(data):
            return [], replace(nothing, findings=[_unsupported(name, kind)])
    try:
        scan = prescan(data, limits)
    except InvalidDesign as error:
        return [], replace(nothing, findings=_findings_of(error))
    old = [kind for kind, ns in (("SBOL 1", SBOL1.NS), ("SBOL 3", SBOL3.NS)) if ns in scan.namespaces]
    if old and SBOL2.NS not in scan.namespaces:
        return [], replace(nothing, findings=[_unsupported(name, old[0])])
    try:
        return parse_rdf_xml(scan.data), replace(scan, data=b"")
    except InvalidDesign as error:
        known = {finding.rule for finding in scan.findings}
        more = [finding for finding in _findings_of(error) if finding.rule not in known]
        return [], replace(scan, data=b"", findings=scan.findings + more)


def _unsupported(name: str, kind: str) -> Finding:
    message = f"{name!r} looks like {kind}, which is not read here; {_ADVICE}"
    return Finding("synhub-format", "error", name, message)


def _findings_of(error: InvalidDesign) -> list[Finding]:
    return [Finding(f["rule"], f["severity"], f["subject"], f["message"]) for f in error.findings]


def _different_content(documents: Sequence[tuple[str, list[Triple]]]) -> list[Finding]:
    """Find subjects of which two files say different things; the same thing twice is fine."""
    findings: list[Finding] = []
    known: dict[Term, tuple[str, set[tuple[Term, Term]]]] = {}
    for name, triples in documents:
        said: dict[Term, set[tuple[Term, Term]]] = {}
        for s, p, o in triples:
            if p not in STAMPS:
                said.setdefault(s, set()).add((p, o))
        for subject, content in said.items():
            first, other = known.setdefault(subject, (name, content))
            if other != content:
                iri = iri_of(subject) if is_iri(subject) else subject
                message = f"the files {first!r} and {name!r} say different things about one object: {iri}"
                findings.append(Finding("sbol-10202", "error", iri, message))
    return findings
