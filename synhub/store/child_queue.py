"""Who waits for a child process, and whose turn it is. Must not know processes.

Whoever is named has at most one job running and one waiting. Parties take turns (for queries: people who are logged
in, and everybody else), so that a thousand anonymous addresses are to somebody who is logged in what one other is.
Within a party whoever came first is first, and gives way to others after having been served.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from synhub import errors

RETRY_AFTER_S = 10


class Busy(errors.TooMany):
    """No child became free in the time the caller was ready to wait, or too many wait already."""


class Cancelled(errors.SynhubError):
    """Nobody waits for the answer any more."""


class Cancellation:
    """Whether anybody still waits for the answer of a job. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._act: Callable[[], None] | None = None
        self.cancelled = False

    def cancel(self) -> None:
        """Nobody does: end what is being done about it."""
        with self._lock:
            self.cancelled = True
            act = self._act
        if act is not None:
            act()

    def then(self, act: Callable[[], None]) -> None:
        """Say what `cancel` does from now on; at once when it has been called."""
        with self._lock:
            self._act = act
            cancelled = self.cancelled
        if cancelled:
            act()


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose job it is. `name` None: nobody in particular, then any number of jobs at once."""

    name: str | None = None
    party: str = ""


@dataclass(eq=False, slots=True)
class Waiter:
    """A caller in the queue. `event` is set when it has its turn, or has nothing to wait for any more."""

    caller: Caller
    event: threading.Event = field(default_factory=threading.Event)
    has_turn: bool = False


class Turns:
    """The queue of one lane. The lane's lock is held by whoever calls.

    At most `most_waiting` of each party wait, each in a thread.
    """

    def __init__(self, what: str, most_waiting: int | None) -> None:
        self.waiting: deque[Waiter] = deque()
        self._what = what
        self._most_waiting = most_waiting
        self._served: set[Caller] = set()  # the named callers that hold a place
        self._clock = count()
        self._last_turn: dict[str, int] = {}  # by party

    def may_start(self, caller: Caller) -> bool:
        """Say whether a caller may have a free place at once."""
        return caller not in self._served

    def start(self, caller: Caller) -> None:
        """Note that a caller has got a place."""
        if caller.name is not None:
            self._served.add(caller)
        self._last_turn[caller.party] = next(self._clock)

    def end(self, caller: Caller) -> None:
        """Note that a caller has given its place back."""
        self._served.discard(caller)

    def join(self, caller: Caller) -> Waiter:
        """Stand in the queue. Raises Busy when it has no room for this caller."""
        same_party = [waiter for waiter in self.waiting if waiter.caller.party == caller.party]
        if caller.name is not None and any(waiter.caller == caller for waiter in same_party):
            message = f"one {self._what} of yours is waiting already; send the next when it has been answered"
            raise Busy(message, RETRY_AFTER_S)
        if self._most_waiting is not None and len(same_party) >= self._most_waiting:
            raise Busy(f"too many {self._what} requests are waiting; try again later", RETRY_AFTER_S)
        waiter = Waiter(caller)
        self.waiting.append(waiter)
        return waiter

    def next(self, last: Caller) -> Waiter | None:
        """Take the next one with nothing running out of the queue; `last` has just been served."""
        ready = [waiter for waiter in self.waiting if self.may_start(waiter.caller)]
        if not ready:
            return None
        waiter = min(ready, key=lambda w: (self._last_turn.get(w.caller.party, -1), self._is(w.caller, last)))
        self.waiting.remove(waiter)
        waiter.has_turn = True
        self.start(waiter.caller)
        return waiter

    @staticmethod
    def _is(caller: Caller, last: Caller) -> bool:
        return caller.name is not None and caller == last
