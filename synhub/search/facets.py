"""What is counted beside a search: how many of the objects that it finds have each type, role, collection and creator.

Every count is that of the search with one more criterion, which is given as text. Knows no HTTP.
"""

from dataclasses import dataclass

from synhub.model import Dataset
from synhub.rdf import Iri, Term, text_of
from synhub.sbol.ontology import label_of
from synhub.search.ast import SearchQuery
from synhub.search.plan import plan, resolve
from synhub.search.written import write_collection, write_value
from synhub.store.base import TripleStore
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.entry import COUNTED
from synhub.store.catalog.facet_counts import Found
from synhub.store.catalog.search import View
from synhub.vocab import DC, RDF, SBOL2


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many objects have a value. `criterion` is what to put before a search path, with `&`, to find just those."""

    value: str
    label: str
    count: int
    criterion: str


@dataclass(frozen=True, slots=True)
class Facets:
    """Values by kind, the most frequent first, of `total` objects."""

    total: int
    types: tuple[FacetCount, ...]
    sbol_types: tuple[FacetCount, ...]
    roles: tuple[FacetCount, ...]
    collections: tuple[FacetCount, ...]
    creators: tuple[FacetCount, ...]


def facets(catalog: Catalog, store: TripleStore, dataset: Dataset, query: SearchQuery, limit: int) -> Facets:
    """Count the values of what the query finds in the dataset; `limit` of each kind are returned.

    Raises StoreUnavailable when the store is needed and does not answer.
    """
    view = View(catalog, dataset)
    found = Found(view, resolve(plan(view, query), view, store, dataset))

    def values(predicate: Iri) -> tuple[FacetCount, ...]:
        return _values(predicate, found.values(COUNTED[predicate], limit))

    return Facets(
        total=found.total,
        types=values(RDF.type),
        sbol_types=values(SBOL2.type),
        roles=values(SBOL2.role),
        collections=_collections(view, found, limit),
        creators=values(DC.creator),
    )


def _values(predicate: Iri, counts: list[tuple[Term, int]]) -> tuple[FacetCount, ...]:
    written = ((value, n, write_value(predicate, value)) for value, n in counts)
    return tuple(FacetCount(text_of(v), _label(text_of(v)), n, criterion) for v, n, criterion in written if criterion)


def _label(text: str) -> str:
    return label_of(text) or text.removeprefix(SBOL2.NS)


def _collections(view: View, found: Found, limit: int) -> tuple[FacetCount, ...]:
    counts = found.collections(limit)
    first = sorted(counts, key=lambda row_id: (-counts[row_id], row_id))[:limit]
    facets: list[FacetCount] = []
    hits = view.hits(first)
    # a path names all versions of an identity by its IRI, which can be that of one of them
    for row_id, hit, versions in zip(first, hits, view.versions_of([hit.uri for hit in hits]), strict=True):
        n = counts[row_id] if set(versions) == {row_id} else found.members(versions)
        facets.append(FacetCount(hit.uri, hit.name or hit.display_id or hit.uri, n, write_collection(hit.uri)))
    return tuple(sorted(dict.fromkeys(facets), key=lambda facet: (-facet.count, facet.value)))
