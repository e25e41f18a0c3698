"""Letters and positions: what several rules need of sequences and of the locations on them.

Positions are 1-based and inclusive, as in SBOL. Source: SBOL 2.3.0, sections 7.6 and 7.7.5.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from synhub.rdf import Term, is_literal, text_of
from synhub.sbol.rules.location import AT, END, ORIENTATION, SEQUENCE, START
from synhub.sbol.rules.lookup import number, target, values
from synhub.sbol.rules.rule import Facts, sbol
from synhub.sbol.rules.sequence import ELEMENTS, ENCODING, NUCLEIC

_RANGE, _CUT, _REVERSE = sbol("Range"), sbol("Cut"), sbol("reverseComplement")
_COMPLEMENT = str.maketrans("acgturyswkmbdhvn", "tgcaayrswmkvhdbn")

_BASES = {
    **{"a": "a", "c": "c", "g": "g", "t": "t", "u": "t", "r": "ag", "y": "ct", "s": "cg", "w": "at", "k": "gt"},
    **{"m": "ac", "b": "cgt", "d": "agt", "h": "act", "v": "acg", "n": "acgt", ".": "-", "-": "-"},
}
# A byte for each letter, a bit for each base that it can stand for; strange letters can be anything here.
_BITS = {"a": 1, "c": 2, "g": 4, "t": 8, "-": 16}
_MASKS = bytes(sum(_BITS[base] for base in _BASES[chr(n)]) if chr(n) in _BASES else 255 for n in range(256))


@dataclass(frozen=True, slots=True)
class Span:
    """A Range from `start` to `end`, or a Cut after `start`, whose `end` is None; `sequence` is the one it names."""

    location: Term
    sequence: Term | None
    start: int
    end: int | None
    reverse: bool


def spans(facts: Facts, locations: Iterable[Term]) -> list[Span]:
    """Return the Ranges and Cuts among locations that have numbers, in the order of their positions."""
    found: list[Span] = []
    for location in locations:
        types = facts.document.types(location)
        start = number(facts, location, START if _RANGE in types else AT)
        end = number(facts, location, END) if _RANGE in types else None
        if start is not None and (_CUT in types or (end is not None and end >= start)):
            named = facts.document.value(location, SEQUENCE)
            sequence = None if named is None else target(facts, named)
            found.append(Span(location, sequence, start, end, _REVERSE in values(facts, location, ORIENTATION)))
    found.sort(key=lambda s: (s.start, s.end or 0, s.location))
    return found


def overlaps(found: Iterable[Span]) -> Iterator[tuple[Span, Span]]:
    """Yield pairs of sorted spans that share letters of one sequence; of many, at most one pair for each span."""
    reaching: dict[Term | None, tuple[Span, int]] = {}  # of each sequence: the Range that ends last, and where
    cuts: dict[Term | None, Span] = {}
    for span in found:
        longest, end = reaching.get(span.sequence, (None, 0))
        cut = cuts.get(span.sequence)
        if longest is not None and (span.start < end if span.end is None else span.start <= end):
            yield longest, span
        elif cut is not None and cut.start == span.start and (span.end is None or span.end > cut.start):
            yield cut, span
        if span.end is None:
            cuts[span.sequence] = span
        elif longest is None or span.end > end:
            reaching[span.sequence] = span, span.end


def encoding_of(facts: Facts, sequence: Term) -> Term | None:
    return facts.document.value(sequence, ENCODING)


def elements_of(facts: Facts, sequence: Term) -> str | None:
    """Return the letters of a sequence of the document; None where there are none."""
    found = facts.document.value(sequence, ELEMENTS)
    return text_of(found) if found is not None and is_literal(found) else None


def nucleic_of(facts: Facts, definition: Term) -> tuple[Term, str] | None:
    """Return the first nucleic sequence of a definition, with its letters in lower case."""
    for reference in sorted(values(facts, definition, SEQUENCE)):
        sequence = facts.find(reference)
        if sequence is not None and encoding_of(facts, sequence) == NUCLEIC:
            letters = facts.letters.get(sequence)
            if letters is not None:
                return sequence, letters
    return None


def reverse_complement(elements: str) -> str:
    """Return the other strand of letters in lower case."""
    return elements.translate(_COMPLEMENT)[::-1]


def agree(left: str, right: str) -> bool:
    """Tell whether letters in lower case of equal length can stand for the same bases, place by place."""
    if left == right:
        return True
    masks = [int.from_bytes(text.encode("latin-1", "replace").translate(_MASKS), "little") for text in (left, right)]
    return 0 not in (masks[0] & masks[1]).to_bytes(len(left), "little")
