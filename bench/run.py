"""Run the whole benchmark and write its results: `python -m bench.run --parts 10000 100000 --out bench/RESULTS.md`.

Needs Virtuoso 7 (Debian: virtuoso-opensource-7) and, for the uploads, real SBOL2 files ($SYNHUB_CORPUS or
../shared/corpus). For each size: generate, load both stores, start them, compare the answers of both to every
operation, measure each workload of mix.toml on one and then the other, then the uploads. All data stands in a
temporary folder, all programs that are started are ended.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

from bench import machine, uploads
from bench.client import Measured, Step, Task, fingerprint, read_measured, request_of, write_task
from bench.compare import Agreed, Disagreement, Exchange, agree
from bench.generate import OWNER, Corpus, write_nquads, write_rdf_xml
from bench.mix import Workload, load_mix
from bench.report import Figures, Line, Results, Timing, Writes, write_report
from bench.servers import (
    ROOT,
    Failed,
    Server,
    find_virtuoso,
    floor,
    log_in,
    prepare_synhub,
    python,
    run,
    synhub,
    virtuoso,
)

WARM_UP = 100
REQUESTS = 500
BUDGET_S = 6.0  # what takes longer is asked less often; the report says how often
FRESH_ROUNDS = 50
IDLE_S = 3.0  # after the start, before memory is read
UPLOADED_PARTS = 1_000  # in one generated document
_CLIENT_S = 900.0


def measure(
    server: Server, headers: Mapping[str, str], operations: list[list[Exchange]], *, exact: bool, clients: int = 1
) -> Timing:
    """Measure operations on a server, each answer checked against the one given. Raises Failed."""
    host = f"{server.host}:{server.port}"
    steps = [
        [Step(request_of(e.path, headers, host).decode("latin-1"), fingerprint(e.body, exact=exact)) for e in operation]
        for operation in operations
    ]
    task = write_task(Task(server.host, server.port, steps, exact, WARM_UP, REQUESTS, BUDGET_S))
    with ThreadPoolExecutor(clients) as pool:
        asked = [pool.submit(run, python("bench.client"), deadline_s=_CLIENT_S, sent=task) for _ in range(clients)]
        measured: list[Measured] = [read_measured(each.result()) for each in asked]
    latencies = [taken for one in measured for taken in one.latencies]
    return Timing.of(latencies, elapsed_s=max(one.elapsed_s for one in measured))


def measure_workload(workload: Workload, agreed: list[Agreed], ours: Server, theirs: Server) -> Line:
    mine, others = [list(a.ours) for a in agreed], [list(a.theirs) for a in agreed]
    exact = workload.kind != "table"
    return Line(
        workload.name, workload.wanted, len(mine[0]),
        measure(ours, ours.headers, mine, exact=exact, clients=workload.clients),
        measure(theirs, theirs.headers, others, exact=False, clients=workload.clients),
    )  # fmt: skip


def measure_floor(folder: Path) -> Timing:
    with floor(folder / "floor.log") as server:
        return measure(server, {}, [[Exchange("/", b"")]], exact=True)


def read_mix(corpus: Corpus, ours: Server, theirs: Server, token: str, say: Callable[[str], None]) -> list[Line]:
    """Compare and measure every workload of the mix. Raises Failed, Disagreement."""
    lines = []
    for workload in load_mix(corpus):
        side = replace(ours, headers=request_headers(workload, token))
        agreed = agree(workload, side, theirs)
        lines.append(measure_workload(workload, agreed, side, theirs))
        say(lines[-1].summary())
    return lines


def request_headers(workload: Workload, token: str) -> dict[str, str]:
    accept = {"table": "application/sparql-results+json"}.get(workload.kind, "*/*")
    return {"Accept": accept} | ({"X-authorization": token} if workload.user else {})


def one_size(parts: int, folder: Path, files: list[Path], say: Callable[[str], None]) -> Figures:
    """Do everything for one size. Raises Failed, Disagreement."""
    corpus, quads, data = Corpus(parts), folder / "corpus.nq", folder / "synhub"
    size = write_nquads(corpus, quads)
    say(f"{parts} parts: {size.top_levels} top levels, {size.triples} triples")
    loaded_s = prepare_synhub(data, quads, OWNER, corpus.prefix)
    say(f"loaded into synhub in {loaded_s:.0f} s")
    with virtuoso(folder / "virtuoso", folder) as engine:
        their_loading_s = engine.load(quads)
        quads_bytes = quads.stat().st_size
        quads.unlink()
        say(f"loaded into Virtuoso in {their_loading_s:.0f} s")
        started = time.monotonic()
        with synhub(data, corpus.prefix, folder / "synhub.log") as server:
            start_s = time.monotonic() - started
            time.sleep(IDLE_S)
            idle = machine.memory_of(server.pid)
            token = log_in(server, OWNER)
            floor_before = measure_floor(folder)
            lines = read_mix(corpus, server, engine.server, token, say)
            floor_after = measure_floor(folder)
            reading, theirs = machine.memory_of(server.pid), machine.memory_of(engine.server.pid)
            disk = machine.disk_of(data)
            their_disk = machine.disk_of(folder / "virtuoso")
            writes = written(server, token, files, say)  # last: it changes what is stored
            return Figures(
                parts, size.top_levels, size.triples, quads_bytes, loaded_s, their_loading_s, start_s, idle, reading,
                theirs, disk, their_disk, floor_before, floor_after, lines, f"Virtuoso {engine.version()}", writes,
            )  # fmt: skip


def written(server: Server, token: str, files: list[Path], say: Callable[[str], None]) -> Writes:
    """Measure the submissions. Raises Failed."""
    corpus = None
    if files:
        latencies = uploads.submit_files(server, token, files)
        corpus = Timing.of(latencies, elapsed_s=sum(latencies))
        say(f"{len(files)} corpus files submitted in {corpus.total_s:.1f} s")
    fresh, searches = uploads.read_after_write(server, token, FRESH_ROUNDS)
    document = b"".join(write_rdf_xml(Corpus(UPLOADED_PARTS, prefix="http://parts.example/")))
    document_s = uploads.submit_document(server, token, document)
    say(f"{UPLOADED_PARTS} parts submitted in one document in {document_s:.1f} s")
    fresh_timing, search_timing = (Timing.of(each, elapsed_s=sum(each)) for each in (fresh, searches))
    return Writes(corpus, fresh_timing, search_timing, document_s, machine.memory_of(server.pid))


def find_corpus() -> list[Path]:
    """Return the files to submit; none where there is no corpus."""
    folder = Path(os.environ.get("SYNHUB_CORPUS", ROOT.parent / "shared" / "corpus"))
    return uploads.corpus_files(folder) if (folder / "SBOL2").is_dir() else []


def _revision() -> str:
    try:
        return run(["git", "describe", "--always", "--dirty"], deadline_s=20).strip()
    except Failed:
        return "unknown"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure synhub beside Virtuoso.")
    parser.add_argument("--parts", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "RESULTS.md")
    arguments = parser.parse_args()
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"{time.monotonic() - started:7.1f} s  {text}", file=sys.stderr, flush=True)

    load_before = machine.load()
    files = find_corpus()
    if not files:
        say("no corpus of real SBOL2 files: set SYNHUB_CORPUS; uploads of it are left out")
    sizes = []
    try:
        find_virtuoso()
        for parts in arguments.parts:
            with tempfile.TemporaryDirectory(prefix="synhub-bench-") as folder:
                sizes.append(one_size(parts, Path(folder), files, say))
    except (Failed, Disagreement) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    taken = time.monotonic() - started
    results = Results(date.today(), machine.describe(), _revision(), load_before, taken, len(files), BUDGET_S, sizes)
    written = arguments.out.read_text(encoding="utf-8") if arguments.out.exists() else ""
    # Behind this heading stands by hand what other programs have measured.
    _, heading, growth = written.partition("\n## Growth")
    arguments.out.write_text(write_report(results) + heading + growth, encoding="utf-8")
    say(f"written to {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
