"""Processes of the machine as the kernel lists them (/proc): who lives, who started whom, which files are open.

What is listed may end before it is looked at: then it is left out, never an error.
"""

import time
from collections.abc import Iterable
from pathlib import Path


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state (the third) on; none for a process that is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def lives(pid: int) -> bool:
    """Say whether a process exists and is no zombie that nobody reaped."""
    return _stat(pid)[:1] not in ([], ["Z"])


def children_of(pid: int) -> list[int]:
    """The processes that one started, by whichever of its threads, and that live."""
    listed = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdecimal()]
    return [child for child in listed if _stat(child)[1:2] == [str(pid)] and lives(child)]


def wait_gone(pids: Iterable[int], timeout_s: float) -> list[int]:
    """Wait until the processes are gone; return those that are not."""
    ends = time.monotonic() + timeout_s
    while (left := [pid for pid in pids if lives(pid)]) and time.monotonic() < ends:
        time.sleep(0.02)
    return left


def wait_idle(pid: int, timeout_s: float, idle_s: float = 0.3) -> None:
    """Wait until a process has used no processor for a while, or the time is over."""
    ends = time.monotonic() + timeout_s
    before: list[str] = []
    while (used := _stat(pid)[11:13]) != before and time.monotonic() < ends:
        before = used
        time.sleep(idle_s)


def open_files() -> list[Path]:
    """What this process has open: paths of files, names of sockets and pipes."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.append(link.readlink())
        except FileNotFoundError:
            continue
    return found
