"""From what changes about top levels to numbered change sets on disk.

A planner says per top level which triples go and which come; `pack` makes change sets of whole top levels, small
enough for one transaction each; `write_step` puts them on disk so that they survive a power cut.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from synhub.errors import TooLarge
from synhub.model import ChangeSet, TopLevelChange
from synhub.rdf import Iri, Triple, in_graph, text_of, write_nquads

MANIFEST = "manifest.json"
# One update text of 30 MB takes the engine 8 s and 417 MB; texts of this size cost next to nothing.
STEP_CHARACTERS = 8_000_000
# The engine reads a change set line by line into a buffer of 16 MiB, in which the IRIs of a line need room as well.
MOST_BYTES = 16_000_000


def _check_length(triple: Triple) -> None:
    """Raise TooLarge for a value that the engine could not read back, while nothing has been decided yet."""
    subject, predicate, value = triple
    size = len(value.encode()) if len(value) > MOST_BYTES // 4 else 0  # a character has at most four bytes
    if size > MOST_BYTES:
        raise TooLarge(
            f"a value of {text_of(predicate)} of {text_of(subject)} takes {size} bytes; at most {MOST_BYTES} can be"
            " stored in one value: attach it as a file instead"
        )


def _change_set(changes: Sequence[TopLevelChange]) -> ChangeSet:
    for change in changes:
        for triple in change.adds:
            _check_length(triple)
    kept = [(set(c.removes) & set(c.adds), c) for c in changes]
    return ChangeSet(
        removes=b"".join(write_nquads(in_graph((t for t in c.removes if t not in k), c.graph)) for k, c in kept),
        adds=b"".join(write_nquads(in_graph((t for t in c.adds if t not in k), c.graph)) for k, c in kept),
        top_levels=tuple((c.graph, c.top_level) for c in changes),
    )


def pack(changes: Iterable[TopLevelChange], limit: int) -> Iterator[ChangeSet]:
    """Yield change sets of whole top levels, each of at most `limit` quads and STEP_CHARACTERS of text.

    A single top level that is larger makes a change set of its own.
    """
    return pack_groups(((change,) for change in changes), limit)


def pack_groups(groups: Iterable[Sequence[TopLevelChange]], limit: int) -> Iterator[ChangeSet]:
    """As `pack`, for changes that belong together: what goes from one graph to another is never in both or none."""
    batch: list[TopLevelChange] = []
    quads = characters = 0
    for group in groups:
        size = sum(change.size for change in group)
        length = sum(len(s) + len(p) + len(o) for c in group for part in (c.removes, c.adds) for s, p, o in part)
        if batch and (quads + size > limit or characters + length > STEP_CHARACTERS):
            yield _change_set(batch)
            batch, quads, characters = [], 0, 0
        batch += group
        quads += size
        characters += length
    if batch:
        yield _change_set(batch)


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and make its bytes survive a power cut; its name needs `fsync_folder`."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_step(folder: Path, index: int, change: ChangeSet) -> None:
    """Put step `index` of a job on disk, synced."""
    write_synced(folder / f"{index}.removes.nq", change.removes)
    write_synced(folder / f"{index}.adds.nq", change.adds)
    write_synced(folder / f"{index}.{MANIFEST}", json.dumps(change.top_levels).encode())
    fsync_folder(folder)


def step_files(folder: Path) -> Iterator[Path]:
    """Yield the files of all change sets in a job's folder; none when it is not there."""
    for pattern in ("*.nq", f"*.{MANIFEST}"):
        yield from folder.glob(pattern)


def read_step(folder: Path, index: int) -> ChangeSet:
    """Read what `write_step` wrote. Raises FileNotFoundError when it is not there."""
    tops = json.loads((folder / f"{index}.{MANIFEST}").read_bytes())
    return ChangeSet(
        removes=(folder / f"{index}.removes.nq").read_bytes(),
        adds=(folder / f"{index}.adds.nq").read_bytes(),
        top_levels=tuple((Iri(g), Iri(t)) for g, t in tops),
    )
