"""What top levels are derived from. Chapter 103.

Source: SBOL 2.3.0, sections 7.4 and 7.5.
"""

from collections.abc import Iterator

from synhub.identity import version_key
from synhub.rdf import Term, iri_term, text_of
from synhub.sbol.rules.cycles import around, find_cycles
from synhub.sbol.rules.identified import PERSISTENT_IDENTITY, VERSION
from synhub.sbol.rules.lookup import values
from synhub.sbol.rules.rule import TOP_LEVELS, Facts, Problem, Rule
from synhub.vocab import PROV

_DERIVED_FROM = iri_term(PROV.wasDerivedFrom)


def _not_from_newer(facts: Facts, subject: Term) -> Iterator[Problem]:
    said = facts.document.subjects[subject]
    for origin in values(facts, subject, _DERIVED_FROM):
        found = facts.find(origin)
        if found is None or found == subject:
            continue
        other = facts.document.subjects[found]
        if not set(said.get(PERSISTENT_IDENTITY, ())).isdisjoint(other.get(PERSISTENT_IDENTITY, ())):
            own, older = facts.document.value(subject, VERSION), facts.document.value(found, VERSION)
            if own is not None and older is not None and version_key(text_of(older)) > version_key(text_of(own)):
                yield Problem(
                    f"is version {text_of(own)} and derived from the later version {text_of(older)} of the same thing: "
                    "derive later versions from earlier ones",
                    _DERIVED_FROM,
                    origin,
                )


def _not_from_itself(facts: Facts, subject: Term) -> Iterator[Problem]:
    for origin in values(facts, subject, _DERIVED_FROM):
        if facts.find(origin) == subject:
            yield Problem("is derived from itself: take the prov:wasDerivedFrom out", _DERIVED_FROM, origin)


def _no_circle(facts: Facts, _: Term) -> Iterator[Problem]:
    edges: dict[Term, list[Term]] = {}
    for subject in facts.document.top_levels:
        for origin in values(facts, subject, _DERIVED_FROM):
            found = facts.find(origin)
            if found is not None and found != subject:
                edges.setdefault(subject, []).append(found)
    for cycle in find_cycles(edges):
        yield Problem(
            f"is derived from itself in a circle: {around(cycle)}; take one of these statements out",
            _DERIVED_FROM,
            subject=cycle[0],
        )


RULES: tuple[Rule, ...] = (
    Rule("sbol-10302", "always", TOP_LEVELS, _not_from_newer, _DERIVED_FROM),
    Rule("sbol-10303", "always", TOP_LEVELS, _not_from_itself, _DERIVED_FROM),
    Rule("sbol-10304", "always", (), _no_circle),
)
