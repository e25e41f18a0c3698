"""The steps of a purge: what is hidden already is listed and removed, some top levels at a time."""

from collections.abc import Iterable, Mapping, Sequence, Set

from synhub.model import ChangeSet, Dataset, Removed, TopLevelChange
from synhub.rdf import Iri, Triple, iri_of, iri_term
from synhub.sparql import template
from synhub.store.base import TripleStore
from synhub.store.changes import pack
from synhub.store.journal import Journal
from synhub.store.top_levels import batches, links_to, read_top_levels
from synhub.vocab import SBOL2

# Other jobs wait for a step: these many take a fifth of a second of a processor.
TOP_LEVELS = 250
MEMBERSHIPS = 5_000


def next_purge_step(
    store: TripleStore, journal: Journal, removed: Set[Removed], job_id: str, step_quads: int
) -> tuple[list[Removed], ChangeSet]:
    """List the quads of the next hidden top levels of a removal, and of the links to them inside the same graph.

    `removed` is everything that is hidden. Returns the (graph, top level) that the change set deletes; it is of no top
    level when the purge is complete. A collection loses its members first when they are too many for one step.
    """
    hidden = journal.removals_of(job_id, TOP_LEVELS)
    if not hidden:
        return [], ChangeSet(b"", b"")
    graph = hidden[0][0]
    top_levels = [top for g, top in hidden if g == graph]
    dataset = Dataset((graph,))
    # What holds others and goes too goes first: left for later, all it holds would be read again in every step.
    holders = [holder for holder in links_to(store, dataset, top_levels) if (graph, holder) in removed]
    most = min(step_quads, MEMBERSHIPS)
    held = _memberships(store, dataset, holders or top_levels, most + 1)
    if len(held) > most:
        return [], _change_set(graph, _by_holder(held[:most]))
    removes = _first(read_top_levels(store, dataset, holders or top_levels), holders or top_levels, step_quads)
    batch = [(graph, top) for top in removes]
    for holder, links in links_to(store, dataset, list(removes)).items():
        if (graph, holder) not in removed:
            removes[holder] = links
    return batch, _change_set(graph, removes)


def _change_set(graph: Iri, removes: Mapping[Iri, Sequence[Triple]]) -> ChangeSet:
    (change,) = pack((TopLevelChange(graph, top, triples, ()) for top, triples in removes.items()), limit=1 << 62)
    return change


def _memberships(store: TripleStore, dataset: Dataset, top_levels: Sequence[Iri], limit: int) -> list[Triple]:
    """Return what the top levels have as members, no more than `limit` of it."""
    found: list[Triple] = []
    for batch in batches(top_levels):
        query = template.bind("memberships", collections=[iri_term(iri) for iri in batch], limit=limit - len(found))
        for collection, member in store.select(query, dataset):
            assert collection is not None and member is not None
            found.append((collection, iri_term(SBOL2.member), member))
        if len(found) == limit:
            break
    return found


def _by_holder(memberships: Iterable[Triple]) -> dict[Iri, list[Triple]]:
    found: dict[Iri, list[Triple]] = {}
    for triple in memberships:
        found.setdefault(iri_of(triple[0]), []).append(triple)
    return found


def _first(stored: Mapping[Iri, list[Triple]], top_levels: Sequence[Iri], step_quads: int) -> dict[Iri, list[Triple]]:
    """Return the first top levels that make one step, at least one; of what is gone already there are no triples."""
    batch: dict[Iri, list[Triple]] = {}
    size = 0
    for top in top_levels:
        size += len(stored.get(top, ()))
        if batch and size > step_quads:
            break
        batch[top] = stored.get(top, [])
    return batch
