"""`synhub submit`: send files to an instance over HTTP, with a progress bar.

Knows the public HTTP API only; imports nothing of the server.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import httpx

from synhub.errors import BadRequest, NotAuthenticated, SynhubError, TooLarge

REDRAW_S = 0.1
FIELDS = ("id", "version", "name", "description", "citations")

# The answer comes when the job is done, which may take minutes: no limit on reading.
TIMEOUT = httpx.Timeout(10.0, read=None, write=120.0)


class Progress:
    """A line on a terminal that says how much of `total_bytes` has been sent; silent on anything else."""

    def __init__(self, total_bytes: int, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = total_bytes
        self._out = out if out.isatty() else None
        self._clock = clock
        self._start = self._drawn = clock()
        self._sent = 0

    def advance(self, count_bytes: int) -> None:
        self._sent += count_bytes
        now = self._clock()
        done = self._sent >= self._total
        if self._out is None or (now - self._drawn < REDRAW_S and not done):
            return
        self._drawn = now
        rate = self._sent / max(now - self._start, 1e-3)
        share = self._sent / max(self._total, 1)
        bar = "#" * int(30 * share)
        self._out.write(f"\r[{bar:<30}] {share:4.0%}  {_size(self._sent)} of {_size(self._total)}  {_size(rate)}/s   ")
        if done:
            self._out.write("\nsent; waiting for the server to store it\n")
        self._out.flush()


def _size(count_bytes: float) -> str:
    return f"{count_bytes / 1e6:.1f} MB" if count_bytes >= 1e6 else f"{count_bytes / 1e3:.1f} kB"


class _CountedStream(httpx.SyncByteStream):
    """A request body that reports each chunk as it is handed to the connection."""

    def __init__(self, body: httpx.SyncByteStream, progress: Progress) -> None:
        self._body = body
        self._progress = progress

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._body:
            yield chunk
            self._progress.advance(len(chunk))


def read_token(path: Path | None, environment: Mapping[str, str]) -> str:
    """Return the token in `path`, else in SYNHUB_TOKEN.

    Raises NotAuthenticated when there is none, BadRequest when it cannot be a token or be read.
    """
    if path is not None:
        try:
            token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadRequest(f"cannot read the token file {path}: {error}") from error
    else:
        token = environment.get("SYNHUB_TOKEN", "").strip()
    if not token:
        raise NotAuthenticated("no token: give --token-file or set SYNHUB_TOKEN to what POST /login answered")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise BadRequest("the token holds characters that no token has; it is one word, as POST /login answered it")
    return token


def _fields(arguments: argparse.Namespace) -> dict[str, str]:
    fields = {name: getattr(arguments, name) for name in FIELDS if getattr(arguments, name) is not None}
    if arguments.collection is not None:
        fields["rootCollections"] = arguments.collection
    if arguments.sequence_only:
        fields["sequence_only"] = "1"
    fields["overwrite_merge"] = arguments.mode or ("2" if arguments.collection else "0")
    return fields


def _messages(body: str) -> str:
    """Return the body of a refusal as lines; field errors come as a JSON array of strings."""
    try:
        messages = json.loads(body)
    except ValueError:
        return body.strip()
    if isinstance(messages, list):
        return "\n".join(str(message) for message in messages)
    return body.strip()


def check_answer(response: httpx.Response) -> None:
    """Raise the error that the server's answer stands for, with what to do."""
    said = _messages(response.text)
    if response.status_code == 401:
        raise NotAuthenticated(f"the server does not accept the token ({said}); log in again with POST /login")
    if response.status_code == 413:
        raise TooLarge(f"the server refuses an upload of this size: {said}")
    if response.status_code == 400:
        raise BadRequest(f"the server refused the submission: {said}")
    if response.status_code not in (200, 202):
        raise SynhubError(f"{response.url} answered {response.status_code}: {said[:500]}")


def _send(client: httpx.Client, url: str, token: str, arguments: argparse.Namespace) -> httpx.Response:
    with ExitStack() as stack:
        parts = []
        for path in arguments.files:
            try:
                parts.append(("file", (path.name, stack.enter_context(path.open("rb")), "application/octet-stream")))
            except OSError as error:
                raise BadRequest(f"cannot read {path}: {error.strerror}") from error
        headers = {"X-authorization": token, "Accept": "text/plain"}
        request = client.build_request("POST", url, data=_fields(arguments), files=parts, headers=headers)
        progress = Progress(int(request.headers["Content-Length"]), sys.stderr)
        assert isinstance(request.stream, httpx.SyncByteStream)
        request.stream = _CountedStream(request.stream, progress)
        return client.send(request)


def submit(arguments: argparse.Namespace) -> int:
    """Submit `arguments.files`, print the server's answer and where its report is. Returns 0.

    Raises SynhubError when a file, the token or the server is not as it should be.
    """
    token = read_token(arguments.token_file, os.environ)
    url = arguments.url.rstrip("/") + "/submit"
    try:
        with httpx.Client(timeout=TIMEOUT) as client:
            response = _send(client, url, token, arguments)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise BadRequest(f"--url {arguments.url!r} is not an http or https address") from error
    except httpx.ConnectError as error:
        raise SynhubError(f"no server answers at {arguments.url} ({error}); is it running?") from error
    except httpx.TransportError as error:
        raise SynhubError(f"the connection to {arguments.url} broke off ({error!r}); nothing is known") from error
    check_answer(response)
    print(response.text)
    for link in response.links.values():
        print(f"report: {response.url.join(link['url'])}")
    return 0
