"""A handler's result becomes a response: machine format, or the same data as an HTML page; errors become
statuses.

Handlers return a `Result` and know nothing of Accept. HTML only when Accept names text/html or
application/xhtml+xml; `*/*` and no Accept mean the machine format: axios and curl send both.
"""

import json
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from synhub import errors
from synhub.accept import Preference, parse_preferences
from synhub.json_text import write_json
from synhub.web.pages import render_page

logger = logging.getLogger("synhub.web")

TEXT = "text/plain; charset=utf-8"
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
PROBLEM = "application/problem+json"

_HTML_TYPES = ("text/html", "application/xhtml+xml")
_UNNAMED = 0.0001  # the quality of what Accept does not name: below all that it can name, above what it refuses


@dataclass(frozen=True, slots=True)
class Result:
    """What a handler found: `value` is a str, bytes, something JSON can hold, or an iterable of bytes to
    stream.

    `title` heads the page when a browser asks; a Result without title has no page. `location` makes it a
    redirect for browsers only when `value` is something else than None.
    """

    value: Any
    media_type: str = TEXT
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    location: str | None = None


def text(value: str, status: int = 200, *, title: str = "", location: str | None = None) -> Result:
    return Result(value, TEXT, status, title=title, location=location)


def json_result(
    value: Any,
    status: int = 200,
    *,
    title: str = "",
    headers: Mapping[str, str] | None = None,
    location: str | None = None,
) -> Result:
    return Result(value, JSON, status, headers or {}, title, location)


def redirect(location: str, status: int = 302) -> Result:
    return Result(None, TEXT, status, location=location)


def attachment(name: str) -> dict[str, str]:
    """Return the one form of Content-Disposition that every client reads.

    pySBOL2 and libSBOLj cut the name out by counting characters from both ends.
    """
    safe = "".join(c if 0x20 <= ord(c) < 0x7F and c not in '"\\' else "_" for c in name)
    return {"Content-Disposition": f'attachment; filename="{safe}"'}


def is_unchanged(request: Request, etag: str) -> bool:
    """Say whether If-None-Match names the representation that would be sent.

    Source: RFC 9110, section 13.1.2 (weak comparison).
    """
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in [part.strip().removeprefix("W/") for part in given.split(",")]


def wants_html(request: Request) -> bool:
    """Say whether Accept names an HTML type with a quality above 0."""
    preferences = parse_preferences(request.headers.get("accept"))
    first = next((p for p in preferences if p.name in _HTML_TYPES), None)
    return first is not None and first.quality > 0


def negotiate(request: Request, offers: Sequence[tuple[str, str]]) -> int | None:
    """Return which of the offers Accept likes best, the first of equals; None when it refuses all of them.

    An offer is a media type and a profile, which a range of Accept without one does not ask about. One that Accept does
    not name is liked better than one with `q=0`. A page is liked better than what Accept likes no more than that: then
    None.
    Source: RFC 9110, section 12.5.1.
    """
    preferences = parse_preferences(request.headers.get("accept"))
    qualities = [_quality(preferences, media, profile) for media, profile in offers]
    best = max(qualities)
    if best == 0:
        return None
    exact = [p for p in preferences if "*" not in p.name]
    named = max(_quality(exact, media, profile) for media, profile in offers)
    if wants_html(request) and max(_quality(preferences, media, "") for media in _HTML_TYPES) >= named:
        return None
    return qualities.index(best)


def _quality(preferences: Iterable[Preference], media_type: str, profile: str) -> float:
    """Return the quality of an offer: that of the item that says most about it."""
    fitting = [p for p in preferences if p.profile in ("", profile) and p.matches(media_type)]
    return max(((p.matches(media_type), p.profile, p.quality) for p in fitting), default=(0, "", _UNNAMED))[2]


# The most specific class of the error's ancestry decides (errors.py shows the tree).
STATUS: dict[type[errors.SynhubError], int] = {
    errors.BadRequest: 400,
    errors.NotAuthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Moved: 404,
    errors.UnsupportedMediaType: 415,
    errors.NotAcceptable: 406,
    errors.TooLarge: 413,
    errors.OutOfRange: 416,
    errors.Unwritable: 422,
    errors.TooMany: 429,
    errors.NotOffered: 501,
    errors.DiskFull: 507,
    errors.StoreUnavailable: 503,
    errors.QueryTimeout: 504,
    errors.Stopping: 503,
    errors.Inconsistent: 500,
}


_AWAY_S = "5"  # how soon a triple store that does not answer is worth asking again


def status_of(error: errors.SynhubError) -> int:
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def error_result(error: errors.SynhubError, *, problem: bool) -> Result:
    """Map an error to its status and body: classic words as text, or problem+json on new routes."""
    status = status_of(error)
    message = error.message
    if status == 500:
        logger.error("inconsistent: %s", message, exc_info=error)
        message = "synhub found its own state inconsistent; the administrator finds the details in the log"
    headers: dict[str, str] = {}
    if isinstance(error, errors.TooMany):
        headers["Retry-After"] = str(error.retry_after_s)
    elif isinstance(error, errors.StoreUnavailable):
        headers["Retry-After"] = _AWAY_S
    if problem:
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": type(error).__name__,
            "status": status,
            "detail": message,
        }
        if isinstance(error, errors.FieldErrors):
            body["errors"] = error.messages
        if isinstance(error, errors.InvalidDesign):
            body["findings"] = error.findings
        if isinstance(error, errors.InvalidQuery) and error.column is not None:
            body["line"], body["column"] = error.line, error.column
        return Result(body, PROBLEM, status, headers, title=message.split("\n", 1)[0])
    if isinstance(error, errors.FieldErrors):  # the classic API: a JSON array labelled text/plain
        return Result(json.dumps(error.messages), TEXT, status, headers, title="Please correct the form")
    return Result(message, TEXT, status, headers, title=message.split("\n", 1)[0])


def to_response(request: Request, result: Result) -> Response:
    """Render a result for this request."""
    headers = dict(result.headers)
    if result.location is not None and (result.value is None or wants_html(request)):
        return RedirectResponse(result.location, result.status if result.value is None else 302, headers)
    if result.title and wants_html(request):
        return Response(render_page(request, result), result.status, headers, HTML)
    value = result.value
    if result.status == 304:
        return Response(None, 304, headers, result.media_type)
    if result.media_type.startswith(("application/json", PROBLEM)) and not isinstance(value, bytes | Iterator):
        value = write_json(value)
    if isinstance(value, str | bytes) or value is None:
        return Response(value, result.status, headers, result.media_type)
    assert isinstance(value, Iterable), type(value)
    return _StreamedResponse(value, result.status, headers, result.media_type)


class _StreamedResponse(StreamingResponse):
    """Pieces that threads wait for. When the client leaves, a source that can be abandoned is.

    Nothing else would end the wait for a piece that takes its time, nor the child that makes it.
    """

    def __init__(self, pieces: Iterable[bytes], status: int, headers: Mapping[str, str], media_type: str) -> None:
        self._abandon = getattr(pieces, "abandon", None)
        super().__init__(iterate_in_threadpool(pieces), status, headers, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces. What is cut has no end: the server closes the connection when this returns too early."""
        try:
            await super().__call__(scope, receive, send)
        except errors.SynhubError as error:
            logger.warning("%s: the answer was cut: %s", scope["state"]["request_id"], error.message)

    async def listen_for_disconnect(self, receive: Receive) -> None:
        await super().listen_for_disconnect(receive)
        if self._abandon is not None:
            self._abandon()
