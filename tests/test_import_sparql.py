"""`synhub import-sparql`: a graph of another instance comes whole, through limits on rows, errors and interruptions."""

import base64
import json
import socket
import subprocess
import sys
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pyoxigraph
import pytest
from backup_instance import fill
from live import PREFIX, live
from test_load import quads

from bench import servers
from bench.generate import Corpus, write_nquads
from synhub.__main__ import main
from synhub.identity import Registry
from synhub.pulling import Renaming, Source, _Client, prefix_of_graph, pull
from synhub.rdf import Iri, Term
from synhub.sparql.render import Query

pytestmark = pytest.mark.slow

THERE = "http://there.example/"
TOP_LEVEL = b"#topLevel>"


@dataclass
class Endpoint:
    """A SPARQL endpoint that gives at most `most` rows, says `failure` to the next `failures` queries, wants `login`.
    With `shuffled` its rows are in another order each time, unless they are to be sorted."""

    store: pyoxigraph.Store
    url: str = ""
    most: int = 1_000_000
    failures: int = 0
    failure: int = 503
    shuffled: bool = False
    login: str = ""
    queries: list[str] = field(default_factory=list)

    def answer(self, query: str) -> bytes:
        self.queries.append(query)
        found = json.loads(self.store.query(self._shuffle(query)).serialize(format=pyoxigraph.QueryResultsFormat.JSON))  # type: ignore[arg-type]
        found["results"]["bindings"] = found["results"]["bindings"][: self.most]
        return json.dumps(found).encode()

    def _shuffle(self, query: str) -> str:
        """Sort as nobody can foresee, where no order is asked for."""
        if not self.shuffled or "ORDER BY" in query or "OFFSET" not in query:
            return query
        return query.replace("OFFSET", f"ORDER BY MD5(CONCAT('{len(self.queries)}', STR(?top))) OFFSET")


@contextmanager
def endpoint(store: pyoxigraph.Store) -> Iterator[Endpoint]:
    served = Endpoint(store)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            wanted = "Basic " + base64.b64encode(served.login.encode()).decode()
            status = 401 if served.login and self.headers.get("Authorization") != wanted else 200
            if served.failures:
                served.failures -= 1
                status = served.failure
            answer = served.answer(urllib.parse.parse_qs(body)["query"][0]) if status == 200 else b"no"
            self.send_response(status)
            self.send_header("Content-Type", "application/sparql-results+json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        served.url = f"http://127.0.0.1:{server.server_port}/sparql"
        yield served
        server.shutdown()
        thread.join()


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Endpoint]:
    """A repository of some 80 parts whose largest collection has more triples than a page below."""
    write_nquads(Corpus(80, prefix=THERE), tmp_path / "there.nq")
    store = pyoxigraph.Store()
    store.load(path=tmp_path / "there.nq", format=pyoxigraph.RdfFormat.N_QUADS)
    with endpoint(store) as served:
        yield served


def lines_there(served: Endpoint, graph: str) -> set[bytes]:
    text = served.store.dump(format=pyoxigraph.RdfFormat.N_TRIPLES, from_graph=pyoxigraph.NamedNode(graph))
    assert text is not None
    return set(text.split(b"\n")) - {b""}


def import_graph(served: Endpoint, data: Path, graph: str, *more: str) -> int:
    return main(["import-sparql", served.url, "--graph", graph, "--data", str(data), *more])


def lines_of(data: Path, graph: str) -> set[bytes]:
    return {line for name, line in quads(data) if name == graph}


@pytest.mark.parametrize("most", [1_000_000, 60])
def test_a_graph_comes_whole_into_an_empty_instance(there: Endpoint, tmp_path: Path, most: int) -> None:
    there.most = most
    assert import_graph(there, tmp_path / "d", THERE + "public", "--public") == 0
    assert lines_of(tmp_path / "d", THERE + "public") == lines_there(there, THERE + "public")
    assert main(["check", "--data", str(tmp_path / "d")]) == 0
    assert not any((tmp_path / "d" / "imports").iterdir())


def test_a_second_graph_is_added_by_a_job_and_a_repeat_changes_nothing(
    there: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "d"
    assert import_graph(there, data, THERE + "public", "--public") == 0
    before = lines_of(data, THERE + "public")
    assert import_graph(there, data, THERE + "user/ada", "--user", "ada") == 1
    assert "there is no account ada: make it with `synhub user add ada`" in capsys.readouterr().err
    make_account(data, "ada")
    count = len({line.split()[-2] for line in lines_there(there, THERE + "user/ada") if TOP_LEVEL in line})
    for expected in (f"{count} added, 0 were there", f"0 added, {count} were there"):
        assert import_graph(there, data, THERE + "user/ada", "--user", "ada") == 0
        assert expected in capsys.readouterr().out
    assert lines_of(data, THERE + "user/ada") == lines_there(there, THERE + "user/ada")
    assert lines_of(data, THERE + "public") == before
    assert main(["check", "--data", str(data)]) == 0


def make_account(data: Path, name: str) -> None:
    from synhub.app import open_hub
    from synhub.settings import load_settings

    with open_hub(load_settings({}, data=data), start=False) as hub:
        hub.accounts.create_user(
            username=name, email=f"{name}@example.org", name=name, affiliation="", password="correct horse",
            is_admin=False,
        )  # fmt: skip


def test_iris_follow_to_another_prefix_and_owner_and_literals_stay(there: Endpoint, tmp_path: Path) -> None:
    assert import_graph(there, tmp_path / "d", THERE + "user/ada", "--user", "bob", "--uri-prefix", PREFIX) == 0
    expected = {
        b" ".join(part.replace(b"<http://there.example/user/ada", b"<http://hub.example/user/bob") for part in parts)
        for parts in (line.split(b" ", 2) for line in lines_there(there, THERE + "user/ada"))
    }
    expected = {
        line if b'"' in line else line.replace(b"<http://there.example/", b"<http://hub.example/") for line in expected
    }
    assert lines_of(tmp_path / "d", PREFIX + "user/bob") == expected
    assert main(["check", "--data", str(tmp_path / "d")]) == 0


@pytest.mark.parametrize(
    ("term", "renamed"),
    [
        ("<http://a/user/ada/lab/x/1>", "<http://b/x/user/bob/lab/x/1>"),
        ("<http://a/user/ada>", "<http://b/x/user/bob>"),
        ("<http://a/user/adam/lab/x/1>", "<http://b/x/user/adam/lab/x/1>"),
        ("<http://a/public/x/1>", "<http://b/x/public/x/1>"),
        ("<http://ab/public/x/1>", "<http://ab/public/x/1>"),
        ('"<http://a/public/x/1>"', '"<http://a/public/x/1>"'),
    ],
)
def test_what_is_renamed(term: str, renamed: str) -> None:
    names = Renaming(Iri("http://a/user/ada"), Iri("http://b/x/user/bob"), "http://a/", "http://b/x/")
    assert names.of(Term(term)) == renamed


def test_a_fetch_that_was_interrupted_goes_on_where_it_was(there: Endpoint, tmp_path: Path) -> None:
    source = Source(there.url, Iri(THERE + "public"))
    same = Renaming(source.graph, source.graph, THERE, THERE)
    there.most = 100
    there.queries.clear()
    pull(source, same, tmp_path / "whole", lambda *_: None)
    asked = len(there.queries)

    def stop(done: int, whole: int) -> None:
        if done > whole // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(source, same, tmp_path / "halves", stop)
    with (tmp_path / "halves" / "pulled.nq").open("ab") as file:
        file.write(b"half a li")
    there.queries.clear()
    path, state = pull(source, same, tmp_path / "halves", lambda *_: None)
    assert len(there.queries) < asked * 0.7
    assert path.read_bytes() == (tmp_path / "whole" / "pulled.nq").read_bytes()
    assert (state.done, state.triples) == (True, len(lines_there(there, THERE + "public")))


def test_a_half_import_is_told_at_the_start_of_the_server_and_goes_on(
    there: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.most = 60

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("synhub.bulk_commands.loading.load", interrupt)
        assert import_graph(there, tmp_path / "d", THERE + "public", "--public") == 130
    program = [sys.executable, "-m", "synhub", "serve", "--data", str(tmp_path / "d"), "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None and server.stderr is not None
        assert "ready on" in server.stdout.readline()
        server.terminate()
        assert f"an import into {THERE}public was interrupted" in server.stderr.read()
    assert import_graph(there, tmp_path / "d", THERE + "public", "--public") == 0
    assert lines_of(tmp_path / "d", THERE + "public") == lines_there(there, THERE + "public")


def test_an_import_that_is_refused_leaves_nothing_behind(there: Endpoint, tmp_path: Path) -> None:
    assert import_graph(there, tmp_path / "d", THERE + "user/nobody", "--user", "nobody") == 1
    assert not (tmp_path / "d").exists()


def test_errors_for_a_while_are_borne(there: Endpoint, tmp_path: Path) -> None:
    there.failures = 2
    assert import_graph(there, tmp_path / "d", THERE + "public", "--public") == 0
    assert len(lines_of(tmp_path / "d", THERE + "public")) == len(lines_there(there, THERE + "public"))


@pytest.mark.parametrize("status", [400, 404, 405, 413, 414])
def test_what_cannot_get_better_is_not_asked_again(
    there: Endpoint, tmp_path: Path, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    there.failures, there.failure = 2, status
    assert import_graph(there, tmp_path / "d", THERE + "public", "--public") == 1
    assert "refuses a query" in capsys.readouterr().err
    assert there.failures == 1


@pytest.mark.parametrize("url", ["notaurl", "ftp://h.example/sparql", "file:///etc/hosts", "http://", "http://h:x/"])
def test_what_is_no_address_is_refused_before_anything_is_made(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(tmp_path / "d")
    assert main(["import-sparql", url, "--graph", THERE + "public", "--public", "--data", data]) == 1
    assert f"{url!r} is not the address of a SPARQL endpoint" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_a_host_that_nobody_knows_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("synhub.pulling.time.sleep", lambda _: pytest.fail("it is asked again"))
    url, data = "http://nowhere.invalid/sparql", str(tmp_path / "d")
    assert main(["import-sparql", url, "--graph", THERE + "public", "--public", "--data", data]) == 1
    assert f"no address is known of the host nowhere.invalid in {url}" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()


def test_a_host_that_was_known_is_asked_for_again(
    there: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, asked = _Client._ask, 0

    def ask_with_a_resolver_that_fails_once(client: _Client, query: Query) -> list[dict[str, Any]]:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise URLError(socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"))
        return ask(client, query)

    monkeypatch.setattr(_Client, "_ask", ask_with_a_resolver_that_fails_once)
    assert import_graph(there, tmp_path / "d", THERE + "public", "--public") == 0
    assert asked > 2
    assert len(lines_of(tmp_path / "d", THERE + "public")) == len(lines_there(there, THERE + "public"))


def test_a_server_with_another_order_each_time_is_asked_for_a_sorted_list(there: Endpoint, tmp_path: Path) -> None:
    there.most, there.shuffled = 60, True
    assert import_graph(there, tmp_path / "d", THERE + "public", "--public") == 0
    assert lines_of(tmp_path / "d", THERE + "public") == lines_there(there, THERE + "public")
    assert any("ORDER BY STR(?top)" in query for query in there.queries)


def test_nothing_is_sorted_that_fits_into_one_answer(there: Endpoint, tmp_path: Path) -> None:
    assert import_graph(there, tmp_path / "d", THERE + "public", "--public") == 0
    assert not any("ORDER BY" in query for query in there.queries)


def test_triples_of_no_top_level_stay_behind_and_are_told(
    there: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node, graph = pyoxigraph.NamedNode, pyoxigraph.NamedNode(THERE + "public")
    there.store.add(pyoxigraph.Quad(node("http://x/s"), node("http://x/p"), node("http://x/o"), graph))
    assert import_graph(there, tmp_path / "d", THERE + "public", "--public") == 0
    assert "1 triples stay behind" in capsys.readouterr().err


def test_a_password_comes_from_the_environment(
    there: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there.login = "dba:secret"
    assert import_graph(there, tmp_path / "d", THERE + "public", "--public", "--login", "dba") == 1
    assert "wants a user and a password" in capsys.readouterr().err
    monkeypatch.setenv("SYNHUB_SPARQL_PASSWORD", "secret")
    assert import_graph(there, tmp_path / "d", THERE + "public", "--public", "--login", "dba") == 0


def test_what_is_not_the_graph_of_a_repository_or_empty_is_refused(
    there: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert import_graph(there, tmp_path / "d", "http://there.example/other", "--public") == 1
    assert "those end in /public or /user/<name>" in capsys.readouterr().err
    assert import_graph(there, tmp_path / "d", THERE + "user/nobody", "--user", "nobody") == 1
    assert "has no triples in the graph" in capsys.readouterr().err
    assert prefix_of_graph("http://x/y/user/public") == "http://x/y/"
    assert Registry.parse(prefix_of_graph("http://x/public")).public_graph == "http://x/public"


def test_a_synhub_gives_its_public_graph_to_another(tmp_path: Path) -> None:
    with live(tmp_path / "first") as hub:
        fill(hub)
        url = hub.url + "/sparql"
        assert (
            main(["import-sparql", url, "--graph", PREFIX + "public", "--public", "--data", str(tmp_path / "d")]) == 0
        )
    assert lines_of(tmp_path / "d", PREFIX + "public") == lines_of(tmp_path / "first", PREFIX + "public") != set()
    assert main(["check", "--data", str(tmp_path / "d")]) == 0


@pytest.mark.slow
def test_a_virtuoso_that_gives_few_rows_gives_all_of_a_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        servers.find_virtuoso()
    except servers.Failed as error:
        pytest.skip(str(error))
    limited = servers._INI.replace("ResultSetMaxRows = 10000000", "ResultSetMaxRows = 1000").replace(
        "MaxSortedTopRows = 10000000", "MaxSortedTopRows = 10000"
    )
    assert limited.count("Rows = 1000\n") == 1
    monkeypatch.setattr(servers, "_INI", limited)
    (tmp_path / "in").mkdir()
    write_nquads(Corpus(1500, prefix=THERE), tmp_path / "in" / "there.nq")
    with servers.virtuoso(tmp_path / "virtuoso", tmp_path / "in", buffers=20_000) as virtuoso:
        virtuoso.load(tmp_path / "in" / "there.nq")
        url = f"http://127.0.0.1:{virtuoso.server.port}/sparql"
        arguments = ["import-sparql", url, "--graph", THERE + "public", "--public", "--data", str(tmp_path / "d")]
        assert main(arguments) == 0
    expected = pyoxigraph.Store()
    expected.load(path=tmp_path / "in" / "there.nq", format=pyoxigraph.RdfFormat.N_QUADS)
    with endpoint(expected) as served:
        assert lines_of(tmp_path / "d", THERE + "public") == lines_there(served, THERE + "public")
    assert main(["check", "--data", str(tmp_path / "d")]) == 0
