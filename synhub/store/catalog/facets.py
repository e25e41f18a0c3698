"""The values that are counted beside a search: types, roles, creators. How they are written and proved.

They are a part of what the table `facet` has; they are read in facet_counts.py.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from synhub.rdf import Term
from synhub.store.catalog.creators import all_creators, change_creators
from synhub.store.catalog.entry import COUNTED, unpack_keys
from synhub.store.database import Database, insert_all
from synhub.vocab import DC

CREATOR = COUNTED[DC.creator]

_ADD = "INSERT INTO facet_count VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n"
_KNOWN = "SELECT v.key, v.id, v.kind FROM json_each(?) AS wanted CROSS JOIN facet_value AS v ON v.key = wanted.value"

_Value = tuple[int, int]  # facet_value.id and kind


class FacetCounter:
    """The changes of one transaction to the counted values of one graph. `intern` first, `flush` at the end."""

    def __init__(self, connection: sqlite3.Connection, graph: int) -> None:
        self._connection = connection
        self._graph = graph
        self._values: dict[int, _Value] = {}
        self._counts: Counter[_Value] = Counter()
        self._creators: list[tuple[int, int]] = []
        self._without_creators: set[int] = set()

    def intern(self, values: Mapping[int, tuple[int, Term]]) -> None:
        """Learn the numbers of all values that `put` will meet: (kind, value) by facet key."""
        rows = [(key, kind, term) for key, (kind, term) in values.items()]
        insert_all(self._connection, "INSERT OR IGNORE INTO facet_value (key, kind, term) VALUES (?, ?, ?)", rows)
        self._values = _known(self._connection, values)

    def put(self, row_id: int, new: Iterable[int], old: Collection[int], *, counted: bool) -> None:
        """Count a top level that has the keys `new` and had, with others, those of `old`, when it is not hidden."""
        come = {self._values[key] for key in new}
        gone = self._remove(row_id, old)
        self._creators += [(row_id, value) for value, kind in come if kind == CREATOR]
        if counted:
            for known in come:
                self._counts[known] += 1
            for known in gone:
                self._counts[known] -= 1

    def put_all(self, counts: Mapping[int, int], creators: Iterable[tuple[int, int]]) -> None:
        """Count many new top levels, none hidden: how many have each key, and the keys that are creators of rows."""
        for key, n in counts.items():
            self._counts[self._values[key]] += n
        self._creators += [(row_id, self._values[key][0]) for row_id, key in creators]

    def remove(self, row_id: int, old: Collection[int], *, counted: bool) -> None:
        """Forget a top level that had, with others, some keys."""
        gone = self._remove(row_id, old)
        if counted:
            self._counts.subtract(gone)

    def flush(self) -> None:
        change_creators(self._connection, self._creators, self._without_creators)
        counts = [(self._graph, value, kind, n) for (value, kind), n in self._counts.items() if n]
        self._connection.executemany(_ADD, sorted(counts))

    def _remove(self, row_id: int, old: Collection[int]) -> list[_Value]:
        if not old:
            return []
        self._without_creators.add(row_id)
        return list(_known(self._connection, old).values())


def _known(connection: sqlite3.Connection, keys: Iterable[int]) -> dict[int, _Value]:
    """Return the values that are counted of some keys."""
    rows = connection.execute(_KNOWN, (json.dumps(list(keys)),))
    return {key: (value, kind) for key, value, kind in rows}


def recount_facets(connection: sqlite3.Connection, row_ids: Iterable[int], sign: int, graph_shift: int) -> None:
    """Take top levels that are being hidden out of the counters (`sign` -1), or put them back (1)."""
    rows = connection.execute(
        "SELECT t.id >> ?, t.facets FROM json_each(?) AS wanted CROSS JOIN top_level AS t ON t.id = wanted.value",
        (graph_shift, json.dumps(list(row_ids))),
    ).fetchall()
    keys = Counter((graph, key) for graph, packed in rows for key in unpack_keys(packed))
    values = _known(connection, {key for _, key in keys})
    counts = [(graph, *values[key], sign * n) for (graph, key), n in keys.items() if key in values]
    connection.executemany(_ADD, counts)


def check_facets(database: Database) -> list[str]:
    """Return a line for every counter that is not the sum of its rows, and for creators that are not those searched."""
    rows = database.rows(
        "SELECT g.iri, v.term, coalesce(k.n, 0), coalesce(s.n, 0) FROM"
        " (SELECT t.graph AS graph, v.id AS value, count(*) AS n FROM facet_value AS v CROSS JOIN facet USING (key)"
        "  CROSS JOIN top_level AS t ON t.id = facet.id WHERE t.id NOT IN (SELECT id FROM hidden) GROUP BY 1, 2) s"
        " FULL OUTER JOIN facet_count k ON k.graph = s.graph AND k.value = s.value"
        " JOIN graph g ON g.id = coalesce(s.graph, k.graph) JOIN facet_value v ON v.id = coalesce(s.value, k.value)"
        " WHERE coalesce(s.n, 0) <> coalesce(k.n, 0)"
    )
    lines = [f"{graph}: counter of {term} is {counter}, its rows say {n}" for graph, term, counter, n in rows]
    return lines + _check_kinds(database) + _check_creators(database)


def _check_kinds(database: Database) -> list[str]:
    rows = database.rows(
        "SELECT v.term FROM facet_count AS k CROSS JOIN facet_value AS v ON v.id = k.value WHERE v.kind <> k.kind"
    )
    return [f"counter of {term} is of another kind than the value" for (term,) in rows]


def _check_creators(database: Database) -> list[str]:
    expected: dict[int, set[int]] = {}
    searched = "SELECT facet.id, v.id FROM facet_value AS v CROSS JOIN facet USING (key) WHERE v.kind = ?"
    for row_id, value in database.read().execute(searched, (CREATOR,)):
        expected.setdefault(row_id, set()).add(value)
    wrong = {row_id for row_id, values in all_creators(database.read()) if expected.pop(row_id, None) != values}
    names = database.rows(
        "SELECT w.value, t.iri FROM json_each(?) AS w LEFT JOIN top_level AS t ON t.id = w.value ORDER BY t.iri",
        (json.dumps(sorted(wrong | expected.keys())),),
    )
    return [
        f"{iri or f'catalog row {row_id}'}: its creators that are counted are not those that are searched"
        for row_id, iri in names
    ]
