"""Snapshots under writes: what 10 000 small changes cost while queries run, and what old snapshots pin of the disk.

No HTTP and no jobs: the embedded store, the snapshots over it and the lane of queries, as the server puts them
together. One thread writes at a steady pace, one asks a small query again and again; at the end a reader holds one
snapshot all the time, as queries do that run into their limit.

    python -m bench.snapshots --parts 10000 --writes 10000
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench import machine
from bench.generate import Corpus, write_nquads
from synhub.model import ChangeSet
from synhub.settings import load_settings
from synhub.store.embedded import EmbeddedStore
from synhub.store.lanes import Lanes
from synhub.store.snapshots import Snapshots

_GRAPH = "http://bench.example/public"
_QUADS = 12  # of one change: a small top level
_REMOVED = 4  # of those written a little earlier, as a change of an object does
_QUERY = "SELECT (COUNT(*) AS ?n) { ?s <http://bench.example/written> ?n }"


@dataclass
class Run:
    """Seconds of each write, query and copy of the store; megabytes of store and snapshots together."""

    name: str
    writes: list[float] = field(default_factory=list)
    queries: list[float] = field(default_factory=list)
    copies: list[float] = field(default_factory=list)
    disk: list[float] = field(default_factory=list)
    seconds: float = 0.0


def changes(start: int, count: int) -> list[ChangeSet]:
    """Small changes: a new top level each, and some quads of an earlier one taken away."""
    found = []
    for n in range(start, start + count):
        adds = [_quad(n, k) for k in range(_QUADS)]
        removes = [_quad(n - 10, k) for k in range(_REMOVED)]
        found.append(ChangeSet("\n".join(removes).encode() + b"\n", "\n".join(adds).encode() + b"\n"))
    return found


def _quad(n: int, k: int) -> str:
    return f'<{_GRAPH}/w/{n}/1> <http://bench.example/p{k}> "value {n} of {k}" <{_GRAPH}> .'


class Bench:
    """A filled store in a folder, its snapshots and its lane."""

    def __init__(self, folder: Path, parts: int, stack: ExitStack) -> None:
        self._folder = folder
        quads = folder / "corpus.nq"
        write_nquads(Corpus(parts), quads)
        self.store = EmbeddedStore(folder / "store")
        stack.callback(self.store.close)
        with quads.open("rb") as file:
            while block := file.readlines(8 << 20):
                self.store.apply(ChangeSet(b"", b"".join(block)))
        quads.unlink()
        self.store.flush()
        self.number = 0
        self._copies: list[float] = []
        self.snapshots = Snapshots(folder / "snapshots", self._copy, lambda: self.number, lambda: True, 1.0)
        stack.callback(self.snapshots.close)
        self.lanes = Lanes(load_settings({}, data=folder))
        stack.callback(self.lanes.close)
        self._written = 0

    def run(self, name: str, writes: int, per_s: float, *, ask: bool, hold: bool) -> Run:
        """Write at a pace; `ask` all the time, or not; `hold` one snapshot throughout, or none."""
        found = Run(name)
        self._copies = found.copies
        work = changes(self._written + 10, writes)
        self._written += writes
        over = threading.Event()
        threads = [threading.Thread(target=self._measure_disk, args=(found, over))]
        threads += [threading.Thread(target=self._ask, args=(found, over))] if ask else []
        with ExitStack() as stack:
            if hold:
                stack.enter_context(self.snapshots.acquire(self.number))
            for thread in threads:
                thread.start()
            started = time.monotonic()
            flushed = started
            for n, change in enumerate(work):
                time.sleep(max(0.0, started + n / per_s - time.monotonic()))
                before = time.monotonic()
                self.store.apply(change)
                self.number += 1
                found.writes.append(time.monotonic() - before)
                if time.monotonic() - flushed > 10:  # as the writer does
                    self.store.flush()
                    flushed = time.monotonic()
            found.seconds = time.monotonic() - started
            over.set()
            for thread in threads:
                thread.join()
        return found

    def _ask(self, found: Run, over: threading.Event) -> None:
        while not over.is_set():
            started = time.monotonic()
            with self.snapshots.acquire(0) as snapshot:
                argument = {
                    "engine": f"oxigraph:{snapshot.path}",
                    "timeout_s": 30,
                    "query": _QUERY,
                    "default_graphs": [_GRAPH],
                    "named_graphs": [_GRAPH],
                    "media_type": "text/csv",
                }
                _, stream = self.lanes.query.stream("query", argument, 30, 1 << 20)
                assert b"".join(stream)
            found.queries.append(time.monotonic() - started)
            time.sleep(0.02)

    def _copy(self, path: Path) -> None:
        started = time.monotonic()
        self.store.backup(path)
        self._copies.append(time.monotonic() - started)

    def _measure_disk(self, found: Run, over: threading.Event) -> None:
        while not over.wait(0.5):
            with suppress(FileNotFoundError):  # a table that has just been compacted away
                found.disk.append(machine.disk_of(self._folder) / 1e6)


def _ms(values: Sequence[float], q: float) -> str:
    if not values:
        return "-"
    ordered = sorted(values)
    return f"{ordered[min(int(len(ordered) * q), len(ordered) - 1)] * 1000:.1f}"


_COLUMNS = (
    "| | writes/s | p50 ms | p99 ms | queries | p50 ms | p95 ms | max ms | copies | p50 ms | max ms | MB | most |"
)


def report(run: Run) -> str:
    cells = [
        *(run.name, f"{len(run.writes) / run.seconds:.0f}", _ms(run.writes, 0.5), _ms(run.writes, 0.99)),
        *(f"{len(run.queries)}", _ms(run.queries, 0.5), _ms(run.queries, 0.95), _ms(run.queries, 1)),
        *(f"{len(run.copies)}", _ms(run.copies, 0.5), _ms(run.copies, 1)),
        *(f"{statistics.median(run.disk):.0f}", f"{max(run.disk):.0f}"),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=int, default=10_000)
    parser.add_argument("--writes", type=int, default=10_000)
    parser.add_argument("--per-s", type=float, default=200, help="writes a second")
    parser.add_argument("--folder", type=Path, help="where to work; default a temporary folder")
    arguments = parser.parse_args()
    print(machine.describe())
    print(_COLUMNS + "\n|" + "---|" * (_COLUMNS.count("|") - 1))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=arguments.folder)))
        bench = Bench(folder, arguments.parts, stack)
        for name, ask, hold in (
            ("writes alone", False, False),
            ("one who asks", True, False),
            ("and one who holds a snapshot", True, True),
        ):
            run = bench.run(name, arguments.writes, arguments.per_s, ask=ask, hold=hold)
            print(report(run), flush=True)


if __name__ == "__main__":
    main()
