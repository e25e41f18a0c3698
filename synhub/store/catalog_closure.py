"""Which top levels some IRIs name, and which top levels some others refer to, as one reader sees them.

An IRI may name a top level, or a persistent identity: that stands for its latest version (Maven order).
"""

import json
from collections.abc import Sequence

from synhub.model import Dataset
from synhub.rdf import Iri
from synhub.store.catalog import Catalog
from synhub.store.catalog_search import View, is_named
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
