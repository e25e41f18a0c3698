"""What a submission changes: prepared objects and stored ones in, changes of top levels out.

Pure: what is stored comes in as values, read by submit/service.py. Decides keep, copy, merge, replace or refuse;
never mints. An upload's triples and stored triples are compared as the engine normalised them, without stamps.

Source: design of submit modes: SynBioHub's `overwrite_merge` 0 to 3.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from synhub.errors import Conflict
from synhub.identity import Namespace
from synhub.model import Finding, TopLevelChange
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, is_iri, literal_term
from synhub.submit.prepared import PreparedObject
from synhub.vocab import DC, DCTERMS, OBO, PROV, RDF, SBH, SBOL2, SERVER_ADDED, STAMPS

TERMINATED = (
    "Submission terminated.\nA submission with this id already exists, and it includes an object: {iri} that is"
    " already in this repository and has different content"
)

_MEMBER = iri_term(SBOL2.member)
_OWNED_BY = iri_term(SBH.ownedBy)
_TOP_LEVEL = iri_term(SBH.topLevel)
_DERIVED = iri_term(PROV.wasDerivedFrom)
_CITATION = iri_term(OBO.OBI_0001617)
# The form says these about the root collection; an uploaded root collection does not.
_FORM_WINS = frozenset({iri_term(DCTERMS.title), iri_term(DCTERMS.description)})


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
    """A checked form. `collection` is the root collection's IRI, versioned; `add_to` are further collections."""

    mode: OverwriteMerge
    namespace: Namespace
    collection: Iri
    version: str
    name: str
    description: str
    citations: tuple[str, ...]
    add_to: tuple[Iri, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """A form with who sent it and when: the user's full name and IRI, and an ISO instant."""

    form: SubmitRequest
    creator: str
    owner: Iri
    created: str


@dataclass(slots=True)
class Outcome:
    """What became of every uploaded object; grows while the plan is taken."""

    findings: list[Finding] = field(default_factory=list)
    minted: dict[Iri, Iri] = field(default_factory=dict)
    members: list[Iri] = field(default_factory=list)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("created", "replaced", "kept", "copied", "removed"), 0)
    )

    def note(self, rule: str, subject: str, message: str) -> None:
        self.findings.append(Finding(rule, "note", subject, message))

    def as_json(self) -> dict[str, Any]:
        return {"findings": [f.as_json() for f in self.findings], "minted": self.minted, **self.counts}


def is_equal(uploaded: Collection[Triple], stored: Collection[Triple]) -> bool:
    """Say whether everything uploaded is stored, and everything else stored was added by the server."""
    said = {t for t in uploaded if t[1] not in STAMPS}
    there = set(stored)
    return said <= there and all(p in SERVER_ADDED for _, p, _ in there - said)


# --- objects that belong to this registry already, outside the target namespace ---------------------------------------


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`kept` are originals that stay where they are; `back` maps minted IRIs to what references shall say instead;
    `originals` maps every minted IRI of an object from elsewhere to its original."""

    kept: frozenset[Iri]
    back: Mapping[Term, Term]
    originals: Mapping[Term, Term]


def decide_elsewhere(objects: Sequence[PreparedObject], stored: Mapping[Iri, Sequence[Triple]]) -> Elsewhere:
    """Keep what is equal to what is stored, copy what differs and whatever refers to a copy, until nothing changes."""
    home: dict[Term, Iri] = {}  # an original subject or persistent identity -> the object it belongs to
    for item in objects:
        home.update({iri_term(original): item.original for original in item.renames.values()})
    copied = {o.original for o in objects if not is_equal(o.original_triples, stored.get(o.original, ()))}
    referrers: dict[Iri, set[Iri]] = {}
    for item in objects:
        for s, _, o in item.original_triples:
            target = home.get(o)
            if target is not None and target != item.original and s != o:
                referrers.setdefault(target, set()).add(item.original)
    pending = list(copied)
    while pending:
        for referrer in referrers.get(pending.pop(), ()):
            if referrer not in copied:
                copied.add(referrer)
                pending.append(referrer)
    originals = {iri_term(m): iri_term(o) for item in objects for m, o in item.renames.items()}
    back = {
        iri_term(m): iri_term(o) for item in objects if item.original not in copied for m, o in item.renames.items()
    }
    return Elsewhere(frozenset(o.original for o in objects) - copied, back, originals)


def final_triples(item: PreparedObject, elsewhere: Elsewhere) -> list[Triple]:
    """Return the object's triples with references to kept objects pointing at the originals.

    A copy says what it was copied from, and its own wasDerivedFrom stays as uploaded.
    """
    triples = item.triples
    if item.origin == "elsewhere":
        original = elsewhere.originals
        triples = [(s, p, original.get(o, o)) if p == _DERIVED else (s, p, o) for s, p, o in triples]
        triples.append((iri_term(item.minted), _DERIVED, iri_term(item.original)))
    if not elsewhere.back:
        return triples
    back = elsewhere.back
    return [(s, p, back.get(o, o)) for s, p, o in triples]


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
    triples: Sequence[Triple],
    stored: Sequence[Triple],
    *,
    disappears: bool,
    submission: Submission,
    outcome: Outcome,
) -> TopLevelChange | None:
    """Decide about one uploaded object; None when it is kept as it is stored.

    `stored` is what lies at its minted IRI, empty where nothing does; `disappears` says that the submission
    replaces the old collection and this object with it. Raises Conflict.
    """
    graph = submission.form.namespace.graph
    if stored and not disappears:
        if is_equal(triples, stored):
            outcome.counts["kept"] += 1
            outcome.note("synhub-kept", item.minted, "equal to what is stored; kept as it is")
            return None
        if submission.form.mode is not OverwriteMerge.MERGE_REPLACE:
            raise Conflict(TERMINATED.format(iri=item.minted))
        outcome.counts["replaced"] += 1
        outcome.note("synhub-replaced", item.minted, "differs from what was stored; replaced")
        return TopLevelChange(graph, item.minted, stored, _replacement(item, triples, stored, submission))
    outcome.counts["created"] += 1
    new = [
        *triples,
        *stamps(item.minted, item.identified, item.nested, [iri_term(submission.owner)]),
        *_citations(item.identified, submission),
    ]
    return TopLevelChange(graph, item.minted, stored, list(dict.fromkeys(new)))


def _replacement(
    item: PreparedObject, triples: Sequence[Triple], stored: Sequence[Triple], submission: Submission
) -> list[Triple]:
    """What the upload says, and what the server added unless the upload has values for that predicate."""
    subjects = {iri_term(iri) for iri in (*item.identified, *item.nested)}
    said = {(s, p) for s, p, _ in triples}
    survives = [t for t in stored if t[1] in SERVER_ADDED and t[0] in subjects and t[:2] not in said]
    old = {s for s, _, _ in stored}
    owners = sorted({o for s, p, o in stored if p == _OWNED_BY and s == iri_term(item.minted)})
    fresh = [iri for iri in item.identified if iri_term(iri) not in old]
    fresh_nested = [iri for iri in item.nested if iri_term(iri) not in old]
    made = stamps(item.minted, fresh, fresh_nested, owners or [iri_term(submission.owner)])
    return list(dict.fromkeys([*triples, *survives, *made, *_citations(item.identified, submission)]))


# --- the root collection ----------------------------------------------------------------------------------------------


def plan_new_collection(
    submission: Submission, uploaded: Sequence[Triple], stored: Sequence[Triple], members: Iterable[Iri]
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
    said = {p for s, p, _ in uploaded if s == me}
    if iri_term(DC.creator) not in said:
        values.append((DC.creator, literal_term(submission.creator)))
    if iri_term(DCTERMS.created) not in said:
        values.append((DCTERMS.created, literal_term(submission.created)))
    triples: list[Triple] = [(me, iri_term(p), o) for p, o in values]
    triples += [t for t in uploaded if t[1] not in _FORM_WINS]
    triples += stamps(iri, [iri], (), [iri_term(submission.owner)])
    triples += _citations([iri], submission)
    triples += [(me, _MEMBER, iri_term(m)) for m in members if m != iri]
    return TopLevelChange(submission.form.namespace.graph, iri, stored, list(dict.fromkeys(triples)))


def plan_links(
    graph: Iri,
    collection: Iri,
    stored: Sequence[Triple],
    members: Iterable[Iri],
    citations: Sequence[str] = (),
) -> TopLevelChange | None:
    """Add members (and citations) to a stored collection; None when all are there."""
    me = iri_term(collection)
    there = set(stored)
    new = [(me, _MEMBER, iri_term(m)) for m in members if m != collection]
    new += [(me, _CITATION, literal_term(c)) for c in citations]
    adds = [t for t in dict.fromkeys(new) if t not in there]
    return TopLevelChange(graph, collection, (), adds) if adds else None


def uploaded_members(uploaded: Sequence[Triple], collection: Iri) -> list[Iri]:
    """Return the members that an uploaded root collection names."""
    me = iri_term(collection)
    return [iri_of(o) for s, p, o in uploaded if s == me and p == _MEMBER and is_iri(o)]


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
