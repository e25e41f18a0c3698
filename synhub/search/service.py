"""Searches: from a query and a Dataset to the rows and their number. Knows no HTTP.

Only whole graphs are searched: what single top levels a Dataset opens is for object routes.
"""

from collections.abc import Sequence

from synhub.model import Dataset, Hit, Page
from synhub.search.ast import RELEVANCE, SearchQuery, Sort
from synhub.search.plan import plan, resolve, with_latest
from synhub.search.similarity import found_by, is_like, page_by_likeness, with_matches
from synhub.store.base import TripleStore
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.conditions import Condition
from synhub.store.catalog.orders import BY_LEAST_USE, RANK, Order, by_column, by_relevance
from synhub.store.catalog.search import View


def search(
    catalog: Catalog,
    store: TripleStore,
    dataset: Dataset,
    query: SearchQuery,
    offset: int,
    limit: int,
    sort: Sort = RELEVANCE,
) -> Page:
    """Return one page of what the query finds in the dataset, in total order, and how much it finds.

    A query about similar sequences has been `similarity.filled`. Relevance: how alike its sequences are; then displayId
    equal to a word, beginning with one, name holding one; then how many public objects refer to it; then IRI. Raises
    StoreUnavailable when the store is needed and does not answer.
    """
    view = View(catalog, dataset)
    conditions = resolve(plan(view, query), view, store, dataset)
    if sort == RELEVANCE and is_like(query):
        found, total = page_by_likeness(view, conditions, _order(query, sort), found_by(view, query), offset, limit)
        return Page(tuple(found), total, offset, limit)
    hits = _page(view, query, conditions, sort, offset, limit)
    is_last = len(hits) < limit and (hits or offset == 0)
    total = offset + len(hits) if is_last else view.count(conditions)
    return Page(tuple(hits), total, offset, limit)


def rows(
    catalog: Catalog,
    store: TripleStore,
    dataset: Dataset,
    query: SearchQuery,
    offset: int,
    limit: int,
    sort: Sort = RELEVANCE,
) -> list[Hit]:
    """Return the rows of such a page alone: to count what a frequent word finds takes as long as to find them."""
    view = View(catalog, dataset)
    conditions = resolve(plan(view, query), view, store, dataset)
    if sort == RELEVANCE and is_like(query):
        return page_by_likeness(view, conditions, _order(query, sort), found_by(view, query), offset, limit)[0]
    return _page(view, query, conditions, sort, offset, limit)


def _page(
    view: View, query: SearchQuery, conditions: Sequence[Condition], sort: Sort, offset: int, limit: int
) -> list[Hit]:
    hits = view.page(conditions, _order(query, sort), offset, limit) if limit else []
    return with_matches(view, hits, found_by(view, query))


def count(catalog: Catalog, store: TripleStore, dataset: Dataset, query: SearchQuery) -> int:
    """Return how many objects the query finds in the dataset."""
    view = View(catalog, dataset)
    return view.count(resolve(plan(view, query), view, store, dataset))


def explained(catalog: Catalog, dataset: Dataset, query: SearchQuery) -> SearchQuery:
    """Return the query as translate.py can say it: with what members without a version stand for in the dataset."""
    return with_latest(View(catalog, dataset), query)


def _order(query: SearchQuery, sort: Sort) -> Order:
    match sort.key:
        case "relevance":
            return by_relevance(query.words)
        case "name":
            return by_column("sort_name", "top_level_sort_name", descending=sort.descending)
        case "displayId":
            return by_column("sort_id", "top_level_sort_id", descending=sort.descending)
        case "uses":
            return RANK if sort.descending else BY_LEAST_USE
        case date:
            return by_column(date, f"top_level_{date}", descending=sort.descending)
