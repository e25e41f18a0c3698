"""Many clients at once, in a process of its own: each asks again when it is answered, or all of them at a fixed rate.

At a fixed rate a request that finds no connection free waits for one, and its latency counts from when it was due: a
slow server does not slow the crowd down. Reads one `Crowd` as JSON from standard input, writes one `Served` to
standard output.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field

_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """`requests` as they are sent, gone round; `per_s` 0 means that each client asks as soon as it is answered."""

    host: str
    port: int
    requests: list[str]
    clients: int
    per_s: float
    seconds: float


@dataclass(slots=True)
class Served:
    """Latencies of answers with status 200 in seconds, how often each status came (0: none did), and the time taken."""

    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    elapsed_s: float = 0.0

    @property
    def per_s(self) -> float:
        return len(self.latencies) / self.elapsed_s if self.elapsed_s else 0.0

    def quantile(self, q: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * q), len(ordered) - 1)] if ordered else float("nan")


class _Client:
    """One kept-alive connection."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> int:
        """Return the status of the whole answer. Raises OSError, ValueError, TimeoutError."""
        async with asyncio.timeout(_TIMEOUT_S):
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._crowd.host, self._crowd.port)
            reader, writer = self._streams
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
            if headers.get("transfer-encoding") == "chunked":
                while size := int(await reader.readline(), 16):
                    await reader.readexactly(size + 2)
                await reader.readline()
            else:
                await reader.readexactly(int(headers.get("content-length", 0)))
            if headers.get("connection") == "close":
                await self.close()
            return int(head.split(" ", 2)[1])

    async def close(self) -> None:
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class _Count:
    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.statuses: Counter[int] = Counter()

    async def ask(self, client: _Client, request: bytes, due_s: float) -> None:
        try:
            status = await client.ask(request)
        except (OSError, ValueError, IndexError, EOFError, TimeoutError):
            await client.close()
            status = 0
        self.statuses[status] += 1
        if status == 200:
            self.latencies.append(time.perf_counter() - due_s)


async def crowd_of(crowd: Crowd) -> Served:
    """Let the crowd ask for as long as it says."""
    requests = [request.encode("latin-1") for request in crowd.requests]
    clients = [_Client(crowd) for _ in range(crowd.clients)]
    count = _Count()
    started = time.perf_counter()
    if crowd.per_s:
        await _at_rate(crowd, requests, clients, count, started)
    else:
        await asyncio.gather(*(_in_turn(crowd, requests, client, n, count) for n, client in enumerate(clients)))
    elapsed_s = time.perf_counter() - started
    for client in clients:
        await client.close()
    return Served(count.latencies, {str(status): n for status, n in count.statuses.items()}, elapsed_s)


async def _in_turn(crowd: Crowd, requests: list[bytes], client: _Client, first: int, count: _Count) -> None:
    ends_s, n = time.perf_counter() + crowd.seconds, first
    while (now := time.perf_counter()) < ends_s:
        await count.ask(client, requests[n % len(requests)], now)
        n += 1


async def _at_rate(
    crowd: Crowd, requests: list[bytes], clients: list[_Client], count: _Count, started_s: float
) -> None:
    free: asyncio.Queue[_Client] = asyncio.Queue()
    for client in clients:
        free.put_nowait(client)

    async def one(request: bytes, due_s: float) -> None:
        client = await free.get()
        await count.ask(client, request, due_s)
        free.put_nowait(client)

    tasks: list[asyncio.Task[None]] = []
    for n in range(int(crowd.per_s * crowd.seconds)):
        due_s = started_s + n / crowd.per_s
        await asyncio.sleep(max(due_s - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(one(requests[n % len(requests)], due_s)))
    await asyncio.gather(*tasks)


def read_served(text: str) -> Served:
    return Served(**json.loads(text))


def write_crowd(crowd: Crowd) -> str:
    return json.dumps(asdict(crowd))


def main() -> None:
    crowd = Crowd(**json.loads(sys.stdin.read()))
    json.dump(asdict(asyncio.run(crowd_of(crowd))), sys.stdout)


if __name__ == "__main__":
    main()
