"""Which top levels travel with one, as far as its reader may read them.

Runs in the server for what is small, in the child that writes it for what is large. What may not be read is left out
like what does not exist.
"""

from dataclasses import dataclass, field

from synhub.errors import TooLarge
from synhub.identity import Registry
from synhub.model import Dataset
from synhub.rdf import Iri
from synhub.sparql import template
from synhub.store.base import TripleStore
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.closure import has_more_members, members_of, referred_by_members, referred_top_levels


@dataclass(frozen=True, slots=True)
class Reach:
    """What one reader may read, and where to look it up."""

    store: TripleStore
    catalog: Catalog
    registry: Registry
    dataset: Dataset

    def graph_of(self, top_level: Iri) -> Iri | None:
        """Return the graph of a top level that may be read, None for what may not or is being removed."""
        graph = self.registry.graph_of(top_level)
        if graph is None or (graph, top_level) in self.dataset.hidden:
            return None
        if graph in self.dataset.graphs:
            return graph
        for single in self.dataset.singles:
            if single.graph != graph or single.moved:
                continue
            if single.top_level == top_level:
                return graph
            namespace = self.registry.namespace_of(single.top_level)
            if single.members and namespace is not None and top_level.startswith(namespace.iri):
                query = template.bind("is_member", collection=single.top_level, member=top_level)
                if self.store.ask(query, Dataset((graph,))):
                    return graph
        return None

    def readable_members(self, collection: Iri, graph: Iri, members: list[Iri]) -> list[Iri]:
        """Return those of the members of a readable collection in one graph that may be read too."""
        opened = "" if graph in self.dataset.graphs else self._opened(collection)
        if opened is None:
            return [iri for iri in members if self.graph_of(iri) is not None]
        hidden = {top_level for where, top_level in self.dataset.hidden if where == graph}
        if not opened and not hidden:
            return members
        return [
            iri for iri in members if (iri not in hidden if iri.startswith(opened) else self.graph_of(iri) is not None)
        ]

    def _opened(self, collection: Iri) -> str | None:
        """Return the namespace of a collection that is open with its members, None of any other."""
        for single in self.dataset.singles:
            if single.top_level == collection and single.members and not single.moved:
                namespace = self.registry.namespace_of(collection)
                return None if namespace is None else namespace.iri
        return None


@dataclass(frozen=True, slots=True)
class Root:
    """What was asked for: the top level itself or a child of it, `iri`; of a collection `with_members`."""

    iri: Iri
    top_level: Iri
    graph: Iri
    with_members: bool


@dataclass(frozen=True, slots=True)
class Closure:
    """Top levels that belong together, what was asked for first. The first `direct` of them are the object itself or,
    of a collection, it and its members; the others are what these refer to. All lie in `graphs`.
    """

    top_levels: list[Iri]
    direct: int
    graphs: tuple[Iri, ...]


def find_closure(reach: Reach, root: Root, limit: int, most: int | None = None) -> Closure | None:
    """Return the top levels that travel with one; None when they are more than `most`.

    Of a collection: its own, every member's, and their references; of anything else all it refers to. Raises TooLarge
    when that is more than the limit, so that no document is silently short.
    """
    walk = _Walk(reach, root)
    if root.with_members:
        if most is not None and has_more_members(reach.catalog, root.graph, root.top_level, most):
            return None
        walk.go_to_members()
    direct = len(walk.seen)
    while walk.frontier or walk.found:
        if most is not None and len(walk.seen) > most:
            return None
        walk.go_on()
        if len(walk.seen) - direct > limit:
            raise TooLarge(
                f"{root.iri} refers to more than {limit} further objects; ask for /sbolnr, which holds the object"
                " without them"
            )
    if most is not None and len(walk.seen) > most:
        return None
    return Closure(list(walk.seen), direct, tuple(sorted(walk.graphs)))


@dataclass(slots=True)
class _Walk:
    """From an object to what it refers to, and on. `found` are IRIs that have been met and not looked at."""

    reach: Reach
    root: Root
    seen: dict[Iri, None] = field(init=False)
    frontier: list[Iri] = field(init=False)
    found: list[Iri] = field(default_factory=list)
    graphs: set[Iri] = field(init=False)
    _around: Dataset = field(init=False)

    def __post_init__(self) -> None:
        dataset = self.reach.dataset
        self.seen = {self.root.top_level: None}
        self.frontier = [self.root.top_level]
        self.graphs = {self.root.graph}
        self._around = Dataset(dataset.every_graph, (), dataset.hidden)

    def go_to_members(self) -> None:
        collection, catalog = self.root.top_level, self.reach.catalog
        complete, readable, named = True, list[Iri](), list[Iri]()
        for graph, members in members_of(catalog, self._around, self.root.graph, collection).items():
            every = members.direct + members.named
            allowed = self.reach.readable_members(collection, graph, every)
            complete = complete and len(allowed) == len(every)
            readable += allowed
            named += members.named
            self.graphs.add(graph)
        readable.sort()
        self.seen = dict.fromkeys([collection, *readable])
        if complete:
            self.found = referred_by_members(catalog, self._around, self.root.graph, collection)
            self.frontier += sorted(named)
        else:
            self.frontier = list(self.seen)

    def go_on(self) -> None:
        """Take one step along the references."""
        self.found += referred_top_levels(self.reach.catalog, self._around, self.frontier)
        self.frontier = []
        for iri in self.found:
            graph = None if iri in self.seen else self.reach.graph_of(iri)
            if graph is not None:
                self.seen[iri] = None
                self.frontier.append(iri)
                self.graphs.add(graph)
        self.found = []
