"""HTTP/1.1 on a connection: uvicorn's protocol on llhttp, and what it leaves open.

Answers for what a request may be before the application sees it: how long its head is, how long it takes to come, and
that it names one host. The target is taken as it came: `httptools.parse_url` cannot tell more than 65 535 bytes, and
drops what follows a `#`. Of a request that offers another protocol, as Java's client does with its first one, llhttp
drops the body: h11 goes on with such a connection. llhttp takes 60 to 80 µs less for a request. Who has no more to say
may still wait for the answer, or be gone: the first letters of the answer find out.
"""

import asyncio
import re
import socket
from typing import Literal
from urllib.parse import unquote

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD = 128 * 1024  # bytes of a request line with headers, and of what stands between two pieces of a body


# What a head may take in all, and the silence in a body, in seconds.
_PATIENCE_S: dict[Literal["head", "body"], float] = {"head": 60.0, "body": 60.0}
_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 34\r\n"
    b"Connection: close\r\n\r\nThe head of the request came late."
)
# How every answer begins, whatever becomes of it; how often to look whether that was refused.
_BEGINNING = b"HTTP/1.1 "
_LOOK_EVERY_S = 0.1
_ORIGIN = re.compile(rb"https?://[^/?#]*", re.IGNORECASE)
_RAW_LETTER = re.compile(rb"[^\r\n]*[\x80-\xff]")
_ENCODE = "The address holds letters beyond ASCII: write each of their bytes as %XX."


def _target(sent: bytes) -> bytes:
    """Return a target without the origin that a client may say before it.

    Source: RFC 9112, section 3.2.2 (absolute-form).
    """
    origin = _ORIGIN.match(sent)
    if origin is None:
        return sent
    target = sent[origin.end() :]
    return target if target.startswith(b"/") else b"/" + target


class _BegunTransport(asyncio.Transport):
    """A transport to which the beginning of the answer has been written, for who writes the answer."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._written = len(_BEGINNING)
        transport.write(_BEGINNING)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._transport.write(data[self._written :])
        self._written = 0

    def close(self) -> None:
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()


class HttpProtocol(HttpToolsProtocol):
    """What uvicorn makes for each connection."""

    _unread = b""  # what came since something was handed on
    _is_left_to_h11 = False
    _reading: Literal["head", "body"] | None = None
    _heard_s = 0.0  # when a head began, or something of a body came
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._read("head")

    def connection_lost(self, exc: Exception | None) -> None:
        self._read(None)
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the connection for an answer that is under way: the client has no more to say, but may still listen.

        When it has closed its side altogether, it refuses what is sent. So the answer is begun at once: who is gone is
        found out a round trip later. Source: RFC 9293, section 3.6 (half-closed), section 3.10.7.1 (reset when closed).
        """
        cycle = self.cycle
        if cycle is None or cycle.response_complete or cycle.more_body:
            return False
        if self.pipeline:  # the last of several: reading goes on when it is its turn, and comes here again
            self.flow.pause_reading()
            return True
        cycle.keep_alive = False
        if not cycle.response_started:
            cycle.transport = _BegunTransport(self.transport)
        self._look_for_refusal()
        return True

    def _look_for_refusal(self) -> None:
        """End the connection when what was sent has been refused. The event loop does not look while it only writes."""
        if self.transport.is_closing():
            return
        if self.transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.transport.abort()
        else:
            self.loop.call_later(_LOOK_EVERY_S, self._look_for_refusal)

    def _read(self, what: Literal["head", "body"] | None) -> None:
        """Note what is to come from now on: the client has so long for it."""
        self._reading, self._heard_s = what, self.loop.time()
        if what is not None and self._timer is None:
            self._timer = self.loop.call_later(_PATIENCE_S[what], self._look)

    def _look(self) -> None:
        """End the connection when what is to come is overdue. Nobody is late while we do not read."""
        self._timer = None
        if self._reading is None or self.transport.is_closing():
            return
        is_busy = self.cycle is not None and not self.cycle.response_complete
        if self.flow.read_paused or (self._reading == "head" and is_busy):
            self._heard_s = self.loop.time()
        left_s = self._heard_s + _PATIENCE_S[self._reading] - self.loop.time()
        if left_s > 0:
            self._timer = self.loop.call_later(left_s, self._look)
        elif self._reading == "head" and self._unread:
            self.transport.write(_TOO_SLOW)
            self.transport.close()
        else:
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._read("head")

    def data_received(self, data: bytes) -> None:
        """Read on. A head, trailers or chunk extensions without an end must not fill the memory."""
        self._unread += data
        super().data_received(data)
        if len(self._unread) > MOST_HEAD and not self.transport.is_closing():
            self._unread = b""
            self.send_400_response(f"The head of a request may have {MOST_HEAD} bytes.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read, unless it is to be read by another."""
        is_busy = self.cycle is not None and not self.cycle.response_complete
        if self._is_left_to_h11 and not is_busy:
            self._leave_to_h11()
        else:
            super().send_400_response(_ENCODE if _RAW_LETTER.match(self._unread) else msg)

    def _leave_to_h11(self) -> None:
        unread, self._unread = self._unread, b""
        self._read(None)
        other = H11Protocol(self.config, self.server_state, self.app_state)
        self.connections.discard(self)
        other.connection_made(self.transport)
        self.transport.set_protocol(other)
        other.data_received(unread)

    def on_headers_complete(self) -> None:
        """Hand the request on. Raises ValueError, which ends the reading.

        Source: RFC 9112, section 3.2 (Host).
        """
        if self.parser.should_upgrade():
            self._is_left_to_h11 = True
            raise ValueError("another protocol is offered")
        self._unread = b""
        self._read("body")
        if self.parser.get_http_version() == "1.1" and sum(name == b"host" for name, _ in self.headers) != 1:
            raise ValueError("a request names one host")
        target, self.url = _target(self.url), b"/"
        super().on_headers_complete()
        raw_path, _, query = target.partition(b"?")
        # The application begins when this returns.
        self.scope["path"] = unquote(raw_path.decode("ascii"))
        self.scope["raw_path"], self.scope["query_string"] = raw_path, query

    def on_body(self, body: bytes) -> None:
        self._unread = b""
        self._heard_s = self.loop.time()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = b""
        self._read(None)
        super().on_message_complete()
