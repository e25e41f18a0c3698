"""Editing over HTTP: fields, notes, citations; what is edited shows at once, everywhere, and stays."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from live import PASSWORD, PREFIX, Live, live

from synhub.model import Dataset
from synhub.rdf import Iri
from synhub.store.shares import add_co_owner
from synhub.store.top_levels import read_top_levels
from synhub.web.auth import COOKIE, csrf_token

pytestmark = pytest.mark.slow

SO = "http://identifiers.org/so/SO:0000"
NOTE = "http://lab.example/terms#note"
DOCUMENT = f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/">
<sbol:ComponentDefinition rdf:about="http://x.org/device/1">
  <sbol:persistentIdentity rdf:resource="http://x.org/device"/><sbol:displayId>device</sbol:displayId>
  <sbol:version>1</sbol:version><dcterms:title>First title</dcterms:title>
  <sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>
  <sbol:role rdf:resource="{SO}167"/>
  <sbol:component><sbol:Component rdf:about="http://x.org/device/part/1">
    <sbol:persistentIdentity rdf:resource="http://x.org/device/part"/><sbol:displayId>part</sbol:displayId>
    <sbol:version>1</sbol:version><sbol:access rdf:resource="http://sbols.org/v2#public"/>
    <sbol:definition rdf:resource="http://x.org/elsewhere/1"/>
  </sbol:Component></sbol:component>
</sbol:ComponentDefinition>
</rdf:RDF>""".encode()
DEVICE = "/user/alice/lab/device/1"
IRI = PREFIX + DEVICE[1:]
COLLECTION = "/public/open/open_collection/1"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as running:
        set_up(running)
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """For requests that change nothing."""
    with live(tmp_path_factory.mktemp("editing")) as running:
        set_up(running)
        yield running


def set_up(running: Live) -> None:
    for name in ("alice", "bob"):
        running.user(name)
    running.publish("alice", DOCUMENT, "open")
    assert running.submit("alice", DOCUMENT).text == "Successfully uploaded"


def post(hub: Live, path: str, who: str | None = "alice", **fields: str) -> httpx.Response:
    return hub.request("POST", path, who, data=fields, follow_redirects=False)


def values(hub: Live, subject: str, predicate: str) -> list[str]:
    """The stored values, as they are."""
    iri = Iri(PREFIX + subject[1:])
    graph = hub.hub.registry.graph_of(iri)
    assert graph is not None
    top = Iri(iri.replace("/part", ""))
    triples = read_top_levels(hub.hub.store, Dataset((graph,)), [top])[top]
    return [o for s, p, o in triples if s == f"<{iri}>" and p.endswith(predicate + ">")]


# --- fields


def test_an_edited_title_is_found_shown_and_stays_after_a_restart(tmp_path: Path) -> None:
    with live(tmp_path) as hub:
        set_up(hub)
        etag = hub.get(DEVICE + "/sbol", "alice").headers["etag"]

        answer = post(hub, DEVICE + "/edit/title", object="Zebra device", previous="First title")

        assert (answer.status_code, answer.text) == (200, "Zebra device")
        assert [row["uri"] for row in hub.get("/search/zebra", "alice").json()] == [IRI]
        assert hub.get("/searchCount/" + quote("First title"), "alice").text == "1"  # the public one
        assert hub.get(DEVICE + "/metadata", "alice").json()[0]["name"] == "Zebra device"
        page = hub.get(DEVICE, "alice", headers={"Accept": "text/html"}).text
        assert "Zebra device" in page and "First title" not in page
        document = hub.get(DEVICE + "/sbol", "alice")
        assert document.text.count("<dcterms:title>") == 1 and document.headers["etag"] != etag
        token = hub.tokens["alice"]
    with live(tmp_path) as hub:
        hub.tokens["alice"] = token
        assert values(hub, DEVICE, "title") == ['"Zebra device"']
        assert [row["name"] for row in hub.get("/search/zebra", "alice").json()] == ["Zebra device"]


def test_repeated_edits_leave_one_title_and_one_time_of_change(hub: Live) -> None:
    for title in ("two", "three", 'four "quoted" \\ $& $modified ?x {}', "five\nlines"):
        assert post(hub, DEVICE + "/edit/title", object=title).text == title
    assert values(hub, DEVICE, "title") == ['"five\\nlines"']
    [modified] = values(hub, DEVICE, "modified")
    assert modified.endswith('Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>')


def test_edits_at_the_same_time_leave_one_title(hub: Live) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: post(hub, DEVICE + "/edit/title", object=f"title {n}"), range(16)))
    assert [a.text for a in answers] == [f"title {n}" for n in range(16)]
    assert len(values(hub, DEVICE, "title")) == 1


def test_roles_types_and_origins_come_and_go(hub: Live) -> None:
    biopax = "http://www.biopax.org/release/biopax-level3.owl#"
    assert post(hub, DEVICE + "/add/role", object=SO + "316").text == "CDS"
    assert post(hub, DEVICE + "/edit/role", object=SO + "139", previous=SO + "167").text == "ribosome_entry_site"
    assert values(hub, DEVICE, "#role") == [f"<{SO}139>", f"<{SO}316>"]
    assert post(hub, DEVICE + "/remove/role", object=SO + "139").text == "OK"
    assert values(hub, DEVICE, "#role") == [f"<{SO}316>"]
    assert [row["role"] for row in hub.get("/search/device", "alice").json() if row["uri"] == IRI] == [SO + "316"]
    assert post(hub, DEVICE + "/edit/type", object=biopax + "RnaRegion").text == "RnaRegion"
    refused = post(hub, DEVICE + "/remove/type", object=biopax + "RnaRegion")
    assert (refused.status_code, "needs a type" in refused.text) == (400, True)
    assert post(hub, DEVICE + "/add/wasDerivedFrom", object="http://src.example/1").text == "http://src.example/1"
    assert values(hub, DEVICE, "wasDerivedFrom") == ["<http://src.example/1>"]


def test_annotations_come_change_and_go_in_json_too(hub: Live) -> None:
    def send(verb: str, **fields: str) -> httpx.Response:
        return hub.request("POST", f"{DEVICE}/{verb}/annotation", "alice", json={"pred": NOTE} | fields)

    assert send("add", object="plain").text == "plain"
    assert send("add", object="http://iri.example/1").text == "http://iri.example/1"
    assert values(hub, DEVICE, "#note") == ['"plain"', "<http://iri.example/1>"]
    assert send("edit", object="other", previous="plain").text == "other"
    assert send("remove", object="http://iri.example/1").text == "OK"
    assert values(hub, DEVICE, "#note") == ['"other"']


def test_a_child_has_a_title_of_its_own_and_its_top_level_has_changed(hub: Live) -> None:
    child = DEVICE.replace("/1", "/part/1")
    assert post(hub, child + "/edit/title", object="The part").text == "The part"
    assert values(hub, child, "title") == ['"The part"']
    assert values(hub, DEVICE, "title") == ['"First title"']
    assert values(hub, DEVICE, "modified") == values(hub, child, "modified") != []


def test_an_object_without_version_is_the_latest_one(hub: Live) -> None:
    assert post(hub, DEVICE.removesuffix("/1") + "/edit/title", object="Latest").text == "Latest"
    assert values(hub, DEVICE, "title") == ['"Latest"']


def test_owners_edit_what_they_have_published(hub: Live) -> None:
    public = "/public/open/device/1"
    assert post(hub, public + "/edit/title", object="Better").text == "Better"
    assert post(hub, public + "/edit/title", who="bob", object="Worse").status_code == 401
    assert [row["name"] for row in hub.get("/search/better").json()] == ["Better"]


@pytest.mark.parametrize(
    ("verb", "fields", "status", "words"),
    [
        ("edit/displayId", {"object": "x"}, 404, "no field 'displayId'"),
        ("add/title", {"object": "x"}, 404, "no field 'title' to add"),
        ("remove/%00", {"object": "x"}, 400, "control characters"),
        ("edit/title", {"object": ""}, 400, "`object` is missing"),
        ("edit/title", {}, 400, "`object` is missing"),
        ("edit/title", {"object": "x", "previous": "not there"}, 400, "no title 'not there' to edit"),
        ("remove/role", {"object": SO + "999"}, 400, "no role"),
        ("add/role", {"object": "promoter"}, 400, "not an absolute IRI"),
        ("add/annotation", {"object": "x"}, 400, "`pred` is missing"),
        ("add/annotation", {"object": "x", "pred": "http://sbols.org/v2#member"}, 400, "no annotation"),
    ],
)
def test_what_cannot_be_edited_is_refused_with_a_reason(
    shared: Live, verb: str, fields: dict[str, str], status: int, words: str
) -> None:
    answer = post(shared, f"{DEVICE}/{verb}", **fields)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert values(shared, DEVICE, "title") == ['"First title"']
    assert values(shared, DEVICE, "modified") == []


@pytest.mark.parametrize("verb", ["edit/title", "add/role", "remove/title"])
@pytest.mark.parametrize("path", [DEVICE, "/user/alice/lab/nothing/1", "/public/open/device/1"])
def test_strangers_edit_nothing(shared: Live, path: str, verb: str) -> None:
    for who, words in ((None, "Login required"), ("bob", "Not authorized to edit this object")):
        answer = post(shared, f"{path}/{verb}", who=who, object="First title")
        assert (answer.status_code, answer.text) == (401, words)


def test_a_session_needs_the_form_s_csrf_token(hub: Live) -> None:
    with httpx.Client(base_url=hub.url, headers={"Accept": "text/html"}) as browser:
        browser.post("/login", data={"email": "alice", "password": PASSWORD})
        assert browser.post(DEVICE + "/edit/title", data={"object": "x"}).status_code == 403
        assert send_icon_as(browser, "").status_code == 403
        csrf = csrf_token(browser.cookies[COOKIE])
        answer = browser.post(DEVICE + "/edit/title", data={"object": "By hand", "csrf": csrf})
        icon = send_icon_as(browser, csrf)
    assert (answer.status_code, answer.headers["location"]) == (302, DEVICE)
    assert (icon.status_code, icon.headers["location"]) == (302, COLLECTION)
    assert values(hub, DEVICE, "title") == ['"By hand"']


def send_icon_as(browser: httpx.Client, csrf: str) -> httpx.Response:
    return browser.post(COLLECTION + "/icon", data={"csrf": csrf}, files={"collectionIcon": ("i.png", PNG)})


# --- notes and citations

ROUTES = {
    "/updateMutableDescription": "mutableDescription",
    "/updateMutableNotes": "mutableNotes",
    "/updateMutableSource": "mutableProvenance",
}


@pytest.mark.parametrize(("route", "predicate"), ROUTES.items())
def test_a_note_is_replaced_and_deleted(hub: Live, route: str, predicate: str) -> None:
    text = 'Some *text* with "quotes" & $& <b>b</b>\nline'
    for named in (IRI, DEVICE, IRI.removesuffix("/1"), DEVICE.removesuffix("/1")):
        for value in (text, "second"):
            answer = post(hub, route, uri=named, value=value)
            assert (answer.status_code, answer.text) == (200, "Success")
        assert values(hub, DEVICE, predicate) == ['"second"']
        assert len(values(hub, DEVICE, "modified")) == 1
        assert hub.request("POST", route, "alice", json={"uri": named, "value": ""}).text == "Success"
        assert values(hub, DEVICE, predicate) == []


def test_citations_are_pubmed_ids(hub: Live) -> None:
    assert post(hub, "/updateCitations", uri=IRI, value="12,345,12,").text == "Success"
    assert values(hub, DEVICE, "OBI_0001617") == ['"12"', '"345"']
    for wrong in ("a,b", "12, 13", "1;2"):
        answer = post(hub, "/updateCitations", uri=IRI, value=wrong)
        assert (answer.status_code, answer.text) == (400, "Citations must be comma separated Pubmed IDs")
    assert values(hub, DEVICE, "OBI_0001617") == ['"12"', '"345"']
    assert post(hub, "/updateCitations", uri=IRI, value="").text == "Success"
    assert values(hub, DEVICE, "OBI_0001617") == []


@pytest.mark.parametrize(
    ("fields", "who", "status", "words"),
    [
        ({"uri": IRI, "value": "x"}, None, 401, "Login required"),
        ({"uri": IRI, "value": "x"}, "bob", 401, "not authorized to edit this submission"),
        ({"uri": IRI + "0", "value": "x"}, "bob", 401, "not authorized to edit this submission"),
        ({"uri": IRI + "0", "value": "x"}, "alice", 404, IRI + "0 not found"),
        ({"value": "x"}, "alice", 400, "the form lacks uri; an empty value deletes what there is"),
        ({"uri": IRI}, "alice", 400, "the form lacks value; an empty value deletes what there is"),
        ({"uri": "x", "value": "x"}, "alice", 400, "not an absolute IRI: 'x'"),
        (
            {"uri": "http://a.b/user/alice/lab/device/1", "value": "x"},
            "alice",
            400,
            "http://a.b/user/alice/lab/device/1 is no object of this registry; its objects begin with " + PREFIX,
        ),
    ],
)
@pytest.mark.parametrize("route", [*ROUTES, "/updateCitations"])
def test_a_note_that_cannot_be_written_is_refused_with_a_reason(
    shared: Live, route: str, fields: dict[str, str], who: str | None, status: int, words: str
) -> None:
    answer = post(shared, route, who=who, **fields)
    assert (answer.status_code, answer.text) == (status, words)


def test_a_co_owner_edits_too(hub: Live) -> None:
    graph = hub.hub.registry.user_graph("alice")
    with hub.hub.shares._database.write() as sql:
        add_co_owner(sql, "bob", graph, Iri(IRI), "2026-01-01T00:00:00.000Z")
    before = post(hub, DEVICE + "/edit/title", who="bob", object="By bob")
    assert (before.status_code, before.text) == (401, "Not authorized to edit this object")  # reads, owns not
    owners = post(hub, DEVICE + "/addOwner", user=PREFIX + "user/bob")
    assert owners.status_code == 200, owners.text
    assert post(hub, DEVICE + "/edit/title", who="bob", object="By bob").text == "By bob"
    assert post(hub, "/updateMutableNotes", who="bob", uri=IRI, value="noted").text == "Success"


# --- what was edited and what is submitted again


def test_notes_leave_the_file_equal_to_what_is_stored_and_titles_do_not(hub: Live) -> None:
    again = {"rootCollections": PREFIX + "user/alice/lab/lab_collection/1", "overwrite_merge": "2"}
    for route in (*ROUTES, "/updateCitations"):
        assert post(hub, route, uri=IRI, value="1").text == "Success"
    assert hub.submit("alice", DOCUMENT, again).status_code == 200
    assert post(hub, DEVICE + "/edit/title", object="Another").text == "Another"
    refused = hub.submit("alice", DOCUMENT, again)
    assert (refused.status_code, "Submission terminated" in refused.text) == (400, True)
    assert values(hub, DEVICE, "title") == ['"Another"']


def test_a_job_tells_what_was_edited(hub: Live) -> None:
    answer = post(hub, DEVICE + "/edit/title", object="New")
    job = hub.get(answer.headers["link"].partition(">")[0].removeprefix("<"), "alice").json()
    assert job["report"] == {
        "uri": IRI,
        "predicate": "http://purl.org/dc/terms/title",
        "removed": ["First title"],
        "added": ["New"],
    }


# --- icons, /browse, /remoteSubmit


def send_icon(hub: Live, content: bytes, who: str | None = "alice", path: str = COLLECTION) -> httpx.Response:
    files = {"collectionIcon": ("../i.html", content, "text/html")}
    return hub.request("POST", path + "/icon", who, files=files)


def test_an_icon_is_shown_in_browse_and_cannot_run(hub: Live) -> None:
    none = hub.get(COLLECTION + "/icon")
    assert (none.status_code, none.text) == (403, "No icon for this collection")

    assert send_icon(hub, PNG).text == "Success"

    answer = hub.get(COLLECTION + "/icon")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PNG, "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    [row] = hub.get("/browse", "alice").json()
    assert row == {
        "uri": PREFIX + COLLECTION[1:],
        "name": "open",
        "description": "public",
        "displayId": "open_collection",
        "version": "1",
        "url": COLLECTION,
        "icon": COLLECTION + "/icon",
        "public": True,
    }
    gif = b"GIF89a" + b"\0" * 30
    assert send_icon(hub, gif).text == "Success"
    assert hub.get(COLLECTION + "/icon").content == gif


@pytest.mark.parametrize(
    ("content", "who", "path", "status", "words"),
    [
        (PNG, None, COLLECTION, 401, "Login required"),
        (PNG, "bob", COLLECTION, 403, "Not authorized to update this collection icon"),
        (PNG, "bob", "/user/alice/lab/lab_collection/1", 403, "Not authorized to update this collection icon"),
        (PNG, "alice", "/user/alice/lab/lab_collection/1", 400, "is private"),
        (PNG, "alice", "/public/open/device/1", 400, "is no collection"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "alice", COLLECTION, 400, "an icon is one of image/png"),
        (b"<script>", "alice", COLLECTION, 400, "the file is text/plain"),
        (b"", "alice", COLLECTION, 400, "an icon is one of"),
        (PNG + b"\0" * (1 << 20), "alice", COLLECTION, 413, "an icon has at most 1048576"),
        (b"\0" * (2 << 20), "alice", COLLECTION, 413, "larger than"),
    ],
)
def test_what_cannot_be_an_icon_is_refused(
    shared: Live, content: bytes, who: str | None, path: str, status: int, words: str
) -> None:
    answer = send_icon(shared, content, who, path)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert shared.get(COLLECTION + "/icon").status_code == 403
    assert "icon" not in shared.get("/browse").json()[0]


def test_an_icon_goes_with_its_collection(tmp_path: Path) -> None:
    with live(tmp_path, remove_public=True) as hub:
        hub.user("root", admin=True)
        hub.publish("root", DOCUMENT, "open")
        assert send_icon(hub, PNG, "root").text == "Success"
        assert [file.size for file in hub.hub.files.all()] == [len(PNG)]

        assert hub.request("POST", "/public/open/open_collection/1/removeCollection", "root").status_code == 200

        assert hub.hub.files.all() == []
        assert hub.get(COLLECTION + "/icon").status_code == 403


def test_browse_shows_the_public_collections_to_everybody_alike(shared: Live) -> None:
    rows = shared.get("/browse").json()
    assert [row["url"] for row in rows] == [COLLECTION]
    assert shared.get("/browse", "alice").json() == shared.request("POST", "/browse").json() == rows
    page = shared.get("/browse", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html") and COLLECTION in page.text


def test_remote_submit_never_answers_with_a_page(hub: Live) -> None:
    fields = {"id": "rem", "version": "1", "name": "R", "description": "r", "overwrite_merge": "0"}
    files = {name: (None, value) for name, value in fields.items()}
    html = {"Accept": "text/html"}

    anonymous = hub.request("POST", "/remoteSubmit", None, files=files, headers=html, follow_redirects=False)
    first = hub.request("POST", "/remoteSubmit", "alice", files=files, headers=html, follow_redirects=False)
    second = hub.request("POST", "/remoteSubmit", "alice", files=files, headers=html, follow_redirects=False)

    assert (anonymous.status_code, anonymous.text) == (401, "Login required")
    assert (first.status_code, first.text) == (200, "Successfully uploaded")
    assert (second.status_code, second.text) == (400, "Submission id and version already in use")
    assert all(a.headers["content-type"].startswith("text/plain") for a in (anonymous, first, second))
