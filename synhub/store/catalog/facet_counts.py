"""How many of some objects have each type, role and creator, and how many each collection has as members.

What is counted is exactly what the conditions `has_facet` and `is_member` find. It never decides who may read: a View
says what is to be seen.
"""

import json
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import nlargest
from typing import Any, TypeVar

from synhub.rdf import Term
from synhub.store.catalog.conditions import Condition, members
from synhub.store.catalog.creators import count_creators
from synhub.store.catalog.facets import CREATOR
from synhub.store.catalog.find import find
from synhub.store.catalog.postings import FACET, MEMBER, VERSION
from synhub.store.catalog.search import View

_Key = TypeVar("_Key")


def keys_of(view: View, kind: int, values: Iterable[Term]) -> list[int]:
    """Return the facet keys of those values that some object has or had: few of the thousands below a term."""
    wanted = frozenset(values)
    rows = view.database.rows("SELECT key, term FROM facet_value WHERE kind = ?", (kind,))
    return [key for key, term in rows if term in wanted]


class Found:
    """What a search finds, as sets, to count what it has; everything that is to be seen when `is_everything`."""

    def __init__(self, view: View, conditions: Sequence[Condition]) -> None:
        self._view = view
        self._sets = [(sets, find(sets, conditions)) for sets in view.sets]
        self.is_everything = not conditions and view.is_settled
        self.total = sum(found.bit_count() for _, found in self._sets)

    def values(self, kind: int, limit: int) -> list[tuple[Term, int]]:
        """Return the values of a kind that most of what is found has, and how many have each."""
        if not self.total:
            return []
        if self.is_everything:
            return self._named(_most_frequent(self._view, kind, limit))
        if kind == CREATOR:
            return self._named(_first(self._creators(), limit))
        graphs = json.dumps([graph["graph"] for graph in self._view.graphs])
        totals = self._view.database.rows(_TOTALS, {"graphs": graphs, "kind": kind})
        keys = {value: key for value, key, _ in totals}
        sizes = {value: n for value, _, n in totals}
        return self._named(_first(_largest(sizes, limit, lambda value: self._count(FACET, keys[value])), limit))

    def collections(self, limit: int) -> dict[int, int]:
        """Return the collections (row ids) to be seen that have most of what is found as members, and how many."""
        sizes: dict[int, int] = {}
        if not self.total:
            return {}
        for graph in self._view.graphs:
            sizes |= self._sizes(graph)
        shown = self._view.ids([_is_row(sorted(sizes))])
        return _largest({row_id: sizes[row_id] for row_id in shown}, limit, lambda row_id: self.members([row_id]))

    def members(self, collections: Sequence[int]) -> int:
        """Return how much of what is found is a member of some collections (row ids)."""
        return sum((members(sets, collections) & found).bit_count() for sets, found in self._sets)

    def _sizes(self, graph: Mapping[str, Any]) -> dict[int, int]:
        """Return how many members each collection of a graph has at most."""
        database, values = self._view.database, {**graph, "member": MEMBER, "version": VERSION}
        return database.kept.find(
            (graph["low"], "sizes"), lambda: dict(database.rows(_SIZES, values)), lambda sizes: 200 + 150 * len(sizes)
        )

    def _count(self, kind: int, term: int) -> int:
        return sum((sets.with_any(kind, [term]) & found).bit_count() for sets, found in self._sets)

    def _creators(self) -> Counter[int]:
        counts: Counter[int] = Counter()
        for sets, found in self._sets:
            counts.update(count_creators(self._view.database, sets.graph["low"], sets.graph["high"], found))
        return counts

    def _named(self, counts: Iterable[tuple[int, int]]) -> list[tuple[Term, int]]:
        """Return values with their counts, the largest first, of their numbers with the same."""
        of_value = dict(counts)
        rows = self._view.database.rows(_TERMS, (json.dumps(list(of_value)),))
        return sorted(((Term(term), of_value[value]) for value, term in rows), key=lambda pair: (-pair[1], pair[0]))


_TERMS = "SELECT v.id, v.term FROM json_each(?) AS wanted CROSS JOIN facet_value AS v ON v.id = wanted.value"
_TOTALS = (
    "SELECT v.id, v.key, sum(c.n) AS total FROM facet_value AS v CROSS JOIN json_each(:graphs) AS g"
    " CROSS JOIN facet_count AS c ON c.graph = g.value AND c.value = v.id WHERE v.kind = :kind GROUP BY v.id"
)
_HEAD = "SELECT value, n FROM facet_count WHERE graph = :graph AND kind = :kind AND n > 0 ORDER BY n DESC LIMIT :wanted"
_SUMS = (
    "SELECT c.value, sum(c.n) AS total FROM json_each(:values) AS v CROSS JOIN json_each(:graphs) AS g"
    " CROSS JOIN facet_count AS c ON c.graph = g.value AND c.value = v.value"
    " GROUP BY c.value ORDER BY total DESC LIMIT :limit"
)
# what sets of members can hold at most: of 512 bytes, a bit for each, else 2 bytes for each
_SIZES = (
    "SELECT term, sum(CASE WHEN length(ids) = 512 THEN 4096 ELSE length(ids) / 2 END) FROM posting"
    " WHERE kind IN (:member, :version) AND term BETWEEN :low AND :high GROUP BY term"
)


def _most_frequent(view: View, kind: int, limit: int) -> list[tuple[int, int]]:
    """Return the values of a kind that most of all objects have, and how many have each; among equals any.

    The first ones of each graph are looked at, and more until no other can have more than these have together.
    """
    graphs = [graph["graph"] for graph in view.graphs]
    wanted = max(limit, 1)
    while True:
        heads = [view.database.rows(_HEAD, {"graph": g, "kind": kind, "wanted": wanted}) for g in graphs]
        values = json.dumps(sorted({value for head in heads for value, _ in head}))
        first = view.database.rows(_SUMS, {"values": values, "graphs": json.dumps(graphs), "limit": limit})
        unseen = sum(head[-1][1] for head in heads if len(head) == wanted)
        if not unseen or not limit or (len(first) == limit and first[-1][1] >= unseen):
            return first
        wanted *= 4


def _first(counts: Mapping[int, int], limit: int) -> list[tuple[int, int]]:
    """Return the largest counts; among equals those of the lowest keys."""
    least = min(nlargest(limit, counts.values()), default=0)
    enough = [(key, n) for key, n in counts.items() if n >= least]
    return sorted(enough, key=lambda count: (-count[1], count[0]))[:limit]


def _largest(sizes: Mapping[_Key, int], limit: int, count: Callable[[_Key], int]) -> dict[_Key, int]:
    """Return the keys of which most is counted, and how many; among them some more.

    No more is counted of a key than its size: the largest ones are counted until what is left is too small.
    """
    found: dict[_Key, int] = {}
    best: list[int] = []  # the `limit` highest counts, ascending
    for key in sorted(sizes, key=lambda key: -sizes[key]):
        if len(best) >= limit and (not best or best[0] >= sizes[key]):
            break
        n = count(key)
        if n:
            found[key] = n
            insort(best, n)
            del best[:-limit]
    return found


def _is_row(ids: Sequence[int]) -> Condition:
    """One of some row ids."""
    return Condition(
        "t.id IN (SELECT value FROM json_each(:rows))",
        {"rows": json.dumps(list(ids))},
        "SELECT value AS id FROM json_each(:rows) WHERE value BETWEEN :low AND :high",
    )
