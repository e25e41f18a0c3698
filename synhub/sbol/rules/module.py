"""Module definitions that contain each other, and what maps onto their functional components.

Chapters 116 and 117 of the rules. Source: SBOL 2.3.0, sections 7.9 and 7.9.1.
"""

from collections.abc import Iterator

from synhub.rdf import Term
from synhub.sbol.graph import TYPE
from synhub.sbol.rules.cycles import around, find_cycles
from synhub.sbol.rules.location import DEFINITION
from synhub.sbol.rules.lookup import child_of, values
from synhub.sbol.rules.rule import Facts, Problem, Rule, sbol, shown

MODULE_DEFINITION, MODULE, MODULES = sbol("ModuleDefinition"), sbol("Module"), sbol("module")
_FUNCTIONAL, _MAPS_TO, _LOCAL, _REFINEMENT = (
    sbol("functionalComponent"),
    sbol("mapsTo"),
    sbol("local"),
    sbol("refinement"),
)
_USE_REMOTE = sbol("useRemote")


def _one_remote(facts: Facts, definition: Term) -> Iterator[Problem]:
    found: dict[Term, list[Term]] = {}
    for owner in (*values(facts, definition, MODULES), *values(facts, definition, _FUNCTIONAL)):
        for maps_to in values(facts, owner, _MAPS_TO):
            if _USE_REMOTE in values(facts, maps_to, _REFINEMENT):
                for local in values(facts, maps_to, _LOCAL):
                    found.setdefault(child_of(facts, local, definition) or local, []).append(maps_to)
    for local, mappings in found.items():
        if len(mappings) > 1:
            yield Problem(
                f"lets {len(mappings)} MapsTos, {' and '.join(map(shown, mappings[:3]))}, replace its "
                f"FunctionalComponent {shown(local)} (sbol:useRemote): let one do so",
                _LOCAL,
                local,
            )


def _not_itself(facts: Facts, module: Term) -> Iterator[Problem]:
    owner = facts.document.owner.get(module)
    for reference in values(facts, module, DEFINITION):
        if owner is not None and facts.find(reference) == owner:
            yield Problem(
                f"is a Module of {shown(owner)} and has it as its definition: a design cannot contain itself",
                DEFINITION,
                reference,
            )


def _no_circle(facts: Facts, _: Term) -> Iterator[Problem]:
    edges: dict[Term, list[Term]] = {}
    for subject, said in facts.document.subjects.items():
        if MODULES in said and MODULE_DEFINITION in said.get(TYPE, ()):
            used = [facts.find(d) for module in said[MODULES] for d in values(facts, module, DEFINITION)]
            edges[subject] = [u for u in used if u is not None and u != subject]
    for cycle in find_cycles(edges):
        yield Problem(
            f"contains itself by way of its Modules: {around(cycle)}; break the circle at one of them",
            MODULES,
            None,
            cycle[0],
        )


RULES: tuple[Rule, ...] = (
    Rule("sbol-11609", "always", (MODULE_DEFINITION,), _one_remote),
    Rule("sbol-11704", "always", (MODULE,), _not_itself),
    Rule("sbol-11705", "always", (), _no_circle),
)
