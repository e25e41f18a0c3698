"""Judging files that are not to be stored: children read and check them, this says what the end of one means.

Anybody may ask, so nothing of it runs in this process, nobody has more than one judgement under way and one waiting,
and no upload waits for any. Knows no HTTP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from synhub.errors import BadRequest, DiskFull, StoreUnavailable, SynhubError, TooLarge
from synhub.hub import Hub
from synhub.model import Finding, Gate
from synhub.sbol.report import Report
from synhub.store.children import ChildDied, Lane
from synhub.store.room import Room
from synhub.submit.service import UploadedFile
from synhub.submit.validate import report_of

_PATIENCE_S = 5.0  # longer than the judgement of somebody else may take


def check_room(hub: Hub) -> None:
    """Refuse while the disk has no room for one more upload: who asks may be anybody. Raises DiskFull."""
    if left_bytes(hub) < hub.settings.validate_limit:
        raise DiskFull("the disk of the server has no room to check files now; please try again later")


def left_bytes(hub: Hub) -> int:
    """Return the room that is left for what is to be judged."""
    return Room(hub.journal.folder, hub.settings.disk_reserve).left_bytes()


def judge(
    hub: Hub,
    folder: Path,
    files: Sequence[UploadedFile],
    shapes: UploadedFile | None,
    gates: Sequence[Gate],
    caller: str | None,
) -> Report:
    """Check some files, which are one submission, and with `shapes` what those say about the document, too.

    `folder` is the caller's to delete; `caller` is a user name or an address. Raises BadRequest for shapes that cannot
    be used and for files that break the reader, TooLarge for a limit that was hit, TooMany.
    """
    settings = hub.settings
    triples = folder / "document.nt"
    argument: dict[str, Any] = {
        "files": [{"path": str(file.path), "name": file.name} for file in files],
        "folder": str(folder / "unpacked"),
        "room_bytes": left_bytes(hub),
        "gates": list(gates),
        "limits": {},
        "triples": str(triples) if shapes else None,
    }
    report = report_of(_judge(hub.lanes.validate, argument, settings.validate_timeout, caller, "the files"))
    if shapes is None:
        return report
    argument = {"data": str(triples), "shapes": str(shapes.path), "name": shapes.name}
    answer = _judge(hub.lanes.shacl, argument, settings.shacl_timeout, caller, "these shapes on this document")
    return replace(report, findings=[*report.findings, *(Finding.from_json(f) for f in answer["findings"])])


def _judge(lane: Lane, argument: Mapping[str, Any], timeout_s: float, caller: str | None, what: str) -> dict[str, Any]:
    return run_task(lane, lane.name, argument, timeout_s, caller, what)


def run_task(
    lane: Lane, task: str, argument: Mapping[str, Any], timeout_s: float, caller: str | None, what: str
) -> dict[str, Any]:
    """Run a task in a lane. Raises what it raises, and for a child that ended what that means for the caller."""
    try:
        return lane.call(task, argument, timeout_s, wait_s=timeout_s + _PATIENCE_S, caller=caller)
    except ChildDied as death:
        raise _explain(death, what, timeout_s, lane.memory_bytes) from death


def _explain(death: ChildDied, what: str, timeout_s: float, memory_bytes: int) -> SynhubError:
    if death.reason == "deadline":
        return TooLarge(f"checking {what} took longer than {timeout_s:g} s, the limit here; send less at once")
    if death.reason == "memory":
        return TooLarge(f"checking {what} needs more than {memory_bytes >> 20} MB of memory; send less at once")
    if death.reason == "signal":
        return BadRequest(
            f"what checks {what} ended on them ({death.detail}). Repeat it once; if it fails again, they are at fault:"
            " check them, or send them in parts"
        )
    return StoreUnavailable("the process that checked the files was ended; please try again")
