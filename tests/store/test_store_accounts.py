import contextlib
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import argon2
import pytest
from argon2 import PasswordHasher

from synhub.errors import BadRequest, Conflict, NotAuthenticated, NotFound, TooMany
from synhub.store.accounts import UNKNOWN_LOGIN, WRONG_PASSWORD, Accounts
from synhub.store.accounts_rules import BAD_EMAIL, BAD_USERNAME, IN_USE, NO_NAME, NO_PASSWORD, check_new
from synhub.store.accounts_throttle import Throttle, network_of
from synhub.store.database import Database


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 3, 17, 33, 963_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "synhub.sqlite", "synhub")
    yield opened
    opened.close()


@pytest.fixture
def accounts(database: Database, clock: Clock) -> Iterator[Accounts]:
    opened = Accounts(database, clock, login_attempts=3)
    yield opened
    opened.close()


@pytest.fixture
def usual_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash as an instance does: in tests it costs less."""
    monkeypatch.setattr(argon2, "PasswordHasher", PasswordHasher)


def test_new_user_is_found_by_name_and_address_in_any_case(accounts: Accounts) -> None:
    alice = accounts.create_user("Alice", "Alice@lab.example", "pw", name="Alice A", affiliation="Lab")
    assert (alice.id, alice.username, alice.name, alice.email) == (1, "Alice", "Alice A", "Alice@lab.example")
    assert alice.created == "2026-11-22T03:17:33.963Z"
    assert not (alice.is_admin or alice.is_curator or alice.is_member or alice.disabled)
    assert accounts.find_by_login("aLICE") == alice
    assert accounts.find_by_login("alice@LAB.example") == alice
    assert accounts.find_by_login("alice@lab") is None


def test_full_name_defaults_to_user_name(accounts: Accounts) -> None:
    assert accounts.create_user("bob", "b@x.org", "pw").name == "bob"


@pytest.mark.parametrize(("username", "email"), [("ALICE", "new@x.org"), ("alice2", "A@X.org"), ("alice", "a@x.org")])
def test_name_and_address_are_never_given_twice_even_when_disabled(
    accounts: Accounts, username: str, email: str
) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    accounts.disable(alice.id)
    with pytest.raises(Conflict) as caught:
        accounts.create_user(username, email, "pw")
    assert caught.value.message == IN_USE == "Error: E-mail address or username already in use"
    assert [user.username for user in accounts.list_users()] == ["alice"]


def test_database_refuses_to_delete_or_rename_a_user(accounts: Accounts, database: Database) -> None:
    accounts.create_user("alice", "a@x.org", "pw")
    for sql in ("DELETE FROM user", "UPDATE user SET username = 'eve'"):
        with pytest.raises(sqlite3.IntegrityError), database.write() as transaction:
            transaction.execute(sql)


def test_new_account_is_checked_in_the_classic_order() -> None:
    said = {"name": "", "username": "al_ice", "email": "nope", "password": ""}
    for message, name, value in [
        (NO_NAME, "name", "Alice A"),
        (BAD_USERNAME, "username", "alice"),
        (BAD_EMAIL, "email", "alice@lab.example"),
        (NO_PASSWORD, "password", "pw"),
    ]:
        with pytest.raises(BadRequest) as caught:
            check_new(**said)
        assert caught.value.message == message
        said[name] = value
    check_new(**said)


@pytest.mark.parametrize("username", ["", "al ice", "al_ice", "alice\n", "äö", "a/b", "a" * 65])
def test_user_names_are_ascii_letters_and_digits(username: str) -> None:
    with pytest.raises(BadRequest, match=BAD_USERNAME):
        check_new("x", username, "a@x.org", "pw")


@pytest.mark.parametrize(
    "email",
    ["", "nope", "@x.org", "a@", "a b@x.org", "a@x.org\n", "a@b@c.org", "a@x..org", "<a@x.org>", "a" * 255],
)
def test_ill_formed_addresses_are_refused(email: str) -> None:
    with pytest.raises(BadRequest, match=BAD_EMAIL):
        check_new("x", "x", email, "pw")


@pytest.mark.parametrize("email", ["test@user.synbiohub", "root@localhost", "o'neil+x@a.uk", "jörg@büro.example"])
def test_ordinary_addresses_are_accepted(email: str) -> None:
    check_new("x", "x", email, "pw")


def test_names_that_xml_cannot_hold_are_refused() -> None:
    for name in ("a\x00b", "a\x0bb", "a\ud800b"):
        with pytest.raises(BadRequest, match="holds control characters"):
            check_new(name, "x", "a@x.org", "pw")


@pytest.mark.usefixtures("usual_cost")
def test_password_is_stored_as_argon2id_only(accounts: Accounts, database: Database) -> None:
    alice = accounts.create_user("alice", "a@x.org", "correct horse")
    row = database.row("SELECT password FROM user")
    assert row is not None
    assert str(row[0]).startswith("$argon2id$v=19$m=32768,t=2,p=1$")
    assert b"correct horse" not in (database.path.parent / "synhub.sqlite-wal").read_bytes()
    assert accounts.check_password(alice, "correct horse")
    assert not accounts.check_password(alice, "Correct horse")
    assert not accounts.check_password(None, "correct horse")


def test_log_in_answers_with_the_two_classic_texts(accounts: Accounts) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    assert accounts.log_in("alice", "pw", "192.0.2.1") == alice
    assert accounts.log_in("A@X.ORG", "pw", "192.0.2.1") == alice
    with pytest.raises(NotAuthenticated) as caught:
        accounts.log_in("alice", "bad", "192.0.2.1")
    assert caught.value.message == WRONG_PASSWORD == "Your password was not recognized."
    with pytest.raises(NotAuthenticated) as caught:
        accounts.log_in("nobody@x.org", "pw", "192.0.2.1")
    assert caught.value.message == UNKNOWN_LOGIN == "Your e-mail address was not recognized."


def test_disabled_account_cannot_log_in_and_looks_unknown(accounts: Accounts) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    accounts.disable(alice.id)
    with pytest.raises(NotAuthenticated, match=UNKNOWN_LOGIN):
        accounts.log_in("alice", "pw", "")
    assert accounts.get_user(alice.id).disabled


def test_guessing_an_account_is_slowed_from_any_address(accounts: Accounts, clock: Clock) -> None:
    accounts.create_user("alice", "a@x.org", "pw")
    for number, login in enumerate(["alice", "A@x.org", "ALICE"]):
        with pytest.raises(NotAuthenticated):
            accounts.log_in(login, "bad", f"192.0.2.{number}")
    with pytest.raises(TooMany) as caught:
        accounts.log_in("alice", "pw", "192.0.2.99")
    assert caught.value.message == "Too many failed logins; try again in 1 s"
    assert caught.value.retry_after_s == 1
    clock.pass_time(seconds=1)
    assert accounts.log_in("alice", "pw", "192.0.2.99").username == "alice"
    with pytest.raises(NotAuthenticated):  # the right password has cleared the account
        accounts.log_in("alice", "bad", "192.0.2.99")


def test_guessing_from_one_address_is_slowed_for_all_accounts(accounts: Accounts) -> None:
    for number in range(3):
        with pytest.raises(NotAuthenticated):
            accounts.log_in(f"user{number}", "pw", "2001:db8::1")
    with pytest.raises(TooMany):
        accounts.log_in("other", "pw", "2001:db8::ffff")
    with pytest.raises(NotAuthenticated):
        accounts.log_in("other", "pw", "2001:db8:0:1::1")


def test_waits_double_up_to_fifteen_minutes_and_failures_expire() -> None:
    clock = Clock()
    throttle = Throttle(2, clock)
    throttle.failed(["a"])
    throttle.check(["a"])
    waits = []
    for _ in range(6):
        throttle.failed(["a"])
        with pytest.raises(TooMany) as caught:
            throttle.check(["b", "a"])
        waits.append(caught.value.retry_after_s)
    assert waits == [1, 2, 4, 8, 16, 32]
    for _ in range(10):
        throttle.failed(["a"])
    with pytest.raises(TooMany) as caught:
        throttle.check(["a"])
    assert caught.value.retry_after_s == 900
    clock.pass_time(minutes=15)
    throttle.check(["a"])


def test_failures_spread_over_more_than_fifteen_minutes_do_not_add_up() -> None:
    clock = Clock()
    throttle = Throttle(2, clock)
    for _ in range(10):
        throttle.failed(["a"])
        throttle.check(["a"])
        clock.pass_time(minutes=15)


def test_throttle_remembers_a_bounded_number_of_names() -> None:
    throttle = Throttle(1, Clock(), size=5)
    for number in range(100):
        throttle.failed([f"n{number}"])
    assert len(throttle) == 5
    throttle.check(["n94"])
    with pytest.raises(TooMany):
        throttle.check(["n95"])


def test_addresses_are_grouped_as_one_caller_holds_them() -> None:
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8::1") == network_of("2001:db8::2:3") == "2001:db8::/64"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("testclient") == "testclient"


def test_token_is_a_uuid_whose_hash_alone_is_stored(accounts: Accounts, database: Database) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    token = accounts.create_token(alice, label="laptop", agent="curl/8")
    assert [len(part) for part in token.split("-")] == [8, 4, 4, 4, 12]
    assert token != accounts.create_token(alice)
    assert token.encode() not in (database.path.parent / "synhub.sqlite-wal").read_bytes()
    assert accounts.find_by_token(token) == alice
    for other in ("", "not-a-token", token.upper() + "x", "\ud800", "undefined"):
        assert accounts.find_by_token(other) is None


def test_token_listing_names_tokens_by_public_ids(accounts: Accounts, clock: Clock) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    bob = accounts.create_user("bob", "b@x.org", "pw")
    first = accounts.create_token(alice, label="laptop", agent="curl/8")
    clock.pass_time(minutes=1)
    second = accounts.create_token(alice)
    accounts.create_token(bob)
    listed = accounts.list_tokens(alice)
    assert [t.id for t in listed] == [accounts.token_id(second), accounts.token_id(first)]
    assert (listed[1].label, listed[1].agent) == ("laptop", "curl/8")
    assert (listed[1].created, listed[1].expires) == ("2026-11-22T03:17:33.963Z", "2027-02-20T03:17:33.963Z")


def test_token_expires_ninety_days_after_its_last_use(accounts: Accounts, clock: Clock) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    token = accounts.create_token(alice)
    clock.pass_time(days=89)
    assert accounts.find_by_token(token) == alice
    clock.pass_time(days=89)
    assert accounts.find_by_token(token) == alice
    clock.pass_time(days=91)
    assert accounts.find_by_token(token) is None
    assert accounts.list_tokens(alice) == []


def test_use_of_a_token_is_written_at_most_once_an_hour(accounts: Accounts, clock: Clock, database: Database) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    token = accounts.create_token(alice)
    watcher = sqlite3.connect(database.path)

    def version() -> int:
        (value,) = watcher.execute("PRAGMA data_version").fetchone()
        return int(value)

    before = version()
    clock.pass_time(minutes=59)
    accounts.find_by_token(token)
    assert version() == before
    clock.pass_time(minutes=2)
    accounts.find_by_token(token)
    assert version() != before
    assert accounts.list_tokens(alice)[0].last_used == "2026-11-22T04:18:33.963Z"
    watcher.close()


def test_token_works_while_the_disk_refuses_writes(accounts: Accounts, clock: Clock, database: Database) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    token = accounts.create_token(alice)
    clock.pass_time(hours=2)
    with database.write() as transaction:
        transaction.execute("PRAGMA query_only=ON")
    assert accounts.find_by_token(token) == alice


def test_tokens_are_revoked_one_by_one_or_all_and_only_by_their_owner(accounts: Accounts) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    bob = accounts.create_user("bob", "b@x.org", "pw")
    first, second, third = (accounts.create_token(alice) for _ in range(3))
    identity = accounts.token_id(first)
    assert identity is not None
    with pytest.raises(NotFound):
        accounts.revoke_token(bob, identity)
    accounts.revoke_token(alice, identity)
    assert accounts.find_by_token(first) is None
    with pytest.raises(NotFound):
        accounts.revoke_token(alice, identity)
    accounts.forget_token(second)
    accounts.forget_token(second)
    assert accounts.find_by_token(second) is None
    assert accounts.revoke_all_tokens(alice) == 1
    assert accounts.find_by_token(third) is None


@pytest.mark.parametrize("end", ["password", "disable"])
def test_new_password_and_disabling_end_tokens_and_sessions(accounts: Accounts, end: str) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    bob = accounts.create_user("bob", "b@x.org", "pw")
    token, cookie, other = (
        accounts.create_token(alice),
        accounts.create_session(alice),
        accounts.create_token(bob),
    )
    assert accounts.find_by_session(cookie) == alice
    if end == "password":
        accounts.set_password(alice.id, "new")
        assert accounts.log_in("alice", "new", "") == alice
    else:
        accounts.disable(alice.id)
    assert accounts.find_by_token(token) is None
    assert accounts.find_by_session(cookie) is None
    assert accounts.find_by_token(other) == bob


def test_session_lasts_fourteen_days_and_ends_at_logout(accounts: Accounts, clock: Clock) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    cookie = accounts.create_session(alice)
    assert len(cookie) == 43  # 256 bits
    clock.pass_time(days=14)
    assert accounts.find_by_session(cookie) == alice
    clock.pass_time(seconds=1)
    assert accounts.find_by_session(cookie) is None
    cookie = accounts.create_session(alice)
    accounts.end_session(cookie)
    assert accounts.find_by_session(cookie) is None


def test_expired_sessions_and_tokens_are_swept_by_new_ones(
    accounts: Accounts, clock: Clock, database: Database
) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    for _ in range(5):
        accounts.create_token(alice)
        accounts.create_session(alice)
    clock.pass_time(days=91)
    accounts.create_token(alice)
    accounts.create_session(alice)
    assert database.row("SELECT (SELECT count(*) FROM token), (SELECT count(*) FROM session)") == (1, 1)


def test_profile_changes_what_is_given_and_keeps_the_rest(accounts: Accounts, clock: Clock) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw", name="Alice A", affiliation="Lab")
    clock.pass_time(seconds=10)
    accounts.update_profile(alice.id, affiliation="New lab", name="", email=None)
    changed = accounts.get_user(alice.id)
    assert (changed.name, changed.affiliation, changed.email) == ("Alice A", "New lab", "a@x.org")
    assert accounts.updated(alice.id) == "2026-11-22T03:17:43.963Z"
    accounts.update_profile(alice.id, email="A@x.org")
    assert accounts.find_by_login("a@X.ORG") == accounts.get_user(alice.id)


def test_profile_is_changed_as_a_whole_or_not_at_all(accounts: Accounts) -> None:
    alice = accounts.create_user("alice", "a@x.org", "pw")
    accounts.create_user("bob", "b@x.org", "pw")
    token = accounts.create_token(alice)
    with pytest.raises(Conflict, match="already in use"):
        accounts.update_profile(alice.id, name="Eve", email="B@x.org", password="new")
    with pytest.raises(BadRequest, match=BAD_EMAIL):
        accounts.update_profile(alice.id, name="Eve", email="nope")
    assert accounts.get_user(alice.id) == alice
    assert accounts.find_by_token(token) == alice
    assert accounts.check_password(alice, "pw")


def test_settings_are_kept(accounts: Accounts, database: Database) -> None:
    assert accounts.get_setting("uri_prefix") is None
    accounts.put_setting("uri_prefix", "http://h/")
    accounts.put_setting("uri_prefix", "http://localhost:7777/")
    assert Accounts(database).get_setting("uri_prefix") == "http://localhost:7777/"


def test_another_process_sees_accounts_at_once(accounts: Accounts, database: Database) -> None:
    elsewhere = Database(database.path, "synhub")
    alice = Accounts(elsewhere).create_user("alice", "a@x.org", "pw")
    token = accounts.create_token(alice)
    Accounts(elsewhere).disable(alice.id)
    assert accounts.find_by_token(token) is None
    elsewhere.close()


def test_one_of_many_simultaneous_registrations_of_a_name_wins(accounts: Accounts) -> None:
    won: list[int] = []

    def register(number: int) -> None:
        with contextlib.suppress(Conflict):
            won.append(accounts.create_user("alice", f"a{number}@x.org", "pw").id)

    threads = [threading.Thread(target=register, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert [user.id for user in accounts.list_users()] == won


def test_new_file_may_be_opened_by_several_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "synhub.sqlite"
    script = (
        "import sys; from pathlib import Path; from synhub.store.database import Database;"
        " sys.stdin.readline(); Database(Path(sys.argv[1]), 'synhub').close()"
    )
    command = [sys.executable, "-c", script, str(path)]
    waiting = [subprocess.Popen(command, stdin=subprocess.PIPE, text=True) for _ in range(4)]
    for process in waiting:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in waiting:
        process.communicate(timeout=60)
    assert [process.returncode for process in waiting] == [0, 0, 0, 0]
    database = Database(path, "synhub")
    assert Accounts(database).list_users() == []
    database.close()
