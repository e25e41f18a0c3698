"""Handlers of listings: root collections, what a user manages, sub-collections, members, counts by class."""

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub import collections, objects
from synhub.errors import BadRequest, NotAuthenticated, NotFound
from synhub.identity import ObjectRef, Registry, path_of_iri
from synhub.model import Hit, Page
from synhub.rdf import Iri
from synhub.search.grammar import parse_class, parse_words
from synhub.web.auth import actor_of, hub_of
from synhub.web.here import here, here_or_ask
from synhub.web.respond import Result, json_result, text
from synhub.web.search import next_link, paged

T = TypeVar("T")


async def root_collections(request: Request) -> Result:
    """Public root collections, then the caller's own."""
    hub = hub_of(request)
    dataset = hub.dataset(actor_of(request))
    hits = await here_or_ask(request, collections.root_collections, hub.catalog, dataset)
    return json_result([collection_row(hit) for hit in hits], title="Root collections")


async def manage(request: Request) -> Result:
    """The caller's root collections, private ones first. Raises NotAuthenticated."""
    hub, actor = hub_of(request), actor_of(request)
    if actor.user is None:
        raise NotAuthenticated
    found = await here(
        request, collections.managed_collections, hub.catalog, hub.registry, hub.dataset(actor), actor.user
    )
    rows = [manage_row(hit, hub.registry, public=public) for hit, public in found]
    return json_result(rows, title="Submissions")


async def type_count(request: Request) -> Result:
    """How many public objects have an SBOL class; the same for every caller."""
    hub = hub_of(request)
    name = request.path_params["type"]
    return text(str(await here(request, collections.count_of_class, hub.catalog, hub.registry, name)))


async def sub_collections(request: Request, ref: ObjectRef) -> Result:
    """The collections one level below; an empty list for what is not there or not to be seen."""
    hub, actor = hub_of(request), actor_of(request)

    def read(iri: Iri) -> list[Hit]:
        return collections.sub_collections(hub.catalog, hub.registry, hub.dataset(actor), iri)

    try:
        hits = await _read(request, ref, read)
    except NotFound:
        return json_result([], title=ref.display_id)
    return json_result([collection_row(hit) for hit in hits], title=ref.display_id)


async def members(request: Request, ref: ObjectRef) -> Result:
    """One page of the members: `total`, `offset`, `limit`, `members`. Raises NotFound."""
    hub, actor = hub_of(request), actor_of(request)
    parameters = request.query_params
    known = {"offset", "limit", "sort", "q", "type"}
    if not known.issuperset(parameters):
        unknown = ", ".join(sorted(set(parameters) - known))
        raise BadRequest(f"unknown parameter {unknown}; members takes {', '.join(sorted(known))}")
    offset, limit = paged(request)
    words = parse_words(parameters.get("q", ""))
    cls = parse_class(parameters["type"]) if parameters.get("type") else None

    def read(iri: Iri) -> Page:
        return collections.members(
            hub.catalog, hub.registry, hub.dataset(actor), iri, offset=offset,
            limit=min(limit, hub.settings.search_limit), sort=parameters.get("sort", "name"), text=words, cls=cls,
        )  # fmt: skip

    page = await _read(request, ref, read)
    body = {
        "total": page.total,
        "offset": page.offset,
        "limit": page.limit,
        "members": [member_row(hit) for hit in page.hits],
    }
    return json_result(body, title=ref.display_id, headers=next_link(request, page, limit))


async def _read(request: Request, ref: ObjectRef, read: Callable[[Iri], T]) -> T:
    """Read something of a top level: here when the catalog knows it, else where the store may be asked for it."""
    hub, actor = hub_of(request), actor_of(request)
    iri = objects.known_top_level(hub, actor, ref)
    if iri is not None:
        return await here(request, read, iri)
    return await run_in_threadpool(lambda: read(objects.locate(hub, actor, ref).iri))


def collection_row(hit: Hit) -> dict[str, Any]:
    """Source: SynBioHub `GET /rootCollections`."""
    return {
        "uri": hit.uri,
        "name": hit.name,
        "description": hit.description,
        "displayId": hit.display_id,
        "version": hit.version,
    }


def member_row(hit: Hit) -> dict[str, Any]:
    return {"type": hit.type, **collection_row(hit), "sbolType": hit.sbol_type, "role": hit.role}


def manage_row(hit: Hit, registry: Registry, *, public: bool) -> dict[str, Any]:
    """Source: SynBioHub `GET /manage`."""
    return {
        "displayId": hit.display_id,
        "version": hit.version,
        "name": hit.name or hit.display_id,
        "description": hit.description,
        "type": hit.type,
        "sbolType": hit.sbol_type,
        "role": hit.role,
        "uri": hit.uri,
        "typeName": hit.type.rpartition("#")[2].rpartition("/")[2],
        "url": path_of_iri(hit.uri, registry),
        "triplestore": "public" if public else "private",
        "prefix": "",
    }
