"""What is forgotten and what is kept."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from synhub.errors import NotFound
from synhub.model import ChangeSet
from synhub.rdf import Iri, iri_term
from synhub.store.blobs import Blobs, sha256_of
from synhub.store.catalog.catalog import Catalog
from synhub.store.database import Database
from synhub.store.files import Files
from synhub.store.housekeeping import tidy
from synhub.store.journal import Journal, Upload
from synhub.vocab import SBH

NOW = datetime(2026, 5, 1, tzinfo=UTC)
GRAPH, TOP = Iri("http://h/user/a"), Iri("http://h/user/a/lab/p/1")
ME = iri_term(TOP)


class Parts:
    def __init__(self, data: Path) -> None:
        self.database = Database(data / "synhub.sqlite", "synhub")
        self.journal = Journal(self.database, data / "jobs", clock=lambda: NOW)
        self.catalog = Catalog(data / "catalog.sqlite")
        self.blobs = Blobs(data / "blobs")
        self.files = Files(self.database)

    def submit(self, content: bytes) -> Upload:
        """A finished job that stored TOP out of one uploaded file."""
        job_id, folder = self.journal.new_folder()
        path = folder / "upload-0"
        path.write_bytes(content)
        upload = Upload("x.xml", len(content), sha256_of(path))
        self.blobs.adopt(path, upload.digest)
        self.journal.receive(job_id, "submit", "a", ["http://h/user/a/lab/"])
        steps = self.journal.write_steps(job_id, [ChangeSet(b"", b"", ((GRAPH, TOP),))])
        self.journal.planned(job_id, steps, {"minted": {}}, [upload])
        self.journal.begin_step(job_id, 0, [(GRAPH, TOP)])
        self.catalog.update({(GRAPH, TOP): [(ME, iri_term(SBH.topLevel), ME)]}, 1)
        self.journal.done(job_id)
        self.job_id = job_id
        return upload

    def tidy(self, after: timedelta) -> None:
        tidy(self.journal, self.catalog, self.blobs, self.files, NOW + after, report_days=90)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    opened = Parts(tmp_path)
    yield opened
    opened.catalog.close()
    opened.database.close()


def make_old(path: Path) -> None:
    os.utime(path, (0, 0))


def test_an_upload_is_kept_as_long_as_an_object_of_its_job_exists(parts: Parts) -> None:
    upload = parts.submit(b"design")
    make_old(parts.blobs.path(upload.digest))

    parts.tidy(timedelta(days=3650))

    assert parts.blobs.get(upload.digest).read_bytes() == b"design"


def test_an_upload_goes_with_the_last_object_of_its_job(parts: Parts) -> None:
    upload = parts.submit(b"design")
    make_old(parts.blobs.path(upload.digest))
    parts.catalog.update({(GRAPH, TOP): []}, 2)

    parts.tidy(timedelta(hours=1))
    assert parts.blobs.get(upload.digest)

    parts.tidy(timedelta(days=2))
    with pytest.raises(NotFound):
        parts.blobs.get(upload.digest)


def test_a_young_file_that_nobody_names_stays(parts: Parts, tmp_path: Path) -> None:
    path = tmp_path / "fresh"
    path.write_bytes(b"fresh")
    digest = sha256_of(path)
    parts.blobs.adopt(path, digest)

    parts.tidy(timedelta(0))
    assert parts.blobs.get(digest)

    make_old(parts.blobs.path(digest))
    parts.blobs.adopt(path, digest)
    parts.tidy(timedelta(0))
    assert parts.blobs.get(digest)


def test_reports_are_cleared_after_their_days(parts: Parts) -> None:
    parts.submit(b"design")

    parts.tidy(timedelta(days=89))
    assert parts.journal.get(parts.job_id).report == {"minted": {}}

    parts.tidy(timedelta(days=91))
    assert parts.journal.get(parts.job_id).report == {}


def test_orphan_that_a_job_takes_up_in_the_last_moment_stays(tmp_path: Path) -> None:
    blobs, upload = Blobs(tmp_path / "blobs"), tmp_path / "upload"
    upload.write_bytes(b"again")
    digest = sha256_of(upload)
    blobs.adopt(upload, digest)
    os.utime(blobs.path(digest), (0, 0))

    def is_named(asked: str) -> bool:
        blobs.adopt(upload, asked)  # the job's row is not written yet
        return False

    assert blobs.delete_orphans(is_named) == 0
    assert blobs.path(digest).read_bytes() == b"again"
