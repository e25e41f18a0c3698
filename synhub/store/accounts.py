"""Users, tokens, browser sessions and instance settings: rows of synhub.sqlite.

Secrets are kept as hashes only: passwords by argon2id; tokens and cookies by SHA-256, since they are random
and leave nothing to guess. Knows no HTTP. What hashes a password takes 50 ms of a core and 32 MB: call it on
`hashing`.
"""

import logging
import secrets
import sqlite3
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cached_property

import argon2

from synhub.errors import BadRequest, Conflict, DiskFull, NotAuthenticated, NotFound
from synhub.model import User
from synhub.store.accounts_rules import (
    IN_USE,
    NO_PASSWORD,
    check_email,
    check_line,
    check_new,
    email_key,
)
from synhub.store.accounts_secrets import Token, hash_secret, utc_now
from synhub.store.accounts_throttle import Throttle, network_of
from synhub.store.database import Database, instant

logger = logging.getLogger("synhub.accounts")

UNKNOWN_LOGIN = "Your e-mail address was not recognized."
WRONG_PASSWORD = "Your password was not recognized."  # noqa: S105 - a message; clients compare it
SESSION_LIFE = timedelta(days=14)
TOUCH_AFTER = timedelta(hours=1)
LONGEST_LABEL = 200

_USER = "user.id, username, name, email, affiliation, is_admin, is_curator, is_member, disabled, user.created"


def _user(row: tuple[object, ...]) -> User:
    identity, username, name, email, affiliation, admin, curator, member, disabled, created = row
    assert isinstance(identity, int)
    return User(
        identity,
        str(username),
        str(name),
        str(email),
        str(affiliation),
        bool(admin),
        bool(curator),
        bool(member),
        bool(disabled),
        str(created),
    )


class Accounts:
    """Everything about who may log in. All methods may be called from any thread.

    A token ends `token_days` after its last use; `login_attempts` failures in 15 minutes slow down an account
    or an address.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime] = utc_now,
        *,
        token_days: int = 90,
        login_attempts: int = 10,
    ) -> None:
        self._database = database
        self._clock = clock
        self._token_life = timedelta(days=token_days)
        self._throttle = Throttle(login_attempts, clock)
        # Above the minimum that OWASP's cheat sheet on password storage asks for (19 MiB, t=2, p=1).
        self._hasher = argon2.PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
        # Two at a time: a flood of logins must neither fill the memory nor take the threads that serve reads.
        self.hashing = ThreadPoolExecutor(2, "synhub-password")

    def close(self) -> None:
        self.hashing.shutdown()

    # --- users

    def create_user(
        self,
        username: str,
        email: str,
        password: str,
        *,
        name: str = "",
        affiliation: str = "",
        is_admin: bool = False,
        is_curator: bool = False,
        is_member: bool = False,
    ) -> User:
        """Add an account; the full name is the user name where none is given.

        Raises BadRequest for ill-formed values, Conflict when name or address were ever used in any case.
        """
        name = name or username
        check_new(name, username, email, password)
        check_line("affiliation", affiliation)
        now = instant(self._clock())
        row = (
            username,
            name.strip(),
            email,
            email_key(email),
            affiliation.strip(),
            self._hasher.hash(password),
        )
        try:
            with self._database.write() as transaction:
                cursor = transaction.execute(
                    "INSERT INTO user (username, name, email, email_key, affiliation, password,"
                    " is_admin, is_curator, is_member, created, updated)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (*row, is_admin, is_curator, is_member, now, now),
                )
                assert cursor.lastrowid is not None
                identity = cursor.lastrowid
        except sqlite3.IntegrityError as error:
            raise Conflict(IN_USE) from error
        return self.get_user(identity)

    def get_user(self, user_id: int) -> User:
        """Raises NotFound."""
        row = self._database.row(f"SELECT {_USER} FROM user WHERE id = ?", (user_id,))  # noqa: S608 - constant
        if row is None:
            raise NotFound(f"there is no user {user_id}")
        return _user(row)

    def find_by_login(self, login: str) -> User | None:
        """Return the account of an e-mail address or a user name, whatever the case; disabled ones too."""
        column, key = ("email_key", email_key(login)) if "@" in login else ("username", login)
        row = self._database.row(f"SELECT {_USER} FROM user WHERE {column} = ?", (key,))  # noqa: S608 - constants
        return None if row is None else _user(row)

    def list_users(self) -> list[User]:
        return [_user(row) for row in self._database.rows(f"SELECT {_USER} FROM user ORDER BY id")]  # noqa: S608

    def updated(self, user_id: int) -> str:
        """When the account's profile last changed. Raises NotFound."""
        row = self._database.row("SELECT updated FROM user WHERE id = ?", (user_id,))
        if row is None:
            raise NotFound(f"there is no user {user_id}")
        return str(row[0])

    def update_profile(
        self,
        user_id: int,
        *,
        name: str | None = None,
        affiliation: str | None = None,
        email: str | None = None,
        password: str | None = None,
    ) -> None:
        """Change what is given and not empty, all or nothing; a new password ends all tokens and sessions.

        Raises BadRequest for an ill-formed address and Conflict when another account has it.
        """
        columns: dict[str, str] = {}
        for column, value in (("name", name), ("affiliation", affiliation)):
            if value and value.strip():
                check_line(column, value)
                columns[column] = value.strip()
        if email:
            check_email(email)
            columns |= {"email": email, "email_key": email_key(email)}
        if password:
            columns["password"] = self._hasher.hash(password)
        columns["updated"] = instant(self._clock())
        assignments = ", ".join(f"{column} = ?" for column in columns)
        try:
            with self._database.write() as transaction:
                sql = f"UPDATE user SET {assignments} WHERE id = ?"  # noqa: S608 - the columns are those above
                transaction.execute(sql, (*columns.values(), user_id))
                if password:
                    _revoke_all(transaction, user_id)
        except sqlite3.IntegrityError as error:
            raise Conflict(IN_USE) from error

    def set_password(self, user_id: int, password: str) -> None:
        """Change it, and end all tokens and sessions. Raises BadRequest when it is empty."""
        if not password:
            raise BadRequest(NO_PASSWORD)
        self.update_profile(user_id, password=password)

    def disable(self, user_id: int) -> None:
        """Close the account: no login, no token, no session; its name and address stay taken."""
        with self._database.write() as transaction:
            now = instant(self._clock())
            transaction.execute("UPDATE user SET disabled = 1, updated = ? WHERE id = ?", (now, user_id))
            _revoke_all(transaction, user_id)

    # --- logging in

    def check_password(self, user: User | None, password: str) -> bool:
        """Say whether it is this user's password, in the same time for nobody and for disabled accounts."""
        stored = None
        if user is not None:
            stored = self._database.row("SELECT password FROM user WHERE id = ? AND NOT disabled", (user.id,))
        encoded = self._nobody if stored is None else str(stored[0])
        try:
            self._hasher.verify(encoded, password)
        except argon2.exceptions.VerifyMismatchError:
            return False
        return stored is not None

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(secrets.token_hex())

    def log_in(self, login: str, password: str, address: str) -> User:
        """Return the user whom this e-mail address (or user name) and password prove.

        Raises NotAuthenticated with one of the two classic texts, TooMany after too many failures of this
        account or from this address.
        """
        user = self.find_by_login(login)
        account = f"user {user.id}" if user is not None else f"login {hash_secret(login.casefold()).hex()}"
        names = (account, f"address {network_of(address)}")
        self._throttle.check(names)
        if self.check_password(user, password):
            assert user is not None
            self._throttle.forget(account)
            return user
        self._throttle.failed(names)
        raise NotAuthenticated(UNKNOWN_LOGIN if user is None or user.disabled else WRONG_PASSWORD)

    # --- tokens

    def create_token(self, user: User, *, label: str = "", agent: str = "") -> str:
        """Return the text of a new token; it is shown this once."""
        token = str(uuid.uuid4())
        now = self._clock()
        with self._database.write() as transaction:
            transaction.execute("DELETE FROM token WHERE last_used < ?", (instant(now - self._token_life),))
            values = (
                secrets.token_hex(6),
                hash_secret(token),
                user.id,
                label[:LONGEST_LABEL],
                agent[:LONGEST_LABEL],
            )
            transaction.execute(
                "INSERT INTO token (id, hash, user, label, agent, created, last_used) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (*values, instant(now), instant(now)),
            )
        return token

    def find_by_token(self, token: str) -> User | None:
        """Return whose token this is, None when unknown or expired. Notes the use once an hour at most."""
        user, is_due = self.look_up_token(token)
        if is_due:
            self.note_use(token)
        return user

    def look_up_token(self, token: str) -> tuple[User | None, bool]:
        """As `find_by_token`, but only reads: the second is True when `note_use` should be called."""
        now = self._clock()
        row = self._database.row(
            f"SELECT last_used, {_USER} FROM token JOIN user ON user.id = token.user"  # noqa: S608 - constant
            " WHERE hash = ? AND last_used >= ? AND NOT disabled",
            (hash_secret(token), instant(now - self._token_life)),
        )
        if row is None:
            return None, False
        return _user(row[1:]), str(row[0]) < instant(now - TOUCH_AFTER)

    def note_use(self, token: str) -> None:
        """Let the life of a token begin anew."""
        used = (instant(self._clock()), hash_secret(token))
        try:
            with self._database.write() as transaction:
                transaction.execute("UPDATE token SET last_used = ? WHERE hash = ?", used)
        except (DiskFull, sqlite3.OperationalError):  # reads go on when nothing can be written
            logger.warning("could not note the use of a token", exc_info=True)

    def list_tokens(self, user: User) -> list[Token]:
        """Return the live tokens of a user, newest first."""
        rows = self._database.rows(
            "SELECT id, label, agent, created, last_used FROM token WHERE user = ? AND last_used >= ?"
            " ORDER BY created DESC, id",
            (user.id, instant(self._clock() - self._token_life)),
        )
        life = self._token_life
        return [
            Token(number, label, agent, created, used, instant(datetime.fromisoformat(used) + life))
            for number, label, agent, created, used in rows
        ]

    def token_id(self, token: str) -> str | None:
        """Return the public id of a token."""
        row = self._database.row("SELECT id FROM token WHERE hash = ?", (hash_secret(token),))
        return None if row is None else str(row[0])

    def revoke_token(self, user: User, token_id: str) -> None:
        """End one token of this user. Raises NotFound."""
        with self._database.write() as transaction:
            cursor = transaction.execute("DELETE FROM token WHERE id = ? AND user = ?", (token_id, user.id))
            if cursor.rowcount == 0:
                raise NotFound(f"You have no token {token_id!r}; GET /profile/tokens lists them")

    def revoke_all_tokens(self, user: User) -> int:
        """End every token of this user; return how many there were."""
        with self._database.write() as transaction:
            return transaction.execute("DELETE FROM token WHERE user = ?", (user.id,)).rowcount

    def forget_token(self, token: str) -> None:
        """Log out: end this token, if there is one."""
        if self.token_id(token) is not None:  # anybody may send anything here: no write for nothing
            with self._database.write() as transaction:
                transaction.execute("DELETE FROM token WHERE hash = ?", (hash_secret(token),))

    # --- browser sessions

    def create_session(self, user: User) -> str:
        """Return the cookie value of a new session."""
        cookie = secrets.token_urlsafe(32)
        now = self._clock()
        with self._database.write() as transaction:
            transaction.execute("DELETE FROM session WHERE created < ?", (instant(now - SESSION_LIFE),))
            values = (hash_secret(cookie), user.id, instant(now))
            transaction.execute("INSERT INTO session (hash, user, created) VALUES (?, ?, ?)", values)
        return cookie

    def find_by_session(self, cookie: str) -> User | None:
        """Return whose session this is, None for an unknown one or one older than 14 days."""
        row = self._database.row(
            f"SELECT {_USER} FROM session JOIN user ON user.id = session.user"  # noqa: S608 - constant
            " WHERE hash = ? AND session.created >= ? AND NOT disabled",
            (hash_secret(cookie), instant(self._clock() - SESSION_LIFE)),
        )
        return None if row is None else _user(row)

    def end_session(self, cookie: str) -> None:
        if self._database.row("SELECT 1 FROM session WHERE hash = ?", (hash_secret(cookie),)) is not None:
            with self._database.write() as transaction:
                transaction.execute("DELETE FROM session WHERE hash = ?", (hash_secret(cookie),))

    # --- instance settings

    def get_setting(self, name: str) -> str | None:
        row = self._database.row("SELECT value FROM setting WHERE name = ?", (name,))
        return None if row is None else str(row[0])

    def put_setting(self, name: str, value: str) -> None:
        with self._database.write() as transaction:
            transaction.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, value))


def _revoke_all(transaction: sqlite3.Connection, user_id: int) -> None:
    transaction.execute("DELETE FROM token WHERE user = ?", (user_id,))
    transaction.execute("DELETE FROM session WHERE user = ?", (user_id,))
