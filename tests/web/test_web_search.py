"""Search and listings over HTTP: the documented examples, the classic rows, paging, and who sees what."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from live import PREFIX, Live, live

LAB = f"{PREFIX}public/lab/lab_collection"
CDS, PROMOTER = ("http://identifiers.org/so/SO:" + n for n in ("0000316", "0000167"))
DNA = "http://www.biopax.org/release/biopax-level3.owl#DnaRegion"
NAMESPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"'
    ' xmlns:dcterms="http://purl.org/dc/terms/"'
)


def part(name: str, title: str, role: str, description: str = "") -> str:
    """A ComponentDefinition with a Sequence of its own."""
    return f"""
  <sbol:ComponentDefinition rdf:about="http://a/{name}/1">
    <sbol:persistentIdentity rdf:resource="http://a/{name}"/><sbol:displayId>{name}</sbol:displayId>
    <sbol:version>1</sbol:version><dcterms:title>{title}</dcterms:title>
    <dcterms:description>{description}</dcterms:description>
    <sbol:type rdf:resource="{DNA}"/><sbol:role rdf:resource="{role}"/><sbol:role rdf:resource="http://a/role"/>
    <sbol:sequence rdf:resource="http://a/{name}_seq/1"/>
  </sbol:ComponentDefinition>
  <sbol:Sequence rdf:about="http://a/{name}_seq/1">
    <sbol:persistentIdentity rdf:resource="http://a/{name}_seq"/><sbol:displayId>{name}_seq</sbol:displayId>
    <sbol:version>1</sbol:version><sbol:elements>ttgaca{"a" * len(name)}</sbol:elements>
    <sbol:encoding rdf:resource="http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html"/>
  </sbol:Sequence>"""


def document(*parts: str) -> bytes:
    return f'<?xml version="1.0"?>\n<rdf:RDF {NAMESPACES}>{"".join(parts)}\n</rdf:RDF>'.encode()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A public lab of three parts, and one private part of bob's."""
    folder: Path = tmp_path_factory.mktemp("search")
    with live(folder) as instance:
        instance.user("alice")
        instance.user("bob")
        gfp = part("gfp", "GFP coding", CDS, "Bob's green protein &amp; more")
        public = document(gfp, part("pLac", "pLac", PROMOTER), part("pTet", "Tet promoter", PROMOTER))
        instance.publish("alice", public, "lab")
        assert instance.submit("bob", document(part("pBob", "GFP secret", PROMOTER))).status_code == 200
        yield instance


def names(hub: Live, path: str, who: str | None = None) -> list[str]:
    response = hub.get(path, who)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json; charset=utf-8")
    return [row["displayId"] for row in response.json()]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (f"objectType=ComponentDefinition&role=<{CDS}>&GFP", {"gfp"}),
        ("objectType=ComponentDefinition&", {"gfp", "pLac", "pTet"}),
        (f"role=<{PROMOTER}>&", {"pLac", "pTet"}),
        (f"collection=<{LAB}>&objectType=ComponentDefinition&", {"gfp", "pLac", "pTet"}),
        (f"collection=<{LAB}/1>&role=<{CDS}>", {"gfp"}),
        ("dcterms:title='pLac'&", {"pLac"}),
        ("title='GFP coding'&", {"gfp"}),
        (f"<http://sbols.org/v2#role>=<{CDS}>&", {"gfp"}),
        ("sequence=ttgacaaaa&", {"gfp"}),
        ("protein & more", {"gfp"}),
        ("promoter", {"pTet"}),
        ("lac or coding", {"gfp", "pLac", "pLac_seq"}),
        ("dcterms:description='Bob's green protein & more'&", {"gfp"}),
    ],
)
def test_documented_searches_work_raw_and_encoded(hub: Live, path: str, found: set[str]) -> None:
    for text in (quote(path, safe=""), quote(path, safe="&="), quote(path, safe="&=/:'")):
        for tail in ("", "/", "?offset=0&limit=50", "/?offset=0&limit=50"):
            assert set(names(hub, f"/search/{text}{tail}")) == found
            assert hub.get(f"/searchCount/{text}{tail}").text == str(len(found))
    assert set(names(hub, f"/remoteSearch/{quote(path, safe='')}{quote('/?offset=0&limit=50', safe='')}")) == found


def test_row_has_the_classic_members_in_the_classic_order(hub: Live) -> None:
    (row,) = hub.get("/search/displayId='gfp'&").json()
    assert list(row.items()) == [
        ("type", "http://sbols.org/v2#ComponentDefinition"),
        ("uri", f"{PREFIX}public/lab/gfp/1"),
        ("name", "GFP coding"),
        ("description", "Bob's green protein & more"),
        ("displayId", "gfp"),
        ("version", "1"),
        ("sbolType", DNA),
        ("role", CDS),
        ("percentMatch", ""),
        ("strandAlignment", ""),
        ("CIGAR", ""),
    ]
    (row,) = hub.get("/search/displayId='gfp_seq'&").json()
    assert (row["name"], row["description"], row["sbolType"], row["role"]) == ("gfp_seq", "", None, None)


def test_private_objects_are_found_by_their_owner_only(hub: Live) -> None:
    assert set(names(hub, "/search/gfp")) == {"gfp", "gfp_seq"} == set(names(hub, "/search/gfp", "alice"))
    assert set(names(hub, "/search/gfp", "bob")) == {"gfp", "gfp_seq", "pBob"}
    assert [hub.get("/searchCount/gfp", who).text for who in (None, "alice", "bob")] == ["2", "2", "3"]


def test_pages_join_without_gap_or_repeat(hub: Live) -> None:
    everything = names(hub, "/search/*", "bob")
    assert everything == [n for k in range(0, 12, 2) for n in names(hub, f"/search/*/?offset={k}&limit=2", "bob")]
    assert len(everything) == int(hub.get("/searchCount/", "bob").text)
    assert names(hub, "/search/?limit=0") == names(hub, "/search/?offset=99999999999999999999") == []


def test_limit_over_the_largest_page_is_cut_and_linked(tmp_path: Path) -> None:
    with live(tmp_path, search_limit=2) as small:
        small.user("bob")
        small.publish("bob", document(part("gfp", "GFP", CDS), part("pLac", "pLac", PROMOTER)), "lab")
        found: list[str] = []
        path: str | None = "/search?q=*&limit=100"
        while path:
            response = small.get(path)
            found += [row["displayId"] for row in response.json()]
            link = response.headers.get("link")
            assert link is None or link.endswith('>; rel="next"')
            path = link.removeprefix("<").removesuffix('>; rel="next"') if link else None
        assert sorted(found) == ["gfp", "gfp_seq", "lab_collection", "pLac", "pLac_seq"]
        assert "link" not in small.get("/search/*?limit=2").headers


@pytest.mark.parametrize(
    "path", ["role&", "limit?limit=abc", "x?limit=-1", "x?offset=", "file_search=/etc/passwd&", "%FF"]
)
def test_what_cannot_be_parsed_is_400_text(hub: Live, path: str) -> None:
    response = hub.get(f"/search/{path}")
    assert (response.status_code, response.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert response.text


def test_query_parameter_and_explanation(hub: Live) -> None:
    assert names(hub, "/search?q=GFP%20coding") == ["gfp"]
    explained = hub.get("/search/GFP?explain=sparql").text
    assert explained.startswith("# ") and "another order" in explained.partition("\nSELECT ?obj")[0]
    assert '"gfp"' in explained
    rows = hub.get("/sparql", params={"query": explained}, headers={"Accept": "application/json"}).json()
    assert {row["displayId"]["value"] for row in rows["results"]["bindings"]} == {"gfp", "gfp_seq"}


def test_root_collections_are_public_ones_then_the_callers(hub: Live) -> None:
    public = {
        "uri": f"{LAB}/1",
        "name": "lab",
        "description": "public",
        "displayId": "lab_collection",
        "version": "1",
    }
    assert hub.get("/rootCollections").json() == [public] == hub.get("/rootCollections", "alice").json()
    own = public | {"uri": f"{PREFIX}user/bob/lab/lab_collection/1", "name": "Lab", "description": "A lab"}
    assert hub.get("/rootCollections", "bob").json() == [public, own]


def test_manage_is_for_users_and_tells_private_from_public(hub: Live) -> None:
    refused = hub.get("/manage")
    assert (refused.status_code, refused.text) == (401, "Login required")
    (row,) = hub.get("/manage", "bob").json()
    assert row == {
        "displayId": "lab_collection",
        "version": "1",
        "name": "Lab",
        "description": "A lab",
        "type": "http://sbols.org/v2#Collection",
        "sbolType": None,
        "role": None,
        "uri": f"{PREFIX}user/bob/lab/lab_collection/1",
        "typeName": "Collection",
        "url": "/user/bob/lab/lab_collection/1",
        "triplestore": "private",
        "prefix": "",
    }


def test_counts_are_of_the_public_graph_whoever_asks(hub: Live) -> None:
    for who in (None, "bob"):
        assert hub.get("/ComponentDefinition/count", who).text == "3"
        assert hub.get("/Collection/Count", who).text == "1"
        assert hub.get("/Nope/count", who).text == "0"
    assert hub.get("/a:b/count").status_code == 400


def test_members_are_paged_sorted_and_filtered(hub: Live) -> None:
    body = hub.get("/public/lab/lab_collection/1/members?limit=2&sort=displayId").json()
    assert [m["displayId"] for m in body.pop("members")] == ["gfp", "gfp_seq"]
    assert body == {"total": 6, "offset": 0, "limit": 2}
    body = hub.get("/public/lab/lab_collection/members?type=ComponentDefinition&q=promoter").json()
    assert (body["total"], body["members"][0]["uri"]) == (1, f"{PREFIX}public/lab/pTet/1")
    for bad in ("sort=colour", "limit=x", "colour=red"):
        assert hub.get(f"/public/lab/lab_collection/1/members?{bad}").status_code == 400


def test_absent_and_private_are_told_alike(hub: Live) -> None:
    for who in (None, "alice"):
        for collection in ("user/bob/lab/lab_collection/1", "user/bob/nope/nope_collection/1"):
            assert hub.get(f"/{collection}/members", who).status_code == 404
            assert hub.get(f"/{collection}/subCollections", who).json() == []
    assert hub.get("/user/bob/lab/lab_collection/1/members", "bob").json()["total"] == 2
