"""Large files pass through in constant memory, and who reads them slowly keeps nobody waiting."""

import hashlib
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from served import Served, served

pytestmark = pytest.mark.slow

PIECE = os.urandom(1 << 20)
GIB = 1024  # pieces
MIB = 1 << 20
ROOT = "/user/alice/lab/lab_collection/1"
BOUNDARY = "b0undary"


def attach(server: Served, name: str, pieces: int) -> httpx.Response:
    """Send a file of so many pieces, chunked; its numbers make each piece another one."""

    def body() -> Iterator[bytes]:
        disposition = "Content-Disposition: form-data; name="
        yield f'--{BOUNDARY}\r\n{disposition}"id"\r\n\r\n{name}\r\n--{BOUNDARY}\r\n'.encode()
        yield f'{disposition}"file"; filename="{name}.bin"\r\n\r\n'.encode()
        yield from content(pieces)
        yield f"\r\n--{BOUNDARY}--\r\n".encode()

    headers = server.headers | {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return httpx.post(f"{server.url}{ROOT}/attach", content=body(), headers=headers, timeout=300)


def content(pieces: int) -> Iterator[bytes]:
    for number in range(pieces):
        yield number.to_bytes(8, "big") + PIECE[8:]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with an empty collection `lab`."""
    with served(tmp_path_factory.mktemp("large") / "data") as found:
        assert found.submit(None).text == "Successfully uploaded"
        yield found
        found.stop()


def test_a_gibibyte_goes_up_and_down_in_constant_memory(server: Served) -> None:
    assert attach(server, "small", 4).text == "Success"
    digest = hashlib.sha256()
    for piece in content(GIB):
        digest.update(piece)
    before = server.memory("VmHWM")

    started = time.monotonic()
    assert attach(server, "large", GIB).text == "Success"
    up = time.monotonic() - started

    got = hashlib.sha256()
    started = time.monotonic()
    url = f"{server.url}/user/alice/lab/large/1/download"
    with httpx.stream("GET", url, headers=server.headers, timeout=300) as answer:
        assert answer.headers["content-length"] == str(GIB * MIB)
        for chunk in answer.iter_raw(MIB):
            got.update(chunk)
    down = time.monotonic() - started

    assert got.hexdigest() == digest.hexdigest()
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    more = server.memory("VmHWM") - before
    print(f"up {up:.1f} s, down {down:.1f} s, {more / MIB:.1f} MiB more memory")
    assert more < 48 * MIB


def test_slow_readers_of_attachments_keep_nobody_waiting(server: Served) -> None:
    assert attach(server, "slow", 32).text == "Success"
    address = httpx.URL(server.url)
    before = server.memory("VmHWM")
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.socket()) for _ in range(60)]
        for connection in slow:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((address.host, address.port or 80))
            connection.sendall(
                b"GET /user/alice/lab/slow/1/download HTTP/1.1\r\nHost: hub\r\n"
                b"X-authorization: " + server.token.encode() + b"\r\n\r\n"
            )
        assert [connection.recv(12) for connection in slow] == [b"HTTP/1.1 200"] * 60
        started = time.monotonic()
        assert httpx.get(server.url + "/health", timeout=20).status_code == 200
        url = f"{server.url}/user/alice/lab/slow/1/download"
        assert len(httpx.get(url, headers=server.headers, timeout=20).content) == 32 * MIB
        assert time.monotonic() - started < 5
    assert server.memory("VmHWM") - before < 64 * MIB
