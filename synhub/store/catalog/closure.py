"""Which top levels some IRIs name, which top levels some others refer to, and which refer to them, as one reader sees
them.

An IRI may name a top level, or a persistent identity: that stands for its latest version (Maven order).
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from synhub.model import Dataset
from synhub.rdf import Iri
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.conditions import is_named
from synhub.store.catalog.search import View
from synhub.store.top_levels import batches

_REFERENCES = """
SELECT DISTINCT n.iri
FROM node me
JOIN top_level t ON t.node = me.id
JOIN graph g ON g.id = t.graph AND g.iri IN (SELECT value FROM json_each(:graphs))
JOIN reference r ON r.source = t.id
JOIN node n ON n.id = r.target
WHERE me.iri IN (SELECT value FROM json_each(:iris))
"""

# Of a collection in one statement for each graph: a large one would take hundreds of batches.
_COLLECTION = """
SELECT top_level.id
FROM node JOIN top_level ON top_level.node = node.id JOIN graph ON graph.id = top_level.graph
WHERE node.iri = ? AND graph.iri = ?
"""
_SOME_MEMBERS = "SELECT 1 FROM membership WHERE collection = ? LIMIT ?"
_NAMED_MEMBERS = """
SELECT n.iri
FROM membership m
JOIN node n ON n.id = m.member
WHERE m.collection = ? AND NOT EXISTS (SELECT 1 FROM top_level WHERE node = m.member)
"""
_MEMBERS = """
FROM membership m
CROSS JOIN top_level t ON t.node = m.member AND t.graph = :graph
{}
WHERE m.collection = :collection
"""
_MEMBER_ROWS = "SELECT n.iri" + _MEMBERS.format("CROSS JOIN node n ON n.id = m.member")  # node rows are the short ones
# What is no member itself is asked about last: of nearly all references that is all there is to ask.
_MEMBERS_REFERENCES = "".join(
    (
        "SELECT DISTINCT n.iri",
        _MEMBERS.format("CROSS JOIN reference r ON r.source = t.id CROSS JOIN node n ON n.id = r.target"),
        "AND NOT EXISTS (SELECT 1 FROM membership WHERE collection = :collection AND member = r.target)",
        " AND (EXISTS (SELECT 1 FROM top_level WHERE node = r.target)",
        " OR EXISTS (SELECT 1 FROM top_level WHERE identity = r.target))",
    )
)

_REFERRING = """
SELECT DISTINCT t.iri
FROM json_each(:iris) AS wanted
CROSS JOIN node AS n ON n.iri = wanted.value
CROSS JOIN reference r ON r.target = n.id
CROSS JOIN top_level t ON t.id = r.source
WHERE t.graph IN (SELECT id FROM graph WHERE iri IN (SELECT value FROM json_each(:graphs)))
"""

_REFERRERS = """
SELECT t.iri
FROM node n
CROSS JOIN {links} l ON l.{target} = n.id
JOIN top_level t ON t.id = l.{source}
JOIN graph g ON g.id = t.graph
WHERE n.iri >= :first AND n.iri < :last AND g.iri = :graph AND NOT (t.iri >= :first AND t.iri < :last)
"""
_REFERRERS_INTO = " UNION ".join(
    _REFERRERS.format(links=links, source=source, target=target)
    for links, source, target in (("reference", "source", "target"), ("membership", "collection", "member"))
)


def named_top_levels(catalog: Catalog, dataset: Dataset, iris: Sequence[Iri]) -> list[Iri]:
    """Return the top levels in the graphs of the dataset that any of the IRIs names, sorted."""
    view = View(catalog, dataset)
    found: set[Iri] = set()
    for batch in batches(iris):
        found.update(view.iris([is_named("named", batch)], 2 * len(batch) * len(dataset.graphs)))
    return sorted(found)


def referred_top_levels(catalog: Catalog, dataset: Dataset, top_levels: Sequence[Iri]) -> list[Iri]:
    """Return the top levels in the graphs of the dataset that any of `top_levels` (there too) refers to, sorted."""
    graphs = json.dumps(dataset.graphs)
    referred: set[Iri] = set()
    for batch in batches(top_levels):
        rows = catalog.database.rows(_REFERENCES, {"graphs": graphs, "iris": json.dumps(batch)})
        referred.update(Iri(iri) for (iri,) in rows)
    return named_top_levels(catalog, dataset, sorted(referred))


def has_more_members(catalog: Catalog, graph: Iri, collection: Iri, most: int) -> bool:
    """Say whether a collection has more than `most` members, whoever may read them."""
    return len(catalog.database.rows(_SOME_MEMBERS, (_id_of(catalog, graph, collection), most + 1))) > most


def _id_of(catalog: Catalog, graph: Iri, top_level: Iri) -> int | None:
    row = catalog.database.row(_COLLECTION, (top_level, graph))
    return None if row is None else int(row[0])


def _graph_ids(catalog: Catalog, graphs: Sequence[Iri]) -> dict[Iri, int]:
    sql = "SELECT iri, id FROM graph WHERE iri IN (SELECT value FROM json_each(?))"
    return {Iri(iri): number for iri, number in catalog.database.rows(sql, (json.dumps(graphs),))}


@dataclass(frozen=True, slots=True)
class Members:
    """The members of a collection in one graph, in no order: those that are one by their own IRI, and those that are
    one only by their persistent identity."""

    direct: list[Iri]
    named: list[Iri]


def members_of(catalog: Catalog, dataset: Dataset, graph: Iri, collection: Iri) -> dict[Iri, Members]:
    """Return the members of a collection in each graph of the dataset that has some, hidden ones too."""
    own = _id_of(catalog, graph, collection)
    names = [Iri(iri) for (iri,) in catalog.database.rows(_NAMED_MEMBERS, (own,))]
    found: dict[Iri, Members] = {}
    for where, number in _graph_ids(catalog, dataset.graphs).items():
        rows = catalog.database.read().execute(_MEMBER_ROWS, {"graph": number, "collection": own})
        direct = [Iri(iri) for (iri,) in rows]
        named = set(named_top_levels(catalog, Dataset((where,)), names)).difference(direct) if names else ()
        if direct or named:
            found[where] = Members(direct, list(named))
    return found


def referred_by_members(catalog: Catalog, dataset: Dataset, graph: Iri, collection: Iri) -> list[Iri]:
    """Return the top levels in the graphs of the dataset that members of a collection by their own IRI refer to,
    sorted; those that are such members themselves may be missing."""
    own = _id_of(catalog, graph, collection)
    referred: set[Iri] = set()
    for number in _graph_ids(catalog, dataset.graphs).values():
        rows = catalog.database.rows(_MEMBERS_REFERENCES, {"graph": number, "collection": own})
        referred.update(Iri(iri) for (iri,) in rows)
    return named_top_levels(catalog, dataset, sorted(referred))


def referring_top_levels(catalog: Catalog, dataset: Dataset, iris: Iterable[Iri]) -> set[Iri]:
    """Return the top levels in the graphs of the dataset that refer to any of the IRIs, memberships left aside."""
    graphs = json.dumps(dataset.graphs)
    hidden = {top for graph, top in dataset.hidden if graph in dataset.graphs}
    referring: set[Iri] = set()
    for batch in batches(iris):
        rows = catalog.database.rows(_REFERRING, {"graphs": graphs, "iris": json.dumps(batch)})
        referring.update(Iri(iri) for (iri,) in rows)
    return referring - hidden


def referrers_into(catalog: Catalog, graph: Iri, namespace: str) -> list[Iri]:
    """Return the top levels of a graph, outside a namespace of it, that refer to anything inside, or have it as a
    member. `namespace` ends in a slash."""
    ends = {"graph": graph, "first": namespace, "last": namespace[:-1] + chr(ord("/") + 1)}
    return [Iri(iri) for (iri,) in catalog.database.rows(_REFERRERS_INTO, ends)]
