"""Handlers of the advanced search: the form with its pick lists, and what becomes of its fields.

A search is a redirect to the search path that means the same, so that its results have an address.
"""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub.errors import BadRequest
from synhub.membership import named_collection
from synhub.search.facets import FacetCount, Facets, facets
from synhub.search.form import PREDICATES, parse_search_form, search_text_of
from synhub.search.grammar import encode_path
from synhub.web import membership
from synhub.web.auth import actor_of, hub_of, require_token_or_csrf, user_of
from synhub.web.forms import read_form
from synhub.web.pages import render_form
from synhub.web.respond import HTML, Result, redirect

_CHOICES = 500  # of a pick list, the most frequent first


async def form(request: Request) -> Result:
    """The form; a page whatever Accept says."""
    return await _page(request, {})


async def advanced_search(request: Request) -> Result:
    """Search (`adv=Search`), make a collection of what is found (`Create`), or show the form again (`Filter…`) with the
    pick lists of what is found."""
    given = await read_form(request, hub_of(request).settings.body_limit)
    wanted = given.get("adv", "Search")
    if wanted == "Create":
        require_token_or_csrf(request, given.get("csrf"))
        user_of(request)
        return await membership.create(request, given)
    if wanted.startswith("Filter"):
        return await _page(request, given.fields)
    if wanted != "Search":
        raise BadRequest(f"adv={wanted!r} is not known; send adv=Search, adv=Filter or adv=Create")
    hub = hub_of(request)
    dataset = hub.dataset(actor_of(request))
    path = await run_in_threadpool(search_text_of, given.fields, lambda name: named_collection(hub, dataset, name))
    return redirect(f"/search/{encode_path(path)}")


async def _page(request: Request, fields: Mapping[str, str]) -> Result:
    hub = hub_of(request)
    dataset = hub.dataset(actor_of(request))

    def count() -> Facets:
        query = parse_search_form(fields, lambda name: named_collection(hub, dataset, name))
        return facets(hub.catalog, hub.store, dataset, query, _CHOICES)

    found = await run_in_threadpool(count)
    html = render_form(
        "advanced_search",
        user=request.state.user,
        csrf=request.state.csrf,
        given=fields,
        found=found,
        choices={
            "objectType": _written(found.types),
            "role": _written(found.roles),
            "type": _written(found.sbol_types),
            # the field is a name: what has a language, or is an IRI, is asked for by `dc:creator`
            "creator": [(c.value, c) for c in found.creators if c.criterion.endswith("'")],
            "collections": [(c.value, c) for c in found.collections],
        },
        rows=range(1, PREDICATES + 1),
    )
    return Result(html, HTML)


def _written(counts: tuple[FacetCount, ...]) -> list[tuple[str, FacetCount]]:
    """Pair each value with the text that a field of the form takes for it."""
    return [(facet.criterion.partition("=")[2], facet) for facet in counts]
