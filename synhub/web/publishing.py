"""Handlers that make objects public."""

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub import collections
from synhub.identity import ObjectRef
from synhub.publishing import locate_private, publish
from synhub.rdf import Iri
from synhub.web.auth import actor_of, hub_of, require_token_or_csrf, user_of
from synhub.web.changing import carry_out, success
from synhub.web.forms import read_form
from synhub.web.pages import render_form
from synhub.web.respond import HTML, Result


async def make_public_form(request: Request, ref: ObjectRef) -> Result:
    """The form for publishing an object; a page whatever Accept says."""
    hub, actor = hub_of(request), actor_of(request)
    user, located = await run_in_threadpool(locate_private, hub, actor, ref)
    managed = await run_in_threadpool(
        collections.managed_collections, hub.catalog, hub.registry, hub.dataset(actor), user
    )
    page = render_form(
        "make_public",
        user=user,
        csrf=request.state.csrf,
        located=located,
        action=request.scope["raw_path"].decode("latin-1"),
        collections=[hit for hit, is_public in managed if is_public],
    )
    return Result(page, HTML)


async def make_public(request: Request, ref: ObjectRef) -> Result:
    """Publish an object with what it refers to, and answer when its job is done."""
    hub = hub_of(request)
    user_of(request)
    form = await read_form(request, hub.settings.body_limit)
    require_token_or_csrf(request, form.get("csrf"))
    start = partial(publish, hub, actor_of(request), ref, form.fields)
    return await carry_out(request, start, lambda job: success(request, job, Iri(job.options["collection"])))
