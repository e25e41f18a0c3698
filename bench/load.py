"""What many clients do to an instance: `python -m bench.load --parts 10000 --seconds 120`, which prints a table.

- **flood**: anonymous requests at a fixed rate, of one address and of many, beside a user who asks now and then: what
  the user waits, what the server's memory does, how many sessions there are in the end.
- **closed loop**: 32 clients, each asking again when it is answered, beside one who submits parts.
- **open loop**: half of that throughput, at a fixed rate, nobody submitting.

Addresses are said by X-Forwarded-For, which the instance believes of this machine. Loopback only; counts are bounded.
"""

import argparse
import contextlib
import os
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from bench import machine, uploads
from bench.client import request_of
from bench.crowd import Crowd, Served, read_served, write_crowd
from bench.generate import OWNER, Corpus, write_nquads
from bench.servers import Failed, Server, log_in, prepare_synhub, python, run, synhub

CLIENTS = 32
FLOOD_PER_S = 200.0
PROBES_PER_S = 20.0
ADDRESSES = 50  # of the second flood
_WARM_UP_S = 5.0
_BURST_S = 15.0  # after which one address has used up what it may ask for at once
_LIMITS = {"flood p95": 1.2, "closed throughput": 1.0, "closed p99": 1.0, "open p99": 20.0, "memory MiB": 64.0}


@dataclass(slots=True)
class Findings:
    """Lines of the table: what was measured, the number, what it may be at most or must be at least, how it is told."""

    rows: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def add(self, what: str, found: float, bound: float, *, at_least: bool = False, unit: str = "") -> None:
        good = found >= bound if at_least else found <= bound
        sign = "at least" if at_least else "at most"
        self.rows.append((what, f"{found:.2f}{unit}", f"{sign} {bound:g}{unit}", good))

    def say(self, what: str, found: str) -> None:
        self.rows.append((what, found, "", True))

    def table(self) -> str:
        lines = ["| what | found | wanted | |", "|---|---|---|---|"]
        lines += [
            f"| {what} | {found} | {bound} | {'' if good else 'MISSED'} |" for what, found, bound, good in self.rows
        ]
        return "\n".join(lines)


def crowd(server: Server, requests: list[str], *, clients: int, seconds: float, per_s: float = 0.0) -> Served:
    """Run a crowd in a process of its own. Raises Failed."""
    task = write_crowd(Crowd(server.host, server.port, requests, clients, per_s, seconds))
    return read_served(run(python("bench.crowd"), deadline_s=seconds * 3 + 120, sent=task))


def requests_of(server: Server, corpus: Corpus, headers: Mapping[str, str]) -> list[str]:
    """What a visitor asks: searches, counts, objects and pages of them, a page of the large collection."""
    marks = corpus.landmarks
    parts = [iri.removeprefix(corpus.prefix) for iri in marks.parts[:20]]
    large = marks.large.removeprefix(corpus.prefix)
    paths = ["/search/promoter?limit=25", "/searchCount/gfp%20reporter", "/autocomplete/prom", "/rootCollections"]
    paths += [f"/search/{quote('objectType=ComponentDefinition&gfp', safe='')}?limit=25", f"/{large}/members?limit=25"]
    paths += [f"/{part}/metadata" for part in parts[:5]] + [f"/{part}/sbolnr" for part in parts[5:8]]
    page = dict(headers) | {"Accept": "text/html"}
    plain = dict(headers) | {"Accept": "text/plain"}
    host = f"{server.host}:{server.port}"
    asked = [request_of(path, plain, host) for path in paths]
    asked += [request_of(f"/{part}", page, host) for part in parts[8:12]]
    return [request.decode("latin-1") for request in asked]


def flood(server: Server, data: Path, corpus: Corpus, token: str, seconds: float, found: Findings) -> None:
    """Anonymous requests of one address, then of many, beside somebody who is logged in."""
    mine = requests_of(server, corpus, {"X-authorization": token, "X-Forwarded-For": "198.51.100.1"})

    def probe() -> Served:
        return crowd(server, mine, seconds=seconds, clients=4, per_s=PROBES_PER_S)

    crowd(server, mine, seconds=_WARM_UP_S, clients=4)
    for name, addresses in (("one address", 1), (f"{ADDRESSES} addresses", ADDRESSES)):
        asked = [
            request
            for n in range(addresses)
            for request in requests_of(server, corpus, {"X-Forwarded-For": f"203.0.113.{n + 1}"})
        ]
        crowd(server, asked, clients=CLIENTS, per_s=FLOOD_PER_S, seconds=_BURST_S)
        idle = probe()
        before = machine.memory_of(server.pid).process_rss
        with ThreadPoolExecutor(1) as pool:
            flooding = pool.submit(crowd, server, asked, clients=CLIENTS, per_s=FLOOD_PER_S, seconds=seconds)
            busy = probe()
            flooded = flooding.result()
        grown = (machine.memory_of(server.pid).process_rss - before) / (1 << 20)
        found.say(f"flood of {name}: answers by status", str(dict(sorted(flooded.statuses.items()))))
        found.say(f"flood of {name}: user's p50, p95 idle", f"{_ms(idle.quantile(0.5))}, {_ms(idle.quantile(0.95))}")
        found.say(f"flood of {name}: user's p50, p95 then", f"{_ms(busy.quantile(0.5))}, {_ms(busy.quantile(0.95))}")
        ratio = busy.quantile(0.95) / idle.quantile(0.95)
        found.add(f"flood of {name}: user's p95, times the idle one", ratio, _LIMITS["flood p95"])
        found.add(f"flood of {name}: memory grows by", grown, _LIMITS["memory MiB"], unit=" MiB")
        found.add(f"flood of {name}: user's requests refused or failed", _failures(busy), 0)
    with contextlib.closing(sqlite3.connect(f"{(data / 'synhub.sqlite').as_uri()}?mode=ro", uri=True)) as database:
        (sessions,) = database.execute("SELECT count(*) FROM session").fetchone()
    found.add("flood: sessions stored", sessions, 0)


def loops(server: Server, corpus: Corpus, token: str, seconds: float, found: Findings) -> None:
    """32 clients with one writer in a closed loop; then half of their throughput at a fixed rate."""
    asked = requests_of(server, corpus, {})
    crowd(server, asked, clients=CLIENTS, seconds=_WARM_UP_S)
    single = crowd(server, asked, clients=1, seconds=seconds)
    with _writing(server, token):
        beside = crowd(server, asked, clients=1, seconds=seconds)
    with _writing(server, token) as written:
        many = crowd(server, asked, clients=CLIENTS, seconds=seconds)
    found.say("one client: requests a second, p50, p99", _three(single))
    found.say("one client and a writer: requests a second, p50, p99", _three(beside))
    found.say(f"{CLIENTS} clients and a writer: requests a second, p50, p99", _three(many))
    found.say("parts submitted meanwhile", str(len(written)))
    found.add("throughput, times that of one client", many.per_s / single.per_s, 1.0, at_least=True)
    found.add("throughput, times that of one client and a writer", many.per_s / beside.per_s, 1.0, at_least=True)
    found.add("p99, times 4 x 32 / throughput", many.quantile(0.99) / (4 * CLIENTS / many.per_s), 1.0)
    found.add("requests refused or failed", _failures(single) + _failures(many), 0)
    opened = crowd(server, asked, clients=4 * CLIENTS, per_s=many.per_s / 2, seconds=seconds)
    found.say("open loop at half of that: requests a second, p50, p99", _three(opened))
    found.add("open loop: p99, times the p50 of one client", opened.quantile(0.99) / single.quantile(0.5), 20.0)
    found.add("open loop: requests refused or failed", _failures(opened), 0)


@contextlib.contextmanager
def _writing(server: Server, token: str) -> Iterator[list[float]]:
    """Submit parts one after the other while the block runs. Raises Failed when one is refused."""
    written: list[float] = []
    done = threading.Event()

    def write() -> None:
        n = 0
        while not done.is_set():
            written.append(uploads.submit_part(server, token, f"written{time.time_ns()}", f"load{n}"))
            n += 1

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            yield written
        finally:
            done.set()
            writing.result()


def _failures(served: Served) -> int:
    return sum(n for status, n in served.statuses.items() if status != "200")


def _three(served: Served) -> str:
    return f"{served.per_s:.0f}, {_ms(served.quantile(0.5))}, {_ms(served.quantile(0.99))}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure an instance under load.")
    parser.add_argument("--parts", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each measurement takes; at most 600")
    parser.add_argument("--only", choices=("flood", "loops"))
    arguments = parser.parse_args()
    seconds = min(arguments.seconds, 600.0)
    found = Findings()
    with tempfile.TemporaryDirectory(prefix="synhub-load-") as folder:
        data, quads = Path(folder) / "data", Path(folder) / "corpus.nq"
        corpus = Corpus(arguments.parts)
        write_nquads(corpus, quads)
        prepare_synhub(data, quads, OWNER, corpus.prefix)
        quads.unlink()
        settings = {"SYNHUB_TRUSTED_PROXIES": "127.0.0.1", "SYNHUB_ACCESS_LOG": "0"}
        with synhub(data, corpus.prefix, Path(folder) / "log", settings) as server:
            token = log_in(server, OWNER)
            if arguments.only != "loops":
                flood(server, data, corpus, token, seconds, found)
            if arguments.only != "flood":
                loops(server, corpus, token, seconds, found)
    print(f"{arguments.parts} parts, {seconds:g} s each, {os.cpu_count()} cores\n\n{found.table()}")
    return 0 if all(good for *_, good in found.rows) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failed:
        sys.exit(str(failed))
