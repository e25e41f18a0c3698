"""The commands that move whole graphs, `synhub load | dump | import-sparql`: opens what they need, prints what came."""

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from synhub import dumping, importing, loading
from synhub.app import MEMORY, data_folder, lasting_instance, open_hub, registry_of, wanted_registry
from synhub.backup_commands import backup, restore, say
from synhub.errors import BadRequest, DataInUse
from synhub.identity import Registry
from synhub.progress import Progress
from synhub.pulling import Renaming, Source, check_endpoint, prefix_of_graph, pull
from synhub.settings import Settings
from synhub.store.accounts import Accounts
from synhub.store.data_folder import DATABASE, IMPORTS, LOADING, left_as_it_was
from synhub.store.database import Database
from synhub.store.journal import Journal
from synhub.store.open import is_remote


@contextmanager
def _filling(settings: Settings) -> Iterator[tuple[Path, Database, Accounts, Progress]]:
    """Hold the data folder for what fills it; a new one that is refused is gone afterwards."""
    with ExitStack() as stack:
        existed = settings.data.exists()
        data = stack.enter_context(data_folder(settings, create=True, loading=True))
        stack.enter_context(left_as_it_was(data, existed=existed))
        progress = stack.enter_context(closing(Progress()))
        database = stack.enter_context(closing(Database(data / DATABASE, "synhub")))
        accounts = Accounts(database, token_days=settings.token_days, login_attempts=settings.login_attempts)
        stack.callback(accounts.close)
        yield data, database, accounts, progress


def load(settings: Settings, sources: Sequence[Path]) -> int:
    """`synhub load`: fill an instance that holds nothing. Raises BadRequest, Conflict, DataInUse."""
    if settings.engine != "oxigraph:":
        raise BadRequest("load fills the triple store in the data folder: leave the engine at oxigraph: for it")
    files = loading.files_of(sources)
    with _filling(settings) as (data, database, accounts, progress):
        stored = accounts.get_setting("uri_prefix")
        if not stored and not settings.uri_prefix:
            settings = replace(settings, uri_prefix=loading.prefix_of(sources))
        number = Journal(database, data / "jobs").flushed_number
        loaded = loading.load(data, wanted_registry(settings, stored), files, number, progress.tell)
        registry = registry_of(settings, accounts)
        ownerless = _ownerless(accounts, registry, loaded)
    _index_sequences(settings)
    print(f"{loaded.top_levels} top levels, {sum(loaded.triples.values())} triples")
    for graph in ownerless:
        print(f"nobody can log in as the owner of {graph}: make that account with `synhub user add`", file=sys.stderr)
    return 0


def _index_sequences(settings: Settings) -> None:
    """Build the sequence index, which the first start would do otherwise."""
    with open_hub(settings, start=False) as hub, closing(Progress()) as progress:
        progress.tell("sequences", 0, 0)
        try:
            hub.sequences.build()
        except OSError as error:
            say(f"the sequence index is not complete ({error}); the next start of the server goes on with it")


def _ownerless(accounts: Accounts, registry: Registry, loaded: loading.Loaded) -> list[str]:
    graphs = (graph for graph in sorted(loaded.triples) if graph != registry.public_graph)
    return [g for g in graphs if accounts.find_by_login(g.rpartition("/")[2]) is None]


def dump(settings: Settings, graphs: Sequence[str], target: Path) -> int:
    """`synhub dump`: of what is stored now, or, while a server runs, of a backup that it makes. Errors as `backup`."""
    data = lasting_instance(settings, "dumped")
    target = target.resolve()
    try:
        with open_hub(settings) as hub:
            hub.writer.finish()
            dumping.dump(hub.registry, hub.store, graphs, target, say)
    except DataInUse:
        _refuse_moving_triples(data)
        with tempfile.TemporaryDirectory(prefix="synhub-dump-", dir=target.parent) as name:
            copy = replace(settings, data=Path(name) / "data", engine="oxigraph:")
            say("a server runs: it makes a backup, and that is dumped")
            backup(settings, Path(name) / "backup")
            restore(copy, Path(name) / "backup")
            shutil.rmtree(Path(name) / "backup")
            return dump(copy, graphs, target)
    print(f"{target}: a dump of triples only; accounts and attached files are in a `synhub backup`")
    return 0


def _refuse_moving_triples(data: Path) -> None:
    """Raises BadRequest when the instance in use keeps its triples on a server, of which there is no backup to dump."""
    with closing(Database(data / DATABASE, "synhub")) as database, closing(Accounts(database)) as accounts:
        engine = accounts.get_setting("engine")
    if engine is not None and is_remote(engine):
        raise BadRequest(
            f"the triples of this instance are kept by {engine} and change while synhub runs: stop synhub, and dump"
            " again with this server as --engine"
        )


def import_sparql(settings: Settings, source: Source, owner: str | None) -> int:
    """`synhub import-sparql`: fetch a graph of another instance, and store it as the graph of `owner` (None: public).

    An empty instance is filled as by `load`, else a job adds what is not there. Raises BadRequest, NotFound, DataInUse,
    StoreUnavailable.
    """
    if settings.engine == MEMORY:
        raise BadRequest("an instance of the engine memory: ends with its process: there is nothing to import into")
    check_endpoint(source.url)
    prefix = prefix_of_graph(source.graph)
    with _filling(settings) as (data, database, accounts, progress):
        if not settings.uri_prefix and accounts.get_setting("uri_prefix") is None:
            settings = replace(settings, uri_prefix=prefix)
        registry = registry_of(settings, accounts)
        target = registry.graph(owner)
        folder = data / IMPORTS / hashlib.sha256(f"{source.url} {source.graph} {target}".encode()).hexdigest()[:16]
        renaming = Renaming(source.graph, target, prefix, registry.prefix)
        path, state = pull(source, renaming, folder, partial(progress.tell, "fetching"))
        fresh = settings.engine == "oxigraph:" and ((data / LOADING).exists() or loading.is_empty(data / "store"))
        if fresh:
            number = Journal(database, data / "jobs").flushed_number
            loading.load(data, registry, [path], number, progress.tell)
    if not fresh:
        with open_hub(settings) as hub:
            print(importing.import_file(hub, target, path))
    shutil.rmtree(folder)
    print(f"{state.top_levels} top levels, {state.triples} triples in {target}")
    if state.strays:
        print(f"{state.strays} triples stay behind: their subjects belong to no top level", file=sys.stderr)
    return 0
