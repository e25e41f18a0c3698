"""Handlers of sequence searches: the form, files to search with, and `…/similar`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub import sequences, validation
from synhub.errors import BadRequest, InvalidQuery
from synhub.hub import Hub
from synhub.identity import ObjectRef
from synhub.model import Actor
from synhub.relations import Related
from synhub.search.ast import SequenceOptions
from synhub.search.criteria import FLAGS
from synhub.search.grammar import parse_search_text
from synhub.search.sequence_criteria import parse_options
from synhub.sequences import Kept
from synhub.submit.sequences import MOST_SEQUENCES
from synhub.submit.service import UploadedFile
from synhub.web import relations
from synhub.web.auth import actor_of, client_address, hub_of
from synhub.web.forms import UploadForm, read_upload_form
from synhub.web.pages import render_form
from synhub.web.respond import HTML, Result, json_result, redirect
from synhub.web.search import note_header
from synhub.web.validation import body_file
from synhub.web.waiting import beside

_NO_FILE = "There is no sequence: send a file as a part of multipart/form-data, or FASTA, GenBank, SBOL or letters"
_LONGEST = 8_000  # letters of a sequence that stands in an address; more go the way of a file
# What the form calls the flags of a path. Source: SynBioHub `POST /sbsearch`.
_FIELDS = {
    "maxAccepts": "maxaccepts",
    "maxRejects": "maxrejects",
    "id": "id",
    "iddef": "iddef",
    "minSeqLength": "minseqlength",
    "maxSeqLength": "maxseqlength",
}
_ALIGNED = FLAGS - {"search_exact"}
_KEYS = {"global": "globalsequence", "exact": "sequence", "part": "subsequence"}


async def keep(request: Request) -> Result:
    """Take a file to search with; 201 with the token that stands for it."""
    hub = hub_of(request)
    await run_in_threadpool(validation.check_room, hub)
    job_id, folder = await run_in_threadpool(hub.journal.new_folder)
    try:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            form = await read_upload_form(request, folder, hub.settings.validate_limit)
            file = await _file_of(form, folder, form.get("sequence"))
        else:
            file = await body_file(request, folder, kind, hub.settings.validate_limit)
        if file is None:
            raise BadRequest(_NO_FILE)
        kept = await _keep(request, folder, file)
    finally:
        await run_in_threadpool(hub.journal.delete_folder, job_id)
    path = f"/search/file_search={kept.token}&"
    answer = {
        "token": kept.token,
        "expires": datetime.fromtimestamp(kept.ends_s, UTC).isoformat(timespec="seconds"),
        "sequences": list(kept.sequences),
        "search": path,
    }
    return json_result(answer, 201, headers={"Location": path})


async def form(request: Request) -> Result:
    """The form; a page whatever Accept says."""
    html = render_form("sequence_search", user=request.state.user, most=MOST_SEQUENCES)
    return Result(html, HTML)


async def search(request: Request) -> Result:
    """Lead to the search that the form asks for."""
    hub = hub_of(request)
    await run_in_threadpool(validation.check_room, hub)
    job_id, folder = await run_in_threadpool(hub.journal.new_folder)
    try:
        fields = await read_upload_form(request, folder, hub.settings.validate_limit)
        path = await _path_of(request, folder, fields)
    finally:
        await run_in_threadpool(hub.journal.delete_folder, job_id)
    return redirect("/search/" + quote(path, safe="=&,"))


async def _path_of(request: Request, folder: Path, fields: UploadForm) -> str:
    """Return the search path, not encoded. Raises BadRequest."""
    method = fields.get("searchMethod").strip() or "global"
    if method not in _KEYS:
        raise BadRequest(f"searchMethod={method[:40]!r} is not known; it is one of {', '.join(_KEYS)}")
    given = {_FIELDS[name]: value.strip() for name, value in fields.fields.items() if name in _FIELDS and value.strip()}
    flags = "".join(f"{name}={value}&" for name, value in given.items())
    typed = fields.get("sequenceInput").strip()
    letters = "".join(typed.split())
    if not fields.files and letters.isalpha() and letters.isascii() and len(letters) <= _LONGEST:
        path = f"{_KEYS[method]}={letters}&{flags}"
        parse_search_text(path)  # what is wrong is said here, not on the page of results
        return path
    file = await _file_of(fields, folder, typed)
    if file is None:
        raise BadRequest("There is no sequence: write one, or choose a file")
    if method == "part":
        raise BadRequest("a part is searched for by letters, not by a file: paste up to 8000 of them")
    if method == "exact":
        flags += "search_exact=true&"
    path = f"file_search={'A' * 32}&{flags}"
    parse_search_text(path)
    kept = await _keep(request, folder, file)
    return f"file_search={kept.token}&{flags}"


async def _file_of(fields: UploadForm, folder: Path, text: str) -> UploadedFile | None:
    """Return the file of a form, or its text as one; None when it has neither. Raises BadRequest for several."""
    if len(fields.files) > 1:
        raise BadRequest(f"there are {len(fields.files)} files; send one, which may hold several sequences")
    if fields.files or not text.strip():
        return fields.files[0] if fields.files else None
    path = folder / "sequence"
    data = text.encode()
    await run_in_threadpool(path.write_bytes, data)
    return UploadedFile(path, "the sequence", len(data), "")


async def _keep(request: Request, folder: Path, file: UploadedFile) -> Kept:
    hub, actor = hub_of(request), actor_of(request)
    caller = actor.user.username if actor.user is not None else client_address(request)
    return await beside(request, hub.lanes.validate, sequences.keep, hub, actor, folder, file, caller or None)


# --- similar objects -------------------------------------------------------------------------------------------------


async def similar(request: Request, ref: ObjectRef) -> Result:
    """One page of the objects whose sequence is like that of an object, the most alike first."""
    cuts: list[str] = []
    answer = await relations.rows(_similar(request, cuts), "Similar")(request, ref)
    return replace(answer, headers={**answer.headers, **note_header(cuts)})


async def similar_count(request: Request, ref: ObjectRef) -> Result:
    """How many these are; paging is accepted and means nothing."""
    cuts: list[str] = []
    answer = await relations.count(_similar(request, cuts))(request, ref)
    return replace(answer, headers=note_header(cuts))


def _similar(request: Request, cuts: list[str]) -> relations.Relation:
    """Return the relation by the options of the request; `cuts` is told why there may be more. Raises BadRequest."""
    if "sort" in request.query_params:
        raise BadRequest("what is similar is sorted by how alike it is; leave sort away")
    options = _options(request.query_params)

    def relation(hub: Hub, actor: Actor, ref: ObjectRef) -> Related:
        found = sequences.similar(hub, actor, ref, options)
        if found.cut:
            cuts.append(found.cut)
        return found

    return relation


def _options(parameters: Mapping[str, str]) -> SequenceOptions:
    """Read the flags; identity is that of all columns, or every plasmid were similar to each of its parts."""
    given = {"iddef": "1"} | {name: value for name, value in parameters.items() if name in FLAGS - {"search_exact"}}
    try:
        return parse_options({name: (value, 0) for name, value in given.items()})
    except InvalidQuery as error:
        raise BadRequest(error.message.partition(": ")[2]) from error
