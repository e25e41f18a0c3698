"""What refers to what: conditions on top levels of the catalog, and the nodes that objects are named by.

A reference names a top level by its IRI, or by its persistent identity: then it means the latest version.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

import json
from collections.abc import Sequence

from synhub.rdf import Iri
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.conditions import IN_GRAPH, Condition, is_latest, names
from synhub.store.catalog.search import View

# Few identities are referred to, and asking that is quicker than finding the latest: 140 ms for 40 000, not 350
# [measured].
_IS_LATEST_REFERRED_TO = Condition(
    "(EXISTS (SELECT 1 FROM reference WHERE target = t.identity)"
    f" OR EXISTS (SELECT 1 FROM membership WHERE member = t.identity)) AND {is_latest('t')}",
    {},
)


def refers_to(name: str, nodes: Sequence[int], directly: Sequence[int] = ()) -> Condition:
    """Refers to one of the nodes, itself or by a child; or itself to one of `directly`. Members are referred to."""
    links = (
        ("reference", "source", "target", f"{name}_any", ""),
        ("membership", "collection", "member", f"{name}_any", ""),
        ("reference", "source", "target", f"{name}_direct", " AND direct"),
        ("membership", "collection", "member", f"{name}_direct", ""),
    )
    used = links if directly else links[:2]
    holds = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE {source} = t.id"
        f" AND {target} IN (SELECT value FROM json_each(:{wanted})){more})"
        for table, source, target, wanted, more in used
    )
    sources = " UNION ".join(
        f"SELECT {source} AS id FROM json_each(:{wanted}) CROSS JOIN {table} ON {target} = value"
        f" WHERE {source} {IN_GRAPH}{more}"
        for table, source, target, wanted, more in used
    )
    values = {f"{name}_any": json.dumps(list(nodes))}
    if directly:
        values[f"{name}_direct"] = json.dumps(list(directly))
    return Condition(f"({holds})", values, sources)


def refers_directly_to(name: str, nodes: Sequence[int]) -> Condition:
    """Refers to one of the nodes itself, or has it as a member."""
    return refers_to(name, (), nodes)


def is_other_than(name: str, iri: Iri) -> Condition:
    mine = (
        f"SELECT t.id FROM node CROSS JOIN top_level AS t ON t.node = node.id AND t.graph = :graph"
        f" WHERE node.iri = :{name}"
    )
    values = {name: iri}
    return Condition(
        f"t.iri <> :{name}", values, as_set=lambda sets, _: (sets.everything & ~sets.selected(mine, values), True)
    )


def is_in_graphs_or_opened(
    name: str, graphs: Sequence[Iri], opened: Sequence[Iri], shared: Sequence[tuple[int, str]]
) -> Condition:
    """In one of the graphs, or one of the `opened` top levels, or a member of a shared collection below a text.

    `shared` are pairs of a collection's row id and the beginning that its members' IRIs must have.
    """
    holds = (
        f"(t.graph IN (SELECT id FROM graph WHERE iri IN (SELECT value FROM json_each(:{name}_graphs)))"
        f" OR t.iri IN (SELECT value FROM json_each(:{name}_opened))"
        f" OR EXISTS (SELECT 1 FROM json_each(:{name}_shared) AS s CROSS JOIN membership AS m"
        " ON m.collection = s.value ->> 0"
        f" WHERE m.member IN {names('t')} AND substr(t.iri, 1, length(s.value ->> 1)) = s.value ->> 1))"
    )
    parts = {"graphs": list(graphs), "opened": list(opened), "shared": [list(pair) for pair in shared]}
    return Condition(holds, {f"{name}_{part}": json.dumps(value) for part, value in parts.items()})


def nodes_named(catalog: Catalog, iri: Iri) -> list[int]:
    """Return the node of an IRI, as a list: empty when nothing has it or refers to it."""
    return [node for (node,) in catalog.database.rows("SELECT id FROM node WHERE iri = ?", (iri,))]


def nodes_of(catalog: Catalog, view: View, conditions: Sequence[Condition]) -> list[int]:
    """Return what names the top levels that meet the conditions: their own nodes, and those of the identities that
    they are the latest version of, as far as anything refers to these."""
    every, latest = view.ids(conditions), view.ids([*conditions, _IS_LATEST_REFERRED_TO])
    rows = catalog.database.rows(
        "SELECT node FROM json_each(:every) CROSS JOIN top_level ON top_level.id = value"
        " UNION SELECT identity FROM json_each(:latest) CROSS JOIN top_level ON top_level.id = value"
        " WHERE identity NOT NULL",
        {"every": json.dumps(every), "latest": json.dumps(latest)},
    )
    return [node for (node,) in rows]
