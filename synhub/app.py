"""The composition root: Settings -> Hub (opens the stores, recovers the jobs) -> ASGI application -> server."""

import asyncio
import fcntl
import logging
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Scope

import synhub
from synhub import check as checks
from synhub import errors
from synhub.hub import Hub
from synhub.identity import Registry, path_of_iri
from synhub.model import ANONYMOUS
from synhub.settings import Settings
from synhub.store.accounts import Accounts
from synhub.store.blobs import Blobs
from synhub.store.catalog import Catalog
from synhub.store.catalog_counts import count_top_levels
from synhub.store.children import Lanes
from synhub.store.database import Database
from synhub.store.embedded import EmbeddedStore
from synhub.store.housekeeping import Housekeeper
from synhub.store.journal import Journal
from synhub.store.open import open_store
from synhub.store.removals import Removals
from synhub.store.snapshots import Snapshots
from synhub.store.writer import Writer
from synhub.submit.service import Submissions
from synhub.web import routes
from synhub.web.auth import identify, login_redirect
from synhub.web.respond import Result, error_result, text, to_response

logger = logging.getLogger("synhub")

FORMAT = "1"
IN_USE = "the data folder {} is in use by a running server; stop it first"


class InUse(errors.DataInUse):
    """Another process holds the data folder."""


@contextmanager
def _lock(data: Path) -> Iterator[None]:
    """Hold the data folder: one process at a time. Raises InUse."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)  # holds password hashes and private designs
    with (data / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(IN_USE.format(data)) from None
        yield


def _check_format(data: Path) -> None:
    path = data / "format"
    if not path.exists():
        path.write_text(FORMAT)
    elif path.read_text().strip() != FORMAT:
        raise errors.Inconsistent(
            f"{data} has format {path.read_text().strip()}, this synhub knows {FORMAT}; use a newer synhub"
        )


def _accounts(database: Database, settings: Settings) -> Accounts:
    return Accounts(database, token_days=settings.token_days, login_attempts=settings.login_attempts)


def registry_of(settings: Settings, accounts: Accounts) -> Registry:
    """The prefix is fixed at the first start; only an explicitly different one stops with a message.

    Raises BadRequest.
    """
    stored = accounts.get_setting("uri_prefix")
    if stored is None:
        prefix = settings.uri_prefix or f"http://localhost:{settings.port or 7777}/"
        registry = Registry.parse(prefix)
        accounts.put_setting("uri_prefix", registry.prefix)
        return registry
    if settings.uri_prefix and Registry.parse(settings.uri_prefix).prefix != stored:
        raise errors.BadRequest(
            f"this instance's URI prefix is {stored} and cannot become {settings.uri_prefix}:"
            " stored IRIs carry it; start without --uri-prefix"
        )
    return Registry(stored)


def _snapshot_folder(settings: Settings, data: Path, store: Path) -> Path:
    """Hard links need the store's own file system."""
    return store.with_name(store.name + "-snapshots") if settings.engine == "memory:" else data / "snapshots"


@contextmanager
def open_hub(settings: Settings, *, start: bool = True) -> Iterator[Hub]:
    """Open everything, recover, and close it again. With `start` False the writer thread does not run.

    Raises InUse, BadRequest, Inconsistent.
    """
    data = settings.data.resolve()
    with ExitStack() as stack:
        stack.enter_context(_lock(data))
        _check_format(data)
        database = Database(data / "synhub.sqlite", "synhub", "FULL")
        stack.callback(database.close)
        accounts = _accounts(database, settings)
        stack.callback(accounts.close)
        registry = registry_of(settings, accounts)
        store = open_store(settings.engine, data)
        stack.callback(store.close)
        journal = Journal(database, data / "jobs")
        catalog = Catalog(data / "catalog.sqlite")
        stack.callback(catalog.close)
        blobs = Blobs(data / "blobs")
        removals = Removals(journal)
        writer = Writer(
            store, journal, catalog, removals, blobs,
            flush_interval_s=settings.flush_interval, step_quads=settings.step_quads,
            disk_reserve_bytes=settings.disk_reserve,
        )  # fmt: skip
        if catalog.last_number > journal.last_number() or (catalog.last_number == 0 and store.graphs()):
            logger.info("the catalog is missing or from another time; building it again")
            checks.reindex(store, catalog, journal)
        writer.recover()
        snapshots = Snapshots(
            _snapshot_folder(settings, data, store.path),
            store.backup, lambda: writer.number, writer.is_quiet, settings.snapshot_age,
        )  # fmt: skip
        stack.callback(snapshots.close)
        writer.before_sequence = snapshots.take
        lanes = Lanes(settings)
        stack.callback(lanes.close)
        submissions = Submissions(settings, registry, store, journal, removals, writer, lanes.prepare)
        if start:
            writer.start()
            stack.callback(writer.stop)
            housekeeper = Housekeeper(journal, catalog, blobs, settings.report_days)
            housekeeper.start()
            stack.callback(housekeeper.stop)
            stack.callback(submissions.close)
        yield Hub(
            settings,
            registry,
            store,
            accounts,
            journal,
            removals,
            catalog,
            blobs,
            lanes,
            snapshots,
            writer,
            submissions,
        )


# --- the application ----------------------------------------------------------------------------------------------

_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Disposition, Link, Location, ETag, Retry-After",
}
_PREFLIGHT = _CORS | {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Max-Age": "86400",
}


async def _dispatch(request: Request) -> Response:
    """Match, identify, call, render; every error becomes an answer."""
    if request.method == "OPTIONS":
        asked = request.headers.get("access-control-request-headers", "X-authorization, Content-Type, Accept")
        return Response(status_code=204, headers=_PREFLIGHT | {"Access-Control-Allow-Headers": asked})
    hub: Hub = request.app.state.hub
    problem = False
    request.state.after = None
    request.state.user = None
    request.state.csrf = ""
    request.state.link = lambda uri: path_of_iri(uri, hub.registry)
    try:
        matched = routes.match(request.method, request.scope["raw_path"].decode("latin-1"))
        if matched is None:
            result = text(f"Cannot {request.method} {request.url.path}", 404, title="Not found")
        else:
            problem = matched.style == "new"
            await identify(request, hub)
            result = await _call(request, matched)
    except errors.SynhubError as error:
        result = login_redirect(request, error) or error_result(error, problem=problem)
    except ClientDisconnect:
        result = text("the client went away", 499)
    except Exception:
        logger.exception("%s %s failed", request.method, request.url.path)
        result = text("Internal Server Error; the administrator finds the details in the log", 500, title="Error")
    response = result.value if isinstance(result.value, Response) else to_response(request, result)
    response.headers.update(_CORS)
    response.headers.setdefault("Vary", "Accept, X-authorization, Cookie")
    response.headers.setdefault("Cache-Control", _cache_rule(request))
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.background = request.state.after
    return response


def _cache_rule(request: Request) -> str:
    """What caches may do: ask again each time, keep what belongs to a user apart, forget what holds secrets."""
    actor = getattr(request.state, "actor", ANONYMOUS)
    if request.method not in ("GET", "HEAD") or actor.by_cookie:
        return "no-store"
    return "no-cache" if actor.user is None else "private, no-cache"


async def _call(request: Request, matched: routes.Matched) -> Result:
    if matched.handler is None:
        return Result("Method not allowed", status=405, headers={"Allow": ", ".join(matched.methods)})
    if matched.share is not None and matched.ref is not None:
        # No share link exists yet: every hash is answered like an object that does not exist.
        request.state.actor = replace(request.state.actor, user=None)
        request.state.user = None
    request.scope["path_params"] = matched.parameters
    return await matched.call(request)


class _EveryPath(Route):
    """Every path there is: Starlette's own pattern for that stops at a line break (`%0A`), its 404 has no words."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http":
            return Match.NONE, {}
        return Match.FULL, {"endpoint": self.endpoint, "path_params": {}}


def create_app(hub: Hub, on_ready: Callable[[], None] | None = None) -> ASGIApp:
    """Make the ASGI application around an open Hub."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if on_ready is not None:
            await run_in_threadpool(on_ready)
        yield

    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
    app = Starlette(routes=[_EveryPath("/", _dispatch, methods=methods)], lifespan=lifespan)
    app.state.hub = hub
    return app


# --- commands --------------------------------------------------------------------------------------------------------


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready, and calls `stop` (in a thread) before it waits for open requests."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[int], None], stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            port = next(s.getsockname()[1] for server in self.servers for s in server.sockets)
            self._ready(port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        stopping = asyncio.create_task(run_in_threadpool(self._stop))
        await super().shutdown(sockets)
        await stopping


def _stop_jobs(hub: Hub) -> None:
    """End or fail every job that a request waits for, so that the request is answered before the server is gone."""
    hub.submissions.close()
    hub.lanes.prepare.close()
    hub.writer.stop()


def serve(settings: Settings) -> int:
    """Run the server until SIGTERM or SIGINT; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)  # one line says that the server is ready: ours
    with open_hub(settings) as hub:

        def ready(port: int) -> None:
            top_levels = count_top_levels(hub.catalog)
            address = f"http://{settings.host}:{port}"
            about = f"prefix {hub.registry.prefix}, {top_levels} top levels"
            print(f"synhub {synhub.__version__} ready on {address}, {about}", flush=True)
            if settings.demo:
                from synhub.demo.start import start_demo

                threading.Thread(target=start_demo, args=(hub, address), daemon=True).start()

        config = uvicorn.Config(
            create_app(hub), host=settings.host, port=settings.port, log_config=None, access_log=False,
            server_header=False, lifespan="on", h11_max_incomplete_event_size=128 * 1024, http="h11",
            timeout_graceful_shutdown=30, proxy_headers=False,
        )  # fmt: skip
        server = _Server(config, ready, partial(_stop_jobs, hub))
        # uvicorn raises the signal again when it has stopped: that must not end the process before the Hub is closed.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        asyncio.run(server.serve())
    return 0 if server.started else 1


def check(settings: Settings) -> int:
    """`synhub check`: print every disagreement; 0 when there is none, 1 otherwise, 2 when the server runs."""
    return _offline(settings, _check)


def reindex(settings: Settings) -> int:
    """`synhub reindex`: build the catalog again; 2 when the server runs."""
    return _offline(settings, _reindex)


def _offline(settings: Settings, command: Callable[[Settings], int]) -> int:
    try:
        with _lock(settings.data.resolve()):
            if not (settings.data / "synhub.sqlite").exists():
                print(f"{settings.data} holds no synhub instance", file=sys.stderr)
                return 1
            _check_format(settings.data)
            return command(settings)
    except InUse as error:
        print(error.message, file=sys.stderr)
        return 2


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Registry, EmbeddedStore, Catalog, Journal, Blobs]]:
    data = settings.data.resolve()
    with ExitStack() as stack:
        database = Database(data / "synhub.sqlite", "synhub", "FULL")
        stack.callback(database.close)
        registry = registry_of(settings, _accounts(database, settings))
        store = open_store(settings.engine, data)
        stack.callback(store.close)
        catalog = Catalog(data / "catalog.sqlite")
        stack.callback(catalog.close)
        yield registry, store, catalog, Journal(database, data / "jobs"), Blobs(data / "blobs")


def _check(settings: Settings) -> int:
    with _opened(settings) as (registry, store, catalog, journal, blobs):
        problems = checks.check(registry, store, catalog, journal, blobs)
        for problem in problems:
            print(problem)
        print(f"{len(problems)} problems, {count_top_levels(catalog)} top levels")
    return 1 if problems else 0


def _reindex(settings: Settings) -> int:
    with _opened(settings) as (_, store, catalog, journal, _blobs):
        print(f"{checks.reindex(store, catalog, journal)} top levels")
    return 0
