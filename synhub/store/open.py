"""Engine URL to engine. An unknown scheme is an error at start."""

from pathlib import Path

from synhub.errors import BadRequest
from synhub.store.embedded import EmbeddedStore


def open_store(engine: str, data: Path) -> EmbeddedStore:
    """Open `oxigraph:` (in the data folder), `oxigraph:DIR` or `memory:` (a temporary folder, deleted at exit).

    Raises BadRequest for anything else.
    """
    scheme, _, rest = engine.partition(":")
    if scheme == "memory" and not rest:
        return EmbeddedStore(None)
    if scheme == "oxigraph":
        path = Path(rest) if rest else data / "store"
        path.mkdir(parents=True, exist_ok=True)
        return EmbeddedStore(path)
    raise BadRequest(f"unknown engine {engine!r}; use oxigraph: or memory:")
