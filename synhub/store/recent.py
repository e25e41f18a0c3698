"""Top levels that were read a moment ago, as long as nothing has been written to their graph since.

The engine keeps terms apart from triples and looks each of them up again: 9 µs a triple, most of the time of a
download. What is kept here is what the engine said when no step touched the graph, so that it can be told from a later
state by the number of the graph's newest step alone.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from synhub.model import Dataset
from synhub.rdf import Iri, Triple
from synhub.store.base import TripleStore
from synhub.store.top_levels import read_top_levels

MOST_TRIPLES = 100_000  # about 40 MiB
_LARGEST = 5_000  # triples of a top level that is kept


class RecentTopLevels:
    """Reads top levels of one graph. `settled_number` is that of `Writer`. Thread-safe."""

    def __init__(self, store: TripleStore, settled_number: Callable[[Sequence[Iri]], int | None]) -> None:
        self._store = store
        self._settled_number = settled_number
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Iri, Iri], tuple[int, list[Triple]]] = OrderedDict()
        self._triples = 0

    def read(self, graph: Iri, top_levels: Sequence[Iri]) -> dict[Iri, list[Triple]]:
        """Return what `read_top_levels` returns. The lists belong to everybody: nobody may change them."""
        number = self._settled_number([graph])
        known = {} if number is None else self._find(graph, top_levels, number)
        missing = [iri for iri in top_levels if iri not in known]
        if missing:
            found = read_top_levels(self._store, Dataset((graph,)), missing)
            if number is not None and self._settled_number([graph]) == number:
                self._keep(graph, found, number)
            known |= found
        return known

    def _find(self, graph: Iri, top_levels: Sequence[Iri], number: int) -> dict[Iri, list[Triple]]:
        found: dict[Iri, list[Triple]] = {}
        with self._lock:
            for iri in top_levels:
                kept = self._kept.get((graph, iri))
                if kept is not None and kept[0] == number:
                    self._kept.move_to_end((graph, iri))
                    found[iri] = kept[1]
        return found

    def _keep(self, graph: Iri, found: dict[Iri, list[Triple]], number: int) -> None:
        with self._lock:
            for iri, triples in found.items():
                if len(triples) > _LARGEST:
                    continue
                _, old = self._kept.pop((graph, iri), (0, []))
                self._kept[graph, iri] = (number, triples)
                self._triples += len(triples) - len(old)
            while self._triples > MOST_TRIPLES:
                _, (_, gone) = self._kept.popitem(last=False)
                self._triples -= len(gone)
