"""A SPARQL server as the engine, over the SPARQL 1.1 Protocol.

Answers for: the dataset in every request, answers that are whole, literals in the engine's one form, updates in
pieces that the server takes, and taking note when the server was out of reach. What servers differ in is the table of
traits.py; nothing here asks for a server's name.

Queries ask for JSON and N-Triples, which every server writes; other forms are made of these here.
Whole graphs come by the Graph Store Protocol; that changes by whole graphs, which no job does.

Source: SPARQL 1.1 Protocol, section 2; SPARQL 1.1 Update, section 3.1.
"""

import io
import logging
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice
from typing import Any, NoReturn, TypeVar, cast

import httpx
import pyoxigraph

from synhub.errors import BadRequest, InvalidQuery, QueryTimeout, StoreUnavailable, SynhubError
from synhub.model import ChangeSet, Dataset
from synhub.rdf import Iri, Quad, Term, Triple, iri_of, read_nquads, read_ntriples, text_of, write_ntriples
from synhub.sbol.literals import rewritten
from synhub.sparql import template
from synhub.sparql.render import Query
from synhub.store.base import Row, StoreTraits
from synhub.store.endpoint import Endpoint
from synhub.store.remote_answers import Challenged, results_of, triples_of
from synhub.store.remote_updates import data_blocks
from synhub.store.traits import NO_GRAPH, SERVERS, UNKNOWN, Server
from synhub.store.wrapping import unwrap, wrap

logger = logging.getLogger("synhub.remote")

_JSON = "application/sparql-results+json"
_NTRIPLES = "application/n-triples"
_CSV = "text/csv"
_CONNECT_S = 5.0
_READ_S = 120.0  # our own queries take milliseconds; reindex and check read whole graphs
_UPDATE_S = 600.0
_CONNECTIONS = 32
_AT_ONCE = 1_000  # rows or triples
_LEAST_ROWS = 1_000_000
_MANY_ROWS = 102**3  # of many_rows.rq
_NEVER_MORE = 2**20  # rows of a Virtuoso, whatever its settings say (measured)
_WORDS = 400  # characters of what a server says that are worth showing
_TOO_LONG = "the triple store took too long for this query; make it more specific"
_SILENT = "the triple store does not answer"
# Header of Virtuoso: time was up, and what there was until then is the answer.
_OUT_OF_TIME = "x-sql-state"
_TIMED_OUT = re.compile("time.?out|timed out", re.IGNORECASE)


_Cells = TypeVar("_Cells", Row, Triple)


class RemoteStore:
    """A TripleStore on a server. `prefix` is what the IRIs of this instance's graphs begin with.

    Raises StoreUnavailable when the server does not answer, BadRequest when it cannot be used.
    """

    def __init__(self, endpoint: Endpoint, prefix: str = "", *, read_only: bool = False) -> None:
        self._endpoint = endpoint
        self._prefix = prefix
        self._client = httpx.Client(
            timeout=httpx.Timeout(_READ_S, connect=_CONNECT_S),
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
            trust_env=False,  # neither a proxy nor a password from elsewhere
        )
        self._away = False
        self._most_rows = sys.maxsize
        try:
            self._server = self._identify()
            self._query_url = endpoint.address("query", self._server.query)
            self._update_url = endpoint.address("update", self._server.update)
            self._query_auth, self._update_auth = (
                Challenged(endpoint.username, endpoint.password) if endpoint.username else None for _ in range(2)
            )
            if self._server.cuts:  # a reader takes the least limit: the server was asked when the instance started
                self._most_rows = _LEAST_ROWS if read_only else self._find_limit()
            if not read_only:
                self._update("INSERT DATA { }")
        except BaseException:
            self._client.close()
            raise

    @property
    def traits(self) -> StoreTraits:
        return self._server.traits

    @property
    def server(self) -> Server:
        return self._server

    # --- reading ---------------------------------------------------------------------------------------------------

    def select(self, query: Query, dataset: Dataset) -> list[Row]:
        return list(self.each(query, dataset))

    def each(self, query: Query, dataset: Dataset) -> Iterator[Row]:
        with self._asked(query, dataset.graphs, dataset.graphs, _JSON) as answer:
            solutions = results_of(answer)
            assert isinstance(solutions, pyoxigraph.QuerySolutions)
            total = 0
            while rows := [_row(solution) for solution in islice(solutions, _AT_ONCE)]:
                total += len(rows)
                yield from self._read(rows)
            self._refuse_cut(total)

    def ask(self, query: Query, dataset: Dataset) -> bool:
        with self._asked(query, dataset.graphs, dataset.graphs, _JSON) as answer:
            return bool(results_of(answer))

    def construct(self, query: Query, dataset: Dataset) -> list[Triple]:
        with self._asked(query, dataset.graphs, dataset.graphs, _NTRIPLES) as answer:
            text = pyoxigraph.serialize(triples_of(answer), format=pyoxigraph.RdfFormat.N_TRIPLES)
            triples = read_ntriples(text or b"")
            self._refuse_cut(len(triples))
        return list(dict.fromkeys(self._read(triples)))

    def run(self, query: Query, dataset: Dataset, media_type: str) -> Iterator[bytes]:
        output = io.BytesIO()
        with self.answer(query, dataset.graphs, dataset.graphs, media_type) as result:
            if isinstance(result, pyoxigraph.QuerySolutions | pyoxigraph.QueryBoolean):
                results_format = pyoxigraph.QueryResultsFormat.from_media_type(media_type)
                assert results_format is not None, media_type
                result.serialize(output, results_format)
            else:
                rdf_format = pyoxigraph.RdfFormat.from_media_type(media_type)
                assert rdf_format is not None, media_type
                pyoxigraph.serialize(result, output, rdf_format)
        yield output.getvalue()

    @contextmanager
    def answer(
        self,
        query: Query,
        default_graphs: Sequence[Iri],
        named_graphs: Sequence[Iri],
        media_type: str,
        timeout_s: float | None = None,
    ) -> Iterator[pyoxigraph.QuerySolutions | pyoxigraph.QueryBoolean | Iterator[pyoxigraph.Triple]]:
        """Yield what a text of any form finds, to be consumed inside the block; triples when `media_type` is for these.

        Raises InvalidQuery when the server does not understand the text, QueryTimeout when its time is up.
        """
        graph = pyoxigraph.QueryResultsFormat.from_media_type(media_type) is None
        accept = _NTRIPLES if graph else _JSON
        with self._asked(query, default_graphs, named_graphs, accept, timeout_s=timeout_s) as answer:
            yield triples_of(answer) if graph else results_of(answer)

    def count(self, graph: Iri) -> int:
        ((number,),) = self.select(template.bind("count_triples"), Dataset((graph,)))
        assert number is not None
        return int(text_of(number))

    def graphs(self) -> list[Iri]:
        query = template.bind("graphs_by_name") if self._server.lists_graphs else template.bind("graphs_by_content")
        with self._asked(query, (), (), _JSON, everywhere=True) as answer:
            found = {iri_of(Term(str(graph))) for (graph,) in cast(Iterable[Any], results_of(answer))}
        return sorted(graph for graph in found if graph.startswith(self._prefix))

    def graph_text(self, graph: Iri) -> Iterator[bytes]:
        """Yield a graph as canonical N-Triples, those of a subject together; only where `server.graph_store` is told.

        Source: SPARQL 1.1 Graph Store HTTP Protocol, section 5.2.
        """
        if self._away:
            raise StoreUnavailable(_SILENT)
        address = self._endpoint.address("graphs", self._server.graph_store)
        request = self._client.build_request("GET", address, params={"graph": graph}, headers={"Accept": _NTRIPLES})
        with self._sent(request, self._query_auth) as answer:
            if answer.status_code == 404:  # a graph without triples is none
                return
            if answer.status_code != 200:
                self._refuse(answer)
            found = triples_of(answer)
            try:
                while text := pyoxigraph.serialize(islice(found, _AT_ONCE), format=pyoxigraph.RdfFormat.N_TRIPLES):
                    yield write_ntriples(self._read(read_ntriples(text)))
            except (SyntaxError, OSError) as error:
                raise StoreUnavailable(f"the answer of the triple store cannot be read: {error}") from error

    # --- writing ---------------------------------------------------------------------------------------------------

    def check(self, changes: ChangeSet) -> None:
        most = self._server.iri_bytes
        if not most or not re.search(rb"<[^<>]{%d,}>" % (most + 1), changes.adds):
            return  # nothing that looks like one
        for term in dict.fromkeys(term for quad in read_nquads(changes.adds) for term in quad):
            iri = term[term.rindex('"') + 4 :] if term[0] == '"' else term
            size = len(iri.encode()) - 2
            if size > most:
                raise BadRequest(
                    f"the IRI {iri[1:100]}… has {size} bytes; the triple store of this instance keeps {most} at most"
                )

    def apply(self, changes: ChangeSet) -> None:
        """Remove, then add: in one update when the server takes that much, else in several, which redo repeats."""
        removes, adds = self._written(read_nquads(changes.removes)), self._written(read_nquads(changes.adds))
        most = self._server.update_quads, self._server.update_bytes
        pieces = [f"DELETE DATA {{\n{text}\n}}" for text in data_blocks(removes, *most)]
        pieces += [f"INSERT DATA {{\n{text}\n}}" for text in data_blocks(adds, *most)]
        if not pieces:
            return
        at_once = len(removes) + len(adds) <= self._server.update_quads
        if self.traits.atomic_updates and at_once and sum(map(len, pieces)) <= self._server.update_bytes:
            pieces = [";\n".join(pieces)]
        for piece in pieces:
            self._update(piece)

    def flush(self) -> None:
        """Nothing: a server makes durable what it is given, in its own time (`settles_s`)."""

    @property
    def settles_s(self) -> float:
        return self._server.settles_s

    def came_back(self) -> bool:
        if not self._away:
            return False
        with suppress(SynhubError), self._asked(template.bind("any_triple"), (), (), _JSON, despite_away=True):
            return True
        return False

    def readmit(self) -> None:
        self._away = False
        logger.info("%s at %s answers again", self._server.name, self._endpoint.base)

    def close(self) -> None:
        self._client.close()

    def _read(self, rows: Sequence[_Cells]) -> Iterator[_Cells]:
        """Yield rows or triples with their literals as the engine of this package writes them."""
        typed = {term for row in rows for term in row if term is not None and term[-1] == ">" and term[0] == '"'}
        meant = {term: unwrap(term) for term in typed}
        changed = rewritten(meant.values())
        forms: dict[Term | None, Term] = {term: changed.get(to, to) for term, to in meant.items()}
        for row in rows:
            yield cast(_Cells, tuple(forms.get(term, term) for term in row)) if forms else row

    def _written(self, quads: Sequence[Quad]) -> list[Quad]:
        """Return quads with their literals as the server keeps them."""
        changed = rewritten(o for _, _, o, _ in quads)
        native = self._server.native
        found = [(s, p, changed.get(o, o), g) for s, p, o, g in quads]
        return found if native is None else [(s, p, wrap(o, native), g) for s, p, o, g in found]

    # --- HTTP ------------------------------------------------------------------------------------------------------

    def _identify(self) -> Server:
        """Find out by its answer what kind of server this is."""
        with self._sent(self._client.build_request("GET", self._endpoint.base), None) as answer:
            headers = answer.headers
        for server in SERVERS:
            if server.header in headers and server.value.match(headers[server.header]):
                return server
        return UNKNOWN

    def _find_limit(self) -> int:
        """Find out how many rows the server gives. Raises BadRequest when a large collection would be cut."""
        limit = self._told_limit() if self._server.tells_limit else None
        if limit is None:
            limit = self._seen_limit()
        if limit < _LEAST_ROWS:
            raise BadRequest(
                f"{self._server.name} at {self._endpoint.base} gives {limit} rows at most and leaves the rest out"
                f" without a word: set that limit (ResultSetMaxRows) to {_LEAST_ROWS} at least"
            )
        return limit

    def _told_limit(self) -> int | None:
        """Ask for the setting; None when it is not told."""
        with suppress(SynhubError), self._asked(template.bind("row_limit"), (), (), _JSON) as answer:
            for (rows,) in cast(Iterable[Any], results_of(answer)):
                if rows is not None and rows.value.isdigit():
                    return min(int(rows.value), _NEVER_MORE)
        return None

    def _seen_limit(self) -> int:
        """Ask for more rows than any limit that is bearable, and count what comes: 1.5 s of a Virtuoso."""
        with self._asked(template.bind("many_rows"), (), (), _CSV) as answer:
            rows = sum(chunk.count(b"\n") for chunk in answer.iter_bytes()) - 1  # the first line is the head
        return sys.maxsize if rows == _MANY_ROWS else rows

    def _refuse_cut(self, rows: int) -> None:
        """Raise StoreUnavailable for an answer that may have been cut: of graphs the server does not say so."""
        if rows >= self._most_rows:
            raise StoreUnavailable(
                f"the triple store gives {self._most_rows} rows at most, and this needs more: raise its limit"
            )

    @contextmanager
    def _asked(
        self,
        query: Query,
        default_graphs: Sequence[Iri],
        named_graphs: Sequence[Iri],
        media_type: str,
        *,
        timeout_s: float | None = None,
        everywhere: bool = False,
        despite_away: bool = False,
    ) -> Iterator[httpx.Response]:
        """Send a query and yield the answer, its body to be read. `everywhere` asks without a dataset."""
        if self._away and not despite_away:
            raise StoreUnavailable(_SILENT)
        form: dict[str, str | list[str]] = {"query": query.text}
        if not everywhere:  # one of each at least: with none given a server may take all
            form["default-graph-uri"] = list(default_graphs) or [NO_GRAPH]
            form["named-graph-uri"] = list(named_graphs) or [NO_GRAPH]
        if timeout_s is not None and self._server.timeout:
            form["timeout"] = self._server.timeout.format(s=timeout_s, ms=round(timeout_s * 1000))
        started_s = time.monotonic()
        request = self._client.build_request("POST", self._query_url, data=form, headers={"Accept": media_type})
        with self._sent(request, self._query_auth) as answer:
            if answer.status_code != 200:
                self._refuse(answer)
            if _OUT_OF_TIME in answer.headers:
                raise QueryTimeout(_TOO_LONG)
            try:
                yield answer
            except (SyntaxError, OSError) as error:
                if timeout_s is not None and time.monotonic() - started_s >= timeout_s:
                    raise QueryTimeout(_TOO_LONG) from error
                raise StoreUnavailable(f"the answer of the triple store cannot be read: {error}") from error

    def _update(self, text: str) -> None:
        request = self._client.build_request(
            "POST",
            self._update_url,
            content=text.encode(),
            headers={"Content-Type": "application/sparql-update", "Accept": "*/*"},
            timeout=httpx.Timeout(_UPDATE_S, connect=_CONNECT_S),
        )
        with self._sent(request, self._update_auth) as answer:
            if answer.status_code not in (200, 201, 202, 204):
                self._refuse(answer)

    @contextmanager
    def _sent(self, request: httpx.Request, auth: httpx.Auth | None) -> Iterator[httpx.Response]:
        """Send a request, a second time when a connection was closed meanwhile: all we send may be repeated.

        What HTTP says becomes our error, and note is taken when the server is out of reach.
        """
        try:
            try:
                answer = self._client.send(request, auth=auth, stream=True)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                answer = self._client.send(request, auth=auth, stream=True)
            with closing(answer):
                yield answer
        except httpx.PoolTimeout as error:
            raise StoreUnavailable("the triple store is busy; please try again") from error
        except httpx.ReadTimeout as error:
            self._away = self._away or request.url == self._update_url
            raise StoreUnavailable("the triple store took too long to answer") from error
        except httpx.HTTPError as error:
            self._away = True
            raise StoreUnavailable(f"{_SILENT}: {error}") from error

    def _refuse(self, answer: httpx.Response) -> NoReturn:
        """Say what an answer without a result means."""
        words = answer.read()[:_WORDS].decode(errors="replace").strip().split("\n")[0]
        status = answer.status_code
        if status in (401, 403):
            raise StoreUnavailable("the triple store refuses the user name or password of the engine's URL")
        if status in (408, 503, 504) and _TIMED_OUT.search(words):
            raise QueryTimeout(_TOO_LONG)
        if status in (502, 503, 504):
            self._away = True
            raise StoreUnavailable(f"{_SILENT}: status {status}, {words}")
        if status == 400:
            raise InvalidQuery(f"the triple store refused the text: {words}")
        if status in (404, 405):
            raise StoreUnavailable(
                f"there is no SPARQL service at {answer.url} (status {status}): is the address right?"
            )
        raise StoreUnavailable(f"the triple store failed: status {status}, {words}")


def _row(solution: pyoxigraph.QuerySolution) -> Row:
    return tuple(None if term is None else Term(str(term)) for term in solution)
