"""What is made from a combinatorial derivation: designs and collections. Chapters 129 and 130 of the rules.

A design is made from a derivation when its prov:wasDerivedFrom names it, and one of its Components is a copy of a
Component of the template when the copy's prov:wasDerivedFrom names that one. A derivation or template that is not in
the document is not asked about.
Source: SBOL 2.3.0, section 7.11.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synhub.rdf import Term, iri_term
from synhub.sbol.rules.combinatorial import (
    COLLECTION,
    COMPONENT,
    DERIVATION,
    MEMBER,
    OPERATOR,
    VARIABLE,
    VARIABLES,
    VARIANT,
    VARIANT_DERIVATION,
    template_of,
)
from synhub.sbol.rules.location import DEFINITION
from synhub.sbol.rules.lookup import child_of, name_of, target, values
from synhub.sbol.rules.rule import Check, Facts, Problem, Rule, sbol, shown
from synhub.sbol.rules.sequence_constraint import CONSTRAINTS, OBJECT, RESTRICTION, SUBJECT, keeps, places_in
from synhub.vocab import PROV, SBOL2

_DERIVED_FROM = iri_term(PROV.wasDerivedFrom)
_TYPE, _ROLE = iri_term(SBOL2.type), iri_term(SBOL2.role)
_COLLECTION, _COMPONENT_DEFINITION = iri_term(SBOL2.Collection), iri_term(SBOL2.ComponentDefinition)


@dataclass(frozen=True, slots=True)
class _Design:
    """A design made from a derivation. `copies` maps the template's Components to the design's that come from them;
    `variables` maps those that vary to their VariableComponent.
    """

    derivation: Term
    template: Term
    copies: dict[Term, list[Term]]
    variables: dict[Term, Term]


def _derivations(facts: Facts, subject: Term) -> list[Term]:
    """Return the derivations of the document that something is made from."""
    found = (facts.find(reference) for reference in values(facts, subject, _DERIVED_FROM))
    return [d for d in found if d is not None and DERIVATION in facts.document.types(d)]


def _designs(facts: Facts, definition: Term) -> Iterator[_Design]:
    for derivation in _derivations(facts, definition):
        template = template_of(facts, derivation)
        if template is None:
            continue
        copies: dict[Term, list[Term]] = {}
        for component in values(facts, definition, COMPONENT):
            for reference in values(facts, component, _DERIVED_FROM):
                original = child_of(facts, reference, template)
                if original is not None:
                    copies.setdefault(original, []).append(component)
        variables: dict[Term, Term] = {}
        for variable_component in values(facts, derivation, VARIABLES):
            for reference in values(facts, variable_component, VARIABLE):
                variables[child_of(facts, reference, template) or reference] = variable_component
        yield _Design(derivation, template, copies, variables)


def _keeps_constraints(facts: Facts, definition: Term) -> Iterator[Problem]:
    for design in _designs(facts, definition):
        constraints = values(facts, design.template, CONSTRAINTS)
        stated = _constraints(facts, definition) if constraints else set()
        places = places_in(facts, definition) if constraints else {}
        for subject, restriction, obj in sorted(_constraints(facts, design.template) if constraints else ()):
            pairs = ((s, o) for s in design.copies.get(subject, ()) for o in design.copies.get(obj, ()))
            for first, second in pairs:
                if (first, restriction, second) in stated:
                    continue
                if first in places and second in places and keeps(restriction, places[first], places[second]):
                    continue
                yield Problem(
                    f"comes from {shown(design.derivation)}, whose template wants {shown(subject)} "
                    f"{name_of(restriction)} {shown(obj)}, and does not say so of {shown(first)} and {shown(second)}: "
                    "repeat the SequenceConstraint here",
                    CONSTRAINTS,
                    None,
                )
                break


def _constraints(facts: Facts, definition: Term) -> set[tuple[Term, Term, Term]]:
    """Return the constraints of a definition as (subject, restriction, object)."""
    found: set[tuple[Term, Term, Term]] = set()
    for constraint in values(facts, definition, CONSTRAINTS):
        subject, obj = facts.document.value(constraint, SUBJECT), facts.document.value(constraint, OBJECT)
        for restriction in values(facts, constraint, RESTRICTION):
            if subject is not None and obj is not None:
                found.add(
                    (
                        child_of(facts, subject, definition) or subject,
                        restriction,
                        child_of(facts, obj, definition) or obj,
                    )
                )
    return found


def _template_has_parts(facts: Facts, derivation: Term) -> Iterator[Problem]:
    template = template_of(facts, derivation)
    if template is not None and not values(facts, template, COMPONENT):
        yield Problem(
            f"has the template {shown(template)}, which has no Component that could vary: add some to it",
            sbol("template"),
            template,
        )


def _differences(facts: Facts, derived: Term, original: Term, prop: Term) -> Iterator[tuple[str, Term]]:
    """Yield what one lacks of a property's values, and has besides.

    The rules speak of lacking only; the reference library wants equality, and so do the files of the test suite.
    """
    own, wanted = values(facts, derived, prop), values(facts, original, prop)
    yield from (("lacks", value) for value in wanted if value not in own)
    yield from (("has besides", value) for value in own if value not in wanted)


def _as_template(prop: Term, what: str) -> Check:
    """Return the check that a design has of a property what its template has."""

    def check(facts: Facts, definition: Term) -> Iterator[Problem]:
        for design in _designs(facts, definition):
            for verb, value in _differences(facts, definition, design.template, prop):
                yield Problem(
                    f"comes from {shown(design.derivation)} and {verb} the {what} {shown(value)}, unlike its template "
                    f"{shown(design.template)}: make the {what}s of both the same",
                    prop,
                    value,
                )

    return check


def _members_alike(facts: Facts, collection: Term) -> Iterator[Problem]:
    members = values(facts, collection, MEMBER)
    shared: set[Term] | None = None
    for member in members:
        found = facts.find(member)
        made_from = set(_derivations(facts, found)) if found is not None else set()
        shared = made_from if shared is None else shared & made_from
        if not shared:
            return
    for derivation in sorted((shared or set()) - set(_derivations(facts, collection))):
        yield Problem(
            f"has only members made from {shown(derivation)} and does not say that it is made from it: "
            "add that prov:wasDerivedFrom",
            _DERIVED_FROM,
            derivation,
        )


def _members_derived(facts: Facts, collection: Term) -> Iterator[Problem]:
    for derivation in _derivations(facts, collection):
        for member in values(facts, collection, MEMBER):
            found = facts.find(member)
            if found is not None and derivation not in _derivations(facts, found):
                yield Problem(
                    f"is made from {shown(derivation)}, and its member {shown(member)} is not: add that "
                    "prov:wasDerivedFrom to the member, or take the member out",
                    MEMBER,
                    member,
                )


def _a_variant(facts: Facts, definition: Term) -> Iterator[Problem]:
    for design in _designs(facts, definition):
        for original, variable_component in design.variables.items():
            copies = design.copies.get(original, ())
            allowed = _variants(facts, variable_component) if copies else set()
            derivations = {target(facts, d) for d in values(facts, variable_component, VARIANT_DERIVATION)}
            for copy in copies:
                for reference in values(facts, copy, DEFINITION):
                    used = target(facts, reference)
                    if used not in allowed and derivations.isdisjoint(_derivations(facts, used)):
                        yield Problem(
                            f"is of {shown(reference)}, which is no variant that {shown(variable_component)} allows "
                            f"for {shown(original)}: use one of its variants, or add this one to them",
                            DEFINITION,
                            reference,
                            copy,
                        )


def _variants(facts: Facts, variable_component: Term) -> set[Term]:
    found = {target(facts, v) for v in values(facts, variable_component, VARIANT)}
    for reference in values(facts, variable_component, COLLECTION):
        members = values(facts, target(facts, reference), MEMBER)
        found.update(target(facts, member) for member in members)
    return found


def _same_definition(facts: Facts, definition: Term) -> Iterator[Problem]:
    for design in _designs(facts, definition):
        for original, copies in design.copies.items():
            if original in design.variables:
                continue
            wanted = {target(facts, d) for d in values(facts, original, DEFINITION)}
            for copy in copies:
                for reference in values(facts, copy, DEFINITION):
                    if target(facts, reference) not in wanted:
                        yield Problem(
                            f"is of {shown(reference)} and stands for {shown(original)}, which does not vary: "
                            f"use its definition, {' or '.join(map(shown, sorted(wanted)))}",
                            DEFINITION,
                            reference,
                            copy,
                        )


def _same_roles(facts: Facts, definition: Term) -> Iterator[Problem]:
    for design in _designs(facts, definition):
        for original, copies in design.copies.items():
            for copy in copies:
                for verb, role in _differences(facts, copy, original, _ROLE):
                    yield Problem(
                        f"stands for {shown(original)} and {verb} the role {shown(role)}: make the roles of both "
                        "the same",
                        _ROLE,
                        role,
                        copy,
                    )


def _count(operator: str, fits: Sequence[int] | None, wanted: str) -> Check:
    """Return the check of how often a varied Component may stand in a design; `fits` None means at least once."""

    def check(facts: Facts, definition: Term) -> Iterator[Problem]:
        for design in _designs(facts, definition):
            for original, variable_component in design.variables.items():
                if sbol(operator) in values(facts, variable_component, OPERATOR):
                    count = len(design.copies.get(original, ()))
                    if not count if fits is None else count not in fits:
                        yield _wrong_count(design, original, count, wanted)

    return check


def _once(facts: Facts, definition: Term) -> Iterator[Problem]:
    for design in _designs(facts, definition):
        for original in values(facts, design.template, COMPONENT):
            count = len(design.copies.get(original, ()))
            if original not in design.variables and count != 1:
                yield _wrong_count(design, original, count, "exactly one")


def _wrong_count(design: _Design, original: Term, count: int, wanted: str) -> Problem:
    return Problem(
        f"comes from {shown(design.derivation)} and has {count} Components derived from {shown(original)} where "
        f"{wanted} is right: correct its Components or their prov:wasDerivedFrom",
        COMPONENT,
        original,
    )


_DEFINITIONS, _COLLECTIONS = (_COMPONENT_DEFINITION,), (_COLLECTION,)

RULES: tuple[Rule, ...] = (
    Rule("sbol-12908", "complete", _DEFINITIONS, _keeps_constraints, _DERIVED_FROM),
    Rule("sbol-12909", "best_practice", (DERIVATION,), _template_has_parts),
    Rule("sbol-12910", "best_practice", _DEFINITIONS, _as_template(_TYPE, "type"), _DERIVED_FROM),
    Rule("sbol-12911", "best_practice", _DEFINITIONS, _as_template(_ROLE, "role"), _DERIVED_FROM),
    Rule("sbol-12912", "best_practice", _COLLECTIONS, _members_alike, MEMBER),
    Rule("sbol-12913", "best_practice", _COLLECTIONS, _members_derived, _DERIVED_FROM),
    Rule("sbol-13016", "complete", _DEFINITIONS, _a_variant, _DERIVED_FROM),
    Rule("sbol-13017", "complete", _DEFINITIONS, _same_definition, _DERIVED_FROM),
    Rule("sbol-13018", "best_practice", _DEFINITIONS, _same_roles, _DERIVED_FROM),
    Rule("sbol-13019", "best_practice", _DEFINITIONS, _count("zeroOrOne", (0, 1), "at most one"), _DERIVED_FROM),
    Rule("sbol-13020", "best_practice", _DEFINITIONS, _count("one", (1,), "exactly one"), _DERIVED_FROM),
    Rule("sbol-13021", "best_practice", _DEFINITIONS, _count("oneOrMore", None, "at least one"), _DERIVED_FROM),
    Rule("sbol-13022", "best_practice", _DEFINITIONS, _once, _DERIVED_FROM),
)
