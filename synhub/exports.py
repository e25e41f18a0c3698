"""Writing an object, with what travels along, in any representation of the table (formats/representations.py).

Small documents are written here, large ones by a child process over a snapshot: one state, constant memory. A document
holds what its reader may read and is never silently short.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from synhub.formats.representations import Representation
from synhub.formats.source import EnclosedFile, MemorySource
from synhub.hub import Hub
from synhub.model import Actor, Dataset
from synhub.objects import Closure, Located, closure, triples_of
from synhub.rdf import Iri, Triple
from synhub.sbol.graph import unskolemise
from synhub.store.download import pieces
from synhub.store.files import StoredFile
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
    found = closure(hub, dataset, located)
    files = _files(hub, found.top_levels) if representation.encloses_files else []
    roots = found.top_levels[: found.direct] if located.is_top_level else [located.iri]
    groups = _find_small(hub, found.top_levels)
    if groups is None:
        return _from_snapshot(hub, actor, dataset, _Order(representation, found, roots, located.is_collection, files))
    enclosed = [EnclosedFile(f.iri, f.name, f.media_type, partial(pieces, hub.blobs.path(f.digest))) for f in files]
    source = MemorySource(groups, roots, is_collection=located.is_collection, files=enclosed)
    chunks = representation.write(source)
    return Written(chunks if enclosed else b"".join(chunks))


def _files(hub: Hub, top_levels: Sequence[Iri]) -> list[StoredFile]:
    """Return the files of the attachments among some top levels whose bytes are still there."""
    return [file for file in hub.files.find_all(top_levels) if hub.blobs.path(file.digest).is_file()]


def _find_small(hub: Hub, top_levels: Sequence[Iri]) -> list[tuple[Iri, list[Triple]]] | None:
    """Return the triples of some top levels in their order, None when they are too many or too large for here."""
    if len(top_levels) > DIRECT_OBJECTS:
        return None
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


@dataclass(frozen=True, slots=True)
class _Order:
    """What a child is to write."""

    representation: Representation
    found: Closure
    roots: Sequence[Iri]
    is_collection: bool
    files: Sequence[StoredFile]


def _from_snapshot(hub: Hub, actor: Actor, dataset: Dataset, order: _Order) -> Written:
    """Let a child write a large document, and return it as it grows; closing the iterator ends the child.

    What goes wrong before the first byte is raised here. Raises TooMany when no child becomes free soon.
    """
    settings = hub.settings
    username = actor.user.username if actor.user else None
    newest = hub.journal.graphs_number(dataset.every_graph)
    at_least = max(newest, hub.journal.last_number_of(username) if username else 0)
    top_levels = order.found.top_levels
    with ExitStack() as stack:
        snapshot = stack.enter_context(hub.snapshots.acquire(at_least))
        argument = {
            "representation": order.representation.name,
            "store": str(snapshot.path),
            "graphs": sorted({g for g in map(hub.registry.graph_of, top_levels) if g is not None}),
            "top_levels": list(top_levels),
            "roots": list(order.roots),
            "is_collection": order.is_collection,
            "files": [(f.iri, f.name, f.media_type, str(hub.blobs.path(f.digest))) for f in order.files],
        }
        _, chunks = hub.lanes.download.stream(
            "download", argument, settings.download_timeout, settings.download_limit, wait_s=_PATIENCE_S
        )
        stack.enter_context(chunks)
        spool = Spool(chunks, stack.pop_all(), settings.data, settings.disk_reserve)
    spool.wait()
    return Written(spool, snapshot.number >= newest)
