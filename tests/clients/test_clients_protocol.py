"""What HTTP itself asks of a server, shown by curl: cases, HEAD, preflights, long lines, broken connections."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlsplit

import pytest
from clients_server import PASSWORD, USER, Server, curl, login, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("protocol")) as server:
        yield server


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return login(server)


def connect(server: Server) -> socket.socket:
    return socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port), timeout=10)


def exchange(server: Server, request: str) -> bytes:
    """Send these bytes; return what comes until the server closes."""
    with connect(server) as connection:
        connection.sendall(request.encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Wait until something holds; say whether it came to hold."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def test_login_with_a_json_body(server: Server) -> None:
    body = json.dumps({"email": USER, "password": PASSWORD}).encode()
    header = ("-H", "Content-Type: application/json", "-H", "Accept: text/plain", "--data-binary", "@-")

    assert len(curl(*header, f"{server.url}/login", body=body).text) == 36
    wrong = curl(*header, f"{server.url}/login", body=body.replace(PASSWORD.encode(), b"wrong"))
    assert (wrong.status, wrong.text) == (401, "Your password was not recognized.")


@pytest.mark.parametrize(
    "path",
    [
        "/ROOTCOLLECTIONS", "/rootcollections/", "/public/demo/demo_collection/1/SUBCOLLECTIONS",
        "/SEARCH/plac", "/searchcount/plac/", "/Public/demo/BBa_R0010/1/SBOL/", "/COMPONENTDEFINITION/COUNT",
    ],
)  # fmt: skip
def test_words_of_paths_know_no_case(server: Server, path: str) -> None:
    assert curl(server.url + path).status == 200


@pytest.mark.parametrize(
    "path", ["/", "/rootCollections", "/search/plac", "/public/demo/BBa_R0010/1/sbol", "/Collection/count", "/none/x"]
)
def test_head_has_the_headers_of_get_and_no_body(server: Server, path: str) -> None:
    get = curl(server.url + path)
    head, _, body = exchange(server, f"HEAD {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").partition(
        b"\r\n\r\n"
    )
    assert body == b""
    assert head.split(b" ", 2)[1] == str(get.status).encode()
    assert f"content-type: {get.headers['content-type']}".encode() in head.lower()


@pytest.mark.parametrize("path", ["/submit", "/rootCollections", "/search/plac", "/public/demo/BBa_R0010/1/sbol"])
def test_preflight_allows_the_token(server: Server, path: str) -> None:
    method = "POST" if path == "/submit" else "GET"
    answer = curl(
        "-X", "OPTIONS", "-H", "Origin: http://app.example", "-H", f"Access-Control-Request-Method: {method}",
        "-H", "Access-Control-Request-Headers: x-authorization,content-type", server.url + path,
    )  # fmt: skip

    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "*"
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {"x-authorization", "content-type"} <= allowed
    assert method in answer.headers["access-control-allow-methods"]


def test_every_answer_is_readable_by_pages_of_other_hosts(server: Server) -> None:
    for path in ("/rootCollections", "/none/x", "/public/demo/BBa_R0010/1/sbol"):
        answer = curl("-H", "Origin: http://app.example", server.url + path)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "content-disposition" in answer.headers["access-control-expose-headers"].lower()


def test_request_line_of_64_kilobytes(server: Server) -> None:
    padding = "%20" * 21_000
    query = quote("SELECT ?s { ?s <http://purl.org/dc/terms/title> 'pLac' }", safe="")
    url = f"{server.url}/sparql?query={query}{padding}"
    assert len(url) > 63_000

    answer = curl("-H", "Accept: text/csv", url)

    assert (answer.status, answer.text) == (200, f"s\r\n{server.prefix}/public/demo/BBa_R0010/1\r\n")
    [row] = json.loads(curl(f"{server.url}/search/plac?padding={'x' * 64_000}").body)
    assert row["displayId"] == "BBa_R0010"


def test_connection_that_breaks_in_the_body_leaves_nothing(server: Server, token: str) -> None:
    jobs = server.folder / "data" / "jobs"
    before = set(jobs.iterdir())
    head = (
        f"POST /submit HTTP/1.1\r\nHost: h\r\nX-authorization: {token}\r\nContent-Length: 9000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
    )
    part = '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'

    with connect(server) as connection:
        connection.sendall((head + part + "x" * 3_000_000).encode())
        assert within(5, lambda: set(jobs.iterdir()) > before)

    assert within(5, lambda: set(jobs.iterdir()) == before)
