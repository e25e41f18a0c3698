"""What a MapsTo ties together: a component of its own design and one of the design used. Chapter 108.

Source: SBOL 2.3.0, section 7.7.3.
"""

from collections.abc import Iterator

from synhub.rdf import Term, text_of
from synhub.sbol.rules.component_definition import COMPONENT
from synhub.sbol.rules.containment import LOCAL, REFINEMENT
from synhub.sbol.rules.location import DEFINITION
from synhub.sbol.rules.lookup import child_of, references, target, values
from synhub.sbol.rules.rule import Facts, Problem, Rule, sbol, shown

_MAPS_TO, _FUNCTIONAL, _MODULE = sbol("MapsTo"), sbol("FunctionalComponent"), sbol("Module")
_REMOTE = sbol("remote")
_ACCESS, _PUBLIC, _VERIFY = sbol("access"), sbol("public"), sbol("verifyIdentical")


def _owner(facts: Facts, maps_to: Term, *classes: Term) -> Term | None:
    """Return the owner of a MapsTo if it has one of the classes."""
    owner = facts.document.owner.get(maps_to)
    return owner if owner is not None and not set(classes).isdisjoint(facts.document.types(owner)) else None


def _local(facts: Facts, maps_to: Term, owner: Term, wanted: Term, word: str) -> Iterator[Problem]:
    design = facts.document.owner.get(owner)
    for reference in references(facts, maps_to, LOCAL) if design is not None else ():
        assert design is not None
        found = child_of(facts, reference, design)
        if found is None or wanted not in facts.document.types(found):
            yield Problem(
                f"has the sbol:local {shown(reference)}, which is no {word} of {text_of(design)}: name one of these",
                LOCAL,
                reference,
            )


def _local_component(facts: Facts, maps_to: Term) -> Iterator[Problem]:
    owner = _owner(facts, maps_to, COMPONENT)
    if owner is not None:
        yield from _local(facts, maps_to, owner, COMPONENT, "Component")


def _local_functional(facts: Facts, maps_to: Term) -> Iterator[Problem]:
    owner = _owner(facts, maps_to, _FUNCTIONAL, _MODULE)
    if owner is not None:
        yield from _local(facts, maps_to, owner, _FUNCTIONAL, "FunctionalComponent")


def _remote_of(facts: Facts, owner: Term, reference: Term) -> Term | None:
    """Return the component that a remote names in what the owner of its MapsTo uses, or None."""
    designs = (target(facts, d) for d in values(facts, owner, DEFINITION))
    return next((found for d in designs if (found := child_of(facts, reference, d)) is not None), None)


def _remote(facts: Facts, maps_to: Term, owner: Term, word: str) -> Iterator[Problem]:
    for reference in references(facts, maps_to, _REMOTE):
        if _remote_of(facts, owner, reference) is None:
            used = ", ".join(map(shown, values(facts, owner, DEFINITION))) or "the missing definition of its owner"
            yield Problem(
                f"has the sbol:remote {shown(reference)}, which is no {word} of {used} in this document: name one of "
                "these, and put that design into the document",
                _REMOTE,
                reference,
            )


def _remote_component(facts: Facts, maps_to: Term) -> Iterator[Problem]:
    owner = _owner(facts, maps_to, COMPONENT, _FUNCTIONAL)
    if owner is not None:
        yield from _remote(facts, maps_to, owner, "Component")


def _remote_functional(facts: Facts, maps_to: Term) -> Iterator[Problem]:
    owner = _owner(facts, maps_to, _MODULE)
    if owner is not None:
        yield from _remote(facts, maps_to, owner, "FunctionalComponent")


def _public_remote(facts: Facts, maps_to: Term) -> Iterator[Problem]:
    owner = facts.document.owner.get(maps_to)
    for reference in references(facts, maps_to, _REMOTE) if owner is not None else ():
        assert owner is not None
        remote = _remote_of(facts, owner, reference)
        access = () if remote is None else values(facts, remote, _ACCESS)
        if access and _PUBLIC not in access:
            yield Problem(
                f"reaches into {shown(reference)}, whose sbol:access is not sbol:public: make it public there",
                _REMOTE,
                reference,
            )


def _same_definition(facts: Facts, maps_to: Term) -> Iterator[Problem]:
    owner = facts.document.owner.get(maps_to)
    design = None if owner is None else facts.document.owner.get(owner)
    if owner is None or design is None or _VERIFY not in values(facts, maps_to, REFINEMENT):
        return
    for reference in references(facts, maps_to, _REMOTE):
        remote = _remote_of(facts, owner, reference)
        for local in references(facts, maps_to, LOCAL):
            here = child_of(facts, local, design)
            if remote is None or here is None:
                continue
            if {target(facts, d) for d in values(facts, here, DEFINITION)} != {
                target(facts, d) for d in values(facts, remote, DEFINITION)
            }:
                yield Problem(
                    f"says sbol:verifyIdentical of {shown(local)} and {shown(reference)}, which have different "
                    "definitions: give them the same, or another sbol:refinement",
                    REFINEMENT,
                    _VERIFY,
                )


RULES: tuple[Rule, ...] = (
    Rule("sbol-10803", "always", (_MAPS_TO,), _local_component),
    Rule("sbol-10804", "always", (_MAPS_TO,), _local_functional),
    Rule("sbol-10807", "complete", (_MAPS_TO,), _public_remote),
    Rule("sbol-10808", "complete", (_MAPS_TO,), _remote_component),
    Rule("sbol-10809", "complete", (_MAPS_TO,), _remote_functional),
    Rule("sbol-10811", "complete", (_MAPS_TO,), _same_definition),
)
