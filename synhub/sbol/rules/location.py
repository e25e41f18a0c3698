"""Locations, and where they put what is annotated. Chapters 110 to 113 of the rules.

Source: SBOL 2.3.0, section 7.7.5.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from synhub.rdf import Term, iri_term
from synhub.sbol.graph import TYPE
from synhub.sbol.rules.lookup import number, references, target, values
from synhub.sbol.rules.rule import Facts, Problem, Rule, sbol, shown
from synhub.vocab import SBOL2

RANGE, CUT, _COMPONENT = sbol("Range"), sbol("Cut"), sbol("Component")
_LOCATIONS = frozenset((RANGE, CUT, sbol("GenericLocation")))
START, END, AT = iri_term(SBOL2.start), iri_term(SBOL2.end), iri_term(SBOL2.at)
LOCATION, ORIENTATION, SEQUENCE = iri_term(SBOL2.location), iri_term(SBOL2.orientation), iri_term(SBOL2.sequence)
DEFINITION = iri_term(SBOL2.definition)


@dataclass(frozen=True, slots=True)
class Place:
    """Where annotations put something.

    `first` maps the sequences that their locations name (None: the definition's own) to the first position there,
    1-based; a Cut counts as the position that it follows, a generic location has none. `orientations` are those that
    the locations state.
    """

    first: dict[Term | None, int]
    orientations: set[Term]


def place_of(facts: Facts, annotations: Iterable[Term]) -> Place:
    """Return where annotations put the component that they are about."""
    place = Place({}, set())
    for annotation in annotations:
        for location in values(facts, annotation, LOCATION):
            place.orientations.update(values(facts, location, ORIENTATION))
            position = number(facts, location, START)
            if position is None:
                position = number(facts, location, AT)
            if position is not None:
                named = facts.document.value(location, SEQUENCE)
                sequence = None if named is None else target(facts, named)
                place.first[sequence] = min(position, place.first.get(sequence, position))
    return place


def _sequence_of_definition(facts: Facts, _: Term) -> Iterator[Problem]:
    known: dict[Term, frozenset[Term]] = {}  # of a definition: its sequences, as it names them and as they are
    for location, said in facts.document.subjects.items():
        if SEQUENCE not in said or _LOCATIONS.isdisjoint(said.get(TYPE, ())):
            continue
        definition = _definition_below(facts, location)
        if definition is None:
            continue
        if definition not in known:
            named = values(facts, definition, SEQUENCE)
            known[definition] = frozenset(named) | frozenset(target(facts, s) for s in named)
        for sequence in references(facts, location, SEQUENCE):
            if sequence not in known[definition] and target(facts, sequence) not in known[definition]:
                yield Problem(
                    f"is a position on the sequence {shown(sequence)}, which {shown(definition)} does not refer to: "
                    "name one of that definition's own sequences, or none",
                    SEQUENCE,
                    sequence,
                    location,
                )


def _definition_below(facts: Facts, location: Term) -> Term | None:
    """Return the definition that a location is a position of, None where the document does not have it."""
    owner = facts.document.owner.get(location)
    if owner is None:
        return None
    if _COMPONENT in facts.document.types(owner):  # a sourceLocation: positions in what the Component uses
        reference = facts.document.value(owner, DEFINITION)
        return None if reference is None else facts.find(reference)
    return facts.document.owner.get(owner)


def _end_after_start(facts: Facts, location: Term) -> Iterator[Problem]:
    start, end = number(facts, location, START), number(facts, location, END)
    if start is not None and end is not None and end < start:
        yield Problem(
            f"ends at {end}, before its start at {start}: a start is at most the end; "
            "the other strand is said by sbol:orientation",
            END,
            facts.document.value(location, END),
        )


RULES: tuple[Rule, ...] = (
    Rule("sbol-11003", "always", (), _sequence_of_definition),
    Rule("sbol-11104", "always", (RANGE,), _end_after_start),
)
