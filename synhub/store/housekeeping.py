"""What is kept for a while and then forgotten: reports, uploads whose objects are gone, files that nobody names."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from synhub.store.blobs import Blobs
from synhub.store.catalog.catalog import Catalog
from synhub.store.database import instant
from synhub.store.files import Files
from synhub.store.journal import Journal

logger = logging.getLogger("synhub.housekeeping")

INTERVAL_S = 3600.0
UPLOAD_GRACE = timedelta(days=1)


def tidy(journal: Journal, catalog: Catalog, blobs: Blobs, files: Files, now: datetime, report_days: int) -> None:
    """Clear old reports, forget uploads that nothing came of any more, delete files that nobody names.

    An upload is kept as long as an object exists that its job touched; an attached file as long as its attachment.
    """
    journal.forget_reports(instant(now - timedelta(days=report_days)))
    for job_id in journal.jobs_with_uploads(instant(now - UPLOAD_GRACE)):
        if not any(catalog.holds(graph, top) for graph, top in journal.top_levels_of(job_id)):
            journal.forget_uploads(job_id)
    deleted = blobs.delete_orphans(lambda digest: journal.names_blob(digest) or files.names_blob(digest))
    if deleted:
        logger.info("deleted %d files that nobody named", deleted)


class Housekeeper:
    """Runs `tidy` at the start and then every hour, in a thread of its own."""

    def __init__(
        self,
        journal: Journal,
        catalog: Catalog,
        blobs: Blobs,
        files: Files,
        report_days: int,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._journal, self._catalog, self._blobs, self._files = journal, catalog, blobs, files
        self._report_days = report_days
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="synhub-housekeeping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                tidy(self._journal, self._catalog, self._blobs, self._files, self._clock(), self._report_days)
            except Exception:  # e.g. a full disk: the next hour tries again
                logger.exception("housekeeping failed; it is tried again in %g s", INTERVAL_S)
            self._stop.wait(INTERVAL_S)
