"""The download lane's task: writes a large document from a snapshot, in constant memory.

Runs in a child; imports the engine and the pure core only.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from synhub.formats.representations import BY_NAME
from synhub.formats.source import EnclosedFile
from synhub.identity import version_key
from synhub.model import Dataset
from synhub.rdf import Iri, Triple
from synhub.sbol.graph import unskolemise
from synhub.store.base import TripleStore
from synhub.store.child import Output
from synhub.store.embedded import EmbeddedStore
from synhub.store.top_levels import batches, read_top_levels

_CHUNK_BYTES = 64 * 1024  # what is sent at once: writers yield lines
_PIECE_BYTES = 256 * 1024  # of a file
_KEPT_TRIPLES = 100_000  # of what was looked up: about 40 MiB
_FIRST = 50  # top levels that are read before the first byte
_STREAMS = 4  # places in the order of top levels that a writer may read from in turn
_MOST_AHEAD = 256


def run(argument: dict[str, Any], output: Output) -> None:
    """Write a document.

    `argument` names the "representation", the "store" and its "graphs", the "top_levels" in order, the "roots" among
    them, whether it "is_collection", and the "files" of attachments, each as IRI, name, media type and path.
    """
    output.header({})
    store = EmbeddedStore(Path(argument["store"]), read_only=True)
    source = SnapshotSource(
        store,
        Dataset(tuple(Iri(g) for g in argument["graphs"])),
        [Iri(t) for t in argument["top_levels"]],
        [Iri(t) for t in argument["roots"]],
        is_collection=argument["is_collection"],
        files=[
            EnclosedFile(Iri(iri), name, kind, partial(pieces, Path(path)))
            for iri, name, kind, path in argument["files"]
        ],
    )
    held: list[bytes] = []
    size = 0
    sent = False
    for chunk in BY_NAME[argument["representation"]].write(source):
        held.append(chunk)
        size += len(chunk)
        if size >= _CHUNK_BYTES or not sent:  # the reader waits for the first
            output.write(b"".join(held))
            held.clear()
            size, sent = 0, True
    output.write(b"".join(held))


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
        self._position = {iri: n for n, iri in enumerate(order)}
        self._first: list[list[Triple]] | None = None  # a collection with all its members: writers look at it twice
        self._latest: Mapping[str, Iri] | None = None
        self._kept: OrderedDict[Iri, list[Triple]] = OrderedDict()
        self._triples = 0
        self._ahead: list[tuple[int, int]] = []  # where a look-up would go on, how many it read before

    def top_levels(self) -> Iterator[list[Triple]]:
        if self._first is None:
            self._first = list(self._read(self._order[:1]).values())
        yield from self._first
        for batch in chain([self._order[1:_FIRST]], batches(self._order[_FIRST:])):
            stored = self._read(batch)
            yield from (stored[iri] for iri in batch if iri in stored)

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
