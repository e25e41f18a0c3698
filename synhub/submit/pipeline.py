"""The task that runs in a prepare child: uploaded files in, prepared objects on disk and a report out.

Reads, checks and mints; decides nothing about what is stored. A document that cannot be accepted is an
answer, not an exception. Must not import the store, the web or the server's state: children start fast and
may die.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from synhub.errors import InvalidDesign
from synhub.formats.reading import Options, Reading
from synhub.formats.sniff import HEAD_BYTES, sniff
from synhub.model import Finding
from synhub.rdf import Iri, Term, Triple, iri_of, is_iri
from synhub.sbol.graph import Document
from synhub.sbol.prescan import Limits
from synhub.sbol.rules.document import check_structure
from synhub.submit.mint import Target, mint
from synhub.submit.prepared import Prepared, write_prepared
from synhub.submit.readers import findings_of, read_file
from synhub.vocab import STAMPS


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
    groups = [f"{e.rule}: {e.file + ': ' if e.file else ''}{e.message}\n{e.subject}".rstrip() + "\n" for e in errors]
    return "\n".join([*groups, "Validation failed."])


def _prepare(files: Sequence[tuple[str, Path]], target: Target, limits: Limits) -> tuple[Prepared, list[Finding]]:
    """Return what was prepared and all findings; with an error among them, nothing was."""
    readings = [(name, _read(name, path.read_bytes(), limits)) for name, path in files]
    findings = [replace(f, file=name if len(files) > 1 else "") for name, reading in readings for f in reading.findings]
    clashes = _different_content([(name, reading.triples) for name, reading in readings]) if len(files) > 1 else []
    document = Document.of(dict.fromkeys(t for _, reading in readings for t in reading.triples))
    findings += [*check_structure(document), *clashes]
    if any(finding.severity == "error" for finding in findings):
        return Prepared(), findings
    try:
        minted = mint(document, target)
    except InvalidDesign as error:
        return Prepared(), findings + findings_of(error)
    prepared = replace(minted, findings=findings + minted.findings)
    return prepared, prepared.findings


def _read(name: str, data: bytes, limits: Limits) -> Reading:
    """Read one file, empty ones too; what keeps it from being read is among the findings."""
    syntax = sniff(data[:HEAD_BYTES], name)
    try:
        return read_file(syntax, data, Options(name), limits)
    except InvalidDesign as error:
        return Reading(syntax, [], findings_of(error))


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
