"""The task that judges files without storing them: read as an upload is, checked by all rules of some gates.

Knows no collection and mints nothing: what it says is about the files themselves.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from synhub.model import Finding, Gate
from synhub.rdf import Triple, text_of, write_ntriples
from synhub.sbol.graph import Document
from synhub.sbol.prescan import Limits
from synhub.sbol.report import GATES, Report
from synhub.sbol.rules.check import check_document
from synhub.submit.pipeline import _different_content, _read


def run(argument: dict[str, Any]) -> dict[str, Any]:
    """Judge one upload in a child.

    `argument`: `files` (list of `path`, `name`), `folder` (for what archives hold), `gates`, `limits` (fields of
    sbol.prescan.Limits that are not the default) and `triples` (where the document goes as canonical N-Triples, or
    None). Returns the parts of a Report: `gates`, `files`, `findings` (JSON). Raises TooLarge when a limit is hit.
    """
    files = [(str(file["name"]), Path(file["path"])) for file in argument["files"]]
    report, triples = judge(files, argument["gates"], Limits(**argument["limits"]))
    if argument["triples"] is not None:
        Path(argument["triples"]).write_bytes(write_ntriples(triples))
    return {
        "gates": list(report.gates),
        "files": list(report.files),
        "findings": [finding.as_json() for finding in report.findings],
    }


def judge(
    files: Sequence[tuple[str, Path]], gates: Collection[Gate], limits: Limits
) -> tuple[Report, Sequence[Triple]]:
    """Return what is to be said about some files, by name, that are one submission, and the triples they hold."""
    several = len(files) > 1
    readings = [(name, _read(name, path.read_bytes(), limits)) for name, path in files]
    document = Document.of(dict.fromkeys(t for _, reading in readings for t in reading.triples))
    file_of = {text_of(t[0]): name for name, reading in reversed(readings) for t in reading.triples} if several else {}
    findings = [replace(f, file=name if several else "") for name, reading in readings for f in reading.findings]
    found = [
        *(_different_content([(n, r.triples) for n, r in readings]) if several else []),
        *check_document(document, gates),
    ]
    findings += [replace(f, file=file_of.get(f.subject, "")) for f in found] if several else found
    said = [{"name": name, "format": reading.format} for name, reading in readings]
    triples = [(s, p, o) for s, about in document.subjects.items() for p, values in about.items() for o in values]
    return Report(tuple(gate for gate in GATES if gate in gates), said, findings), triples


def report_of(answer: Mapping[str, Any]) -> Report:
    """Return the Report that `run` has taken apart."""
    return Report(tuple(answer["gates"]), answer["files"], [Finding.from_json(f) for f in answer["findings"]])
