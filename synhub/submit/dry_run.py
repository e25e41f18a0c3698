"""What a submission would do, in each of the four modes: the planner's decisions, with nothing of them carried out.

Runs in the thread of who asks, on what is stored at that moment. Must not write: neither journal nor store nor blobs.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synhub.errors import BadRequest, Conflict, InvalidDesign
from synhub.rdf import Iri
from synhub.store.journal import Job
from synhub.submit.intake import parse_mode
from synhub.submit.outcome import Outcome
from synhub.submit.plan import OverwriteMerge, SubmitRequest
from synhub.submit.planner import PREPARED, Planner
from synhub.submit.prepared import Header, read_header


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What one mode would do. `refused` is the reason that nothing would be done, '' where it would.

    `request` is None where the form does not fit the mode, `header` None where the upload was not prepared for it.
    """

    refused: str
    request: SubmitRequest | None = None
    header: Header | None = None
    outcome: Outcome = field(default_factory=Outcome)

    def verdict(self) -> dict[str, Any]:
        return {"accepted": not self.refused, "refused": self.refused or None}

    def in_numbers(self) -> dict[str, Any]:
        return {**self.verdict(), **self.outcome.counts, "refused_objects": len(self.outcome.refused or ())}


def unwritten_job(job_id: str, username: str, created: str) -> Job:
    """Return a job that is in no journal."""
    return Job(
        job_id, "submit", "received", username, (), "", {}, created, created, None, 0, 0, False, {}, None, None
    )  # fmt: skip


Check = Callable[[Mapping[str, str]], SubmitRequest]
Prepare = Callable[[SubmitRequest, Path], str]
Plan = Callable[[SubmitRequest, Path], Planner]


def dry_run(
    fields: Mapping[str, str], check: Check, prepare: Prepare, plan: Plan, folder: Path, full: str
) -> dict[str, Any]:
    """Return what would become of an upload: for the mode that was asked for object by object, for all in numbers.

    `check` reads a form. `prepare` reads the upload for one collection into a folder below `folder`, and returns why
    there is no room for it or ''; `plan` makes the planner of such a folder. `full` is why there is no room anyway.
    Raises FieldErrors for a form that cannot be sent, and what `prepare` raises, less InvalidDesign.
    """
    asked = parse_mode(fields) or OverwriteMerge.NEW
    forms = {mode: {**fields, "overwrite_merge": str(int(mode))} for mode in OverwriteMerge}
    with suppress(Conflict):  # what the registry refuses is part of the answer
        check(fields)
    trial = _Trial(prepare, plan, folder, full)
    foreseen = {mode: trial.foresee(check, forms[mode]) for mode in sorted(OverwriteMerge, key=asked.__ne__)}
    return {
        "overwrite_merge": int(asked),
        **foreseen[asked].verdict(),
        "collection": request.collection if (request := foreseen[asked].request) else None,
        "would": list(_rows(foreseen[asked])),
        "modes": {str(int(mode)): foreseen[mode].in_numbers() for mode in OverwriteMerge},
        "files": trial.files,
        "findings": [f.as_json() for f in foreseen[asked].outcome.findings] or trial.findings,
    }


class _Trial:
    """One upload, prepared once for each collection that a mode may mean."""

    def __init__(self, prepare: Prepare, plan: Plan, folder: Path, full: str) -> None:
        self._prepare = prepare
        self._plan = plan
        self._folder = folder
        self._full = full
        self._prepared: dict[Iri, Path | str] = {}  # the folder, or why there is none
        self.files: list[dict[str, Any]] = []
        self.findings: list[dict[str, Any]] = []

    def foresee(self, check: Check, fields: Mapping[str, str]) -> Foreseen:
        try:
            request = check(fields)
        except BadRequest as error:
            return Foreseen(error.message)
        prepared = self._folder_of(request)
        if isinstance(prepared, str):
            return Foreseen(prepared, request)
        header = read_header(prepared / PREPARED)
        outcome = Outcome(refused={})
        try:
            self._plan(request, prepared).decide(outcome)
        except BadRequest as error:
            return Foreseen(error.message, request, header)
        first = next(iter((outcome.refused or {}).values()), "")
        return Foreseen(first or self._full, request, header, outcome)

    def _folder_of(self, request: SubmitRequest) -> Path | str:
        if request.collection not in self._prepared:
            folder = self._folder / f"trial-{len(self._prepared)}"
            folder.mkdir()
            self._prepared[request.collection] = folder
            try:
                full = self._prepare(request, folder / PREPARED)
                self._full = self._full or full
            except InvalidDesign as error:
                self._prepared[request.collection] = error.message
                read = error.files, error.findings
            else:
                header = read_header(folder / PREPARED)
                read = header.uploaded, [f.as_json() for f in header.findings]
            if len(self._prepared) == 1:  # the collection that was asked for
                self.files, self.findings = read
        return self._prepared[request.collection]


def _rows(foreseen: Foreseen) -> Iterator[dict[str, str]]:
    """Yield one row for every uploaded top level, by original, and for every stored one that would go."""
    if foreseen.header is None or foreseen.request is None:
        return
    outcome = foreseen.outcome
    copied = {f.subject: f.message for f in outcome.findings if f.rule == "synhub-copied"}
    for original, minted in foreseen.header.minted_pairs.items():
        iri = outcome.minted.get(original)
        if iri is None:  # the plan ended before anything was decided
            yield _row(original, minted, "refused", foreseen.refused)
        else:
            yield _row(original, iri, *_decision(iri, foreseen.request, outcome, copied.get(original, "")))
    for iri in outcome.removed:
        yield _row("", iri, "removed", "it belongs to the collection that is replaced, and is not in the upload")


def _decision(iri: Iri, request: SubmitRequest, outcome: Outcome, copied: str) -> tuple[str, str]:
    """Return what would become of one object, and why."""
    if outcome.refused and iri in outcome.refused:
        return "refused", outcome.refused[iri]
    if iri in outcome.became:
        return outcome.became[iri], copied
    assert iri == request.collection, iri
    if request.mode.makes_collection:
        return "created", "it becomes the collection of the submission"
    return "merged", "it is added to the collection that is there"


def _row(original: str, minted: str, would: str, reason: str) -> dict[str, str]:
    return {"original": original, "minted": minted, "would": would, "reason": reason}
