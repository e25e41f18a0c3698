"""The members of collections in the orders that are offered, and which version of an identity is the latest.

Both follow the tables `top_level` and `membership`, and are kept by every job: what goes is taken out before its row
changes, what comes is put in at the end, when all rows of the transaction are there.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable
from typing import Any

from synhub.store.catalog.postings import ALL, LATEST, MEMBER, VERSION, Postings

SORT_NAME, SORT_ID, SORT_CLASS = 0, 1, 2
KEYS = ("t.sort_name", "t.sort_id", "t.class || ' ' || t.sort_id")
"""SQL of what members are ordered by, in the order of the numbers of sorts. No IRI has a blank in it."""
_KEYS = ", ".join(KEYS)


class Members:
    """Changes of one transaction to one graph; `write` ends it. Sets go through the transaction's `Postings`."""

    def __init__(self, connection: sqlite3.Connection, postings: Postings) -> None:
        self._connection = connection
        self._postings = postings
        self._rows: list[int] = []
        self._links: list[tuple[int, list[int]]] = []
        self._identities: set[tuple[int, int]] = set()

    def row_goes(self, row_id: int) -> None:
        """Say that a row of top_level will go, or be another; to be called while it is as it was."""
        self._leave(self._pairs([row_id]))
        sql = "SELECT collection FROM membership JOIN top_level ON member = identity WHERE top_level.id = ?"
        for (collection,) in self._connection.execute(sql, (row_id,)):
            self._postings.put(VERSION, collection, row_id, holds=False)
        self._postings.put(ALL, 0, row_id, holds=False)
        self._postings.put(LATEST, 0, row_id, holds=False)
        self._touch([row_id])

    def row_comes(self, row_id: int) -> None:
        """Say that a row of top_level is there, or is another."""
        self._rows.append(row_id)
        self._postings.put(ALL, 0, row_id)

    def links_go(self, collection: int, members: Collection[int]) -> None:
        """Say that a collection (row id) has some members (nodes) no longer; to be called before rows go."""
        if not members:
            return
        nodes = json.dumps(list(members))
        self._leave(self._linked(collection, nodes))
        for row_id in self._with_identity(nodes):
            self._postings.put(VERSION, collection, row_id, holds=False)

    def links_come(self, collection: int, members: Collection[int]) -> None:
        """Say that a collection (row id) has some new members (nodes)."""
        if members:
            self._links.append((collection, list(members)))

    def write(self) -> None:
        """Put in what came. Rows and memberships are all there now."""
        self._enter(self._pairs(self._rows))
        rows = json.dumps(self._rows)
        for collection, row_id in self._connection.execute(
            "SELECT m.collection, t.id FROM json_each(?) AS r CROSS JOIN top_level AS t ON t.id = r.value"
            " CROSS JOIN membership AS m ON m.member = t.identity",
            (rows,),
        ).fetchall():
            self._postings.put(VERSION, collection, row_id)
        for collection, members in self._links:
            nodes = json.dumps(members)
            self._enter(self._linked(collection, nodes))
            for row_id in self._with_identity(nodes):
                self._postings.put(VERSION, collection, row_id)
        self._touch(self._rows)
        self._write_latest()
        self._rows, self._links, self._identities = [], [], set()

    def _write_latest(self) -> None:
        """Source: `catalog_conditions.is_latest`, without regard to what is hidden."""
        rows = self._connection.execute(
            "SELECT t.id, t.identity, t.graph FROM json_each(?) AS i CROSS JOIN top_level AS t"
            " ON t.identity = json_extract(i.value, '$[0]') AND t.graph = json_extract(i.value, '$[1]')"
            " ORDER BY t.identity, t.graph, t.version_order DESC, t.iri DESC",
            (json.dumps(sorted(self._identities)),),
        ).fetchall()
        before = None
        for row_id, *identity in rows:
            self._postings.put(LATEST, 0, row_id, holds=identity != before)
            before = identity
        for (row_id,) in self._connection.execute(
            "SELECT t.id FROM json_each(?) AS r CROSS JOIN top_level AS t ON t.id = r.value WHERE t.identity IS NULL",
            (json.dumps(self._rows),),
        ).fetchall():
            self._postings.put(LATEST, 0, row_id)

    def _touch(self, rows: list[int]) -> None:
        self._identities.update(
            self._connection.execute(
                "SELECT t.identity, t.graph FROM json_each(?) AS r CROSS JOIN top_level AS t ON t.id = r.value"
                " WHERE t.identity IS NOT NULL",
                (json.dumps(rows),),
            )
        )

    def _pairs(self, rows: list[int]) -> list[tuple[Any, ...]]:
        """Return (collection, row, keys…) of the collections that have some rows as members."""
        return self._connection.execute(
            f"SELECT m.collection, t.id, {_KEYS} FROM json_each(?) AS r CROSS JOIN top_level AS t ON t.id = r.value"  # noqa: S608
            " CROSS JOIN membership AS m ON m.member = t.node",
            (json.dumps(rows),),
        ).fetchall()

    def _linked(self, collection: int, nodes: str) -> list[tuple[Any, ...]]:
        """Return the same of one collection and some of its members."""
        return self._connection.execute(
            f"SELECT :collection, t.id, {_KEYS}"  # noqa: S608
            " FROM json_each(:nodes) AS n CROSS JOIN top_level AS t ON t.node = n.value",
            {"collection": collection, "nodes": nodes},
        ).fetchall()

    def _with_identity(self, nodes: str) -> list[int]:
        sql = "SELECT t.id FROM json_each(?) AS n CROSS JOIN top_level AS t ON t.identity = n.value"
        return [row_id for (row_id,) in self._connection.execute(sql, (nodes,))]

    def _enter(self, pairs: Iterable[tuple[Any, ...]]) -> None:
        self._connection.executemany("INSERT OR IGNORE INTO listing VALUES (?, ?, ?, ?)", self._keys(pairs, holds=True))

    def _leave(self, pairs: Iterable[tuple[Any, ...]]) -> None:
        sql = "DELETE FROM listing WHERE collection = ? AND sort = ? AND key = ? AND id = ?"
        self._connection.executemany(sql, self._keys(pairs, holds=False))

    def _keys(self, pairs: Iterable[tuple[Any, ...]], *, holds: bool) -> list[tuple[int, int, str, int]]:
        """Return the rows of `listing`, in the order of the table, having put the pairs into the sets."""
        rows: list[tuple[int, int, str, int]] = []
        for collection, row_id, *keys in pairs:
            self._postings.put(MEMBER, collection, row_id, holds=holds)
            rows += [(collection, sort, key, row_id) for sort, key in enumerate(keys)]
        return sorted(rows)
