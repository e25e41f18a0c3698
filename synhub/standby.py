"""What is answered while the triple store is out of reach at the start: 503 to everything, until it answers.

Nothing else is open meanwhile: what was planned before is carried out first when the store is there, then others may
read.
"""

import asyncio
import socket

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

RETRY_S = 2.0


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    words = "the triple store does not answer; please try again later\n"
    await PlainTextResponse(words, 503, {"Retry-After": "5"})(scope, receive, send)


def answer(listening: socket.socket, seconds: float) -> bool:
    """Answer those who come for some seconds; say whether to go on, which a signal to end denies."""
    config = uvicorn.Config(
        _refuse, log_config=None, access_log=False, server_header=False, lifespan="off", http="h11",
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)

    async def serve() -> bool:
        # uvicorn closes what it is given
        serving = asyncio.create_task(server.serve(sockets=[listening.dup()]))
        _, running = await asyncio.wait([serving], timeout=seconds)
        server.should_exit = True
        await serving
        return bool(running)

    return asyncio.run(serve())
