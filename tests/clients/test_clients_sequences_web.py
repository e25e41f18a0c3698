"""What the browser applications send: SynBioSuite, SeqImprove and the SynBioHub3 frontend.

They run on another host than the repository, so that every request that is not simple has a preflight. They know the
repository's address and its prefix of IRIs as two things.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from clients_http import fields_of, get, post
from clients_server import EMAIL, OTHER, PASSWORD, USER, Server, running

pytestmark = pytest.mark.slow

FIXTURES = Path(__file__).parents[2] / "fixtures" / "sbol2"
PROMOTER, DEVICE = ((FIXTURES / f"{name}.xml").read_bytes() for name in ("promoter", "device"))
ORIGIN = {"Origin": "http://app.example"}
AXIOS = ORIGIN | {"Accept": "application/json, text/plain, */*"}
TEXT = ORIGIN | {"Accept": "text/plain"}
DONE = (200, "Successfully uploaded")


@pytest.fixture(scope="module", params=["same", "other"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    options = ["--uri-prefix", "https://parts.example/"] if request.param == "other" else []
    with running(tmp_path_factory.mktemp("sequences"), *options) as server:
        yield server


def told(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["access-control-allow-origin"] == "*"
    return answer.status_code, answer.text


def preflight(url: str, method: str, names: str) -> None:
    """What a browser asks before it sends a request with these headers."""
    headers = ORIGIN | {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": names}
    answer = requests.options(url, headers=headers, timeout=60)
    assert answer.ok
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert set(names.split(",")) <= allowed
    assert method in answer.headers["access-control-allow-methods"]


def rows(answer: requests.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, list)
    return found


def names(answer: requests.Response) -> set[str]:
    return {row["displayId"] for row in rows(answer)}


def test_synbiosuite(server: Server) -> None:
    """SynBioSuite@4f2f2eb: JSON login, collections without an Accept of its own, uploads as `files`, JSON answers."""
    url = server.url
    preflight(f"{url}/login", "POST", "content-type")
    wrong = post(f"{url}/login", json={"email": EMAIL, "password": "wrong"}, headers=TEXT)
    assert told(wrong) == (401, "Your password was not recognized.")
    token = post(f"{url}/login", json={"email": EMAIL, "password": PASSWORD}, headers=TEXT).text
    key = {"X-authorization": token}
    preflight(f"{url}/profile", "GET", "x-authorization")
    profile = get(f"{url}/profile", headers=TEXT | key).json()
    assert {name: profile[name] for name in ("username", "name", "email", "affiliation", "graphUri")} == {
        "username": USER, "name": "Alice Example", "email": EMAIL, "affiliation": "",
        "graphUri": f"{server.prefix}/user/{USER}",
    }  # fmt: skip
    assert get(f"{url}/profile", headers=TEXT | {"X-authorization": "expired"}).status_code == 401
    assert told(post(f"{url}/submit", files=fields_of(id="x"), headers=TEXT)) == (401, "Login required")

    form = fields_of(id="suite", version="1", name="Suite", description="Designs", citations="", overwrite_merge="0")
    assert told(post(f"{url}/submit", files=form, headers=TEXT | key)) == DONE
    refused = post(f"{url}/submit", files=form, headers=TEXT | key)
    assert told(refused) == (400, "Submission id and version already in use")
    assert "suite_collection" in names(get(f"{url}/rootCollections", headers=AXIOS | key))
    collection = f"{server.prefix}/user/{USER}/suite/suite_collection/1"
    into = fields_of(user=token, rootCollections=collection, overwrite_merge="3")
    upload = into | {"files": ("device.xml", DEVICE, "text/xml")}
    assert told(post(f"{url}/submit", files=upload, headers=TEXT | key)) == DONE

    path = f"collection=%3C{quote(collection, safe='')}%3E/?offset=0&limit=1000"
    assert len(rows(get(f"{url}/search/{path}", headers=TEXT | key))) == 10
    query = f'SELECT ?s FROM <{profile["graphUri"]}> WHERE {{ ?s <http://purl.org/dc/terms/title> "Suite" }}'
    headers = AXIOS | key | {"Accept": "application/json"}
    answer = get(f"{url}/sparql", params={"query": query}, headers=headers).json()
    assert [row["s"]["value"] for row in answer["results"]["bindings"]] == [collection]

    device = f"{url}/user/{USER}/suite/gfp_device/1"
    attached = post(f"{device}/attach", files={"file": ("plate 1.xlsx", b"PK")}, headers=TEXT | key)
    assert attached.ok, attached.text
    assert get(f"{device}/remove", headers=AXIOS | key).ok
    assert get(f"{device}/sbol", headers=TEXT | key).status_code == 404
    assert post(f"{url}/logout", json=None, headers=TEXT | key).ok
    assert get(f"{url}/profile", headers=TEXT | key).status_code == 401


def test_seqimprove(server: Server) -> None:
    """SeqImprove@75f152f: curates a part and sends it back as a text file; reads SBOL at the collection's address."""
    url = server.url
    token = post(f"{url}/login", data={"email": EMAIL, "password": PASSWORD}, headers=TEXT).text
    key = {"X-authorization": token}
    profile = get(f"{url}/profile", headers=ORIGIN | key | {"Accept": "application/json"}).json()
    assert profile["id"]
    assert "demo_collection" in names(get(f"{url}/rootCollections", headers=TEXT | key))

    new = fields_of(id="improve", version="1", name="Improve", description="", citations="", overwrite_merge="0")
    new["description"] = (None, "Curated")
    part = {"file": ("file.txt", PROMOTER, "text/plain")}
    assert told(post(f"{url}/submit", files=new | part, headers=TEXT | key)) == DONE
    taken = post(f"{url}/submit", files=new | part, headers=TEXT | key)
    assert told(taken) == (400, "Submission id and version already in use")
    collection = f"{server.prefix}/user/{USER}/improve/improve_collection/1"
    for mode in ("2", "3"):
        into = fields_of(rootCollections=collection, overwrite_merge=mode, user=token)
        example = {"file": ("example.txt", PROMOTER, "text/plain")}
        assert told(post(f"{url}/submit", files=into | example, headers=TEXT | key)) == DONE
    address = collection.replace(server.prefix, url)
    document = get(address, headers=TEXT | key)
    assert document.status_code == 200
    assert b"tttacagctagctcagtcctaggtattatgctagc" in document.content
    assert get(f"{address}/sbol", headers=TEXT | key).content == document.content


def test_synbiohub3_browses_and_searches(server: Server) -> None:
    """synbiohub3@df64e3ff, logged out: the token is the word `undefined`; GETs say a content type."""
    url = server.url
    headers = ORIGIN | {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "X-authorization": "undefined",
    }
    plain = headers | {"Accept": "text/plain; charset=UTF-8"}
    preflight(f"{url}/rootCollections", "GET", "content-type,x-authorization")
    assert names(get(f"{url}/rootCollections", headers=plain)) >= {"demo_collection"}
    browsed = {row["displayId"]: row for row in rows(get(f"{url}/browse", headers=plain))}
    assert {"url", "public"} <= set(browsed["demo_collection"])  # and `icon`, where there is one
    for path in ("/manage", "/shared", "/profile"):
        assert get(url + path, headers=plain).status_code == 401
    version = get(f"{url}/getSynBioHubVersion", headers=plain)
    assert version.status_code == 404  # the classic API then

    search = f"{url}/search/objectType=ComponentDefinition&dc:creator='nobody'&?offset=0&limit=50"
    assert rows(get(search, headers=plain)) == []
    [row] = rows(get(f"{url}/search/objectType=ComponentDefinition&pLac?offset=0&limit=50", headers=plain))
    assert (row["displayId"], row["type"]) == ("BBa_R0010", "http://sbols.org/v2#ComponentDefinition")
    assert {"uri", "name", "description", "version", "sbolType", "role"} <= set(row)
    count = get(f"{url}/searchCount/objectType=ComponentDefinition&pLac", headers=plain)
    assert told(count) == (200, "1")

    members = (
        "PREFIX sbol2: <http://sbols.org/v2#> PREFIX dcterms: <http://purl.org/dc/terms/> "
        "SELECT ?uri ?displayId ?name WHERE { { SELECT DISTINCT ?uri ?displayId ?name WHERE { "
        f"<{server.prefix}/public/demo/demo_collection/1> sbol2:member ?uri . OPTIONAL {{ ?uri sbol2:displayId "
        "?displayId } OPTIONAL { ?uri dcterms:title ?name } FILTER NOT EXISTS { ?x sbol2:sequence ?uri } } "
        "ORDER BY ASC(concat(lcase(str(?displayId)))) } } LIMIT 3 OFFSET 1"
    )
    answer = get(f"{url}/sparql?query={quote(members, safe='')}", headers=headers)
    assert answer.json()["head"]["vars"] == ["uri", "displayId", "name"]
    assert len(answer.json()["results"]["bindings"]) == 3
    page = f"{url}/sparql?query={quote(members, safe='')}&default-graph-uri={server.prefix}/public"
    assert len(get(page, headers=headers).json()["results"]["bindings"]) == 3
    sbol = get(f"{url}/public/demo/BBa_R0010/1/sbol", headers=ORIGIN | {"Accept": "*/*"})
    assert sbol.ok
    assert "content-disposition" in sbol.headers["access-control-expose-headers"].lower()


def test_synbiohub3_changes(server: Server) -> None:
    """synbiohub3@df64e3ff, logged in: submits, edits with JSON bodies, shares, attaches, publishes, removes."""
    url = server.url
    accept = ORIGIN | {"Accept": "text/plain; charset=UTF-8"}
    token = post(f"{url}/login", data={"email": EMAIL, "password": PASSWORD}, headers=accept).text
    key = accept | {"X-authorization": token}

    def change(path: str, body: dict[str, str]) -> None:
        answer = post(url + path, json=body, headers=key)
        assert answer.status_code == 200, (path, body, answer.status_code, answer.text)

    def form(path: str, body: dict[str, str]) -> None:
        answer = post(url + path, data=body, headers=key)
        assert answer.status_code == 200, (path, body, answer.status_code, answer.text)

    for identifier in ("third", "shelf"):
        new = fields_of(id=identifier, version="1", name=identifier, description="d", citations="", overwrite_merge="0")
        assert told(post(f"{url}/submit", files=new, headers=key)) == DONE
    base = f"/user/{USER}/third"
    collection, part, shelf = (
        f"{base}/third_collection/1",
        f"{base}/gfp_device/1",
        f"/user/{USER}/shelf/shelf_collection/1",
    )
    upload: dict[str, Any] = fields_of(
        user=token, rootCollections=server.prefix + collection, overwrite_merge="2", plugin="default"
    )
    upload["file"] = ("device.xml", DEVICE, "text/xml")
    assert told(post(f"{url}/submit", files=upload, headers=key)) == DONE
    [row] = [row for row in rows(get(f"{url}/manage", headers=key)) if row["displayId"] == "third_collection"]
    assert row["uri"] == server.prefix + collection and row["triplestore"] == "private"

    iri = server.prefix + part
    change(f"{part}/add/role", {"object": "http://identifiers.org/so/SO:0000313"})
    change(f"{part}/edit/title", {"object": "Reporter", "previous": "GFP device"})
    change(f"{part}/add/annotation", {"object": "red", "pred": "http://colour.example/is"})
    change(f"{part}/remove/annotation", {"object": "red", "pred": "http://colour.example/is"})
    change(f"{part}/remove/role", {"object": "http://identifiers.org/so/SO:0000313"})
    for path in ("/updateMutableDescription", "/updateMutableNotes", "/updateMutableSource"):
        form(path, {"uri": iri, "value": "five \u00b5l"})
    form("/updateCitations", {"uri": iri, "value": "1234567"})
    form(f"{part}/addToCollection", {"collections": server.prefix + shelf})
    change(f"{shelf}/removeMembership", {"member": iri})
    form(f"{part}/addOwner", {"user": f"{server.prefix}/user/{OTHER}", "uri": iri})
    change(f"{part}/removeOwner/{OTHER}", {"userUri": f"{server.prefix}/user/{OTHER}"})

    attached = post(f"{url}{part}/attach", files={"file": ("trace.csv", b"1,2\n")}, headers=key)
    assert attached.status_code == 200, attached.text
    form(f"{part}/attachURL", {"url": "https://data.example/t.csv", "name": "table", "type": "http://edam.example/csv"})
    query = (
        "PREFIX sbh: <http://wiki.synbiohub.org/wiki/Terms/synbiohub#> PREFIX sbol2: <http://sbols.org/v2#> "
        "PREFIX dcterms: <http://purl.org/dc/terms/> SELECT ?title ?size WHERE { "
        f"<{iri}> (sbh:attachment|sbol2:attachment) ?a . ?a dcterms:title ?title OPTIONAL {{ ?a sbol2:size ?size }} }} "
        "ORDER BY ?title"
    )
    found = get(
        f"{url}/sparql?query={quote(query, safe='')}&default-graph-uri={server.prefix}/user/{USER}",
        headers=key | {"Accept": "application/json", "Content-Type": "application/json"},
    ).json()["results"]["bindings"]
    assert [{name: term["value"] for name, term in row.items()} for row in found] == [
        {"title": "table"}, {"title": "trace.csv", "size": "4"},
    ]  # fmt: skip

    link = get(f"{url}{part}/shareLink", headers=key)
    assert link.status_code == 200
    shared = link.text.replace(server.prefix, url)
    assert shared.startswith(f"{url}{part}/") and shared.endswith("/share")
    assert b"Reporter" in get(f"{shared}/sbol", headers=accept).content

    public = {"tabState": "new", "id": "thirdpublic", "version": "1", "name": "Third", "description": "d"}
    form(f"{collection}/makePublic", public | {"citations": "", "collections": ""})
    assert get(f"{url}/public/thirdpublic/gfp_device/1/sbol", headers=accept).ok
    assert get(f"{url}{shelf}/removeCollection", headers=key).status_code == 200
    assert not any(row["displayId"] == "shelf_collection" for row in rows(get(f"{url}/manage", headers=key)))
