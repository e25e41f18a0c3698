"""Slows down the guessing of passwords: per account and per address.

Kept in memory: only the server takes logins, and a failure must not cost a synced write, which would hand
every guesser a way to wear out the disk. Bounded: of more than `size` names, those that failed longest ago
are forgotten.
"""

import ipaddress
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from synhub.errors import TooMany

WINDOW = timedelta(minutes=15)


def network_of(address: str) -> str:
    """Return all that one caller holds beside this address: with IPv6 that is a /64.

    >>> network_of("2001:db8::1"), network_of("192.0.2.7")
    ('2001:db8::/64', '192.0.2.7')
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)


class Throttle:
    """Failures of the last 15 minutes by name; from `attempts` on each doubles the wait, 1 s to 15 min."""

    def __init__(self, attempts: int, clock: Callable[[], datetime], size: int = 10_000) -> None:
        self._attempts = attempts
        self._clock = clock
        self._size = size
        self._failures: OrderedDict[str, tuple[datetime, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, names: Iterable[str]) -> None:
        """Raises TooMany while one of the names has to wait."""
        now = self._clock()
        with self._lock:
            wait = max((self._wait(name, now) for name in names), default=timedelta(0))
        if wait > timedelta(0):
            seconds = math.ceil(wait.total_seconds())
            raise TooMany(f"Too many failed logins; try again in {seconds} s", seconds)

    def _wait(self, name: str, now: datetime) -> timedelta:
        recent = [t for t in self._failures.get(name, ()) if now - t < WINDOW]
        excess = len(recent) - self._attempts
        if not recent or excess < 0:
            return timedelta(0)
        return recent[-1] + min(WINDOW, timedelta(seconds=2**excess)) - now

    def failed(self, names: Iterable[str]) -> None:
        now = self._clock()
        keep = self._attempts + 10  # 2**10 s is past the longest wait
        with self._lock:
            for name in names:
                recent = [t for t in self._failures.pop(name, ()) if now - t < WINDOW]
                self._failures[name] = (*recent, now)[-keep:]
            while len(self._failures) > self._size:
                self._failures.popitem(last=False)

    def forget(self, name: str) -> None:
        """The owner of the name came in."""
        with self._lock:
            self._failures.pop(name, None)

    def __len__(self) -> int:
        return len(self._failures)
