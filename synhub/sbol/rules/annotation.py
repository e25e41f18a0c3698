"""Annotations: what tools may add to an object, and what SBOL's way of writing them can carry. Chapter 122.

A document that came as Turtle or JSON-LD can hold what no RDF/XML can: then SBOL has no form for it.
Source: SBOL 2.3.0, sections 7.14.1 and 10; Namespaces in XML 1.0, section 4 (qualified names).
"""

import re
from collections.abc import Iterator

from synhub.rdf import Iri, Term, iri_term, text_of
from synhub.sbol.blank_nodes import is_skolem
from synhub.sbol.graph import TYPE
from synhub.sbol.rules.rule import Facts, Problem, Rule, shown
from synhub.vocab import RDF, SBOL2

# The last part of an IRI that can stand behind a prefix: letters, digits, '_', '-' and '.', a letter or '_' first.
_LOCAL_NAME = re.compile(r"[^\W\d](?:\w|[.\-·])*>\Z")
_XML = f"^^<{RDF.NS}XMLLiteral>"
_FIRST = iri_term(Iri(RDF.NS + "first"))
_SBOL = "<" + SBOL2.NS


def _is_name(term: Term) -> bool:
    return term[-2:-1].isalpha() or _LOCAL_NAME.search(term) is not None


def _names(facts: Facts, _: Term) -> Iterator[Problem]:
    asked: dict[Term, bool] = {}
    for subject, said in facts.document.subjects.items():
        for name in said:
            fine = asked.get(name)
            if fine is None:
                fine = asked[name] = _is_name(name)
            if not fine:
                message = f"has the property {text_of(name)}, which cannot be written as prefix:name: rename it"
                yield Problem(message, name, subject=subject)


def _plain_values(facts: Facts, _: Term) -> Iterator[Problem]:
    advice = "which SBOL tools do not read: write text or nest objects"
    for subject, said in facts.document.subjects.items():
        for name, values in said.items():
            for value in values:
                if value[-1] == ">" and value[0] == '"' and value.endswith(_XML):
                    yield Problem(f"has a piece of XML as {text_of(name)}, {advice}", name, value, subject)
    for node in sorted(facts.document.nested):
        owner = facts.document.owner[node]
        if _FIRST in facts.document.subjects.get(node, ()) and owner not in facts.document.nested:
            yield Problem(f"has a list of RDF as an annotation, {advice}", _FIRST, node, owner)


def _typed(facts: Facts, _: Term) -> Iterator[Problem]:
    for node in sorted(facts.document.nested):
        for kind in facts.document.types(node):
            if not _is_name(kind):
                message = f"is of the class {shown(kind)}, which cannot be written as prefix:name: rename the class"
                yield Problem(message, TYPE, kind, node)


def _named(facts: Facts, _: Term) -> Iterator[Problem]:
    for node in sorted(facts.document.nested):
        if is_skolem(node):
            owner = text_of(facts.document.owner[node])
            yield Problem(
                f"is nested in {owner} without an IRI, which SBOL tools do not read: give it rdf:about",
                TYPE,
                subject=node,
            )


def _annotations_only(facts: Facts, _: Term) -> Iterator[Problem]:
    for node in sorted(facts.document.nested):
        for name in facts.document.subjects.get(node, ()):
            if name.startswith(_SBOL):
                message = (
                    f"is an annotation and has the property {text_of(name)} of SBOL: use one of your own namespace"
                )
                yield Problem(message, name, subject=node)


# The last three are of a form that RDF allows and that survives here; what cannot be written at all is an error.
RULES: tuple[Rule, ...] = (
    Rule("sbol-12201", "always", (), _names),
    Rule("sbol-12203", "compliant", (), _plain_values),
    Rule("sbol-12204", "always", (), _typed),
    Rule("sbol-12205", "compliant", (), _named),
    Rule("sbol-12206", "compliant", (), _annotations_only),
)
