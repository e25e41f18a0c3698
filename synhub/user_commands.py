"""`synhub user …`: accounts from the command line, also while the server runs (SQLite in WAL mode serves both).

Exit status: 0 done, 1 refused, 2 wrong usage.
"""

import argparse
import getpass
import secrets
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from synhub.errors import BadRequest, NotFound, SynhubError
from synhub.model import User
from synhub.settings import load_settings
from synhub.store.accounts import Accounts
from synhub.store.accounts_rules import NO_PASSWORD, PASSWORDS_DIFFER, check_new
from synhub.store.data_folder import DATABASE, check_format, make
from synhub.store.database import Database


def add_parsers(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `user` and its sub-commands."""
    user = subparsers.add_parser("user", help="add, list, change accounts", description="Manage accounts.")
    commands = user.add_subparsers(dest="user_command", metavar="COMMAND", required=True)

    add = commands.add_parser("add", help="add an account")
    add.add_argument("username", metavar="USERNAME", help="ASCII letters and digits; part of IRIs, never changes")
    add.add_argument("--email", required=True, metavar="E")
    add.add_argument("--name", default="", metavar="N", help="full name; the user name where absent")
    add.add_argument("--affiliation", default="", metavar="A")
    for flag, help_text in [
        ("--admin", "may administrate the instance"),
        ("--curator", "may curate public collections"),
        ("--member", "member of the instance's group"),
    ]:
        add.add_argument(flag, action="store_true", help=help_text)
    listing = commands.add_parser("list", help="list all accounts")
    passwd = commands.add_parser("passwd", help="set a password; ends all tokens and sessions of the account")
    disable = commands.add_parser("disable", help="close an account; its name stays taken")
    for parser in (passwd, disable):
        parser.add_argument("username", metavar="USERNAME", help="user name or e-mail address")
    for parser in (add, passwd):
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password from the first line of standard input; without it the terminal is asked,"
            " and without a terminal one is made up and printed",
        )
    for parser in (add, listing, passwd, disable):
        parser.add_argument("--data", type=Path, metavar="DIR", help="data folder of the instance (./synhub-data)")


def run(arguments: argparse.Namespace) -> int:
    """Run the sub-command that the arguments name; return the exit status."""
    commands = {"add": _add, "list": _list, "passwd": _passwd, "disable": _disable}
    try:
        return commands[arguments.user_command](arguments)
    except SynhubError as error:
        print(error.message, file=sys.stderr)
        return 1


@contextmanager
def _accounts(data: Path | None, *, create: bool = False) -> Iterator[Accounts]:
    """Open the accounts of a data folder. Raises NotFound when it holds none and none is to be made."""
    folder = load_settings(data=data).data
    path = folder / DATABASE
    if not path.exists():
        if not create:
            raise NotFound(f"{folder} holds no synhub instance; give the right folder with --data")
        make(folder)
    check_format(folder)
    with closing(Database(path, "synhub")) as database, closing(Accounts(database)) as accounts:
        yield accounts


def _find(accounts: Accounts, login: str) -> User:
    user = accounts.find_by_login(login)
    if user is None:
        raise NotFound(f"there is no account {login!r}; `synhub user list` shows all")
    return user


def _password(from_stdin: bool) -> tuple[str, bool]:
    """Return a new password and whether it was made up. Raises BadRequest when it is empty or mistyped."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin is not None and sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if password and getpass.getpass("Password again: ") != password:
            raise BadRequest(PASSWORDS_DIFFER)
    else:
        return secrets.token_urlsafe(15), True
    if not password:
        raise BadRequest(NO_PASSWORD)
    return password, False


def _add(arguments: argparse.Namespace) -> int:
    name = arguments.name or arguments.username
    check_new(name, arguments.username, arguments.email, "-")  # say what is wrong before asking for a password
    password, made_up = _password(arguments.password_stdin)
    with _accounts(arguments.data, create=True) as accounts:
        user = accounts.create_user(
            arguments.username,
            arguments.email,
            password,
            name=name,
            affiliation=arguments.affiliation,
            is_admin=arguments.admin,
            is_curator=arguments.curator,
            is_member=arguments.member,
        )
    print(f"added {user.username}" + (f" with password {password}" if made_up else ""))
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with _accounts(arguments.data) as accounts:
        users = accounts.list_users()
    rows = [("USERNAME", "E-MAIL", "NAME", "AFFILIATION", "ROLES", "CREATED")]
    rows += [(u.username, u.email, u.name, u.affiliation, _roles(u), u.created[:10]) for u in users]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _roles(user: User) -> str:
    marks = [
        ("admin", user.is_admin),
        ("curator", user.is_curator),
        ("member", user.is_member),
        ("disabled", user.disabled),
    ]
    return ",".join(word for word, holds in marks if holds) or "-"


def _passwd(arguments: argparse.Namespace) -> int:
    with _accounts(arguments.data) as accounts:
        user = _find(accounts, arguments.username)
        if user.disabled:
            raise BadRequest(f"the account {user.username} is disabled")
        password, made_up = _password(arguments.password_stdin)
        accounts.set_password(user.id, password)
    print(f"password of {user.username} " + (f"is now {password}" if made_up else "changed"))
    return 0


def _disable(arguments: argparse.Namespace) -> int:
    with _accounts(arguments.data) as accounts:
        user = _find(accounts, arguments.username)
        accounts.disable(user.id)
    print(f"disabled {user.username}")
    return 0
