"""Whole graphs put into an instance that has none, past the journal: triples as a repository stores them.

Answers for what is refused, and for a load that was interrupted: a marker file says so, and the next one starts over.
Nothing is minted, validated or stamped; `synhub check` finds nothing wrong with what was let in.
"""

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from synhub.dumping import read_manifest
from synhub.errors import BadRequest, Conflict
from synhub.identity import Registry
from synhub.rdf import Iri
from synhub.store.catalog.build import build_catalog
from synhub.store.changes import fsync_folder
from synhub.store.data_folder import CATALOG, LOADING, SORTING
from synhub.store.embedded import EmbeddedStore
from synhub.store.quad_files import SUFFIXES, CountedFile, read_quads
from synhub.store.sorted_top_levels import TopLevelSorter
from synhub.store.whole_store import lines_of

# What is being done, how much of it is done, how much there is, how many triples or top levels are done.
Tell = Callable[[str, int, int, int], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    top_levels: int
    triples: dict[Iri, int]


def files_of(sources: Iterable[Path]) -> list[Path]:
    """Return the N-Quads files that are meant, those of a folder by name. Raises BadRequest."""
    found: list[Path] = []
    for source in sources:
        if source.is_dir():
            inside = sorted(path for path in source.iterdir() if path.name.endswith(SUFFIXES))
            if not inside:
                raise BadRequest(f"{source} holds no file that ends in {' or '.join(SUFFIXES)}")
            read_manifest(source)
            found += inside
        elif not source.is_file():
            raise BadRequest(f"{source}: there is no such file")
        elif not source.name.endswith(SUFFIXES):
            raise BadRequest(f"{source}: the name must end in {' or '.join(SUFFIXES)}; submit other files instead")
        else:
            found.append(source)
    return found


def prefix_of(sources: Iterable[Path]) -> str:
    """Return the prefix that a dump among the sources was made with; '' where there is none."""
    manifests = [read_manifest(source) for source in sources if source.is_dir()]
    return next((manifest.prefix for manifest in manifests if manifest), "")


def load(data: Path, registry: Registry, files: Sequence[Path], number: int, tell: Tell) -> Loaded:
    """Fill the store and the catalog in `data`, which the caller holds and nobody has open; `number` is that of the
    last step there was.

    Raises Conflict when something is stored, BadRequest for what does not belong here, with file and line where there
    is one; nothing is stored then.
    """
    marker, store = data / LOADING, data / "store"
    if marker.exists():
        shutil.rmtree(store, ignore_errors=True)
    elif not is_empty(store):
        raise Conflict(
            f"{data} holds triples already; load fills empty instances only: submit to this one, or give another --data"
        )
    with TemporaryDirectory(prefix=SORTING, dir=data) as folder:
        sorter = TopLevelSorter(Path(folder))
        _sort(files, registry, sorter, tell)
        marker.touch()
        fsync_folder(data)
        try:
            _fill(store, files, sum(sorter.triples.values()), tell)
            if sorter.strays:  # perhaps only because a subject lies in several places of the files
                sorter = _sorted_again(store, Path(folder))
                _refuse_strays(sorter)
            whole = sorter.top_levels
            tell("indexing", 0, whole, 0)
            top_levels = build_catalog(data / CATALOG, sorter, number, lambda n: tell("indexing", n, whole, n))
        except BaseException as error:
            if isinstance(error, BadRequest):
                shutil.rmtree(store, ignore_errors=True)
                marker.unlink()
            raise
    marker.unlink()
    return Loaded(top_levels, sorter.triples)


def is_empty(path: Path) -> bool:
    if not path.exists():
        return True
    store = EmbeddedStore(path)
    try:
        return not store.graphs()
    finally:
        store.close()


def _sort(files: Sequence[Path], registry: Registry, sorter: TopLevelSorter, tell: Tell) -> None:
    whole = sum(path.stat().st_size for path in files)
    done = 0

    def read(size: int) -> None:
        nonlocal done
        done += size

    for path in files:
        for graph, lines in read_quads(path, read):
            _check_graph(path, graph, lines, registry)
            sorter.add(graph, lines)
            _refuse_torn(sorter, f"{path}: ")
            tell("reading", done, whole, sum(sorter.triples.values()))


def _check_graph(path: Path, graph: Iri, lines: Sequence[bytes], registry: Registry) -> None:
    if not graph:
        raise BadRequest(f"{path}: a triple is in no graph: {_shown(lines[0])}; each line needs a graph at its end")
    if graph != registry.public_graph and not _is_of_user(graph, registry):
        raise BadRequest(
            f"{path}: the graph {graph} is not one of this registry: {registry.public_graph} or"
            f" {registry.prefix}user/<name>; give the prefix of the data with --uri-prefix to a new --data"
        )
    below = f"<{graph}/".encode()
    for line in lines:
        if not line.startswith(below):
            raise BadRequest(f"{path}: the subject does not lie below its graph {graph}/: {_shown(line)}")
        if b" _:" in line and line.split(b" ", 2)[2].startswith(b"_:"):
            raise BadRequest(f"{path}: blank nodes have no place in a repository: {_shown(line)}")


def _is_of_user(graph: Iri, registry: Registry) -> bool:
    owner = graph.removeprefix(registry.prefix + "user/")
    return owner != graph and bool(owner) and "/" not in owner


def _shown(line: bytes) -> str:
    return line.decode(errors="replace")[:500]


def _fill(path: Path, files: Sequence[Path], triples: int, tell: Tell) -> None:
    whole = sum(file.stat().st_size for file in files)
    done = 0

    def read(size: int) -> None:
        nonlocal done
        done += size
        if done < whole:
            tell("storing", done, whole, triples * done // whole)
        else:  # it has read all, and sorts and writes what it has read
            tell("writing", 0, 0, 0)

    store = EmbeddedStore(path)
    try:
        for file in files:
            counted = CountedFile(file, read)
            try:
                store.bulk_load(counted)
            finally:
                counted.close()
        store.flush()
    finally:
        store.close()


def _sorted_again(path: Path, folder: Path) -> TopLevelSorter:
    again = folder / "again"
    again.mkdir()
    sorter = TopLevelSorter(again)
    store = EmbeddedStore(path)
    try:
        for graph in store.graphs():
            for lines in lines_of(store, graph):
                sorter.add(graph, lines)
    finally:
        store.close()
    return sorter


def _refuse_strays(sorter: TopLevelSorter) -> None:
    if sorter.torn:
        raise BadRequest(
            f"{sorter.torn.decode().strip()} says of two top levels that it belongs to them (sbh:topLevel)"
        )
    if sorter.strays:
        count = sum(sorter.strays.values())
        raise BadRequest(
            f"{count} triples belong to no top level, the first is {_shown(sorter.first_stray)}: every subject needs"
            " sbh:topLevel, as SynBioHub and synhub store it; what does not have it is to be submitted"
        )


def _refuse_torn(sorter: TopLevelSorter, place: str) -> None:
    if sorter.torn:
        raise BadRequest(
            f"{place}{sorter.torn.decode().strip()} says that it belongs to two top levels (sbh:topLevel); keep one of"
            " the two triples"
        )
