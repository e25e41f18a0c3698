"""The SPARQL servers that the conformance suite has run on, and what it found out about each. A table, no code.

A server that is not here may be used all the same: it is taken to promise nothing, and its addresses must be told.
What the rows say is explained in docs/engines.md.
"""

import re
from dataclasses import dataclass

from synhub.store.base import StoreTraits
from synhub.store.wrapping import DATES_AND_INTEGERS, Native

# A graph that nobody can have: stands for "no graph" where a server would take none given as "all".
NO_GRAPH = "urn:x-synhub:no-graph"


@dataclass(frozen=True, slots=True)
class Server:
    """A kind of server.

    `header` and `value` tell it by a header of its answers. Addresses are relative to the URL that was given.
    `update_quads` and `update_bytes` bound the text of one update. `settles_s` is how long an update may take, after
    it was answered, until it survives a power cut. `lists_graphs` says whether it knows its graphs.
    `cuts` says whether it may have a limit on the rows of a result and leave the rest out; `tells_limit`
    that row_limit.rq asks it for that limit.
    `timeout` is the value of the parameter `timeout`, in terms of `{s}` or `{ms}`; '' when it has no effect.
    `graph_store` is where it gives whole graphs, each subject in one piece; '' when it does not (SPARQL 1.1 Graph Store
    HTTP Protocol, section 5.2). `native` are the datatypes that it keeps, None for all, `iri_bytes` is the longest IRI,
    0 for any length.
    """

    name: str
    header: str
    value: re.Pattern[str]
    query: str
    update: str
    traits: StoreTraits
    update_quads: int
    update_bytes: int
    settles_s: float
    lists_graphs: bool
    cuts: bool
    tells_limit: bool = False
    timeout: str = ""
    graph_store: str = ""
    native: Native | None = None
    iri_bytes: int = 0


SERVERS = (
    Server(
        "Oxigraph",
        "server",
        re.compile(r"Oxigraph\b"),
        query="query",
        update="update",
        traits=StoreTraits(atomic_updates=True, isolates_datasets=True, has_snapshots=False),
        update_quads=100_000,
        update_bytes=10_000_000,
        settles_s=120.0,  # its log is not synced; the system writes what it holds every 30 s
        lists_graphs=True,
        cuts=False,
        graph_store="store",
    ),
    Server(
        "Apache Jena Fuseki",
        "fuseki-request-id",
        re.compile(""),
        query="query",
        update="update",
        traits=StoreTraits(atomic_updates=True, isolates_datasets=True, has_snapshots=False),
        update_quads=100_000,
        update_bytes=10_000_000,
        settles_s=0.0,  # TDB2 syncs its journal before it answers
        lists_graphs=True,
        cuts=False,
        timeout="{s:g}",
        graph_store="data",
    ),
    Server(
        "Virtuoso",
        "server",
        re.compile(r"Virtuoso\b"),
        query="sparql",
        update="sparql-auth",
        traits=StoreTraits(atomic_updates=False, isolates_datasets=False, has_snapshots=False),
        update_quads=500,
        update_bytes=1_000_000,
        settles_s=120.0,
        lists_graphs=False,
        cuts=True,
        tells_limit=True,
        timeout="{ms}",
        native=DATES_AND_INTEGERS,
        iri_bytes=1_800,  # of one of 1 900 it keeps the first 1 880, and says nothing
    ),
)
UNKNOWN = Server(
    "the server",
    "",
    re.compile(""),
    query="",
    update="",
    traits=StoreTraits(atomic_updates=False, isolates_datasets=False, has_snapshots=False),
    update_quads=500,
    update_bytes=1_000_000,
    settles_s=600.0,
    lists_graphs=False,
    cuts=True,
    native=DATES_AND_INTEGERS,
)
