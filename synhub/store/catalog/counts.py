"""Counts of the catalog: how much is in it, and whether its counters agree with its rows."""

from synhub.store.catalog.catalog import Catalog


def count_top_levels(catalog: Catalog) -> int:
    """How many top levels there are, less those being removed."""
    row = catalog.database.row("SELECT (SELECT count(*) FROM top_level) - (SELECT count(*) FROM hidden)")
    assert row is not None
    return int(row[0])


def check_counts(catalog: Catalog) -> list[str]:
    """Return a line for every counter of a class in a graph that is not the sum of its rows."""
    rows = catalog.database.rows(
        "SELECT g.iri, c.iri, s.n, k.n FROM"
        " (SELECT t.graph AS graph, u.class AS class, sum(u.n) AS n FROM class_use u JOIN top_level t ON t.id = u.id"
        "  WHERE u.id NOT IN (SELECT id FROM hidden) GROUP BY 1, 2) s"
        " FULL OUTER JOIN class_count k ON k.graph = s.graph AND k.class = s.class"
        " JOIN graph g ON g.id = coalesce(s.graph, k.graph) JOIN class c ON c.id = coalesce(s.class, k.class)"
        " WHERE coalesce(s.n, 0) <> coalesce(k.n, 0)"
    )
    return [f"{graph}: counter of {cls} is {counter}, its rows say {total}" for graph, cls, total, counter in rows]
