"""`?object synhub:textMatch "words"`: asking the search index from SPARQL. Pure: it finds the places.

There is exactly one form, a triple of its own: variable, property, plain string, and not inside GRAPH, for the index
does not say in which graph it found an object. Anything else that names the property, or a property of this namespace
that there is not, is an error with its place, because it could only find nothing. service.py puts what the index finds
in the place of the triple, as VALUES in a sub-query: so it is the same search as anywhere else, and it is joined as
any other pattern.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from synhub.sparql.lexer import Token, error_at, position
from synhub.sparql.prologue import Prologue
from synhub.vocab import SYNHUB

MOST_MATCHES = 8  # in one query: each may stand for ten thousand IRIs

_PROPERTIES = tuple(iri.removeprefix(SYNHUB.NS) for iri in (SYNHUB.textMatch, SYNHUB.sequenceMatch))
_BEFORE = frozenset("{}.)")
_AFTER = frozenset("{}.")
_NEXT_PATTERN = ("FILTER", "OPTIONAL", "MINUS", "BIND", "VALUES", "GRAPH")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Match:
    """One triple that the index answers: `property` is its short name, `variable` is written with its sign.

    `start` is the offset of the triple, whose three tokens start at `tokens`; `line` and `column` are the string's.
    """

    property: str
    variable: str
    text: str
    start: int
    tokens: frozenset[int]
    line: int
    column: int


def find_matches(text: str, words: Sequence[Token], prologue: Prologue) -> list[Match]:
    """Return the triples that the index answers. Raises InvalidQuery with the place for any other use."""
    found: list[Match] = []
    template_ends = _template_end(words, prologue)
    in_graph = _in_graph(words)
    for at in range(prologue.length, len(words)):
        token = words[at]
        name = _asked(text, token, prologue)
        if name is None:
            continue
        if at in in_graph:
            advice = f"synhub:{name} searches the default graph: write it outside of GRAPH, or choose graphs by FROM"
            raise error_at(text, token.start, advice)
        around = [words[n] if 0 <= n < len(words) else None for n in range(at - 2, at + 3)]
        if at < template_ends or not _is_triple(around):
            form = (
                f'synhub:{name} stands in a triple of its own, of a variable and a plain string: ?x synhub:{name} "…" .'
            )
            raise error_at(text, token.start, form)
        if len(found) == MOST_MATCHES:
            raise error_at(text, token.start, f"a query may ask the search index {MOST_MATCHES} times at most")
        variable, value = words[at - 1], words[at + 1]
        place = position(text, value.start)
        starts = frozenset((variable.start, token.start, value.start))
        found.append(Match(name, variable.text, _string(value.text), variable.start, starts, *place))
    return found


def _asked(text: str, token: Token, prologue: Prologue) -> str | None:
    """Return the short name of the property that a token names, if any. Raises InvalidQuery for one that there is not.

    Nothing is known by such a name: a misspelt one would find nothing, and nobody would know why.
    """
    if token.kind not in ("iri", "prefixed"):
        return None
    iri = prologue.iri_of(token)
    if not iri.startswith(SYNHUB.NS):
        return None
    name = iri.removeprefix(SYNHUB.NS)
    if name not in _PROPERTIES:
        known = " or ".join(f"synhub:{known}" for known in _PROPERTIES)
        raise error_at(text, token.start, f"there is no synhub:{name[:40]}; the search index is asked by {known}")
    return name


def _in_graph(words: Sequence[Token]) -> set[int]:
    """Return the numbers of the tokens inside the braces of a GRAPH."""
    found: set[int] = set()
    groups: list[bool] = []  # of each open brace, whether it is in a GRAPH
    is_graph = False  # the next brace
    for at, token in enumerate(words):
        if token.kind == "word":  # the engine reads keywords without blanks between: `trueGRAPH`
            is_graph = is_graph or token.text.upper().endswith("GRAPH")
        elif token.kind == "punctuation" and token.text == "{":
            groups.append(is_graph or groups[-1:] == [True])
            is_graph = False
        elif token.kind == "punctuation" and token.text == "}":
            groups[-1:] = []
        elif groups[-1:] == [True]:
            found.add(at)
    return found


def _is_triple(around: Sequence[Token | None]) -> bool:
    """Say whether five tokens are the end of something, a variable, the property, a string, and an end."""
    before, subject, _, value, after = around
    return (
        subject is not None
        and subject.kind == "variable"
        and value is not None
        and value.kind == "string"
        and before is not None
        and before.kind == "punctuation"
        and before.text in _BEFORE
        and after is not None
        and (after.text in _AFTER if after.kind == "punctuation" else after.is_word(*_NEXT_PATTERN))
    )


def _template_end(words: Sequence[Token], prologue: Prologue) -> int:
    """Return the number of the first token behind the template of a CONSTRUCT; of the short form all is template."""
    start = prologue.length
    if start >= len(words) or not words[start].is_word("CONSTRUCT"):
        return 0
    if not (start + 1 < len(words) and words[start + 1].text == "{"):
        return len(words)
    depth = 0
    for at in range(start + 1, len(words)):
        if words[at].kind == "punctuation":
            depth += (words[at].text == "{") - (words[at].text == "}")
            if depth == 0:
                return at + 1
    return len(words)


def _string(token: str) -> str:
    """Return the value of a string literal."""
    quotes = 3 if token[:3] in ('"""', "'''") and len(token) >= 6 else 1
    return _ESCAPE.sub(_escaped, token[quotes:-quotes])


def _escaped(match: re.Match[str]) -> str:
    if match[3]:
        return _ESCAPES.get(match[3], match[0])
    number = int(match[1] or match[2], 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number < 0xE000 else match[0]
