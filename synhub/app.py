"""The composition root: Settings -> Hub (opens the stores, recovers the jobs) -> ASGI application -> server."""

import asyncio
import gc
import logging
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import uvicorn

import synhub
from synhub import check as checks
from synhub import standby
from synhub.backup_requests import BackupKeeper
from synhub.errors import BadRequest, Inconsistent, NotFound, StoreUnavailable
from synhub.hub import Hub
from synhub.identity import Registry
from synhub.permissions import public_dataset
from synhub.progress import Progress
from synhub.search.ast import SearchQuery
from synhub.search.facets import facets as count_facets
from synhub.server import Server, listen
from synhub.settings import Settings
from synhub.store.accounts import Accounts
from synhub.store.backups import Backups
from synhub.store.base import TripleStore
from synhub.store.blobs import Blobs
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.counts import count_top_levels
from synhub.store.cores import spare_cores
from synhub.store.data_folder import CATALOG, DATABASE, hold, interrupted_imports
from synhub.store.database import Database, open_or_remake
from synhub.store.edits import Edits
from synhub.store.embedded import EmbeddedStore
from synhub.store.endpoint import parse_engine_url
from synhub.store.files import Files
from synhub.store.housekeeping import Housekeeper
from synhub.store.journal import Journal
from synhub.store.lanes import Lanes
from synhub.store.open import is_remote, open_store
from synhub.store.quotas import Quotas
from synhub.store.readers import Readers
from synhub.store.recent import RecentTopLevels
from synhub.store.removals import Removals
from synhub.store.sequences.sequences import FOLDER as SEQUENCES
from synhub.store.sequences.sequences import Sequences, check_sequences
from synhub.store.sequences.uploads import SequenceUploads
from synhub.store.shares import Shares
from synhub.store.snapshots import Snapshots
from synhub.store.writer import Writer
from synhub.submit.service import Submissions
from synhub.web.application import create_app
from synhub.web.protocol import MOST_HEAD, HttpProtocol

logger = logging.getLogger("synhub")

MEMORY = "memory:"


def registry_of(settings: Settings, accounts: Accounts) -> Registry:
    """The prefix is fixed at the first start; only an explicitly different one stops with a message.

    Raises BadRequest.
    """
    stored = accounts.get_setting("uri_prefix")
    registry = wanted_registry(settings, stored)
    if stored is None:
        accounts.put_setting("uri_prefix", registry.prefix)
    return registry


def wanted_registry(settings: Settings, stored: str | None) -> Registry:
    if stored is None:
        return Registry.parse(settings.uri_prefix or f"http://localhost:{settings.port or 7777}/")
    if settings.uri_prefix and Registry.parse(settings.uri_prefix).prefix != stored:
        raise BadRequest(
            f"this instance's URI prefix is {stored} and cannot become {settings.uri_prefix}:"
            " stored IRIs carry it; start without --uri-prefix"
        )
    return Registry(stored)


def _refuse_other_engine(settings: Settings, accounts: Accounts, *, may_move: bool) -> None:
    """Raises BadRequest when the triples are kept by a server and none or another is given, or the other way round: a
    store made anew would look like one that has lost everything. A server `may_move` to another address."""
    stored, given = accounts.get_setting("engine"), _engine_name(settings.engine)
    if stored is None or stored == given or (may_move and is_remote(stored) and is_remote(given)):
        return
    if is_remote(stored):
        raise BadRequest(
            f"the triples of this instance are kept by {stored}: give this server with --engine; when it has moved,"
            " start `synhub serve` with its new address first"
        )
    raise BadRequest(
        f"the triples of this instance are kept in a folder, not by {given}: leave the engine"
        " at oxigraph:, or load a dump of the instance into a new data folder"
    )


def _engine_name(engine: str) -> str:
    """What may be written down of an engine: no password."""
    return "sparql+" + parse_engine_url(engine).base if is_remote(engine) else "oxigraph:"


@contextmanager
def data_folder(settings: Settings, *, create: bool, loading: bool = False) -> Iterator[Path]:
    """Hold the data folder; with the engine `memory:` a temporary one, that is gone when the block ends."""
    with ExitStack() as stack:
        if settings.engine == MEMORY:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="synhub-")))
            create = True
        else:
            data = settings.data.resolve()
        stack.enter_context(hold(data, create=create, loading=loading))
        yield data


class _Parts(NamedTuple):
    """What lies in a data folder, open."""

    registry: Registry
    accounts: Accounts
    store: TripleStore
    journal: Journal
    catalog: Catalog
    blobs: Blobs
    files: Files
    shares: Shares
    quotas: Quotas
    backups: Backups


def _open_parts(
    stack: ExitStack,
    settings: Settings,
    data: Path,
    open_catalog: Callable[[Path], Catalog],
    *,
    may_move: bool = False,
) -> _Parts:
    """Open what lies in a data folder; `stack` closes it again."""
    database = Database(data / DATABASE, "synhub")
    stack.callback(database.close)
    accounts = Accounts(database, token_days=settings.token_days, login_attempts=settings.login_attempts)
    stack.callback(accounts.close)
    registry = registry_of(settings, accounts)
    _refuse_other_engine(settings, accounts, may_move=may_move)
    store = open_store("oxigraph:" if settings.engine == MEMORY else settings.engine, data, registry.prefix)
    stack.callback(store.close)
    catalog = open_catalog(data / CATALOG)
    stack.callback(catalog.close)
    journal, blobs = Journal(database, data / "jobs"), Blobs(data / "blobs")
    quotas = Quotas(database, settings.user_bytes, settings.user_jobs)
    return _Parts(
        registry, accounts, store, journal, catalog, blobs, Files(database), Shares(database), quotas,
        Backups(database),
    )  # fmt: skip


@contextmanager
def open_hub(settings: Settings, *, start: bool = True) -> Iterator[Hub]:
    """Open everything, recover, and close it again. With `start` False no thread runs that writes.

    Raises DataInUse, BadRequest, Inconsistent.
    """
    with ExitStack() as stack:
        data = stack.enter_context(data_folder(settings, create=True))
        settings = replace(settings, data=data)
        parts = _open_parts(stack, settings, data, partial(open_or_remake, opener=Catalog), may_move=True)
        parts = _with_catalog_of_this_folder(stack, parts, data)
        removals = Removals(parts.journal)
        writer = Writer(
            parts.store, parts.journal, parts.catalog, removals, parts.blobs,
            flush_interval_s=settings.flush_interval, step_quads=settings.step_quads,
            disk_reserve_bytes=settings.disk_reserve,
        )  # fmt: skip
        writer.recover()
        _refuse_lost_store(parts.store, parts.catalog, data)
        if parts.accounts.get_setting("engine") != (engine := _engine_name(settings.engine)):
            parts.accounts.put_setting("engine", engine)
        hub = _assemble(stack, settings, parts, removals, writer)
        hub.backups.clear()
        if start:
            _start(stack, hub)
        yield hub


def _with_catalog_of_this_folder(stack: ExitStack, parts: _Parts, data: Path) -> _Parts:
    """Return the parts with a catalog that tells what is stored: another one where it does not."""
    if _is_of_this_folder(parts.catalog, parts.journal, parts.store):
        return parts
    logger.info("the catalog is missing or from another time; building it again")
    parts.catalog.close()
    checks.reindex(parts.store, data / CATALOG, parts.journal)
    return parts._replace(catalog=stack.enter_context(closing(Catalog(data / CATALOG))))


def _assemble(stack: ExitStack, settings: Settings, parts: _Parts, removals: Removals, writer: Writer) -> Hub:
    """Make the Hub of what is open; `stack` closes what is opened for it."""
    registry, accounts, store, journal, catalog, blobs, files, shares, quotas, backups = parts
    snapshots = _snapshots(stack, settings, store, writer)
    lanes = Lanes(settings)
    stack.callback(lanes.close)
    # Of the sets of everything: it loads all that a search needs.
    first = partial(count_facets, catalog, store, public_dataset(registry, frozenset()), SearchQuery(), 1)
    readers = Readers(catalog, store, spare_cores(), settings.prepare_memory, first)
    stack.callback(readers.close)
    sequences = Sequences(
        settings.data / SEQUENCES, catalog, store, lanes.sequence, lanes.sequence_merge, settings.sequence_timeout
    )
    stack.callback(sequences.stop)
    submissions = Submissions(settings, registry, store, catalog, journal, removals, writer, lanes.prepare, quotas)
    return Hub(
        settings, registry, store, accounts, journal, removals, catalog, blobs, files, shares, lanes, readers,
        snapshots, writer, submissions, Edits(journal, writer, quotas), quotas, backups,
        RecentTopLevels(store, writer.settled_number), SequenceUploads(settings.data / "sequence-uploads"), sequences,
    )  # fmt: skip


def _snapshots(stack: ExitStack, settings: Settings, store: TripleStore, writer: Writer) -> Snapshots | None:
    """Snapshots of the embedded store, taken also before the writer begins a sequence of steps; a server has none."""
    if not isinstance(store, EmbeddedStore):
        return None
    # Beside the store: hard links need its file system.
    name = "snapshots" if store.path == settings.data / "store" else store.path.name + "-snapshots"
    snapshots = Snapshots(
        store.path.with_name(name), store.backup, lambda: writer.number, writer.is_quiet, settings.snapshot_age
    )
    stack.callback(snapshots.close)
    writer.before_sequence = snapshots.take
    return snapshots


def _start(stack: ExitStack, hub: Hub) -> None:
    """Start every thread that writes; `stack` ends them, those that give the writer work before the writer."""
    hub.writer.start()
    stack.callback(hub.writer.stop)
    housekeeper = Housekeeper(hub.journal, hub.catalog, hub.blobs, hub.files, hub.settings.report_days)
    housekeeper.start()
    stack.callback(housekeeper.stop)
    hub.sequences.start()
    stack.callback(hub.submissions.close)
    stack.callback(hub.edits.close)
    keeper = BackupKeeper(hub)
    keeper.start()
    stack.callback(keeper.stop)


def _is_of_this_folder(catalog: Catalog, journal: Journal, store: TripleStore) -> bool:
    """Say whether the catalog is complete, of this time, and not the empty one that replaced a lost one.

    A store that was filled offline has no steps: its catalog stands at 0 and is complete all the same.
    """
    if not 0 <= catalog.last_number <= journal.last_number():
        return False
    return catalog.last_number > 0 or count_top_levels(catalog) > 0 or not store.graphs()


def _refuse_lost_store(store: TripleStore, catalog: Catalog, data: Path) -> None:
    """Raises Inconsistent when the triples are gone that the rest of the folder knows of."""
    known = count_top_levels(catalog)
    if known and not store.graphs():
        raise Inconsistent(
            f"the triple store of {data} is empty, but {known} top levels were stored: put its folder back, or name the"
            " server that has them, or move the whole data folder away to start anew"
        )


def _stop_jobs(hub: Hub) -> None:
    """End or fail every job that a request waits for, so that the request is answered before the server is gone."""
    hub.submissions.close()
    hub.edits.close()
    hub.lanes.close()
    hub.readers.close()
    hub.writer.stop()


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # one line says that the server is ready: ours
    # An answer that was cut has a line of ours, which says why.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "without completing" not in record.getMessage())
    logging.getLogger("httpx").setLevel(logging.WARNING)  # not each request to a SPARQL server
    access = logging.getLogger("synhub.access")  # its lines carry their own time
    access.addHandler(logging.StreamHandler(sys.stderr))
    access.propagate = False


def serve(settings: Settings) -> int:
    """Run the server until SIGTERM or SIGINT; return the exit status.

    Raises BadRequest, DataInUse, Inconsistent.
    """
    _log_to_stderr()
    with listen(settings) as listening, ExitStack() as stack:
        port = listening.getsockname()[1]
        hub = _open_when_there(stack, replace(settings, port=port), listening)
        for graph in interrupted_imports(hub.settings.data) if hub else ():
            logger.warning("an import into %s was interrupted: `synhub import-sparql` goes on with it", graph)
        return _run(hub, listening, f"http://{settings.host}:{port}") if hub else 0


def _open_when_there(stack: ExitStack, settings: Settings, listening: socket.socket) -> Hub | None:
    """Open the Hub as soon as its triple store can be reached; None when the server is to end before that."""
    while True:
        try:
            return stack.enter_context(open_hub(settings))
        except StoreUnavailable as error:
            if not is_remote(settings.engine):
                raise
            logger.warning("%s; trying again every %g s", error.message, standby.RETRY_S)
        if not standby.answer(listening, standby.RETRY_S):
            return None


def _run(hub: Hub, listening: socket.socket, address: str) -> int:
    def ready(_: int) -> None:
        about = f"prefix {hub.registry.prefix}, {count_top_levels(hub.catalog)} top levels"
        print(f"synhub {synhub.__version__} ready on {address}, {about}", flush=True)
        if hub.settings.demo:
            from synhub.demo.start import start_demo

            threading.Thread(target=start_demo, args=(hub, address), daemon=True).start()

    config = uvicorn.Config(
        create_app(hub), log_config=None, access_log=False, server_header=False, lifespan="off",
        h11_max_incomplete_event_size=MOST_HEAD, http=HttpProtocol, timeout_graceful_shutdown=30, proxy_headers=False,
    )  # fmt: skip
    server = Server(config, ready, partial(_stop_jobs, hub))
    # What is there now stays: to look through all of it for cycles takes 20 to 60 ms, in which nobody is answered.
    gc.collect()
    gc.freeze()
    # uvicorn raises the signal again when it has stopped: that must not end the process before the Hub is closed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    asyncio.run(server.serve(sockets=[listening]))
    return 0 if server.started else 1


def refuse_memory(settings: Settings, done: str) -> None:
    """Raises BadRequest when there is nothing that outlives the process."""
    if settings.engine == MEMORY:
        raise BadRequest(f"an instance of the engine memory: ends with its process and cannot be {done}")


def lasting_instance(settings: Settings, done: str) -> Path:
    """Return the data folder of an instance that outlives its process; `done` says what is to be done with it.

    Raises BadRequest, NotFound.
    """
    refuse_memory(settings, done)
    data = settings.data.resolve()
    if not (data / DATABASE).is_file():
        raise NotFound(f"{data} holds no synhub instance; give the right folder with --data")
    return data


def check(settings: Settings) -> int:
    """`synhub check`: print every disagreement; 0 when there is none, 1 otherwise.

    Raises DataInUse when the server runs, NotFound when the folder holds no instance, BadRequest for another engine
    than that of the instance.
    """
    refuse_memory(settings, "checked")
    with ExitStack() as stack:
        data = stack.enter_context(data_folder(settings, create=False))
        parts = _open_parts(stack, settings, data, Catalog)
        problems = checks.check(parts.registry, parts.store, parts.catalog, parts.journal, parts.blobs, parts.files)
        problems += check_sequences(data / SEQUENCES, parts.catalog)
        for problem in problems:
            print(problem)
        print(f"{len(problems)} problems, {count_top_levels(parts.catalog)} top levels")
    return 1 if problems else 0


def reindex(settings: Settings) -> int:
    """`synhub reindex`: build the catalog again, whatever state it is in; the next start builds the sequence index.

    Raises as `check`.
    """
    refuse_memory(settings, "indexed")
    with ExitStack() as stack:
        data = stack.enter_context(data_folder(settings, create=False))
        parts = _open_parts(stack, settings, data, partial(open_or_remake, opener=Catalog))
        parts.catalog.close()
        shutil.rmtree(data / SEQUENCES, ignore_errors=True)
        with closing(Progress()) as progress:
            count = checks.reindex(parts.store, data / CATALOG, parts.journal, progress.tell)
        print(f"{count} top levels")
    return 0
