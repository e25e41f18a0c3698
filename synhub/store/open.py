"""Engine URL to engine. An unknown scheme is an error at start."""

from pathlib import Path

from synhub.errors import BadRequest
from synhub.store.base import TripleStore
from synhub.store.embedded import EmbeddedStore
from synhub.store.endpoint import SCHEMES, parse_engine_url


def is_remote(engine: str) -> bool:
    """Say whether an engine URL names a server, which has triples, but neither a folder nor snapshots."""
    return engine.partition(":")[0] in SCHEMES


def open_reader(engine: str) -> TripleStore:
    """Open what a child reads from: a snapshot, as `oxigraph:DIR`, or a server."""
    if is_remote(engine):
        from synhub.store.remote import RemoteStore  # httpx takes 100 ms to load

        return RemoteStore(parse_engine_url(engine), read_only=True)
    return EmbeddedStore(Path(engine.removeprefix("oxigraph:")), read_only=True)


def open_store(engine: str, data: Path, prefix: str = "") -> TripleStore:
    """Open `oxigraph:` (in the data folder), `oxigraph:DIR`, `memory:` (a temporary folder, deleted at exit), or a
    server, `sparql+http://…`, of whose graphs those with names that begin with `prefix` are meant.

    Raises BadRequest for anything else, StoreUnavailable.
    """
    scheme, _, rest = engine.partition(":")
    if scheme == "memory" and not rest:
        return EmbeddedStore(None)
    if scheme == "oxigraph":
        path = Path(rest) if rest else data / "store"
        path.mkdir(parents=True, exist_ok=True)
        return EmbeddedStore(path)
    if is_remote(engine):
        from synhub.store.remote import RemoteStore

        return RemoteStore(parse_engine_url(engine), prefix)
    raise BadRequest(f"unknown engine {engine!r}; use oxigraph:, memory: or sparql+http://host:port/path")
