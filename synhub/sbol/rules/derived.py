"""What is made from a combinatorial derivation: designs and collections. Chapters 129 and 130 of the rules.

A design is made from a derivation when its prov:wasDerivedFrom names it, and one of its Components is a copy of a
Component of the template when the copy's prov:wasDerivedFrom names that one. A derivation or template that is not in
the document is not asked about.

Derivations have many designs, and templates many parts: what is the same for all designs of a derivation is put
together once per rule, and a design is asked about its own parts. So a check costs what the document has to say.
Source: SBOL 2.3.0, section 7.11.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from synhub.rdf import Term, iri_term
from synhub.sbol.graph import TYPE
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
_MOST = 10  # derivations of one thing that are looked at: it is made from one
_PAIRS = 1_000  # of copies, for one constraint of the template

_Constraint = tuple[Term, Term, Term]  # subject, restriction, object


@dataclass(frozen=True, slots=True)
class _Derivation:
    """A derivation and its template. `variables` maps the template's Components that vary to their VariableComponent,
    `operators` an operator to those that have it; `fixed` are the Components that do not vary. Both are dictionaries
    for their order: the first one that is missing is told.
    """

    iri: Term
    template: Term
    variables: dict[Term, Term]
    operators: dict[Term, dict[Term, None]]
    fixed: dict[Term, None]


@dataclass(frozen=True, slots=True)
class _Design:
    """A design made from a derivation. `copies` maps the template's Components to the design's that come from them."""

    iri: Term
    derivation: _Derivation
    copies: dict[Term, list[Term]]


def _sources(facts: Facts) -> dict[Term, list[Term]]:
    """Map what is made from derivations of the document to them."""
    if DERIVATION not in facts.classes:
        return {}
    found: dict[Term, list[Term]] = {}
    for subject, said in facts.document.subjects.items():
        if _DERIVED_FROM in said:
            meant = (facts.find(reference) for reference in said[_DERIVED_FROM])
            made_from = [d for d in meant if d is not None and DERIVATION in facts.document.types(d)]
            if made_from:
                found[subject] = made_from[:_MOST]
    return found


def _designs(facts: Facts) -> Iterator[_Design]:
    known: dict[Term, _Derivation | None] = {}
    for subject, sources in _sources(facts).items():
        if _COMPONENT_DEFINITION not in facts.document.types(subject):
            continue
        for source in sources:
            if source not in known:
                known[source] = _derivation(facts, source)
            derivation = known[source]
            if derivation is not None:
                yield _Design(subject, derivation, _copies(facts, subject, derivation.template))


def _derivation(facts: Facts, derivation: Term) -> _Derivation | None:
    template = template_of(facts, derivation)
    if template is None:
        return None
    variables: dict[Term, Term] = {}
    operators: dict[Term, dict[Term, None]] = {}
    for variable_component in values(facts, derivation, VARIABLES):
        for reference in values(facts, variable_component, VARIABLE):
            variable = child_of(facts, reference, template) or reference
            variables[variable] = variable_component
            for operator in values(facts, variable_component, OPERATOR):
                operators.setdefault(operator, {})[variable] = None
    fixed = dict.fromkeys(c for c in values(facts, template, COMPONENT) if c not in variables)
    return _Derivation(derivation, template, variables, operators, fixed)


def _copies(facts: Facts, definition: Term, template: Term) -> dict[Term, list[Term]]:
    copies: dict[Term, list[Term]] = {}
    for component in values(facts, definition, COMPONENT):
        for reference in values(facts, component, _DERIVED_FROM):
            original = child_of(facts, reference, template)
            if original is not None:
                copies.setdefault(original, []).append(component)
    return copies


def _keeps_constraints(facts: Facts, _: Term) -> Iterator[Problem]:
    wanted: dict[Term, dict[Term, list[_Constraint]]] = {}  # of a template, by the subject of the constraint
    for design in _designs(facts):
        template = design.derivation.template
        if template not in wanted:
            by_subject = wanted[template] = {}
            for constraint in sorted(_constraints(facts, template)):
                by_subject.setdefault(constraint[0], []).append(constraint)
        stated = _constraints(facts, design.iri) if wanted[template] else set()
        places = places_in(facts, design.iri) if wanted[template] else {}
        for subject, copies in design.copies.items():
            for _same, restriction, obj in wanted[template].get(subject, ()):
                pairs = ((first, second) for first in copies for second in design.copies.get(obj, ()))
                for first, second in islice(pairs, _PAIRS):
                    here = places.get(first), places.get(second)
                    kept = here[0] is not None and here[1] is not None and keeps(restriction, here[0], here[1])
                    if not kept and (first, restriction, second) not in stated:
                        yield Problem(
                            f"comes from {shown(design.derivation.iri)}, whose template wants {shown(subject)} "
                            f"{name_of(restriction)} {shown(obj)}, and does not say so of {shown(first)} and "
                            f"{shown(second)}: repeat the SequenceConstraint here",
                            CONSTRAINTS,
                            None,
                            design.iri,
                        )
                        break


def _constraints(facts: Facts, definition: Term) -> set[_Constraint]:
    found: set[_Constraint] = set()
    for constraint in values(facts, definition, CONSTRAINTS):
        subject, obj = facts.document.value(constraint, SUBJECT), facts.document.value(constraint, OBJECT)
        restriction = facts.document.value(constraint, RESTRICTION)
        if subject is not None and obj is not None and restriction is not None:
            first, second = child_of(facts, subject, definition), child_of(facts, obj, definition)
            found.add((first or subject, restriction, second or obj))
    return found


def _template_has_parts(facts: Facts, derivation: Term) -> Iterator[Problem]:
    template = template_of(facts, derivation)
    if template is not None and not values(facts, template, COMPONENT):
        yield Problem(
            f"has the template {shown(template)}, which has no Component that could vary: add some to it",
            sbol("template"),
            template,
        )


def _difference(facts: Facts, derived: Term, original: Term, prop: Term) -> tuple[str, Term] | None:
    """Return the first value of a property that one lacks, or has besides; None where both have the same.

    The rules speak of lacking only; the reference library wants equality, and so do the files of the test suite.
    """
    own, wanted = values(facts, derived, prop), values(facts, original, prop)
    known = set(own)
    lacking = next((value for value in wanted if value not in known), None)
    if lacking is not None:
        return "lacks", lacking
    if len(own) == len(wanted):
        return None
    expected = set(wanted)
    return next((("has besides", value) for value in own if value not in expected), None)


def _as_template(prop: Term, what: str) -> Check:
    """Return the check that a design has of a property what its template has."""

    def check(facts: Facts, _: Term) -> Iterator[Problem]:
        for design in _designs(facts):
            template = design.derivation.template
            difference = _difference(facts, design.iri, template, prop)
            if difference is not None:
                verb, value = difference
                yield Problem(
                    f"comes from {shown(design.derivation.iri)} and {verb} the {what} {shown(value)}, unlike its "
                    f"template {shown(template)}: make the {what}s of both the same",
                    prop,
                    value,
                    design.iri,
                )

    return check


def _members_alike(facts: Facts, _: Term) -> Iterator[Problem]:
    sources = _sources(facts)
    for collection, members in _collections(facts) if sources else ():
        shared: set[Term] | None = None
        for member in members:
            made_from = sources.get(target(facts, member), [])
            shared = set(made_from) if shared is None else shared.intersection(made_from)
            if not shared:
                break
        for derivation in sorted((shared or set()).difference(sources.get(collection, ()))):
            yield Problem(
                f"has only members made from {shown(derivation)} and does not say that it is made from it: "
                "add that prov:wasDerivedFrom",
                _DERIVED_FROM,
                derivation,
                collection,
            )


def _members_derived(facts: Facts, _: Term) -> Iterator[Problem]:
    sources = _sources(facts)
    for collection, members in _collections(facts) if sources else ():
        for derivation in sources.get(collection, ()):
            for member in members:
                found = facts.find(member)
                if found is not None and derivation not in sources.get(found, ()):
                    yield Problem(
                        f"is made from {shown(derivation)}, and its member {shown(member)} is not: add that "
                        "prov:wasDerivedFrom to the member, or take the member out",
                        MEMBER,
                        member,
                        collection,
                    )


def _collections(facts: Facts) -> Iterator[tuple[Term, list[Term]]]:
    for subject, said in facts.document.subjects.items():
        if MEMBER in said and _COLLECTION in said.get(TYPE, ()):
            yield subject, said[MEMBER]


def _a_variant(facts: Facts, _: Term) -> Iterator[Problem]:
    sources = _sources(facts)
    allowed: dict[Term, _Variants] = {}
    members: dict[Term, frozenset[Term]] = {}
    for design in _designs(facts):
        for original, copies in design.copies.items():
            variable_component = design.derivation.variables.get(original)
            if variable_component is None:
                continue
            if variable_component not in allowed:
                allowed[variable_component] = _variants(facts, variable_component, members)
            variants = allowed[variable_component]
            for copy in copies:
                for reference in values(facts, copy, DEFINITION):
                    used = target(facts, reference)
                    if not variants.has(used, sources.get(used, [])):
                        yield Problem(
                            f"is of {shown(reference)}, which is no variant that {shown(variable_component)} allows "
                            f"for {shown(original)}: use one of its variants, or add this one to them",
                            DEFINITION,
                            reference,
                            copy,
                        )


@dataclass(frozen=True, slots=True)
class _Variants:
    """What may stand for a variable: definitions, members of collections, what is made from other derivations."""

    definitions: set[Term]
    collections: list[frozenset[Term]]
    derivations: set[Term]

    def has(self, definition: Term, sources: list[Term]) -> bool:
        return (
            definition in self.definitions
            or any(definition in members for members in self.collections)
            or not self.derivations.isdisjoint(sources)
        )


def _variants(facts: Facts, variable_component: Term, members: dict[Term, frozenset[Term]]) -> _Variants:
    """Put together what a VariableComponent allows; `members` of collections are read once and kept for the next."""
    collections = {target(facts, reference) for reference in values(facts, variable_component, COLLECTION)}
    for collection in collections - members.keys():
        members[collection] = frozenset(target(facts, member) for member in values(facts, collection, MEMBER))
    return _Variants(
        {target(facts, v) for v in values(facts, variable_component, VARIANT)},
        [members[collection] for collection in sorted(collections)],
        {target(facts, d) for d in values(facts, variable_component, VARIANT_DERIVATION)},
    )


def _same_definition(facts: Facts, _: Term) -> Iterator[Problem]:
    for design in _designs(facts):
        for original, copies in design.copies.items():
            if original not in design.derivation.fixed:
                continue
            wanted = {target(facts, d) for d in values(facts, original, DEFINITION)}
            for copy in copies:
                for reference in values(facts, copy, DEFINITION):
                    if target(facts, reference) not in wanted:
                        yield Problem(
                            f"is of {shown(reference)} and stands for {shown(original)}, which does not vary: "
                            "use the same definition",
                            DEFINITION,
                            reference,
                            copy,
                        )


def _same_roles(facts: Facts, _: Term) -> Iterator[Problem]:
    for design in _designs(facts):
        for original, copies in design.copies.items():
            for copy in copies:
                difference = _difference(facts, copy, original, _ROLE)
                if difference is not None:
                    verb, role = difference
                    yield Problem(
                        f"stands for {shown(original)} and {verb} the role {shown(role)}: make the roles of both "
                        "the same",
                        _ROLE,
                        role,
                        copy,
                    )


def _some(derivation: _Derivation, operator: str) -> dict[Term, None]:
    return derivation.operators.get(sbol(operator), {})


def _count(asked: Callable[[_Derivation], dict[Term, None]], least: int, most: int | None, wanted: str) -> Check:
    """Return the check of how often a design has copies of some of its template's Components.

    Too many are told one by one; of those that are missing the first is told, they may be the whole template.
    """

    def check(facts: Facts, _: Term) -> Iterator[Problem]:
        for design in _designs(facts):
            counted = asked(design.derivation)
            for original, copies in design.copies.items():
                if most is not None and len(copies) > most and original in counted:
                    yield _wrong_count(design, original, len(copies), wanted)
            if least:
                missing = next((original for original in counted if original not in design.copies), None)
                if missing is not None:
                    yield _wrong_count(design, missing, 0, wanted)

    return check


def _wrong_count(design: _Design, original: Term, count: int, wanted: str) -> Problem:
    return Problem(
        f"comes from {shown(design.derivation.iri)} and has {count or 'no'} Components derived from {shown(original)} "
        f"where {wanted} is right: correct its Components or their prov:wasDerivedFrom",
        COMPONENT,
        original,
        design.iri,
    )


RULES: tuple[Rule, ...] = (
    Rule("sbol-12908", "complete", (), _keeps_constraints),
    Rule("sbol-12909", "best_practice", (DERIVATION,), _template_has_parts),
    Rule("sbol-12910", "best_practice", (), _as_template(_TYPE, "type")),
    Rule("sbol-12911", "best_practice", (), _as_template(_ROLE, "role")),
    Rule("sbol-12912", "best_practice", (), _members_alike),
    Rule("sbol-12913", "best_practice", (), _members_derived),
    Rule("sbol-13016", "complete", (), _a_variant),
    Rule("sbol-13017", "complete", (), _same_definition),
    Rule("sbol-13018", "best_practice", (), _same_roles),
    Rule("sbol-13019", "best_practice", (), _count(lambda d: _some(d, "zeroOrOne"), 0, 1, "at most one")),
    Rule("sbol-13020", "best_practice", (), _count(lambda d: _some(d, "one"), 1, 1, "exactly one")),
    Rule("sbol-13021", "best_practice", (), _count(lambda d: _some(d, "oneOrMore"), 1, None, "at least one")),
    Rule("sbol-13022", "best_practice", (), _count(lambda d: d.fixed, 1, 1, "exactly one")),
)
