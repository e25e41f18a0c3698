"""SBOL 3 becomes SBOL 2, a document at a time: the plain translation, without what SBOL 2 has no words for.

An object of SBOL 3 is translated only if the one of SBOL 2 would be complete; what is left out is seen by who converts
back and compares.

Source: SBOL 3.1.0, section 10.2.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from synhub.rdf import Term, Triple, iri_term, is_blank, literal_term, text_of
from synhub.sbol import sbol3_residue
from synhub.sbol.blank_nodes import is_skolem
from synhub.sbol.sbol3_residue import BACKPORT
from synhub.sbol.sbol3_terms import (
    ANNOTATION,
    CHILDREN_3,
    CLASSES_DOWN,
    FROM_MODULE,
    FUNCTIONAL_ENTITY,
    IDENTIFIED,
    MADE_SEQUENCE,
    NO_PLACE,
    NO_SEQUENCE,
    ORIGINAL,
    PROPERTIES_DOWN,
    REFERENCES,
    SHARED_CLASSES,
    TOP_LEVELS_3,
    TYPE,
    iri_down,
    local_name,
    split_version,
    v2,
    v3,
    value_down,
)
from synhub.sbol.schema import Property, properties_of
from synhub.vocab import SBOL2, SBOL3

Subjects = Mapping[Term, Mapping[Term, list[Term]]]

_COMPONENT = v3("Component")
_SUB = v3("SubComponent")
_REFERENCE = v3("ComponentReference")
_LOCATIONS = frozenset({v3("Range"), v3("Cut")})
_RESTRICTIONS = frozenset(v3(n) for n in ("precedes", "sameOrientationAs", "oppositeOrientationAs", "differentFrom"))
_INSTANCES = frozenset({v2("Component"), v2("FunctionalComponent")})
_CARRIERS = _INSTANCES | {v2("Module")}
_HOLDERS = {
    v2("Component"): "component",
    v2("FunctionalComponent"): "functionalComponent",
    v2("Module"): "module",
    v2("SequenceAnnotation"): "sequenceAnnotation",
    v2("SequenceConstraint"): "sequenceConstraint",
    v2("MapsTo"): "mapsTo",
}
_NUCLEIC = Term("<https://identifiers.org/edam:format_1207>")
_STRUCTURE = frozenset({ORIGINAL, FROM_MODULE, ANNOTATION, NO_PLACE, NO_SEQUENCE, MADE_SEQUENCE})
_SIDES = (("input", "in"), ("output", "out"), ("nondirectional", "inout"))


@dataclass(slots=True)
class Shape:
    """What becomes of every object: `classes` are the SBOL 2 classes, `of` the identities, `holder` who owns it there.

    `annotations` maps annotations that SBOL 2 has of a component's place to their component and locations. `maps`
    maps a ComponentReference to the Constraint, the local and the refinement that make it a MapsTo. Objects of no
    class in SBOL 2 are in `of` alone.
    """

    subjects: Subjects
    owner: dict[Term, Term] = field(default_factory=dict)
    classes: dict[Term, Term] = field(default_factory=dict)
    of: dict[Term, Term] = field(default_factory=dict)
    identity: dict[Term, tuple[str, str]] = field(default_factory=dict)
    holder: dict[Term, Term] = field(default_factory=dict)
    annotations: dict[Term, tuple[Term, list[Term]]] = field(default_factory=dict)
    maps: dict[Term, tuple[Term, Term, str]] = field(default_factory=dict)
    modules: dict[Term, bool] = field(default_factory=dict)
    made: set[Term] = field(default_factory=set)
    used: set[Term] = field(default_factory=set)

    def values(self, subject: Term, name: str) -> list[Term]:
        return self.subjects.get(subject, {}).get(v3(name), [])

    def types(self, subject: Term) -> list[Term]:
        return self.subjects.get(subject, {}).get(TYPE, [])


def shape_of(subjects: Subjects) -> Shape:
    """Decide what becomes of the objects of a document."""
    shape = Shape(subjects)
    for subject in sorted(subjects):
        for predicate in CHILDREN_3 & subjects[subject].keys():
            for child in subjects[subject][predicate]:
                types = shape.types(child)  # what was kept of SBOL 2 has none
                if types and child != subject and TOP_LEVELS_3.isdisjoint(types):
                    shape.owner.setdefault(child, subject)
        shape.made.update(subjects[subject].get(MADE_SEQUENCE, ()))
    _own_annotations(shape)
    roots = [s for s in sorted(subjects) if s not in shape.owner and s not in shape.made and _is_object(shape, s)]
    for root in roots:
        shape.classes[root] = _class_of(shape, root)
    for root in roots:
        original = shape.subjects[root].get(ORIGINAL)
        _identify(shape, root, min(original) if original else iri_down(root))
    children: dict[Term, list[Term]] = {}
    for child in sorted(shape.owner):
        children.setdefault(shape.owner[child], []).append(child)
    for root in roots:
        _place_children(shape, root, children)
    for root in roots:
        _constraints(shape, root, children)
    _drop_incomplete(shape)
    return shape


def _own_annotations(shape: Shape) -> None:
    """Find who owns the annotations that SBOL 3 gives an identity: they are below their owner's."""
    nodes = {s for s in shape.subjects if IDENTIFIED in shape.types(s) and s not in shape.owner}
    for subject in sorted(shape.subjects) if nodes else ():
        for predicate, values in shape.subjects[subject].items():
            for value in nodes.intersection(values):
                if value != subject and not is_carried(predicate):
                    shape.owner.setdefault(value, subject)


def _is_object(shape: Shape, subject: Term) -> bool:
    """Tell an object of SBOL 3 from the nodes of annotations, and from what was kept of SBOL 2."""
    types = shape.types(subject)
    return any((t.startswith(f"<{SBOL3.NS}") and t != IDENTIFIED) or t in SHARED_CLASSES for t in types)


def _class_of(shape: Shape, subject: Term) -> Term:
    """Return the SBOL 2 class of an object; '' for a generic top level."""
    types = shape.types(subject)
    if _COMPONENT in types:
        return v2("ModuleDefinition" if _is_module(shape, subject, set()) else "ComponentDefinition")
    known = sorted(t for t in types if t in CLASSES_DOWN or t in SHARED_CLASSES)
    return CLASSES_DOWN.get(known[0], known[0]) if known else Term("")


def _is_module(shape: Shape, component: Term, above: set[Term]) -> bool:
    """Tell whether a component says what things do: it has interactions or parts that do."""
    if component in shape.modules:
        return shape.modules[component]
    if component in above or _COMPONENT not in shape.types(component):
        return False
    found = FUNCTIONAL_ENTITY in shape.values(component, "type") or bool(shape.values(component, "hasInteraction"))
    for feature in () if found else shape.values(component, "hasFeature"):
        found = FROM_MODULE in shape.subjects.get(feature, {}) or any(
            _is_module(shape, definition, above | {component}) for definition in shape.values(feature, "instanceOf")
        )
        if found:
            break
    shape.modules[component] = found
    return found


def _identify(shape: Shape, subject: Term, iri: Term, version: str | None = None) -> None:
    """Give an identity, one that nothing else has."""
    identity, own = split_version(iri)
    if version is not None and not own:
        own = version
    plain, number = iri, 1
    while plain in shape.used:
        number += 1
        plain = Term(f"<{identity}_{number}/{own}>" if own else f"<{identity}_{number}>")
    shape.used.add(plain)
    shape.of[subject] = plain
    shape.identity[subject] = split_version(plain)


def _identify_child(shape: Shape, subject: Term, holder: Term, local: str) -> None:
    original = shape.subjects.get(subject, {}).get(ORIGINAL)
    above, version = shape.identity[holder]
    iri = Term(f"<{above}/{local}/{version}>" if version else f"<{above}/{local}>")
    _identify(shape, subject, min(original) if original else iri)
    shape.holder[subject] = holder


def _local(shape: Shape, subject: Term) -> str:
    given = shape.values(subject, "displayId")
    return local_name(text_of(min(given))) if given else local_name(subject[1:-1])


def _place_children(shape: Shape, root: Term, children: Mapping[Term, list[Term]]) -> None:
    later: list[Term] = []
    queue = [(child, root) for child in children.get(root, ())]
    while queue:
        child, owner = queue.pop(0)
        found = _child_class(shape, child, owner)
        if child in shape.of:
            continue
        if _REFERENCE in shape.types(child):
            later.append(child)
            continue
        if found:
            shape.classes[child] = found
        of_component = found in (v2("Range"), v2("Cut")) and shape.classes.get(owner) == v2("Component")
        if of_component and child in shape.values(owner, "hasLocation"):
            continue  # its annotation's
        _identify_child(shape, child, owner, _local(shape, child))
        queue.extend((grandchild, child) for grandchild in children.get(child, ()))
        if found == v2("Component"):
            _annotate(shape, child, root)
    for reference in later:
        _maps_to(shape, reference, root, children)
        if reference not in shape.of:
            _identify_child(shape, reference, root, _local(shape, reference))


def _child_class(shape: Shape, child: Term, owner: Term) -> Term:
    types = shape.types(child)
    above = shape.classes.get(owner, Term(""))
    if _SUB in types:
        if above == v2("ComponentDefinition"):
            return v2("Component")
        definitions = shape.values(child, "instanceOf")
        module = FROM_MODULE in shape.subjects[child] or any(shape.modules.get(d) for d in definitions)
        return v2("Module" if module else "FunctionalComponent") if above == v2("ModuleDefinition") else Term("")
    located = any(_LOCATIONS.intersection(shape.types(x)) for x in shape.values(child, "hasLocation"))
    if v3("SequenceFeature") in types and above == v2("ComponentDefinition"):
        return v2("SequenceAnnotation") if located else Term("")
    if v3("LocalSubComponent") in types and above == v2("ComponentDefinition"):
        return v2("SequenceAnnotation") if NO_PLACE in shape.subjects[child] else Term("")
    if v3("Range") in types or v3("Cut") in types:
        fits = above in (v2("Component"), v2("SequenceAnnotation"))
        return v2("Range" if v3("Range") in types else "Cut") if fits else Term("")
    known = sorted(t for t in types if t in CLASSES_DOWN or t in SHARED_CLASSES)
    allowed = properties_of(above)
    links = [p for p in CHILDREN_3 & shape.subjects[owner].keys() if child in shape.subjects[owner][p]]
    if not known or not any(PROPERTIES_DOWN.get(link, link) in allowed for link in links):
        return Term("")
    return CLASSES_DOWN.get(known[0], known[0])


def _annotate(shape: Shape, component: Term, root: Term) -> None:
    """Give a component's locations an annotation, or those that they came from."""
    groups: dict[Term, list[Term]] = {}
    for location in sorted(shape.values(component, "hasLocation")):
        if _LOCATIONS.intersection(shape.types(location)):
            origins = shape.subjects[location].get(ANNOTATION)
            groups.setdefault(min(origins) if origins else Term(""), []).append(location)
    for came, locations in sorted(groups.items()):
        key = came or Term(f"{component[:-1]}#annotation>")
        shape.classes[key] = v2("SequenceAnnotation")
        if came:
            _identify(shape, key, came)
            shape.holder[key] = root
        else:
            _identify_child(shape, key, root, f"{_local(shape, component)}_annotation")
        shape.annotations[key] = (component, locations)
        for location in locations:
            shape.classes[location] = v2("Range" if v3("Range") in shape.types(location) else "Cut")
            _identify_child(shape, location, key, _local(shape, location))


def _maps_to(shape: Shape, reference: Term, root: Term, children: Mapping[Term, list[Term]]) -> None:
    """Make a MapsTo of a reference that one Constraint ties to a component of its own parent."""
    carriers = shape.values(reference, "inChildOf")
    remotes = shape.values(reference, "refersTo")
    if len(carriers) != 1 or len(remotes) != 1 or shape.holder.get(carriers[0]) != root:
        return
    if shape.classes.get(carriers[0]) not in _CARRIERS or _REFERENCE in shape.types(remotes[0]):
        return
    if remotes[0] in shape.subjects and _SUB not in shape.types(remotes[0]):
        return
    for constraint in children.get(root, ()):
        ends = shape.values(constraint, "subject"), shape.values(constraint, "object")
        restriction = shape.values(constraint, "restriction")
        if len(ends[0]) != 1 or len(ends[1]) != 1 or not {v3("replaces"), v3("verifyIdentical")} & set(restriction):
            continue
        if [reference] not in ends:
            continue
        local = ends[1][0] if ends[0] == [reference] else ends[0][0]
        if shape.classes.get(local) not in _INSTANCES or shape.holder.get(local) != root:
            continue
        refinement = "useRemote" if ends[0] == [reference] else "useLocal"
        shape.maps[reference] = (
            constraint, local, "verifyIdentical" if v3("verifyIdentical") in restriction else refinement
        )  # fmt: skip
        shape.classes[reference] = v2("MapsTo")
        local_id = _local(shape, reference).removeprefix(_local(shape, carriers[0]) + "_")
        _identify_child(shape, reference, carriers[0], local_id)
        return


def _constraints(shape: Shape, root: Term, children: Mapping[Term, list[Term]]) -> None:
    for constraint in children.get(root, ()):
        if v3("Constraint") in shape.types(constraint):
            ends = [*shape.values(constraint, "subject"), *shape.values(constraint, "object")]
            fits = len(ends) == 2 and all(shape.classes.get(end) == v2("Component") for end in ends)
            if fits and _RESTRICTIONS.issuperset(shape.values(constraint, "restriction")):
                shape.classes[constraint] = v2("SequenceConstraint")


def _drop_incomplete(shape: Shape) -> None:
    """Leave out what would refer to something that SBOL 2 has no object for."""
    for subject, found in list(shape.classes.items()):
        if found == v2("MapsTo"):
            remote = shape.values(subject, "refersTo")[0]
            gone = remote in shape.subjects and shape.classes.get(remote) not in _INSTANCES
        elif found == v2("Participation"):
            who = shape.values(subject, "participant")
            gone = not who or any(shape.classes.get(w) != v2("FunctionalComponent") for w in who)
        elif found == v2("VariableComponent"):
            known = [v for v in shape.values(subject, "variable") if v in shape.subjects]
            gone = any(shape.classes.get(v) != v2("Component") for v in known)
        else:
            continue
        if gone:
            del shape.classes[subject]
            shape.maps.pop(subject, None)
            for child in [c for c, owner in shape.owner.items() if owner == subject]:
                shape.classes.pop(child, None)


class Downward:
    """Translates a document. `others` maps further IRIs of SBOL 3 to those of SBOL 2."""

    def __init__(self, triples: Iterable[Triple], others: Mapping[Term, Term] | None = None) -> None:
        subjects: dict[Term, dict[Term, list[Term]]] = {}
        for s, p, o in triples:
            subjects.setdefault(s, {}).setdefault(p, []).append(o)
        self.shape = shape_of(subjects)
        self._others = others or {}

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
        return sbol3_residue.apply(found, hints, BACKPORT, self.name, lambda value: value) if hints else list(found)

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
        if main in _INSTANCES:
            yield from self._sides(subject, main, name)
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

    def _sides(self, subject: Term, main: Term, name: Term) -> Iterator[Triple]:
        shape = self.shape
        interfaces = shape.values(shape.holder[subject], "hasInterface")
        side = next((d for s, d in _SIDES for i in interfaces if subject in shape.values(i, s)), "")
        yield name, v2("access"), v2("public" if side else "private")
        if main == v2("FunctionalComponent"):
            yield name, v2("direction"), v2(side or "none")

    def _annotation(self, annotation: Term, component: Term, locations: list[Term]) -> Iterator[Triple]:
        name = self.shape.of[annotation]
        yield from self._identity(annotation, {})
        yield self._holder_name(annotation), v2("sequenceAnnotation"), name
        yield name, v2("component"), self.shape.of[component]


def is_carried(predicate: Term) -> bool:
    """Tell the predicates of SBOL 3 that only carry what SBOL 2 said."""
    return BACKPORT.holds(predicate) or predicate in _STRUCTURE
