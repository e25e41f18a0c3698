"""The values that are counted beside a search, by object: types, roles, creators. How they are written and proved.

They are a part of what the table `facet` has, kept so that those of some thousand objects can be counted; they are
read in catalog_facet_counts.py.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping

from synhub.rdf import Term
from synhub.store.database import Database

_ADD = "INSERT INTO facet_count VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n"


class FacetCounter:
    """The changes of one transaction to the counted values of one graph. `intern` first, `flush` at the end."""

    def __init__(self, connection: sqlite3.Connection, graph: int) -> None:
        self._connection = connection
        self._graph = graph
        self._ids: dict[int, int] = {}
        self._counts: Counter[int] = Counter()
        self._rows: list[tuple[int, int]] = []

    def intern(self, values: Mapping[int, tuple[int, Term]]) -> None:
        """Learn the numbers of all values that `put` will meet: (kind, value) by facet key."""
        rows = [(key, kind, term) for key, (kind, term) in values.items()]
        self._connection.executemany("INSERT OR IGNORE INTO facet_value (key, kind, term) VALUES (?, ?, ?)", rows)
        known = self._connection.execute(
            "SELECT key, id FROM facet_value WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(list(values)),)
        ).fetchall()
        self._ids = dict(known)

    def put(self, row_id: int, keys: Iterable[int], *, known: bool, counted: bool) -> None:
        """Make `keys` those of a top level, which has some if it is `known`, and is `counted` if not hidden."""
        new = {self._ids[key] for key in keys}
        old = self._values(row_id) if known else set()
        self._delete(row_id, old - new)
        self._rows += [(row_id, value) for value in new - old]
        if counted:
            self._counts.update(new)
            self._counts.subtract(old)

    def remove(self, row_id: int, *, counted: bool) -> None:
        old = self._values(row_id)
        self._delete(row_id, old)
        if counted:
            self._counts.subtract(old)

    def flush(self) -> None:
        self._connection.executemany("INSERT INTO facet_of VALUES (?, ?)", sorted(self._rows))
        self._connection.executemany(_ADD, [(self._graph, value, n) for value, n in self._counts.items() if n])

    def _values(self, row_id: int) -> set[int]:
        return {value for (value,) in self._connection.execute("SELECT value FROM facet_of WHERE id = ?", (row_id,))}

    def _delete(self, row_id: int, values: set[int]) -> None:
        rows = [(row_id, value) for value in values]
        self._connection.executemany("DELETE FROM facet_of WHERE id = ? AND value = ?", rows)


def recount_facets(connection: sqlite3.Connection, row_ids: Iterable[int], sign: int, graph_shift: int) -> None:
    """Take top levels that are being hidden out of the counters (`sign` -1), or put them back (1)."""
    connection.execute(
        "INSERT INTO facet_count SELECT id >> ?, value, ? * count(*) FROM facet_of"
        " WHERE id IN (SELECT value FROM json_each(?)) GROUP BY 1, 2"
        " ON CONFLICT DO UPDATE SET n = n + excluded.n",
        (graph_shift, sign, json.dumps(list(row_ids))),
    )


def check_facets(database: Database) -> list[str]:
    """Return a line for every value that is not where `facet` has it, and for every counter that is not its sum."""
    lines = [
        f"{iri}: the facets of it that are counted are not those that are searched"
        for (iri,) in database.rows(
            "SELECT iri FROM top_level WHERE id IN"
            " (SELECT f.id FROM facet_of AS f JOIN facet_value AS v ON v.id = value"
            "  WHERE NOT EXISTS (SELECT 1 FROM facet WHERE facet.key = v.key AND facet.id = f.id)"
            " UNION SELECT facet.id FROM facet_value AS v JOIN facet USING (key)"
            "  WHERE NOT EXISTS (SELECT 1 FROM facet_of AS f WHERE f.id = facet.id AND f.value = v.id)) ORDER BY iri"
        )
    ]
    rows = database.rows(
        "SELECT g.iri, v.term, coalesce(k.n, 0), coalesce(s.n, 0) FROM"
        " (SELECT t.graph AS graph, value, count(*) AS n FROM facet_of JOIN top_level AS t USING (id)"
        "  WHERE id NOT IN (SELECT id FROM hidden) GROUP BY 1, 2) s"
        " FULL OUTER JOIN facet_count k ON k.graph = s.graph AND k.value = s.value"
        " JOIN graph g ON g.id = coalesce(s.graph, k.graph) JOIN facet_value v ON v.id = coalesce(s.value, k.value)"
        " WHERE coalesce(s.n, 0) <> coalesce(k.n, 0)"
    )
    return lines + [f"{graph}: counter of {term} is {counter}, its rows say {n}" for graph, term, counter, n in rows]
