"""Encodings, line ends and control characters of uploaded text files."""

import pytest

from synhub.errors import InvalidDesign
from synhub.formats.reading import Options
from synhub.formats.text import decode_text, place

OPTIONS = Options("x.gb")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_marked_and_plain_unicode_is_read_without_a_word(encoding: str) -> None:
    assert decode_text("µ\nΩ".encode(encoding), OPTIONS) == ("µ\nΩ", [])


def test_every_kind_of_line_end_becomes_lf() -> None:
    assert decode_text(b"a\r\nb\rc\n", OPTIONS)[0] == "a\nb\nc\n"


def test_latin1_is_read_with_a_warning_that_names_the_line() -> None:
    text, [finding] = decode_text(b"one\nD\xfcsseldorf \x96", OPTIONS)
    assert text == "one\nDüsseldorf –"
    assert (finding.rule, finding.severity) == ("synhub-encoding", "warning")
    assert finding.message == ("'x.gb' is not UTF-8 (byte 0xFC in line 2): read as Windows-1252; save it as UTF-8")


def test_control_characters_become_blanks_with_a_warning() -> None:
    text, [finding] = decode_text(b"a\nb\x0cc\x1a", OPTIONS)
    assert text == "a\nb c "
    assert finding.message.endswith("read as blanks; the first, '\\x0c', in line 2, column 2")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"ab\n\0c", "holds a NUL in line 2, column 1"),
        (b"ab\n\x81c", r"neither UTF-8 nor Windows-1252 \(line 2\)"),
        (b"\xff\xfea", "begins as UTF-16-LE and is not"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InvalidDesign, match=message) as caught:
        decode_text(data, OPTIONS)
    assert caught.value.findings[0]["rule"] == "synhub-encoding"


def test_places_count_from_one() -> None:
    assert place("ab\ncd", 0) == "line 1, column 1"
    assert place("ab\ncd", 4) == "line 2, column 2"
