"""What is counted beside a search: how many of the objects that it finds have each type, role, collection and creator.

Every count is that of the search with one more criterion, which is given as text. Knows no HTTP.
"""

from collections.abc import Callable
from dataclasses import dataclass

from synhub.model import Dataset
from synhub.rdf import Iri, Term, text_of
from synhub.sbol.ontology import label_of
from synhub.search.ast import SearchQuery
from synhub.search.plan import plan, resolve
from synhub.search.written import write_collection, write_value
from synhub.store.base import TripleStore
from synhub.store.catalog import Catalog
from synhub.store.catalog_conditions import Condition, is_member
from synhub.store.catalog_entry import COUNTED
from synhub.store.catalog_facet_counts import MOST, member_counts, value_counts
from synhub.store.catalog_search import View
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
    """Values by kind, the most frequent first. Not `exact` when the search finds more than `counted` objects."""

    total: int
    counted: int
    types: tuple[FacetCount, ...]
    sbol_types: tuple[FacetCount, ...]
    roles: tuple[FacetCount, ...]
    collections: tuple[FacetCount, ...]
    creators: tuple[FacetCount, ...]

    @property
    def exact(self) -> bool:
        return self.counted == self.total


def facets(catalog: Catalog, store: TripleStore, dataset: Dataset, query: SearchQuery, limit: int) -> Facets:
    """Count the values of what the query finds in the dataset; `limit` of each kind are returned.

    Raises StoreUnavailable when the store is needed and does not answer.
    """
    view = View(catalog, dataset)
    conditions = resolve(plan(view, query), view, store, dataset)
    total = view.count(conditions)
    everything = not conditions and view.is_settled
    ids = None if everything else view.ids(conditions)[:MOST]
    found = value_counts(view, ids)

    def values(predicate: Iri) -> tuple[FacetCount, ...]:
        kind = COUNTED[predicate]
        counts = {value: n for (of, value), n in found.items() if of == kind}
        return _values(predicate, counts, limit)

    collections = _collections(view, member_counts(view, ids), limit, lambda c: view.count([*conditions, c]))
    return Facets(
        total=total,
        counted=total if ids is None else len(ids),
        types=values(RDF.type),
        sbol_types=values(SBOL2.type),
        roles=values(SBOL2.role),
        collections=collections,
        creators=values(DC.creator),
    )


def _values(predicate: Iri, counts: dict[Term, int], limit: int) -> tuple[FacetCount, ...]:
    found: list[FacetCount] = []
    for value in sorted(counts, key=lambda value: (-counts[value], value)):
        criterion = write_value(predicate, value)
        if criterion is not None and len(found) < limit:
            found.append(FacetCount(text_of(value), _label(text_of(value)), counts[value], criterion))
    return tuple(found)


def _label(text: str) -> str:
    return label_of(text) or text.removeprefix(SBOL2.NS)


def _collections(
    view: View, counts: dict[int, int], limit: int, count: Callable[[Condition], int]
) -> tuple[FacetCount, ...]:
    """`count` says how much meets one more condition."""
    first = sorted(counts, key=lambda row_id: (-counts[row_id], row_id))[:limit]
    found: list[FacetCount] = []
    for row_id, hit in zip(first, view.hits(first), strict=True):
        # a path names all versions of an identity by its IRI, which can be that of one of them
        versions = view.versions(hit.uri)
        n = counts[row_id] if set(versions) == {row_id} else count(is_member("counted", versions))
        found.append(FacetCount(hit.uri, hit.name or hit.display_id or hit.uri, n, write_collection(hit.uri)))
    return tuple(sorted(dict.fromkeys(found), key=lambda facet: (-facet.count, facet.value)))
