"""SBOL 3 becomes SBOL 2, a document at a time: the plain translation, without what SBOL 2 has no words for.

An object of SBOL 3 is translated only if the one of SBOL 2 would be complete; what is left out is seen by who converts
back and compares.

Source: SBOL 3.1.0, section 10.2.
"""

from collections.abc import Iterable, Iterator, Mapping

from synhub.rdf import Term, Triple, iri_term, is_blank, literal_term
from synhub.sbol.blank_nodes import is_skolem
from synhub.sbol.sbol3.residue import BACKPORT, with_hints
from synhub.sbol.sbol3.shape import INSTANCES, is_carried, shape_of
from synhub.sbol.sbol3.terms import (
    IDENTIFIED,
    NO_SEQUENCE,
    PROPERTIES_DOWN,
    REFERENCES,
    TYPE,
    iri_down,
    v2,
    v3,
    value_down,
)
from synhub.sbol.schema import Property, properties_of
from synhub.vocab import SBOL2, SBOL3

_HOLDERS = {
    v2("Component"): "component",
    v2("FunctionalComponent"): "functionalComponent",
    v2("Module"): "module",
    v2("SequenceAnnotation"): "sequenceAnnotation",
    v2("SequenceConstraint"): "sequenceConstraint",
    v2("MapsTo"): "mapsTo",
}
_NUCLEIC = iri_term(SBOL3.nucleic_acid)
_SIDES = (("input", "in"), ("output", "out"), ("nondirectional", "inout"))


class Downward:
    """Translates a document. `others` maps further IRIs of SBOL 3 to those of SBOL 2."""

    def __init__(self, triples: Iterable[Triple], others: Mapping[Term, Term] | None = None) -> None:
        subjects: dict[Term, dict[Term, list[Term]]] = {}
        for s, p, o in triples:
            subjects.setdefault(s, {}).setdefault(p, []).append(o)
        self.shape = shape_of(subjects)
        self._others = others or {}
        self._sides: dict[tuple[Term, Term], str] = {}  # of an interface, by whose it is and who is on it
        for interface, owner in self.shape.owner.items():
            for name, side in _SIDES if self.shape.link.get(interface) == v3("hasInterface") else ():
                for feature in self.shape.values(interface, name):
                    self._sides.setdefault((owner, feature), side)

    def translate(self) -> list[Triple]:
        """Return the SBOL 2 triples, with what SBOL 2 files said that SBOL 3 has no words for."""
        shape = self.shape
        found: dict[Triple, None] = {}
        hints: list[Triple] = []
        for subject, said in shape.subjects.items():
            found.update(dict.fromkeys(self._subject(subject, said)))
            hints += [(subject, p, o) for p, values in said.items() if BACKPORT.holds(p) for o in values]
        for annotation, (component, locations) in shape.annotations.items():
            found.update(dict.fromkeys(self._annotation(annotation, component, locations)))
        return with_hints(found, hints, BACKPORT, self.name, lambda value: value) if hints else list(found)

    def name(self, term: Term) -> Term:
        """Return the SBOL 2 identity of an object of this document; anything else as it is."""
        found = self.shape.of.get(term) or self._others.get(term)
        if found is not None:
            return found
        if is_skolem(term):
            owner, _, node = term.partition("/.bnode/")
            return Term(f"{self.name(Term(owner + '>'))[:-1]}/.bnode/{node}")
        return term

    def _subject(self, subject: Term, said: Mapping[Term, list[Term]]) -> Iterator[Triple]:
        shape = self.shape
        if subject in shape.made:
            return
        if subject not in shape.of:
            if not any(t.startswith(f"<{SBOL3.NS}") and t != IDENTIFIED for t in said.get(TYPE, ())):
                yield from self._annotations(self.name(subject), said)
            return
        if subject not in shape.classes:
            return  # no words for it
        name, main = shape.of[subject], shape.classes[subject]
        yield from self._identity(subject, said)
        for found in said.get(TYPE, ()):
            if not found.startswith(f"<{SBOL3.NS}") and found != main:
                yield name, TYPE, found
        yield from self._properties(subject, said, main, name)
        holder = _HOLDERS.get(main)
        if holder is not None:
            yield self._holder_name(subject), v2(holder), name
        yield from self._special(subject, main, name)

    def _holder_name(self, subject: Term) -> Term:
        return self.shape.of[self.shape.holder[subject]]

    def _identity(self, subject: Term, said: Mapping[Term, list[Term]]) -> Iterator[Triple]:
        shape = self.shape
        name, main = shape.of[subject], shape.classes[subject]
        identity, version = shape.identity[subject]
        if main:
            yield name, TYPE, main
        yield name, v2("persistentIdentity"), Term(f"<{identity}>")
        yield name, v2("displayId"), literal_term(identity.rpartition("/")[2])
        if version:
            yield name, v2("version"), literal_term(version)

    def _properties(self, subject: Term, said: Mapping[Term, list[Term]], main: Term, name: Term) -> Iterator[Triple]:
        allowed = properties_of(main or iri_term(SBOL2.Collection))
        for predicate, values in said.items():
            down = PROPERTIES_DOWN.get(predicate)
            if predicate == v3("member") and main == v2("Experiment"):
                down = v2("experimentalData")
            if predicate == TYPE or down == v2("displayId") or is_carried(predicate):
                continue
            if down == v2("sequence") and main in (v2("Range"), v2("Cut")):
                continue
            if down is None and not predicate.startswith(f"<{SBOL3.NS}"):
                for value in values:
                    yield name, predicate, self._value(predicate, value)
            elif down in allowed and down is not None:
                for value in values:
                    if not (main == v2("ModuleDefinition") and down == v2("type")) and self._fits(allowed[down], value):
                        yield name, down, self._value(down, value)

    def _fits(self, said: Property, value: Term) -> bool:
        """Tell whether a value has become an object that the property may have, and is no sequence that we made."""
        if value in self.shape.made:
            return False
        return not said.targets or value not in self.shape.owner or value in self.shape.classes

    def _annotations(self, name: Term, said: Mapping[Term, list[Term]]) -> Iterator[Triple]:
        for predicate, values in said.items():
            if not is_carried(predicate) and not predicate.startswith(f"<{SBOL3.NS}"):
                for value in values:
                    if not value.startswith(f"<{SBOL3.NS}"):
                        yield name, predicate, self._value(predicate, value)

    def _value(self, predicate: Term, value: Term) -> Term:
        if value[0] != "<":
            return value if is_blank(value) else value_down(predicate, value)
        named = self.name(value)
        if named != value or value in self.shape.of:
            return named
        return iri_down(value) if predicate in REFERENCES else value_down(predicate, value)

    # --- what is more than a name -----------------------------------------------------------------------------------

    def _special(self, subject: Term, main: Term, name: Term) -> Iterator[Triple]:
        shape = self.shape
        if main in INSTANCES:
            yield from self._access(subject, main, name)
        elif main == v2("MapsTo"):
            _, local, refinement = shape.maps[subject]
            yield name, v2("refinement"), v2(refinement)
            yield name, v2("local"), self.name(local)
            for remote in shape.values(subject, "refersTo"):
                yield name, v2("remote"), self.name(remote) if self.name(remote) != remote else iri_down(remote)
        elif main == v2("Sequence"):  # SBOL 3 has sequences of which nobody knows the letters
            if not shape.values(subject, "elements"):
                yield name, v2("elements"), literal_term("")
            if not shape.values(subject, "encoding"):
                yield name, v2("encoding"), value_down(v2("encoding"), _NUCLEIC)
        elif main in (v2("Range"), v2("Cut")):
            holder = shape.holder[subject]
            if shape.classes[holder] == v2("SequenceAnnotation"):
                yield shape.of[holder], v2("location"), name
            if NO_SEQUENCE not in shape.subjects[subject]:
                for sequence in shape.values(subject, "hasSequence"):
                    if sequence not in shape.made:
                        yield name, v2("sequence"), self._value(v2("sequence"), sequence)

    def _access(self, subject: Term, main: Term, name: Term) -> Iterator[Triple]:
        side = self._sides.get((self.shape.holder[subject], subject), "")
        yield name, v2("access"), v2("public" if side else "private")
        if main == v2("FunctionalComponent"):
            yield name, v2("direction"), v2(side or "none")

    def _annotation(self, annotation: Term, component: Term, locations: list[Term]) -> Iterator[Triple]:
        name = self.shape.of[annotation]
        yield from self._identity(annotation, {})
        yield self._holder_name(annotation), v2("sequenceAnnotation"), name
        yield name, v2("component"), self.shape.of[component]
