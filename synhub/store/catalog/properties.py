"""How often each property is used in each graph, kept by every job: what a description of the data set says.

Counted on the way, because counting afterwards means to walk through every triple of a graph: at 8 million quads that
is a child process for ten seconds and more after every change. One small row for each top level is what it costs.
"""

import json
import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from synhub.rdf import Iri
from synhub.store.catalog.entry import SUBJECTS
from synhub.store.database import Database, insert_all

_SUBJECTS_ID = 0

_ADD = "INSERT INTO property_count VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n"


@dataclass(frozen=True, slots=True)
class GraphProfile:
    """What one graph consists of. `properties` and `classes` say how often each occurs, the most frequent first."""

    triples: int
    subjects: int
    top_levels: int
    properties: Mapping[Iri, int]
    classes: Mapping[Iri, int]


def graph_profile(database: Database, graph: Iri) -> GraphProfile:
    """Return the counters of a graph, less what is hidden; all are 0 for one that nothing has been stored in."""
    row = database.row("SELECT id FROM graph WHERE iri = ?", (graph,))
    if row is None:
        return GraphProfile(0, 0, 0, {}, {})
    (number,) = row
    properties = database.rows(
        "SELECT property, iri, n FROM property_count LEFT JOIN property ON property.id = property"
        " WHERE graph = ? AND n > 0 ORDER BY n DESC, iri",
        (number,),
    )
    classes = database.rows(
        "SELECT iri, n FROM class_count JOIN class ON class.id = class WHERE graph = ? AND n > 0 ORDER BY n DESC, iri",
        (number,),
    )
    (top_levels,) = database.rows(
        "SELECT count(*) FROM top_level WHERE graph = ? AND id NOT IN (SELECT id FROM hidden)", (number,)
    )[0]
    uses = {Iri(iri): n for key, iri, n in properties if key != _SUBJECTS_ID}
    subjects = sum(n for key, _, n in properties if key == _SUBJECTS_ID)
    return GraphProfile(sum(uses.values()), subjects, top_levels, uses, {Iri(iri): n for iri, n in classes})


def most_used(database: Database, graph: Iri, limit: int) -> list[Iri]:
    """Return some top levels of a graph that others refer to most."""
    rows = database.rows(
        "SELECT iri FROM top_level WHERE graph = (SELECT id FROM graph WHERE iri = ?)"
        " AND id NOT IN (SELECT id FROM hidden) ORDER BY uses DESC, iri LIMIT ?",
        (graph, limit),
    )
    return [Iri(iri) for (iri,) in rows]


def times_used(connection: sqlite3.Connection, row_id: int, iri: Iri) -> int:
    """Return how often a top level, its children included, uses a property."""
    row = connection.execute(
        "SELECT property.id, counts FROM property JOIN property_use WHERE property.iri = ? AND property_use.id = ?",
        (iri, row_id),
    ).fetchone()
    return 0 if row is None else _unpack(row[1]).get(row[0], 0)


class PropertyCounter:
    """The changes of one transaction to the counters of one graph. `intern` first, `flush` at the end."""

    def __init__(self, connection: sqlite3.Connection, graph: int) -> None:
        self._connection = connection
        self._graph = graph
        self._ids: dict[Iri, int] = {}
        self._counts: Counter[int] = Counter()
        self._rows: list[tuple[int, bytes]] = []
        self._come: Counter[bytes] = Counter()  # many top levels have the same properties

    def intern(self, properties: Iterable[Iri]) -> None:
        """Learn the numbers of all properties that `put` will meet."""
        wanted = {iri for iri in properties if iri != SUBJECTS}
        self._connection.executemany("INSERT OR IGNORE INTO property (iri) VALUES (?)", [(iri,) for iri in wanted])
        rows = self._connection.execute(
            "SELECT iri, id FROM property WHERE iri IN (SELECT value FROM json_each(?))", (json.dumps(list(wanted)),)
        )
        self._ids = {**dict(rows.fetchall()), SUBJECTS: _SUBJECTS_ID}

    def put(self, row_id: int, properties: Mapping[Iri, int], *, known: bool, counted: bool) -> None:
        """Make `properties` the row of a top level, which had one if it is `known`, and is `counted` if not hidden."""
        if known and counted:
            self._uncount(row_id)
        by_id = {self._ids[iri]: n for iri, n in properties.items()}
        packed = _pack(by_id)
        self._rows.append((row_id, packed))
        if counted:
            self._come[packed] += 1

    def put_all(self, first: int, shapes: Sequence[Sequence[tuple[Iri, int]]], of_rows: Iterable[int]) -> None:
        """Put many top levels with rows from `first` on, none hidden: each has one of the `shapes`, which it names by
        its place. Nothing need be interned."""
        self.intern({iri for shape in shapes for iri, _ in shape})
        packed = [_pack({self._ids[iri]: n for iri, n in shape}) for shape in shapes]
        new = [(row_id, packed[shape]) for row_id, shape in enumerate(of_rows, first)]
        self._rows += new
        self._come.update([counts for _, counts in new])

    def remove(self, row_id: int, *, counted: bool) -> None:
        if counted:
            self._uncount(row_id)
        self._connection.execute("DELETE FROM property_use WHERE id = ?", (row_id,))

    def flush(self) -> None:
        insert_all(self._connection, "INSERT OR REPLACE INTO property_use VALUES (?, ?)", self._rows)
        for packed, top_levels in self._come.items():
            for key, n in _unpack(packed).items():
                self._counts[key] += top_levels * n
        rows = [(self._graph, key, n) for key, n in self._counts.items() if n]
        self._connection.executemany(_ADD, rows)

    def _uncount(self, row_id: int) -> None:
        row = self._connection.execute("SELECT counts FROM property_use WHERE id = ?", (row_id,)).fetchone()
        self._counts.subtract(_unpack(row[0]))


def recount(connection: sqlite3.Connection, row_ids: Iterable[int], sign: int, graph_shift: int) -> None:
    """Take top levels that are being hidden out of the counters (`sign` -1), or put them back (1)."""
    rows = connection.execute(
        "SELECT id >> ?, counts FROM property_use WHERE id IN (SELECT value FROM json_each(?))",
        (graph_shift, json.dumps(list(row_ids))),
    )
    counts: Counter[tuple[int, int]] = Counter()
    for (graph, packed), top_levels in Counter(rows).items():  # many top levels have the same properties
        for key, n in _unpack(packed).items():
            counts[graph, key] += sign * top_levels * n
    connection.executemany(_ADD, [(graph, key, n) for (graph, key), n in counts.items()])


def check_properties(database: Database) -> list[str]:
    """Return a line for every counter that is not the sum of its rows, and for a top level without a row."""
    sums: Counter[tuple[int, int]] = Counter()
    rows = database.read().execute(
        "SELECT t.graph, counts FROM top_level AS t JOIN property_use USING (id)"
        " WHERE id NOT IN (SELECT id FROM hidden)"
    )
    for graph, packed in rows:
        for key, n in _unpack(packed).items():
            sums[graph, key] += n
    counters = {
        (g, key): n for g, key, n in database.rows("SELECT graph, property, n FROM property_count WHERE n <> 0")
    }
    names = dict(database.rows("SELECT id, iri FROM property")) | {_SUBJECTS_ID: "subjects"}
    graphs = dict(database.rows("SELECT id, iri FROM graph"))
    lines = [
        f"{graphs[graph]}: counter of {names.get(key, key)} is {counters.get((graph, key), 0)},"
        f" its rows say {sums[graph, key]}"
        for graph, key in sorted(sums.keys() | counters.keys())
        if counters.get((graph, key), 0) != sums[graph, key]
    ]
    missing = database.rows(
        "SELECT iri FROM top_level WHERE id NOT IN (SELECT id FROM property_use) ORDER BY iri LIMIT 10"
    )
    return lines + [f"{iri}: its properties have not been counted" for (iri,) in missing]


def _pack(counts: Mapping[int, int]) -> bytes:
    return array("I", [number for pair in counts.items() for number in pair]).tobytes()


def _unpack(packed: bytes) -> dict[int, int]:
    numbers = array("I")
    numbers.frombytes(packed)
    return dict(zip(numbers[::2], numbers[1::2], strict=True))
