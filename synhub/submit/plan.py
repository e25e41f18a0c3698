"""What a submission changes: prepared objects and stored ones in, changes of top levels out.

Pure: what is stored comes in as values, read by submit/service.py. Decides keep, copy, merge, replace or refuse;
never mints. An upload's triples and stored triples are compared as the engine normalised them, without stamps.

Source: design of submit modes: SynBioHub's `overwrite_merge` 0 to 3.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from synhub.identity import COLLECTION_SUFFIX, Namespace, Registry, version_key
from synhub.model import Finding, TopLevelChange
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, is_iri, literal_term
from synhub.submit.outcome import Outcome
from synhub.submit.prepared import PreparedObject
from synhub.vocab import DC, DCTERMS, OBO, PROV, RDF, SBH, SBOL2, SERVER_ADDED, STAMPS

TERMINATED = (
    "Submission terminated.\nA submission with this id already exists, and it includes an object: {iri} that is"
    " already in this repository and has different content"
)
NOT_REPLACED = (
    "\nIt is not replaced with the collection, as another collection holds it or this one does not: submit with"
    " overwrite_merge=3, or take it out of the other one"
)

_MEMBER = iri_term(SBOL2.member)
_ATTACHMENT = iri_term(SBOL2.attachment)
_OWNED_BY = iri_term(SBH.ownedBy)
_TOP_LEVEL = iri_term(SBH.topLevel)
_DERIVED = iri_term(PROV.wasDerivedFrom)
_CITATION = iri_term(OBO.OBI_0001617)
_CREATOR = iri_term(DC.creator)
_PERSISTENT_IDENTITY = iri_term(SBOL2.persistentIdentity)
# The texts of a collection: the form says them when it is made, and they stay when something is added to it.
_TEXTS = frozenset({iri_term(DCTERMS.title), iri_term(DCTERMS.description)})


class OverwriteMerge(IntEnum):
    """The form field `overwrite_merge`."""

    NEW = 0
    REPLACE = 1
    MERGE = 2
    MERGE_REPLACE = 3

    @property
    def makes_collection(self) -> bool:
        return self < OverwriteMerge.MERGE


@dataclass(frozen=True, slots=True)
class SubmitRequest:
    """A checked form. `collection` is the root collection's IRI, versioned; `add_to` are further collections.

    `sequence_only` makes only a Sequence of each record of FASTA.
    """

    mode: OverwriteMerge
    namespace: Namespace
    collection: Iri
    version: str
    name: str
    description: str
    citations: tuple[str, ...]
    add_to: tuple[Iri, ...]
    sequence_only: bool = False


@dataclass(frozen=True, slots=True)
class Submission:
    """A form with who sent it and when: the user's full name and IRI, and an ISO instant."""

    form: SubmitRequest
    creator: str
    owner: Iri
    created: str


def is_equal(uploaded: Collection[Triple], stored: Collection[Triple]) -> bool:
    """Say whether everything uploaded is stored, and everything else stored was added by the server."""
    said = {t for t in uploaded if t[1] not in STAMPS}
    there = set(stored)
    return said <= there and all(p in SERVER_ADDED for _, p, _ in there - said)


# --- objects that belong to this registry already, outside the target namespace ---------------------------------------


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`kept` are originals that stay where they are, `copied` says of the others why; `there` are those of both that
    the caller can read; `back` maps minted IRIs to what references shall say instead; `originals` maps every minted IRI
    of an object from elsewhere to its original."""

    there: frozenset[Iri]
    kept: frozenset[Iri]
    copied: Mapping[Iri, str]
    back: Mapping[Term, Term]
    originals: Mapping[Term, Term]


def decide_elsewhere(objects: Sequence[PreparedObject], stored: Mapping[Iri, Sequence[Triple]]) -> Elsewhere:
    """Keep what is equal to what is stored, copy what differs and whatever refers to a copy, until nothing changes.

    `stored` holds what the caller can read. A persistent identity that several versions share goes where the latest
    of them goes, since that is what a reference without a version means.
    """
    latest_last = sorted(objects, key=lambda o: (version_key(o.minted.rpartition("/")[2]), o.original))
    home: dict[Term, Iri] = {}  # an original subject or persistent identity -> the object it belongs to
    for item in latest_last:
        home.update({iri_term(original): item.original for original in item.renames.values()})
    copied: dict[Iri, str] = {}
    for item in objects:
        there = stored.get(item.original)
        if not there:
            copied[item.original] = "there is no such object that you can read"
        elif not is_equal(item.original_triples, there):
            copied[item.original] = "it differs from what is stored"
    referrers: dict[Iri, set[Iri]] = {}
    for item in objects:
        for s, p, o in item.original_triples:
            target = None if p == _PERSISTENT_IDENTITY else home.get(o)
            if target is not None and target != item.original and s != o:
                referrers.setdefault(target, set()).add(item.original)
    pending = list(copied)
    while pending:
        for referrer in referrers.get(pending.pop(), ()):
            if referrer not in copied:
                copied[referrer] = "it refers to an object that is copied"
                pending.append(referrer)
    originals = {iri_term(m): iri_term(o) for item in objects for m, o in item.renames.items()}
    owners = {iri_term(m): item.original for item in latest_last for m in item.renames}
    back = {m: originals[m] for m, owner in owners.items() if owner not in copied}
    readable = frozenset(iri for iri, triples in stored.items() if triples)
    return Elsewhere(readable, frozenset(o.original for o in objects) - copied.keys(), copied, back, originals)


def final_triples(item: PreparedObject, elsewhere: Elsewhere) -> list[Triple]:
    """Return the object's triples with references to kept objects pointing at the originals.

    A copy says what it was copied from, and its own wasDerivedFrom stays as uploaded. A persistent identity is an
    object's own, not a reference: a copy has its own even where it means a kept version to others.
    """
    triples = item.triples
    if item.origin == "elsewhere":
        original = elsewhere.originals
        triples = [(s, p, original.get(o, o)) if p == _DERIVED else (s, p, o) for s, p, o in triples]
        triples.append((iri_term(item.minted), _DERIVED, iri_term(item.original)))
    if not elsewhere.back:
        return triples
    back = elsewhere.back
    return [(s, p, o if p == _PERSISTENT_IDENTITY else back.get(o, o)) for s, p, o in triples]


def without_kept(findings: Iterable[Finding], elsewhere: Elsewhere) -> list[Finding]:
    """Leave out what minting said about the new names of objects that are kept where they are."""
    kept = set(elsewhere.back.values())
    return [f for f in findings if f.rule != "synhub-renamed" or iri_term(Iri(f.subject)) not in kept]


# --- stamps -----------------------------------------------------------------------------------------------------------


def stamps(top_level: Iri, identified: Iterable[Iri], nested: Iterable[Iri], owners: Sequence[Term]) -> list[Triple]:
    """Return sbh:topLevel for every subject, and sbh:ownedBy for the identified ones."""
    top = iri_term(top_level)
    made: list[Triple] = []
    for iri in identified:
        subject = iri_term(iri)
        made.append((subject, _TOP_LEVEL, top))
        made.extend((subject, _OWNED_BY, owner) for owner in owners)
    made.extend((iri_term(iri), _TOP_LEVEL, top) for iri in nested)
    return made


def _citations(subjects: Iterable[Iri], submission: Submission) -> list[Triple]:
    values = [literal_term(c) for c in submission.form.citations]
    return [(iri_term(s), _CITATION, value) for s in subjects for value in values]


# --- one object -------------------------------------------------------------------------------------------------------


def plan_object(
    item: PreparedObject,
    stored: Sequence[Triple],
    *,
    disappears: bool,
    submission: Submission,
    outcome: Outcome,
) -> TopLevelChange | None:
    """Decide about one uploaded object; None when it is kept as it is stored, or refused.

    `stored` is what lies at its minted IRI, empty where nothing does; `disappears` says that the submission
    replaces the old collection and this object with it. Raises Conflict.
    """
    graph = submission.form.namespace.graph
    if stored and not disappears:
        if is_equal(item.triples, stored):
            outcome.decide(item.minted, "kept")
            outcome.note("synhub-kept", item.minted, "equal to what is stored; kept as it is")
            return None
        if submission.form.mode is not OverwriteMerge.MERGE_REPLACE:
            more = NOT_REPLACED if submission.form.mode is OverwriteMerge.REPLACE else ""
            outcome.refuse(item.minted, TERMINATED.format(iri=item.minted) + more)
            return None
        outcome.decide(item.minted, "replaced")
        outcome.note("synhub-replaced", item.minted, "differs from what was stored; replaced")
        return TopLevelChange(graph, item.minted, stored, _replacement(item, stored, submission))
    outcome.decide(item.minted, "created")
    new = [
        *item.triples,
        *stamps(item.minted, item.identified, item.nested, [iri_term(submission.owner)]),
        *_citations(item.identified, submission),
    ]
    return TopLevelChange(graph, item.minted, stored, list(dict.fromkeys(new)))


def _replacement(item: PreparedObject, stored: Sequence[Triple], submission: Submission) -> list[Triple]:
    """What the upload says, and what the server added unless the upload has values for that predicate."""
    subjects = {iri_term(iri) for iri in (*item.identified, *item.nested)}
    said = {(s, p) for s, p, _ in item.triples}
    survives = [t for t in stored if t[1] in SERVER_ADDED and t[0] in subjects and t[:2] not in said]
    old = {s for s, _, _ in stored}
    owners = sorted({o for s, p, o in stored if p == _OWNED_BY and s == iri_term(item.minted)})
    fresh = [iri for iri in item.identified if iri_term(iri) not in old]
    fresh_nested = [iri for iri in item.nested if iri_term(iri) not in old]
    made = stamps(item.minted, fresh, fresh_nested, owners or [iri_term(submission.owner)])
    return list(dict.fromkeys([*item.triples, *survives, *made, *_citations(item.identified, submission)]))


# --- the collection that an upload is added to ------------------------------------------------------------------------


def is_submission_root(iri: Iri, registry: Registry) -> bool:
    """Say whether an IRI is that of the root collection of a submission: `<id>_collection` in the namespace <id>."""
    namespace = registry.namespace_of(iri)
    return namespace is not None and iri.startswith(f"{namespace.iri}{namespace.collection_id}{COLLECTION_SUFFIX}/")


def uploaded_members(triples: Iterable[Triple], collection: Iri) -> list[Iri]:
    """Return the members that the triples give a collection."""
    me = iri_term(collection)
    return [iri_of(o) for s, p, o in triples if s == me and p == _MEMBER and is_iri(o)]


def without_members(item: PreparedObject, collection: Iri) -> PreparedObject:
    """Return an uploaded collection less its memberships, which are planned by themselves."""
    me = iri_term(collection)
    return replace(item, triples=[t for t in item.triples if t[0] != me or t[1] != _MEMBER or not is_iri(t[2])])


def plan_new_collection(
    submission: Submission, uploaded: PreparedObject | None, stored: Sequence[Triple], outcome: Outcome
) -> TopLevelChange:
    """Make the root collection of a new submission; an uploaded one adds what the form does not say."""
    iri = submission.form.collection
    me = iri_term(iri)
    identity, _, version = iri.rpartition("/")
    values: list[tuple[Iri, Term]] = [
        (RDF.type, iri_term(SBOL2.Collection)),
        (SBOL2.persistentIdentity, iri_term(Iri(identity))),
        (SBOL2.displayId, literal_term(identity.rpartition("/")[2])),
        (SBOL2.version, literal_term(version)),
        (DCTERMS.title, literal_term(submission.form.name)),
        (DCTERMS.description, literal_term(submission.form.description)),
    ]
    own = uploaded.triples if uploaded else []
    said = {p for s, p, _ in own if s == me}
    if _CREATOR not in said:
        values.append((DC.creator, literal_term(submission.creator)))
    if iri_term(DCTERMS.created) not in said:
        values.append((DCTERMS.created, literal_term(submission.created)))
    form = [(me, iri_term(p), o) for p, o in values]
    taken = [t for t in own if t[0] != me or t[1] not in _TEXTS]
    _note_not_taken(iri, set(own) - {*form, *taken}, "the form says them", outcome)
    identified, nested = (uploaded.identified, uploaded.nested) if uploaded else ([iri], [])
    made = stamps(iri, identified, nested, [iri_term(submission.owner)])
    adds = [*form, *taken, *made, *_citations(identified, submission)]
    return TopLevelChange(submission.form.namespace.graph, iri, stored, list(dict.fromkeys(adds)))


def plan_target_collection(
    submission: Submission, uploaded: PreparedObject | None, stored: Sequence[Triple], outcome: Outcome
) -> TopLevelChange:
    """Change the stored collection that something is added to, as far as the upload says something about it.

    Its texts and its members stay. Mode 3 replaces the rest as of any object; mode 2 takes nothing, since a document
    made from an older download of the collection is no reason to refuse what it adds.
    """
    iri = submission.form.collection
    me = iri_term(iri)
    unchanged = TopLevelChange(submission.form.namespace.graph, iri, (), ())
    if uploaded is None:
        return unchanged
    there = set(stored)
    if submission.form.mode is OverwriteMerge.MERGE:
        reason = "the collection stays as it is; overwrite_merge 3 replaces what it says, less title and description"
        _note_not_taken(iri, set(uploaded.triples) - there, reason, outcome)
        return unchanged
    texts = {p for s, p, _ in stored if s == me and p in _TEXTS}
    taken = [t for t in uploaded.triples if t[0] != me or t[1] not in texts]
    _note_not_taken(iri, set(uploaded.triples) - {*taken, *stored}, "the collection keeps its own", outcome)
    keeps = {*texts, _MEMBER} | ({_CREATOR} - {p for s, p, _ in taken if s == me})
    item = replace(uploaded, triples=[*taken, *(t for t in stored if t[0] == me and t[1] in keeps)])
    if is_equal(item.triples, stored):
        return unchanged
    outcome.decide(iri, "replaced")
    outcome.note("synhub-replaced", iri, "differs from what was stored; replaced, with the members it had")
    return replace(unchanged, removes=stored, adds=_replacement(item, stored, submission))


def _note_not_taken(collection: Iri, triples: Collection[Triple], reason: str, outcome: Outcome) -> None:
    if triples:
        predicates = ", ".join(sorted({p for _, p, _ in triples}))
        outcome.note("synhub-not-taken", collection, f"not taken from the upload: {predicates}; {reason}")


def with_links(
    change: TopLevelChange,
    stored: Sequence[Triple],
    members: Iterable[Iri],
    citations: Sequence[str] = (),
    attachments: Iterable[Iri] = (),
) -> TopLevelChange:
    """Let a collection have these members (and citations, and attachments) after the change, too."""
    me = iri_term(change.top_level)
    after = (set(stored) - set(change.removes)) | set(change.adds)
    new = [(me, _MEMBER, iri_term(m)) for m in members if m != change.top_level]
    new += [(me, _CITATION, literal_term(c)) for c in citations]
    new += [(me, _ATTACHMENT, iri_term(a)) for a in attachments]
    return replace(change, adds=[*change.adds, *(t for t in dict.fromkeys(new) if t not in after)])


def find_ancestors(collection: Iri, holders_of: Callable[[list[Iri]], Iterable[Iri]]) -> set[Iri]:
    """Return the collections that have this one as a member, directly or not, and their persistent identities.

    `holders_of` returns the collections that have one of some IRIs as a member. Who becomes a member of a collection
    that it has as a member would hide both from the list of root collections.
    """
    found: set[Iri] = set()
    pending = {collection}
    while pending:
        forms = pending | {Iri(iri.rpartition("/")[0]) for iri in pending}
        found |= forms - {collection, Iri(collection.rpartition("/")[0])}
        pending = set(holders_of(sorted(forms))) - found - {collection}
    return found


def plan_disappearing(
    collection: Iri, members: Sequence[Iri], holders: Mapping[Iri, Collection[Iri]], namespace: Namespace
) -> tuple[frozenset[Iri], dict[Iri, list[Iri]]]:
    """Return which members go with a collection that is replaced or removed, and which stay because of whom.

    A member goes when it lies in the collection's namespace and no other collection outside the removal has it.
    `holders` says which collections have each member.
    """
    going = {m for m in members if m.startswith(namespace.iri)} - {collection}
    stays: dict[Iri, list[Iri]] = {}
    pending = True
    while pending:
        held = {m: sorted(set(holders.get(m, ())) - going - {collection}) for m in going}
        staying = {m: by for m, by in held.items() if by}
        stays.update(staying)
        going -= staying.keys()
        pending = bool(staying)
    return frozenset(going), stays
