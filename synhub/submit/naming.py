"""Which displayId and version an uploaded object gets: a function of the document and the target alone.

Pure; looks nothing up. mint.py turns the names into IRIs and rewrites the triples.

Source: SBOL 2.3.0, section 'Compliant SBOL Objects' (what a compliant IRI is).
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from synhub.identity import (
    COLLECTION_SUFFIX,
    DELIMITERS,
    Namespace,
    Registry,
    display_id_from,
    is_display_id,
    is_version,
)
from synhub.rdf import Iri, Term, iri_of, iri_term, is_iri, text_of
from synhub.sbol.blank_nodes import is_skolem
from synhub.sbol.graph import Document
from synhub.vocab import SBOL2

DISPLAY_ID = iri_term(SBOL2.displayId)
PERSISTENT_IDENTITY = iri_term(SBOL2.persistentIdentity)
VERSION = iri_term(SBOL2.version)

_SCHEME_ONLY = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*:(//)?)?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identity:
    """What an uploaded subject says about who it is; None where it says nothing."""

    iri: Iri
    display_id: str | None
    persistent_identity: Iri | None
    version: str | None

    @classmethod
    def read(cls, document: Document, subject: Term) -> "Identity":
        """Of several values, which no valid document has, the smallest counts."""
        said = document.subjects[subject]
        persistent = [iri_of(v) for v in said.get(PERSISTENT_IDENTITY, ()) if is_iri(v)]
        return cls(
            iri_of(subject),
            min(map(text_of, said[DISPLAY_ID])) if DISPLAY_ID in said else None,
            min(persistent, default=None),
            min(map(text_of, said[VERSION])) if VERSION in said else None,
        )

    @property
    def base(self) -> str:
        """The IRI without its own version."""
        return without_version(self.iri, self.version)

    @property
    def is_compliant(self) -> bool:
        identity, display_id = self.persistent_identity, self.display_id
        if identity is None or display_id is None or not is_display_id(display_id):
            return False
        if self.version is not None and not is_version(self.version):
            return False
        expected = identity if self.version is None else f"{identity}/{self.version}"
        return self.iri == expected and identity.endswith(tuple(c + display_id for c in DELIMITERS))


@dataclass(frozen=True, slots=True)
class Name:
    """`reasons` say why it is not simply the old name in a new place; empty when it is."""

    display_id: str
    version: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wish:
    """The name an object would have if it were alone.

    Objects of one `family` are versions of one thing: they get the same displayId, other families another
    one, so that a reference without a version keeps its meaning. A `fixed` name is that of an object which
    already lies in the target namespace.
    """

    identity: Identity
    family: str
    display_id: str
    version: str
    fixed: bool
    compliant: bool


def without_version(iri: str, version: str | None) -> str:
    return iri.removesuffix(f"/{version}") if version else iri


def last_segment(iri: str) -> str:
    """The text after the last delimiter that is not at the end."""
    text = iri.rstrip(DELIMITERS)
    return text[max(map(text.rfind, DELIMITERS)) + 1 :]


def common_namespace(bases: Iterable[str]) -> str:
    """Return the longest common beginning that ends in a delimiter; '' when that is no more than a scheme.

    >>> common_namespace(["http://x.org/a/P1", "http://x.org/ab/P2"])
    'http://x.org/'
    """
    stripped = [base.rstrip(DELIMITERS) for base in bases]
    first, last = min(stripped, default=""), max(stripped, default="")  # they differ earlier than any others
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    namespace = first[: max(first.rfind(c, 0, length) for c in DELIMITERS) + 1]
    return "" if _SCHEME_ONLY.match(namespace) else namespace


class Taken:
    """The names in use at one place, each with whom it belongs to."""

    __slots__ = ("_next_number", "_owner")

    def __init__(self) -> None:
        self._owner: dict[str, str] = {}
        self._next_number: dict[str, int] = {}  # or 100 000 objects of one name would take a search each

    def claim(self, name: str, owner: str) -> bool:
        """Take a free name. True when it now belongs to `owner`, False when somebody else has it."""
        return self._owner.setdefault(name, owner) == owner

    def number(self, name: str, owner: str, mark: str = "_") -> str:
        """Take and return the first free one of `<name><mark>2`, `<name><mark>3`, …"""
        number = self._next_number.get(name, 2)
        while not self.claim(f"{name}{mark}{number}", owner):
            number += 1
        self._next_number[name] = number + 1
        return f"{name}{mark}{number}"


def _wish(identity: Identity, class_iri: str, shared: str, target: Namespace, default_version: str) -> _Wish:
    """`shared` is the common namespace of the document's foreign top levels."""
    own_version = identity.version is not None and is_version(identity.version)
    version = identity.version if identity.version is not None and own_version else default_version
    namespace = Registry(target.prefix).namespace_of(identity.iri)
    if namespace is not None:
        display_id, _, last = identity.iri[len(namespace.iri) :].partition("/")
        if is_display_id(display_id) and is_version(last):
            family = namespace.iri + display_id
            return _Wish(identity, family, display_id, last, namespace == target, True)
        shared = namespace.iri
    elif identity.is_compliant:
        assert identity.display_id is not None and identity.persistent_identity is not None
        family = identity.persistent_identity
        return _Wish(identity, family, identity.display_id, version, False, True)
    base = identity.base
    rest = base[len(shared) :] if shared and base.startswith(shared) else last_segment(base)
    return _Wish(identity, base, display_id_from(rest) or last_segment(class_iri), version, False, False)


def name_top_levels(identities: Sequence[tuple[Identity, str]], target: Namespace, collection: Iri) -> dict[Iri, Name]:
    """Name the top levels of one document, each given with the IRI of its class.

    A compliant object keeps displayId and version. Otherwise the displayId comes from the IRI: what remains
    after the common namespace of the document. A version that is missing or ill-formed becomes that of
    `collection`, to which the document is added. Clashes are numbered in the order of the original IRIs. The
    displayIds of `collection` and of the namespace's root collection are free for objects that already have them
    there, and for no other; the IRI of `collection` is free for itself.
    """
    registry = Registry(target.prefix)
    inside = target.iri
    shared = common_namespace(i.base for i, _ in identities if registry.namespace_of(i.iri) is None)
    own_display_id, _, default_version = collection[len(inside) :].partition("/")
    taken = Taken()
    for display_id in (target.collection_id + COLLECTION_SUFFIX, own_display_id):
        taken.claim(display_id, inside + display_id)
    wishes = [_wish(identity, class_iri, shared, target, default_version) for identity, class_iri in identities]
    wishes.sort(key=lambda wish: (not wish.fixed, not wish.identity.iri.startswith(inside), wish.identity.iri))
    display_id_of = _name_families(wishes, taken)
    names: dict[Iri, Name] = {}
    used = {(own_display_id, default_version)}
    for wish in wishes:
        display_id = display_id_of[wish.family]
        if (display_id, wish.version) in used and wish.identity.iri != collection:
            display_id = taken.number(display_id, wish.identity.iri)
        used.add((display_id, wish.version))
        names[wish.identity.iri] = Name(display_id, wish.version, _reasons(wish, display_id, target))
    return names


def _name_families(wishes: Sequence[_Wish], taken: Taken) -> dict[str, str]:
    """Return family -> displayId, and take them. First come, first served; then the numbered."""
    wanted: dict[str, _Wish] = {}
    for wish in wishes:
        first = wanted.setdefault(wish.family, wish)
        if wish.compliant and not first.compliant:
            wanted[wish.family] = wish
    display_id_of: dict[str, str] = {}
    for family, wish in wanted.items():
        if taken.claim(wish.display_id, family):
            display_id_of[family] = wish.display_id
    for family, wish in wanted.items():
        if family not in display_id_of:
            display_id_of[family] = taken.number(wish.display_id, family)
    return display_id_of


def _reasons(wish: _Wish, display_id: str, target: Namespace) -> tuple[str, ...]:
    identity = wish.identity
    reasons = []
    if display_id != wish.display_id:
        reasons.append(f"another object has the displayId {wish.display_id!r}")
    elif identity.display_id is not None and identity.display_id != display_id:
        reasons.append(f"the displayId {identity.display_id!r} is not that of the IRI")
    elif identity.display_id is None and not wish.compliant:
        reasons.append("it has no displayId")
    if identity.version is not None and identity.version != wish.version:
        reasons.append(f"its version {identity.version!r} is not that of the IRI, or not well-formed")
    elif identity.version is None and identity.iri != target.object_iri(display_id, wish.version):
        reasons.append("it has no version")
    return tuple(reasons)


@dataclass(frozen=True, slots=True)
class Part:
    """A child or nested annotation that wants a name: its IRI, displayId if any, class, and where it lies.

    `above` are the forms of its owner's IRI that may start the part's IRI; `version` may end it.
    """

    iri: Iri
    display_id: str | None
    class_iri: str
    above: tuple[str, ...]
    version: str | None

    @property
    def name_from_iri(self) -> str:
        """'' when the IRI says nothing, as that of a former blank node."""
        if is_skolem(iri_term(self.iri)):
            return ""
        base = without_version(self.iri, self.version)
        for owner in self.above:
            if base.startswith(owner) and base[len(owner) : len(owner) + 1] in tuple(DELIMITERS):
                return display_id_from(base[len(owner) :])
        return display_id_from(last_segment(base))

    @property
    def name_from_class(self) -> str:
        return display_id_from(last_segment(self.class_iri)) or "part"


def name_parts(parts: Iterable[Part], taken: Taken) -> dict[Iri, str]:
    """Name the parts of one owner; every name is taken.

    A well-formed displayId that no sibling shares stays; else the IRI gives the name, else the class and a
    number. Names that are taken are numbered in the order of the IRIs.
    """
    parts = sorted(parts, key=lambda part: part.iri)
    counts = Counter(part.display_id for part in parts)
    names: dict[Iri, str] = {}
    rest: list[Part] = []
    for part in parts:
        display_id = part.display_id
        unique = display_id is not None and counts[display_id] == 1 and is_display_id(display_id)
        if display_id is not None and unique and taken.claim(display_id, part.iri):
            names[part.iri] = display_id
        else:
            rest.append(part)
    for part in rest:
        name = part.name_from_iri or part.name_from_class
        names[part.iri] = name if taken.claim(name, part.iri) else taken.number(name, part.iri)
    return names
