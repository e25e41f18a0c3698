"""Writing an object, with what travels along, in any representation of the table (formats/representations.py).

Small documents are written here, large ones by a child process over a snapshot: one state, constant memory. A document
holds what its reader may read and is never silently short.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from synhub.formats.representations import Representation
from synhub.formats.source import MemorySource
from synhub.hub import Hub
from synhub.model import Actor, Dataset
from synhub.objects import Located, reach_of, triples_of
from synhub.rdf import Iri, Triple
from synhub.sbol.graph import unskolemise
from synhub.store.closure import find_closure
from synhub.store.download import Order, enclosed_files
from synhub.store.spool import Spool
from synhub.store.top_levels import batches

# Larger documents are written by a child.
DIRECT_OBJECTS = 1_000
DIRECT_CHARACTERS = 4 << 20  # of values, most of them sequences
_BATCH = 100
_PATIENCE_S = 5.0  # how long a download waits for a child


@dataclass(frozen=True, slots=True)
class Written:
    """A document, in parts when it is large. `is_current` is False when it is of an earlier state."""

    body: bytes | Iterator[bytes]
    is_current: bool = True


def export(hub: Hub, actor: Actor, located: Located, representation: Representation) -> Written:
    """Write an object in a representation, with everything that travels along unless that is `alone`.

    A child brings its top level along: alone it would be no design. Raises TooLarge when more travels along than the
    limit, Unwritable when the format has no words for any of it, TooMany when no child becomes free soon.
    """
    if representation.alone:
        group = (located.top_level, unskolemise(triples_of(hub, located)))
        source = MemorySource([group], [located.iri], is_collection=False)
        return Written(b"".join(representation.write(source)))
    dataset = hub.dataset(actor)
    found = find_closure(reach_of(hub, dataset), located.root, hub.settings.closure_limit, DIRECT_OBJECTS)
    groups = None if found is None else _find_small(hub, found.top_levels)
    if found is None or groups is None:
        return _from_snapshot(hub, actor, dataset, located, representation)
    roots = found.top_levels[: found.direct] if located.is_top_level else [located.iri]
    enclosed = enclosed_files(hub.files, hub.blobs, found.top_levels) if representation.encloses_files else []
    source = MemorySource(groups, roots, is_collection=located.is_collection, files=enclosed)
    chunks = representation.write(source)
    return Written(chunks if enclosed else b"".join(chunks))


def _find_small(hub: Hub, top_levels: Sequence[Iri]) -> list[tuple[Iri, list[Triple]]] | None:
    """Return the triples of some top levels in their order, None when they are too large for here."""
    groups: list[tuple[Iri, list[Triple]]] = []
    size = 0
    for batch in batches(top_levels, _BATCH):
        by_graph: dict[Iri | None, list[Iri]] = {}
        for iri in batch:
            by_graph.setdefault(hub.registry.graph_of(iri), []).append(iri)
        stored: dict[Iri, list[Triple]] = {}
        for graph, members in by_graph.items():
            assert graph is not None
            stored |= hub.recent.read(graph, members)
        size += sum(len(o) for triples in stored.values() for _, _, o in triples)
        if size > DIRECT_CHARACTERS:
            return None
        groups += [(iri, unskolemise(stored[iri])) for iri in batch if iri in stored]
    return groups


def _from_snapshot(
    hub: Hub, actor: Actor, dataset: Dataset, located: Located, representation: Representation
) -> Written:
    """Let a child write a large document, and return it as it grows; closing the iterator ends the child.

    The child also finds out what travels along. What goes wrong before the first byte is raised here: TooLarge too,
    and TooMany when no child becomes free soon.
    """
    settings = hub.settings
    username = actor.user.username if actor.user else None
    newest = hub.journal.graphs_number(dataset.every_graph)
    at_least = max(newest, hub.journal.last_number_of(username) if username else 0)
    with ExitStack() as stack:
        engine, number = stack.enter_context(hub.source(at_least))
        # the child finds in the catalog what has been hidden there
        unseen = replace(dataset, hidden=hub.catalog.unseen(dataset.hidden))
        order = Order(
            representation.name,
            engine,
            settings.data,
            hub.registry.prefix,
            unseen,
            located.root,
            settings.closure_limit,
        )
        _, chunks = hub.lanes.download.stream(
            "download",
            order.as_json(),
            settings.download_timeout,
            settings.download_limit,
            wait_s=_PATIENCE_S,
            caller=username,
        )
        stack.enter_context(chunks)
        spool = Spool(chunks, stack.pop_all(), settings.data, settings.disk_reserve)
    spool.wait()
    return Written(spool, number >= newest)
