"""What may pass of a user's SPARQL query: form, size, graphs. Pure.

Answers for: no update, no SERVICE, bounded nesting before anything is parsed, a dataset that is never more
than the caller's, and a text that the engine cannot read otherwise than it was read here. Knows no more
grammar than that. A mistake here can show too little, never too much: the engine is given the graphs as
arguments, and then ignores what the text says about them (measured).

Source: SPARQL 1.1 Query, sections 4.1 and 13.2; SPARQL 1.1 Protocol, section 2.1.4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from synhub.errors import BadRequest, InvalidQuery, TooLarge
from synhub.identity import Registry
from synhub.model import Dataset
from synhub.rdf import Iri
from synhub.sparql.dataset_clause import FOREIGN_GRAPH, NO_GRAPH, CallersGraphs, read_clause
from synhub.sparql.emit import Emitted, emit
from synhub.sparql.lexer import Token, error_at, tokens
from synhub.sparql.magic import Match, find_matches
from synhub.sparql.prologue import read_prologue, undeclared
from synhub.sparql.render import Query

MOVED = "FROM of a sub-query was read as that of the whole query"

Form = Literal["select", "ask", "construct", "describe"]

_FORMS: dict[str, Form] = {
    "SELECT": "select",
    "ASK": "ask",
    "CONSTRUCT": "construct",
    "DESCRIBE": "describe",
}
_UPDATES = ("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "COPY", "MOVE", "ADD", "WITH")

# The engine recurses over nested groups and over chains of these; its stack ends between 1 000 and 3 000
# BIND, MINUS or sub-queries and between 3 000 and 10 000 UNION, || or ! (measured, 8 MB).
_CHAINS = (
    *("UNION", "MINUS", "OPTIONAL", "FILTER", "BIND", "AS"),
    *("GRAPH", "SELECT", "EXISTS", "LATERAL", "NOT"),
)
_CHAIN_SIGNS = frozenset({"||", "&&", "!", "+", "-", "*", "/", "|", "^"})
_MOST_CHAINED = 1000

_OPEN, _CLOSE = frozenset("{(["), frozenset("})]")


@dataclass(frozen=True, slots=True)
class Limits:
    """`length` in characters, `nesting` in levels of braces, brackets and parentheses together."""

    length: int
    nesting: int


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """A query that may run, and the graphs to run it on: both must be given to the engine.

    `matches` must be asked of the search index, and `filled` with what it finds, before the query runs. `note` says
    what was repaired in the text, if anything.
    """

    emitted: Emitted
    form: Form
    default_graphs: tuple[Iri, ...]
    named_graphs: tuple[Iri, ...]
    matches: tuple[Match, ...] = ()
    note: str = ""

    @property
    def query(self) -> Query:
        return Query(self.emitted.text)

    def filled(self, found: Sequence[Sequence[Iri]]) -> "CheckedQuery":
        """Return the query with the IRIs that the index has found for each match."""
        return replace(self, emitted=self.emitted.fill(found), matches=())

    def position_in_original(self, line: int, column: int) -> tuple[int, int]:
        """Translate a place in the text that the engine got into one in the text that the user wrote."""
        return self.emitted.position_in_original(line, column)


def check(
    text: str,
    limits: Limits,
    dataset: Dataset,
    registry: Registry,
    username: str | None,
    email: str | None,
    default_graph_uris: Sequence[str] = (),
    named_graph_uris: Sequence[str] = (),
    *,
    is_everything: bool = False,
) -> CheckedQuery:
    """Check a query text and find the part of the caller's dataset that it asks for.

    Protocol parameters replace FROM and FROM NAMED. With neither, all graphs of the dataset are the default
    graph and the named graphs; with one kind only, the other is empty. Where the dataset `is_everything` that all
    users have, the public graph alone is the default graph: over 500 graphs together a join of 10 000 rows takes 1 s
    (measured), and 0.07 s inside `GRAPH ?g`.

    Raises InvalidQuery (with the place), TooLarge, and BadRequest for an update or a graph that is not the
    caller's.
    """
    if len(text) > limits.length:
        raise TooLarge(f"the query has {len(text)} characters; {limits.length} are allowed")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise InvalidQuery("the query holds half a surrogate pair, which is not a character")
    words = tokens(text)
    prologue = read_prologue(text, words)
    form = _form(text, words[prologue.length :])
    _bound(text, words, limits.nesting)
    prefixes = undeclared(text, words[prologue.length :], prologue)
    clause = read_clause(text, words, prologue)

    mine = CallersGraphs(dataset.graphs, registry, username, email, NO_GRAPH if is_everything else FOREIGN_GRAPH)
    defaults, named = mine.all_of(clause.default), mine.all_of(clause.named)
    parameters = [u for u in default_graph_uris if u], [u for u in named_graph_uris if u]
    if any(parameters):
        defaults, named = mine.all_of(parameters[0]), mine.all_of(parameters[1])
    elif not clause.tokens:
        defaults = (registry.public_graph,) if is_everything else dataset.graphs
        named = dataset.graphs
    matches = find_matches(text, words, prologue)
    emitted = emit(text, words, clause.tokens, matches, prefixes)
    return CheckedQuery(emitted, form, defaults, named, tuple(matches), MOVED if clause.is_moved else "")


def _form(text: str, words: Sequence[Token]) -> Form:
    if not words:
        raise InvalidQuery("the query is empty; SELECT, ASK, CONSTRUCT or DESCRIBE is expected")
    first = words[0]
    if first.is_word(*_UPDATES):
        raise BadRequest("Update queries are not allowed")
    if not first.is_word(*_FORMS):
        found = first.text[:40]
        raise error_at(text, first.start, f"SELECT, ASK, CONSTRUCT or DESCRIBE is expected, not {found!r}")
    return _FORMS[first.text.upper()]


def _bound(text: str, words: Iterable[Token], nesting: int) -> None:
    """Refuse what goes to other servers and what the engine's stack would not survive."""
    depth = chained = 0
    for token in words:
        if token.kind == "punctuation":
            if token.text in _OPEN:
                depth += 1
                if depth > nesting:
                    raise error_at(text, token.start, f"the query is nested deeper than {nesting} levels")
            elif token.text in _CLOSE:
                depth -= 1
            chained += token.text in _CHAIN_SIGNS
        elif token.is_word(*_CHAINS):
            chained += 1
        elif _reaches_out(token):
            raise error_at(text, token.start, "SERVICE is not allowed: no query leaves this server")
        if chained > _MOST_CHAINED:
            raise error_at(
                text,
                token.start,
                f"more than {_MOST_CHAINED} operators and groups in one query; use VALUES for long lists",
            )


def _reaches_out(token: Token) -> bool:
    """Say whether the engine could read SERVICE here.

    It reads `trueSERVICE` and `SERVICESILENT` as two words, and `SERVICE:x` as SERVICE followed by `:x` (all
    measured), hence "contains", and hence also the prefix of a name.
    """
    if token.kind == "word":
        return "SERVICE" in token.text.upper()
    return token.kind == "prefixed" and "SERVICE" in token.text.partition(":")[0].upper()
