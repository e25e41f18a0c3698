"""POST /submit with dry_run: it foretells what the submission then does, in every mode, and leaves nothing behind."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from live import PREFIX, Live, live

LAB = f"{PREFIX}user/alice/lab/"
ROOT = f"{LAB}lab_collection/1"


def document(*parts: str) -> bytes:
    return f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/">{"".join(parts)}</rdf:RDF>""".encode()


def part(name: str, title: str = "a part", prefix: str = "http://x.org/") -> str:
    return f"""<sbol:ComponentDefinition rdf:about="{prefix}{name}/1">
  <sbol:persistentIdentity rdf:resource="{prefix}{name}"/><sbol:displayId>{name}</sbol:displayId>
  <sbol:version>1</sbol:version><dcterms:title>{title}</dcterms:title>
  <sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>
</sbol:ComponentDefinition>"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """alice has `lab` with the parts `same`, `other` and `old`."""
    with live(tmp_path_factory.mktemp("dry_run"), user_bytes=20_000) as running:
        for name in ("alice", "bob"):
            running.user(name)
        stored = running.submit("alice", document(part("same"), part("other"), part("old")))
        assert stored.status_code == 200, stored.text
        yield running


def state(instance: Live) -> Any:
    """Everything that a submission changes."""
    hub = instance.hub
    data = hub.settings.data
    return (
        [(job.id, job.state) for job in hub.journal._jobs("1 = 1")],
        sorted(path.name for path in hub.journal.folder.iterdir()),
        sorted(path.relative_to(data).as_posix() for path in (data / "blobs").rglob("*")),
        hub.writer.number,
        hub.catalog.last_number,
        hub.quotas.used_bytes("alice"),
        hub.quotas._under_way,
    )


@pytest.fixture(autouse=True)
def nothing_is_left(instance: Live) -> Iterator[None]:
    before = state(instance)
    yield
    assert state(instance) == before


def dry_run(instance: Live, content: bytes | None, who: str = "alice", **fields: str) -> dict[str, Any]:
    answer = instance.submit(who, content, {"dry_run": "1", **fields})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    told: dict[str, Any] = answer.json()
    return told


def would(told: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {row["original"] or row["minted"]: (row["minted"], row["would"]) for row in told["would"]}


CHANGED = document(part("same"), part("other", "another title"), part("new"))


def test_every_object_gets_its_iri_and_what_would_become_of_it(instance: Live) -> None:
    told = dry_run(instance, CHANGED, overwrite_merge="3")

    assert (told["overwrite_merge"], told["accepted"], told["refused"]) == (3, True, None)
    assert told["collection"] == ROOT
    assert would(told) == {
        "http://x.org/same/1": (f"{LAB}same/1", "kept"),
        "http://x.org/other/1": (f"{LAB}other/1", "replaced"),
        "http://x.org/new/1": (f"{LAB}new/1", "created"),
    }
    assert told["files"][0] | {"findings": 0} == {
        "name": "design.xml", "format": "SBOL 2 (RDF/XML)", "role": "design", "objects": 3, "findings": 0
    }  # fmt: skip
    assert "synhub-replaced" in {finding["rule"] for finding in told["findings"]}


def test_every_mode_is_told_in_numbers(instance: Live) -> None:
    modes = dry_run(instance, CHANGED, overwrite_merge="3")["modes"]

    numbers = ("accepted", "created", "replaced", "kept", "copied", "removed", "refused_objects")
    assert {mode: tuple(told[name] for name in numbers) for mode, told in modes.items()} == {
        "0": (False, 0, 0, 0, 0, 0, 0),
        "1": (True, 3, 0, 0, 0, 1, 0),
        "2": (False, 1, 0, 1, 0, 0, 1),
        "3": (True, 1, 1, 1, 0, 0, 0),
    }
    assert modes["0"]["refused"] == "Submission id and version already in use"
    assert f"an object: {LAB}other/1 that is already in this repository" in modes["2"]["refused"]
    assert modes["3"]["refused"] is None


def test_what_is_refused_is_named_object_by_object(instance: Live) -> None:
    told = dry_run(instance, document(part("same", "x"), part("other", "x"), part("new")), overwrite_merge="2")

    assert told["accepted"] is False
    assert {name: decision for name, (_, decision) in would(told).items()} == {
        "http://x.org/same/1": "refused",
        "http://x.org/other/1": "refused",
        "http://x.org/new/1": "created",
    }
    assert told["modes"]["2"]["refused_objects"] == 2


def test_replacing_tells_what_would_be_removed(instance: Live) -> None:
    told = dry_run(instance, CHANGED, overwrite_merge="1")

    assert would(told)[f"{LAB}old/1"] == (f"{LAB}old/1", "removed")
    assert {decision for _, decision in would(told).values()} == {"created", "removed"}


def test_a_collection_in_use_still_tells_the_iris(instance: Live) -> None:
    told = dry_run(instance, CHANGED)

    assert (told["accepted"], told["refused"]) == (False, "Submission id and version already in use")
    assert would(told)["http://x.org/new/1"] == (f"{LAB}new/1", "refused")
    assert told["would"][0]["reason"] == "Submission id and version already in use"


def test_a_copy_of_an_object_of_another_collection_is_told(instance: Live) -> None:
    told = dry_run(instance, document(part("other", "mine", LAB)), id="lab2")

    assert would(told) == {f"{LAB}other/1": (f"{PREFIX}user/alice/lab2/other/1", "copied")}
    assert told["would"][0]["reason"] == f"copied to {PREFIX}user/alice/lab2/other/1: it differs from what is stored"
    assert dry_run(instance, document(part("other", prefix=LAB)), id="lab2")["would"][0]["would"] == "kept"


def test_an_upload_that_is_not_valid_is_told_with_its_findings(instance: Live) -> None:
    told = dry_run(instance, CHANGED.replace(b"displayId>new", b"displayId>1new"), overwrite_merge="3")

    assert told["accepted"] is False
    assert told["refused"].endswith("Validation failed.")
    assert "sbol-10204" in {finding["rule"] for finding in told["findings"] if finding["severity"] == "error"}
    assert told["would"] == []
    assert {mode["accepted"] for mode in told["modes"].values()} == {False}


def test_a_form_that_cannot_be_sent_is_refused_as_without_dry_run(instance: Live) -> None:
    for fields in ({"id": ""}, {"dry_run": "maybe"}):
        answer = instance.submit("alice", CHANGED, {"dry_run": "1", **fields})
        assert answer.status_code == 400
    assert answer.json() == ["dry_run must be 1 or 0, not 'maybe'"]


def test_modes_that_the_form_does_not_fit_say_so(instance: Live) -> None:
    fields = {"rootCollections": ROOT, "overwrite_merge": "2", "id": "", "version": "", "name": "", "description": ""}
    told = dry_run(instance, document(part("new")), **fields)

    assert told["accepted"] is True
    assert told["modes"]["0"]["refused"].startswith("Please enter an id for your submission\n")


def test_modes_that_mean_another_collection_are_tried_there(instance: Live) -> None:
    fields = {"rootCollections": ROOT, "overwrite_merge": "2", "id": "fresh"}
    told = dry_run(instance, document(part("same", "changed")), **fields)

    assert {mode: row["accepted"] for mode, row in told["modes"].items()} == {
        "0": True,
        "1": True,
        "2": False,
        "3": True,
    }
    assert told["would"][0]["minted"] == f"{LAB}same/1"


def test_a_full_quota_is_told(instance: Live) -> None:
    told = dry_run(instance, document(*(part(f"p{n}") for n in range(80))), overwrite_merge="2")

    assert told["accepted"] is False
    assert told["refused"].startswith("no room is left for your files: you use ")
    assert told["modes"]["2"]["created"] == 80


def test_files_of_an_archive_are_told_and_not_kept(instance: Live) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("designs/new.xml", document(part("new")))
        file.writestr("notes.txt", "read me")
    told = dry_run(instance, archive.getvalue(), overwrite_merge="2")

    assert sorted(row["would"] for row in told["would"]) == ["created", "created"]
    assert f"{LAB}new/1" in {row["minted"] for row in told["would"]}
    assert {(file["name"], file["role"]) for file in told["files"]} >= {
        ("designs/new.xml", "design"),
        ("notes.txt", "attachment"),
    }


def test_an_empty_submission_makes_its_collection(instance: Live) -> None:
    told = dry_run(instance, None, id="empty")

    assert (told["accepted"], told["would"]) == (True, [])
    assert told["collection"] == f"{PREFIX}user/alice/empty/empty_collection/1"


def test_nobody_else_s_collection_can_be_tried(instance: Live) -> None:
    fields = {"rootCollections": ROOT, "overwrite_merge": "2"}
    there = dry_run(instance, CHANGED, "bob", **fields)
    absent = dry_run(instance, CHANGED, "bob", **{**fields, "rootCollections": ROOT.replace("lab", "nothing")})

    assert there["refused"] == "Submission id and version do not exist"
    assert there["would"] == []
    assert there == absent
    answer: httpx.Response = instance.request("POST", "/submit?dry_run=1", None, data={"id": "x"})
    assert (answer.status_code, answer.text) == (401, "Login required")


def test_the_query_asks_for_it_too_and_browsers_get_a_page(instance: Live) -> None:
    files = {"id": (None, "lab"), "version": (None, "1"), "overwrite_merge": (None, "3"), "file": ("d.xml", CHANGED)}
    page = instance.request("POST", "/submit?dry_run=1", "alice", files=files, headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert "<h1>Nothing was stored; this is what the submission would do</h1>" in page.text
    assert f"{LAB}new/1" in page.text


def test_a_dry_run_foretells_what_the_submission_does(tmp_path: Path) -> None:
    with live(tmp_path) as running:
        running.user("alice")
        running.submit("alice", document(part("same"), part("other")))
        for mode in ("3", "1"):
            told = dry_run(running, CHANGED, overwrite_merge=mode)
            done = running.submit("alice", CHANGED, {"overwrite_merge": mode})
            assert done.status_code == 200
            report = running.get(done.links["describedby"]["url"], "alice").json()["report"]
            assert {row["original"]: row["minted"] for row in told["would"] if row["original"]} == report["minted"]
            counts = ("created", "replaced", "kept", "copied", "removed")
            assert [told["modes"][mode][name] for name in counts] == [report[name] for name in counts]
