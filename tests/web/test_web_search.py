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
    assert names(hub, "/search?q=gfp/?offset=1") == []  # text, not paging
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


def test_terms_below_a_role_are_found_by_its_name(hub: Live) -> None:
    assert set(names(hub, "/search/roleBelow=promoter&")) == {"pLac", "pTet"}
    assert hub.get("/searchCount/roleBelow=promoter&Tet").text == "1"
    assert set(names(hub, "/search/typeBelow=PhysicalEntity&")) == {"gfp", "pLac", "pTet"}
    refused = hub.get("/search/roleBelow=promotor&")
    assert refused.status_code == 400 and "did you mean promoter" in refused.text
    explained = hub.get("/search/roleBelow=promoter&?explain=sparql").text
    assert "VALUES ?value0 { <http://identifiers.org/so/SO:0000167>" in explained


def test_rows_are_sorted_as_asked(hub: Live) -> None:
    parts = "/search/objectType=ComponentDefinition&"
    assert names(hub, f"{parts}?sort=displayId") == ["gfp", "pLac", "pTet"]
    assert names(hub, f"{parts}?sort=-name") == ["pTet", "pLac", "gfp"]
    assert names(hub, f"{parts}?sort=-displayId&offset=1&limit=1") == ["pLac"]
    assert "ORDER BY DESC(LCASE" in hub.get(f"{parts}?sort=-name&explain=sparql").text
    for wrong in ("size", "-relevance", "name&sort=name"):
        assert hub.get(f"{parts}?sort={wrong}").status_code == 400
    assert "use one of relevance, name, displayId" in hub.get(f"{parts}?sort=size").text


@pytest.mark.parametrize("path", ["/search/%00", "/searchCount/%0d%0a", "/search/?q=%00", "/facets/gfp%1b"])
def test_control_characters_are_no_text(hub: Live, path: str) -> None:
    refused = hub.get(path)
    assert refused.status_code == 400 and "control character U+00" in refused.text
    assert names(hub, "/search/gfp%09") == names(hub, "/search/gfp") != []


def test_only_the_latest_version_of_each_object_is_shown_when_asked(tmp_path: Path) -> None:
    with live(tmp_path) as instance:
        instance.user("alice")
        for version in ("1.9", "1.10"):
            design = document(part("gfp", f"GFP {version}", CDS)).replace(
                b"<sbol:version>1<", f"<sbol:version>{version}<".encode()
            )
            fields = {"id": "lab", "version": version, "name": "lab", "description": "lab"}
            assert instance.submit("alice", design, fields).status_code == 200
        assert instance.get("/searchCount/objectType=ComponentDefinition&", "alice").text == "2"
        for path in ("objectType=ComponentDefinition&latest=1&", "objectType=ComponentDefinition&?latest=1"):
            (row,) = instance.get(f"/search/{path}", "alice").json()
            assert row["version"] == "1.10"
            assert instance.get(f"/searchCount/{path}", "alice").text == "1"
        explained = instance.get("/search/objectType=ComponentDefinition&latest=1&?explain=sparql", "alice").text
        assert f"MINUS {{ VALUES ?obj {{ <{PREFIX}user/alice/lab/gfp_1/1.9> }} }}" in explained
        assert instance.get("/search/gfp?latest=maybe", "alice").status_code == 400
        page = instance.get("/search/gfp?latest=1", "alice", headers={"Accept": "text/html"})
        assert page.status_code == 200 and "1.10" in page.text


def test_facets_count_what_is_found_and_how_to_narrow_it(hub: Live) -> None:
    found = hub.get("/facets/objectType=ComponentDefinition&").json()
    assert list(found) == ["total", "types", "sbolTypes", "roles", "collections", "creators"]
    assert found["total"] == 3
    assert found["types"] == [
        {
            "value": "http://sbols.org/v2#ComponentDefinition",
            "label": "ComponentDefinition",
            "count": 3,
            "criterion": "objectType=ComponentDefinition",
        }
    ]
    assert found["roles"][1] == {
        "value": PROMOTER, "label": "promoter", "count": 2, "criterion": f"role=<{PROMOTER}>",
    }  # fmt: skip
    assert [c["value"] for c in found["collections"]] == [f"{LAB}/1"]
    for facet in (facet for kind in list(found)[2:] for facet in found[kind]):
        path = quote(facet["criterion"] + "&objectType=ComponentDefinition&", safe="")
        assert hub.get(f"/searchCount/{path}").text == str(facet["count"])


def test_facets_are_those_of_what_the_caller_may_see(hub: Live) -> None:
    def promoters(who: str | None) -> tuple[int, int]:
        found = hub.get("/facets/roleBelow=promoter", who).json()
        return int(found["roles"][0]["count"]), found["total"]

    assert promoters(None) == promoters("alice") == (2, 2)
    assert promoters("bob") == (3, 3)
    assert hub.get("/facets/GFP%20secret").json()["total"] == 0


def test_facets_are_limited(hub: Live) -> None:
    assert len(hub.get("/facets/?limit=1").json()["types"]) == 1
    assert hub.get("/facets/?limit=0").json()["types"] == []
    refused = hub.get("/facets/?limit=1001")
    assert refused.status_code == 400 and "at most 1000 values" in refused.json()["detail"]
    refused = hub.get("/facets/foaf:x=1&")
    assert (refused.status_code, refused.headers["content-type"]) == (400, "application/problem+json")


def test_page_of_a_refused_search_says_it_once_and_keeps_what_was_typed(hub: Live) -> None:
    page = hub.get("/search/roleBelow%3Dz%22%3Cb%3E&", headers={"Accept": "text/html"})
    assert page.status_code == 400
    assert page.text.count("roleBelow=z&#34;&lt;b&gt;&amp;") == 1  # in the field, ready to be mended
    assert page.text.count("no term of") == 2  # the title of the window, and the heading
