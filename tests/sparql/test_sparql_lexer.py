"""Tokens: where they begin and end, and that no input takes longer than its length allows."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.errors import InvalidQuery
from synhub.sparql.lexer import position, tokens


def _kinds(text: str) -> list[tuple[str, str]]:
    return [(token.kind, token.text) for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT*", [("word", "SELECT"), ("punctuation", "*")]),
        ("?s $t ?1", [("variable", "?s"), ("variable", "$t"), ("variable", "?1")]),
        ("<http://a/#x> # <b>\n<>", [("iri", "<http://a/#x>"), ("iri", "<>")]),
        ("<a b>", [("punctuation", "<"), ("word", "a"), ("word", "b"), ("punctuation", ">")]),
        ("?a<?b", [("variable", "?a"), ("punctuation", "<"), ("variable", "?b")]),
        ("\"a#b\" 'c'", [("string", '"a#b"'), ("string", "'c'")]),
        (r'"a\"b"@en-GB', [("string", r'"a\"b"'), ("language", "@en-GB")]),
        ('"""a"\n""b"""""', [("string", '"""a"\n""b"""'), ("string", '""')]),
        ("'''' '''''", [("string", "'''' '''"), ("string", "''")]),
        ('""', [("string", '""')]),
        (r"a:b\#c.d.", [("prefixed", r"a:b\#c.d"), ("punctuation", ".")]),
        (r"a:b\. :c%20 d.e:", [("prefixed", r"a:b\."), ("prefixed", ":c%20"), ("prefixed", "d.e:")]),
        ("_:b.1.", [("blank", "_:b.1"), ("punctuation", ".")]),
        ("true.SERVICE", [("word", "true"), ("punctuation", "."), ("word", "SERVICE")]),
        ("1SERVICE", [("number", "1"), ("word", "SERVICE")]),
        ("1.5e-3.x", [("number", "1.5e-3"), ("punctuation", "."), ("word", "x")]),
        ("?a||!?b", [("variable", "?a"), ("punctuation", "||"), ("punctuation", "!"), ("variable", "?b")]),
        ("é:ü", [("prefixed", "é:ü")]),
        ("#only a comment", []),
        ("#one\rASK", [("word", "ASK")]),
        ("", []),
    ],
)
def test_text_splits_into_tokens(text: str, expected: list[tuple[str, str]]) -> None:
    assert _kinds(text) == expected


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('SELECT\n "abc', 2, 2),
        ('"a\nb"', 1, 1),
        ('"""a""', 1, 1),
        ("SELECT \\u0053", 1, 8),
        ("a \x00", 1, 3),
        ("a \u00a0", 1, 3),
        ("a:b\\", 1, 4),
    ],
)
def test_what_no_token_starts_with_is_named_with_its_place(text: str, line: int, column: int) -> None:
    with pytest.raises(InvalidQuery) as raised:
        tokens(text)
    assert (raised.value.line, raised.value.column) == (line, column)


def test_position_counts_lines_and_columns_from_one() -> None:
    assert [position("ab\nc\n", offset) for offset in range(5)] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]


@pytest.mark.parametrize(
    "piece",
    ["a.", "<a", '""', "a:b.", "%20:", '""x', "@a-", "_:a.", "1.", "# \n", "a:\\.", ":", "?", "..", "a..", "'x", "\\'"],
)
def test_time_is_linear_in_the_length(piece: str) -> None:
    for prefix in ("", "a:", '"""', "_:a"):
        started = time.thread_time()
        with suppress(InvalidQuery):
            tokens(prefix + piece * (32_000 // len(piece)))
        assert time.thread_time() - started < 1


@given(st.text(alphabet=" \n#<>\"'\\{}().:?$@_ab1%|&!^-+*/=;,~\u00e9\U0001f600", max_size=40))
def test_tokens_and_what_lies_between_them_make_up_the_text(text: str) -> None:
    try:
        found = tokens(text)
    except InvalidQuery:
        return
    at = 0
    for token in found:
        assert token.text
        assert text[token.start : token.end] == token.text
        between = text[at : token.start]
        assert between.strip(" \t\r\n") == "" or "#" in between
        at = token.end
