"""Short ways to what rules ask of a document: values, numbers, children that a reference means, names for messages."""

from collections.abc import Sequence

from synhub.rdf import Term, is_iri, is_literal, text_of
from synhub.sbol.rules.rule import Facts

_DIGITS = 18  # of a number that is compared; longer ones are none that a sequence could have


def values(facts: Facts, subject: Term, prop: Term) -> Sequence[Term]:
    """Return the values of a property in document order; () where there is none."""
    said = facts.document.subjects.get(subject)
    return said.get(prop, ()) if said is not None else ()


def references(facts: Facts, subject: Term, prop: Term) -> list[Term]:
    """Return the IRIs among the values of a property; the table speaks of the others."""
    return [value for value in values(facts, subject, prop) if is_iri(value)]


def number(facts: Facts, subject: Term, prop: Term) -> int | None:
    """Return the only value of a property as an integer; None where there is none, or several, or another kind."""
    found = values(facts, subject, prop)
    if len(found) != 1 or not is_literal(found[0]):
        return None
    text = text_of(found[0])
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS else None


def child_of(facts: Facts, reference: Term, parent: Term) -> Term | None:
    """Return the child of `parent` that a reference means by its IRI or by its persistent identity, or None."""
    if facts.document.owner.get(reference) == parent:
        return reference
    return facts.versions_within.get((reference, parent))


def target(facts: Facts, reference: Term) -> Term:
    """Return the object that a reference means, or the reference itself where the document does not have it."""
    return facts.find(reference) or reference


def name_of(class_or_property: Term) -> str:
    """Return the last part of the IRI of a class, a property or a value, such as `precedes`."""
    return text_of(class_or_property).replace("#", "/").rpartition("/")[2]


def a_named(class_or_value: Term) -> str:
    """Return its name with the article: `a Unit`, `an Interaction`. A U begins none that takes `an`."""
    name = name_of(class_or_value)
    return f"{'an' if name[:1] in 'AEIO' else 'a'} {name}"
