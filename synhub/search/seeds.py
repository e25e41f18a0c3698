"""k-mers of sequences: what of a query is looked up in a table, and which words count as a hit. Pure; needs numpy.

Answers for: how letters become 20-bit keys, which windows of a query are asked for and how many errors each may have,
so that a target within the wanted identity shares a window. Must not know where the table comes from.

A window is k letters: 10 nucleotides or 4 amino acids. With e errors in the query and e + 1 windows without a letter
in common one of the windows is free of errors (pigeonhole); where a query is too short for that, all words within an
error or two of a window are asked for. Longer queries share words by chance often enough: a tenth of all 10-letter
windows survives one difference in five letters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synhub.search.alignment import AMINO_ACIDS, MOST_WORDS, WORD_LETTERS, Alphabet, meanings_of

KEY_BITS: Final = 20
KEYS: Final = 1 << KEY_BITS
_MOST_WINDOWS: Final = 1_000  # of a query without errors, to choose a rare one of

_OTHER = 255
_MOST_OFFSETS = 4  # of one word: a query of repeats is the same word hundreds of times
_MOST_WORDS = 50_000  # of a long query; of many the index leaves out the frequent ones
_SHORT = 100  # letters up to which windows with errors are always asked for
_LONG = 500  # and up to which they are when the wanted identity is low
_LOW_IDENTITY = 0.9
_MOST_ERRORS = 2
_FEW_WINDOWS = 2
_STEP = 3
_WORDS_NEAR = (1, 70, 1_700)  # about a window of ten nucleotides, by errors (measured)

Bytes = NDArray[np.uint8]
Keys = NDArray[np.uint32]
Masks = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Coding:
    """How the letters of an alphabet make keys: `k` letters of `bits` each. `meanings`: what each letter stands for."""

    alphabet: Alphabet
    letters: str
    bits: int
    k: int
    meanings: dict[str, str]

    def codes(self, residues: Bytes) -> Bytes:
        """Return the code of each letter, 255 for those that have none."""
        table = np.full(256, _OTHER, np.uint8)
        for code, letter in enumerate(self.letters):
            table[ord(letter)] = code
        return table[residues]

    def masks(self, residues: str) -> Masks:
        """Return for each letter the set of letters it stands for, as bits by code."""
        place = {letter: 1 << code for code, letter in enumerate(self.letters)}
        table = {letter: sum(place[m] for m in meaning) for letter, meaning in self.meanings.items()}
        return np.array([table[letter] for letter in residues], np.uint32)


NUCLEOTIDES: Final = Coding("nucleotide", "ACGT", 2, WORD_LETTERS["nucleotide"], meanings_of("nucleotide"))
PROTEINS: Final = Coding("protein", AMINO_ACIDS, 5, WORD_LETTERS["protein"], meanings_of("protein"))
CODINGS: Final[dict[Alphabet, Coding]] = {"nucleotide": NUCLEOTIDES, "protein": PROTEINS}


@dataclass(frozen=True, slots=True)
class Seeds:
    """Words to look up, and where in the query each stands. `windows`: how many of the query's were asked for.

    `sure`: every sequence with no more errors than wanted has one of the words; otherwise it probably has several.
    """

    keys: Keys
    offsets: NDArray[np.int32]
    windows: int
    sure: bool = True


def word_keys(residues: Bytes, coding: Coding) -> tuple[Keys, NDArray[np.bool_]]:
    """Return the key of the word that starts at each letter, and whether all its letters have a code.

    Both are k - 1 shorter than the residues.
    """
    codes = coding.codes(residues)
    size = len(codes) - coding.k + 1
    if size <= 0:
        return np.empty(0, np.uint32), np.empty(0, np.bool_)
    bad = codes == _OTHER
    known = np.where(bad, 0, codes).astype(np.uint32)
    keys = np.zeros(size, np.uint32)
    good = np.ones(size, np.bool_)
    for at in range(coding.k):
        keys <<= np.uint32(coding.bits)
        keys |= known[at : at + size]
        if bad.any():
            good &= ~bad[at : at + size]
    return keys, good


def words_near(masks: Masks, offsets: NDArray[np.int32], errors: int, coding: Coding) -> Seeds:
    """Return all words of k letters within `errors` of the start of the query at each offset.

    The query (`masks`) goes on as anything behind its end. A word is near when its distance (substitutions, insertions
    and deletions) to some prefix of the query there is at most `errors`. All windows are walked through at once,
    letter by letter, along the words that are still near.
    """
    k, size, columns = coding.k, len(coding.letters), coding.k + errors
    anything = np.full(columns, (1 << size) - 1, np.uint32)
    padded = np.concatenate([masks, anything])
    wanted = np.stack([padded[o : o + columns] for o in offsets])
    window = np.arange(len(offsets), dtype=np.int32)
    keys = np.zeros(len(offsets), np.uint32)
    rows = np.minimum(np.arange(columns + 1, dtype=np.int8), errors + 1)[None, :].repeat(len(offsets), 0)
    for depth in range(k):
        letters = np.tile(np.arange(size, dtype=np.uint32), len(keys))
        window, rows = window.repeat(size), rows.repeat(size, 0)
        keys = (keys.repeat(size) << np.uint32(coding.bits)) | letters
        differs = ((wanted[window] >> letters[:, None]) & np.uint32(1) == 0).astype(np.int8)
        new = np.empty_like(rows)
        new[:, 0] = min(depth + 1, errors + 1)
        np.minimum(rows[:, :-1] + differs, rows[:, 1:] + np.int8(1), out=new[:, 1:])
        for column in range(1, columns + 1) if errors else ():
            np.minimum(new[:, column], new[:, column - 1] + np.int8(1), out=new[:, column])
        near = new.min(axis=1) <= errors
        window, keys, rows = window[near], keys[near], new[near]
    return Seeds(keys, offsets[window], len(offsets))


def _exact(masks: Masks, residues: str, coding: Coding) -> Seeds:
    """The words of the query itself, ambiguous letters left out; of a repeated one the first few places."""
    keys, good = word_keys(np.frombuffer(residues.encode(), np.uint8), coding)
    offsets = np.flatnonzero(good).astype(np.int32)
    keys = keys[offsets]
    order = np.lexsort((offsets, keys))
    keys, offsets = keys[order], offsets[order]
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, np.intp)
    rank = np.arange(len(keys)) - np.repeat(first, np.diff(np.r_[first, len(keys)]))
    few = rank < _MOST_OFFSETS
    keys, offsets = keys[few], offsets[few]
    if len(keys) > _MOST_WORDS:  # as good as all of them; in an order that has nothing to do with the query's
        some = np.random.default_rng(0).permutation(len(keys))[:_MOST_WORDS]
        keys, offsets = keys[some], offsets[some]
    return Seeds(keys, offsets, len(keys))


def seeds_without_errors(residues: str, coding: Coding) -> list[Seeds]:
    """Return some windows, each with its words, any one of which finds every target that contains the query.

    A window with ambiguous letters stands for many words; those of more than MOST_WORDS are left out.
    """
    keys, good = word_keys(np.frombuffer(residues.encode(), np.uint8), coding)
    plain = np.flatnonzero(good)
    if len(plain):
        plain = plain[:: max(1, len(plain) // _MOST_WINDOWS)]
        return [Seeds(keys[at : at + 1], np.array([at], np.int32), 1) for at in plain.tolist()]
    masks = coding.masks(residues)
    last = max(0, len(residues) - coding.k)
    padded = np.concatenate([masks, np.full(coding.k, (1 << len(coding.letters)) - 1, np.uint32)])
    meanings = np.array([int(m).bit_count() for m in padded], float)
    logs = np.concatenate([[0.0], np.log(meanings).cumsum()])
    sizes = logs[coding.k : last + 1 + coding.k] - logs[: last + 1]
    fitting = np.argsort(sizes, kind="stable")[:3]
    fitting = fitting[sizes[fitting] <= np.log(MOST_WORDS) + 1e-9]
    return [words_near(masks, np.array([offset], np.int32), 0, coding) for offset in fitting.tolist()]


def seeds_with_errors(residues: str, most_errors: int, coding: Coding, hits_per_word: float, most_hits: int) -> Seeds:
    """Return the words to look up for targets with at most this many errors against the whole query.

    `hits_per_word` (how often a word of the table is met on average) and `most_hits` bound how many words within an
    error or two are asked for.
    """
    masks, length, k = coding.masks(residues), len(residues), coding.k
    exact = _exact(masks, residues, coding)
    apart = max(1, length // k)
    needed = min(_MOST_ERRORS, most_errors // apart)
    low = most_errors > (1 - _LOW_IDENTITY) * length
    if length // (most_errors + 1) >= k or length > (_LONG if low else _SHORT):
        found = exact if len(exact.keys) else _together(seeds_without_errors(residues, coding))
        return replace(found, sure=length // (most_errors + 1) >= k and length <= _SHORT)
    # Two errors in a window are affordable in a few windows only; else one, in windows that overlap where they are few.
    affordable = apart <= _FEW_WINDOWS and apart * _WORDS_NEAR[2] * hits_per_word <= most_hits
    errors = needed if affordable else min(needed, 1)
    step = k if errors == needed or length > _SHORT else _STEP
    offsets = np.arange(0, max(1, length - k + 1), step, dtype=np.int32)
    near = words_near(masks, offsets, errors, coding)
    return replace(_together([exact, near]), sure=errors >= most_errors // apart)


def _together(some: Sequence[Seeds]) -> Seeds:
    return Seeds(
        np.concatenate([seeds.keys for seeds in some]),
        np.concatenate([seeds.offsets for seeds in some]),
        sum(seeds.windows for seeds in some),
    )
