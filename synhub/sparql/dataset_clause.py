"""FROM and FROM NAMED, and the caller's graphs that they may name. Pure.

FROM belongs to the outermost SELECT. Virtuoso takes it in a sub-query as well, and stored queries of clients have it
there; it is moved outward where that cannot change what is meant.

Source: SPARQL 1.1 Query, section 13.2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from synhub.errors import BadRequest
from synhub.identity import Registry
from synhub.rdf import Iri
from synhub.sparql.lexer import Token, error_at
from synhub.sparql.prologue import Prologue

FOREIGN_GRAPH = "Cannot access other users' graphs."
NO_GRAPH = "There is no such graph: those here are the public one and one for each user."


@dataclass(slots=True)
class Clause:
    """What a query says about its dataset. `tokens` are the offsets of the words that say so; `is_moved` tells that
    some of them stood in a sub-query."""

    tokens: set[int] = field(default_factory=set)
    default: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    is_moved: bool = False

    def same_as(self, other: "Clause") -> bool:
        return set(self.default) == set(other.default) and set(self.named) == set(other.named)


@dataclass(slots=True)
class _Group:
    """What stands in one pair of braces, brackets or parentheses.

    `in_head`: between SELECT and the pattern. `clause`: the FROM of the sub-query that this group is, or lies in.
    """

    in_head: bool
    clause: Clause | None


def read_clause(text: str, words: Sequence[Token], prologue: Prologue) -> Clause:
    """Return the dataset clause of a query. Raises InvalidQuery with the place."""
    outer = Clause()
    groups = [_Group(in_head=True, clause=None)]
    inner: list[tuple[Token, Clause]] = []
    loose: Token | None = None  # outside of every sub-query with a FROM of its own
    skip_to = 0
    for at, token in enumerate(words):
        group = groups[-1]
        if at < skip_to:
            continue
        if token.kind == "punctuation" and token.text in "{([":
            if token.text == "{":
                group.in_head = False
            groups.append(_Group(group.in_head, group.clause))
        elif token.kind == "punctuation" and token.text in "})]":
            if len(groups) > 1:
                groups.pop()
        elif token.is_word("FROM"):
            if len(groups) == 1:
                clause = outer
            elif not group.in_head:
                raise error_at(text, token.start, "FROM belongs behind SELECT, before WHERE")
            elif group.clause is None:
                clause = group.clause = Clause()
                inner.append((token, clause))
            else:
                clause = group.clause
            skip_to = _read_from(text, words, at, prologue, clause)
        elif token.is_word("SELECT"):
            group.in_head = True
        elif token.is_word("WHERE"):
            group.in_head = False
        elif len(groups) > 1 and not group.in_head and group.clause is None and not token.is_word("UNION"):
            loose = loose or token
    return _moved_outward(text, outer, inner, loose)


def _read_from(text: str, words: Sequence[Token], at: int, prologue: Prologue, clause: Clause) -> int:
    """Add one FROM to a clause; return where it ends."""
    is_named = at + 1 < len(words) and words[at + 1].is_word("NAMED")
    target = at + 1 + is_named
    if target >= len(words) or words[target].kind not in ("iri", "prefixed"):
        raise error_at(text, words[at].start, "FROM needs the IRI of a graph")
    (clause.named if is_named else clause.default).append(prologue.iri_of(words[target]))
    clause.tokens.update(word.start for word in words[at : target + 1])
    return target + 1


def _moved_outward(text: str, outer: Clause, inner: Sequence[tuple[Token, Clause]], loose: Token | None) -> Clause:
    """Make one clause of all: those of sub-queries must say what the outermost says, or be all there is."""
    whole = outer
    if inner and not outer.tokens:
        whole = inner[0][1]
        if loose is not None:
            message = "FROM of a sub-query counts for all of the query: write it behind the first SELECT"
            raise error_at(text, inner[0][0].start, message)
    for token, clause in inner:
        if not clause.same_as(whole):
            message = "one query reads one set of graphs; this FROM names others than the first"
            raise error_at(text, token.start, message)
    tokens = outer.tokens.union(*(clause.tokens for _, clause in inner))
    return Clause(tokens, whole.default, whole.named, is_moved=bool(inner))


class CallersGraphs:
    """The caller's graphs and the names for them. `refusal` is what is said of any other."""

    def __init__(
        self,
        graphs: Sequence[Iri],
        registry: Registry,
        username: str | None,
        email: str | None,
        refusal: str = FOREIGN_GRAPH,
    ) -> None:
        self._graphs = graphs
        self._registry = registry
        self._refusal = refusal
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
            raise BadRequest(self._refusal)
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
