"""Searches of many at once are answered by another process too, with the same answers."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from live import Live, live

PATHS = (
    "/search/promoter", "/search/*?limit=3", "/searchCount/objectType=ComponentDefinition&", "/facets/*",
    "/autocomplete/prom", "/rootCollections", "/remoteSearch/gfp", "/search/persistentIdentity=<http://x/y>&?limit=2",
)  # fmt: skip
DESIGN = """>promoter_one a promoter
ACGTACGT
>gfp_two green
ATGGCCGCC
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as hub:
        for name in ("alice", "bob"):
            hub.user(name)
            assert hub.submit(name, DESIGN.encode(), {"id": f"lab_{name}", "name": f"Lab of {name}"}).status_code == 200
        yield hub


def at_once(hub: Live, rounds: int) -> list[tuple[str, str | None, httpx.Response]]:
    asked = [(path, who) for _ in range(rounds) for path in PATHS for who in (None, "alice", "bob")]
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda one: (*one, hub.get(*one)), asked))


def until_there(hub: Live) -> None:
    """Ask at once until another process is there."""
    ends = time.monotonic() + 60
    while (reader := hub.hub.readers.take()) is None:
        assert time.monotonic() < ends
        at_once(hub, 1)
    hub.hub.readers.give_back(reader)


def test_answers_are_the_same_whoever_gives_them(hub: Live) -> None:
    alone = {(path, who): hub.get(path, who) for path in PATHS for who in (None, "alice", "bob")}
    assert hub.hub.readers.pids() == []  # who asks alone needs none
    until_there(hub)
    jobs = hub.hub.readers.take()
    assert jobs is not None
    before = jobs.process.jobs
    hub.hub.readers.give_back(jobs)
    for path, who, answer in at_once(hub, 4):
        assert (answer.status_code, answer.content) == (200, alone[path, who].content)
        assert answer.headers["content-type"] == alone[path, who].headers["content-type"]
    assert jobs.process.jobs > before


def test_what_another_process_does_not_answer_is_answered_here(hub: Live) -> None:
    until_there(hub)
    expected = hub.get("/search/promoter", "alice").content
    reader = hub.hub.readers.take()
    assert reader is not None
    reader.process.process.kill()
    hub.hub.readers.give_back(reader)
    for path, who, answer in at_once(hub, 2):
        assert answer.status_code == 200, path
        if (path, who) == ("/search/promoter", "alice"):
            assert answer.content == expected


@pytest.mark.slow
def test_each_sees_at_once_what_was_done_and_nobody_else_does(hub: Live) -> None:
    until_there(hub)
    done = threading.Event()

    def ask_on() -> int:
        count = 0
        while not done.is_set() and count < 5_000:
            answer = hub.get(PATHS[count % 4])
            assert answer.status_code == 200 and b"secret" not in answer.content
            count += 1
        return count

    def write(who: str, other: str) -> None:
        for n in range(6):
            design = f">secret_{who}_{n}\nACGTACGT\n".encode()
            assert hub.submit(who, design, {"id": f"s{n}", "name": "secret"}).status_code == 200
            path = f"/searchCount/secret_{who}_{n}_seq"
            assert [hub.get(path, reader).text for reader in (who, other, None)] == ["1", "0", "0"]
            assert hub.get(f"/user/{who}/s{n}/s{n}_collection/1/removeCollection", who).status_code == 200
            assert [hub.get(path, reader).text for reader in (who, other, None)] == ["0", "0", "0"]

    jobs = {reader: reader.process.jobs for reader in hub.hub.readers._idle}
    with ThreadPoolExecutor(6) as pool:
        asking = [pool.submit(ask_on) for _ in range(4)]
        try:
            for writing in [pool.submit(write, "alice", "bob"), pool.submit(write, "bob", "alice")]:
                writing.result(120)
        finally:
            done.set()
        assert all(one.result(60) for one in asking)
    assert any(reader.process.jobs > before + 50 for reader, before in jobs.items())
