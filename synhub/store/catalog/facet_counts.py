"""How many of some objects have each type, role and creator, and how many each collection has as members.

What is counted is exactly what the conditions `has_facet` and `is_member` find. It never decides who may read: a View
says what is to be seen.
"""

import json
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from synhub.rdf import Term
from synhub.store.catalog.conditions import Condition, members
from synhub.store.catalog.facets import CREATOR
from synhub.store.catalog.find import find
from synhub.store.catalog.postings import FACET
from synhub.store.catalog.search import View

MOST = 250_000
"""Objects that creators are counted of: a fifth of a second. Of more, these many are counted."""

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

    @property
    def counted(self) -> int:
        """Of how many objects creators are counted."""
        return self.total if self.is_everything else min(self.total, MOST)

    def values(self, kind: int, limit: int) -> list[tuple[Term, int]]:
        """Return the values of a kind that most of what is found has, and how many have each."""
        if not self.total:
            return []
        graphs = json.dumps([graph["graph"] for graph in self._view.graphs])
        rows = self._view.database.rows(_TOTALS, {"graphs": graphs, "kind": kind})
        if self.is_everything:
            return [(Term(term), n) for term, _, n in rows[:limit]]
        totals = {(Term(term), key): n for term, key, n in rows}
        counts = _largest(totals, limit, lambda value: self._count(FACET, value[1]))
        return sorted(((term, n) for (term, _), n in counts.items()), key=lambda pair: (-pair[1], pair[0]))[:limit]

    def creators(self, limit: int) -> list[tuple[Term, int]]:
        """Return the creators of most of the first `counted` of what is found."""
        if self.is_everything:
            return self.values(CREATOR, limit)
        ids = [row_id for sets, found in self._sets for row_id in sets.ids(found)][:MOST]
        rows = self._view.database.rows(_CREATORS, {"ids": json.dumps(ids), "limit": limit})
        return [(Term(term), n) for term, n in rows]

    def collections(self, limit: int) -> dict[int, int]:
        """Return the collections (row ids) to be seen that have most of what is found as members, and how many."""
        sizes: Counter[int] = Counter()
        if not self.total:
            return {}
        for graph in self._view.graphs:
            sizes.update(dict(self._view.database.rows(_SIZES, graph)))
        shown = self._view.ids([_is_row(sorted(sizes))])
        return _largest({row_id: sizes[row_id] for row_id in shown}, limit, lambda row_id: self.members([row_id]))

    def members(self, collections: Sequence[int]) -> int:
        """Return how much of what is found is a member of some collections (row ids)."""
        return sum((members(sets, collections) & found).bit_count() for sets, found in self._sets)

    def _count(self, kind: int, term: int) -> int:
        return sum((sets.with_any(kind, [term]) & found).bit_count() for sets, found in self._sets)


_TOTALS = (
    "SELECT v.term, v.key, sum(c.n) AS total FROM facet_value AS v CROSS JOIN json_each(:graphs) AS g"
    " CROSS JOIN facet_count AS c ON c.graph = g.value AND c.value = v.id"
    " WHERE v.kind = :kind GROUP BY v.id HAVING total > 0 ORDER BY total DESC, v.term"
)
_CREATORS = (
    "SELECT v.term, c.n FROM (SELECT creator.value, count(*) AS n FROM json_each(:ids) AS hit"
    " CROSS JOIN creator ON creator.id = hit.value GROUP BY creator.value) AS c"
    " CROSS JOIN facet_value AS v ON v.id = c.value ORDER BY c.n DESC, v.term LIMIT :limit"
)
_SIZES = "SELECT collection, count(*) FROM membership WHERE collection BETWEEN :low AND :high GROUP BY 1"


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
