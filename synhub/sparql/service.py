"""SPARQL for users: check the text, run it in a child on a snapshot, hand the answer over. No HTTP.

Answers for what becomes of a query that is too slow, too hungry or too much. Never runs one in this process.
"""

import errno
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, cast

from synhub.errors import (
    DiskFull,
    InvalidQuery,
    QueryTimeout,
    StoreUnavailable,
    SynhubError,
    TooLarge,
)
from synhub.hub import Hub
from synhub.model import Actor
from synhub.sparql.gate import CheckedQuery, Limits, check
from synhub.sparql.results import choose
from synhub.store.children import ChildDied, Stream

_MEMORY_BYTES = 8 << 20  # a larger answer waits in a file
_CHUNK_BYTES = 1 << 18
_PATIENCE_S = 5.0  # longer than one query of somebody else may run


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is bytes, or an iterator for an answer that does not fit in memory."""

    media_type: str
    body: bytes | Iterator[bytes]


def run_query(
    hub: Hub,
    actor: Actor,
    text: str,
    accept: str | None,
    default_graph_uris: Sequence[str] = (),
    named_graph_uris: Sequence[str] = (),
    address: str | None = None,
) -> Answer:
    """Answer a query over what the actor may read; the answer is complete before this returns.

    So the child is free again however slowly the client reads, and whatever goes wrong is an error with a
    status, never an answer that ends early. Nobody has more than one query running and one waiting: a user, or
    for anonymous callers the `address` they come from (None: not known).

    Raises InvalidQuery, BadRequest, TooLarge, QueryTimeout, TooMany, StoreUnavailable, DiskFull.
    """
    user = actor.user
    username, email = (user.username, user.email) if user else (None, None)
    settings = hub.settings
    limits = Limits(settings.query_length, settings.query_nesting)
    graphs = default_graph_uris, named_graph_uris
    checked = check(text, limits, hub.dataset(actor), hub.registry, username, email, *graphs)
    choice = choose(accept, checked.form)
    at_least = hub.journal.last_number_of(username) if username else 0
    try:
        with hub.snapshots.acquire(at_least) as snapshot:
            argument = {
                "path": str(snapshot.path),
                "query": checked.query.text,
                "default_graphs": checked.default_graphs,
                "named_graphs": checked.named_graphs,
                "media_type": choice.written_as,
            }
            _, stream = hub.lanes.query.stream(
                "query",
                argument,
                settings.query_timeout,
                settings.query_result,
                wait_s=settings.query_timeout + _PATIENCE_S,
                caller=username or address,
            )
            with stream:
                return Answer(choice.label, _collect(hub, stream))
    except ChildDied as error:
        raise _explain(hub, error) from error
    except InvalidQuery as error:
        raise _place(checked, error) from error


def _collect(hub: Hub, stream: Stream) -> bytes | Iterator[bytes]:
    spool = cast(IO[bytes], tempfile.SpooledTemporaryFile(_MEMORY_BYTES, dir=str(hub.settings.data)))  # noqa: SIM115
    try:
        for chunk in stream:
            spool.write(chunk)
        size = spool.tell()
        spool.seek(0)
        if size <= _MEMORY_BYTES:
            with spool:
                return spool.read()
    except OSError as error:
        spool.close()
        if error.errno == errno.ENOSPC:
            raise DiskFull("the disk of the server has no room for this result; ask for less") from error
        raise
    except BaseException:
        spool.close()
        raise
    return _chunks(spool)


def _chunks(spool: IO[bytes]) -> Iterator[bytes]:
    with spool:
        while chunk := spool.read(_CHUNK_BYTES):
            yield chunk


def _explain(hub: Hub, death: ChildDied) -> SynhubError:
    """Say to the caller what the end of the child means for the query."""
    settings = hub.settings
    if death.reason == "deadline":
        return QueryTimeout(
            f"the query ran longer than {settings.query_timeout:g} s; make it more specific, or ask for less with LIMIT"
        )
    if death.reason == "memory":
        return TooLarge(
            f"the query needs more than {settings.query_memory >> 20} MB of memory; make it more specific, avoid"
            " ORDER BY and GROUP BY over everything, or ask for less with LIMIT"
        )
    if death.reason == "signal" and "SIGKILL" not in death.detail:
        return InvalidQuery(f"the query is too complex for the engine ({death.detail}); please simplify it")
    return StoreUnavailable("the process that worked on the query was ended; please try again")


def _place(checked: CheckedQuery, error: InvalidQuery) -> InvalidQuery:
    """Complete an error of the engine with the place in the text as the user wrote it."""
    if error.line is None or error.column is None:
        return error
    line, column = checked.position_in_original(error.line, error.column)
    return InvalidQuery(f"{error.message} (line {line}, column {column})", line, column)
