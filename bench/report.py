"""The results as a Markdown page: tables, targets, and whether each is met. Pure: numbers in, text out."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bench.machine import Memory

MIB = 1 << 20
CORPUS_TARGET_S = 12.0
SERVER_TARGET_BYTES = 250 * MIB
TREE_TARGET_BYTES = 600 * MIB


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds an operation, how many were measured by all clients together, and how long that took."""

    p50: float
    p95: float
    count: int
    total_s: float

    @classmethod
    def of(cls, latencies: Sequence[float], *, elapsed_s: float) -> "Timing":
        ordered = sorted(latencies)
        p95 = ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]
        return cls(statistics.median(ordered), p95, len(ordered), elapsed_s)

    @property
    def per_s(self) -> float:
        return self.count / self.total_s


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a workload must reach: times as fast as the other side, p50 in ms; and which p50 excuses being slower."""

    faster: float = 0
    within_ms: float = math.inf
    may_take_ms: float = 0


NOTHING_WANTED = Wanted()


@dataclass(frozen=True, slots=True)
class Line:
    """One workload on both sides. `requests` is how many requests of synhub one operation takes."""

    name: str
    wanted: Wanted
    requests: int
    ours: Timing
    theirs: Timing

    @property
    def ratio(self) -> float:
        return self.theirs.p50 / self.ours.p50

    def summary(self) -> str:
        return f"{self.name}: {_ms(self.ours.p50)} ms, Virtuoso {_ms(self.theirs.p50)} ms, ratio {self.ratio:.1f}"


@dataclass(frozen=True, slots=True)
class Writes:
    """Submissions. `corpus` is None where there was no corpus of real files."""

    corpus: Timing | None
    fresh: Timing
    searches: Timing
    document_s: float
    memory: Memory


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found at one size. Times in seconds, sizes in bytes."""

    parts: int
    top_levels: int
    triples: int
    quads_bytes: int
    loading_s: float
    their_loading_s: float
    start_s: float
    idle: Memory
    reading: Memory
    their_memory: Memory
    disk: int
    their_disk: int
    floor_before: Timing
    floor_after: Timing
    lines: list[Line]
    versions: str
    writes: Writes

    @property
    def floor(self) -> float:
        """The larger median of the two measurements around the mix."""
        return max(self.floor_before.p50, self.floor_after.p50)

    def bound(self, line: Line) -> float:
        """What a read may take: the answer of Virtuoso, and the floor for each of our requests."""
        return line.theirs.p50 + line.requests * self.floor


@dataclass(frozen=True, slots=True)
class Results:
    day: date
    machine: str
    revision: str
    load_before: float
    taken_s: float
    corpus_files: int
    budget_s: float
    sizes: list[Figures]


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to be reached at one size, what was found, and whether that is enough."""

    parts: int
    wanted: str
    found: str
    met: bool


def write_report(results: Results) -> str:
    """Return the whole page."""
    parts = [_head(results), _targets(targets_of(results))]
    for figures in results.sizes:
        parts += [_size(figures), _writes(figures.writes, results.corpus_files), _resources(figures)]
    return "\n".join(parts)


def targets_of(results: Results) -> list[Target]:
    """Judge every target at every size."""
    return [target for figures in results.sizes for target in _targets_at(figures, results.corpus_files)]


def _targets_at(figures: Figures, files: int) -> list[Target]:
    found = [_not_slower(figures), *_ratios(figures), *_limits(figures)]
    if figures.writes.corpus is not None:
        total = figures.writes.corpus.total_s
        wanted = f"{files} SBOL2 files one by one in less than {CORPUS_TARGET_S:.0f} s"
        found.append(Target(figures.parts, wanted, f"{total:.1f} s", total < CORPUS_TARGET_S))
    idle = figures.idle
    return [
        *found,
        _memory_target(figures, "server process", idle.process_rss, SERVER_TARGET_BYTES, "RSS"),
        _memory_target(figures, "all its processes", idle.tree_rss, TREE_TARGET_BYTES, "sum of RSS"),
    ]


def _memory_target(figures: Figures, what: str, found: int, most: int, how: str) -> Target:
    wanted = f"{what} idle after a start under {most // MIB} MiB"
    return Target(figures.parts, wanted, f"{_mib(found)} MiB ({how})", found < most)


def _not_slower(figures: Figures) -> Target:
    def share(line: Line) -> float:
        return line.ours.p50 / max(figures.bound(line), line.wanted.may_take_ms / 1000)

    ordered = sorted(figures.lines, key=share, reverse=True)
    slower = [f"{line.name} ({share(line):.2f} of it)" for line in ordered if share(line) > 1]
    nearest = f"all of {len(ordered)}; nearest: {ordered[0].name} ({share(ordered[0]):.2f} of it)"
    excused = "; ".join(f"{x.name} may take {x.wanted.may_take_ms:g} ms" for x in figures.lines if x.wanted.may_take_ms)
    wanted = "no read slower than Virtuoso's answer plus the floor" + (f" ({excused})" if excused else "")
    return Target(figures.parts, wanted, "slower: " + "; ".join(slower) if slower else nearest, not slower)


def _ratios(figures: Figures) -> list[Target]:
    """Judge the workloads that must be so many times faster, those with the same number together."""
    found = []
    for factor in sorted({line.wanted.faster for line in figures.lines} - {0}, reverse=True):
        lines = sorted((x for x in figures.lines if x.wanted.faster == factor), key=lambda line: line.ratio)
        below = [f"{line.name} ({line.ratio:.1f})" for line in lines if line.ratio < factor]
        least = f"all of {len(lines)}; least {lines[0].ratio:.1f} times: {lines[0].name}"
        said = f"below it {len(below)} of {len(lines)}: " + "; ".join(below) if below else least
        found.append(Target(figures.parts, f"at least {factor:g} times faster", said, not below))
    return found


def _limits(figures: Figures) -> list[Target]:
    """Judge the workloads whose median must stay under a time, those with the same time together."""
    found = []
    for most in sorted({line.wanted.within_ms for line in figures.lines} - {math.inf}):
        lines = sorted((x for x in figures.lines if x.wanted.within_ms == most), key=lambda line: -line.ours.p50)
        above = [f"{line.name} ({_ms(line.ours.p50)})" for line in lines if line.ours.p50 * 1000 > most]
        worst = f"all of {len(lines)}; most {_ms(lines[0].ours.p50)} ms: {lines[0].name}"
        found.append(Target(figures.parts, f"p50 within {most:g} ms", "; ".join(above) or worst, not above))
    return found


def _head(results: Results) -> str:
    versions = ", ".join(sorted({figures.versions for figures in results.sizes}))
    return f"""# Results

Written by `python -m bench.run --parts {" ".join(str(f.parts) for f in results.sizes)}` on {results.day.isoformat()}
in {results.taken_s / 60:.0f} minutes. synhub {results.revision}; {versions} (Debian's package, 2 GiB of buffers).
Machine: {results.machine}; load average before the run {results.load_before:.2f}.

How it is measured: client, synhub and Virtuoso are processes of their own on one machine. One client unless
the row says more, closed loop, kept-alive connections, TCP_NODELAY, TCP_QUICKACK armed before every read
(else kept-alive answers of Virtuoso carry 40 ms of delayed acknowledgement). 500 operations after a warm-up
of 100; fewer where they would take more than {results.budget_s:.0f} s (column n: synhub / Virtuoso). Both
sides hold the same triples. Before anything is measured every operation is asked of both and the answers are
compared; each measured answer is checked against the compared one (synhub's byte for byte). A search is two
requests, rows and count. Virtuoso answers the queries that SynBioHub sends for the same thing
(`bench/mix.toml`); what SynBioHub itself needs on top, its own HTTP layer and the making of documents, is
left out, in its favour. The floor is an empty Starlette route on the same server settings, times the number
of requests. Times are milliseconds. Why a target is missed stands in `bench/NOTES.md`.
"""


def _targets(targets: Iterable[Target]) -> str:
    rows = [(f"{t.parts:,}", t.wanted, t.found, "yes" if t.met else "**no**") for t in targets]
    return "## Targets\n\n" + _table(("parts", "target", "found", "met"), rows)


def _size(figures: Figures) -> str:
    rows = []
    for line in figures.lines:
        bound = figures.bound(line)
        rows.append(
            (
                line.name, _ms(line.ours.p50), _ms(line.ours.p95), _ms(line.theirs.p50), _ms(line.theirs.p95),
                f"{line.ratio:.1f}" if line.ratio < 100 else f"{line.ratio:.0f}", _ms(bound),
                "yes" if line.ours.p50 <= bound else "**no**", _rate(line.ours.per_s), _rate(line.theirs.per_s),
                f"{line.ours.count} / {line.theirs.count}",
            )
        )  # fmt: skip
    head = (
        "read", "synhub p50", "p95", "Virtuoso p50", "p95", "ratio", "Virtuoso + floor", "not slower", "synhub /s",
        "Virtuoso /s", "n",
    )  # fmt: skip
    before, after = figures.floor_before, figures.floor_after
    return (
        f"## {figures.parts:,} parts\n\n{figures.top_levels:,} top levels, {figures.triples:,} triples. The floor: p50"
        f" {_ms(before.p50)}, p95 {_ms(before.p95)} before the mix, p50 {_ms(after.p50)}, p95 {_ms(after.p95)} after"
        f" it.\n\n" + _table(head, rows)
    )


def _writes(writes: Writes, files: int) -> str:
    timings = [
        ("submit a part", writes.fresh),
        ("search for it at once; found at the first try", writes.searches),
    ]
    if writes.corpus is not None:
        timings.insert(0, (f"submit {files} SBOL2 files one by one", writes.corpus))
    rows = [(name, _ms(t.p50), _ms(t.p95), f"{t.total_s:.1f}", str(t.count)) for name, t in timings]
    rows.append(("submit one document of 1,000 parts", _ms(writes.document_s), "", f"{writes.document_s:.1f}", "1"))
    return _table(("write", "p50", "p95", "all of it, s", "n"), rows)


def _resources(figures: Figures) -> str:
    stages = (
        ("synhub, idle after its start", figures.idle),
        ("synhub, after the reads", figures.reading),
        ("synhub, after the writes", figures.writes.memory),
        ("Virtuoso, after the reads", figures.their_memory),
    )
    rows = [
        (name, *map(_mib, (m.process_rss, m.process_pss, m.tree_rss, m.tree_pss)), str(m.processes))
        for name, m in stages
    ]
    head = ("memory, MiB", "process RSS", "process PSS", "all RSS", "all PSS", "processes")
    return (
        _table(head, rows)
        + f"\nLoading {_mib(figures.quads_bytes)} MiB of N-Quads: synhub {figures.loading_s:.0f} s (`synhub load`:"
        f" store, catalog, sequence index), Virtuoso {figures.their_loading_s:.0f} s. synhub is ready"
        f" {figures.start_s:.1f} s after its start. Disk: synhub {_mib(figures.disk)} MiB, Virtuoso"
        f" {_mib(figures.their_disk)} MiB.\n"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _ms(seconds: float) -> str:
    ms = seconds * 1000
    return f"{ms:.2f}" if ms < 10 else f"{ms:.1f}" if ms < 100 else f"{ms:.0f}"


def _rate(per_s: float) -> str:
    return f"{per_s:.1f}" if per_s < 100 else f"{per_s:.0f}"


def _mib(size: int) -> str:
    return f"{size / MIB:.0f}"
