"""Sorted pages are pieces of the sorted whole, whether an index is walked for them or all that is found is sorted."""

from dataclasses import replace

import pytest
from search_designs import READERS

from synhub.model import Dataset
from synhub.search import service
from synhub.search.ast import SearchQuery, Sort, SortKey
from synhub.search.grammar import parse_search_path
from synhub.store.catalog.catalog import Catalog
from synhub.store.embedded import EmbeddedStore

KEYS: tuple[SortKey, ...] = ("name", "displayId", "created", "modified", "uses")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("descending", [False, True])
def test_sorted_pages_are_pieces_of_the_whole(
    full_pair: tuple[EmbeddedStore, Catalog], key: SortKey, descending: bool
) -> None:
    store, catalog = full_pair
    for text in ("*", "g", "la", "gfp", "objectType=ComponentDefinition&"):
        query = SearchQuery() if text == "*" else parse_search_path(text)
        for reader in READERS[:2]:
            agree(store, catalog, reader, query, Sort(key, descending))


def agree(store: EmbeddedStore, catalog: Catalog, reader: Dataset, query: SearchQuery, sort: Sort) -> None:
    whole = [hit.uri for hit in service.search(catalog, store, reader, query, 0, 10_000, sort).hits]
    assert len(whole) == service.count(catalog, store, reader, query) > 30
    pages = [service.rows(catalog, store, reader, query, n, 7, sort) for n in range(0, len(whole), 7)]
    assert [hit.uri for page in pages for hit in page] == whole
    turned = service.rows(catalog, store, reader, query, 0, 10_000, replace(sort, descending=not sort.descending))
    assert [hit.uri for hit in turned] == whole[::-1]
