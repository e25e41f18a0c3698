"""Calls that other threads want to be made by the writer thread, between two steps. Knows nothing of what they do."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future


class Calls:
    """In the order in which they were added. Appending and taking away from either end are atomic."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[], None], Future[None]]] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, call: Callable[[], None]) -> "Future[None]":
        result: Future[None] = Future()
        self._waiting.append((call, result))
        return result

    def make(self) -> None:
        """Make all; each future has what came of its call."""
        while self._waiting:
            call, result = self._waiting.popleft()
            try:
                call()
            except Exception as error:
                result.set_exception(error)
            else:
                result.set_result(None)

    def refuse(self, error: Exception) -> None:
        while self._waiting:
            self._waiting.popleft()[1].set_exception(error)
