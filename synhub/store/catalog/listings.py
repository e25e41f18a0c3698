"""What listings ask of the catalog beyond a search: roots, next levels, namespaces, counters of classes."""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
from collections.abc import Sequence
from typing import Any

from synhub.rdf import Iri
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.conditions import Condition, names
from synhub.store.catalog.postings import VERSION
from synhub.store.catalog.search import View
from synhub.store.database import Database

IS_ROOT = Condition(
    f"NOT EXISTS (SELECT 1 FROM membership AS m WHERE m.member IN {names('t')} AND m.collection BETWEEN :low AND :high"
    " AND m.collection NOT IN (SELECT id FROM hidden))",
    {},
)
"""No collection of the same graph has it as a member, by its IRI or as the latest version of its identity."""


def is_next_level(name: str, collections: Sequence[int], graphs: Sequence[Iri]) -> Condition:
    """Not a member of another direct member of the collections (row ids) that stands in one of the graphs."""
    holds = (
        "NOT EXISTS (SELECT 1 FROM membership AS lower JOIN top_level AS middle ON middle.id = lower.collection"
        f" JOIN membership AS upper ON upper.member IN {names('middle')}"
        f" WHERE lower.member IN {names('t')} AND middle.id <> t.id"
        f" AND upper.collection IN (SELECT value FROM json_each(:{name}))"
        f" AND middle.graph IN (SELECT id FROM graph WHERE iri IN (SELECT value FROM json_each(:{name}_graphs)))"
        " AND middle.id NOT IN (SELECT id FROM hidden))"
    )
    return Condition(holds, {name: json.dumps(list(collections)), f"{name}_graphs": json.dumps(list(graphs))})


def is_below(name: str, beginnings: Sequence[str]) -> Condition:
    """The IRI begins with one of some texts."""
    holds = f"EXISTS (SELECT 1 FROM json_each(:{name}) WHERE substr(t.iri, 1, length(value)) = value)"
    return Condition(holds, {name: json.dumps(list(beginnings))})


def find_record(catalog: Catalog, graph: Iri, top_level: Iri) -> tuple[str | None, ...] | None:
    """Return persistent identity, displayId, version, name, description and class of a top level, as texts.

    None for one that has no row, hidden or not; an empty text for what is missing as well as for what is empty.
    """
    return catalog.database.row(
        "SELECT identity.iri, t.display_id, t.version, t.name, t.description, t.class FROM node"
        " CROSS JOIN top_level AS t ON t.node = node.id LEFT JOIN node AS identity ON identity.id = t.identity"
        " WHERE node.iri = ? AND t.graph = (SELECT id FROM graph WHERE iri = ?)",
        (top_level, graph),
    )


def count_class(catalog: Catalog, graph: Iri, cls: Iri) -> int:
    """Return how many objects of a class a graph holds, children too, less what is hidden."""
    row = catalog.database.row(
        "SELECT n FROM class_count JOIN class ON class.id = class JOIN graph ON graph.id = graph"
        " WHERE graph.iri = ? AND class.iri = ?",
        (graph, cls),
    )
    return 0 if row is None else int(row[0])


def member_page(
    view: View, collection: int, sort: int, offset: int, limit: int, *, descending: bool
) -> list[int] | None:
    """Return row ids of a piece of the list of a collection's (row id) members. `sort` is one of members.py.

    By IRI where the sorted column is the same. None where some are members by their identity alone: which version that
    is stands in no list.
    """
    if any(sets.with_any(VERSION, [collection]) for sets in view.sets):
        return None
    down = "DESC" if descending else "ASC"
    values: dict[str, Any] = {"collection": collection, "sort": sort, "offset": offset, "limit": limit}
    among = "FROM listing WHERE collection = :collection AND sort = :sort"
    for n, graph in enumerate(view.graphs):
        values |= {f"low{n}": graph["low"], f"high{n}": graph["high"]}
    among += f" AND ({' OR '.join(f'id BETWEEN :low{n} AND :high{n}' for n in range(len(view.graphs))) or '0'})"
    hidden = [row_id for sets in view.sets if sets.hidden for row_id in sets.ids(sets.hidden)]
    if hidden:
        among += " AND id NOT IN (SELECT value FROM json_each(:hidden))"
        values["hidden"] = json.dumps(hidden)
    page = f"SELECT key, id {among} ORDER BY key {down}, id {down} LIMIT :limit OFFSET :offset"
    groups: dict[str, list[int]] = {}
    for key, row_id in view.database.rows(page, values):
        groups.setdefault(key, []).append(row_id)
    ids: list[int] = []
    for n, (key, group) in enumerate(groups.items()):
        whole = group
        if n in (0, len(groups) - 1):  # the rest of the group may stand on another page
            rows = view.database.rows(f"SELECT id {among} AND key = :key ORDER BY id {down}", values | {"key": key})
            whole = [row_id for (row_id,) in rows]
        at = whole.index(group[0])
        ids += _by_iri(view.database, whole, down)[at : at + len(group)]
    return ids


def _by_iri(database: Database, ids: list[int], down: str) -> list[int]:
    if len(ids) == 1:
        return ids
    rows = database.rows(
        f"SELECT t.id FROM json_each(?) AS i CROSS JOIN top_level AS t ON t.id = i.value ORDER BY t.iri {down}",
        (json.dumps(ids),),
    )
    return [row_id for (row_id,) in rows]
