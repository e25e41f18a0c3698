"""Sequence annotations: what they annotate, and where. Chapter 109.

Source: SBOL 2.3.0, section 7.7.4.
"""

from collections.abc import Iterator

from synhub.rdf import Term, iri_term, text_of
from synhub.sbol.rules.component_definition import ANNOTATION, COMPONENTS
from synhub.sbol.rules.location import LOCATION
from synhub.sbol.rules.lookup import child_of, references, values
from synhub.sbol.rules.positions import overlaps, spans
from synhub.sbol.rules.rule import Facts, Problem, Rule, shown
from synhub.vocab import SBOL2

_ROLE = iri_term(SBOL2.role)


def _no_overlap(facts: Facts, annotation: Term) -> Iterator[Problem]:
    locations = values(facts, annotation, LOCATION)
    for first, second in overlaps(spans(facts, locations)) if len(locations) > 1 else ():
        yield Problem(
            f"has locations that overlap, {text_of(first.location)} and {text_of(second.location)}: "
            "make them meet at most, or annotate twice",
            LOCATION,
            second.location,
        )


def _component_of_owner(facts: Facts, annotation: Term) -> Iterator[Problem]:
    owner = facts.document.owner.get(annotation)
    for reference in references(facts, annotation, COMPONENTS) if owner is not None else ():
        assert owner is not None
        if child_of(facts, reference, owner) is None:
            yield Problem(
                f"annotates {shown(reference)}, which is no Component of {text_of(owner)}: name one of its own",
                COMPONENTS,
                reference,
            )


def _component_or_role(facts: Facts, annotation: Term) -> Iterator[Problem]:
    if values(facts, annotation, _ROLE):
        yield Problem(
            "has an sbol:component and an sbol:role: leave the role to the Component",
            _ROLE,
            values(facts, annotation, _ROLE)[0],
        )


RULES: tuple[Rule, ...] = (
    Rule("sbol-10903", "best_practice", (ANNOTATION,), _no_overlap, LOCATION),
    Rule("sbol-10905", "always", (ANNOTATION,), _component_of_owner, COMPONENTS),
    Rule("sbol-10909", "always", (ANNOTATION,), _component_or_role, COMPONENTS),
)
