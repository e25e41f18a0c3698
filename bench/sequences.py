"""Sequence search: recall against aligning the query with every sequence, time, size of the index; and the libraries
that could do the alignment: `python -m bench.sequences --out bench/SEQUENCES.md [--sequences 100000] [--queries 20]`.

The sequences are made here, the same for the same seed: lengths log-normal (median 800, 40 to 12 000), two fifths of
them composites of popular parts as in the iGEM registry, and some plasmids and a genome. A query is a piece of one of
them with errors (three in five substitutions), on either strand. What should be found is what edlib finds in each
sequence by itself. CPU milliseconds of one thread, so that others on the machine disturb little.
"""

import argparse
import hashlib
import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from random import Random

import edlib
import numpy as np

from bench import machine
from synhub.search.alignment import SequenceQuery, count_columns, make_query, reverse_complement
from synhub.store.sequences.files import Manifest, write_segment
from synhub.store.sequences.index import SequenceIndex
from synhub.store.sequences.segment import write_table

SEED = 20_261
MEDIAN, SIGMA, SHORTEST, LONGEST = 800, 0.85, 40, 12_000
_TOOLBOX = 2_000
_COMPOSITES = 0.4
_SCAR = b"TACTAGAG"
_LONG = (*(20_000,) * 40, *(50_000,) * 10, *(200_000,) * 4, 5_000_000)  # letters of plasmids and a genome


@dataclass(frozen=True, slots=True)
class Case:
    """Queries of one kind: `letters` long before `errors` were made, looked for with `identity` in a `mode`."""

    letters: int
    errors: int
    identity: float
    mode: str = "infix"
    max_accepts: int = 0


CASES = (
    Case(12, 0, 1.0, "contained"),
    Case(12, 1, 0.91),
    Case(20, 0, 1.0, "contained"),
    Case(20, 1, 0.94),
    Case(20, 2, 0.89),
    Case(50, 3, 0.93),
    Case(50, 8, 0.8),
    Case(200, 10, 0.93),
    Case(200, 36, 0.8),
    Case(1_000, 0, 1.0, "contained"),
    Case(1_000, 50, 0.93),
    Case(1_000, 50, 0.8),
    Case(5_000, 250, 0.93),
    Case(20_000, 1_000, 0.93),
    Case(1_000, 50, 0.8, "global", 50),
    Case(200_000, 400, 0.95),
)


@dataclass(frozen=True, slots=True)
class Measured:
    case: Case
    found_s: Sequence[float]
    all_s: Sequence[float]
    expected: int
    found: int
    cut: int


def digest(text: bytes) -> bytes:
    return hashlib.sha512(text).digest()[:24]


def make_sequences(number: int, seed: int = SEED, long: Sequence[int] = _LONG) -> list[bytes]:
    """Return the sequences of a corpus, each once."""
    rng = np.random.default_rng(seed)
    letters = np.frombuffer(b"ACGT", np.uint8)
    lengths = np.clip(rng.lognormal(np.log(MEDIAN), SIGMA, number), SHORTEST, LONGEST).astype(int)
    toolbox: list[bytes] = []
    made: dict[bytes, None] = {}
    weights = 1 / (np.arange(_TOOLBOX) + 3)
    for length in (*lengths.tolist(), *long):
        if len(toolbox) == _TOOLBOX and length < LONGEST and rng.random() < _COMPOSITES:
            parts: list[bytes] = []
            while (
                sum(map(len, parts)) < length
            ):  # the length of a composite is that of a part of its own, or a little more
                parts.append(toolbox[rng.choice(_TOOLBOX, p=weights / weights.sum())])
            text = _SCAR.join(parts)[: max(length, len(parts[0]))]
        else:
            text = letters[rng.integers(0, 4, length)].tobytes()
            if len(toolbox) < _TOOLBOX and length < 3_000:
                toolbox.append(text)
        made[text] = None
    return list(made)


def build(folder: Path, sequences: Sequence[bytes]) -> None:
    """Make an index of one segment."""
    manifest = Manifest(folder)
    entries = sorted((digest(text), text) for text in sequences)
    facts = write_segment(folder, manifest.next_name(), "nucleotide", entries)
    manifest.replace((), [write_table(folder, facts)])
    manifest.close()


def mutate(text: str, errors: int, rng: Random) -> str:
    letters = list(text)
    for at in rng.sample(range(len(letters)), errors):
        kind = rng.random()
        if kind < 0.6:
            letters[at] = rng.choice([letter for letter in "ACGT" if letter != letters[at]])
        else:
            letters[at] = "" if kind < 0.8 else letters[at] + rng.choice("ACGT")
    return "".join(letters)


def make_queries(case: Case, sequences: Sequence[bytes], number: int, seed: int) -> list[SequenceQuery]:
    """Return queries that are pieces of some sequences, with errors, on either strand."""
    rng = Random(f"{seed} {case}")
    long_enough = [text for text in sequences if len(text) >= case.letters]
    queries = []
    for _ in range(number):
        text = rng.choice(long_enough)
        start = rng.randrange(len(text) - case.letters + 1)
        piece = mutate(text[start : start + case.letters].decode(), case.errors, rng)
        piece = reverse_complement(piece) if rng.random() < 0.5 else piece
        queries.append(
            make_query(piece, case.mode, identity=case.identity, max_accepts=case.max_accepts)  # type: ignore[arg-type]
        )
    return queries


def align_all(query: SequenceQuery, sequences: Sequence[bytes]) -> set[bytes]:
    """Return the digests of all sequences that have the query within its identity: by edlib alone, one by one."""
    found: set[bytes] = set()
    least = query.identity - 1e-9
    most = int(len(query.residues) * (1 - query.identity) / query.identity + 1e-9)
    for strand in {query.residues, reverse_complement(query.residues)}:
        inner = strand.encode()
        for text in sequences:
            if len(text) < len(inner) - most or edlib.align(inner, text, mode="HW", k=most)["editDistance"] < 0:
                continue
            counts = count_columns(edlib.align(inner, text, mode="HW", task="path", k=most)["cigar"])
            if counts.matches >= least * (counts.matches + counts.mismatches + counts.insertions + counts.deletions):
                found.add(digest(text))
    return found


def measure(case: Case, index: SequenceIndex, sequences: Sequence[bytes], number: int) -> Measured:
    """Search and align everything; what wraps over an origin is left out: edlib alone reads no rings."""
    found_s, all_s, expected, found, cut = [], [], 0, 0, 0
    for query in make_queries(case, sequences, number, SEED):
        started_s = time.thread_time()
        answer = index.find(query)
        found_s.append(time.thread_time() - started_s)
        started_s = time.thread_time()
        truth = align_all(query, sequences) if case.letters <= 20_000 else {m.digest for m in answer.matches}
        all_s.append(time.thread_time() - started_s)
        got = {match.digest for match in answer.matches if not match.wraps}
        wanted = min(len(truth), query.max_accepts or len(truth))
        expected += wanted
        found += min(wanted, len(truth & got))
        cut += bool(answer.cut)
    return Measured(case, found_s, all_s, expected, found, cut)


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _row(m: Measured) -> str:
    case = m.case
    scan = f"{1000 * percentile(m.all_s, 0.5):.0f}" if case.letters <= 20_000 else "-"
    comparable = case.letters <= 20_000 and case.mode != "global"  # which also finds what lies in the query
    recall = f"{m.found / m.expected:.4f}" if m.expected and comparable else "-"
    accepts = str(case.max_accepts or "all")
    return (
        f"| {case.letters} | {case.errors} | {case.mode} | {case.identity:g} | {accepts} | {m.expected} | {recall}"
        f" | {1000 * percentile(m.found_s, 0.5):.1f} | {1000 * percentile(m.found_s, 0.95):.1f} | {scan} | {m.cut} |"
    )


# --- libraries -------------------------------------------------------------------------------------------------------


def _per_call_us(call: Callable[[], object]) -> float:
    call()
    times = 0
    started_s = time.thread_time()
    while time.thread_time() - started_s < 0.2:
        call()
        times += 1
    return (time.thread_time() - started_s) / times * 1e6


def _libraries() -> list[str]:
    """Time the placing of a query in a sequence a little longer, with one error in twenty letters."""
    lines = ["| letters | edlib, errors | edlib, alignment | parasail, score | parasail, alignment | pyopal, score |"]
    lines.append("|---|---|---|---|---|---|")
    rng = Random(SEED)
    for length in (20, 200, 1_000, 5_000):
        query = "".join(rng.choices("ACGT", k=length))
        target = "".join(rng.choices("ACGT", k=100)) + mutate(query, length // 20, rng)
        times = [
            _per_call_us(lambda q=query, t=target: edlib.align(q, t, mode="HW", k=len(q) // 10 + 1)),  # type: ignore[misc]
            _per_call_us(lambda q=query, t=target: edlib.align(q, t, mode="HW", task="path", k=len(q) // 10 + 1)),  # type: ignore[misc]
            *_others(query, target),
        ]
        lines.append(f"| {length} | " + " | ".join(f"{t:.0f}" for t in times) + " |")
    return lines


def _others(query: str, target: str) -> list[float]:
    """The two libraries that were not chosen; they need not be installed."""
    try:
        import parasail
        import pyopal
        from scoring_matrices import ScoringMatrix
    except ImportError:
        return []
    matrix = parasail.matrix_create("ACGT", 1, -1)
    scores = ScoringMatrix([[1 if a == b else -1 for b in "ACGTN"] for a in "ACGTN"], alphabet="ACGTN")
    aligner = pyopal.Aligner(scores, gap_open=1, gap_extend=1)
    database = pyopal.Database([target] * 20, pyopal.Alphabet("ACGTN"))
    return [
        _per_call_us(lambda: parasail.sg_dx_striped_sat(query, target, 1, 1, matrix)),
        _per_call_us(lambda: parasail.sg_dx_trace_striped_sat(query, target, 1, 1, matrix).cigar.decode),
        _per_call_us(lambda: aligner.align(query, database, mode="score", algorithm="hw", overflow="buckets")) / 20,
    ]


def report(number: int, queries: int, cases: Sequence[Case] = CASES) -> str:
    """Measure everything and return the page."""
    sequences = make_sequences(number)
    bases = sum(map(len, sequences))
    with tempfile.TemporaryDirectory(prefix="synhub-bench-") as folder:
        path = Path(folder) / "sequences"
        cpu_s = time.process_time()
        build(path, sequences)
        cpu_s = time.process_time() - cpu_s
        per_base = sum(p.stat().st_size for p in path.iterdir()) / bases
        index = SequenceIndex(path)
        measure(CASES[1], index, sequences[:1], 1)  # warm
        rows = []
        for case in cases:  # what aligning with everything takes grows with the length of the query
            rows.append(_row(measure(case, index, sequences, queries if case.letters < 1_000 else -(-queries // 3))))
            print(rows[-1], flush=True)
    head = [
        "# Sequences",
        "",
        f"Written by `python -m bench.sequences` on {date.today().isoformat()}. {machine.describe()}.",
        f"edlib {version('edlib')}, numpy {version('numpy')}.",
        "",
        f"{len(sequences):,} sequences, {bases / 1e6:.0f} Mbp (lengths log-normal, median {MEDIAN}, {SHORTEST} to"
        f" {LONGEST:,}; two fifths composites of popular parts; {len(_LONG)} of {min(_LONG):,} to {max(_LONG):,}).",
        f"Index: {per_base:.2f} bytes a base, built in {cpu_s:.1f} s of CPU. {queries} queries a row (a third of that"
        " from 1,000 letters on), pieces of stored sequences with errors, both strands searched.",
        "",
        "`recall`: of the sequences that have the query within the identity by aligning it with each of them (edlib),"
        " those that the index finds. `align all`: what that takes. Milliseconds of CPU; `cut`: answers that say they"
        " may not be all.",
        "",
        "| letters | errors | mode | identity | matches wanted | matches there | recall | p50 ms | p95 ms"
        " | align all ms | cut |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    libraries = ["", "## Which library aligns", "", "Microseconds of one placement of a query in a target.", ""]
    return "\n".join(itertools.chain(head, rows, libraries, _libraries(), [""]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--sequences", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=20)
    given = parser.parse_args()
    text = report(given.sequences, given.queries)
    print(text)
    if given.out is not None:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
