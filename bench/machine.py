"""What the machine is, and what programs take of it: memory of process trees, room on the disk. Linux only."""

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process, and of it with all its descendants; bytes. PSS counts what processes share once."""

    process_rss: int
    process_pss: int
    tree_rss: int
    tree_pss: int
    processes: int


def memory_of(pid: int) -> Memory:
    """Return the memory of a process tree now. Source: proc(5), `smaps_rollup`."""
    found = [_rollup(p) for p in (pid, *_descendants(pid))]
    return Memory(*found[0], sum(rss for rss, _ in found), sum(pss for _, pss in found), len(found))


def _rollup(pid: int) -> tuple[int, int]:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:  # it ended meanwhile
        return 0, 0
    rss, pss = (re.search(rf"^{name}: +(\d+) kB", text, re.MULTILINE) for name in ("Rss", "Pss"))
    return (int(rss[1]) * 1024 if rss else 0, int(pss[1]) * 1024 if pss else 0)


def _descendants(pid: int) -> list[int]:
    try:
        text = " ".join(p.read_text(encoding="ascii") for p in Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return []
    return [p for child in map(int, text.split()) for p in (child, *_descendants(child))]


def disk_of(folder: Path) -> int:
    """Return the bytes that a folder takes on the disk, hard links once."""
    seen: dict[tuple[int, int], int] = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        if not path.is_dir():
            seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values())


def describe() -> str:
    """Return one line about the machine: processor, cores, memory, system, Python."""
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB,"
        f" Linux {platform.release()}, Python {platform.python_version()}"
    )


def load() -> float:
    """Return how many programs wanted a core in the last minute, on average."""
    return os.getloadavg()[0]
