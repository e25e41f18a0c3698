"""The download lane's task: writes a large document from a snapshot, in constant memory.

Runs in a child; imports the engine and the pure core only.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from synhub.formats.representations import BY_NAME
from synhub.formats.source import EnclosedFile
from synhub.identity import Registry, version_key
from synhub.model import Dataset, Single
from synhub.rdf import Iri, Triple, iri_term
from synhub.sbol.graph import unskolemise
from synhub.sparql import template
from synhub.store.base import TripleStore
from synhub.store.blobs import Blobs
from synhub.store.catalog.catalog import Catalog
from synhub.store.child import Output
from synhub.store.closure import Closure, Reach, Root, find_closure
from synhub.store.data_folder import CATALOG, DATABASE
from synhub.store.database import Database
from synhub.store.files import Files
from synhub.store.open import open_reader
from synhub.store.top_levels import batches, read_top_levels
from synhub.vocab import SBOL2

_CHUNK_BYTES = 64 * 1024  # what is sent at once: writers yield lines
_PIECE_BYTES = 256 * 1024  # of a file
_KEPT_TRIPLES = 100_000  # of what was looked up: about 40 MiB
_FIRST = 50  # top levels that are read before the first byte
_STREAMS = 4  # places in the order of top levels that a writer may read from in turn
_MOST_AHEAD = 256
_MEMBERS_AT_ONCE = 1_000
_MEMBER = iri_term(SBOL2.member)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be written, for whom, from where.

    `engine` is what `open_reader` opens, `data` the data folder. `dataset` holds of what is hidden only what may be
    missing in the catalog.
    """

    representation: str
    engine: str
    data: Path
    prefix: str
    dataset: Dataset
    root: Root
    limit: int

    def as_json(self) -> dict[str, Any]:
        dataset = {
            "graphs": self.dataset.graphs,
            "singles": [astuple(single) for single in self.dataset.singles],
            "hidden": list(self.dataset.hidden),
        }
        said = {"representation": self.representation, "engine": self.engine, "data": str(self.data)}
        return said | {"prefix": self.prefix, "dataset": dataset, "root": astuple(self.root), "limit": self.limit}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Order":
        dataset = Dataset(
            tuple(said["dataset"]["graphs"]),
            tuple(Single(*single) for single in said["dataset"]["singles"]),
            frozenset((graph, top_level) for graph, top_level in said["dataset"]["hidden"]),
        )
        return cls(
            said["representation"],
            said["engine"],
            Path(said["data"]),
            said["prefix"],
            dataset,
            Root(*said["root"]),
            said["limit"],
        )


def run(argument: dict[str, Any], output: Output) -> None:
    """Write the document of an Order. The header is sent when it is known what travels along. Raises TooLarge."""
    order = Order.from_json(argument)
    representation = BY_NAME[order.representation]
    store = open_reader(order.engine)
    found = _closure(order, store)
    files = _files(order.data, found.top_levels) if representation.encloses_files else []
    output.header({})
    source = SnapshotSource(
        store,
        Dataset(found.graphs),
        found.top_levels,
        found.top_levels[: found.direct] if order.root.iri == order.root.top_level else [order.root.iri],
        is_collection=order.root.with_members,
        files=files,
    )
    held: list[bytes] = []
    size = 0
    sent = False
    for chunk in representation.write(source):
        held.append(chunk)
        size += len(chunk)
        if size >= _CHUNK_BYTES or not sent:  # the reader waits for the first
            output.write(b"".join(held))
            held.clear()
            size, sent = 0, True
    output.write(b"".join(held))


def _closure(order: Order, store: TripleStore) -> Closure:
    catalog = Catalog(order.data / CATALOG, read_only=True)
    try:
        with catalog.database.one_state():
            dataset = replace(order.dataset, hidden=order.dataset.hidden | catalog.hidden)
            reach = Reach(store, catalog, Registry(order.prefix), dataset)
            found = find_closure(reach, order.root, order.limit)
    finally:
        catalog.close()
    assert found is not None
    return found


def _files(data: Path, top_levels: Sequence[Iri]) -> list[EnclosedFile]:
    database = Database(data / DATABASE, "synhub", read_only=True)
    try:
        return enclosed_files(Files(database), Blobs(data / "blobs"), top_levels)
    finally:
        database.close()


def enclosed_files(files: Files, blobs: Blobs, top_levels: Sequence[Iri]) -> list[EnclosedFile]:
    """Return the files of the attachments among some top levels whose bytes are still there."""
    found = [(file, blobs.path(file.digest)) for file in files.find_all(top_levels)]
    return [EnclosedFile(f.iri, f.name, f.media_type, partial(pieces, path)) for f, path in found if path.is_file()]


def pieces(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file. It is opened when they are asked for."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


class SnapshotSource:
    """A Source over a store; `order` holds every top level that may be read. Nothing else is found.

    Keeps what was looked up as long as it is small, and reads ahead where look-ups follow the order.
    """

    def __init__(
        self,
        store: TripleStore,
        dataset: Dataset,
        order: Sequence[Iri],
        roots: Sequence[Iri],
        *,
        is_collection: bool,
        files: Sequence[EnclosedFile] = (),
    ) -> None:
        self.roots = roots
        self.is_collection = is_collection
        self.files = files
        self._store = store
        self._dataset = dataset
        self._order = order
        self._facts: list[Triple] | None = None  # of what was asked for, less members: writers look at it twice
        self._has_members = False  # whether they come apart
        self._latest: Mapping[str, Iri] | None = None
        self._kept: OrderedDict[Iri, list[Triple]] = OrderedDict()
        self._triples = 0
        self._ahead: list[tuple[int, int]] = []  # where a look-up would go on, how many it read before

    @cached_property
    def _position(self) -> dict[Iri, int]:
        return {iri: n for n, iri in enumerate(self._order)}

    def top_levels(self) -> Iterator[list[Triple]]:
        first = self._read_first()
        if first:
            yield first
        for batch in chain([self._order[1:_FIRST]], batches(self._order[_FIRST:])):
            stored = self._read(batch)
            yield from (stored[iri] for iri in batch if iri in stored)

    def members(self) -> Iterator[list[Triple]]:
        self._read_first()
        collection = self._order[0]
        if self._has_members:
            rows = self._store.each(template.bind("members", collection=collection), self._dataset)
            triples = ((iri_term(collection), _MEMBER, value) for (value,) in rows if value is not None)
            while piece := list(islice(triples, _MEMBERS_AT_ONCE)):
                yield piece

    def _read_first(self) -> list[Triple]:
        """Return the triples of what was asked for; of a large collection without members, unless it has children."""
        if self._facts is None:
            top_level = self._order[0]
            facts: list[Triple] = []
            if self.is_collection and len(self.roots) > _MEMBERS_AT_ONCE:
                query = template.bind("without_members", top_level=top_level)
                facts = unskolemise(sorted(self._store.construct(query, self._dataset)))
                self._has_members = all(s == iri_term(top_level) for s, _, _ in facts)
            self._facts = facts if self._has_members else self._read([top_level]).get(top_level, [])
        return self._facts

    def find(self, iri: Iri) -> list[Triple] | None:
        top_level = iri if iri in self._position else self._latest_of(iri)
        if top_level is None:
            return None
        if top_level not in self._kept:
            self._look_up(top_level)
        if top_level in self._kept:
            self._kept.move_to_end(top_level)
        return self._kept.get(top_level)

    def _latest_of(self, identity: Iri) -> Iri | None:
        """Return the latest version of a persistent identity: IRIs of a registry are that, a slash, and the version."""
        if self._latest is None:
            latest: dict[str, Iri] = {}
            for iri in self._order:
                name, _, version = iri.rpartition("/")
                other = latest.get(name)
                if other is None or version_key(version) > version_key(other.rpartition("/")[2]):
                    latest[name] = iri
            self._latest = latest
        return self._latest.get(identity)

    def _look_up(self, top_level: Iri) -> None:
        """Read one top level, and the more of those behind it the longer look-ups have followed the order."""
        start = self._position[top_level]
        follows = [stream for stream in self._ahead if 0 <= start - stream[0] <= stream[1]]
        count = min(2 * follows[0][1], _MOST_AHEAD) if follows else 1
        self._ahead = [(start + count, count), *(s for s in self._ahead if s not in follows)][:_STREAMS]
        wanted = [iri for iri in self._order[start : start + count] if iri not in self._kept]
        stored = self._read(wanted)
        for iri in reversed(wanted):  # so that the one asked for is the last to go
            if iri in stored:
                self._kept[iri] = stored[iri]
                self._triples += len(stored[iri])
        while self._triples > _KEPT_TRIPLES and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            self._triples -= len(gone)

    def _read(self, iris: Sequence[Iri]) -> dict[Iri, list[Triple]]:
        stored = read_top_levels(self._store, self._dataset, iris)
        return {iri: unskolemise(triples) for iri, triples in stored.items()}
