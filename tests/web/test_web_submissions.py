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


def test_who_left_before_the_answer_gets_it_for_the_same_upload(instance: Live) -> None:
    form = {"id": "left", "version": "1", "name": "Left", "description": "nobody waited", "overwrite_merge": "0"}
    upload = httpx.Request(
        "POST",
        instance.url + "/submit",
        headers=instance.headers("alice"),
        data=form,
        files={"file": ("design.xml", DESIGN, "text/xml")},
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in upload.headers.items())
    with socket.create_connection((upload.url.host, upload.url.port or 80)) as connection:
        connection.sendall(f"POST /submit HTTP/1.1\r\n{head}\r\n".encode() + upload.read())
        _wait_until(lambda: instance.hub.journal.waiting_of("alice") == 1)
    _wait_until(lambda: instance.hub.journal.waiting_of("alice") == 0)
    time.sleep(0.2)  # in which the handler sees that nobody is left to answer

    repeat = instance.client.send(upload)
    assert (repeat.status_code, repeat.text) == (200, "Successfully uploaded")


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)
