"""Members of collections: taking one out, putting one in, making a collection of what a search finds.

Each is one job. Knows no HTTP.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from synhub.errors import BadRequest, Conflict, FieldErrors, Forbidden, NotAuthenticated, NotFound
from synhub.hub import Hub
from synhub.identity import Namespace, ObjectRef, Registry, is_version, parse_object, version_key
from synhub.model import Actor, Dataset, Finding, TopLevelChange, User
from synhub.objects import Located, locate
from synhub.ownership import is_owner, locate_owned
from synhub.permissions import dataset_for
from synhub.rdf import Iri, Triple, check_iri, iri_of, iri_term, is_iri, literal_term
from synhub.removal import Refusal, locate_removable, note_override, read_again
from synhub.search import service
from synhub.search.ast import HasValue, SearchQuery
from synhub.search.form import parse_search_form
from synhub.store.changes import pack
from synhub.store.journal import Job
from synhub.store.top_levels import links_to, members_among, top_levels_named
from synhub.store.work import JobFuture, Planned
from synhub.submit.intake import NO_DESCRIPTION, NO_NAME, id_errors
from synhub.submit.outcome import Outcome
from synhub.submit.plan import (
    OverwriteMerge,
    Submission,
    SubmitRequest,
    find_ancestors,
    is_submission_root,
    plan_new_collection,
    with_links,
)
from synhub.submit.planner import read_stored
from synhub.vocab import DCTERMS, RDF, SBOL2

MEMBER = Refusal(
    "Not authorized to remove a member of this collection", "Removing membership in public collections is not allowed"
)
NOT_TO_ADD = "Not authorized to add to this collection"
SELF = "Cannot make a collection a member of itself"
IN_USE = "Collection id and version already in use"
MOST_MEMBERS = 10_000  # of a collection made from a search

_MEMBER = iri_term(SBOL2.member)
_COLLECTIONS = HasValue(RDF.type, (iri_term(SBOL2.Collection),))


def _planned(hub: Hub, change: TopLevelChange, notes: Sequence[Finding] = ()) -> Planned:
    steps = pack([change] if change.size else [], hub.settings.step_quads)
    report = {"added": len(change.adds), "removed": len(change.removes)}
    return Planned(steps, {"findings": [note.as_json() for note in notes]} | report)


def _namespace(hub: Hub, iri: Iri) -> Namespace:
    namespace = hub.registry.namespace_of(iri)
    assert namespace is not None
    return namespace


# --- out of a collection ----------------------------------------------------------------------------------------------


def remove_member(hub: Hub, actor: Actor, ref: ObjectRef, member: str) -> JobFuture:
    """Start taking a member out of a collection: an IRI, or a path of this server. What is no member is no error.

    A membership that names the object without its version goes too. Raises NotAuthenticated, Forbidden, NotFound, and
    BadRequest for what is no collection and no member.
    """
    user, located = locate_removable(hub, actor, ref, MEMBER)
    _check_collection(located)
    iri = _parse_member(member, hub.registry)

    def plan(_: Job) -> Planned:
        triples = read_again(hub, user, located, MEMBER, members=not is_version(iri.rpartition("/")[2]))
        forms = sorted(_forms(iri, triples, hub.registry))
        links = members_among(hub.store, Dataset((located.graph,)), located.iri, forms)
        return _planned(hub, TopLevelChange(located.graph, located.iri, links, ()))

    options = {"object": located.iri, "member": iri}
    future = hub.edits.start(user, "removeMembership", [_namespace(hub, located.iri).iri], plan, options=options)
    note_override(hub, user, located, f"took {iri} out of", future)
    return future


def _check_collection(located: Located) -> None:
    if not (located.is_top_level and located.is_collection):
        raise BadRequest(f"{located.iri} is no collection")


def _parse_member(text: str, registry: Registry) -> Iri:
    given = text.strip()
    if not given:
        raise BadRequest("member is missing: give the IRI of the member to remove, or its path")
    if given.startswith(("/public/", "/user/")):
        return parse_object(given, registry).iri(registry)
    return check_iri(given)


def _forms(member: Iri, triples: Iterable[Triple], registry: Registry) -> set[Iri]:
    """Return the IRIs that a collection may name a member by; without a version it is the latest of those it has."""
    ref = ObjectRef.of_iri(member, registry)
    if ref is None:
        return {member}
    identity = ref.persistent_identity(registry)
    if ref.version is not None:
        return {member, identity}
    named = (ObjectRef.of_iri(iri_of(o), registry) for _, p, o in triples if p == _MEMBER and is_iri(o))
    versions = [n.version for n in named if n and n.version and n.persistent_identity(registry) == identity]
    latest = max(versions, key=version_key, default=None)
    return {member} if latest is None else {member, replace(ref, version=latest).iri(registry)}


# --- into a collection ------------------------------------------------------------------------------------------------


def add_to_collection(hub: Hub, actor: Actor, ref: ObjectRef, target: str) -> JobFuture:
    """Start making an object a member of a collection that the actor owns. What is a member already is no error.

    Raises NotAuthenticated; Forbidden for a collection of somebody else, whether it exists or not; NotFound for a
    member that is not to be read; BadRequest for the collection itself, for one that has it as a member, and for a
    private object where others could not read it.
    """
    if actor.user is None:
        raise NotAuthenticated
    if not target.strip():
        raise BadRequest("collections is missing: give the IRI of the collection to add to")
    refusal = Forbidden(NOT_TO_ADD)
    try:
        user, collection = locate_owned(hub, actor, parse_object(target, hub.registry), refusal)
    except NotFound:
        raise refusal from None
    _check_collection(collection)
    member = locate(hub, actor, ref)
    _check_member(hub, user, member, collection)
    return hub.edits.start(
        user,
        "addToCollection",
        [_namespace(hub, collection.iri).iri],
        lambda _: _plan_addition(hub, user, member, collection),
        options={"object": member.iri, "collection": collection.iri},
    )


def _check_member(hub: Hub, user: User, member: Located, collection: Located) -> None:
    if member.iri == collection.iri:
        raise BadRequest(SELF)
    if not member.is_top_level:
        raise BadRequest(f"{member.iri} is part of {member.top_level}: add that")
    own = hub.registry.user_graph(user.username)
    if member.graph not in (hub.registry.public_graph, collection.graph) and collection.graph != own:
        raise BadRequest(
            f"{member.iri} is private: others who read {collection.iri} could not read it. Make it public first, then"
            " add the public object"
        )


def _plan_addition(hub: Hub, user: User, member: Located, collection: Located) -> Planned:
    stored = read_again(hub, user, collection, Refusal(NOT_TO_ADD, NOT_TO_ADD), members=False)
    if not is_owner(hub.registry, user, stored, collection.iri):
        raise Forbidden(NOT_TO_ADD)
    hidden = hub.removals.hidden()
    if not read_stored(hub.store, Dataset((member.graph,), (), hidden), [member.iri]):
        raise NotFound(f"{member.iri} not found")
    around = Dataset(
        tuple(dict.fromkeys((*dataset_for(Actor(user), hub.registry).graphs, collection.graph, member.graph))),
        (),
        hidden,
    )
    if member.iri in find_ancestors(collection.iri, lambda iris: _holders(hub, around, iris)):
        raise BadRequest(
            f"{member.iri} has {collection.iri} as a member, directly or not, and cannot become a member of it"
        )
    stored += members_among(hub.store, Dataset((collection.graph,)), collection.iri, [member.iri])
    return _planned(hub, with_links(TopLevelChange(collection.graph, collection.iri, (), ()), stored, [member.iri]))


def _holders(hub: Hub, around: Dataset, iris: Sequence[Iri]) -> Iterator[Iri]:
    """Yield the collections that have one of the IRIs as a member, less those being removed."""
    gone = {top for _, top in around.hidden}
    for holder, links in links_to(hub.store, around, iris).items():
        if holder not in gone and any(predicate == _MEMBER for _, predicate, _ in links):
            yield holder


# --- a collection of what a search finds ------------------------------------------------------------------------------


def create_collection(hub: Hub, actor: Actor, fields: Mapping[str, str]) -> JobFuture:
    """Start making a private collection `<metaId>_collection/<metaVersion>` of what the search fields find.

    Root collections of the user's submissions do not become members unless `objectType` asks for collections: they
    would leave the list of roots. Raises NotAuthenticated, FieldErrors, BadRequest for a search that cannot be read or
    that finds more than MOST_MEMBERS; the future carries Conflict for an id in use.
    """
    user = actor.user
    if user is None:
        raise NotAuthenticated
    form = _check_form(fields, hub.registry, user)
    members, notes = _find_members(hub, hub.dataset(actor), user, fields)

    def plan(job: Job) -> Planned:
        own = Dataset((form.namespace.graph,), (), hub.removals.hidden())
        if read_stored(hub.store, own, [form.collection]):
            raise Conflict(IN_USE)
        submission = Submission(form, user.name, hub.registry.user_graph(user.username), job.created)
        change = plan_new_collection(submission, None, (), Outcome())
        return _planned(hub, with_links(change, (), _still_there(hub, user, members)), notes)

    options = {"collection": form.collection}
    return hub.edits.start(user, "createCollection", [form.namespace.iri], plan, options=options)


def _check_form(fields: Mapping[str, str], registry: Registry, user: User) -> SubmitRequest:
    collection_id, version = fields.get("metaId", ""), fields.get("metaVersion", "")
    name, description = fields.get("metaName", ""), fields.get("metaDescription", "")
    errors = id_errors({"id": collection_id, "version": version})
    errors += [words for value, words in ((name, NO_NAME), (description, NO_DESCRIPTION)) if not value]
    if errors:
        raise FieldErrors([words.replace("your submission", "your collection") for words in errors])
    namespace = registry.namespace(user.username, collection_id)
    collection = namespace.collection_iri(version)
    return SubmitRequest(OverwriteMerge.NEW, namespace, collection, version, name, description, (), ())


def _find_members(hub: Hub, dataset: Dataset, user: User, fields: Mapping[str, str]) -> tuple[list[Iri], list[Finding]]:
    """Return what the search fields find, less the user's root collections, about which there is a note each."""
    query = parse_search_form(fields, lambda name: named_collection(hub, dataset, name))
    page = service.search(hub.catalog, hub.store, dataset, query, 0, MOST_MEMBERS)
    if page.total > MOST_MEMBERS:
        raise BadRequest(
            f"the search finds {page.total} objects; a collection can be made of {MOST_MEMBERS}: narrow the search"
        )
    found = [hit.uri for hit in page.hits]
    if _COLLECTIONS in query.criteria:
        return found, []
    beginning = hub.registry.user_graph(user.username) + "/"
    roots = {iri for iri in found if iri.startswith(beginning) and is_submission_root(iri, hub.registry)}
    words = "the root collection of a submission; not made a member"
    notes = [Finding("synhub-root", "note", root, words) for root in sorted(roots)]
    return [iri for iri in found if iri not in roots], notes


def named_collection(hub: Hub, dataset: Dataset, name: str) -> Iri:
    """Return the collection of that name in the dataset. Raises BadRequest when there is none, and for several."""
    query = SearchQuery((_COLLECTIONS, HasValue(DCTERMS.title, (literal_term(name),))))
    page = service.search(hub.catalog, hub.store, dataset, query, 0, 2)
    if page.total == 1:
        return page.hits[0].uri
    reason = "there is no collection of that name" if not page.total else f"{page.total} collections have that name"
    raise BadRequest(f"collections names {name!r}: {reason}; give its IRI")


def _still_there(hub: Hub, user: User, members: Sequence[Iri]) -> list[Iri]:
    """Leave out what has been removed since it was found."""
    dataset = dataset_for(Actor(user), hub.registry, hub.removals.hidden())
    gone = {top for _, top in dataset.hidden}
    found = top_levels_named(hub.store, dataset, members)
    return [m for m in members if m in found and m not in gone]
