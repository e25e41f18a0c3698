"""What the table in `schema.py` says about one object: which properties, how many values, of what kind.

The same few checks for every class: presence and number, node kind, form of literals, listed values, class of what is
referred to or nested, and no other properties of the namespaces that the table knows. What needs more than one
property to be seen stands in the other modules.

Source: SBOL 2.3.0, appendix A: the rules that begin "The … property of a … is REQUIRED/OPTIONAL", "MUST NOT have
properties other than", "MUST contain a URI from Table" and "MUST refer to a".
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from synhub.model import Gate
from synhub.rdf import Iri, Term, iri_of, iri_term, text_of
from synhub.sbol.blank_nodes import is_skolem
from synhub.sbol.rules.rule import GENERIC, Facts, Problem, shown
from synhub.sbol.schema import (
    CLASSES,
    GENERIC_PROPERTIES,
    GENERIC_RULE,
    TOP_LEVEL_CLASSES,
    UNIT_CLASSES,
    Datatype,
    Property,
)
from synhub.vocab import OM, PROV, SBOL2

_UNITS = frozenset(map(iri_term, UNIT_CLASSES))

# Properties of the other two namespaces are annotations where the table does not list them: real files have them (a
# prov:hadPlan on a Usage), and the reference library keeps them.
_SBOL = "<" + SBOL2.NS

# These ask for more than a class of the object that is referred to: functions of their own look after them.
_TOLD_ELSEWHERE = frozenset(f"sbol-{n}" for n in (10803, 10808, 10905, 11003, 11403, 11405, 12003, 13005))

# How the text of a literal must look, and how a message says so. Letters of any script may stand in a displayId and in
# a version: the reference library takes them, and minting makes names of its own of them.
_BLANK, _TWO = r"[ \t\r\n]*", "[0-9]{2}"
_FORMS: Mapping[Datatype, tuple[str, str]] = {
    "display_id": (r"[^\W\d](?:[^\W\d]|[0-9])*", "letters, digits and _, not beginning with a digit"),
    "version": (r"[0-9](?:[^\W\d]|[0-9.\-])*", "letters, digits, '_', '-' and '.', beginning with a digit"),
    "positive": (rf"{_BLANK}\+?0*[1-9][0-9]*{_BLANK}", "a whole number greater than 0"),
    "natural": (rf"{_BLANK}\+?[0-9]+{_BLANK}", "a whole number, 0 or greater"),
    "float": (
        rf"{_BLANK}(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN){_BLANK}",
        "a number such as 0.5 or 1e-3",
    ),
    "date_time": (
        rf"{_BLANK}-?[0-9]{{4,}}-{_TWO}-{_TWO}T{_TWO}:{_TWO}:{_TWO}(?:\.[0-9]+)?(?:Z|[+-]{_TWO}:{_TWO})?{_BLANK}",
        "a date and time such as 2020-01-31T12:00:00Z",
    ),
}

Told = tuple[str, Gate, Problem]  # rule, gate, what is wrong
_Test = Callable[[Facts, "_Row", Term], Told | None]


@dataclass(frozen=True, slots=True)
class _Row:
    """A property made ready for checking: its terms, and the names that messages use."""

    name: Term
    word: str
    entry: Property
    begins: str
    is_named: bool  # the value is an IRI, not a node without one
    single: bool
    form: re.Pattern[str] | None  # of the text
    quick: re.Pattern[str] | None  # the same, of a plain literal without escapes, quotes included
    form_words: str
    values: frozenset[Term]
    targets: frozenset[Term]
    test: "_Test | None"  # what else is asked of a value of the right kind


@dataclass(frozen=True, slots=True)
class _Class:
    rows: Mapping[Term, _Row]
    required: frozenset[Term]
    word: str
    rule: str


def _word(iri: Iri) -> str:
    """Return how people write a term: `sbol:role`, `prov:agent`."""
    for prefix, namespace in (("sbol", SBOL2.NS), ("prov", PROV.NS), ("om", OM.NS)):
        if iri.startswith(namespace):
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri.replace("#", "/").rpartition("/")[2]


def _row(entry: Property) -> _Row:
    form, words = _FORMS[entry.datatype] if entry.datatype and entry.datatype != "string" else ("", "")
    values = frozenset(map(iri_term, entry.values))
    return _Row(
        iri_term(entry.iri),
        _word(entry.iri),
        entry,
        '"' if entry.kind == "literal" else "<",
        entry.kind in ("iri", "reference"),
        entry.max == 1,
        re.compile(rf"{form}\Z") if form else None,
        re.compile(rf'"{form}"\Z') if form else None,
        words,
        values,
        frozenset(map(iri_term, entry.targets)) or TOP_LEVEL_CLASSES,
        _test(entry),
    )


def _test(entry: Property) -> "_Test | None":
    if entry.datatype is not None and entry.datatype != "string":
        return _form
    if entry.values:
        return _listed
    if entry.kind == "child":
        return _child
    return _target if entry.kind == "reference" and _target_rule(entry) else None


def _target_rule(entry: Property) -> str:
    return "" if entry.target_rule in _TOLD_ELSEWHERE else entry.target_rule


def _class(word: str, properties: tuple[Property, ...], rule: str) -> _Class:
    rows = {iri_term(p.iri): _row(p) for p in properties if p.rule}
    return _Class(rows, frozenset(name for name, row in rows.items() if row.entry.min), word, rule)


def check_object(facts: Facts, subject: Term, class_term: Term, said: Mapping[Term, list[Term]]) -> Iterator[Told]:
    """Tell what is wrong with one object of a class; `said` are the values by property."""
    known = _CLASSES[class_term]
    rows = known.rows
    if not known.required <= said.keys():
        yield from _missing(known, said)
    for name, values in said.items():
        row = rows.get(name)
        if row is None:
            if known.rule and name.startswith(_SBOL):
                yield _unknown(known, name)
            continue
        if row.single and len(values) > 1:
            yield _several(row, values)
        begins, test, is_named = row.begins, row.test, row.is_named
        for value in values:
            if value[0] != begins or (is_named and is_skolem(value)):
                yield _kind(row, value)
            elif test is not None and (told := test(facts, row, value)) is not None:
                yield told


def _form(_: Facts, row: _Row, value: Term) -> Told | None:
    assert row.form is not None and row.quick is not None
    if row.quick.match(value) or row.form.match(text_of(value)):
        return None
    message = f"has the {row.word} {shown(value)!r}: it must be {row.form_words}"
    return row.entry.rule, "always", Problem(message, row.name, value)


def _listed(_: Facts, row: _Row, value: Term) -> Told | None:
    if value in row.values:
        return None
    allowed = " or ".join(sorted(map(text_of, row.values)))
    message = f"has the {row.word} {shown(value)}: it must be {allowed}"
    return row.entry.values_rule, "always", Problem(message, row.name, value)


def _missing(known: _Class, said: Mapping[Term, list[Term]]) -> Iterator[Told]:
    for name in sorted(known.required - said.keys()):
        row = known.rows[name]
        yield row.entry.rule, "always", Problem(f"has no {row.word}, which every {known.word} needs", name)


def _unknown(known: _Class, name: Term) -> Told:
    word = _word(iri_of(name))
    message = f"has the property {word}, which SBOL 2 does not know of {known.word}: use one in a namespace of your own"
    return known.rule, "always", Problem(message, name)


def _several(row: _Row, values: list[Term]) -> Told:
    few = ", ".join(shown(value) for value in sorted(values)[:3])
    message = f"has {len(values)} values of {row.word}, one is allowed: {few}"
    return row.entry.rule, "always", Problem(message, row.name, max(values))


def _kind(row: _Row, value: Term) -> Told:
    if row.begins == '"':
        message = f"has {shown(value)} as {row.word}: it must be text, not a reference"
    elif row.entry.kind == "child":
        message = f"has the text {shown(value)!r} as {row.word}: nest {_article(row)} in it"
    else:
        what = "a node without rdf:about" if is_skolem(value) else f"the text {shown(value)!r}"
        message = f"has {what} as {row.word}: it must be an IRI, given as rdf:resource"
    return row.entry.rule, "always", Problem(message, row.name, value)


def _article(row: _Row) -> str:
    return "a " + " or ".join(_word(target) for target in row.entry.targets)


def _child(facts: Facts, row: _Row, value: Term) -> Told | None:
    types = facts.document.types(value)
    if not row.targets.isdisjoint(types) and not any(t in CLASSES and t not in row.targets for t in types):
        return None
    rule = row.entry.rule
    if not types and value not in facts.document.subjects:
        message = f"names {shown(value)} as {row.word}, which is not in the document: nest {_article(row)} there"
    else:
        what = " and ".join(_word(iri_of(t)) for t in types) or "of no class"
        message = f"has {shown(value)} as {row.word}, which is {what}: nest {_article(row)} there"
    return rule, "always", Problem(message, row.name, value)


def _target(facts: Facts, row: _Row, value: Term) -> Told | None:
    """Look at what is referred to. What is absent may be elsewhere; an object of another class is always wrong."""
    found = facts.find(value)
    wanted = _article(row) if row.entry.targets else "a top-level object"
    if found is None:
        if row.targets == _UNITS:
            return None  # a term of an ontology, such as OM or UO: nobody puts those in a document
        message = f"refers by {row.word} to {shown(value)}, which is not in the document: add {wanted} with this IRI"
        return row.entry.target_rule, "complete", Problem(message, row.name, value)
    types = facts.document.types(found)
    if not row.targets.isdisjoint(types):
        return None
    known = [t for t in types if t in CLASSES]
    if not known and not row.entry.targets:
        return None  # a generic top level
    what = " and ".join(_word(iri_of(t)) for t in types) or "of no class"
    message = f"refers by {row.word} to {shown(value)}, which is {what}: refer to {wanted}"
    return row.entry.target_rule, "always" if known else "complete", Problem(message, row.name, value)


_CLASSES: Mapping[Term, _Class] = {term: _class(_word(c.iri), c.properties, c.rule) for term, c in CLASSES.items()} | {
    GENERIC: _class("an object of a class of its own", GENERIC_PROPERTIES, GENERIC_RULE)
}


TABLE_RULES: frozenset[str] = frozenset(
    rule
    for known in _CLASSES.values()
    for row in known.rows.values()
    for rule in (known.rule, row.entry.rule, row.entry.values_rule, _target_rule(row.entry))
    if rule
)
