"""`synhub`, but this process kills itself, or fills its disk, at a named point of the write path.

Answers for: what happens inside the call that the environment names, copying the store right after every flush, and
taking removals from stdin while no route does. Everything else is the server as it is.

    CRASH_POINT=planned:after:1       the first call of `planned` is the last thing that happens
    CRASH_FILL=FILE                   there it does not die: FILE takes up all that is left of the disk
    CRASH_SYNCED=DIR                  DIR/<n> is what the store certainly keeps once step n counts as flushed
    stdin: `remove USER NAMESPACE`    answered on stdout by `removed`
"""

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synhub import app
from synhub.__main__ import main
from synhub.hub import Hub
from synhub.rdf import Iri
from synhub.store import changes, writer
from synhub.store import open as open_module
from synhub.store.base import TripleStore
from synhub.store.blobs import Blobs
from synhub.store.catalog.catalog import Catalog
from synhub.store.embedded import EmbeddedStore
from synhub.store.journal import Journal
from synhub.store.whole_store import top_levels_of
from synhub.store.work import Planned
from synhub.web.application import create_app

POINTS: dict[str, tuple[Any, str]] = {
    "receive": (Journal, "receive"),
    "prepared": (Journal, "prepared"),
    "adopt": (Blobs, "adopt"),
    "write_step": (changes, "write_step"),
    "planned": (Journal, "planned"),
    "planned_removal": (Journal, "planned_removal"),
    "begin_step": (Journal, "begin_step"),
    "apply": (EmbeddedStore, "apply"),
    "update": (Catalog, "update_in_batches"),
    "purged": (Journal, "purged"),
    "unhide": (Catalog, "unhide"),
    "done": (Journal, "done"),
    "flush": (EmbeddedStore, "flush"),
    "flushed": (Journal, "flushed"),
    "answered": (Journal, "answered"),
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fill() -> None:
    """Take all of the disk; the file has its name when it is done."""
    path = Path(os.environ["CRASH_FILL"])
    growing = path.with_name("growing")
    with growing.open("wb") as file:
        while free := shutil.disk_usage(path.parent).free:
            try:
                os.posix_fallocate(file.fileno(), file.tell(), free)
                file.seek(free, os.SEEK_CUR)
            except OSError:  # another thread was quicker with some of it
                continue
    growing.rename(path)


def arm(point: str, act: Callable[[], None]) -> None:
    """Act in the nth call of a method: `before` it begins or `after` it returned."""
    name, when, nth = point.split(":")
    owner, method = POINTS[name]
    original: Callable[..., Any] = getattr(owner, method)
    calls = 0

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == int(nth) and when == "before":
            act()
        result = original(*arguments, **named)
        if calls == int(nth) and when == "after":
            act()
        return result

    setattr(owner, method, dying)


def keep_synced_copies(folder: Path) -> None:
    """Copy the store before the journal says that it is flushed: both happen in the writer thread, nothing between."""
    stores: list[EmbeddedStore] = []
    open_store, flushed = open_module.open_store, Journal.flushed

    def copy(number: int) -> None:
        taking = folder / "taking"
        shutil.rmtree(taking, ignore_errors=True)
        stores[-1].backup(taking)
        shutil.rmtree(folder / str(number), ignore_errors=True)
        taking.rename(folder / str(number))

    def opening(engine: str, data: Path, prefix: str = "") -> TripleStore:
        store = open_store(engine, data, prefix)
        assert isinstance(store, EmbeddedStore)
        stores.append(store)
        if not any(folder.iterdir()):  # the first start: what an orderly stop left behind is flushed
            copy(0)
        return stores[-1]

    def flushing(self: Journal, number: int) -> None:
        copy(number)
        flushed(self, number)

    vars(app)["open_store"] = opening
    Journal.flushed = flushing  # type: ignore[method-assign]


def take_removals() -> None:
    """Serve `remove` lines from stdin with the Hub of the running server."""

    def creating(hub: Hub, *arguments: Any) -> Any:
        threading.Thread(target=serve, args=(hub,), daemon=True).start()
        return create_app(hub, *arguments)

    def serve(hub: Hub) -> None:
        for line in sys.stdin:
            _, username, namespace = line.split()
            remove(hub, username, namespace)
            print("removed", flush=True)

    vars(app)["create_app"] = creating


def remove(hub: Hub, username: str, namespace: str) -> None:
    graph = Iri(f"{hub.registry.prefix}user/{username}")
    top_levels = [top for top in top_levels_of(hub.store, graph) if top.startswith(namespace)]
    user = hub.accounts.find_by_login(username)
    assert user is not None
    removed = [(graph, top) for top in top_levels]
    plan = Planned([], {"removed": len(removed)}, removed=removed)
    hub.edits.start(user, "remove", [namespace], lambda _: plan, kind="purge").result(timeout=60)


if __name__ == "__main__":
    take_removals()
    if "CRASH_SYNCED" in os.environ:
        keep_synced_copies(Path(os.environ["CRASH_SYNCED"]))
    if "CRASH_FILL" in os.environ:
        writer.RETRY_S = 0.5
    if "CRASH_POINT" in os.environ:
        arm(os.environ["CRASH_POINT"], fill if "CRASH_FILL" in os.environ else die)
    sys.exit(main())
