"""Everything that a store holds, as text: for what reads all of it, the building of the catalog and dumps.

Answers for reading an engine once, from one end to the other, in little memory. Must not know what becomes of it.
"""

import os
import threading
from collections.abc import Iterable, Iterator
from typing import IO

from synhub.model import Dataset
from synhub.rdf import Iri, iri_of, write_ntriples
from synhub.sparql import template
from synhub.store.base import TripleStore
from synhub.store.embedded import EmbeddedStore
from synhub.store.remote import RemoteStore
from synhub.store.top_levels import batches, read_top_levels

_CHUNK_BYTES = 1 << 20  # more at once, and the engine waits while it is looked at


def lines_of(store: TripleStore, graph: Iri) -> Iterator[list[bytes]]:
    """Yield the triples of a graph as canonical N-Triples lines without their ends; a subject is in one piece.

    An engine that can only be asked yields what belongs to top levels.
    """
    if isinstance(store, EmbeddedStore):
        return whole_subjects(_dumped(store, graph))
    if isinstance(store, RemoteStore) and store.server.graph_store:
        return whole_subjects(store.graph_text(graph))
    return _asked(store, graph)


def top_levels_of(store: TripleStore, graph: Iri) -> list[Iri]:
    rows = store.select(template.bind("all_top_levels"), Dataset((graph,)))
    return sorted(iri_of(top) for (top,) in rows if top is not None)


def whole_subjects(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Split text into lines, in pieces that end where a subject ends."""
    rest = b""
    held: list[bytes] = []
    for chunk in chunks:
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        held += lines
        last = next((n for n in range(len(held) - 1, 0, -1) if not _same_subject(held[n - 1], held[n])), 0)
        if last:
            yield held[:last]
            held = held[last:]
    if held:
        yield held


def _same_subject(one: bytes, other: bytes) -> bool:
    return other.startswith(one[: one.index(b" ") + 1])


def _dumped(store: EmbeddedStore, graph: Iri) -> Iterator[bytes]:
    """Yield what the engine writes in a thread of its own, which Python's lock does not hold up."""
    reading, writing = os.pipe()
    failed: list[BaseException] = []

    def dump() -> None:
        try:
            with os.fdopen(writing, "wb", buffering=_CHUNK_BYTES) as file:
                store.dump(graph, file)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=dump, name="synhub-dump", daemon=True)
    thread.start()
    with os.fdopen(reading, "rb", buffering=0) as file:
        yield from _chunks(file)
    thread.join()
    if failed:
        raise failed[0]


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    while part := file.read(1 << 20):
        parts.append(part)
        size += len(part)
        if size > _CHUNK_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
    yield b"".join(parts)


def _asked(store: TripleStore, graph: Iri) -> Iterator[list[bytes]]:
    for batch in batches(top_levels_of(store, graph)):
        found = read_top_levels(store, Dataset((graph,)), batch)
        yield [line for triples in found.values() for line in write_ntriples(triples).split(b"\n")[:-1]]
