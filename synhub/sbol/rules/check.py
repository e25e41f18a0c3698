"""All rules on one document, in one pass over its objects.

Knows no rule itself: the table speaks in `table.py`, the rest in the modules of CHAPTERS. Must not change what it
looks at.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from itertools import chain

from synhub.model import GATES, Finding, Gate
from synhub.rdf import Term
from synhub.sbol.graph import TYPE, Document
from synhub.sbol.rules import (
    activity,
    annotation,
    combinatorial,
    component,
    component_definition,
    derived,
    identified,
    interaction,
    location,
    maps_to,
    module,
    sequence,
    sequence_annotation,
    sequence_constraint,
    terms,
    top_level,
)
from synhub.sbol.rules.catalogue import IN_BYTES, IN_STRUCTURE
from synhub.sbol.rules.document import check_structure
from synhub.sbol.rules.rule import GENERIC, Check, Facts, Rule, finding_of
from synhub.sbol.rules.table import TABLE_RULES, check_object
from synhub.sbol.schema import CLASSES

CHAPTERS: tuple[tuple[Rule, ...], ...] = (
    identified.RULES,
    top_level.RULES,
    sequence.RULES,
    component_definition.RULES,
    component.RULES,
    maps_to.RULES,
    sequence_annotation.RULES,
    location.RULES,
    sequence_constraint.RULES,
    module.RULES,
    interaction.RULES,
    annotation.RULES,
    activity.RULES,
    combinatorial.RULES,
    derived.RULES,
    terms.RULES,
)

RULES: tuple[Rule, ...] = tuple(chain.from_iterable(CHAPTERS))
IMPLEMENTED: frozenset[str] = frozenset(rule.id for rule in RULES) | TABLE_RULES | IN_BYTES | IN_STRUCTURE
_OF_CLASS: Mapping[Term, tuple[Rule, ...]] = {
    term: tuple(rule for rule in RULES if term in rule.classes) for term in (*CLASSES, GENERIC)
}
_OF_DOCUMENT = tuple(rule for rule in RULES if not rule.classes)

MAX_PER_RULE = 1_000
MAX_FINDINGS = 10_000


def check_document(document: Document, gates: Collection[Gate] = GATES) -> list[Finding]:
    """Return what breaks the rules of some gates, object by object in document order.

    Findings of the gate `always` are errors, the others warnings. There are at most MAX_PER_RULE of one rule and
    MAX_FINDINGS in all; then a last one, a note, says how many more there are.
    """
    return _capped(_findings(document, frozenset(gates)))


@cache
def _asked(gates: frozenset[Gate]) -> Mapping[Term, tuple[tuple[Term | None, Check, Rule], ...]]:
    """Return what is to be asked of objects of each class."""
    return {term: tuple((r.when, r.check, r) for r in rules if r.gate in gates) for term, rules in _OF_CLASS.items()}


def _findings(document: Document, gates: frozenset[Gate]) -> Iterator[Finding]:
    if "always" in gates:
        yield from check_structure(document)
    facts = Facts(document)
    asked = _asked(gates)
    for rule in _OF_DOCUMENT:
        if rule.gate in gates:
            for problem in rule.check(facts, GENERIC):
                yield finding_of(rule.id, rule.gate, GENERIC, problem)
    nested = document.nested
    for subject, said in document.subjects.items():
        classes = [term for term in said.get(TYPE, ()) if term in CLASSES]
        if not classes:
            if subject in nested:
                continue
            classes = [GENERIC]
        for term in classes:
            for name, gate, problem in check_object(facts, subject, term, said):
                if gate in gates:
                    yield finding_of(name, gate, subject, problem)
            for when, check, rule in asked[term]:
                if when is None or when in said:
                    for problem in check(facts, subject):
                        yield finding_of(rule.id, rule.gate, subject, problem)


def _capped(findings: Iterable[Finding]) -> list[Finding]:
    kept: list[Finding] = []
    seen: set[Finding] = set()
    left: dict[str, int] = {}
    more = 0
    for finding in findings:
        if finding in seen:
            continue
        room = left.get(finding.rule, MAX_PER_RULE)
        if room and len(kept) < MAX_FINDINGS:
            left[finding.rule] = room - 1
            seen.add(finding)
            kept.append(finding)
        else:
            more += 1
    if more:
        kept.append(Finding("synhub-findings", "note", "", f"{more} more findings are not listed: mend these first"))
    return kept
