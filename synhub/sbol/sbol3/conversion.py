"""SBOL 3 read as SBOL 2, and SBOL 2 written as SBOL 3.

Both ways are a plain translation, checked by translating back; what did not come back travels along as annotations
(`residue.py`), so that SBOL 2 -> 3 -> 2 and SBOL 3 -> 2 -> 3 give the design that was there before.

Source: SBOL 3.1.0, section 10.2.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal

from synhub.formats.reading import Options, Reading
from synhub.formats.source import Source, latest_versions
from synhub.model import Finding
from synhub.rdf import Term, Triple, iri_of, is_iri, literal_term
from synhub.sbol.blank_nodes import unskolemise
from synhub.sbol.graph import Document
from synhub.sbol.rdf_text import jsonld_of, ntriples_pieces, rdfxml_of, turtle_of
from synhub.sbol.sbol3.down import Downward
from synhub.sbol.sbol3.names import LOCAL_NAME, Names
from synhub.sbol.sbol3.residue import BACKPORT, FORWARD, residue
from synhub.sbol.sbol3.shape import is_carried
from synhub.sbol.sbol3.terms import CHILDREN_3, MADE_SEQUENCE, ORIGINAL, TRUE, TYPE, forward, local_name, same_number
from synhub.sbol.sbol3.up import NOTES, OWN_CONSTRAINT, WITHOUT, Upward
from synhub.sbol.schema import CLASSES
from synhub.vocab import SBOL3, SBOL3_PREFIXES

Sbol3Syntax = Literal["turtle", "ntriples", "rdfxml", "jsonld"]

RULE = "synhub-sbol3"

_ROUNDS = 4  # objects are at most four deep


def write_sbol3(source: Source, syntax: Sbol3Syntax) -> Iterator[bytes]:
    """Yield an SBOL 3 document of SBOL 2 top levels, one at a time."""
    groups = sbol3_groups(source)
    if syntax == "turtle":
        return turtle_of(groups, SBOL3_PREFIXES)
    if syntax == "ntriples":
        return ntriples_pieces(groups)
    return rdfxml_of(groups, SBOL3_PREFIXES) if syntax == "rdfxml" else jsonld_of(groups)


def sbol3_groups(source: Source) -> Iterator[list[Triple]]:
    """Yield the SBOL 3 triples of every top level of the source, in its order."""
    upward = Upward(lambda top_level: source.find(iri_of(top_level)) if is_iri(top_level) else None)
    for number, group in enumerate(source.top_levels()):
        found = _up(unskolemise(group), upward)
        yield found
        said = frozenset(found)
        for piece in source.members() if number == 0 else ():
            yield [t for t in _up(unskolemise([*group, *piece]), upward) if t not in said]


def convert_sbol3(triples: list[Triple], options: Options) -> Reading:
    """Return the SBOL 2 triples of an SBOL 3 document, with a note for each kind of thing kept as annotations."""
    downward = Downward(triples)
    found = downward.translate()
    kept = _Kept(triples, found, downward).annotations()
    return Reading("SBOL 3", list(dict.fromkeys(found + kept)), _notes(kept))


def _up(group: list[Triple], upward: Upward) -> list[Triple]:
    """Return the SBOL 3 of a top level, a subject after the other, with what SBOL 3 has no words for."""
    names = Names.in_group(group)
    found = dict.fromkeys(upward.translate(names))
    others = {new: old for old, new in upward.met.items()}
    downward = Downward(found, others)
    for _ in range(_ROUNDS):  # an identity written down changes what follows from it for the children
        wrong = [(new, ORIGINAL, old) for old, new in names.of.items() if downward.shape.of.get(new, old) != old]
        if not wrong:
            break
        found.update(dict.fromkeys(wrong))
        downward = Downward(found, others)
    foreign = {s for s in names.document.subjects if names.is_kept(s)}
    stated = [t for t in group if t[0] not in foreign and not FORWARD.holds(t[1])]
    hints = residue(stated, downward.translate(), BACKPORT, names.name, lambda o: o)
    said_of: dict[Term, list[Triple]] = {}
    for triple in (*found, *hints):
        said_of.setdefault(triple[0], []).append(triple)
    return [triple for said in said_of.values() for triple in said]


class _Kept:
    """Finds what of a document does not come back when its translation is translated back."""

    def __init__(self, triples: Iterable[Triple], found: list[Triple], downward: Downward) -> None:
        self.shape = downward.shape
        self.name = downward.name
        self.found = found
        self.said = _comparable((s, p, same_number(p, o)) for s, p, o in triples)

    def annotations(self) -> list[Triple]:
        """Return the annotations to add to the translation."""
        back, names = _back(self.found)
        if back.keys() == self.said.keys():
            return []
        kept = [*self._objects(back), *self._local_names(names)]
        back, names = _back(self.found + kept)
        known = {s for s, _, _ in self.said}
        absent = {s for s, _, _ in back if s not in known and s.rpartition("/")[0] + ">" in known}
        without = [
            (self.name(Term(head + ">")), WITHOUT, literal_term(tail[:-1]))
            for head, _, tail in (s.rpartition("/") for s in sorted(absent))
        ]
        rest = [t for t in back if t[0] not in absent and t[2] not in absent]
        return kept + without + residue(self.said, rest, FORWARD, self.name, self.name)

    def _objects(self, back: dict[Triple, None]) -> Iterator[Triple]:
        """Write down the objects that SBOL 2 has no class for, and where they belong."""
        shape = self.shape
        lost = {
            s
            for s in shape.of
            if s in shape.subjects
            and s not in shape.classes
            and not all((s, p, o) in back for p, v in shape.subjects[s].items() for o in v if not is_carried(p))
        }
        for s, p, o in self.said:
            if o in lost and p in CHILDREN_3:
                yield self.name(s), FORWARD.encode(p), self.name(o)
            if s not in lost:
                continue
            if p == TYPE and o.startswith(f"<{SBOL3.NS}"):
                yield self.name(s), TYPE, forward(o[1 + len(SBOL3.NS) : -1])
            elif p.startswith(f"<{SBOL3.NS}") or o in CLASSES:
                yield self.name(s), FORWARD.encode(p), self.name(o)
            else:
                yield self.name(s), p, self.name(o)
        for reference, (constraint, _, _) in sorted(shape.maps.items()):
            if constraint in lost:
                yield self.name(reference), OWN_CONSTRAINT, TRUE

    def _local_names(self, names: dict[Term, Term]) -> Iterator[Triple]:
        """Write down the names of children that the way back would call something else."""
        shape = self.shape
        for new in shape.classes:
            old = shape.of[new]
            head, _, tail = new.rpartition("/")
            if new in shape.owner and names.get(old) != new and shape.owner[new] == head + ">":
                yield old, LOCAL_NAME, literal_term(tail[:-1])


def _comparable(triples: Iterable[Triple]) -> dict[Triple, None]:
    """Leave out what is only there to carry SBOL 2, and the sequences made for locations without one."""
    document = list(triples)
    made = {o for _, p, o in document if p == MADE_SEQUENCE}
    return dict.fromkeys(t for t in document if not is_carried(t[1]) and t[0] not in made and t[2] not in made)


def _back(found: list[Triple]) -> tuple[dict[Triple, None], dict[Term, Term]]:
    """Translate SBOL 2 to SBOL 3, plainly; return the triples and the identities."""
    document = Document.of(dict.fromkeys(found))
    groups = {
        iri_of(root): [(s, p, o) for s in document.subtree(root) for p, v in document.subjects[s].items() for o in v]
        for root in document.top_levels + document.orphans
        if is_iri(root)
    }
    latest = latest_versions(groups.items())

    def find(iri: Term) -> list[Triple] | None:
        return groups.get(latest.get(iri_of(iri), iri_of(iri))) if is_iri(iri) else None

    upward = Upward(find)
    back: list[Triple] = []
    identities: dict[Term, Term] = {}
    for group in groups.values():
        names = Names.in_group(group)
        back += upward.translate(names)
        identities |= names.of
    return _comparable(back), identities


def _notes(kept: list[Triple]) -> list[Finding]:
    """Say once for each kind of thing that SBOL 2 has no words for it."""
    objects = {s for s, p, _ in kept if p == TYPE}
    kinds: Counter[str] = Counter()
    for s, p, o in kept:
        statement = FORWARD.decode(p)
        if p == TYPE:
            if FORWARD.holds(o) and o != forward("Identified"):
                kinds[o[1 + len(SBOL3.FORWARD) : -1]] += 1
        elif s not in objects and o not in objects and statement and not statement[1] and p not in NOTES:
            kinds[local_name(statement[0][1:-1])] += 1
    return [
        Finding(RULE, "note", "", f"SBOL 2 has no words for {kind!r} of SBOL 3 ({count} times): kept as annotations")
        for kind, count in sorted(kinds.items())
    ]
