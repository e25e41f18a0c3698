"""The tasks of the children of the sequence index: answer one search, merge segments and make their table.

Answers for opening index and catalog once for many searches, and for what the caller may see: a digest is visible when
a top level that has it lies in one of the caller's graphs and is not hidden.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from synhub.rdf import Iri
from synhub.search.alignment import SequenceQuery
from synhub.store.catalog.pending import visible_digests
from synhub.store.database import Database
from synhub.store.sequences.files import Facts
from synhub.store.sequences.index import SequenceIndex
from synhub.store.sequences.segment import merge_segments

_SPARE_S = 0.5  # of the time of a search, for the answer


def run(argument: dict[str, Any]) -> dict[str, Any]:
    """Answer `query` (fields of SequenceQuery) over the index in `folder`, for who reads `graphs`.

    `catalog` is the database that says who has a sequence; `within` are digests (hexadecimal) to stay in, or None.
    Raises Inconsistent.
    """
    index, catalog = _open(argument["folder"], argument["catalog"])
    visible = _visible(catalog, argument["graphs"], argument["within"])
    found = index.find(SequenceQuery(**argument["query"]), visible, max(0.1, argument["timeout_s"] - _SPARE_S))
    rows = [(match.digest.hex(), *match[1:]) for match in found.matches]
    return {"matches": rows, "total": found.total, "cut": found.cut}


def _visible(
    catalog: Database, graphs: Sequence[Iri], within: Sequence[str] | None
) -> Callable[[Sequence[bytes]], AbstractSet[bytes]]:
    wanted = None if within is None else frozenset(bytes.fromhex(digest) for digest in within)

    def visible(digests: Sequence[bytes]) -> AbstractSet[bytes]:
        asked = digests if wanted is None else [digest for digest in digests if digest in wanted]
        return visible_digests(catalog, asked, graphs)

    return visible


@lru_cache(maxsize=1)
def _open(folder: str, catalog: str) -> tuple[SequenceIndex, Database]:
    return SequenceIndex(Path(folder)), Database(Path(catalog), "catalog", derived=True, read_only=True)


def merge(argument: dict[str, Any]) -> dict[str, Any]:
    """Merge the segments `old` (facts) of `folder` into one called `name` with a table; return its facts.

    Sequences that the catalog does not hold any more are left out: `dropped` are their digests (hexadecimal).
    """
    with closing(Database(Path(argument["catalog"]), "catalog", derived=True, read_only=True)) as catalog:
        folder = Path(argument["folder"])
        dropped: list[str] = []

        def keep(digests: Sequence[bytes]) -> AbstractSet[bytes]:
            kept = visible_digests(catalog, digests, None)
            dropped.extend(digest.hex() for digest in digests if digest not in kept)
            return kept

        facts = merge_segments(folder, argument["name"], [Facts(**f) for f in argument["old"]], keep)
    return {"facts": asdict(facts), "dropped": dropped}
