"""The remote engine where its server misbehaves, is out of reach, or has forgotten something. What servers do when all
is well is shown by the conformance suite."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs

import pytest
from engine_servers import virtuoso

from bench import servers
from synhub.errors import BadRequest, InvalidQuery, QueryTimeout, StoreUnavailable, SynhubError
from synhub.model import ChangeSet, Dataset
from synhub.rdf import Iri, Term, in_graph, literal_term, write_nquads
from synhub.sparql.render import Query
from synhub.store.endpoint import Endpoint, parse_engine_url
from synhub.store.remote import RemoteStore
from synhub.store.top_levels import read_top_levels

GRAPH = Iri("http://h/public")
HERE = Dataset((GRAPH,))
ALL = Query("SELECT ?o { ?s ?p ?o }")
JSON = "application/sparql-results+json"


class Server(ThreadingHTTPServer):
    """Answers every query with `answer`, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, rows())
        self.password: str | None = None
        self.asked: list[dict[str, list[str]]] = []
        self.updates: list[str] = []
        self.drops = 0  # connections that are closed instead of answered
        self.most = 2_000_000  # rows of a result

    @property
    def engine(self) -> str:
        return f"sparql+http://127.0.0.1:{self.server_port}/?query=q&update=u"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._send(200, {}, b"")

    def do_POST(self) -> None:
        server = self.server
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if server.drops:
            server.drops -= 1
            self.close_connection = True
        elif server.password is not None and self.headers.get("Authorization") != server.password:
            self._send(401, {"WWW-Authenticate": 'Basic realm="x"'}, b"")
        elif self.path == "/u":
            server.updates.append(body)
            self._send(204, {}, b"")
        elif "nothing" in body:  # what asks for very many rows
            self._send(200, {}, b"nothing\r\n" + min(server.most, 102**3) * b"\r\n")
        else:
            server.asked.append(parse_qs(body))
            self._send(*server.answer)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        self.close_connection = headers.get("Connection") == "close"
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def rows(*values: str) -> bytes:
    bindings = [{"o": {"type": "literal", "value": value}} for value in values]
    return json.dumps({"head": {"vars": ["o"]}, "results": {"bindings": bindings}}).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as serving:
        threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
        yield serving
        serving.shutdown()


@contextmanager
def opened(engine: str) -> Iterator[RemoteStore]:
    store = RemoteStore(parse_engine_url(engine))
    try:
        yield store
    finally:
        store.close()


# --- addresses


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sparql+http://h:3030/ds", Endpoint("http://h:3030/ds/", {})),
        ("sparql+https://h/", Endpoint("https://h/", {})),
        ("sparql+http://a:b%40c@h", Endpoint("http://h/", {}, "a", "b@c")),
        (
            "sparql+http://[::1]:1/r?query=/q&update=u",
            Endpoint("http://[::1]:1/r/", {"query": "http://[::1]:1/q", "update": "http://[::1]:1/r/u"}),
        ),
    ],
)
def test_engine_url_says_where_the_services_are(url: str, expected: Endpoint) -> None:
    assert parse_engine_url(url) == expected


@pytest.mark.parametrize("url", ["http://h/", "sparql+http:///x", "sparql+http://h/?other=1", "sparql+http://h:x/"])
def test_engine_url_with_a_mistake_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(BadRequest) as raised:
        parse_engine_url(url.replace("//", "//u:secret@"))
    assert "secret" not in raised.value.message


# --- answers


def test_a_dataset_goes_with_every_query_and_an_empty_one_is_a_graph_that_nobody_has(server: Server) -> None:
    with opened(server.engine) as store:
        server.asked.clear()
        store.select(ALL, Dataset((GRAPH, Iri("http://h/user/a"))))
        store.select(ALL, Dataset(()))
    both = [GRAPH, "http://h/user/a"]
    none = ["urn:x-synhub:no-graph"]
    assert [(asked["default-graph-uri"], asked["named-graph-uri"]) for asked in server.asked] == [
        (both, both),
        (none, none),
    ]


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((200, {}, rows("a")[:-9]), StoreUnavailable, "cannot be read"),
        ((200, {}, b"<html>"), StoreUnavailable, "cannot be read"),
        ((200, {"Content-Length": "10000", "Connection": "close"}, rows("a")), StoreUnavailable, "does not answer"),
        ((400, {}, b"line 1: what?\nand more"), InvalidQuery, r"line 1: what\?$"),
        ((500, {}, b"out of luck"), StoreUnavailable, "status 500, out of luck"),
        ((503, {}, b"Query timed out"), QueryTimeout, "took too long"),
        ((503, {}, b"going down"), StoreUnavailable, "does not answer"),
        ((403, {}, b""), StoreUnavailable, "user name or password"),
        ((200, {"X-SQL-State": "S1TAT"}, rows("a")), QueryTimeout, "took too long"),
        ((302, {"Location": "/elsewhere"}, b""), StoreUnavailable, "status 302"),
    ],
)
def test_an_answer_that_is_none_is_an_error_and_never_an_empty_result(
    server: Server, answer: tuple[int, dict[str, str], bytes], error: type[SynhubError], words: str
) -> None:
    with opened(server.engine) as store:
        server.answer = answer
        with pytest.raises(error, match=words):
            store.select(ALL, HERE)


def test_a_graph_that_the_server_did_not_finish_is_not_taken_for_whole(server: Server) -> None:
    with opened(server.engine) as store:
        server.answer = (200, {}, b'<x:s> <x:p> "a\\n#b" .\n')
        assert len(store.construct(Query("CONSTRUCT WHERE { ?s ?p ?o }"), HERE)) == 1
        server.answer = (200, {}, b"# Empty NT\n")
        assert store.construct(Query("CONSTRUCT WHERE { ?s ?p ?o }"), HERE) == []
        server.answer = (200, {}, b'<x:s> <x:p> "a" .\n## Query cancelled due to timeout during execution\n')
        with pytest.raises(StoreUnavailable, match="comment of the server"):
            store.construct(Query("CONSTRUCT WHERE { ?s ?p ?o }"), HERE)
        with (
            pytest.raises(QueryTimeout),
            store.answer(ALL, [], [], "text/turtle", timeout_s=0) as found,
        ):
            list(cast(Iterator[object], found))


def test_a_server_that_cuts_results_is_refused_at_once(server: Server) -> None:
    server.most = 10_000
    with pytest.raises(BadRequest, match="gives 10000 rows at most"), opened(server.engine):
        pass


@pytest.mark.slow
def test_a_virtuoso_that_cuts_results_is_refused_when_it_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = servers._INI.replace("ResultSetMaxRows = 10000000", "ResultSetMaxRows = 100")
    assert limited != servers._INI
    monkeypatch.setattr(servers, "_INI", limited)
    with virtuoso(tmp_path) as running:
        engine = parse_engine_url(running.url)
        with pytest.raises(BadRequest, match="gives 100 rows at most"):
            RemoteStore(engine)
        monkeypatch.setattr(RemoteStore, "_told_limit", lambda _: None)  # not every Virtuoso may be asked
        with pytest.raises(BadRequest, match="gives 100 rows at most"):
            RemoteStore(engine)


def test_a_result_as_long_as_the_limit_of_the_server_may_have_been_cut(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synhub.store.remote._LEAST_ROWS", 1)
    server.most = 2
    server.answer = (200, {}, rows("a"))
    with opened(server.engine) as store:
        assert store.select(ALL, HERE) == [(Term('"a"'),)]
        server.answer = (200, {}, rows("a", "b"))
        with pytest.raises(StoreUnavailable, match="2 rows at most"):
            store.select(ALL, HERE)
        server.answer = (200, {}, b'<x:s> <x:p> "a" .\n<x:s> <x:p> "b" .\n')
        with pytest.raises(StoreUnavailable, match="2 rows at most"):
            store.construct(Query("CONSTRUCT WHERE { ?s ?p ?o }"), HERE)


def test_a_subject_without_its_top_level_is_a_part_of_an_answer(server: Server) -> None:
    with opened(server.engine) as store:
        server.answer = (200, {}, b'<x:s> <x:p> "a" .\n')
        with pytest.raises(StoreUnavailable, match="a part of what there is of <x:s>"):
            read_top_levels(store, HERE, [Iri("x:s")])


def test_user_name_and_password_are_shown_to_who_asks(server: Server) -> None:
    server.password = "Basic " + base64.b64encode(b"a:b@c").decode()
    with opened(server.engine.replace("//", "//a:b%40c@")) as store:
        assert store.select(ALL, HERE) == []
    with pytest.raises(StoreUnavailable, match="user name or password"), opened(server.engine):
        pass


def test_large_changes_go_in_pieces_and_removals_first(server: Server) -> None:
    with opened(server.engine) as store:  # of a kind that is not known: 500 quads at a time
        server.updates.clear()
        triples = [(Term("<x:s>"), Term("<x:p>"), literal_term(str(n))) for n in range(1_200)]
        store.apply(ChangeSet(write_nquads(in_graph(triples[:1], GRAPH)), write_nquads(in_graph(triples[1:], GRAPH))))
    assert [text.split()[0] for text in server.updates] == ["DELETE", "INSERT", "INSERT", "INSERT"]
    assert [text.count("<x:s>") for text in server.updates] == [1, 500, 500, 199]


def test_an_address_without_a_service_is_named(server: Server) -> None:
    with opened(server.engine) as store:
        server.answer = (405, {}, b"")
        with pytest.raises(StoreUnavailable, match=r"no SPARQL service at http://127.0.0.1:\d+/q \(status 405\)"):
            store.select(ALL, HERE)


# --- out of reach


def test_a_connection_that_was_closed_meanwhile_is_opened_again(server: Server) -> None:
    with opened(server.engine) as store:
        server.answer = (200, {}, rows("a"))
        server.drops = 1
        assert store.select(ALL, HERE) == [(Term('"a"'),)]


def test_after_silence_nothing_is_read_before_the_engine_is_readmitted(server: Server) -> None:
    with opened(server.engine) as store:
        assert not store.came_back()
        server.drops = 2
        with pytest.raises(StoreUnavailable, match="does not answer"):
            store.select(ALL, HERE)
        with pytest.raises(StoreUnavailable, match="does not answer"):
            store.select(ALL, HERE)
        assert store.came_back()
        store.readmit()
        assert store.select(ALL, HERE) == []
        assert not store.came_back()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"), opened("sparql+http://127.0.0.1:9/"):
        pass
