"""Takes the plan of a submission: reads from the store what the decisions of plan.py need, in batches, and puts the
changes in a stream, one for each top level.

Runs ahead, in the thread of the submission, and again in the writer thread where something has been written since.
Decides nothing that plan.py can decide.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from synhub.errors import BadRequest, Conflict
from synhub.identity import Registry
from synhub.model import Actor, Dataset, TopLevelChange, User
from synhub.permissions import dataset_for
from synhub.rdf import Iri, Triple, iri_of, iri_term
from synhub.store.base import TripleStore
from synhub.store.changes import pack
from synhub.store.files import StoredFile, copy_files, forget_files, put_files
from synhub.store.journal import Job, Upload
from synhub.store.removals import Removals
from synhub.store.shares import forget_co_owners, forget_shares
from synhub.store.top_levels import batches, links_to, members_among, read_top_levels
from synhub.store.work import Commit, Planned
from synhub.submit.intake import IN_USE, NOT_THERE
from synhub.submit.outcome import Outcome
from synhub.submit.plan import (
    Elsewhere,
    OverwriteMerge,
    Submission,
    SubmitRequest,
    decide_elsewhere,
    final_triples,
    find_ancestors,
    is_submission_root,
    plan_disappearing,
    plan_new_collection,
    plan_object,
    plan_target_collection,
    uploaded_members,
    with_links,
    without_kept,
    without_members,
)
from synhub.submit.prepared import AttachedFile, Header, PreparedObject, read_header, read_objects
from synhub.vocab import RDF, SBOL2

PREPARED = "prepared.jsonl"
_COLLECTION = (iri_term(RDF.type), iri_term(SBOL2.Collection))
_ATTACHMENT = (iri_term(RDF.type), iri_term(SBOL2.Attachment))
_MEMBER = iri_term(SBOL2.member)
_BATCH_TRIPLES = 50_000  # of uploaded objects that are in memory together, if one alone has not more


def read_stored(
    store: TripleStore, dataset: Dataset, iris: Sequence[Iri], *, members: bool = True
) -> dict[Iri, list[Triple]]:
    """Read top levels, less what is being removed; `members` as for `read_top_levels`."""
    found = read_top_levels(store, dataset, iris, members=members)
    hidden = {top for graph, top in dataset.hidden if graph in dataset.graphs}
    return {iri: triples for iri, triples in found.items() if iri not in hidden}


def check_mode(request: SubmitRequest, stored: Sequence[Triple]) -> None:
    """Refuse to make a collection that is there, and to add to one that is not. Raises Conflict."""
    if request.mode is OverwriteMerge.NEW and stored:
        raise Conflict(IN_USE)
    if not request.mode.makes_collection and not _is_collection(request.collection, stored):
        raise Conflict(NOT_THERE)


def _is_collection(iri: Iri, triples: Sequence[Triple]) -> bool:
    return (iri_term(iri), *_COLLECTION) in triples


@dataclass(frozen=True, slots=True)
class Planner:
    """One submission whose upload has been prepared in `folder`; `uploads` are kept as blobs."""

    registry: Registry
    store: TripleStore
    removals: Removals
    step_quads: int
    job: Job
    user: User
    request: SubmitRequest
    folder: Path
    uploads: Sequence[tuple[Upload, Path]]

    def planned(self) -> Planned:
        """Decide about every uploaded object. Raises BadRequest, also while the steps are taken."""
        report: dict[str, Any] = {}
        outcome = Outcome()
        header = read_header(self.folder / PREPARED)
        changes = self._changes(self.folder / PREPARED, header, outcome)
        files: list[tuple[str, Path]] = []

        def steps() -> Iterator[Any]:
            yield from pack((c for c in changes if c.size), self.step_quads)
            report.update(outcome.as_json(), collection=self.request.collection, files=header.uploaded)
            files.extend((file.digest, Path(file.path)) for file in outcome.files.values())

        return Planned(steps(), report, self.uploads, self._readable.graphs, self._commits(outcome), files=files)

    def decide(self, outcome: Outcome) -> None:
        """Decide as for `planned`, and keep nothing but the outcome. Raises BadRequest."""
        for _ in self._changes(self.folder / PREPARED, read_header(self.folder / PREPARED), outcome):
            pass

    def _commits(self, outcome: Outcome) -> list[Commit]:
        """What follows for shares and files; the lists are complete when the steps have been taken."""
        return [
            partial(forget_shares, top_levels=outcome.removed),
            partial(forget_files, attachments=outcome.removed),
            partial(forget_files, attachments=outcome.reused),
            partial(forget_co_owners, top_levels=outcome.renewed),
            partial(copy_files, copies=outcome.copies, username=self.user.username),
            partial(put_files, files=_StoredFiles(outcome.files, self.user.username)),
        ]

    def _changes(self, prepared: Path, header: Header, outcome: Outcome) -> Iterator[TopLevelChange]:
        request = self.request
        own = Dataset((request.namespace.graph,), (), self.removals.hidden())
        is_replaced = request.mode is OverwriteMerge.REPLACE
        old = read_stored(self.store, own, [request.collection], members=is_replaced).get(request.collection, [])
        check_mode(request, old)
        choices = self._choices(own)
        submission = Submission(request, self.user.name, self._owner, self.job.created)
        going: frozenset[Iri] = frozenset()
        if request.mode is OverwriteMerge.REPLACE and old:
            going = self._disappearing(old, own, outcome)
        elsewhere = self._elsewhere(prepared)
        outcome.findings += without_kept(header.findings, elsewhere)
        files = {file.original: file for file in header.files}
        root: PreparedObject | None = None
        for item, stored in self._items(prepared, own, elsewhere):
            _note_holder(item, outcome)
            if item.minted == request.collection:
                root = item
                outcome.minted[item.original] = item.minted
                continue
            change = self._object(item, stored, elsewhere, going, submission, outcome)
            if item.original in files and item.original not in elsewhere.kept:
                outcome.files[item.minted] = files[item.original]
            if item.minted not in choices:
                yield from [change] if change else []
            elif change:
                choices[item.minted] = _Choice(choices[item.minted].stored, self._still_chosen(item, change))
        gone = going - outcome.written
        for iri in gone & choices.keys():
            raise BadRequest(
                f"collectionChoices names {iri}, which this submission removes with the collection that it replaces:"
                " upload it again too, or leave it out of collectionChoices"
            )
        outcome.removed += sorted(gone)
        if request.mode is OverwriteMerge.REPLACE and old:
            outcome.renewed.append(request.collection)
        yield from self._removed(gone, own, outcome)
        members = uploaded_members(root.triples, request.collection) if root else []
        said = without_members(root, request.collection) if root else None
        plan_root = plan_new_collection if request.mode.makes_collection else plan_target_collection
        change = plan_root(submission, said, old, outcome)
        citations = () if request.mode.makes_collection else request.citations
        made = [iri for iri, file in outcome.files.items() if file.is_new]
        linked = self._linked(_Choice(old, change), [*members, *outcome.members], gone, outcome)
        yield with_links(linked, old, (), citations, made)
        for choice in choices.values():
            yield self._linked(choice, outcome.members, gone, outcome)

    @property
    def _owner(self) -> Iri:
        return self.registry.user_graph(self.user.username)

    @property
    def _readable(self) -> Dataset:
        return dataset_for(Actor(self.user), self.registry, self.removals.hidden())

    # --- objects -----------------------------------------------------------------------------------------------------

    def _items(
        self, prepared: Path, own: Dataset, elsewhere: Elsewhere
    ) -> Iterator[tuple[PreparedObject, list[Triple]]]:
        """Yield the uploaded objects in their final triples, each with what is stored where it was minted to."""
        for batch in _object_batches(prepared):
            stored = read_stored(self.store, own, [item.minted for item in batch])
            for item in batch:
                yield replace(item, triples=final_triples(item, elsewhere)), stored.get(item.minted, [])

    def _object(
        self,
        item: PreparedObject,
        stored: Sequence[Triple],
        elsewhere: Elsewhere,
        going: AbstractSet[Iri],
        submission: Submission,
        outcome: Outcome,
    ) -> TopLevelChange | None:
        """Keep an original where it is, or decide about what is to lie in the namespace of the collection."""
        if item.original in elsewhere.kept:
            outcome.decide(item.original, "kept")
            outcome.note("synhub-kept", item.original, "equal to the stored object; kept where it is, not copied")
            outcome.minted[item.original] = item.original
            self._new_member(item.original, is_stored=True, outcome=outcome)
            return None
        if item.origin == "elsewhere":
            outcome.counts["copied"] += 1
            reason = elsewhere.copied[item.original]
            outcome.note("synhub-copied", item.original, f"copied to {item.minted}: {reason}")
        outcome.minted[item.original] = item.minted
        outcome.written.add(item.minted)
        disappears = item.minted in going
        self._new_member(item.minted, is_stored=bool(stored) and not disappears, outcome=outcome)
        change = plan_object(item, stored, disappears=disappears, submission=submission, outcome=outcome)
        if item.origin == "elsewhere" and outcome.became.get(item.minted) == "created":
            outcome.became[item.minted] = "copied"
        if change is not None:
            self._note_file(item, stored, elsewhere, outcome)
        if disappears:
            outcome.renewed.append(item.minted)
        return change

    @staticmethod
    def _note_file(item: PreparedObject, stored: Sequence[Triple], elsewhere: Elsewhere, outcome: Outcome) -> None:
        """Decide whose file the new object has: of what it is the next state of, of what it is a copy of, or none."""
        is_attachment = item.type == SBOL2.Attachment
        was_attachment = (iri_term(item.minted), *_ATTACHMENT) in stored
        if was_attachment and not (is_attachment and item.origin == "inside"):
            outcome.reused.append(item.minted)
        if is_attachment and item.origin == "elsewhere" and item.original in elsewhere.there:
            outcome.copies[item.minted] = item.original

    def _new_member(self, iri: Iri, *, is_stored: bool, outcome: Outcome) -> None:
        """A stored root collection of another submission stays a root: as a member it would leave the list of roots."""
        if is_stored and is_submission_root(iri, self.registry):
            outcome.note("synhub-root", iri, "the root collection of another submission; not made a member")
        else:
            outcome.members.append(iri)

    def _elsewhere(self, prepared: Path) -> Elsewhere:
        objects = [item for item in read_objects(prepared) if item.origin == "elsewhere"]
        return decide_elsewhere(objects, read_stored(self.store, self._readable, [item.original for item in objects]))

    # --- what goes ---------------------------------------------------------------------------------------------------

    def _disappearing(self, old: Sequence[Triple], own: Dataset, outcome: Outcome) -> frozenset[Iri]:
        members = uploaded_members(old, self.request.collection)
        holders = self._holders(own, members)
        going, stays = plan_disappearing(self.request.collection, members, holders, self.request.namespace)
        for member, by in stays.items():
            outcome.note("synhub-stays", member, f"also a member of {', '.join(by)}")
        return going

    def _removed(self, gone: AbstractSet[Iri], own: Dataset, outcome: Outcome) -> Iterator[TopLevelChange]:
        for batch in batches(sorted(gone)):
            for iri, triples in read_stored(self.store, own, batch).items():
                outcome.decide(iri, "removed")
                yield TopLevelChange(self.request.namespace.graph, iri, triples, ())

    # --- memberships -------------------------------------------------------------------------------------------------

    def _choices(self, own: Dataset) -> dict[Iri, "_Choice"]:
        """Read the further collections that every top level becomes a member of. Raises BadRequest."""
        further = [iri for iri in self.request.add_to if iri != self.request.collection]
        found = read_stored(self.store, own, further, members=False)
        for iri in further:
            if not _is_collection(iri, found.get(iri, [])):
                raise BadRequest(f"collectionChoices names {iri}, which is not a collection of yours")
        return {iri: _Choice(found[iri], TopLevelChange(own.graphs[0], iri, (), ())) for iri in further}

    def _still_chosen(self, item: PreparedObject, change: TopLevelChange) -> TopLevelChange:
        if not _is_collection(item.minted, item.triples):
            raise BadRequest(f"collectionChoices names {item.minted}, which the upload replaces by a {item.type}")
        return change

    def _linked(
        self,
        choice: "_Choice",
        members: Sequence[Iri],
        gone: AbstractSet[Iri],
        outcome: Outcome,
    ) -> TopLevelChange:
        """Add the members to a collection, less those that have it as a member themselves."""
        collection = choice.change.top_level
        replaced = {self.request.collection} if self.request.mode.makes_collection else set()
        unread = gone | outcome.written | replaced

        def holders_of(iris: list[Iri]) -> Iterator[Iri]:
            for iri in iris:
                yield from outcome.holders.get(iri, ())
            for stored in self._holders(self._readable, iris).values():
                yield from (holder for holder in stored if holder not in unread)

        ancestors = find_ancestors(collection, holders_of)
        for member in members:
            if member in ancestors:
                reason = f"not made a member of {collection}, which is a member of it, directly or not"
                outcome.note("synhub-cycle", member, reason)
            else:
                outcome.holders.setdefault(member, []).append(collection)
        own = Dataset((choice.change.graph,))
        there = members_among(self.store, own, collection, members) if choice.stored else []
        return with_links(choice.change, [*choice.stored, *there], (m for m in members if m not in ancestors))

    def _holders(self, dataset: Dataset, iris: Sequence[Iri]) -> Mapping[Iri, list[Iri]]:
        """Return the stored collections that have each object as a member."""
        hidden = {top for graph, top in dataset.hidden if graph in dataset.graphs}
        holders: dict[Iri, list[Iri]] = {}
        for holder, links in links_to(self.store, dataset, iris).items():
            for _, predicate, target in links:
                if predicate == _MEMBER and holder not in hidden:
                    holders.setdefault(iri_of(target), []).append(holder)
        return holders


@dataclass(frozen=True, slots=True)
class _Choice:
    """A collection that gains members: as it is stored, mostly less those it has, and what the upload changes."""

    stored: Sequence[Triple]
    change: TopLevelChange


@dataclass(frozen=True, slots=True)
class _StoredFiles:
    """The rows of files that came along: as many as there are when they are asked for."""

    files: Mapping[Iri, AttachedFile]
    username: str

    def __iter__(self) -> Iterator[StoredFile]:
        for iri, file in self.files.items():
            yield StoredFile(iri, file.digest, file.size, file.name, file.media_type, self.username)


def _note_holder(item: PreparedObject, outcome: Outcome) -> None:
    for member in uploaded_members(item.triples, item.minted):
        outcome.holders.setdefault(member, []).append(item.minted)


def _object_batches(prepared: Path) -> Iterator[list[PreparedObject]]:
    batch: list[PreparedObject] = []
    size = 0
    for item in read_objects(prepared):
        batch.append(item)
        size += len(item.triples)
        if len(batch) == 500 or size > _BATCH_TRIPLES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
