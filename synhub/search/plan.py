"""Which criteria the catalog answers, which the triple store, and the conditions that come of it.

The meaning of a search is translate.py's SPARQL; this is the fast way to the same set. The store is asked for
predicates that the catalog does not keep: about few candidates by VALUES, else once for all that have the value.
"""

from dataclasses import dataclass, replace
from datetime import date

from synhub.model import Dataset
from synhub.rdf import XSD_STRING, Iri, Term, datatype_of, iri_of, iri_term, is_iri
from synhub.search.ast import (
    Criterion,
    HasDate,
    HasElements,
    HasValue,
    InCollection,
    IsLatest,
    LikeSequence,
    SearchQuery,
)
from synhub.search.translate import objects_query
from synhub.store.base import TripleStore
from synhub.store.catalog.conditions import (
    LATEST,
    NOT_LATEST,
    Condition,
    has_facet,
    has_key,
    has_text,
    is_member,
    is_on_day,
    is_one_of,
)
from synhub.store.catalog.entry import COUNTED, DATES, FACETS
from synhub.store.catalog.facet_counts import keys_of
from synhub.store.catalog.search import View
from synhub.store.catalog.sequences import has_found
from synhub.vocab import SBOL2

FEW = 1_000  # candidates that are put into VALUES; more are found faster by their value
MOST_LISTED = 1_000  # older versions that are put into a query that is shown
_MANY = 16  # values; of more, as all that is below a term has, those that occur are looked up first
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """`conditions` for the catalog, and the criteria that are left for the store."""

    conditions: tuple[Condition, ...]
    stored: tuple[HasValue, ...]


def plan(view: View, query: SearchQuery) -> Plan:
    """Turn what the catalog knows about into conditions."""
    # text first: it mostly finds least, and is then the measure for the rest
    conditions: list[Condition] = [has_text("text", query.text)] if query.text else []
    stored: list[HasValue] = []
    for n, criterion in enumerate(query.criteria):
        if isinstance(criterion, HasValue) and not _in_catalog(criterion):
            stored.append(criterion)
        else:
            conditions.append(_condition(view, f"p{n}", criterion))
    return Plan(tuple(conditions), tuple(stored))


def needs_store(query: SearchQuery) -> bool:
    """Say whether the catalog does not know all that a query asks about."""
    return any(isinstance(criterion, HasValue) and not _in_catalog(criterion) for criterion in query.criteria)


def with_latest(view: View, query: SearchQuery) -> SearchQuery:
    """Fill in what SPARQL cannot say: which objects the members without a version stand for, which are superseded."""
    return replace(query, criteria=tuple(_with_latest(view, query, criterion) for criterion in query.criteria))


def _with_latest(view: View, query: SearchQuery, criterion: Criterion) -> Criterion:
    match criterion:
        case InCollection(collection):
            return replace(criterion, latest=tuple(view.latest_members(view.versions(collection))))
        case IsLatest():
            rest = replace(query, criteria=tuple(c for c in query.criteria if not isinstance(c, IsLatest)))
            older = view.iris([*plan(view, rest).conditions, NOT_LATEST], MOST_LISTED + 1)
            return IsLatest(tuple(sorted(older)) if len(older) <= MOST_LISTED else None)
        case _:
            return criterion


def resolve(plan: Plan, view: View, store: TripleStore, dataset: Dataset) -> tuple[Condition, ...]:
    """Return all conditions: the plan's, and one that holds what the store knows about the rest."""
    if not plan.stored:
        return plan.conditions
    rest = SearchQuery(plan.stored)
    candidates = view.iris(plan.conditions, FEW + 1) if plan.conditions else None
    if candidates is not None and len(candidates) <= FEW:
        query = objects_query(rest, tuple(iri_term(iri) for iri in candidates))
        rows = store.select(query, Dataset(dataset.graphs)) if candidates else []
    else:
        rows = store.select(objects_query(rest), Dataset(dataset.graphs))
    found = [iri_of(row[0]) for row in rows if row[0] is not None and is_iri(row[0])]
    return (*plan.conditions, is_one_of("stored", found))


def _in_catalog(criterion: HasValue) -> bool:
    """Say whether the catalog keeps these values; it has typed literals as written, the store as it reads them."""
    if criterion.predicate not in FACETS:
        return False
    if not criterion.values:
        return FACETS[criterion.predicate]
    return all(is_iri(value) or datatype_of(value) in (XSD_STRING, "") for value in criterion.values)


def _condition(view: View, name: str, criterion: Criterion) -> Condition:
    match criterion:
        case HasValue(predicate, values) if len(values) > _MANY and predicate in COUNTED:
            return has_key(name, keys_of(view, COUNTED[predicate], values))
        case HasValue(predicate, values):
            return has_facet(name, predicate, values)
        case InCollection(iri):
            return is_member(name, view.versions(iri))
        case HasElements(elements):
            sequences = view.sequences_with(elements, any_case=criterion.any_case)
            if criterion.reverse is not None:
                sequences += view.sequences_with(criterion.reverse, any_case=True)
            return _has_sequence(name, sequences)
        case LikeSequence():
            assert criterion.found is not None, "similarity.filled comes first"
            return has_found(name, criterion.found)
        case HasDate(predicate, day, before):
            bound = (day - date(1970, 1, 1)).days + (1 if before else 0)
            return is_on_day(name, DATES[predicate], bound * _DAY_US, before=before)
        case IsLatest():
            return LATEST


def _has_sequence(name: str, sequences: list[Iri]) -> Condition:
    terms: list[Term] = [iri_term(iri) for iri in sequences]
    return has_facet(name, SBOL2.sequence, terms) if terms else is_one_of(name, [])
