"""Handlers of share links and owners, and of what others share with the caller.

Source: SynBioHub `GET …/shareLink`, `POST …/addOwner`, `POST …/removeOwner/<name>`, `GET /shared`.
"""

from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub import sharing
from synhub.errors import BadRequest, Forbidden, NotFound
from synhub.identity import ObjectRef
from synhub.store.shares import ShareLink
from synhub.web.auth import SAFE_METHODS, actor_of, hub_of, require_token_or_csrf, user_of
from synhub.web.changing import carry_out, done, started, success
from synhub.web.forms import Form, read_form
from synhub.web.listings import manage_row
from synhub.web.pages import render_form
from synhub.web.respond import HTML, Result, json_result, text

NO_SPARQL = (
    "A share link opens the pages and downloads of what is shared, not SPARQL: ask /sparql about public designs, and"
    " /metadata, /members or /sbol under the link about the shared object"
)


async def _form(request: Request) -> Form:
    """Read the form of a change that its sender meant. Raises Forbidden, BadRequest, TooLarge."""
    form = await read_form(request, hub_of(request).settings.body_limit)
    require_token_or_csrf(request, form.get("csrf"))
    return form


# --- share links ------------------------------------------------------------------------------------------------------


async def share_link(request: Request, ref: ObjectRef) -> Result:
    """A link to the object, the same one as long as half of its life is left, so that asking again changes nothing.

    `days` is another life than the setting. Raises NotAuthenticated, NotFound, BadRequest; Forbidden for a GET of a
    browser session that would make one.
    """
    hub, actor = hub_of(request), actor_of(request)
    form = Form({}, {}) if request.method in SAFE_METHODS else await _form(request)
    days = _days(request.query_params.get("days") or form.get("days"))
    link = await run_in_threadpool(sharing.find_link, hub, actor, ref, days)
    if link is None:
        if request.method in SAFE_METHODS:
            require_token_or_csrf(request)
        await done(await started(request, partial(sharing.make_link, hub, actor, ref, days)))  # the link is the answer
        link = await run_in_threadpool(sharing.find_link, hub, actor, ref, days)
    if link is None:  # revoked in between
        raise NotFound(f"{ref.iri(hub.registry)} not found")
    back = None if request.method in SAFE_METHODS else request.state.link(link.top_level)
    return text(sharing.link_iri(link), title="Share link", location=back)


def _days(given: str) -> int | None:
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= sharing.LONGEST_DAYS and len(given) < 9):
        raise BadRequest(f"days={given!r} is no life of a link; write a number from 1 to {sharing.LONGEST_DAYS}")
    return int(given)


async def share_links(request: Request, ref: ObjectRef) -> Result:
    """The live links to the object, for its owners. Raises NotAuthenticated, NotFound."""
    found = await run_in_threadpool(sharing.links, hub_of(request), actor_of(request), ref)
    return json_result([link_row(link) | {"by": link.username} for link in found], title="Share links")


async def revoke_share_links(request: Request, ref: ObjectRef) -> Result:
    """Revoke the link `id`, or all of the object. Raises NotAuthenticated, NotFound, Forbidden."""
    link_id = await _link_id(request)
    count = await run_in_threadpool(sharing.revoke_links, hub_of(request), actor_of(request), ref, link_id)
    return json_result({"revoked": count}, title="Revoked", location=ref.path())


async def own_share_links(request: Request) -> Result:
    """The live links that the caller has made. Raises NotAuthenticated."""
    hub, user = hub_of(request), user_of(request)
    found = await run_in_threadpool(hub.shares.links_by, user.username)
    return json_result([own_link_row(link) for link in found], title="Share links")


async def revoke_own_share_links(request: Request) -> Result:
    """Revoke the caller's link `id`, or all of them. Raises NotAuthenticated, NotFound, Forbidden."""
    user = user_of(request)
    link_id = await _link_id(request)
    count = await run_in_threadpool(sharing.revoke_own_links, hub_of(request), user, link_id)
    return json_result({"revoked": count}, title="Revoked", location="/profile")


async def _link_id(request: Request) -> str | None:
    """The link that is meant, None for all of them: an empty `id` is none of both. Raises BadRequest, Forbidden."""
    form = await _form(request)
    for given in (request.path_params, request.query_params, form.fields):
        if "id" in given:
            if not given["id"]:
                raise BadRequest("id is empty; leave it out to revoke all links")
            return str(given["id"])
    return None


def link_row(link: ShareLink) -> dict[str, Any]:
    return {"id": link.id, "link": sharing.link_iri(link), "created": link.created, "expires": link.expires}


def own_link_row(link: ShareLink) -> dict[str, Any]:
    return link_row(link) | {"object": link.top_level, "moved": link.moved}


async def sparql(request: Request, _ref: ObjectRef) -> Result:
    """Refused, whatever the link: single objects are read by object routes only. Raises Forbidden.

    Raises NotFound without a link: there never was such a route.
    """
    raise Forbidden(NO_SPARQL) if request.state.share else NotFound(f"Cannot {request.method} {request.url.path}")


# --- owners -----------------------------------------------------------------------------------------------------------


async def add_owner_form(request: Request, ref: ObjectRef) -> Result:
    """The form, for owners; HTML whatever Accept says. Raises NotAuthenticated, BadRequest (the classic status)."""
    located = await run_in_threadpool(sharing.require_owner, hub_of(request), actor_of(request), ref)
    page = render_form(
        "add_owner",
        user=request.state.user,
        csrf=request.state.csrf,
        display_id=located.display_id,
        path=request.state.link(located.iri),
    )
    return Result(page, HTML, 200, {"Cache-Control": "no-store"})


async def add_owner(request: Request, ref: ObjectRef) -> Result:
    """Raises NotAuthenticated, BadRequest with the classic words, NotFound, Forbidden."""
    hub, form = hub_of(request), await _form(request)
    start = partial(sharing.add_owner, hub, actor_of(request), ref, form.get("user"))
    return await carry_out(request, start, lambda job: success(request, job, ref.iri(hub.registry)))


async def remove_owner(request: Request, ref: ObjectRef) -> Result:
    """Raises NotAuthenticated with the classic words, BadRequest, NotFound, Forbidden."""
    hub, form = hub_of(request), await _form(request)
    given = form.get("userUri") or request.path_params["username"]
    start = partial(sharing.remove_owner, hub, actor_of(request), ref, given)
    return await carry_out(request, start, lambda job: success(request, job, ref.iri(hub.registry)))


async def shared(request: Request) -> Result:
    """What others have made the caller a co-owner of. Raises NotAuthenticated."""
    hub, user = hub_of(request), user_of(request)
    hits = await run_in_threadpool(sharing.shared_with, hub, user)
    return json_result([manage_row(hit, hub.registry, public=False) for hit in hits], title="Shared with you")
