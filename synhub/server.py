"""The server's socket and its end: uvicorn, with what it does not say or do of itself. Knows no Hub."""

import asyncio
import socket
from collections.abc import Callable

import uvicorn

from synhub.errors import BadRequest
from synhub.settings import Settings

_STALL_S = 60  # a connection whose client takes nothing for this long is closed
_LAST_BYTES_S = 3  # how long a stopping server waits for clients to take their answers


def listen(settings: Settings) -> socket.socket:
    """Take the address before anything is opened or fixed. Raises BadRequest when it cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listening = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
        # Accepted ones have both. asyncio sets TCP_NODELAY only where the protocol number is known, which accept() of
        # this one does not say; without it header and body, written apart, cost a kept connection 40 ms an answer.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _STALL_S * 1000)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except (OSError, OverflowError) as error:
        raise BadRequest(f"cannot listen on {settings.host!r} port {settings.port}: {error}") from error


class Server(uvicorn.Server):
    """uvicorn that says when it is ready, and calls `stop` (in a thread) before it waits for open requests.

    After that every answer is there: who does not take the rest of it soon does not hold the server up.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[int], None], stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            port = next(s.getsockname()[1] for server in self.servers for s in server.sockets)
            self._ready(port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        stopping = asyncio.create_task(asyncio.to_thread(self._stop))
        closing = asyncio.create_task(self._close_slow(stopping))
        await super().shutdown(sockets)
        await stopping
        closing.cancel()

    async def _close_slow(self, stopping: "asyncio.Task[None]") -> None:
        await asyncio.wait([stopping])
        await asyncio.sleep(_LAST_BYTES_S)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
