"""Old IRI -> new IRI, from the document and the target namespace alone.

Every top level moves to `<namespace><displayId>/<version>`, its children and nested annotations below it, and
every reference within the document follows. Pure: no store, no clock, no randomness, so the same file gives
the same IRIs. Whether an object is stored, kept or copied is not decided here (plan.py).

Source: SBOL 2.3.0, section 'Compliant SBOL Objects'.
"""

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from synhub.errors import InvalidDesign
from synhub.identity import Namespace, Registry, version_key
from synhub.model import Finding
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, literal_term
from synhub.sbol.blank_nodes import is_skolem
from synhub.sbol.graph import Document
from synhub.sbol.schema import CLASSES, TOP_LEVEL_CLASSES
from synhub.submit.naming import (
    DISPLAY_ID,
    PERSISTENT_IDENTITY,
    VERSION,
    Identity,
    Name,
    Part,
    Taken,
    name_parts,
    name_top_levels,
    without_version,
)
from synhub.submit.prepared import Origin, Prepared, PreparedObject
from synhub.vocab import PROV, RDF, SBOL2, STAMPS

_TYPE = iri_term(RDF.type)
_COLLECTION = iri_term(SBOL2.Collection)
_WAS_DERIVED_FROM = iri_term(PROV.wasDerivedFrom)
_SOURCE = iri_term(SBOL2.source)
_BLANK = "/.bnode/"
MAX_LEVELS = 64  # an IRI holds the names of all its owners: 3 000 levels of 100 bytes each were 26 MB of IRIs
_STAMPS_AND_NAMING = STAMPS | {DISPLAY_ID, PERSISTENT_IDENTITY, VERSION}
_FOLLOW_OTHERWISE = frozenset({_TYPE, _WAS_DERIVED_FROM, _SOURCE})  # see _followed


@dataclass(frozen=True, slots=True)
class Target:
    """Where an upload goes: the collection it is added to and that one's namespace; `owner` None is public.

    Objects that have no version get that of the collection.
    """

    prefix: str
    owner: str | None
    collection_id: str
    collection: Iri

    @property
    def namespace(self) -> Namespace:
        return Namespace(self.prefix, self.owner, self.collection_id)


@dataclass(frozen=True, slots=True)
class _Member:
    """One subject of a top level's tree. `identity` is None for a nested annotation and a former blank node.

    `home` is the IRI that names below it are appended to: its new persistent identity, or that of the nearest
    named owner. `level` counts its owners.
    """

    old: Term
    new: Iri
    home: str
    display_id: str
    identity: Identity | None
    level: int = 0


@dataclass(frozen=True, slots=True)
class _Tree:
    """A top level with everything it owns; `members[0]` is the top level itself.

    `has_download` says that what lies at `<IRI>/download` is its own and moves with it.
    """

    name: Name
    origin: Origin
    class_term: Term
    members: list[_Member]
    has_download: bool


_Rank = tuple[tuple[object, ...], Term]  # of what claims a persistent identity: its version, then its old name


@dataclass(frozen=True, slots=True)
class _Renames:
    """Old term -> new term. `derivable` holds the top levels that wasDerivedFrom of a top level follows."""

    references: dict[Term, Term]
    derivable: dict[Term, Term]


def mint(document: Document, target: Target, with_file: Set[Iri] = frozenset()) -> Prepared:
    """Return the document's top levels in their new IRIs, and a note for whatever did not just move.

    `with_file` are the Attachments whose bytes came along: their `<IRI>/download` is here.
    Raises InvalidDesign (sbol-10202) for subjects that belong to no top level: they would be lost.
    """
    tops = sorted(document.top_levels, key=iri_of)
    identities = [(Identity.read(document, top), _class(document, top)[1:-1]) for top in tops]
    namespace = target.namespace
    names = name_top_levels(identities, namespace, target.collection)
    trees = [
        _grow(document, top, identity, names[identity.iri], namespace, with_file)
        for top, (identity, _) in zip(tops, identities, strict=True)
    ]
    _check_none_lost(document, trees)
    _check_collection(trees, target)
    renames = _renames(trees)
    return Prepared(
        [_object(document, tree, renames) for tree in trees],
        [finding for tree in trees for finding in _findings(tree)],
    )


def _check_none_lost(document: Document, trees: Iterable[_Tree]) -> None:
    lost = set(document.subjects).difference(member.old for tree in trees for member in tree.members)
    if lost:
        subject = iri_of(min(lost))
        message = f"{subject} belongs to no top-level object, so it cannot be stored: give it an owner"
        raise Finding("sbol-10202", "error", subject, message).as_error()


def _check_collection(trees: Iterable[_Tree], target: Target) -> None:
    """What has the target's own IRI is the target, so it must be a collection too."""
    for tree in trees:
        if tree.members[0].new == target.collection and tree.class_term != _COLLECTION:
            message = (
                f"{target.collection} is the collection that this upload is added to; the upload says that it is a"
                f" {iri_of(tree.class_term)}: give that object another IRI"
            )
            raise Finding("synhub-collection", "error", target.collection, message).as_error()


def _class(document: Document, subject: Term) -> Term:
    """Return the SBOL class of a subject; of a foreign one the first type. A top level has a type."""
    types = document.types(subject)
    if len(types) == 1:
        return types[0]
    known = [t for t in types if t in TOP_LEVEL_CLASSES] or [t for t in types if t in CLASSES]
    return min(known or types, default=Term("<>"))


def _origin(iri: Iri, target: Namespace) -> Origin:
    namespace = Registry(target.prefix).namespace_of(iri)
    if namespace is None:
        return "foreign"
    return "inside" if namespace == target else "elsewhere"


# --- new IRIs ---------------------------------------------------------------------------------------------


def _grow(
    document: Document, top: Term, identity: Identity, name: Name, namespace: Namespace, with_file: Set[Iri]
) -> _Tree:
    """Give the top level and everything below it their IRIs, owners before what they own."""
    new = namespace.object_iri(name.display_id, name.version)
    root = _Member(top, new, namespace.iri + name.display_id, name.display_id, identity)
    members = [root]
    new_iris: dict[Term, Iri] = {top: new}
    taken: dict[str, Taken] = {}
    blank_taken = Taken()
    waiting = [root]
    while waiting:
        owner = waiting.pop()
        parts = document.children.get(owner.old)
        if not parts:
            continue
        if owner.level == MAX_LEVELS:
            raise _nested_too_deep(identity.iri)
        blanks = [part for part in parts if is_skolem(part) and part in document.nested]
        named = [part for part in parts if not is_skolem(part) or part not in document.nested]
        names = taken.setdefault(owner.home, Taken())
        grown = _name_members(document, owner, named, identity, name.version, names)
        grown += [_blank_member(owner, blank, new_iris, blank_taken) for blank in blanks]
        for member in grown:
            new_iris[member.old] = member.new
        members += grown
        waiting += reversed(grown)
    origin = _origin(identity.iri, namespace)
    has_download = origin != "foreign" or identity.iri in with_file
    return _Tree(name, origin, _class(document, top), members, has_download)


def _nested_too_deep(top: Iri) -> InvalidDesign:
    message = (
        f"{top} holds objects or annotations inside each other more than {MAX_LEVELS} deep: let them refer to each"
        " other as objects of their own, with a displayId or a class that stands alone"
    )
    return Finding("synhub-nesting", "error", top, message).as_error()


def _name_members(
    document: Document, owner: _Member, parts: list[Term], top: Identity, version: str, taken: Taken
) -> list[_Member]:
    """Children become `<owner>/<displayId>/<version>`, nested annotations `<owner>/<name>/<version>`."""
    above = _forms(owner, top)
    identities = {part: None if part in document.nested else Identity.read(document, part) for part in parts}
    wishes = []
    for part, identity in identities.items():
        own_version = identity.version if identity is not None and identity.version else top.version
        display_id = None if identity is None else identity.display_id
        wishes.append(Part(iri_of(part), display_id, _class(document, part)[1:-1], above, own_version))
    names = name_parts(wishes, taken)
    members = []
    for part, identity in sorted(identities.items()):
        name = names[iri_of(part)]
        home = f"{owner.home}/{name}"
        members.append(_Member(part, Iri(f"{home}/{version}"), home, name, identity, owner.level + 1))
    return members


def _forms(owner: _Member, top: Identity) -> tuple[str, ...]:
    """Return what the IRI of a part of this owner may start with, longest first."""
    iri = iri_of(owner.old)
    forms = {iri, without_version(iri, top.version)}
    if owner.identity is not None:
        forms.add(owner.identity.base)
        if owner.identity.persistent_identity:
            forms.add(owner.identity.persistent_identity)
    return tuple(sorted(forms, key=len, reverse=True))


def _blank_member(owner: _Member, blank: Term, new_iris: dict[Term, Iri], taken: Taken) -> _Member:
    """A former blank node moves along with the subject that its IRI names, which is an owner of it."""
    anchor, _, rest = iri_of(blank).rpartition(_BLANK)
    new = f"{new_iris.get(iri_term(Iri(anchor)), owner.new)}{_BLANK}{rest}"
    if not taken.claim(new, blank):  # only in a document that was written with such IRIs by hand
        new = taken.number(new, blank, "-")
    return _Member(blank, Iri(new), owner.home, "", None, owner.level + 1)


# --- what follows -----------------------------------------------------------------------------------------


def _old_persistent_identity(identity: Identity) -> Iri:
    return identity.persistent_identity or Iri(identity.base)


def _renames(trees: Iterable[_Tree]) -> _Renames:
    """Collect what references follow: subjects, and persistent identities that are not subjects themselves.

    A persistent identity that several objects claim, which only non-compliant ones do, goes to the latest
    version.
    """
    subjects: dict[Term, Term] = {}
    tops: dict[Term, Term] = {}
    named: dict[Term, tuple[_Rank, Term]] = {}
    derived: dict[Term, tuple[_Rank, Term]] = {}
    ranks = {version: version_key(version) for version in {tree.name.version for tree in trees}}
    for tree in trees:
        top = tree.members[0]
        for member in tree.members:
            subjects[member.old] = iri_term(member.new)
            if member.identity is None:
                continue
            old = iri_term(_old_persistent_identity(member.identity))
            claim = ((ranks[tree.name.version], member.old), iri_term(Iri(member.home)))
            named[old] = max(claim, named.get(old, claim))
            if member is top and tree.origin != "elsewhere":
                derived[old] = max(claim, derived.get(old, claim))
        if tree.origin != "elsewhere":
            tops[top.old] = subjects[top.old]
    references = {old: home for old, (_, home) in named.items()}
    derivable = {old: home for old, (_, home) in derived.items()}
    return _Renames(references | subjects, derivable | tops)


def _object(document: Document, tree: _Tree, renames: _Renames) -> PreparedObject:
    top = tree.members[0]
    triples: list[Triple] = []
    for member in tree.members:
        _move(document, tree, member, renames, triples)
    identified = [member for member in tree.members if member.identity is not None]
    old_names: dict[Iri, Iri] = {}
    original_triples: list[Triple] = []
    if tree.origin == "elsewhere":
        old_names = {member.new: iri_of(member.old) for member in tree.members}
        for member in identified:
            assert member.identity is not None
            old_names[Iri(member.home)] = _old_persistent_identity(member.identity)
        original_triples = [
            (member.old, predicate, value)
            for member in tree.members
            for predicate, values in document.subjects[member.old].items()
            if predicate not in STAMPS
            for value in values
        ]
    return PreparedObject(
        original=iri_of(top.old),
        minted=top.new,
        persistent_identity=Iri(top.home),
        type=iri_of(tree.class_term),
        origin=tree.origin,
        triples=triples,
        identified=[member.new for member in identified],
        nested=[member.new for member in tree.members if member.identity is None],
        original_triples=original_triples,
        renames=old_names,
    )


def _move(document: Document, tree: _Tree, member: _Member, renames: _Renames, triples: list[Triple]) -> None:
    """Add one subject's triples: its new IRI, references that follow, its three naming properties."""
    subject = iri_term(member.new)
    references: Mapping[Term, Term] = renames.references
    left_out = STAMPS
    if member.identity is not None:
        left_out = _STAMPS_AND_NAMING
        triples.append((subject, PERSISTENT_IDENTITY, iri_term(Iri(member.home))))
        triples.append((subject, DISPLAY_ID, literal_term(member.display_id)))
        triples.append((subject, VERSION, literal_term(tree.name.version)))
    for predicate, values in document.subjects[member.old].items():
        if predicate in left_out:
            continue
        follow = _followed(predicate, tree, member, renames) if predicate in _FOLLOW_OTHERWISE else references
        if len(values) == 1:
            triples.append((subject, predicate, follow.get(values[0], values[0])))
        else:  # what two references mean may have become one
            triples += [(subject, predicate, value) for value in dict.fromkeys(follow.get(v, v) for v in values)]


def _followed(predicate: Term, tree: _Tree, member: _Member, renames: _Renames) -> Mapping[Term, Term]:
    """Return what the values of one predicate follow.

    wasDerivedFrom states where something came from: it follows only from top level to top level of what is
    moved here from outside, and never to the copy of an object of this registry. An attachment of this
    registry is downloaded from its own address.
    """
    if predicate == _TYPE:
        return {}
    if predicate == _WAS_DERIVED_FROM:
        return renames.derivable if member is tree.members[0] else {}
    if predicate == _SOURCE and tree.has_download:
        old, new = Iri(f"{iri_of(member.old)}/download"), Iri(f"{member.new}/download")
        return ChainMap({iri_term(old): iri_term(new)}, renames.references)
    return renames.references


def _findings(tree: _Tree) -> Iterator[Finding]:
    """Yield a note for every identified object that did not simply move."""
    top = tree.members[0]
    assert top.identity is not None
    for member in tree.members:
        if member is top:
            reasons = list(tree.name.reasons)
        elif member.identity is not None:
            versions = (tree.name.version, top.identity.version)
            reasons = _child_reasons(member.identity, member.display_id, versions)
        else:
            continue
        if reasons:
            message = f"stored as {member.new}: {'; '.join(reasons)}"
            yield Finding("synhub-renamed", "note", iri_of(member.old), message)


def _child_reasons(identity: Identity, display_id: str, versions: tuple[str, str | None]) -> list[str]:
    """`versions` are the new and the old one of the top level; a child that had either just follows."""
    reasons = []
    if identity.display_id is None:
        reasons.append("it has no displayId")
    elif identity.display_id != display_id:
        reasons.append(f"the displayId {identity.display_id!r} is not well-formed, or a sibling has it")
    if identity.version is not None and identity.version not in versions:
        reasons.append(f"its version {identity.version!r} is not that of its top level")
    return reasons
