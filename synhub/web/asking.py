"""Questions to the catalog: answered in a thread here, or by another process while this one works for others too."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub.store.child_process import ChildDied
from synhub.store.readers import ANSWER_S, Reader, Readers
from synhub.web.auth import hub_of

logger = logging.getLogger("synhub.web")

P = ParamSpec("P")
T = TypeVar("T")


async def ask(request: Request, call: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Return what a function of the catalog returns that reads nothing else.

    It is one of a module, and arguments and result can be pickled; of the hub only the catalog and the store may be
    among them, and the store is not used. Who asks alone is answered here: that is quicker than the way there and back.
    """
    readers = hub_of(request).readers
    if request.app.state.gate.work.count > 1 and (reader := readers.take()) is not None:
        try:
            found: T = await _answered(readers, reader, lambda: readers.question(call, arguments, named))
            return found
        except ChildDied as died:
            logger.warning("%s: a search is answered again: %s", request.state.request_id, died.detail)
    return await run_in_threadpool(call, *arguments, **named)


async def _answered(readers: Readers, reader: Reader, question: Callable[[], bytes]) -> Any:
    """Ask, and wait without a thread. Raises ChildDied, also after ANSWER_S, and what the call raised."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[tuple[Any]] = loop.create_future()

    def come() -> None:
        try:
            found = reader.answer()
        except Exception as error:
            if not answer.done():
                answer.set_exception(error)
            return
        if found is not None and not answer.done():
            answer.set_result(found)

    timer = loop.call_later(ANSWER_S, reader.process.process.kill)
    loop.add_reader(reader.process.fileno(), come)
    try:
        reader.ask(question())
        return (await answer)[0]
    finally:
        loop.remove_reader(reader.process.fileno())
        timer.cancel()
        readers.give_back(reader)
