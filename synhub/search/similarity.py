"""Searches for sequences that are like others: what an index finds becomes part of the query.

The index knows letters and no objects; which of its sequences a reader sees, and which objects have them, is asked of
the catalog here, so that isolation stays in one place. Knows no HTTP.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from synhub.model import Dataset, Hit
from synhub.rdf import Iri
from synhub.search.alignment import SequenceMatch, SequenceQuery, SequencesFound, make_query
from synhub.search.ast import Criterion, FoundSequence, HasElements, LikeSequence, SearchQuery, SequenceOptions
from synhub.search.plan import plan, resolve
from synhub.store.base import TripleStore
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.conditions import Condition
from synhub.store.catalog.orders import Order
from synhub.store.catalog.search import View
from synhub.store.catalog.sequences import digests_of, matches_by_object, subjects_with

_NARROW = 20_000  # objects whose sequences alone are looked at; of more, looking at all takes no longer

_PATIENCE_S = 30.0  # for all sequences of a file; each has a limit of its own

FindFile = Callable[[str], Sequence[str]]


class Finder(Protocol):
    """The index of sequences: `store.sequences`."""

    def find(
        self, query: SequenceQuery, graphs: Sequence[Iri], within: Iterable[bytes] | None = None
    ) -> SequencesFound: ...


def is_like(query: SearchQuery) -> bool:
    """Say whether a query has to be `filled`."""
    return any(isinstance(criterion, LikeSequence) for criterion in query.criteria)


def filled(
    catalog: Catalog, store: TripleStore, finder: Finder, dataset: Dataset, query: SearchQuery, find_file: FindFile
) -> SearchQuery:
    """Return the query with what the index finds for it in the dataset.

    `find_file` returns the sequences of an uploaded file; it raises BadRequest for a token that is none. Raises what
    the index raises.
    """
    if not is_like(query):
        return query
    view = View(catalog, dataset)
    plain = SearchQuery(tuple(c for c in query.criteria if not isinstance(c, LikeSequence)), query.text)
    others = resolve(plan(view, plain), view, store, dataset)

    def fill(criterion: Criterion) -> Criterion:
        if not isinstance(criterion, LikeSequence):
            return criterion
        return _filled(view, finder, dataset, others, criterion, find_file)

    return replace(query, criteria=tuple(fill(criterion) for criterion in query.criteria))


def _filled(
    view: View,
    finder: Finder,
    dataset: Dataset,
    others: Sequence[Condition],
    criterion: LikeSequence,
    find_file: FindFile,
) -> LikeSequence:
    options = criterion.options
    texts = find_file(criterion.token) if criterion.token else ()
    if options.is_exact:
        found = [sequence for text in texts for sequence in exactly(view, HasElements(text))]
        return replace(criterion, found=accepted(view, found, others, options.max_accepts))
    queries = [*criterion.queries, *(make_query(text, options.mode, **options.limits()) for text in texts)]
    found, cut = find_sequences(view, finder, dataset.graphs, queries, _within(view, others))
    return replace(criterion, found=accepted(view, found, others, options.max_accepts), cut=cut)


def find_sequences(
    view: View, finder: Finder, graphs: Sequence[Iri], queries: Sequence[SequenceQuery], within: set[bytes] | None
) -> tuple[list[FoundSequence], str]:
    """Return the sequences of the graphs that are like one of the queries, the best first, and why there may be more.

    `graphs` are those of the view, `within` the digests to stay in. Raises what the index raises.
    """
    end = time.monotonic() + _PATIENCE_S
    answers = [finder.find(query, graphs, within) for query in queries if time.monotonic() < end]
    found = _sequences(view, [match for answer in answers for match in answer.matches])
    cuts = [answer.cut for answer in answers if answer.cut]
    if len(answers) < len(queries):
        cuts.append(f"{len(queries) - len(answers)} of the {len(queries)} sequences were not searched for in time")
    return found, "; ".join(dict.fromkeys(cuts))


def _within(view: View, others: Sequence[Condition]) -> set[bytes] | None:
    """Return the digests that the other criteria leave; None for all, or too many to be counted up."""
    if not others:
        return None
    ids = view.ids(others, _NARROW + 1)
    return digests_of(view, ids) if len(ids) <= _NARROW else None


def _sequences(view: View, matches: Sequence[SequenceMatch]) -> list[FoundSequence]:
    """Return the sequences of matches that are to be seen, the best first; several files may match one sequence."""
    subjects: dict[bytes, list[Iri]] = {}
    for digest, subject in subjects_with(view, list(dict.fromkeys(match.digest for match in matches))):
        subjects.setdefault(digest, []).append(subject)
    found = [
        FoundSequence(subject, match.percent, match.strand, match.cigar, match.wraps)
        for match in matches
        for subject in sorted(subjects.get(match.digest, ()))
    ]
    return sorted(found, key=lambda sequence: sequence.worth, reverse=True)  # stable: the index knows what is nearer


def accepted(
    view: View, found: Sequence[FoundSequence], others: Sequence[Condition], max_accepts: int
) -> tuple[FoundSequence, ...]:
    """Return the best of the found sequences, as many as are to be accepted: of those that some object found has."""
    if not max_accepts:
        return tuple(found)
    by_object = matches_by_object(view, found)
    seen = set(view.ids(others)) if others else None
    accepted: dict[FoundSequence, None] = dict.fromkeys(
        sequence for row_id, sequence in by_object.items() if seen is None or row_id in seen
    )
    best = [sequence for sequence in found if sequence in accepted]
    return tuple(best[:max_accepts])


def exactly(view: View, criterion: HasElements) -> list[FoundSequence]:
    """Return the sequences that an exact search finds, the other strand after the one that was written."""
    length = len(criterion.elements)
    forward = view.sequences_with(criterion.elements, any_case=criterion.any_case)
    found = [FoundSequence(iri, 100.0, "+", f"{length}=") for iri in forward]
    if (reverse := criterion.reverse) is not None:
        found += [
            FoundSequence(iri, 100.0, "-", f"{length}=")
            for iri in view.sequences_with(reverse, any_case=True)
            if iri not in forward
        ]
    return found


# --- what was found, in rows -----------------------------------------------------------------------------------------


def found_by(view: View, query: SearchQuery) -> list[FoundSequence]:
    """Return what the first sequence criterion of a filled query has found; nothing when it has none."""
    for criterion in query.criteria:
        if isinstance(criterion, LikeSequence):
            return list(criterion.found or ())
        if isinstance(criterion, HasElements):
            return exactly(view, criterion)
    return []


def page_by_likeness(
    view: View,
    conditions: Sequence[Condition],
    order: Order,
    found: Sequence[FoundSequence],
    offset: int,
    limit: int | None,
) -> tuple[list[Hit], int]:
    """Return a page of what meets the conditions, the most alike first, then in the order given; and how many meet."""
    by_object = matches_by_object(view, found)
    ids = sorted(view.ranked(conditions, order), key=lambda row_id: _worth(by_object.get(row_id)), reverse=True)
    end = None if limit is None else offset + limit
    cut = ids[offset:end]
    return [_with_match(hit, by_object.get(i)) for hit, i in zip(view.hits(cut), cut, strict=True)], len(ids)


def with_matches(view: View, hits: Sequence[Hit], found: Sequence[FoundSequence]) -> list[Hit]:
    """Return hits with the match of each."""
    if not found or not hits:
        return list(hits)
    by_object = matches_by_object(view, found)
    matches = {view_hit.uri: by_object[i] for i, view_hit in zip(by_object, view.hits(list(by_object)), strict=True)}
    return [_with_match(hit, matches.get(hit.uri)) for hit in hits]


def _worth(match: FoundSequence | None) -> tuple[float, float]:
    return (-math.inf, 0.0) if match is None else match.worth


def _with_match(hit: Hit, match: FoundSequence | None) -> Hit:
    if match is None:
        return hit
    return replace(hit, percent_match=percent_text(match.percent), strand_alignment=match.strand, cigar=match.cigar)


def percent_text(percent: float) -> str:
    """Return a percentage with one digit after the point, rounded down: 100.0 is for what is the same.

    >>> percent_text(98.76), percent_text(99.99), percent_text(100.0)
    ('98.7', '99.9', '100.0')
    """
    tenths = int(percent * 10 + 1e-9)
    return f"{tenths // 10}.{tenths % 10}"


def notes(query: SearchQuery) -> tuple[str, ...]:
    """Return why a filled query may find less than there is, in words for the user."""
    cuts: list[str] = []
    for criterion in query.criteria:
        if isinstance(criterion, LikeSequence):
            accepts = criterion.options.max_accepts
            if accepts and len(criterion.found or ()) >= accepts:
                cuts.append(f"the best {accepts} sequences, as maxaccepts={accepts} asks for; there may be more")
            if criterion.cut:
                cuts.append(criterion.cut)
    return tuple(dict.fromkeys(cuts))


def objects_like(
    catalog: Catalog, store: TripleStore, finder: Finder, dataset: Dataset, text: str, limit: int
) -> list[Iri]:
    """Return up to `limit` objects of the dataset with a sequence that holds these letters, in no order.

    Ambiguous letters, both strands, and over the origin of what is circular. Raises BadRequest for what is no sequence,
    and what the index raises.
    """
    options = SequenceOptions().within()
    criterion = LikeSequence((make_query(text, options.mode, **options.limits()),), "", options)
    query = filled(catalog, store, finder, dataset, SearchQuery((criterion,)), lambda _: ())
    view = View(catalog, dataset)
    return view.iris(plan(view, query).conditions, limit)
