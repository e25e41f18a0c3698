"""What the catalog keeps of one top level, derived from its triples. Pure: no database.

Source: SBOL 2.3.0, section 'SBOL Data Model'; XML Schema 1.1 part 2, sections 3.3.7 (dateTime) and 3.3.9 (date).
"""

import hashlib
import re
import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import lru_cache
from typing import NamedTuple, cast

from synhub.identity import version_key
from synhub.rdf import (
    XSD_STRING,
    Iri,
    Term,
    Triple,
    datatype_of,
    iri_of,
    iri_term,
    is_iri,
    is_literal,
    text_of,
    write_ntriples,
)
from synhub.sbol.closure import references_beyond
from synhub.search.ast import fold
from synhub.store.catalog.digests import digest_of, distinct_lines
from synhub.vocab import BIOPAX, DC, DCTERMS, PREFIXES, PROV, RDF, SBH, SBOL2, SO

# Predicates whose exact values the catalog knows, and whether "has any value" is asked of them too.
# All others are asked of the triple store.
FACETS: dict[Iri, bool] = {
    RDF.type: False,
    SBOL2.type: True,
    SBOL2.role: True,
    SBOL2.sequence: True,
    SBOL2.displayId: False,
    SBOL2.version: False,
    SBOL2.persistentIdentity: False,
    DCTERMS.title: False,
    DC.creator: True,
    PROV.wasDerivedFrom: True,
    PROV.wasGeneratedBy: True,
    Iri(SBOL2.NS + "template"): True,
    SBH.ownedBy: False,
    Iri(PREFIXES["synbiohub"] + "uploadedBy"): False,
}
# Those whose values are counted beside a search, with the number of the kind in the catalog.
COUNTED: dict[Iri, int] = {RDF.type: 0, SBOL2.type: 1, SBOL2.role: 2, DC.creator: 3}
# Those whose values many objects have in common, so that a set of objects is kept of each value.
SHARED = frozenset(
    {
        *(RDF.type, SBOL2.type, SBOL2.role, SBOL2.version, DC.creator, PROV.wasGeneratedBy, SBH.ownedBy),
        *(Iri(SBOL2.NS + "template"), Iri(PREFIXES["synbiohub"] + "uploadedBy")),
    }
)
DATES: dict[Iri, int] = {DCTERMS.created: 0, DCTERMS.modified: 1}

SUBJECTS = Iri("")  # the "property" under which the number of subjects is counted

# Field separator in folded text: control characters never stand in a searched phrase.
SEPARATOR = "\x1f"

_DATE_TERMS = {iri_term(p): kind for p, kind in DATES.items()}
_TYPE, _MEMBER, _ELEMENTS = iri_term(RDF.type), iri_term(SBOL2.member), iri_term(SBOL2.elements)
_IDENTITY, _VERSION = iri_term(SBOL2.persistentIdentity), iri_term(SBOL2.version)
_SBOL_TYPE, _ROLE = iri_term(SBOL2.type), iri_term(SBOL2.role)
_DISPLAY_ID, _TITLE, _DESCRIPTION = map(iri_term, (SBOL2.displayId, DCTERMS.title, DCTERMS.description))
_DATE_TIME = re.compile(
    r"(-?(?:[1-9]\d{3,}|0\d{3}))-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?\Z", re.ASCII
)
_UNSAYABLE = re.compile(r"[\x00-\x07\x0b\x0e-\x1f\x7f]")  # control characters that no search path can write
_DAY_US = 86_400_000_000
_INT64 = 1 << 62
_INT64_OF = struct.Struct(">q").unpack


class Elements(NamedTuple):
    """The sbol:elements of a subject: digests that say which text, and how long it is.

    `md5` is that of refget, None for a text that is not letters only.
    """

    digest: bytes
    subject: str
    folded: bytes
    md5: bytes | None
    length: int


class MemberChange(NamedTuple):
    """Which members a collection has got and lost, by their IRIs."""

    come: frozenset[Iri]
    gone: frozenset[Iri]


class Entry(NamedTuple):
    """One top level as the catalog's tables hold it. `references` are other than its members; `direct` are those of
    them that the top level itself says, not only its children.

    `facets` are keys, `counted` (kind, value) of those keys that are counted, `moments` (kind, µs since 1970),
    `elements` the texts of sequences; `classes` and `properties` count children too. With a `change` the entry is
    derived from what a collection says besides its members: see large_collections.py.
    """

    iri: Iri
    display_id: str
    version: str
    name: str
    description: str
    cls: str
    sbol_type: str | None
    role: str | None
    sort_id: str
    sort_name: str
    words: tuple[str, str, str]
    facets: frozenset[int]
    moments: frozenset[tuple[int, int]]
    members: frozenset[Iri]
    references: frozenset[Iri]
    direct: frozenset[Iri]
    elements: frozenset[Elements]
    classes: dict[Iri, int]
    properties: dict[Iri, int]
    digest: bytes
    identity: Iri | None
    version_order: bytes
    created: int
    modified: int
    counted: dict[int, tuple[int, Term]]
    change: MemberChange | None = None


def facet_key(predicate: Iri, value: Term | None = None) -> int:
    """Return the 64-bit key of (predicate, value), or of (predicate, anything). It is odd where many objects share it.

    A million objects have some ten million distinct pairs: two of them share a key with probability 6e-6.
    """
    text = f"<{predicate}> {value or ''}"
    key: int = _INT64_OF(hashlib.blake2b(text.encode(), digest_size=8).digest())[0]
    return key | 1 if value is None or predicate in SHARED else key & ~1


# The property, and the key of "has any value" where that is asked
_FACET_TERMS = {iri_term(p): (p, [facet_key(p)] if any_value else []) for p, any_value in FACETS.items()}
_known_key = lru_cache(1 << 14)(facet_key)  # for values that many objects share


def pack_keys(keys: Iterable[int]) -> bytes:
    return array("q", sorted(keys)).tobytes()


def unpack_keys(packed: bytes) -> frozenset[int]:
    keys = array("q")
    keys.frombytes(packed)
    return frozenset(keys)


def elements_digest(elements: str) -> bytes:
    """Return the first 24 bytes of SHA-512 of a sequence text.

    Source: GA4GH refget sequence collections, digest sha512t24u (before base64url).
    """
    return hashlib.sha512(elements.encode()).digest()[:24]


def folded_digest(elements: str) -> bytes:
    """Return the digest that texts share which differ in case only: that of the text in capitals, if it is ASCII.

    In lower case first, as SPARQL's LCASE compares. Of letters only it is the digest of refget.
    """
    return hashlib.sha512(elements.lower().encode().upper()).digest()[:24]


def elements_of(subject: str, text: str) -> Elements:
    """Return the row of a text."""
    md5 = None
    if text.isascii() and text.isalpha():
        md5 = hashlib.md5(text.upper().encode(), usedforsecurity=False).digest()
    return Elements(elements_digest(text), subject, folded_digest(text), md5, len(text))


@lru_cache(1 << 10)
def version_order(version: str) -> bytes:
    """Return bytes that sort as `identity.version_key` does: numbers by length and value, texts end with NUL."""
    parts, (rank, qualifier) = version_key(version)
    order = bytearray()
    for is_text, length, text in parts:
        code = text.encode()
        order += b"\2" + code.replace(b"\0", b"\0\xff") + b"\0" if is_text else b"\1" + length.to_bytes(4, "big") + code
    return bytes([*order, 0, rank]) + qualifier.encode()


def parse_moment(text: str) -> int | None:
    """Return the instant (µs since 1970) of an xsd:dateTime, or that an xsd:date begins at; None for other text.

    A time without a zone is one of UTC, and a date is that day of UTC: who reads it finds it by the day that it says.
    As `translate.instant` has it in SPARQL.
    """
    match = _DATE_TIME.match(text)
    if match is None:
        return None
    year, month, day, hours, minutes, seconds, fraction, zone = match.groups()
    moment = _day(year, month, day)
    if moment is None:
        return None
    if hours:
        hour, minute, second = int(hours), int(minutes), int(seconds)
        end_of_day = (hour, minute, second) == (24, 0, 0) and not (fraction or "").strip("0")
        if minute > 59 or second > 59 or (hour > 23 and not end_of_day):
            return None
        moment += ((hour * 60 + minute) * 60 + second) * 1_000_000
    if fraction:
        moment += int(fraction[:6].ljust(6, "0"))
    if zone not in (None, "Z"):
        offset = int(zone[1:3]) * 60 + int(zone[4:])
        if offset > 14 * 60 or int(zone[4:]) > 59:
            return None
        if hours:  # that of a date does not make it another day
            moment -= (-offset if zone[0] == "-" else offset) * 60_000_000
    return _clamp(moment)


def _clamp(moment: int) -> int:
    return max(-_INT64, min(_INT64, moment))


def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@lru_cache(1 << 12)  # many objects are of the same day
def _day(year: str, month: str, day: str) -> int | None:
    """Return the midnight (µs since 1970) that a day begins with."""
    y, m, d = int(year), int(month), int(day)
    return _days_from_1970(y, m, d) * _DAY_US if 1 <= m <= 12 and 1 <= d <= _days_in(y, m) else None


def _days_from_1970(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01, proleptic Gregorian, for any year (datetime ends at 1 and 9999)."""
    year -= month <= 2
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return 365 * year + year // 4 - year // 100 + year // 400 + day_of_year - 719_468


def _is_counted(predicate: Iri, value: Term) -> bool:
    """Say whether a search path can ask the catalog for exactly this value: an IRI, or a creator as plain text."""
    if predicate != DC.creator or not is_literal(value):
        return is_iri(value)
    return datatype_of(value) in (XSD_STRING, "") and not _UNSAYABLE.search(text_of(value))


def _earliest(moments: Set[tuple[int, int]], kind: int) -> int:
    """What objects are sorted by; what has no date comes before the oldest."""
    return min([moment for k, moment in moments if k == kind], default=-_INT64)


def _texts(own: Mapping[Term, Sequence[Term]], predicate: Term) -> list[str]:
    values = own.get(predicate, ())
    return sorted({text_of(v) for v in values}) if len(values) > 1 else [text_of(v) for v in values]


def _first(own: Mapping[Term, Sequence[Term]], predicate: Term, prefix: str = "") -> str | None:
    for text in _texts(own, predicate):
        if text.startswith(prefix):
            return text
    return None


def _folded(texts: list[str]) -> str:
    return fold(SEPARATOR.join(texts).replace("\x00", " "))


_iri_of = lru_cache(1 << 12)(iri_of)  # of properties and classes, which are few


def make_entry(top_level: Iri, triples: Iterable[Triple]) -> Entry:
    """Derive what the catalog keeps from the triples of a top level and its children."""
    return entry_of_lines(top_level, write_ntriples(triples))


def entry_of_lines(top_level: Iri, lines: bytes) -> Entry:
    """As `make_entry`, from canonical N-Triples in any order, repeats and all."""
    says = distinct_lines(lines)
    triples = cast(list[Triple], [line.split(" ", 2) for line in says])
    subjects: Sequence[Term] = ()
    predicates: Sequence[Term] = ()
    if triples:
        subjects, predicates, _ = zip(*triples, strict=True)
    here = subjects.count(iri_term(top_level))
    start = subjects.index(iri_term(top_level)) if here else 0
    said, rest = triples[start : start + here], triples[:start] + triples[start + here :]  # of a subject is together
    own: dict[Term, list[Term]] = {}
    for _, p, o in said:
        if p in own:
            own[p].append(o)
        else:
            own[p] = [o]
    uses = Counter(predicates)
    properties = {_iri_of(p): n for p, n in uses.items()}
    distinct = set(subjects)
    properties[SUBJECTS] = len(distinct)
    facets, counted = _facets(own)
    moments = _moments(own)
    ids, names, descriptions = _texts(own, _DISPLAY_ID), _texts(own, _TITLE), _texts(own, _DESCRIPTION)
    members = frozenset([iri_of(o) for o in own.get(_MEMBER, ()) if is_iri(o)])
    direct = references_beyond(distinct, said) - members
    display_id = ids[0] if ids else ""
    name = names[0] if names else ""
    version = _first(own, _VERSION) or ""
    return Entry(
        iri=top_level,
        display_id=display_id,
        version=version,
        name=name,
        description=descriptions[0] if descriptions else "",
        cls=_first(own, _TYPE, SBOL2.NS) or _first(own, _TYPE) or "",  # to be shown: one of SBOL 2 where there is any
        sbol_type=_first(own, _SBOL_TYPE, BIOPAX.NS),
        role=_first(own, _ROLE, SO.NS),
        sort_id=fold(display_id),
        sort_name=fold(name or display_id),
        words=(_folded(ids), _folded(names), _folded(descriptions)),
        facets=facets,
        moments=moments,
        members=members,
        references=frozenset(direct | (references_beyond(distinct, rest) - members)),
        direct=frozenset(direct),
        elements=_elements(triples) if _ELEMENTS in uses else frozenset(),
        classes=_classes(triples),
        properties=properties,
        digest=digest_of(says, has_members=_MEMBER in uses),
        identity=next((iri_of(o) for o in sorted(own.get(_IDENTITY, ())) if is_iri(o)), None),
        version_order=version_order(version),
        created=_earliest(moments, DATES[DCTERMS.created]),
        modified=_earliest(moments, DATES[DCTERMS.modified]),
        counted=counted,
    )


def _classes(triples: Iterable[Triple]) -> dict[Iri, int]:
    classes: dict[Iri, int] = {}
    for _, p, o in triples:
        if p == _TYPE and is_iri(o):
            cls = _iri_of(o)
            classes[cls] = classes.get(cls, 0) + 1
    return classes


def _elements(triples: Iterable[Triple]) -> frozenset[Elements]:
    return frozenset(
        [
            elements_of(text_of(s), text_of(o))
            for s, p, o in triples
            if p == _ELEMENTS and is_literal(o) and datatype_of(o) == XSD_STRING
        ]
    )


def _facets(own: Mapping[Term, Sequence[Term]]) -> tuple[frozenset[int], dict[int, tuple[int, Term]]]:
    """Return the keys of what a top level itself says; and kind and value of those that are counted."""
    facets: list[int] = []
    counted: dict[int, tuple[int, Term]] = {}
    for p, values in own.items():
        if p not in _FACET_TERMS:
            continue
        predicate, any_value = _FACET_TERMS[p]
        kind = COUNTED.get(predicate)
        make_key = _known_key if predicate in SHARED else facet_key
        for value in values:
            key = make_key(predicate, value)
            facets.append(key)
            if kind is not None and (is_iri(value) or _is_counted(predicate, value)):
                counted[key] = (kind, value)
        facets += any_value
    return frozenset(facets), counted


def _moments(own: Mapping[Term, Sequence[Term]]) -> frozenset[tuple[int, int]]:
    moments: list[tuple[int, int]] = []
    for p, kind in _DATE_TERMS.items():
        for value in own.get(p, ()):
            moment = parse_moment(text_of(value)) if is_literal(value) else None
            if moment is not None:
                moments.append((kind, moment))
    return frozenset(moments)
