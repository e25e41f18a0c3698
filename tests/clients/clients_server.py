"""A real server process with the demo collection, and curl.

Answers for starting, the accounts, and stopping without a traceback in the log. Knows nothing of any client.
"""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]
USER, EMAIL, PASSWORD = "alice", "alice@example.org", "correct horse"
OTHER = "bob"

_READY = re.compile(r"synhub \S+ ready on (http://\S+), prefix (\S+), (\d+) top levels")
_START_S = 60
_STOP_S = 30


@dataclass(frozen=True)
class Server:
    """`url` is where it listens and `prefix` what its IRIs begin with, both without the last slash."""

    url: str
    prefix: str
    folder: Path


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNHUB_")}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def _add_user(data: Path, name: str) -> None:
    command = ["user", "add", name, "--email", f"{name}@example.org", "--name", f"{name.title()} Example"]
    command += ["--password-stdin", "--data", str(data)]
    subprocess.run(
        [sys.executable, "-m", "synhub", *command],
        input=PASSWORD + "\n", text=True, check=True, env=_environment(), cwd=ROOT, timeout=60, capture_output=True,
    )  # fmt: skip


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


def _read_until(process: "subprocess.Popen[bytes]", words: str, log: Path) -> str:
    """Return what a server prints up to the line that holds these words."""
    assert process.stdout is not None
    lines = ""
    while words not in lines:
        ready, _, _ = select.select([process.stdout], [], [], _START_S)
        line = process.stdout.readline().decode() if ready else ""
        assert line, f"no line with {words!r} after\n{lines}\n{log.read_text()}"
        lines += line
    return lines


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Server]:
    """Serve the demo collection from `folder` until the block ends; then it stops cleanly and has logged no error.

    Two accounts are there beside the demo's: alice and bob.
    """
    data, log = folder / "data", folder / "log"
    command = ["serve", "--data", str(data), "--port", str(free_port()), "--demo", *options]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "synhub", *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sink, env=_environment(), cwd=ROOT, bufsize=0,
        )  # fmt: skip
    try:
        found = re.search(_READY, _read_until(process, "demo account", log))  # the line that follows its submission
        assert found is not None
        for name in (USER, OTHER):
            _add_user(data, name)
        # `localhost` as in the default prefix, so that the two are one text unless a prefix is given
        yield Server(found[1].replace("127.0.0.1", "localhost"), found[2].rstrip("/"), folder)
        process.send_signal(signal.SIGTERM)
        assert process.wait(_STOP_S) == 0, log.read_text()
        assert "Traceback" not in log.read_text(), log.read_text()
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@dataclass(frozen=True)
class Answer:
    """What curl got: status, headers by lower-case name, the body as bytes, and whether it was told to continue."""

    status: int
    headers: dict[str, str]
    body: bytes
    continued: bool

    @property
    def text(self) -> str:
        return self.body.decode()


def absent(name: str, packages: str) -> NoReturn:
    """Skip a test for want of a tool; in CI it fails."""
    reason = f"not installed: {name}; on Debian and Ubuntu: apt-get install {packages}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def tool(name: str, packages: str) -> str:
    """Return the path of a program that a test needs."""
    return shutil.which(name) or absent(name, packages)


def curl(*arguments: str, body: bytes | None = None, folder: Path | None = None) -> Answer:
    """Run curl with these arguments, in a folder; `body` is its standard input."""
    program = tool("curl", "curl")
    done = subprocess.run(
        [program, "-sS", "--noproxy", "*", "--max-time", "60", "-D", "-", *arguments],
        input=body or b"", capture_output=True, timeout=90, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    head, _, rest = done.stdout.partition(b"\r\n\r\n")
    continued = head.split(b" ", 2)[1] == b"100"
    if continued:
        head, _, rest = rest.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split(" ")[1]), headers, rest, continued)


def login(server: Server, user: str = USER) -> str:
    """Return a token of an account."""
    answer = curl("-d", f"email={user}", "-d", f"password={PASSWORD}", f"{server.url}/login")
    assert answer.status == 200, answer.text
    return answer.text
