"""Share links, co-owners and moved addresses: rows of synhub.sqlite that let somebody in, or lead somewhere else.

Knows no rules: sharing.py decides who may make them.
"""

import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from synhub.rdf import Iri
from synhub.store.database import Database, instant

SECRET_BYTES = 20  # 40 hexadecimal digits, the length that links have always had


@dataclass(frozen=True, slots=True)
class ShareLink:
    """`username` made it; times are ISO instants. `moved`: it only leads to where the object has been published."""

    id: str
    secret: str
    graph: Iri
    top_level: Iri
    username: str
    created: str
    expires: str
    moved: bool


@dataclass(frozen=True, slots=True)
class CoOwner:
    username: str
    graph: Iri
    top_level: Iri
    created: str
    moved: bool
    listed: bool


_LINK = "SELECT id, secret, graph, top_level, username, created, expires, moved FROM share_link"
_OF_ENABLED = " AND EXISTS (SELECT 1 FROM user WHERE user.username = share_link.username AND NOT user.disabled)"
_CO_OWNER = "SELECT username, graph, top_level, created, moved, listed FROM co_owner"


class Shares:
    def __init__(self, database: Database) -> None:
        self._database = database

    # --- links -------------------------------------------------------------------------------------------------------

    def find_link(self, secret: str) -> ShareLink | None:
        """Return the link with this secret, None for one that has expired or never was.

        The links of a disabled account open nothing as long as it is disabled.
        """
        query = _LINK + " WHERE secret = ? AND expires > ?" + _OF_ENABLED
        found = self._database.row(query, (secret, instant(datetime.now(UTC))))
        return ShareLink(*found) if found else None

    def links_on(self, top_level: Iri) -> list[ShareLink]:
        """The live links that open a top level, the oldest first."""
        return self._live(_LINK + " WHERE top_level = ? AND expires > ? ORDER BY created, id", top_level)

    def links_by(self, username: str) -> list[ShareLink]:
        """The live links that a user has made, the oldest first."""
        return self._live(_LINK + " WHERE username = ? AND expires > ? ORDER BY created, id", username)

    def _live(self, query: str, key: str) -> list[ShareLink]:
        rows = self._database.rows(query, (key, instant(datetime.now(UTC))))
        return [ShareLink(*row) for row in rows]

    def delete_links(self, ids: Iterable[str]) -> int:
        """Revoke links; return how many there were."""
        with self._database.write() as sql:
            return sql.executemany("DELETE FROM share_link WHERE id = ?", [(i,) for i in ids]).rowcount

    # --- co-owners ---------------------------------------------------------------------------------------------------

    def shared_with(self, username: str) -> list[CoOwner]:
        """What others share with a user as a co-owner."""
        return [CoOwner(*row) for row in self._database.rows(_CO_OWNER + " WHERE username = ?", (username,))]

    def co_owners_of(self, top_level: Iri) -> list[CoOwner]:
        return [CoOwner(*row) for row in self._database.rows(_CO_OWNER + " WHERE top_level = ?", (top_level,))]

    # --- moved addresses ---------------------------------------------------------------------------------------------

    def find_moved(self, iri: Iri) -> Iri | None:
        """Return where a top level or persistent identity has been published."""
        found = self._database.row("SELECT new_iri FROM moved WHERE iri = ?", (iri,))
        return Iri(found[0]) if found else None


def make_link(graph: Iri, top_level: Iri, username: str, life: timedelta) -> ShareLink:
    """Make up a link that lives from now on, once a job has put it into the table."""
    now = datetime.now(UTC)
    secret = secrets.token_hex(SECRET_BYTES)
    times = (instant(now), instant(now + life))
    return ShareLink(secrets.token_urlsafe(9), secret, graph, top_level, username, *times, False)


def put_link(sql: sqlite3.Connection, link: ShareLink) -> None:
    """Open an object by a link; those of anybody that have expired go with this occasion."""
    sql.execute("DELETE FROM share_link WHERE expires <= ?", (link.created,))
    row = (link.id, link.secret, link.graph, link.top_level, link.username, link.created, link.expires)
    sql.execute("INSERT INTO share_link VALUES (?, ?, ?, ?, ?, ?, ?, 0)", row)


def add_co_owner(
    sql: sqlite3.Connection, username: str, graph: Iri, top_level: Iri, created: str, *, listed: bool = True
) -> None:
    """Open a top level to a user. It is not `listed` when it comes along with another object."""
    sql.execute(
        "INSERT INTO co_owner VALUES (?, ?, ?, ?, 0, ?)"
        " ON CONFLICT DO UPDATE SET moved = 0, listed = max(listed, excluded.listed)",
        (username, graph, top_level, created, listed),
    )


def add_co_owners(sql: sqlite3.Connection, username: str, graph: Iri, top_levels: Iterable[Iri], created: str) -> None:
    """Open what comes along with another object to a user."""
    for top_level in top_levels:
        add_co_owner(sql, username, graph, top_level, created, listed=False)


def delete_grants(sql: sqlite3.Connection, username: str, top_levels: Iterable[Iri]) -> None:
    """Close what was opened to a user who owns these top levels no more, and what that user opened to others."""
    rows = [(username, iri) for iri in top_levels]
    sql.executemany("DELETE FROM co_owner WHERE username = ? AND top_level = ?", rows)
    sql.executemany("DELETE FROM share_link WHERE username = ? AND top_level = ?", rows)


def forget_co_owners(sql: sqlite3.Connection, top_levels: Iterable[Iri]) -> None:
    """Forget whom these top levels were shared with: their new triples name their owners anew."""
    sql.executemany("DELETE FROM co_owner WHERE top_level = ?", [(iri,) for iri in top_levels])


def forget_shares(sql: sqlite3.Connection, top_levels: Iterable[Iri]) -> None:
    """Close what was opened of these top levels: whatever is made under their IRIs later is another thing."""
    rows = [(iri,) for iri in top_levels]
    sql.executemany("DELETE FROM share_link WHERE top_level = ?", rows)
    sql.executemany("DELETE FROM co_owner WHERE top_level = ?", rows)
    sql.executemany("DELETE FROM moved WHERE iri = ?1 OR new_iri = ?1", rows)


def put_moved(sql: sqlite3.Connection, moved: Mapping[Iri, Iri]) -> None:
    """Note where top levels and persistent identities have gone. Their shares lead there from now on, no further."""
    sql.executemany("INSERT OR REPLACE INTO moved VALUES (?, ?)", list(moved.items()))
    rows = [(iri,) for iri in moved]
    sql.executemany("UPDATE share_link SET moved = 1 WHERE top_level = ?", rows)
    sql.executemany("UPDATE co_owner SET moved = 1 WHERE top_level = ?", rows)
