"""The floor: an empty Starlette route on uvicorn, set up as synhub's own server. Nothing can answer faster.

Prints its port when it listens. See `synhub/app.py` for the same options.
"""

import socket

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from synhub.web.protocol import MOST_HEAD, HttpProtocol


async def empty(_: Request) -> Response:
    return Response(b"")


def main() -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        Starlette(routes=[Route("/", empty)]), log_config=None, access_log=False, server_header=False, lifespan="off",
        h11_max_incomplete_event_size=MOST_HEAD, http=HttpProtocol, proxy_headers=False,
    )  # fmt: skip
    print(listening.getsockname()[1], flush=True)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
