"""Finding top levels in the catalog: orders, and how conditions are put together.

A `View` is the catalog as one reader sees it: some graphs, less what is hidden. It answers for speed as well. Where
a condition finds few rows, they are looked at one by one; else sets are intersected (catalog_sets.py), and a page of
what is left is sorted, or found by walking an index in the wanted order, whichever is less. Values are always bound.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from synhub.model import Dataset, Hit
from synhub.rdf import Iri, iri_term
from synhub.search.ast import Alternative, Phrase
from synhub.store import catalog_bits as bits
from synhub.store.catalog import GRAPH_SHIFT, Catalog
from synhub.store.catalog_conditions import (
    IN_GRAPH,
    AsSet,
    Condition,
    has_facet,
    is_latest,
    is_one_of,
    match_expression,
    text_set,
)
from synhub.store.catalog_entry import elements_digest, folded_digest
from synhub.store.catalog_postings import NAME
from synhub.store.catalog_sets import Sets
from synhub.store.database import Database
from synhub.vocab import SBOL2

_FEW = 500  # rows that are looked at one by one before any set is made
_SOME = 4_000  # what is checked row by row, rather than by an index of trigrams or dates
_STEPS = 6  # rows along the index of uses take as long as to fetch and sort one [measured]
_SAMPLE = 256
_DENSE = 8  # one of so many rows is found: then a page is soon full, and what is left to check is checked on the way
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


def by_columns(*columns: str, descending: bool) -> Order:
    """Order by some columns of top_level, then by IRI."""
    return Order(tuple((f"t.{column}", descending) for column in (*columns, "iri")))


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
    # the displayId stands for a name that is missing, so that too much is found
    text = [(Phrase(word),) for word in words]
    return replace(RANK, tiers=(*tiers, Condition(within, values, as_set=_named(text))))


def _named(text: Sequence[Alternative]) -> AsSet:
    """What has one of some words in a name or displayId, and more."""
    match = match_expression(text)

    def as_set(sets: Sets, thorough: bool) -> tuple[int, bool]:
        found, exact = text_set(sets, text, NAME, thorough=thorough)
        if exact or match is None or found.bit_count() <= _SOME:
            return found, False
        sql = f"SELECT rowid FROM words WHERE words MATCH :named AND rowid {IN_GRAPH}"
        return found & sets.selected(sql, {"named": f"{{name display_id}} : ({match})"}), False

    return as_set


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
        return sum(self._count(sets, conditions) for sets in self._sets)

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
            few = self._few(sets, conditions)
            found += sets.ids(self._found(sets, conditions)) if few is None else few
        return found if limit < 0 else found[:limit]

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

    def _count(self, sets: Sets, conditions: Sequence[Condition]) -> int:
        few = self._few(sets, conditions)
        return self._found(sets, conditions).bit_count() if few is None else len(few)

    def _few(self, sets: Sets, conditions: Sequence[Condition]) -> list[int] | None:
        """Return what meets all conditions when one of those that no set answers finds few; else None."""
        for condition in conditions:
            if condition.as_set is None and condition.source is not None:
                rows = self._database.rows(
                    f"SELECT id FROM ({condition.source}) LIMIT :n", {**sets.graph, **condition.values, "n": _FEW + 1}
                )
                if len(rows) <= _FEW:
                    checks = [c for c in conditions if c is not condition or not c.exact]
                    return self._meeting(sets, [row_id for (row_id,) in rows], checks)
        return None

    def _found(self, sets: Sets, conditions: Sequence[Condition]) -> int:
        """Return the set of what is to be seen and meets all conditions."""
        found, checks = self._about(sets, conditions, thorough=True)
        for condition in [check for check in checks if check.source is not None]:
            if found.bit_count() <= _SOME:
                break
            assert condition.source is not None
            found &= sets.selected(condition.source, condition.values)
            if condition.exact:
                checks.remove(condition)
        return self._checked(sets, found, checks)

    def _about(self, sets: Sets, conditions: Sequence[Condition], *, thorough: bool) -> tuple[int, list[Condition]]:
        """Return what is to be seen and may meet all conditions, and those that are to be checked."""
        found: int | None = None
        checks: list[Condition] = []
        for condition in conditions:
            exact = False
            if condition.as_set is not None:
                some, exact = condition.as_set(sets, thorough)
                found = some if found is None else found & some
            if not exact:
                checks.append(condition)
        found = sets.everything if found is None else found
        return found & ~sets.hidden, checks

    def _is_dense(self, sets: Sets, found: int, checks: Sequence[Condition]) -> bool:
        """Say whether many of a set meet some conditions: of a sample spread over the graph."""
        data = bits.in_bytes(found)
        spread = [at for at in range(0, len(data), len(data) // _SAMPLE + 1) if data[at]]
        sample = [sets.graph["low"] + (at << 3) + data[at].bit_length() - 1 for at in spread]
        met = self._meeting(sets, sample, checks, visible=True)
        return len(met) * _DENSE >= _SAMPLE

    def _checked(self, sets: Sets, found: int, checks: Sequence[Condition]) -> int:
        """Return what of a set meets some conditions, looking at each row."""
        if not found or not checks:
            return found
        if found.bit_count() > max(sets.size // 4, _SOME):  # to look at all rows is faster than to name them
            where, values = self._where(sets, checks)
            return found & sets.selected(f"SELECT t.id FROM top_level AS t WHERE t.graph = :graph{where}", values)
        return sets.of(self._meeting(sets, sets.ids(found), checks, visible=True))

    def _meeting(
        self, sets: Sets, ids: Sequence[int], checks: Sequence[Condition], *, visible: bool = False
    ) -> list[int]:
        """Return those of some rows that meet conditions and are to be seen; `visible` ones are known to be."""
        where, values = self._where(sets, checks)
        where = where if visible else where + self._visible()
        if not where or not ids:
            return list(ids)
        sql = f"SELECT t.id FROM json_each(:ids) AS i CROSS JOIN top_level AS t ON t.id = i.value WHERE 1{where}"
        return [row_id for (row_id,) in self._database.rows(sql, values | {"ids": json.dumps(ids)})]

    def _where(self, sets: Sets, checks: Sequence[Condition]) -> tuple[str, dict[str, Any]]:
        values = dict(sets.graph)
        for check in checks:
            values |= check.values
        return "".join(f" AND {check.holds}" for check in checks), values

    def _most(self, sets: Sets, order: Order, wanted: int) -> int:
        """Return the number up to which fetching and sorting what is found beats walking in order.

        Of n rows of which m are found, a walk to the row `wanted` takes wanted * n / m steps; m rows are sorted.
        """
        steps = _STEPS if order.index == RANK.index else 1
        return math.isqrt(max(wanted, 1) * sets.size // steps)

    def _ordered(self, conditions: Sequence[Condition], order: Order, offset: int, limit: int) -> list[tuple[Any, ...]]:
        """Return (id, order columns…) of the page: the heads of each graph's list, merged."""
        end = min(offset + limit, 1 << 60)
        columns = order.columns if not order.tiers else ((_tier(order.tiers), False), *order.columns)
        rows: list[tuple[Any, ...]] = []
        for sets in self._sets:
            rows += self._head(sets, conditions, order, columns, end)
        if len(self._sets) > 1:
            for n, (_, down) in reversed(list(enumerate(columns, start=1))):
                rows.sort(key=_cell(n), reverse=down)
        return rows[offset:end]

    def _head(
        self, sets: Sets, conditions: Sequence[Condition], order: Order, columns: Columns, end: int
    ) -> list[tuple[Any, ...]]:
        """Return the first `end` rows of a graph: what is found is sorted, or an index is walked."""
        few = self._few(sets, conditions)
        if few is None:
            found, checks = self._about(sets, conditions, thorough=False)
            if not order.index or not checks or end > _SOME or not self._is_dense(sets, found, checks):
                found, checks = self._found(sets, conditions), []
            if order.index and (checks or found.bit_count() > self._most(sets, order, end)):
                return self._by_tier(sets, found, checks, order, end)
            few = sets.ids(found)
        return self._sorted(sets, few, columns, order, end)

    def _by_tier(
        self, sets: Sets, found: int, checks: Sequence[Condition], order: Order, end: int
    ) -> list[tuple[Any, ...]]:
        """Return the first `end` rows of a set that meet conditions.

        Tier by tier: a small one is sorted, along a large one is walked.
        """
        rows: list[tuple[Any, ...]] = []
        above = list(checks)
        most = self._most(sets, order, end)
        for n, tier in enumerate(order.tiers):
            few = self._tier(sets, found, tier, above, most)
            if few is None:
                rows += self._walk(sets, found, [tier, *above], order, (n, end - len(rows)))
                above.append(Condition(f"NOT ({tier.holds})", tier.values))
            else:
                rows += self._sorted(sets, sets.ids(few), _constant(n, order), order, end - len(rows))
                found &= ~few
            if len(rows) >= end:
                return rows
        return rows + self._walk(sets, found, above, order, (len(order.tiers), end - len(rows)))

    def _tier(self, sets: Sets, found: int, tier: Condition, checks: Sequence[Condition], most: int) -> int | None:
        """Return what of a set meets conditions and belongs to a tier, when it is not more than can be sorted."""
        if tier.as_set is not None:
            few, exact = tier.as_set(sets, not checks)
        else:
            few, exact = sets.selected(f"{tier.source} LIMIT :n", tier.values | {"n": most + 1}), tier.exact
            if few.bit_count() > most:
                return None
        few &= found
        if few.bit_count() > most:
            return None
        return self._checked(sets, few, checks if exact else [tier, *checks])

    def _walk(
        self, sets: Sets, found: int, checks: Sequence[Condition], order: Order, part: tuple[int, int]
    ) -> list[tuple[Any, ...]]:
        """Return the first rows of a set that meet conditions, in order. `part`: number of the tier; how many rows.

        By use, rows are looked for among those of about as many uses: most parts have none, and all sequences one, so
        that what is used little would come after a long walk.
        """
        number, wanted = part
        if order.index != RANK.index:
            return list(self._steps(sets, found, checks, order, part))
        rows: list[tuple[Any, ...]] = []
        for least, most, used in sets.by_use(descending=order.columns[0][1]):
            some = found & used
            need = wanted - len(rows)
            if not some:
                continue
            if some.bit_count() <= math.isqrt(need * used.bit_count() // _STEPS):
                ids = sets.ids(self._checked(sets, some, checks))
                rows += self._sorted(sets, ids, _constant(number, order), order, need)
            else:
                among = Condition("t.uses BETWEEN :least AND :most", {"least": least, "most": most})
                rows += self._steps(sets, some, [among, *checks], order, (number, need))
            if len(rows) >= wanted:
                break
        return rows

    def _steps(
        self, sets: Sets, found: int, checks: Sequence[Condition], order: Order, part: tuple[int, int]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield rows of a set that meet conditions, in the order of the index."""
        number, wanted = part
        columns = _constant(number, order)
        where, values = self._where(sets, checks)
        sql = f"SELECT {_names(columns)} FROM top_level AS t INDEXED BY {order.index} WHERE t.graph = :graph{where}"
        low, data, left = sets.graph["low"], bits.in_bytes(found), found.bit_count()
        cursor = self._database.read().execute(f"{sql} ORDER BY {_by(columns, order)}", values)
        for row in cursor:
            at = row[0] - low
            if at >> 3 < len(data) and data[at >> 3] >> (at & 7) & 1:
                yield row
                wanted, left = wanted - 1, left - 1
                if not wanted or not left:
                    break
        cursor.close()

    def _sorted(
        self, sets: Sets, ids: Sequence[int], columns: Columns, order: Order, limit: int
    ) -> list[tuple[Any, ...]]:
        """Return the first of some rows in the order."""
        if not ids or not limit:
            return []
        values = dict(sets.graph) | {"ids": json.dumps(ids), "n": limit}
        for tier in order.tiers:
            values |= tier.values
        source = "json_each(:ids) AS i CROSS JOIN top_level AS t ON t.id = i.value"
        sql = f"SELECT {_names(columns)} FROM {source} ORDER BY {_by(columns, order)} LIMIT :n"
        return self._database.rows(sql, values)


def _constant(tier: int, order: Order) -> Columns:
    """The columns of rows that are known to be of one tier."""
    return ((str(tier), False), *order.columns) if order.tiers else order.columns


def _by(columns: Columns, order: Order) -> str:
    """The columns to sort by; to sort by a constant would hide the index."""
    first = len(columns) - len(order.columns) if columns[0][0].isdigit() else 0
    numbered = list(enumerate(columns, start=2))[first:]
    return ", ".join(f"{n} {'DESC' if down else 'ASC'}" for n, (_, down) in numbered)


def _tier(tiers: Sequence[Condition]) -> str:
    cases = " ".join(f"WHEN {tier.holds} THEN {n}" for n, tier in enumerate(tiers))
    return f"CASE {cases} ELSE {len(tiers)} END"


def _names(columns: Columns) -> str:
    return ", ".join(["t.id", *(column for column, _ in columns)])


def _cell(n: int) -> Callable[[tuple[Any, ...]], Any]:
    return lambda row: row[n]
