"""One top level with its children, looked up by subject and property: what writers of flat files ask for."""

from collections.abc import Iterable, Iterator, Mapping

from synhub.formats.source import Source
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, is_iri, is_literal, text_of
from synhub.vocab import RDF, SBOL2

_NOTHING: Mapping[str, list[Term]] = {}


class Group:
    """The triples of one top level, by subject and predicate. `main` is the top level itself."""

    def __init__(self, triples: Iterable[Triple], main: Term) -> None:
        self.main = main
        self._said: dict[Term, dict[str, list[Term]]] = {}  # predicates without brackets, as they are asked for
        bare: dict[Term, str] = {}
        for s, term, o in triples:
            p = bare.get(term) or bare.setdefault(term, term[1:-1])
            said = self._said.get(s)
            if said is None:
                self._said[s] = {p: [o]}
            elif p in said:
                said[p].append(o)
            else:
                said[p] = [o]

    @classmethod
    def find(cls, source: Source, iri: Iri) -> "Group | None":
        """Look up a top level by its IRI or its persistent identity."""
        triples = source.find(iri)
        if not triples:
            return None
        wanted = iri_term(iri)
        group = cls(triples, wanted)
        if wanted not in group._said:
            same = [s for s, said in group._said.items() if wanted in said.get(SBOL2.persistentIdentity, ())]
            group.main = min(same, default=wanted)
        return group

    def __contains__(self, subject: Term) -> bool:
        return subject in self._said

    def values(self, subject: Term, predicate: Iri) -> list[Term]:
        found = self._said.get(subject, _NOTHING).get(predicate)
        return found if found is not None and len(found) == 1 else sorted(found or ())

    def iris(self, subject: Term, predicate: Iri) -> list[Iri]:
        return [iri_of(value) for value in self.values(subject, predicate) if is_iri(value)]

    def text(self, subject: Term, predicate: Iri) -> str:
        """Return the smallest value as text, '' for none."""
        found = self._said.get(subject, _NOTHING).get(predicate)
        return text_of(min(found)) if found else ""

    def children(self, subject: Term, predicate: Iri) -> list[Term]:
        return [value for value in self.values(subject, predicate) if value in self._said]

    def literals(self, subject: Term) -> Iterator[tuple[str, str]]:
        """Yield (predicate, text) of every literal, sorted."""
        for predicate, values in sorted(self._said.get(subject, _NOTHING).items()):
            for value in sorted(values):
                if is_literal(value):
                    yield predicate, text_of(value)

    def predicates(self) -> set[str]:
        return {predicate for said in self._said.values() for predicate in said}

    def name(self, subject: Term) -> str:
        """Return the displayId, else the IRI."""
        return self.text(subject, SBOL2.displayId) or subject.strip("<>")


def is_a(group: Group, subject: Term, kind: Iri) -> bool:
    return kind in group.iris(subject, RDF.type)


class Definitions:
    """The definitions of the components that annotations place, each put together once: one may be used often."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._found: dict[Iri, Group | None] = {}

    def placed(self, group: Group, annotation: Term) -> tuple[Term | None, Iri | None, Group | None]:
        """Return the component that an annotation places, its definition's IRI, and that when it is at hand."""
        component = next(iter(group.children(annotation, SBOL2.component)), None)
        iri = next(iter(group.iris(component, SBOL2.definition)), None) if component is not None else None
        if iri is not None and iri not in self._found:
            self._found[iri] = Group.find(self._source, iri)
        return component, iri, None if iri is None else self._found[iri]
