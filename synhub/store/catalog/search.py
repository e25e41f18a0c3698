"""Finding top levels in the catalog, as one reader sees it.

A `View` is some graphs, less what is hidden. What is found in each graph is put together here; how it is found is
find.py's business, in which order it is shown pages.py's. Values are always bound, never pasted.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
from collections.abc import Callable, Sequence
from typing import Any

from synhub.model import Dataset, Hit
from synhub.rdf import Iri, iri_term
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.conditions import IN_GRAPH, Condition, is_latest, is_one_of
from synhub.store.catalog.entry import elements_digest, facet_key, folded_digest
from synhub.store.catalog.find import count_in, find, find_few
from synhub.store.catalog.orders import Order
from synhub.store.catalog.pages import columns_of, first_rows
from synhub.store.catalog.sets import Sets
from synhub.store.catalog.update import GRAPH_SHIFT
from synhub.store.database import Database
from synhub.vocab import SBOL2

_ALL = 1 << 40
_VERSIONS = (
    "SELECT wanted.key, o.id FROM json_each(:iris) AS wanted CROSS JOIN node ON node.iri = wanted.value"
    " CROSS JOIN top_level AS o ON o.node = node.id AND o.graph = :graph"
    " UNION ALL SELECT wanted.key, facet.id FROM json_each(:keys) AS wanted CROSS JOIN facet"
    f" ON facet.key = wanted.value AND facet.id {IN_GRAPH}"
)


class View:
    """The catalog as one reader sees it: the graphs of a Dataset, without what is hidden."""

    def __init__(self, catalog: Catalog, dataset: Dataset) -> None:
        self._database = catalog.database
        graphs = json.dumps(dataset.graphs)
        rows = self._database.rows(
            "SELECT graph.id, graph.iri FROM graph WHERE iri IN (SELECT value FROM json_each(?))", (graphs,)
        )
        unseen = catalog.unseen(dataset.hidden)
        self._any_hidden = catalog.any_hidden
        self._graphs: list[dict[str, Any]] = []
        self._sets: list[Sets] = []
        for graph_id, graph in sorted(rows, key=lambda row: dataset.graphs.index(row[1])):
            low = graph_id << GRAPH_SHIFT
            values = {"graph": graph_id, "low": low, "high": low + (1 << GRAPH_SHIFT) - 1}
            values["unseen"] = json.dumps([top for g, top in unseen if g == graph])
            self._graphs.append(values)
            self._sets.append(Sets(self._database, values))

    @property
    def database(self) -> Database:
        return self._database

    @property
    def graphs(self) -> Sequence[dict[str, Any]]:
        """The parameters that SQL about one graph takes: `graph`, `low`, `high`, `unseen`."""
        return self._graphs

    @property
    def sets(self) -> Sequence[Sets]:
        """The sets of each graph."""
        return self._sets

    @property
    def is_settled(self) -> bool:
        """Whether all that is hidden is so in the catalog: then its counters are what is to be seen."""
        return all(graph["unseen"] == "[]" for graph in self._graphs)

    def visible(self) -> str:
        """The SQL that leaves out hidden rows of `t`; '' when nothing at all is hidden."""
        return self._visible()

    def count(self, conditions: Sequence[Condition]) -> int:
        """Return how many top levels meet all conditions."""
        return sum(count_in(sets, conditions) for sets in self._sets)

    def page(self, conditions: Sequence[Condition], order: Order, offset: int, limit: int) -> list[Hit]:
        """Return a piece of the ordered list of what meets all conditions."""
        rows = self._ordered(conditions, order, offset, limit)
        return self.hits([row[0] for row in rows])

    def iris(self, conditions: Sequence[Condition], limit: int) -> list[Iri]:
        """Return up to `limit` IRIs of what meets all conditions, in no order."""
        rows = self._database.rows(
            "SELECT t.iri FROM json_each(?) AS wanted CROSS JOIN top_level AS t ON t.id = wanted.value",
            (json.dumps(self.ids(conditions, limit)),),
        )
        return [Iri(iri) for (iri,) in rows]

    def ids(self, conditions: Sequence[Condition], limit: int = -1) -> list[int]:
        """Return the row ids of what meets all conditions, in no order; of more than `limit` of them some."""
        found: list[int] = []
        for sets in self._sets:
            few = find_few(sets, conditions)
            found += sets.ids(find(sets, conditions)) if few is None else few
        return found if limit < 0 else found[:limit]

    def ranked(self, conditions: Sequence[Condition], order: Order) -> list[int]:
        """Return the row ids of all that meets the conditions, in total order."""
        return [row[0] for row in self._ordered(conditions, order, 0, _ALL)]

    def object_ids(self, iri: Iri) -> list[int]:
        """Return the row id of the object with this IRI; none where it is not to be seen."""
        return self.ids([is_one_of("iri", [iri])])

    def versions(self, iri: Iri) -> list[int]:
        """Return the row ids of the object with this IRI, and of all versions with this persistent identity."""
        (found,) = self.versions_of([iri])
        return found

    def versions_of(self, iris: Sequence[Iri]) -> list[list[int]]:
        """Return the same of some IRIs, of each its own."""
        found: list[list[int]] = [[] for _ in iris]
        keys = [facet_key(SBOL2.persistentIdentity, iri_term(iri)) for iri in iris]
        values = {"iris": json.dumps(list(iris)), "keys": json.dumps(keys)}
        for sets in self._sets:
            rows = self._database.rows(_VERSIONS, {**sets.graph, **values})
            hidden = set(sets.ids(sets.hidden & sets.of(row_id for _, row_id in rows))) if sets.hidden else set[int]()
            for n, row_id in rows:
                if row_id not in hidden:
                    found[n].append(row_id)
        return found

    def latest_members(self, collections: Sequence[int]) -> list[Iri]:
        """Return what the members without a version of some collections (row ids) stand for, sorted."""
        found: set[Iri] = set()
        for graph in self._graphs:
            rows = self._database.rows(
                "SELECT t.iri FROM json_each(:collections) AS wanted CROSS JOIN membership ON collection = wanted.value"
                " CROSS JOIN top_level AS t ON t.identity = member AND t.graph = :graph"
                f" WHERE {is_latest('t')}{self._visible()}",
                graph | {"collections": json.dumps(list(collections))},
            )
            found.update(Iri(iri) for (iri,) in rows)
        return sorted(found)

    def sequences_with(self, elements: str, *, any_case: bool) -> list[Iri]:
        """Return the subjects whose sbol:elements are exactly this text, or this text in upper or lower case."""
        found: list[Iri] = []
        column = "folded" if any_case else "digest"
        digest = folded_digest(elements) if any_case else elements_digest(elements)
        for graph in self._graphs:
            sql = (
                f"SELECT DISTINCT subject FROM elements JOIN top_level AS t ON t.id = elements.id"
                f" WHERE elements.{column} = :digest AND t.id {IN_GRAPH}{self._visible()}"
            )
            rows = self._database.rows(sql, graph | {"digest": digest})
            found += [Iri(subject) for (subject,) in rows]
        return found

    def hits(self, ids: Sequence[int]) -> list[Hit]:
        """Return the rows to show of these top levels, in the order of the ids."""
        rows = self._database.rows(
            "SELECT iri, class, display_id, version, name, description, sbol_type, role"
            " FROM json_each(?) AS wanted CROSS JOIN top_level AS t ON t.id = wanted.value ORDER BY wanted.key",
            (json.dumps(list(ids)),),
        )
        return [Hit(*row) for row in rows]

    def _visible(self) -> str:
        """The SQL that leaves out hidden rows of `t`; '' when nothing at all is hidden."""
        sql = " AND NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.id = t.id)" if self._any_hidden else ""
        if any(graph["unseen"] != "[]" for graph in self._graphs):
            sql += " AND t.iri NOT IN (SELECT value FROM json_each(:unseen))"
        return sql

    def _ordered(self, conditions: Sequence[Condition], order: Order, offset: int, limit: int) -> list[tuple[Any, ...]]:
        """Return (id, order columns…) of the page: the heads of each graph's list, merged."""
        end = min(offset + limit, 1 << 60)
        rows = [row for sets in self._sets for row in first_rows(sets, conditions, order, end)]
        if len(self._sets) > 1:
            for n, (_, down) in reversed(list(enumerate(columns_of(order), start=1))):
                rows.sort(key=_cell(n), reverse=down)
        return rows[offset:end]


def _cell(n: int) -> Callable[[tuple[Any, ...]], Any]:
    return lambda row: row[n]
