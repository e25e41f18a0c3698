"""Handlers of /validate and of the shapes: files in, what is wrong with them out, nothing stored."""

import hashlib
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub import validation
from synhub.accept import preferred
from synhub.errors import BadRequest
from synhub.model import Gate
from synhub.sbol.report import GRAPH_FORMATS, Report, grouped, message_of, parse_gates, summary, write_graph
from synhub.sbol.report import write_text as write_lines
from synhub.sbol.shapes import shapes_text
from synhub.submit.service import UploadedFile
from synhub.web.auth import actor_of, client_address, hub_of
from synhub.web.forms import read_pieces, read_upload_form
from synhub.web.pages import render_form
from synhub.web.respond import HTML, JSON, TEXT, Result, is_unchanged, wants_html
from synhub.web.waiting import beside

SHAPES = "shapes"
_TURTLE = "text/turtle; charset=utf-8"
_NO_FILE = "There is no file: send it as a part of multipart/form-data with a file name, or as the body"
_PLAIN = TEXT.partition(";")[0]
_OFFERS = (JSON.partition(";")[0], _PLAIN, *GRAPH_FORMATS)
# What the page says about the gates that can be left out.
_GATES: dict[Gate, str] = {
    "compliant": "names that tools can follow: IRIs made of a prefix, displayId and version",
    "complete": "everything that is referred to is in the document",
    "best_practice": "what makes designs easier to use: ontology terms, matching lengths, formats",
}
# What begins like N-Triples may be Turtle; only its name tells before it is read.
_NAMES = {"text/turtle": "upload.ttl", "application/n-triples": "upload.nt"}


async def shapes(request: Request) -> Result:
    """SHACL shapes for SBOL 2, in Turtle whatever Accept says."""
    text = shapes_text()
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    if is_unchanged(request, etag):
        return Result(b"", _TURTLE, 304, {"ETag": etag})
    return Result(text, _TURTLE, headers={"ETag": etag})


async def form(request: Request) -> Result:
    """The form; a page whatever Accept says."""
    return Result(_page(request, None), HTML)


async def validate(request: Request) -> Result:
    """Judge the files of a multipart form, or the body itself. 200 when they could be judged, valid or not."""
    hub = hub_of(request)
    await run_in_threadpool(validation.check_room, hub)
    job_id, folder = await run_in_threadpool(hub.journal.new_folder)
    try:
        files, own, gates = await _received(request, folder, hub.settings.validate_limit)
        try:
            asked = parse_gates(gates)
        except ValueError as error:
            raise BadRequest(f"gates: {error}") from error
        user = actor_of(request).user
        caller = user.username if user else client_address(request)
        report = await beside(
            request, hub.lanes.validate, validation.judge, hub, folder, files, own, asked, caller or None
        )
    finally:
        await run_in_threadpool(hub.journal.delete_folder, job_id)
    return _answer(request, report)


async def _received(
    request: Request, folder: Path, limit_bytes: int
) -> tuple[list[UploadedFile], UploadedFile | None, str]:
    """Return the files, the caller's shapes or None, and the gates. Raises BadRequest when there is no file."""
    gates = request.query_params.get("gates", "")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        return [await body_file(request, folder, kind, limit_bytes)], None, gates
    form = await read_upload_form(request, folder, limit_bytes)
    files = [file for file in form.files if file.field != SHAPES]
    own = next((file for file in form.files if file.field == SHAPES), None)
    if own is None and form.get(SHAPES).strip():
        own = await run_in_threadpool(_written, folder / SHAPES, form.get(SHAPES).encode(), SHAPES)
    if not files:
        raise BadRequest(_NO_FILE)
    return files, own, ",".join(form.lists.get("gates", [gates]))


async def body_file(request: Request, folder: Path, kind: str, limit_bytes: int) -> UploadedFile:
    """Write a body that is a file itself. Raises TooLarge, BadRequest for an empty one."""
    name = _NAMES.get(kind, "upload")
    path = folder / "upload-0"
    size = 0
    with path.open("xb") as file:
        async for piece in read_pieces(request, limit_bytes):
            await run_in_threadpool(file.write, piece)
            size += len(piece)
    if not size:
        raise BadRequest(_NO_FILE)
    return UploadedFile(path, name, size, "")


def _written(path: Path, data: bytes, name: str) -> UploadedFile:
    path.write_bytes(data)
    return UploadedFile(path, name, len(data), "")


def _answer(request: Request, report: Report) -> Result:
    if wants_html(request):
        return Result(_page(request, report), HTML)
    media_type = preferred(request.headers.get("accept"), _OFFERS)
    if media_type in GRAPH_FORMATS:
        return Result(write_graph(report, media_type), media_type)
    if media_type == _PLAIN:
        return Result(write_lines(report), TEXT)
    return Result(report.as_json(), JSON)


def _page(request: Request, report: Report | None) -> str:
    return render_form(
        "validation",
        user=request.state.user,
        gates=_GATES,
        verdict=summary(report) if report else None,
        files=report.files if report else [],
        found=list(grouped(report)) if report else [],
        message_of=message_of,
    )
