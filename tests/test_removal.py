"""Removing objects and collections over HTTP: who may, what goes with them, what stays, and what is told."""

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from live import PREFIX, Live, live

from synhub.rdf import Iri
from synhub.store.files import StoredFile, put_files
from synhub.store.shares import put_moved

LAB = f"{PREFIX}user/alice/lab/"
ROOT = "/user/alice/lab/lab_collection/1"
ALICE = Iri(f"{PREFIX}user/alice")

HEAD = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/">"""


def named(iri: str, cls: str, inside: str = "") -> str:
    identity, _, version = iri.rpartition("/")
    return f"""<sbol:{cls} rdf:about="{iri}"><sbol:persistentIdentity rdf:resource="{identity}"/>
  <sbol:displayId>{identity.rpartition("/")[2]}</sbol:displayId><sbol:version>{version}</sbol:version>{inside}
</sbol:{cls}>"""


def part(iri: str, inside: str = "") -> str:
    dna = '<sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>'
    return named(iri, "ComponentDefinition", dna + inside)


def composite(iri: str, definition: str) -> str:
    access = '<sbol:access rdf:resource="http://sbols.org/v2#public"/>'
    child = named(
        f"{iri.rpartition('/')[0]}/c/1", "Component", f'{access}<sbol:definition rdf:resource="{definition}"/>'
    )
    return part(iri, f"<sbol:component>{child}</sbol:component>")


def collection(iri: str, *members: str) -> str:
    return named(iri, "Collection", "".join(f'<sbol:member rdf:resource="{m}"/>' for m in members))


def document(*objects: str) -> bytes:
    return (HEAD + "".join(objects) + "</rdf:RDF>").encode()


# a: used by the composite u; b: in the collections `shelf` (of this submission) and `others` (of another one)
X = "http://x.org/"
DESIGN = document(
    part(X + "a/1"), part(X + "b/1"), part(X + "d/1"), composite(X + "u/1", X + "a/1"),
    collection(X + "shelf/1", X + "b/1", X + "d/1"),
)  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("removal"), disk_reserve=0) as hub:
        hub.user("alice")
        hub.user("bob")
        hub.user("root", admin=True)
        yield hub


@pytest.fixture
def lab(running: Live) -> Iterator[Live]:
    """alice's collection `lab`, fresh."""
    assert running.submit("alice", DESIGN, {"overwrite_merge": "1"}).text == "Successfully uploaded"
    yield running
    running.get(ROOT + "/removeCollection", "alice")


def report_of(hub: Live, answer: httpx.Response, who: str = "alice") -> dict[str, Any]:
    path = answer.headers["link"].partition(">")[0].removeprefix("<")
    record: dict[str, Any] = hub.get(path, who).json()
    assert record["kind"] == "purge"
    report: dict[str, Any] = record["report"]
    return report


def found(hub: Live, who: str = "alice") -> set[str]:
    return {row["displayId"] for row in hub.get("/search/*", who).json() if "/lab/" in row["uri"]}


def members(hub: Live, path: str = ROOT, who: str = "alice") -> set[str]:
    return {row["displayId"] for row in hub.get(path + "/members", who).json()["members"]}


EVERYTHING = {"a", "b", "d", "u", "shelf", "lab_collection"}


# --- one object -------------------------------------------------------------------------------------------------------


def test_an_object_goes_with_its_memberships(lab: Live) -> None:
    answer = lab.get("/user/alice/lab/b/1/remove", "alice")

    assert (answer.status_code, answer.text) == (200, "Success")
    assert found(lab) == EVERYTHING - {"b"}
    assert members(lab) == {"a", "d", "u", "shelf"}
    assert "/lab/b/1" not in lab.get(ROOT + "/sbolnr", "alice").text
    assert "/lab/b/1" not in lab.get("/user/alice/lab/shelf/1/sbolnr", "alice").text
    assert lab.get("/user/alice/lab/b/1/sbol", "alice").status_code == 404
    assert lab.get("/user/alice/lab/b/1/metadata", "alice").json() == []
    query = f"ASK {{ {{ <{LAB}b/1> ?p ?o }} UNION {{ ?s ?q <{LAB}b/1> }} }}"
    asked = lab.get("/sparql", "alice", params={"query": query}, headers={"Accept": "application/sparql-results+json"})
    assert asked.json()["boolean"] is False
    assert report_of(lab, answer) == {"findings": [], "removed": 1, "referring": 0, "references": []}


def test_removing_a_part_in_use_says_by_how_many(lab: Live) -> None:
    answer = lab.get("/user/alice/lab/a/1/remove", "alice")

    assert answer.text == "Success\n1 other object still refers to it"
    assert report_of(lab, answer)["references"] == [LAB + "u/1"]
    assert f"{LAB}a/1" in lab.get("/user/alice/lab/u/1/sbolnr", "alice").text
    assert lab.get("/user/alice/lab/u/1/sbol", "alice").status_code == 200


def test_what_is_gone_is_not_found_and_what_is_another_s_is_refused(lab: Live) -> None:
    assert lab.get("/user/alice/lab/d/1/remove", "alice").status_code == 200
    for method in ("GET", "POST"):
        again = lab.request(method, "/user/alice/lab/d/1/remove", "alice")
        assert (again.status_code, again.text) == (404, f"{LAB}d/1 not found")
    posted = lab.request("POST", "/user/alice/lab/none/1/remove", "alice", json={})
    assert posted.status_code == 404
    for who in ("bob", "root"):
        for name in ("a", "none"):
            answer = lab.get(f"/user/alice/lab/{name}/1/remove", who)
            assert (answer.status_code, answer.text) == (403, "Not authorized to remove this object")
    assert lab.get("/user/alice/lab/a/1/remove").status_code == 401


def test_of_two_removals_at_once_the_second_finds_nothing(lab: Live) -> None:
    statuses: list[int] = []
    lock = threading.Barrier(4)

    def remove() -> None:
        lock.wait()
        answer = httpx.get(lab.url + "/user/alice/lab/a/1/remove", headers=lab.headers("alice"), timeout=60)
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=remove) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 404, 404, 404]


def test_without_a_version_the_latest_goes(lab: Live) -> None:
    answer = lab.submit(
        "alice", document(part(LAB + "a/2")), {"overwrite_merge": "2", "rootCollections": PREFIX[:-1] + ROOT}
    )
    assert answer.status_code == 200, answer.text

    assert lab.get("/user/alice/lab/a/remove", "alice").text == "Success"

    assert lab.get("/user/alice/lab/a/1/metadata", "alice").json() != []
    assert lab.get("/user/alice/lab/a/2/metadata", "alice").json() == []


def test_a_child_is_not_removed_by_itself(lab: Live) -> None:
    answer = lab.get("/user/alice/lab/u/c/1/remove", "alice")

    assert answer.status_code == 400
    assert answer.text == f"{LAB}u/c/1 is part of {LAB}u/1: remove that, or submit it again without this part"
    assert "u" in found(lab)


def test_a_collection_removed_as_an_object_leaves_its_members(lab: Live) -> None:
    assert lab.get(ROOT + "/remove", "alice").text == "Success"

    assert found(lab) == EVERYTHING - {"lab_collection"}
    roots = [row["displayId"] for row in lab.get("/rootCollections", "alice").json()]
    assert roots == ["shelf"]


def test_head_removes_nothing_and_says_so(lab: Live) -> None:
    assert lab.request("HEAD", "/user/alice/lab/a/1/remove", "alice").status_code == 405
    assert "a" in found(lab)


def test_what_was_said_about_a_removed_object_is_forgotten(lab: Live) -> None:
    hub = lab.hub
    top = Iri(LAB + "a/1")
    lab.share("alice", "/user/alice/lab/a/1")
    with hub.journal._database.write() as sql:
        put_files(sql, [StoredFile(top, "0" * 64, 1, "x", "text/plain", "alice")])
        put_moved(sql, {Iri(LAB + "old/1"): top})

    assert lab.get("/user/alice/lab/a/1/remove", "alice").status_code == 200

    assert hub.shares.links_on(top) == []
    assert hub.files.find(top) is None
    assert hub.shares.find_moved(Iri(LAB + "old/1")) is None


def test_an_attachment_goes_with_its_file_and_its_links(lab: Live) -> None:
    files = {"id": (None, "notes"), "file": ("notes.txt", b"some notes")}
    assert lab.request("POST", "/user/alice/lab/a/1/attach", "alice", files=files).status_code == 200
    assert lab.get("/user/alice/lab/notes/1/download", "alice").content == b"some notes"

    answer = lab.get("/user/alice/lab/notes/1/remove", "alice")

    assert (answer.status_code, answer.text) == (200, "Success")
    assert lab.get("/user/alice/lab/notes/1/download", "alice").status_code == 404
    assert lab.hub.files.find(Iri(LAB + "notes/1")) is None
    assert "notes" not in lab.get("/user/alice/lab/a/1/sbol", "alice").text


def test_a_share_link_lets_nobody_remove_and_a_co_owner_may(lab: Live) -> None:
    link = lab.request("POST", "/user/alice/lab/a/1/shareLink", "alice").text
    path = "/" + link.partition("//")[2].partition("/")[2].removesuffix("/") + "/remove"
    refused = lab.get(path, "bob")
    assert (refused.status_code, refused.text) == (403, "Not authorized to remove this object")
    assert lab.get(path).status_code == 401
    assert "a" in found(lab)

    added = lab.request("POST", "/user/alice/lab/a/1/addOwner", "alice", data={"user": f"{PREFIX}user/bob"})
    assert added.status_code == 200, added.text
    assert lab.get("/user/alice/lab/a/1/remove", "bob").status_code == 200
    assert "a" not in found(lab)
    assert lab.hub.shares.co_owners_of(Iri(LAB + "a/1")) == []
    assert lab.get(path, "bob").status_code == 403


# --- a collection -----------------------------------------------------------------------------------------------------


def test_a_collection_goes_with_the_members_that_no_other_collection_holds(lab: Live) -> None:
    others = document(collection(X + "others/1", LAB + "b/1"))
    assert lab.submit("alice", others, {"id": "more", "overwrite_merge": "1"}).status_code == 200

    answer = lab.get(ROOT + "/removeCollection", "alice")

    assert (answer.status_code, answer.text) == (200, "Success")
    assert found(lab) == {"b"}
    assert lab.get("/user/alice/lab/a/1/sbol", "alice").status_code == 404
    report = report_of(lab, answer)
    assert report["removed"] == 5
    assert report["findings"] == [
        {
            "rule": "synhub-stays",
            "severity": "note",
            "subject": LAB + "b/1",
            "message": f"also a member of {PREFIX}user/alice/more/others/1",
        }
    ]
    assert members(lab, "/user/alice/more/others/1") == {"b"}
    assert lab.get("/user/alice/more/more_collection/1/removeCollection", "alice").status_code == 200
    assert lab.get("/user/alice/lab/b/1/remove", "alice").status_code == 200


def test_members_of_a_nested_collection_stay_while_the_submission_holds_them(lab: Live) -> None:
    assert lab.get("/user/alice/lab/shelf/1/removeCollection", "alice").text == "Success"

    assert found(lab) == EVERYTHING - {"shelf"}
    assert members(lab) == {"a", "b", "d", "u"}


def test_a_member_without_a_version_goes_as_its_latest(lab: Live) -> None:
    shelf = named(LAB + "shelf2/1", "Collection", f'<sbol:member rdf:resource="{LAB}d"/>')
    assert lab.submit(
        "alice", document(shelf), {"overwrite_merge": "2", "rootCollections": PREFIX[:-1] + ROOT}
    ).status_code == 200  # fmt: skip
    for name in ("shelf", "lab_collection"):
        gone = lab.request("POST", f"/user/alice/lab/{name}/1/removeMembership", "alice", data={"member": f"{LAB}d/1"})
        assert gone.text == "Success"

    assert lab.get("/user/alice/lab/shelf2/1/removeCollection", "alice").text == "Success"

    assert found(lab) == EVERYTHING - {"d"}


def test_a_removed_id_can_be_used_again_at_once(lab: Live) -> None:
    assert lab.get(ROOT + "/removeCollection", "alice").text == "Success"

    assert lab.submit("alice", DESIGN).text == "Successfully uploaded"
    assert found(lab) == EVERYTHING


def test_what_is_no_collection_is_removed_by_remove(lab: Live) -> None:
    answer = lab.get("/user/alice/lab/a/1/removeCollection", "alice")

    assert (answer.status_code, answer.text) == (400, f"{LAB}a/1 is no collection; /remove removes a single object")


def test_a_collection_that_is_gone_or_another_s(lab: Live) -> None:
    refused = lab.get(ROOT + "/removeCollection", "bob")
    assert (refused.status_code, refused.text) == (403, "Not authorized to remove this submission")
    assert lab.get(ROOT + "/removeCollection").status_code == 401
    assert lab.get(ROOT + "/removeCollection", "alice").status_code == 200
    again = lab.get(ROOT + "/removeCollection", "alice")
    assert (again.status_code, again.text) == (404, f"{LAB}lab_collection/1 not found")
    assert lab.get(ROOT + "/removeCollection", "bob").text == refused.text


# --- replace ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["text/plain", "text/html"])
def test_replace_changes_nothing(lab: Live, accept: str) -> None:
    before = lab.get(ROOT + "/sbol", "alice").text
    mine = lab.get("/user/alice/lab/a/1/replace", "alice", headers={"Accept": accept}, follow_redirects=False)
    others = lab.get("/user/alice/lab/a/1/replace", "bob", headers={"Accept": accept})

    assert mine.status_code == (200 if accept == "text/plain" else 302)
    assert others.status_code == 403
    assert "Not authorized to replace this object" in others.text
    assert lab.get(ROOT + "/sbol", "alice").text == before


# --- browsers ---------------------------------------------------------------------------------------------------------


def test_a_browser_removes_by_post_with_its_csrf_token_only(lab: Live) -> None:
    page = {"Accept": "text/html"}
    with httpx.Client(base_url=lab.url, headers=page) as browser:
        browser.post("/login", data={"email": "alice", "password": "correct horse"})
        by_get = browser.get("/user/alice/lab/a/1/remove")
        without = browser.post("/user/alice/lab/a/1/remove")
        assert (by_get.status_code, without.status_code) == (403, 403)
        assert "a" in found(lab)
        csrf = browser.get("/submit").text.partition('name="csrf" value="')[2].partition('"')[0]

        done = browser.post("/user/alice/lab/a/1/remove", data={"csrf": csrf})

    assert (done.status_code, done.headers["location"]) == (302, "/manage")
    assert "a" not in found(lab)


# --- public -----------------------------------------------------------------------------------------------------------

OPEN = "/public/open/open_collection/1"


def test_public_objects_stay_unless_the_instance_says_otherwise(running: Live) -> None:
    running.publish("root", DESIGN, "open")
    words = {
        "/public/open/a/1/remove": "Removing public objects is not allowed",
        OPEN + "/removeCollection": "Removing public submissions is not allowed",
    }
    for path, refusal in words.items():
        for who in (None, "alice"):
            answer = running.get(path, who)
            assert (answer.status_code, answer.text) == (401, "Administrator login required")
        answer = running.get(path, "root")
        assert (answer.status_code, answer.text) == (403, refusal)
    posted = running.request("POST", OPEN + "/removeMembership", "root", data={"member": "/public/open/a/1"})
    assert (posted.status_code, posted.text) == (403, "Removing membership in public collections is not allowed")
    assert members(running, OPEN, "root") == {"a", "b", "d", "u", "shelf"}


def test_an_administrator_may_be_let_remove_what_is_public_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with live(tmp_path, remove_public=True, disk_reserve=0) as hub, caplog.at_level(logging.WARNING, "synhub.removal"):
        hub.user("alice")
        hub.user("root", admin=True)
        hub.publish("alice", DESIGN, "open")
        iri = f"{PREFIX}public/open/"
        with hub.hub.journal._database.write() as sql:
            put_moved(sql, {Iri(LAB + "d/1"): Iri(iri + "d/1"), Iri(LAB + "d"): Iri(iri + "d")})

        assert hub.get("/public/open/a/1/remove", "alice").status_code == 401
        assert hub.get("/public/open/none/1/remove", "root").status_code == 404
        assert hub.get("/public/open/d/1/remove", "root").text == "Success"
        taken = hub.request("POST", OPEN + "/removeMembership", "root", data={"member": "/public/open/a/1"})
        assert taken.text == "Success"
        assert hub.get(OPEN + "/removeCollection", "root").text == "Success"

        assert {row["displayId"] for row in hub.get("/search/*").json()} == {"a"}
        assert hub.hub.shares.find_moved(Iri(LAB + "d")) is None
        lines = [record.getMessage() for record in caplog.records if record.name == "synhub.removal"]
        assert [line.partition(" (job")[0] for line in lines] == [
            f"administrator root: removed {iri}d/1",
            f"administrator root: took {iri}a/1 out of {iri}open_collection/1",
            f"administrator root: removed the collection {iri}open_collection/1",
        ]


def test_a_co_owner_takes_only_what_is_theirs_along(lab: Live) -> None:
    root = "/user/alice/lab/lab_collection/1"
    assert lab.request("POST", root + "/addOwner", "alice", data={"user": "bob"}).status_code == 200
    more = {"overwrite_merge": "2", "rootCollections": LAB + "lab_collection/1"}
    assert lab.submit("alice", document(part(X + "later/1")), more).status_code == 200

    answer = lab.get(root + "/removeCollection", "bob")

    assert answer.status_code == 200
    assert lab.get("/user/alice/lab/a/1", "alice").status_code == 404
    assert lab.get("/user/alice/lab/later/1", "alice").status_code == 200
