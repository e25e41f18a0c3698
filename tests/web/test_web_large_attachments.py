"""Large files pass through in constant memory, and who reads them slowly keeps nobody waiting."""

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.slow

PIECE = os.urandom(1 << 20)
GIB = 1024  # pieces
MIB = 1 << 20
ROOT = "/user/alice/lab/lab_collection/1"
BOUNDARY = "b0undary"


@dataclass(frozen=True)
class Served:
    """A server process of its own, with a user alice who has an empty collection `lab`."""

    url: str
    pid: int
    token: str

    def headers(self) -> dict[str, str]:
        return {"Accept": "text/plain", "X-authorization": self.token}

    def most_memory(self) -> int:
        """The most bytes that the server process has ever had in memory."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024

    def attach(self, name: str, pieces: int) -> httpx.Response:
        """Send a file of so many pieces, chunked; its numbers make each piece another one."""

        def body() -> Iterator[bytes]:
            disposition = "Content-Disposition: form-data; name="
            yield f'--{BOUNDARY}\r\n{disposition}"id"\r\n\r\n{name}\r\n--{BOUNDARY}\r\n'.encode()
            yield f'{disposition}"file"; filename="{name}.bin"\r\n\r\n'.encode()
            yield from content(pieces)
            yield f"\r\n--{BOUNDARY}--\r\n".encode()

        headers = self.headers() | {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return httpx.post(f"{self.url}{ROOT}/attach", content=body(), headers=headers, timeout=300)


def content(pieces: int) -> Iterator[bytes]:
    for number in range(pieces):
        yield number.to_bytes(8, "big") + PIECE[8:]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("large") / "data"
    command = [sys.executable, "-m", "synhub", "serve", "--data", str(data), "--port", "0"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    with server, ExitStack() as stack:
        stack.callback(server.kill)
        assert server.stdout is not None
        ready = re.search(r"ready on (\S+),", server.stdout.readline())
        assert ready is not None
        url = ready[1]
        account = {"name": "A", "username": "alice", "email": "a@example.org", "password1": "pw", "password2": "pw"}
        httpx.post(url + "/register", data=account)
        token = httpx.post(url + "/login", data={"email": "alice", "password": "pw"}).text
        form = {"id": "lab", "version": "1", "name": "Lab", "description": "A lab", "overwrite_merge": "0"}
        files = {name: (None, value) for name, value in form.items()}
        found = Served(url, server.pid, token)
        assert httpx.post(url + "/submit", files=files, headers=found.headers()).text == "Successfully uploaded"
        yield found
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0


def test_a_gibibyte_goes_up_and_down_in_constant_memory(served: Served) -> None:
    assert served.attach("small", 4).text == "Success"
    digest = hashlib.sha256()
    for piece in content(GIB):
        digest.update(piece)
    before = served.most_memory()

    started = time.monotonic()
    assert served.attach("large", GIB).text == "Success"
    up = time.monotonic() - started

    got = hashlib.sha256()
    started = time.monotonic()
    url = f"{served.url}/user/alice/lab/large/1/download"
    with httpx.stream("GET", url, headers=served.headers(), timeout=300) as answer:
        assert answer.headers["content-length"] == str(GIB * MIB)
        for chunk in answer.iter_raw(MIB):
            got.update(chunk)
    down = time.monotonic() - started

    assert got.hexdigest() == digest.hexdigest()
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    more = served.most_memory() - before
    print(f"up {up:.1f} s, down {down:.1f} s, {more / MIB:.1f} MiB more memory")
    assert more < 48 * MIB


def test_slow_readers_of_attachments_keep_nobody_waiting(served: Served) -> None:
    assert served.attach("slow", 32).text == "Success"
    address = httpx.URL(served.url)
    before = served.most_memory()
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.socket()) for _ in range(60)]
        for connection in slow:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((address.host, address.port or 80))
            connection.sendall(
                b"GET /user/alice/lab/slow/1/download HTTP/1.1\r\nHost: hub\r\n"
                b"X-authorization: " + served.token.encode() + b"\r\n\r\n"
            )
        assert [connection.recv(12) for connection in slow] == [b"HTTP/1.1 200"] * 60
        started = time.monotonic()
        assert httpx.get(served.url + "/health", timeout=20).status_code == 200
        url = f"{served.url}/user/alice/lab/slow/1/download"
        assert len(httpx.get(url, headers=served.headers(), timeout=20).content) == 32 * MIB
        assert time.monotonic() - started < 5
    assert served.most_memory() - before < 64 * MIB
