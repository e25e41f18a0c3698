"""Values of a sequence search: letters, identity, CIGAR; and placing one sequence in another."""

import random

import edlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.errors import BadRequest
from synhub.search.alignment import (
    Counts,
    alphabet_of,
    count_columns,
    fold_residues,
    identity_of,
    join_cigars,
    make_query,
    reverse_complement,
    swap_cigar,
)
from synhub.search.pairwise import place
from synhub.search.seeds import NUCLEOTIDES, PROTEINS, words_near

DNA = st.text("ACGT", min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acgtACGTnn", "nucleotide"),
        ("ACGUUGCA", "nucleotide"),
        ("GATTACARYKMSW", "nucleotide"),
        ("MKVLAWGHF", "protein"),
        ("MSKGEELFTGVVPILVELDGDVNGHKFSVSGEGEGDATYGKLTLKFICTTGKLPVPWPTL*", "protein"),
        ("CC(=O)O", None),
        ("", None),
    ],
)
def test_letters_say_what_a_sequence_is(text: str, expected: str | None) -> None:
    assert alphabet_of(text) == expected


def test_query_is_folded_and_numbers_of_a_listing_mean_nothing() -> None:
    query = make_query("   1 acgu acgu\n  11 ggnn\n", "contained")

    assert (query.residues, query.alphabet) == ("ACGTACGTGGNN", "nucleotide")


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("ACG", {}, "has 3 letters; a search needs 6"),
        ("ACGT!ACGT", {}, "'!' is not a letter"),
        ("N" * 30, {}, "ambiguous everywhere"),
        ("NNNNNRT", {}, "ambiguous everywhere"),
        ("XMXXXLX", {"alphabet": "protein"}, "ambiguous everywhere"),
        ("ACGTACGT", {"identity": 0.3}, "identity 0.3"),
        ("ACGTACGT", {"definition": 5}, "iddef is 5"),
        ("ACGTACGT", {"max_accepts": 10_001}, "maxaccepts is 10001"),
        ("ACGTACGT", {"max_rejects": -1}, "maxrejects is -1"),
        ("MKVLLEFQ", {"alphabet": "nucleotide"}, "is not a letter of a nucleotide sequence"),
    ],
)
def test_what_cannot_be_looked_for_is_said_with_the_value(text: str, options: dict[str, object], words: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        make_query(text, "infix", **options)  # type: ignore[arg-type]

    assert words in str(refusal.value)


def test_contained_has_no_errors_and_proteins_one_strand() -> None:
    query = make_query("MKVLAWGHF", "contained", identity=0.7)

    assert (query.identity, query.strands) == (1.0, "forward")


def test_reverse_complement_of_ambiguous_letters() -> None:
    assert reverse_complement("ACGTRYSWKMBDHVN") == "NBDHVKMWSRYACGT"


@given(DNA)
def test_reverse_complement_twice_is_the_same(text: str) -> None:
    assert reverse_complement(reverse_complement(text)) == text


def test_rna_is_folded_to_dna() -> None:
    assert fold_residues("aug gcu", "nucleotide") == "ATGGCT"


def test_cigars_are_written_for_others() -> None:
    assert swap_cigar("3=1I2=2D") == "3=1D2=2I"
    assert join_cigars(["3=", "2=1X", "1X4="]) == "5=2X4="
    assert count_columns("3=1X2=1I4=2D1=") == Counts(10, 1, 1, 2, 2)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [(0, 16 / 20), (1, 16 / 41), (2, 16 / 22), (3, 1 - (3 + 2 + 1) / 40), (4, 16 / 41)],
)
def test_identity_by_the_definitions_of_vsearch(definition: int, expected: float) -> None:
    # query of 20 letters, target of 40: 16 the same, 3 others, one inserted, two deleted in one gap
    assert identity_of(Counts(16, 3, 1, 2, 2), definition, 20, 40) == pytest.approx(expected)


@given(DNA, st.text("ACGT", min_size=1, max_size=200), st.integers(0, 20))
def test_place_is_the_best_there_is(inner: str, outer: str, most: int) -> None:
    best = edlib.align(inner, outer, mode="HW", task="distance")["editDistance"]
    found = place(inner.encode(), outer.encode(), most, "nucleotide")

    assert (found.errors if found else None) == (best if best <= most else None)


def test_long_sequence_with_a_piece_missing_is_placed() -> None:
    rng = random.Random(4)
    inner = "".join(rng.choices("ACGT", k=9_000))
    outer = inner[:4_000] + inner[4_300:]

    found = place(inner.encode(), outer.encode(), 1_000, "nucleotide")

    assert found is not None
    assert found.errors == 300


def test_long_sequence_is_placed_piece_by_piece() -> None:
    rng = random.Random(5)
    inner = "".join(rng.choices("ACGT", k=300_000))
    changed = list(inner)
    for at in range(500, 300_000, 1_000):
        changed[at] = "A" if changed[at] != "A" else "C"
    outer = "".join(rng.choices("ACGT", k=700)) + "".join(changed)

    found = place(inner.encode(), outer.encode(), 60_000, "nucleotide")

    assert found is not None
    assert (found.start, found.end, found.errors) == (700, 300_700, 300)
    assert count_columns(found.cigar).matches == 299_700


def test_ambiguous_letters_match_what_they_stand_for() -> None:
    found = place(b"ACGTRY", b"TTACNTACTT", 0, "nucleotide")

    assert found is not None
    assert (found.start, found.end, found.cigar) == (2, 8, "6=")


@given(st.text("ACGT", min_size=10, max_size=14), st.integers(0, 2))
def test_words_near_a_window_are_those_within_the_errors(text: str, errors: int) -> None:
    found = words_near(NUCLEOTIDES.masks(text), np.array([0], np.int32), errors, NUCLEOTIDES)
    words = {"".join("ACGT"[int(key) >> 2 * (9 - at) & 3] for at in range(10)) for key in found.keys}
    rng = random.Random(text)
    others = ["".join(rng.choices("ACGT", k=10)) for _ in range(20)]
    near = [_edited(text[: 10 + errors], errors, rng) for _ in range(20)]
    for word in (*others, *near, *list(words)[:20]):
        prefixes = range(min(len(text), 10 + errors) + 1)
        anything_behind = [edlib.align(text[:end], word, mode="NW")["editDistance"] for end in prefixes if end]
        padded = len(text) < 10 + errors and edlib.align(text, word, mode="SHW")["editDistance"] <= errors
        assert (word in words) == (min(anything_behind) <= errors or padded), word


def _edited(text: str, errors: int, rng: random.Random) -> str:
    letters = list(text)
    for _ in range(errors):
        letters[rng.randrange(len(letters))] = rng.choice(["A", "C", "", "GT"])
    return ("".join(letters) + "A" * 10)[:10]


def test_words_near_an_amino_acid_window() -> None:
    found = words_near(PROTEINS.masks("MKBV"), np.array([0], np.int32), 0, PROTEINS)

    assert len(found.keys) == 2  # B: aspartic acid or asparagine
