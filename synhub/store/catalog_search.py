"""Finding top levels in the catalog: conditions, orders, and how they are put together as SQL.

A `View` is the catalog as one reader sees it: some graphs, less what is hidden. It answers for speed as well: the
most selective condition drives the query when it is selective, else an index is walked in the wanted order and
the conditions are checked on the way. Values are always bound, never pasted.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from synhub.model import Dataset, Hit
from synhub.rdf import Iri, Term, iri_term
from synhub.search.ast import Alternative
from synhub.store.catalog import GRAPH_SHIFT, Catalog
from synhub.store.catalog_entry import elements_digest, facet_key
from synhub.vocab import SBOL2

DRIVER_LIMIT = 4_000  # rows up to which a condition's own index beats walking in order [measured at 100 000]
_PHRASE_LENGTH = 64  # characters of a phrase that are looked up; the rest is checked on what is found
_ALL = "SELECT id FROM top_level WHERE graph = :graph"
_NONE = "SELECT id FROM top_level WHERE 0"
_RANGE = "BETWEEN :low AND :high"


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL about a row `t` of top_level: `holds` is an expression, `source` selects ids in `:low` … `:high`.

    `source` may be missing where nothing indexes the condition; when not `exact` it finds too much.
    """

    holds: str
    values: dict[str, Any]
    source: str | None = None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: (expression over `t`, descending), the last one unique; `index` delivers it without sorting."""

    columns: tuple[tuple[str, bool], ...]
    index: str | None = None
    values: dict[str, Any] = field(default_factory=dict)


RANK = Order((("t.uses", True), ("t.iri", False)), "top_level_rank")


def by_column(column: str, index: str | None, *, descending: bool) -> Order:
    """Order by a column of top_level, then by IRI."""
    return Order(((f"t.{column}", descending), ("t.iri", descending)), index)


def by_relevance(words: Sequence[str]) -> Order:
    """Rank by where a word stands: it is the displayId, begins it, is in the name, is elsewhere; then by use."""
    if not words:
        return RANK
    match = "EXISTS (SELECT 1 FROM json_each(:words) WHERE {})".format
    tier = (
        f"CASE WHEN {match('value = t.sort_id')} THEN 0"
        f" WHEN {match('substr(t.sort_id, 1, length(value)) = value')} THEN 1"
        f" WHEN {match('instr(t.sort_name, value)')} THEN 2 ELSE 3 END"
    )
    if len(words) == 1:
        tier = (
            "CASE WHEN t.sort_id = :words THEN 0 WHEN substr(t.sort_id, 1, length(:words)) = :words THEN 1"
            " WHEN instr(t.sort_name, :words) THEN 2 ELSE 3 END"
        )
    value = words[0] if len(words) == 1 else json.dumps(words)
    return Order(((tier, False), *RANK.columns), None, {"words": value})


# --- conditions ------------------------------------------------------------------------------------------------------


def has_facet(name: str, predicate: Iri, values: Sequence[Term]) -> Condition:
    """One of the values of a predicate in FACETS; without values, any. `name` makes the parameters unique."""
    return has_key(name, [facet_key(predicate, value) for value in values] or [facet_key(predicate)])


def has_key(name: str, keys: Sequence[int]) -> Condition:
    """One of some `facet_key`s."""
    if len(keys) == 1:
        return Condition(
            f"EXISTS (SELECT 1 FROM facet WHERE key = :{name} AND id = t.id)",
            {name: keys[0]},
            f"SELECT id FROM facet WHERE key = :{name} AND id {_RANGE}",
        )
    among = f"key IN (SELECT value FROM json_each(:{name}))"
    return Condition(
        f"EXISTS (SELECT 1 FROM facet WHERE {among} AND id = t.id)",
        {name: json.dumps(keys)},
        f"SELECT DISTINCT id FROM facet WHERE {among} AND id {_RANGE}",
    )


def is_latest(row: str) -> str:
    """SQL: no later version of the same identity is to be seen in the graph of a row of top_level."""
    return (
        f"NOT EXISTS (SELECT 1 FROM top_level AS later WHERE later.identity = {row}.identity"
        f" AND later.graph = {row}.graph"
        f" AND (later.version_order, later.iri) > ({row}.version_order, {row}.iri)"
        " AND later.id NOT IN (SELECT id FROM hidden)"
        " AND later.iri NOT IN (SELECT value FROM json_each(:unseen)))"
    )


def names(row: str) -> str:
    """SQL: the nodes that a membership names a row of top_level by: its own, and its identity's for the latest."""
    return f"({row}.node, CASE WHEN {is_latest(row)} THEN {row}.identity END)"


def is_member(name: str, collections: Sequence[int]) -> Condition:
    """A direct member of one of the collections (row ids), or the latest version of a member without one."""
    if not collections:
        return Condition("0", {}, _NONE)
    few = len(collections) == 1
    among = f"collection = :{name}" if few else f"collection IN (SELECT value FROM json_each(:{name}))"
    pick = "SELECT m.id" if few else "SELECT DISTINCT m.id"
    by_node = f"SELECT 1 FROM membership WHERE {among} AND member = m.node"
    return Condition(
        f"EXISTS (SELECT 1 FROM membership WHERE {among} AND member IN {names('t')})",
        {name: collections[0] if few else json.dumps(list(collections))},
        f"{pick} FROM membership CROSS JOIN top_level AS m ON m.node = member AND m.graph = :graph WHERE {among}"
        f" UNION ALL {pick} FROM membership CROSS JOIN top_level AS m ON m.identity = member AND m.graph = :graph"
        f" WHERE {among} AND {is_latest('m')} AND NOT EXISTS ({by_node})",
    )


def is_named(name: str, iris: Iterable[Iri]) -> Condition:
    """What some IRIs stand for: the object with the IRI, or the latest version of an identity."""
    wanted = f"json_each(:{name}) AS wanted CROSS JOIN node ON node.iri = wanted.value CROSS JOIN top_level AS o"
    return Condition(
        f"EXISTS (SELECT 1 FROM node WHERE id IN {names('t')} AND iri IN (SELECT value FROM json_each(:{name})))",
        {name: json.dumps(list(iris))},
        f"SELECT o.id FROM {wanted} ON o.node = node.id AND o.graph = :graph"
        f" UNION SELECT o.id FROM {wanted} ON o.identity = node.id AND o.graph = :graph WHERE {is_latest('o')}",
    )


def is_on_day(name: str, kind: int, at_us: int, *, before: bool) -> Condition:
    """A date (kind of `catalog_entry.DATES`) that is certainly before, or not before, an instant."""
    holds = f"earliest < :{name} AND latest < :{name}" if before else f"earliest >= :{name}"
    holds = f"kind = :{name}_kind AND {holds}"
    return Condition(
        f"EXISTS (SELECT 1 FROM moment WHERE id = t.id AND {holds})",
        {name: at_us, f"{name}_kind": kind},
        f"SELECT DISTINCT id FROM moment WHERE {holds} AND id {_RANGE}",
    )


def is_one_of(name: str, iris: Iterable[Iri]) -> Condition:
    return Condition(
        f"t.iri IN (SELECT value FROM json_each(:{name}))",
        {name: json.dumps(list(iris))},
        f"SELECT o.id FROM json_each(:{name}) AS wanted CROSS JOIN node ON node.iri = wanted.value"
        " CROSS JOIN top_level AS o ON o.node = node.id AND o.graph = :graph",
    )


def has_text(name: str, text: Sequence[Alternative]) -> Condition:
    """Free text. Trigrams answer for phrases of three characters and more; shorter and negated ones are checked."""
    values: dict[str, Any] = {}
    alternatives: list[str] = []
    for a, alternative in enumerate(text):
        parts = []
        for p, phrase in enumerate(alternative):
            parameter = f"{name}_{a}_{p}"
            values[parameter] = phrase.text
            fields = (f"instr({column}, :{parameter})" for column in ("display_id", "name", "description"))
            parts.append(f"{'NOT ' if phrase.negated else ''}({' OR '.join(fields)})")
        alternatives.append("(" + " AND ".join(parts) + ")")
    holds = f"(SELECT {' OR '.join(alternatives)} FROM folded WHERE folded.id = t.id)"
    match = _match(text)
    if match is None:
        return Condition(holds, values)
    phrases = [phrase for alternative in text for phrase in alternative]
    exact = all(not p.negated and 3 <= len(p.text) <= _PHRASE_LENGTH for p in phrases)
    values[name] = match
    source = f"SELECT rowid AS id FROM words WHERE words MATCH :{name} AND rowid {_RANGE}"
    return Condition(holds, values, source, exact)


def _match(text: Sequence[Alternative]) -> str | None:
    """The full-text expression that finds at least what the text asks for; None when some alternative has no hold."""
    alternatives = []
    for alternative in text:
        phrases = [p.text[:_PHRASE_LENGTH] for p in alternative if not p.negated and len(p.text) >= 3]
        if not phrases:
            return None
        alternatives.append("(" + " AND ".join('"' + p.replace('"', '""') + '"' for p in phrases) + ")")
    return " OR ".join(alternatives)


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

    def ids(self, conditions: Sequence[Condition]) -> list[int]:
        """Return the row ids of what meets all conditions, in no order."""
        found: list[int] = []
        for graph in self._graphs:
            sql, values = self._select("t.id", graph, conditions)
            found += [i for (i,) in self._database.rows(sql, values)]
        return found

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
        column, text = ("folded", elements.lower()) if any_case else ("digest", elements)
        for graph in self._graphs:
            sql = (
                f"SELECT DISTINCT subject FROM elements JOIN top_level AS t ON t.id = elements.id"
                f" WHERE elements.{column} = :digest AND t.id {_RANGE}{self._visible()}"
            )
            rows = self._database.rows(sql, graph | {"digest": elements_digest(text)})
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
        self, graph: dict[str, Any], conditions: Sequence[Condition], *, walkable: bool
    ) -> tuple[Condition | None, int]:
        """Return the condition that finds least, and how much it finds, counted up to DRIVER_LIMIT."""
        sourced = [condition for condition in conditions if condition.source is not None]
        if len(sourced) == 1 and not walkable:
            return sourced[0], 0
        best, least = None, DRIVER_LIMIT + 1
        for condition in sourced:
            sql = f"SELECT count(*) FROM ({condition.source} LIMIT :n)"
            values = graph | condition.values | {"n": min(least, DRIVER_LIMIT)}
            row = self._database.row(sql, values)
            assert row is not None
            if best is None or row[0] < least:
                best, least = condition, row[0]
        return best, least

    def _select(
        self, columns: str, graph: dict[str, Any], conditions: Sequence[Condition], order: Order | None = None
    ) -> tuple[str, dict[str, Any]]:
        walkable = order is not None and order.index is not None
        driver, size = self._driver(graph, conditions, walkable=walkable)
        values = dict(graph)
        for condition in conditions:
            values |= condition.values
        if walkable and size >= DRIVER_LIMIT:
            driver = None
        checks = [c.holds for c in conditions if c is not driver or not c.exact]
        where = "".join(f" AND {check}" for check in checks) + self._visible()
        if driver is None:
            index = f" INDEXED BY {order.index}" if order is not None and walkable else ""
            return f"SELECT {columns} FROM top_level AS t{index} WHERE t.graph = :graph{where}", values
        source = f"({driver.source}) AS s CROSS JOIN top_level AS t ON t.id = s.id"
        return f"SELECT {columns} FROM {source} WHERE 1{where}", values

    def _count(self, graph: dict[str, Any], conditions: Sequence[Condition]) -> int:
        visible = self._visible()
        only = conditions[0] if len(conditions) == 1 else None
        if not visible and (not conditions or (only is not None and only.exact and only.source is not None)):
            source = only.source if only is not None else _ALL
            sql, values = f"SELECT count(*) FROM ({source})", graph | (only.values if only else {})
        else:
            sql, values = self._select("count(*)", graph, conditions)
        row = self._database.row(sql, values)
        assert row is not None
        return int(row[0])

    def _ordered(self, conditions: Sequence[Condition], order: Order, offset: int, limit: int) -> list[tuple[Any, ...]]:
        """Return (id, order columns…) of the page: the heads of each graph's list, merged."""
        columns = ", ".join(["t.id", *(column for column, _ in order.columns)])
        by = ", ".join(f"{n + 2} {'DESC' if down else 'ASC'}" for n, (_, down) in enumerate(order.columns))
        rows: list[tuple[Any, ...]] = []
        for graph in self._graphs:
            sql, values = self._select(columns, graph, conditions, order)
            values |= order.values | {"n": min(offset + limit, 1 << 60)}
            rows += self._database.rows(f"{sql} ORDER BY {by} LIMIT :n", values)
        if len(self._graphs) > 1:
            for n, (_, down) in reversed(list(enumerate(order.columns, start=1))):
                rows.sort(key=_cell(n), reverse=down)
        return rows[offset : offset + limit]


def _cell(n: int) -> Callable[[tuple[Any, ...]], Any]:
    return lambda row: row[n]
