"""Sequence constraints: what they may restrict, and whether the annotated positions agree. Chapter 114 of the rules.

Source: SBOL 2.3.0, section 7.7.6.
"""

from collections.abc import Iterator

from synhub.rdf import Term, iri_term
from synhub.sbol.rules.location import DEFINITION, Place, place_of
from synhub.sbol.rules.lookup import child_of, name_of, references, values
from synhub.sbol.rules.rule import Check, Facts, Problem, Rule, sbol, shown
from synhub.vocab import SBOL2

CONSTRAINT, CONSTRAINTS = sbol("SequenceConstraint"), sbol("sequenceConstraint")
SUBJECT, OBJECT, RESTRICTION = sbol("subject"), sbol("object"), sbol("restriction")
PRECEDES, DIFFERENT = sbol("precedes"), sbol("differentFrom")
SAME_ORIENTATION, OPPOSITE_ORIENTATION = sbol("sameOrientationAs"), sbol("oppositeOrientationAs")
_RESTRICTIONS = (PRECEDES, SAME_ORIENTATION, OPPOSITE_ORIENTATION, DIFFERENT)
_DEFINITIONS = (iri_term(SBOL2.ComponentDefinition),)
_COMPONENT = iri_term(SBOL2.component)


def places_in(facts: Facts, definition: Term) -> dict[Term, Place]:
    """Map the components of a definition to where its annotations put them."""
    annotations: dict[Term, list[Term]] = {}
    for annotation in values(facts, definition, sbol("sequenceAnnotation")):
        for reference in values(facts, annotation, _COMPONENT):
            component = child_of(facts, reference, definition)
            if component is not None:
                annotations.setdefault(component, []).append(annotation)
    return {component: place_of(facts, found) for component, found in annotations.items()}


def keeps(restriction: Term, subject: Place, obj: Place) -> bool | None:
    """Tell whether the places of two components keep a restriction; None where they do not say."""
    if restriction == PRECEDES:
        shared = subject.first.keys() & obj.first.keys()
        # Equal positions are no contradiction for the reference library either.
        return all(subject.first[s] <= obj.first[s] for s in shared) if shared else None
    if restriction in (SAME_ORIENTATION, OPPOSITE_ORIENTATION) and subject.orientations and obj.orientations:
        if restriction == OPPOSITE_ORIENTATION:
            return subject.orientations.isdisjoint(obj.orientations)
        return len(subject.orientations | obj.orientations) == 1
    return None  # an orientation that nobody states contradicts nothing


def _inside(prop: Term) -> Check:
    """Return the check that a constraint's subject, or object, is a component beside the constraint."""

    def check(facts: Facts, constraint: Term) -> Iterator[Problem]:
        definition = facts.document.owner.get(constraint)
        for reference in references(facts, constraint, prop):
            if definition is not None and child_of(facts, reference, definition) is None:
                yield Problem(
                    f"has the {name_of(prop)} {shown(reference)}, which is no Component of {shown(definition)}: "
                    "refer to a Component of the definition that the constraint belongs to",
                    prop,
                    reference,
                )

    return check


def _two_components(facts: Facts, constraint: Term) -> Iterator[Problem]:
    definition = facts.document.owner.get(constraint)
    subject, obj = facts.document.value(constraint, SUBJECT), facts.document.value(constraint, OBJECT)
    if definition is None or subject is None or obj is None:
        return
    if subject == obj or (child_of(facts, subject, definition) or subject) == child_of(facts, obj, definition):
        yield Problem(
            f"has the Component {shown(subject)} as its subject and as its object: a constraint is between two",
            OBJECT,
            obj,
        )


def _positions(restriction: Term) -> Check:
    """Return the check that the annotations of a definition keep its constraints of one kind."""

    def check(facts: Facts, definition: Term) -> Iterator[Problem]:
        constraints = [
            c
            for c in values(facts, definition, CONSTRAINTS)
            if restriction in values(facts, c, RESTRICTION) and facts.document.owner.get(c) == definition
        ]
        places = places_in(facts, definition) if constraints else {}
        for constraint in constraints:
            subject, obj = facts.document.value(constraint, SUBJECT), facts.document.value(constraint, OBJECT)
            if subject is None or obj is None:
                continue
            first = places.get(child_of(facts, subject, definition) or subject)
            second = places.get(child_of(facts, obj, definition) or obj)
            if first is not None and second is not None and keeps(restriction, first, second) is False:
                yield Problem(
                    f"says that {shown(subject)} {_WORDS[restriction]} {shown(obj)}, but the locations of their "
                    "annotations say otherwise: change the constraint or the locations",
                    RESTRICTION,
                    restriction,
                    constraint,
                )

    return check


_WORDS = {
    PRECEDES: "comes before",
    SAME_ORIENTATION: "has the same orientation as",
    OPPOSITE_ORIENTATION: "has the opposite orientation of",
}


def _known_restriction(facts: Facts, constraint: Term) -> Iterator[Problem]:
    for restriction in references(facts, constraint, RESTRICTION):
        if restriction not in _RESTRICTIONS:
            yield Problem(
                f"has the restriction {shown(restriction)}, which other tools do not know: "
                f"prefer one of sbol:{', sbol:'.join(map(name_of, _RESTRICTIONS))}",
                RESTRICTION,
                restriction,
            )


def _different(facts: Facts, constraint: Term) -> Iterator[tuple[Term, Term]]:
    """Yield the definitions of the two components that a constraint wants to be different."""
    definition = facts.document.owner.get(constraint)
    subject, obj = facts.document.value(constraint, SUBJECT), facts.document.value(constraint, OBJECT)
    if definition is None or subject is None or obj is None or DIFFERENT not in values(facts, constraint, RESTRICTION):
        return
    first, second = child_of(facts, subject, definition), child_of(facts, obj, definition)
    if first is None or second is None or first == second:
        return
    one, other = facts.document.value(first, DEFINITION), facts.document.value(second, DEFINITION)
    if one is not None and other is not None:
        yield one, other


def _different_iris(facts: Facts, constraint: Term) -> Iterator[Problem]:
    for one, other in _different(facts, constraint):
        if one == other:
            yield Problem(
                f"wants two different parts, but both of its Components are of {shown(one)}: "
                "give one another definition, or drop the constraint",
                RESTRICTION,
                DIFFERENT,
            )


def _different_objects(facts: Facts, constraint: Term) -> Iterator[Problem]:
    for one, other in _different(facts, constraint):
        found = facts.find(one)
        if one != other and found is not None and found == facts.find(other):
            yield Problem(
                f"wants two different parts, but {shown(one)} and {shown(other)} are the same definition, "
                f"{shown(found)}: give one Component another definition, or drop the constraint",
                RESTRICTION,
                DIFFERENT,
            )


RULES: tuple[Rule, ...] = (
    Rule("sbol-11403", "always", (CONSTRAINT,), _inside(SUBJECT)),
    Rule("sbol-11405", "always", (CONSTRAINT,), _inside(OBJECT)),
    Rule("sbol-11406", "always", (CONSTRAINT,), _two_components),
    Rule("sbol-11409", "always", _DEFINITIONS, _positions(PRECEDES), CONSTRAINTS),
    Rule("sbol-11410", "always", _DEFINITIONS, _positions(SAME_ORIENTATION), CONSTRAINTS),
    Rule("sbol-11411", "always", _DEFINITIONS, _positions(OPPOSITE_ORIENTATION), CONSTRAINTS),
    # "SHOULD" in the specification: the reference library refuses such a document while reading, a repository need not.
    Rule("sbol-11412", "best_practice", (CONSTRAINT,), _known_restriction),
    Rule("sbol-11413", "always", (CONSTRAINT,), _different_iris),
    Rule("sbol-11414", "always", (CONSTRAINT,), _different_objects),
)
