"""What a rule of validation is, and what it sees of a document.

Source: SBOL 2.3.0, appendix A (the rules); gates as the reference library applies them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from synhub.identity import version_key
from synhub.model import Finding, Gate
from synhub.rdf import Iri, Term, iri_term, is_blank, is_literal, text_of
from synhub.sbol.blank_nodes import is_skolem
from synhub.sbol.graph import TYPE, Document
from synhub.sbol.schema import CLASSES, TOP_LEVEL_CLASSES
from synhub.vocab import SBOL2

# Stands in Rule.classes for generic top levels: objects of no class of the schema that are not nested annotations.
GENERIC = Term("")
IDENTIFIED: tuple[Term, ...] = (*CLASSES, GENERIC)
TOP_LEVELS: tuple[Term, ...] = (*sorted(TOP_LEVEL_CLASSES), GENERIC)

_PERSISTENT_IDENTITY = iri_term(SBOL2.persistentIdentity)
_VERSION = iri_term(SBOL2.version)
_ELEMENTS = iri_term(SBOL2.elements)
_SHOWN = 200  # characters of a value


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one object. `message` goes on after the object's IRI: what is wrong, and what to do.

    `subject` None means the object that the rule was asked about. A note breaks no rule: it says what was left out.
    """

    message: str
    property: Term | None = None
    value: Term | None = None
    subject: Term | None = None
    note: bool = False


@dataclass(frozen=True)
class Facts:
    """One document as rules see it."""

    document: Document

    @cached_property
    def versions(self) -> dict[Term, list[Term]]:
        """Map a persistent identity to the objects that have it, the latest version first."""
        found: dict[Term, list[Term]] = {}
        for subject, said in self.document.subjects.items():
            for identity in said.get(_PERSISTENT_IDENTITY, ()):
                found.setdefault(identity, []).append(subject)
        for subjects in found.values():
            if len(subjects) == 1:
                continue
            subjects.sort(key=lambda s: (version_key(text_of(self.document.value(s, _VERSION) or Term('""'))), s))
            subjects.reverse()
        return found

    @cached_property
    def classes(self) -> frozenset[Term]:
        """The classes, foreign ones too, that objects of the document have."""
        return frozenset(t for said in self.document.subjects.values() for t in said.get(TYPE, ()))

    @cached_property
    def versions_within(self) -> dict[tuple[Term, Term], Term]:
        """Map a persistent identity and an owner to the owner's child, the latest version, that has it."""
        owner = self.document.owner
        found: dict[tuple[Term, Term], Term] = {}
        for identity, subjects in self.versions.items():
            for subject in subjects:
                if subject in owner:
                    found.setdefault((identity, owner[subject]), subject)
        return found

    @cached_property
    def letters(self) -> dict[Term, str]:
        """Map the sequences of the document that have letters to them, in lower case."""
        found: dict[Term, str] = {}
        for subject, said in self.document.subjects.items():
            if _ELEMENTS in said:
                elements = min(said[_ELEMENTS])
                if is_literal(elements):
                    found[subject] = text_of(elements).lower()
        return found

    def find(self, reference: Term) -> Term | None:
        """Return the object that a reference means: itself, or the latest version of a persistent identity."""
        if reference in self.document.subjects:
            return reference
        versions = self.versions.get(reference)
        return versions[0] if versions else None

    def has_type(self, reference: Term, *classes: Term) -> bool:
        """Tell whether a reference means an object of the document that has one of the classes."""
        found = self.find(reference)
        return found is not None and not set(classes).isdisjoint(self.document.types(found))


Check = Callable[[Facts, Term], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One numbered rule. `check` is called for every object of `classes`; a class is a term of schema.CLASSES.

    Rules that look at a whole document have no class: `check` is called once, with the first argument only of use.
    With `when`, only objects that have this property are asked about: most rules look at something optional.
    """

    id: str
    gate: Gate
    classes: tuple[Term, ...]
    check: Check
    when: Term | None = None


def sbol(name: str) -> Term:
    """Return the term of a class, property or value of the SBOL namespace."""
    return iri_term(Iri(SBOL2.NS + name))


def shown(term: Term) -> str:
    """Return a value as a message shows it: its text, shortened."""
    text = text_of(term)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def finding_of(rule: str, gate: Gate, subject: Term, problem: Problem) -> Finding:
    """Return the finding that says what is wrong with an object; what breaks the gate `always` is an error."""
    blamed = problem.subject or subject
    name = "a node without rdf:about" if is_blank(blamed) or is_skolem(blamed) else text_of(blamed)
    return Finding(
        rule,
        "note" if problem.note else "error" if gate == "always" else "warning",
        text_of(blamed),
        f"{name} {problem.message}" if blamed else problem.message,
        "" if problem.property is None else text_of(problem.property),
        "" if problem.value is None else shown(problem.value),
        gate,
    )
