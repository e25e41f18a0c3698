"""A server that goes away, comes back, and has lost what it was given last: what synhub does about it."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import engine_servers
import httpx
import pytest
from live import live

pytestmark = pytest.mark.slow
PATIENCE_S = 30.0


def eventually(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.1)


class Flaky:
    """A server on one port that can be stopped, and made to forget."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = engine_servers.free_port()
        self._running = ExitStack()
        folder.mkdir()
        self.url = self.start()

    def start(self) -> str:
        return self._running.enter_context(engine_servers.oxigraph(self._folder, self._port)).url

    def stop(self) -> None:
        self._running.close()

    def remember(self) -> None:
        """Keep a copy of the data, of a stopped server."""
        shutil.copytree(self._folder / "data", self._folder / "copy")

    def forget(self) -> None:
        """Put the copy in the place of the data."""
        shutil.rmtree(self._folder / "data")
        shutil.copytree(self._folder / "copy", self._folder / "data")


@pytest.fixture
def server(tmp_path: Path) -> Flaky:
    return Flaky(tmp_path / "server")


def test_what_a_server_lost_is_there_again_before_anybody_reads(
    server: Flaky, tmp_path: Path, fixtures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synhub.store.writer.RETRY_S", 0.2)
    content = (fixtures / "sbol2" / "promoter.xml").read_bytes()
    with live(tmp_path / "data", engine=server.url, flush_interval=0.1) as hub:
        hub.user("alice")
        assert hub.submit("alice", content, {"id": "first"}).text == "Successfully uploaded"
        time.sleep(0.3)  # a flush: nothing has settled
        server.stop()
        server.remember()
        server.start()
        eventually(lambda: hub.get("/sparql", "alice", params={"query": "ASK {}"}).status_code == 200)
        assert hub.submit("alice", content, {"id": "second"}).text == "Successfully uploaded"
        server.stop()

        away = hub.get("/sparql", "alice", params={"query": "ASK {}"})
        refused = hub.submit("alice", content, {"id": "third"})
        server.forget()
        server.start()

        assert (away.status_code, refused.status_code) == (503, 503)
        assert (away.headers["Retry-After"], refused.headers["Retry-After"]) == ("5", "5")
        eventually(lambda: hub.get("/sparql", "alice", params={"query": "ASK {}"}).status_code == 200)
        assert hub.submit("alice", content, {"id": "fourth"}).text == "Successfully uploaded"

    server.stop()
    server.forget()
    server.start()
    with live(tmp_path / "data", engine=server.url) as hub:  # redo at the start
        alice = hub.hub.accounts.find_by_login("alice")
        assert alice is not None
        hub.tokens["alice"] = hub.hub.accounts.create_token(alice)
        for name in ("first", "second", "fourth"):
            assert hub.get(f"/user/alice/{name}/{name}_collection/1/metadata", "alice").status_code == 200
        assert hub.get("/user/alice/third/third_collection/1/metadata", "alice").text == "[]"
    server.stop()


def test_a_job_that_is_planned_waits_for_the_server_and_is_answered(
    server: Flaky, tmp_path: Path, fixtures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server goes away between the plan and its first step."""
    monkeypatch.setattr("synhub.store.writer.RETRY_S", 0.2)
    with live(tmp_path / "data", engine=server.url) as hub:
        hub.user("alice")
        planned = type(hub.hub.journal).planned

        def stopping(*arguments: object) -> tuple[bool, int]:
            server.stop()
            return planned(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(type(hub.hub.journal), "planned", stopping)
        answers: list[httpx.Response] = []
        thread = threading.Thread(
            target=lambda: answers.append(hub.submit("alice", (fixtures / "sbol2" / "promoter.xml").read_bytes()))
        )
        thread.start()
        thread.join(2)
        assert not answers
        monkeypatch.setattr(type(hub.hub.journal), "planned", planned)
        server.start()
        thread.join(PATIENCE_S)
        assert [answer.text for answer in answers] == ["Successfully uploaded"]
        assert hub.get("/user/alice/lab/lab_collection/1/metadata", "alice").status_code == 200
    server.stop()


def test_everything_is_503_until_the_server_is_there_and_sigterm_ends_the_waiting(
    server: Flaky, tmp_path: Path
) -> None:
    server.stop()
    port = engine_servers.free_port()
    command = [sys.executable, "-m", "synhub", "serve", "--data", str(tmp_path / "data"), "--port", str(port)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "SYNHUB_ENGINE": server.url}

    def start() -> "subprocess.Popen[str]":
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def status() -> int:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/public/a/b/1").status_code
        except httpx.HTTPError:
            return 0

    with start() as process:
        eventually(lambda: status() == 503)
        server.start()
        assert process.stdout is not None
        assert "ready on" in process.stdout.readline()
        assert status() == 404
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
    server.stop()
    with start() as process:
        eventually(lambda: status() == 503)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode in (0, -signal.SIGTERM)
        assert "the triple store does not answer" in said
        assert "Traceback" not in said
