"""Handlers that show jobs to who submitted them, and to administrators."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub.errors import NotFound
from synhub.hub import Hub
from synhub.model import User
from synhub.store.journal import Job
from synhub.web.auth import hub_of, user_of
from synhub.web.file_response import file_response
from synhub.web.respond import Result, attachment, json_result


def _find(hub: Hub, user: User, job_id: str) -> Job:
    """Read a job. What belongs to somebody else is answered like what does not exist."""
    job = hub.journal.get(job_id)
    if job.username != user.username and not user.is_admin:
        raise NotFound("no such job")
    return job


async def job(request: Request) -> Result:
    """State and report of a job."""
    hub, user = hub_of(request), user_of(request)
    found = await run_in_threadpool(_find, hub, user, request.path_params["id"])
    uploads = await run_in_threadpool(hub.journal.uploads, found.id)
    record: dict[str, Any] = {
        "id": found.id,
        "kind": found.kind,
        "state": found.state,
        "created": found.created,
        "updated": found.updated,
        "collection": found.options.get("collection", ""),
        "steps": found.steps,
        "stepsDone": found.next_step,
        "error": found.error,
        "uploads": [
            {"name": u.name, "size": u.size, "sha256": u.digest, "url": f"/jobs/{found.id}/upload/{n}"}
            for n, u in enumerate(uploads)
        ],
        "report": found.report,
    }
    return json_result(record, title=f"Job {found.id}")


async def upload(request: Request) -> Result:
    """The bytes of an uploaded file, exactly as they came."""
    hub, user = hub_of(request), user_of(request)
    found = await run_in_threadpool(_find, hub, user, request.path_params["id"])
    uploads = await run_in_threadpool(hub.journal.uploads, found.id)
    chosen = {str(n): u for n, u in enumerate(uploads)}.get(request.path_params.get("number", "0"))
    if chosen is None:
        raise NotFound("the job has no such upload")
    path = await run_in_threadpool(hub.blobs.get, chosen.digest)
    headers = attachment(chosen.name or "upload")
    return Result(file_response(request, path, chosen.size, chosen.digest, "application/octet-stream", headers))
