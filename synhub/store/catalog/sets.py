"""Sets of the top levels of one graph, as one reader sees it: what has a term, what is to be seen, what is latest.

A set is a number with a bit for each row (bits.py). What the terms are, and how the sets are written, is
postings.py's business.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from synhub.store.catalog import bits
from synhub.store.catalog.postings import ALL, HIDDEN, LATEST, LETTER, USED, span_of
from synhub.store.catalog.words import words_with
from synhub.store.database import Database

_TERM = "SELECT chunk - :first, ids FROM posting WHERE kind = :kind AND term = :term AND chunk BETWEEN :first AND :last"
_TERMS = (
    "SELECT chunk - :first, ids FROM json_each(:terms) AS wanted CROSS JOIN posting"
    " ON kind = :kind AND term = wanted.value AND chunk BETWEEN :first AND :last"
)
# rows that are used once or not at all are many, and looked up only when they are wanted
_USED_MORE = (
    "SELECT term, chunk - :first, ids FROM posting WHERE kind = :kind AND term > 1 AND chunk BETWEEN :first AND :last"
)

_SMALL = 2_000  # bytes of sets of a thousand rows, which are looked through together
_FIRST_TERM = "SELECT min(term) FROM posting WHERE kind = :kind AND term > :after"
_LAST_TERM = "SELECT max(term) FROM posting WHERE kind = :kind AND term < :after"


def later(row: str) -> str:
    """SQL: the later versions of the identity of a row of top_level that are to be seen in its graph."""
    return (
        f"SELECT 1 FROM top_level AS later WHERE later.identity = {row}.identity AND later.graph = {row}.graph"
        f" AND (later.version_order, later.iri) > ({row}.version_order, {row}.iri)"
        " AND later.id NOT IN (SELECT id FROM hidden)"
        " AND later.iri NOT IN (SELECT value FROM json_each(:unseen))"
    )


class Sets:
    """The sets of one graph. `graph` are the values that conditions bind: graph, low, high, unseen."""

    def __init__(self, database: Database, graph: Mapping[str, Any]) -> None:
        self._database = database
        self.graph = graph
        self._low = graph["low"]
        self._chunks = {"first": graph["low"] >> bits.CHUNK_SHIFT, "last": graph["high"] >> bits.CHUNK_SHIFT}
        self._known: dict[tuple[int, tuple[int, ...] | str], int] = {}

    @cached_property
    def everything(self) -> int:
        """All rows of the graph, hidden ones too."""
        return self.with_any(ALL, [0])

    @cached_property
    def size(self) -> int:
        """How many rows there are and were, more or less."""
        row = self._database.row("SELECT max(id) - :low FROM top_level WHERE id BETWEEN :low AND :high", self.graph)
        return 0 if row is None or row[0] is None else int(row[0])

    @cached_property
    def hidden(self) -> int:
        """The rows that are not to be seen."""
        hidden = self.with_any(HIDDEN, [0])
        if self.graph["unseen"] == "[]":
            return hidden
        return hidden | self.selected(
            "SELECT t.id FROM json_each(:unseen) AS u CROSS JOIN node ON node.iri = u.value"
            " CROSS JOIN top_level AS t ON t.node = node.id AND t.graph = :graph",
            {},
        )

    @cached_property
    def latest(self) -> int:
        """The rows of which no later version is to be seen; among them may be some that are hidden themselves."""
        latest = self.with_any(LATEST, [0])
        stale = latest & self.hidden
        if not stale:
            return latest
        rows = self._database.rows(
            "SELECT t.id FROM json_each(:stale) AS s CROSS JOIN top_level AS h ON h.id = s.value"
            " CROSS JOIN top_level AS t ON t.identity = h.identity AND t.graph = h.graph"
            f" WHERE NOT EXISTS ({later('t')})",
            dict(self.graph) | {"stale": json.dumps(self.ids(stale))},
        )
        return latest | self.of(row_id for (row_id,) in rows)

    def with_any(self, kind: int, terms: Iterable[int]) -> int:
        """Return the rows that have one of some terms of a kind."""
        wanted = tuple(terms)
        return self._set(kind, wanted, lambda: self._joined(kind, wanted))

    def with_word(self, kind: int, part: str) -> int:
        """Return the rows that have a word (kind TEXT or NAME) with this part (`words.is_word`)."""
        return self._set(kind, part, lambda: self._joined(kind, self._words(part)))

    def _set(self, kind: int, terms: tuple[int, ...] | str, make: Callable[[], int]) -> int:
        """Return a set that was made lately, and always the same to one reader."""
        key = (kind, terms)
        if key not in self._known:
            size = 200 + 40 * len(terms)
            self._known[key] = self._database.kept.find(
                (self._low, *key), make, lambda made: size + sys.getsizeof(made)
            )
        return self._known[key]

    def _words(self, part: str) -> tuple[int, ...]:
        def make() -> tuple[int, ...]:
            return tuple(words_with(self._database.read(), part))

        return self._database.kept.find(("word", part), make, lambda words: 200 + 40 * len(words))

    def _joined(self, kind: int, terms: tuple[int, ...]) -> int:
        values = self._chunks | {"kind": kind}
        if len(terms) == 1:
            return bits.join(self._database.rows(_TERM, values | {"term": terms[0]}))
        return bits.join(self._database.rows(_TERMS, values | {"terms": json.dumps(terms)}))

    def with_letter(self, letter: str) -> int:
        """Return the rows that have a word (kind TEXT) with this character."""
        return self.with_any(LETTER, [ord(letter)])

    def by_use(self, *, descending: bool) -> Iterator[tuple[int, int, int]]:
        """Yield (least uses, most uses, the rows with so many), in that order; together they are all rows."""
        more = self._database.kept.find(
            (self._low, "uses"), self._used_more, lambda bands: sum(200 + sys.getsizeof(used) for _, _, used in bands)
        )
        bands = [*((n, n, None) for n in (0, 1)), *more]
        for least, most, used in reversed(bands) if descending else bands:
            yield least, most, self.with_any(USED, [least]) if used is None else used

    def _used_more(self) -> list[tuple[int, int, int]]:
        """Return the same of what is used more than once, the least used first."""
        above: dict[int, list[tuple[int, bytes]]] = {}
        for length, *chunk in self._database.rows(_USED_MORE, {**self._chunks, "kind": USED}):
            above.setdefault(length, []).append((chunk[0], chunk[1]))
        bands: list[list[int]] = []
        size = 0
        for length in sorted(above):
            size += sum(len(ids) for _, ids in above[length])
            if bands and size <= _SMALL:
                bands[-1].append(length)
            else:
                bands.append([length])
                size = sum(len(ids) for _, ids in above[length])
        chunks = [[chunk for length in band for chunk in above[length]] for band in bands]
        return [
            ((1 << band[0]) >> 1, (1 << band[-1]) - 1, bits.join(some))
            for band, some in zip(bands, chunks, strict=True)
        ]

    def by_year(self, kind: int, *, descending: bool) -> Iterator[tuple[int, int, int]]:
        """Yield (first instant, last instant, the rows with a date of `kind` between), in that order."""
        pick = _LAST_TERM if descending else _FIRST_TERM
        values: dict[str, Any] = {"kind": kind, "after": (1 << 62) if descending else -(1 << 62)}
        while (row := self._database.row(pick, values)) is not None and row[0] is not None:
            values["after"] = row[0]
            yield *span_of(row[0]), self.with_any(kind, [row[0]])

    def selected(self, sql: str, values: Mapping[str, Any]) -> int:
        """Return the rows that a statement selects the ids of, first of its columns."""
        return self.of(row[0] for row in self._database.rows(sql, {**self.graph, **values}))

    def some_ids(self, sql: str, values: Mapping[str, Any], limit: int = -1) -> list[int]:
        """Return the ids that a statement selects, first of its columns; of more than `limit` some."""
        rows = self._database.rows(f"SELECT * FROM ({sql}) LIMIT :n", {**self.graph, **values, "n": limit})
        return [row[0] for row in rows]

    def number(self, sql: str, values: Mapping[str, Any]) -> int:
        """Return how many rows a statement selects."""
        row = self._database.row(f"SELECT count(*) FROM ({sql})", {**self.graph, **values})
        assert row is not None
        return int(row[0])

    def each(self, sql: str, values: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """Yield the rows that a statement selects, as they are asked for."""
        cursor = self._database.read().execute(sql, {**self.graph, **values})
        try:
            yield from cursor
        finally:
            cursor.close()

    def of(self, ids: Iterable[int]) -> int:
        """Return the set of some row ids of the graph."""
        return bits.of(row_id - self._low for row_id in ids)

    def ids(self, some: int) -> list[int]:
        """Return the row ids of a set, ascending."""
        return [self._low + n for n in bits.members(some)]
