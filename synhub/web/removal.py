"""Handlers that remove objects and collections.

`/remove` and `/removeCollection` change something by GET, as they always have; with a session cookie only by POST.
"""

from collections.abc import Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub import removal
from synhub.hub import Hub
from synhub.identity import ObjectRef
from synhub.model import Actor
from synhub.store.work import JobFuture
from synhub.web.auth import actor_of, admin_of, hub_of, require_token_or_csrf, user_of
from synhub.web.changing import carry_out, success
from synhub.web.forms import Form, read_form
from synhub.web.respond import Result, text


async def read_change(request: Request, ref: ObjectRef) -> Form:
    """Read the form of a change that takes something away, which in the public graph is up to administrators.

    Raises NotAuthenticated, and Forbidden for what a browser did not mean.
    """
    if ref.owner is None:
        admin_of(request)
    user_of(request)
    form = Form.of([]) if request.method == "GET" else await read_form(request, hub_of(request).settings.body_limit)
    require_token_or_csrf(request, form.get("csrf"))
    return form


async def remove(request: Request, ref: ObjectRef) -> Result:
    """Remove one object; a second line of the answer says how many others still refer to it."""
    return await _remove(request, ref, removal.remove_object, "it")


async def remove_collection(request: Request, ref: ObjectRef) -> Result:
    """Remove a collection with the members that no other collection holds."""
    return await _remove(request, ref, removal.remove_collection, "what was removed")


async def _remove(
    request: Request, ref: ObjectRef, remover: Callable[[Hub, Actor, ObjectRef], JobFuture], what: str
) -> Result:
    await read_change(request, ref)
    start = partial(remover, hub_of(request), actor_of(request), ref)
    return await carry_out(
        request, start, lambda job: success(request, job, words=_words(job.report["referring"], what))
    )


def _words(referring: int, what: str) -> str:
    if not referring:
        return "Success"
    objects = "1 other object still refers" if referring == 1 else f"{referring} other objects still refer"
    return f"Success\n{objects} to {what}"


async def replace(request: Request, ref: ObjectRef) -> Result:
    """Answer owners that all is well, and change nothing: overwriting is part of submitting."""
    await run_in_threadpool(removal.check_replaceable, hub_of(request), actor_of(request), ref)
    return text("Success", title="Success", location="/manage")
