"""Waiting for jobs: every route that starts one answers at once when asked to, and its access line names the job."""

import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live import PREFIX, Live, live

pytestmark = pytest.mark.slow

DEVICE = (Path(__file__).parents[2] / "fixtures" / "sbol2" / "device.xml").read_bytes()
LAB, COLLECTION, PART = "/user/alice/lab", "/user/alice/lab/lab_collection/1", "/user/alice/lab/gfp_device/1"
TYPE = "http://identifiers.org/combine.specifications/sbol"

FOUND = PREFIX + "user/alice/found/found_collection/1"
META = {"metaId": "found", "metaVersion": "1", "metaName": "Found", "metaDescription": "what was found"}
NEW = {"tabState": "new", "id": "out", "version": "1", "name": "Out", "description": "for all"}

# method, path, what is sent; what a row needs is made by the rows above it.
CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", f"{PART}/edit/title", {"data": {"object": "new title"}}),
    ("POST", f"{PART}/add/annotation", {"data": {"object": "7", "pred": "http://x.org/p"}}),
    ("POST", f"{PART}/remove/annotation", {"data": {"object": "7", "pred": "http://x.org/p"}}),
    ("POST", "/updateMutableNotes", {"data": {"uri": PREFIX + PART[1:], "value": "a note"}}),
    ("POST", "/updateCitations", {"data": {"uri": PREFIX + PART[1:], "value": "1234"}}),
    ("POST", f"{PART}/attach", {"files": {"file": ("a.txt", b"bytes")}}),
    ("POST", f"{PART}/attachUrl", {"data": {"url": "http://x.org/a", "type": TYPE, "name": "link"}}),
    ("POST", f"{PART}/addOwner", {"data": {"user": "bob"}}),
    ("POST", f"{PART}/removeOwner/bob", {"data": {}}),
    ("POST", "/createCollection", {"data": META | {"name": "gfp"}}),
    ("POST", f"{PART}/addToCollection", {"data": {"collections": FOUND}}),
    ("POST", f"{COLLECTION}/removeMembership", {"data": {"member": PREFIX + PART[1:]}}),
    ("GET", f"{LAB}/link/1/remove", {}),
    ("POST", f"{COLLECTION}/makePublic", {"data": NEW}),
    ("POST", "/public/out/out_collection/1/icon", {"files": {"file": ("a.gif", b"GIF89a\1\0\1\0\0\0\0;")}}),
    ("GET", "/user/alice/found/found_collection/1/removeCollection", {}),
]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path / "data") as running:
        running.user("alice")
        running.user("bob")
        yield running


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """The access lines."""
    found: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("synhub.access")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(level)


def state_at_end(hub: Live, path: str) -> dict[str, Any]:
    for _ in range(600):
        job: dict[str, Any] = hub.get(path, "alice").json()
        if job["state"] in ("done", "failed"):
            return job
        time.sleep(0.02)
    raise AssertionError(job)


def line_of(lines: list[str], path: str) -> list[str]:
    """The newest access line of a path, which is written after the answer."""
    for _ in range(250):
        found = [line.split(" ") for line in lines if f" {path} " in line]
        if found:
            return found[-1]
        time.sleep(0.02)
    raise AssertionError(lines)


def test_every_job_is_answered_at_once_when_asked_to(hub: Live, lines: list[str]) -> None:
    assert hub.submit("alice", DEVICE).status_code == 200
    for method, path, options in CHANGES:
        answer = hub.request(method, path, "alice", headers={"Prefer": "respond-async"}, **options)
        assert (answer.status_code, answer.headers.get("preference-applied")) == (202, "respond-async"), (
            path,
            answer.text,
        )
        location = answer.headers["location"]
        assert answer.text == f"Accepted; see {location}"
        assert re.fullmatch(r"/jobs/[\w-]+", location)
        assert state_at_end(hub, location)["state"] == "done", (path, hub.get(location, "alice").text)
        assert line_of(lines, path)[-1] == location.removeprefix("/jobs/")


@pytest.mark.parametrize("prefer", ["respond-async, wait=10", "return=minimal, Respond-Async", "respond-async;x=1"])
def test_the_preference_is_found_among_others(hub: Live, prefer: str) -> None:
    assert hub.submit("alice", DEVICE).status_code == 200
    change = {"object": "new title"}
    assert (
        hub.request("POST", PART + "/edit/title", "alice", data=change, headers={"Prefer": prefer}).status_code == 202
    )


@pytest.mark.parametrize("prefer", ["", "wait=10", "x-respond-async", "handling=respond-async"])
def test_without_the_preference_the_answer_waits(hub: Live, prefer: str) -> None:
    assert hub.submit("alice", DEVICE).status_code == 200
    answer = hub.request("POST", PART + "/edit/title", "alice", data={"object": "new"}, headers={"Prefer": prefer})
    assert (answer.status_code, answer.text) == (200, "new")
    assert "preference-applied" not in answer.headers


@pytest.mark.parametrize("wait", [True, False])
def test_the_line_of_a_failed_change_names_its_job(hub: Live, lines: list[str], wait: bool) -> None:
    assert hub.submit("alice", DEVICE).status_code == 200
    path = PART + "/remove/role"
    headers = {} if wait else {"Prefer": "respond-async"}
    answer = hub.request("POST", path, "alice", data={"object": "http://x.org/none"}, headers=headers)
    assert answer.status_code == (400 if wait else 202)
    job = state_at_end(hub, "/jobs/" + line_of(lines, path)[-1])
    assert job["state"] == "failed"
    assert "there is no role 'http://x.org/none' to remove" in job["error"]


def test_what_starts_no_job_is_refused_at_once(hub: Live) -> None:
    assert hub.submit("alice", DEVICE).status_code == 200
    prefer = {"Prefer": "respond-async"}
    refused = hub.request("POST", PART + "/edit/title", "bob", data={"object": "mine"}, headers=prefer)
    assert (refused.status_code, refused.text) == (401, "Not authorized to edit this object")
    assert hub.get(LAB + "/absent/1/remove", "alice", headers=prefer).status_code == 404


def test_a_share_link_is_its_own_answer(hub: Live) -> None:
    assert hub.submit("alice", DEVICE).status_code == 200
    answer = hub.get(PART + "/shareLink", "alice", headers={"Prefer": "respond-async"})
    assert answer.status_code == 200
    assert answer.text.endswith("/share")
