"""Combinatorial derivations and their variable components. Chapters 129 and 130 of the rules, by themselves.

What the designs and collections made from a derivation must be like is in `derived.py`.
Source: SBOL 2.3.0, section 7.11.
"""

from collections.abc import Iterator

from synhub.rdf import Term, iri_term
from synhub.sbol.graph import TYPE
from synhub.sbol.rules.cycles import around, find_cycles
from synhub.sbol.rules.lookup import child_of, name_of, references, target, values
from synhub.sbol.rules.rule import Facts, Problem, Rule, sbol, shown
from synhub.vocab import SBOL2

DERIVATION, VARIABLE_COMPONENT = sbol("CombinatorialDerivation"), sbol("VariableComponent")
TEMPLATE, VARIABLES, VARIABLE, OPERATOR = (sbol(n) for n in ("template", "variableComponent", "variable", "operator"))
VARIANT, COLLECTION, VARIANT_DERIVATION = sbol("variant"), sbol("variantCollection"), sbol("variantDerivation")
COMPONENT, MEMBER = iri_term(SBOL2.component), iri_term(SBOL2.member)
_STRATEGY, _ENUMERATE = sbol("strategy"), sbol("enumerate")
_UNBOUNDED = (sbol("zeroOrMore"), sbol("oneOrMore"))
_COLLECTION, _COMPONENT_DEFINITION = iri_term(SBOL2.Collection), iri_term(SBOL2.ComponentDefinition)


def template_of(facts: Facts, derivation: Term) -> Term | None:
    """Return the definition that a derivation starts from, None where the document does not have it."""
    reference = facts.document.value(derivation, TEMPLATE)
    found = None if reference is None else facts.find(reference)
    return found if found is not None and _COMPONENT_DEFINITION in facts.document.types(found) else None


def _bounded(facts: Facts, derivation: Term) -> Iterator[Problem]:
    if _ENUMERATE not in values(facts, derivation, _STRATEGY):
        return
    for variable in values(facts, derivation, VARIABLES):
        for operator in values(facts, variable, OPERATOR):
            if operator in _UNBOUNDED:
                yield Problem(
                    f"has the operator sbol:{name_of(operator)} in {shown(derivation)}, which is to be enumerated: "
                    "use sbol:one or sbol:zeroOrOne, or the strategy sbol:sample",
                    OPERATOR,
                    operator,
                    variable,
                )


def _one_each(facts: Facts, derivation: Term) -> Iterator[Problem]:
    found: dict[Term, list[Term]] = {}
    for variable_component in values(facts, derivation, VARIABLES):
        for variable in values(facts, variable_component, VARIABLE):
            found.setdefault(target(facts, variable), []).append(variable_component)
    for variable, variable_components in found.items():
        if len(variable_components) > 1:
            yield Problem(
                f"varies {shown(variable)} in {len(variable_components)} VariableComponents, "
                f"{' and '.join(map(shown, variable_components[:3]))}: put all its variants into one",
                VARIABLES,
                variable_components[1],
            )


def _varied_in_template(facts: Facts, variable_component: Term) -> Iterator[Problem]:
    derivation = facts.document.owner.get(variable_component)
    template = None if derivation is None else template_of(facts, derivation)
    for variable in references(facts, variable_component, VARIABLE):
        if template is not None and child_of(facts, variable, template) is None:
            yield Problem(
                f"varies {shown(variable)}, which is no Component of the template {shown(template)}: "
                "refer to one of the template's Components",
                VARIABLE,
                variable,
            )


def _some_variant(facts: Facts, variable_component: Term) -> Iterator[Problem]:
    said = facts.document.subjects[variable_component]
    if not any(prop in said for prop in (VARIANT, COLLECTION, VARIANT_DERIVATION)):
        yield Problem(
            "has nothing to choose from: add sbol:variant, sbol:variantCollection or sbol:variantDerivation", VARIANT
        )


def _collections(facts: Facts) -> dict[Term, Term]:
    """Map the collections that variants are taken from to the first VariableComponent that does so."""
    found: dict[Term, Term] = {}
    for subject, said in facts.document.subjects.items():
        if COLLECTION in said and VARIABLE_COMPONENT in said.get(TYPE, ()):
            for reference in said[COLLECTION]:
                collection = facts.find(reference)
                if collection is not None and _COLLECTION in facts.document.types(collection):
                    found.setdefault(collection, subject)
    return found


def _members(facts: Facts, _: Term) -> Iterator[Problem]:
    for collection, variable_component in _collections(facts).items():
        if not values(facts, collection, MEMBER):
            yield Problem(
                f"takes its variants from {shown(collection)}, which is empty: add members to it, or leave it out",
                COLLECTION,
                collection,
                variable_component,
            )


def _members_are_definitions(facts: Facts, _: Term) -> Iterator[Problem]:
    for collection, variable_component in _collections(facts).items():
        for member in values(facts, collection, MEMBER):
            if not facts.has_type(member, _COMPONENT_DEFINITION):
                yield Problem(
                    f"takes its variants from {shown(collection)}, whose member {shown(member)} is no "
                    "ComponentDefinition of the document: take it out of that collection, or add the definition",
                    COLLECTION,
                    collection,
                    variable_component,
                )


def _no_circle(facts: Facts, _: Term) -> Iterator[Problem]:
    edges: dict[Term, list[Term]] = {}
    for subject, said in facts.document.subjects.items():
        if VARIABLES in said and DERIVATION in said.get(TYPE, ()):
            used = [facts.find(d) for v in said[VARIABLES] for d in values(facts, v, VARIANT_DERIVATION)]
            edges[subject] = [u for u in used if u is not None]
    for cycle in find_cycles(edges):
        yield Problem(
            f"takes its variants from itself: {around(cycle)}; break the circle at one of them",
            VARIANT_DERIVATION,
            None,
            cycle[0],
        )


RULES: tuple[Rule, ...] = (
    Rule("sbol-12903", "always", (DERIVATION,), _bounded, _STRATEGY),
    Rule("sbol-12907", "always", (DERIVATION,), _one_each, VARIABLES),
    Rule("sbol-13005", "complete", (VARIABLE_COMPONENT,), _varied_in_template, VARIABLE),
    Rule("sbol-13006", "best_practice", (VARIABLE_COMPONENT,), _some_variant),
    Rule("sbol-13011", "complete", (), _members),
    Rule("sbol-13012", "complete", (), _members_are_definitions),
    Rule("sbol-13015", "always", (), _no_circle),
)
