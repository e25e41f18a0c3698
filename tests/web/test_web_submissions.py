"""POST /submit over HTTP: whose repeat gets an answer, and whose is a new submission."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from live import Live, live

DESIGN = (Path(__file__).parents[2] / "fixtures" / "sbol2" / "device.xml").read_bytes()


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("submissions")) as running:
        running.user("alice")
        yield running


def test_an_upload_repeated_at_once_after_its_answer_is_refused(instance: Live) -> None:
    for number in range(5):
        fields = {"id": f"twice{number}"}
        first, second = (instance.submit("alice", DESIGN, fields) for _ in range(2))

        assert (first.status_code, first.text) == (200, "Successfully uploaded")
        assert (second.status_code, second.text) == (400, "Submission id and version already in use")


@pytest.mark.parametrize("padding", [0, 100_000, 300_000, 500_000, 1_000_000])
def test_who_left_before_the_answer_gets_it_for_the_same_upload(instance: Live, padding: int) -> None:
    """A large last piece of a body fills the buffer of the server, which then reads no more for a while."""
    upload = _upload(instance, f"left{padding}", DESIGN + b" " * padding)
    _send_and_leave(instance, upload)

    repeat = instance.client.send(upload)
    assert (repeat.status_code, repeat.text) == (200, "Successfully uploaded")
    again = instance.client.send(upload)
    assert (again.status_code, again.text) == (400, "Submission id and version already in use")


def test_a_job_that_was_accepted_has_been_answered(instance: Live) -> None:
    upload = _upload(instance, "later", DESIGN, prefer="respond-async")
    accepted = instance.client.send(upload)
    assert accepted.status_code == 202
    _wait_until(lambda: instance.hub.journal.waiting_of("alice") == 0)

    repeat = instance.client.send(_upload(instance, "later", DESIGN))
    assert (repeat.status_code, repeat.text) == (400, "Submission id and version already in use")


def _upload(instance: Live, collection_id: str, content: bytes, **headers: str) -> httpx.Request:
    form = {"id": collection_id, "version": "1", "name": "Left", "description": "nobody waited", "overwrite_merge": "0"}
    upload = httpx.Request(
        "POST",
        instance.url + "/submit",
        headers=instance.headers("alice") | headers,
        data=form,
        files={"file": ("design.xml", content, "text/xml")},
    )
    upload.read()
    return upload


def _send_and_leave(instance: Live, upload: httpx.Request) -> None:
    """Send the whole body at once, close the connection while the job runs, and wait until it has run."""
    head = "".join(f"{name}: {value}\r\n" for name, value in upload.headers.items())
    with socket.create_connection((upload.url.host, upload.url.port or 80)) as connection:
        connection.sendall(f"POST /submit HTTP/1.1\r\n{head}\r\n".encode())
        time.sleep(0.1)  # in which the handler begins to wait for the body
        connection.sendall(upload.content)
        _wait_until(lambda: instance.hub.journal.waiting_of("alice") == 1)
    _wait_until(lambda: instance.hub.journal.waiting_of("alice") == 0)
    time.sleep(0.2)  # in which the handler sees that nobody is left to answer


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_refused_upload_has_a_report_too(instance: Live) -> None:
    answer = instance.submit("alice", b"<rdf:RDF", {"id": "broken"})
    assert answer.status_code == 400
    report = instance.get(answer.links["describedby"]["url"], "alice").json()["report"]
    assert [(file["name"], file["format"], file["role"]) for file in report["files"]] == [
        ("design.xml", "RDF/XML", "design")
    ]
    assert [finding["rule"] for finding in report["findings"]] == ["sbol-10105"]


@pytest.mark.parametrize("number", ["%C2%B2", "1" * 5000, "1", "00", "-1"])
def test_an_upload_that_a_job_does_not_have_is_not_found(instance: Live, number: str) -> None:
    job = instance.submit("alice", DESIGN, {"id": "upload", "overwrite_merge": "1"}).links["describedby"]["url"]
    answer = instance.get(f"{job}/upload/{number}", "alice")
    assert (answer.status_code, answer.json()["detail"]) == (404, "the job has no such upload")
    assert instance.get(f"{job}/upload/0", "alice").content == DESIGN


def test_names_that_are_too_long_are_told_so(instance: Live) -> None:
    answer = instance.submit("alice", DESIGN, {"id": "a" * 245, "version": "1" * 256})
    assert (answer.status_code, answer.json()) == (
        400,
        [
            "Collection id is invalid. It has more than 244 characters.",
            "Version is invalid. It has more than 255 characters.",
        ],
    )
