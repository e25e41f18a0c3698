"""One sequence placed in another with the fewest errors, by edlib. Pure.

Answers for: ambiguous letters, which of the two lies in the other, where, and the columns of the alignment. edlib was
chosen by measurement over parasail and pyopal (bench/SEQUENCES.md); it lets go of the interpreter while it works.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import edlib

from synhub.search.alignment import AMBIGUITY, AMBIGUOUS_AMINO_ACIDS, Alphabet, join_cigars, swap_cigar

MOST_STEPS = 20_000_000_000 // 64  # letters times errors of one placement of a whole sequence: about a second

_PIECE = 1_000

_Equal = Sequence[tuple[str, str]] | None
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


def _equal(inner: bytes, outer: bytes, alphabet: Alphabet) -> _Equal:
    return None if is_plain(inner, alphabet) and is_plain(outer, alphabet) else equal_letters(alphabet)


def place(inner: bytes, outer: bytes, most_errors: int, alphabet: Alphabet) -> Placed | None:
    """Place all of `inner` somewhere in `outer` with at most `most_errors`; None when that cannot be done.

    A long one is placed piece by piece, each from where the last has ended, in time that grows with its length and not
    with its square; the alignment is then one of the best or nearly so. Where that does not succeed (something long is
    missing in the middle) it is placed as a whole if that takes less than MOST_STEPS.
    """
    equal = _equal(inner, outer, alphabet)
    if len(inner) > 2 * _PIECE:
        found = _place_in_pieces(inner, outer, most_errors, equal)
        if found is not None or not is_affordable(len(outer), most_errors):
            return found
    return _place_whole(inner, outer, most_errors, equal)


def place_best(inner: bytes, outer: bytes, near: bytes, most_errors: int, alphabet: Alphabet) -> Placed | None:
    """Place all of `inner` in `outer` with the fewest errors there are, if it stands in `near`, a part of that, with at
    most `most_errors`; None when it does not.

    So the limit says whether there is an answer, and not which. Where all of `outer` takes too long, it is in `near`.
    """
    if len(inner) <= 2 * _PIECE:
        equal = _equal(inner, outer, alphabet)
        most_errors = edlib.align(inner, near, mode="HW", task="distance", k=most_errors, additionalEqualities=equal)[
            "editDistance"
        ]
        return None if most_errors < 0 else _place_whole(inner, outer, most_errors, equal)
    found = place(inner, near, most_errors, alphabet)
    if found is None or not is_affordable(len(outer), found.errors):
        offset = outer.find(near) if found is not None else 0
        return found and found._replace(start=found.start + offset, end=found.end + offset)
    return _place_whole(inner, outer, found.errors, _equal(inner, outer, alphabet))


def place_in_ring(inner: bytes, ring: bytes, most_errors: int, alphabet: Alphabet) -> Placed | None:
    """Place all of `inner` in what goes on at its start, once around at most; `end` may be behind the end of `ring`.

    Of what is longer than the ring all letters but some at its ends are placed. None when that cannot be done with at
    most `most_errors`.
    """
    if len(inner) + most_errors < len(ring):  # it stands over the end, or this is not asked
        edge = len(inner) + most_errors - 1
        turn, text = len(ring) - edge, ring[-edge:] + ring[:edge]
    else:
        turn, text = 0, ring * 2
    placed = place_best(inner, text, text, most_errors, alphabet)
    if placed is None:
        return None
    turn = (turn + placed.start) % len(ring)
    if placed.end - placed.start <= len(ring):
        return placed._replace(start=turn, end=turn + placed.end - placed.start)
    whole = ring[turn:] + ring[:turn]  # all of the ring, from where the inner one begins in it
    if len(inner) <= len(ring):
        found = place_best(inner, whole, whole, most_errors, alphabet)
        return found and found._replace(start=turn + found.start, end=turn + found.end)
    found = place_best(whole, inner, inner, most_errors, alphabet)
    return found and Placed(turn, turn + len(ring), found.errors, swap_cigar(found.cigar))


def is_affordable(letters: int, most_errors: int) -> bool:
    """Say whether a sequence can be placed in so many letters as a whole with so many errors."""
    return letters * most_errors <= MOST_STEPS


def _place_whole(
    inner: bytes, outer: bytes, most_errors: int, equal: Sequence[tuple[str, str]] | None
) -> Placed | None:
    # In two steps: of most candidates nothing but the distance is needed, and that takes half the time.
    options = {"mode": "HW", "k": most_errors, "additionalEqualities": equal}
    if edlib.align(inner, outer, task="distance", **options)["editDistance"] < 0:
        return None
    found: dict[str, Any] = edlib.align(inner, outer, task="path", **options)
    start, end = found["locations"][0]
    return Placed(start, end + 1, found["editDistance"], found["cigar"])


def _place_in_pieces(inner: bytes, outer: bytes, most_errors: int, equal: _Equal) -> Placed | None:
    """The first piece lies anywhere in what the others leave of the outer sequence, each other where the last ended."""
    room = max(0, len(outer) - len(inner))
    found = _place_whole(inner[:_PIECE], outer[: _PIECE + room + most_errors], min(most_errors, _PIECE // 2), equal)
    if found is None:
        return None
    start, end, errors, cigars = found.start, found.end, found.errors, [found.cigar]
    for at in range(_PIECE, len(inner), _PIECE):
        piece = inner[at : at + _PIECE]
        limit = min(most_errors - errors, len(piece) // 2)
        text = outer[end : end + len(piece) + limit]
        if limit < 0 or not text:
            return None
        next_found: dict[str, Any] = edlib.align(
            piece, text, mode="SHW", task="path", k=limit, additionalEqualities=equal
        )
        if next_found["editDistance"] < 0:
            return None
        end += next_found["locations"][0][1] + 1
        errors += next_found["editDistance"]
        cigars.append(next_found["cigar"])
    return Placed(start, end, errors, join_cigars(cigars))
