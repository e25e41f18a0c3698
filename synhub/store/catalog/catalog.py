"""The catalog: the derived SQLite index of top-level objects, written here by the writer thread.

Answers for what a search or a listing can be answered from: text, facets, dates, memberships, references,
sequences, counts by class. It never decides who may read: callers say which graphs. Reads are in
search.py and listings.py, what is derived from triples in entry.py.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from types import MappingProxyType

from synhub.model import Removed
from synhub.rdf import Iri, Triple
from synhub.store.catalog.entry import Entry, MemberChange, make_entry
from synhub.store.catalog.facets import recount_facets
from synhub.store.catalog.postings import mark_hidden
from synhub.store.catalog.properties import recount
from synhub.store.catalog.update import GRAPH_SHIFT, Update, connection_ids, is_public
from synhub.store.database import Database

_CACHE_KIB = 65_536
_NO_CHANGES: Mapping[Removed, MemberChange] = MappingProxyType({})

_TABLES = (
    *("top_level", "folded", "facet", "moment", "membership", "reference", "elements", "class_use", "class_count"),
    *("property_use", "property_count", "property", "class", "hidden", "node", "graph", "mark"),
    *("name_word", "facet_value", "facet_count", "creator", "posting", "vocabulary", "listing"),
    "arriving",
)


class Catalog:
    """The search index in one SQLite file. One writer thread; any thread reads.

    `read_only` is for another process than the one that has it open for writing; `hidden` is what was so at the start.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.database = Database(path, "catalog", derived=True, read_only=read_only)
        if not read_only:
            with self.database.write() as connection:
                connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        rows = self.database.rows(
            "SELECT graph.iri, top_level.iri FROM hidden CROSS JOIN top_level USING (id)"
            " CROSS JOIN graph ON graph.id = top_level.graph WHERE hidden.id NOT IN (SELECT id FROM arriving)"
        )
        self._hidden: frozenset[Removed] = frozenset((Iri(g), Iri(t)) for g, t in rows)
        self._arriving = self._is_something_arriving()

    def _is_something_arriving(self) -> bool:
        return self.database.row("SELECT 1 FROM arriving LIMIT 1") is not None

    @property
    def last_number(self) -> int:
        """The number of the last step whose changes are in here; 0 when there is none."""
        row = self.database.row("SELECT value FROM mark WHERE name = 'last_number'")
        return 0 if row is None else int(row[0])

    @property
    def hidden(self) -> frozenset[Removed]:
        """What is left out of every answer here already, because it is being removed."""
        return self._hidden

    def unseen(self, hidden: Set[Removed]) -> Set[Removed]:
        """Return what of that is not left out here yet: it was hidden a moment ago."""
        return hidden - self.hidden if hidden != self.hidden else frozenset()

    @property
    def any_hidden(self) -> bool:
        """Say whether anything is left out, because it is being removed or has not arrived in whole."""
        return self._arriving or bool(self._hidden)

    def update(self, entries: Mapping[Removed, list[Triple]], number: int) -> None:
        """Make the rows of each (graph, top level) what its triples say, children included; none: no rows.

        `number` becomes `last_number` in the same transaction.
        """
        self.update_in_batches([entries], number)

    def update_in_batches(
        self,
        batches: Iterable[Mapping[Removed, list[Triple]]],
        number: int,
        *,
        arrived: Sequence[str] = (),
        changes: Mapping[Removed, MemberChange] = _NO_CHANGES,
    ) -> None:
        """As `update`, for more top levels than fit into memory: all batches are one transaction.

        What was written ahead for the jobs `arrived` is shown by it. Of the collections in `changes` come the triples
        less their members, of which they have those of before and the change.
        """
        gone: set[Removed] = set()
        with self.database.write() as connection:
            for entries in batches:
                for graph, changed in _entries_by_graph(entries, changes).items():
                    hidden = {top for top in changed if (graph, top) in self._hidden}
                    Update(connection, graph, changed, hidden).run()
                gone |= {key for key, triples in entries.items() if not triples}
            for job in arrived if self._arriving else ():
                _show(connection, job)
            connection.execute("INSERT OR REPLACE INTO mark VALUES ('last_number', ?)", (number,))
        self._arriving = self._arriving and self._is_something_arriving()
        if not gone.isdisjoint(self._hidden):
            self._hidden -= gone

    def write_ahead(self, batches: Iterable[Mapping[Removed, list[Triple]]], job: str) -> None:
        """Write rows that are left out of every answer until `update_in_batches` hears that the job has arrived.

        Only of top levels that have none: others are seen as they are. Each batch is a transaction.
        """
        self._arriving = True  # long before anybody could see the rows: they are still to be read
        for entries in batches:
            with self.database.write() as connection:
                for graph, changed in _entries_by_graph(entries, _NO_CHANGES).items():
                    there = connection_ids(connection, graph, changed)
                    new = {top: entry for top, entry in changed.items() if entry and top not in there}
                    Update(connection, graph, new, set(new), job=job).run()

    def not_ahead(self, top_levels: Iterable[Removed], job: str) -> list[Removed]:
        """Return those of the top levels that have not been written ahead for a job."""
        rows = self.database.rows(
            "SELECT graph.iri, top_level.iri FROM arriving JOIN top_level USING (id) JOIN graph ON graph.id = graph"
            " WHERE job = ?",
            (job,),
        )
        ahead = {(Iri(graph), Iri(top)) for graph, top in rows}
        return [key for key in top_levels if key not in ahead]

    def absent(self, top_levels: Iterable[Removed]) -> list[Removed]:
        """Return those of the top levels that have no row."""
        found: list[Removed] = []
        for graph, tops in _grouped(top_levels).items():
            there = connection_ids(self.database.read(), graph, tops)
            found += [(graph, top) for top in tops if top not in there]
        return found

    def hide(self, removed: Iterable[Removed]) -> None:
        """Leave these top levels out of every answer at once; repeats do no harm and cost nothing."""
        new = frozenset(removed) - self._hidden
        if new:
            self._mark(new, hide=True)
            self._hidden |= new

    def unhide(self, removed: Iterable[Removed]) -> None:
        """Show these top levels again, as far as they are still here."""
        known = self._hidden.intersection(removed)
        if known:
            self._mark(known, hide=False)
            self._hidden -= known

    def _mark(self, removed: Set[Removed], *, hide: bool) -> None:
        with self.database.write() as connection:
            ids: list[int] = []
            for graph, tops in _grouped(removed).items():
                ids += connection_ids(connection, graph, tops).values()
            rows = [(i,) for i in ids]
            if hide:
                connection.executemany("INSERT OR IGNORE INTO hidden VALUES (?)", rows)
            else:
                connection.executemany("DELETE FROM hidden WHERE id = ?", rows)
            mark_hidden(connection, ids, holds=hide)
            _recount(connection, ids, -1 if hide else 1)

    def clear(self) -> None:
        """Forget everything, `last_number` too."""
        with self.database.write() as connection:
            for table in _TABLES:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of the tuple above
            connection.execute("INSERT INTO words (words) VALUES ('delete-all')")
            connection.execute("INSERT INTO vocabulary_part (vocabulary_part) VALUES ('delete-all')")
        self._hidden = frozenset()

    def holds(self, graph: Iri, top_level: Iri) -> bool:
        """Say whether a top level is stored in a graph, hidden or not."""
        return bool(connection_ids(self.database.read(), graph, [top_level]))

    def digest_rows(self) -> Iterator[tuple[Iri, Iri, bytes]]:
        """Yield (graph, top level, digest of its triples) by graph and IRI, hidden ones too.

        `digests.triples_digest` computes the same from the store.
        """
        rows = self.database.read().execute(
            "SELECT graph.iri, top_level.iri, digest FROM top_level JOIN graph ON graph.id = graph"
            " ORDER BY graph.iri, top_level.iri"
        )
        for graph, top_level, digest in rows:
            yield Iri(graph), Iri(top_level), digest

    def digests(self, graph: Iri, top_levels: Iterable[Iri]) -> dict[Iri, bytes]:
        """Return the same digest of each of these top levels that is here."""
        rows = self.database.rows(
            "SELECT node.iri, digest FROM json_each(?) AS wanted CROSS JOIN node ON node.iri = wanted.value"
            " CROSS JOIN top_level ON top_level.node = node.id"
            " WHERE top_level.graph = (SELECT id FROM graph WHERE iri = ?)",
            (json.dumps(list(top_levels)), graph),
        )
        return {Iri(iri): digest for iri, digest in rows}

    def close(self) -> None:
        self.database.close()


def _entries_by_graph(
    entries: Mapping[Removed, list[Triple]], changes: Mapping[Removed, MemberChange]
) -> dict[Iri, dict[Iri, Entry | None]]:
    by_graph: dict[Iri, dict[Iri, Entry | None]] = {}
    for (graph, top_level), triples in entries.items():
        by_graph.setdefault(graph, {})[top_level] = make_entry(top_level, triples) if triples else None
    for (graph, top_level), change in changes.items():
        entry = by_graph.get(graph, {}).get(top_level)
        if entry is not None:
            by_graph[graph][top_level] = entry._replace(change=change)
    return by_graph


def _grouped(removed: Iterable[Removed]) -> dict[Iri, list[Iri]]:
    by_graph: dict[Iri, list[Iri]] = {}
    for graph, top_level in removed:
        by_graph.setdefault(graph, []).append(top_level)
    return by_graph


def _recount(connection: sqlite3.Connection, ids: list[int], sign: int) -> None:
    """Take rows that are being hidden out of the counters (`sign` -1), or put them back (1)."""
    connection.execute(
        "INSERT INTO class_count SELECT id >> ?, class, ? * sum(n) FROM class_use"
        " WHERE id IN (SELECT value FROM json_each(?)) GROUP BY 1, 2"
        " ON CONFLICT DO UPDATE SET n = n + excluded.n",
        (GRAPH_SHIFT, sign, json.dumps(ids)),
    )
    recount(connection, ids, sign, GRAPH_SHIFT)
    recount_facets(connection, ids, sign, GRAPH_SHIFT)


def _show(connection: sqlite3.Connection, job: str) -> None:
    """Show what was written ahead for a job; from now on what it refers to is used by it."""
    ids = [row_id for (row_id,) in connection.execute("SELECT id FROM arriving WHERE job = ?", (job,))]
    uses = connection.execute(
        "SELECT graph.iri, target, count(*) FROM arriving CROSS JOIN reference ON source = arriving.id"
        " CROSS JOIN graph ON graph.id = source >> ? WHERE job = ? GROUP BY 1, 2",
        (GRAPH_SHIFT, job),
    )
    by_graph: dict[Iri, Counter[int]] = {}
    for graph, target, n in uses:
        if is_public(graph):
            by_graph.setdefault(Iri(graph), Counter())[target] = n
    connection.execute("DELETE FROM hidden WHERE id IN (SELECT id FROM arriving WHERE job = ?)", (job,))
    connection.execute("DELETE FROM arriving WHERE job = ?", (job,))
    mark_hidden(connection, ids, holds=False)
    _recount(connection, ids, 1)
    for graph, counts in by_graph.items():
        Update(connection, graph, {}, set(), uses=counts).run()
