"""All triples of an instance as N-Quads files, one for each graph, with checksums: what `load` takes, and any other
triple store.

Answers for what a dump holds and for its manifest, which is written last. Accounts and attached files are not triples:
they are in a backup.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from synhub.errors import BadRequest, NotFound
from synhub.identity import Registry
from synhub.rdf import Iri
from synhub.store.base import TripleStore
from synhub.store.blobs import sha256_of
from synhub.store.changes import fsync_folder, write_synced
from synhub.store.quad_files import write_quads
from synhub.store.whole_store import lines_of

MANIFEST = "dump.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class DumpedGraph:
    """One file of a dump; `sha256` is that of the file as it lies there."""

    graph: Iri
    file: str
    triples: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    prefix: str
    graphs: tuple[DumpedGraph, ...]


def dump(
    registry: Registry, store: TripleStore, graphs: Sequence[str], target: Path, say: Callable[[str], None]
) -> Manifest:
    """Write graphs (all of them when none is named) into a folder, which must be empty or absent.

    Raises BadRequest when the folder cannot be had, NotFound for a graph that holds nothing.
    """
    stored = store.graphs()
    for graph in graphs:
        if graph not in stored:
            names = ", ".join(stored) or "none at all"
            raise NotFound(f"there are no triples in the graph {graph}; there are graphs {names}")
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise BadRequest(f"{target} is not empty; give a folder that is empty, or a name that is free")
        written: list[DumpedGraph] = []
        for graph in [graph for graph in stored if not graphs or graph in graphs]:
            name = _file_name(graph, registry)
            count, digest = write_quads(target / name, graph, lines_of(store, graph))
            written.append(DumpedGraph(graph, name, count, digest))
            say(f"{count} triples in {name}")
        manifest = Manifest(registry.prefix, tuple(written))
        content = {"synhub-dump": _FORMAT, "prefix": manifest.prefix, "graphs": [asdict(g) for g in written]}
        write_synced(target / MANIFEST, json.dumps(content, indent=1).encode())
        fsync_folder(target)
    except OSError as error:
        raise BadRequest(f"the dump could not be written to {target}: {error}") from error
    return manifest


def _file_name(graph: Iri, registry: Registry) -> str:
    """`public.nq.gz`, `user-alice.nq.gz`: user names hold no slash."""
    return graph.removeprefix(registry.prefix).replace("/", "-") + ".nq.gz"


def read_manifest(folder: Path) -> Manifest | None:
    """Return what a folder says that it holds, after looking whether it does; None where no dump was made by synhub.

    Raises BadRequest when a file is not what was written.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_bytes())
        graphs = tuple(DumpedGraph(**fields) for fields in content["graphs"])
        manifest = Manifest(content["prefix"], graphs)
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"{path} is not the list of a dump: {error}") from error
    for graph in graphs:
        file = folder / graph.file
        if not file.is_file() or sha256_of(file) != graph.sha256:
            raise BadRequest(f"{file} is not the file that the dump wrote: make or copy the dump again")
    return manifest
