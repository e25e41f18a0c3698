"""Handlers that take members out of collections, put them in, and make a collection of what a search finds."""

from functools import partial

from starlette.requests import Request

from synhub import membership
from synhub.errors import BadRequest
from synhub.identity import ObjectRef
from synhub.web.auth import actor_of, hub_of, require_token_or_csrf, user_of
from synhub.web.changing import carry_out, success
from synhub.web.forms import Form, read_form
from synhub.web.removal import read_change
from synhub.web.respond import Result


async def _read(request: Request) -> Form:
    form = await read_form(request, hub_of(request).settings.body_limit)
    require_token_or_csrf(request, form.get("csrf"))
    return form


async def remove_membership(request: Request, ref: ObjectRef) -> Result:
    """Take `member` out of the collection."""
    form = await read_change(request, ref)
    hub, actor = hub_of(request), actor_of(request)
    start = partial(membership.remove_member, hub, actor, ref, form.get("member"))
    return await carry_out(request, start, lambda job: success(request, job, job.options["object"]))


async def add_to_collection(request: Request, ref: ObjectRef) -> Result:
    """Make the object a member of the collection that `collections` names."""
    user_of(request)
    form = await _read(request)
    if len(form.lists.get("collections", ())) > 1:
        raise BadRequest("collections names several collections; add to one at a time")
    hub, actor = hub_of(request), actor_of(request)
    start = partial(membership.add_to_collection, hub, actor, ref, form.get("collections"))
    return await carry_out(request, start, lambda job: success(request, job, job.options["collection"]))


async def create_collection(request: Request) -> Result:
    """Make a collection of what the search fields find."""
    user_of(request)
    return await create(request, await _read(request))


async def create(request: Request, form: Form) -> Result:
    """Make a collection of what the search fields of a form find. Who sends it has been checked."""
    start = partial(membership.create_collection, hub_of(request), actor_of(request), form.fields)
    return await carry_out(request, start, partial(success, request))
