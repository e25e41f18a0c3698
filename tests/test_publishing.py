"""makePublic over HTTP: what moves, what is copied, what follows, where old addresses lead, who may."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from live import PASSWORD, PREFIX, Live, live

from synhub.check import compare
from synhub.model import Dataset
from synhub.rdf import Iri, Triple, iri_term
from synhub.store.files import StoredFile, put_files
from synhub.store.top_levels import read_top_levels
from synhub.vocab import DCTERMS, OBO, SBH, SBOL2

pytestmark = pytest.mark.slow

ALICE = Iri(PREFIX + "user/alice")
PUBLIC = Iri(PREFIX + "public")
LAB = "/user/alice/lab/lab_collection/1"
HEAD = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/" xmlns:prov="http://www.w3.org/ns/prov#" xmlns:x="http://x.org/terms#">
"""
DNA = '<sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>'


def top(kind: str, name: str, inside: str = "", *, base: str = "http://x.org/", version: str = "1") -> str:
    """One top level of a document; `base` ends in a slash."""
    return f"""<sbol:{kind} rdf:about="{base}{name}/{version}">
  <sbol:persistentIdentity rdf:resource="{base}{name}"/><sbol:displayId>{name}</sbol:displayId>
  <sbol:version>{version}</sbol:version>{inside}</sbol:{kind}>"""


def part(name: str, inside: str = "", **where: str) -> str:
    return top("ComponentDefinition", name, f"<dcterms:title>{name} part</dcterms:title>{DNA}{inside}", **where)


def sequence(name: str, elements: str = "acgt") -> str:
    encoding = '<sbol:encoding rdf:resource="http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html"/>'
    return top("Sequence", name, f"<sbol:elements>{elements}</sbol:elements>{encoding}")


def link(predicate: str, iri: str) -> str:
    return f'<{predicate} rdf:resource="{iri}"/>'


def component(owner: str, name: str, definition: str) -> str:
    base = f"http://x.org/{owner}/{name}"
    return f"""<sbol:component><sbol:Component rdf:about="{base}/1">
  <sbol:persistentIdentity rdf:resource="http://x.org/{owner}/{name}"/><sbol:displayId>{name}</sbol:displayId>
  <sbol:version>1</sbol:version><sbol:access rdf:resource="http://sbols.org/v2#public"/>
  {link("sbol:definition", definition)}</sbol:Component></sbol:component>"""


def document(*objects: str) -> bytes:
    return (HEAD + "\n".join(objects) + "</rdf:RDF>").encode()


NOTE = '<x:n rdf:parseType="Resource"><x:a>b</x:a></x:n>'
# A part with its sequence, and a device that uses the part.
DEVICE = document(
    part("prom", link("sbol:sequence", "http://x.org/prom_seq/1")),
    sequence("prom_seq"),
    part("device", component("device", "use", "http://x.org/prom/1") + NOTE),
)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as running:
        running.user("alice")
        running.user("bob")
        yield running


def submit(hub: Live, content: bytes | None, collection_id: str = "lab", who: str = "alice", **fields: str) -> None:
    answer = hub.submit(who, content, {"id": collection_id, "name": f"{collection_id} name"} | fields)
    assert answer.status_code == 200, answer.text


def publish(hub: Live, path: str, who: str | None = "alice", **fields: str) -> httpx.Response:
    return hub.request("POST", path + "/makePublic", who, data=fields, follow_redirects=False)


def published(hub: Live, path: str, who: str = "alice", **fields: str) -> dict[str, Any]:
    """Publish, and return the report."""
    answer = publish(hub, path, who, **fields)
    assert (answer.status_code, answer.text) == (200, "Success")
    location = re.search("<(.*)>", answer.headers["link"])
    assert location is not None
    report: dict[str, Any] = hub.get(location.group(1), who).json()["report"]
    return report


NEW = {"tabState": "new", "id": "pub", "version": "1", "name": "Public", "description": "for all", "citations": "12"}


def stored(hub: Live, path: str) -> list[Triple]:
    iri = Iri(PREFIX + path.removeprefix("/"))
    graph = PUBLIC if iri.startswith(PUBLIC + "/") else ALICE
    return read_top_levels(hub.hub.store, Dataset((graph,)), [iri]).get(iri, [])


def values(hub: Live, path: str, predicate: Iri) -> list[str]:
    """The values of the top level itself, as N-Triples text."""
    subject = iri_term(Iri(PREFIX + path.removeprefix("/")))
    return sorted(o for s, p, o in stored(hub, path) if s == subject and p == iri_term(predicate))


def iri(path: str) -> str:
    return f"<{PREFIX}{path.removeprefix('/')}>"


# --- what moves ------------------------------------------------------------------------------------------------------


def test_a_collection_moves_with_its_members_and_is_a_member_of_the_new_one(hub: Live) -> None:
    submit(hub, DEVICE)
    before = {name: stored(hub, f"/user/alice/lab/{name}/1") for name in ("prom", "prom_seq", "device")}

    report = published(hub, LAB, **NEW)

    for name, triples in before.items():
        old, new = f"{ALICE}/lab/", f"{PUBLIC}/pub/"
        moved = {(s.replace(old, new), p, o.replace(old, new)) for s, p, o in triples}
        assert set(stored(hub, f"/public/pub/{name}/1")) == moved
    names = ["device", "lab_collection", "prom", "prom_seq"]
    assert report["moved"] == {f"{ALICE}/lab/{n}/1": f"{PUBLIC}/pub/{n}/1" for n in names}
    assert report["counts"] == {"moved": 4, "copied": 0, "kept": 0, "left": 0, "repointed": 0}
    root = "/public/pub/pub_collection/1"
    assert values(hub, root, SBOL2.member) == sorted(iri(f"/public/pub/{n}/1") for n in names)
    assert values(hub, root, DCTERMS.title) == ['"Public"']
    assert values(hub, root, DCTERMS.description) == ['"for all"']
    assert values(hub, root, OBO.OBI_0001617) == ['"12"']
    assert values(hub, root, SBH.ownedBy) == [f"<{ALICE}>"]
    assert hub.hub.store.count(ALICE) == 0
    assert [row["displayId"] for row in hub.get("/rootCollections").json()] == ["pub_collection"]
    assert hub.get("/public/pub/device/1/sbol").status_code == 200


def test_children_and_annotations_follow_their_object(hub: Live) -> None:
    submit(hub, DEVICE)
    published(hub, LAB, **NEW)

    subjects = {s for s, _, _ in stored(hub, "/public/pub/device/1")}

    assert iri("/public/pub/device/use/1") in subjects
    assert len(subjects) == 3 and all(s.startswith(f"<{PUBLIC}/pub/device/") for s in subjects)
    definitions = [o for _, p, o in stored(hub, "/public/pub/device/1") if p.endswith("#definition>")]
    assert definitions == [iri("/public/pub/prom/1")]


def test_under_its_own_id_the_collection_becomes_the_public_one_with_the_texts_of_the_form(hub: Live) -> None:
    submit(hub, DEVICE, citations="7")

    report = published(hub, LAB, **NEW | {"id": "lab", "description": ""})

    root = "/public/lab/lab_collection/1"
    assert report["moved"][f"{ALICE}/lab/lab_collection/1"] == PREFIX + root[1:]
    assert values(hub, root, DCTERMS.title) == ['"Public"']
    assert values(hub, root, DCTERMS.description) == ['"A lab"']
    assert values(hub, root, OBO.OBI_0001617) == ['"12"']
    members = [iri(f"/public/lab/{n}/1") for n in ("device", "prom", "prom_seq")]
    assert values(hub, root, SBOL2.member) == members
    assert hub.hub.store.count(ALICE) == 0


def test_another_version_of_the_collection_s_id_makes_a_new_root_beside_it(hub: Live) -> None:
    submit(hub, DEVICE)

    published(hub, LAB, **NEW | {"id": "lab", "version": "2"})

    assert iri("/public/lab/lab_collection/1") in values(hub, "/public/lab/lab_collection/2", SBOL2.member)
    assert hub.hub.store.count(ALICE) == 0


def test_one_object_takes_along_what_it_refers_to_and_nothing_else(hub: Live) -> None:
    submit(hub, DEVICE)

    report = published(hub, "/user/alice/lab/prom/1", **NEW)

    assert sorted(report["moved"]) == [f"{ALICE}/lab/prom/1", f"{ALICE}/lab/prom_seq/1"]
    assert values(hub, "/public/pub/pub_collection/1", SBOL2.member) == [
        iri("/public/pub/prom/1"),
        iri("/public/pub/prom_seq/1"),
    ]
    assert hub.get("/user/alice/lab/device/1/metadata", "alice").json()[0]["displayId"] == "device"


def test_references_in_the_rest_of_the_graph_follow(hub: Live) -> None:
    submit(hub, DEVICE)
    submit(hub, document(part("other", link("x:like", f"{ALICE}/lab/prom/1"))), "second")

    report = published(hub, "/user/alice/lab/prom/1", **NEW)

    assert values(hub, LAB, SBOL2.member) == [
        iri("/public/pub/prom/1"),
        iri("/public/pub/prom_seq/1"),
        iri("/user/alice/lab/device/1"),
    ]
    definitions = [o for _, p, o in stored(hub, "/user/alice/lab/device/1") if p.endswith("#definition>")]
    assert definitions == [iri("/public/pub/prom/1")]
    assert values(hub, "/user/alice/second/other/1", Iri("http://x.org/terms#like")) == [iri("/public/pub/prom/1")]
    assert report["repointed"] == {
        f"{ALICE}/lab/lab_collection/1": 2,
        f"{ALICE}/lab/device/1": 1,
        f"{ALICE}/second/other/1": 1,
    }


def test_a_reference_without_version_follows_only_when_no_version_stays(hub: Live) -> None:
    submit(hub, document(part("prom"), part("prom", version="2"), part("solo")))
    likes = link("x:like", f"{ALICE}/lab/prom") + link("x:like", f"{ALICE}/lab/solo")
    submit(hub, document(part("other", likes)), "second")

    published(hub, "/user/alice/lab/prom/1", **NEW)
    published(hub, "/user/alice/lab/solo/1", **NEW | {"id": "pub2"})

    like = Iri("http://x.org/terms#like")
    wanted = [iri("/public/pub2/solo"), iri("/user/alice/lab/prom")]
    assert values(hub, "/user/alice/second/other/1", like) == wanted
    assert hub.get("/user/alice/lab/prom", "alice", follow_redirects=False).headers["location"].endswith("/lab/prom/2")
    gone = hub.get("/user/alice/lab/solo", "alice", follow_redirects=False)
    assert (gone.status_code, gone.headers["location"]) == (301, "/public/pub2/solo")


def test_versions_follow_each_other_into_one_public_collection(hub: Live) -> None:
    submit(hub, document(part("prom"), part("prom", version="2")))
    published(hub, "/user/alice/lab/prom/1", **NEW)

    published(hub, "/user/alice/lab/prom/2", tabState="existing", collections=f"{PUBLIC}/pub/pub_collection")

    versions = [iri("/public/pub/prom/1"), iri("/public/pub/prom/2")]
    assert values(hub, "/public/pub/pub_collection/1", SBOL2.member) == versions
    assert values(hub, LAB, SBOL2.member) == versions
    gone = hub.get("/user/alice/lab/prom", "alice", follow_redirects=False)
    assert (gone.status_code, gone.headers["location"]) == (301, "/public/pub/prom")


# --- what is copied, kept, left --------------------------------------------------------------------------------------


def test_objects_of_other_namespaces_are_copied_and_clashing_names_numbered(hub: Live) -> None:
    submit(hub, document(part("prom", link("x:like", "http://x.org/own"))), "other")
    uses = component("device", "use", f"{ALICE}/other/prom/1")
    submit(hub, document(part("device", uses), part("prom")))

    report = published(hub, LAB, **NEW)

    assert report["copied"] == {f"{ALICE}/other/prom/1": f"{PUBLIC}/pub/prom_2/1"}
    definitions = [o for _, p, o in stored(hub, "/public/pub/device/1") if p.endswith("#definition>")]
    assert definitions == [iri("/public/pub/prom_2/1")]
    assert values(hub, "/public/pub/prom_2/1", SBOL2.displayId) == ['"prom_2"']
    assert values(hub, "/public/pub/prom_2/1", SBOL2.persistentIdentity) == [iri("/public/pub/prom_2")]
    assert values(hub, "/user/alice/other/prom/1", SBOL2.displayId) == ['"prom"']
    assert [f["subject"] for f in report["findings"] if f["rule"] == "synhub-renamed"] == [f"{ALICE}/other/prom/1"]


def test_a_collection_that_is_only_referred_to_stays_private(hub: Live) -> None:
    submit(hub, document(part("prom")))
    submit(hub, document(part("secret")), "second")
    refers = link("prov:wasDerivedFrom", f"{ALICE}/second/second_collection/1") + link("x:like", f"{ALICE}/lab/none/1")
    submit(hub, document(part("prom", refers, base=f"{ALICE}/lab/")), overwrite_merge="3")

    report = published(hub, "/user/alice/lab/prom/1", **NEW)

    assert report["left"] == {
        f"{ALICE}/lab/none/1": "there is no such object",
        f"{ALICE}/second/second_collection/1": "a collection that is referred to, not a member",
    }
    assert sorted(report["moved"]) == [f"{ALICE}/lab/prom/1"]
    assert hub.get("/user/alice/second/secret/1/metadata", "alice").json() != []


@pytest.mark.parametrize("collection_id", ["pub", "lab"])
def test_members_in_the_graph_of_another_user_are_left_out(hub: Live, collection_id: str) -> None:
    submit(hub, document(part("theirs"), part("used")), "bobs", who="bob")
    theirs, used, own = (f"{PREFIX}user/bob/bobs/{n}/1" for n in ("theirs", "used", "bobs_collection"))
    submit(hub, document(part("one", link("prov:wasDerivedFrom", used) + link("x:like", theirs))))
    shelf = top("Collection", "shelf", link("sbol:member", theirs) + link("sbol:member", f"{ALICE}/lab/one/1"))
    submit(hub, document(shelf), overwrite_merge="2", rootCollections=f"{ALICE}/lab/lab_collection/1")
    for path in ("theirs", "bobs_collection"):
        added = {"user": "alice"}
        assert hub.request("POST", f"/user/bob/bobs/{path}/1/addOwner", "bob", data=added).status_code == 200
        to = {"collections": f"{ALICE}/lab/lab_collection/1"}
        assert hub.request("POST", f"/user/bob/bobs/{path}/1/addToCollection", "alice", data=to).status_code == 200

    report = published(hub, LAB, **NEW | {"id": collection_id})

    words = "lies in the graph of another user, so it is no member of the public collection"
    assert report["left"] == {theirs: words, own: words}
    assert report["counts"]["left"] == 2
    notes = [(f["subject"], f["message"]) for f in report["findings"] if f["rule"] == "synhub-private"]
    words = "lies in the graph of another user; what is published still refers to it, and others cannot read it"
    assert notes == [(used, words)]
    public = "/public/" + collection_id
    assert values(hub, f"{public}/lab_collection/1", SBOL2.member) == [
        f"<{PUBLIC}/{collection_id}/{name}/1>" for name in ("one", "shelf")
    ]
    assert values(hub, f"{public}/shelf/1", SBOL2.member) == [f"<{PUBLIC}/{collection_id}/one/1>"]
    assert values(hub, f"{public}/one/1", Iri("http://www.w3.org/ns/prov#wasDerivedFrom")) == [f"<{used}>"]
    assert hub.get("/user/bob/bobs/theirs/1", "bob").status_code == 200


def test_members_that_are_not_published_are_no_members_of_the_public_collection(hub: Live) -> None:
    submit(hub, document(part("hidden")), "second")
    shelf = top(
        "Collection",
        "shelf",
        link("sbol:member", f"{ALICE}/second/hidden/1") + link("sbol:member", f"{ALICE}/lab/none/1"),
    )
    submit(hub, document(part("one"), shelf))
    assert hub.request("POST", LAB + "/addOwner", "alice", data={"user": "bob"}).status_code == 200

    report = published(hub, LAB, "bob", **NEW)

    assert report["left"] == {
        f"{ALICE}/second/hidden/1": "you are not an owner of it",
        f"{ALICE}/lab/none/1": "there is no such object",
    }
    assert values(hub, "/public/pub/shelf/1", SBOL2.member) == []


def test_what_is_public_already_and_equal_is_kept_and_the_private_one_goes(hub: Live) -> None:
    submit(hub, DEVICE)
    published(hub, LAB, **NEW | {"id": "lab"})
    public = stored(hub, "/public/lab/device/1")
    submit(hub, DEVICE)

    report = published(hub, LAB, tabState="existing", collections=f"{PUBLIC}/lab/lab_collection/1", name="no")

    assert report["kept"] == [f"{PUBLIC}/lab/{n}/1" for n in ("device", "prom", "prom_seq")]
    assert stored(hub, "/public/lab/device/1") == public
    assert values(hub, "/public/lab/lab_collection/1", DCTERMS.title) == ['"Public"']
    assert hub.hub.store.count(ALICE) == 0


def test_what_differs_from_what_is_public_stops_everything(hub: Live) -> None:
    submit(hub, document(part("prom"), part("aaa")))
    published(hub, "/user/alice/lab/prom/1", **NEW)
    submit(hub, document(part("prom", "<x:note>other</x:note>", base=f"{ALICE}/lab/")), overwrite_merge="2")
    before = hub.hub.store.count(ALICE), hub.hub.store.count(PUBLIC)

    answer = publish(hub, LAB, tabState="existing", collections=f"{PUBLIC}/pub/pub_collection/1")

    assert answer.status_code == 400
    assert answer.text == (
        "Submission terminated.\nA submission with this id already exists, and it includes an object:"
        f" {PUBLIC}/pub/prom/1 that is already in this repository and has different content"
    )
    assert (hub.hub.store.count(ALICE), hub.hub.store.count(PUBLIC)) == before
    assert hub.get("/user/alice/lab/prom/1/metadata", "alice").json() != []


def test_an_existing_collection_gets_members_and_keeps_texts_and_owners(hub: Live) -> None:
    submit(hub, document(part("one")))
    submit(hub, document(part("two")), "second")
    published(hub, LAB, **NEW)
    root = "/public/pub/pub_collection/1"
    before = stored(hub, root)

    published(
        hub, "/user/alice/second/second_collection/1", tabState="existing", id="pub", version="1", name="other name"
    )

    new = set(stored(hub, root)) - set(before)
    assert {o for _, _, o in new} == {iri("/public/pub/second_collection/1"), iri("/public/pub/two/1")}
    assert set(before) < set(stored(hub, root))


def test_members_are_published_through_sub_collections_of_other_namespaces(hub: Live) -> None:
    submit(hub, document(part("inner")), "second")
    holds = top("Collection", "sub", link("sbol:member", f"{ALICE}/second/second_collection/1"))
    submit(hub, document(holds))

    report = published(hub, LAB, **NEW)

    assert report["copied"] == {
        f"{ALICE}/second/inner/1": f"{PUBLIC}/pub/inner/1",
        f"{ALICE}/second/second_collection/1": f"{PUBLIC}/pub/second_collection/1",
    }
    assert values(hub, "/public/pub/sub/1", SBOL2.member) == [iri("/public/pub/second_collection/1")]
    assert hub.get("/user/alice/second/inner/1/metadata", "alice").json() != []


def test_no_collection_becomes_a_member_of_its_own_member(hub: Live) -> None:
    submit(hub, document(part("one")))
    published(hub, LAB, **NEW)
    holds = top("Collection", "above", link("sbol:member", f"{PUBLIC}/pub/pub_collection/1"))
    submit(hub, document(holds), "second")

    report = published(hub, "/user/alice/second/above/1", tabState="existing", id="pub", version="1")

    assert [f["subject"] for f in report["findings"] if f["rule"] == "synhub-cycle"] == [f"{PUBLIC}/pub/above/1"]
    assert iri("/public/pub/above/1") not in values(hub, "/public/pub/pub_collection/1", SBOL2.member)


def test_files_go_along_with_their_attachments(hub: Live) -> None:
    source = link("sbol:source", "http://x.org/map/1/download")
    submit(hub, document(part("one", link("sbol:attachment", "http://x.org/map/1")), top("Attachment", "map", source)))
    row = StoredFile(Iri(f"{ALICE}/lab/map/1"), "d" * 64, 3, "map.png", "image/png", "alice")
    own = read_top_levels(hub.hub.store, Dataset((ALICE,)), [row.iri])[row.iri]
    with hub.hub.files._database.write() as sql:
        put_files(sql, [row])

    published(hub, "/user/alice/lab/one/1", **NEW)

    assert own and hub.hub.files.find(row.iri) is None
    moved = hub.hub.files.find(Iri(f"{PUBLIC}/pub/map/1"))
    download = hub.get("/user/alice/lab/map/1/download", "alice", follow_redirects=False)
    assert (download.status_code, download.headers["location"]) == (301, "/public/pub/map/1/download")
    assert moved == StoredFile(Iri(f"{PUBLIC}/pub/map/1"), "d" * 64, 3, "map.png", "image/png", "alice")


def test_an_attachment_with_other_bytes_is_no_equal_one(hub: Live) -> None:
    submit(hub, document(top("Attachment", "map", link("sbol:source", "http://x.org/map.png"))))
    published(hub, "/user/alice/lab/map/1", **NEW)
    submit(hub, document(top("Attachment", "map", link("sbol:source", "http://x.org/map.png"))), overwrite_merge="2")
    with hub.hub.files._database.write() as sql:
        put_files(sql, [StoredFile(Iri(f"{ALICE}/lab/map/1"), "d" * 64, 3, "map.png", "image/png", "alice")])

    answer = publish(hub, "/user/alice/lab/map/1", tabState="existing", id="pub", version="1")

    assert (answer.status_code, answer.text.splitlines()[0]) == (400, "Submission terminated.")
    assert hub.hub.files.find(Iri(f"{PUBLIC}/pub/map/1")) is None


# --- old addresses ---------------------------------------------------------------------------------------------------

OLD_AND_NEW = {
    LAB: "/public/pub/lab_collection/1",
    "/user/alice/lab/device/1": "/public/pub/device/1",
    "/user/alice/lab/device": "/public/pub/device",
    "/user/alice/lab/device/use/1": "/public/pub/device/use/1",
    "/user/alice/lab/device/1/sbol?a=b%26c": "/public/pub/device/1/sbol?a=b%26c",
    "/user/alice/lab/device/1/sbolnr": "/public/pub/device/1/sbolnr",
}


def test_old_addresses_lead_their_readers_to_the_new_ones_and_nobody_else(hub: Live) -> None:
    submit(hub, DEVICE)
    absent = {old: hub.get(old, "bob", follow_redirects=False).text for old in OLD_AND_NEW}
    published(hub, LAB, **NEW)

    for old, new in OLD_AND_NEW.items():
        answer = hub.get(old, "alice", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (301, new)
        for stranger in ("bob", None):
            refused = hub.get(old, stranger, follow_redirects=False)
            assert (refused.status_code, refused.text) == (404, absent[old])
    again = publish(hub, LAB, **NEW | {"id": "again"})
    assert (again.status_code, again.text) == (
        404,
        f"{PREFIX}{LAB[1:]} has been made public as {PUBLIC}/pub/lab_collection/1",
    )


@pytest.mark.parametrize("verb", ["remove", "removeCollection", "replace", "shareLink"])
def test_what_changes_something_does_not_lead_to_the_public_object(hub: Live, verb: str) -> None:
    submit(hub, DEVICE)
    published(hub, LAB, **NEW)

    answer = hub.get(f"{LAB}/{verb}", "alice", follow_redirects=False)

    assert answer.status_code == 404
    assert answer.text == f"{PREFIX}{LAB[1:]} has been made public as {PUBLIC}/pub/lab_collection/1"


def test_a_share_link_leads_to_the_new_address_as_well(hub: Live) -> None:
    submit(hub, DEVICE)
    secret = hub.share("alice", LAB)
    published(hub, LAB, **NEW)

    for path, new in ((LAB, "lab_collection/1"), ("/user/alice/lab/device/1", "device/1")):
        answer = hub.get(f"{path}/{secret}/share/sbol", follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (301, f"/public/pub/{new}/sbol")
    assert hub.get(f"{LAB}/{'0' * 40}/share/sbol", follow_redirects=False).status_code == 404


# --- who may ---------------------------------------------------------------------------------------------------------


def test_only_an_owner_publishes_and_a_stranger_learns_nothing(hub: Live) -> None:
    submit(hub, DEVICE)
    hub.user("root", admin=True)

    for who, status, words in (
        (None, 401, "Login required"),
        ("bob", 403, "Not authorized to make this object public"),
        ("root", 403, "Not authorized to make this object public"),
    ):
        for path in (LAB, "/user/alice/none/none_collection/1"):
            answer = publish(hub, path, who, **NEW)
            assert (answer.status_code, answer.text) == (status, words)
    absent = publish(hub, "/user/alice/lab/none/1", **NEW)
    assert (absent.status_code, absent.text) == (404, f"{ALICE}/lab/none/1 not found")


def test_nobody_publishes_into_what_belongs_to_another(hub: Live) -> None:
    submit(hub, DEVICE)
    published(hub, LAB, **NEW)
    submit(hub, document(part("evil")), "mine", "bob")
    mine = "/user/bob/mine/mine_collection/1"
    target = {"tabState": "existing", "collections": f"{PUBLIC}/pub/pub_collection/1"}
    before = hub.hub.store.count(PUBLIC)

    existing = publish(hub, mine, "bob", **target)
    version = publish(hub, mine, "bob", **NEW | {"version": "2"})
    taken = publish(hub, mine, "bob", **NEW)

    assert (existing.status_code, existing.text) == (403, "Not authorized to add to this collection")
    assert (version.status_code, version.text) == (403, "The public id pub belongs to another user: choose another id")
    assert (taken.status_code, taken.text) == (400, "Submission id pub version 1 already in use")
    assert hub.hub.store.count(PUBLIC) == before


def test_an_administrator_adds_to_any_public_collection_without_becoming_its_owner(hub: Live) -> None:
    submit(hub, DEVICE)
    published(hub, LAB, **NEW)
    hub.user("root", admin=True)
    submit(hub, document(part("extra")), "mine", "root")

    published(hub, "/user/root/mine/mine_collection/1", "root", tabState="existing", id="pub", version="1")

    assert values(hub, "/public/pub/pub_collection/1", SBH.ownedBy) == [f"<{ALICE}>"]
    assert values(hub, "/public/pub/extra/1", SBH.ownedBy) == [f"<{PREFIX}user/root>"]


def test_what_cannot_be_published_is_refused_with_the_reason(hub: Live) -> None:
    submit(hub, DEVICE)
    child = publish(hub, "/user/alice/lab/device/use/1", **NEW)
    published(hub, LAB, **NEW)
    public = publish(hub, "/public/pub/device/1", **NEW | {"id": "other"})

    assert child.status_code == 400
    assert child.text == f"{ALICE}/lab/device/use/1 is part of {ALICE}/lab/device/1: make that public"
    assert (public.status_code, public.text) == (400, f"{PUBLIC}/pub/device/1 is public already")


def test_a_co_owner_publishes_what_is_theirs_as_well_and_nothing_else(hub: Live) -> None:
    submit(hub, document(part("hidden")), "second")
    submit(hub, document(part("one"), part("two", link("x:like", f"{ALICE}/second/hidden/1"))))
    assert hub.request("POST", LAB + "/addOwner", "alice", data={"user": f"{PREFIX}user/bob"}).status_code == 200

    report = published(hub, LAB, "bob", **NEW)

    assert report["left"] == {f"{ALICE}/second/hidden/1": "you are not an owner of it"}
    assert sorted(report["moved"]) == [f"{ALICE}/lab/{n}/1" for n in ("lab_collection", "one", "two")]
    assert values(hub, "/public/pub/one/1", SBH.ownedBy) == [f"<{ALICE}>", f"<{PREFIX}user/bob>"]
    answer = hub.get("/user/alice/lab/one/1", "bob", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (301, "/public/pub/one/1")


def test_a_co_owner_does_not_leave_members_behind_in_no_collection(hub: Live) -> None:
    submit(hub, document(part("one")))
    assert hub.request("POST", LAB + "/addOwner", "alice", data={"user": f"{PREFIX}user/bob"}).status_code == 200
    more = {"overwrite_merge": "2", "rootCollections": f"{ALICE}/lab/lab_collection/1"}
    assert hub.submit("alice", document(part("later")), more).status_code == 200

    refused = publish(hub, LAB, "bob", **NEW)

    assert (refused.status_code, refused.text) == (
        403,
        f"{ALICE}/lab/later/1, which would go public with it, is not yours: ask its owner to publish, or to make you"
        " an owner of it",
    )
    assert hub.get(LAB, "alice").status_code == 200


def test_a_session_needs_its_token_against_forgery(hub: Live) -> None:
    submit(hub, DEVICE)
    login = hub.client.post(
        hub.url + "/login",
        data={"email": "alice", "password": PASSWORD},
        headers={"Accept": "text/html"},
        follow_redirects=False,
    )
    cookie = login.headers["set-cookie"].split(";")[0]

    answer = hub.client.post(hub.url + LAB + "/makePublic", data=NEW, headers={"Cookie": cookie})

    assert answer.status_code == 403
    assert hub.hub.store.count(PUBLIC) == 0


# --- the form --------------------------------------------------------------------------------------------------------


def test_the_form_comes_in_every_kind(hub: Live) -> None:
    submit(hub, document(part("data"), part("json"), part("files")))

    for kind in ("data", "json", "files"):
        fields = NEW | {"id": kind}
        body = {name: (None, value) for name, value in fields.items()} if kind == "files" else fields
        answer = hub.request("POST", f"/user/alice/lab/{kind}/1/makePublic", "alice", **{kind: body})
        assert (answer.status_code, answer.text) == (200, "Success")


def test_the_page_offers_the_public_collections_of_its_owner(hub: Live) -> None:
    submit(hub, DEVICE)
    submit(hub, DEVICE, "second")
    published(hub, LAB, **NEW)

    page = hub.get("/user/alice/second/second_collection/1/makePublic", "alice")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f'value="{PUBLIC}/pub/pub_collection/1"' in page.text
    refused = hub.get("/user/alice/second/second_collection/1/makePublic", "bob")
    assert (refused.status_code, refused.text) == (403, "Not authorized to make this object public")


def test_a_browser_is_led_to_the_public_collection(hub: Live) -> None:
    submit(hub, DEVICE)

    answer = hub.request(
        "POST", LAB + "/makePublic", "alice", data=NEW, headers={"Accept": "text/html"}, follow_redirects=False
    )

    assert (answer.status_code, answer.headers["location"]) == (302, "/public/pub/pub_collection/1")


def test_texts_are_stored_as_they_are(hub: Live) -> None:
    submit(hub, DEVICE)
    text = '"} } ; DROP ALL # \\u0022 <b>é\n\U0001f9ec</b> $top_levels'

    published(hub, LAB, **NEW | {"name": text, "description": text})

    record = hub.get("/public/pub/pub_collection/1/metadata").json()[0]
    assert (record["name"], record["description"]) == (text, text)


def test_many_steps_publish_the_same(tmp_path: Path) -> None:
    members = [f"part{n:03}" for n in range(40)]
    with live(tmp_path, step_quads=50) as hub:
        hub.user("alice")
        hub.user("bob")
        submit(hub, document(*(part(name) for name in members)))

        report = published(hub, LAB, **NEW)

        assert report["counts"]["moved"] == 41
        assert hub.hub.store.count(ALICE) == 0
        members_page = hub.get("/public/pub/pub_collection/1/members?limit=1").json()
        assert members_page["total"] == 41
        assert compare(hub.hub.store, hub.hub.catalog).differences == []
