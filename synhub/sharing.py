"""Letting others in: share links for whoever holds them, and further owners.

A link opens one top level, and of a collection the members in its own namespace. Its secret is 160 random bits found
through an index: how long that takes tells nothing that helps to guess one. Who reads through it reads objects, never
search or SPARQL. An owner is named by sbh:ownedBy; a row of synhub.sqlite lets a co-owner read by the plain path.
Knows no HTTP.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from synhub.errors import BadRequest, Conflict, NotAuthenticated, NotFound, SynhubError
from synhub.hub import Hub
from synhub.identity import ObjectRef
from synhub.model import Actor, ChangeSet, Dataset, Hit, TopLevelChange, User
from synhub.objects import Located
from synhub.ownership import is_owner, locate_owned
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, is_iri
from synhub.sbol.closure import references
from synhub.store.catalog.conditions import is_one_of
from synhub.store.catalog.search import View
from synhub.store.changes import pack
from synhub.store.journal import Job
from synhub.store.shares import ShareLink, add_co_owner, add_co_owners, delete_grants, put_link
from synhub.store.shares import make_link as new_link
from synhub.store.top_levels import batches, read_top_levels, versions_of
from synhub.store.work import JobFuture, Planned
from synhub.submit.planner import read_stored
from synhub.vocab import RDF, SBH, SBOL2

NO_LINK = "Not authorized to get a share link for this object"
NO_ADDING = "not authorized to add an owner"
NO_REMOVING = "Not authorized to remove an owner"

LONGEST_DAYS = 3650
MOST_LINKS = 100  # live ones of one object

_OWNED_BY = iri_term(SBH.ownedBy)
_MEMBER = iri_term(SBOL2.member)
_IS_COLLECTION = (iri_term(RDF.type), iri_term(SBOL2.Collection))


# --- share links ------------------------------------------------------------------------------------------------------


def link_iri(link: ShareLink) -> str:
    """Return the address that is given away."""
    return f"{link.top_level}/{link.secret}/share"


def find_link(hub: Hub, actor: Actor, ref: ObjectRef, days: int | None) -> ShareLink | None:
    """Return the newest link to an object that the caller has made for that many days and that has half of them left.

    `days` None means the setting. Raises what `links` raises.
    """
    user, located = _owned(hub, actor, ref, NotAuthenticated(NO_LINK))
    return _good_link(hub, located.top_level, user, _life(hub, days))


def _good_link(hub: Hub, top_level: Iri, user: User, life: timedelta) -> ShareLink | None:
    half_way = (datetime.now(UTC) + life / 2).isoformat()
    own = [link for link in hub.shares.links_on(top_level) if link.username == user.username and not link.moved]
    return next((link for link in reversed(own) if _life_of(link) == life and link.expires > half_way), None)


def make_link(hub: Hub, actor: Actor, ref: ObjectRef, days: int | None) -> JobFuture:
    """Start making a link to the top level of an object, unless one is there that `find_link` returns.

    A job of its own: between the look at the owners and the new row nothing else can remove or publish the object.
    Raises BadRequest where there are too many; what `links` raises.
    """
    refusal = NotAuthenticated(NO_LINK)
    user, located = _owned(hub, actor, ref, refusal)
    life = _life(hub, days)

    def plan(_: Job) -> Planned:
        _read_owned(hub, user, located, refusal)
        if _good_link(hub, located.top_level, user, life) is not None:
            return Planned((), {})
        if len(hub.shares.links_on(located.top_level)) >= MOST_LINKS:
            raise BadRequest(
                f"{located.top_level} has {MOST_LINKS} live share links; revoke some of them first"
                " (DELETE …/shareLinks)"
            )
        link = new_link(located.graph, located.top_level, user.username, life)
        return Planned((), {}, commits=(functools.partial(put_link, link=link),))

    namespace = hub.registry.namespace_of(located.top_level)
    assert namespace is not None
    return hub.edits.start(user, "shareLink", [namespace.iri], plan)


def links(hub: Hub, actor: Actor, ref: ObjectRef) -> list[ShareLink]:
    """Return the live links to the top level of an object, whoever of its owners made them.

    Raises NotAuthenticated for who does not own it, NotFound for a public object and for what is not there.
    """
    _, located = _owned(hub, actor, ref, NotAuthenticated(NO_LINK))
    return hub.shares.links_on(located.top_level)


def revoke_links(hub: Hub, actor: Actor, ref: ObjectRef, link_id: str | None) -> int:
    """Revoke one link to an object, or all of them; return how many. Raises what `links` raises."""
    return _revoke(hub, links(hub, actor, ref), link_id)


def revoke_own_links(hub: Hub, user: User, link_id: str | None) -> int:
    """Revoke one link that the user has made, or all of them; return how many. Raises NotFound."""
    return _revoke(hub, hub.shares.links_by(user.username), link_id)


def _revoke(hub: Hub, among: Iterable[ShareLink], link_id: str | None) -> int:
    ids = [link.id for link in among if link_id in (None, link.id)]
    if link_id is not None and not ids:
        raise NotFound(f"there is no share link {link_id}")
    return hub.shares.delete_links(ids)


def _owned(hub: Hub, actor: Actor, ref: ObjectRef, refusal: SynhubError) -> tuple[User, Located]:
    if ref.owner is None:
        raise NotFound(f"{ref.iri(hub.registry)}/shareLink not found")  # the classic words; nothing needs sharing there
    return locate_owned(hub, actor, ref, refusal)


def _life(hub: Hub, days: int | None) -> timedelta:
    return timedelta(days=hub.settings.share_days if days is None else days)


def _life_of(link: ShareLink) -> timedelta:
    return datetime.fromisoformat(link.expires) - datetime.fromisoformat(link.created)


# --- what is shared with a user ---------------------------------------------------------------------------------------


def shared_with(hub: Hub, user: User) -> list[Hit]:
    """Return what others have made the user a co-owner of, as far as it still exists, by graph and IRI."""
    by_graph: dict[Iri, list[Iri]] = {}
    for grant in sorted(hub.shares.shared_with(user.username), key=lambda g: (g.graph, g.top_level)):
        if grant.listed and not grant.moved:
            by_graph.setdefault(grant.graph, []).append(grant.top_level)
    found: list[Hit] = []
    for graph, iris in by_graph.items():
        view = View(hub.catalog, Dataset((graph,), (), hub.removals.hidden()))
        found += sorted(view.hits(view.ids([is_one_of("shared", iris)])), key=lambda hit: hit.uri)
    return found


# --- owners -----------------------------------------------------------------------------------------------------------

Edit = Callable[[Iri, Sequence[Triple]], tuple[list[Triple], list[Triple]]]  # of a top level: what goes, what comes


def require_owner(hub: Hub, actor: Actor, ref: ObjectRef) -> Located:
    """Return an object that the actor may give further owners. Raises as `add_owner`."""
    return locate_owned(hub, actor, ref, BadRequest(NO_ADDING))[1]


def add_owner(hub: Hub, actor: Actor, ref: ObjectRef, given: str) -> JobFuture:
    """Make a user (IRI, user name or e-mail address) an owner of an object; of a collection, with its members.

    With them goes what they refer to: sequences, definitions, attachments. Of all that only what lies in the object's
    own namespace and belongs to the caller. Raises BadRequest for who does not own
    the object, and for an unknown or disabled account; NotAuthenticated, NotFound.
    """
    refusal = BadRequest(NO_ADDING)
    user, located = locate_owned(hub, actor, ref, refusal)
    new = _account(hub, given, enabled=True)
    own, added = _owner_term(hub, user.username), _owner_term(hub, new.username)

    def edit(_: Iri, stored: Sequence[Triple]) -> tuple[list[Triple], list[Triple]]:
        wanted = [(s, p, added) for s, p, o in stored if p == _OWNED_BY and o == own]
        return [], [t for t in wanted if t not in stored]

    def plan(job: Job) -> Planned:
        stored = _read_owned(hub, user, located, refusal)
        reads_anyway = located.graph in (hub.registry.public_graph, hub.registry.user_graph(new.username))
        changed = _Changed()
        members = _members(hub, located, stored)
        opened: dict[str, Any] = {"username": new.username, "graph": located.graph, "created": job.created}
        grants = (
            functools.partial(add_co_owner, top_level=located.top_level, **opened),
            functools.partial(add_co_owners, top_levels=changed.without({located.top_level, *members}), **opened),
        )
        steps = _steps(hub, located, stored, edit, changed)
        return Planned(steps, changed.report, reads=(located.graph,), commits=() if reads_anyway else grants)

    return _start(hub, user, "addOwner", located, plan)


def remove_owner(hub: Hub, actor: Actor, ref: ObjectRef, given: str) -> JobFuture:
    """The inverse of `add_owner`, by any owner; with the owner go the share links that he or she has made.

    A member that nobody else owns stays with its owner. Raises NotAuthenticated for who does not own the object,
    Conflict for the last owner and for the user in whose graph the object lies, BadRequest for an unknown user,
    NotFound.
    """
    refusal = NotAuthenticated(NO_REMOVING)
    user, located = locate_owned(hub, actor, ref, refusal)
    leaving = _account(hub, given)
    removed = _owner_term(hub, leaving.username)

    def edit(top_level: Iri, stored: Sequence[Triple]) -> tuple[list[Triple], list[Triple]]:
        owners = _owners(top_level, stored)
        if _owner_term(hub, user.username) not in owners or owners <= {removed}:
            return [], []
        return [t for t in stored if t[1] == _OWNED_BY and t[2] == removed], []

    def plan(_: Job) -> Planned:
        stored = _read_owned(hub, user, located, refusal)
        if located.graph == hub.registry.user_graph(leaving.username):
            raise Conflict(f"{located.top_level} lies in the graph of {leaving.username}, who stays an owner of it")
        if _owners(located.top_level, stored) == {removed}:
            raise Conflict(
                f"{leaving.username} is the last owner of {located.top_level}, and nobody could change it any more;"
                " add another owner first"
            )
        changed = _Changed()
        grants = functools.partial(delete_grants, username=leaving.username, top_levels=changed.iris)
        steps = _steps(hub, located, stored, edit, changed)
        return Planned(steps, changed.report, reads=(located.graph,), commits=(grants,))

    return _start(hub, user, "removeOwner", located, plan)


def _account(hub: Hub, given: str, *, enabled: bool = False) -> User:
    """Find who is meant by `<prefix>user/<name>`, a user name or an e-mail address.

    Raises BadRequest for an unknown account, with `enabled` for a disabled one as well.
    """
    name = given.removeprefix(hub.registry.user_graph(""))
    user = hub.accounts.find_by_login(name) if name else None
    if user is None or (enabled and user.disabled):
        raise BadRequest(f"user {name.rpartition('/')[2]} not recognized")
    return user


def _owner_term(hub: Hub, username: str) -> Term:
    return iri_term(hub.registry.user_graph(username))


def _owners(top_level: Iri, stored: Iterable[Triple]) -> set[Term]:
    return {o for s, p, o in stored if p == _OWNED_BY and s == iri_term(top_level)}


def _read_owned(hub: Hub, user: User, located: Located, refusal: SynhubError) -> list[Triple]:
    """Read a top level afresh. Raises NotFound when it is gone, `refusal` when the user owns it no more."""
    here = Dataset((located.graph,), (), hub.removals.hidden())
    stored = read_stored(hub.store, here, [located.top_level]).get(located.top_level, [])
    if not stored:
        raise NotFound(f"{located.iri} not found")
    if not is_owner(hub.registry, user, stored, located.top_level):
        raise refusal
    return stored


@dataclass(slots=True)
class _Changed:
    """The top levels that a plan changes, known when its steps have been taken."""

    iris: list[Iri] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=lambda: {"changed": 0})

    def without(self, opened: Set[Iri]) -> Iterator[Iri]:
        """Yield, once all is known, what comes along and is not opened already."""
        yield from (iri for iri in self.iris if iri not in opened)


def _steps(hub: Hub, located: Located, stored: Sequence[Triple], edit: Edit, changed: _Changed) -> Iterator[ChangeSet]:
    """Yield the steps that do what `edit` says to the object, and to the members of a collection in its namespace."""

    def changes() -> Iterator[TopLevelChange]:
        for top_level, triples in _objects(hub, located, stored):
            removes, adds = edit(top_level, triples)
            if removes or adds:
                changed.iris.append(top_level)
                changed.report["changed"] += 1
                yield TopLevelChange(located.graph, top_level, removes, adds)

    return pack(changes(), hub.settings.step_quads)


def _objects(hub: Hub, located: Located, stored: Sequence[Triple]) -> Iterator[tuple[Iri, Sequence[Triple]]]:
    """Yield an object, of a collection its members, and what any of them refers to; all of one namespace.

    Collections that are only referred to are left out: nobody asked to open what they hold.
    """
    yield located.top_level, stored
    seen = {located.top_level}
    referred = _referred(hub, located, stored)
    for top, triples in _read_unseen(hub, located.graph, _members(hub, located, stored), seen):
        yield top, triples
        referred += _referred(hub, located, triples)
    while referred:
        wanted, referred = referred, []
        for top, triples in _read_unseen(hub, located.graph, wanted, seen):
            if (iri_term(top), *_IS_COLLECTION) not in triples:
                yield top, triples
                referred += _referred(hub, located, triples)


def _read_unseen(hub: Hub, graph: Iri, iris: Iterable[Iri], seen: set[Iri]) -> Iterator[tuple[Iri, list[Triple]]]:
    """Yield the stored top levels among the IRIs that have not been seen, and note that they have."""
    for batch in batches([iri for iri in dict.fromkeys(iris) if iri not in seen]):
        seen.update(batch)
        yield from read_top_levels(hub.store, Dataset((graph,)), batch).items()


def _referred(hub: Hub, located: Located, triples: Sequence[Triple]) -> list[Iri]:
    return _in_namespace(hub, located, references(t for t in triples if t[1] != _MEMBER))


def _members(hub: Hub, located: Located, stored: Sequence[Triple]) -> list[Iri]:
    """Return what a collection has as members in its namespace."""
    members = _in_namespace(hub, located, (iri_of(o) for _, p, o in stored if p == _MEMBER and is_iri(o)))
    return [member for member in members if member != located.top_level]


def _in_namespace(hub: Hub, located: Located, iris: Iterable[Iri]) -> list[Iri]:
    """Return those IRIs that lie in the namespace of an object, and all versions of what is named without one."""
    namespace = hub.registry.namespace_of(located.top_level)
    assert namespace is not None
    found: dict[Iri, None] = {}
    for iri in iris:
        ref = ObjectRef.of_iri(iri, hub.registry) if iri.startswith(namespace.iri) else None
        if ref is not None:
            found[iri] = None
            if ref.version is None:
                found |= dict.fromkeys(versions_of(hub.store, located.graph, iri))
    return list(found)


def _start(hub: Hub, user: User, action: str, located: Located, plan: Callable[[Job], Planned]) -> JobFuture:
    namespace = hub.registry.namespace_of(located.top_level)
    assert namespace is not None
    return hub.edits.start(user, action, [namespace.iri], plan, ahead=located.is_collection)
