"""SPARQL servers for tests, on loopback and with data in a folder: started when a test first needs one, kept until
the process ends, emptied before each test. What is not installed skips the test, and fails it where CI is set."""

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import pytest

from bench import servers

ROOT = Path(__file__).parent.parent
FUSEKI_JAR = ROOT / ".venv" / "tools" / "jena-fuseki-server.jar"  # scripts/test puts it there
_START_S = 60.0
_BUFFERS = 20_000  # of 8 KiB: enough for tests


@dataclass(frozen=True)
class Running:
    """`url` is an engine URL; `update` and `auth` are for what a test does behind the engine's back."""

    url: str
    update: str
    auth: httpx.Auth | None
    clear: str

    def empty(self) -> None:
        httpx.post(
            self.update, content=self.clear, headers={"Content-Type": "application/sparql-update"}, auth=self.auth
        ).raise_for_status()


@cache
def running(name: str) -> Running:
    """Return a server by its name; the same one in the whole process. Skips the test where it is not installed."""
    stack = ExitStack()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"synhub-{name}-")))
    atexit.register(stack.close)
    return stack.enter_context(STARTERS[name](folder))


def _absent(what: str) -> None:
    """Skip, or fail where all is to be installed."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@contextmanager
def oxigraph(folder: Path, port: int = 0) -> Iterator[Running]:
    program = shutil.which("oxigraph") or str(Path(sys.executable).parent / "oxigraph")
    if not Path(program).is_file():
        _absent("the server oxigraph is not installed: pip install oxigraph")
    port = port or _free_port()
    with _process([program, "serve", "--location", str(folder / "data"), "--bind", f"127.0.0.1:{port}"], folder, port):
        yield Running(f"sparql+http://127.0.0.1:{port}/", f"http://127.0.0.1:{port}/update", None, "DROP ALL")


@contextmanager
def fuseki(folder: Path, port: int = 0) -> Iterator[Running]:
    jar = Path(os.environ.get("SYNHUB_TEST_FUSEKI", FUSEKI_JAR))
    if not jar.is_file() or shutil.which("java") is None:
        # not a failure in CI: the jar comes from a place that need not answer
        pytest.skip(f"Apache Jena Fuseki is not installed: no Java or no {jar}")
    port = port or _free_port()
    data = folder / "data"
    data.mkdir(exist_ok=True)
    arguments = [
        "java", "-Xmx512m", "-jar", str(jar), "--port", str(port), "--localhost", "--tdb2", "--loc", str(data),
        "--update", "/ds",
    ]  # fmt: skip
    with _process(arguments, folder, port):
        base = f"127.0.0.1:{port}/ds"
        yield Running(f"sparql+http://{base}", f"http://{base}/update", None, "DROP ALL")


@contextmanager
def virtuoso(folder: Path) -> Iterator[Running]:
    try:
        servers.find_virtuoso()
    except servers.Failed as error:
        _absent(str(error))
    with servers.virtuoso(folder / "data", folder, buffers=_BUFFERS) as started:
        at = f"127.0.0.1:{started.server.port}"
        clear = "; ".join(f"CLEAR SILENT GRAPH <{graph}>" for graph in _TEST_GRAPHS)
        yield Running(f"sparql+http://dba:dba@{at}/", f"http://{at}/sparql-auth", httpx.DigestAuth("dba", "dba"), clear)


STARTERS: dict[str, Callable[[Path], AbstractContextManager[Running]]] = {
    "oxigraph-server": oxigraph,
    "fuseki": fuseki,
    "virtuoso": virtuoso,
}
# Virtuoso has graphs of its own, and no way to drop all others.
_TEST_GRAPHS = ["http://h/public", *(f"http://h/user/{name}" for name in ("alice", "bob", "nobody"))]


def _free_port() -> int:
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
