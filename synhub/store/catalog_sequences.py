"""What the catalog knows about the texts of sequences: where one is stored, who has it, how objects with it are found.

Who may read is said by the graphs that callers give, as everywhere in the catalog.
"""

# ruff: noqa: S608 - SQL is put together from constants of this module; values are bound by name

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from synhub.rdf import Iri, iri_term
from synhub.search.refget import Digest
from synhub.store.catalog import Catalog
from synhub.store.catalog_entry import facet_key
from synhub.vocab import SBOL2, SO

_COLUMNS = {"sha512t24u": "folded", "md5": "md5"}
_CIRCULAR = facet_key(SBOL2.type, iri_term(SO.circular))


@dataclass(frozen=True, slots=True)
class StoredSequence:
    """One subject with sbol:elements. `sha512t24u` and `md5` are those of its letters in upper case."""

    iri: Iri
    top_level: Iri
    graph: Iri
    sha512t24u: bytes
    md5: bytes
    length: int


def find_stored(catalog: Catalog, graphs: Collection[Iri], digest: Digest) -> Iterator[StoredSequence]:
    """Yield the sequences of letters only that have a digest, graph by graph; hidden ones too."""
    column = _COLUMNS[digest.algorithm]
    for graph in graphs:
        rows = catalog.database.rows(
            "SELECT e.subject, t.iri, e.folded, e.md5, e.length FROM elements AS e"
            " CROSS JOIN top_level AS t ON t.id = e.id"
            f" WHERE e.{column} = :digest AND e.md5 IS NOT NULL"
            " AND t.graph = (SELECT id FROM graph WHERE iri = :graph) ORDER BY e.subject LIMIT 10000",
            {"digest": digest.value, "graph": graph},
        )
        for subject, top_level, folded, md5, length in rows:
            yield StoredSequence(Iri(subject), Iri(top_level), graph, folded, md5, length)
