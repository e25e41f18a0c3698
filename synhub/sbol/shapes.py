"""SHACL shapes for SBOL 2, generated from the table of classes: what the table says and SHACL Core can say.

For users who check their own RDF with a validator of theirs; synhub itself checks with `rules/`. Presence and number of
values, IRI or literal, the form of literals, listed values, and the class of children are here. References are only
IRIs: they may mean the latest version of an object, or one that is not in the document. What looks at more than one
property of one object is not here.

Source: SHACL, sections 2 and 4 (Core); SBOL 2.3.0, appendix A.
"""

from collections.abc import Iterator, Mapping
from functools import cache

from synhub.rdf import Iri, iri_term, literal_term
from synhub.sbol.rules.lookup import a_named
from synhub.sbol.schema import CLASSES, Datatype, Property, SbolClass
from synhub.vocab import DCTERMS, OM, PROV, RDFS, SBOL2, SH, SYNHUB

_PREFIXES: Mapping[str, str] = {
    "sh": SH.NS,
    "rdfs": RDFS.NS,
    "dcterms": DCTERMS.NS,
    "prov": PROV.NS,
    "om": OM.NS,
    "sbol": SBOL2.NS,
    "rule": SYNHUB.RULE,
    "shape": SYNHUB.SHAPE,
}

# As `rules/table.py` has them, in what XPath and Python both read: there `_` is no letter, here it is.
PATTERNS: Mapping[Datatype, str] = {
    "display_id": r"^(_|[^\W\d])(_|[^\W\d]|[0-9])*$",
    "version": r"^[0-9](_|[^\W\d]|[0-9.\-])*$",
    "positive": r"^\s*\+?0*[1-9][0-9]*\s*$",
    "natural": r"^\s*\+?[0-9]+\s*$",
    "float": r"^\s*([+\-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+\-]?[0-9]+)?|[+\-]?INF|NaN)\s*$",
    "date_time": r"^\s*-?[0-9]{4,}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"(Z|[+\-][0-9]{2}:[0-9]{2})?\s*$",
}
_FORMS: Mapping[Datatype, str] = {
    "display_id": "letters, digits and _, not beginning with a digit",
    "version": "letters, digits, '_', '-' and '.', beginning with a digit",
    "positive": "a whole number greater than 0",
    "natural": "a whole number, 0 or greater",
    "float": "a number such as 0.5 or 1e-3",
    "date_time": "a date and time such as 2020-01-31T12:00:00Z",
}


@cache
def shapes_text() -> str:
    """Return all shapes in Turtle: one node shape for each class, one property shape for each rule about a property.

    A property shape is defined by its rule, `urn:x-synhub:rule:sbol-NNNNN`.
    """
    head = [f"@prefix {prefix}: <{namespace}> ." for prefix, namespace in _PREFIXES.items()]
    return "\n".join([*head, *(_class_shape(c) for c in CLASSES.values()), ""])


def _class_shape(sbol_class: SbolClass) -> str:
    name, called = _local(sbol_class.iri), a_named(iri_term(sbol_class.iri))
    shapes: list[tuple[str, str]] = []
    for entry in sbol_class.properties:
        if not entry.rule:
            continue
        apart = bool(entry.values) and entry.values_rule != entry.rule
        shape = f"shape:{name}-{_local(entry.iri)}"
        lines = [*_number(entry), *_kind(entry), *([] if apart else [_values(entry)] if entry.values else [])]
        shapes.append(
            (shape, _property_shape(shape, entry, entry.rule, lines, _words(called, entry, listed=not apart)))
        )
        if apart:
            words = f"{called} has no other {_name(entry.iri)} than those listed"
            more = f"{shape}-listed"
            lines = [f"sh:or ( [ {_values(entry)} ] [ sh:nodeKind sh:Literal ] )"]  # a text breaks the rule above alone
            shapes.append((more, _property_shape(more, entry, entry.values_rule, lines, words)))
    properties = " ;\n".join(f"    sh:property {shape}" for shape, _ in shapes)
    head = f"\nshape:{name} a sh:NodeShape ;\n    sh:targetClass {_name(sbol_class.iri)}"
    return "\n".join([f"{head} ;\n{properties} ." if shapes else f"{head} .", *(text for _, text in shapes)])


def _property_shape(shape: str, entry: Property, rule: str, constraints: list[str], words: str) -> str:
    lines = [
        f"{shape} a sh:PropertyShape",
        f"sh:path {_name(entry.iri)}",
        *constraints,
        f"sh:message {literal_term(f'{rule}: {words}')}",
        "sh:severity sh:Violation",
        f"rdfs:isDefinedBy rule:{rule}",
    ]
    return " ;\n    ".join(lines) + " ."


def _number(entry: Property) -> Iterator[str]:
    if entry.min:
        yield f"sh:minCount {entry.min}"
    if entry.max is not None:
        yield f"sh:maxCount {entry.max}"


def _kind(entry: Property) -> Iterator[str]:
    yield f"sh:nodeKind sh:{'Literal' if entry.kind == 'literal' else 'IRI'}"
    if entry.datatype is not None and entry.datatype in PATTERNS:
        yield f"sh:pattern {literal_term(PATTERNS[entry.datatype])}"
    if entry.kind == "child":
        classes = [f"sh:class {_name(target)}" for target in entry.targets]
        yield classes[0] if len(classes) == 1 else f"sh:or ( {' '.join(f'[ {c} ]' for c in classes)} )"


def _values(entry: Property) -> str:
    return f"sh:in ( {' '.join(map(_name, entry.values))} )"


def _words(called: str, entry: Property, *, listed: bool) -> str:
    """Say in words what the property shape asks for."""
    number = {(0, 1): "at most one", (1, 1): "exactly one", (0, None): "any number of", (1, None): "at least one"}
    if entry.kind == "literal":
        what = _FORMS.get(entry.datatype, "a text") if entry.datatype else "a text"
    elif entry.kind == "child":
        what = f"nested in it, {' or '.join(map(_local, entry.targets))}"
    elif entry.values and listed:
        what = "one of those listed"
    else:
        what = "an IRI"
    return f"{called} has {number[entry.min, entry.max]} {_name(entry.iri)}: {what}"


def _local(iri: Iri) -> str:
    return iri.replace("#", "/").rpartition("/")[2]


def _name(iri: Iri) -> str:
    """Return an IRI of the table as Turtle writes it: the table has local names of letters and digits only."""
    return next((f"{prefix}:{iri[len(ns) :]}" for prefix, ns in _PREFIXES.items() if iri.startswith(ns)), f"<{iri}>")
