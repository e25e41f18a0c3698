"""A store and a catalog of the same data: empty ones, and some with 150 entries in every graph."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from search_designs import GRAPHS, fill, random_entry

from synhub.store.catalog.catalog import Catalog
from synhub.store.embedded import EmbeddedStore


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[EmbeddedStore, Catalog]]:
    store, catalog = EmbeddedStore(tmp_path / "store"), Catalog(tmp_path / "catalog.sqlite")
    yield store, catalog
    catalog.close()
    store.close()


@pytest.fixture(scope="module")
def full_pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedStore, Catalog]]:
    """To be read only."""
    folder = tmp_path_factory.mktemp("full")
    store, catalog = EmbeddedStore(folder / "store"), Catalog(folder / "catalog.sqlite")
    rnd = random.Random("full")
    fill(store, catalog, dict(random_entry(graph, n, rnd) for graph in GRAPHS for n in range(150)), 1)
    yield store, catalog
    catalog.close()
    store.close()
