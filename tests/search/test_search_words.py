"""A search in words names terms by their labels and objects by their displayIds."""

import pytest

from synhub.search.grammar import parse_search_path
from synhub.search.words import describe


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", []),
        ("*", []),
        ("gfp", ["“gfp” in id, name or description"]),
        ("gfp or not lac", ["“gfp” or not “lac” in id, name or description"]),
        ("objectType=Collection&", ["is a Collection"]),
        ("role=<http://identifiers.org/so/SO:0000167>&", ["role is promoter"]),
        ("role=?x&", ["has a role"]),
        ("roleBelow=promoter&", ["role is promoter or below"]),
        ("dcterms:title='x y'&", ["title is “x y”"]),
        ("version=1&", ["version is “1”"]),
        ("collection=<http://h/public/igem/igem_collection/1>&", ["in the collection igem_collection"]),
        ("createdAfter=2020-01-31&", ["created on or after 2020-01-31"]),
        ("modifiedBefore=2020-01-31&", ["modified on or before 2020-01-31"]),
        ("latest=1&", ["is the latest version"]),
        ("sequence=acgt&", ["has the sequence acgt"]),
        (f"sequence={'acgt' * 10}&", ["has the sequence acgtacgtacgtacgtacgtacgtacgtac… (40 letters)"]),
        (f"globalsequence={'acgt' * 10}&", ["has a sequence like ACGTACGTACGTACGTACGTACGTACGTAC… (40 letters)"]),
    ],
)
def test_searches_are_described(path: str, said: list[str]) -> None:
    assert describe(parse_search_path(path)) == said
