"""What the journal says of a job: its row, the files that came with it, its change sets. Values only."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from synhub.model import ChangeSet


@dataclass(frozen=True, slots=True)
class Job:
    """One row. `steps` is None while not known; `last_number` is 0 before the first step."""

    id: str
    kind: str
    state: str
    username: str
    namespaces: tuple[str, ...]
    fingerprint: str
    options: dict[str, Any]
    created: str
    updated: str
    steps: int | None
    next_step: int
    last_number: int
    answered: bool
    report: dict[str, Any]
    error_class: str | None
    error: str | None


COLUMNS = (
    "id, kind, state, username, namespaces, fingerprint, options, created, updated, steps, next_step, last_number,"
    " answered, report, error_class, error"
)


def job_of(row: Sequence[Any]) -> Job:
    """Return a row of `COLUMNS` as what it says."""
    values = dict(zip(COLUMNS.replace(",", " ").split(), row, strict=True))
    values["namespaces"] = tuple(json.loads(values["namespaces"]))
    values["options"] = json.loads(values["options"])
    values["report"] = json.loads(values["report"])
    values["answered"] = bool(values["answered"])
    return Job(**values)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a job: its name as sent, and where its bytes are."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Steps:
    """The change sets of a job: how many lie in its folder, or the `only` one, small, which is committed with it."""

    count: int
    only: ChangeSet | None = None
