"""Rules that minting relies on: every subject has one class and, if it is a child, one owner.

Source: SBOL 2.3.0, section 7.1 (composite aggregation: a child is the value of one such property only), rules
sbol-10228, -12302, -12303.
"""

from collections.abc import Iterator

from synhub.model import Finding
from synhub.rdf import Term, iri_term, is_iri, text_of
from synhub.sbol.blank_nodes import is_skolem
from synhub.sbol.graph import Document
from synhub.sbol.rules.lookup import a_named, name_of
from synhub.sbol.rules.rule import Problem, finding_of, shown
from synhub.sbol.schema import CLASSES, owning_properties
from synhub.vocab import OM, PROV, SBOL2

_NAMESPACES = (SBOL2.NS, PROV.NS, OM.NS)
_OWNER = "synhub-one-owner"  # stated in section 7.1, without a rule number


def check_structure(document: Document) -> list[Finding]:
    """Return what minting could not work with, by subject."""
    return [*_one_class(document), *_one_owner(document)]


def _one_class(document: Document) -> Iterator[Finding]:
    for subject in sorted(document.subjects):
        types = document.types(subject)
        if not types and subject not in document.nested:
            yield _error("sbol-12302", subject, "has no rdf:type: say which class of object it is")
        for term in types:
            if not is_iri(term) or is_skolem(term):
                message = f"has {shown(term)!r} as its rdf:type, which is no IRI: name its class by an IRI"
                yield _error("sbol-12302", subject, message)
            if term not in CLASSES and term.startswith("<" + SBOL2.NS):
                yield _error(
                    "sbol-12303",
                    subject,
                    f"is {a_named(term)}, which SBOL 2 does not define: "
                    "use one of its classes, or one in a namespace of your own",
                )
        for namespace in _NAMESPACES if len(types) > 1 else ():
            classes = sorted(t for t in types if t in CLASSES and t.startswith("<" + namespace))
            if len(classes) > 1:
                yield _error(
                    "sbol-10228",
                    subject,
                    f"has several classes, {' and '.join(map(name_of, classes))}: give each object an IRI of its own",
                )


def _one_owner(document: Document) -> Iterator[Finding]:
    for child, owners in sorted(document.contested.items()):
        yield _error(
            _OWNER,
            child,
            f"belongs to several objects, {' and '.join(map(text_of, owners))}: give each its own child",
        )
    for orphan in document.orphans:
        class_term = min(t for t in document.types(orphan) if t in CLASSES)
        places = " or ".join(
            f"{name_of(iri_term(p.iri))} of {a_named(iri_term(c.iri))}" for c, p in owning_properties(class_term)
        )
        yield _error(
            _OWNER,
            orphan,
            f"is {a_named(class_term)} without an owner: nest it in the object that it belongs to ({places})",
        )


def _error(rule: str, subject: Term, message: str) -> Finding:
    return finding_of(rule, "always", subject, Problem(message))
