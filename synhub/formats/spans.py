"""Places on a sequence, and where they come to lie when the sequence is a part of another. Knows no format and no SBOL.

Positions are 1-based, both ends counted.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

MAX_DEPTH = 64  # levels of parts of parts that writers list

Kind = Literal["range", "cut", "within"]


@dataclass(frozen=True, slots=True)
class Span:
    """Bases start to end (both counted, from 1), the place between two bases, or one base between start and end.

    `before` and `after` say that it really starts before, or ends after; `index` counts the spans as they are written.
    """

    start: int
    end: int
    kind: Kind = "range"
    before: bool = False
    after: bool = False
    is_reverse: bool = False
    index: int = 0


def size_of(spans: Iterable[Span]) -> int:
    """Return how many symbols spans cover; a cut counts as one."""
    return sum(1 if span.kind == "cut" else span.end - span.start + 1 for span in spans)


def mapped(span: Span, pieces: Sequence[Span]) -> Iterator[Span]:
    """Yield the parts of a span of a definition whose sequence lies, piece after piece, on another sequence.

    Parts come in the direction of the span. What lies behind the last piece is left out.
    """
    found: list[Span] = []
    offset = 0
    for piece in pieces:
        size = piece.end - piece.start + 1
        if span.kind == "cut":
            if offset < span.start <= offset + size:
                at = piece.end - (span.start - offset) if piece.is_reverse else piece.start + span.start - offset - 1
                found.append(Span(at, at + 1, "cut", is_reverse=span.is_reverse != piece.is_reverse))
        else:
            first, last = max(span.start, offset + 1) - offset, min(span.end, offset + size) - offset
            if first <= last:
                found.append(_moved(span, piece, first, last, offset))
        offset += size
    yield from reversed(found) if span.is_reverse else found


def _moved(span: Span, piece: Span, first: int, last: int, offset: int) -> Span:
    """Return bases first to last of a piece; `<` and `>` stay with the ends that they were said of."""
    before = span.before and span.start == first + offset
    after = span.after and span.end == last + offset
    if not piece.is_reverse:
        return replace(span, start=piece.start + first - 1, end=piece.start + last - 1, before=before, after=after)
    start, end = piece.end - last + 1, piece.end - first + 1
    return replace(span, start=start, end=end, before=after, after=before, is_reverse=not span.is_reverse)
