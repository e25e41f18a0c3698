"""SPARQL servers for tests, on loopback and with data in a folder: started when a test first needs one, kept until
the process ends, emptied when the next needs it. What is not installed skips the test, and fails it where CI is set."""

import atexit
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import pytest

from bench import servers
from synhub.store.endpoint import parse_engine_url
from synhub.store.remote import RemoteStore

ROOT = Path(__file__).parent.parent
FUSEKI_JAR = ROOT / ".venv" / "tools" / "jena-fuseki-server.jar"  # scripts/test puts it there
_START_S = 60.0
_OURS = re.compile(r"(/public|/user/[^/]+)$")
_BUFFERS = 20_000  # of 8 KiB: enough for tests


@dataclass(frozen=True)
class Running:
    """`url` is an engine URL; `update` and `auth` are for what a test does behind the engine's back."""

    url: str
    address: str
    auth: httpx.Auth | None = None

    def empty(self) -> None:
        """Clear every graph that looks like one of ours; servers may have some of their own."""
        with closing(RemoteStore(parse_engine_url(self.url))) as store:
            for graph in store.graphs():
                if _OURS.search(graph):
                    self.update(f"CLEAR GRAPH <{graph}>")

    def update(self, text: str) -> None:
        headers = {"Content-Type": "application/sparql-update"}
        httpx.post(self.address, content=text, headers=headers, auth=self.auth).raise_for_status()


@cache
def running(name: str) -> Running:
    """Return a server by its name; the same one in the whole process. Skips the test where it is not installed."""
    return _start(name)


def _start(name: str) -> Running:
    stack = ExitStack()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"synhub-{name}-")))
    atexit.register(stack.close)
    return stack.enter_context(STARTERS[name](folder))


class Pool:
    """Servers for instances that run at the same time: each has one, and again the same when it is opened again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._free: list[Running] = []  # the one that has been free for longest first
        self._last: dict[Path, Running] = {}

    @contextmanager
    def server(self, data: Path) -> Iterator[Running]:
        """Lend the server of a data folder; an empty one when the folder is new."""
        own = self._last.get(data)
        if own is None or own not in self._free:
            own = self._free[0] if self._free else _start(self._name)
            self._last = {folder: server for folder, server in self._last.items() if server is not own}
        if own in self._free:
            self._free.remove(own)
        if data not in self._last:
            own.empty()
        self._last[data] = own
        try:
            yield own
        finally:
            self._free.append(own)


@cache
def pool(name: str) -> Pool:
    return Pool(name)


def _absent(what: str) -> None:
    """Skip, or fail where all is to be installed."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def engine_for(data: Path) -> Iterator[str | None]:
    """Yield the URL of a server for an instance over `data`, of the kind that TEST_ENGINE names; None without one."""
    name = os.environ.get("TEST_ENGINE")
    if name is None:
        yield None
    else:
        with pool(name).server(data) as server:
            yield server.url


@contextmanager
def oxigraph(folder: Path, port: int = 0) -> Iterator[Running]:
    program = shutil.which("oxigraph") or str(Path(sys.executable).parent / "oxigraph")
    if not Path(program).is_file():
        _absent("the server oxigraph is not installed: pip install oxigraph")
    port = port or free_port()
    with _process([program, "serve", "--location", str(folder / "data"), "--bind", f"127.0.0.1:{port}"], folder, port):
        yield Running(f"sparql+http://127.0.0.1:{port}/", f"http://127.0.0.1:{port}/update")


@contextmanager
def fuseki(folder: Path, port: int = 0) -> Iterator[Running]:
    jar = Path(os.environ.get("TEST_FUSEKI", FUSEKI_JAR))
    if not jar.is_file() or shutil.which("java") is None:
        # not a failure in CI: the jar comes from a place that need not answer
        pytest.skip(f"Apache Jena Fuseki is not installed: no Java or no {jar}")
    port = port or free_port()
    data = folder / "data"
    data.mkdir(exist_ok=True)
    arguments = [
        "java", "-Xmx512m", "-jar", str(jar), "--port", str(port), "--localhost", "--tdb2", "--loc", str(data),
        "--update", "/ds",
    ]  # fmt: skip
    with _process(arguments, folder, port):
        base = f"127.0.0.1:{port}/ds"
        yield Running(f"sparql+http://{base}", f"http://{base}/update")


@contextmanager
def virtuoso(folder: Path) -> Iterator[Running]:
    try:
        servers.find_virtuoso()
    except servers.Failed as error:
        _absent(str(error))
    with servers.virtuoso(folder / "data", folder, buffers=_BUFFERS) as started:
        at = f"127.0.0.1:{started.server.port}"
        yield Running(f"sparql+http://dba:dba@{at}/", f"http://{at}/sparql-auth", httpx.DigestAuth("dba", "dba"))


STARTERS: dict[str, Callable[[Path], AbstractContextManager[Running]]] = {
    "oxigraph-server": oxigraph,
    "fuseki": fuseki,
    "virtuoso": virtuoso,
}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def _process(arguments: list[str], folder: Path, port: int) -> Iterator[None]:
    log = folder / "log"
    with log.open("w") as file:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=folder)
    try:
        ends = time.monotonic() + _START_S
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
                break
            except httpx.HTTPError:
                if process.poll() is not None or time.monotonic() > ends:
                    raise AssertionError(f"{arguments[0]} did not start: {log.read_text()[-2000:]}") from None
                time.sleep(0.05)
        yield
    finally:
        process.kill()
        process.wait()
