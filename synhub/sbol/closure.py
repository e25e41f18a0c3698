"""What travels with an object (interface first)."""

from collections.abc import Iterable

from synhub.rdf import Iri, Triple


def references(triples: Iterable[Triple]) -> set[Iri]:
    raise NotImplementedError
