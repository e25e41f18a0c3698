"""Removing objects and whole collections, each in one job: hidden at its commit, answered then, purged afterwards.

The purge takes the memberships and attachment links to what is gone, inside the same graph; other references stay,
are counted here, and read as absent. Knows no HTTP.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from synhub.errors import BadRequest, Forbidden, NotFound
from synhub.hub import Hub
from synhub.identity import Namespace, ObjectRef, is_version
from synhub.model import Actor, Dataset, Finding, User
from synhub.objects import Located, locate
from synhub.ownership import is_owner, locate_owned
from synhub.permissions import dataset_for
from synhub.rdf import Iri, Triple, iri_of, iri_term, is_iri, literal_term
from synhub.sbol.closure import references
from synhub.sparql import template
from synhub.store.catalog.closure import referring_top_levels
from synhub.store.files import forget_files
from synhub.store.journal import Job
from synhub.store.shares import forget_shares
from synhub.store.top_levels import links_to, read_top_levels, top_levels_named
from synhub.store.work import JobFuture, Planned
from synhub.submit.plan import plan_disappearing, uploaded_members
from synhub.submit.planner import read_stored
from synhub.vocab import SBOL2

logger = logging.getLogger("synhub.removal")

LISTED = 100  # objects that still refer to what is gone, by name in the report
_MEMBER = iri_term(SBOL2.member)
_LINKS = frozenset({_MEMBER, iri_term(SBOL2.attachment)})


@dataclass(frozen=True, slots=True)
class Refusal:
    """The classic words for a stranger, and for the public graph."""

    words: str
    public: str


OBJECT = Refusal("Not authorized to remove this object", "Removing public objects is not allowed")
SUBMISSION = Refusal("Not authorized to remove this submission", "Removing public submissions is not allowed")
_NOT_TO_REPLACE = "Not authorized to replace this object"


def locate_removable(hub: Hub, actor: Actor, ref: ObjectRef, refusal: Refusal) -> tuple[User, Located]:
    """Find what the actor may take something away from: owners in users' graphs, administrators in the public one.

    Raises NotAuthenticated, Forbidden and NotFound as `ownership.locate_owned`; Forbidden for everything public unless
    the instance lets administrators remove there.
    """
    if ref.owner is not None or actor.user is None:
        return locate_owned(hub, actor, ref, Forbidden(refusal.words))
    if not (hub.settings.remove_public and actor.user.is_admin):
        raise Forbidden(refusal.public)
    return actor.user, locate(hub, actor, ref)


def read_again(hub: Hub, user: User, located: Located, refusal: Refusal, *, members: bool = True) -> list[Triple]:
    """Return the triples of a located top level as a plan finds them, with its `members` or without.

    Raises NotFound and Forbidden.
    """
    here = Dataset((located.graph,), (), hub.removals.hidden())
    triples = read_stored(hub.store, here, [located.top_level], members=members).get(located.top_level)
    if not triples:
        raise NotFound(f"{located.iri} not found")
    if located.graph != hub.registry.public_graph and not is_owner(hub.registry, user, triples, located.top_level):
        raise Forbidden(refusal.words)
    return triples


def note_override(hub: Hub, user: User, located: Located, what: str, future: JobFuture) -> None:
    """Let the log say what an administrator has done to the public graph."""

    def done(job: "Future[Job]") -> None:
        if job.exception() is None:
            logger.warning("administrator %s: %s %s (job %s)", user.username, what, located.iri, job.result().id)

    if located.graph == hub.registry.public_graph:
        future.add_done_callback(done)


def namespace_of(hub: Hub, located: Located) -> Namespace:
    namespace = hub.registry.namespace_of(located.iri)
    assert namespace is not None
    return namespace


# --- one object -------------------------------------------------------------------------------------------------------


def remove_object(hub: Hub, actor: Actor, ref: ObjectRef) -> JobFuture:
    """Start removing one top level; of a collection the members stay.

    Raises NotAuthenticated, Forbidden, NotFound, and BadRequest for a child. The job's report says how many objects
    still refer to what is gone.
    """
    user, located = locate_removable(hub, actor, ref, OBJECT)
    if not located.is_top_level:
        raise BadRequest(
            f"{located.iri} is part of {located.top_level}: remove that, or submit it again without this part"
        )
    future = hub.edits.start(
        user,
        "remove",
        [namespace_of(hub, located).iri],
        lambda _: _plan_object(hub, user, located),
        kind="purge",
        options={"object": located.iri},
    )
    note_override(hub, user, located, "removed", future)
    return future


def _plan_object(hub: Hub, user: User, located: Located) -> Planned:
    triples = read_again(hub, user, located, OBJECT)
    removed = [located.top_level]
    lost = _lost_identities(removed, _versions(hub, _here(hub, located), removed))
    subjects = {iri_of(s) for s, _, _ in triples if is_iri(s)}
    return _planned(hub, user, located.graph, removed, subjects | lost, lost, ())


# --- a collection -----------------------------------------------------------------------------------------------------


def remove_collection(hub: Hub, actor: Actor, ref: ObjectRef) -> JobFuture:
    """Start removing a collection with the members in its namespace that no other collection holds.

    Raises NotAuthenticated, Forbidden, NotFound, and BadRequest for what is no collection. The job's report says what
    stays, and how many objects still refer to what is gone.
    """
    user, located = locate_removable(hub, actor, ref, SUBMISSION)
    if not (located.is_top_level and located.is_collection):
        raise BadRequest(f"{located.iri} is no collection; /remove removes a single object")
    future = hub.edits.start(
        user,
        "removeCollection",
        [namespace_of(hub, located).iri],
        lambda _: _plan_collection(hub, user, located),
        kind="purge",
        options={"object": located.iri},
        ahead=True,
    )
    note_override(hub, user, located, "removed the collection", future)
    return future


def _plan_collection(hub: Hub, user: User, located: Located) -> Planned:
    collection = located.top_level
    triples = read_again(hub, user, located, SUBMISSION)
    namespace = namespace_of(hub, located)
    here = _here(hub, located)
    named = [m for m in uploaded_members(triples, collection) if m.startswith(namespace.iri)]
    versions = _versions(hub, here, [collection, *named])
    members = _top_levels(named, versions)
    going, stays = plan_disappearing(
        collection, members, _holders(hub, here, collection, namespace, members), namespace
    )
    reasons = {member: f"also a member of {', '.join(holders)}" for member, holders in stays.items()}
    if located.graph not in (hub.registry.public_graph, hub.registry.user_graph(user.username)):
        reasons |= dict.fromkeys(going - _owned(hub, user, here), "you are not an owner of it")
    notes = [Finding("synhub-stays", "note", member, reason) for member, reason in sorted(reasons.items())]
    removed = [collection, *sorted(going - reasons.keys())]
    lost = _lost_identities(removed, versions)
    return _planned(hub, user, located.graph, removed, {*removed, *lost}, lost, notes)


def _top_levels(members: Sequence[Iri], versions: Mapping[Iri, Sequence[Iri]]) -> list[Iri]:
    """Return the stored top levels that members mean: themselves, or the latest version of a persistent identity."""
    stored = {top for tops in versions.values() for top in tops}
    found = (member if member in stored else next(iter(versions.get(member, ())), None) for member in members)
    return list(dict.fromkeys(top for top in found if top is not None))


def _owned(hub: Hub, user: User, here: Dataset) -> set[Iri]:
    """Return the top levels of a graph that a user owns."""
    rows = hub.store.select(template.bind("owned_top_levels", owner=hub.registry.user_graph(user.username)), here)
    return {iri_of(top) for (top,) in rows if top is not None}


def _holders(
    hub: Hub, here: Dataset, collection: Iri, namespace: Namespace, members: Sequence[Iri]
) -> dict[Iri, list[Iri]]:
    """Return the other collections that have each top level of a namespace as a member, with its version or without.

    One scan of the memberships: to ask for those of 50 000 objects takes thirty times as long.
    """
    forms: dict[Iri, list[Iri]] = {}
    for member in members:
        for form in (member, _identity(member)):
            forms.setdefault(form, []).append(member)
    beginning = literal_term(namespace.iri)
    query = template.bind("holders_of_namespace", collection=collection, namespace=beginning)
    gone = _gone(here)
    holders: dict[Iri, list[Iri]] = {}
    for holder, target in hub.store.select(query, here):
        assert holder is not None and target is not None
        if iri_of(holder) not in gone:
            for member in forms.get(iri_of(target), ()):
                holders.setdefault(member, []).append(iri_of(holder))
    return holders


# --- both -------------------------------------------------------------------------------------------------------------


def _here(hub: Hub, located: Located) -> Dataset:
    return Dataset((located.graph,), (), hub.removals.hidden())


def _gone(here: Dataset) -> set[Iri]:
    return {top for graph, top in here.hidden if graph in here.graphs}


def _identity(top_level: Iri) -> Iri:
    return Iri(top_level.rpartition("/")[0])


def _versions(hub: Hub, here: Dataset, iris: Sequence[Iri]) -> dict[Iri, list[Iri]]:
    """Return the stored versions of the persistent identities that the IRIs are, or are versions of, the latest first.

    A top level that does not say its identity is its own.
    """
    gone = _gone(here)
    found = top_levels_named(hub.store, here, (_identity(iri) if _has_version(iri) else iri for iri in iris))
    versions = {name: [top for top in tops if top not in gone] for name, tops in found.items()}
    known = {top for tops in found.values() for top in tops}
    others = top_levels_named(hub.store, here, (iri for iri in iris if _has_version(iri) and iri not in known))
    versions |= {name: [top for top in tops if top == name and top not in gone] for name, tops in others.items()}
    return versions


def _has_version(iri: Iri) -> bool:
    return is_version(iri.rpartition("/")[2])


def _lost_identities(removed: Sequence[Iri], versions: Mapping[Iri, Sequence[Iri]]) -> set[Iri]:
    """Return the persistent identities that no version is left of."""
    going = set(removed)
    return {identity for identity in map(_identity, removed) if going.issuperset(versions.get(identity, ()))}


def _planned(
    hub: Hub,
    user: User,
    graph: Iri,
    removed: Sequence[Iri],
    names: AbstractSet[Iri],
    lost: AbstractSet[Iri],
    notes: Iterable[Finding],
) -> Planned:
    """Plan to remove top levels; `names` are the IRIs whose referrers are counted, as the user sees them."""
    referring = sorted(_referring(hub, user, graph, removed, names))
    report: dict[str, Any] = {
        "findings": [note.as_json() for note in notes],
        "removed": len(removed),
        "referring": len(referring),
        "references": referring[:LISTED],
    }
    # Only public IRIs are what moved addresses lead to: a private identity that moved may get versions of its own.
    forgotten = [*removed, *(lost if graph == hub.registry.public_graph else ())]
    return Planned(
        (),
        report,
        reads=(graph,),
        commits=(partial(forget_shares, top_levels=forgotten), partial(forget_files, attachments=removed)),
        removed=[(graph, top) for top in removed],
    )


def _referring(hub: Hub, user: User, graph: Iri, removed: Sequence[Iri], names: AbstractSet[Iri]) -> set[Iri]:
    """Return what will refer to something that is gone, in the public graph and the user's own.

    Memberships and attachment links do not count: they go too.
    """
    readable = dataset_for(Actor(user), hub.registry, hub.removals.hidden())
    found = referring_top_levels(hub.catalog, readable, names) - set(removed)
    here = Dataset((graph,))
    linked = found if len(found) < len(removed) else found.intersection(links_to(hub.store, here, removed))
    targets = {iri_term(iri) for iri in removed}
    for top, triples in read_top_levels(hub.store, here, sorted(linked)).items():
        kept = [t for t in triples if t[1] not in _LINKS or t[2] not in targets]
        if names.isdisjoint(references(kept)):
            found.discard(top)
    return found


# --- replacing --------------------------------------------------------------------------------------------------------


def check_replaceable(hub: Hub, actor: Actor, ref: ObjectRef) -> None:
    """Do what is left of `/replace`, a helper of submit modes 1 and 3: say whether the actor might. Changes nothing.

    Raises NotAuthenticated, Forbidden, NotFound.
    """
    locate_owned(hub, actor, ref, Forbidden(_NOT_TO_REPLACE))
