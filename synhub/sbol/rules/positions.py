"""Letters and positions: what several rules need of sequences and of the locations on them.

Positions are 1-based and inclusive, as in SBOL. Source: SBOL 2.3.0, sections 7.6 and 7.7.5.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from synhub.rdf import Term, is_literal, text_of
from synhub.sbol.rules.location import AT, END, ORIENTATION, SEQUENCE, START
from synhub.sbol.rules.lookup import number, target, values
from synhub.sbol.rules.rule import Facts, sbol
from synhub.sbol.rules.sequence import ELEMENTS, ENCODING, NUCLEIC

_RANGE, _CUT, _REVERSE = sbol("Range"), sbol("Cut"), sbol("reverseComplement")
_COMPLEMENT = str.maketrans("acgturyswkmbdhvn", "tgcaayrswmkvhdbn")

_BASES = {  # what a letter may stand for, one bit each: a, c, g, t, and a gap
    **{"a": 1, "c": 2, "g": 4, "t": 8, "u": 8, "r": 1 | 4, "y": 2 | 8, "s": 2 | 4, "w": 1 | 8, "k": 4 | 8, "m": 1 | 2},
    **{"b": 2 | 4 | 8, "d": 1 | 4 | 8, "h": 1 | 2 | 8, "v": 1 | 2 | 4, "n": 1 | 2 | 4 | 8, ".": 16, "-": 16},
}
_BITS = bytes(_BASES.get(chr(code), 0) for code in range(256))


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


def overlaps(found: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    """Yield pairs of sorted spans that share letters of one sequence; of many, at most one pair for each span."""
    on: dict[Term | None, list[Span]] = {}
    for span in found:
        on.setdefault(span.sequence, []).append(span)
    for together in on.values():
        yield from _overlaps_on_one(together)


def _overlaps_on_one(found: Sequence[Span]) -> Iterator[tuple[Span, Span]]:
    reaching: Span | None = None  # the Range that ends last
    cut: Span | None = None
    for span in found:
        if span.end is None:
            if reaching is not None and reaching.end is not None and span.start < reaching.end:
                yield reaching, span
            elif cut is not None and cut.start == span.start:
                yield cut, span
            cut = span
        else:
            if reaching is not None and reaching.end is not None and span.start <= reaching.end:
                yield reaching, span
            elif cut is not None and cut.start == span.start and span.end > cut.start:
                yield cut, span
            if reaching is None or reaching.end is None or span.end > reaching.end:
                reaching = span


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
    # All places at once, as two large numbers: letter by letter, a genome of "n" below each of its parts takes minutes.
    first, second = (side.encode("ascii", "replace").translate(_BITS) for side in (left, right))
    common = int.from_bytes(first, "big") & int.from_bytes(second, "big")
    return 0 not in common.to_bytes(len(first), "big")
