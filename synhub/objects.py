"""Reading one object: where it is and what it says.

Every function takes the reader's Dataset. What may not be read is reported exactly like what does not exist. Single
top levels of the Dataset are honoured here and nowhere else: every query binds its subjects.
"""

from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from synhub.errors import Moved, NotFound
from synhub.hub import Hub
from synhub.identity import ObjectRef
from synhub.model import Actor, Dataset
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, text_of
from synhub.sbol.graph import Document
from synhub.sparql import template
from synhub.store.catalog.listings import find_record
from synhub.store.closure import Reach, Root
from synhub.store.top_levels import versions_of
from synhub.submit.plan import is_submission_root
from synhub.vocab import RDF, SBOL2

_TYPE = iri_term(RDF.type)
_COLLECTION = iri_term(SBOL2.Collection)
_MEMBER = iri_term(SBOL2.member)
_METADATA = ("persistentIdentity", "displayId", "version", "name", "description")


@dataclass(frozen=True, slots=True)
class Located:
    """An object that exists and may be read."""

    iri: Iri
    top_level: Iri
    graph: Iri
    types: tuple[Iri, ...]
    display_id: str

    @property
    def is_collection(self) -> bool:
        return SBOL2.Collection in self.types

    @property
    def is_top_level(self) -> bool:
        return self.iri == self.top_level

    @property
    def root(self) -> Root:
        """Where a download of it begins."""
        return Root(self.iri, self.top_level, self.graph, self.is_collection and self.is_top_level)


def reach_of(hub: Hub, dataset: Dataset) -> Reach:
    return Reach(hub.store, hub.catalog, hub.registry, dataset)


def readable_graph(hub: Hub, dataset: Dataset, top_level: Iri) -> Iri | None:
    """Return the graph of a top level that the Dataset covers, None for what may not be read or is being removed."""
    return reach_of(hub, dataset).graph_of(top_level)


def state_of(hub: Hub, actor: Actor) -> str | None:
    """Return what stands for the state of all that the actor can read; None while it is changing.

    What is read between two calls that return the same text was read from that one state, by readers of the same
    Dataset: under one address others may see less.
    """
    dataset = hub.dataset(actor)
    number = hub.writer.settled_number(dataset.every_graph)
    if number is None:
        return None
    seen = repr((number, hub.removals.version, dataset.graphs, dataset.singles))
    return blake2b(seen.encode(), digest_size=10).hexdigest()


def locate(hub: Hub, actor: Actor, ref: ObjectRef) -> Located:
    """Find an object; without a version, its latest.

    Raises NotFound with the IRI that was asked for, Moved when it has been published and the actor could read it until
    then.
    """
    dataset = hub.dataset(actor)
    asked = ref.iri(hub.registry)
    graph = hub.registry.graph(ref.owner)
    if graph not in dataset.every_graph:
        raise NotFound(f"{asked} not found")
    candidates = [asked] if ref.version is not None else [*versions_of(hub.store, graph, asked), asked]
    for iri in candidates:
        rows = hub.store.select(template.bind("object_types", object=iri), Dataset((graph,)))
        tops = sorted({Term(top) for top, _ in rows if top is not None})
        if not tops or readable_graph(hub, dataset, iri_of(tops[0])) is None:
            continue
        types = tuple(sorted({iri_of(t) for _, t in rows if t is not None}))
        if not types:
            continue
        display_id = ref.display_id.rpartition("/")[2]
        return Located(iri, iri_of(tops[0]), graph, types, display_id)
    new = _published(hub, dataset, ref)
    raise NotFound(f"{asked} not found") if new is None else Moved(asked, new)


def known_top_level(hub: Hub, actor: Actor, ref: ObjectRef) -> Iri | None:
    """Return the IRI of a top level, given with its version, that the catalog knows and that the reader may see.

    It answers in a quarter of the time in which `locate` does.
    """
    if ref.version is None:
        return None
    iri = ref.iri(hub.registry)
    graph = readable_graph(hub, hub.dataset(actor), iri)
    return iri if graph is not None and hub.catalog.holds(graph, iri) else None


def _published(hub: Hub, dataset: Dataset, ref: ObjectRef) -> Iri | None:
    """Return where an object that the reader could read has been published, None for any other."""
    if ref.owner is None:
        return None
    display_id, _, child = ref.display_id.partition("/")
    top_level = replace(ref, display_id=display_id)
    new = hub.shares.find_moved(top_level.iri(hub.registry))
    if new is None or not _could_read(hub, dataset, top_level):
        return None
    found = ObjectRef.of_iri(new, hub.registry)
    assert found is not None
    return replace(found, display_id=f"{found.display_id}/{child}").iri(hub.registry) if child else new


def _could_read(hub: Hub, dataset: Dataset, top_level: ObjectRef) -> bool:
    """Say whether a reader of the Dataset could read a top level before it was published."""
    graph = hub.registry.graph(top_level.owner)
    if graph in dataset.graphs:
        return True
    identity = top_level.persistent_identity(hub.registry)
    for single in dataset.singles:
        if single.moved and single.graph == graph:
            opened = ObjectRef.of_iri(single.top_level, hub.registry)
            assert opened is not None
            if opened.persistent_identity(hub.registry) == identity and top_level.version in (None, opened.version):
                return True
            is_root = is_submission_root(single.top_level, hub.registry)
            if single.members and is_root and opened.collection_id == top_level.collection_id:
                return True
    return False


def triples_of(hub: Hub, located: Located) -> list[Triple]:
    """Return the triples of an object with its children, not of the rest of its top level."""
    stored = hub.recent.read(located.graph, [located.top_level]).get(located.top_level, [])
    if located.is_top_level:
        return list(stored)
    wanted = set(Document.of(stored).subtree(iri_term(located.iri)))
    return [t for t in stored if t[0] in wanted]


def facts_of(hub: Hub, located: Located) -> list[Triple]:
    """Return what `triples_of` returns, without the members of a collection: of those there may be many thousands."""
    if not located.is_collection:
        return triples_of(hub, located)
    query = template.bind("without_members", top_level=located.top_level)
    return sorted(hub.store.construct(query, Dataset((located.graph,))))


def find_description(hub: Hub, actor: Actor, ref: ObjectRef) -> dict[str, Any] | None:
    """Return the record that `describe` returns where one row of the catalog has all of it, else None.

    Takes 30 µs: less than the way to another thread. What the catalog has no row or no text for (children, what a job
    is writing, a missing description or an empty one) `describe` knows.
    """
    graph = hub.registry.graph(ref.owner)
    dataset = hub.dataset(actor)
    if ref.version is None or graph not in dataset.graphs:
        return None
    iri = ref.iri(hub.registry)
    record = None if (graph, iri) in dataset.hidden else find_record(hub.catalog, graph, iri)
    return dict(zip((*_METADATA, "type"), record, strict=True)) if record is not None and all(record) else None


def describe(hub: Hub, actor: Actor, ref: ObjectRef) -> tuple[str, dict[str, Any]]:
    """Return the displayId of an object and its classic metadata record. Raises NotFound and Moved as `locate`."""
    located = locate(hub, actor, ref)
    return located.display_id, metadata(hub, located)


def metadata(hub: Hub, located: Located) -> dict[str, Any]:
    """Return the classic metadata record; None for what is missing, the first in text order of several values.

    Source: SynBioHub `GET <uri>/metadata`.
    """
    rows = hub.store.select(template.bind("metadata", object=located.iri), Dataset((located.graph,)))
    record: dict[str, Any] = {}
    for n, name in enumerate(_METADATA):
        said = [row[n] for row in rows]
        record[name] = min((text_of(value) for value in said if value is not None), default=None)
    sbol_types = [t for t in located.types if t.startswith(SBOL2.NS)]
    return record | {"type": (sbol_types or list(located.types))[0]}
