"""Reading whole top levels from a store, in batches. The one place that knows how a top level is found: every
subject that belongs to it says so by sbh:topLevel.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from synhub.errors import StoreUnavailable
from synhub.identity import version_key
from synhub.model import Dataset, Removed
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, text_of
from synhub.sparql import template
from synhub.store.base import TripleStore
from synhub.vocab import SBH, SBOL2

BATCH = 500
_TOP_LEVEL = iri_term(SBH.topLevel)
_MEMBER = iri_term(SBOL2.member)


def batches(iris: Iterable[Iri], size: int = BATCH) -> Iterator[list[Iri]]:
    iterator = iter(iris)
    while batch := list(islice(iterator, size)):
        yield batch


def read_top_levels(
    store: TripleStore, dataset: Dataset, iris: Sequence[Iri], *, members: bool = True
) -> dict[Iri, list[Triple]]:
    """Return the triples of each top level, sorted; a top level that is not stored is missing from the result.

    Without `members` those are left out that say what a collection itself has as members: of one with 40 000, reading
    the rest takes 12 ms in place of 400.

    Raises StoreUnavailable when the engine gave a part of one: every subject says what it belongs to.
    """
    found: dict[Iri, list[Triple]] = {}
    for batch in batches(dict.fromkeys(iris)):
        tops = [iri_term(iri) for iri in batch]
        whole = template.bind("top_levels", top_levels=tops)
        query = whole if members else template.bind("top_levels_less_members", top_levels=tops)
        triples = store.construct(query, dataset)
        top_of = {s: iri_of(o) for s, p, o in triples if p == _TOP_LEVEL}
        for triple in sorted(triples):
            top = top_of.get(triple[0])
            if top is None:
                raise StoreUnavailable(
                    f"the triple store gave a part of what there is of {triple[0]}: it has a limit on results, which is"
                    " to be raised"
                )
            found.setdefault(top, []).append(triple)
    return found


def read_changed(
    store: TripleStore, changed: Iterable[Removed], *, members: bool = True
) -> Iterator[dict[Removed, list[Triple]]]:
    """Yield what the store now holds of each (graph, top level), in batches; empty lists where nothing is left.

    `members` as for `read_top_levels`.
    """
    by_graph: dict[Iri, list[Iri]] = {}
    for graph, top_level in changed:
        by_graph.setdefault(graph, []).append(top_level)
    for graph, top_levels in by_graph.items():
        for batch in batches(top_levels):
            stored = read_top_levels(store, Dataset((graph,)), batch, members=members)
            yield {(graph, top): stored.get(top, []) for top in batch}


def versions_of(store: TripleStore, graph: Iri, identity: Iri) -> list[Iri]:
    """Return the stored versions of an object (by its persistent identity), the latest first (Maven order)."""
    rows = store.select(template.bind("versions", identity=identity), Dataset((graph,)))
    found = {iri_of(s): version_key(text_of(v)) for s, v in rows if s is not None and v is not None}
    return sorted(found, key=lambda iri: (found[iri], iri), reverse=True)


def links_to(store: TripleStore, dataset: Dataset, iris: Sequence[Iri]) -> dict[Iri, list[Triple]]:
    """Return memberships and attachment links that point at the objects, by the top level that holds them."""
    found: dict[Iri, list[Triple]] = {}
    for batch in batches(dict.fromkeys(iris)):
        query = template.bind("links_to", objects=[iri_term(iri) for iri in batch])
        for s, p, o, top in store.select(query, dataset):
            assert s is not None and p is not None and o is not None and top is not None
            found.setdefault(iri_of(Term(top)), []).append((s, p, o))
    return found


def members_among(store: TripleStore, dataset: Dataset, collection: Iri, iris: Iterable[Iri]) -> list[Triple]:
    """Return the memberships that a collection has of some objects, by the IRIs given."""
    found: list[Triple] = []
    for batch in batches(dict.fromkeys(iris)):
        objects = [iri_term(iri) for iri in batch]
        rows = store.select(template.bind("which_members", collection=collection, objects=objects), dataset)
        found += [(iri_term(collection), _MEMBER, value) for (value,) in rows if value is not None]
    return found


def top_levels_named(store: TripleStore, dataset: Dataset, names: Iterable[Iri]) -> dict[Iri, list[Iri]]:
    """Return the top levels that some IRIs mean: of a subject its own; of a persistent identity (a child's, too) those
    of all its versions, the latest first. What nothing has as its name is missing from the result."""
    found: dict[Iri, list[tuple[bool, Any, Iri]]] = {}
    for batch in batches(dict.fromkeys(names)):
        query = template.bind("top_levels_named", names=[iri_term(iri) for iri in batch])
        for name, top, version in store.select(query, dataset):
            assert name is not None and top is not None
            order = version_key(text_of(version)) if version is not None else ()
            found.setdefault(iri_of(name), []).append((version is None, order, iri_of(top)))
    return {name: [top for _, _, top in sorted(rows, reverse=True)] for name, rows in found.items()}


def references_to(store: TripleStore, dataset: Dataset, iris: Iterable[Iri]) -> Iterator[tuple[Iri, Triple]]:
    """Yield every triple with one of the IRIs as its value, with the top level that holds it; less what says how a
    subject is named."""
    for batch in batches(dict.fromkeys(iris)):
        query = template.bind("references_to", objects=[iri_term(iri) for iri in batch])
        for s, p, o, top in store.select(query, dataset):
            assert s is not None and p is not None and o is not None and top is not None
            yield iri_of(top), (s, p, o)
