"""What was made of a database a moment ago, as long as nothing has been written to it since.

Answers for never being stale: what is returned was made of the state that is the newest when it is asked for. Must not
know what it keeps. Thread-safe.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

MOST_BYTES = 16 << 20


class Kept:
    """Values by key. `state` tells two states of the database apart; None while it is not certain which one is read."""

    def __init__(self, state: Callable[[], Hashable | None], most_bytes: int = MOST_BYTES) -> None:
        self._state = state
        self._most = most_bytes
        self._lock = threading.Lock()
        self._of: Hashable | None = None  # the state that all values are of
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    def find(self, key: Hashable, make: Callable[[], T], weigh: Callable[[T], int]) -> T:
        """Return what `make` returns, which reads the database alone and belongs to everybody: nobody may change it.

        `weigh` says how many bytes the value takes, with its key.
        """
        state = self._state()
        if state is None:
            return make()
        with self._lock:
            if state != self._of:
                self._of, self._bytes = state, 0
                self._values.clear()
            elif key in self._values:
                self._values.move_to_end(key)
                value: T = self._values[key][0]
                return value
        made = make()
        size = weigh(made)
        with self._lock:
            # no change has begun since: it is of this state, and so is all that is kept
            if size <= self._most and self._state() == state == self._of and key not in self._values:
                self._values[key] = (made, size)
                self._bytes += size
                while self._bytes > self._most:
                    _, (_, gone) = self._values.popitem(last=False)
                    self._bytes -= gone
        return made
