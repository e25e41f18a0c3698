"""Waiting for a job that a request has started."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import ParamSpec

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub.identity import path_of_iri
from synhub.rdf import Iri
from synhub.store.journal import Job
from synhub.web.auth import hub_of
from synhub.web.respond import Result

P = ParamSpec("P")


async def carried_out(start: Callable[P, "Future[Job]"], *args: P.args, **kwargs: P.kwargs) -> Job:
    """Start a job and wait until it is done; it goes on when the caller leaves. No thread waits meanwhile."""
    future = await run_in_threadpool(start, *args, **kwargs)
    return await asyncio.shield(asyncio.wrap_future(future))


def success(request: Request, job: Job, iri: Iri | None = None, words: str = "Success") -> Result:
    """The classic answer to a change, with a link to the job's report; a browser is led to `iri`, or to its listing."""
    path = "/manage" if iri is None else path_of_iri(iri, hub_of(request).registry)
    request.state.job_id = job.id
    headers = {"Link": f'</jobs/{job.id}>; rel="describedby"'}
    return Result(words, headers=headers, title=words.split("\n", 1)[0], location=path)
