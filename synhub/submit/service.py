"""Submissions: a job from the complete upload to the answer.

A job belongs to the journal, not to the connection: it runs to its end whoever listens. Preparing runs in a child,
planning in the writer thread.
"""

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synhub.errors import BadRequest, Conflict, DiskFull, InvalidDesign, Stopping, TooLarge
from synhub.identity import Registry
from synhub.model import Actor, Dataset, Removed, TopLevelChange, User
from synhub.permissions import dataset_for
from synhub.rdf import Iri, Triple, iri_of, iri_term
from synhub.settings import Settings
from synhub.store.base import TripleStore
from synhub.store.changes import pack
from synhub.store.children import ChildDied, Lane
from synhub.store.journal import Job, Journal, Upload
from synhub.store.removals import Removals
from synhub.store.top_levels import batches, links_to, read_top_levels
from synhub.store.writer import NOT_PLANNED, Planned, Writer
from synhub.submit.intake import IN_USE, NOT_THERE, check_form, fingerprint
from synhub.submit.plan import (
    Elsewhere,
    Outcome,
    OverwriteMerge,
    Submission,
    SubmitRequest,
    decide_elsewhere,
    final_triples,
    plan_disappearing,
    plan_links,
    plan_new_collection,
    plan_object,
    uploaded_members,
)
from synhub.submit.prepared import PreparedObject, read_header, read_objects
from synhub.vocab import RDF, SBOL2

logger = logging.getLogger("synhub.submit")

PREPARED = "prepared.jsonl"
_COLLECTION = (iri_term(RDF.type), iri_term(SBOL2.Collection))
_MEMBER = iri_term(SBOL2.member)


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file part on disk: synced, hashed, with the name that the client gave it."""

    path: Path
    name: str
    size: int
    sha256: str


class Submissions:
    """Accepts uploads and runs their jobs. Thread-safe."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        store: TripleStore,
        journal: Journal,
        removals: Removals,
        writer: Writer,
        prepare: Lane,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._store = store
        self._journal = journal
        self._removals = removals
        self._writer = writer
        self._prepare = prepare
        self._executor = ThreadPoolExecutor(max_workers=prepare.workers, thread_name_prefix="synhub-prepare")
        self._lock = threading.Lock()
        self._running: dict[str, tuple[str, Future[Job]]] = {}
        self._answering: set[str] = set()

    def submit(
        self,
        user: User,
        fields: dict[str, str],
        files: Sequence[UploadedFile],
        job_id: str,
        *,
        public: bool = False,
    ) -> tuple[str, "Future[Job]"]:
        """Start a job for a complete upload in the job's folder; return its id and the future of the finished job.

        The upload becomes part of a running job when it repeats it. Raises FieldErrors, Conflict (nothing was
        started, the folder is deleted).
        """
        try:
            request = check_form(fields, self._registry, user.username)
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
            try:
                job = self._journal.receive(job_id, "submit", user.username, namespaces, key, _options(request))
            except DiskFull:
                self._journal.delete_folder(job_id)
                raise
            result: Future[Job] = Future()
            self._running[key] = (job_id, result)
        result.add_done_callback(lambda _: self._forget(key))
        try:
            task = self._executor.submit(self._run, job, user, request, files, result)
        except RuntimeError:  # the executor has been shut down
            self._stop(job, result)
        else:
            task.add_done_callback(lambda done: self._stop(job, result) if done.cancelled() else None)
        return job_id, result

    def _stop(self, job: Job, result: "Future[Job]") -> None:
        self._journal.fail_unplanned(job.id, "Stopping", NOT_PLANNED)
        result.set_exception(Stopping(NOT_PLANNED))

    def close(self) -> None:
        """Take no more; what waits fails, what is being prepared is left to the writer. Repeats do no harm."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _forget(self, key: str) -> None:
        with self._lock:
            self._running.pop(key, None)

    def answering(self, job_id: str) -> None:
        """Note that a job's answer is about to be sent: who has it may repeat the upload at once, as a new one.

        Only in memory: when the server dies before the answer has left, a repeat still gets it.
        """
        with self._lock:
            self._answering.add(job_id)

    def answered(self, job_id: str) -> None:
        """Note on disk that a job's answer has been sent."""
        self._journal.answered(job_id)
        with self._lock:
            self._answering.discard(job_id)

    def _find_repeat(self, key: str) -> tuple[str, "Future[Job]"] | None:
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
        finished: Future[Job] = Future()
        finished.set_result(job)
        return job.id, finished

    def _check_exists(self, request: SubmitRequest) -> None:
        """Refuse early what planning would refuse: the caller need not wait for the upload to be read."""
        if request.mode is OverwriteMerge.REPLACE:
            return
        dataset = Dataset((request.namespace.graph,), (), self._removals.hidden())
        stored = _stored(self._store, dataset, [request.collection])
        _check_mode(request, stored.get(request.collection, []))

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
            self._prepare_upload(request, files, folder / PREPARED)
            self._journal.prepared(job.id)
            plan = _Plan(self._registry, self._store, self._removals, self._settings, job, user, request, folder, files)
            self._writer.submit(job, plan.planned).add_done_callback(lambda done: _pass_on(done, result))
        except Exception as error:
            report = {"findings": getattr(error, "findings", [])}
            self._journal.fail_unplanned(job.id, type(error).__name__, str(error), report)
            result.set_exception(error)

    def _prepare_upload(self, request: SubmitRequest, files: Sequence[UploadedFile], output: Path) -> None:
        argument: dict[str, Any] = {
            "files": [{"path": str(f.path), "name": f.name} for f in files],
            "prefix": request.namespace.prefix,
            "owner": request.namespace.owner,
            "collection_id": request.namespace.collection_id,
            "collection": request.collection,
            "output": str(output),
            "limits": {},
        }
        try:
            answer = self._prepare.call("prepare", argument, self._settings.prepare_timeout)
        except ChildDied as error:
            if error.reason == "exit":
                raise
            raise TooLarge(f"the upload could not be read within the limits of this server: {error.detail}") from error
        if not answer["ok"]:
            raise InvalidDesign(answer["error"], answer["findings"])


@dataclass(frozen=True, slots=True)
class _Plan:
    """Reads what planning needs from the store; runs in the writer thread."""

    registry: Registry
    store: TripleStore
    removals: Removals
    settings: Settings
    job: Job
    user: User
    request: SubmitRequest
    folder: Path
    files: Sequence[UploadedFile]

    def planned(self) -> Planned:
        """Decide about every uploaded object. Raises Conflict."""
        prepared = self.folder / PREPARED
        outcome = Outcome(findings=read_header(prepared).findings)
        report: dict[str, Any] = {}
        changes = self._changes(prepared, outcome)

        def steps() -> Iterator[Any]:
            yield from pack(changes, self.settings.step_quads)
            report.update(outcome.as_json(), collection=self.request.collection)

        uploads = [(Upload(f.name, f.size, f.sha256), f.path) for f in self.files]
        return Planned(steps(), report, uploads)

    def _changes(self, prepared: Path, outcome: Outcome) -> Iterator[TopLevelChange]:
        request = self.request
        graph = request.namespace.graph
        hidden = self.removals.hidden()
        own = Dataset((graph,), (), hidden)
        old = _stored(self.store, own, [request.collection]).get(request.collection, [])
        _check_mode(request, old)
        choices = self._choices(own)
        owner = self.registry.user_graph(self.user.username)
        submission = Submission(request, self.user.name, owner, self.job.created)
        going: frozenset[Iri] = frozenset()
        if request.mode is OverwriteMerge.REPLACE and old:
            going = self._disappearing(old, own, outcome)
        elsewhere = self._elsewhere(prepared, hidden)
        uploaded_root: list[Triple] = []
        written: set[Iri] = set()
        for batch in _object_batches(prepared):
            stored = _stored(self.store, own, [item.minted for item in batch])
            for item in batch:
                triples = final_triples(item, elsewhere)
                if item.minted == request.collection:
                    uploaded_root = triples
                    outcome.minted[item.original] = item.minted
                    continue
                if item.original in elsewhere.kept:
                    outcome.counts["kept"] += 1
                    outcome.note("synhub-kept", item.original, "equal to the stored object; a member, not a copy")
                    outcome.minted[item.original] = item.original
                    outcome.members.append(item.original)
                    continue
                if item.origin == "elsewhere":
                    outcome.counts["copied"] += 1
                    outcome.note(
                        "synhub-copied",
                        item.original,
                        f"differs from what is stored; copied to {item.minted}",
                    )
                outcome.minted[item.original] = item.minted
                outcome.members.append(item.minted)
                written.add(item.minted)
                change = plan_object(
                    item, triples, stored.get(item.minted, []), disappears=item.minted in going,
                    submission=submission, outcome=outcome,
                )  # fmt: skip
                if change is not None:
                    yield change
        yield from self._removed(going - written, own, outcome)
        if request.mode.makes_collection:
            yield plan_new_collection(submission, uploaded_root, old, outcome.members)
        else:
            members = [*uploaded_members(uploaded_root, request.collection), *outcome.members]
            if uploaded_root:
                outcome.note(
                    "synhub-kept",
                    request.collection,
                    "the collection keeps its own texts; members were added",
                )
            yield from _some(plan_links(graph, request.collection, old, members, request.citations))
        for choice, triples in choices.items():
            yield from _some(plan_links(graph, choice, triples, outcome.members))

    def _choices(self, own: Dataset) -> dict[Iri, list[Triple]]:
        """Read the further collections that every top level becomes a member of. Raises BadRequest."""
        stored = _stored(self.store, own, self.request.add_to)
        for choice in self.request.add_to:
            if not _is_collection(choice, stored.get(choice, [])):
                raise BadRequest(f"collectionChoices names {choice}, which is not a collection of yours")
        return stored

    def _elsewhere(self, prepared: Path, hidden: "frozenset[Removed] | Any") -> Elsewhere:
        objects = [item for item in read_objects(prepared) if item.origin == "elsewhere"]
        readable = dataset_for(Actor(self.user), self.registry, hidden)
        return decide_elsewhere(objects, _stored(self.store, readable, [item.original for item in objects]))

    def _disappearing(self, old: Sequence[Triple], own: Dataset, outcome: Outcome) -> frozenset[Iri]:
        members = uploaded_members(old, self.request.collection)
        holders: dict[Iri, list[Iri]] = {}
        for holder, links in links_to(self.store, own, members).items():
            for _, predicate, target in links:
                if predicate == _MEMBER:
                    holders.setdefault(iri_of(target), []).append(holder)
        going, stays = plan_disappearing(self.request.collection, members, holders, self.request.namespace)
        for member, by in stays.items():
            outcome.note("synhub-stays", member, f"also a member of {', '.join(by)}")
        return going

    def _removed(self, gone: frozenset[Iri], own: Dataset, outcome: Outcome) -> Iterator[TopLevelChange]:
        for batch in batches(sorted(gone)):
            for iri, triples in _stored(self.store, own, batch).items():
                outcome.counts["removed"] += 1
                yield TopLevelChange(self.request.namespace.graph, iri, triples, ())


def _stored(store: TripleStore, dataset: Dataset, iris: Sequence[Iri]) -> dict[Iri, list[Triple]]:
    """Read top levels, less what is being removed."""
    found = read_top_levels(store, dataset, iris)
    if not dataset.hidden:
        return found
    hidden = {top for graph, top in dataset.hidden if graph in dataset.graphs}
    return {iri: triples for iri, triples in found.items() if iri not in hidden}


def _is_collection(iri: Iri, triples: Sequence[Triple]) -> bool:
    return (iri_term(iri), *_COLLECTION) in triples


def _check_mode(request: SubmitRequest, stored: Sequence[Triple]) -> None:
    if request.mode is OverwriteMerge.NEW and stored:
        raise Conflict(IN_USE)
    if not request.mode.makes_collection and not _is_collection(request.collection, stored):
        raise Conflict(NOT_THERE)


def _object_batches(prepared: Path) -> Iterator[list[PreparedObject]]:
    batch: list[PreparedObject] = []
    for item in read_objects(prepared):
        batch.append(item)
        if len(batch) == 500:
            yield batch
            batch = []
    if batch:
        yield batch


def _made_public(request: SubmitRequest, registry: Registry) -> SubmitRequest:
    """Aim a form at the public graph."""
    namespace = registry.namespace(None, request.namespace.collection_id)
    return replace(request, namespace=namespace, collection=namespace.collection_iri(request.version))


def _some(change: TopLevelChange | None) -> Iterator[TopLevelChange]:
    if change is not None:
        yield change


def _namespace(registry: Registry, iri: Iri) -> str:
    namespace = registry.namespace_of(iri)
    return namespace.iri if namespace else iri


def _options(request: SubmitRequest) -> dict[str, Any]:
    return {"mode": int(request.mode), "collection": request.collection, "name": request.name}


def _pass_on(done: "Future[Job]", result: "Future[Job]") -> None:
    error = done.exception()
    if error is not None:
        result.set_exception(error)
    else:
        result.set_result(done.result())
