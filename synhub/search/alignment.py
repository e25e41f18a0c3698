"""What a sequence search asks and answers, as values; letters of the alphabets, reverse complement, identity, CIGAR.

Answers for: which letters a query may have and how they are folded, what percentage an alignment is worth by which
definition, the shapes that the index (store/sequences/index.py) takes and gives. Pure: knows no index and no object;
who may see a sequence is asked elsewhere.

Source: IUPAC-IUB nomenclature for incompletely specified bases (1984); SAM 1.6, section 1.4.6 (CIGAR); vsearch
manual, options --iddef and --strand.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import log
from typing import Literal, NamedTuple

from synhub.errors import BadRequest

Alphabet = Literal["nucleotide", "protein"]
Mode = Literal["contained", "infix", "global"]
Strands = Literal["both", "forward"]

MOST_MATCHES = 10_000
LEAST_LETTERS: dict[Alphabet, int] = {"nucleotide": 6, "protein": 3}
LEAST_IDENTITY = 0.5
WORD_LETTERS: dict[Alphabet, int] = {"nucleotide": 10, "protein": 4}  # what the index looks up at once
MOST_WORDS = 4_096  # that one window of ambiguous letters may stand for

# What each letter of a nucleotide sequence stands for. U is T: RNA is searched as the DNA it is read from.
AMBIGUITY: dict[str, str] = {
    **{letter: letter for letter in "ACGT"},
    **{"R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC"},
    **{"B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT"},
}
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWYUO"
AMBIGUOUS_AMINO_ACIDS: dict[str, str] = {"B": "DN", "Z": "EQ", "J": "IL", "X": AMINO_ACIDS}

_SPACE = re.compile(r"[\s0-9]+")
_COMPLEMENT = str.maketrans("ACGTRYSWKMBDHVN", "TGCAYRSWMKVHDBN")
_PLAIN = frozenset("ACGTN")
_CIGAR = re.compile(r"(\d+)([=XIDM])")
IDENTITY_DEFINITIONS = range(5)


@dataclass(frozen=True, slots=True)
class SequenceQuery:
    """What is looked for in the stored sequences. Made by `make_query`.

    `residues`: upper case, U as T in nucleotides. `mode`: `contained`: the query, letter by letter (ambiguous letters
    of either side match what they stand for), is a part of the target; `infix`: the same with errors, up to
    `identity`; `global`: the shorter of the two lies in the longer with at least `identity` by `definition`.
    `min_length` and `max_length` bound the target's length in letters (None: no bound). `max_accepts` matches are
    returned at most, 0 meaning MOST_MATCHES; after `max_rejects` candidates that did not match (0: no bound) the
    search ends. `circular`: the query goes on at its start, so that a target may stand in it turned.
    """

    residues: str
    alphabet: Alphabet
    mode: Mode
    identity: float = 1.0
    definition: int = 2
    max_accepts: int = 0
    max_rejects: int = 0
    min_length: int | None = None
    max_length: int | None = None
    strands: Strands = "both"
    circular: bool = False


class SequenceMatch(NamedTuple):
    """One stored sequence that matches, by its digest (`elements.digest` of the catalog: of the text as it stands).

    `start` and `end` are letters of the target from 1, both included, as an SBOL Range; on the strand `-` it is the
    reverse complement of the query that stands there. `wraps`: the match runs over the end of the target and on at its
    start (then `end` < `start`): it is one only where the sequence is circular. `percent`: 0 to 100. `cigar`: extended
    (`=XID`), of the query as it stands on that strand against the target; I: a letter only the query has.
    """

    digest: bytes
    start: int
    end: int
    strand: Literal["+", "-"]
    percent: float
    cigar: str
    wraps: bool


@dataclass(frozen=True, slots=True)
class SequencesFound:
    """The matches, the best first (`score_of`, percent, then how near the lengths are, then digest).

    A sequence that matches better over its end than within it is there twice. `total`: how many sequences there are
    as far as is known, at least those of the matches. `cut`: why there may be more, in words for the user; empty when
    this is all.
    """

    matches: tuple[SequenceMatch, ...]
    total: int
    cut: str = ""


class Counts(NamedTuple):
    """Columns of an alignment: letters only the query has are `insertions`; `gaps` are runs of them or of deletions."""

    matches: int
    mismatches: int
    insertions: int
    deletions: int
    gaps: int


def fold_residues(text: str, alphabet: Alphabet) -> str:
    """Return the letters as the index has them: upper case, without white space, U as T in nucleotides."""
    folded = "".join(text.split()).upper()
    return folded.replace("U", "T") if alphabet == "nucleotide" else folded


def alphabet_of(text: str) -> Alphabet | None:
    """Say what a sequence is by its letters; None when it is neither.

    Most letters of a protein stand for some nucleotides, too: it is nucleotides when half the letters are A, C, G, T,
    U or N (a quarter of them are in an average protein; Source: UniProtKB/Swiss-Prot, amino acid composition).
    """
    letters = fold_residues(text, "nucleotide").rstrip("*").replace("-", "").replace(".", "")
    if not letters:
        return None
    if all(letter in AMBIGUITY for letter in frozenset(letters)):
        plain = sum(letters.count(letter) for letter in _PLAIN)
        if 2 * plain >= len(letters):
            return "nucleotide"
    residues = frozenset(fold_residues(text, "protein").replace("*", "").replace("-", "").replace(".", ""))
    return "protein" if all(r in AMINO_ACIDS or r in AMBIGUOUS_AMINO_ACIDS for r in residues) else None


def make_query(
    text: str,
    mode: Mode,
    *,
    alphabet: Alphabet | None = None,
    identity: float = 1.0,
    definition: int = 2,
    max_accepts: int = 0,
    max_rejects: int = 0,
    min_length: int | None = None,
    max_length: int | None = None,
    strands: Strands = "both",
    circular: bool = False,
) -> SequenceQuery:
    """Check and fold what a user wrote; white space and digits between the letters mean nothing.

    Without `alphabet` the letters decide. Raises BadRequest for letters no alphabet has, too few of them, ambiguous
    ones only, or a number out of its range.
    """
    plain = _SPACE.sub("", text)
    if not plain:
        raise BadRequest(f"{text[:20]!r} has no letters; write the sequence in IUPAC letters")
    found = alphabet or alphabet_of(plain)
    residues = fold_residues(plain, found or "nucleotide").rstrip("*")
    known = AMBIGUITY if found == "nucleotide" else {*AMINO_ACIDS, *AMBIGUOUS_AMINO_ACIDS}
    strange = "".join(sorted({letter for letter in residues if letter not in known}))
    if found is None or strange:
        what = alphabet or "nucleotide or protein"  # what the letters were taken for says nothing to who wrote them
        raise BadRequest(f"{strange[:20]!r} is not a letter of a {what} sequence; write the sequence in IUPAC letters")
    if len(residues) < LEAST_LETTERS[found]:
        raise BadRequest(
            f"the {found} sequence {residues!r} has {len(residues)} letters; a search needs {LEAST_LETTERS[found]}"
        )
    if not _has_plain_window(residues, found):
        raise BadRequest("the sequence is ambiguous everywhere; write more of its letters")
    if not LEAST_IDENTITY <= identity <= 1:
        raise BadRequest(f"the identity {identity:g} is out of range; it must be from {LEAST_IDENTITY:g} to 1")
    if definition not in IDENTITY_DEFINITIONS:
        raise BadRequest(f"iddef is {definition}; it must be 0, 1, 2, 3 or 4")
    if not 0 <= max_accepts <= MOST_MATCHES:
        raise BadRequest(f"maxaccepts is {max_accepts}; it must be from 0 (no limit) to {MOST_MATCHES}")
    if max_rejects < 0:
        raise BadRequest(f"maxrejects is {max_rejects}; it must be 0 (no limit) or more")
    return SequenceQuery(
        residues, found, mode, 1.0 if mode == "contained" else identity, definition,
        max_accepts, max_rejects, min_length, max_length, "forward" if found == "protein" else strands, circular,
    )  # fmt: skip


def meanings_of(alphabet: Alphabet) -> dict[str, str]:
    """Return each letter of an alphabet with the letters it stands for."""
    return AMBIGUITY if alphabet == "nucleotide" else {a: a for a in AMINO_ACIDS} | AMBIGUOUS_AMINO_ACIDS


def _has_plain_window(residues: str, alphabet: Alphabet) -> bool:
    """Say whether some window of a word's length, or the whole of a shorter query, stands for MOST_WORDS at most."""
    meanings, size = meanings_of(alphabet), WORD_LETTERS[alphabet]
    anything = len(AMINO_ACIDS) if alphabet == "protein" else len("ACGT")
    logs = [log(len(meanings[letter])) for letter in residues] + [log(anything)] * (size - len(residues))
    ambiguity = sum(logs[:size])
    for new, old in zip([*logs[size:], 0.0], logs, strict=False):
        if ambiguity <= log(MOST_WORDS) + 1e-6:
            return True
        ambiguity += new - old
    return False


def reverse_complement(residues: str) -> str:
    """Return the other strand of folded nucleotides, ambiguous letters too; what is no letter stays what it is."""
    return residues.translate(_COMPLEMENT)[::-1]


def join_cigars(cigars: Iterable[str]) -> str:
    """Return the CIGAR of alignments that follow one another."""
    parts: list[tuple[int, str]] = []
    for length, operation in _CIGAR.findall("".join(cigars)):
        if parts and parts[-1][1] == operation:
            parts[-1] = (parts[-1][0] + int(length), operation)
        else:
            parts.append((int(length), operation))
    return "".join(f"{length}{operation}" for length, operation in parts)


def swap_cigar(cigar: str) -> str:
    """Return the CIGAR of the same alignment with query and target exchanged."""
    return cigar.translate(str.maketrans("ID", "DI"))


def count_columns(cigar: str) -> Counts:
    """Count the columns of an extended CIGAR."""
    number = dict.fromkeys("=XID", 0)
    gaps = 0
    for length, operation in _CIGAR.findall(cigar):
        number[operation] += int(length)
        gaps += operation in "ID"
    return Counts(number["="], number["X"], number["I"], number["D"], gaps)


def score_of(cigar: str) -> int:
    """Return the identical letters less the errors of an extended CIGAR: what an alignment is worth beside others.

    By percentage alone every scrap of twelve letters that happens to stand in the query is better than a gene with one
    letter changed.
    """
    counts = count_columns(cigar)
    return counts.matches - counts.mismatches - counts.insertions - counts.deletions


def identity_of(counts: Counts, definition: int, query_length: int, target_length: int) -> float:
    """Return the identity, 0 to 1, of an alignment in which the shorter sequence lies in the longer.

    Outside of the counted columns the longer one stands alone (terminal gaps). Source: vsearch manual, --iddef:
    0 matches / shorter length; 1 and 4 matches / all columns; 2 matches / columns without terminal gaps;
    3 one minus (mismatches + gaps, each of them one, terminal ones too) / longer length.
    """
    columns = counts.matches + counts.mismatches + counts.insertions + counts.deletions
    if definition == 0:
        return counts.matches / min(query_length, target_length)
    if definition == 2:
        return counts.matches / columns if columns else 0.0
    in_query = counts.matches + counts.mismatches + counts.insertions
    in_target = counts.matches + counts.mismatches + counts.deletions
    terminal = query_length - in_query + target_length - in_target
    if definition == 3:
        return max(0.0, 1 - (counts.mismatches + counts.gaps + (terminal > 0)) / max(query_length, target_length))
    return counts.matches / (columns + terminal)
