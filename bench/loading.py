"""How fast an instance is filled: `synhub load` and `synhub reindex` beside the bulk loader of the engine, in one run.

The first pass reads, checks and stores; the second builds the catalog. Seconds of the clock, and of processors,
which depend less on what else the machine does.

    python -m bench.loading --parts 100000
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.generate import PREFIX, Corpus, write_nquads
from synhub import loading
from synhub.check import reindex
from synhub.identity import Registry
from synhub.store.data_folder import CATALOG, DATABASE
from synhub.store.database import Database
from synhub.store.embedded import EmbeddedStore
from synhub.store.journal import Journal
from synhub.store.quad_files import CountedFile


@dataclass
class Spent:
    wall_s: float
    cpu_s: float

    def __str__(self) -> str:
        return f"{self.wall_s:.1f} s (processors {self.cpu_s:.1f} s)"


def _now() -> Spent:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Spent(time.monotonic(), sum(u.ru_utime + u.ru_stime for u in used))


def _since(start: Spent) -> Spent:
    now = _now()
    return Spent(now.wall_s - start.wall_s, now.cpu_s - start.cpu_s)


def spent_on(call: Callable[[], object]) -> Spent:
    start = _now()
    call()
    return _since(start)


def _bulk_load(path: Path, quads: Path) -> None:
    with closing(EmbeddedStore(path)) as store:
        with closing(CountedFile(quads, lambda _: None)) as file:
            store.bulk_load(file)
        store.flush()


def measure(parts: int, folder: Path) -> str:
    """Return the rows of a table."""
    quads = folder / "corpus.nq"
    size = write_nquads(Corpus(parts), quads)
    alone = spent_on(lambda: _bulk_load(folder / "engine", quads))
    data = folder / "data"
    data.mkdir()
    passes: list[Spent] = []  # what had been spent whenever the second pass told something

    def tell(activity: str, *_: int) -> None:
        if activity == "indexing":
            passes.append(_since(start))

    start = _now()
    loading.load(data, Registry(PREFIX), [quads], 0, tell)
    whole, first = _since(start), passes[0]
    second = Spent(whole.wall_s - first.wall_s, whole.cpu_s - first.cpu_s)
    with closing(EmbeddedStore(data / "store")) as store, closing(Database(data / DATABASE, "synhub")) as database:
        again = spent_on(lambda: reindex(store, data / CATALOG, Journal(database, data / "jobs")))
    return "\n".join(
        (
            f"{parts} parts, {size.top_levels} top levels, {size.triples} triples",
            f"bulk loader alone: {alone}, {size.triples / alone.wall_s:,.0f} quads/s",
            f"first pass of load: {first}, {100 * alone.wall_s / first.wall_s:.0f} % of the bulk loader's rate"
            f" ({100 * alone.cpu_s / first.cpu_s:.0f} % by processors)",
            f"second pass of load: {second}, {size.top_levels / second.wall_s:,.0f} top levels/s,"
            f" {1e6 * second.cpu_s / size.top_levels:.0f} µs of processors each",
            f"reindex: {again}",
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure loading and indexing.")
    parser.add_argument("--parts", type=int, default=10_000)
    with tempfile.TemporaryDirectory(prefix="bench-loading-") as folder:
        print(measure(parser.parse_args().parts, Path(folder)))


if __name__ == "__main__":
    main()
