"""One sequence placed in another with the fewest errors, by edlib. Pure.

Answers for: ambiguous letters, which of the two lies in the other, where, and the columns of the alignment. edlib was
chosen by measurement over parasail and pyopal (bench/SEQUENCES.md); it lets go of the interpreter while it works.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import edlib

from synhub.search.alignment import AMBIGUITY, AMBIGUOUS_AMINO_ACIDS, Alphabet

_PLAIN = {"nucleotide": b"ACGT", "protein": b"ACDEFGHIKLMNPQRSTVWYUO"}


class Placed(NamedTuple):
    """Where one sequence lies in the other (from 0, `end` excluded), with how many errors, and how."""

    start: int
    end: int
    errors: int
    cigar: str


@lru_cache(maxsize=2)
def equal_letters(alphabet: Alphabet) -> tuple[tuple[str, str], ...]:
    """Return the pairs of different letters that can stand for the same."""
    meanings = {a: a for a in AMBIGUITY} | AMBIGUITY if alphabet == "nucleotide" else _amino_acids()
    return tuple((a, b) for a in meanings for b in meanings if a != b and not set(meanings[a]).isdisjoint(meanings[b]))


def _amino_acids() -> dict[str, str]:
    return {chr(letter): chr(letter) for letter in _PLAIN["protein"]} | AMBIGUOUS_AMINO_ACIDS


def is_plain(residues: bytes, alphabet: Alphabet) -> bool:
    """Say whether every letter stands for itself only."""
    return not residues.translate(None, _PLAIN[alphabet])


def place(inner: bytes, outer: bytes, most_errors: int, alphabet: Alphabet, *, first_try: int = 0) -> Placed | None:
    """Place all of `inner` somewhere in `outer` with at most `most_errors`; None when that cannot be done.

    `first_try`: a number of errors that is probably enough, tried first: the time goes with it.
    """
    equal: Sequence[tuple[str, str]] | None = None
    if not (is_plain(inner, alphabet) and is_plain(outer, alphabet)):
        equal = equal_letters(alphabet)
    for limit in (first_try, most_errors) if 0 < first_try < most_errors else (most_errors,):
        # in two steps: of most candidates nothing but the distance is needed, and that takes half the time
        if (
            edlib.align(inner, outer, mode="HW", task="distance", k=limit, additionalEqualities=equal)["editDistance"]
            >= 0
        ):
            found: dict[str, Any] = edlib.align(
                inner, outer, mode="HW", task="path", k=limit, additionalEqualities=equal
            )
            start, end = found["locations"][0]
            return Placed(start, end + 1, found["editDistance"], found["cigar"])
    return None
