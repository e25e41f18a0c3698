"""What waits for the writer: a decision with its steps, a job without one, a job whose steps are being applied.

Values only: the writer moves them.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synhub.model import ChangeSet, Removed
from synhub.rdf import Iri, Triple
from synhub.store.journal import Job, Steps, Upload

Commit = Callable[[sqlite3.Connection], None]


class JobFuture(Future[Job]):
    """What comes of a started job: done when the job is, or carries why it failed. `job_id` is known at once."""

    def __init__(self, job_id: str) -> None:
        super().__init__()
        self.job_id = job_id


@dataclass(frozen=True, slots=True)
class Planned:
    """What planning decided: the steps, what to tell, and the files of the upload to keep as blobs.

    `commits` write further rows of synhub.sqlite in the transaction that commits the job. `removed` makes the job a
    removal (of kind `purge`, without steps of its own): these top levels are hidden by the commit, and purged later.

    `files` (SHA-256 and where they lie, synced) are kept as blobs too, for rows that the `commits` write.

    `steps` may be computed while they are taken, and raise then; `report` and `files` are complete when all have been.
    `reads` are the graphs that the decisions depend on.
    """

    steps: Iterable[ChangeSet]
    report: dict[str, Any]
    uploads: Sequence[tuple[Upload, Path]] = ()
    reads: Sequence[Iri] = ()
    commits: Sequence[Commit] = ()
    removed: Sequence[Removed] = ()
    files: Sequence[tuple[str, Path]] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan made ahead, with its steps: good as long as nothing it depends on has changed since `number`."""

    planned: Planned
    steps: Steps
    number: int
    hidden: Set[Removed]

    def holds(self, number: int, hidden: Set[Removed]) -> bool:
        """Say whether nothing has changed in the graphs it depends on: the newest step there is `number`."""
        graphs = self.planned.reads
        return number <= self.number and not any(graph in graphs for graph, _ in hidden ^ self.hidden)


@dataclass(frozen=True, slots=True)
class Work:
    """A job that waits for its plan. `plan` may run in the writer thread and may raise a SynhubError."""

    job: Job
    plan: Callable[[], Planned]
    draft: Draft | None = None
    result: "Future[Job]" = field(default_factory=Future)


@dataclass(slots=True)
class Progress:
    """A planned job whose steps are being applied."""

    job: Job
    next_step: int
    result: "Future[Job] | None"
    started: bool = False  # since this process runs: from just before its first step on
    is_bound: bool = False  # its commit changed more than the job: it cannot fail any more
    only: ChangeSet | None = None  # its only step, if that lies in no folder
    begun: int = 0  # the number of the step that is to be applied next, if it has one already
    is_tried: bool = False  # to apply that step, in vain
    # what its last step added, as far as its rows are still to be written ahead
    ahead: Iterator[Mapping[Removed, list[Triple]]] = field(default_factory=lambda: iter(()))
    # top levels whose rows are still to be made anew, of a job that changes nothing that rows show; None of any other
    unseen: Iterator[list[Removed]] | None = None

    @property
    def is_purge(self) -> bool:
        return self.job.kind == "purge"
