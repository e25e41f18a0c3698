"""What a file is called by its first bytes and its name."""

import gzip
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.formats.media_type import HEAD_BYTES, is_textual, media_type_of

XML = b'<?xml version="1.0" encoding="utf-8"?>\n'


@pytest.mark.parametrize(("head", "name", "expected"), [
    (b"\x89PNG\r\n\x1a\n\0\0", "x.jpg", "image/png"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "x", "image/jpeg"),
    (gzip.compress(b"abc", mtime=0), "x.csv", "application/gzip"),
    (b"GIF89a;", "x.gif", "image/gif"),
    (b"GIF is a format", "x.txt", "text/plain; charset=utf-8"),
    (b"ID3 is a decision tree", "x.md", None),
    (b"%PDF-1.7", "x.txt", "application/pdf"),
    (XML + b"<!-- SBOL --><rdf:RDF xmlns:rdf='x'>", "x.html", "application/rdf+xml"),
    (b"\xef\xbb\xbf" + XML + b"<!DOCTYPE rdf:RDF [<!ENTITY a 'b'>]><r:RDF>", "x", "application/rdf+xml"),
    (b"<RDF xmlns='x'>", "x", "application/rdf+xml"),
    (XML + b"<RDFoo/>", "x.xml", "text/xml; charset=utf-8"),
    (XML + b"<!-- <rdf:RDF> --><sbml/>", "x.xml", "text/xml; charset=utf-8"),
    (b"{}", "x.JSON", "application/json"),
    (b"<svg/>", "x.svg", "image/svg+xml"),
    (b"text", "x.png", "text/plain; charset=utf-8"),
    (b"", "", "text/plain; charset=utf-8"),
    (b"a\0b", "x.txt", "text/plain"),
    (b"a\0b", "x.", "application/octet-stream"),
    ("é".encode() * HEAD_BYTES, "x", "text/plain; charset=utf-8"),
])  # fmt: skip
def test_media_type(head: bytes, name: str, expected: str | None) -> None:
    found = media_type_of(head[:HEAD_BYTES], name)
    assert found == expected if expected else is_textual(found)


def test_character_cut_off_at_the_end_of_the_head_is_none() -> None:
    for shift in range(4):
        head = (b"a" * shift + "\U0001f9ec".encode() * HEAD_BYTES)[:HEAD_BYTES]
        assert media_type_of(head, "x") == "text/plain; charset=utf-8"
    assert media_type_of("é".encode()[:1], "x") == "application/octet-stream"


@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda t: t.encode("utf-8", "replace")), st.text())
def test_every_file_has_a_type_that_may_stand_in_a_header(head: bytes, name: str) -> None:
    found = media_type_of(head, name)

    assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+(; charset=utf-8)?", found)
    assert media_type_of(head, name) == found


@pytest.mark.parametrize(
    "piece", [b"<!-- -->", b"<!--", b" ", b"<?xml ", b"<!DOCTYPE [", b"<!DOCTYPE [] ", b"]>", b"<!"]
)
def test_no_text_takes_long(piece: bytes) -> None:
    head = (XML + piece * HEAD_BYTES)[:HEAD_BYTES]
    started = time.thread_time()

    assert media_type_of(head, "x") == "text/plain; charset=utf-8"

    assert time.thread_time() - started < 1


@pytest.mark.parametrize(("media_type", "expected"), [
    ("text/plain; charset=utf-8", True), ("application/rdf+xml", True), ("image/svg+xml", True),
    ("application/json", True), ("image/png", False), ("application/zip", False), ("application/xmlish", False),
])  # fmt: skip
def test_textual_types(media_type: str, expected: bool) -> None:
    assert is_textual(media_type) is expected
