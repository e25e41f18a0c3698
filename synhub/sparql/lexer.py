"""Tokens of a SPARQL text, in linear time, for any input.

Answers for where names, strings, IRIs and comments begin and end; knows no grammar. The engine has no lexer
of its own: it tries its rules character by character, so that `<` is an IRI or a comparison depending on
what stands before it, and keywords need no space between them. gate.py deals with both.

Source: SPARQL 1.1 Query, section 19.8 (terminals). Codepoint escapes outside strings and IRIs (section
19.2) are refused here, as the engine refuses them.
"""

import re
from dataclasses import dataclass
from typing import Literal

from synhub.errors import InvalidQuery

Kind = Literal["iri", "string", "word", "prefixed", "blank", "variable", "language", "number", "punctuation"]

_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_START = _BASE + "_0-9"
_CHARS = _START + "\u00b7\u0300-\u036f\u203f-\u2040\\-"
_ESCAPED = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?\#@%]"

_TOKEN = re.compile(
    rf"""
    (?P<space>    [ \t\r\n]+ | \#[^\r\n]* )
  | (?P<iri>      <[^\x00-\x20<>"{{}}|^`]*> )
  | (?P<string>   \"\"\"(?:"{{0,2}}(?:[^"\\]|\\.))*+\"\"\" | '''(?:'{{0,2}}(?:[^'\\]|\\.))*+'''
                | "(?!"")(?:[^"\\\r\n]|\\.)*+" | '(?!'')(?:[^'\\\r\n]|\\.)*+' )
  | (?P<blank>    _:[{_START}][{_CHARS}]*+(?:\.++[{_CHARS}]++)*+ )
  | (?P<variable> [?$][{_START}][{_START}\u00b7\u0300-\u036f\u203f-\u2040]* )
  | (?P<language> @[A-Za-z]+(?:--?[A-Za-z0-9]+)* )
  | (?P<number>   [0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)? | \.[0-9]+(?:[eE][+-]?[0-9]+)? )
  | (?P<name>     (?:[{_BASE}][{_CHARS}]*+(?:\.++[{_CHARS}]++)*+)? )
    """,
    re.VERBOSE | re.DOTALL,
)
_LOCAL = re.compile(rf"(?:(?:[{_START}:]|{_ESCAPED})(?:[{_CHARS}:]|\.++(?=[{_CHARS}:%\\])|{_ESCAPED})*+)?")
_WORD = re.compile(rf"[{_CHARS}]+|\.")
_PUNCTUATION = re.compile(r"\|\||&&|!=|<=|>=|\^\^|[{}()\[\]<>=!+\-*/|^.;,?~]")


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `text` as it stands in the query from offset `start`."""

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def is_word(self, *words: str) -> bool:
        """Say whether it is one of these keywords (given in capitals)."""
        return self.kind == "word" and self.text.upper() in words


def position(text: str, offset: int) -> tuple[int, int]:
    """Return line and column of an offset, both counted from 1."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def error_at(text: str, offset: int, message: str) -> InvalidQuery:
    """Make an InvalidQuery that names the place."""
    line, column = position(text, offset)
    return InvalidQuery(f"{message} (line {line}, column {column})", line, column)


def tokens(text: str) -> list[Token]:
    """Split a text; white space and comments are left out.

    Raises InvalidQuery for a string without end and for characters that no token starts with.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match is not None  # the last alternative matches nothing, too
        kind, value = match.lastgroup, match.group()
        if kind == "name":
            at = _name_or_punctuation(text, at, value, found)
            continue
        if kind != "space":
            found.append(Token(kind, value, at))  # type: ignore[arg-type]
        at = match.end()
    return found


def _name_or_punctuation(text: str, at: int, name: str, found: list[Token]) -> int:
    """Append what starts at `at`: a prefixed name, the words of `name`, or a sign. Return where it ends."""
    after = at + len(name)
    if text[after : after + 1] == ":":
        local = _LOCAL.match(text, after + 1)
        assert local is not None
        found.append(Token("prefixed", text[at : local.end()], at))
        return local.end()
    if name:  # all at once: `a.b.c` must not be read again from every dot
        for part in _WORD.finditer(name):
            found.append(Token("punctuation" if part[0] == "." else "word", part[0], at + part.start()))
        return after
    sign = _PUNCTUATION.match(text, at)
    if sign is None:
        if text[at] in "\"'":
            raise error_at(text, at, "this string has no end")
        raise error_at(text, at, f"unexpected character {text[at]!r}")
    found.append(Token("punctuation", sign.group(), at))
    return sign.end()
