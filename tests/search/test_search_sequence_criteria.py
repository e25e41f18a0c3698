"""Sequence criteria of a path: keys, flags with their ranges, and what is refused with its column."""

import pytest

from synhub.errors import InvalidQuery
from synhub.search.alignment import SequenceQuery
from synhub.search.ast import HasElements, LikeSequence, Phrase, SearchQuery, SequenceOptions
from synhub.search.grammar import parse_search_path

TOKEN = "A" * 32


def one(raw: str) -> LikeSequence:
    (criterion,) = parse_search_path(raw).criteria
    assert isinstance(criterion, LikeSequence)
    return criterion


def test_a_global_search_aligns_at_eight_tenths_and_leaves_nothing_out() -> None:
    assert one("globalsequence=acguNN&") == LikeSequence(
        (SequenceQuery("ACGTNN", "nucleotide", "global", 0.8, 2, 0, 0, None, None),), "", SequenceOptions()
    )


def test_flags_stand_before_or_behind_and_belong_to_the_sequence() -> None:
    flags = "id=0.95&iddef=0&maxaccepts=7&maxrejects=32&minseqlength=20&maxseqlength=5000"
    options = SequenceOptions("global", 0.95, 0, 7, 32, 20, 5000)
    query = SequenceQuery("ACGTAC", "nucleotide", "global", 0.95, 0, 0, 32, 20, 5000)

    assert one(f"globalsequence=acgtac&{flags}") == LikeSequence((query,), "", options)
    assert one(f"{flags}&globalsequence=acgtac&") == LikeSequence((query,), "", options)
    assert one("globalsequence=acgtac&maxaccepts=&id='0.9'&").options == SequenceOptions(identity=0.9)


def test_a_part_is_whole_unless_id_allows_errors() -> None:
    (whole,), (errors,) = one("subsequence=acgtac&").queries, one("subsequence=acgtac&id=0.9&").queries

    assert (whole.mode, whole.identity) == ("contained", 1.0)
    assert (errors.mode, errors.identity) == ("infix", 0.9)


def test_a_protein_is_told_by_its_letters() -> None:
    (query,) = one("globalsequence=MSKGEELFTG&").queries

    assert (query.residues, query.alphabet) == ("MSKGEELFTG", "protein")


def test_a_file_is_named_by_its_token() -> None:
    assert one(f"file_search={TOKEN}&search_exact=true&") == LikeSequence((), TOKEN, SequenceOptions(is_exact=True))


def test_a_sequence_goes_with_other_criteria_and_text() -> None:
    assert parse_search_path("subsequence=acgtac&twin") == SearchQuery(
        (one("subsequence=acgtac&"),), ((Phrase("twin"),),)
    )


@pytest.mark.parametrize(
    ("elements", "reverse"),
    [
        ("ttgACA", "tgtcaa"),
        ("acgt", None),  # reads the same
        ("acgu", None),
        ("aacgu", "acguu"),
        ("ggnry", "ryncc"),
        ("MSKGEELFTG", None),
        ("C1CC1", None),
        ("no letters", None),
    ],
)
def test_an_exact_search_knows_the_other_strand(elements: str, reverse: str | None) -> None:
    assert HasElements(elements).reverse == reverse


@pytest.mark.parametrize(
    ("raw", "column", "words"),
    [
        ("globalsequence=&", 16, "globalsequence has no value; write globalsequence=acgt"),
        ("file_search=../../etc/passwd&", 13, "is no token: send the file to POST /sequenceQuery"),
        ("globalsequence=acgt1!&", 16, "'!' is not a letter of a nucleotide or protein sequence"),
        ("globalsequence=acg&", 16, "has 3 letters; a search needs 6"),
        ("globalsequence=acgtac&id=2&", 26, "id=2 is out of range; it must be from 0.5 to 1"),
        ("id=0.4&subsequence=acgtac&", 4, "id=0.4 is out of range; it must be from 0.5 to 1"),
        (f"file_search={TOKEN}&id=1.1&", 49, "id=1.1 is out of range"),
        ("globalsequence=acgtac&id=abc&", 26, "id='abc' is no number"),
        ("globalsequence=acgtac&iddef=9&", 29, "iddef=9 is not known; it must be 0, 1, 2, 3 or 4"),
        ("globalsequence=acgtac&maxaccepts=-1&", 34, "maxaccepts='-1' is no number"),
        ("globalsequence=acgtac&maxaccepts=10001&", 34, "maxaccepts=10001 is too many; ask for up to 10000"),
        ("globalsequence=acgtac&search_exact=maybe&", 36, "search_exact='maybe' is not known"),
        ("subsequence=12345678&", 13, "'12345678' has no letters"),
        ("id=0.9&", 1, "id= says how a sequence is searched for; write globalsequence=acgt…& with it"),
        ("role=so:0000167&search_exact=true&", 17, "search_exact= says how a sequence is searched for"),
        ("maxaccepts=3&alpha", 1, "maxaccepts= says how"),
        ("exactsequence=a%00g&", 15, "is no sequence; write letters only, such as exactsequence=acgt"),
        ("subsequence=acgtac*acgt&", 13, "'*' is not a letter of a nucleotide or protein sequence"),
    ],
)
def test_what_cannot_be_searched_is_refused_with_its_column(raw: str, column: int, words: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        parse_search_path(raw)

    assert (caught.value.column, words in caught.value.message) == (column, True), caught.value.message
