"""The table of differences between SynBioHub's recorded answers and synhub's, and what it says about one answer.

Each row names the requests it is about, what differs, why, and what synhub answers instead. A row must apply to every
request that it names: one that has become equal has to leave the row.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from v1_compare import RELATIONS, Aspect, differing
from v1_recordings import Answer, Item

TABLE = Path(__file__).parent / "differences.toml"
KINDS = ("fixed", "decided", "not yet")


@dataclass(frozen=True, slots=True)
class Difference:
    """One row. Lists of patterns (shell style) name requests; an empty list means any.

    `kind` is fixed (a defect of SynBioHub that synhub does not copy), decided (synhub answers otherwise on purpose)
    or not yet (a capability that is to come); `by` is the rule or capability. `body` is synhub's exact body, `bodies`
    the same for each name, `says` a part of it, `relation` what holds between the two bodies.
    """

    area: str
    kind: str
    by: str
    because: str
    differs: tuple[Aspect, ...]
    status: int
    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    accepts: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    type: str | None = None
    location: str | None = None
    body: str | None = None
    says: str | None = None
    relation: str | None = None
    bodies: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind {self.kind!r} is none of {KINDS}")
        if self.relation is not None and self.relation not in RELATIONS:
            raise ValueError(f"relation {self.relation!r} is none of {sorted(RELATIONS)}")
        if not self.names and not self.paths and not self.bodies:
            raise ValueError("a row must say which names or paths it is about")

    def __str__(self) -> str:
        return f"{self.area} {list(self.names or self.bodies or self.paths)} {self.kind} ({self.by})"

    def matches(self, item: Item) -> bool:
        return (
            item.area == self.area
            and (self.bodies is None or item.name in self.bodies)
            and all(
                not patterns or any(fnmatchcase(value, pattern) for pattern in patterns)
                for patterns, value in (
                    (self.names, item.name),
                    (self.paths, item.path),
                    (self.callers, item.caller),
                    (self.accepts, item.accept),
                    (self.methods, item.method),
                )
            )
        )

    def explains(self, item: Item, got: Answer) -> bool:
        """Say whether all that differs is declared, and the answer is the declared one."""
        return (
            set(differing(item, got)) <= set(self.differs)
            and got.status == self.status
            and self.type in (None, got.media_type)
            and self.location in (None, got.location)
            and self.body in (None, got.text)
            and (self.bodies is None or self.bodies[item.name] == got.text)
            and (self.says is None or self.says in got.text)
            and (self.relation is None or self._relates(item.recorded, got))
        )

    def _relates(self, recorded: Answer, got: Answer) -> bool:
        assert self.relation is not None
        try:
            return RELATIONS[self.relation](recorded, got)
        except (ValueError, SyntaxError, KeyError, TypeError):
            return False


def read_table(path: Path = TABLE) -> list[Difference]:
    """Read the table. Raises ValueError and TypeError for a row that says something unknown."""
    return [_row(row) for row in tomllib.loads(path.read_text())["difference"]]


def _row(row: dict[str, Any]) -> Difference:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return Difference(**values)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the replay of one item came to. `row` is the row that is about it, None when there is none."""

    item: Item
    got: Answer
    differs: tuple[Aspect, ...]
    row: Difference | None

    @property
    def verdict(self) -> str:
        if not self.differs:
            return "equal" if self.row is None else "declared but equal"
        if self.row is None:
            return "undeclared"
        return self.row.kind if self.row.explains(self.item, self.got) else "not as declared"

    @property
    def is_good(self) -> bool:
        return self.verdict == "equal" or self.verdict in KINDS

    def __str__(self) -> str:
        def show(answer: Answer) -> str:
            place = f" -> {answer.location}" if answer.location else ""
            return f"{answer.status} {answer.media_type}{place} {answer.text[:600]!r}"

        return "\n".join(
            (
                f"{self.verdict} ({', '.join(self.differs) or 'nothing'} differs): {self.item}",
                f"    recorded {show(self.item.recorded)}",
                f"    synhub   {show(self.got)}",
                *([f"    row      {self.row}"] if self.row is not None else []),
            )
        )


def judge(item: Item, got: Answer, table: Sequence[Difference]) -> Outcome:
    """Compare, and find the first row of the table that is about the item."""
    row = next((row for row in table if row.matches(item)), None)
    return Outcome(item, got, differing(item, got), row)


def idle(table: Sequence[Difference], outcomes: Sequence[Outcome]) -> list[Difference]:
    """Rows that explain nothing."""
    used = {id(o.row) for o in outcomes}
    return [row for row in table if id(row) not in used]


def overstated(table: Sequence[Difference], outcomes: Sequence[Outcome]) -> list[Difference]:
    """Rows that declare an aspect in which none of their answers differs."""
    seen: dict[int, set[str]] = {}
    for outcome in outcomes:
        seen.setdefault(id(outcome.row), set()).update(outcome.differs)
    return [row for row in table if not set(row.differs) <= seen.get(id(row), set(row.differs))]
