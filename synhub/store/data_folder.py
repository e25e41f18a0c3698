"""The data folder as a whole: one process at a time, one format.

Source of the format number: it changes when an older synhub could no longer read the folder.
"""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synhub.errors import BadRequest, DataInUse, Inconsistent, NotFound, SynhubError

FORMAT = "1"
DATABASE = "synhub.sqlite"
CATALOG = "catalog.sqlite"
BACKUP = "backup.json"  # in a backup, and nowhere else
LOADING = "loading"  # while a store is being filled past the journal
IMPORTS = "imports"  # what was fetched of other repositories and is not stored yet
SORTING = "sorting-"  # what the names of folders begin with that are needed while a command or a job runs
_NEW = frozenset({"lock", "format"})


def _tidy(data: Path) -> None:
    """Delete what commands that were killed have left: they hold the folder no longer."""
    for folder in data.glob(f"{SORTING}*"):
        shutil.rmtree(folder, ignore_errors=True)
    for file in data.glob(f"{CATALOG}.new*"):
        file.unlink(missing_ok=True)


@contextmanager
def hold(data: Path, *, create: bool, loading: bool = False) -> Iterator[None]:
    """Hold the folder until the block ends. One that a load left half filled is for another load only.

    Raises NotFound when it holds no instance and none is to be made, BadRequest when it cannot be made, DataInUse when
    another process holds it, Inconsistent when a newer synhub wrote it or it is half filled.
    """
    absent = NotFound(f"{data} holds no synhub instance; give the right folder with --data")
    if not create and not data.exists():
        raise absent
    try:
        make(data)
        file = (data / "lock").open("w")
    except OSError as error:
        raise BadRequest(f"the data folder {data} cannot be used: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataInUse(f"the data folder {data} is in use by a running server; stop it first") from None
        if not create and not (data / DATABASE).is_file():
            raise absent
        check_format(data)
        if not loading and (data / LOADING).exists():
            raise Inconsistent(f"{data} is half filled: `synhub load` was interrupted; run it again, it starts over")
        _tidy(data)
        yield


@contextmanager
def left_as_it_was(data: Path, *, existed: bool) -> Iterator[None]:
    """Delete what is in a folder that is held when the block is refused and it held no instance before, and the folder
    when it has not existed; what can be gone on with stays."""
    new = {path.name for path in data.iterdir()} <= _NEW
    try:
        yield
    except SynhubError:
        if new and not (data / LOADING).exists() and not interrupted_imports(data):
            for path in data.iterdir():
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            if not existed:
                data.rmdir()
        raise


def interrupted_imports(data: Path) -> list[str]:
    """Return the graphs here that an import was to fill and has not yet."""
    return [json.loads(path.read_bytes())["target"] for path in sorted((data / IMPORTS).glob("*/state.json"))]


def make(data: Path) -> None:
    """Make the folder, closed to other users of the machine: it holds password hashes and private designs."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)


def check_format(data: Path) -> None:
    """Note the format of a new folder.

    Raises Inconsistent when a newer synhub wrote it, BadRequest for a backup, which is to stay as it is.
    """
    if (data / BACKUP).exists():
        raise BadRequest(f"{data} is a backup; make a data folder of it with `synhub restore {data} --data DIR`")
    path = data / "format"
    if not path.exists():
        path.write_text(FORMAT)
        return
    found = path.read_text().strip()
    if found != FORMAT:
        raise Inconsistent(f"{data} has format {found}, this synhub knows {FORMAT}; use a newer synhub")
