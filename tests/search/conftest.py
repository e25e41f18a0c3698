"""A store and a catalog of the same data, empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from synhub.store.catalog.catalog import Catalog
from synhub.store.embedded import EmbeddedStore


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[EmbeddedStore, Catalog]]:
    store, catalog = EmbeddedStore(tmp_path / "store"), Catalog(tmp_path / "catalog.sqlite")
    yield store, catalog
    catalog.close()
    store.close()
