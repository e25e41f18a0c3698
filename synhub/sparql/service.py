"""SPARQL for users: check the text, run it in a child on a snapshot, hand the answer over. No HTTP.

Answers for what becomes of a query that is too slow, too hungry or too much. Never runs one in this process.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from synhub.errors import InvalidQuery, NotOffered, QueryTimeout, StoreUnavailable, SynhubError, TooLarge
from synhub.hub import Hub
from synhub.model import Actor
from synhub.sparql.gate import CheckedQuery, Limits, check
from synhub.sparql.matching import with_matches
from synhub.sparql.results import Choice, choose
from synhub.store.children import Caller, Cancellation, Cancelled, ChildDied, Stream
from synhub.store.spool import Spool

_COMPLETE_BYTES = 8 << 20  # a larger answer begins before it is complete
NO_SPARQL = (
    "the triple store of this instance does not keep the graphs of its users apart in queries of every form: there is"
    " no SPARQL here; search and all other services work"
)
_PATIENCE_S = 5.0  # longer than one query of somebody else may run


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is bytes, or an iterator over an answer of more than 8 MB; then `size` is known if it is complete. `note`
    says what was repaired in the query, if anything."""

    media_type: str
    body: bytes | Iterator[bytes]
    size: int | None = None
    note: str = ""


def require_sparql(hub: Hub) -> None:
    """Raises NotOffered where the store could show one user's graphs to another."""
    if not hub.store.traits.isolates_datasets:
        raise NotOffered(NO_SPARQL)


def run_query(
    hub: Hub,
    actor: Actor,
    text: str,
    accept: str | None,
    default_graph_uris: Sequence[str] = (),
    named_graph_uris: Sequence[str] = (),
    address: str | None = None,
    *,
    administers: bool = False,
    whole: bool = False,
    cancellation: Cancellation | None = None,
) -> Answer:
    """Answer a query over what the actor may read; for one who `administers`, over the graphs of all users.

    Up to 8 MB are complete before this returns, so that whatever goes wrong is an error with a status. What is larger
    can be read while it is written, and the iterator raises when it is cut; `whole` waits for its end, for readers that
    could not tell. In either case the child writes as fast as it can, into a file: however slowly a client reads, it
    holds neither child nor snapshot.

    Nobody has more than one query running and one waiting: a user, or for anonymous callers the `address` they come
    from (None: not known); and users take turns with everybody else. `cancellation` ends the query when nobody waits
    for it any more.

    Raises NotOffered, InvalidQuery, BadRequest, NotAcceptable, TooLarge, QueryTimeout, TooMany, StoreUnavailable,
    DiskFull, Cancelled.
    """
    require_sparql(hub)
    dataset = hub.everything() if administers else hub.dataset(actor)
    limits = Limits(hub.settings.query_length, hub.settings.query_nesting)
    username, email = (actor.user.username, actor.user.email) if actor.user else (None, None)
    checked = check(
        text, limits, dataset, hub.registry, username, email, default_graph_uris, named_graph_uris,
        is_everything=administers,
    )  # fmt: skip
    choice = choose(accept, checked.form)
    checked = with_matches(hub, dataset, checked)
    at_least = hub.journal.last_number_of(username) if username else 0
    caller = Caller(username, "users") if username else Caller(address, "anonymous")
    try:
        return _run(hub, checked, choice, at_least, caller, whole=whole, cancellation=cancellation)
    except ChildDied as error:
        if cancellation is not None and cancellation.cancelled:
            raise Cancelled("nobody waits for the answer any more") from error
        raise _explain(hub, error) from error
    except InvalidQuery as error:
        raise _place(checked, error) from error


def _run(
    hub: Hub,
    checked: CheckedQuery,
    choice: Choice,
    at_least: int,
    caller: Caller,
    *,
    whole: bool,
    cancellation: Cancellation | None,
) -> Answer:
    """Run a query in a child, on a store that holds the step `at_least`.

    Raises ChildDied, InvalidQuery, and what `run_query` raises.
    """
    settings = hub.settings
    with ExitStack() as stack:
        engine, _ = stack.enter_context(hub.source(at_least))
        argument = {
            "engine": engine,
            "timeout_s": settings.query_timeout,
            "query": checked.query.text,
            "default_graphs": checked.default_graphs,
            "named_graphs": checked.named_graphs,
            "media_type": choice.written_as,
        }
        header, stream = hub.lanes.query.stream(
            "query" if hub.snapshots else "remote_query",
            argument,
            settings.query_timeout,
            settings.query_result,
            wait_s=settings.query_timeout + _PATIENCE_S,
            caller=caller.name,
            party=caller.party,
            cancellation=cancellation,
        )
        stack.enter_context(stream)
        body = _collect(hub, stream, stack)
        size = body.wait_for_all() if whole and isinstance(body, Spool) else None
        return Answer(choice.label, body, size, "; ".join(filter(None, (checked.note, header["note"]))))


def _collect(hub: Hub, stream: Stream, held: ExitStack) -> bytes | Spool:
    """Return the whole answer, or, when it is large, a spool that takes over what is `held`."""
    chunks: list[bytes] = []
    size = 0
    for chunk in stream:
        chunks.append(chunk)
        size += len(chunk)
        if size > _COMPLETE_BYTES:
            return Spool(stream, held.pop_all(), hub.settings.data, hub.settings.disk_reserve, b"".join(chunks))
    return b"".join(chunks)


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
