"""Large answers: they begin early, a cut one is seen to be cut, and a client that goes ends its query."""

import json
import logging
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from live import Live, live
from processes import lives, wait_gone
from served import served

pytestmark = pytest.mark.slow

NUMBERS = " ".join(f'"{n:09d}"' for n in range(1000))
MILLION = f"SELECT * {{ VALUES ?a {{ {NUMBERS} }} VALUES ?b {{ {NUMBERS} }} }}"  # 20 MB of CSV
ENDLESS = f"SELECT (COUNT(*) AS ?n) {{ {' '.join(f'VALUES ?{c} {{ {NUMBERS} }}' for c in 'abcd')} }}"
GROWING = MILLION.replace("} }", f"}} VALUES ?c {{ {NUMBERS} }} }}")  # without end in any useful time


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path, query_timeout=60.0, query_workers=1) as instance:
        assert instance.get("/sparql", params={"query": "ASK {}"}).status_code == 200  # a child is there
        yield instance


def connect(instance: Live, query: str, version: str = "1.1", accept: str = "text/csv") -> socket.socket:
    """Send a query by hand."""
    port = int(instance.url.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    body = f"query={quote(query, safe='')}".encode()
    head = (
        f"POST /sparql HTTP/{version}\r\nHost: h\r\nAccept: {accept}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def everything(connection: socket.socket) -> tuple[bytes, bytes]:
    """Return head and body as they came over the wire."""
    received = bytearray()
    while part := connection.recv(1 << 16):
        received += part
    connection.close()
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    return head, body


def wait_until_free(instance: Live, within_s: float) -> float:
    """Return how long it took until the only child answered somebody else."""
    started = time.monotonic()
    answer = instance.get("/sparql", params={"query": "ASK {}"})
    assert answer.status_code == 200, answer.text
    took = time.monotonic() - started
    assert took < within_s
    return took


def test_large_answer_is_whole_and_ends_with_the_closing_chunk(instance: Live) -> None:
    head, body = everything(connect(instance, MILLION))
    assert head.startswith(b"HTTP/1.1 200")
    assert b"transfer-encoding: chunked" in head.lower()
    assert body.endswith(b"\r\n0\r\n\r\n")
    answer = instance.request("POST", "/sparql", data={"query": MILLION}, headers={"Accept": "text/csv"})
    assert answer.content.count(b"\r\n") == 1_000_001


def test_large_answer_begins_before_it_is_complete(instance: Live) -> None:
    connection = connect(instance, GROWING)
    started = time.monotonic()
    assert connection.recv(12) == b"HTTP/1.1 200"
    assert time.monotonic() - started < 15
    assert lives(instance.hub.lanes.query.pids()[0])
    connection.close()


def test_answer_that_is_cut_has_no_closing_chunk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with live(tmp_path, query_result=12 << 20) as instance:
        assert instance.get("/sparql", params={"query": "ASK {}"}).status_code == 200
        head, body = everything(connect(instance, MILLION))
    assert head.startswith(b"HTTP/1.1 200")
    assert len(body) > 8 << 20
    assert not body.endswith(b"0\r\n\r\n")
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.exc_info for record in told if record.exc_info] == []
    request_id = re.search(rb"x-request-id: (\S+)", head)
    assert request_id is not None
    ours = [record.getMessage() for record in told if record.name == "synhub.web"]
    assert ours == [f"{request_id[1].decode()}: the answer was cut: the result is larger than 12 MB"]


def test_log_of_a_server_has_one_line_for_an_answer_that_is_cut(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with served(tmp_path / "data", log=log, query_result=12 << 20, access_log=0) as server:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(server.url + "/sparql", data={"query": MILLION}, timeout=60)
        server.stop()
    (line,) = log.read_text().splitlines()
    assert line.endswith(": the answer was cut: the result is larger than 12 MB")


def test_limit_below_eight_megabytes_is_a_status(tmp_path: Path) -> None:
    with live(tmp_path, query_result=6 << 20) as instance:
        answer = instance.request("POST", "/sparql", data={"query": MILLION}, headers={"Accept": "text/csv"})
        assert (answer.status_code, answer.text) == (413, "the result is larger than 6 MB")


def test_timeout_before_the_first_byte_is_a_status(tmp_path: Path) -> None:
    with live(tmp_path, query_timeout=1.0) as instance:
        answer = instance.request("POST", "/sparql", data={"query": ENDLESS})
        assert (answer.status_code, answer.text[:29]) == (504, "the query ran longer than 1 s")


def test_client_of_http_1_0_gets_the_length_or_a_status(tmp_path: Path) -> None:
    """It would take the end of the connection for the end of the answer."""
    with live(tmp_path, query_result=30 << 20) as instance:
        assert instance.get("/sparql", params={"query": "ASK {}"}).status_code == 200
        head, body = everything(connect(instance, MILLION, version="1.0"))
        assert f"content-length: {len(body)}".encode() in head.lower()
        assert body.count(b"\r\n") == 1_000_001
        head, body = everything(connect(instance, GROWING, version="1.0"))
        assert b" 413 " in head.split(b"\r\n")[0]
        assert body == b"the result is larger than 30 MB"


def test_slow_reader_holds_neither_child_nor_snapshot(instance: Live) -> None:
    connection = connect(instance, MILLION)
    assert connection.recv(12) == b"HTTP/1.1 200"
    wait_until_free(instance, 40)  # till it has been written, not till it has been read
    snapshots = instance.hub.snapshots
    assert snapshots is not None
    assert all(entry.users == 0 for entry in snapshots._entries)
    _, body = everything(connection)
    assert body.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("query", [ENDLESS, GROWING], ids=["nothing yet", "in the middle"])
def test_closing_the_connection_ends_the_query_at_once(instance: Live, query: str) -> None:
    (pid,) = instance.hub.lanes.query.pids()
    connection = connect(instance, query)
    if query == GROWING:
        assert connection.recv(12) == b"HTTP/1.1 200"
    else:
        time.sleep(0.5)
    assert lives(pid)
    connection.close()
    assert wait_gone([pid], 10) == []  # by itself the query goes on for 60 s
    wait_until_free(instance, 20)


def test_who_has_no_more_to_say_gets_the_large_answer(instance: Live) -> None:
    connection = connect(instance, MILLION)
    connection.shutdown(socket.SHUT_WR)
    head, body = everything(connection)
    assert head.startswith(b"HTTP/1.1 200")
    assert body.endswith(b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_closing_after_saying_that_there_is_no_more_ends_the_query(instance: Live, version: str) -> None:
    (pid,) = instance.hub.lanes.query.pids()
    connection = connect(instance, ENDLESS, version)
    connection.shutdown(socket.SHUT_WR)
    time.sleep(0.7)
    assert lives(pid)
    connection.close()
    assert wait_gone([pid], 10) == []


def test_closing_the_connection_leaves_the_queue(instance: Live) -> None:
    running = connect(instance, ENDLESS)
    time.sleep(0.5)
    waiting = connect(instance, "ASK {}")  # of the same address: one runs, one waits
    while instance.hub.lanes.query.waiting < 1:
        time.sleep(0.005)
    waiting.close()
    started = time.monotonic()
    while instance.hub.lanes.query.waiting:
        assert time.monotonic() - started < 10
        time.sleep(0.005)
    running.close()
    assert json.loads(instance.get("/sparql", params={"query": "ASK {}"}).text)["boolean"]
