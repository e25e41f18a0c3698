"""What a search path says, as values; and `fold`, how text is compared without regard to case.

A `SearchQuery` is a conjunction: every criterion and the free text must hold for a top level. It knows
nothing of paths (grammar.py), SPARQL (translate.py) or the catalog (plan.py).
"""

import re
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, get_args

from synhub.rdf import Iri, Term
from synhub.search.alignment import Mode, SequenceQuery, alphabet_of, fold_residues, reverse_complement, score_of

LIKE = 0.8  # the least identity of an alignment when none is said, as SynBioHub has it

_RESIDUES = re.compile(r"[A-Za-z*.\-]+\Z")


def fold(text: str) -> str:
    """Return the text in lower case, as both the catalog's columns and SPARQL's LCASE have it.

    Full case folding would be kinder to a few scripts, but SPARQL has no such function, and a search must
    mean the same in both. The engine's LCASE differs from Python's on 55 code points of young scripts.
    """
    return text.lower()


@dataclass(frozen=True, slots=True)
class HasValue:
    """The object has `predicate` with one of `values`; with no values at all: with anything.

    Several values stand for one written value that can be more than one term: `5` is the text and the number.
    """

    predicate: Iri
    values: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class InCollection:
    """The object is a direct member of `collection`: an object, or a persistent identity (any version).

    A member without a version is the latest one. `latest` holds these, for SPARQL, which cannot order versions:
    plan.py fills it in before a query is shown, and the catalog does not read it.
    """

    collection: Iri
    latest: tuple[Iri, ...] = ()


@dataclass(frozen=True, slots=True)
class HasDate:
    """One of the object's dates (`predicate`) lies on or before, or on or after `day`, in UTC.

    So is a time that has no zone; a date without a time is that day.
    """

    predicate: Iri
    day: date
    before: bool


@dataclass(frozen=True, slots=True)
class HasElements:
    """The object has a sequence whose elements are exactly this text, or the same letters in another case, or the
    other strand of these nucleotides.

    Case means nothing in nucleotides and amino acids, but much in SMILES; what holds other characters than
    letters, `*`, `-` and `.` is taken to be the latter. Source: SBOL 2.3.0, rule sbol-10405 (IUPAC encodings).
    """

    elements: str

    @property
    def any_case(self) -> bool:
        return _RESIDUES.match(self.elements) is not None

    @property
    def reverse(self) -> str | None:
        """The other strand, in lower case; None of what is no nucleotides, and where both strands are the same."""
        if not self.any_case or alphabet_of(self.elements) != "nucleotide":
            return None
        forward = fold(self.elements)
        other = fold(reverse_complement(fold_residues(forward, "nucleotide")))
        other = other.replace("t", "u") if "u" in forward and "t" not in forward else other
        return None if other == forward else other


@dataclass(frozen=True, slots=True)
class SequenceOptions:
    """How alike sequences have to be; `alignment.SequenceQuery` says what each of these means.

    Without an `identity`, 0.8 of an alignment, and all of a part.
    """

    mode: Mode = "global"
    identity: float | None = None
    definition: int = 2
    max_accepts: int = 0
    max_rejects: int = 0
    min_length: int | None = None
    max_length: int | None = None
    is_exact: bool = False

    def within(self) -> "SequenceOptions":
        """Return the options of a part that is looked for in longer sequences."""
        return replace(self, mode="contained" if self.identity in (None, 1) else "infix")

    def limits(self) -> dict[str, Any]:
        """Return what `alignment.make_query` takes beside text and mode, but for the number of matches.

        How many are accepted is counted where it is known which of them the reader finds.
        """
        return {
            "identity": LIKE if self.identity is None else self.identity,
            "definition": self.definition,
            "max_rejects": self.max_rejects,
            "min_length": self.min_length,
            "max_length": self.max_length,
        }


@dataclass(frozen=True, slots=True)
class FoundSequence:
    """A sequence that an index has found: how alike it is (0 to 100), on which strand, by which alignment.

    One that `wraps` is found only in what is circular: the match runs over its end.
    """

    iri: Iri
    percent: float
    strand: str
    cigar: str
    wraps: bool = False

    @property
    def worth(self) -> tuple[int, float]:
        """What found sequences are ordered by, the greatest first."""
        return score_of(self.cigar), self.percent


@dataclass(frozen=True, slots=True)
class LikeSequence:
    """The object has a sequence that is like one of some others: `queries`, or those of an uploaded file (`token`).

    Which sequences these are, the best first, neither SPARQL nor the catalog can say: similarity.py fills in `found`,
    and why there may be more (`cut`), before the criterion is used.
    """

    queries: tuple[SequenceQuery, ...]
    token: str = ""
    options: SequenceOptions = SequenceOptions()
    found: tuple[FoundSequence, ...] | None = None
    cut: str = ""


@dataclass(frozen=True, slots=True)
class IsLatest:
    """No later version of the object (in Maven's order) is to be seen.

    `superseded` are the objects that the rest of the query finds and this leaves out, for SPARQL, which cannot order
    versions: plan.py fills it in before a query is shown; None when they are too many to be listed.
    """

    superseded: tuple[Iri, ...] | None = ()


Criterion = HasValue | InCollection | HasDate | HasElements | LikeSequence | IsLatest


SortKey = Literal["relevance", "name", "displayId", "created", "modified", "uses"]
SORT_KEYS: tuple[SortKey, ...] = get_args(SortKey)


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of what is found. Relevance knows no other direction; by `uses` the most used come last.

    What has no date comes before the oldest. IRIs decide between equals.
    """

    key: SortKey = "relevance"
    descending: bool = False


RELEVANCE = Sort()


@dataclass(frozen=True, slots=True)
class Phrase:
    """A piece of text, folded, that displayId, name or description must (or, negated, must not) contain."""

    text: str
    negated: bool = False


Alternative = tuple[Phrase, ...]  # all of them hold


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """All criteria hold, and one of the alternatives of the free text, where text was asked for at all."""

    criteria: tuple[Criterion, ...] = ()
    text: tuple[Alternative, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The texts that were asked for, for ranking."""
        return tuple(dict.fromkeys(p.text for alternative in self.text for p in alternative if not p.negated))
