"""The measuring client: one keep-alive connection on a raw socket, a closed loop, every answer checked. Own process.

The kernel delays acknowledgements by 40 ms where it takes a connection for interactive; a server that writes header
and body apart (Virtuoso does) then waits that long for each answer on a kept-alive connection. So TCP_QUICKACK is set
before every read: the kernel resets it, see tcp(7). Requests are one write each.

Reads one `Task` as JSON from standard input and writes one `Measured` to standard output.
"""

import hashlib
import itertools
import json
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """A kept-alive HTTP/1.1 connection. Raises OSError, ValueError for what is no answer."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._left = b""

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, request: bytes) -> Reply:
        """Send one request and read its whole answer; a connection that the server has closed is opened again."""
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=_TIMEOUT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._left = b""
        self._socket.sendall(request)
        head, self._left = self._until(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ", 2)[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks()
        elif "content-length" in headers:
            body = self._exactly(int(headers["content-length"]))
        elif status in (204, 304):
            body = b""
        else:
            raise ValueError(f"an answer without a length: {lines}")
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Reply(status, headers, body)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _receive(self) -> bytes:
        assert self._socket is not None
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        received = self._socket.recv(1 << 18)
        if not received:
            self.close()
            raise ConnectionResetError("the server closed the connection")
        return received

    def _until(self, end: bytes) -> tuple[bytes, bytes]:
        parts = self._left
        while end not in parts:
            parts += self._receive()
        found, _, rest = parts.partition(end)
        return found, rest

    def _exactly(self, length: int) -> bytes:
        parts, have = [self._left], len(self._left)
        while have < length:
            parts.append(self._receive())
            have += len(parts[-1])
        body = b"".join(parts)
        self._left = body[length:]
        return body[:length]

    def _chunks(self) -> bytes:
        body: list[bytes] = []
        while True:
            size, self._left = self._until(b"\r\n")
            chunk = self._exactly(int(size.partition(b";")[0], 16))
            self._exactly(2)
            if not chunk:
                return b"".join(body)
            body.append(chunk)


def request_of(path: str, headers: Mapping[str, str], host: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: keep-alive"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode("latin-1")


def fingerprint(body: bytes, *, exact: bool) -> str:
    """Return what must be the same each time: the bytes, or (order of rows is nobody's promise) their number."""
    return hashlib.sha256(body).hexdigest() if exact else str(len(body))


@dataclass(frozen=True, slots=True)
class Step:
    """One request of an operation, as it is sent, and the fingerprint that its answer must have."""

    request: str
    expected: str


@dataclass(frozen=True, slots=True)
class Task:
    """Operations to go round. At most `requests` after `warm_up`, fewer when that takes longer than `budget_s`."""

    host: str
    port: int
    operations: list[list[Step]]
    exact: bool
    warm_up: int
    requests: int
    budget_s: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Latencies of whole operations (all their requests), in seconds, and how long all of it took."""

    latencies: list[float]
    elapsed_s: float
    warm_up: int


def measure(task: Task) -> Measured:
    """Run a task. Raises ValueError for an answer that is not the expected one."""
    with Connection(task.host, task.port) as connection:
        return _measure(task, connection)


def _measure(task: Task, connection: Connection) -> Measured:
    operations = itertools.cycle(task.operations)

    def once() -> float:
        return sum(_step(connection, step, exact=task.exact) for step in next(operations))

    once()
    estimate = max(once(), 1e-6)
    warm_up = int(min(task.warm_up, max(task.budget_s / 6 / estimate, 1)))
    warm = [once() for _ in range(warm_up)]
    estimate = sum(warm) / len(warm)
    requests = int(min(task.requests, max(task.budget_s / estimate, 5)))
    started = time.perf_counter()
    latencies = [once() for _ in range(requests)]
    return Measured(latencies, time.perf_counter() - started, warm_up + 2)


def _step(connection: Connection, step: Step, *, exact: bool) -> float:
    started = time.perf_counter()
    reply = connection.get(step.request.encode("latin-1"))
    taken = time.perf_counter() - started
    if reply.status != 200:
        raise ValueError(f"{step.request[:300]!r} was answered with {reply.status}: {reply.body[:500]!r}")
    if fingerprint(reply.body, exact=exact) != step.expected:
        raise ValueError(f"{step.request[:300]!r} was answered differently than before: {reply.body[:500]!r}")
    return taken


def read_task(text: str) -> Task:
    said = json.loads(text)
    said["operations"] = [[Step(**step) for step in operation] for operation in said["operations"]]
    return Task(**said)


def write_task(task: Task) -> str:
    return json.dumps(asdict(task))


def read_measured(text: str) -> Measured:
    return Measured(**json.loads(text))


def main() -> None:
    json.dump(asdict(measure(read_task(sys.stdin.read()))), sys.stdout)


if __name__ == "__main__":
    main()
