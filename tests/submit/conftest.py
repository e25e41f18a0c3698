"""The instance below HTTP that the tests of submitting share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from submit_lab import PREFIX, Lab

from synhub.identity import Registry
from synhub.settings import load_settings
from synhub.store.blobs import Blobs
from synhub.store.catalog.catalog import Catalog
from synhub.store.database import Database
from synhub.store.embedded import EmbeddedStore
from synhub.store.journal import Journal
from synhub.store.lanes import Lanes
from synhub.store.quotas import Quotas
from synhub.store.removals import Removals
from synhub.store.writer import Writer
from synhub.submit.service import Submissions


@pytest.fixture(scope="module")
def lanes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lanes]:
    """Child processes that know no instance."""
    opened = Lanes(load_settings({}, data=tmp_path_factory.mktemp("lanes")))
    yield opened
    opened.close()


@pytest.fixture
def lab(tmp_path: Path, lanes: Lanes) -> Iterator[Lab]:
    settings = load_settings({}, data=tmp_path)
    database = Database(tmp_path / "synhub.sqlite", "synhub")
    store = EmbeddedStore(tmp_path / "store")
    journal = Journal(database, tmp_path / "jobs")
    catalog = Catalog(tmp_path / "catalog.sqlite")
    removals = Removals(journal)
    writer = Writer(
        store, journal, catalog, removals, Blobs(tmp_path / "blobs"),
        flush_interval_s=60, step_quads=50_000, disk_reserve_bytes=0,
    )  # fmt: skip
    quotas = Quotas(database, most_bytes=0, most_jobs=0)
    submissions = Submissions(
        settings, Registry(PREFIX), store, catalog, journal, removals, writer, lanes.prepare, quotas
    )
    writer.start()
    yield Lab(submissions, store, journal, catalog, writer, lanes.prepare)
    submissions.close()
    writer.stop()
    store.close()
    catalog.close()
    database.close()
