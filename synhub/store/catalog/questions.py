"""Questions to the catalog that another process answers: a function of it with its arguments, and what it returned.

Pickled, which is the quickest way for rows: both ends are processes of one server, and nothing that a user sends is
ever unpickled. Functions and classes go by name. The catalog and the store go as words: the other process has the
catalog open itself, and no store.
"""

import io
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from synhub.model import Dataset, Removed
from synhub.store.base import TripleStore
from synhub.store.catalog.catalog import Catalog
from synhub.store.database import Database

_STORE = "store"


class _Reading(Catalog):
    """The catalog as another process reads it, which is not told what is being hidden: the rows tell."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path, "catalog", derived=True, read_only=True)

    @property
    def hidden(self) -> frozenset[Removed]:
        return frozenset()

    @property
    def any_hidden(self) -> bool:
        return True


class _Writer(pickle.Pickler):
    def __init__(self, file: io.BytesIO, store: TripleStore) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._store = store

    def persistent_id(self, value: Any) -> str | None:
        if isinstance(value, Catalog):
            return str(value.database.path.absolute())
        return _STORE if value is self._store else None


class _Reader(pickle.Unpickler):
    def persistent_load(self, name: str) -> Any:
        return None if name == _STORE else _open(name)


@lru_cache(maxsize=1)
def _open(path: str) -> Catalog:
    return _Reading(Path(path))


def write_question(
    catalog: Catalog,
    store: TripleStore,
    call: Callable[..., Any],
    arguments: Sequence[Any],
    named: Mapping[str, Any],
) -> bytes:
    """Return the question what a function returns; among its arguments may be the catalog and the store.

    Of what is hidden only that is told which the rows of the catalog do not tell yet.
    """
    told = [
        replace(given, hidden=catalog.unseen(given.hidden)) if isinstance(given, Dataset) and given.hidden else given
        for given in arguments
    ]
    file = io.BytesIO()
    _Writer(file, store).dump((call, told, dict(named)))
    return file.getvalue()


def answer(question: bytes) -> bytes:
    """Return the pickled answer to a question. Raises what the function raises."""
    call, arguments, named = _Reader(io.BytesIO(question)).load()
    return pickle.dumps(call(*arguments, **named), pickle.HIGHEST_PROTOCOL)


def read_answer(written: bytes) -> Any:
    """Return what the function returned."""
    return pickle.loads(written)  # noqa: S301 - written by a process of this server
