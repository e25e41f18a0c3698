"""Handlers of `/search`, `/searchCount`, `/remoteSearch` and `/facets`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, ParamSpec, Protocol, TypeVar
from urllib.parse import quote, unquote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub import sequences
from synhub.errors import BadRequest
from synhub.model import Dataset, Page
from synhub.search import service
from synhub.search.ast import RELEVANCE, SearchQuery, Sort
from synhub.search.criteria import parse_criteria
from synhub.search.facets import FacetCount, Facets
from synhub.search.facets import facets as count_facets
from synhub.search.grammar import (
    DEFAULT_LIMIT,
    decode_path,
    encode_path,
    parse_number,
    parse_search_path,
    parse_sort,
    split_paging,
)
from synhub.search.plan import needs_store
from synhub.search.rows import rows_json, search_row
from synhub.search.similarity import is_like, notes
from synhub.search.translate import count_query, rows_query
from synhub.search.words import describe
from synhub.web.asking import ask
from synhub.web.auth import actor_of, hub_of
from synhub.web.here import here_or_ask
from synhub.web.pages import pager, render_form, turned
from synhub.web.respond import HTML, JSON, Result, json_result, text, wants_html
from synhub.web.waiting import beside

P = ParamSpec("P")
T = TypeVar("T")

NOTE = "X-Search-Note"
MOST_FACETS = 1_000  # values of each kind that `/facets` returns
_FACETS = 20
_FACETS_OF_PAGE = 8
_SHORT = 500  # characters of a path
_known_query = lru_cache(maxsize=256)(parse_search_path)  # pages and the number of one search are asked for in turn


async def search(request: Request) -> Result:
    """One page of what a search path finds, in the classic rows; `?explain=sparql` returns the query instead.

    `?sort=` is one of SORT_KEYS, `?latest=1` shows only the latest version of each object.
    """
    return await _search(request, title="Search")


async def remote_search(request: Request) -> Result:
    """The same, never as a page (old clients send any Accept)."""
    return await _search(request, title="")


async def search_count(request: Request) -> Result:
    """The number of objects that a search path finds; paging is accepted and means nothing."""
    hub = hub_of(request)
    query, _ = _query(request)
    dataset = hub.dataset(actor_of(request))
    query = await _with_found(request, dataset, query)
    if _explains(request):
        explained = await run_in_threadpool(service.explained, hub.catalog, dataset, query)
        return text(count_query(explained).text)
    found = await _answer(here_or_ask, request, query, service.count, hub.catalog, hub.store, dataset, query)
    return replace(text(str(found)), headers=note_header(notes(query)))


async def facets(request: Request) -> Result:
    """How many of what a search path finds have each type, role, collection and creator, the most frequent first."""
    hub = hub_of(request)
    query, _ = _query(request)
    limit = parse_number("limit", request.query_params.getlist("limit"), _FACETS)
    if limit > MOST_FACETS:
        raise BadRequest(f"limit={limit} is too much; at most {MOST_FACETS} values of each kind are counted")
    dataset = hub.dataset(actor_of(request))
    query = await _with_found(request, dataset, query)
    found = await _answer(ask, request, query, count_facets, hub.catalog, hub.store, dataset, query, limit)
    return json_result(facets_json(found), title="Facets")


async def _search(request: Request, title: str) -> Result:
    hub = hub_of(request)
    query, paging = _query(request)
    sort = _sort(request)
    offset, limit = paged(request, paging)
    cut = min(limit, hub.settings.search_limit)
    dataset = hub.dataset(actor_of(request))
    query = await _with_found(request, dataset, query)
    if _explains(request):
        explained = await run_in_threadpool(service.explained, hub.catalog, dataset, query)
        return text(rows_query(explained, offset, cut, sort).text)
    is_page = bool(title) and wants_html(request)
    if limit <= cut and not is_page:  # nothing in the answer says how much there is: it is not counted
        rows = await _answer(
            here_or_ask, request, query, rows_json, hub.catalog, hub.store, dataset, query, offset, limit, sort
        )
        return Result(rows, JSON, headers=note_header(notes(query)))
    page = await _answer(
        here_or_ask, request, query, service.search, hub.catalog, hub.store, dataset, query, offset, cut, sort
    )
    if is_page:
        found = await _answer(
            ask, request, query, count_facets, hub.catalog, hub.store, dataset, query, _FACETS_OF_PAGE
        )
        return _page(request, query, page, found)
    headers = next_link(request, page, limit) | note_header(notes(query))
    return json_result([search_row(hit) for hit in page.hits], title=title, headers=headers)


class _Way(Protocol):
    """Where a question to the catalog is answered: `ask`, or `here_or_ask` for what mostly takes no time."""

    async def __call__(self, request: Request, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T: ...


async def _answer(
    way: _Way, request: Request, query: SearchQuery, call: Callable[P, T], *arguments: P.args, **named: P.kwargs
) -> T:
    """Call a function that answers a query; in a thread here where the catalog does not know all of it."""
    if needs_store(query):
        return await run_in_threadpool(call, *arguments, **named)
    return await way(request, call, *arguments, **named)


async def _with_found(request: Request, dataset: Dataset, query: SearchQuery) -> SearchQuery:
    """Return a query with the sequences that it is about; most are about none."""
    if not is_like(query):
        return query
    hub = hub_of(request)
    return await beside(request, hub.lanes.sequence, sequences.with_found, hub, actor_of(request), dataset, query)


def note_header(cuts: Sequence[str]) -> dict[str, str]:
    """Say in a header why there may be more than was found."""
    text = "; ".join(cuts)
    return {NOTE: "".join(c if " " <= c <= "~" else "_" for c in text)} if text else {}


def _page(request: Request, query: SearchQuery, page: Page, found: Facets) -> Result:
    """What a browser sees: the same rows, how many there are, the way to the others, and to fewer."""
    searched = decode_path(_path(request)[0].removesuffix("/"))
    html = render_form(
        "search",
        user=request.state.user,
        link=request.state.link,
        searched=searched,
        total=page.total,
        offset=page.offset,
        rows=[search_row(hit) for hit in page.hits],
        sparql=turned(request, explain="sparql"),
        said=describe(query),
        turned=partial(turned, request),
        sort=request.query_params.get("sort", "relevance"),
        latest="latest" in request.query_params,
        facets=found,
        narrowed=_narrowing(request, searched),
        notes=notes(query),
        **pager(request, page),
    )
    return Result(html, HTML)


def _path(request: Request) -> tuple[str, dict[str, str]]:
    """Return the search path, encoded, or that of `?q=` where the path holds none; and paging that the path holds."""
    # bytes outside ASCII arrive raw from some clients: they are UTF-8, or refused by the grammar
    raw = request.path_params["query"].encode("latin-1").decode("utf-8", "surrogateescape")
    if raw in ("", "/") and "q" in request.query_params:
        raw = encode_path(request.query_params["q"])
    return split_paging(raw)


def _query(request: Request) -> tuple[SearchQuery, dict[str, str]]:
    """Read the query from the path and from `?latest=`; and paging that the path holds."""
    raw, paging = _path(request)
    request.state.searched = unquote(raw, errors="replace").removesuffix("/")  # for the page that tells a mistake
    query = _known_query(raw) if len(raw) <= _SHORT else parse_search_path(raw)
    if "latest" in request.query_params:
        query = replace(query, criteria=(*query.criteria, *parse_criteria("latest", request.query_params["latest"])))
    return query, paging


def _sort(request: Request) -> Sort:
    wanted = request.query_params.getlist("sort")
    if len(wanted) > 1:
        raise BadRequest(f"sort is given {len(wanted)} times; give it once")
    return parse_sort(wanted[0]) if wanted else RELEVANCE


def _narrowing(request: Request, path: str) -> Callable[[FacetCount], str]:
    """Return the function that gives the address of the same search with one more criterion, from its first row on."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name in ("sort", "latest")]
    parameters = "?" + urlencode(kept) if kept else ""
    rest = "" if path.strip() == "*" else path
    return lambda facet: f"/search/{encode_path(f'{facet.criterion}&{rest}')}{parameters}"


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


def facets_json(found: Facets) -> dict[str, Any]:
    """Return the body of `/facets`."""

    def rows(of: tuple[FacetCount, ...]) -> list[dict[str, Any]]:
        return [{"value": f.value, "label": f.label, "count": f.count, "criterion": f.criterion} for f in of]

    return {
        "total": found.total,
        "types": rows(found.types),
        "sbolTypes": rows(found.sbol_types),
        "roles": rows(found.roles),
        "collections": rows(found.collections),
        "creators": rows(found.creators),
    }
