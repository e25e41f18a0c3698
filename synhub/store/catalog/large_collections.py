"""Collections of many members: what a job changes about one costs in proportion to the change.

A collection of 40 000 members that gets another title, or one member more, is not read again in whole: its members
are those of the table `membership`, plus and less what the job's change sets say. Answers for what then stands in its
entry; update.py writes it.
"""

import json
import sqlite3
from collections.abc import Iterable, Set

from synhub.model import ChangeSet, Removed
from synhub.rdf import Iri, Term, iri_of, is_iri, read_nquads
from synhub.store.catalog.digests import HAS_MEMBER, member_sum, membership_line, stored_member_sum, with_member_sum
from synhub.store.catalog.entry import Entry, MemberChange
from synhub.store.catalog.properties import times_used
from synhub.store.database import Database
from synhub.vocab import SBOL2

MANY = 1_000  # members: a collection of fewer is read again in 10 ms

_LARGE = """
SELECT graph.iri, node.iri, top_level.id
FROM json_each(?) AS wanted
CROSS JOIN node ON node.iri = wanted.value ->> 1
CROSS JOIN top_level ON top_level.node = node.id
CROSS JOIN graph ON graph.id = top_level.graph AND graph.iri = wanted.value ->> 0
WHERE EXISTS (SELECT 1 FROM membership WHERE collection = top_level.id LIMIT 1 OFFSET ?)
"""
_COUNT = "SELECT count(*) FROM membership WHERE collection = ?"
_AMONG = (
    "SELECT node.iri FROM json_each(?) AS wanted CROSS JOIN node ON node.iri = wanted.value"
    " CROSS JOIN membership ON collection = ? AND member = node.id"
)


def large_among(database: Database, top_levels: Iterable[Removed]) -> set[Removed]:
    """Return the collections of many members among some (graph, top level).

    Not those with children that have members, or with members that are no IRIs: `membership` has only the others.
    """
    rows = database.rows(_LARGE, (json.dumps(list(top_levels)), MANY - 1))
    connection = database.read()
    return {
        (Iri(graph), Iri(top))
        for graph, top, row_id in rows
        if _count(connection, row_id) == times_used(connection, row_id, SBOL2.member)
    }


def member_changes(change: ChangeSet, collections: Set[Removed]) -> dict[Removed, MemberChange]:
    """Return what each of some collections gets and loses as members by a change set.

    Nothing where that cannot be told: when something else than a top level is said to have members.
    """
    come: dict[Removed, set[Iri]] = {key: set() for key in collections}
    gone: dict[Removed, set[Iri]] = {key: set() for key in collections}
    for lines, found in ((change.adds, come), (change.removes, gone)) if collections else ():
        for graph, subject, value in _memberships(lines):
            key = (graph, subject)
            if key not in change.top_levels or (key in collections and not is_iri(value)):
                return {}
            if key in collections:
                found[key].add(iri_of(value))
    return {key: MemberChange(frozenset(come[key]), frozenset(gone[key])) for key in collections}


def _memberships(lines: bytes) -> list[tuple[Iri, Iri, Term]]:
    if HAS_MEMBER not in lines:
        return []
    quads = read_nquads(b"\n".join(line for line in lines.split(b"\n") if HAS_MEMBER in line))
    return [(iri_of(graph), iri_of(s), value) for s, p, value, graph in quads if p == HAS_MEMBER[1:-1].decode()]


def completed(connection: sqlite3.Connection, row_id: int, digest: bytes, entry: Entry) -> Entry:
    """Return the entry of a collection (row, and digest until now) as far as it follows from `entry.change`.

    What is left of the change is what differs from the rows. `members` stays empty.
    """
    assert entry.change is not None
    come, gone = entry.change
    asked = json.dumps([*come, *gone, *entry.references])
    among = {Iri(iri) for (iri,) in connection.execute(_AMONG, (asked, row_id))}
    come, gone = come - among, gone & among
    references = entry.references - (among - gone) - come
    total = stored_member_sum(digest)
    total += member_sum(membership_line(entry.iri, member) for member in come)
    total -= member_sum(membership_line(entry.iri, member) for member in gone)
    count = _count(connection, row_id) + len(come) - len(gone)
    return entry._replace(
        change=MemberChange(come, gone),
        references=references,
        direct=entry.direct & references,
        properties=entry.properties | ({SBOL2.member: count} if count else {}),
        digest=with_member_sum(entry.digest, total),
    )


def _count(connection: sqlite3.Connection, row_id: int) -> int:
    (count,) = connection.execute(_COUNT, (row_id,)).fetchone()
    return int(count)
