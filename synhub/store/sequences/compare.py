"""Many candidates compared with a short query at once, letter by letter. Needs numpy.

Answers for: exact comparison with ambiguous letters, and the number of errors of the best place of a query of up to 64
letters (bit-parallel, one machine word a candidate). Sequences are read as rings: a comparison may go over the end.

Source: G. Myers, A fast bit-vector algorithm for approximate string matching based on dynamic programming,
J. ACM 46 (1999), in the form that finds the pattern anywhere in the text.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from synhub.search.seeds import Coding
from synhub.store.sequences.candidates import Candidates
from synhub.store.sequences.segment import Segment

LONGEST_WORD: Final = 64
_BLOCK: Final = 1 << 13  # candidates compared together: their letters and numbers fit into the cache

_ONE = np.uint64(1)


def _letter_table(coding: Coding) -> NDArray[np.uint32]:
    """Return what each byte stands for, as `Coding.masks` does; bytes that are no letter stand for nothing."""
    table = np.zeros(256, np.uint32)
    letters = "".join(coding.meanings)
    table[np.frombuffer(letters.encode(), np.uint8)] = coding.masks(letters)
    return table


def same_letters(segment: Segment, candidates: Candidates, residues: str) -> NDArray[np.bool_]:
    """Say which candidates have the query at `low`, going over their end where it is reached."""
    masks, table = segment.coding.masks(residues), _letter_table(segment.coding)
    starts, lengths = segment.starts_of(candidates.sequences), segment.lengths_of(candidates.sequences)
    alive = np.flatnonzero(lengths >= len(residues))
    at = np.mod(candidates.low, np.maximum(lengths, 1))
    for offset in range(len(residues)):
        if not len(alive):
            break
        place = starts[alive] + np.mod(at[alive] + offset, lengths[alive])
        alive = alive[table[segment.residues[place]] & masks[offset] != 0]
    result = np.zeros(len(candidates.sequences), np.bool_)
    result[alive] = True
    return result


def fewest_errors(
    segment: Segment, candidates: Candidates, residues: str, slack: int, *, ring: bool
) -> NDArray[np.int64]:
    """Return the fewest errors with which the whole query (at most 64 letters) stands near each candidate's diagonal.

    `slack` letters before and behind are looked at, too. With `ring` those behind the end are the first ones of the
    sequence, otherwise there are none.
    """
    assert len(residues) <= LONGEST_WORD
    peq = _pattern_bits(segment.coding, residues)
    result = np.empty(len(candidates.sequences), np.int64)
    for start in range(0, len(result), _BLOCK):
        block = candidates.chosen(np.arange(start, min(start + _BLOCK, len(result))))
        result[start : start + _BLOCK] = _fewest_errors(segment, block, peq, len(residues), slack, ring=ring)
    return result


def _pattern_bits(coding: Coding, residues: str) -> NDArray[np.uint64]:
    """Return for each byte the bits of the query's letters that it matches."""
    table, masks = _letter_table(coding), coding.masks(residues)
    matches = (table[:, None] & masks[None, :]) != 0
    bits: NDArray[np.uint64] = matches.astype(np.uint64) << np.arange(len(masks), dtype=np.uint64)
    joined: NDArray[np.uint64] = np.bitwise_or.reduce(bits, axis=1)
    return joined


def _fewest_errors(
    segment: Segment, candidates: Candidates, peq: NDArray[np.uint64], length: int, slack: int, *, ring: bool
) -> NDArray[np.int64]:
    starts, lengths = segment.starts_of(candidates.sequences), segment.lengths_of(candidates.sequences)
    all_ones = np.uint64((1 << length) - 1)
    last = np.uint64(length - 1)
    positive = np.full(len(starts), all_ones)
    negative = np.zeros(len(starts), np.uint64)
    score = np.full(len(starts), length, np.int64)
    best = score.copy()
    for column in range(length + candidates.width + 2 * slack):
        at = candidates.low - slack + column
        if ring:
            bits = peq[segment.residues[starts + np.mod(at, lengths)]]
        else:
            inside = (at >= 0) & (at < lengths)
            bits = np.where(inside, peq[segment.residues[starts + np.where(inside, at, 0)]], np.uint64(0))
        vertical = bits | negative
        horizontal = (((bits & positive) + positive) ^ positive) | bits
        plus = negative | ~(horizontal | positive)
        minus = positive & horizontal
        score += ((plus >> last) & _ONE).astype(np.int64) - ((minus >> last) & _ONE).astype(np.int64)
        plus, minus = plus << _ONE, minus << _ONE
        positive = (minus | ~(vertical | plus)) & all_ones
        negative = plus & vertical & all_ones
        np.minimum(best, score, out=best)
    return best
