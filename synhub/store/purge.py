"""The steps of a purge: what is hidden already is listed and removed, some top levels at a time."""

from synhub.model import ChangeSet, Dataset, Removed, TopLevelChange
from synhub.rdf import Iri
from synhub.store.base import TripleStore
from synhub.store.changes import pack
from synhub.store.journal import Journal
from synhub.store.top_levels import BATCH, links_to, read_top_levels


def next_purge_step(
    store: TripleStore, journal: Journal, job_id: str, step_quads: int
) -> tuple[list[Removed], ChangeSet]:
    """List the quads of the next hidden top levels of a removal, and of the links to them inside the same graph.

    Returns the (graph, top level) that the change set deletes; none when the purge is complete.
    """
    hidden = journal.removals_of(job_id, BATCH)
    if not hidden:
        return [], ChangeSet(b"", b"")
    graph = hidden[0][0]
    top_levels = [top for g, top in hidden if g == graph]
    dataset = Dataset((graph,))
    stored = read_top_levels(store, dataset, top_levels)
    batch: list[Iri] = []
    size = 0
    for top in top_levels:
        size += len(stored.get(top, ()))
        if batch and size > step_quads:
            break
        batch.append(top)
    removes = {top: list(stored.get(top, ())) for top in batch}
    for holder, links in links_to(store, dataset, batch).items():
        removes.setdefault(holder, []).extend(links)
    wanted = [TopLevelChange(graph, top, tuple(dict.fromkeys(triples)), ()) for top, triples in removes.items()]
    (change,) = pack(wanted, limit=1 << 62)
    return [(graph, top) for top in batch], change
