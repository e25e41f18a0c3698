"""Where in a query the engine stopped reading it, and what to say about that. Pure.

The engine names the farthest place that any of its rules has looked at, and a rule for a keyword looks at as many
characters as the keyword has (measured: `foo(?s)` is wrong 14 characters behind its start, the length of
ENCODE_FOR_URI). So the query is read once more with wide gaps between its tokens: then that place lies in the gap
behind the token that is wrong.
"""

from collections.abc import Callable, Iterable, Sequence

from synhub.errors import InvalidQuery
from synhub.sparql.lexer import Token, position, tokens

# What the engine answers for a text: its complaint and the place, the line and column; None when it has none.
Complain = Callable[[str], tuple[str, int, int] | None]

_GAP = " " * 40  # more than the longest keyword
_MOST_TOKENS = 5_000  # of a longer query the engine's own place must do
# Signs that the engine reads as one, and the sign of a number.
_TOGETHER = frozenset(("<<", "<(", ">>", ")>", "{|", "|}"))
_SIGNS = ("+", "-")
_BASICS = (
    "a SELECT with GROUP BY or an aggregate may name only what is grouped or aggregated; add the variable to GROUP BY,"
    " or take one of its values: (SAMPLE(?x) AS ?one)"
)
_NO_IRI = "this is not an IRI"
# What the engine says among all that it expected -> what we say.
_SAID = {
    "The SELECT contains a variable that is unbound": _BASICS,
    "The SELECT contains an expression with a variable that is unbound": _BASICS,
    "SELECT * is not authorized with GROUP BY": "SELECT * cannot be grouped; name the variables",
    "Duplicated variable name in SELECT": "SELECT names a variable twice",
    "The SELECT overrides an existing variable": "SELECT gives a value to a variable that has one",
    "BIND is overriding an existing variable": "BIND gives a value to a variable that has one",
    "Unexpected aggregate": "an aggregate belongs behind SELECT, HAVING or ORDER BY",
    "The VALUES clause rows should have": "each row of VALUES has as many values as there are variables",
    "Repeated variables are not allowed in VALUES": "VALUES names a variable twice",
    "Already used blank node id": "a blank node belongs to one group",
    "IRI parsing failed": _NO_IRI,
    "language tag parsing failed": "this is not a language tag",
}


def explain(text: str, complain: Complain) -> InvalidQuery | None:
    """Return the error for a text that the engine does not read; None when there is no more to say than it says."""
    try:
        words = tokens(text)
    except InvalidQuery:
        return None
    if not words or len(words) > _MOST_TOKENS:
        return None
    wide, starts = _widened(text, words)
    complaint = complain(wide + _GAP)
    if complaint is None:
        return None
    said, line, column = complaint
    offset = _offset(wide, line, column)
    if offset >= len(wide) + len(_GAP):
        place = position(text, words[-1].end)
        return _error(_phrase([said]) or "the query ends too early", place)
    at = max((n for n, start in enumerate(starts) if start <= offset), default=0)
    if at and _is_call(words[at - 1], words[at]):
        at -= 1
    # Up to here all was well, but for what a rule only says at the end of what it has read.
    before = complain(wide[: starts[at]].rstrip())
    phrase = _phrase([said, *([before[0]] if before is not None else [])])
    if phrase == _NO_IRI:  # `<a b>` is five tokens
        at = max((n for n in range(at + 1) if words[n].text.startswith("<")), default=at)
    return _error(phrase or f"{words[at].text[:40]!r} is not expected here", position(text, words[at].start))


def _phrase(complaints: Iterable[str]) -> str | None:
    return next((ours for said in complaints for theirs, ours in _SAID.items() if theirs in said), None)


def _error(message: str, place: tuple[int, int]) -> InvalidQuery:
    return InvalidQuery(f"SPARQL syntax error: {message}", *place)


def _widened(text: str, words: Sequence[Token]) -> tuple[str, list[int]]:
    """Return the tokens with wide gaps, except where blanks have a meaning, and where each starts."""
    parts: list[str] = []
    starts: list[int] = []
    length = 0
    for before, token in zip((None, *words), words, strict=False):
        if before is not None and not _belong_together(before, token):
            parts.append(_GAP)
            length += len(_GAP)
        starts.append(length)
        parts.append(token.text)
        length += len(token.text)
    return "".join(parts), starts


def _belong_together(left: Token, right: Token) -> bool:
    if left.end != right.start:
        return False
    is_number = left.text in _SIGNS and right.kind == "number"
    return left.text + right.text in _TOGETHER or is_number or _is_call(left, right)


def _is_call(left: Token, right: Token) -> bool:
    return left.kind in ("word", "iri", "prefixed") and right.text == "(" and left.end == right.start


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return start + column - 1
