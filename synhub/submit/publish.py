"""What publishing changes: the form, new names, triples under them, and the collection that holds what is published.

Pure: what is stored comes in as values, read by synhub/publishing.py, which also says what moves and what is copied.

Source: SynBioHub `POST <object>/makePublic`, field rules and texts (they are an interface: clients compare them).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synhub.errors import Conflict, FieldErrors
from synhub.identity import COLLECTION_SUFFIX, Namespace, ObjectRef, Registry, is_display_id, is_version
from synhub.model import Finding, TopLevelChange
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, is_iri, literal_term
from synhub.sbol.closure import references
from synhub.submit.intake import BAD_ID, BAD_VERSION, NO_COLLECTION, id_errors, parse_citations
from synhub.submit.naming import Taken
from synhub.submit.plan import stamps, with_links
from synhub.vocab import DC, DCTERMS, OBO, RDF, SBOL2

IN_USE = "Submission id {id} version {version} already in use"
NOT_FOUND = "Submission id {id} version {version} not found"

_DISPLAY_ID = iri_term(SBOL2.displayId)
_MEMBER = iri_term(SBOL2.member)
_TITLE = iri_term(DCTERMS.title)
_DESCRIPTION = iri_term(DCTERMS.description)
_CITATION = iri_term(OBO.OBI_0001617)


# --- the form --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PublishForm:
    """A checked form. `collection` is the public collection, versioned, that is made (`is_new`) or added to."""

    is_new: bool
    namespace: Namespace
    collection: Iri
    name: str = ""
    description: str = ""
    citations: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        return self.collection.rpartition("/")[2]

    def refusal(self) -> Conflict:
        """What to raise when the collection is there and must not be, or the other way round."""
        words = IN_USE if self.is_new else NOT_FOUND
        return Conflict(words.format(id=self.namespace.collection_id, version=self.version))


def check_form(fields: Mapping[str, str], registry: Registry, latest: Callable[[Iri], Iri | None]) -> PublishForm:
    """Check the fields of makePublic.

    tabState `new` makes `<id>_collection/<version>`; anything else adds to `collections`, or to the collection that id
    and version name. `latest` returns the latest version of a public object, given its IRI without a version.
    Raises FieldErrors with every message, and Conflict for a target that cannot exist.
    """
    texts = fields.get("name", "").strip(), fields.get("description", "").strip()
    collection_id, version = fields.get("id", ""), fields.get("version", "")
    if fields.get("tabState") == "new":
        absent = {BAD_ID if not collection_id else "", BAD_VERSION if not version else ""}
        errors = [message for message in id_errors(fields) if message not in absent]
        citations: tuple[str, ...] = ()
        try:
            citations = parse_citations(fields.get("citations", ""))
        except FieldErrors as error:
            errors += error.messages
        if errors:
            raise FieldErrors(errors)
        namespace = registry.namespace(None, collection_id)
        return PublishForm(True, namespace, namespace.collection_iri(version), *texts, citations)
    target = fields.get("collections", "").strip()
    if target:
        return _existing(target, registry, texts, latest)
    if not collection_id or not version:
        raise FieldErrors([NO_COLLECTION])
    if not is_display_id(collection_id) or not is_version(version):
        raise Conflict(NOT_FOUND.format(id=collection_id, version=version))
    namespace = registry.namespace(None, collection_id)
    return PublishForm(False, namespace, namespace.collection_iri(version), *texts)


def _existing(
    target: str, registry: Registry, texts: tuple[str, str], latest: Callable[[Iri], Iri | None]
) -> PublishForm:
    ref = ObjectRef.of_iri(target, registry)
    if ref is None or ref.owner is not None or "/" in ref.display_id or not is_display_id(ref.display_id):
        raise Conflict(f"{target} is not a public collection")
    iri = ref.iri(registry) if ref.version is not None else latest(ref.iri(registry))
    if iri is None or not is_display_id(ref.collection_id):
        raise Conflict(NOT_FOUND.format(id=ref.collection_id, version=ref.version or "1"))
    return PublishForm(False, ref.namespace(registry), iri, *texts)


# --- names -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a graph an IRI lies: the namespace and the displayId of its top level (`home`), the version, the rest.

    A displayId never starts with a digit and a version always does: the first segment that does is the version, also
    in IRIs of children, annotations and downloads. `version` is None in persistent identities.
    """

    home: str
    version: str | None
    rest: str


def place_of(iri: str, graph: Iri) -> Place | None:
    """Return the place of an IRI, None when it lies outside the graph. `home` is `<collection id>/<displayId>`.

    >>> place_of("http://h/user/bob/lab/P1/site/2", Iri("http://h/user/bob"))
    Place(home='lab/P1', version='2', rest='/site/2')
    """
    start = len(graph) + 1
    if not iri.startswith(f"{graph}/"):
        return None
    slash = iri.find("/", start)
    if slash < 0:
        return None
    end = iri.find("/", slash + 1)
    home, rest = (iri[start:], "") if end < 0 else (iri[start:end], iri[end:])
    version = next((part for part in rest.split("/") if part[:1].isdigit() and is_version(part)), None)
    return Place(home, version, rest)


def places_of(triples: Iterable[Triple], graph: Iri) -> frozenset[tuple[str, str]]:
    """Return the places, as (home, version), of the subjects of a top level."""
    places = (place_of(iri_of(s), graph) for s in dict.fromkeys(s for s, _, _ in triples))
    return frozenset((p.home, p.version) for p in places if p is not None and p.version is not None)


def name_homes(homes: Iterable[str], form: PublishForm, source: str, collection: str | None) -> dict[str, str]:
    """Give every home (`<collection id>/<displayId>`) a displayId in the target namespace: its own, when it is free.

    The displayIds of the target collection and of the namespace's root are free for the published `collection` (a
    home) alone. Clashes are numbered in the order of the homes, those of the namespace `source` first.
    """
    taken = Taken()
    own = collection.partition("/")[2] if collection else ""
    for reserved in (form.namespace.collection_id + COLLECTION_SUFFIX, form.collection.split("/")[-2]):
        taken.claim(reserved, collection if collection and own == reserved else "")
    ordered = sorted(homes, key=lambda home: (not home.startswith(f"{source}/"), home))
    names: dict[str, str] = {}
    for home in ordered:
        display_id = home.partition("/")[2]
        if taken.claim(display_id, home):
            names[home] = display_id
    for home in ordered:
        if home not in names:
            names[home] = taken.number(home.partition("/")[2], home)
    return names


@dataclass(frozen=True, slots=True)
class NewHome:
    """Where a home goes: the new persistent identity and its displayId, which versions go there, and whether a
    reference without a version goes there too."""

    identity: str
    display_id: str
    versions: frozenset[str]
    with_identity: bool


@dataclass(frozen=True, slots=True)
class Renaming:
    """Old IRI -> new IRI, of objects of one graph with all that is below them. Texts never change."""

    graph: Iri
    homes: Mapping[str, NewHome]

    def iri(self, iri: Iri) -> Iri:
        """Return the new IRI, or the old one for what stays where it is."""
        place = place_of(iri, self.graph)
        home = self.homes.get(place.home) if place is not None else None
        if place is None or home is None:
            return iri
        goes = home.with_identity if place.version is None else place.version in home.versions
        return Iri(home.identity + place.rest) if goes else iri

    def term(self, term: Term) -> Term:
        return iri_term(self.iri(iri_of(term))) if is_iri(term) else term

    def triples(self, triples: Iterable[Triple]) -> list[Triple]:
        """Rename whole top levels, which say their new displayId where they had to get another one."""
        known: dict[Term, Term] = {}

        def new(term: Term) -> Term:
            if term not in known:
                known[term] = self.term(term)
            return known[term]

        return [(new(s), p, self._display_id(s, o) if p == _DISPLAY_ID else new(o)) for s, p, o in triples]

    def _display_id(self, subject: Term, value: Term) -> Term:
        place = place_of(iri_of(subject), self.graph)
        if place is None or place.home not in self.homes or place.rest != f"/{place.version}":
            return value
        home = self.homes[place.home]
        return value if place.home.endswith(f"/{home.display_id}") else literal_term(home.display_id)


# --- what came of it -------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Outcome:
    """What became of every object; grows while the plan is taken. Maps go from old to new IRIs.

    `kept` are new IRIs under which equal objects were public already. `repointed` counts references in top levels that
    stay private. `left` says why something that was referred to is not published. `holders` says which of the published
    collections have a member; it is no part of the report.
    """

    collection: Iri
    moved: dict[Iri, Iri] = field(default_factory=dict)
    copied: dict[Iri, Iri] = field(default_factory=dict)
    kept: list[Iri] = field(default_factory=list)
    repointed: dict[Iri, int] = field(default_factory=dict)
    left: dict[Iri, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    holders: dict[Iri, list[Iri]] = field(default_factory=dict)

    def note(self, rule: str, subject: str, message: str) -> None:
        self.findings.append(Finding(rule, "note", subject, message))

    @property
    def published(self) -> list[Iri]:
        """The new IRIs of all top levels, sorted."""
        return sorted({*self.moved.values(), *self.copied.values()})

    def as_json(self) -> dict[str, Any]:
        counts = {name: len(getattr(self, name)) for name in ("moved", "copied", "kept", "left")}
        return {
            "collection": self.collection,
            "findings": [f.as_json() for f in self.findings],
            "counts": counts | {"repointed": sum(self.repointed.values())},
            "moved": self.moved,
            "copied": self.copied,
            "kept": self.kept,
            "repointed": self.repointed,
            "left": self.left,
        }


def moved_identities(outcome: Outcome, renaming: Renaming) -> dict[Iri, Iri]:
    """Return where old addresses without a version lead: to what is published, unless a version stays private."""
    identities = {Iri(old.rpartition("/")[0]) for old in outcome.moved}
    return {identity: new for identity in identities if (new := renaming.iri(identity)) != identity}


# --- what is published -----------------------------------------------------------------------------------------------


def is_private(iri: Iri, registry: Registry) -> bool:
    """Say whether an IRI lies in the graph of some user."""
    return registry.graph_of(iri) not in (None, registry.public_graph)


def named_by(top: Iri, triples: Collection[Triple], registry: Registry) -> Iterator[tuple[Iri, bool]]:
    """Yield what a top level names of users' graphs, each with whether as its member."""
    members = set(members_of(triples, top)) if has_type(top, triples, SBOL2.Collection) else set()
    for iri in members | references(triples):
        if is_private(iri, registry) and not iri.startswith(f"{top}/"):
            yield iri, iri in members


def without_private_members(triples: Iterable[Triple], collection: Iri, registry: Registry) -> list[Triple]:
    """Return the renamed triples of a top level less the members that are not published: nobody else can read them."""
    me = iri_term(collection)
    return [
        (s, p, o)
        for s, p, o in triples
        if p != _MEMBER or s != me or not is_iri(o) or not is_private(iri_of(o), registry)
    ]


# --- the collection --------------------------------------------------------------------------------------------------


def has_type(iri: Iri, triples: Collection[Triple], cls: Iri) -> bool:
    """Say whether triples make an object one of a class."""
    return (iri_term(iri), iri_term(RDF.type), iri_term(cls)) in triples


def members_of(triples: Iterable[Triple], collection: Iri) -> list[Iri]:
    """Return the members of a collection, of ours or not."""
    me = iri_term(collection)
    return [iri_of(o) for s, p, o in triples if s == me and p == _MEMBER and is_iri(o)]


def plan_root(
    form: PublishForm, uploaded: Sequence[Triple], stored: Sequence[Triple], *, creator: str, owner: Iri, created: str
) -> TopLevelChange:
    """Make the public collection, or leave the stored one as it is but for its members.

    `uploaded` are the renamed triples of the published collection when it gets the very IRI: a new collection is made
    of it, with the texts that the form says, and a stored one gets its members. Whatever else is published becomes a
    member afterwards. `created` is an ISO instant.
    """
    graph, iri = form.namespace.graph, form.collection
    if not form.is_new:
        unchanged = TopLevelChange(graph, iri, (), ())
        return with_links(unchanged, stored, members_of(uploaded, iri))
    me = iri_term(iri)
    texts = [(_TITLE, t) for t in (form.name,) if t] + [(_DESCRIPTION, t) for t in (form.description,) if t]
    texts += [(_CITATION, citation) for citation in form.citations]
    said = [(me, p, literal_term(text)) for p, text in texts]
    if uploaded:
        replaced = {p for p, _ in texts}
        return TopLevelChange(graph, iri, (), [*(t for t in uploaded if t[0] != me or t[1] not in replaced), *said])
    identity = Iri(iri.rpartition("/")[0])
    values: list[tuple[Iri, Term]] = [
        (RDF.type, iri_term(SBOL2.Collection)),
        (SBOL2.persistentIdentity, iri_term(identity)),
        (SBOL2.displayId, literal_term(identity.rpartition("/")[2])),
        (SBOL2.version, literal_term(form.version)),
        (DC.creator, literal_term(creator)),
        (DCTERMS.created, literal_term(created)),
    ]
    made = [(me, iri_term(p), o) for p, o in values]
    return TopLevelChange(graph, iri, (), [*made, *said, *stamps(iri, [iri], [], [iri_term(owner)])])


def new_members(form: PublishForm, outcome: Outcome, *, from_source: bool) -> list[Iri]:
    """Return what the public collection gets as members besides those it has by itself.

    Everything published; where the published collection itself became the public one (`from_source`), only what none
    of the published collections holds: its own structure stays.
    """
    published = [iri for iri in outcome.published if iri != form.collection]
    if not from_source:
        return published
    return [iri for iri in published if not _held(outcome.holders, iri)]


def _held(holders: Mapping[Iri, Collection[Iri]], iri: Iri) -> bool:
    return bool(holders.get(iri) or holders.get(Iri(iri.rpartition("/")[0])))
