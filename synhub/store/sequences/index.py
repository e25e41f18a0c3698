"""The sequence index: which stored sequences contain or resemble a query. Needs numpy and edlib: children only.

Answers for: candidates by words in common (candidates.py), their comparison, the best matches in order, and
saying what was not looked at. It holds sequences by their digests and knows neither objects nor graphs: `visible`
tells which digests the caller may see, before anything is compared, so that what may not be seen costs no place.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import repeat
from math import log2
from pathlib import Path
from typing import Final, Literal

import numpy as np

from synhub.errors import Inconsistent
from synhub.search.aligning import PIECEWISE, Near, alignments, is_piecewise, most_errors
from synhub.search.alignment import (
    MOST_MATCHES,
    SequenceMatch,
    SequenceQuery,
    SequencesFound,
    reverse_complement,
    score_of,
)
from synhub.search.seeds import CODINGS, KEYS, Seeds, seeds_with_errors, seeds_without_errors
from synhub.store.sequences.candidates import (
    MOST_HITS,
    Candidates,
    best_of_each,
    find_candidates,
)
from synhub.store.sequences.compare import LONGEST_WORD, fewest_errors, same_letters
from synhub.store.sequences.files import MANIFEST, Facts, read_manifest
from synhub.store.sequences.segment import Segment

Visible = Callable[[Sequence[bytes]], AbstractSet[bytes]]

_AT_ONCE: Final = 500  # candidates whose visibility is asked for together
_VERIFIED: Final = 4  # times the wanted matches that are compared before the search ends
_AT_LEAST: Final = 400
_RANDOM: Final = 500  # candidates of one strand of a segment that may be due to chance
_RANDOM_SHORT: Final = 20_000  # the same of short queries, that are compared together
_SHARE = 0.25  # of the words expected in common at the wanted identity, which a candidate must have
_MANY_WORDS = "words of the query are so frequent that not every sequence with them was looked at"
_MANY = "more than {} sequences may match, the best found are here"
_SLOW = "the search took too long and was cut: ask for less (a longer query, a higher identity, fewer matches)"

_WHOLE: Final = (1, 4)  # definitions of identity that count what stands alone: the shorter is not tiny then
TINY: Final = 64  # letters; of longer ones words are looked up
LEAST_TARGET: Final = 8
_TOO_SHORT = f"sequences of less than {LEAST_TARGET} letters are not aligned: sequence= and subsequence= find them"

Strand = Literal["+", "-"]


@dataclass(frozen=True, slots=True)
class _Task:
    """One strand of the query in one segment. `order`: position among the tasks, for equal votes."""

    segment: Segment
    strand: Strand
    residues: str
    candidates: Candidates


class SequenceIndex:
    """The segments of a folder, opened anew when the manifest has changed. Used by one thread."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._stamp: tuple[int, int] | None = None
        self._segments: list[Segment] = []

    def segments(self) -> list[Segment]:
        """Return the open segments. Raises Inconsistent when the files are not what the manifest says."""
        for _ in range(5):  # a merge may delete files between the reading of the manifest and the opening of them
            try:
                found = (self._folder / MANIFEST).stat()
                stamp = found.st_ino, found.st_mtime_ns
                if stamp != self._stamp:
                    self._segments = self._open(read_manifest(self._folder))
                    self._stamp = stamp
                return self._segments
            except FileNotFoundError:
                continue
        raise Inconsistent(f"the sequence index in {self._folder} cannot be read; synhub reindex builds it again")

    def _open(self, manifest: Sequence[Facts] | None) -> list[Segment]:
        if manifest is None:
            raise FileNotFoundError(self._folder)
        known = {segment.facts: segment for segment in self._segments}
        of_letters = [facts for facts in manifest if facts.alphabet in CODINGS]
        return [known.get(facts) or Segment(self._folder, facts) for facts in of_letters]

    def find(self, query: SequenceQuery, visible: Visible | None = None, timeout_s: float = 30.0) -> SequencesFound:
        """Return the matches that are visible (None: all), the best first; see SequenceQuery and SequencesFound.

        After about `timeout_s` what has been found so far is returned, with words that say so. Raises Inconsistent when
        the index cannot be read.
        """
        search = _Search(query, visible or frozenset, self._clock() + timeout_s, self._clock)
        return search.run([s for s in self.segments() if s.facts.alphabet == query.alphabet])


class _Search:
    def __init__(self, query: SequenceQuery, visible: Visible, deadline: float, clock: Callable[[], float]) -> None:
        self.query = query
        self.visible = visible
        self.deadline = deadline
        self.clock = clock
        self.wanted = query.max_accepts or MOST_MATCHES
        self.cuts: dict[str, None] = {}
        self.found: dict[bytes, tuple[int, dict[bool, SequenceMatch]]] = {}  # length, and matches by `wraps`
        self.rejects = 0
        self.most_errors = most_errors(query, len(query.residues))

    def run(self, segments: Sequence[Segment]) -> SequencesFound:
        strands: list[tuple[Strand, str]] = [("+", self.query.residues)]
        if self.query.strands == "both":
            strands.append(("-", reverse_complement(self.query.residues)))
        if len(strands) == 2 and strands[0][1] == strands[1][1]:
            strands.pop()
        tasks = [task for s in segments for strand, text in strands if (task := self._task(s, strand, text))]
        if self.query.mode == "global" and self.query.definition not in _WHOLE:
            self._tiny(tasks)
        if self.query.mode == "contained":
            self._contained(tasks)
        elif len(self.query.residues) <= LONGEST_WORD:
            self._short(tasks)
        else:
            self._aligned(tasks)
        return self._answer()

    def _answer(self) -> SequencesFound:
        length = len(self.query.residues)
        told = [(abs(size - length), _told(kept)) for size, kept in self.found.values()]
        told.sort(key=lambda t: (*(-worth for worth in _worth(t[1][0])), t[0], t[1][0].digest))
        if len(told) > self.wanted:
            self.cuts[_MANY.format(self.wanted)] = None
        matches = [match for _, some in told[: self.wanted] for match in some]
        matches.sort(key=lambda match: tuple(-worth for worth in _worth(match)))
        return SequencesFound(tuple(matches), len(told), "; ".join(self.cuts))

    # --- candidates --------------------------------------------------------------------------------------------------

    def _task(self, segment: Segment, strand: Strand, residues: str) -> _Task | None:
        if self.clock() > self.deadline:
            self.cuts[_SLOW] = None
            return None
        exact = self.query.mode == "contained"
        found = self._exact_candidates(segment, residues) if exact else self._candidates(segment, residues)
        if found.cut:
            self.cuts[_MANY_WORDS] = None
        lengths = segment.lengths_of(found.sequences)
        keep = self._votes_suffice(segment, found, lengths) if not exact else np.ones(len(lengths), np.bool_)
        if self.query.mode == "global":
            keep &= lengths >= min(LEAST_TARGET, len(residues))
        if self.query.min_length is not None:
            keep &= lengths >= self.query.min_length
        if self.query.max_length is not None:
            keep &= lengths <= self.query.max_length
        if self.query.mode == "infix":
            keep &= lengths >= len(residues) - self.most_errors
        elif self.query.mode == "global" and self.query.definition in _WHOLE:
            shorter, longer = np.minimum(lengths, len(residues)), np.maximum(lengths, len(residues))
            keep &= shorter >= self.query.identity * longer
        return _Task(segment, strand, residues, found.chosen(keep))

    def _exact_candidates(self, segment: Segment, residues: str) -> Candidates:
        """Candidates by the rarest window; by three where that is cheap, as one may be ambiguous in a target."""
        windows = seeds_without_errors(residues, segment.coding)
        sizes = np.add.reduceat(
            segment.counts(np.concatenate([w.keys for w in windows])),
            np.cumsum([0, *(len(w.keys) for w in windows)])[:-1],
        )
        order = np.argsort(sizes, kind="stable")[:3].tolist()
        chosen = [windows[i] for rank, i in enumerate(order) if rank == 0 or sizes[i] * 10 < MOST_HITS]
        seeds = Seeds(np.concatenate([w.keys for w in chosen]), np.concatenate([w.offsets for w in chosen]), 1)
        return find_candidates(segment, seeds, len(residues), 0, 1)

    def _candidates(self, segment: Segment, residues: str) -> Candidates:
        per_word = max(1.0, segment.facts.letters / min(KEYS, len(segment.coding.letters) ** segment.coding.k))
        seeds = seeds_with_errors(residues, self.most_errors, segment.coding, per_word, MOST_HITS)
        short = len(residues) <= LONGEST_WORD
        shift = 3 if short else min(10, max(4, round(log2(1 + self.most_errors / 2))))
        infix = self.query.mode == "infix"
        least = max(1, int(self._expected(segment, seeds.windows))) if infix and not short else 1
        chance = None if seeds.sure else _RANDOM_SHORT if short else _RANDOM
        found = find_candidates(segment, seeds, len(residues), shift, least, chance)
        return found if short else best_of_each(found)

    def _expected(self, segment: Segment, windows: int) -> float:
        """How many words a sequence just similar enough must have in common with the query to be looked at."""
        return _SHARE * windows * float(self.query.identity**segment.coding.k)

    def _votes_suffice(
        self, segment: Segment, found: Candidates, lengths: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    ) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        overlap = np.clip(lengths / len(self.query.residues), 0, 1)
        return found.votes >= np.floor(overlap * self._expected(segment, found.windows))

    # --- comparison --------------------------------------------------------------------------------------------------

    def _contained(self, tasks: Sequence[_Task]) -> None:
        length = len(self.query.residues)
        for task in tasks:
            hits = task.candidates.chosen(same_letters(task.segment, task.candidates, task.residues))
            sizes = task.segment.lengths_of(hits.sequences)
            starts = np.mod(hits.low, sizes)
            wraps = starts + length > sizes
            # of each sequence one place, within it if there is one; sequences nearest in length first
            order = np.lexsort((starts, wraps, hits.sequences, sizes))
            first = best_of_each(hits.chosen(order))
            for number, (sequence, low) in enumerate(self._seen(task.segment, first)):
                size = int(task.segment.starts[sequence + 1] - task.segment.starts[sequence]) - task.segment.coding.k
                start = low % size
                over = start + length > size
                end = start + length - size if over else start + length
                digest = task.segment.digest(sequence)
                self._accept(size, SequenceMatch(digest, start + 1, end, task.strand, 100.0, f"{length}=", over))
                if number >= self.wanted:
                    break

    def _tiny(self, tasks: Sequence[_Task]) -> None:
        """Accept what is too short to have many words in common with the query, and stands in it letter by letter."""
        for task in tasks:
            query = task.residues.encode()
            lengths = task.segment.lengths_of(np.arange(task.segment.facts.sequences))
            low, high = self.query.min_length or 0, self.query.max_length or TINY
            wanted = (lengths < min(TINY, len(query))) & (lengths >= low) & (lengths <= high)
            some = [int(s) for s in np.flatnonzero(wanted) if task.segment.text(int(s)) in query]
            hits = Candidates(
                np.array(some, np.intp), np.zeros(len(some), np.int64), 1, np.zeros(0, np.int64), 0, False
            )
            for sequence, _ in self._seen(task.segment, hits):
                text = task.segment.text(sequence)
                if len(text) < LEAST_TARGET:
                    self.cuts[_TOO_SHORT] = None
                else:
                    self._align(task, sequence, -query.index(text))

    def _seen(self, segment: Segment, candidates: Candidates) -> Iterator[tuple[int, int]]:
        """Yield (sequence, low) of the visible candidates, until time is up."""
        for start in range(0, len(candidates.sequences), _AT_ONCE):
            block = candidates.sequences[start : start + _AT_ONCE]
            digests = [segment.digest(int(sequence)) for sequence in block]
            visible = self.visible(digests)
            for at, digest in enumerate(digests, start):
                if self.clock() > self.deadline:
                    self.cuts[_SLOW] = None
                    return
                if digest in visible:
                    yield int(candidates.sequences[at]), int(candidates.low[at])

    def _short(self, tasks: Sequence[_Task]) -> None:
        """Count the errors of all candidates at once, then align the best."""
        slack = self.most_errors
        scored: list[tuple[int, _Task, Candidates]] = []
        for task in tasks:
            found = self._longer(task)
            errors = fewest_errors(task.segment, found, task.residues, slack, ring=False)
            lengths = task.segment.lengths_of(found.sequences)
            over = (found.low < slack) | (found.low + found.width + len(task.residues) + slack > lengths)
            again = np.flatnonzero(over & (errors > 0) & (lengths > slack))
            ring = fewest_errors(task.segment, found.chosen(again), task.residues, slack, ring=True)
            errors[again] = np.minimum(errors[again], ring)
            near = np.argsort(np.abs(lengths - len(task.residues)), kind="stable")
            found, errors = found.chosen(near), errors[near]
            scored += [(score, task, found.chosen(errors == score)) for score in range(self.most_errors + 1)]
        for _, task, candidates in sorted(scored, key=lambda s: s[0]):
            for sequence, low in self._seen(task.segment, candidates):
                known = self.found.get(task.segment.digest(sequence))
                if known is None or False not in known[1]:  # one error may pass as a deletion only
                    self._align(task, sequence, low)
                if len(self.found) >= self._enough():
                    return

    def _longer(self, task: _Task) -> Candidates:
        """Align at once the few targets that are shorter than the query, and return the others."""
        shorter = task.segment.lengths_of(task.candidates.sequences) < len(task.residues)
        for sequence, low in self._seen(task.segment, task.candidates.chosen(shorter)):
            self._align(task, sequence, low)
        return task.candidates.chosen(~shorter)

    def _enough(self) -> int:
        return self.wanted + 1 if self.wanted == MOST_MATCHES else max(_AT_LEAST, _VERIFIED * self.wanted)

    def _aligned(self, tasks: Sequence[_Task]) -> None:
        """Align candidates in the order of their votes, then of the nearness of their lengths."""
        ranked: list[tuple[int, int, int, int]] = []
        for number, task in enumerate(tasks):
            distance = np.abs(task.segment.lengths_of(task.candidates.sequences) - len(task.residues))
            votes = (-task.candidates.votes).tolist()
            ranked += zip(votes, distance.tolist(), repeat(number), range(len(votes)), strict=False)
        ranked.sort()
        compared = 0
        for start in range(0, len(ranked), _AT_ONCE):
            block = [(number, at) for _, _, number, at in ranked[start : start + _AT_ONCE]]
            digests = [tasks[n].segment.digest(int(tasks[n].candidates.sequences[at])) for n, at in block]
            visible = self.visible(digests)
            for (number, at), digest in zip(block, digests, strict=True):
                if digest not in visible:
                    continue
                if self.clock() > self.deadline:
                    self.cuts[_SLOW] = None
                    return
                task = tasks[number]
                self._align(task, int(task.candidates.sequences[at]), int(task.candidates.low[at]))
                compared += 1
                if len(self.found) >= self.wanted and compared >= self._enough():
                    self.cuts[_MANY.format(self.wanted)] = None
                    return
                if self.query.max_rejects and self.rejects >= self.query.max_rejects:
                    return

    def _align(self, task: _Task, sequence: int, low: int) -> None:
        """Align one candidate; as well over its end, where that is better than within it."""
        text, digest = task.segment.text(sequence), task.segment.digest(sequence)
        near = Near(low, task.candidates.width)
        if is_piecewise(self.query, len(text), near):
            self.cuts[PIECEWISE] = None
        found = alignments(self.query, task.residues.encode(), text, near)
        for start, end, percent, cigar in found:
            over = end > len(text)
            end = end - len(text) if over else end
            self._accept(len(text), SequenceMatch(digest, start + 1, end, task.strand, percent, cigar, over))
        self.rejects += not found

    def _accept(self, size: int, match: SequenceMatch) -> None:
        """Keep the best match of each sequence within it, and the best one over its end."""
        _, kept = self.found.setdefault(match.digest, (size, {}))
        known = kept.get(match.wraps)
        if known is None or _worth(match) > _worth(known):
            kept[match.wraps] = match


def _worth(match: SequenceMatch) -> tuple[int, float]:
    return score_of(match.cigar), match.percent


def _told(kept: dict[bool, SequenceMatch]) -> list[SequenceMatch]:
    """Return the matches of one sequence, the best first: one over its end only when it is better than within it."""
    within, over = kept.get(False), kept.get(True)
    if within is not None and over is not None and _worth(over) <= _worth(within):
        over = None
    return [match for match in (over, within) if match is not None]
