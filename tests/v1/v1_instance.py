"""A fresh instance in a process of its own, which gets the recorded requests exactly as they were sent.

Knows how to start and stop `synhub serve`, who the recorded users are, and how to send one recorded item.
"""

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import engine_servers
from v1_recordings import Answer, Item, media_type_of

ROOT = Path(__file__).parents[2]
PREFIX = "http://localhost:7777/"  # of the recorded instance; where the server listens is another matter
TIMEOUT_S = 60
_READY = re.compile(r"^synhub \S+ ready on http://([^:/]+):(\d+)")
# Failed logins are recorded in a row from one address, faster than people type. Queries of others show a change only
# when their snapshot is older than this: without an age an answer does not depend on how fast the replay is.
_SETTINGS = {"SYNHUB_LOGIN_ATTEMPTS": "1000", "SYNHUB_SNAPSHOT_AGE": "0", "PYTHONPATH": str(ROOT)}
# The recorded caller -> who logs in for it. `tmp` logs out on purpose.
_LOGINS = {"admin": ("testuser", "test"), "alice": ("alice", "pw"), "bob": ("bob", "pw"), "tmp": ("bob", "pw")}


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("SYNHUB_")} | _SETTINGS


def run_command(*arguments: str, stdin: str = "") -> None:
    """Run `synhub …` to its end. Raises CalledProcessError."""
    subprocess.run(
        [sys.executable, "-m", "synhub", *arguments],
        input=stdin, text=True, check=True, cwd=ROOT, env=_environment(), stdout=subprocess.DEVNULL, timeout=TIMEOUT_S,
    )  # fmt: skip


def make_administrator(data: Path) -> None:
    """The first user of the recorded instance, whom its set-up page made."""
    run_command(
        "user", "add", "testuser", "--email", "test@user.synbiohub", "--name", "Test User",
        "--admin", "--curator", "--member", "--password-stdin", "--data", str(data),
        stdin="test\n",
    )  # fmt: skip


class Instance:
    """One running server. Tokens are asked for when a caller first needs one."""

    def __init__(self, host: str, port: int, recordings: Path) -> None:
        self._connection = HTTPConnection(host, port, timeout=TIMEOUT_S)
        self._recordings = recordings
        self.tokens: dict[str, str] = {}

    def close(self) -> None:
        self._connection.close()

    def send(self, item: Item) -> Answer:
        """Send an item. Raises OSError and HTTPException when no answer comes: synhub always answers."""
        headers = {k: self._with_token(v) for k, v in item.headers.items()}
        body, content_type = self._body(item)
        if content_type is not None:
            headers["Content-Type"] = content_type
        return self.exchange(item.method, item.path, headers, body)

    def submit(self, caller: str, fields: Mapping[str, str], file: str) -> None:
        """Submit one of the recorded files."""
        parts: list[Mapping[str, Any]] = [{"name": name, "value": value} for name, value in fields.items()]
        parts.append({"name": "file", "filename": Path(file).name, "content_type": "text/xml", "content": file})
        body, content_type = self._multipart(parts)
        headers = {"X-authorization": self.token(caller), "Content-Type": content_type, "Accept": "text/plain"}
        answer = self.exchange("POST", "/submit", headers, body)
        assert answer.text == "Successfully uploaded", answer

    def token(self, caller: str) -> str:
        if caller not in self.tokens:
            login, password = _LOGINS[caller]
            body = urlencode({"email": login, "password": password}).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/plain"}
            answer = self.exchange("POST", "/login", headers, body)
            assert answer.status == 200, (caller, answer)
            self.tokens[caller] = answer.text
        return self.tokens[caller]

    def _with_token(self, value: str) -> str:
        return re.sub(r"<token of (\w+)>", lambda m: self.token(m[1]), value)

    def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send one request, its path untouched. A connection that the server has closed is opened again, once."""
        try:
            return self._exchange(method, path, headers, body)
        except (HTTPException, ConnectionError):
            self._connection.close()
            return self._exchange(method, path, headers, body)

    def _exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        connection = self._connection
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None or method in ("POST", "PUT"):
            connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body or b"")
        response = connection.getresponse()
        return Answer(
            response.status,
            media_type_of(response.getheader("Content-Type", "") or ""),
            response.getheader("Location", "") or "",
            response.read(),
        )

    def _body(self, item: Item) -> tuple[bytes | None, str | None]:
        """The body of an item, and its content type where that says more than the recorded header."""
        if item.form is not None:
            return urlencode(item.form).encode(), None
        if item.json is not None:
            return json.dumps(item.json).encode(), None
        if item.parts is not None:
            return self._multipart(item.parts)
        return (item.body.encode() if item.body is not None else None), None

    def _multipart(self, parts: Any) -> tuple[bytes, str]:
        boundary = uuid.uuid4().hex
        pieces: list[bytes] = []
        for part in parts:
            name = f'form-data; name="{part["name"]}"'
            if "filename" in part:
                content = (self._recordings / part["content"]).read_bytes()
                head = f'{name}; filename="{part["filename"]}"\r\nContent-Type: {part["content_type"]}'
            else:
                content, head = part["value"].encode(), name
            pieces += [f"--{boundary}\r\nContent-Disposition: {head}\r\n\r\n".encode(), content, b"\r\n"]
        return b"".join(pieces) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


@contextmanager
def running(data: Path, recordings: Path, tokens: Mapping[str, str] | None = None) -> Iterator[Instance]:
    """Serve `data` until the block ends; what the server logs is in `<data>.log`."""
    command = [sys.executable, "-m", "synhub", "serve", "--data", str(data), "--port", "0", "--uri-prefix", PREFIX]
    with ExitStack() as stack:
        environment = _environment()
        if engine := stack.enter_context(engine_servers.engine_for(data)):
            environment["SYNHUB_ENGINE"] = engine
        log = stack.enter_context(data.with_suffix(".log").open("ab"))
        process = stack.enter_context(
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        )
        try:
            assert process.stdout is not None
            ready = _READY.match(process.stdout.readline())
            assert ready, f"the server did not start: {data.with_suffix('.log').read_text()}"
            instance = Instance(ready[1], int(ready[2]), recordings)
            instance.tokens.update(tokens or {})
            yield instance
            instance.close()
        finally:
            process.terminate()
            process.wait(timeout=TIMEOUT_S)
