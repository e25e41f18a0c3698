"""The download lane's task: writes a large SBOL2 document from a snapshot, in constant memory.

Runs in a child; imports the engine and the pure core only.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synhub.model import Dataset
from synhub.rdf import Iri, Triple
from synhub.sbol.graph import unskolemise
from synhub.sbol.xml import write_sbol2_stream
from synhub.store.child import Output
from synhub.store.embedded import EmbeddedStore
from synhub.store.top_levels import batches, read_top_levels


def run(argument: dict[str, Any], output: Output) -> None:
    """Stream the top levels named in `argument` ("store", "graphs", "top_levels")."""
    output.header({})
    store = EmbeddedStore(Path(argument["store"]), read_only=True)
    dataset = Dataset(tuple(Iri(g) for g in argument["graphs"]))

    def groups() -> Iterator[list[Triple]]:
        for batch in batches([Iri(t) for t in argument["top_levels"]]):
            stored = read_top_levels(store, dataset, batch)
            yield from (unskolemise(stored[iri]) for iri in batch if iri in stored)

    for chunk in write_sbol2_stream(groups()):
        output.write(chunk)
