"""Designs made of designs: what holds for ComponentDefinitions and ModuleDefinitions alike. Knows neither.

Source: SBOL 2.3.0, sections 7.7.1, 7.7.3 and 7.9.1.
"""

from collections.abc import Iterator

from synhub.rdf import Term
from synhub.sbol.graph import TYPE
from synhub.sbol.rules.cycles import around, find_cycles
from synhub.sbol.rules.location import DEFINITION
from synhub.sbol.rules.lookup import child_of, values
from synhub.sbol.rules.rule import Check, Facts, Problem, sbol, shown

MAPS_TO, LOCAL, REFINEMENT = sbol("mapsTo"), sbol("local"), sbol("refinement")
_USE_REMOTE = sbol("useRemote")


def not_itself(word: str) -> Check:
    """Return the check that a part is not of the design that it is in; `word` is the class of such a part."""

    def check(facts: Facts, part: Term) -> Iterator[Problem]:
        owner = facts.document.owner.get(part)
        for reference in values(facts, part, DEFINITION):
            if owner is not None and facts.find(reference) == owner:
                yield Problem(
                    f"is a {word} of {shown(owner)} and has it as its definition: a design cannot contain itself",
                    DEFINITION,
                    reference,
                )

    return check


def no_circle(kind: Term, parts: Term, word: str) -> Check:
    """Return the check that no design of a class contains itself by way of its parts, the values of `parts`."""

    def check(facts: Facts, _: Term) -> Iterator[Problem]:
        edges: dict[Term, list[Term]] = {}
        for subject, said in facts.document.subjects.items():
            if parts in said and kind in said.get(TYPE, ()):
                used = [facts.find(d) for part in said[parts] for d in values(facts, part, DEFINITION)]
                edges[subject] = [u for u in used if u is not None and u != subject]
        for cycle in find_cycles(edges):
            yield Problem(
                f"contains itself by way of its {word}s: {around(cycle)}; take one of these {word}s out",
                parts,
                subject=cycle[0],
            )

    return check


def one_remote(parts: tuple[Term, ...], word: str) -> Check:
    """Return the check that at most one MapsTo of the parts replaces a `word` of their design."""

    def check(facts: Facts, definition: Term) -> Iterator[Problem]:
        found: dict[Term, list[Term]] = {}
        for owner in (part for prop in parts for part in values(facts, definition, prop)):
            for maps_to in values(facts, owner, MAPS_TO):
                if _USE_REMOTE in values(facts, maps_to, REFINEMENT):
                    for local in values(facts, maps_to, LOCAL):
                        found.setdefault(child_of(facts, local, definition) or local, []).append(maps_to)
        for local, mappings in found.items():
            if len(mappings) > 1:
                yield Problem(
                    f"lets {len(mappings)} MapsTos, {' and '.join(map(shown, mappings[:3]))}, replace its {word} "
                    f"{shown(local)} (sbol:useRemote): let one do so",
                    LOCAL,
                    local,
                )

    return check
