"""What the design tools send, one test a tool: its requests in its order, with its headers, and what it needs back.

A tool that works through libSBOLj or sbol2 sends what those send; test_clients_libsbolj.py and test_clients_sbol2.py
run these libraries themselves. Each tool has a collection of its own, named after it.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from clients_http import fields_of, get, java_multipart, post
from clients_server import EMAIL, OTHER, PASSWORD, USER, Server, login, running
from rdflib import RDF, Graph, URIRef

pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).parents[2] / "fixtures" / "sbol2"
PROMOTER, DEVICE, CHANGED = (
    (FIXTURES / f"{name}.xml").read_bytes() for name in ("promoter", "device", "device_changed")
)
SO = "http://identifiers.org/so/SO:"
DNA = "http://www.biopax.org/release/biopax-level3.owl#DnaRegion"
SBOL = "http://sbols.org/v2#"
TITLE = "http://purl.org/dc/terms/title"
AXIOS = {"Accept": "application/json, text/plain, */*", "Origin": "http://app.example"}
DONE = (200, "Successfully uploaded")
JSON_RESULTS = "application/sparql-results+json,application/json,text/javascript,application/javascript"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("sequences")) as server:
        yield server


def told(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.text


def rows(answer: requests.Response) -> dict[str, dict[str, Any]]:
    """The rows of a listing by their display ids; every member that clients read is text."""
    assert answer.status_code == 200, answer.text
    found: dict[str, dict[str, Any]] = {}
    for row in answer.json():
        for name in ("uri", "name", "description", "displayId", "version"):
            assert isinstance(row[name], str), (name, row)
        found[row["displayId"]] = row
    return found


def bindings(answer: requests.Response) -> list[dict[str, str]]:
    """The solutions of a SPARQL answer in JSON, which says so."""
    assert answer.status_code == 200, answer.text
    assert "json" in answer.headers["content-type"]
    return [{name: term["value"] for name, term in row.items()} for row in answer.json()["results"]["bindings"]]


def top_levels(answer: requests.Response) -> set[str]:
    """The display ids of the top levels in a document."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/rdf+xml")
    graph = Graph().parse(data=answer.content, format="xml")
    names = ("ComponentDefinition", "Sequence", "Collection", "Attachment", "Activity")
    subjects = {s for name in names for s in graph.subjects(RDF.type, URIRef(SBOL + name))}
    return {str(graph.value(s, URIRef(SBOL + "displayId"))) for s in subjects}


class Java:
    """Calls as `org.synbiohub.frontend.SynBioHubFrontend` of libSBOLj makes them."""

    def __init__(self, server: Server) -> None:
        self.url, self.token = server.url, ""

    def _headers(self) -> dict[str, str]:
        return {"X-authorization": self.token, "Accept": "text/plain"}

    def login(self, user: str, password: str) -> requests.Response:
        answer = post(f"{self.url}/login", data={"email": user, "password": password}, headers={"Accept": "text/plain"})
        self.token = answer.text if answer.status_code == 200 else ""
        return answer

    def logout(self) -> requests.Response:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return post(f"{self.url}/logout", data=b"", headers=self._headers() | form)

    def get(self, path: str) -> requests.Response:
        return get(path if path.startswith("http") else self.url + path, headers=self._headers())

    def search(self, criteria: str, paging: str = "/?offset=0&limit=50") -> requests.Response:
        return self.get(f"/search/{quote(criteria, safe='')}{paging}")

    def post(self, path: str, fields: dict[str, str]) -> requests.Response:
        """A form in Latin-1, as HttpClient writes it when nothing else is said."""
        form = {"Content-Type": "application/x-www-form-urlencoded; charset=ISO-8859-1"}
        body = "&".join(f"{name}={quote(value, safe='', encoding='latin-1')}" for name, value in fields.items())
        return post(self.url + path, data=body.encode(), headers=self._headers() | form)

    def multipart(self, path: str, fields: dict[str, str], file: bytes | None) -> requests.Response:
        body = java_multipart(fields, file)
        return post(self.url + path, data=body["data"], headers=self._headers() | body["headers"])

    def create(self, identifier: str, mode: str, file: bytes | None) -> requests.Response:
        fields = {"id": identifier, "version": "1", "name": identifier, "description": "Designs", "citations": ""}
        return self.multipart(
            "/submit", fields | {"collectionChoices": "", "overwrite_merge": mode, "user": self.token}, file
        )

    def add(self, collection: str, mode: str, file: bytes) -> requests.Response:
        return self.multipart(
            "/submit", {"rootCollections": collection, "overwrite_merge": mode, "user": self.token}, file
        )


def own(server: Server, identifier: str, user: str = USER) -> tuple[str, str]:
    """The namespace and the root collection of a submission."""
    base = f"{server.prefix}/user/{user}/{identifier}"
    return base, f"{base}/{identifier}_collection/1"


def test_sbolcanvas(server: Server) -> None:
    """SBOLCanvas@58c1def: lists private collections, searches parts, asks for a layout beside each, saves a design."""
    java = Java(server)
    assert java.login(USER, "wrong").status_code == 401
    assert java.login(USER, PASSWORD).status_code == 200
    base, collection = own(server, "canvas")

    assert told(java.create("canvas", "0", None)) == DONE
    private = [row["uri"] for row in rows(java.get("/rootCollections")).values() if "/public/" not in row["uri"]]
    assert collection in private
    assert rows(java.get(f"{collection}/subCollections")) == {}
    assert told(java.add(collection, "3", DEVICE)) == DONE
    assert told(java.add(collection, "3", CHANGED)) == DONE

    criteria = f"objectType=ComponentDefinition&role=<{SO}0000139>&type=<{DNA}>&collection=<{collection}>&"
    assert set(rows(java.search(criteria))) == {"BBa_B0034"}
    for path in (f"objectType=ModuleDefinition&collection=<{collection}>&",
                 f"objectType=CombinatorialDerivation&<{SBOL}template>=<{base}/gfp_device/1>&"):  # fmt: skip
        assert rows(java.search(path)) == {}
    assert java.get(f"{base}/gfp_device_Layout/1/sbol").status_code == 404
    assert "gfp_device" in top_levels(java.get(f"{base}/gfp_device/1/sbol"))
    assert java.logout().status_code == 200
    assert java.get(f"{base}/gfp_device/1/sbol").status_code == 404


def test_sboldesigner_and_ibiosim(server: Server) -> None:
    """SBOLDesigner@5a57a8c, iBioSim@d4d40a908: walk collections, search by text, find where to save, attachments."""
    java = Java(server)
    assert set(rows(java.get("/rootCollections"))) >= {"demo_collection"}
    sub = rows(java.get("/public/demo/demo_collection/1/subCollections"))
    assert set(sub) == {"promoters", "terminators"}
    criteria = f"objectType=ComponentDefinition&role=<{SO}0000167>&type=<{DNA}>&"
    inside = f"collection=<{sub['promoters']['uri']}>&"
    assert set(rows(java.search(criteria + inside + "Anderson"))) == {"BBa_J23100", "BBa_J23101", "BBa_J23106"}
    part = rows(java.search(criteria + "plac"))["BBa_R0010"]["uri"]
    assert top_levels(java.get(f"{part}/sbol")) == {"BBa_R0010", "BBa_R0010_sequence"}

    java.login(USER, PASSWORD)
    base, collection = own(server, "designer")
    assert told(java.create("designer", "0", PROMOTER)) == DONE
    found = rows(java.search("objectType=Collection&", "/?offset=0&limit=10000"))
    assert collection in [row["uri"] for row in found.values() if "/public/" not in row["uri"]]
    assert told(java.add(collection, "2", DEVICE)) == DONE
    status, text = told(java.add(collection, "2", CHANGED))
    assert (status, text.split("\n")[0]) == (400, "Submission terminated.")
    assert told(java.add(collection, "3", CHANGED)) == DONE

    attached = java.multipart(f"/user/{USER}/designer/gfp_device/1/attach", {"user": java.token}, b"<sbml/>")
    assert attached.status_code == 200, attached.text
    document = Graph().parse(data=java.get(f"{base}/gfp_device/1/sbol").content, format="xml")
    [attachment] = document.subjects(RDF.type, URIRef(SBOL + "Attachment"))
    download = java.get(f"{attachment}/download")
    assert (download.status_code, download.content) == (200, b"<sbml/>")
    assert download.headers["content-disposition"] == 'attachment; filename="file"'


def test_newer_libsbolj(server: Server) -> None:
    """libSBOLj@95fa5f38: what it can do beyond the released jar: accounts, own and shared objects, membership."""
    java = Java(server)
    person = {"name": "Carol", "affiliation": "Lab", "email": "carol@example.org"}
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    assert java.post("/register", {"username": "carol"} | person | passwords).status_code == 200
    assert java.login("carol@example.org", PASSWORD).status_code == 200
    empty = {"password1": "", "password2": ""}
    assert java.post("/profile", person | {"name": "Carol M\u00fcller"} | empty).status_code == 200
    assert java.get("/profile").json()["name"] == "Carol M\u00fcller"

    base, _ = own(server, "lib", "carol")
    _, shelf = own(server, "shelf", "carol")
    assert told(java.create("lib", "0", PROMOTER)) == DONE
    assert told(java.create("shelf", "0", None)) == DONE
    assert set(rows(java.get("/manage"))) == {"lib_collection", "shelf_collection"}

    def members() -> str:
        return java.get(f"/searchCount/{quote(f'collection=<{shelf}>&', safe='')}").text

    part = "/user/carol/lib/BBa_J23101/1"
    assert java.post(f"{part}/addToCollection", {"user": java.token, "collections": shelf}).status_code == 200
    assert members() == "1"
    path = "/user/carol/shelf/shelf_collection/1/removeMembership"
    assert java.post(path, {"user": java.token, "member": f"{base}/BBa_J23101/1"}).status_code == 200
    assert members() == "0"

    assert java.post(f"{part}/addOwner", {"user": f"{server.prefix}/user/{OTHER}", "uri": server.prefix + part}).ok
    other = Java(server)
    other.login(OTHER, PASSWORD)
    assert "BBa_J23101" in rows(other.get("/shared"))
    assert java.post(f"{part}/removeOwner/{OTHER}", {"userUri": f"{server.prefix}/user/{OTHER}"}).ok
    assert rows(other.get("/shared")) == {}


def test_sboltestrunner(server: Server) -> None:
    """SBOLTestRunner@31a780f: submits every file under one id, mode 1, and compares what it gets back."""
    java = Java(server)
    java.login(USER, PASSWORD)
    _, collection = own(server, "Tester_1")

    assert told(java.create("Tester_1", "1", DEVICE)) == DONE
    assert told(java.create("Tester_1", "1", PROMOTER)) == DONE

    answer = java.get(f"{collection}/sbol")
    assert top_levels(answer) == {"Tester_1_collection", "BBa_J23101", "BBa_J23101_sequence"}
    graph = Graph().parse(data=answer.content, format="xml")
    marks = "http://wiki.synbiohub.org/wiki/Terms/synbiohub#"
    for subject in set(graph.subjects(RDF.type)):
        assert list(graph.objects(subject, URIRef(marks + "ownedBy"))) == [URIRef(f"{server.prefix}/user/{USER}")]
        assert len(list(graph.objects(subject, URIRef(marks + "topLevel")))) == 1


def test_synbiohub_adapter_queries(server: Server) -> None:
    """SD2E/synbiohub_adapter@492f9ef: logs in and asks through SPARQLWrapper; its queries in reduced form."""
    empty_query = {"query": "SELECT * WHERE{ ?s ?p ?o }", "format": "xml", "output": "xml", "results": "xml"}

    def log_in(user: str, password: str) -> requests.Response:
        headers = {"Accept": "text/plain", "charset": 'utf-8"'}
        return post(f"{server.url}/login", data={"email": user, "password": password} | empty_query, headers=headers)

    assert [log_in(USER, "wrong").status_code, log_in("nobody", PASSWORD).status_code] == [401, 401]
    token = log_in(USER, PASSWORD).text
    base, collection = own(server, "adapter")
    with requests.Session() as session:
        session.headers["X-authorization"] = token
        form = fields_of(id="adapter", version="1", name="Plan", description="Designs", overwrite_merge="0")
        files = form | {"file": ("file", DEVICE, "text/xml")}
        assert told(session.post(f"{server.url}/submit", files=files, headers={"Accept": "text/plain"})) == DONE

        def fetch(query: str) -> requests.Response:
            query = query.replace("WHERE", f"FROM <{server.prefix}/user/{USER}> WHERE", 1)
            form = {"query": query, "format": "json", "output": "json", "results": "json"}
            return session.get(f"{server.url}/sparql", params=form, headers={"Accept": JSON_RESULTS})

        prefixes = f"PREFIX sbol: <{SBOL}> PREFIX prov: <http://www.w3.org/ns/prov#> "
        members = " ".join(f"( <{base}/{name}/1> )" for name in ["BBa_B0034", "gfp_device"] * 40)
        asked = fetch(
            f"{prefixes}SELECT ?x (concat('[', GROUP_CONCAT(DISTINCT ?role; separator=','), ']') AS ?roles) WHERE {{ "
            f"VALUES (?x) {{ {members} }} <{collection}> sbol:member ?x . ?x prov:wasDerivedFrom*/sbol:role ?role . "
            f"{{ ?x sbol:displayId ?id }} UNION {{ ?x sbol:built ?id }} FILTER(strstarts(str(?x), '{base}') && "
            "contains(str(?role), 'SO:')) } GROUP BY ?x ORDER BY ?x"
        )
        assert len(asked.request.url or "") > 5_000
        assert [row["x"] for row in bindings(asked)] == [f"{base}/BBa_B0034/1", f"{base}/gfp_device/1"]
        counted = fetch(f"{prefixes}SELECT (count(distinct ?x) as ?n) WHERE {{ <{collection}> sbol:member ?x }}")
        assert bindings(counted) == [{"n": "10"}]
        # Illegal in SPARQL 1.1: ?role is neither grouped nor aggregated.
        lenient = fetch(f"{prefixes}SELECT ?x ?role WHERE {{ <{base}/BBa_B0034/1> sbol:role ?role ; sbol:type ?x }} "
                        "GROUP BY ?x")  # fmt: skip
        assert [row["role"] for row in bindings(lenient)] == [SO + "0000139"]
        assert fetch("SELECT WHERE {").status_code == 400

    closed = get(f"{server.url}/", params={"query": "SELECT * WHERE { ?s ?p ?o }"} | {"format": "json"})
    assert closed.status_code == 401 or closed.text.startswith("<!DOCTYPE html>")


def test_synbiohub_adapter_uploads(server: Server) -> None:
    """SD2E/synbiohub_adapter@492f9ef: submits, replaces on the exact refusal, merges, attaches, reads back, removes."""
    tokens = [
        post(server.url + path, data={"email": USER, "password": PASSWORD}).text for path in ("/remoteLogin", "/login")
    ]
    assert [len(token) for token in tokens] == [36, 36]
    key = {"X-authorization": tokens[0]}
    text = key | {"Accept": "text/plain"}
    base, collection = own(server, "upload")

    def submit(mode: str, file: bytes, into: str = "") -> requests.Response:
        form = fields_of(id="upload", version="1", name="Plan", description="Designs", citations="", keywords="")
        form |= fields_of(overwrite_merge=mode, user=tokens[0])
        files: dict[str, Any] = form | {"file": ("file", file, "text/xml")}
        return post(
            f"{server.url}/submit", files=files | (fields_of(rootCollections=into) if into else {}), headers=text
        )

    assert told(submit("0", PROMOTER)) == DONE
    taken = submit("0", PROMOTER)
    assert (taken.status_code, taken.text[-14:]) == (400, "already in use")
    assert told(submit("1", PROMOTER, collection)) == DONE
    assert told(submit("2", DEVICE, collection)) == DONE
    differs = submit("2", CHANGED, collection).text
    assert re.search(r"an object: (\S+) that is already", differs.replace("\n", " ")), differs
    assert told(submit("3", CHANGED, collection)) == DONE

    attached = post(f"{base}/gfp_device/1/attach", files={"file": ("plan.json", b'{"steps": [1, 2]}')}, headers=text)
    assert attached.ok, attached.text
    document = Graph().parse(data=get(f"{base}/gfp_device/1/sbol", headers=text).content, format="xml")
    [attachment] = document.subjects(RDF.type, URIRef(SBOL + "Attachment"))
    assert get(f"{attachment}/download", headers=text).json() == {"steps": [1, 2]}
    assert get(f"{base}/BBa_J23101/1/remove", headers=key | {"Accept": "application/json"}).ok
    assert get(f"{base}/BBa_J23101/1/sbol", headers=text).status_code == 404


def test_excel_to_sbol(server: Server) -> None:
    """Excel-to-SBOL@404ea17: logs in with an Accept of its own, asks whether parts exist; its token is bytes."""
    headers: dict[str, Any] = {"Accept": "plain/text"}
    answer = post(f"{server.url}/login", data={"email": EMAIL, "password": PASSWORD}, headers=headers)
    assert answer.status_code == 200
    token = answer.content
    exists = get(f"{server.url}/public/demo/BBa_R0010/1", headers={"Accept": "application/json"})
    assert exists.status_code == 200
    absent = f"{server.url}/public/demo/none/1"
    assert get(absent, headers={"Accept": "application/json"}).status_code in (401, 403, 404)
    headers = {"Accept": "application/json", "X-authorization": token}
    assert get(absent, headers=headers).status_code == 404
    path = "objectType=ComponentDefinition&displayId=%27BBa_R0010%27&/?offset=0&limit=25"
    assert set(rows(get(f"{server.url}/search/{path}", headers={"Accept": "text/plain"}))) == {"BBa_R0010"}


def test_api_wrapper_ts(server: Server) -> None:
    """SynBioHub/api-wrapper-ts@369e68f: logs in with JSON, lists collections, fetches SBOL and attachments."""

    def log_in(password: str) -> requests.Response:
        return post(
            f"{server.url}/login", json={"email": EMAIL, "password": password}, headers={"Accept": "text/plain"}
        )

    assert told(log_in("wrong")) == (401, "Your password was not recognized.")
    token = log_in(PASSWORD).text
    assert re.fullmatch(r"[0-9a-f]+(-[0-9a-f]+)+", token)  # no JSON number, which axios would read
    headers = {"Accept": "text/plain", "X-authorization": token}
    assert "demo_collection" in rows(get(f"{server.url}/rootCollections", headers=headers))
    part = f"{server.url}/public/demo/BBa_R0010/1"
    assert "BBa_R0010" in top_levels(get(f"{part}/sbol", headers=headers))
    assert get(f"{part}/download", headers=headers).status_code == 404  # not an attachment


def test_sbh2fasta(server: Server) -> None:
    """SynBioHub/sbh2fasta@ffc3ac8: reads sequences page by page until one is empty; OFFSET comes before LIMIT."""
    found: list[str] = []
    for offset in range(0, 1000, 5):
        query = f"SELECT ?s ?e WHERE {{ ?s <{SBOL}elements> ?e }} OFFSET {offset} LIMIT 5"
        url = f"{server.url}/sparql?query={quote(query, safe='')}&default-graph-uri={server.prefix}/public"
        page = bindings(get(url, headers={"Accept": "application/json"}))
        if not page:
            break
        found += [row["s"] for row in page]
    assert len(found) == len(set(found)) >= 13


def test_scrapers_and_libsbol_in_c(server: Server) -> None:
    """libSBOL@50fb77c (C++), SYNBICT@ad4d663, page scrapers: /remoteSearch, /metadata of nothing, /search?q=."""
    token = {"X-authorization": login(server)}
    path = quote("objectType=ComponentDefinition&plac/?offset=0&limit=25", safe="")
    assert set(rows(get(f"{server.url}/remoteSearch/{path}"))) == {"BBa_R0010"}
    nothing = get(f"{server.url}/public/demo/none/1/metadata", headers=token)
    assert (nothing.status_code, nothing.json()) == (200, [])
    assert len(get(f"{server.url}/public/demo/BBa_R0010/1/metadata", headers=token).json()) == 1
    assert get(f"{server.url}/public/demo/none/1/sbolnr", headers=token).status_code == 404
    page = get(f"{server.url}/search", params={"q": "plac"}, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "BBa_R0010" in page.text
    assert json.loads(get(f"{server.url}/searchCount/*").text) > 13
