"""Budgets bound what one client gets, turns what many get together; nothing of it grows with the number of clients."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import Live, live

from synhub.errors import BadRequest, TooMany
from synhub.settings import load_settings
from synhub.web import budgets
from synhub.web.budgets import Budgets, Gate, Rate, Turns, client_of
from synhub.web.robots import robots_text


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def served(bucket: Budgets, client: str, *, costly: bool = False, tries: int = 20) -> int:
    count = 0
    for _ in range(tries):
        try:
            bucket.take(client, costly=costly)
        except TooMany:
            return count
        count += 1
    return count


def test_a_burst_is_served_and_then_the_rate() -> None:
    clock = Clock()
    bucket = Budgets(Rate(2, 5), Rate(1, 1), clock=clock)
    assert served(bucket, "a") == 5
    clock.now_s += 1.5
    assert served(bucket, "a") == 3
    clock.now_s += 1000
    assert served(bucket, "a") == 5


def test_clients_and_kinds_of_requests_have_buckets_of_their_own() -> None:
    bucket = Budgets(Rate(1, 3), Rate(1, 2), clock=Clock())
    assert [served(bucket, "a"), served(bucket, "b"), served(bucket, "a", costly=True)] == [3, 3, 2]


def test_a_refusal_says_when_to_come_back() -> None:
    bucket = Budgets(Rate(1, 1), Rate(0.1, 1), clock=Clock())
    bucket.take("a", costly=True)
    with pytest.raises(TooMany, match=r"0\.1 queries, searches and downloads a second.*try again in 10 s") as refused:
        bucket.take("a", costly=True)
    assert refused.value.retry_after_s == 10


def test_a_rate_of_nothing_is_no_limit() -> None:
    bucket = Budgets(Rate(0, 1), Rate(1, 1), clock=Clock())
    assert served(bucket, "a", tries=50) == 50
    assert len(bucket) == 0


def test_the_clients_seen_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "MOST_CLIENTS", 3)
    bucket = Budgets(Rate(1, 1), Rate(1, 1), clock=Clock())
    for client in "abcad":  # b is the one that was seen longest ago
        served(bucket, client)
    assert len(bucket) == 3
    assert [served(bucket, client) for client in "acd"] == [0, 0, 0]
    assert served(bucket, "b") == 1


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_client_is_an_address_or_a_network_of_one(address: str, client: str) -> None:
    assert client_of(address) == client


def test_addresses_take_turns() -> None:
    async def run() -> list[str]:
        turns, done = Turns(at_once=1), list[str]()

        async def work(client: str, name: str) -> None:
            async with turns.turn(client):
                await asyncio.sleep(0)
                done.append(name)

        jobs = [work("a", f"a{n}") for n in range(4)] + [work("b", f"b{n}") for n in range(2)] + [work("c", "c0")]
        await asyncio.gather(*jobs)
        return done

    assert asyncio.run(run()) == ["a0", "a1", "b0", "c0", "a2", "b1", "a3"]


def test_who_leaves_while_waiting_or_when_called_gives_the_place_on() -> None:
    async def run() -> list[str]:
        turns, done, go = Turns(at_once=1), list[str](), asyncio.Event()

        async def work(name: str) -> None:
            async with turns.turn(name):
                await go.wait()
                done.append(name)

        tasks = [asyncio.create_task(work(name)) for name in "abcd"]
        await asyncio.sleep(0)
        tasks[1].cancel()  # waits
        go.set()
        await asyncio.sleep(0)  # a ends here, and c is called in the same step of the loop
        tasks[2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(5):
            async with turns.turn("e"):
                done.append("e")
        return done

    assert asyncio.run(run()) == ["a", "d", "e"]


def test_one_address_cannot_fill_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "_MOST_WAITING_EACH", 2)

    async def run() -> list[str]:
        turns, go, refused = Turns(at_once=1), asyncio.Event(), list[str]()

        async def work(client: str) -> None:
            try:
                async with turns.turn(client):
                    await go.wait()
            except TooMany:
                refused.append(client)

        tasks = [asyncio.create_task(work(client)) for client in ("a", "a", "a", "a", "b")]
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)
        return refused

    assert asyncio.run(run()) == ["a"]


def test_addresses_without_a_limit_are_checked_at_the_start() -> None:
    with pytest.raises(BadRequest, match=r"^unlimited: .*give addresses or networks"):
        Gate.of(load_settings({}, unlimited="localhost"))


# --- over HTTP


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder: Path = tmp_path_factory.mktemp("budgets")
    limits = {"request_rate": 0.01, "request_burst": 4, "costly_rate": 0.01, "costly_burst": 2}  # of an address
    with live(folder, trusted_proxies="127.0.0.1", **limits) as running:
        running.user("alice")
        running.user("bob")
        yield running


def statuses(instance: Live, path: str, times: int, who: str | None = None, address: str = "") -> list[int]:
    headers = {"X-Forwarded-For": address} if address else {}
    return [instance.get(path, who, headers=headers).status_code for _ in range(times)]


def test_an_address_is_refused_and_others_are_not(instance: Live) -> None:
    assert statuses(instance, "/search/gfp", 3, address="192.0.2.1") == [200, 200, 429]
    assert statuses(instance, "/search/gfp", 1, address="192.0.2.2") == [200]
    assert statuses(instance, "/rootCollections", 5, address="192.0.2.1") == [200, 200, 200, 200, 429]


def test_a_user_has_four_times_that_wherever_requests_come_from(instance: Live) -> None:
    assert statuses(instance, "/search/gfp", 8, "alice", "192.0.2.3") == [200] * 8
    assert statuses(instance, "/search/gfp", 1, "alice", "192.0.2.4") == [429]
    assert statuses(instance, "/search/gfp", 1, "bob", "192.0.2.3") == [200]
    assert statuses(instance, "/search/gfp", 1, address="192.0.2.3") == [200]


def test_refusals_are_classic_text_or_a_problem_and_say_when(instance: Live) -> None:
    for path, kind in (("/searchCount/gfp", "text/plain"), ("/facets/gfp", "application/problem+json")):
        address = f"198.51.100.{len(kind)}"
        assert statuses(instance, path, 2, address=address) == [200, 200]
        answer = instance.get(path, headers={"X-Forwarded-For": address})
        assert answer.status_code == 429
        assert answer.headers["content-type"].startswith(kind)
        assert 90 < int(answer.headers["retry-after"]) <= 100
        assert "try again in" in answer.text


def test_this_machine_has_no_limit(instance: Live) -> None:
    assert set(statuses(instance, "/search/gfp", 8)) == {200}


# --- robots.txt


def is_allowed(path: str) -> bool:
    """Source: RFC 9309, section 2.2.2: the longest rule that matches counts, and of equal ones that which allows."""
    best = (0, True)
    for line in robots_text().splitlines():
        kind, _, pattern = line.partition(": ")
        if kind in ("Allow", "Disallow"):
            regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\$", "$")
            if re.match(regex, path):
                best = max(best, (len(pattern), kind == "Allow"))
    return best[1]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True),
        ("/rootCollections", True),
        ("/public/igem/BBa_B0034/1", True),
        ("/public/igem/igem_collection/1", True),
        ("/public/igem/BBa_B0034/1/sbol", False),
        ("/public/igem/BBa_B0034/1/uses", False),
        ("/public/igem/BBa_B0034/1/twinsCount", False),
        ("/public/igem/igem_collection/1?offset=25", False),
        ("/user/alice/lab/pTet/1", False),
        ("/search/gfp", False),
        ("/sparql?query=x", False),
        ("/facets/gfp", False),
    ],
)
def test_crawlers_read_pages_of_public_objects_only(path: str, allowed: bool) -> None:
    assert is_allowed(path) is allowed


def test_robots_txt_is_served(instance: Live) -> None:
    answer = instance.get("/robots.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("User-agent: *\nCrawl-delay: 5\nDisallow: /search\n")
