"""What is made of a request before the application sees it: its target, its head, and offers of other protocols."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from live import Live, live

from synhub.web import protocol

HOST = b"Host: hub\r\n"
LAST = HOST + b"Connection: close\r\n\r\n"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("protocol") / "data") as instance:
        yield instance


def _connect(hub: Live) -> socket.socket:
    host, port = hub.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def _all_of(connection: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    received = b""
    with suppress(ConnectionResetError):  # it had something unread
        while piece := connection.recv(1 << 16):
            received += piece
    return received


def _send(connection: socket.socket, request: bytes) -> None:
    with suppress(BrokenPipeError, ConnectionResetError):  # refused before all of it was there
        connection.sendall(request)


def _ask(hub: Live, request: bytes) -> bytes:
    with _connect(hub) as connection:
        _send(connection, request)
        return _all_of(connection)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (b"//a//b", b"Cannot GET //a//b"),
        (b"http://hub/robots.txt", b"User-agent: *"),
        (b"HTTPS://a:b@hub:80?x", b"<!DOCTYPE html>"),
        (b"/http://hub/robots.txt", b"Cannot GET /http://hub/robots.txt"),
        ("/search/é".encode(), b"The address holds letters beyond ASCII: write each of their bytes as %XX."),
        (b"/nothing#here?a=b", b"Cannot GET /nothing%23here"),
        (b"/searchCount/role%3D<http://x>&a?b?c", b"0"),
        (b"/search/" + b"a" * 70_000, b"the search path has 70000 characters; 65536 are allowed"),
    ],
)
def test_target_is_taken_as_it_came(hub: Live, target: bytes, words: bytes) -> None:
    body = _ask(hub, b"GET " + target + b" HTTP/1.1\r\n" + LAST).partition(b"\r\n\r\n")[2]
    assert body.startswith(words)


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"])
def test_request_that_does_not_name_one_host_is_refused(hub: Live, hosts: bytes) -> None:
    answer = _ask(hub, b"GET /robots.txt HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_old_protocol_needs_no_host(hub: Live) -> None:
    assert _ask(hub, b"GET /robots.txt HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_header_of_100_000_bytes_is_read(hub: Live) -> None:
    answer = _ask(hub, b"GET /robots.txt HTTP/1.1\r\nX-Long: " + b"a" * 100_000 + b"\r\n" + LAST)
    assert answer.startswith(b"HTTP/1.1 200 ")


CHUNKED = b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "request_without_end",
    [
        b"GET /" + b"a" * 4_000_000,
        b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 4_000_000,
        b"GET / HTTP/1.1\r\n" + b"X-Many: a\r\n" * 400_000,
        CHUNKED + b"3;" + b"a" * 4_000_000,
        CHUNKED + b"3\r\nabc\r\n0\r\n" + b"X-Many: a\r\n" * 400_000,
        CHUNKED + b"3\r\nabc\r\n0\r\nX-Long: " + b"a" * 4_000_000,
    ],
    ids=["target", "header", "headers", "chunk extension", "trailers", "trailer"],
)
def test_what_has_no_end_is_refused(hub: Live, request_without_end: bytes) -> None:
    with _connect(hub) as connection:
        connection.settimeout(20)
        _send(connection, request_without_end)
        answer = _all_of(connection)
    assert b"HTTP/1.1 400 " in answer or answer == b""  # thrown away with what the client had still to send
    assert hub.get("/robots.txt").status_code == 200


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"Content-Length: -3\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    ],
)
def test_body_of_doubtful_length_is_refused(hub: Live, framing: bytes) -> None:
    answer = _ask(hub, b"POST /login HTTP/1.1\r\n" + HOST + b"Connection: close\r\n" + framing)
    assert answer.startswith(b"HTTP/1.1 400 ")


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
FORM = b"email=nobody%40x.example&password=wrong"


def _login(headers: bytes) -> bytes:
    head = b"POST /login HTTP/1.1\r\n" + HOST + headers + b"Content-Type: application/x-www-form-urlencoded\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(FORM) + FORM


@pytest.mark.parametrize("cut", [1, 30, 150, 10_000])
def test_offer_of_another_protocol_changes_nothing(hub: Live, cut: int) -> None:
    """Java's client sends one with its first request."""
    request = _login(OFFER)
    with _connect(hub) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (request[:cut], request[cut:]):
            connection.sendall(piece)
        first = b""
        while b"not recognized." not in first:
            first += connection.recv(1 << 16)
        connection.sendall(b"GET /robots.txt HTTP/1.1\r\n" + LAST)
        second = _all_of(connection)
    assert first.startswith(b"HTTP/1.1 401 ")
    assert second.startswith(b"HTTP/1.1 200 ")


def test_requests_sent_together_are_answered_in_turn(hub: Live) -> None:
    answers = _ask(hub, _login(b"") + b"GET /robots.txt HTTP/1.1\r\n" + HOST + b"\r\nGET /no HTTP/1.1\r\n" + LAST)
    assert [piece[:3] for piece in answers.split(b"HTTP/1.1 ")[1:]] == [b"401", b"200", b"404"]


# --- clients that close their side ---


def _ask_and_end(hub: Live, request: bytes) -> bytes:
    """Say that nothing more will be sent, as `nc -N` does, and read on."""
    with _connect(hub) as connection:
        _send(connection, request)
        connection.shutdown(socket.SHUT_WR)
        return _all_of(connection)


ROBOTS = b"GET /robots.txt HTTP/1.1\r\n" + HOST + b"\r\n"
QUERY = b"GET /sparql?query=ASK%20%7B%7D HTTP/1.1\r\n" + HOST + b"\r\n"  # for another process: never answered at once


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
@pytest.mark.parametrize("asked", [ROBOTS, QUERY])
def test_who_has_no_more_to_say_gets_the_answer(hub: Live, version: bytes, asked: bytes) -> None:
    request = asked.replace(b"HTTP/1.1", version)
    expected = _ask(hub, request.replace(HOST, HOST + b"Connection: close\r\n"))
    for _ in range(3):
        head, _, body = _ask_and_end(hub, request).partition(b"\r\n\r\n")
        assert body == expected.partition(b"\r\n\r\n")[2] != b""
        assert head.split(b"\r\n")[0] == expected.split(b"\r\n")[0]


def test_who_has_no_more_to_say_gets_the_answers_to_all_that_was_said(hub: Live) -> None:
    _, status, _ = _ask(hub, QUERY.replace(HOST, HOST + b"Connection: close\r\n")).split(b" ", 2)
    answers = _ask_and_end(hub, ROBOTS + QUERY + QUERY + b"GET /no HTTP/1.1\r\n" + HOST + b"\r\n")
    assert [piece[:3] for piece in answers.split(b"HTTP/1.1 ")[1:]] == [b"200", status, status, b"404"]


@pytest.mark.parametrize("unfinished", [b"", b"GET / HT", _login(b"")[:-1]])
def test_who_ends_without_a_request_gets_no_answer(hub: Live, unfinished: bytes) -> None:
    assert _ask_and_end(hub, unfinished) == b""


def test_connection_ends_with_the_client_when_nothing_is_under_way(hub: Live) -> None:
    with _connect(hub) as connection:
        connection.sendall(b"HEAD /robots.txt HTTP/1.1\r\n" + HOST + b"\r\n")
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(2)  # kept alive for 5 s otherwise
        assert connection.recv(1) == b""


# --- slow clients -----------------------------------------------------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(protocol._PATIENCE_S, "head", 0.5)
    monkeypatch.setitem(protocol._PATIENCE_S, "body", 0.5)


def _trickle(connection: socket.socket, pieces: list[bytes], pause_s: float) -> bytes:
    """Send piece by piece until the server closes the connection; return what it has said."""
    connection.settimeout(pause_s)
    received = b""
    for piece in pieces:
        try:
            connection.sendall(piece)
            part = connection.recv(1 << 16)
        except TimeoutError:
            continue
        except (BrokenPipeError, ConnectionResetError):
            return received
        received += part
        if not part:
            return received
    raise AssertionError(f"the connection is still open, received {received!r}")


@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([b"GET / HTTP/1.1\r\nX: "] + [b"a"] * 100, b"HTTP/1.1 408 "),
        ([b""] * 100, b""),  # nothing at all
        ([b"GET /health HTTP/1.1\r\nHost: h\r\n\r\n"] + [b""] * 5 + [b"GET /"] + [b"x"] * 100, b"HTTP/1.1 200 "),
    ],
)
def test_who_does_not_end_a_head_is_not_waited_for(hub: Live, pieces: list[bytes], status: bytes) -> None:
    with _connect(hub) as connection:
        assert _trickle(connection, pieces, 0.1).startswith(status)


@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
def test_who_falls_silent_in_a_body_is_not_waited_for(hub: Live) -> None:
    head = b"POST /sparql HTTP/1.1\r\nHost: h\r\nContent-Type: application/sparql-query\r\nContent-Length: 99\r\n\r\n"
    with _connect(hub) as connection:
        assert _trickle(connection, [head, b"ASK", *[b""] * 100], 0.1) == b""


@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
def test_a_body_that_comes_slowly_is_read(hub: Live) -> None:
    query = b"ASK {                 }"
    head = b"POST /sparql HTTP/1.1\r\nHost: h\r\nContent-Type: application/sparql-query\r\nConnection: close\r\n"
    with _connect(hub) as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(query))
        for letter in query:
            time.sleep(0.05)
            connection.sendall(bytes([letter]))
        assert b"HTTP/1.1 200 " in _all_of(connection)


@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
def test_an_answer_may_take_its_time(hub: Live) -> None:
    """The clock is about what the client sends."""
    numbers = " ".join(map(str, range(300)))
    query = (
        f"SELECT (COUNT(*) AS ?n) {{ VALUES ?a {{ {numbers} }} VALUES ?b {{ {numbers} }} VALUES ?c {{ {numbers} }} }}"
    )
    started = time.monotonic()
    assert hub.get("/sparql", params={"query": query}, timeout=60).json()["results"]["bindings"]
    assert time.monotonic() - started > 0.6
