"""The task that runs in a prepare child: uploaded files in, prepared objects on disk and a report out.

Reads, checks and mints; decides nothing about what is stored. A document that cannot be accepted is an
answer, not an exception. Must not import the store, the web or the server's state: children start fast and
may die.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from synhub.errors import InvalidDesign
from synhub.formats.archive import ArchiveLimits
from synhub.model import Finding, findings_of
from synhub.rdf import Iri
from synhub.sbol.prescan import Limits
from synhub.sbol.rules.check import check_document
from synhub.submit.gather import Gathered, gather
from synhub.submit.mint import Target, mint
from synhub.submit.prepared import AttachedFile, Prepared, write_prepared

UNPACKED = "unpacked"  # the folder beside the output that the files of archives are unpacked to


def run(argument: dict[str, Any]) -> dict[str, Any]:
    """Prepare one upload.

    `argument`: `files` (list of `path`, `name`), `prefix`, `owner`, `collection_id`, `collection`, `output`
    (where the prepared objects go), `limits` (fields of sbol.prescan.Limits that are not the default); and, where they
    are not the default, `archive_limits`, `sequence_only` and `room_bytes` (what may be unpacked).
    Returns `ok`, `findings` (JSON), `objects`, `triples`, `files` (what each was taken for), `attached` (`name`, `size`
    and `digest` of the bytes to keep) and `error`, the text for the caller or None.
    Nothing is written unless `ok`, but what archives hold. Raises TooLarge when a limit is hit, DiskFull.
    """
    target = Target(argument["prefix"], argument["owner"], argument["collection_id"], Iri(argument["collection"]))
    output = Path(argument["output"])
    gathered = gather(
        [(str(file["name"]), Path(file["path"])) for file in argument["files"]],
        output.with_name(UNPACKED),
        Limits(**argument["limits"]),
        sequence_only=argument.get("sequence_only", False),
        archive_limits=ArchiveLimits(**argument.get("archive_limits", {})),
        room_bytes=argument.get("room_bytes"),
    )
    prepared = _prepare(gathered, target)
    errors = [finding for finding in prepared.findings if finding.severity == "error"]
    if not errors:
        _sync(prepared.files)
        write_prepared(output, prepared)
    return {
        "ok": not errors,
        "findings": [finding.as_json() for finding in prepared.findings],
        "objects": len(prepared.objects),
        "triples": prepared.triples,
        "files": prepared.uploaded,
        "attached": [{"name": f.name, "size": f.size, "digest": f.digest} for f in prepared.files],
        "error": failure_text(errors) if errors else None,
    }


def failure_text(errors: Iterable[Finding]) -> str:
    """Return the body of a failed submission: a group of lines per error, then `Validation failed.`"""
    groups = [f"{e.rule}: {e.file + ': ' if e.file else ''}{e.message}\n{e.subject}".rstrip() + "\n" for e in errors]
    return "\n".join([*groups, "Validation failed."])


def _prepare(gathered: Gathered, target: Target) -> Prepared:
    """Return what was prepared, with all findings; with an error among them, no object."""
    if not any(finding.rule == "sbol-10202" for finding in gathered.findings):  # two objects taken for one break it all
        gathered.blame(check_document(gathered.designs))
    minted = Prepared()
    if not any(finding.severity == "error" for finding in gathered.findings):
        try:
            minted = mint(gathered.document, target, frozenset(file.original for file in gathered.files))
        except InvalidDesign as error:
            gathered.blame(findings_of(error))
    gathered.blame(minted.findings)
    return replace(minted, findings=gathered.findings, files=gathered.files, uploaded=gathered.files_as_json())


def _sync(files: Sequence[AttachedFile]) -> None:
    """Make bytes that were unpacked survive a power cut: they become blobs."""
    for path in {file.path for file in files}:
        with Path(path).open("rb") as file:
            os.fsync(file.fileno())
