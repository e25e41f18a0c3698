"""Which top levels some top levels refer to, from the catalog's reference table.

A reference may name a top level, or a persistent identity: that stands for its latest version (Maven order).
"""

from collections.abc import Sequence

from synhub.identity import version_key
from synhub.rdf import Iri, iri_term
from synhub.store.catalog import Catalog
from synhub.store.catalog_entry import facet_key
from synhub.store.top_levels import batches
from synhub.vocab import SBOL2


def referred_top_levels(catalog: Catalog, graphs: Sequence[Iri], top_levels: Sequence[Iri]) -> list[Iri]:
    """Return the top levels in `graphs` that any of `top_levels` (in the same graphs) refers to, sorted."""
    targets: dict[int, Iri] = {}
    graph_marks = ",".join("?" * len(graphs))
    for batch in batches(top_levels):
        marks = ",".join("?" * len(batch))
        rows = catalog.database.rows(
            f"SELECT DISTINCT n.id, n.iri FROM top_level t JOIN graph g ON g.id = t.graph"  # noqa: S608  only marks
            f" JOIN reference r ON r.source = t.id JOIN node n ON n.id = r.target"
            f" JOIN node me ON me.id = t.node WHERE me.iri IN ({marks}) AND g.iri IN ({graph_marks})",
            [*batch, *graphs],
        )
        targets.update({node: Iri(iri) for node, iri in rows})
    found: set[Iri] = set()
    for node, iri in targets.items():
        if catalog.database.row(
            f"SELECT 1 FROM top_level t JOIN graph g ON g.id = t.graph WHERE t.node = ? AND g.iri IN ({graph_marks})",  # noqa: S608  only marks
            [node, *graphs],
        ):
            found.add(iri)
            continue
        versions = catalog.database.rows(
            f"SELECT t.iri, t.version FROM facet f JOIN top_level t ON t.id = f.id JOIN graph g ON g.id = t.graph"  # noqa: S608  only marks
            f" WHERE f.key = ? AND g.iri IN ({graph_marks})",
            [facet_key(SBOL2.persistentIdentity, iri_term(iri)), *graphs],
        )
        if versions:
            found.add(Iri(max(versions, key=lambda row: (version_key(row[1]), row[0]))[0]))
    return sorted(found)
