"""Whose turn it is: one job each, and parties in turn."""

import pytest

from synhub.store.child_queue import Busy, Caller, Turns


def addresses(count: int) -> list[Caller]:
    return [Caller(f"192.0.2.{n}", "anonymous") for n in range(count)]


ALICE, BOB = Caller("alice", "users"), Caller("bob", "users")


def order(turns: Turns, last: Caller, most: int = 100) -> list[str | None]:
    """Serve one after another until nobody is left."""
    found: list[str | None] = []
    turns.end(last)
    while (waiter := turns.next(last)) is not None and len(found) < most:
        found.append(waiter.caller.name)
        last = waiter.caller
        turns.end(last)
    return found


def test_user_comes_next_however_many_addresses_wait() -> None:
    turns = Turns("query", 16)
    first, *others = addresses(12)
    turns.start(first)
    for caller in (*others, ALICE, BOB):
        turns.join(caller)
    assert order(turns, first)[:5] == ["alice", "192.0.2.1", "bob", "192.0.2.2", "192.0.2.3"]


def test_room_of_one_party_is_not_taken_by_another() -> None:
    turns = Turns("query", 4)
    first, *others = addresses(6)
    turns.start(first)
    for caller in others[:4]:
        turns.join(caller)
    with pytest.raises(Busy, match="too many query requests are waiting"):
        turns.join(others[4])
    turns.join(ALICE)
    assert order(turns, first)[0] == "alice"


def test_one_job_of_a_caller_runs_and_one_waits() -> None:
    turns = Turns("query", 4)
    turns.start(ALICE)
    assert not turns.may_start(ALICE)
    turns.join(ALICE)
    with pytest.raises(Busy, match="one query of yours is waiting already"):
        turns.join(ALICE)
    assert turns.next(BOB) is None  # alice has one running
    turns.end(ALICE)
    waiter = turns.next(ALICE)
    assert waiter is not None
    assert waiter.caller == ALICE


def test_who_was_served_gives_way_within_the_party() -> None:
    turns = Turns("query", 4)
    turns.start(ALICE)
    turns.join(ALICE)
    turns.join(BOB)
    assert order(turns, ALICE) == ["bob", "alice"]


def test_nobody_in_particular_may_have_several() -> None:
    turns = Turns("prepare", None)
    for _ in range(3):
        assert turns.may_start(Caller())
        turns.start(Caller())
    turns.join(Caller())
    turns.join(Caller())
    assert order(turns, Caller()) == [None, None]
