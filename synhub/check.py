"""Proof that store, catalog, blobs and journal agree; and the mending of the catalog, which is derived.

A triple that belongs to no top level is found by counting: the triples of a graph are exactly those of its top
levels. A triple in two graphs is found by its subject: every subject lies below the IRI of its graph.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from synhub.hub import Hub
from synhub.identity import Registry
from synhub.model import Dataset, Removed
from synhub.rdf import Iri, iri_of
from synhub.sparql import template
from synhub.store.blobs import Blobs
from synhub.store.catalog import Catalog
from synhub.store.catalog_counts import check_counts
from synhub.store.catalog_entry import triples_digest
from synhub.store.embedded import EmbeddedStore
from synhub.store.journal import Journal
from synhub.store.top_levels import batches, read_changed, read_top_levels


def top_levels_of(store: EmbeddedStore, graph: Iri) -> list[Iri]:
    rows = store.select(template.bind("all_top_levels"), Dataset((graph,)))
    return sorted(iri_of(top) for (top,) in rows if top is not None)


@dataclass(frozen=True, slots=True)
class Difference:
    """One top level whose catalog row is not what the store says."""

    graph: Iri
    top_level: Iri
    problem: str


def compare(store: EmbeddedStore, catalog: Catalog, problems: list[str]) -> Iterator[Difference]:
    """Yield what differs between store and catalog; add what is wrong in the store itself to `problems`."""
    indexed = {(graph, top): digest for graph, top, digest in catalog.digest_rows()}
    for graph in store.graphs():
        counted = 0
        for batch in batches(top_levels_of(store, graph)):
            for top, triples in read_top_levels(store, Dataset((graph,)), batch).items():
                counted += len(triples)
                digest = indexed.pop((graph, top), None)
                if digest is None:
                    yield Difference(graph, top, "is not in the catalog")
                elif digest != triples_digest(triples):
                    yield Difference(graph, top, "differs from its catalog row")
                if any(not s.startswith(f"<{graph}/") for s, _, _ in triples):
                    problems.append(f"{top}: holds a subject outside its graph {graph}")
        if counted != store.count(graph):
            problems.append(f"{graph}: {store.count(graph) - counted} triples belong to no top level")
    for graph, top in indexed:
        yield Difference(graph, top, "is in the catalog but not in the store")


def check(registry: Registry, store: EmbeddedStore, catalog: Catalog, journal: Journal, blobs: Blobs) -> list[str]:
    """Return every disagreement as a line of text; an empty list is the proof that there is none."""
    problems: list[str] = []
    for graph in store.graphs():
        if graph != registry.public_graph and not graph.startswith(registry.prefix + "user/"):
            problems.append(f"{graph}: not a graph of this registry")
    problems += [f"{d.top_level}: {d.problem}" for d in compare(store, catalog, problems)]
    problems += check_counts(catalog)
    for job in journal.open_jobs():
        if job.kind != "purge":
            problems.append(f"job {job.id} is {job.state}: start the server, it will finish it")
    if catalog.last_number != journal.last_number():
        problems.append(f"the catalog is at step {catalog.last_number}, the journal at {journal.last_number()}")
    for upload in journal.all_uploads():
        path = blobs.path(upload.digest)
        if not path.is_file():
            problems.append(f"upload {upload.name!r}: its blob {upload.digest} is missing")
        elif path.stat().st_size != upload.size:
            problems.append(f"upload {upload.name!r}: its blob has {path.stat().st_size} bytes, not {upload.size}")
    return problems


def reindex(store: EmbeddedStore, catalog: Catalog, journal: Journal) -> int:
    """Build the catalog again from the store; return the number of top levels. Needs the server stopped.

    The store certainly holds the steps up to the last flush only (after a power cut it may have lost later ones, which
    recovery redoes): the catalog is marked with that number, so that the next start applies the later steps to it.
    """
    catalog.clear()
    count = 0
    for graph in store.graphs():
        for batch in batches(top_levels_of(store, graph)):
            catalog.update_in_batches(read_changed(store, [(graph, top) for top in batch]), 0)
            count += len(batch)
    catalog.update({}, journal.flushed_number)
    catalog.hide((graph, top) for graph, top, _ in journal.removals())
    return count


def mend_catalog(hub: Hub) -> str:
    """Compare the catalog with the store of a running server and mend what differs; return a log of it."""
    problems: list[str] = []
    differences = list(compare(hub.store, hub.catalog, problems))
    changed: list[Removed] = [(d.graph, d.top_level) for d in differences]
    for batch_start in range(0, len(changed), 500):
        hub.writer.refresh(changed[batch_start : batch_start + 500]).result()
    lines = [f"{hub.journal.now()} checked the index"]
    lines += [f"mended {d.top_level}: {d.problem}" for d in differences]
    lines += [f"PROBLEM {problem}" for problem in problems]
    lines.append(f"{len(differences)} mended, {len(problems)} problems")
    return "\n".join(lines)
