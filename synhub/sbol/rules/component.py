"""Components and functional components: what they use, and what they cut out of it. Chapters 106 and 107.

Roles are looked after in `terms.py`. Source: SBOL 2.3.0, sections 7.7.1 and 7.7.2.
"""

from collections.abc import Iterator

from synhub.rdf import Term, iri_term, text_of
from synhub.sbol.rules.component_definition import (
    ANNOTATIONS,
    COMPONENT,
    COMPONENT_DEFINITION,
    COMPONENTS,
    SOURCE_LOCATION,
)
from synhub.sbol.rules.containment import no_circle, not_itself
from synhub.sbol.rules.location import LOCATION
from synhub.sbol.rules.lookup import child_of, values
from synhub.sbol.rules.positions import Span, overlaps, spans
from synhub.sbol.rules.rule import Facts, Problem, Rule, sbol, shown
from synhub.vocab import SBOL2

_ROLE, _ROLE_INTEGRATION = iri_term(SBOL2.role), sbol("roleIntegration")


def _role_integration(facts: Facts, component: Term) -> Iterator[Problem]:
    if not values(facts, component, _ROLE_INTEGRATION):
        yield Problem(
            "has an sbol:role and no sbol:roleIntegration: say with sbol:overrideRoles or sbol:mergeRoles how it goes "
            "together with the roles of its definition",
            _ROLE_INTEGRATION,
        )


def _no_overlap(facts: Facts, component: Term) -> Iterator[Problem]:
    for first, second in overlaps(spans(facts, values(facts, component, SOURCE_LOCATION))):
        yield Problem(
            f"takes letters twice from its definition: {text_of(first.location)} and {text_of(second.location)} "
            "overlap; make them meet at most",
            SOURCE_LOCATION,
            second.location,
        )


def _equal_lengths(facts: Facts, definition: Term) -> Iterator[Problem]:
    for annotation in values(facts, definition, ANNOTATIONS):
        for reference in values(facts, annotation, COMPONENTS):
            component = child_of(facts, reference, definition)
            cut = () if component is None else values(facts, component, SOURCE_LOCATION)
            if not cut:
                continue
            taken = _length(spans(facts, cut))
            placed = _length(spans(facts, values(facts, annotation, LOCATION)))
            if taken and placed and taken != placed:
                yield Problem(
                    f"takes {taken} letters from its definition, and {shown(annotation)} gives it room for {placed}: "
                    "make the ranges of equal length",
                    SOURCE_LOCATION,
                    subject=component,
                )


def _length(found: list[Span]) -> int:
    """Return how many letters Ranges cover; 0 where anything else is among them."""
    return sum(s.end - s.start + 1 for s in found if s.end is not None) if all(s.end is not None for s in found) else 0


RULES: tuple[Rule, ...] = (
    Rule("sbol-10603", "always", (COMPONENT,), not_itself("Component")),
    Rule("sbol-10605", "always", (), no_circle(COMPONENT_DEFINITION, COMPONENTS, "Component")),
    Rule("sbol-10709", "always", (COMPONENT,), _role_integration, _ROLE),
    Rule("sbol-10711", "best_practice", (COMPONENT,), _no_overlap, SOURCE_LOCATION),
    Rule("sbol-10712", "best_practice", (COMPONENT_DEFINITION,), _equal_lengths, ANNOTATIONS),
)
