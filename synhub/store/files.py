"""Which blob is behind which attachment: rows of synhub.sqlite. Changed only in the transaction that commits a job."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from synhub.rdf import Iri
from synhub.store.database import Database


@dataclass(frozen=True, slots=True)
class StoredFile:
    """`digest` is the SHA-256 of the bytes, `size` their number, `name` what the client called the file."""

    iri: Iri
    digest: str
    size: int
    name: str
    media_type: str
    username: str


ICON = "/icon"  # behind the IRI of a collection: no object of ours is called so, versions begin with a digit

_COLUMNS = "iri, digest, size, name, media_type, username"


class Files:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, attachment: Iri) -> StoredFile | None:
        found = self._database.row(
            "SELECT iri, digest, size, name, media_type, username FROM attachment WHERE iri = ?", (attachment,)
        )
        return StoredFile(*found) if found else None

    def find_all(self, attachments: Iterable[Iri]) -> list[StoredFile]:
        """Return the files of those of the attachments that have one, in the order of their IRIs."""
        wanted = json.dumps(list(attachments))
        rows = self._database.rows(
            "SELECT iri, digest, size, name, media_type, username FROM attachment"
            " WHERE iri IN (SELECT value FROM json_each(?)) ORDER BY iri",
            (wanted,),
        )
        return [StoredFile(*row) for row in rows]

    def names_blob(self, digest: str) -> bool:
        return self._database.row("SELECT 1 FROM attachment WHERE digest = ? LIMIT 1", (digest,)) is not None

    def all(self) -> list[StoredFile]:
        return [StoredFile(*row) for row in self._database.rows(f"SELECT {_COLUMNS} FROM attachment")]  # noqa: S608


def put_files(sql: sqlite3.Connection, files: Iterable[StoredFile]) -> None:
    """Say which bytes are behind some attachments, new or replaced."""
    sql.executemany(
        "INSERT OR REPLACE INTO attachment VALUES (?, ?, ?, ?, ?, ?)",
        [(f.iri, f.digest, f.size, f.name, f.media_type, f.username) for f in files],
    )


def copy_files(sql: sqlite3.Connection, copies: Mapping[Iri, Iri], username: str) -> None:
    """Give copies of attachments the bytes of their originals, new to old, as far as these have any."""
    sql.executemany(
        "INSERT OR REPLACE INTO attachment (digest, size, name, media_type, iri, username)"
        " SELECT digest, size, name, media_type, ?, ? FROM attachment WHERE iri = ?",
        [(new, username, old) for new, old in copies.items()],
    )


def forget_files(sql: sqlite3.Connection, attachments: Iterable[Iri]) -> None:
    """Whatever is made under these IRIs later has nothing to do with the files, and icons, that were there."""
    rows = [(iri,) for attachment in attachments for iri in (attachment, attachment + ICON)]
    sql.executemany("DELETE FROM attachment WHERE iri = ?", rows)
