"""The steps of a purge: what is hidden already is listed and removed, some top levels at a time."""

from collections.abc import Mapping, Sequence, Set

from synhub.model import ChangeSet, Dataset, Removed, TopLevelChange
from synhub.rdf import Iri, Triple
from synhub.store.base import TripleStore
from synhub.store.changes import pack
from synhub.store.journal import Journal
from synhub.store.top_levels import BATCH, links_to, read_top_levels


def next_purge_step(
    store: TripleStore, journal: Journal, removed: Set[Removed], job_id: str, step_quads: int
) -> tuple[list[Removed], ChangeSet]:
    """List the quads of the next hidden top levels of a removal, and of the links to them inside the same graph.

    `removed` is everything that is hidden. Returns the (graph, top level) that the change set deletes; none when the
    purge is complete.
    """
    hidden = journal.removals_of(job_id, BATCH)
    if not hidden:
        return [], ChangeSet(b"", b"")
    graph = hidden[0][0]
    top_levels = [top for g, top in hidden if g == graph]
    dataset = Dataset((graph,))
    # What holds others and goes too goes first: left for later, all it holds would be read again in every step.
    holders = [holder for holder in links_to(store, dataset, top_levels) if (graph, holder) in removed]
    removes = _first(read_top_levels(store, dataset, holders or top_levels), holders or top_levels, step_quads)
    batch = [(graph, top) for top in removes]
    for holder, links in links_to(store, dataset, list(removes)).items():
        if (graph, holder) not in removed:
            removes[holder] = links
    (change,) = pack((TopLevelChange(graph, top, triples, ()) for top, triples in removes.items()), limit=1 << 62)
    return batch, change


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
