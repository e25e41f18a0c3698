"""The classic rows of a search, and the whole of an answer that is nothing but such rows. Knows no HTTP."""

from typing import Any

from synhub.json_text import write_json
from synhub.model import Dataset, Hit
from synhub.search import service
from synhub.search.ast import SearchQuery, Sort
from synhub.store.base import TripleStore
from synhub.store.catalog.catalog import Catalog


def rows_json(
    catalog: Catalog, store: TripleStore, dataset: Dataset, query: SearchQuery, offset: int, limit: int, sort: Sort
) -> bytes:
    """Return the rows of `service.rows` as JSON. Raises as it does."""
    hits = service.rows(catalog, store, dataset, query, offset, limit, sort)
    return write_json([search_row(hit) for hit in hits]).encode()


def search_row(hit: Hit) -> dict[str, Any]:
    """Return the members of a classic result row, in the classic order.

    Source: SynBioHub `GET /search`; the name falls back to the displayId there.
    """
    return {
        "type": hit.type,
        "uri": hit.uri,
        "name": hit.name or hit.display_id,
        "description": hit.description,
        "displayId": hit.display_id,
        "version": hit.version,
        "sbolType": hit.sbol_type,
        "role": hit.role,
        "percentMatch": hit.percent_match,
        "strandAlignment": hit.strand_alignment,
        "CIGAR": hit.cigar,
    }
