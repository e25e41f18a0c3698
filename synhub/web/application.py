"""The ASGI application: match, identify, call, render. Every error becomes an answer, every answer gets its headers.

Knows no area: handlers are found in the route table.
"""

import logging
from collections.abc import Callable
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Scope

from synhub import errors
from synhub.hub import Hub
from synhub.identity import ObjectRef, Registry, path_of_iri, path_of_object
from synhub.model import ANONYMOUS
from synhub.ownership import actor_with_link
from synhub.web import routes
from synhub.web.access import AccessLog, shown_path
from synhub.web.auth import SAFE_METHODS, Addresses, client_address, identify, login_redirect
from synhub.web.budgets import Gate, client_of
from synhub.web.respond import Result, error_result, redirect, text, to_response, wants_html

logger = logging.getLogger("synhub.web")

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Content-Disposition, Link, Location, ETag, Retry-After, X-Request-Id, X-Search-Note, X-Query-Note"
    ),
}
_PREFLIGHT = _CORS | {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Max-Age": "86400",
}

# Pages run no scripts but those of /static, load nothing from elsewhere, and do not tell other sites the address of a
# share link.
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; script-src 'self';"
        " connect-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
}


async def _dispatch(request: Request) -> Response:
    """Match, identify, call, render; every error becomes an answer."""
    if request.method == "OPTIONS":
        asked = request.headers.get("access-control-request-headers", "X-authorization, Content-Type, Accept")
        return Response(status_code=204, headers=_PREFLIGHT | {"Access-Control-Allow-Headers": asked})
    hub: Hub = request.app.state.hub
    problem = False
    request.state.after = None
    request.state.user = None
    request.state.csrf = ""
    request.state.share = None
    request.state.link = lambda uri: path_of_object(uri, hub.registry)
    try:
        matched = routes.match(request.method, request.scope["raw_path"].decode("latin-1"))
        if matched is None:
            result = text(f"Cannot {request.method} {request.url.path}", 404, title="Not found")
        else:
            problem = matched.style == "new"
            await identify(request, hub)
            result = await _admit(request, matched)
    except errors.SynhubError as error:
        result = login_redirect(request, error) or error_result(error, problem=problem)
    except ClientDisconnect:
        result = text("the client went away", 499)
    except Exception:
        path = shown_path(request.scope["raw_path"])
        logger.exception("%s: %s %s failed", request.state.request_id, request.method, path)
        result = text("Internal Server Error; the administrator finds the details in the log", 500, title="Error")
    response = result.value if isinstance(result.value, Response) else to_response(request, result)
    response.headers.update(_CORS)
    if hasattr(request.state, "job_id"):  # a change, which has a report whatever became of it
        response.headers["Link"] = f'</jobs/{request.state.job_id}>; rel="describedby"'
    response.headers.setdefault("Vary", "Accept, X-authorization, Cookie")
    response.headers.setdefault("Cache-Control", _cache_rule(request))
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if response.headers.get("content-type", "").startswith("text/html"):
        for name, value in _PAGE_HEADERS.items():
            response.headers.setdefault(name, value)
    response.background = request.state.after
    return response


def _cache_rule(request: Request) -> str:
    """What caches may do: ask again each time, keep what belongs to a user apart, forget what holds secrets."""
    actor = getattr(request.state, "actor", ANONYMOUS)
    if request.method not in ("GET", "HEAD") or actor.by_cookie:
        return "no-store"
    return "no-cache" if actor.user is None else "private, no-cache"


async def _admit(request: Request, matched: routes.Matched) -> Result:
    """Call the handler within the budget of whoever asks; of anonymous callers, in turn."""
    gate: Gate = request.app.state.gate
    actor, address = request.state.actor, client_address(request)
    gate.admit(actor, address, costly=matched.cost != "cheap")
    if actor.user is not None or not _takes_turn(request, matched):
        return await _call(request, matched)
    async with gate.turns.turn(client_of(address)):
        return await _call(request, matched)


def _takes_turn(request: Request, matched: routes.Matched) -> bool:
    """Say whether the work is done here, at our own pace: not by a child, nor while a body is still coming in."""
    is_document = matched.ref is not None and not matched.verb and not wants_html(request)
    path = request.scope["raw_path"].lower()
    is_elsewhere = matched.cost == "search" and (b"sequence" in path or b"file_search" in path)
    return matched.cost != "bulk" and not is_document and not is_elsewhere and request.method in SAFE_METHODS


async def _call(request: Request, matched: routes.Matched) -> Result:
    if matched.handler is None:
        return Result("Method not allowed", status=405, headers={"Allow": ", ".join(matched.methods)})
    hub: Hub = request.app.state.hub
    if matched.share is not None and matched.ref is not None:
        actor = request.state.actor
        request.state.actor = await run_in_threadpool(actor_with_link, hub, actor, matched.share, matched.ref)
        request.state.share = matched.share
        request.state.link = _link_under_share(hub.registry, matched.share, matched.ref)
    request.scope["path_params"] = matched.parameters
    try:
        with request.app.state.gate.work.one():
            return await matched.call(request)
    except errors.Moved as moved:
        if not matched.only_reads:  # what is removed by an old address must not be the public object
            raise
        path = path_of_iri(moved.iri, hub.registry) or ""
        query = f"?{request.url.query}" if request.url.query else ""
        return redirect("/".join(filter(None, (path, matched.verb))) + query, 301)


def _link_under_share(registry: Registry, secret: str, ref: ObjectRef) -> Callable[[str], str | None]:
    """Return what leads from a page under a share link to objects: those beside the shared one stay under the link."""
    namespace = ref.namespace(registry).iri

    def link(uri: str) -> str | None:
        path = path_of_object(uri, registry)
        return f"{path}/{quote(secret, safe='')}/share" if path is not None and uri.startswith(namespace) else path

    return link


class _EveryPath(Route):
    """Every path there is: Starlette's own pattern for that stops at a line break (`%0A`), its 404 has no words."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http":
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self.endpoint, "path_params": {}}


def create_app(hub: Hub) -> ASGIApp:
    """Make the ASGI application around an open Hub. Raises BadRequest for a setting that only HTTP reads."""
    Addresses.parse("trusted_proxies", hub.settings.trusted_proxies)
    route = _EveryPath("/", _dispatch)
    route.methods = None  # any: a 405 of ours names the methods of its path, for pages of other sites, too
    app = Starlette(routes=[route])
    app.state.hub = hub
    app.state.gate = Gate.of(hub.settings)
    return AccessLog(app, lines=hub.settings.access_log)
