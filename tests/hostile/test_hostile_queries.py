"""Queries that end the engine, reach for other servers or never end: the server answers everybody else meanwhile.

The limits that the texts below run against were measured on the embedded engine: it dies of some 3 000 nested groups,
and of 10 000 brackets, signs or operators in a chain; it has no time limit and no memory limit of its own.
"""

import socket
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from processes import children_of
from served import Served, served

pytestmark = pytest.mark.slow

DEMO = Path(__file__).parents[2] / "synhub" / "demo" / "demo.xml"
NUMBERS = " ".join(str(n) for n in range(1000))
ENDLESS = f"SELECT (COUNT(*) AS ?n) {{ {' '.join(f'VALUES ?{c} {{ {NUMBERS} }}' for c in 'abcd')} }}"
JOIN = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"

DEADLY = {
    "nested_groups": "SELECT * " + "{" * 3000 + "}" * 3000,
    "parentheses": "SELECT * { ?s ?p ?o FILTER" + "(" * 10_000 + "1" + ")" * 10_000 + "}",
    "negations": "SELECT * { ?s ?p ?o FILTER(" + "!" * 10_000 + "1) }",
    "unions": "SELECT * {" + " UNION ".join(["{}"] * 10_000) + "}",
    "alternatives": "SELECT * { ?s ?p ?o FILTER(" + "||".join(["?s"] * 10_000) + ") }",
    "paths": "SELECT * { ?s " + "/".join(["<http://a>"] * 10_000) + " ?o }",
    "brackets": "SELECT * { ?s ?p " + "[ <http://a> " * 3000 + "1" + " ]" * 3000 + " }",
    "lists": "SELECT * { ?s ?p " + "( " * 5000 + ") " * 5000 + " }",
    "exists": "SELECT * {" + " FILTER EXISTS {" * 3000 + "}" * 3000 + "}",
    "sub_queries": "SELECT * {" + "{SELECT * {" * 2000 + "}}" * 2000 + "}",
    "binds": "SELECT * {" + " ".join(f"BIND(1 AS ?v{n})" for n in range(5000)) + "}",
    "sums": "SELECT (" + "+".join(["1"] * 10_000) + " AS ?x) {}",
    "unary_minus": "SELECT (" + "- " * 10_000 + "1 AS ?x) {}",
    "unended_strings": "SELECT * { ?s ?p '''" + "'" * 2,
    "nul": "SELECT * { ?s ?p '\0' }}",
    "service": "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
    "service_silent": "SELECT * { SERVICE SILENT ?x { ?s ?p ?o } }",
    "load": "LOAD <http://127.0.0.1:1/>",
    "load_into": "LOAD SILENT <file:///etc/passwd> INTO GRAPH <http://a>",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("hostile")
    with served(folder, demo=1, query_timeout=4, trusted_proxies="127.0.0.1", unlimited="0.0.0.0/0") as server:
        assert server.submit(DEMO.read_bytes()).status_code == 200
        yield server


@pytest.mark.parametrize("name", DEADLY)
def test_deadly_query_is_refused_at_once(server: Served, name: str) -> None:
    query = DEADLY[name]
    started = time.monotonic()
    answer = httpx.post(server.url + "/sparql", data={"query": query}, headers=server.headers, timeout=30)
    assert time.monotonic() - started < 5  # what is let through is ended after 4 s, and is a 504
    assert answer.status_code == 400, answer.text[:200]
    assert server.process.poll() is None
    assert server.get("/sparql?query=" + quote("ASK {}")).status_code == 200


def _quantile(values: list[float], q: float) -> float:
    return sorted(values)[int(len(values) * q)]


def _p95_of_others(server: Served, seconds: float) -> tuple[float, float]:
    """Ask what people ask for some seconds; return p95 and the median of the answers in seconds."""
    object_path = "/user/alice/lab/lab_collection/1"
    paths = ["/search/promoter", "/public/x/y/1", f"{object_path}/metadata", "/rootCollections", "/manage"]
    took: list[float] = []
    ends = time.monotonic() + seconds
    with httpx.Client(headers=server.headers) as client:
        for path in paths:
            client.get(server.url + path)
        while time.monotonic() < ends:
            for path in paths:
                started = time.monotonic()
                assert client.get(server.url + path, timeout=10).status_code in (200, 404)
                took.append(time.monotonic() - started)
    return _quantile(took, 0.95), statistics.median(took)


class Flood:
    """`count` strangers who each ask for a runaway join, and again when they are answered or refused."""

    def __init__(self, server: Served, count: int) -> None:
        self._port = int(server.url.rpartition(":")[2])
        self._over = threading.Event()
        self.statuses: list[int] = []
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(count)]

    def __enter__(self) -> "Flood":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, n: int) -> None:
        query = quote(JOIN if n % 2 else ENDLESS, safe="")
        while not self._over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=60) as connection:
                    head = f"GET /sparql?query={query} HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 198.51.100.{n}\r\n"
                    connection.sendall(head.encode() + b"Connection: close\r\n\r\n")
                    self.statuses.append(int(connection.recv(1 << 16).split(b" ")[1]))
            except (OSError, IndexError, ValueError):
                self.statuses.append(0)
            self._over.wait(5)  # Retry-After asks for more


def test_two_hundred_runaway_joins_leave_the_others_alone(server: Served) -> None:
    idle, idle_median = _p95_of_others(server, 4)
    with Flood(server, 200) as flood:
        time.sleep(1.5)
        busy, busy_median = _p95_of_others(server, 8)
        started = time.monotonic()
        answer = server.get("/sparql?query=" + quote("SELECT (1 AS ?n) {}"), timeout=30)
        waited = time.monotonic() - started
    print(f"p95 {idle:.4f} -> {busy:.4f} s, median {idle_median:.4f} -> {busy_median:.4f} s")
    print(f"own query {waited:.2f} s, statuses { ({s: flood.statuses.count(s) for s in set(flood.statuses)}) }")
    assert answer.status_code == 200
    assert waited < 4  # who is logged in waits for none of them: a place is kept
    assert set(flood.statuses) <= {429, 504, 503, 200}
    assert flood.statuses.count(504) >= 3
    assert busy < 2 * idle + 0.01
    assert server.process.poll() is None


def test_idle_again_afterwards(server: Served) -> None:
    ends = time.monotonic() + 60
    while server.get("/sparql?query=" + quote("ASK {}"), timeout=30).status_code != 200:
        assert time.monotonic() < ends
    assert len(children_of(server.process.pid)) < 12
