"""Who may read and who may change what: grants of share links and co-owners become Actors, owners are checked.

An administrator has no more rights here than any user. Knows no HTTP.
"""

from collections.abc import Iterable

from synhub.errors import NotAuthenticated, NotFound, SynhubError
from synhub.hub import Hub
from synhub.identity import ObjectRef, Registry
from synhub.model import Actor, Dataset, Single, User
from synhub.objects import Located, locate
from synhub.rdf import Iri, Triple, iri_of, iri_term
from synhub.sparql import template
from synhub.store.shares import CoOwner, ShareLink, Shares
from synhub.vocab import SBH

_OWNED_BY = iri_term(SBH.ownedBy)


def _single(grant: CoOwner | ShareLink) -> Single:
    """What a grant opens: the top level, and of a collection its members in its own namespace."""
    return Single(grant.graph, grant.top_level, members=True, moved=grant.moved)


def actor_of_user(shares: Shares, user: User, *, by_cookie: bool = False) -> Actor:
    """Return a user with what others share with them."""
    return Actor(user, tuple(_single(grant) for grant in shares.shared_with(user.username)), by_cookie=by_cookie)


def actor_with_link(hub: Hub, actor: Actor, secret: str, ref: ObjectRef) -> Actor:
    """Return the actor with what a share link opens; a link that does not lead to that graph closes everything but the
    public graph, so that it is answered like one that does not exist."""
    link = hub.shares.find_link(secret)
    if link is None or link.graph != hub.registry.graph(ref.owner):
        return Actor(actor.user, (), whole_graph=False, by_cookie=actor.by_cookie)
    return Actor(actor.user, (*actor.shared, _single(link)), by_cookie=actor.by_cookie)


def owners_of(hub: Hub, located: Located) -> set[Iri]:
    rows = hub.store.select(template.bind("owners", object=located.top_level), Dataset((located.graph,)))
    return {iri_of(owner) for (owner,) in rows if owner is not None and owner.startswith("<")}


def is_owner(registry: Registry, user: User, triples: Iterable[Triple], top_level: Iri) -> bool:
    """Say whether stored triples of a top level name the user as an owner of it."""
    return (iri_term(top_level), _OWNED_BY, iri_term(registry.user_graph(user.username))) in set(triples)


def locate_owned(hub: Hub, actor: Actor, ref: ObjectRef, refusal: SynhubError) -> tuple[User, Located]:
    """Find an object that the actor may change.

    Raises NotAuthenticated for an anonymous caller, NotFound for what is not there in one's own namespace or in the
    public graph, and `refusal` for everything else, so that a stranger cannot tell what exists.
    """
    if actor.user is None:
        raise NotAuthenticated
    try:
        located = locate(hub, actor, ref)
    except NotFound:
        if ref.owner is None or (ref.owner == actor.user.username and actor.whole_graph):
            raise
        raise refusal from None
    if hub.registry.user_graph(actor.user.username) not in owners_of(hub, located):
        raise refusal
    return actor.user, located
