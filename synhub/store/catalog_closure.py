"""Which top levels some IRIs name, which top levels some others refer to, and which refer to them, as one reader sees
them.

An IRI may name a top level, or a persistent identity: that stands for its latest version (Maven order).
"""

import json
from collections.abc import Iterable, Sequence

from synhub.model import Dataset
from synhub.rdf import Iri
from synhub.store.catalog import Catalog
from synhub.store.catalog_conditions import is_named
from synhub.store.catalog_search import View
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
