"""SBOL 2 becomes SBOL 3, one top level at a time: the plain translation, without what SBOL 3 has no words for.

Pure: other top levels are looked up through the function it is given, for references without a version, for
references to children of others, and to tell an object's IRI from an address somewhere in the world.

Source: SBOL 3.1.0, section 10.2.
"""

from collections.abc import Callable, Iterator

from synhub.rdf import Term, Triple, iri_term, is_iri, literal_term, text_of
from synhub.sbol.blank_nodes import is_skolem
from synhub.sbol.graph import Document
from synhub.sbol.sbol3.names import ANNOTATION_2, LOCAL_NAME, LOCATIONS_2, Names, class_of
from synhub.sbol.sbol3.residue import FORWARD, with_hints
from synhub.sbol.sbol3.terms import (
    ANNOTATION,
    CLASSES_UP,
    FROM_MODULE,
    FUNCTIONAL_ENTITY,
    IDENTIFIED,
    MADE_SEQUENCE,
    NO_PLACE,
    NO_SEQUENCE,
    PROPERTIES_UP,
    REFERENCES,
    SHARED_CLASSES,
    TOP_LEVEL,
    TRUE,
    TYPE,
    forward,
    iri_up,
    namespace_of,
    split_version,
    v2,
    v3,
    value_up,
)
from synhub.sbol.schema import CLASSES, properties_of
from synhub.vocab import SBOL2

Find = Callable[[Term], list[Triple] | None]

WITHOUT = forward("without")
OWN_CONSTRAINT = forward("ownConstraint")
NOTES = frozenset({LOCAL_NAME, WITHOUT, OWN_CONSTRAINT})  # read here, and not statements of SBOL 3
_DISPLAY_ID = v2("displayId")
_MAPS_TO = v2("MapsTo")
# Written where the object is: not properties that one table translates.
_PLACED = frozenset(
    v2(name)
    for name in (
        "component",
        "functionalComponent",
        "module",
        "sequenceAnnotation",
        "sequenceConstraint",
        "location",
        "mapsTo",
        "access",
        "direction",
        "refinement",
        "local",
        "remote",
    )
)
_HOLDERS = {
    v2("Component"): "hasFeature",
    v2("FunctionalComponent"): "hasFeature",
    v2("Module"): "hasFeature",
    ANNOTATION_2: "hasFeature",
    _MAPS_TO: "hasFeature",
    v2("SequenceConstraint"): "hasConstraint",
    v2("Range"): "hasLocation",
    v2("Cut"): "hasLocation",
}
_INTERFACE = {v2("in"): "input", v2("out"): "output", v2("inout"): "nondirectional"}


class Upward:
    """Translates groups; keeps the names of some others that were looked up.

    `met` are the IRIs outside a group that were found to be objects, with their identities in SBOL 3.
    """

    _KEPT = 256

    def __init__(self, find: Find) -> None:
        self._find = find
        self._cache: dict[Term, Names | None] = {}
        self.met: dict[Term, Term] = {}

    def translate(self, names: Names) -> list[Triple]:
        """Return the SBOL 3 triples of a group, with what SBOL 3 files said that SBOL 2 has no words for."""
        self.met = {}
        found = dict.fromkeys(t for subject in names.document.subjects for t in self._subject(names, subject))
        document = names.document
        hints = [
            (s, p, o)
            for s, said in document.subjects.items()
            for p, values in said.items()
            if FORWARD.holds(p) and p not in NOTES
            for o in values
        ]
        absent = {
            Term(f"{names.of[s][:-1]}/{text_of(o)}>")
            for s, said in document.subjects.items()
            if s in names.of
            for o in said.get(WITHOUT, ())
        }
        if not hints and not absent:
            return list(found)
        kept = [t for t in found if t[0] not in absent and t[2] not in absent]
        return with_hints(kept, hints, FORWARD, names.name, lambda o: self._anywhere(names, o))

    # --- one object -------------------------------------------------------------------------------------------------

    def _subject(self, names: Names, subject: Term) -> Iterator[Triple]:
        document = names.document
        main = class_of(document, subject)
        name = names.of.get(subject)
        if name is None:
            if subject in document.nested:
                yield from self._annotations(names, subject, names.name(subject))
            elif subject in names.merged:
                yield from self._locations(names, subject, names.of[names.merged[subject]])
            return
        if names.is_kept(subject):
            yield from (
                (name, TYPE, v3(t[1 + len(FORWARD.beginning) : -1]))
                for t in document.types(subject)
                if FORWARD.holds(t)
            )
            yield from self._annotations(names, subject, name)
            return
        yield from self._types(names, subject, main, name)
        yield name, v3("displayId"), literal_term(name[1:-1].rpartition("/")[2])
        yield from self._properties(names, subject, main, name)
        if subject not in names.places:
            yield name, v3("hasNamespace"), Term(f"<{namespace_of(name)}>")
        elif (holder := _HOLDERS.get(main)) is not None and not self._is_source(document, subject):
            yield names.of[names.places[subject]], v3(holder), name
        yield from self._special(names, subject, main, name)

    def _types(self, names: Names, subject: Term, main: Term, name: Term) -> Iterator[Triple]:
        for found in names.document.types(subject):
            yield name, TYPE, self._class(names, subject) if found == main else found
        if main in SHARED_CLASSES or not main:
            yield name, TYPE, TOP_LEVEL if not main or CLASSES[main].top_level else IDENTIFIED
        if main == v2("ModuleDefinition"):
            yield name, v3("type"), FUNCTIONAL_ENTITY

    def _properties(self, names: Names, subject: Term, main: Term, name: Term) -> Iterator[Triple]:
        allowed = properties_of(main or iri_term(SBOL2.Collection))
        for predicate, values in names.document.subjects[subject].items():
            up = PROPERTIES_UP.get(predicate)
            if predicate in (TYPE, _DISPLAY_ID) or predicate in _PLACED or FORWARD.holds(predicate):
                continue
            if up is None and predicate.startswith(f"<{SBOL2.NS}"):
                continue
            if up is not None and predicate in allowed:
                for value in values:
                    if names.is_nameless(value):
                        continue
                    yield name, up, self._value(names, subject, predicate, value)
            elif up is None or not predicate.startswith(f"<{SBOL2.NS}"):
                for value in values:
                    yield name, predicate, self._value(names, subject, predicate, value)

    def _is_source(self, document: Document, subject: Term) -> bool:
        owner = document.owner[subject]
        return class_of(document, subject) in LOCATIONS_2 and class_of(document, owner) != ANNOTATION_2

    def _annotations(self, names: Names, subject: Term, name: Term) -> Iterator[Triple]:
        for predicate, values in names.document.subjects[subject].items():
            for value in values:
                if not FORWARD.holds(predicate) and not FORWARD.holds(value):
                    yield name, predicate, self._value(names, subject, predicate, value)

    # --- values -----------------------------------------------------------------------------------------------------

    def _value(self, names: Names, subject: Term, predicate: Term, value: Term) -> Term:
        if value[0] != "<":
            return value_up(predicate, value)
        if (name := names.name(value)) is not value:
            return name
        if value in names.of:
            return value
        if predicate in REFERENCES:
            return self._reference(names, subject, predicate, value)
        translated = value_up(predicate, value)
        if translated is value and iri_up(value) != value and self._names(value) is not None:
            self.met[value] = iri_up(value)
            return iri_up(value)
        return translated

    def _reference(self, names: Names, subject: Term, predicate: Term, value: Term) -> Term:
        if (own := names.resolve(value)) in names.of:
            return names.of[own]
        if predicate == v2("variable"):
            return self._child(names, names.document.owner.get(subject, subject), v2("template"), value)
        up = iri_up(value)
        if up == value and (other := self._names(value)) is not None:
            return other.of.get(other.resolve(value), value)
        return up

    def _child(self, names: Names, subject: Term, through: Term, value: Term) -> Term:
        """Return the identity of a child of the object that a property of the subject refers to."""
        for target in names.document.subjects[subject].get(through, ()):
            other = self._names(target)
            if other is not None and (child := other.resolve(value)) in other.of:
                self.met[child] = other.of[child]
                return other.of[child]
        return iri_up(value)

    def _anywhere(self, names: Names, value: Term) -> Term:
        """Return the identity of whatever object an IRI means, by looking for the top level that it lies below."""
        if not is_iri(value) or value in names.of or is_skolem(value):
            return names.name(value)
        head, version = split_version(value)
        for _ in range(4):
            other = self._names(Term(f"<{head}/{version}>" if version else f"<{head}>"))
            if other is not None and value in other.of:
                self.met[value] = other.of[value]
                return other.of[value]
            head = head.rpartition("/")[0]
            if head.endswith("/"):
                break
        return value

    def _names(self, top_level: Term) -> Names | None:
        if top_level not in self._cache:
            triples = self._find(top_level)
            if len(self._cache) >= self._KEPT:
                self._cache.clear()
            self._cache[top_level] = None if triples is None else Names.in_group(triples)
        return self._cache[top_level]

    # --- what is more than a name -----------------------------------------------------------------------------------

    def _special(self, names: Names, subject: Term, main: Term, name: Term) -> Iterator[Triple]:
        if main in (v2("ComponentDefinition"), v2("ModuleDefinition")):
            yield from self._interface(names, subject, name)
            yield from self._made_sequence(names, subject, name)
        elif main == v2("Module"):
            yield name, FROM_MODULE, TRUE
        elif main == _MAPS_TO:
            yield from self._maps_to(names, subject, name)
        elif main == ANNOTATION_2:
            yield from self._feature(names, subject, name)
        elif main in LOCATIONS_2 and v2("sequence") not in names.document.subjects[subject]:
            yield name, NO_SEQUENCE, TRUE
            yield name, v3("hasSequence"), self._only_sequence(names, _root_of(names, subject))

    def _locations(self, names: Names, annotation: Term, component: Term) -> Iterator[Triple]:
        for location in names.document.children.get(annotation, ()):
            if location in names.of:
                yield names.of[location], ANNOTATION, annotation

    def _class(self, names: Names, subject: Term) -> Term:
        """An annotation without a Range or Cut is of no place: SBOL 3 has features without one under another class."""
        main = class_of(names.document, subject)
        if main == ANNOTATION_2 and subject not in names.holders:
            return v3("LocalSubComponent")
        return CLASSES_UP.get(main, main)

    def _feature(self, names: Names, annotation: Term, name: Term) -> Iterator[Triple]:
        if self._class(names, annotation) != v3("LocalSubComponent"):
            return
        yield name, NO_PLACE, TRUE
        for value in names.document.subjects[_root_of(names, annotation)].get(v2("type"), ()):
            yield name, v3("type"), value_up(v2("type"), value)

    def _only_sequence(self, names: Names, root: Term) -> Term:
        said = names.document.subjects[root].get(v2("sequence"), [])
        return self._value(names, root, v2("sequence"), min(said)) if said else _made(names.of[root])

    def _made_sequence(self, names: Names, root: Term, name: Term) -> Iterator[Triple]:
        """A location is on a sequence in SBOL 3: where there is none, an empty one is made and marked."""
        document = names.document
        if v2("sequence") in document.subjects[root] or not any(
            s in names.of and class_of(document, s) in LOCATIONS_2 and v2("sequence") not in document.subjects[s]
            for s in document.subtree(root)
        ):
            return
        made = _made(name)
        yield name, MADE_SEQUENCE, made
        yield name, v3("hasSequence"), made
        yield made, TYPE, v3("Sequence")
        yield made, v3("displayId"), literal_term(made[1:-1].rpartition("/")[2])
        yield made, v3("hasNamespace"), Term(f"<{namespace_of(made)}>")

    def _interface(self, names: Names, root: Term, name: Term) -> Iterator[Triple]:
        interface = Term(f"{name[:-1]}/Interface1>")
        found = [
            (side, names.of[child])
            for child in names.document.children.get(root, ())
            if child in names.of and (side := _side(names.document, child))
        ]
        if not found or names.has_interface(root):
            return
        yield name, v3("hasInterface"), interface
        yield interface, TYPE, v3("Interface")
        yield interface, v3("displayId"), literal_term("Interface1")
        for side, child in found:
            yield interface, v3(side), child

    def _maps_to(self, names: Names, subject: Term, name: Term) -> Iterator[Triple]:
        document = names.document
        carrier = document.owner[subject]
        said = document.subjects[subject]
        yield name, v3("inChildOf"), names.name(carrier)
        for value in said.get(v2("remote"), ()):
            yield name, v3("refersTo"), self._child(names, carrier, v2("definition"), value)
        if OWN_CONSTRAINT in said:  # it came with one of its own
            return
        constraint = Term(f"{name[:-1]}_constraint>")
        root = names.of[names.places[subject]]
        refinement = said.get(v2("refinement"), [Term("")])[0]
        identical = refinement == v2("verifyIdentical")
        first, second = ("object", "subject") if refinement == v2("useLocal") else ("subject", "object")
        yield root, v3("hasConstraint"), constraint
        yield constraint, TYPE, v3("Constraint")
        yield constraint, v3("displayId"), literal_term(constraint[1:-1].rpartition("/")[2])
        yield constraint, v3("restriction"), v3("verifyIdentical" if identical else "replaces")
        yield constraint, v3(first), name
        for value in said.get(v2("local"), ()):
            own = names.resolve(value)
            yield constraint, v3(second), names.name(own)


def _root_of(names: Names, subject: Term) -> Term:
    while subject in names.document.owner:
        subject = names.document.owner[subject]
    return subject


def _made(root: Term) -> Term:
    return Term(f"{root[:-1]}_sequence_unknown>")


def _side(document: Document, child: Term) -> str:
    """Return the part of the interface that a component belongs to; '' for none."""
    said = document.subjects[child]
    main = class_of(document, child)
    if main == v2("FunctionalComponent"):
        for direction in said.get(v2("direction"), ()):
            if direction in _INTERFACE:
                return _INTERFACE[direction]
    public = v2("public") in said.get(v2("access"), ())
    return "nondirectional" if public and main in (v2("Component"), v2("FunctionalComponent")) else ""
