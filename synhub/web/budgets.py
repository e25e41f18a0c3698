"""How much one client may ask for, and in which turn: budgets for each address or user, and turns for the anonymous.

A budget is a bucket of tokens: a request takes one, and so many come back each second. What costs much (queries,
searches, downloads) has a bucket of its own. Memory is bounded: the clients seen last are remembered, of whoever comes
again after that the bucket is full.

Turns are for what a budget cannot do: many addresses, each within its budget. Only a few requests of anonymous callers
are worked on at a time, addresses in turn, so that who is logged in waits for few. Nothing here is for several threads:
all of it runs in the event loop.
"""

import asyncio
import ipaddress
import math
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from synhub.errors import TooMany
from synhub.model import Actor
from synhub.settings import Settings
from synhub.store.cores import cores
from synhub.web.auth import Addresses

MOST_CLIENTS = 10_000  # whose buckets are remembered
_AT_ONCE = max(2, cores() // 2)  # anonymous requests that are worked on
_USER_SHARE = 4  # what a user has is so many times what an address has
_MOST_WAITING = 1_000  # anonymous requests that wait for their turn
_MOST_WAITING_EACH = 100  # of one address
_IPV6_PREFIX = 64  # bits of an IPv6 address that name a client: of the rest it has as many as it likes


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_s` requests a second (0: no limit), and `burst` of them at once."""

    per_s: float
    burst: float

    def times(self, share: int) -> "Rate":
        return Rate(self.per_s * share, self.burst * share)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


class Budgets:
    """The buckets of the clients seen last. `clock` returns seconds that never go back."""

    def __init__(self, cheap: Rate, costly: Rate, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = {False: cheap, True: costly}
        self._buckets: OrderedDict[tuple[str, bool], _Bucket] = OrderedDict()
        self._clock = clock

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, client: str, *, costly: bool, share: int = 1) -> None:
        """Take one token of a client, whose bucket is `share` times the usual. Raises TooMany when there is none."""
        rate = self._rates[costly].times(share)
        if not rate.per_s:
            return
        now, key = self._clock(), (client, costly)
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(rate.burst, now)
            while len(self._buckets) > MOST_CLIENTS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(key)
        bucket.tokens = min(rate.burst, bucket.tokens + (now - bucket.at_s) * rate.per_s)
        bucket.at_s = now
        if bucket.tokens < 1:
            wait_s = math.ceil((1 - bucket.tokens) / rate.per_s)
            what = "queries, searches and downloads" if costly else "requests"
            raise TooMany(
                f"Too many requests: {rate.per_s:g} {what} a second are served to one client,"
                f" {rate.burst:g} at once; try again in {wait_s} s",
                wait_s,
            )
        bucket.tokens -= 1


class Turns:
    """Lets `at_once` work at a time; who waits is served address by address in turn, each in its own order."""

    def __init__(self, at_once: int = _AT_ONCE) -> None:
        self._free = at_once
        self._count = 0
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, client: str) -> AsyncIterator[None]:
        """Wait for a place, and hold it while the block runs. Raises TooMany when too many wait already."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(client)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, client: str) -> None:
        if self._count >= _MOST_WAITING or len(self._waiting.get(client, ())) >= _MOST_WAITING_EACH:
            raise TooMany("Too many requests of callers who are not logged in wait already; try again in 1 s", 1)
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(place)
        self._count += 1
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # it had its turn and was not there to take it
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the place to the next address; to nobody when nobody waits."""
        while self._waiting:
            client, places = self._waiting.popitem(last=False)
            place = places.popleft()
            self._count -= 1
            if places:
                self._waiting[client] = places  # at the end: the others come first
            if not place.done():
                place.set_result(None)
                return
        self._free += 1


class Work:
    """How many requests are being worked on, those that wait for their turn left out."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one more while the block runs."""
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1


@dataclass(frozen=True, slots=True)
class Gate:
    """What requests pass before they are worked on. `exempt` addresses have no budget."""

    budgets: Budgets
    turns: Turns
    work: Work
    exempt: Addresses

    @classmethod
    def of(cls, settings: Settings) -> "Gate":
        """Make it from the settings. Raises BadRequest for what is no address."""
        cheap = Rate(settings.request_rate, settings.request_burst)
        costly = Rate(settings.costly_rate, settings.costly_burst)
        return cls(Budgets(cheap, costly), Turns(), Work(), Addresses.parse("unlimited", settings.unlimited))

    def admit(self, actor: Actor, address: str, *, costly: bool) -> None:
        """Take a token of whoever asks: of the user, or of the address. Raises TooMany."""
        if not address or self.exempt.hold(address):
            return
        if actor.user is None:
            self.budgets.take(client_of(address), costly=costly)
        else:
            self.budgets.take(f"user {actor.user.username}", costly=costly, share=_USER_SHARE)


def client_of(address: str) -> str:
    """Return what stands for the client at an address.

    >>> client_of("192.0.2.7"), client_of("2001:db8::1"), client_of("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8::/64', '192.0.2.7')
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip), _IPV6_PREFIX), strict=False))
    return str(ip)
