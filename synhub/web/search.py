"""Handlers of `/search`, `/searchCount` and `/remoteSearch`."""

from typing import Any
from urllib.parse import quote, unquote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub.errors import BadRequest
from synhub.model import Hit, Page
from synhub.search import service
from synhub.search.ast import SearchQuery
from synhub.search.grammar import DEFAULT_LIMIT, parse_number, parse_search_path, split_paging
from synhub.search.translate import count_query, rows_query
from synhub.web.auth import actor_of, hub_of
from synhub.web.pages import pager, render_form, turned
from synhub.web.respond import HTML, Result, json_result, text, wants_html


async def search(request: Request) -> Result:
    """One page of what a search path finds, in the classic rows; `?explain=sparql` returns the query instead."""
    return await _search(request, title="Search")


async def remote_search(request: Request) -> Result:
    """The same, never as a page (old clients send any Accept)."""
    return await _search(request, title="")


async def search_count(request: Request) -> Result:
    """The number of objects that a search path finds; paging is accepted and means nothing."""
    hub = hub_of(request)
    query, _ = _query(request)
    dataset = hub.dataset(actor_of(request))
    if _explains(request):
        explained = await run_in_threadpool(service.explained, hub.catalog, dataset, query)
        return text(count_query(explained).text)
    return text(str(await run_in_threadpool(service.count, hub.catalog, hub.store, dataset, query)))


async def _search(request: Request, title: str) -> Result:
    hub = hub_of(request)
    query, paging = _query(request)
    offset, limit = paged(request, paging)
    cut = min(limit, hub.settings.search_limit)
    dataset = hub.dataset(actor_of(request))
    if _explains(request):
        explained = await run_in_threadpool(service.explained, hub.catalog, dataset, query)
        return text(rows_query(explained, offset, cut).text)
    is_page = bool(title) and wants_html(request)
    if limit <= cut and not is_page:  # nothing in the answer says how much there is: it is not counted
        hits = await run_in_threadpool(service.rows, hub.catalog, hub.store, dataset, query, offset, limit)
        return json_result([search_row(hit) for hit in hits], title=title)
    page = await run_in_threadpool(service.search, hub.catalog, hub.store, dataset, query, offset, cut)
    if is_page:
        return _page(request, page)
    return json_result([search_row(hit) for hit in page.hits], title=title, headers=next_link(request, page, limit))


def _page(request: Request, page: Page) -> Result:
    """What a browser sees: the same rows, how many there are, the way to the others."""
    path = unquote(request.path_params["query"]).strip("/?")
    html = render_form(
        "search",
        user=request.state.user,
        link=request.state.link,
        searched=path or request.query_params.get("q", ""),
        total=page.total,
        offset=page.offset,
        rows=[search_row(hit) for hit in page.hits],
        sparql=turned(request, explain="sparql"),
        **pager(request, page),
    )
    return Result(html, HTML)


def _query(request: Request) -> tuple[SearchQuery, dict[str, str]]:
    """Read the query from the path, or from `?q=` where the path holds none; and paging that the path holds."""
    # bytes outside ASCII arrive raw from some clients: they are UTF-8, or refused by the grammar
    raw = request.path_params["query"].encode("latin-1").decode("utf-8", "surrogateescape")
    if raw in ("", "/") and "q" in request.query_params:
        raw = quote(request.query_params["q"], safe="", errors="surrogatepass")
    raw, paging = split_paging(raw)
    return parse_search_path(raw), paging


def _explains(request: Request) -> bool:
    wanted = request.query_params.get("explain")
    if wanted not in (None, "sparql"):
        raise BadRequest(f"explain={wanted!r} is not known; write explain=sparql")
    return wanted is not None


def paged(request: Request, inside: dict[str, str] | None = None) -> tuple[int, int]:
    """Return offset and limit of a request; `inside` are those that stood in the path. Raises BadRequest."""
    inside = inside or {}

    def values(name: str) -> list[str]:
        return request.query_params.getlist(name) or ([inside[name]] if name in inside else [])

    return parse_number("offset", values("offset"), 0), parse_number("limit", values("limit"), DEFAULT_LIMIT)


def next_link(request: Request, page: Page, limit: int) -> dict[str, str]:
    """Return the Link to the rows that a cut page left out of the `limit` that was asked for."""
    end = page.offset + page.limit
    if limit <= page.limit or end >= page.total:
        return {}
    path = quote(request.scope["raw_path"].decode("latin-1"), safe="/%:@!$&'()*+,;=-._~", encoding="latin-1")
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("offset", "limit")]
    query = urlencode([*kept, ("offset", end), ("limit", limit - page.limit)])
    return {"Link": f'<{path}?{query}>; rel="next"'}


def search_row(hit: Hit) -> dict[str, Any]:
    """Return the members of a classic result row, in the classic order.

    Source: SynBioHub `GET /search`; the name falls back to the displayId there.
    """
    return {
        "type": hit.type,
        "uri": hit.uri,
        "name": hit.name or hit.display_id,
        "description": hit.description,
        "displayId": hit.display_id,
        "version": hit.version,
        "sbolType": hit.sbol_type,
        "role": hit.role,
        "percentMatch": hit.percent_match,
        "strandAlignment": hit.strand_alignment,
        "CIGAR": hit.cigar,
    }
