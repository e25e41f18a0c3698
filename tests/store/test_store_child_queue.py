"""Whose turn it is: one job each, and parties in turn."""

import pytest

from synhub.store.child_queue import Busy, Caller, Job, Turns


def addresses(count: int) -> list[Caller]:
    return [Caller(f"192.0.2.{n}", "anonymous") for n in range(count)]


ALICE, BOB = Caller("alice", "users"), Caller("bob", "users")


def order(turns: Turns, last: Job, most: int = 100) -> list[str | None]:
    """Serve one after another until nobody is left."""
    found: list[str | None] = []
    turns.end(last)
    while (waiter := turns.next(last.caller)) is not None and len(found) < most:
        found.append(waiter.caller.name)
        assert waiter.job is not None
        last = waiter.job
        turns.end(last)
    return found


def test_user_comes_next_however_many_addresses_wait() -> None:
    turns = Turns("query", 16)
    first, *others = addresses(12)
    running = turns.start(first)
    for caller in (*others, ALICE, BOB):
        turns.join(caller)
    assert order(turns, running)[:5] == ["alice", "192.0.2.1", "bob", "192.0.2.2", "192.0.2.3"]


def test_room_of_one_party_is_not_taken_by_another() -> None:
    turns = Turns("query", 4)
    first, *others = addresses(6)
    running = turns.start(first)
    for caller in others[:4]:
        turns.join(caller)
    with pytest.raises(Busy, match="too many query requests are waiting"):
        turns.join(others[4])
    turns.join(ALICE)
    assert order(turns, running)[0] == "alice"


def test_one_job_of_a_caller_runs_and_one_waits() -> None:
    turns = Turns("query", 4)
    running = turns.start(ALICE)
    assert not turns.may_start(ALICE)
    turns.join(ALICE)
    with pytest.raises(Busy, match="one query of yours is waiting already"):
        turns.join(ALICE)
    assert turns.next(BOB) is None  # alice has one running
    turns.end(running)
    waiter = turns.next(ALICE)
    assert waiter is not None
    assert waiter.caller == ALICE


def test_who_was_served_gives_way_within_the_party() -> None:
    turns = Turns("query", 4)
    running = turns.start(ALICE)
    turns.join(ALICE)
    turns.join(BOB)
    assert order(turns, running) == ["bob", "alice"]


def test_nobody_in_particular_may_have_several() -> None:
    turns = Turns("prepare", None)
    for _ in range(3):
        assert turns.may_start(Caller())
        running = turns.start(Caller())
    turns.join(Caller())
    turns.join(Caller())
    assert order(turns, running) == [None, None]


def test_one_who_waits_overtakes_the_longest_of_the_jobs_that_take_long() -> None:
    turns = Turns("query", 4)
    jobs = [turns.start(caller, now) for now, caller in enumerate(addresses(3))]
    waiting = turns.join(ALICE)
    assert turns.overtake(since=-1, most=2) is None  # none has run for so long
    assert turns.overtake(since=1, most=2, now=9) is waiting
    assert [job.overtaken for job in jobs] == [True, False, False]
    assert waiting.job is not None
    assert (waiting.job.caller, waiting.job.since) == (ALICE, 9)
    assert turns.overtake(since=1, most=2) is None  # nobody waits


def test_no_more_jobs_than_told_are_overtaken_and_each_once() -> None:
    turns = Turns("query", 4)
    first, second = addresses(2)
    jobs = [turns.start(first, 0), turns.start(second, 0)]
    for caller in addresses(5)[2:]:
        turns.join(caller)
    assert turns.overtake(since=0, most=1, now=5) is not None
    assert turns.overtake(since=0, most=1, now=5) is None
    assert turns.overtake(since=0, most=2, now=5) is not None
    assert [job.overtaken for job in jobs] == [True, True]
    assert turns.overtake(since=0, most=9, now=5) is None  # the others have not run for long
    turns.end(jobs[0])
    assert turns.overtake(since=5, most=2, now=9) is not None


def test_nobody_overtakes_a_job_of_their_own() -> None:
    turns = Turns("query", 4)
    job = turns.start(ALICE, 0)
    turns.join(ALICE)
    assert turns.overtake(since=0, most=4) is None
    assert not job.overtaken


def test_a_party_leaves_places_to_others() -> None:
    turns = Turns("query", 4, {"anonymous": 1})
    first, second, third = addresses(3)
    slow = turns.start(first, 0)
    assert not turns.may_start(second)
    assert turns.may_start(ALICE)
    turns.join(second)
    turns.join(third)
    assert turns.next(ALICE) is None
    found = turns.overtake(since=0, most=4)
    assert found is not None and found.caller == second
    assert not turns.may_start(third)
    turns.end(slow)  # its place was in other hands
    assert not turns.may_start(third)
