"""Proof that store, catalog, blobs and journal agree; and the mending of the catalog, which is derived.

A triple that belongs to no top level is found by counting: the triples of a graph are exactly those of its top
levels. A triple in two graphs is found by its subject: every subject lies below the IRI of its graph.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from synhub.hub import Hub
from synhub.identity import Registry
from synhub.model import Dataset
from synhub.rdf import XSD_STRING, Iri, Triple, datatype_of, iri_of, is_literal, text_of
from synhub.sparql import template
from synhub.store.base import TripleStore
from synhub.store.blobs import Blobs
from synhub.store.catalog.build import build_catalog
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.counts import check_counts
from synhub.store.catalog.digests import triples_digest
from synhub.store.catalog.facets import check_facets
from synhub.store.catalog.names import check_names
from synhub.store.catalog.properties import check_properties
from synhub.store.catalog.rebuild import check_sets
from synhub.store.catalog.sequences import check_elements
from synhub.store.data_folder import SORTING
from synhub.store.files import Files
from synhub.store.journal import Journal
from synhub.store.sorted_top_levels import TopLevelSorter
from synhub.store.top_levels import batches, read_top_levels
from synhub.store.whole_store import lines_of, top_levels_of

_PATIENCE_S = 10.0  # how long a moment without a job on its way is waited for
_PAUSE_S = 0.02


@dataclass(frozen=True, slots=True)
class Difference:
    """One top level whose catalog row is not what the store says."""

    graph: Iri
    top_level: Iri
    problem: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between store and catalog, what is wrong in the store itself, and triples of no top level.

    `strays` are a number for each graph. Exact when nothing was written meanwhile, else only a suspicion.
    """

    differences: list[Difference] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    strays: dict[Iri, int] = field(default_factory=dict)


def compare(store: TripleStore, catalog: Catalog) -> Comparison:
    """Compare every top level of the store with its catalog row, and every graph with its top levels."""
    found = Comparison()
    indexed = {(graph, top): digest for graph, top, digest in catalog.digest_rows()}
    for graph in store.graphs():
        counted = 0
        for batch in batches(top_levels_of(store, graph)):
            stored = read_top_levels(store, Dataset((graph,)), batch)
            for top, triples in stored.items():
                counted += len(triples)
                if any(not s.startswith(f"<{graph}/") for s, _, _ in triples):
                    found.problems.append(f"{top}: holds a subject outside its graph {graph}")
            rows = {top: indexed.pop((graph, top)) for top in stored if (graph, top) in indexed}
            found.differences.extend(_differences(graph, stored, rows))
        strays = store.count(graph) - counted
        if strays:
            found.strays[graph] = strays
    for (graph, top), digest in indexed.items():
        found.differences.extend(_differences(graph, {}, {top: digest}))
    return found


def _differences(graph: Iri, stored: Mapping[Iri, list[Triple]], indexed: Mapping[Iri, bytes]) -> Iterator[Difference]:
    """Compare the triples of some top levels of a graph with the digests in their catalog rows."""
    for top, triples in stored.items():
        if top not in indexed:
            yield Difference(graph, top, "is not in the catalog")
        elif indexed[top] != triples_digest(triples):
            yield Difference(graph, top, "differs from its catalog row")
    for top in indexed:
        if top not in stored:
            yield Difference(graph, top, "is in the catalog but not in the store")


def check(
    registry: Registry, store: TripleStore, catalog: Catalog, journal: Journal, blobs: Blobs, files: Files
) -> list[str]:
    """Return every disagreement as a line of text; an empty list is the proof that there is none."""
    problems: list[str] = []
    for graph in store.graphs():
        if graph != registry.public_graph and not graph.startswith(registry.prefix + "user/"):
            problems.append(f"{graph}: not a graph of this registry")
    found = compare(store, catalog)
    problems += found.problems
    problems += [f"{graph}: {n} triples belong to no top level" for graph, n in found.strays.items()]
    problems += [f"{d.top_level}: {d.problem}" for d in found.differences]
    problems += check_counts(catalog)
    problems += check_properties(catalog.database)
    problems += check_names(catalog.database)
    problems += check_sets(catalog.database)
    problems += check_facets(catalog.database)
    problems += _check_sequences(store, catalog)
    for job in journal.open_jobs():
        if job.kind != "purge":
            problems.append(f"job {job.id} is {job.state}: start the server, it will finish it")
    if catalog.last_number != journal.last_number():
        problems.append(f"the catalog is at step {catalog.last_number}, the journal at {journal.last_number()}")
    named: dict[tuple[str, int], list[str]] = {}  # every blob is read once
    for upload in journal.all_uploads():
        named.setdefault((upload.digest, upload.size), []).append(f"upload {upload.name!r}")
    for file in files.all():
        named.setdefault((file.digest, file.size), []).append(f"attachment {file.iri}")
    for (digest, size), names in named.items():
        if damage := blobs.damage(digest, size, read=True):
            problems += [f"{name}: {damage}" for name in names]
    return problems


def _check_sequences(store: TripleStore, catalog: Catalog) -> list[str]:
    problems: list[str] = []
    for graph in store.graphs():
        rows = store.each(template.bind("elements"), Dataset((graph,)))
        texts = (
            (iri_of(sequence), text_of(text))
            for sequence, text in rows
            if sequence is not None and text is not None and is_literal(text) and datatype_of(text) == XSD_STRING
        )
        problems += check_elements(catalog.database, graph, texts)
    return problems


Tell = Callable[[str, int, int], None]


def reindex(store: TripleStore, path: Path, journal: Journal, tell: Tell = lambda *_: None) -> int:
    """Build the catalog at `path`, which nobody has open, again from the store; return the number of top levels.

    The store certainly holds the steps up to the last flush only (after a power cut it may have lost later ones, which
    recovery redoes): the catalog is marked with that number, so that the next start applies the later steps to it.

    `tell` hears what is done, how many triples or top levels of it, and of how many; 0 where nobody knows.
    """
    with TemporaryDirectory(prefix=SORTING, dir=path.parent) as folder:
        sorter = TopLevelSorter(Path(folder))
        for graph in store.graphs():
            for lines in lines_of(store, graph):
                sorter.add(graph, lines)
                tell("reading", sum(sorter.triples.values()), 0)
        whole = sorter.top_levels
        tell("indexing", 0, whole)
        count = build_catalog(path, sorter, journal.flushed_number, lambda n: tell("indexing", n, whole))
    with closing(Catalog(path)) as catalog:
        catalog.hide((graph, top) for graph, top, _ in journal.removals())
    return count


def mend_catalog(hub: Hub) -> str:
    """Compare the catalog with the store of a running server and mend what differs; return a log of it.

    What jobs write meanwhile looks like a difference: each is looked at again in a moment when nothing is on its way.
    """
    found = compare(hub.store, hub.catalog)
    suspects: dict[Iri, list[Iri]] = {}
    for difference in found.differences:
        suspects.setdefault(difference.graph, []).append(difference.top_level)
    problems = list(found.problems)
    mended: list[Difference] = []
    for graph, top_levels in suspects.items():
        for batch in batches(top_levels):
            confirmed = _look_again(hub, graph, batch)
            if confirmed is None:
                problems.append(f"{graph}: {len(batch)} differences are not certain, jobs are running; check again")
                continue
            hub.writer.refresh([(d.graph, d.top_level) for d in confirmed]).result()
            mended += confirmed
    for graph in found.strays:
        ((strays,),) = hub.store.select(template.bind("strays"), Dataset((graph,)))  # one query sees one state
        assert strays is not None
        if text_of(strays) != "0":
            problems.append(f"{graph}: {text_of(strays)} triples belong to no top level")
    lines = [f"{hub.journal.now()} checked the index"]
    lines += [f"mended {d.top_level}: {d.problem}" for d in mended]
    lines += [f"PROBLEM {problem}" for problem in problems]
    lines.append(f"{len(mended)} mended, {len(problems)} problems")
    return "\n".join(lines)


def _look_again(hub: Hub, graph: Iri, top_levels: Sequence[Iri]) -> list[Difference] | None:
    """Compare some top levels of one and the same moment; None when there was none in the time for it.

    A step has its number before it touches the store, and the catalog has it last: as long as both have the same
    number, nothing was between them.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        number = hub.journal.last_number()
        if hub.catalog.last_number == number:
            stored = read_top_levels(hub.store, Dataset((graph,)), top_levels)
            found = list(_differences(graph, stored, hub.catalog.digests(graph, top_levels)))
            if hub.journal.last_number() == number:
                return found
        time.sleep(_PAUSE_S)
    return None
