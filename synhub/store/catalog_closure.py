"""Which top levels some top levels refer to, from the catalog's reference table.

A reference may name a top level, or a persistent identity: that stands for its latest version (Maven order).
"""

import json
from collections.abc import Sequence

from synhub.identity import version_key
from synhub.rdf import Iri, iri_term
from synhub.store.catalog import Catalog
from synhub.store.catalog_entry import facet_key
from synhub.store.top_levels import batches
from synhub.vocab import SBOL2

_REFERENCES = """
SELECT DISTINCT n.iri, EXISTS (
    SELECT 1 FROM top_level x WHERE x.node = r.target AND x.graph IN (SELECT value FROM json_each(:graphs))
)
FROM node me
JOIN top_level t ON t.node = me.id AND t.graph IN (SELECT value FROM json_each(:graphs))
JOIN reference r ON r.source = t.id
JOIN node n ON n.id = r.target
WHERE me.iri IN (SELECT value FROM json_each(:iris))
"""
_VERSIONS = """
SELECT f.key, t.iri, t.version
FROM facet f JOIN top_level t ON t.id = f.id
WHERE f.key IN (SELECT value FROM json_each(:keys)) AND t.graph IN (SELECT value FROM json_each(:graphs))
"""


def referred_top_levels(catalog: Catalog, graphs: Sequence[Iri], top_levels: Sequence[Iri]) -> list[Iri]:
    """Return the top levels in `graphs` that any of `top_levels` (in the same graphs) refers to, sorted."""
    known = (catalog.database.row("SELECT id FROM graph WHERE iri = ?", (graph,)) for graph in graphs)
    ids = json.dumps([row[0] for row in known if row is not None])
    found: set[Iri] = set()
    identities: set[Iri] = set()
    for batch in batches(top_levels):
        rows = catalog.database.rows(_REFERENCES, {"graphs": ids, "iris": json.dumps(batch)})
        found.update(Iri(iri) for iri, there in rows if there)
        identities.update(Iri(iri) for iri, there in rows if not there)
    for batch in batches(sorted(identities)):
        found.update(_latest(catalog, ids, batch))
    return sorted(found)


def _latest(catalog: Catalog, graph_ids: str, identities: Sequence[Iri]) -> set[Iri]:
    """Return the latest version of each persistent identity that there is one of."""
    keys = [facet_key(SBOL2.persistentIdentity, iri_term(iri)) for iri in identities]
    latest: dict[int, tuple[str, Iri]] = {}
    for key, iri, version in catalog.database.rows(_VERSIONS, {"keys": json.dumps(keys), "graphs": graph_ids}):
        known = latest.get(key)
        if known is None or (version_key(version), iri) > (version_key(known[0]), known[1]):
            latest[key] = (version, Iri(iri))
    return {iri for _, iri in latest.values()}
