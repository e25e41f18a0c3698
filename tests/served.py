"""A server process of its own with one user, alice: for tests that measure the process, kill it, or fill its disk."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

USUAL = {"id": "lab", "version": "1", "name": "Lab", "description": "A lab", "overwrite_merge": "0"}


@dataclass(frozen=True)
class Served:
    """`url` is where it listens without the last slash, `data` its folder, `token` one of alice's."""

    url: str
    data: Path
    token: str
    process: "subprocess.Popen[str]"

    @property
    def headers(self) -> dict[str, str]:
        return {"Accept": "text/plain", "X-authorization": self.token}

    def get(self, path: str, **options: float) -> httpx.Response:
        return httpx.get(self.url + path, headers=self.headers, **options)  # type: ignore[arg-type]

    def submit(
        self, content: bytes | None, fields: Mapping[str, str] = {}, *, name: str = "design.xml", timeout: float = 60
    ) -> httpx.Response:
        """POST /submit as alice; `fields` complete a usual form."""
        files: dict[str, tuple[str | None, str | bytes]] = {k: (None, v) for k, v in (USUAL | dict(fields)).items()}
        if content is not None:
            files["file"] = (name, content)
        return httpx.post(self.url + "/submit", files=files, headers=self.headers, timeout=timeout)

    def memory(self, which: str = "VmRSS") -> int:
        """Bytes that the server process has in memory, or (`VmHWM`) ever had."""
        found = re.search(rf"{which}:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found is not None
        return int(found[1]) * 1024

    def stop(self) -> None:
        """Ask the server to end, and see that it does so cleanly."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=60) == 0


@contextmanager
def served(data: Path, *, log: Path = Path(os.devnull), **settings: object) -> Iterator[Served]:
    """Serve from a folder; `settings` become SYNHUB_ variables, the log goes to `log`. Whoever has not stopped it finds
    it killed."""
    command = [sys.executable, "-m", "synhub", "serve", "--data", str(data), "--port", "0"]
    more = {f"SYNHUB_{name.upper()}": str(value) for name, value in settings.items()}
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | more
    with log.open("wb") as stderr:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment)
    with server, ExitStack() as stack:
        stack.callback(server.kill)
        assert server.stdout is not None
        ready = re.search(r"ready on (\S+),", server.stdout.readline())
        assert ready is not None
        account = {"name": "A", "username": "alice", "email": "a@example.org", "password1": "pw", "password2": "pw"}
        httpx.post(ready[1] + "/register", data=account)
        token = httpx.post(ready[1] + "/login", data={"email": "alice", "password": "pw"}).text
        yield Served(ready[1], data, token, server)
