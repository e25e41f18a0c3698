"""How many of some objects have each type, role and creator, and how many each collection has as members.

What is counted is exactly what the conditions `has_facet` and `is_member` find. It never decides who may read: a View
says what is to be seen.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
from collections import Counter
from collections.abc import Callable, Sequence

from synhub.rdf import Term
from synhub.store.catalog_conditions import Condition, is_latest
from synhub.store.catalog_search import View

MOST = 250_000
"""Objects that values are counted of: half a second. Of more, these many are counted."""


def known_keys(view: View, keys: Sequence[int]) -> list[int]:
    """Return those keys of counted predicates that some object has or had: few of the thousands below a term."""
    rows = view.database.rows(
        "SELECT v.key FROM json_each(?) AS wanted CROSS JOIN facet_value AS v ON v.key = wanted.value",
        (json.dumps(list(keys)),),
    )
    return [key for (key,) in rows]


def most_frequent(view: View, ids: Sequence[int] | None, limit: int) -> dict[int, list[tuple[Term, int]]]:
    """Return by kind the values that most of some top levels (row ids; None: of all to be seen) have, and how many do.

    None needs a view that `is_settled`.
    """
    if ids is None:
        graphs = json.dumps([graph["graph"] for graph in view.graphs])
        rows = view.database.rows(_MOST_FREQUENT.format(_IN_GRAPHS), {"graphs": graphs, "limit": limit})
    else:
        rows = view.database.rows(_MOST_FREQUENT.format(_OF_IDS), {"ids": json.dumps(list(ids)), "limit": limit})
    found: dict[int, list[tuple[Term, int]]] = {}
    for kind, term, n in rows:
        found.setdefault(kind, []).append((Term(term), n))
    return found


_IN_GRAPHS = (
    "SELECT value, sum(n) AS n FROM facet_count WHERE graph IN (SELECT value FROM json_each(:graphs)) GROUP BY value"
)
_OF_IDS = (
    "SELECT facet_of.value, count(*) AS n FROM json_each(:ids) AS hit CROSS JOIN facet_of ON facet_of.id = hit.value"
    " GROUP BY facet_of.value"
)
_MOST_FREQUENT = (
    "SELECT kind, term, n FROM (SELECT v.kind, v.term, c.n, row_number() OVER"
    " (PARTITION BY v.kind ORDER BY c.n DESC, v.term) AS place"
    " FROM ({0}) AS c CROSS JOIN facet_value AS v ON v.id = c.value WHERE c.n > 0)"
    " WHERE place <= :limit ORDER BY kind, place"
)


_AMONG = (
    "json_each(:ids) AS hit CROSS JOIN top_level AS t ON t.id = hit.value"
    " CROSS JOIN membership AS m ON m.member = t.{0}"
)
_MEMBERS = (
    f"SELECT m.collection, count(*) FROM {_AMONG.format('node')} GROUP BY 1",
    f"SELECT m.collection, count(*) FROM {_AMONG.format('identity')} WHERE {is_latest('t')} AND NOT EXISTS"
    " (SELECT 1 FROM membership AS own WHERE own.collection = m.collection AND own.member = t.node) GROUP BY 1",
)


def member_counts(view: View, ids: Sequence[int]) -> dict[int, int]:
    """Return how many of some top levels (row ids) each collection (row id) that is to be seen has as members.

    A member that is named without a version is the latest one.
    """
    counts: Counter[int] = Counter()
    for graph in view.graphs:
        values = graph | {"ids": json.dumps([i for i in ids if graph["low"] <= i <= graph["high"]])}
        for sql in _MEMBERS:
            for collection, n in view.database.rows(sql, values):
                counts[collection] += n
    return {collection: counts[collection] for collection in view.ids([is_row(sorted(counts))])}


def largest(view: View, limit: int, count: Callable[[int], int]) -> dict[int, int]:
    """Return the collections (row ids) to be seen that have most members of a kind, and how many.

    `count` says how many a collection has: it is asked of the largest ones, until those that are left have fewer
    members in all than was counted of the last wanted one.
    """
    sizes: Counter[int] = Counter()
    for graph in view.graphs:
        sql = "SELECT collection, count(*) FROM membership WHERE collection BETWEEN :low AND :high GROUP BY 1"
        sizes.update(dict(view.database.rows(sql, graph)))
    found: dict[int, int] = {}
    shown = view.ids([is_row(sorted(sizes))])
    for row_id in sorted(shown, key=lambda row_id: (-sizes[row_id], row_id)):
        best = sorted(found.values(), reverse=True)[:limit]
        if len(best) >= limit and (not best or best[-1] > sizes[row_id]):
            break
        found[row_id] = count(row_id)
    return {row_id: n for row_id, n in found.items() if n}


def is_row(ids: Sequence[int]) -> Condition:
    """One of some row ids."""
    return Condition(
        "t.id IN (SELECT value FROM json_each(:rows))",
        {"rows": json.dumps(list(ids))},
        "SELECT value AS id FROM json_each(:rows) WHERE value BETWEEN :low AND :high",
    )
