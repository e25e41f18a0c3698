"""Which stored sequences are worth comparing with a query: those that share words with it on one diagonal.

A word that stands at place p of the residues and at offset o of the query lies on diagonal p - o; a similar sequence
has many on neighbouring diagonals (insertions and deletions shift them). Nothing is decided here: what is returned is
compared letter by letter afterwards.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from synhub.search.seeds import Seeds
from synhub.store.sequences.segment import Places, Segment

MOST_HITS: Final = 2_000_000  # places of words that are looked at for one strand of one segment
MOST_CANDIDATES: Final = 200_000  # of one strand of one segment

_ENOUGH_WORDS: Final = 200

_MIX = np.uint64(0x9E3779B97F4A7C15)
_PLACE_BITS = np.uint64(32)
_PLACE_MASK = np.uint64((1 << 32) - 1)


@dataclass(frozen=True, slots=True)
class Candidates:
    """Sequences of one segment, and where the query may start in each: `low` (from its start) and `width` on.

    `votes`: words in common on these diagonals; `windows`: how many words of the query were looked up; `cut`: whether
    there were more than are here.
    """

    sequences: NDArray[np.intp]
    low: Places
    width: int
    votes: NDArray[np.int64]
    windows: int
    cut: bool

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "Candidates":
        """Return some of them."""
        return Candidates(self.sequences[which], self.low[which], self.width, self.votes[which], self.windows, self.cut)


def _affordable(segment: Segment, seeds: Seeds) -> tuple[Seeds, bool]:
    """Return the rarest words, as many as are affordable, but one at least; and whether too many were left out.

    Where similar sequences have many words in common with the query, some hundred words find them as well as all.
    """
    counts = segment.counts(seeds.keys)
    most = MOST_HITS if seeds.sure else MOST_HITS // 4
    if counts.sum() <= most:
        return seeds, False
    # Equally rare ones in an order that has nothing to do with the query's: spread over all of it.
    mixed = (seeds.offsets.astype(np.uint64) + np.uint64(1)) * _MIX >> np.uint64(44)
    order = np.lexsort((mixed, np.log2(counts + 1).astype(np.int8)))
    number = max(1, int(np.searchsorted(counts[order].cumsum(), most)))
    chosen = order[:number]
    windows = max(1, seeds.windows * number // len(order))
    return Seeds(seeds.keys[chosen], seeds.offsets[chosen], windows, seeds.sure), seeds.sure or number < _ENOUGH_WORDS


def find_candidates(
    segment: Segment, seeds: Seeds, query_length: int, shift: int, least_votes: int, most_random: int | None = None
) -> Candidates:
    """Return the candidates of one strand, the most votes first; diagonals are taken together by 2^shift.

    Each has the words in common on its diagonals and on the next ones: a similar sequence may lie on the border. Those
    with fewer than `least_votes` are left out; and with so few that more than `most_random` have them by chance.
    """
    seeds, cut = _affordable(segment, seeds)
    places, offsets = segment.hits(seeds.keys, seeds.offsets)
    # Bin and place in one number: a sort of numbers is several times faster than one that gives an order.
    bins = (places - offsets + query_length) >> shift
    packed = np.sort(bins.astype(np.uint64) << _PLACE_BITS | places.astype(np.uint64))
    bins = (packed >> _PLACE_BITS).astype(np.int64)
    first = _run_starts(bins)
    counts = np.diff(np.r_[first, len(bins)])
    run_bins, votes = bins[first], counts.astype(np.int64)
    if len(votes) > 1:
        votes[:-1] += np.where(run_bins[1:] == run_bins[:-1] + 1, counts[1:], 0)
    if most_random is not None:
        cells = segment.facts.letters + segment.facts.sequences * query_length >> shift
        least_votes = max(least_votes, _votes_above_chance(len(packed), cells, most_random))
    enough = votes >= least_votes
    enough[1:] |= enough[:-1] & (run_bins[1:] == run_bins[:-1] + 1)
    kept = np.repeat(enough, counts)
    bins, places = bins[kept], (packed[kept] & _PLACE_MASK).astype(np.int64)
    # The places of a bin ascend, so that those of one sequence are neighbours. A bin has diagonals of several sequences
    # where the query is longer than they are: what counts is what each of them has.
    sequences = segment.sequence_at(places)
    size = np.int64(segment.facts.sequences)
    pairs = bins * size + sequences
    distinct = _run_starts(pairs)
    own, pairs = np.diff(np.r_[distinct, len(pairs)]).astype(np.int64), pairs[distinct]
    following = np.minimum(np.searchsorted(pairs, pairs + size), len(pairs) - 1)
    next_to = np.where(pairs[following] == pairs + size, own[following], 0) if len(pairs) else own
    votes = own + next_to
    order = np.argsort(-votes, kind="stable")
    order = order[: int(np.count_nonzero(votes >= least_votes))]
    if len(order) > MOST_CANDIDATES:
        order, cut = order[:MOST_CANDIDATES], True
    found, run_bins = (pairs[order] % size).astype(np.intp), pairs[order] // size
    run_bins += next_to[order] > own[order]  # one chance word must not draw the place away from where all others are
    low = (run_bins << shift) - query_length - segment.starts_of(found)
    return Candidates(found, low, 1 << shift, votes[order], seeds.windows, cut)


def _votes_above_chance(hits: int, bins: int, most: int) -> int:
    """Return the least votes that at most so many of the bins get from hits that stand anywhere (Poisson)."""
    mean = 2 * hits / max(1, bins)
    votes, probability, tail = 0, math.exp(-mean), 1.0
    while bins * tail > most:
        tail -= probability
        votes += 1
        probability *= mean / votes
    return votes


def best_of_each(candidates: Candidates) -> Candidates:
    """Return the diagonals with the most votes of each sequence, in the same order."""
    _, first = np.unique(candidates.sequences, return_index=True)
    return candidates.chosen(np.sort(first))


def _run_starts(values: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return where a value differs from the one before."""
    return np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.empty(0, np.intp)
