"""Handlers that read one object."""

from collections.abc import Awaitable, Callable, Iterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

import synhub
from synhub import objects
from synhub.errors import NotFound
from synhub.exports import Written, export
from synhub.formats.media_type import RDF_XML
from synhub.formats.representations import DEFAULT, REPRESENTATIONS, Representation
from synhub.identity import ObjectRef
from synhub.objects import Located
from synhub.web.auth import actor_of, hub_of
from synhub.web.object_page import object_page
from synhub.web.respond import Result, attachment, is_unchanged, json_result, negotiate, redirect, wants_html
from synhub.web.waiting import beside


async def _document(
    request: Request, ref: ObjectRef, representation: Representation, media_type: str | None = None
) -> Result:
    """Answer a document with a strong validator: representation, package version, state of what the reader sees.

    A document that was read while that state changed goes without one. `media_type` is the one of several that was
    asked for: then the validator has it as well.
    """
    hub, actor = hub_of(request), actor_of(request)
    name = representation.name if media_type is None else f"{representation.name}-{media_type}"

    def read() -> tuple[Located, Written | None, str | None]:
        # all in one go: the way to another thread takes as long as a small query
        state, located = objects.state_of(hub, actor), objects.locate(hub, actor, ref)
        etag = None if state is None else f'"{name}-{synhub.__version__}-{state}"'
        if etag is not None and is_unchanged(request, etag):
            return located, None, etag
        document = export(hub, actor, located, representation)
        is_one_state = document.is_current and objects.state_of(hub, actor) == state
        return located, document, etag if is_one_state else None

    located, document, etag = await beside(request, hub.lanes.download, read)
    media_type = media_type or representation.media_type
    headers = attachment(f"{located.display_id}.{representation.ending}") | ({"ETag": etag} if etag else {})
    if document is None:
        return Result(None, media_type, 304, headers)
    if request.method == "HEAD" and not isinstance(document.body, bytes):
        return Result(_unread(document.body), media_type, headers=headers)
    return Result(document.body, media_type, headers=headers)


def _unread(body: Iterator[bytes]) -> Iterator[bytes]:
    """Give up a large document of which only the headers were asked for."""
    close = getattr(body, "close", None)
    if close is not None:
        close()
    return iter(())


def document(verb: str) -> Callable[[Request, ObjectRef], Awaitable[Result]]:
    """Make the handler of a verb: the representation of that verb, or the one of several that Accept likes best."""
    choices = [r for r in REPRESENTATIONS if verb in r.verbs]
    offers = [(r.media_type.partition(";")[0], r.profile) for r in choices]

    async def handler(request: Request, ref: ObjectRef) -> Result:
        liked = negotiate(request, offers) if len(choices) > 1 else None
        return await _document(request, ref, choices[liked or 0])

    return handler


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


def _is_sent(media_type: str, representation: Representation) -> bool:
    """Say whether a document is sent as what was asked for; XML of any kind is sent as RDF/XML."""
    return representation.media_type != RDF_XML or media_type == RDF_XML


# What is sent as something else comes last: `text/*` is not content with RDF/XML for text/xml.
_OFFERS = sorted(
    ((media_type, r) for r in REPRESENTATIONS for media_type in r.negotiated), key=lambda offer: not _is_sent(*offer)
)


async def page(request: Request, ref: ObjectRef) -> Result:
    """The object itself: what Accept likes best, SBOL 2 for machines that do not care, a page for browsers; without a
    version a redirect to the latest.
    """
    liked = negotiate(request, [(media_type, r.profile) for media_type, r in _OFFERS])
    if liked is None and wants_html(request):
        return await object_page(request, ref)
    hub, actor = hub_of(request), actor_of(request)
    located = await run_in_threadpool(objects.locate, hub, actor, ref)
    if located.iri != ref.iri(hub.registry):
        return redirect(request.state.link(located.iri))
    if liked is None:
        return await _document(request, ref, DEFAULT)
    media_type, representation = _OFFERS[liked]
    is_one_of_several = len(representation.negotiated) > 1 and representation.media_type != RDF_XML
    return await _document(request, ref, representation, media_type if is_one_of_several else None)
