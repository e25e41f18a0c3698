"""Questions to the catalog that mostly take less than the way to another thread and back: answered on the event loop.

Answers for nobody waiting long because of that: what takes longer is begun again in a thread.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub.store.database import TookLong
from synhub.web.asking import ask
from synhub.web.auth import hub_of

P = ParamSpec("P")
T = TypeVar("T")

_BRIEF_S = 0.003  # less than the interpreter lets any thread work before this one may go on


async def here(request: Request, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Return what a function returns that changes nothing, and asks nobody but the catalog for much."""
    try:
        with hub_of(request).catalog.database.brief(_BRIEF_S):
            return call(*arguments, **named)
    except TookLong:
        return await run_in_threadpool(call, *arguments, **named)


async def here_or_ask(request: Request, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Return the same of a function for `ask`, which takes it elsewhere when there is other work to be done here."""
    is_alone = request.app.state.gate.work.count == 1
    return await (here if is_alone else ask)(request, call, *arguments, **named)
