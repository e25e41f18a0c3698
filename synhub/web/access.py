"""One line for each request, and a name for it: X-Request-Id.

The line goes to the logger `synhub.access` when the answer has ended, with the bytes that were sent:

    time request-id method path status bytes milliseconds user address job

`-` stands for what there is none of. Fields never hold blanks or control characters, so that nobody can write lines
of their own; query strings are left out, and so are the secrets of share links: whoever reads a log must not be able
to use what it says.
"""

import logging
import re
import secrets
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from synhub.store.shares import SECRET_BYTES
from synhub.web.auth import client_address

logger = logging.getLogger("synhub.access")

_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_METHOD = re.compile(r"[A-Z]{1,20}\Z")
_ADDRESS = re.compile(r"[0-9A-Za-z:.%]{1,64}\Z")
_PLAIN_PATH = re.compile(r"/[!-$&-~]*\Z")  # printable ASCII and no escape: is what it looks like
_SHOWABLE = re.compile(r"/[\w./%!$&'()*+,;=:@~<>-]*\Z", re.ASCII)  # what `quote` leaves as it is
# What stands where a share link has its secret, and whatever looks like one: addresses are also mistyped and cut. Each
# segment is looked at once: a path may have 100 000 characters, and from each of them to the end took minutes.
_SECRET = re.compile(rf"(?<=/)[^/]++(?=/share\b)|[0-9a-f]{{{2 * SECRET_BYTES},}}", re.IGNORECASE)
_MOST_PATH = 2000
_DISCONNECTED = 499


def shown_path(raw_path: bytes) -> str:
    """Return a path as it may be written down: printable ASCII without blanks, share secrets masked.

    >>> shown_path(b"/user/a/lab/p/1/0123abcd/share/sbol")
    '/user/a/lab/p/1/***/share/sbol'
    >>> shown_path(b"/user/a/lab/p/1/0123456789abcdef0123456789abcdef01234567")
    '/user/a/lab/p/1/***'
    """
    text = raw_path.decode("latin-1")
    if not text.startswith("/"):
        return "*" if text == "*" else "-"
    shown = _SECRET.sub("***", text)
    if not _PLAIN_PATH.match(text):
        decoded = shown
        for _ in range(2):  # links are escaped twice by programs that take them for a part of an address
            if "%" not in decoded:
                break
            decoded = unquote(decoded)
            masked = _SECRET.sub("***", decoded)
            # As it came, unless it hides something: the way it is escaped is what a mistake is often about.
            if masked != decoded:
                shown = decoded = masked
        if not _SHOWABLE.match(shown):
            shown = quote(shown, safe="/%!$&'()*+,;=:@~<>")
    return shown[:_MOST_PATH]


class AccessLog:
    """Wraps an ASGI application. Puts `request_id` into `request.state`; reads `user` and `job_id` from there."""

    def __init__(self, app: ASGIApp, *, lines: bool) -> None:
        self._app = app
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()
        ended_s = 0.0
        status = sent_bytes = 0
        request_id = _request_id(scope)
        name_header = (b"x-request-id", request_id.encode())
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id

        async def sending(message: Message) -> None:
            nonlocal status, sent_bytes, ended_s
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], name_header]
            await send(message)
            if message["type"] == "http.response.body":
                sent_bytes += len(message.get("body", b""))
                if not message.get("more_body", False):
                    ended_s = time.perf_counter()

        try:
            await self._app(scope, receive, sending)
        finally:
            if self._lines and logger.isEnabledFor(logging.INFO):
                if not ended_s:  # who asked has gone, or the answer broke off
                    ended_s = time.perf_counter()
                    status = status if status >= 400 else _DISCONNECTED
                sent_bytes = 0 if scope["method"] == "HEAD" else sent_bytes
                logger.info("%s", _line(scope, state, status, sent_bytes, ended_s - started_s))


def _request_id(scope: Scope) -> str:
    """Keep a harmless name that a proxy or a client gave the request; else make one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given: str = value.decode("latin-1")
            if _GIVEN_ID.match(given):
                return given
    return secrets.token_hex(8)


def _line(scope: Scope, state: dict[str, Any], status: int, sent_bytes: int, duration_s: float) -> str:
    user = state.get("user")
    method, address = scope["method"], client_address(Request(scope))
    return (
        f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z {state['request_id']}"
        f" {method if _METHOD.match(method) else '-'} {shown_path(scope['raw_path'])} {status} {sent_bytes}"
        f" {duration_s * 1000:.1f} {user.username if user is not None else '-'}"
        f" {address if _ADDRESS.match(address) else '-'} {state.get('job_id', '-')}"
    )
