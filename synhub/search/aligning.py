"""A query aligned with one sequence: where it stands in it, or it in the query, within the ends and over them. Pure.

Answers for: which of the two lies in the other, rings, and what identity that makes. The best alignment does not depend
on the identity that is asked for; that only says whether it is told. Which sequences are worth it is not decided here.
"""

from typing import NamedTuple

from synhub.search.alignment import SequenceQuery, count_columns, identity_of, swap_cigar
from synhub.search.pairwise import Placed, is_affordable, place_best, place_in_ring

_LONG = 50_000
PIECEWISE = f"of sequences over {_LONG} letters those with a long piece missing or added are not compared"


class Near(NamedTuple):
    """Where the start of the query probably stands in the sequence: from `low`, which may be negative, `width` on."""

    low: int
    width: int


class Alignment(NamedTuple):
    """Where in the sequence (from 0, `end` excluded; behind its length when over its end), and how."""

    start: int
    end: int
    percent: float
    cigar: str


def most_errors(query: SequenceQuery, length: int) -> int:
    """Return the most errors that so many letters may have at the identity of the query."""
    return int(length * (1 - query.identity) / query.identity + 1e-9)


def is_piecewise(query: SequenceQuery, size: int, near: Near) -> bool:
    """Say whether a sequence of `size` letters is so long that it is compared piece by piece only."""
    inner = min(len(query.residues), size) if query.mode == "global" else len(query.residues)
    return inner > _LONG and not is_affordable(min(size, near.width + len(query.residues)), most_errors(query, inner))


def alignments(query: SequenceQuery, residues: bytes, text: bytes, near: Near) -> list[Alignment]:
    """Return how the query, whose strand `residues` is, aligns with a sequence: within it, and over its end if better.

    Only what has the identity that the query asks for.
    """
    aligner = _Aligner(query, residues, text)
    return [found for found in aligner.all(near) if found is not None]


class _Aligner:
    def __init__(self, query: SequenceQuery, residues: bytes, text: bytes) -> None:
        self.query, self.residues, self.text = query, residues, text
        self.is_inside = query.mode == "global" and len(text) < len(residues)  # the sequence in the query
        self.errors = most_errors(query, min(len(text), len(residues)) if self.is_inside else len(residues))

    def all(self, near: Near) -> tuple[Alignment | None, Alignment | None]:
        placed = self._inside(near) if self.is_inside else self._within(near)
        within = self._told(placed)
        if self.query.circular and (within is None or (placed is not None and placed.errors)):
            turned = self._turned(placed.errors - 1 if within is not None and placed is not None else None)
            within, placed = (self._told(turned), turned) if turned is not None else (within, placed)
        if within is None:
            return None, self._told(self._over(self.errors)) if self._reaches_over(near) else None
        assert placed is not None
        if not placed.errors or not (
            self.is_inside or placed.start < placed.errors or placed.end + placed.errors > len(self.text)
        ):
            return within, None
        return within, self._told(self._over(placed.errors - 1))

    def _told(self, placed: Placed | None) -> Alignment | None:
        if placed is None:
            return None
        counts = count_columns(placed.cigar)
        identity = identity_of(counts, self.query.definition, len(self.residues), len(self.text))
        if identity < self.query.identity - 1e-9:
            return None
        return Alignment(placed.start, placed.end, 100 * identity, placed.cigar)

    def _within(self, near: Near) -> Placed | None:
        end = near.low + near.width + len(self.residues) + self.errors
        text = self.text[max(0, near.low - self.errors) : max(0, end)]
        return place_best(self.residues, self.text, text, self.errors, self.query.alphabet)

    def _inside(self, near: Near) -> Placed | None:
        """Place a sequence that is shorter than the query in it."""
        start = max(0, -near.low - near.width - self.errors)
        text = self.residues[start : max(0, -near.low + len(self.text) + near.width + self.errors)]
        found = place_best(self.text, self.residues, text, self.errors, self.query.alphabet)
        return found and Placed(0, len(self.text), found.errors, swap_cigar(found.cigar))

    def _reaches_over(self, near: Near) -> bool:
        end = near.low + near.width + len(self.residues) + self.errors
        return near.low < self.errors or end > len(self.text)

    def _over(self, errors: int) -> Placed | None:
        """Place the query in a sequence that goes on at its start; not more than once around."""
        if len(self.text) < len(self.residues) - most_errors(self.query, len(self.residues)):
            return None
        return place_in_ring(self.residues, self.text, errors, self.query.alphabet)

    def _turned(self, errors: int | None) -> Placed | None:
        """Place the sequence in a query that goes on at its start."""
        most = most_errors(self.query, len(self.text))
        if self.query.mode != "global" or len(self.residues) < len(self.text) - most:
            return None
        found = place_in_ring(self.text, self.residues, most if errors is None else errors, self.query.alphabet)
        if found is None:
            return None
        return Placed(0, len(self.text), found.errors, swap_cigar(found.cigar))
