"""Interactions and who takes part in them. Chapters 119 and 120 of the rules.

Source: SBOL 2.3.0, sections 7.9.3 (tables 11 and 12) and 7.9.4.
"""

from collections.abc import Iterator, Mapping

from synhub.rdf import Term, iri_term, text_of
from synhub.sbol.ontology import accession_of, branch, ontology
from synhub.sbol.rules.lookup import child_of, references, values
from synhub.sbol.rules.rule import Facts, Problem, Rule, sbol, shown
from synhub.sbol.rules.terms import PARTICIPANT_ROLE
from synhub.vocab import SBOL2

INTERACTION, PARTICIPATION = sbol("Interaction"), sbol("Participation")
_PARTICIPATIONS, _PARTICIPANT = sbol("participation"), sbol("participant")
_TYPE, _ROLE = iri_term(SBOL2.type), iri_term(SBOL2.role)

# Roles of those that take part, by the type of the interaction (table 12), as terms of SBO.
_ROLES: Mapping[str, tuple[str, ...]] = {
    "SBO:0000169": ("SBO:0000020", "SBO:0000642", "SBO:0000598"),  # inhibition: inhibitor, inhibited, promoter
    "SBO:0000170": ("SBO:0000459", "SBO:0000643", "SBO:0000598"),  # stimulation: stimulator, stimulated, promoter
    "SBO:0000176": ("SBO:0000010", "SBO:0000011", "SBO:0000019"),  # biochemical reaction: reactant, product, modifier
    "SBO:0000177": ("SBO:0000010", "SBO:0000011"),  # non-covalent binding: reactant, product
    "SBO:0000179": ("SBO:0000010",),  # degradation: reactant
    "SBO:0000589": ("SBO:0000598", "SBO:0000645", "SBO:0000011"),  # genetic production: promoter, template, product
    "SBO:0000168": ("SBO:0000019", "SBO:0000644"),  # control: modifier, modified
}


def _participant_beside(facts: Facts, participation: Term) -> Iterator[Problem]:
    owner = facts.document.owner
    interaction = owner.get(participation)
    definition = None if interaction is None else owner.get(interaction)
    for reference in references(facts, participation, _PARTICIPANT):
        if definition is not None and child_of(facts, reference, definition) is None:
            yield Problem(
                f"has the participant {shown(reference)}, which is no FunctionalComponent of {shown(definition)}: "
                "refer to one of the ModuleDefinition that the Interaction belongs to",
                _PARTICIPANT,
                reference,
            )


def _roles_fit(facts: Facts, interaction: Term) -> Iterator[Problem]:
    kinds = {accession_of(text_of(t)) or "" for t in values(facts, interaction, _TYPE)}
    for kind in sorted(kinds & _ROLES.keys()):
        for participation in values(facts, interaction, _PARTICIPATIONS):
            found = [accession_of(text_of(role)) or "" for role in values(facts, participation, _ROLE)]
            known = [role for role in found if role in branch("sbo", PARTICIPANT_ROLE)]
            # Without exactly one role of SBO rule 12007 speaks.
            if len(known) == 1 and known[0] not in _ROLES[kind]:
                yield Problem(
                    f"takes part as {_term(known[0])} in the {_term(kind)} {shown(interaction)}: "
                    f"use {' or '.join(map(_term, _ROLES[kind]))}",
                    _ROLE,
                    None,
                    participation,
                )


def _term(accession: str) -> str:
    return f"{ontology('sbo').names[accession]} ({accession})"


RULES: tuple[Rule, ...] = (
    Rule("sbol-11907", "best_practice", (INTERACTION,), _roles_fit, _PARTICIPATIONS),
    Rule("sbol-12003", "always", (PARTICIPATION,), _participant_beside),
)
