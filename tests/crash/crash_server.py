"""A real server process on a real data folder, and the client that talks to it.

Answers for starting, waiting for the ready line, killing, stopping and checking. Knows nothing of what is stored.
"""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import httpx
from processes import children_of

ROOT = Path(__file__).parents[2]
PREFIX = "http://crash.example/"
USER = "alice"
PASSWORD = "a password of alice"

_READY = re.compile(r"synhub \S+ ready on (http://\S+), prefix (\S+), (\d+) top levels")
_START_S = 30
_STOP_S = 40


def environment(more: Mapping[str, str] = {}) -> dict[str, str]:
    """The environment of a server: nothing of the caller's settings; small answers to a small disk and two cores."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNHUB_", "CRASH_"))}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "SYNHUB_DISK_RESERVE": "0"} | dict(more)


def run_command(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run one `synhub` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "synhub", *arguments],
        input=text, capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip


def assert_clean(data: Path) -> None:
    """`synhub check` finds nothing. The server must be stopped."""
    done = run_command("check", "--data", str(data))
    assert done.returncode == 0, f"synhub check: {done.returncode}\n{done.stdout}{done.stderr}\n{log_of(data)}"


def _log_path(data: Path) -> Path:
    """Outside the folder that `data` lies in, which may be a full disk."""
    return data.parent.with_name(data.parent.name + ".log")


def log_of(data: Path) -> str:
    """The end of what the servers on a data folder said."""
    path = _log_path(data)
    return path.read_text()[-6000:] if path.exists() else "no log"


class Server:
    """`synhub serve` on `data`. With `launcher` it is tests/crash/dying_server.py, which `more` steers.

    The process is killed when the block ends, if it still lives.
    """

    def __init__(
        self, data: Path, more: Mapping[str, str] = {}, *, launcher: bool = False, options: tuple[str, ...] = ()
    ) -> None:
        self.data = data
        self.address = ""
        program = [str(Path(__file__).with_name("dying_server.py"))] if launcher else ["-m", "synhub"]
        with _log_path(data).open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *program, "serve", "--data", str(data), "--port", "0", *options],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment(more), cwd=ROOT,
            )  # fmt: skip

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def line(self, timeout_s: float = _START_S) -> str:
        """Return the next line of stdout; '' when the process ended."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], timeout_s)
        assert ready, f"the server said nothing in {timeout_s} s\n{log_of(self.data)}"
        return self.process.stdout.readline().decode()

    def wait_ready(self) -> "Server":
        line = self.line()
        found = _READY.match(line)
        assert found, f"not a ready line: {line!r}\n{log_of(self.data)}"
        self.address = found[1]
        return self

    def remove(self, namespace: str) -> bool:
        """Remove everything of a namespace; say whether the server answered before it died."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"remove {USER} {namespace}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            return False
        return self.line() == "removed\n"

    def kill(self) -> None:
        """kill -9, if it still lives."""
        self.process.kill()
        self.process.wait()

    def wait_killed(self, timeout_s: float = 20) -> None:
        """Wait until the server has killed itself."""
        assert self.process.wait(timeout_s) == -signal.SIGKILL, log_of(self.data)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """SIGTERM, and a clean end."""
        self.terminate()
        self.wait_stopped()

    def wait_stopped(self) -> None:
        code = self.process.wait(_STOP_S)
        assert code == 0, f"exit status {code}\n{log_of(self.data)}"

    def children(self) -> list[int]:
        """The processes that the server started and that live."""
        return children_of(self.process.pid)


def wait_until(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    ends = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < ends, "waited too long"
        time.sleep(0.005)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str


class Client:
    """One user's connection. Every method returns None when the server ended before it answered."""

    def __init__(self, address: str, token: str = "") -> None:
        headers = {"Accept": "text/plain"} | ({"X-authorization": token} if token else {})
        self._http = httpx.Client(base_url=address, headers=headers, timeout=60)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._http.close()

    def get(self, path: str) -> Answer | None:
        try:
            response = self._http.get(path)
        except httpx.TimeoutException:
            raise
        except httpx.TransportError:
            return None
        return Answer(response.status_code, response.text)

    def post(self, path: str, fields: Mapping[str, str], file: bytes | None = None) -> Answer | None:
        files = None if file is None else {"file": ("design.xml", file)}
        try:
            response = self._http.post(path, data=dict(fields), files=files)
        except httpx.TimeoutException:
            raise
        except httpx.TransportError:
            return None
        return Answer(response.status_code, response.text)

    def log_in(self) -> str:
        answer = self.post("/login", {"email": f"{USER}@crash.example", "password": PASSWORD})
        assert answer is not None and answer.status == 200, answer
        return answer.text
