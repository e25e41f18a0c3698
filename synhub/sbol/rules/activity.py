"""Activities in the circle of designing, building, testing and learning. Chapters 124 and 125 of the rules.

Source: SBOL 2.3.0, section 13.1.
"""

from collections.abc import Iterator

from synhub.rdf import Iri, Term, iri_term
from synhub.sbol.graph import Document
from synhub.sbol.rules.lookup import name_of, values
from synhub.sbol.rules.rule import Check, Facts, Problem, Rule, sbol, shown
from synhub.sbol.schema import CHILD_CLASSES
from synhub.vocab import PROV, SBOL2

_ACTIVITY, _USAGE = iri_term(PROV.Activity), iri_term(PROV.Usage)
_ASSOCIATIONS, _USAGES, _ROLE, _ENTITY = (
    iri_term(Iri(PROV.NS + name)) for name in ("qualifiedAssociation", "qualifiedUsage", "hadRole", "entity")
)
_MEMBERS = 100  # that are looked at
_DESIGN, _BUILD, _TEST, _LEARN = sbol("design"), sbol("build"), sbol("test"), sbol("learn")
_IMPLEMENTATION, _MEMBER = sbol("Implementation"), iri_term(SBOL2.member)
_COLLECTION, _ATTACHMENT = iri_term(SBOL2.Collection), iri_term(SBOL2.Attachment)


def _stages(doing: Term, unfit: tuple[Term, Term]) -> Check:
    """Return the check that an activity of one stage does not use what comes out of two other stages."""

    def check(facts: Facts, activity: Term) -> Iterator[Problem]:
        if not any(doing in values(facts, a, _ROLE) for a in values(facts, activity, _ASSOCIATIONS)):
            return
        for usage in values(facts, activity, _USAGES):
            for role in values(facts, usage, _ROLE):
                if role in unfit:
                    yield Problem(
                        f"uses something for sbol:{name_of(role)} in the activity {shown(activity)}, whose agent has "
                        f"the role sbol:{name_of(doing)}: an activity of that kind does not follow such a stage",
                        _ROLE,
                        role,
                        usage,
                    )

    return check


def _used(role: Term, wanted: str) -> Check:
    """Return the check that what is used in a role is of a kind that fits it; what the document lacks is not asked."""

    def check(facts: Facts, usage: Term) -> Iterator[Problem]:
        if role not in values(facts, usage, _ROLE):
            return
        for reference in values(facts, usage, _ENTITY):
            entity = facts.find(reference)
            if entity is not None and not _FITS[role](facts.document, entity):
                kinds = " and ".join(map(name_of, facts.document.types(entity)))
                yield Problem(
                    f"uses {shown(reference)}, of class {kinds}, for sbol:{name_of(role)}: use {wanted}",
                    _ENTITY,
                    reference,
                )

    return check


def _is_design(document: Document, entity: Term) -> bool:
    types = document.types(entity)
    return _IMPLEMENTATION not in types and CHILD_CLASSES.isdisjoint(types)


def _is_build(document: Document, entity: Term) -> bool:
    return _IMPLEMENTATION in document.types(entity)


def _is_test(document: Document, entity: Term) -> bool:
    types = document.types(entity)
    if _COLLECTION not in types:
        return _ATTACHMENT in types
    # Many activities may use one collection: the first members tell what it is a collection of.
    members = document.subjects[entity].get(_MEMBER, ())[:_MEMBERS]
    return all(_ATTACHMENT in document.types(member) for member in members if member in document.subjects)


def _is_learned(document: Document, entity: Term) -> bool:
    return _IMPLEMENTATION not in document.types(entity)


_FITS = {_DESIGN: _is_design, _BUILD: _is_build, _TEST: _is_test, _LEARN: _is_learned}

RULES: tuple[Rule, ...] = (
    Rule("sbol-12408", "best_practice", (_ACTIVITY,), _stages(_DESIGN, (_BUILD, _TEST)), _USAGES),
    Rule("sbol-12409", "best_practice", (_ACTIVITY,), _stages(_BUILD, (_TEST, _LEARN)), _USAGES),
    Rule("sbol-12410", "best_practice", (_ACTIVITY,), _stages(_TEST, (_DESIGN, _LEARN)), _USAGES),
    Rule("sbol-12411", "best_practice", (_ACTIVITY,), _stages(_LEARN, (_DESIGN, _BUILD)), _USAGES),
    Rule("sbol-12504", "best_practice", (_USAGE,), _used(_DESIGN, "a top level other than an Implementation"), _ROLE),
    Rule("sbol-12505", "best_practice", (_USAGE,), _used(_BUILD, "an Implementation"), _ROLE),
    Rule("sbol-12506", "best_practice", (_USAGE,), _used(_TEST, "an Attachment or a Collection of them"), _ROLE),
    Rule("sbol-12507", "best_practice", (_USAGE,), _used(_LEARN, "what was learned, not what was built"), _ROLE),
)
