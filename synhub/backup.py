"""Backups of a running instance, and their return: what is copied, in which moment, and how it is proved whole.

Between two steps of the writer the store is flushed and linked, synhub.sqlite copied, and the change sets of jobs
under way linked: one state of all three, from which recovery goes on as after a crash. Files follow afterwards: a blob
is in its place before a row names it, and none is deleted meanwhile. The catalog is derived and stays out; `restore`
builds it again.

A backup has its name only once it is whole, read again and on the disk: until then it is a folder with another name.

    backup.json     what the backup holds, file by file; written last
    synhub.sqlite   store/   jobs/   blobs/   format     as in a data folder

Knows neither SQL nor the command line.
"""

import errno
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import synhub
from synhub.errors import BadRequest, Inconsistent, StoreUnavailable
from synhub.hub import Hub
from synhub.store.backups import link_unfinished, read_copy
from synhub.store.blobs import Blobs
from synhub.store.changes import fsync_folder, write_synced
from synhub.store.data_folder import BACKUP, DATABASE, FORMAT, make
from synhub.store.embedded import EmbeddedStore

Tell = Callable[[str], None]

BACKUP_FORMAT = 1
_EVERY = 1000  # files between two words about how far it is


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a backup or a restored instance holds. `problems` are files that the instance itself had lost before."""

    summary: str
    problems: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([*(f"PROBLEM {problem}" for problem in self.problems), self.summary])


# --- making one -------------------------------------------------------------------------------------------------------


def take(hub: Hub, target: Path, tell: Tell) -> Outcome:
    """Make a backup of a running instance in the folder `target`, which must be empty or absent, its parent there.

    `tell` hears how far it is, and stops it by raising. Raises BadRequest when the folder cannot be had or written,
    Inconsistent when what was written is not what was read; nothing is left behind then.
    """
    _check_target(hub, target)
    started_s = time.monotonic()
    unfinished = _unfinished(target)
    copies, store_copy = _copies(hub)
    leftovers = (unfinished, copies, store_copy)
    try:
        _delete(leftovers)
        make(unfinished)
        (copies / "jobs").mkdir(parents=True)
        with hub.blobs.kept():
            tell("waiting for the writer")
            held_s = _copy_state(hub, copies, store_copy)
            tell("copying the store")
            _move(store_copy, unfinished / "store", tell)
            for path in copies.iterdir():
                _move(path, unfinished / path.name, tell)
            _copy_blobs(hub.blobs, unfinished / "blobs", tell)
        (unfinished / "format").write_text(FORMAT)
        tell("reading it again")
        held = _read_again(unfinished, read_blobs=False)
        tell("waiting for the disk")
        _sync(unfinished)
        write_synced(unfinished / BACKUP, json.dumps(_manifest(hub, unfinished), indent=1).encode())
        fsync_folder(unfinished)
        unfinished.rename(target)
        fsync_folder(target.parent)
    except OSError as error:
        raise BadRequest(f"the backup could not be written to {target}: {error}") from error
    finally:
        _delete(leftovers)
    took = f"{time.monotonic() - started_s:.1f} s, {held_s * 1000:.0f} ms of them between two steps of the writer"
    return Outcome(f"{target}: {held.summary}; {took}", held.problems)


def _store(hub: Hub) -> EmbeddedStore:
    """Raises BadRequest where the triples are on a server."""
    if not isinstance(hub.store, EmbeddedStore):
        raise BadRequest(
            "the triples of this instance are kept by a SPARQL server: stop synhub, back that server up by its own"
            " means, and copy the data folder"
        )
    return hub.store


def _check_target(hub: Hub, target: Path) -> None:
    """Raises BadRequest."""
    if not target.parent.is_dir():
        raise BadRequest(f"{target.parent} is no folder: make it first")
    for own in (hub.settings.data.resolve(), _store(hub).path.resolve()):
        if target == own or own in target.parents:
            raise BadRequest(f"{target} lies in the instance itself; a backup in there would be lost with it")
    _check_absent(target)


def _check_absent(folder: Path) -> None:
    """Raises BadRequest."""
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise BadRequest(f"{folder} is not empty; give a folder that is empty, or a name that is free")


def _unfinished(target: Path) -> Path:
    return target.with_name(f".{target.name}.unfinished")


def _copies(hub: Hub) -> tuple[Path, Path]:
    """Where the copies of one moment are made: in the data folder, and beside the store, since links need its disk."""
    store = _store(hub)
    return hub.settings.data / "backup-copies", store.path.with_name(store.path.name + "-backup")


def forget_copies(hub: Hub) -> None:
    """Delete what a server left behind that was killed while it made a backup."""
    if isinstance(hub.store, EmbeddedStore):
        _delete(_copies(hub))


def _delete(folders: tuple[Path, ...]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_state(hub: Hub, copies: Path, store_copy: Path) -> float:
    """Copy store, database and change sets of one moment to the disks they are on; return how long that held jobs up.

    A sequence of steps may be half applied in it: its change sets are there too, and recovery ends it.
    """
    held_s = 0.0

    def copy() -> None:
        nonlocal held_s
        started_s = time.monotonic()
        _store(hub).backup(store_copy)
        hub.backups.copy_database(copies / DATABASE)
        link_unfinished(hub.journal, copies / "jobs")
        held_s = time.monotonic() - started_s

    hub.writer.pause(copy).result()
    return held_s


def _move(source: Path, target: Path, tell: Tell) -> None:
    """Rename, or copy to another disk and delete."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_files(source, target, tell)


def _copy_files(source: Path, target: Path, tell: Tell) -> None:
    """Copy a file or a folder."""

    def copy(one: str, other: str) -> None:
        tell(f"copying {source.name}")
        shutil.copy2(one, other)

    if source.is_dir():
        shutil.copytree(source, target, copy_function=copy)
    else:
        copy(str(source), str(target))


def _copy_blobs(blobs: Blobs, target: Path, tell: Tell) -> None:
    """Link every blob, or copy it where that cannot be."""
    target.mkdir()
    for count, digest in enumerate(blobs.digests()):
        if count % _EVERY == 0:
            tell(f"copying files: {count} so far")
        source = blobs.path(digest)
        copy = target / source.relative_to(blobs.folder)
        copy.parent.mkdir(exist_ok=True)
        try:
            copy.hardlink_to(source)
        except OSError:  # another disk, or one without links
            tell(f"copying files: {count} so far")
            shutil.copy2(source, copy)


def _read_again(folder: Path, *, read_blobs: bool) -> Outcome:
    """Open what was copied; of blobs read the bytes as well if asked to (in a backup they may be the originals).

    Raises Inconsistent when it cannot be read as a whole.
    """
    try:
        with closing(EmbeddedStore(folder / "store", read_only=True)) as store:
            graphs = store.graphs()
            triples = sum(store.count(graph) for graph in graphs)
    except StoreUnavailable as error:
        raise Inconsistent(f"the copy of the store in {folder} is damaged: {error.message}") from error
    damage, named = read_copy(folder / DATABASE)
    if damage:
        raise Inconsistent(f"the copy of {DATABASE} in {folder} is damaged: {'; '.join(damage)}")
    blobs = Blobs(folder / "blobs")
    wrong = {f: blobs.damage(*f, read=read_blobs) for f in {(file.digest, file.size) for file in named}}
    problems = [f"{f.what}: {wrong[f.digest, f.size]}" for f in named if wrong[f.digest, f.size]]
    size = sum(file.size for file in named)
    return Outcome(
        f"{len(graphs)} graphs with {triples} triples, {len(named)} files with {size} bytes", tuple(problems)
    )


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield the name below `folder` and the size of every file."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.stat().st_size


def _manifest(hub: Hub, folder: Path) -> dict[str, Any]:
    return {
        "format": BACKUP_FORMAT,
        "synhub": synhub.__version__,
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "uri_prefix": hub.registry.prefix,
        "files": dict(_files(folder)),
    }


def _sync(folder: Path) -> None:
    """Make every file below a folder, and every name, survive a power cut."""
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            fsync_folder(path)
        else:
            with path.open("rb") as file:
                os.fsync(file.fileno())


# --- bringing one back ------------------------------------------------------------------------------------------------


def read_manifest(source: Path) -> Mapping[str, int]:
    """Return the files of a backup with their sizes. Raises BadRequest for what is no backup, or not all of one."""
    try:
        manifest = json.loads((source / BACKUP).read_bytes())
        version, files = manifest["format"], dict(manifest["files"])
    except FileNotFoundError:
        raise BadRequest(f"{source} is no backup: it has no {BACKUP}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"{source} is no whole backup: its {BACKUP} cannot be read ({error})") from error
    if version != BACKUP_FORMAT:
        raise BadRequest(f"{source} has format {version}, this synhub knows {BACKUP_FORMAT}; use a newer synhub")
    found = dict(_files(source))
    for name, size in files.items():
        if found.get(name) != size:
            what = "is missing" if name not in found else f"has {found[name]} bytes, not {size}"
            raise BadRequest(f"{source} is no whole backup: {name} {what}")
    return files


def restore(source: Path, data: Path, recover: Callable[[Path], None], tell: Tell) -> Outcome:
    """Make a data folder out of a backup; `recover` opens it once. `data` must be absent or empty.

    Raises BadRequest when the backup is not whole, or `data` holds something or cannot be written: nothing is left.
    """
    _check_absent(data)
    files = read_manifest(source)
    unfinished = _unfinished(data)
    try:
        _delete((unfinished,))
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        make(unfinished)
        for count, name in enumerate(files):
            if count % _EVERY == 0:
                tell(f"copying files: {count} of {len(files)}")
            target = unfinished / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target)
        held = _read_again(unfinished, read_blobs=True)
        tell("building the catalog")
        recover(unfinished)
        tell("waiting for the disk")
        _sync(unfinished)
        unfinished.rename(data)
        fsync_folder(data.parent)
    except OSError as error:
        raise BadRequest(f"{source} could not be restored to {data}: {error}") from error
    finally:
        _delete((unfinished,))
    return Outcome(f"{data}: {held.summary}", held.problems)
