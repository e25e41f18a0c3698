"""The curl lines of the SynBioHub API page, as printed there, against a real server; and what only curl shows.

Only the host, the token, the account and the names of the example objects are replaced: `igem` by the demo collection,
`BBa_F2620` by a device in it.
"""

import json
import shlex
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from clients_server import PASSWORD, USER, Answer, Server, curl, login, running

pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).parents[2] / "fixtures" / "sbol2"
CDS = "http://identifiers.org/so/SO:0000316"
PROMOTER = "http://identifiers.org/so/SO:0000167"
ROW = {
    "type", "uri", "name", "description", "displayId", "version",
    "sbolType", "role", "percentMatch", "strandAlignment", "CIGAR",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("curl")) as server:
        yield server


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return login(server)


def printed(server: Server, token: str, line: str, **values: str) -> Answer:
    """Run a line as the API page prints it."""
    for host in ("https://synbiohub.org", "http://synbiohub.org"):
        line = line.replace(host, server.url)
    values |= {"token": token, "email": USER, "password": PASSWORD}
    for name, value in values.items():
        line = line.replace(f"<{name}>", value)
    program, *arguments = shlex.split(line)
    assert program == "curl"
    return curl(*arguments)


def ids(answer: Answer) -> set[str]:
    assert answer.status == 200, answer.text
    return {row["displayId"] for row in json.loads(answer.body)}


@pytest.mark.parametrize(("name", "count"), [("Collection", "3"), ("ComponentDefinition", "13"), ("Range", "9")])
def test_count_line(server: Server, token: str, name: str, count: str) -> None:
    line = f"curl -X GET https://synbiohub.org/{name}/Count"
    assert printed(server, token, line).body == count.encode()


def test_login_line_returns_the_bare_token(server: Server, token: str) -> None:
    line = 'curl -X POST -H "Accept: text/plain" -d "email=<email>&password=<password>" https://synbiohub.org/login'

    answer = printed(server, token, line)

    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert len(answer.text) == 36 and answer.text.count("-") == 4


def test_root_collections_line(server: Server, token: str) -> None:
    line = 'curl -X GET -H "Accept: text/plain" -H "X-authorization: <token>" https://synbiohub.org/rootCollections'
    answer = printed(server, token, line)

    assert "demo_collection" in ids(answer)
    assert {frozenset(row) for row in json.loads(answer.body)} == {
        frozenset({"uri", "name", "description", "displayId", "version"})
    }


def test_sub_collections_line(server: Server, token: str) -> None:
    line = (
        'curl -X GET -H "Accept: text/plain" -H "X-authorization: <token>" '
        "https://synbiohub.org/public/demo/demo_collection/1/subCollections"
    )
    assert ids(printed(server, token, line)) == {"promoters", "terminators"}


def test_sbol_line(server: Server, token: str) -> None:
    line = (
        'curl -X GET -H "Accept: text/plain" -H "X-authorization: <token>" '
        "https://synbiohub.org/public/demo/BBa_I13504/1/sbol"
    )
    answer = printed(server, token, line)

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/rdf+xml")
    for display_id in ("BBa_I13504", "BBa_I13504_sequence", "BBa_B0034", "BBa_E0040", "BBa_B0010_sequence"):
        assert f'rdf:about="{server.prefix}/public/demo/{display_id}/1"'.encode() in answer.body
    assert b"BBa_J23100" not in answer.body


def test_search_and_count_lines(server: Server, token: str) -> None:
    path = "objectType%3DComponentDefinition%26role%3D%3Chttp%3A%2F%2Fidentifiers.org%2Fso%2FSO%3A0000316%3E%26GFP"
    headers = '-H "Accept: text/plain" -H "X-authorization: <token>"'
    found = printed(server, token, f"curl -X GET {headers} 'https://synbiohub.org/search/{path}/?offset=0&limit=50'")
    count = printed(server, token, f"curl -X GET {headers} 'https://synbiohub.org/searchCount/{path}'")

    [row] = json.loads(found.body)
    assert set(row) == ROW
    assert (row["uri"], row["name"], row["version"]) == (f"{server.prefix}/public/demo/BBa_E0040/1", "GFP", "1")
    assert count.body == b"1"


PROMOTERS = {"BBa_J23100", "BBa_J23101", "BBa_J23106", "BBa_R0010", "BBa_R0040"}
FORMS = [
    (f"role=<{PROMOTER}>&", PROMOTERS),
    (f"role=<{PROMOTER}>&Anderson", {"BBa_J23100", "BBa_J23101", "BBa_J23106"}),
    (f"objectType=ComponentDefinition&role=<{CDS}>&GFP", {"BBa_E0040"}),
    (f"<http://sbols.org/v2#role>=<{CDS}>&", {"BBa_E0040"}),
    (f"<http://sbols.org/v2#role>=<{CDS}>&objectType=Sequence&", set()),
    ("collection=<PREFIX/public/demo/promoters>&", PROMOTERS),
    ("collection=<PREFIX/public/demo/promoters/1>&", PROMOTERS),
    ("collection=<PREFIX/public/demo/promoters/2>&", set()),
    ("dcterms:title='pLac'&", {"BBa_R0010"}),
    ("dcterms:title='pLa'&", set()),
    ("objectType=Collection&", {"demo_collection", "promoters", "terminators"}),
    ("objectType=ComponentDefinition&dcterms:title='pLac'&BBa_R", {"BBa_R0010"}),
    ("plac", {"BBa_R0010"}),
]


@pytest.mark.parametrize("style", ["encoded", "raw"])
@pytest.mark.parametrize("paging", ["", "/", "/?offset=0&limit=50", "?offset=0&limit=50"])
@pytest.mark.parametrize(("query", "wanted"), FORMS)
def test_every_printed_form_of_a_search(server: Server, query: str, wanted: set[str], paging: str, style: str) -> None:
    query = query.replace("PREFIX", server.prefix)
    # in a raw path `#` would begin a fragment, which curl keeps to itself
    path = quote(query, safe="") if style == "encoded" else query.replace("#", "%23")
    # -g: curl would take brackets and braces for its own patterns
    found = ids(curl("-g", f"{server.url}/search/{path}{paging}"))
    count = curl("-g", f"{server.url}/searchCount/{path}{paging}")

    assert found == wanted
    assert (count.status, count.text) == (200, str(len(wanted)))


def test_pages_of_a_search_are_disjoint_and_complete(server: Server) -> None:
    pages = [ids(curl(f"{server.url}/search/objectType=ComponentDefinition&/?offset={n}&limit=5")) for n in (0, 5, 10)]

    assert [len(page) for page in pages] == [5, 5, 3]
    assert len(set.union(*pages)) == 13


# --- submitting

SUBMIT_NEW = (
    'curl -X POST -H "Accept: text/plain" -H "X-authorization: <token>" -F id=<id> -F version=<version> -F name=<name>'
    " -F description=<description> -F citations=<citations> -F overwrite_merge=<overwrite_merge> -F file=@<filename>"
    " https://synbiohub.org/submit"
)
SUBMIT_INTO = (
    'curl -X POST -H "Accept: text/plain" -H "X-authorization: <token>" -F rootCollections=<URI>'
    " -F overwrite_merge=<overwrite_merge> -F file=@<filename> https://synbiohub.org/submit"
)
DONE = (200, "Successfully uploaded")


def _new(server: Server, token: str, identifier: str, mode: str, file: str) -> tuple[int, str]:
    answer = printed(
        server, token, SUBMIT_NEW, id=identifier, version="1", name="Parts", description="Some",
        citations="1234567", overwrite_merge=mode, filename=str(FIXTURES / file),
    )  # fmt: skip
    return answer.status, answer.text


def test_submit_lines(server: Server, token: str) -> None:
    base = f"{server.prefix}/user/{USER}/printed"

    def into(mode: str, file: str) -> tuple[int, str]:
        uri = f"{base}/printed_collection/1"
        values = {"URI": uri, "overwrite_merge": mode, "filename": str(FIXTURES / file)}
        answer = printed(server, token, SUBMIT_INTO, **values)
        return answer.status, answer.text

    def title() -> bytes:
        line = f'curl -H "X-authorization: <token>" {server.url}/user/{USER}/printed/BBa_B0034/1/sbolnr'
        answer = printed(server, token, line)
        assert answer.status == 200, answer.text
        return answer.body

    assert _new(server, token, "printed", "0", "promoter.xml") == DONE
    assert _new(server, token, "printed", "0", "promoter.xml") == (400, "Submission id and version already in use")
    assert into("2", "device.xml") == DONE
    before = title()
    assert into("2", "device.xml") == DONE
    assert into("2", "device_changed.xml") == (
        400,
        "Submission terminated.\nA submission with this id already exists, and it includes an object: "
        f"{base}/BBa_B0034/1 that is already in this repository and has different content",
    )
    assert title() == before
    assert into("3", "device_changed.xml") == DONE
    assert title() != before
    assert _new(server, token, "printed", "1", "promoter.xml") == DONE
    line = f'curl -H "X-authorization: <token>" {server.url}/user/{USER}/printed/BBa_B0034/1/sbolnr'
    assert printed(server, token, line).status == 404
    absent = {"URI": f"{base}/none_collection/1", "overwrite_merge": "2", "filename": str(FIXTURES / "promoter.xml")}
    refused = printed(server, token, SUBMIT_INTO, **absent)
    assert (refused.status, refused.text) == (400, "Submission id and version do not exist")
    nobody = printed(server, "", SUBMIT_INTO, **absent)
    assert (nobody.status, nobody.text) == (401, "Login required")


FIELDS = ("-F", "version=1", "-F", "name=n", "-F", "description=d", "-F", "overwrite_merge=0")


def _members(server: Server, token: str, identifier: str) -> int:
    path = f"{server.url}/user/{USER}/{identifier}/{identifier}_collection/1/members"
    answer = curl("-H", f"X-authorization: {token}", path)
    assert answer.status == 200, answer.text
    total = json.loads(answer.body)["total"]
    assert isinstance(total, int)
    return total


@pytest.mark.parametrize(
    ("identifier", "more", "path", "total"),
    [
        ("chunked", ("-H", "Transfer-Encoding: chunked", "-F", f"file=@{FIXTURES}/promoter.xml"), "/submit", 2),
        ("files_part", ("-F", f"files=@{FIXTURES}/promoter.xml"), "/submit", 2),
        ("any_part", ("-F", f"upload=@{FIXTURES}/promoter.xml;filename=file.txt;type=text/plain"), "/submit", 2),
        ("no_file", (), "/submit", 0),
        ("empty_text", ("-F", "file="), "/submit", 0),
        ("slash", ("-F", f"file=@{FIXTURES}/promoter.xml"), "/submit/", 2),
        ("upper", ("-F", f"file=@{FIXTURES}/promoter.xml"), "/SUBMIT", 2),
    ],
)
def test_every_shape_of_an_upload(
    server: Server, token: str, identifier: str, more: tuple[str, ...], path: str, total: int
) -> None:
    header = ("-H", f"X-authorization: {token}", "-H", "Accept: text/plain")
    answer = curl(*header, "-F", f"id={identifier}", *FIELDS, *more, server.url + path)

    assert (answer.status, answer.text) == DONE
    assert _members(server, token, identifier) == total


def test_upload_that_waits_for_continue(server: Server, token: str, tmp_path: Path) -> None:
    """curl sends `Expect: 100-continue` by itself with a body over 1 MB; the server must say 100 before it reads."""
    text = (FIXTURES / "promoter.xml").read_text().replace("</rdf:RDF>", f"<!-- {'x' * 1_300_000} --></rdf:RDF>")
    path = tmp_path / "large.xml"
    path.write_text(text)

    answer = curl(
        "--expect100-timeout", "30", "-H", f"X-authorization: {token}",
        "-F", "id=expect", *FIELDS, "-F", f"file=@{path}", f"{server.url}/submit",
    )  # fmt: skip

    assert answer.continued
    assert (answer.status, answer.text) == DONE
    assert _members(server, token, "expect") == 2


# --- the protocol


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
    assert ids(curl(f"{server.url}/search/plac?padding={'x' * 64_000}")) == {"BBa_R0010"}


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
