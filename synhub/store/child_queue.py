"""Who waits for a child process, and whose turn it is. Must not know processes.

Whoever is named has at most one job running and one waiting. Parties take turns (for queries: people who are logged
in, and everybody else), so that a thousand anonymous addresses are to somebody who is logged in what one other is.
Within a party whoever came first is first, and gives way to others after having been served. A job that takes long is
overtaken: it goes on, but the place that it holds counts no longer, and somebody who waits gets one more.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping
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
class Job:
    """A place held by a caller since a time (monotonic seconds); see `Turns.overtake`."""

    caller: Caller
    since: float
    overtaken: bool = False


@dataclass(eq=False, slots=True)
class Waiter:
    """A caller in the queue. `event` is set when it has its turn (then it has a `job`), or nothing to wait for."""

    caller: Caller
    event: threading.Event = field(default_factory=threading.Event)
    job: Job | None = None


class Turns:
    """The queue of one lane. The lane's lock is held by whoever calls.

    At most `most_waiting` of each party wait, each in a thread. `most_held` says how many places a party may hold at a
    time, those of overtaken jobs aside; one that is not named as many as there are.
    """

    def __init__(self, what: str, most_waiting: int | None, most_held: Mapping[str, int] | None = None) -> None:
        self.waiting: deque[Waiter] = deque()
        self.jobs: set[Job] = set()
        self._what = what
        self._most_waiting = most_waiting
        self._most_held = dict(most_held or {})
        self._clock = count()
        self._last_turn: dict[str, int] = {}  # by party

    def may_start(self, caller: Caller) -> bool:
        """Say whether a caller may have a free place at once."""
        if caller.name is not None and any(job.caller == caller for job in self.jobs):
            return False
        held = sum(job.caller.party == caller.party and not job.overtaken for job in self.jobs)
        return held < self._most_held.get(caller.party, held + 1)

    def start(self, caller: Caller, now: float = 0.0) -> Job:
        """Note that a caller has got a place."""
        job = Job(caller, now)
        self.jobs.add(job)
        self._last_turn[caller.party] = next(self._clock)
        return job

    def end(self, job: Job) -> None:
        """Note that a place has been given back."""
        self.jobs.discard(job)

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

    def next(self, last: Caller, now: float = 0.0) -> Waiter | None:
        """Take the next one that may start out of the queue; `last` has just been served."""
        ready = [waiter for waiter in self.waiting if self.may_start(waiter.caller)]
        if not ready:
            return None
        waiter = min(ready, key=lambda w: (self._last_turn.get(w.caller.party, -1), self._is(w.caller, last)))
        self.waiting.remove(waiter)
        waiter.job = self.start(waiter.caller, now)
        return waiter

    def overtake(self, since: float, most: int, now: float = 0.0) -> Waiter | None:
        """Take the next one out of the queue past a job that has run since before a time, if fewer than `most` have
        been overtaken; there is one more place then, until that job ends."""
        slow = [job for job in self.jobs if not job.overtaken and job.since <= since]
        if not slow or not self.waiting or sum(job.overtaken for job in self.jobs) >= most:
            return None
        for job in sorted(slow, key=lambda job: job.since):
            job.overtaken = True
            if (waiter := self.next(job.caller, now)) is not None:
                return waiter
            job.overtaken = False
        return None

    @staticmethod
    def _is(caller: Caller, last: Caller) -> bool:
        return caller.name is not None and caller == last
