import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from synhub.store.accounts import Accounts
from synhub.store.database import Database


def synhub(data: Path, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Run `synhub user …`; return exit status, standard output, standard error."""
    command = [sys.executable, "-m", "synhub", "user", *arguments, "--data", str(data)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def password_is(data: Path, username: str, password: str) -> bool:
    database = Database(data / "synhub.sqlite", "synhub")
    accounts = Accounts(database)
    try:
        return accounts.check_password(accounts.find_by_login(username), password)
    finally:
        accounts.close()
        database.close()


def test_add_makes_the_folder_and_an_account_with_roles(tmp_path: Path) -> None:
    data = tmp_path / "new"
    options = ["--email", "a@x.org", "--name", "Alice A", "--affiliation", "Lab", "--admin", "--curator", "--member"]
    added = synhub(data, "add", "alice", *options, "--password-stdin", stdin="päss word\n")
    assert added == (0, "added alice\n", "")
    assert password_is(data, "alice", "päss word")
    assert data.stat().st_mode & 0o777 == 0o700, "password hashes are nobody else's business"
    status, listing, _ = synhub(data, "list")
    assert status == 0
    lines = [re.split(r" {2,}", line) for line in listing.splitlines()]
    assert lines[0] == ["USERNAME", "E-MAIL", "NAME", "AFFILIATION", "ROLES", "CREATED"]
    assert lines[1][:5] == ["alice", "a@x.org", "Alice A", "Lab", "admin,curator,member"]


def test_password_is_made_up_and_printed_without_a_terminal(tmp_path: Path) -> None:
    status, output, _ = synhub(tmp_path, "add", "alice", "--email", "a@x.org")
    made_up = re.fullmatch(r"added alice with password ([\w-]{20})\n", output)
    assert status == 0
    assert made_up is not None
    assert password_is(tmp_path, "alice", made_up[1])
    status, output, _ = synhub(tmp_path, "passwd", "A@x.org")
    made_up = re.fullmatch(r"password of alice is now ([\w-]{20})\n", output)
    assert made_up is not None
    assert password_is(tmp_path, "alice", made_up[1])


def test_refusals_say_why_and_exit_with_1(tmp_path: Path) -> None:
    def add(username: str, email: str, stdin: str = "pw\n") -> tuple[int, str, str]:
        return synhub(tmp_path / "d", "add", username, "--email", email, "--password-stdin", stdin=stdin)

    assert add("al_ice", "a@x.org") == (1, "", "Please enter a valid username\n")
    assert add("alice", "nope") == (1, "", "Please enter a valid e-mail address\n")
    assert add("alice", "a@x.org", "\n") == (1, "", "Please enter a password\n")
    assert not (tmp_path / "d").exists()
    assert add("alice", "a@x.org")[0] == 0
    assert add("ALICE", "b@x.org") == (1, "", "Error: E-mail address or username already in use\n")
    for command in ("passwd", "disable"):
        missing = synhub(tmp_path / "d", command, "eve")
        assert missing == (1, "", "there is no account 'eve'; `synhub user list` shows all\n")
    status, _, message = synhub(tmp_path / "elsewhere", "list")
    assert (status, "holds no synhub instance" in message) == (1, True)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("arguments", [["add", "alice"], ["add", "--email", "a@x.org"], ["promote", "x"]])
def test_wrong_usage_exits_with_2(tmp_path: Path, arguments: list[str]) -> None:
    assert synhub(tmp_path, *arguments)[0] == 2


def test_accounts_change_while_they_are_in_use(tmp_path: Path) -> None:
    database = Database(tmp_path / "synhub.sqlite", "synhub")
    accounts = Accounts(database)
    alice = accounts.create_user("alice", "a@x.org", "pw")
    token = accounts.create_token(alice)
    assert synhub(tmp_path, "passwd", "alice", "--password-stdin", stdin="new\n") == (
        0,
        "password of alice changed\n",
        "",
    )
    assert accounts.find_by_token(token) is None
    assert accounts.log_in("alice", "new", "") == alice
    token = accounts.create_token(alice)
    assert synhub(tmp_path, "disable", "alice") == (0, "disabled alice\n", "")
    assert accounts.find_by_token(token) is None
    assert "disabled" in synhub(tmp_path, "list")[1]
    assert synhub(tmp_path, "passwd", "alice") == (1, "", "the account alice is disabled\n")
    accounts.close()
    database.close()


@pytest.mark.parametrize(("again", "status"), [(b"secret\n", 0), (b"secrets\n", 1)])
def test_terminal_is_asked_twice(tmp_path: Path, again: bytes, status: int) -> None:
    terminal, other_end = os.openpty()
    arguments = ["add", "alice", "--email", "a@x.org", "--data", str(tmp_path / "d")]
    process = subprocess.Popen(
        [sys.executable, "-m", "synhub", "user", *arguments],
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
        start_new_session=True,
    )
    shown = b""
    for prompt, answer in ((b"Password: ", b"secret\n"), (b"Password again: ", again)):
        while not shown.endswith(prompt):
            shown += os.read(terminal, 1024)
        os.write(terminal, answer)
    assert process.wait(timeout=60) == status
    os.close(other_end)
    os.close(terminal)
    assert b"secret" not in shown
    if status == 0:
        assert password_is(tmp_path / "d", "alice", "secret")
    else:
        assert not (tmp_path / "d").exists()
