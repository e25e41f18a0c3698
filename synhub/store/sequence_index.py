"""The sequence index: which stored sequences contain or resemble a query. Needs numpy and edlib: children only.

Answers for: candidates by words in common (sequence_candidates.py), their comparison, the best matches in order, and
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
from synhub.search.alignment import (
    MOST_MATCHES,
    SequenceMatch,
    SequenceQuery,
    SequencesFound,
    count_columns,
    identity_of,
    reverse_complement,
    swap_cigar,
)
from synhub.search.pairwise import Placed, is_affordable, place
from synhub.search.seeds import KEYS, Seeds, seeds_with_errors, seeds_without_errors
from synhub.store.sequence_candidates import (
    MOST_HITS,
    Candidates,
    best_of_each,
    find_candidates,
)
from synhub.store.sequence_compare import LONGEST_WORD, fewest_errors, same_letters
from synhub.store.sequence_files import MANIFEST, Facts, read_manifest
from synhub.store.sequence_segment import Segment

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
_LONG: Final = 50_000
_PIECEWISE = "of sequences over {} letters those with a long piece missing or added are not compared"

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
        return [known.get(facts) or Segment(self._folder, facts) for facts in manifest]

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
        self.found: dict[bytes, tuple[int, SequenceMatch]] = {}
        self.rejects = 0
        share = (1 - query.identity) / query.identity
        self.most_errors = int(len(query.residues) * share + 1e-9)

    def run(self, segments: Sequence[Segment]) -> SequencesFound:
        strands: list[tuple[Strand, str]] = [("+", self.query.residues)]
        if self.query.strands == "both":
            strands.append(("-", reverse_complement(self.query.residues)))
        if len(strands) == 2 and strands[0][1] == strands[1][1]:
            strands.pop()
        tasks = [task for s in segments for strand, text in strands if (task := self._task(s, strand, text))]
        if self.query.mode == "contained":
            self._contained(tasks)
        elif len(self.query.residues) <= LONGEST_WORD:
            self._short(tasks)
        else:
            self._aligned(tasks)
        return self._answer()

    def _answer(self) -> SequencesFound:
        length = len(self.query.residues)
        ranked = sorted(self.found.values(), key=lambda f: (-f[1].percent, abs(f[0] - length), f[1].digest))
        total = len(ranked)
        if total > self.wanted:
            self.cuts[_MANY.format(self.wanted)] = None
        return SequencesFound(tuple(match for _, match in ranked[: self.wanted]), total, "; ".join(self.cuts))

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
        if self.query.min_length is not None:
            keep &= lengths >= self.query.min_length
        if self.query.max_length is not None:
            keep &= lengths <= self.query.max_length
        if self.query.mode == "infix":
            keep &= lengths >= len(residues) - self.most_errors
        elif self.query.mode == "global" and self.query.definition in (1, 4):
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
                if known is None or known[1].wraps:  # one error may pass as a deletion only
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
        """Align one candidate, over its end only when it does not match within it."""
        text = task.segment.text(sequence)
        digest = task.segment.digest(sequence)
        inner = task.residues.encode()
        width = task.candidates.width
        if self.query.mode == "global" and len(text) < len(inner):
            match = self._align_inside(digest, task.strand, inner, text, low, width)
        else:
            match = self._align_within(digest, task.strand, inner, text, low, width)
        over = low < self.most_errors or low + width + len(inner) + self.most_errors > len(text)
        if match is None and over and len(text) >= len(inner) - self.most_errors:
            match = self._align_ring(digest, task.strand, inner, text, low, width)
        if match is None:
            self.rejects += 1
        else:
            self._accept(len(text), match)

    def _align_within(
        self, digest: bytes, strand: Strand, inner: bytes, text: bytes, low: int, width: int
    ) -> SequenceMatch | None:
        errors = self._errors_for(len(inner))
        start = max(0, low - errors)
        placed = self._place(inner, text[start : low + width + len(inner) + errors], errors)
        return self._match(digest, strand, placed, len(inner), len(text), start)

    def _align_ring(
        self, digest: bytes, strand: Strand, inner: bytes, text: bytes, low: int, width: int
    ) -> SequenceMatch | None:
        """Place the query in a target that goes on at its start; not more than once around."""
        errors = self._errors_for(len(inner))
        turn = (low - errors) % len(text)
        ring = (text[turn:] + text[:turn]) * 2
        placed = self._place(inner, ring[: min(width + 2 * errors, len(text)) + len(inner)], errors)
        if placed is None or placed.end - placed.start <= len(text):
            return self._match(digest, strand, placed, len(inner), len(text), turn)
        turn = (turn + placed.start) % len(text)  # all of the target, from where the query begins in it
        whole = text[turn:] + text[:turn]
        if len(inner) <= len(whole):
            return self._match(digest, strand, self._place(inner, whole, errors), len(inner), len(text), turn)
        found = self._place(whole, inner, errors)
        if found is None:
            return None
        turned = Placed(0, len(whole), found.errors, swap_cigar(found.cigar))
        return self._match(digest, strand, turned, len(inner), len(text), turn)

    def _align_inside(
        self, digest: bytes, strand: Strand, query: bytes, text: bytes, low: int, width: int
    ) -> SequenceMatch | None:
        """Place a target that is shorter than the query in it."""
        errors = self._errors_for(len(text))
        start = max(0, -low - width - errors)
        placed = self._place(text, query[start : -low + len(text) + width + errors], errors)
        if placed is None:
            return None
        cigar = swap_cigar(placed.cigar)
        identity = identity_of(count_columns(cigar), self.query.definition, len(query), len(text))
        if identity < self.query.identity - 1e-9:
            return None
        return SequenceMatch(digest, 1, len(text), strand, 100 * identity, cigar, False)

    def _errors_for(self, length: int) -> int:
        return int(length * (1 - self.query.identity) / self.query.identity + 1e-9)

    def _place(self, inner: bytes, outer: bytes, errors: int) -> Placed | None:
        if len(inner) > _LONG and not is_affordable(len(outer), errors):
            self.cuts[_PIECEWISE.format(_LONG)] = None
        return place(inner, outer, errors, self.query.alphabet)

    def _match(
        self, digest: bytes, strand: Strand, placed: Placed | None, query_length: int, size: int, shift: int
    ) -> SequenceMatch | None:
        if placed is None:
            return None
        identity = identity_of(count_columns(placed.cigar), self.query.definition, query_length, size)
        if identity < self.query.identity - 1e-9:
            return None
        start = (shift + placed.start) % size
        end = start + placed.end - placed.start
        wraps = end > size
        return SequenceMatch(
            digest, start + 1, end - size if wraps else end, strand, 100 * identity, placed.cigar, wraps
        )

    def _accept(self, size: int, match: SequenceMatch) -> None:
        """Keep the best match of each sequence; one within it before one over its end."""
        known = self.found.get(match.digest)
        if known is None or (match.percent, not match.wraps) > (known[1].percent, not known[1].wraps):
            self.found[match.digest] = (size, match)
