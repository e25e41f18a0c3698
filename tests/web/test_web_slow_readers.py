"""Clients that do not read their answers: nobody else waits for them, and the server stops all the same."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from live import Live, live
from served import served

from synhub import exports
from synhub.formats.media_type import RDF_XML
from synhub.store.children import Caller

pytestmark = pytest.mark.slow

ROOT = "/user/alice/lab/lab_collection/1/sbol"


def _document(parts: int, length: int) -> bytes:
    part = (
        '<sbol:ComponentDefinition rdf:about="http://ex.org/p{0}/1"><sbol:displayId>p{0}</sbol:displayId>'
        '<sbol:persistentIdentity rdf:resource="http://ex.org/p{0}"/><sbol:version>1</sbol:version>'
        '<sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>'
        "<dcterms:description>{1}</dcterms:description></sbol:ComponentDefinition>"
    )
    return (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"'
        ' xmlns:dcterms="http://purl.org/dc/terms/">'
        + "".join(part.format(n, "x" * length) for n in range(parts))
        + "</rdf:RDF>"
    ).encode()


def _ask_and_do_not_read(url: str, path: str, token: str) -> socket.socket:
    address = httpx.URL(url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect((address.host, address.port or 80))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: hub\r\nX-authorization: {token}\r\n\r\n".encode())
    return connection


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("data")) as instance:
        instance.user("alice")
        assert instance.submit("alice", _document(60, 200_000)).text == "Successfully uploaded"
        yield instance


def test_slow_readers_of_large_downloads_keep_nobody_waiting(instance: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "DIRECT_OBJECTS", 0)
    whole = len(instance.get(ROOT, "alice").content)
    assert whole > 12_000_000
    with ExitStack() as stack:
        slow = [_ask_and_do_not_read(instance.url, ROOT, instance.tokens["alice"]) for _ in range(45)]
        for connection in slow:
            stack.callback(connection.close)
        started = time.monotonic()
        assert instance.get("/health", timeout=20).status_code == 200
        assert instance.get("/search/p1", "alice", timeout=20).status_code == 200
        assert time.monotonic() - started < 5
        answers = [connection.recv(12) for connection in slow]
        assert set(answers) == {b"HTTP/1.1 200", b"HTTP/1.1 429"}
        again = instance.get(ROOT, "alice")
        assert (again.headers["content-type"], len(again.content)) == (RDF_XML, whole)


def test_a_refused_download_says_when_to_come_back(instance: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "DIRECT_OBJECTS", 0)
    monkeypatch.setattr(exports, "_PATIENCE_S", 0.05)
    lane = instance.hub.lanes.download
    with ExitStack() as stack:
        for _ in range(lane.workers):
            argument = {"store": "", "graphs": [], "top_levels": []}
            stack.enter_context(lane._begin(b"s", "download", argument, 30, 1 << 20, None, Caller(), None))
        answer = instance.get(ROOT, "alice")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
    assert "download processes are busy" in answer.text


def test_a_client_that_does_not_read_does_not_delay_the_stop(tmp_path: Path) -> None:
    with served(tmp_path / "data") as server:
        assert server.submit(_document(60, 200_000)).text == "Successfully uploaded"
        with _ask_and_do_not_read(server.url, ROOT, server.token) as slow:
            assert slow.recv(12) == b"HTTP/1.1 200"
            started = time.monotonic()
            server.stop()
            assert time.monotonic() - started < 15
