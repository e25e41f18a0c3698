"""Starting a job for a request, and answering it: when the job is done, or at once for who asks for that.

Source: RFC 7240, section 4.1 (`Prefer: respond-async`).
"""

import asyncio
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub.identity import path_of_iri
from synhub.rdf import Iri
from synhub.store.journal import Job
from synhub.store.work import JobFuture
from synhub.web.auth import hub_of, require_token_or_csrf
from synhub.web.forms import UploadForm, read_upload_form
from synhub.web.respond import Result


async def received(request: Request, limit_bytes: int) -> tuple[str, UploadForm]:
    """Read a form with files into the folder of a new job; return the job's id and the form.

    Nothing is left of a body that is refused. Raises what `read_upload_form` and `require_token_or_csrf` raise.
    """
    journal = hub_of(request).journal
    job_id = journal.new_id()
    try:
        form = await read_upload_form(request, journal.job_folder(job_id), limit_bytes)
        require_token_or_csrf(request, form.fields.get("csrf"))
    except BaseException:
        journal.delete_folder(job_id)
        raise
    return job_id, form


async def carry_out(request: Request, start: Callable[[], JobFuture], answer: Callable[[Job], Result]) -> Result:
    """Start a job and return what `answer` makes of it when it is done; 202 at once for `Prefer: respond-async`."""
    future = await started(request, start)
    return accepted(future) if wants_no_wait(request) else answer(await done(future))


async def started(request: Request, start: Callable[[], JobFuture]) -> JobFuture:
    """Start a job, which the access line and every answer name from then on. Raises what `start` raises."""
    future = await run_in_threadpool(start)
    request.state.job_id = future.job_id
    return future


async def done(future: JobFuture) -> Job:
    """Wait until a job is done; it goes on when the caller leaves. No thread waits meanwhile."""
    return await asyncio.shield(asyncio.wrap_future(future))


def is_gone(request: Request) -> bool:
    """Say whether the client has left; let the server read on, which shows that after a large body.

    As `Request.is_disconnected`, which takes 0.15 ms to begin to wait and to cancel that.
    """
    waiting = request.receive().__await__()
    try:
        next(waiting)
    except StopIteration as ended:
        return bool(ended.value["type"] == "http.disconnect")
    waiting.close()
    return False


def wants_no_wait(request: Request) -> bool:
    preferences = ",".join(request.headers.getlist("prefer")).lower().split(",")
    return any(preference.partition(";")[0].strip() == "respond-async" for preference in preferences)


def accepted(future: JobFuture) -> Result:
    """Say where a job tells how it ends."""
    location = f"/jobs/{future.job_id}"
    headers = {"Location": location, "Preference-Applied": "respond-async"}
    return Result(f"Accepted; see {location}", status=202, headers=headers)


def success(request: Request, job: Job, iri: Iri | None = None, words: str = "Success") -> Result:
    """The classic answer to a change; a browser is led to `iri`, or to its listing."""
    path = "/manage" if iri is None else path_of_iri(iri, hub_of(request).registry)
    return Result(words, title=words.split("\n", 1)[0], location=path)
