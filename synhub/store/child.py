"""What runs inside a child process: limits first, then one job at a time from stdin to stdout.

Started by children.py as `python -m synhub.store.child LANE NICE MEMORY TASKS`. Answers for the frames of the
protocol and for the child's own end: it goes when its pipe closes, when its memory runs out, and a little
after the deadline of its job even when nobody is left to kill it. Must not import anything heavy: a lane's
own module is the only one that is loaded.

Protocol: both ways frames of one byte kind, four bytes length (big endian) and that many bytes.
"""

import errno
import gc
import json
import math
import os
import resource
import select
import signal
import struct
import sys
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import Any

from synhub.errors import DiskFull, SynhubError

# Name of a task -> "module:function". A child imports the task that bears its lane's name when it starts.
TASKS: dict[str, str] = {
    "prepare": "synhub.submit.pipeline:run",
    "validate": "synhub.submit.validate:run",
    "shacl": "synhub.submit.shacl:run",
    "query": "synhub.sparql.evaluate:run",
    "sequence_file": "synhub.submit.sequences:run",
    "remote_query": "synhub.store.remote_query:run",
    "download": "synhub.store.download:run",
    "sequence": "synhub.store.sequences.task:run",
    "sequence_merge": "synhub.store.sequences.task:merge",
    "catalog": "synhub.store.catalog.questions:answer",
}

FRAME = struct.Struct(">cI")

CALL = b"c"  # parent: {"task", "argument", "timeout_s"}; answered by one RESULT or ERROR
STREAM = b"s"  # parent: the same; answered by HEADER, BYTES…, END, or ERROR at any point
ASK = (
    b"a"  # parent: {"task", "timeout_s"}, a line feed, and bytes for the task; answered by RESULT, its bytes, or ERROR
)
RESULT = b"r"
HEADER = b"h"
BYTES = b"b"
END = b"e"
ERROR = b"x"  # {"class", "fields"} of a SynhubError, or {"traceback"} of anything else

EXIT_MEMORY = 70  # Python itself found no memory

_GRACE_S = 5  # how long after its deadline an orphan that does not look at its pipe still lives


class Output:
    """What a streaming task writes to: one header, then bytes. A file for the engine's serialisers."""

    def __init__(self, file: int) -> None:
        self._file = file

    def header(self, value: dict[str, Any]) -> None:
        """Send what the caller must know before the first byte. Once, and first."""
        send(self._file, HEADER, json.dumps(value).encode())

    def write(self, data: bytes) -> int:
        send(self._file, BYTES, data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


def send(file: int, kind: bytes, payload: bytes) -> None:
    """Write one frame to a blocking descriptor."""
    view = memoryview(FRAME.pack(kind, len(payload)) + payload)
    while view:
        view = view[os.write(file, view) :]


def _receive(file: int, size: int) -> bytes | None:
    """Read exactly `size` bytes; None when the pipe has closed."""
    parts: list[bytes] = []
    while size:
        part = os.read(file, size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _limit(nice: int, memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    os.nice(nice)
    # An interrupt at the terminal reaches the whole group; the server decides what it means for running jobs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _end_with_parent() -> None:
    """Wait for the other end of stdin to close, also in the middle of a job, then go."""
    poll = select.poll()
    poll.register(0, 0)  # no events: only the hang-up, which is always reported
    poll.poll()
    os._exit(0)


def _load(target: str) -> Callable[..., Any]:
    module, _, function = target.partition(":")
    loaded: Callable[..., Any] = getattr(import_module(module), function)
    return loaded


def _failure(error: Exception) -> dict[str, Any]:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        error = DiskFull("the disk of the server is full; nothing was changed")
    if isinstance(error, SynhubError):
        return {"class": type(error).__name__, "fields": vars(error)}
    return {"traceback": "".join(traceback.format_exception(error))}


def _run(file: int, kind: bytes, request: dict[str, Any], given: bytes, tasks: dict[str, str]) -> None:
    try:
        function = _load(tasks[request["task"]])
        if kind == ASK:
            send(file, RESULT, function(given))
        elif kind == CALL:
            send(file, RESULT, json.dumps(function(request["argument"])).encode())
        else:
            function(request["argument"], Output(file))
            send(file, END, b"")
    except MemoryError:
        os._exit(EXIT_MEMORY)
    except Exception as error:
        send(file, ERROR, json.dumps(_failure(error)).encode())


def main(lane: str, nice: str, memory_bytes: str, more_tasks: str) -> None:
    """Serve jobs until stdin closes."""
    _limit(int(nice), int(memory_bytes))
    gc.set_threshold(500_000, 10, 10)  # triples form no cycles: walking through them took 20 to 40 % of a job
    file = os.dup(1)
    os.dup2(2, 1)  # what a task prints goes to the log, not between the frames
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tasks = TASKS | json.loads(more_tasks)
    if lane in tasks:
        _load(tasks[lane])
    while (head := _receive(0, FRAME.size)) is not None:
        kind, size = FRAME.unpack(head)
        body = _receive(0, size)
        if body is None:
            break
        head, _, given = body.partition(b"\n")  # JSON has none, as it is written here
        request = json.loads(head)
        signal.alarm(math.ceil(request["timeout_s"]) + _GRACE_S)
        _run(file, kind, request, given, tasks)
        signal.alarm(0)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
