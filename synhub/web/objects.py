"""Handlers that read one object."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

import synhub
from synhub import objects
from synhub.errors import NotFound
from synhub.hub import Hub
from synhub.identity import ObjectRef
from synhub.model import Actor
from synhub.objects import Located, Written
from synhub.web.auth import actor_of, hub_of
from synhub.web.object_page import object_page
from synhub.web.respond import RDF_XML, Result, attachment, is_unchanged, json_result, redirect, wants_html
from synhub.web.waiting import beside


async def _document(
    request: Request, ref: ObjectRef, kind: str, write: Callable[[Hub, Actor, Located], Written]
) -> Result:
    """Answer a document with a strong validator: representation, package version, state of what the reader sees.

    A document that was read while that state changed goes without one.
    """
    hub, actor = hub_of(request), actor_of(request)

    def read() -> tuple[Located, Written | None, str | None]:
        # all in one go: the way to another thread takes as long as a small query
        state, located = objects.state_of(hub, actor), objects.locate(hub, actor, ref)
        etag = None if state is None else f'"{kind}-{synhub.__version__}-{state}"'
        if etag is not None and is_unchanged(request, etag):
            return located, None, etag
        document = write(hub, actor, located)
        is_one_state = document.is_current and objects.state_of(hub, actor) == state
        return located, document, etag if is_one_state else None

    located, document, etag = await beside(request, hub.lanes.download, read)
    headers = attachment(located.display_id + ".xml") | ({"ETag": etag} if etag else {})
    if document is None:
        return Result(None, RDF_XML, 304, headers)
    return Result(document.body, RDF_XML, headers=headers)


async def sbol(request: Request, ref: ObjectRef) -> Result:
    """SBOL2 RDF/XML of the object and all that travels with it."""
    return await _document(request, ref, "sbol", objects.document)


async def sbolnr(request: Request, ref: ObjectRef) -> Result:
    """SBOL2 RDF/XML of the object with its children, nothing else."""
    return await _document(request, ref, "sbolnr", objects.object_alone)


async def metadata(request: Request, ref: ObjectRef) -> Result:
    """The classic metadata rows; an empty list for what is not there or not to be seen."""
    hub, actor = hub_of(request), actor_of(request)
    display_id = ref.display_id
    record = objects.find_description(hub, actor, ref)  # here: the way to another thread takes twice as long
    if record is None:
        try:
            display_id, record = await run_in_threadpool(objects.describe, hub, actor, ref)
        except NotFound:
            return json_result([], title=ref.display_id)
    return json_result([record], title=ref.display_id, headers=attachment(display_id + ".json"))


async def page(request: Request, ref: ObjectRef) -> Result:
    """The object itself: SBOL for machines, a page for browsers; without a version a redirect to the latest."""
    hub, actor = hub_of(request), actor_of(request)
    located = await run_in_threadpool(objects.locate, hub, actor, ref)
    if located.iri != ref.iri(hub.registry):
        return redirect(request.state.link(located.iri))
    if not wants_html(request):
        return await sbol(request, ref)
    return await object_page(request, located)
