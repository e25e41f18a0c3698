"""Calls that may wait long for a child process run in threads of their own.

The threads that all other handlers share must never all wait: then nothing would be answered any more.
"""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar, cast

import anyio
from anyio import CapacityLimiter
from starlette.requests import Request

from synhub.store.children import Lane

P = ParamSpec("P")
T = TypeVar("T")

_SPARE = 8  # calls that do not wait: they are refused at once, or need no child


async def beside(request: Request, lane: Lane, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a call that may wait for a child of this lane in one of the threads kept for that."""
    return await anyio.to_thread.run_sync(partial(call, *args, **kwargs), limiter=_limiter(request, lane))


def _limiter(request: Request, lane: Lane) -> CapacityLimiter:
    state = request.app.state
    if not hasattr(state, "limiters"):
        state.limiters = {}
    limiters = cast(dict[str, CapacityLimiter], state.limiters)
    if lane.name not in limiters:
        limiters[lane.name] = CapacityLimiter(lane.most_callers + _SPARE)
    return limiters[lane.name]
