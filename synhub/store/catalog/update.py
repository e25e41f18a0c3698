"""The changes of one transaction to the rows of one graph. What is in a catalog from the beginning is fresh.py's.

Answers for: only what differs is written, and everything that is kept beside the rows (counters, sets, orders of
members, words) changes with them. Which top levels change, and when, is catalog.py's business.
"""

import json
import sqlite3
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from synhub.rdf import Iri
from synhub.store.catalog.entry import Entry, pack_keys, unpack_keys
from synhub.store.catalog.facets import FacetCounter
from synhub.store.catalog.large_collections import completed
from synhub.store.catalog.members import Members
from synhub.store.catalog.names import name_words
from synhub.store.catalog.postings import HIDDEN, NAME, TEXT, Postings
from synhub.store.catalog.properties import PropertyCounter
from synhub.store.database import insert_all
from synhub.vocab import SBOL2

GRAPH_SHIFT = 40  # top_level.id = graph.id << 40 | serial


def is_public(graph: Iri) -> bool:
    """Say whether a graph is the public one, whatever the prefix: only its references count as uses.

    The graph of a user called `public` is not, so that private use of a public part never shows.
    """
    return graph.endswith("/public") and not graph.endswith("/user/public")


def connection_ids(connection: sqlite3.Connection, graph: Iri, iris: Iterable[Iri]) -> dict[Iri, int]:
    """Return the row id of each top level of a graph that has one."""
    rows = connection.execute(
        # CROSS JOIN is SQLite's word for "in this order"; left alone it walks the whole graph
        "SELECT node.iri, top_level.id FROM json_each(?) AS wanted"
        " CROSS JOIN node ON node.iri = wanted.value CROSS JOIN top_level ON top_level.node = node.id"
        " WHERE top_level.graph = (SELECT id FROM graph WHERE iri = ?)",
        (json.dumps(list(iris)), graph),
    )
    return dict(rows.fetchall())


# Statements for rows of which none is there. The number of uses of a row is given, or that of its node is taken.
TOP_LEVEL = "INSERT INTO top_level VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TOP_LEVEL = (
    "INSERT OR REPLACE INTO top_level VALUES"
    " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT uses FROM node WHERE id = ?), ?, ?, ?, ?, ?, ?)"
)
_HIDDEN = "INSERT INTO hidden VALUES (?)"
_ARRIVING = "INSERT INTO arriving VALUES (?, ?)"
FOLDED = "INSERT INTO folded VALUES (?, ?, ?, ?)"
_WORDS = "INSERT INTO words (rowid, display_id, name, description) VALUES (?, ?, ?, ?)"
MEMBERSHIP = "INSERT INTO membership VALUES (?, ?)"
REFERENCE = "INSERT INTO reference VALUES (?, ?, ?)"
_REFERENCE = "INSERT OR REPLACE INTO reference VALUES (?, ?, ?)"
FACET = "INSERT INTO facet VALUES (?, ?)"
MOMENT = "INSERT INTO moment VALUES (?, ?, ?)"
ELEMENTS = "INSERT INTO elements VALUES (?, ?, ?, ?, ?, ?)"
CLASS_USE = "INSERT INTO class_use VALUES (?, ?, ?)"
NAME_WORD = "INSERT INTO name_word VALUES (?, ?, ?)"
_INSERTS = (
    *(_TOP_LEVEL, _HIDDEN, _ARRIVING, FOLDED, _WORDS, MEMBERSHIP, _REFERENCE),
    *(FACET, MOMENT, ELEMENTS, CLASS_USE, NAME_WORD),
)
NODE, IDENTITY = 2, 16  # columns of top_level


def top_level_row(
    row_id: int, graph: int, node: int, identity: int | None, uses: int, entry: Entry
) -> tuple[str | int | bytes | None, ...]:
    """Return the columns of the table. `uses` is what the statement has in its place."""
    return (
        *(row_id, graph, node, entry.iri, entry.display_id, entry.version, entry.name, entry.description, entry.cls),
        *(entry.sbol_type, entry.role, entry.sort_id, entry.sort_name, uses, entry.digest, pack_keys(entry.facets)),
        *(identity, entry.version_order, entry.created, entry.modified),
    )


def number_iris(connection: sqlite3.Connection, table: str, iris: Collection[Iri]) -> dict[Iri, int]:
    """Return the numbers of IRIs in a table (graph, node, class), which gets those that it has not."""
    insert_all(connection, f"INSERT OR IGNORE INTO {table} (iri) VALUES (?)", [(i,) for i in iris])  # noqa: S608
    rows = connection.execute(
        f"SELECT iri, id FROM {table} WHERE iri IN (SELECT value FROM json_each(?))",  # noqa: S608
        (json.dumps(list(iris)),),
    )
    return dict(rows.fetchall())


def add_classes(connection: sqlite3.Connection, graph: int, counts: Mapping[int, int]) -> None:
    """Count how often classes (numbers) occur in a graph more often than they did."""
    connection.executemany(
        "INSERT INTO class_count VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
        [(graph, cls, n) for cls, n in counts.items() if n],
    )


class Update:
    """One transaction's changes to one graph.

    Only differences are written: a collection of 100 000 that gained one member costs one row. With a `job` all are
    new and written ahead for it. `uses` are further ones, of nodes.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        graph: Iri,
        changed: Mapping[Iri, Entry | None],
        hidden: set[Iri],
        *,
        job: str | None = None,
        uses: "Counter[int] | None" = None,
    ) -> None:
        self._connection = connection
        self._changed = changed
        self._hidden = hidden
        self._public = is_public(graph)
        self._graph = number_iris(connection, "graph", [graph])[graph]
        self._ids = connection_ids(connection, graph, changed)
        self._nodes: dict[Iri, int] = {}
        self._classes: dict[Iri, int] = {}
        self._counts: Counter[int] = Counter()
        self._uses = uses or Counter[int]()
        self._job = job
        self._arriving = self._arriving_rows()
        self._properties = PropertyCounter(connection, self._graph)
        self._values = FacetCounter(connection, self._graph)
        self._postings = Postings(connection)
        self._members = Members(connection, self._postings)
        self._come: list[int] = []
        self._new: dict[str, list[tuple[Any, ...]]] = {insert: [] for insert in _INSERTS}

    def run(self) -> None:
        entries = [entry for entry in self._changed.values() if entry is not None]
        self._intern(entries)
        for top_level, entry in self._changed.items():
            if entry is None and top_level in self._ids:
                self._remove(self._ids[top_level])
        old = {i for top, i in self._ids.items() if self._changed[top] is not None}
        next_id = self._next_id()
        for entry in entries:
            row_id = self._ids.get(entry.iri)
            if row_id is None:
                row_id, next_id = next_id, next_id + 1
            self._write(row_id, entry, known=row_id in old)
        for insert, rows in self._new.items():
            if rows:
                insert_all(self._connection, insert, sorted(rows))  # in the order of the tables: fewer page misses
        self._write_counts()
        self._members.write()
        self._postings.write()

    def _arriving_rows(self) -> set[int]:
        rows = self._connection.execute(
            "SELECT arriving.id FROM json_each(?) AS r CROSS JOIN arriving ON arriving.id = r.value",
            (json.dumps(list(self._ids.values())),),
        )
        return {row_id for (row_id,) in rows}

    def _intern(self, entries: list[Entry]) -> None:
        iris = {iri for e in entries for iri in (e.iri, *e.members, *e.references)}
        iris |= {iri for e in entries if e.change for iri in (*e.change.come, *e.change.gone)}
        iris |= {e.identity for e in entries if e.identity is not None}
        self._nodes = number_iris(self._connection, "node", iris)
        self._classes = number_iris(self._connection, "class", {c for e in entries for c in e.classes})
        properties = {p for e in entries for p in e.properties}
        self._properties.intern(properties | {SBOL2.member for e in entries if e.change})  # which `completed` counts
        self._values.intern({key: value for e in entries for key, value in e.counted.items()})

    def _next_id(self) -> int:
        low = self._graph << GRAPH_SHIFT
        (last,) = self._connection.execute(
            "SELECT max(id) FROM top_level WHERE id BETWEEN ? AND ?", (low, low + (1 << GRAPH_SHIFT) - 1)
        ).fetchone()
        return low + 1 if last is None else int(last) + 1

    def _remove(self, row_id: int) -> None:
        execute = self._connection.execute
        self._members.row_goes(row_id)
        packed, cls, name, uses, created, modified, is_hidden = execute(
            "SELECT facets, class, sort_name, uses, created, modified,"
            " EXISTS (SELECT 1 FROM hidden WHERE hidden.id = top_level.id) FROM top_level WHERE id = ?",
            (row_id,),
        ).fetchone()
        self._postings.put_uses(row_id, uses, None)
        self._postings.put_dates(row_id, (created, modified), None)
        self._set_facets(row_id, unpack_keys(packed), frozenset())
        self._postings.put_facets(row_id, unpack_keys(packed), frozenset())
        self._set_members(row_id, frozenset(), known=True)
        self._set_references(row_id, {}, known=True)
        self._properties.remove(row_id, counted=not is_hidden)
        self._values.remove(row_id, unpack_keys(packed), counted=not is_hidden)
        self._delete_beside(row_id, counted=not is_hidden)
        execute("DELETE FROM hidden WHERE id = ?", (row_id,))
        self._postings.put(HIDDEN, 0, row_id, holds=False)
        execute("DELETE FROM arriving WHERE id = ?", (row_id,))
        words = self._words(row_id)
        self._set_words(row_id, words, None)
        self._postings.put_words(TEXT, row_id, words, ())
        self._postings.put_words(NAME, row_id, (name,), ())
        self._set_names(row_id, name_words(cls, words), frozenset())
        execute("DELETE FROM top_level WHERE id = ?", (row_id,))

    def _write(self, row_id: int, entry: Entry, *, known: bool) -> None:
        node = self._nodes[entry.iri]
        old_facets, old_words, old_names = frozenset[int](), None, frozenset[str]()
        old_name: tuple[str, ...] = ()
        old_dates: tuple[int, int] | None = None
        is_hidden = entry.iri in self._hidden or row_id in self._arriving
        if known:
            packed, digest, cls, name, *dates = self._connection.execute(
                "SELECT facets, digest, class, sort_name, created, modified FROM top_level WHERE id = ?", (row_id,)
            ).fetchone()
            if entry.change is not None:
                entry = completed(self._connection, row_id, digest, entry)
            if digest == entry.digest:
                return
            self._members.row_goes(row_id)
            old_facets, old_dates = unpack_keys(packed), (dates[0], dates[1])
            old_words, old_name = self._words(row_id), (name,)
            old_names = name_words(cls, old_words)
            self._delete_beside(row_id, counted=not is_hidden)
        else:
            self._come.append(row_id)
            if is_hidden:
                self._new[_HIDDEN].append((row_id,))
                self._postings.put(HIDDEN, 0, row_id)
            if self._job is not None:
                self._new[_ARRIVING].append((row_id, self._job))
        identity = None if entry.identity is None else self._nodes[entry.identity]
        self._new[_TOP_LEVEL].append(top_level_row(row_id, self._graph, node, identity, node, entry))
        self._members.row_comes(row_id)
        self._postings.put_facets(row_id, old_facets, entry.facets)
        self._postings.put_words(TEXT, row_id, old_words or (), entry.words)
        self._postings.put_words(NAME, row_id, old_name, (entry.sort_name,))
        self._postings.put_dates(row_id, old_dates, (entry.created, entry.modified))
        self._set_facets(row_id, old_facets, entry.facets)
        self._set_words(row_id, old_words, entry.words)
        self._set_names(row_id, old_names, name_words(entry.cls, entry.words))
        if entry.change is None:
            self._set_members(row_id, frozenset(self._nodes[m] for m in entry.members), known=known)
        else:
            self._change_members(row_id, *(frozenset(self._nodes[m] for m in part) for part in entry.change))
        self._set_references(row_id, {self._nodes[r]: r in entry.direct for r in entry.references}, known=known)
        self._properties.put(row_id, entry.properties, known=known, counted=not is_hidden)
        self._values.put(row_id, entry.counted, old_facets, counted=not is_hidden)
        self._new[MOMENT] += [(row_id, *m) for m in entry.moments]
        self._new[ELEMENTS] += [(e.digest, row_id, *e[1:]) for e in entry.elements]
        self._new[CLASS_USE] += [(row_id, self._classes[c], n) for c, n in entry.classes.items()]
        if not is_hidden:
            for c, n in entry.classes.items():
                self._counts[self._classes[c]] += n

    def _words(self, row_id: int) -> tuple[str, str, str]:
        sql = "SELECT display_id, name, description FROM folded WHERE id = ?"
        words: tuple[str, str, str] = self._connection.execute(sql, (row_id,)).fetchone()
        return words

    def _set_words(self, row_id: int, old: tuple[str, str, str] | None, new: tuple[str, str, str] | None) -> None:
        """Source: SQLite FTS5, section 4.4.3 (the index of an external content table is kept by hand)."""
        execute = self._connection.execute
        if old == new:
            return
        if old is not None:
            execute("DELETE FROM folded WHERE id = ?", (row_id,))
            execute(
                "INSERT INTO words (words, rowid, display_id, name, description) VALUES ('delete', ?, ?, ?, ?)",
                (row_id, *old),
            )
        if new is not None:
            self._new[FOLDED].append((row_id, *new))
            self._new[_WORDS].append((row_id, *new))

    def _set_names(self, row_id: int, old: frozenset[str], new: frozenset[str]) -> None:
        self._delete(
            "DELETE FROM name_word WHERE graph = ? AND word = ? AND id = ?",
            [(self._graph, word, row_id) for word in old - new],
        )
        self._new[NAME_WORD] += [(self._graph, word, row_id) for word in new - old]

    def _set_facets(self, row_id: int, old: frozenset[int], new: frozenset[int]) -> None:
        self._delete("DELETE FROM facet WHERE key = ? AND id = ?", [(key, row_id) for key in old - new])
        self._new[FACET] += [(key, row_id) for key in new - old]

    def _set_members(self, row_id: int, new: frozenset[int], *, known: bool) -> None:
        """Write the difference."""
        old = frozenset[int]()
        if known:
            rows = self._connection.execute("SELECT member FROM membership WHERE collection = ?", (row_id,))
            old = frozenset(array("q", (member for (member,) in rows)))
        self._change_members(row_id, new - old, old - new)

    def _change_members(self, row_id: int, come: frozenset[int], gone: frozenset[int]) -> None:
        self._members.links_go(row_id, gone)
        self._members.links_come(row_id, come)
        self._delete(
            "DELETE FROM membership WHERE collection = ? AND member = ?", [(row_id, member) for member in gone]
        )
        self._new[MEMBERSHIP] += [(row_id, member) for member in come]

    def _set_references(self, row_id: int, new: Mapping[int, bool], *, known: bool) -> None:
        """Write the difference. `new` maps targets to whether the reference is direct."""
        old: dict[int, bool] = {}
        if known:
            rows = self._connection.execute("SELECT target, direct FROM reference WHERE source = ?", (row_id,))
            old = dict(rows.fetchall())
        if not (old or new):
            return
        gone = old.keys() - new.keys()
        self._delete("DELETE FROM reference WHERE source = ? AND target = ?", [(row_id, t) for t in gone])
        self._new[_REFERENCE] += [(row_id, t, direct) for t, direct in new.items() if old.get(t) != direct]
        if self._public and self._job is None and row_id not in self._arriving:
            for target in new.keys() - old.keys():
                self._uses[target] += 1
            for target in gone:
                self._uses[target] -= 1

    def _delete(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        if rows:
            self._connection.executemany(sql, rows)

    def _delete_beside(self, row_id: int, *, counted: bool) -> None:
        """Delete what is written anew whenever a row is: moments, texts of sequences, classes."""
        if counted:
            rows = self._connection.execute("SELECT class, n FROM class_use WHERE id = ?", (row_id,))
            self._counts.subtract(dict(rows.fetchall()))
        for table in ("class_use", "moment", "elements"):
            self._connection.execute(f"DELETE FROM {table} WHERE id = ?", (row_id,))  # noqa: S608 - those named here

    def _write_counts(self) -> None:
        self._properties.flush()
        self._values.flush()
        many = self._connection.executemany
        add_classes(self._connection, self._graph, self._counts)
        uses = [(n, node) for node, n in self._uses.items() if n]
        many("UPDATE node SET uses = uses + ? WHERE id = ?", uses)
        many("UPDATE top_level SET uses = uses + ? WHERE node = ?", uses)
        self._write_uses({node: n for n, node in uses})

    def _write_uses(self, changed: dict[int, int]) -> None:
        """Put new rows, and those of nodes whose uses changed by so many, into the sets of rows by their uses."""
        come = set(self._come)
        by_id = "SELECT t.id, t.uses FROM json_each(?) AS r CROSS JOIN top_level AS t ON t.id = r.value"
        for row_id, uses in self._connection.execute(by_id, (json.dumps(self._come),)):
            self._postings.put_uses(row_id, None, uses)
        by_node = "SELECT t.id, t.uses, t.node FROM json_each(?) AS n CROSS JOIN top_level AS t ON t.node = n.value"
        for row_id, uses, node in self._connection.execute(by_node, (json.dumps(list(changed)),)):
            if row_id not in come:
                self._postings.put_uses(row_id, uses - changed[node], uses)
