"""Handlers of POST /submit and its form."""

from dataclasses import replace
from functools import partial
from urllib.parse import quote

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub.errors import FieldErrors, SynhubError
from synhub.hub import Hub
from synhub.identity import path_of_iri
from synhub.submit.intake import parse_flag
from synhub.web.auth import hub_of, user_of
from synhub.web.changing import accepted, done, is_gone, received, started, wants_no_wait
from synhub.web.forms import UploadForm
from synhub.web.pages import render_form
from synhub.web.respond import HTML, Result, error_result, json_result, redirect, wants_html
from synhub.web.waiting import beside

DONE = "Successfully uploaded"


async def submit_form(request: Request) -> Result:
    """The upload form; a page whatever Accept says."""
    if request.state.user is None:
        return redirect("/login?next=" + quote("/submit"))
    return Result(render_form("submit", user=request.state.user, csrf=request.state.csrf), HTML)


async def submit(request: Request) -> Result:
    """Receive an upload and answer when its job is done; `Prefer: respond-async` is answered at once.

    With `dry_run`, in the form or the query, say what it would do.
    """
    hub = hub_of(request)
    user = user_of(request)
    job_id, form = await received(request, hub.settings.upload_limit)
    if await _is_dry_run(request, form, job_id):
        call = hub.submissions.dry_run
        foreseen = await beside(request, hub.lanes.prepare, call, user, form.fields, form.files, job_id)
        return json_result(foreseen, title="Nothing was stored; this is what the submission would do")
    future = await started(request, partial(hub.submissions.submit, user, form.fields, form.files, job_id))
    if wants_no_wait(request):
        _tell(request, future.job_id)
        return accepted(future)
    # Asked for its effect: after a large last piece of a body the server reads on only when it is asked, and does not
    # notice before that who leaves.
    is_gone(request)
    job = await done(future)
    _tell(request, job.id)
    path = path_of_iri(job.options["collection"], hub.registry) if wants_html(request) else None
    return Result(DONE, title=DONE, location=path)


async def _is_dry_run(request: Request, form: UploadForm, job_id: str) -> bool:
    """Raises FieldErrors for a value that is neither on nor off; the upload is deleted."""
    try:
        return parse_flag(form.fields, "dry_run") or parse_flag(request.query_params, "dry_run")
    except FieldErrors:
        await run_in_threadpool(hub_of(request).journal.delete_folder, job_id)
        raise


async def remote_submit(request: Request) -> Result:
    """The same, answered as to a tool whatever Accept says (old clients send any)."""
    try:
        return replace(await submit(request), title="", location=None)
    except SynhubError as error:
        return replace(error_result(error, problem=False), title="")


def _tell(request: Request, job_id: str) -> None:
    """Note that the job's answer is sent, unless nobody is left who could read it: then a repeat gets it."""
    if not is_gone(request):
        hub = hub_of(request)
        hub.submissions.answering(job_id)
        request.state.after = BackgroundTask(_told, hub, job_id)


async def _told(hub: Hub, job_id: str) -> None:
    hub.submissions.answered(job_id)
