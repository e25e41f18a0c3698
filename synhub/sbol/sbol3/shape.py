"""What becomes of every object of an SBOL 3 document in SBOL 2: its class, its identity, who owns it.

Every step is linear in the size of the document, since anybody may upload any.

Source: SBOL 3.1.0, section 10.2.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from synhub.errors import TooLarge
from synhub.rdf import Term, is_iri, text_of
from synhub.sbol.sbol3.residue import BACKPORT
from synhub.sbol.sbol3.terms import (
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
    SHARED_CLASSES,
    TOP_LEVELS_3,
    TYPE,
    iri_down,
    local_name,
    split_version,
    v2,
    v3,
)
from synhub.sbol.schema import properties_of
from synhub.vocab import SBOL3

Subjects = Mapping[Term, Mapping[Term, list[Term]]]

MAX_DEPTH = 64  # SBOL's own objects reach 4; every level makes identities longer
INSTANCES = frozenset({v2("Component"), v2("FunctionalComponent")})
_CARRIERS = INSTANCES | {v2("Module")}
_COMPONENT = v3("Component")
_SUB = v3("SubComponent")
_REFERENCE = v3("ComponentReference")
_LOCATIONS = frozenset({v3("Range"), v3("Cut")})
_RESTRICTIONS = frozenset(v3(n) for n in ("precedes", "sameOrientationAs", "oppositeOrientationAs", "differentFrom"))
_TIES = frozenset({v3("replaces"), v3("verifyIdentical")})
_STRUCTURE = frozenset({ORIGINAL, FROM_MODULE, ANNOTATION, NO_PLACE, NO_SEQUENCE, MADE_SEQUENCE})


def is_carried(predicate: Term) -> bool:
    """Tell the predicates of SBOL 3 that only carry what SBOL 2 said."""
    return BACKPORT.holds(predicate) or predicate in _STRUCTURE


@dataclass(slots=True)
class Shape:
    """What becomes of every object: `classes` are the SBOL 2 classes, `of` the identities, `holder` who owns it there.

    `owner` is who owns it in SBOL 3, `link` the property that says so. `annotations` maps annotations that SBOL 2 has
    of a component's place to their component and locations. `maps` maps a ComponentReference to the Constraint, the
    local and the refinement that make it a MapsTo. Objects of no class in SBOL 2 are in `of` alone. `made` are
    sequences that were made for locations without one.
    """

    subjects: Subjects
    owner: dict[Term, Term] = field(default_factory=dict)
    link: dict[Term, Term] = field(default_factory=dict)
    children: dict[Term, list[Term]] = field(default_factory=dict)
    classes: dict[Term, Term] = field(default_factory=dict)
    of: dict[Term, Term] = field(default_factory=dict)
    identity: dict[Term, tuple[str, str]] = field(default_factory=dict)
    holder: dict[Term, Term] = field(default_factory=dict)
    annotations: dict[Term, tuple[Term, list[Term]]] = field(default_factory=dict)
    maps: dict[Term, tuple[Term, Term, str]] = field(default_factory=dict)
    modules: set[Term] = field(default_factory=set)
    made: set[Term] = field(default_factory=set)

    def values(self, subject: Term, name: str) -> list[Term]:
        return self.subjects.get(subject, {}).get(v3(name), [])

    def types(self, subject: Term) -> list[Term]:
        return self.subjects.get(subject, {}).get(TYPE, [])


def shape_of(subjects: Subjects) -> Shape:
    """Decide what becomes of the objects of a document."""
    shape = Shape(subjects)
    _own(shape)
    _find_modules(shape)
    place = _Placing(shape)
    roots = [s for s in sorted(subjects) if s not in shape.owner and s not in shape.made and _is_object(shape, s)]
    for root in roots:
        shape.classes[root] = _class_of(shape, root)
        place.top_level(root)
    for root in roots:
        place.below(root)
    for root in roots:
        _constraints(shape, root)
    _drop_incomplete(shape)
    return shape


def _own(shape: Shape) -> None:
    """Find who owns whom: objects by the properties for it, annotations with an identity by any."""
    nodes: set[Term] = set()
    for subject in sorted(shape.subjects):
        said = shape.subjects[subject]
        if IDENTIFIED in said.get(TYPE, ()):
            nodes.add(subject)
        for predicate in sorted(CHILDREN_3 & said.keys()):
            for child in said[predicate]:
                types = shape.types(child)  # what was kept of SBOL 2 has none
                if types and child != subject and TOP_LEVELS_3.isdisjoint(types) and child not in shape.owner:
                    shape.owner[child] = subject
                    shape.link[child] = predicate
        shape.made.update(said.get(MADE_SEQUENCE, ()))
    nodes -= shape.owner.keys()
    for subject in sorted(shape.subjects) if nodes else ():
        for predicate, values in shape.subjects[subject].items():
            for value in nodes.intersection(values):
                if value != subject and not is_carried(predicate):
                    shape.owner.setdefault(value, subject)
    for child in sorted(shape.owner):
        shape.children.setdefault(shape.owner[child], []).append(child)


def _is_object(shape: Shape, subject: Term) -> bool:
    """Tell an object of SBOL 3 from the nodes of annotations, and from what was kept of SBOL 2."""
    types = shape.types(subject)
    return any((t.startswith(f"<{SBOL3.NS}") and t != IDENTIFIED) or t in SHARED_CLASSES for t in types)


def _find_modules(shape: Shape) -> None:
    """Find the components that say what things do: they have interactions, or parts that do."""
    used_in: dict[Term, list[Term]] = {}
    found: list[Term] = []
    for component, said in shape.subjects.items():
        if _COMPONENT not in said.get(TYPE, ()):
            continue
        acts = FUNCTIONAL_ENTITY in shape.values(component, "type") or bool(shape.values(component, "hasInteraction"))
        for feature in shape.values(component, "hasFeature"):
            acts = acts or FROM_MODULE in shape.subjects.get(feature, {})
            for definition in shape.values(feature, "instanceOf"):
                used_in.setdefault(definition, []).append(component)
        if acts:
            found.append(component)
    while found:
        component = found.pop()
        if component not in shape.modules:
            shape.modules.add(component)
            found += used_in.get(component, ())


def _class_of(shape: Shape, subject: Term) -> Term:
    """Return the SBOL 2 class of a top level; '' for a generic one."""
    if _COMPONENT in shape.types(subject):
        return v2("ModuleDefinition" if subject in shape.modules else "ComponentDefinition")
    return _known_class(shape, subject)


def _known_class(shape: Shape, subject: Term) -> Term:
    known = min((t for t in shape.types(subject) if t in CLASSES_DOWN or t in SHARED_CLASSES), default=Term(""))
    return CLASSES_DOWN.get(known, known)


class _Placing:
    """Gives identities, each to one object."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.used: set[Term] = set()
        self.numbers: dict[str, int] = {}

    def top_level(self, root: Term) -> None:
        self._identify(root, self._original(root) or iri_down(root))

    def below(self, root: Term) -> None:
        """Place the children of a top level, owners first; references last, for they may be someone's mapping."""
        shape = self.shape
        later: list[Term] = []
        queue = deque((child, root, 1) for child in shape.children.get(root, ()))
        while queue:
            child, owner, depth = queue.popleft()
            if depth > MAX_DEPTH:
                raise TooLarge(f"the objects below {root} are nested more than {MAX_DEPTH} deep")
            if _REFERENCE in shape.types(child):
                later.append(child)
                continue
            found = _child_class(shape, child, owner)
            if found:
                shape.classes[child] = found
            of_component = shape.classes.get(owner) == v2("Component") and shape.link.get(child) == v3("hasLocation")
            if of_component and found in (v2("Range"), v2("Cut")):
                continue  # its annotation's
            self._child(child, owner, _local(shape, child))
            queue.extend((grandchild, child, depth + 1) for grandchild in shape.children.get(child, ()))
            if found == v2("Component"):
                self._annotate(child, root)
        ties = _ties(shape, root) if later else {}
        for reference in later:
            tie = _tie(shape, reference, root, ties.get(reference, ()))
            if tie is None:
                self._child(reference, root, _local(shape, reference))
                continue
            carrier = shape.values(reference, "inChildOf")[0]
            shape.maps[reference] = tie
            shape.classes[reference] = v2("MapsTo")
            self._child(reference, carrier, _local(shape, reference).removeprefix(_local(shape, carrier) + "_"))

    def _original(self, subject: Term) -> Term | None:
        given = [o for o in self.shape.subjects.get(subject, {}).get(ORIGINAL, ()) if is_iri(o)]
        return min(given) if given else None

    def _identify(self, subject: Term, iri: Term) -> None:
        identity, version = split_version(iri)
        number, plain = self.numbers.get(iri, 1), iri
        while plain in self.used:
            number += 1
            plain = Term(f"<{identity}_{number}/{version}>" if version else f"<{identity}_{number}>")
        self.numbers[iri] = number
        self.used.add(plain)
        self.shape.of[subject] = plain
        self.shape.identity[subject] = split_version(plain)

    def _child(self, subject: Term, holder: Term, local: str) -> None:
        above, version = self.shape.identity[holder]
        iri = Term(f"<{above}/{local}/{version}>" if version else f"<{above}/{local}>")
        self._identify(subject, self._original(subject) or iri)
        self.shape.holder[subject] = holder

    def _annotate(self, component: Term, root: Term) -> None:
        """Give a component's locations an annotation, or those that they came from."""
        shape = self.shape
        groups: dict[Term, list[Term]] = {}
        for location in sorted(shape.values(component, "hasLocation")):
            if shape.owner.get(location) == component and _LOCATIONS.intersection(shape.types(location)):
                origins = [o for o in shape.subjects[location].get(ANNOTATION, ()) if is_iri(o)]
                groups.setdefault(min(origins, default=Term("")), []).append(location)
        for came, locations in sorted(groups.items()):
            key = came or Term(f"{component[:-1]}#annotation>")
            shape.classes[key] = v2("SequenceAnnotation")
            if came:
                self._identify(key, came)
                shape.holder[key] = root
            else:
                self._child(key, root, f"{_local(shape, component)}_annotation")
            shape.annotations[key] = (component, locations)
            for location in locations:
                shape.classes[location] = _location_class(shape, location)
                self._child(location, key, _local(shape, location))


def _local(shape: Shape, subject: Term) -> str:
    given = shape.values(subject, "displayId")
    return local_name(text_of(min(given))) if given else local_name(subject[1:-1])


def _location_class(shape: Shape, location: Term) -> Term:
    return v2("Range" if v3("Range") in shape.types(location) else "Cut")


def _child_class(shape: Shape, child: Term, owner: Term) -> Term:
    """Return the SBOL 2 class that a child has below its owner; '' when there is none."""
    types = shape.types(child)
    above = shape.classes.get(owner, Term(""))
    in_definition = above == v2("ComponentDefinition")
    if _SUB in types:
        if in_definition:
            return v2("Component")
        module = FROM_MODULE in shape.subjects[child] or not shape.modules.isdisjoint(shape.values(child, "instanceOf"))
        return v2("Module" if module else "FunctionalComponent") if above == v2("ModuleDefinition") else Term("")
    if v3("SequenceFeature") in types:
        located = any(_LOCATIONS.intersection(shape.types(x)) for x in shape.values(child, "hasLocation"))
        return v2("SequenceAnnotation") if located and in_definition else Term("")
    if v3("LocalSubComponent") in types:
        return v2("SequenceAnnotation") if in_definition and NO_PLACE in shape.subjects[child] else Term("")
    if _LOCATIONS.intersection(types):
        return _location_class(shape, child) if above in (v2("Component"), v2("SequenceAnnotation")) else Term("")
    link = shape.link.get(child, Term(""))
    return _known_class(shape, child) if PROPERTIES_DOWN.get(link, link) in properties_of(above) else Term("")


def _ties(shape: Shape, root: Term) -> dict[Term, list[Term]]:
    """Map what constraints of identity are about to the constraints."""
    found: dict[Term, list[Term]] = {}
    for constraint in shape.children.get(root, ()):
        if _TIES.intersection(shape.values(constraint, "restriction")):
            for end in (*shape.values(constraint, "subject"), *shape.values(constraint, "object")):
                found.setdefault(end, []).append(constraint)
    return found


def _tie(shape: Shape, reference: Term, root: Term, ties: list[Term] | tuple[()]) -> tuple[Term, Term, str] | None:
    """Return what makes a MapsTo of a reference: a Constraint, a component of the same parent, the refinement."""
    carriers = shape.values(reference, "inChildOf")
    remotes = shape.values(reference, "refersTo")
    if len(carriers) != 1 or len(remotes) != 1 or shape.holder.get(carriers[0]) != root or not is_iri(remotes[0]):
        return None
    if shape.classes.get(carriers[0]) not in _CARRIERS or _REFERENCE in shape.types(remotes[0]):
        return None
    if remotes[0] in shape.subjects and _SUB not in shape.types(remotes[0]):
        return None
    for constraint in ties:
        subject, object_ = shape.values(constraint, "subject"), shape.values(constraint, "object")
        if len(subject) != 1 or len(object_) != 1:
            continue
        local = object_[0] if subject == [reference] else subject[0]
        if shape.classes.get(local) in INSTANCES and shape.holder.get(local) == root:
            identical = v3("verifyIdentical") in shape.values(constraint, "restriction")
            refinement = "useRemote" if subject == [reference] else "useLocal"
            return constraint, local, "verifyIdentical" if identical else refinement
    return None


def _constraints(shape: Shape, root: Term) -> None:
    for constraint in shape.children.get(root, ()):
        if v3("Constraint") in shape.types(constraint):
            ends = [*shape.values(constraint, "subject"), *shape.values(constraint, "object")]
            fits = len(ends) == 2 and all(
                shape.classes.get(end) == v2("Component") and shape.holder[end] == root for end in ends
            )
            if fits and _RESTRICTIONS.issuperset(shape.values(constraint, "restriction")):
                shape.classes[constraint] = v2("SequenceConstraint")


def _drop_incomplete(shape: Shape) -> None:
    """Leave out what would refer to something that SBOL 2 has no object for, or to a part of another object.

    The latter is the same whether a top level is converted alone or with the others.
    """
    for subject, found in list(shape.classes.items()):
        if found == v2("MapsTo"):
            remote = shape.values(subject, "refersTo")[0]
            gone = remote in shape.subjects and shape.classes.get(remote) not in INSTANCES
        elif found == v2("Participation"):
            who = shape.values(subject, "participant")
            module = shape.holder.get(shape.holder.get(subject, subject))
            gone = not who or any(
                shape.classes.get(w) != v2("FunctionalComponent") or shape.holder[w] != module for w in who
            )
        elif found == v2("VariableComponent"):
            known = [v for v in shape.values(subject, "variable") if v in shape.subjects]
            gone = any(shape.classes.get(v) != v2("Component") for v in known)
        else:
            continue
        if gone:
            del shape.classes[subject]
            shape.maps.pop(subject, None)
            for child in shape.children.get(subject, ()):
                shape.classes.pop(child, None)
