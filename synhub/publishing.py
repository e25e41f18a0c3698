"""Publishing: an object with all it refers to goes from a user's graph to the public one, in one job.

What lies in the namespace of the published object moves; what it takes along from other namespaces of the same graph is
copied. References in the rest of the graph follow what has moved, and old addresses lead to the new ones.

Reads from the store what the decisions of submit/publish.py need. Knows no HTTP.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from synhub.errors import BadRequest, Conflict, Forbidden, NotFound
from synhub.hub import Hub
from synhub.identity import Namespace, ObjectRef
from synhub.model import Actor, ChangeSet, Dataset, TopLevelChange, User
from synhub.objects import Located
from synhub.ownership import is_owner, locate_owned
from synhub.rdf import Iri, Triple, iri_of, iri_term, is_iri
from synhub.store.catalog.closure import referrers_into
from synhub.store.changes import pack_groups
from synhub.store.files import StoredFile, forget_files, put_files
from synhub.store.journal import Job
from synhub.store.shares import put_moved
from synhub.store.top_levels import batches, links_to, references_to, top_levels_named, versions_of
from synhub.store.work import JobFuture, Planned
from synhub.submit.plan import TERMINATED, find_ancestors, is_equal, with_links
from synhub.submit.planner import read_stored
from synhub.submit.publish import (
    NewHome,
    Outcome,
    PublishForm,
    Renaming,
    check_form,
    has_type,
    members_of,
    moved_identities,
    name_homes,
    named_by,
    new_members,
    place_of,
    places_of,
    plan_root,
    without_private_members,
)
from synhub.vocab import SBOL2

REFUSED = "Not authorized to make this object public"
REFUSED_TARGET = "Not authorized to add to this collection"
NOT_ALL = "{iri}, which would go public with it, is not yours: ask its owner to publish, or to make you an owner of it"
ID_OF_ANOTHER = "The public id {id} belongs to another user: choose another id"
MEMBER_OF_ANOTHER = "lies in the graph of another user, so it is no member of the public collection"
OF_ANOTHER = "lies in the graph of another user; what is published still refers to it, and others cannot read it"

_MEMBER = iri_term(SBOL2.member)
_PERSISTENT_IDENTITY = iri_term(SBOL2.persistentIdentity)

Group = Sequence[TopLevelChange]


def locate_private(hub: Hub, actor: Actor, ref: ObjectRef) -> tuple[User, Located]:
    """Find what the actor may publish. Raises as `locate_owned`, and BadRequest for what cannot be published."""
    user, located = locate_owned(hub, actor, ref, Forbidden(REFUSED))
    if located.graph == hub.registry.public_graph:
        raise Conflict(f"{located.iri} is public already")
    if not located.is_top_level:
        raise BadRequest(f"{located.iri} is part of {located.top_level}: make that public")
    return user, located


def publish(hub: Hub, actor: Actor, ref: ObjectRef, fields: Mapping[str, str]) -> JobFuture:
    """Start publishing; the job's option `collection` is the public collection.

    Raises NotAuthenticated, Forbidden, NotFound, FieldErrors and Conflict; the future carries what planning raises.
    """
    public = Dataset((hub.registry.public_graph,), (), hub.removals.hidden())
    form = check_form(fields, hub.registry, lambda identity: next(iter(_versions(hub, public, identity)), None))
    user, located = locate_private(hub, actor, ref)
    publication = Publication(hub, user, located.graph, located.iri, form)
    publication.check_target(public)
    return hub.edits.start(
        user,
        "makePublic",
        publication.namespaces(),
        publication.planned,
        options={"collection": form.collection, "object": located.iri},
        ahead=True,
    )


def _versions(hub: Hub, dataset: Dataset, identity: Iri) -> list[Iri]:
    """Return the versions of an object in the one graph of the dataset, the latest first."""
    (graph,) = dataset.graphs
    return [iri for iri in versions_of(hub.store, graph, identity) if (graph, iri) not in dataset.hidden]


def _namespace(iri: Iri, hub: Hub) -> Namespace:
    namespace = hub.registry.namespace_of(iri)
    assert namespace is not None
    return namespace


@dataclass(frozen=True, slots=True)
class _Files:
    """The rows of files that the job writes and forgets when it is committed."""

    new: list[StoredFile] = field(default_factory=list)
    gone: list[Iri] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Names:
    """`published` renames what is published inside itself, `moved` the references of what stays private."""

    published: Renaming
    moved: Renaming


@dataclass(frozen=True, slots=True)
class Publication:
    """One object of the graph `graph` that `user` publishes."""

    hub: Hub
    user: User
    graph: Iri
    source: Iri
    form: PublishForm

    def namespaces(self) -> set[str]:
        """Return what the job touches: where the object lies, where it goes, and where references to it stand.

        Jobs under way in the same graph may bring such references, so it waits for them as well.
        """
        source = _namespace(self.source, self.hub).iri
        found = {source, self.form.namespace.iri}
        referrers = referrers_into(self.hub.catalog, self.graph, source)
        found.update(_namespace(iri, self.hub).iri for iri in referrers)
        under_way = (n for job in self.hub.journal.open_jobs() for n in job.namespaces)
        return found | {n for n in under_way if n.startswith(f"{self.graph}/")}

    def check_target(self, public: Dataset) -> list[Triple]:
        """Return what is stored of the collection that is made or added to.

        Raises Conflict when it is there and should not be, or the other way round, and Forbidden for what belongs to
        others. Curators and administrators may add to any public collection.
        """
        form = self.form
        stored = read_stored(self.hub.store, public, [form.collection]).get(form.collection, [])
        if form.is_new == bool(stored) or (stored and not has_type(form.collection, stored, SBOL2.Collection)):
            raise form.refusal()
        if self.user.is_curator or self.user.is_admin:
            return stored
        if form.is_new:
            versions = _versions(self.hub, public, Iri(form.collection.rpartition("/")[0]))
            found = read_stored(self.hub.store, public, versions)
            if found and not any(is_owner(self.hub.registry, self.user, t, iri) for iri, t in found.items()):
                raise Forbidden(ID_OF_ANOTHER.format(id=form.namespace.collection_id))
        elif not is_owner(self.hub.registry, self.user, stored, form.collection):
            raise Forbidden(REFUSED_TARGET)
        return stored

    def planned(self, job: Job) -> Planned:
        """Decide about every object. Raises SynhubError, also while the steps are taken."""
        outcome, files = Outcome(self.form.collection), _Files()
        report: dict[str, Any] = {}
        moved: dict[Iri, Iri] = {}

        def steps() -> Iterator[ChangeSet]:
            yield from pack_groups(self._groups(job, outcome, files, moved), self.hub.settings.step_quads)
            report.update(outcome.as_json())

        commits = (
            partial(put_moved, moved=moved),
            partial(put_files, files=files.new),
            partial(forget_files, attachments=files.gone),
        )
        return Planned(steps(), report, reads=(self.graph, self.form.namespace.graph), commits=commits)

    def _groups(self, job: Job, outcome: Outcome, files: _Files, moved: dict[Iri, Iri]) -> Iterator[Group]:
        hidden = self.hub.removals.hidden()
        own, public = Dataset((self.graph,), (), hidden), Dataset((self.form.namespace.graph,), (), hidden)
        source = read_stored(self.hub.store, own, [self.source]).get(self.source)
        if source is None:
            raise NotFound(f"{self.source} not found")
        if not is_owner(self.hub.registry, self.user, source, self.source):
            raise Forbidden(REFUSED)
        stored = self.check_target(public)
        tops = self._discover(own, outcome)
        names = self._names(tops, own, is_collection=has_type(self.source, source, SBOL2.Collection))
        from_source = names.published.iri(self.source) == self.form.collection
        repointed: dict[Iri, list[Triple]] = {}
        for batch in batches(sorted(tops.keys() - ({self.source} if from_source else set()))):
            private = read_stored(self.hub.store, own, batch)
            yield from self._objects(private, names, public, outcome, files)
            self._add_references(own, names, private, repointed)
        uploaded: list[Triple] = []
        removed: list[TopLevelChange] = []
        if from_source:
            uploaded = without_private_members(names.published.triples(source), self.form.collection, self.hub.registry)
            removed = [TopLevelChange(self.graph, self.source, source, ())]
            self._note(self.source, self.form.collection, uploaded, outcome)
            self._add_references(own, names, {self.source: source}, repointed)
        yield [*removed, self._root(job, uploaded, stored, public, outcome)]
        moved |= outcome.moved | moved_identities(outcome, names.moved)
        yield from self._repointed(job, names, repointed, outcome)

    def _moves(self, iri: Iri) -> bool:
        return iri.startswith(_namespace(self.source, self.hub).iri)

    # --- what is published -------------------------------------------------------------------------------------------

    def _discover(self, own: Dataset, outcome: Outcome) -> dict[Iri, frozenset[tuple[str, str]]]:
        """Return the published top levels, each with the places (home, version) of its subjects.

        The object itself; of a collection its members, and theirs; and whatever of the same graph any of them refers
        to. A collection that is only referred to stays private: nobody asked to show what it holds. What lies in the
        graphs of others stays there.
        """
        found: dict[Iri, frozenset[tuple[str, str]]] = {}
        foreign: set[Iri] = set()
        asked: dict[Iri, bool] = {}
        wanted = {self.source: True}  # name -> whether as a member
        while wanted:
            asked |= wanted
            meant = top_levels_named(self.hub.store, own, wanted)
            tops: dict[Iri, bool] = {}
            for name, as_member in wanted.items():
                top = next((t for t in meant.get(name, ()) if (self.graph, t) not in own.hidden), None)
                if top is None:
                    outcome.left[name] = "there is no such object"
                elif top not in found:
                    tops[top] = tops.get(top, False) or as_member
            wanted = {}
            for batch in batches(tops):
                for top, triples in read_stored(self.hub.store, own, batch).items():
                    if reason := self._stays(top, triples, as_member=tops[top]):
                        outcome.left[top] = reason
                        continue
                    outcome.left.pop(top, None)
                    found[top] = places_of(triples, self.graph)
                    for name, as_member in named_by(top, triples, self.hub.registry):
                        if not name.startswith(f"{self.graph}/"):
                            foreign.add(name)
                            if as_member:
                                outcome.left[name] = MEMBER_OF_ANOTHER
                        elif not asked.get(name, False) and (as_member or name not in asked):
                            wanted[name] = wanted.get(name, False) or as_member
        for name in sorted(foreign - outcome.left.keys()):
            outcome.note("synhub-private", name, OF_ANOTHER)
        return found

    def _stays(self, top: Iri, triples: Sequence[Triple], *, as_member: bool) -> str | None:
        """Return why a top level is not published although something published names it. Raises Forbidden."""
        if not as_member and has_type(top, triples, SBOL2.Collection):
            return "a collection that is referred to, not a member"
        registry = self.hub.registry
        if self.graph != registry.user_graph(self.user.username) and not is_owner(registry, self.user, triples, top):
            if self._moves(top):  # it would stay behind in no collection
                raise Forbidden(NOT_ALL.format(iri=top))
            return "you are not an owner of it"
        return None

    # --- names -------------------------------------------------------------------------------------------------------

    def _names(self, tops: Mapping[Iri, frozenset[tuple[str, str]]], own: Dataset, *, is_collection: bool) -> _Names:
        versions: dict[str, set[str]] = {}
        for places in tops.values():
            for home, version in places:
                versions.setdefault(home, set()).add(version)
        source, root = _namespace(self.source, self.hub), place_of(self.source, self.graph)
        assert root is not None
        named = name_homes(versions, self.form, source.collection_id, root.home if is_collection else None)
        target = self.form.namespace.iri
        homes = {h: NewHome(f"{target}{named[h]}", named[h], frozenset(v), True) for h, v in versions.items()}
        moving = {h: new for h, new in homes.items() if h.startswith(f"{source.collection_id}/")}
        identities = [Iri(f"{self.graph}/{home}") for home in moving]
        staying: set[str] = set()
        for identity, others in top_levels_named(self.hub.store, own, identities).items():
            if any(t not in tops and (self.graph, t) not in own.hidden for t in others):
                staying.add(identity[len(self.graph) + 1 :])
        moved = {h: replace(new, with_identity=h not in staying) for h, new in moving.items()}
        return _Names(Renaming(self.graph, homes), Renaming(self.graph, moved))

    # --- objects -----------------------------------------------------------------------------------------------------

    def _objects(
        self,
        private: Mapping[Iri, Sequence[Triple]],
        names: _Names,
        public: Dataset,
        outcome: Outcome,
        files: _Files,
    ) -> Iterator[Group]:
        """Yield for each top level what goes from the private graph and what comes to the public one, together."""
        new_iris = {old: names.published.iri(old) for old in private}
        there = read_stored(self.hub.store, public, list(new_iris.values()))
        for old, triples in private.items():
            new = new_iris[old]
            renamed = without_private_members(names.published.triples(triples), new, self.hub.registry)
            if new in there and not (is_equal(renamed, there[new]) and self._same_file(old, new)):
                raise Conflict(TERMINATED.format(iri=new))
            self._note(old, new, renamed, outcome)
            if new in there:
                outcome.kept.append(new)
                outcome.note("synhub-kept", new, f"equal to {old}; kept as it is")
            changes = [TopLevelChange(self.form.namespace.graph, new, (), () if new in there else renamed)]
            if self._moves(old):
                changes.append(TopLevelChange(self.graph, old, triples, ()))
            if has_type(old, triples, SBOL2.Attachment):
                self._file(old, None if new in there else new, files)
            yield [change for change in changes if change.size]

    def _note(self, old: Iri, new: Iri, renamed: Sequence[Triple], outcome: Outcome) -> None:
        (outcome.moved if self._moves(old) else outcome.copied)[old] = new
        for member in members_of(renamed, new):
            outcome.holders.setdefault(member, []).append(new)
        if old.split("/")[-2] != new.split("/")[-2]:
            outcome.note("synhub-renamed", old, f"published as {new}: another object has its displayId")

    def _same_file(self, old: Iri, new: Iri) -> bool:
        """Say whether the same bytes are behind both, or none."""
        rows = self.hub.files.find(old), self.hub.files.find(new)
        return len({row.digest if row else None for row in rows}) == 1

    def _file(self, old: Iri, new: Iri | None, files: _Files) -> None:
        row = self.hub.files.find(old)
        if row is not None and new is not None:
            files.new.append(replace(row, iri=new))
        if row is not None and self._moves(old):
            files.gone.append(old)

    # --- the collection ----------------------------------------------------------------------------------------------

    def _root(
        self, job: Job, uploaded: Sequence[Triple], stored: Sequence[Triple], public: Dataset, outcome: Outcome
    ) -> TopLevelChange:
        """Make or change the public collection, less the members that have it as a member themselves."""
        form, registry = self.form, self.hub.registry
        owner = registry.user_graph(self.user.username)
        change = plan_root(form, uploaded, stored, creator=self.user.name, owner=owner, created=job.created)

        def holders_of(iris: list[Iri]) -> Iterator[Iri]:
            for iri in iris:
                yield from outcome.holders.get(iri, ())
            for holder, links in links_to(self.hub.store, public, iris).items():
                if any(p == _MEMBER for _, p, _ in links) and (public.graphs[0], holder) not in public.hidden:
                    yield holder

        ancestors = find_ancestors(form.collection, holders_of)
        members = new_members(form, outcome, from_source=form.is_new and bool(uploaded))
        for member in ancestors.intersection(members):
            reason = f"not made a member of {form.collection}, which is a member of it, directly or not"
            outcome.note("synhub-cycle", member, reason)
        if not form.is_new and (form.name or form.description):
            outcome.note("synhub-not-taken", form.collection, "name and description of the form: it keeps its own")
        return with_links(change, stored, (m for m in members if m not in ancestors))

    # --- what stays private ------------------------------------------------------------------------------------------

    def _add_references(
        self,
        own: Dataset,
        names: _Names,
        tops: Mapping[Iri, Sequence[Triple]],
        repointed: dict[Iri, list[Triple]],
    ) -> None:
        """Collect the references to what moves with some top levels, by the private top level that holds them."""
        objects: dict[Iri, None] = {}
        for top, triples in tops.items():
            if not self._moves(top):
                continue
            objects |= dict.fromkeys(iri_of(s) for s, _, _ in triples)
            objects |= dict.fromkeys(iri_of(o) for _, p, o in triples if p == _PERSISTENT_IDENTITY and is_iri(o))
            objects[Iri(f"{top}/download")] = None
        for holder, triple in references_to(self.hub.store, own, objects):
            if names.moved.iri(holder) == holder and (self.graph, holder) not in own.hidden:
                repointed.setdefault(holder, []).append(triple)

    def _repointed(
        self, job: Job, names: _Names, repointed: Mapping[Iri, list[Triple]], outcome: Outcome
    ) -> Iterator[Group]:
        """Yield the changes of what stays private and refers to what has moved.

        Raises Conflict for references in a namespace that the job does not hold: another job may be changing them.
        """
        for holder, triples in sorted(repointed.items()):
            removes = [t for t in dict.fromkeys(triples) if names.moved.term(t[2]) != t[2]]
            if not removes:
                continue
            if _namespace(holder, self.hub).iri not in job.namespaces:
                raise Conflict(f"{holder} came to refer to what is being published; publish it again")
            outcome.repointed[holder] = len(removes)
            yield [TopLevelChange(self.graph, holder, removes, [(s, p, names.moved.term(o)) for s, p, o in removes])]
