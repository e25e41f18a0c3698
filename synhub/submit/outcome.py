"""What becomes of the objects of a submission, written down while its plan is taken."""

from dataclasses import dataclass, field
from typing import Any, Literal

from synhub.errors import Conflict
from synhub.model import Finding
from synhub.rdf import Iri
from synhub.submit.prepared import AttachedFile

Decision = Literal["created", "replaced", "kept", "copied", "removed"]


@dataclass(slots=True)
class Outcome:
    """What became of every uploaded object; grows while the plan is taken.

    `members` are to become members of the collection, `written` lie where they were minted to, `holders` says which
    written collections have a member.

    `removed` are gone for good, `renewed` are stored again by mode 1 and have other owners; `reused` were attachments
    whose file is not that of what is stored there now, `copies` maps copied attachments to their originals, `files` are
    the bytes that came along for what is stored now, by minted IRI.

    `became` says what was decided about the object at an IRI. `refused` is None where the first object that is refused
    ends the plan; else it gets all of them, with the reason, and the plan goes on.
    """

    findings: list[Finding] = field(default_factory=list)
    minted: dict[Iri, Iri] = field(default_factory=dict)
    members: list[Iri] = field(default_factory=list)
    written: set[Iri] = field(default_factory=set)
    holders: dict[Iri, list[Iri]] = field(default_factory=dict)
    removed: list[Iri] = field(default_factory=list)
    renewed: list[Iri] = field(default_factory=list)
    reused: list[Iri] = field(default_factory=list)
    copies: dict[Iri, Iri] = field(default_factory=dict)
    files: dict[Iri, AttachedFile] = field(default_factory=dict)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("created", "replaced", "kept", "copied", "removed"), 0)
    )
    became: dict[Iri, Decision] = field(default_factory=dict)
    refused: dict[Iri, str] | None = None

    def note(self, rule: str, subject: str, message: str) -> None:
        self.findings.append(Finding(rule, "note", subject, message))

    def decide(self, iri: Iri, decision: Decision) -> None:
        self.counts[decision] += 1
        self.became[iri] = decision

    def refuse(self, iri: Iri, reason: str) -> None:
        """Refuse an object. Raises Conflict unless all refusals are wanted."""
        if self.refused is None:
            raise Conflict(reason)
        self.refused[iri] = reason

    def as_json(self) -> dict[str, Any]:
        return {"findings": [f.as_json() for f in self.findings], "minted": self.minted, **self.counts}
