"""Which file is behind an attachment after its collection was submitted again, copied, replaced; and what stays."""

import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from live import PREFIX, Live, live

from synhub import check
from synhub.rdf import Iri
from synhub.store.files import StoredFile
from synhub.store.housekeeping import tidy
from synhub.store.shares import add_co_owner

DESIGN = (Path(__file__).parents[1] / "fixtures" / "sbol2" / "device.xml").read_bytes()
LAB = "/user/alice/lab"
ROOT = f"{LAB}/lab_collection/1"
NOTE = Iri(PREFIX + "user/alice/lab/note/1")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder and its tokens: alice has a collection `lab` with an attached file `note`."""
    data = tmp_path_factory.mktemp("attached")
    with live(data) as running:
        for name in ("alice", "bob"):
            running.user(name)
        assert running.submit("alice", DESIGN).text == "Successfully uploaded"
        attach(running, ROOT, "note", b"the bytes")
    return data, running.tokens


@pytest.fixture
def instance(stopped: tuple[Path, dict[str, str]], tmp_path: Path) -> Iterator[Live]:
    data, tokens = stopped
    with live(shutil.copytree(data, tmp_path / "data")) as running:
        running.tokens.update(tokens)
        yield running


def attach(instance: Live, to: str, display_id: str, content: bytes) -> None:
    files = {"id": (None, display_id), "file": (f"{display_id}.txt", content)}
    answer = instance.request("POST", f"{to}/attach", "alice", files=files)
    assert (answer.status_code, answer.text) == (200, "Success")


def submit(instance: Live, who: str, content: bytes, **fields: str) -> None:
    answer = instance.submit(who, content, fields)
    assert (answer.status_code, answer.text) == (200, "Successfully uploaded")


def document(about: str, title: str = "new", source: str = "") -> bytes:
    identity = about.removesuffix("/1")
    return f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/">
<sbol:Attachment rdf:about="{about}"><sbol:persistentIdentity rdf:resource="{identity}"/>
<sbol:displayId>{identity.rpartition("/")[2]}</sbol:displayId><sbol:version>1</sbol:version>
<dcterms:title>{title}</dcterms:title><sbol:source rdf:resource="{source or about + "/download"}"/>
</sbol:Attachment></rdf:RDF>""".encode()


def downloaded(instance: Live, path: str, who: str = "alice") -> tuple[int, bytes]:
    answer = instance.get(f"{path}/download", who)
    return answer.status_code, answer.content


def consistent(instance: Live) -> list[str]:
    hub = instance.hub
    return check.check(hub.registry, hub.store, hub.catalog, hub.journal, hub.blobs, hub.files)


def test_row_says_what_was_attached(instance: Live) -> None:
    found = instance.hub.files.find(NOTE)

    assert found is not None
    digest = found.digest
    assert found == StoredFile(NOTE, digest, 9, "note.txt", "text/plain; charset=utf-8", "alice")
    assert instance.hub.blobs.get(digest).read_bytes() == b"the bytes"
    assert consistent(instance) == []


@pytest.mark.parametrize("mode", ["1", "3"])
def test_attachment_uploaded_again_in_its_place_keeps_its_file(instance: Live, mode: str) -> None:
    own = instance.get(ROOT + "/sbol", "alice").content.replace(b"note.txt", b"a new title")

    submit(instance, "alice", own, overwrite_merge=mode, rootCollections=PREFIX + ROOT.lstrip("/"))

    assert b"a new title" in instance.get(f"{LAB}/note/1/sbolnr", "alice").content
    assert downloaded(instance, f"{LAB}/note/1") == (200, b"the bytes")
    assert consistent(instance) == []


def test_attachment_that_a_new_submission_replaces_loses_its_file_and_its_links(instance: Live) -> None:
    hub = instance.hub
    secret = instance.share("alice", f"{LAB}/note/1")
    assert instance.get(f"{LAB}/note/1/{secret}/share/download").content == b"the bytes"

    submit(instance, "alice", DESIGN, overwrite_merge="1")

    assert hub.files.find(NOTE) is None
    assert hub.shares.find_link(secret) is None
    assert downloaded(instance, f"{LAB}/note/1")[0] == 404
    submit(instance, "alice", document("http://x.org/note/1"), overwrite_merge="2", rootCollections=PREFIX + ROOT[1:])
    assert b"has no file here" not in downloaded(instance, f"{LAB}/note/1")[1]
    assert instance.get(f"{LAB}/note/1/download", "alice").text == "http://x.org/note/1/download\r\n"


@pytest.mark.parametrize("mode", ["1", "3"])
def test_another_attachment_in_its_place_has_not_its_file(instance: Live, mode: str) -> None:
    foreign = document("http://x.org/note/1", source="https://far.example/note")

    submit(instance, "alice", foreign, overwrite_merge=mode, rootCollections=PREFIX + ROOT.lstrip("/"))

    assert instance.hub.files.find(NOTE) is None
    assert downloaded(instance, f"{LAB}/note/1") == (200, b"https://far.example/note\r\n")


def test_kept_object_keeps_its_file(instance: Live) -> None:
    own = instance.get(f"{LAB}/note/1/sbolnr", "alice").content

    submit(instance, "alice", own, overwrite_merge="3", rootCollections=PREFIX + ROOT.lstrip("/"))

    assert downloaded(instance, f"{LAB}/note/1") == (200, b"the bytes")


def test_copy_of_a_readable_attachment_has_its_bytes(instance: Live) -> None:
    instance.publish("alice", DESIGN, "open")
    attach(instance, "/public/open/open_collection/1", "leaflet", b"for everybody")
    public = instance.get("/public/open/leaflet/1/sbolnr", "bob").content

    submit(instance, "bob", public.replace(b"leaflet.txt", b"my leaflet"), id="mine")

    assert downloaded(instance, "/user/bob/mine/leaflet/1", "bob") == (200, b"for everybody")
    row = instance.hub.files.find(Iri(PREFIX + "user/bob/mine/leaflet/1"))
    assert row is not None
    assert (row.username, row.name) == ("bob", "leaflet.txt")
    source = f'<sbol:source rdf:resource="{PREFIX}user/bob/mine/leaflet/1/download"/>'
    assert source in instance.get("/user/bob/mine/leaflet/1/sbolnr", "bob").text


def test_copy_of_what_the_submitter_cannot_read_has_none(instance: Live) -> None:
    submit(instance, "bob", document(NOTE), id="stolen")

    assert instance.hub.files.find(Iri(PREFIX + "user/bob/stolen/note/1")) is None
    status, body = downloaded(instance, "/user/bob/stolen/note/1", "bob")
    assert (status, b"has no file here" in body) == (404, True)


def test_co_owners_of_what_a_submission_replaces_are_forgotten(instance: Live) -> None:
    part, root = (Iri(f"{PREFIX}user/alice/lab/{name}/1") for name in ("BBa_B0034", "lab_collection"))
    hub = instance.hub
    with hub.accounts._database.write() as sql:
        for iri in (part, root, NOTE):
            add_co_owner(sql, "bob", Iri(PREFIX + "user/alice"), iri, "2026-01-01T00:00:00Z")
    assert instance.get(f"{LAB}/BBa_B0034/1/sbol", "bob").status_code == 200

    submit(instance, "alice", DESIGN, overwrite_merge="1")

    assert hub.shares.shared_with("bob") == []
    assert instance.get(f"{LAB}/BBa_B0034/1/sbol", "bob").status_code == 404


def test_co_owner_reads_and_owns_what_is_attached(instance: Live) -> None:
    for place, display_id in ((f"{LAB}/BBa_B0034/1", "to_part"), (ROOT, "to_root")):
        added = instance.request("POST", f"{place}/addOwner", "alice", data={"user": PREFIX + "user/bob"})
        assert added.status_code == 200, added.text
        attach(instance, place, display_id, b"ours")

        assert downloaded(instance, f"{LAB}/{display_id}/1", "bob") == (200, b"ours")
        files = {"id": (None, f"by_bob_{display_id}"), "file": ("x", b"from bob")}
        assert instance.request("POST", f"{place}/attach", "bob", files=files).text == "Success"
        for who in ("alice", "bob"):
            assert downloaded(instance, f"{LAB}/by_bob_{display_id}/1", who) == (200, b"from bob")
        document = instance.get(f"{LAB}/by_bob_{display_id}/1/sbolnr", "bob").text
        assert [f'ownedBy rdf:resource="{PREFIX}user/{who}"' in document for who in ("alice", "bob")] == [True, True]


def test_file_is_deleted_when_its_attachment_is_gone_although_its_collection_is_not(instance: Live) -> None:
    hub = instance.hub
    found = hub.files.find(NOTE)
    assert found is not None
    path = hub.blobs.path(found.digest)

    def pass_days() -> None:
        old = time.time() - 2 * 24 * 3600
        os.utime(path, (old, old))
        tidy(hub.journal, hub.catalog, hub.blobs, hub.files, datetime.now(UTC) + timedelta(days=2), 90)

    pass_days()
    assert path.exists()
    submit(instance, "alice", DESIGN, overwrite_merge="1")
    pass_days()
    assert not path.exists()
    assert consistent(instance) == []


def test_attached_file_survives_a_restart(instance: Live) -> None:
    """Every instance here goes on where another stopped."""
    assert downloaded(instance, f"{LAB}/note/1") == (200, b"the bytes")
    assert consistent(instance) == []
