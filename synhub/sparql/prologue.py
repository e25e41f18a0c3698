"""The prologue of a query: what its names stand for. Pure.

Prefixes that everybody knows need no declaration, as at the servers that people know (Virtuoso declares some hundred):
`rdf:type` without one means one thing only. `sbol` could be SBOL 2 or SBOL 3 and is not among them.

Source: SPARQL 1.1 Query, section 4.1.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from synhub.sparql.lexer import Token, error_at
from synhub.vocab import KNOWN_PREFIXES, PREFIXES

_CODEPOINT = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_LOCAL_ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Prologue:
    """`length` in tokens."""

    base: str | None
    prefixes: Mapping[str, str]
    length: int

    def iri_of(self, token: Token) -> str:
        """Return the IRI that an IRI or a name with a known prefix stands for."""
        if token.kind == "iri":
            return _resolve(token, self.base)
        prefix, _, local = token.text.partition(":")
        namespace = self.prefixes[prefix] if prefix in self.prefixes else KNOWN_PREFIXES[prefix]
        return namespace + _LOCAL_ESCAPE.sub(r"\1", local)


def read_prologue(text: str, words: Sequence[Token]) -> Prologue:
    """Read BASE and PREFIX declarations (and VERSION of SPARQL 1.2, which the engine accepts). Raises InvalidQuery."""
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
    return Prologue(base, prefixes, at)


def undeclared(text: str, words: Iterable[Token], prologue: Prologue) -> dict[str, str]:
    """Return the known prefixes that are used without a declaration, with their namespaces.

    Raises InvalidQuery for an unknown one: the engine says only that it expected something else.
    """
    found: dict[str, str] = {}
    for token in words:
        prefix = token.text.partition(":")[0]
        if token.kind != "prefixed" or prefix in prologue.prefixes:
            continue
        if prefix not in KNOWN_PREFIXES:
            namespace = PREFIXES.get(prefix, "…")
            advice = f"Unknown prefix: {prefix}; declare it with PREFIX {prefix}: <{namespace}>"
            raise error_at(text, token.start, advice)
        found[prefix] = KNOWN_PREFIXES[prefix]
    return found


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
