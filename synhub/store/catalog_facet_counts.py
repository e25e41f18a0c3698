"""How many of some objects have each type, role and creator, and how many each collection has as members.

What is counted is exactly what the conditions `has_facet` and `is_member` find. It never decides who may read: a View
says what is to be seen.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
from collections import Counter
from collections.abc import Iterable, Sequence

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


def value_counts(view: View, ids: Sequence[int] | None) -> dict[tuple[int, Term], int]:
    """Return how many of some top levels (row ids; None: of all that is to be seen) have each (kind, value)."""
    counts: Counter[tuple[int, Term]] = Counter()
    for sql, values in _value_queries(view, ids):
        rows = view.database.rows(
            f"SELECT v.kind, v.term, n FROM ({sql}) JOIN facet_value AS v ON v.id = value", values
        )
        for kind, term, n in rows:
            if n:
                counts[kind, Term(term)] += n
    return counts


def _value_queries(view: View, ids: Sequence[int] | None) -> Iterable[tuple[str, dict[str, object]]]:
    if ids is not None:
        among = "json_each(:ids) AS hit CROSS JOIN facet_of ON facet_of.id = hit.value"
        yield f"SELECT facet_of.value, count(*) AS n FROM {among} GROUP BY 1", {"ids": json.dumps(list(ids))}
        return
    for graph in view.graphs:
        yield "SELECT value, n FROM facet_count WHERE graph = :graph", {"graph": graph["graph"]}


_ALL = "membership AS m CROSS JOIN top_level AS t ON t.{0} = m.member AND t.graph = :graph"
_AMONG = (
    "json_each(:ids) AS hit CROSS JOIN top_level AS t ON t.id = hit.value"
    " CROSS JOIN membership AS m ON m.member = t.{0}"
)
_BY_NODE = "SELECT m.collection, count(*) FROM {0} WHERE 1"
_BY_IDENTITY = (
    f"SELECT m.collection, count(*) FROM {{0}} WHERE {is_latest('t')} AND NOT EXISTS"
    " (SELECT 1 FROM membership AS own WHERE own.collection = m.collection AND own.member = t.node)"
)
_MEMBERS = (_BY_NODE.format(_ALL.format("node")), _BY_IDENTITY.format(_ALL.format("identity")))
_MEMBERS_AMONG = (_BY_NODE.format(_AMONG.format("node")), _BY_IDENTITY.format(_AMONG.format("identity")))


def member_counts(view: View, ids: Sequence[int] | None) -> dict[int, int]:
    """Return how many of some top levels (row ids; None: of all to be seen) each collection (row id) has as members.

    Only collections that are to be seen. A member that is named without a version is the latest one.
    """
    counts: Counter[int] = Counter()
    for graph in view.graphs:
        values = dict(graph)
        if ids is not None:
            values["ids"] = json.dumps([i for i in ids if graph["low"] <= i <= graph["high"]])
        for sql in _MEMBERS if ids is None else _MEMBERS_AMONG:
            for collection, n in view.database.rows(sql + view.visible() + " GROUP BY 1", values):
                counts[collection] += n
    shown = view.ids([is_row(sorted(counts))])
    return {collection: counts[collection] for collection in shown}


def is_row(ids: Sequence[int]) -> Condition:
    """One of some row ids."""
    return Condition(
        "t.id IN (SELECT value FROM json_each(:rows))",
        {"rows": json.dumps(list(ids))},
        "SELECT value AS id FROM json_each(:rows) WHERE value BETWEEN :low AND :high",
    )
