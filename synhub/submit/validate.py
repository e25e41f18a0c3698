"""The task that judges files without storing them: read as an upload is, checked by all rules of some gates.

Knows no collection and mints nothing: what it says is about the files themselves.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from synhub.model import GATES, Finding, Gate
from synhub.rdf import Triple, write_ntriples
from synhub.sbol.graph import Document
from synhub.sbol.prescan import DEFAULT_LIMITS, Limits
from synhub.sbol.report import Report
from synhub.sbol.rules.check import check_document
from synhub.submit.gather import gather


def run(argument: dict[str, Any]) -> dict[str, Any]:
    """Judge one upload in a child.

    `argument`: `files` (list of `path`, `name`), `folder` (for what archives hold, as far as `room_bytes` go), `gates`,
    `limits` (fields of sbol.prescan.Limits that are not the default) and `triples` (where the document goes as
    canonical N-Triples, or None). Returns the parts of a Report: `gates`, `files`, `findings` (JSON). Raises TooLarge
    when a limit is hit, DiskFull.
    """
    files = [(str(file["name"]), Path(file["path"])) for file in argument["files"]]
    limits = Limits(**argument["limits"])
    report, document = judge(files, Path(argument["folder"]), argument["gates"], limits, argument["room_bytes"])
    if argument["triples"] is not None:
        Path(argument["triples"]).write_bytes(write_ntriples(triples_of(document)))
    return {
        "gates": list(report.gates),
        "files": list(report.files),
        "findings": [finding.as_json() for finding in report.findings],
    }


def judge(
    files: Sequence[tuple[str, Path]],
    folder: Path,
    gates: Collection[Gate],
    limits: Limits = DEFAULT_LIMITS,
    room_bytes: int | None = None,
) -> tuple[Report, Document]:
    """Return what is to be said about some files (name, path) that are one submission, and the document they are.

    What archives hold is unpacked to `folder`. Raises TooLarge, DiskFull.
    """
    gathered = gather(files, folder, limits, room_bytes=room_bytes)
    gathered.blame(check_document(gathered.designs, gates))
    asked = tuple(gate for gate in GATES if gate in gates)
    return Report(asked, gathered.files_as_json(), gathered.findings), gathered.designs


def triples_of(document: Document) -> Iterator[Triple]:
    return ((s, p, o) for s, said in document.subjects.items() for p, values in said.items() for o in values)


def report_of(answer: Mapping[str, Any]) -> Report:
    """Return the Report that `run` has taken apart."""
    return Report(tuple(answer["gates"]), answer["files"], [Finding.from_json(f) for f in answer["findings"]])
