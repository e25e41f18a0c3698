"""Sources for the tests of writers."""

from collections.abc import Iterable

from synhub.formats.source import MemorySource
from synhub.rdf import Iri, Triple, iri_of
from synhub.sbol.graph import Document


def groups_of(triples: Iterable[Triple]) -> dict[Iri, list[Triple]]:
    """Split a document into its top levels."""
    document = Document.of(dict.fromkeys(triples))
    return {
        iri_of(top): [
            (s, p, o) for s in document.subtree(top) for p, values in document.subjects[s].items() for o in values
        ]
        for top in document.top_levels
    }


def source_of(triples: Iterable[Triple], *roots: str) -> MemorySource:
    """Everything of a document, with the roots in front; without any, all of it is asked for as members of nothing."""
    groups = groups_of(triples)
    asked = [Iri(root) for root in roots] or list(groups)
    ordered = {iri: groups[iri] for iri in [*asked, *groups] if iri in groups}
    return MemorySource(ordered.items(), asked, is_collection=len(asked) > 1)
