"""Frozen records that pass between layers. No behaviour beyond what their own fields say."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Literal

from synhub.errors import InvalidDesign
from synhub.rdf import Iri, Triple

Removed = tuple[Iri, Iri]  # (graph, top level)


@dataclass(frozen=True, slots=True)
class Single:
    """One top level of a graph that is otherwise closed to the reader.

    With `members` it is a shared collection: its members in its own namespace are readable too. `moved` tells that it
    has been published: then nothing under its old IRI is readable, it only says who is led to the new one.
    """

    graph: Iri
    top_level: Iri
    members: bool = False
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Dataset:
    """What one reader may read: whole graphs, single top levels of other graphs, less what is being removed.

    `singles` are read by object routes only, bound by subject; search, listings and /sparql see `graphs` alone.
    `hidden` holds (graph, top level) of objects whose removal has been committed.
    """

    graphs: tuple[Iri, ...]
    singles: tuple[Single, ...] = ()
    hidden: Set[Removed] = frozenset()

    @property
    def every_graph(self) -> tuple[Iri, ...]:
        """The graphs that anything readable lies in, whole or not."""
        return tuple(dict.fromkeys((*self.graphs, *(s.graph for s in self.singles))))


@dataclass(frozen=True, slots=True)
class User:
    """One account, without its secrets. `name` is the full name, `username` the one in IRIs."""

    id: int
    username: str
    name: str
    email: str
    affiliation: str
    is_admin: bool
    is_curator: bool
    is_member: bool
    disabled: bool
    created: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. `user` is None for anonymous; `shared` is what a share link or co-ownership opens.

    `whole_graph` is False for a request whose share link opens nothing: then the user's own graph is closed as well.
    `by_cookie` tells a browser session from a token: state-changing requests by cookie need a CSRF token.
    """

    user: User | None = None
    shared: tuple[Single, ...] = ()
    whole_graph: bool = True
    by_cookie: bool = False


ANONYMOUS = Actor()


Severity = Literal["error", "warning", "note"]
Gate = Literal["always", "compliant", "complete", "best_practice"]
GATES: tuple[Gate, ...] = ("always", "compliant", "complete", "best_practice")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that reading, validation or minting found. `rule` is `sbol-NNNNN` or a word for what synhub itself did.

    `subject` is the IRI of the object, `property` that of its property and `value` the value's text; '' where none is
    to blame. `gate` is the one that a rule of validation belongs to, `file` the file, or member of an archive, that
    was read. The message says what is wrong and what to do about it.
    """

    rule: str
    severity: Severity
    subject: str
    message: str
    property: str = ""
    value: str = ""
    gate: Gate | Literal[""] = ""
    file: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the fields that say something."""
        said = {name: getattr(self, name) for name in ("property", "value", "gate", "file")}
        first = {"rule": self.rule, "severity": self.severity, "subject": self.subject, "message": self.message}
        return first | {name: text for name, text in said.items() if text}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Finding":
        return cls(**fields)

    def as_error(self) -> InvalidDesign:
        """Return the error that says this, and nothing else."""
        return InvalidDesign(self.message, [self.as_json()])


def findings_of(error: InvalidDesign) -> list[Finding]:
    """Return what an error says: errors know no records, they carry them as JSON."""
    return [Finding.from_json(fields) for fields in error.findings]


@dataclass(frozen=True, slots=True)
class Hit:
    """One object of a listing or a search result, as the classic API describes it. '' where nothing is stored."""

    uri: Iri
    type: str
    display_id: str
    version: str
    name: str
    description: str
    sbol_type: str | None = None
    role: str | None = None
    percent_match: str = ""
    strand_alignment: str = ""
    cigar: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some hits of a longer, totally ordered list; `total` counts all of them."""

    hits: tuple[Hit, ...]
    total: int
    offset: int
    limit: int


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Ground quads to remove and to add, as canonical N-Quads lines (bytes, one quad a line), and what they touch.

    `top_levels` are the (graph, top level) whose catalog rows depend on the quads. Applying it twice is the same
    as applying it once. Removals happen first.
    """

    removes: bytes
    adds: bytes
    top_levels: tuple[Removed, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class TopLevelChange:
    """What one job changes about one top level of one graph."""

    graph: Iri
    top_level: Iri
    removes: Sequence[Triple]
    adds: Sequence[Triple]

    @property
    def size(self) -> int:
        return len(self.removes) + len(self.adds)
