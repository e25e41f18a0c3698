"""Finding top levels in the catalog: orders, and how conditions are put together as SQL.

A `View` is the catalog as one reader sees it: some graphs, less what is hidden. It answers for speed as well: the
most selective condition drives the query when it is selective, else an index is walked in the wanted order and
the conditions are checked on the way. Values are always bound, never pasted.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from synhub.model import Dataset, Hit
from synhub.rdf import Iri, iri_term
from synhub.search.ast import Phrase
from synhub.store.catalog import GRAPH_SHIFT, Catalog
from synhub.store.catalog_conditions import (
    IN_GRAPH,
    Condition,
    has_facet,
    is_latest,
    is_one_of,
    match_expression,
)
from synhub.store.catalog_entry import elements_digest, folded_digest
from synhub.store.database import Database
from synhub.vocab import SBOL2

_MUCH = 4_000  # more need not be counted to see that a condition is not selective
_COUNT = "count(*)"
_ALL = 1 << 40


Columns = tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: (expression over `t`, descending), the last one unique; `index` delivers it without sorting.

    What meets the first of the `tiers` comes first, then what meets the second, and so on, then the rest.
    """

    columns: Columns
    index: str | None = None
    tiers: tuple[Condition, ...] = ()


RANK = Order((("t.uses", True), ("t.iri", False)), "top_level_rank")


BY_LEAST_USE = Order((("t.uses", False), ("t.iri", True)), "top_level_rank")


def by_column(column: str, index: str | None, *, descending: bool) -> Order:
    """Order by a column of top_level, then by IRI."""
    return Order(((f"t.{column}", descending), ("t.iri", descending)), index)


def by_relevance(words: Sequence[str]) -> Order:
    """Rank by where a word stands: it is the displayId, begins it, is in the name, is elsewhere; then by use."""
    if not words:
        return RANK
    if len(words) == 1:
        values: dict[str, Any] = {"words": words[0]}
        equals, begins, within = (
            "t.sort_id = :words",
            "substr(t.sort_id, 1, length(:words)) = :words",
            "instr(t.sort_name, :words) > 0",
        )
        among = "(SELECT :words AS value) AS word"
    else:
        values = {"words": json.dumps(words)}
        exists = "EXISTS (SELECT 1 FROM json_each(:words) WHERE {})".format
        equals, begins, within = (
            exists("value = t.sort_id"),
            exists("substr(t.sort_id, 1, length(value)) = value"),
            exists("instr(t.sort_name, value)"),
        )
        among = "json_each(:words) AS word"
    by_id = f"SELECT DISTINCT o.id FROM {among} CROSS JOIN top_level AS o ON o.graph = :graph AND o.sort_id"
    # no text in UTF-8 has the byte FF: whatever begins with the word comes before the two together
    beginning = f"{by_id} BETWEEN word.value AND word.value || CAST(x'FF' AS TEXT)"
    tiers = (Condition(equals, values, f"{by_id} = word.value"), Condition(begins, values, beginning))
    match = match_expression([(Phrase(word),) for word in words])
    if match is None:
        return replace(RANK, tiers=(*tiers, Condition(within, values)))
    # the displayId stands for a name that is missing
    named = f"SELECT rowid AS id FROM words WHERE words MATCH :named AND rowid {IN_GRAPH}"
    values = values | {"named": f"{{name display_id}} : ({match})"}
    return replace(RANK, tiers=(*tiers, Condition(within, values, named, exact=False)))


# --- the view --------------------------------------------------------------------------------------------------------


class View:
    """The catalog as one reader sees it: the graphs of a Dataset, without what is hidden."""

    def __init__(self, catalog: Catalog, dataset: Dataset) -> None:
        self._database = catalog.database
        graphs = json.dumps(dataset.graphs)
        rows = self._database.rows(
            "SELECT graph.id, graph.iri FROM graph WHERE iri IN (SELECT value FROM json_each(?))", (graphs,)
        )
        # hidden in the catalog by rows, and what was hidden a moment ago and has not arrived there yet
        unseen = dataset.hidden - catalog.hidden if dataset.hidden != catalog.hidden else frozenset()
        self._any_hidden = bool(catalog.hidden)
        self._graphs: list[dict[str, Any]] = []
        for graph_id, graph in sorted(rows, key=lambda row: dataset.graphs.index(row[1])):
            low = graph_id << GRAPH_SHIFT
            values = {"graph": graph_id, "low": low, "high": low + (1 << GRAPH_SHIFT) - 1}
            values["unseen"] = json.dumps([top for g, top in unseen if g == graph])
            self._graphs.append(values)

    @property
    def database(self) -> Database:
        return self._database

    @property
    def graphs(self) -> Sequence[dict[str, Any]]:
        """The parameters that SQL about one graph takes: `graph`, `low`, `high`, `unseen`."""
        return self._graphs

    @property
    def is_settled(self) -> bool:
        """Whether all that is hidden is so in the catalog: then its counters are what is to be seen."""
        return all(graph["unseen"] == "[]" for graph in self._graphs)

    def visible(self) -> str:
        """The SQL that leaves out hidden rows of `t`; '' when nothing at all is hidden."""
        return self._visible()

    def count(self, conditions: Sequence[Condition]) -> int:
        """Return how many top levels meet all conditions."""
        return sum(self._count(graph, conditions) for graph in self._graphs)

    def page(self, conditions: Sequence[Condition], order: Order, offset: int, limit: int) -> list[Hit]:
        """Return a piece of the ordered list of what meets all conditions."""
        rows = self._ordered(conditions, order, offset, limit)
        return self.hits([row[0] for row in rows])

    def iris(self, conditions: Sequence[Condition], limit: int) -> list[Iri]:
        """Return up to `limit` IRIs of what meets all conditions, in no order."""
        found: list[Iri] = []
        for graph in self._graphs:
            sql, values = self._select("t.iri", graph, conditions)
            found += [Iri(i) for (i,) in self._database.rows(f"{sql} LIMIT :n", values | {"n": limit})]
        return found[:limit]

    def ids(self, conditions: Sequence[Condition], limit: int = -1) -> list[int]:
        """Return the row ids of what meets all conditions, in no order; of more than `limit` of them some."""
        found: list[int] = []
        for graph in self._graphs:
            sql, values = self._select("t.id", graph, conditions)
            found += [i for (i,) in self._database.rows(f"{sql} LIMIT :n", values | {"n": limit})]
        return found

    def ranked(self, conditions: Sequence[Condition], order: Order) -> list[int]:
        """Return the row ids of all that meets the conditions, in total order."""
        return [row[0] for row in self._ordered(conditions, order, 0, _ALL)]

    def object_ids(self, iri: Iri) -> list[int]:
        """Return the row id of the object with this IRI; none where it is not to be seen."""
        return self.ids([is_one_of("iri", [iri])])

    def versions(self, iri: Iri) -> list[int]:
        """Return the row ids of the object with this IRI, or of all versions with this persistent identity."""
        same = has_facet("identity", SBOL2.persistentIdentity, [iri_term(iri)])
        return [*self.object_ids(iri), *self.ids([same])]

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
        return [Hit(Iri(iri), *rest) for iri, *rest in rows]

    def _visible(self) -> str:
        """The SQL that leaves out hidden rows of `t`; '' when nothing at all is hidden."""
        sql = " AND NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.id = t.id)" if self._any_hidden else ""
        if any(graph["unseen"] != "[]" for graph in self._graphs):
            sql += " AND t.iri NOT IN (SELECT value FROM json_each(:unseen))"
        return sql

    def _driver(
        self, graph: dict[str, Any], conditions: Sequence[Condition], most: int
    ) -> tuple[Condition, list[int]] | None:
        """Return the condition that finds least, with the ids that it finds; None when each finds more than `most`.

        Ids are read rather than counted: to ask the text index twice costs more than to hand them back to SQL.
        """
        best, least = None, most + 1
        for condition in conditions:
            if condition.source is not None and least > 0:
                values = graph | condition.values | {"n": least}
                rows = self._database.rows(f"SELECT id FROM ({condition.source}) LIMIT :n", values)
                if len(rows) < least:
                    best, least = (condition, [row_id for (row_id,) in rows]), len(rows)
        return best

    def _walk_limit(self, graph: dict[str, Any], wanted: int) -> int:
        """Return the number up to which fetching and sorting what a condition finds beats walking in order.

        Of n rows of which m meet the conditions, a walk to the row `wanted` sees wanted * n / m, sorting sees m.
        """
        row = self._database.row("SELECT max(id) FROM top_level WHERE id BETWEEN :low AND :high", graph)
        rows = 0 if row is None or row[0] is None else row[0] - graph["low"]
        return math.isqrt(max(wanted, 1) * rows)

    def _select(
        self, columns: str, graph: dict[str, Any], conditions: Sequence[Condition]
    ) -> tuple[str, dict[str, Any]]:
        """Return the SQL of what meets all conditions, in no order."""
        sourced = [condition for condition in conditions if condition.source is not None]
        if len(sourced) > 1:
            driver = self._driver(graph, sourced, _MUCH)
            if driver is not None:
                return self._among(columns, graph, conditions, *driver)
        if not sourced:
            return self._walk(columns, graph, conditions, None)
        checks = [c for c in conditions if c is not sourced[0] or not c.exact]
        where, values = self._where(graph, checks)
        values |= sourced[0].values
        if columns == _COUNT and self._are_by_id(checks):
            return f"SELECT {columns} FROM ({sourced[0].source}) AS t WHERE 1{where}", values
        source = f"({sourced[0].source}) AS s CROSS JOIN top_level AS t ON t.id = s.id"
        return f"SELECT {columns} FROM {source} WHERE 1{where}", values

    def _among(
        self, columns: str, graph: dict[str, Any], conditions: Sequence[Condition], driver: Condition, ids: list[int]
    ) -> tuple[str, dict[str, Any]]:
        """Return the SQL of those ids, found by one of the conditions, that meet the others."""
        checks = [c for c in conditions if c is not driver or not c.exact]
        where, values = self._where(graph, checks)
        values["driven"] = json.dumps(ids)
        if columns == _COUNT and self._are_by_id(checks):
            return f"SELECT {columns} FROM (SELECT value AS id FROM json_each(:driven)) AS t WHERE 1{where}", values
        source = "json_each(:driven) AS s CROSS JOIN top_level AS t ON t.id = s.value"
        return f"SELECT {columns} FROM {source} WHERE 1{where}", values

    def _walk(
        self, columns: str, graph: dict[str, Any], conditions: Sequence[Condition], index: str | None
    ) -> tuple[str, dict[str, Any]]:
        """Return the SQL that looks at every row of the graph, in the order of an index where there is one."""
        where, values = self._where(graph, conditions)
        indexed = "" if index is None else f" INDEXED BY {index}"
        return f"SELECT {columns} FROM top_level AS t{indexed} WHERE t.graph = :graph{where}", values

    def _where(self, graph: dict[str, Any], checks: Sequence[Condition]) -> tuple[str, dict[str, Any]]:
        values = dict(graph)
        for check in checks:
            values |= check.values
        return "".join(f" AND {check.holds}" for check in checks) + self._visible(), values

    def _are_by_id(self, checks: Sequence[Condition]) -> bool:
        """Say whether counting needs no row of top_level: a third of the time [measured: two facets and a word]."""
        return all(check.by_id for check in checks) and all(graph["unseen"] == "[]" for graph in self._graphs)

    def _count(self, graph: dict[str, Any], conditions: Sequence[Condition]) -> int:
        row = self._database.row(*self._select(_COUNT, graph, conditions))
        assert row is not None
        return int(row[0])

    def _ordered(self, conditions: Sequence[Condition], order: Order, offset: int, limit: int) -> list[tuple[Any, ...]]:
        """Return (id, order columns…) of the page: the heads of each graph's list, merged."""
        end = min(offset + limit, 1 << 60)
        columns = order.columns if not order.tiers else ((_tier(order.tiers), False), *order.columns)
        rows: list[tuple[Any, ...]] = []
        for graph in self._graphs:
            rows += self._head(graph, conditions, order, columns, end)
        if len(self._graphs) > 1:
            for n, (_, down) in reversed(list(enumerate(columns, start=1))):
                rows.sort(key=_cell(n), reverse=down)
        return rows[offset:end]

    def _head(
        self, graph: dict[str, Any], conditions: Sequence[Condition], order: Order, columns: Columns, end: int
    ) -> list[tuple[Any, ...]]:
        """Return the first `end` rows of a graph: what a condition finds is sorted, or an index is walked."""
        if order.index is None:
            return self._sorted(columns, columns, self._select(_names(columns), graph, conditions), order, end)
        most = self._walk_limit(graph, end)
        driver = self._driver(graph, conditions, most)
        if driver is not None:
            selected = self._among(_names(columns), graph, conditions, *driver)
            return self._sorted(columns, columns, selected, order, end)
        rows: list[tuple[Any, ...]] = []
        above: list[Condition] = []
        for n, tier in enumerate(order.tiers):
            rows += self._tier(graph, n, tier, [*conditions, *above], order, (most, end - len(rows)))
            if len(rows) == end:
                return rows
            above.append(Condition(f"NOT ({tier.holds})", tier.values))
        walked = ((str(len(order.tiers)), False), *order.columns) if order.tiers else order.columns
        selected = self._walk(_names(walked), graph, [*conditions, *above], order.index)
        return rows + self._sorted(walked, order.columns, selected, order, end - len(rows))

    def _tier(
        self,
        graph: dict[str, Any],
        number: int,
        tier: Condition,
        conditions: Sequence[Condition],
        order: Order,
        limits: tuple[int, int],
    ) -> list[tuple[Any, ...]]:
        """Return the first rows of one tier. `limits`: up to how many are sorted, and how many are wanted."""
        most, wanted = limits
        columns = ((str(number), False), *order.columns)
        driver = self._driver(graph, [tier], most)
        if driver is None:
            selected = self._walk(_names(columns), graph, [tier, *conditions], order.index)
        elif driver[1]:
            selected = self._among(_names(columns), graph, [tier, *conditions], *driver)
        else:
            return []
        return self._sorted(columns, order.columns, selected, order, wanted)

    def _sorted(
        self, columns: Columns, by: Columns, selected: tuple[str, dict[str, Any]], order: Order, limit: int
    ) -> list[tuple[Any, ...]]:
        """Run a selection in the order `by`, the last of its `columns`: to sort by a constant would hide the index."""
        sql, values = selected
        for tier in order.tiers:
            values |= tier.values
        first = 2 + len(columns) - len(by)
        keys = ", ".join(f"{n} {'DESC' if down else 'ASC'}" for n, (_, down) in enumerate(by, start=first))
        return self._database.rows(f"{sql} ORDER BY {keys} LIMIT :n", values | {"n": limit})


def _tier(tiers: Sequence[Condition]) -> str:
    cases = " ".join(f"WHEN {tier.holds} THEN {n}" for n, tier in enumerate(tiers))
    return f"CASE {cases} ELSE {len(tiers)} END"


def _names(columns: Columns) -> str:
    return ", ".join(["t.id", *(column for column, _ in columns)])


def _cell(n: int) -> Callable[[tuple[Any, ...]], Any]:
    return lambda row: row[n]
