"""Submissions: a job from the complete upload to the answer.

A job belongs to the journal, not to the connection: it runs to its end whoever listens. Preparing runs in a child,
planning ahead in a thread of the submissions; the writer has the last word.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from synhub.errors import BadRequest, Conflict, InvalidDesign, Stopping, SynhubError, TooLarge
from synhub.identity import Registry
from synhub.model import Dataset, User
from synhub.rdf import Iri
from synhub.settings import Settings
from synhub.store.base import TripleStore
from synhub.store.catalog.catalog import Catalog
from synhub.store.children import ChildDied, Lane
from synhub.store.edits import pass_on
from synhub.store.journal import Job, Journal, Upload
from synhub.store.quotas import Quotas
from synhub.store.removals import Removals
from synhub.store.room import Room
from synhub.store.top_levels import versions_of
from synhub.store.work import JobFuture
from synhub.store.writer import NOT_PLANNED, Writer
from synhub.submit.dry_run import dry_run, unwritten_job
from synhub.submit.intake import IN_USE, check_form, fingerprint
from synhub.submit.plan import OverwriteMerge, SubmitRequest
from synhub.submit.planner import PREPARED, Planner, check_mode, read_stored

logger = logging.getLogger("synhub.submit")

_SMALL_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file part on disk: synced, hashed, with the name that the client gave it.

    `sha1` is what sbol:hash of an attached file says; '' where nobody asks for it. `field` is the form field that it
    came in.
    """

    path: Path
    name: str
    size: int
    sha256: str
    sha1: str = ""
    field: str = ""


class Submissions:
    """Accepts uploads and runs their jobs. Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        store: TripleStore,
        catalog: Catalog,
        journal: Journal,
        removals: Removals,
        writer: Writer,
        prepare: Lane,
        quotas: Quotas,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._store = store
        self._catalog = catalog
        self._journal = journal
        self._removals = removals
        self._writer = writer
        self._prepare = prepare
        self._quotas = quotas
        self._room = Room(journal.folder, settings.disk_reserve)
        self._executor = ThreadPoolExecutor(max_workers=prepare.workers, thread_name_prefix="synhub-prepare")
        self._lock = threading.Lock()
        self._running: dict[str, JobFuture] = {}
        self._answering: set[str] = set()

    def submit(
        self,
        user: User,
        fields: dict[str, str],
        files: Sequence[UploadedFile],
        job_id: str,
        *,
        public: bool = False,
    ) -> JobFuture:
        """Start a job for a complete upload in the job's folder.

        The upload becomes part of a running job when it repeats it, and of one whose answer was never sent. Raises
        FieldErrors, Conflict (nothing was started, the folder is deleted), TooLarge, TooMany (the user's quotas).
        """
        try:
            request = check_form(fields, self._registry, user.username, self._latest)
            if public:
                request = _made_public(request, self._registry)
            key = fingerprint(user.username, fields, [f.sha256 for f in files])
            joined = self._find_repeat(key)
            if joined is None:
                self._check_exists(request)
        except Exception:
            self._journal.delete_folder(job_id)
            raise
        with self._lock:
            joined = joined or self._running.get(key)
            if joined is not None:
                self._journal.delete_folder(job_id)
                return joined
            namespaces = {request.namespace.iri} | {_namespace(self._registry, c) for c in request.add_to}
            result = JobFuture(job_id)
            try:
                self._quotas.admit(user.username, _uploads(files), result)
                job = self._journal.receive(job_id, "submit", user.username, namespaces, key, _options(request))
            except SynhubError:
                self._journal.delete_folder(job_id)
                result.cancel()  # not under way any more
                raise
            self._running[key] = result
        result.add_done_callback(lambda _: self._forget(key))
        try:
            task = self._executor.submit(self._run, job, user, request, files, result)
        except RuntimeError:  # the executor has been shut down
            self._stop(job, result)
        else:
            task.add_done_callback(lambda done: self._stop(job, result) if done.cancelled() else None)
        return result

    def dry_run(self, user: User, fields: dict[str, str], files: Sequence[UploadedFile], job_id: str) -> dict[str, Any]:
        """Say what `submit` would do with a complete upload in the job's folder, which is deleted. Writes nothing.

        What is wrong with the upload, and what a mode refuses, is part of the answer (submit/dry_run.py). Raises
        FieldErrors, TooMany, and TooLarge for what cannot be read within the limits.
        """
        admitted: Future[None] = Future()
        folder, job = self._journal.job_folder(job_id), unwritten_job(job_id, user.username, self._journal.now())

        def check(sent: Mapping[str, str]) -> SubmitRequest:
            return check_form(sent, self._registry, user.username, self._latest)

        def prepare(request: SubmitRequest, output: Path) -> str:
            came = self._prepare_upload(request, files, output)
            return _refusal(partial(self._quotas.extend, user.username, came, admitted))

        def plan(request: SubmitRequest, prepared: Path) -> Planner:
            return self._planner(job, user, request, prepared, files)

        try:
            full = _refusal(partial(self._quotas.admit, user.username, _uploads(files), admitted))
            if full:
                self._quotas.admit(user.username, (), admitted)
            return dry_run(fields, check, prepare, plan, folder, full)
        finally:
            admitted.cancel()  # not under way any more
            self._journal.delete_folder(job_id)

    def _stop(self, job: Job, result: "Future[Job]") -> None:
        error = Stopping(NOT_PLANNED)
        self._journal.fail_unplanned(job.id, error)
        result.set_exception(error)

    def close(self) -> None:
        """Take no more; what waits fails, what is being prepared is left to the writer. Repeats do no harm."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _forget(self, key: str) -> None:
        with self._lock:
            self._running.pop(key, None)

    def answering(self, job_id: str) -> None:
        """Note that a job's answer is about to be sent: who has it may repeat the upload at once, as a new one.

        Only in memory: when the server dies before the answer has left, or soon after, a repeat still gets it.
        """
        with self._lock:
            self._answering.add(job_id)

    def answered(self, job_id: str) -> None:
        """Note that a job's answer has been sent."""
        self._journal.answered(job_id)
        with self._lock:
            self._answering.discard(job_id)

    def _find_repeat(self, key: str) -> JobFuture | None:
        """Join a running job, or one whose answer was never sent while nothing later touched its namespace."""
        with self._lock:  # before the journal is read: an answer leaves the set when the journal has it
            running = self._running.get(key)
            answering = set(self._answering)
        if running is not None:
            return running
        job = self._journal.find_repeat(key)
        if job is None or job.state != "done" or job.answered or job.id in answering:
            return None
        if self._journal.touched_since(job.namespaces, job.last_number):
            return None
        finished = JobFuture(job.id)
        finished.set_result(job)
        return finished

    def _check_exists(self, request: SubmitRequest) -> None:
        """Refuse early what planning would refuse: the caller need not wait for the upload to be read."""
        graph, hidden = request.namespace.graph, self._removals.hidden()
        if request.mode is OverwriteMerge.NEW:
            if self._catalog.holds(graph, request.collection) and (graph, request.collection) not in hidden:
                raise Conflict(IN_USE)
            return
        if request.mode is OverwriteMerge.REPLACE:
            return
        dataset = Dataset((graph,), (), hidden)
        stored = read_stored(self._store, dataset, [request.collection], members=False)
        check_mode(request, stored.get(request.collection, []))

    def _latest(self, identity: Iri) -> Iri | None:
        """Return the latest version of an object of a user's own graph."""
        graph = self._registry.graph_of(identity)
        assert graph is not None
        hidden = self._removals.hidden()
        versions = versions_of(self._store, graph, identity)
        return next((iri for iri in versions if (graph, iri) not in hidden), None)

    def _run(
        self,
        job: Job,
        user: User,
        request: SubmitRequest,
        files: Sequence[UploadedFile],
        result: "Future[Job]",
    ) -> None:
        """Prepare in a child, then hand the job to the writer."""
        try:
            folder = self._journal.job_folder(job.id)
            came = self._prepare_upload(request, files, folder / PREPARED)
            self._quotas.extend(user.username, came, result)
            if sum(file.size for file in files) > _SMALL_BYTES:  # else it is planned in a moment
                self._journal.prepared(job.id)
            plan = self._planner(job, user, request, folder, files)
            draft = self._writer.draft(job, plan.planned)
            self._writer.submit(job, plan.planned, draft).add_done_callback(lambda done: pass_on(done, result))
        except Exception as error:
            self._journal.fail_unplanned(job.id, error)
            result.set_exception(error)

    def _planner(
        self, job: Job, user: User, request: SubmitRequest, folder: Path, files: Sequence[UploadedFile]
    ) -> Planner:
        uploads = list(zip(_uploads(files), (f.path for f in files), strict=True))
        step_quads = self._settings.step_quads
        return Planner(self._registry, self._store, self._removals, step_quads, job, user, request, folder, uploads)

    def _prepare_upload(self, request: SubmitRequest, files: Sequence[UploadedFile], output: Path) -> list[Upload]:
        """Prepare in a child; return the files that came out of archives and are to be kept.

        Raises InvalidDesign, TooLarge, BadRequest when the child ends on the upload.
        """
        argument: dict[str, Any] = {
            "files": [{"path": str(f.path), "name": f.name} for f in files],
            "prefix": request.namespace.prefix,
            "owner": request.namespace.owner,
            "collection_id": request.namespace.collection_id,
            "collection": request.collection,
            "output": str(output),
            "limits": {},
            "sequence_only": request.sequence_only,
            "room_bytes": self._room.left_bytes(),
        }
        try:
            answer = self._prepare.call("prepare", argument, self._settings.prepare_timeout)
        except Stopping as error:  # the lane does not know what the end means for its callers
            raise Stopping(NOT_PLANNED) from error
        except ChildDied as error:
            if error.reason == "exit":
                raise
            if error.reason == "signal":
                raise BadRequest(
                    f"the reader of the upload ended on this document ({error.detail}); nothing was stored. Repeat it"
                    " once; if it fails again, the document is at fault: check it, or submit it in parts"
                ) from error
            limit = f"{self._settings.prepare_timeout:g} s" if error.reason == "deadline" else None
            limit = limit or f"{self._prepare.memory_bytes >> 20} MB of memory"
            raise TooLarge(f"the upload cannot be read within {limit}, the limit here; send it in parts") from error
        if not answer["ok"]:
            raise InvalidDesign(answer["error"], answer["findings"], answer["files"])
        return [Upload(**file) for file in answer["attached"]]


def _refusal(admit: Callable[[], None]) -> str:
    """Return why there is no room for some files, '' where there is. Raises TooMany."""
    try:
        admit()
    except TooLarge as error:
        return error.message
    return ""


def _uploads(files: Sequence[UploadedFile]) -> list[Upload]:
    return [Upload(f.name, f.size, f.sha256) for f in files]


def _made_public(request: SubmitRequest, registry: Registry) -> SubmitRequest:
    """Aim a form at the public graph."""
    namespace = registry.namespace(None, request.namespace.collection_id)
    return replace(request, namespace=namespace, collection=namespace.collection_iri(request.version))


def _namespace(registry: Registry, iri: Iri) -> str:
    namespace = registry.namespace_of(iri)
    return namespace.iri if namespace else iri


def _options(request: SubmitRequest) -> dict[str, Any]:
    return {"mode": int(request.mode), "collection": request.collection, "name": request.name}
