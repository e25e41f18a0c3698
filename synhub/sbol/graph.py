"""Triples indexed for one document (interface first)."""

from collections.abc import Iterable
from dataclasses import dataclass

from synhub.rdf import Term, Triple


@dataclass(frozen=True, slots=True)
class Document:
    """The triples of one document, indexed by subject, with who owns whom."""

    subjects: dict[Term, dict[Term, list[Term]]]
    owner: dict[Term, Term]
    children: dict[Term, list[Term]]
    nested: frozenset[Term]
    top_levels: list[Term]

    @classmethod
    def of(cls, triples: Iterable[Triple]) -> "Document":
        raise NotImplementedError

    def types(self, subject: Term) -> list[Term]:
        raise NotImplementedError

    def value(self, subject: Term, predicate: Term) -> Term | None:
        raise NotImplementedError

    def top_level_of(self, subject: Term) -> Term | None:
        raise NotImplementedError

    def subtree(self, top_level: Term) -> list[Term]:
        raise NotImplementedError


def parse_rdf_xml(data: bytes) -> list[Triple]:
    raise NotImplementedError


def skolemise(triples: Iterable[Triple]) -> list[Triple]:
    raise NotImplementedError


def unskolemise(triples: Iterable[Triple]) -> list[Triple]:
    raise NotImplementedError
