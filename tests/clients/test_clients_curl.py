"""The curl lines of the SynBioHub API page, as printed there, against a real server.

Only the host, the token, the account and the names of the example objects are replaced: `igem` by the demo collection,
`BBa_F2620` by a device in it.
"""

import gzip
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from clients_server import OTHER, PASSWORD, USER, Answer, Server, curl, login, running

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


def printed(server: Server, token: str, line: str, folder: Path | None = None, /, **values: str) -> Answer:
    """Run a line as the API page prints it, in a folder."""
    for host in ("https://synbiohub.org", "http://synbiohub.org"):
        line = line.replace(host, server.url)
    values |= {"token": token, "email": USER, "password": PASSWORD}
    for name, value in values.items():
        line = line.replace(f"<{name}>", value)
    program, *arguments = shlex.split(line)
    assert program == "curl"
    return curl(*arguments, folder=folder)


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


# --- attachments

ATTACH = (
    'curl -X POST -H "Accept: text/plain" -H "X-authorization: <token>" -F \'file=@<filename>\''
    " https://synbiohub.org/user/<user>/<id>/<id>_collection/1/attach"
)
DOWNLOAD = (
    'curl -X GET -H "Accept: text/plain" -H "X-authorization: <token>" '
    "https://synbiohub.org<path>/download -O --compressed"
)


def test_attach_and_download_lines(server: Server, token: str, tmp_path: Path) -> None:
    source, folder = tmp_path / "growth curve.csv", tmp_path / "to"
    folder.mkdir()
    source.write_text("time,OD600\n" + "0,0.01\n" * 1000)
    assert _new(server, token, "measured", "0", "promoter.xml") == DONE

    answer = printed(server, token, ATTACH, filename=str(source), user=USER, id="measured")

    assert (answer.status, answer.text) == (200, "Success")
    line = f'curl -H "X-authorization: <token>" {server.url}/user/{USER}/measured/measured_collection/1/sbol'
    [path] = re.findall(r'<sbol:Attachment rdf:about="[^"]*?(/user/[^"]*)"', printed(server, token, line).text)
    head = printed(server, token, DOWNLOAD, folder, path=path)
    assert head.status == 200
    assert head.headers["content-disposition"] == 'attachment; filename="growth curve.csv"'
    assert (folder / "download").read_bytes() == source.read_bytes()  # -O takes the name from the address
    packed = curl("-H", f"X-authorization: {token}", "-H", "Accept-Encoding: gzip", f"{server.url}{path}/download")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == source.read_bytes()
    assert len(packed.body) < 1000
    named = curl("-OJ", "-H", f"X-authorization: {token}", f"{server.url}{path}/download", folder=folder)
    assert named.status == 200
    assert (folder / "growth curve.csv").read_bytes() == source.read_bytes()
    assert printed(server, "", DOWNLOAD, folder, path=path).status == 404


def test_attach_line_without_right(server: Server, token: str) -> None:
    assert _new(server, token, "closed", "0", "promoter.xml") == DONE
    file = str(FIXTURES / "promoter.xml")

    def attach(who: str, identifier: str) -> tuple[int, str]:
        answer = printed(server, who, ATTACH, filename=file, user=USER, id=identifier)
        return answer.status, answer.text

    assert attach("", "closed") == (401, "Login required")
    assert attach(login(server, OTHER), "closed") == (401, "not authorized to edit this submission")
    assert attach(login(server, OTHER), "none") == (401, "not authorized to edit this submission")
