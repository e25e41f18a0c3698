"""Quads as the text of SPARQL updates, in pieces that a server takes. Pure.

Source: SPARQL 1.1 Update, section 3.1.
"""

from collections.abc import Iterable, Iterator, Sequence

from synhub.rdf import Quad, Term, Triple, iri_of
from synhub.sparql import render


def data_blocks(quads: Iterable[Quad], most: int, most_bytes: int) -> Iterator[str]:
    """Yield the inside of DATA { … }: each of at most so many quads and about so many bytes, of one graph."""
    graphs: dict[Term, list[Triple]] = {}
    for s, p, o, g in quads:
        graphs.setdefault(g, []).append((s, p, o))
    for graph, triples in graphs.items():
        for batch in _batches(triples, most, most_bytes):
            yield render.graph_block(iri_of(graph), batch)


def _batches(triples: Sequence[Triple], most: int, most_bytes: int) -> Iterator[list[Triple]]:
    batch: list[Triple] = []
    size = 0
    for triple in triples:
        length = sum(len(term.encode()) for term in triple) + 4
        if batch and (len(batch) == most or size + length > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(triple)
        size += length
    if batch:
        yield batch
