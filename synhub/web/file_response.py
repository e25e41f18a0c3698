"""A stored file as an answer: conditions, one range, gzip where it is asked for, constant memory.

A piece is read in a worker thread when the client has taken the one before: a slow reader keeps no thread. Knows
nothing of where the file comes from.

Source: RFC 9110, sections 8.4, 8.8.3, 13.1 and 14 (coding, ETag, conditions, ranges).
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from synhub.accept import parse_preferences
from synhub.formats.media_type import is_textual
from synhub.web.respond import is_unchanged

# What was uploaded is shown to nobody as a page of this site.
HARMLESS = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox"}
PIECE_BYTES = 256 * 1024
GZIP = 16 + zlib.MAX_WBITS  # zlib's way to say: with gzip's header, whose time stays 0
_VARY = "Accept, Accept-Encoding, X-authorization, Cookie"
_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,100})\s*-\s*(\d{0,100})\s*\Z", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `start` to `end` (not included) of a file; empty for a range that the file has nothing of."""

    start: int
    end: int

    @property
    def is_empty(self) -> bool:
        return self.start >= self.end


def file_response(
    request: Request, path: Path, size: int, digest: str, media_type: str, headers: Mapping[str, str]
) -> Response:
    """Answer a GET or HEAD with the file, whose bytes `digest` names.

    304 when the client has it, 206 for a range, 416 for one that is not in it; ranges in several parts, and what is no
    range at all, are answered with the whole file.
    """
    is_ranged = "range" in request.headers
    zipped = size > 0 and is_textual(media_type) and not is_ranged and _prefers_gzip(request)
    etag = f'"{digest}-gzip"' if zipped else f'"{digest}"'
    common = {**headers, "ETag": etag, "Accept-Ranges": "bytes", "Vary": _VARY}
    if is_unchanged(request, etag):
        return Response(status_code=304, headers=common)
    part = _asked_part(request, etag, size) if is_ranged and request.method == "GET" else None
    if part is not None and part.is_empty:
        words = f"the file has {size} bytes; the range {request.headers['range']!r} holds none of them"
        return PlainTextResponse(words, 416, {"Content-Range": f"bytes */{size}", "Vary": _VARY})
    start, end = (part.start, part.end) if part else (0, size)
    common |= {"Content-Type": media_type}
    if zipped:
        common |= {"Content-Encoding": "gzip"}
    else:
        common |= {"Content-Length": str(end - start)}
    if part:
        common |= {"Content-Range": f"bytes {start}-{end - 1}/{size}"}
    if request.method == "HEAD":
        return StreamingResponse(iter(()), headers=common)
    pieces: Iterable[bytes] = _pieces(path, start, end)
    body = _zipped(pieces) if zipped else pieces
    return StreamingResponse(iterate_in_threadpool(body), 206 if part else 200, common)


def _prefers_gzip(request: Request) -> bool:
    """Say whether Accept-Encoding names gzip (or anything) at least as gladly as the bytes as they are."""
    quality = {p.name: p.quality for p in parse_preferences(request.headers.get("accept-encoding"))}
    gzip = quality.get("gzip", quality.get("x-gzip", quality.get("*", 0)))
    return gzip > 0 and gzip >= quality.get("identity", 0)


def _asked_part(request: Request, etag: str, size: int) -> Part | None:
    """Return the part that a request asks for, None for the whole file."""
    if request.headers.get("if-range", etag).strip() != etag:
        return None
    return parse_range(request.headers["range"], size)


def parse_range(text: str, size: int) -> Part | None:
    """Return the part of `size` bytes that a Range header means; None when it is no single range of bytes.

    >>> parse_range("bytes=-2", 10)
    Part(start=8, end=10)
    """
    found = _RANGE.match(text)
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        return Part(max(size - int(found[2]), 0), size)
    start = int(found[1])
    last = int(found[2]) if found[2] else max(start, size - 1)
    return None if last < start else Part(start, min(last + 1, size))


def _pieces(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        file.seek(start)
        left = end - start
        while left > 0 and (piece := file.read(min(PIECE_BYTES, left))):
            left -= len(piece)
            yield piece


def _zipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(wbits=GZIP)
    for piece in pieces:
        if packed := compressor.compress(piece):
            yield packed
    yield compressor.flush()
