"""Archives over HTTP: from the upload to the bytes of what was attached, in every mode, and what refusals leave."""

import hashlib
import io
import os
import signal
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from live import Live, live
from served import served

from synhub.rdf import Iri

DESIGN = (Path(__file__).parents[2] / "fixtures" / "sbol2" / "device.xml").read_bytes()
LAB = "http://hub.example/user/alice/lab/"
FILES = {"designs/device.xml": DESIGN, "a/notes.txt": b"first\n", "b/notes.txt": b"second\n"}


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path / "data") as running:
        running.user("alice")
        yield running


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def submit(instance: Live, *uploads: tuple[str, bytes], **fields: str) -> httpx.Response:
    form = {"id": "lab", "version": "1", "name": "Lab", "description": "A lab", "overwrite_merge": "0"} | fields
    parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in form.items()]
    parts += [("file", upload) for upload in uploads]
    return instance.request("POST", "/submit", "alice", files=parts)


def add(instance: Live, mode: str, *uploads: tuple[str, bytes]) -> httpx.Response:
    return submit(instance, *uploads, overwrite_merge=mode, rootCollections=LAB + "lab_collection/1")


def report(instance: Live, answer: httpx.Response) -> dict[str, Any]:
    job: dict[str, Any] = instance.get(answer.links["describedby"]["url"], "alice").json()
    return job


def bytes_of(instance: Live, display_id: str) -> bytes:
    answer = instance.get(f"/user/alice/lab/{display_id}/1/download", "alice")
    assert answer.status_code == 200, answer.text
    return answer.content


def consistent(instance: Live) -> bool:
    """Every blob that a row names is there."""
    return all(instance.hub.blobs.path(f.digest).is_file() for f in instance.hub.files.all())


def job_folders(instance: Live) -> list[str]:
    return [path.name for path in instance.hub.journal.folder.iterdir()]


def test_an_archive_is_stored_with_its_files(instance: Live) -> None:
    answer = submit(instance, ("lab.zip", zipped(FILES)))
    assert (answer.status_code, answer.text) == (200, "Successfully uploaded")

    assert bytes_of(instance, "a_notes_txt") == b"first\n"
    assert bytes_of(instance, "b_notes_txt") == b"second\n"
    served = instance.get("/user/alice/lab/a_notes_txt/1/download", "alice")
    assert served.headers["Content-Type"].startswith("text/plain")
    assert 'filename="notes.txt"' in served.headers["Content-Disposition"]
    collection = instance.get("/user/alice/lab/lab_collection/1/sbolnr", "alice").text
    for name in ("a_notes_txt", "b_notes_txt"):
        assert collection.count(f'<sbol:attachment rdf:resource="{LAB}{name}/1"/>') == 1
        assert collection.count(f'<sbol:member rdf:resource="{LAB}{name}/1"/>') == 1


@pytest.mark.slow
def test_the_report_says_what_each_file_was_taken_for(instance: Live) -> None:
    archive = zipped(FILES)
    job = report(instance, submit(instance, ("lab.zip", archive)))
    assert [(f["name"], f["role"]) for f in job["report"]["files"]] == [
        ("lab.zip", "archive"),
        ("designs/device.xml", "design"),
        ("a/notes.txt", "attachment"),
        ("b/notes.txt", "attachment"),
    ]
    [upload] = job["uploads"]
    assert upload["name"] == "lab.zip"
    assert instance.get(upload["url"], "alice").content == archive


def test_a_refused_archive_leaves_nothing_and_tells_all(instance: Live) -> None:
    broken = FILES | {"designs/cut.xml": DESIGN[:-20], "x.gb": b"LOCUS       x  8 bp DNA\n"}
    answer = submit(instance, ("lab.zip", zipped(broken)))
    assert answer.status_code == 400
    assert "designs/cut.xml" in answer.text and "x.gb" in answer.text
    assert answer.text.endswith("Validation failed.")
    assert instance.get("/user/alice/lab/lab_collection/1", "alice").status_code == 404
    assert instance.hub.files.all() == []
    assert list(instance.hub.blobs.digests()) == []
    assert job_folders(instance) == []


@pytest.mark.slow
def test_several_files_of_any_kind_are_one_submission(instance: Live) -> None:
    genbank = b"LOCUS       pLab 8 bp DNA linear SYN 12-MAR-2021\nORIGIN\n        1 acgtacgt\n//\n"
    answer = submit(
        instance,
        ("device.xml", DESIGN),
        ("p.gb", genbank),
        ("more.zip", zipped({"n.txt": b"x"})),
        ("s.fasta", b">s\nacgt\n"),
    )
    assert answer.text == "Successfully uploaded"
    for name in ("gfp_device", "pLab", "n_txt", "s"):
        assert instance.get(f"/user/alice/lab/{name}/1/sbolnr", "alice").status_code == 200, name


@pytest.mark.slow
def test_mode_1_replaces_the_files_with_the_collection(instance: Live) -> None:
    submit(instance, ("lab.zip", zipped(FILES)))
    answer = submit(instance, ("lab.zip", zipped({"a/notes.txt": b"1", "b/notes.txt": b"2"})), overwrite_merge="1")
    assert answer.text == "Successfully uploaded"
    assert bytes_of(instance, "a_notes_txt") == b"1"

    submit(instance, ("lab.zip", zipped({"other.txt": b"3"})), overwrite_merge="1")
    assert [(f.iri, f.size) for f in instance.hub.files.all()] == [(LAB + "other_txt/1", 1)]
    assert consistent(instance)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["2", "3"])
def test_the_same_archive_again_changes_nothing(instance: Live, mode: str) -> None:
    submit(instance, ("lab.zip", zipped(FILES)))
    before = instance.get("/user/alice/lab/lab_collection/1/sbol", "alice").text
    answer = add(instance, mode, ("lab.zip", zipped(FILES)))
    assert answer.text == "Successfully uploaded"
    assert report(instance, answer)["report"]["replaced"] == 0
    assert instance.get("/user/alice/lab/lab_collection/1/sbol", "alice").text == before
    assert bytes_of(instance, "b_notes_txt") == b"second\n"


def test_mode_2_refuses_other_bytes_and_mode_3_takes_them(instance: Live) -> None:
    submit(instance, ("lab.zip", zipped(FILES)))
    changed = zipped(FILES | {"b/notes.txt": b"changed\n"})
    refused = add(instance, "2", ("lab.zip", changed))
    assert refused.status_code == 400
    assert f"{LAB}b_notes_txt/1 that is already in this repository and has different content" in refused.text
    assert bytes_of(instance, "b_notes_txt") == b"second\n"

    assert add(instance, "3", ("lab.zip", changed)).text == "Successfully uploaded"
    assert bytes_of(instance, "b_notes_txt") == b"changed\n"
    assert consistent(instance)


@pytest.mark.slow
def test_adding_an_archive_links_its_files_to_the_collection(instance: Live) -> None:
    submit(instance, ("device.xml", DESIGN))
    add(instance, "2", ("more.zip", zipped({"more.txt": b"more"})))
    collection = instance.get("/user/alice/lab/lab_collection/1/sbolnr", "alice").text
    assert f'<sbol:attachment rdf:resource="{LAB}more_txt/1"/>' in collection


@pytest.mark.slow
def test_files_of_an_archive_count_for_the_quota(tmp_path: Path) -> None:
    with live(tmp_path / "data", user_bytes=60_000) as instance:
        instance.user("alice")
        answer = submit(instance, ("lab.zip", zipped({"zeros.bin": bytes(100_000)})))
        assert answer.status_code == 413
        assert "no room is left for your files" in answer.text
        assert instance.hub.files.all() == []
        assert job_folders(instance) == []
        assert submit(instance, ("lab.zip", zipped({"zeros.bin": bytes(50_000)}))).status_code == 200


@pytest.mark.slow
def test_an_attachment_of_the_archive_s_design_has_the_bytes_of_its_file(instance: Live) -> None:
    base = "http://x.org/d/att"
    attachment = (
        f'<sbol:Attachment rdf:about="{base}/1"><sbol:persistentIdentity rdf:resource="{base}"/>'
        "<sbol:displayId>att</sbol:displayId><sbol:version>1</sbol:version>"
        '<sbol:source rdf:resource="pic.png"/></sbol:Attachment>'
    )
    document = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#">'
        f"{attachment}</rdf:RDF>"
    )
    submit(instance, ("lab.omex", zipped({"d.xml": document.encode(), "pic.png": b"\x89PNG\r\n\x1a\n"})))
    assert bytes_of(instance, "att") == b"\x89PNG\r\n\x1a\n"
    assert [f.iri for f in instance.hub.files.all()] == [LAB + "att/1"]
    collection = instance.get("/user/alice/lab/lab_collection/1/sbolnr", "alice").text
    assert "<sbol:attachment " not in collection  # it was there for something already


@pytest.mark.slow
def test_what_is_downloaded_as_an_archive_comes_back_as_it_was(instance: Live) -> None:
    def files() -> list[Any]:
        return sorted(instance.hub.files.all(), key=lambda f: f.iri)

    foreign = b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>"
    submit(instance, ("lab.zip", zipped(FILES | {"c/same.txt": b"first\n", "metadata.rdf": foreign})))
    before, stored = files(), instance.get("/user/alice/lab/lab_collection/1/nt", "alice").text.splitlines()
    assert [f.iri.removeprefix(LAB) for f in before] == [
        "a_notes_txt/1",
        "b_notes_txt/1",
        "metadata_rdf/1",
        "same_txt/1",
    ]

    for mode in ("3", "2", "1"):
        archive = instance.get("/user/alice/lab/lab_collection/1/omex", "alice").content
        answer = add(instance, mode, ("lab.omex", archive))
        assert answer.text == "Successfully uploaded"
        said = report(instance, answer)["report"]
        assert (said["created"], said["replaced"]) == (0, 0) or mode == "1"  # which makes everything anew
        assert files() == before
        after = instance.get("/user/alice/lab/lab_collection/1/nt", "alice").text.splitlines()
        assert {line for line in after if "modified" not in line and "created>" not in line} == {
            line for line in stored if "modified" not in line and "created>" not in line
        }


@pytest.mark.slow
def test_a_child_that_is_killed_leaves_no_file(instance: Live) -> None:
    members = {f"{n}.bin": os.urandom(1_000_000) for n in range(60)}
    upload = zipped(members, zipfile.ZIP_STORED)

    def kill() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if list(instance.hub.journal.folder.glob("*/unpacked/3")):
                for pid in instance.hub.lanes.prepare.pids():
                    os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.002)

    killer = threading.Thread(target=kill)
    killer.start()
    answer = submit(instance, ("lab.zip", upload))
    killer.join()
    assert answer.status_code == 400
    assert "was killed by signal 9" in answer.text
    assert job_folders(instance) == []
    assert submit(instance, ("small.zip", zipped(FILES))).status_code == 200
    assert hashlib.sha256(b"first\n").hexdigest() in {f.digest for f in instance.hub.files.all()}
    assert instance.hub.files.find(Iri(LAB + "0_bin/1")) is None


@pytest.mark.slow
def test_what_a_killed_server_has_unpacked_is_gone_after_its_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    upload = zipped({f"{n}.bin": os.urandom(1_000_000) for n in range(60)}, zipfile.ZIP_STORED)
    with served(data) as server, ThreadPoolExecutor(1) as sender:
        sending = sender.submit(server.submit, upload, name="lab.zip")
        deadline = time.monotonic() + 30
        while not list(data.glob("jobs/*/unpacked/3")):
            assert time.monotonic() < deadline
            time.sleep(0.002)
        server.process.kill()
        assert isinstance(sending.exception(timeout=60), httpx.TransportError)
    assert list(data.glob("jobs/*"))
    with served(data) as server:
        assert list(data.glob("jobs/*")) == []
        assert server.get("/user/alice/lab/lab_collection/1").status_code == 404
