"""What may pass of a user's SPARQL query: form, size, graphs. Pure.

Answers for: no update, no SERVICE, bounded nesting before anything is parsed, a dataset that is never more
than the caller's, and a text that the engine cannot read otherwise than it was read here. Knows no more
grammar than that. A mistake here can show too little, never too much: the engine is given the graphs as
arguments, and then ignores what the text says about them (measured).

Source: SPARQL 1.1 Query, sections 4.1 and 13.2; SPARQL 1.1 Protocol, section 2.1.4.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urljoin, urlsplit

from synhub.errors import BadRequest, InvalidQuery, TooLarge
from synhub.identity import Registry
from synhub.model import Dataset
from synhub.rdf import Iri
from synhub.sparql.lexer import Token, error_at, position, tokens
from synhub.sparql.render import Query
from synhub.vocab import PREFIXES

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
_SAFE_IRI = re.compile(r"<[A-Za-z0-9:/._~%-]*>")
_CODEPOINT = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_LOCAL_ESCAPE = re.compile(r"\\(.)")
_NOT_NEWLINE = re.compile(r"[^\r\n]")

FOREIGN_GRAPH = "Cannot access other users' graphs."


@dataclass(frozen=True, slots=True)
class Limits:
    """`length` in characters, `nesting` in levels of braces, brackets and parentheses together."""

    length: int
    nesting: int


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """A query that may run, and the graphs to run it on: both must be given to the engine.

    `inserted` are the offsets in its text behind which it is longer than the original, for
    `position_in_original`.
    """

    query: Query
    form: Form
    default_graphs: tuple[Iri, ...]
    named_graphs: tuple[Iri, ...]
    inserted: tuple[int, ...] = ()

    def position_in_original(self, line: int, column: int) -> tuple[int, int]:
        """Translate a place in the text that the engine got into one in the text that the user wrote."""
        places = (position(self.query.text, offset) for offset in self.inserted)
        shift = sum(_INSERTED_CHARACTERS for on, behind in places if on == line and behind < column)
        return line, max(1, column - shift)


@dataclass(frozen=True, slots=True)
class _Prologue:
    base: str | None
    prefixes: dict[str, str]
    length: int  # tokens


def check(
    text: str,
    limits: Limits,
    dataset: Dataset,
    registry: Registry,
    username: str | None,
    email: str | None,
    default_graph_uris: Sequence[str] = (),
    named_graph_uris: Sequence[str] = (),
) -> CheckedQuery:
    """Check a query text and find the part of the caller's dataset that it asks for.

    Protocol parameters replace FROM and FROM NAMED. With neither, all graphs of the dataset are the default
    graph and the named graphs; with one kind only, the other is empty.

    Raises InvalidQuery (with the place), TooLarge, and BadRequest for an update or a graph that is not the
    caller's.
    """
    if len(text) > limits.length:
        raise TooLarge(f"the query has {len(text)} characters; {limits.length} are allowed")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise InvalidQuery("the query holds half a surrogate pair, which is not a character")
    words = tokens(text)
    prologue = _prologue(text, words)
    form = _form(text, words[prologue.length :])
    _bound(text, words, limits.nesting)
    _declared(text, words[prologue.length :], prologue)
    clause, from_default, from_named = _dataset_clause(text, words, prologue)

    mine = _Graphs(dataset.graphs, registry, username, email)
    defaults, named = mine.all_of(from_default), mine.all_of(from_named)
    parameters = [u for u in default_graph_uris if u], [u for u in named_graph_uris if u]
    if any(parameters):
        defaults, named = mine.all_of(parameters[0]), mine.all_of(parameters[1])
    elif not clause:
        defaults = named = dataset.graphs
    query, inserted = _emit(text, [token for token in words if token.start not in clause])
    return CheckedQuery(Query(query), form, defaults, named, inserted)


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


def _prologue(text: str, words: Sequence[Token]) -> _Prologue:
    """Read BASE and PREFIX declarations (and VERSION of SPARQL 1.2, which the engine accepts)."""
    base: str | None = None
    prefixes: dict[str, str] = {}
    at = 0
    while at < len(words):
        kinds = [token.kind for token in words[at + 1 : at + 3]]
        if words[at].is_word("BASE") and kinds[:1] == ["iri"]:
            base = _resolve(words[at + 1], base)
            at += 2
        elif words[at].is_word("PREFIX") and kinds == ["prefixed", "iri"]:
            name, colon, local = words[at + 1].text.partition(":")
            if local:
                raise error_at(text, words[at + 1].start, f"a prefix ends with its colon: {name}{colon}")
            prefixes[name] = _resolve(words[at + 2], base)
            at += 3
        elif words[at].is_word("VERSION") and kinds[:1] == ["string"]:
            at += 2
        else:
            break
    return _Prologue(base, prefixes, at)


def _declared(text: str, words: Iterable[Token], prologue: _Prologue) -> None:
    """Refuse names whose prefix is not declared: the engine says only that it expected something else."""
    for token in words:
        prefix = token.text.partition(":")[0]
        if token.kind == "prefixed" and prefix not in prologue.prefixes:
            namespace = PREFIXES.get(prefix, "…")
            raise error_at(
                text, token.start, f"Unknown prefix: {prefix}; declare it with PREFIX {prefix}: <{namespace}>"
            )


def _resolve(token: Token, base: str | None) -> str:
    iri = _CODEPOINT.sub(_character, token.text[1:-1])
    if base is None:
        return iri
    try:
        return urljoin(base, iri)
    except ValueError:  # an unfinished bracketed host; the engine will say so
        return iri


def _character(match: re.Match[str]) -> str:
    number = int(match[1] or match[2], 16)
    return chr(number) if number <= 0x10FFFF else match[0]


def _dataset_clause(text: str, words: Sequence[Token], prologue: _Prologue) -> tuple[set[int], list[str], list[str]]:
    """Return the offsets of the tokens of FROM clauses, the IRIs of default graphs, and those of named graphs."""
    clause: set[int] = set()
    defaults: list[str] = []
    named: list[str] = []
    depth = 0
    for at, token in enumerate(words):
        if token.kind == "punctuation":
            depth += (token.text in _OPEN) - (token.text in _CLOSE)
        if not token.is_word("FROM"):
            continue
        if depth:
            raise error_at(text, token.start, "FROM belongs to the outermost query, not to a sub-query")
        is_named = at + 1 < len(words) and words[at + 1].is_word("NAMED")
        target = at + 1 + is_named
        if target >= len(words) or words[target].kind not in ("iri", "prefixed"):
            raise error_at(text, token.start, "FROM needs the IRI of a graph")
        (named if is_named else defaults).append(_iri_of(words[target], prologue))
        clause.update(word.start for word in words[at : target + 1])
    return clause, defaults, named


def _iri_of(token: Token, prologue: _Prologue) -> str:
    if token.kind == "iri":
        return _resolve(token, prologue.base)
    prefix, _, local = token.text.partition(":")
    return prologue.prefixes[prefix] + _LOCAL_ESCAPE.sub(r"\1", local)


class _Graphs:
    """The caller's graphs and the names for them."""

    def __init__(self, graphs: Sequence[Iri], registry: Registry, username: str | None, email: str | None) -> None:
        self._graphs = graphs
        self._registry = registry
        self._username = username
        self._names = {name.casefold() for name in (username, email) if name}
        # A client that knows the instance by host only leaves out the path of the prefix.
        host = urlsplit(registry.prefix)
        self._users = tuple(f"{base}user/" for base in (registry.prefix, f"{host.scheme}://{host.netloc}/"))

    def all_of(self, iris: Iterable[str]) -> tuple[Iri, ...]:
        """Return each graph once. Raises BadRequest for one that is not the caller's, existing or not."""
        return tuple(dict.fromkeys(self._one(iri) for iri in iris))

    def _one(self, iri: str) -> Iri:
        found = self._alias(iri)
        if found not in self._graphs:
            raise BadRequest(FOREIGN_GRAPH)
        return found

    def _alias(self, iri: str) -> Iri:
        """`<prefix>user/` without a user name is public; own e-mail and user name are the own graph."""
        if iri in self._graphs:
            return Iri(iri)
        for users in self._users:
            if iri.startswith(users):
                name = unquote(iri[len(users) :]).casefold()
                if not name:
                    return self._registry.public_graph
                if name in self._names and self._username is not None:
                    return self._registry.user_graph(self._username)
        return Iri(iri)


_INSERTED_CHARACTERS = len("\\u0000") - 1


def _emit(text: str, words: Iterable[Token]) -> tuple[str, tuple[int, ...]]:
    r"""Write the tokens where they stood, blanks for all the rest.

    An IRI that the engine might take for a comparison, after which it would see comments, strings or
    SERVICE where none were seen here (`?a<?b#>"`), gets its first character written as `\uXXXX`, which no
    expression can start with. Returned beside the text: the offsets behind which it is longer.
    """
    parts: list[str] = []
    inserted: list[int] = []
    at = length = 0
    for token in words:
        value = token.text
        gap = _NOT_NEWLINE.sub(" ", text[at : token.start])
        length += len(gap)
        if token.kind == "iri" and value[1] not in "\\>" and _ambiguous(value):
            inserted.append(length + 1)
            first = ord(value[1])
            value = (f"<\\u{first:04X}" if first < 0x10000 else f"<\\U{first:08X}") + value[2:]
        parts += (gap, value)
        length += len(value)
        at = token.end
    parts.append(_NOT_NEWLINE.sub(" ", text[at:]))
    return "".join(parts), tuple(inserted)


def _ambiguous(iri: str) -> bool:
    return _SAFE_IRI.fullmatch(iri) is None or "SERVICE" in iri.upper()
