"""The programs that are measured, as children on loopback: synhub, Virtuoso 7, and the floor. Fills them with a corpus.

Each is ended when its block ends, whatever happened; each has a deadline to start, to load and to stop. Data stands in
folders that the caller gives.
"""

import os
import re
import select
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.client import Connection, request_of

ROOT = Path(__file__).parent.parent
START_S = 120.0
STOP_S = 60.0
LOAD_S = 1_800.0
PASSWORD = "correct horse battery"
VIRTUOSO_BUFFERS = 170_000  # of 8 KiB with their overhead: the 2 GiB that its own table recommends
_VIRTUOSO_DIRTY = 3 / 4  # of the buffers


class Failed(Exception):
    """A program of the benchmark did not do what it should; the message says which, and what it said."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running program: where it listens, the headers that its requests carry, and its process."""

    name: str
    port: int
    pid: int
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return "127.0.0.1"

    def get(self, path: str) -> bytes:
        """Return the body of an answer. Raises Failed for any status but 200."""
        with Connection(self.host, self.port) as connection:
            reply = connection.get(request_of(path, self.headers, f"{self.host}:{self.port}"))
        if reply.status != 200:
            raise Failed(f"{self.name}: {path[:500]} was answered with {reply.status}: {reply.body[:1000]!r}")
        return reply.body


def python(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


def run(
    arguments: list[str], *, deadline_s: float, sent: str = "", environment: Mapping[str, str] | None = None
) -> str:
    """Run a program to its end and return what it printed. Raises Failed."""
    name = " ".join(arguments)[:200]
    try:
        done = subprocess.run(
            arguments, input=sent, capture_output=True, text=True, timeout=deadline_s, check=False, cwd=ROOT,
            env=_environment(environment or {}),
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{name}: {error}") from error
    if done.returncode:
        raise Failed(
            f"{' '.join(arguments)[:200]} ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}"
        )
    return done.stdout


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would change the settings of the instance."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SYNHUB_")} | dict(more)


@contextmanager
def _child(
    arguments: list[str], log: Path, *, speaks: bool = True, environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """Run a program until the block ends. What it `speaks` on standard output is for the caller, else for the log."""
    with log.open("w") as file:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if speaks else file, stderr=file, text=True,
            cwd=ROOT, env=_environment(environment or {}),
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _first_line(process: "subprocess.Popen[str]", log: Path) -> str:
    """Return the line that a program prints when it is ready. Raises Failed when it ends or takes too long."""
    assert process.stdout is not None
    pipe, line, ends = process.stdout.fileno(), b"", time.monotonic() + START_S
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([pipe], [], [], max(ends - time.monotonic(), 0))
        received = os.read(pipe, 1) if readable else b""
        if not received:
            raise Failed(f"{process.args!r} did not start: {log.read_text()[-2000:]}")
        line += received
    return line.decode()


# --- synhub ----------------------------------------------------------------------------------------------------------


def prepare_synhub(data: Path, quads: Path, user: str, prefix: str) -> float:
    """Fill a data folder offline, as an administrator would; return how long loading and indexing took, in seconds.

    The steps: `synhub user add` makes the folder, `synhub load` fills the store, the catalog and the sequence index.
    """
    place = {"SYNHUB_DATA": str(data), "SYNHUB_URI_PREFIX": prefix}
    run(
        python("synhub", "user", "add", user, "--email", f"{user}@bench.example", "--password-stdin"),
        deadline_s=START_S, sent=PASSWORD + "\n", environment=place,
    )  # fmt: skip
    started = time.monotonic()
    run(python("synhub", "load", str(quads)), deadline_s=LOAD_S, environment=place)
    return time.monotonic() - started


@contextmanager
def synhub(data: Path, prefix: str, log: Path, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Run `synhub serve` over a data folder on a free port; `settings` are SYNHUB_… variables."""
    arguments = python("synhub", "serve", "--data", str(data), "--port", "0", "--uri-prefix", prefix)
    with _child(arguments, log, environment=settings) as process:
        line = _first_line(process, log)
        port = re.search(r"ready on http://[^ ]+:(\d+)", line)
        if port is None:
            raise Failed(f"synhub said {line!r}")
        yield Server("synhub", int(port[1]), process.pid)


def log_in(server: Server, user: str) -> str:
    """Return a token of a user made by `prepare_synhub`."""
    form = f"email={user}&password={PASSWORD.replace(' ', '+')}".encode()
    with urllib.request.urlopen(f"http://{server.host}:{server.port}/login", form, timeout=START_S) as answer:
        return str(answer.read().decode())


# --- the floor -------------------------------------------------------------------------------------------------------


@contextmanager
def floor(log: Path) -> Iterator[Server]:
    with _child(python("bench.floor"), log) as process:
        yield Server("floor", int(_first_line(process, log)), process.pid)


# --- Virtuoso --------------------------------------------------------------------------------------------------------

_INI = """
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
FileExtend = 200
MaxCheckpointRemap = 2000
Striping = 0
TempStorage = TempDatabase
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
MaxCheckpointRemap = 2000
Striping = 0
[Parameters]
ServerPort = 127.0.0.1:{sql_port}
DisableUnixSocket = 1
MaxClientConnections = 20
CheckpointInterval = 0
CaseMode = 2
DirsAllowed = {folder}, {corpus}
NumberOfBuffers = {buffers}
MaxDirtyBuffers = {dirty}
MaxSortedTopRows = 10000000
MaxQueryMem = 2G
VectorSize = 1000
MaxVectorSize = 1000000
AdjustVectorSize = 0
ThreadsPerQuery = 4
AsyncQueueMaxThreads = 10
[HTTPServer]
ServerPort = 127.0.0.1:{http_port}
ServerRoot = {folder}
MaxClientConnections = 20
ServerThreads = 20
MaxKeepAlives = 20
KeepAliveTimeout = 60
Charset = UTF-8
EnabledGzipContent = 0
[SPARQL]
ResultSetMaxRows = 10000000
MaxQueryCostEstimationTime = 0
MaxQueryExecutionTime = 0
"""


@dataclass(frozen=True, slots=True)
class Virtuoso:
    """A running Virtuoso."""

    server: Server
    sql_port: int

    def version(self) -> str:
        found = re.search(r"\d\d\.\d\d\.\d+", self.sql("SELECT sys_stat('st_dbms_ver')"))
        return found[0] if found else "of unknown version"

    def sql(self, *statements: str, deadline_s: float = START_S) -> str:
        """Run statements one by one, return what was printed. Raises Failed for an error in any."""
        text = "".join(f"{statement};\n" for statement in statements)
        answer = run(["isql-vt", f"127.0.0.1:{self.sql_port}", "dba", "dba"], deadline_s=deadline_s, sent=text)
        if "*** Error" in answer:
            raise Failed(f"Virtuoso: {answer[-2000:]}")
        return answer

    def load(self, quads: Path) -> float:
        """Load N-Quads with its bulk loader; return how long that took, with the checkpoint, in seconds."""
        started = time.monotonic()
        # the graph is for what names none
        self.sql(
            f"ld_dir('{quads.parent}', '{quads.name}', 'http://bench.example/none')", "rdf_loader_run()", "checkpoint",
            deadline_s=LOAD_S,
        )  # fmt: skip
        taken = time.monotonic() - started
        outcome = self.sql("SELECT ll_error FROM DB.DBA.load_list")
        if "NULL" not in outcome:
            raise Failed(f"Virtuoso did not load the corpus: {outcome}")
        return taken


@contextmanager
def virtuoso(folder: Path, corpus: Path, buffers: int = VIRTUOSO_BUFFERS) -> Iterator[Virtuoso]:
    """Run Virtuoso as an ordinary process with an ini of its own. `corpus` is the folder that it may load from,
    `buffers` how many pages of 8 KiB it holds in memory."""
    folder.mkdir(parents=True)
    sql_port, http_port = _free_ports()
    ini = folder / "virtuoso.ini"
    ini.write_text(
        _INI.format(
            folder=folder, corpus=corpus, sql_port=sql_port, http_port=http_port, buffers=buffers,
            dirty=round(buffers * _VIRTUOSO_DIRTY),
        )
    )  # fmt: skip
    log = folder / "stderr.log"
    with _child(["virtuoso-t", "-f", "-c", str(ini)], log, speaks=False) as process:
        headers = {"Accept": "application/sparql-results+json"}
        _await_http(http_port, process, log)
        yield Virtuoso(Server("Virtuoso", http_port, process.pid, headers), sql_port)


def find_virtuoso() -> None:
    """Raises Failed where Virtuoso is not installed."""
    missing = [name for name in ("virtuoso-t", "isql-vt") if shutil.which(name) is None]
    if missing:
        raise Failed(f"{' and '.join(missing)} not found; on Debian: apt-get install virtuoso-opensource-7")


def _await_http(port: int, process: "subprocess.Popen[str]", log: Path) -> None:
    ends = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < ends:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/sparql?query=ASK%20%7B%7D", timeout=10):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise Failed(f"Virtuoso did not start: {log.read_text()[-2000:]}")


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return int(one.getsockname()[1]), int(other.getsockname()[1])
