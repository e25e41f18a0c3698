"""The text that the engine gets: the tokens where they stood, blanks for the rest. Pure.

So a place in the one text is easily told in the other, and there is nothing in it that was not read.
"""

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from synhub.rdf import Iri
from synhub.sparql import render
from synhub.sparql.lexer import Token, position
from synhub.sparql.magic import Match

_SAFE_IRI = re.compile(r"<[A-Za-z0-9:/._~%-]*>")
# In a sub-query: of 10 000 plain VALUES the engine goes through all for each row of the pattern beside them (4.4 s for
# 30 000 rows), for it takes them for more than the pattern; a sub-query it joins by hashing (0.07 s, measured).
_VALUES_BEGIN, _VALUES_END = "{{ SELECT {0} {{ VALUES {0} {{ ", " } } }"
_BRACKET_AT_ONCE = ("CONCAT", "COALESCE", "BNODE")  # `CONCAT (` is an error to the engine, which is SPARQL (measured)
_NOT_NEWLINE = re.compile(r"[^\r\n]")


@dataclass(frozen=True, slots=True)
class Emitted:
    """`edits` are (offset, characters): from that offset on, its line is longer than the original by so much.

    `slots` are the offsets where `fill` puts what each match has found.
    """

    text: str
    edits: tuple[tuple[int, int], ...] = ()
    slots: tuple[int, ...] = ()

    def position_in_original(self, line: int, column: int) -> tuple[int, int]:
        """Translate a place in this text into one in the text that the user wrote."""
        places = ((position(self.text, offset), length) for offset, length in self.edits)
        shift = sum(length for (on, behind), length in places if on == line and behind <= column)
        return line, max(1, column - shift)

    def fill(self, found: Sequence[Sequence[Iri]]) -> "Emitted":
        """Put the IRIs of each match where they belong."""
        parts: list[str] = []
        edits = list(self.edits)
        at = 0
        for slot, iris in zip(self.slots, found, strict=True):
            values = " ".join(render.iri(iri) for iri in iris)
            parts += (self.text[at:slot], values)
            at = slot
        for slot, iris in sorted(zip(self.slots, found, strict=True), reverse=True):
            length = len(" ".join(render.iri(iri) for iri in iris))
            edits = [(offset + length, more) if offset >= slot else (offset, more) for offset, more in edits]
            edits.append((slot + length, length))
        return replace(self, text="".join((*parts, self.text[at:])), edits=tuple(edits), slots=())


def emit(
    text: str, words: Iterable[Token], left_out: Set[int], matches: Sequence[Match], prefixes: Mapping[str, str]
) -> Emitted:
    r"""Write a query without the tokens at the offsets `left_out`, with VALUES for `matches`, and declare `prefixes`.

    An IRI that the engine might take for a comparison, after which it would see comments, strings or
    SERVICE where none were seen here (`?a<?b#>"`), gets its first character written as `\uXXXX`, which no
    expression can start with.
    """
    lead = "".join(f"PREFIX {name}: {render.iri(Iri(namespace))} " for name, namespace in prefixes.items())
    parts: list[str] = [lead]
    edits: list[tuple[int, int]] = [(len(lead), len(lead))] if lead else []
    slots: list[int] = []
    by_start = {match.start: match for match in matches}
    gone = set(left_out).union(*(match.tokens - {match.start} for match in matches))
    at, length = 0, len(lead)
    before: Token | None = None
    for token in words:
        if token.start in gone:
            continue
        gap = _NOT_NEWLINE.sub(" ", text[at : token.start])
        value = token.text
        if value == "(" and before is not None and before.is_word(*_BRACKET_AT_ONCE):
            gap, value = "(" + gap, ""
        before = token
        length += len(gap)
        if (match := by_start.get(token.start)) is not None:
            value = f"{_VALUES_BEGIN.format(match.variable)}{_VALUES_END}"
            slots.append(length + len(value) - len(_VALUES_END))
        elif token.kind == "iri" and value[1] not in "\\>" and _is_ambiguous(value):
            first = ord(value[1])
            value = (f"<\\u{first:04X}" if first < 0x10000 else f"<\\U{first:08X}") + value[2:]
        parts += (gap, value)
        length += len(value)
        if grown := len(gap) + len(value) - (token.end - at):
            edits.append((length, grown))
        at = token.end
    parts.append(_NOT_NEWLINE.sub(" ", text[at:]))
    return Emitted("".join(parts), tuple(edits), tuple(slots))


def _is_ambiguous(iri: str) -> bool:
    return _SAFE_IRI.fullmatch(iri) is None or "SERVICE" in iri.upper()
