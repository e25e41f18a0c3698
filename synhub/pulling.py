"""A graph of another repository, fetched over SPARQL into a file of N-Quads, top level by top level.

Answers for being whole: every answer is counted against what the server says it has, whatever limit on rows it has; and
for going on where a fetch was interrupted. Must not know what becomes of the file.

A repository is asked for what SynBioHub stores: every subject says by sbh:topLevel what it belongs to.
"""

import json
import os
import socket
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from SPARQLWrapper import BASIC, DIGEST, JSON, POST, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import (
    EndPointNotFound,
    QueryBadFormed,
    SPARQLWrapperException,
    Unauthorized,
    URITooLong,
)

from synhub.errors import BadRequest, Inconsistent, StoreUnavailable
from synhub.rdf import Iri, Term, Triple, check_iri, in_graph, iri_term, literal_term, write_nquads
from synhub.sparql import template
from synhub.sparql.render import Query
from synhub.store.changes import fsync_folder, write_synced

PAGE_ROWS = 5_000  # half of what Virtuoso gives by default
_LISTED_ROWS = 50_000  # top levels; who gives fewer is asked for the rest
_LEAST_ROWS = 50
_TOP_LEVELS = 200  # in one question: what is longer than a few kB some servers refuse
_ATTEMPTS = 6
_TIMEOUT_S = 300
_FILE, _STATE = "pulled.nq", "state.json"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a graph is, and who asks. `digest` is for servers that want it instead of Basic."""

    url: str
    graph: Iri
    username: str = ""
    password: str = field(default="", repr=False)
    digest: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """How far a fetch is: so many `top_levels`, in the order of their text, `last` the last of them, are in the first
    `size` bytes of the file.

    `strays` are triples of the source that belong to no top level: they stay behind.
    """

    url: str
    graph: str
    target: str
    last: str = ""
    size: int = 0
    top_levels: int = 0
    triples: int = 0
    strays: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class Renaming:
    """From the IRIs of one repository to those of another: `graph` becomes `target`, and the rest of what lies below
    `prefix` goes below `new_prefix`."""

    graph: Iri
    target: Iri
    prefix: str
    new_prefix: str

    def of(self, term: Term) -> Term:
        """Rename an IRI; literals are left alone."""
        if not term.startswith("<" + self.prefix) or (self.graph == self.target and self.prefix == self.new_prefix):
            return term
        iri = term[1:-1]
        if iri == self.graph or iri.startswith(self.graph + "/"):
            return Term(f"<{self.target}{iri[len(self.graph) :]}>")
        return Term(f"<{self.new_prefix}{iri[len(self.prefix) :]}>")


def check_endpoint(url: str) -> None:
    """Raises BadRequest for what is not the address of an endpoint."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise BadRequest(f"{url!r} is not the address of a SPARQL endpoint: give one of http or https")


def prefix_of_graph(graph: str) -> str:
    """Return the prefix that a graph of a SynBioHub has in front. Raises BadRequest."""
    for ending in (f"/user/{graph.rpartition('/')[2]}", "/public"):
        if graph.endswith(ending) and len(graph) > len(ending):
            return graph[: -len(ending)] + "/"
    raise BadRequest(f"{graph} is not the graph of a SynBioHub: those end in /public or /user/<name>")


def pull(source: Source, renaming: Renaming, folder: Path, tell: Callable[[int, int], None]) -> tuple[Path, State]:
    """Fetch a graph into a file in `folder`, going on with what is there; return the file and what is in it.

    `tell` hears the triples that are there, and how many there are. Raises BadRequest for a server that refuses,
    StoreUnavailable for one that does not answer, Inconsistent when what came is not what there is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    client = _Client(source)
    state = _state(folder, source, renaming)
    path = folder / _FILE
    (counts,) = client.rows(template.bind("import_count", graph=source.graph))
    whole = int(counts["triples"]["value"])
    if whole == 0:
        raise BadRequest(f"{source.url} has no triples in the graph {source.graph}, or does not show them to you")
    if not state.done:
        with path.open("r+b" if path.exists() else "w+b") as file:
            file.truncate(state.size)
            file.seek(state.size)
            tops_there = _list(client, source.graph, int(counts["top_levels"]["value"]))
            for tops, triples in _all_batches(client, source.graph, tops_there[bisect_right(tops_there, state.last) :]):
                renamed = (_renamed(triple, renaming) for triple in triples)
                file.write(write_nquads(in_graph(renamed, renaming.target)))
                file.flush()
                os.fsync(file.fileno())
                state = State(
                    state.url, state.graph, state.target, tops[-1], file.tell(), state.top_levels + len(tops),
                    state.triples + len(triples),
                )  # fmt: skip
                _write_state(folder, state)
                tell(state.triples, whole)
        if state.triples > whole:
            raise Inconsistent(f"{source.graph} has changed meanwhile; delete {folder} to fetch it again")
        state = State(**(asdict(state) | {"done": True, "strays": whole - state.triples}))
        _write_state(folder, state)
    return path, state


def _renamed(triple: Triple, renaming: Renaming) -> Triple:
    s, p, o = triple
    return renaming.of(s), p, renaming.of(o)


def _state(folder: Path, source: Source, renaming: Renaming) -> State:
    try:
        state = State(**json.loads((folder / _STATE).read_bytes()))
    except FileNotFoundError:
        return State(source.url, source.graph, renaming.target)
    if (state.url, state.graph, state.target) != (source.url, source.graph, renaming.target):
        raise BadRequest(
            f"{folder} holds {state.graph} of {state.url}, half fetched; give another folder, or delete it"
        )
    return state


def _write_state(folder: Path, state: State) -> None:
    new = folder / (_STATE + ".new")
    write_synced(new, json.dumps(asdict(state)).encode())
    new.replace(folder / _STATE)
    fsync_folder(folder)


# --- what is asked ----------------------------------------------------------------------------------------------------


def _list(client: "_Client", graph: Iri, whole: int) -> list[Iri]:
    """Return all top levels of a graph, `whole` of them, sorted."""
    found: dict[Iri, None] = {}
    offset = 0
    while offset < whole:
        query = template.bind("import_top_levels", graph=graph, offset=offset, limit=_LISTED_ROWS)
        page = [check_iri(row["top"]["value"]) for row in client.rows(query)]
        if not page:
            break
        if len(page) < min(_LISTED_ROWS, whole - offset):  # the server gives fewer rows at once
            client.top_levels = min(client.top_levels, len(page))
        found.update(dict.fromkeys(page))
        offset += len(page)
    if len(found) != whole:  # a server may put them into another order each time
        found = dict.fromkeys(_sorted_list(client, graph))
    if len(found) != whole:
        raise Inconsistent(f"{client.source.url} listed {len(found)} of {whole} top levels; try again later")
    return sorted(found)


def _sorted_list(client: "_Client", graph: Iri) -> Iterator[Iri]:
    after = ""
    while True:
        query = template.bind("import_top_levels_sorted", graph=graph, after=literal_term(after), limit=PAGE_ROWS)
        page = [check_iri(row["top"]["value"]) for row in client.rows(query)]
        if after in page:
            raise Inconsistent(f"{client.source.url} lists {after} twice: it does not sort IRIs by their text")
        if not page:
            return
        yield from page
        after = page[-1]


def _all_batches(client: "_Client", graph: Iri, tops: Sequence[Iri]) -> Iterator[tuple[list[Iri], list[Triple]]]:
    """Yield some top levels and all their triples."""
    for n in range(0, len(tops), client.top_levels):
        yield from _batches(client, graph, tops[n : n + client.top_levels])


def _batches(client: "_Client", graph: Iri, tops: Sequence[Iri]) -> Iterator[tuple[list[Iri], list[Triple]]]:
    """Ask for as many top levels at once as fit into an answer."""
    terms = [iri_term(top) for top in tops]
    rows = client.rows(template.bind("import_sizes", graph=graph, top_levels=terms))
    sizes = {row["top"]["value"]: int(row["triples"]["value"]) for row in rows}
    if sizes.keys() != set(tops):
        raise Inconsistent(f"{client.source.url} counted {len(sizes)} of {len(tops)} top levels; try again later")
    batch: list[Iri] = []
    expected = 0
    for top in tops:
        if batch and expected + sizes[top] > client.page_rows:
            yield batch, _triples(client, graph, batch, expected)
            batch, expected = [], 0
        batch.append(top)
        expected += sizes[top]
    yield batch, _triples(client, graph, batch, expected)


def _triples(client: "_Client", graph: Iri, tops: Sequence[Iri], expected: int) -> list[Triple]:
    """Fetch the triples of some top levels, in pages where they are many."""
    terms = [iri_term(top) for top in tops]
    found: dict[Triple, None] = {}
    if expected <= client.page_rows:
        rows = client.rows(template.bind("import_triples", graph=graph, top_levels=terms))
        found.update(dict.fromkeys(map(_triple, rows)))
        if len(found) == expected:
            return sorted(found)
        found.clear()
    offset = 0
    while offset < expected:
        limit = min(client.page_rows, expected - offset)
        query = template.bind("import_triples_sorted", graph=graph, top_levels=terms, offset=offset, limit=limit)
        page = [_triple(row) for row in client.rows(query)]
        if len(page) < limit and client.page_rows > _LEAST_ROWS:
            client.page_rows = max(client.page_rows // 2, _LEAST_ROWS)  # the server gives fewer rows at once
            continue
        if len(page) < limit:
            break
        found.update(dict.fromkeys(page))
        offset += limit
    if len(found) != expected:
        raise Inconsistent(
            f"{client.source.url} gave {len(found)} of {expected} triples of {tops[0]} and {len(tops) - 1} others:"
            " its data are changing, or it does not sort them; try again later"
        )
    return sorted(found)


def _triple(row: dict[str, Any]) -> Triple:
    return _term(row["s"]), _term(row["p"]), _term(row["o"])


def _term(cell: dict[str, str]) -> Term:
    """Source: SPARQL 1.1 Query Results JSON Format, section 3.2.2; `typed-literal` is what Virtuoso writes."""
    kind, value = cell["type"], cell["value"]
    if kind == "uri":
        return iri_term(check_iri(value))
    if kind in ("literal", "typed-literal"):
        datatype = cell.get("datatype")
        return literal_term(value, check_iri(datatype) if datatype else None, cell.get("xml:lang"))
    raise BadRequest(f"a blank node ({value}) is among the triples; a repository holds none: remove it there first")


class _Client:
    """One endpoint. `page_rows` is how many rows it has been found to give, `top_levels` of how many it is asked at
    once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.page_rows = PAGE_ROWS
        self.top_levels = _TOP_LEVELS
        self._has_answered = False

    def rows(self, query: Query) -> list[dict[str, Any]]:
        """Ask, again after a while when there is no answer and there may be one later."""
        for attempt in range(_ATTEMPTS):
            try:
                rows = self._ask(query)
                self._has_answered = True
                return rows
            except (SPARQLWrapperException, URLError, OSError, ValueError) as error:
                # A name that nobody knows is a mistake, unless it was known a moment ago.
                is_mistake = _is_final(error) or (_is_unknown_host(error) and not self._has_answered)
                if is_mistake or attempt == _ATTEMPTS - 1:
                    raise self._refusal(error) from error
                time.sleep(min(2.0**attempt, 30) if attempt else 0.5)
        raise AssertionError("unreachable")

    def _ask(self, query: Query) -> list[dict[str, Any]]:
        wrapper = SPARQLWrapper(self.source.url, returnFormat=JSON, agent="synhub")
        wrapper.setTimeout(_TIMEOUT_S)
        wrapper.setMethod(POST)
        if self.source.username:
            wrapper.setHTTPAuth(DIGEST if self.source.digest else BASIC)
            wrapper.setCredentials(self.source.username, self.source.password)
        wrapper.setQuery(query.text)
        answer = wrapper.query().convert()
        if not isinstance(answer, dict):
            raise ValueError("the answer is not SPARQL results in JSON")
        rows: list[dict[str, Any]] = answer["results"]["bindings"]
        return rows

    def _refusal(self, error: Exception) -> BadRequest | StoreUnavailable:
        said = " ".join(str(error).split())[:500]
        if _is_unknown_host(error) and not self._has_answered:
            host = urlsplit(self.source.url).hostname
            return BadRequest(f"no address is known of the host {host} in {self.source.url}: {said}")
        if isinstance(error, Unauthorized):
            return BadRequest(f"{self.source.url} wants a user and a password that it knows: {said}")
        if _is_final(error):
            return BadRequest(f"{self.source.url} refuses a query; is it a SPARQL endpoint? It says: {said}")
        return StoreUnavailable(f"{self.source.url} did not answer a query, {_ATTEMPTS} times: {said}")


def _is_unknown_host(error: Exception) -> bool:
    return isinstance(error, URLError) and isinstance(error.reason, socket.gaierror)


def _is_final(error: Exception) -> bool:
    """Say whether asking again would be answered the same: the request was wrong, not the moment."""
    if isinstance(error, HTTPError):
        return 400 <= error.code < 500 and error.code not in (408, 429)
    return isinstance(error, Unauthorized | QueryBadFormed | EndPointNotFound | URITooLong)
