"""Members of collections over HTTP: out, in, and a collection of what a search finds."""

from collections.abc import Iterator

import httpx
import pytest
from live import PREFIX, Live, live

HEAD = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/" xmlns:dc="http://purl.org/dc/elements/1.1/">"""
X = "http://x.org/"
LAB = f"{PREFIX}user/alice/lab/"
ROOT = "/user/alice/lab/lab_collection/1"
PROMOTER = "http://identifiers.org/so/SO:0000167"


def named(iri: str, cls: str, inside: str = "") -> str:
    identity, _, version = iri.rpartition("/")
    return f"""<sbol:{cls} rdf:about="{iri}"><sbol:persistentIdentity rdf:resource="{identity}"/>
  <sbol:displayId>{identity.rpartition("/")[2]}</sbol:displayId><sbol:version>{version}</sbol:version>{inside}
</sbol:{cls}>"""


def part(iri: str, title: str, inside: str = "") -> str:
    dna = '<sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>'
    return named(iri, "ComponentDefinition", f"<dcterms:title>{title}</dcterms:title>{dna}{inside}")


def collection(iri: str, *members: str, title: str = "a shelf") -> str:
    links = "".join(f'<sbol:member rdf:resource="{m}"/>' for m in members)
    return named(iri, "Collection", f"<dcterms:title>{title}</dcterms:title>{links}")


def document(*objects: str) -> bytes:
    return (HEAD + "".join(objects) + "</rdf:RDF>").encode()


DESIGN = document(
    part(X + "a/1", "green promoter", f'<sbol:role rdf:resource="{PROMOTER}"/><dc:creator>Ann Author</dc:creator>'),
    part(X + "b/1", "red part"),
    collection(X + "shelf/1", X + "b/1"),
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("membership"), disk_reserve=0) as hub:
        for name in ("alice", "bob"):
            hub.user(name)
        hub.publish(
            "bob", document(part(X + "p/1", "public promoter", f'<sbol:role rdf:resource="{PROMOTER}"/>')), "open"
        )
        hub.publish("alice", document(part(X + "q/1", "public thing")), "mine")
        assert hub.submit("bob", document(part(X + "s/1", "secret promoter")), {"id": "bobs"}).status_code == 200
        yield hub


@pytest.fixture
def lab(running: Live) -> Live:
    """alice's collection `lab`, fresh."""
    assert running.submit("alice", DESIGN, {"overwrite_merge": "1"}).text == "Successfully uploaded"
    return running


def members(hub: Live, path: str = ROOT, who: str = "alice") -> set[str]:
    return {row["uri"].removeprefix(PREFIX) for row in hub.get(path + "/members", who).json()["members"]}


def take_out(hub: Live, member: str, path: str = ROOT, who: str | None = "alice") -> httpx.Response:
    return hub.request("POST", path + "/removeMembership", who, data={"member": member})


def put_in(hub: Live, path: str, target: str, who: str | None = "alice") -> httpx.Response:
    return hub.request("POST", path + "/addToCollection", who, data={"collections": target})


ALL = {"user/alice/lab/a/1", "user/alice/lab/b/1", "user/alice/lab/shelf/1"}
COLLECTION = PREFIX[:-1] + ROOT
PUBLIC = PREFIX + "public/mine/mine_collection/1"


# --- out --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", [LAB + "b/1", "/user/alice/lab/b/1", LAB + "b", "/user/alice/lab/b"])
def test_a_member_is_taken_out_by_its_iri_or_path(lab: Live, member: str) -> None:
    for _ in range(2):  # what is no member is no error
        answer = take_out(lab, member)
        assert (answer.status_code, answer.text) == (200, "Success")

    assert members(lab) == ALL - {"user/alice/lab/b/1"}
    assert members(lab, "/user/alice/lab/shelf/1") == {"user/alice/lab/b/1"}
    assert lab.get("/user/alice/lab/b/1/metadata", "alice").json()[0]["displayId"] == "b"


def test_a_json_body_takes_a_member_out(lab: Live) -> None:
    answer = lab.request("POST", ROOT + "/removeMembership", "alice", json={"member": LAB + "a/1"})

    assert answer.text == "Success"
    assert members(lab) == ALL - {"user/alice/lab/a/1"}


def test_a_membership_without_a_version_goes_with_the_object(lab: Live) -> None:
    shelf = document(collection(LAB + "loose/1", LAB + "b", LAB + "a/1"))
    assert lab.submit("alice", shelf, {"overwrite_merge": "2", "rootCollections": COLLECTION}).status_code == 200

    assert take_out(lab, LAB + "b/1", "/user/alice/lab/loose/1").text == "Success"

    text = lab.get("/user/alice/lab/loose/1/sbolnr", "alice").text
    assert f'"{LAB}b"' not in text and f'"{LAB}a/1"' in text


def test_what_names_no_member_is_refused(lab: Live) -> None:
    assert take_out(lab, "").text == "member is missing: give the IRI of the member to remove, or its path"
    assert take_out(lab, "no iri").status_code == 400
    assert take_out(lab, "http://x/> } ; DROP ALL #").status_code == 400
    assert take_out(lab, LAB + "b/1", "/user/alice/lab/a/1").text == f"{LAB}a/1 is no collection"
    assert take_out(lab, "http://elsewhere.org/none").text == "Success"
    assert members(lab) == ALL


def test_only_owners_take_members_out(lab: Live) -> None:
    words = "Not authorized to remove a member of this collection"
    for path in (ROOT, "/user/alice/lab/none/1"):
        answer = take_out(lab, LAB + "b/1", path, "bob")
        assert (answer.status_code, answer.text) == (403, words)
    assert take_out(lab, LAB + "b/1", who=None).status_code == 401
    assert take_out(lab, LAB + "b/1", "/user/alice/lab/none/1").status_code == 404
    assert take_out(lab, "/public/mine/q/1", "/public/mine/mine_collection/1").text == "Administrator login required"
    assert members(lab) == ALL


# --- in ---------------------------------------------------------------------------------------------------------------


def test_an_object_is_put_in_once(lab: Live) -> None:
    for path in ("/public/open/p/1", "/public/open/p", "/user/alice/lab/a/1"):
        answer = put_in(lab, path, LAB + "shelf/1")
        assert (answer.status_code, answer.text) == (200, "Success")

    wanted = {"user/alice/lab/b/1", "user/alice/lab/a/1", "public/open/p/1"}
    assert members(lab, "/user/alice/lab/shelf/1") == wanted
    assert lab.get("/user/alice/lab/shelf/1/sbolnr", "alice").text.count("public/open/p/1") == 1


def test_the_target_may_be_a_path_or_have_no_version(lab: Live) -> None:
    assert put_in(lab, "/public/open/p/1", "/user/alice/lab/shelf").text == "Success"
    answer = lab.request("POST", "/user/alice/lab/a/1/addToCollection", "alice", json={"collections": LAB + "shelf/1"})
    assert answer.text == "Success"

    assert len(members(lab, "/user/alice/lab/shelf/1")) == 3


def test_the_classic_refusals(lab: Live) -> None:
    itself = put_in(lab, ROOT, COLLECTION)
    assert (itself.status_code, itself.text) == (400, "Cannot make a collection a member of itself")
    assert put_in(lab, "/user/alice/lab/a/1", COLLECTION, None).status_code == 401
    for target in (COLLECTION, LAB + "none/1", PREFIX + "public/open/open_collection/1", PREFIX + "user/x/y/z/1"):
        answer = put_in(lab, "/public/open/p/1", target, "bob" if "open" not in target else "alice")
        assert (answer.status_code, answer.text) == (403, "Not authorized to add to this collection")
    missing = put_in(lab, "/user/alice/lab/none/1", COLLECTION)
    assert (missing.status_code, missing.text) == (404, f"{LAB}none/1 not found")
    foreign = put_in(lab, "/user/bob/bobs/s/1", COLLECTION)
    assert (foreign.status_code, foreign.text) == (404, f"{PREFIX}user/bob/bobs/s/1 not found")
    assert put_in(lab, "/user/alice/lab/a/1", "").status_code == 400
    assert put_in(lab, "/user/alice/lab/a/1", "http://elsewhere.org/c/1").status_code == 400
    assert put_in(lab, "/user/alice/lab/a/1", LAB + "b/1").text == f"{LAB}b/1 is no collection"
    two = lab.request("POST", ROOT + "/addToCollection", "alice", data={"collections": [COLLECTION, LAB + "shelf/1"]})
    assert two.status_code == 400
    assert members(lab) == ALL


def test_what_has_the_collection_as_a_member_cannot_become_its_member(lab: Live) -> None:
    answer = put_in(lab, ROOT, LAB + "shelf/1")

    assert answer.status_code == 400
    assert answer.text == (
        f"{COLLECTION} has {LAB}shelf/1 as a member, directly or not, and cannot become a member of it"
    )


def test_another_submission_becomes_a_member_when_asked_for(lab: Live) -> None:
    assert lab.submit("alice", None, {"id": "other", "overwrite_merge": "1"}).status_code == 200

    assert put_in(lab, "/user/alice/other/other_collection/1", COLLECTION).text == "Success"

    assert members(lab) == ALL | {"user/alice/other/other_collection/1"}
    assert take_out(lab, "/user/alice/other/other_collection/1").text == "Success"


def test_a_private_object_does_not_go_where_others_cannot_read_it(lab: Live) -> None:
    answer = put_in(lab, "/user/alice/lab/a/1", PUBLIC)

    assert answer.status_code == 400
    assert answer.text == (
        f"{LAB}a/1 is private: others who read {PUBLIC} could not read it. Make it public first, then add the public"
        " object"
    )
    assert put_in(lab, "/public/open/p/1", PUBLIC).text == "Success"
    assert members(lab, "/public/mine/mine_collection/1") == {"public/mine/q/1", "public/open/p/1"}


def test_a_shared_object_is_added_without_the_secret(lab: Live) -> None:
    link = lab.request("POST", "/user/bob/bobs/s/1/shareLink", "bob").text
    path = "/" + link.partition("//")[2].partition("/")[2]

    answer = put_in(lab, path, COLLECTION)

    assert answer.text == "Success", (path, answer.text)
    text = lab.get(ROOT + "/sbolnr", "alice").text
    assert f'"{PREFIX}user/bob/bobs/s/1"' in text and "/share" not in text


# --- a collection of what a search finds ------------------------------------------------------------------------------

META = {"metaId": "hits", "metaVersion": "1", "metaName": "Hits", "metaDescription": "found things"}


def create(
    hub: Live, fields: dict[str, str], who: str | None = "alice", path: str = "/createCollection"
) -> httpx.Response:
    return hub.request("POST", path, who, data=META | {"adv": "Create"} | fields)


def created(hub: Live, collection_id: str, **fields: str) -> set[str]:
    answer = create(hub, {"metaId": collection_id} | fields)
    assert (answer.status_code, answer.text) == (200, "Success")
    path = f"/user/alice/{collection_id}/{collection_id}_collection/1"
    found = members(hub, path)
    assert hub.get(path + "/removeCollection", "alice").status_code == 200
    return found


def test_a_collection_is_made_of_public_and_own_hits(lab: Live) -> None:
    promoters = {"user/alice/lab/a/1", "public/open/p/1"}
    assert created(lab, "by_text", description="promoter") == promoters
    assert created(lab, "by_role", role=f"<{PROMOTER}>", objectType="ComponentDefinition") == promoters
    assert created(lab, "by_role_word", role="so:SO:0000167") == promoters
    assert created(lab, "by_creator", creator="Ann Author") == {"user/alice/lab/a/1"}
    assert created(lab, "by_type", type="biopax:DnaRegion", description="red") == {"user/alice/lab/b/1"}
    assert created(lab, "by_member", collections=f"{LAB}shelf/1") == {"user/alice/lab/b/1"}
    assert created(lab, "by_name", collections="a shelf,a shelf", description="part") == {"user/alice/lab/b/1"}
    assert created(lab, "by_pair", searchPred1="dcterms:title", searchObj1="'red part'") == {"user/alice/lab/b/1"}
    assert created(lab, "by_pick", searchPred3="role", filterObj3=PROMOTER) == promoters
    assert created(lab, "by_any", searchPred2="role", description="green") == {"user/alice/lab/a/1"}
    assert created(lab, "by_day", createdAfter="2001-01-01", objectType="ComponentDefinition") == set()
    assert created(lab, "nothing", description="no such thing") == set()


def test_submissions_become_members_only_when_collections_are_asked_for(lab: Live) -> None:
    everything = created(lab, "everything")
    assert "user/alice/lab/shelf/1" in everything and "public/open/open_collection/1" in everything
    assert "user/alice/lab/lab_collection/1" not in everything
    assert "user/alice/lab/lab_collection/1" in created(lab, "collections", objectType="Collection")
    assert not any("bobs" in uri for uri in everything)


def test_it_is_stored_like_a_submission(lab: Live) -> None:
    assert create(lab, {"metaId": "kept", "description": "red"}).text == "Success"

    text = lab.get("/user/alice/kept/kept_collection/1/sbolnr", "alice").text
    for piece in ("<dcterms:title>Hits<", "<dcterms:description>found things<", "<dc:creator>Alice Example<",
                  "<dcterms:created>", f'<sbol:member rdf:resource="{LAB}b/1"/>'):  # fmt: skip
        assert piece in text, piece
    again = create(lab, {"metaId": "kept"})
    assert (again.status_code, again.text) == (400, "Collection id and version already in use")
    assert "kept_collection" in [row["displayId"] for row in lab.get("/rootCollections", "alice").json()]
    merged = lab.submit("alice", DESIGN, {"rootCollections": f"{PREFIX}user/alice/kept/kept_collection/1",
                                          "overwrite_merge": "2"})  # fmt: skip
    assert merged.text == "Successfully uploaded"
    assert lab.get("/user/alice/kept/kept_collection/1/removeCollection", "alice").status_code == 200


def test_the_form_is_checked_like_a_submission_s(lab: Live) -> None:
    empty = create(lab, dict.fromkeys(META, ""))
    assert empty.status_code == 400
    assert empty.json() == [
        "Please enter an id for your collection",
        "Collection id is invalid. An id is a string of characters that MUST be composed of only alphanumeric or"
        " underscore characters and MUST NOT begin with a digit.",
        "Please enter a version for your collection",
        "Version is invalid. A version is a string of characters that MUST be composed of only alphanumeric"
        " characters, underscores, hyphens, or periods and MUST begin with a digit.",
        "Please enter a name for your collection",
        "Please enter a brief description for your collection",
    ]
    wrong = {
        "createdAfter": "yesterday", "objectType": "no class", "searchObj1": "x", "collections": "no such name",
        "searchPred1": "foaf:name", "role": "'",
    }  # fmt: skip
    for name, value in wrong.items():
        assert create(lab, {name: value}).status_code == 400, name
    assert create(lab, {}, None).status_code == 401
    assert create(lab, {"adv": "Find"}, path="/advancedSearch").status_code == 400


def test_advanced_search_creates_too(lab: Live) -> None:
    page = create(lab, {"metaId": "adv", "description": "red"}, path="/advancedSearch")
    assert page.text == "Success"
    html = lab.request("POST", "/createCollection", "alice", data=META | {"metaId": "html"},
                       headers={"Accept": "text/html"}, follow_redirects=False)  # fmt: skip
    assert (html.status_code, html.headers["location"]) == (302, "/manage")
    for name in ("adv", "html"):
        assert lab.get(f"/user/alice/{name}/{name}_collection/1/removeCollection", "alice").text == "Success"
