"""Handlers of `…/uses`, `…/twins`, their counts, and `/autocomplete/<text>`."""

from collections.abc import Callable, Coroutine
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub import relations
from synhub.errors import NotFound
from synhub.hub import Hub
from synhub.identity import ObjectRef
from synhub.model import Actor, Page
from synhub.relations import Related
from synhub.search.grammar import parse_number
from synhub.search.rows import search_row
from synhub.web.auth import actor_of, hub_of
from synhub.web.here import here_or_ask
from synhub.web.pages import pager, render_form
from synhub.web.respond import HTML, Result, json_result, text, wants_html
from synhub.web.search import next_link, paged

Relation = Callable[[Hub, Actor, ObjectRef], Related]
Handler = Callable[[Request, ObjectRef], Coroutine[Any, Any, Result]]

DEFAULT_SUGGESTIONS = 10


def rows(relation: Relation, title: str) -> Handler:
    """Make the handler of one page of a relation, in the rows of a search; none of what is not there or not to be
    seen."""

    async def answer(request: Request, ref: ObjectRef) -> Result:
        hub, actor = hub_of(request), actor_of(request)
        offset, limit = paged(request)
        cut = min(limit, hub.settings.search_limit)
        is_page = wants_html(request)

        def read() -> Page:
            try:
                related = relation(hub, actor, ref)
            except NotFound:
                return Page((), 0, offset, cut)
            hits = tuple(related.hits(offset, cut))
            is_counted = is_page or limit > cut  # else nothing in the answer says how much there is
            return Page(hits, related.count() if is_counted else len(hits), offset, cut)

        page = await run_in_threadpool(read)
        if is_page:
            return _page(request, ref, title, page)
        return json_result([search_row(hit) for hit in page.hits], headers=next_link(request, page, limit))

    return answer


def count(relation: Relation) -> Handler:
    """Make the handler of the number of objects in a relation; paging is accepted and means nothing."""

    async def answer(request: Request, ref: ObjectRef) -> Result:
        hub, actor = hub_of(request), actor_of(request)

        def read() -> int:
            try:
                return relation(hub, actor, ref).count()
            except NotFound:
                return 0

        return text(str(await run_in_threadpool(read)))

    return answer


uses = rows(relations.uses, "Uses")
uses_count = count(relations.uses)
twins = rows(relations.twins, "Twins")
twins_count = count(relations.twins)


async def autocomplete(request: Request) -> Result:
    """Names that begin with the words of a text: at most `limit` (10, up to 50) records of `name` and `uri`."""
    hub = hub_of(request)
    limit = parse_number("limit", request.query_params.getlist("limit"), DEFAULT_SUGGESTIONS)
    asked = request.path_params["text"]
    dataset = hub.dataset(actor_of(request))
    found = await here_or_ask(request, relations.complete, hub.catalog, dataset, asked, limit)
    return json_result([{"name": name, "uri": uri} for name, uri in found])


def _page(request: Request, ref: ObjectRef, title: str, page: Page) -> Result:
    html = render_form(
        "related",
        user=request.state.user,
        link=request.state.link,
        title=f"{title} of {ref.display_id}",
        back=request.state.link(ref.iri(hub_of(request).registry)),
        display_id=ref.display_id,
        total=page.total,
        offset=page.offset,
        rows=[search_row(hit) for hit in page.hits],
        **pager(request, page),
    )
    return Result(html, HTML)
