"""What an uploaded file is, by its first bytes; the ending of its name decides only between what looks alike.

Names a syntax, not a version of SBOL: that is known when the file has been read.
"""

import re
from typing import Literal

from synhub.formats.media_type import RDF_XML, media_type_of
from synhub.formats.text import MARKS

Syntax = Literal[
    "empty", "zip", "gzip", "snapgene", "genbank", "gff3", "fasta", "turtle", "ntriples", "jsonld", "rdfxml", "html", ""
]  # fmt: skip

HEAD_BYTES = 64 * 1024

_BINARY: tuple[tuple[Syntax, bytes], ...] = (
    ("zip", b"PK\x03\x04"),
    ("zip", b"PK\x05\x06"),  # without a member
    ("gzip", b"\x1f\x8b"),
    ("snapgene", b"\t\x00\x00\x00\x0eSnapGene"),
)
_IRI = r"<[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>]*>"
_SBOL = "sbols.org/v"  # in the namespaces of all its versions
_COMMENTS = r"(?:[ \t]*(?:#(?!#gff-version)[^\n\r]*)?[\n\r]+)*+[ \t]*"
_TEXTUAL: tuple[tuple[Syntax, str], ...] = (
    ("gff3", _COMMENTS + r"##gff-version"),
    ("genbank", r"(?s:.{0,2000}?)(?:\A|[\n\r])[ \t]*LOCUS\s"),  # other lines may come first
    ("fasta", r"\s*[>;]"),
    ("html", r"\s*(?>(?s:<!--.*?-->)\s*)*+<(?:!DOCTYPE\s+html|html)\b"),
    ("turtle", _COMMENTS + r"(?:@prefix|@base|PREFIX|BASE)\s"),
    ("ntriples", _COMMENTS + rf"(?:{_IRI}|_:\S+)\s+{_IRI}\s*[\"<_]"),
    ("turtle", _COMMENTS + rf"(?:{_IRI}|_:\S+|\[)\s*(?:a\b|{_IRI})"),
    ("jsonld", r"\s*(?:\{|\[\s*[\[{\]])"),
    ("rdfxml", r"\s*<"),
)


def sniff(head: bytes, name: str = "") -> Syntax:
    """Return the syntax of a file that begins with `head` (all of it, or HEAD_BYTES); '' when it is none we know."""
    for syntax, beginning in _BINARY:
        if head.startswith(beginning):
            return syntax
    text = _text(head)
    if not text.strip("\ufeff \t\r\n\f\v"):
        return "empty"
    for syntax, pattern in _TEXTUAL:
        if re.match(pattern, text, re.IGNORECASE):
            # what begins like N-Triples may go on as Turtle
            return "turtle" if syntax == "ntriples" and name.lower().endswith(".ttl") else syntax
    return ""


def is_design(syntax: Syntax, head: bytes) -> bool:
    """Say whether a file of an archive is a design, by its first bytes. XML, JSON and RDF can be about anything.

    A file that begins like FASTA can be anything too: only reading it tells.
    """
    if syntax in ("rdfxml", "turtle", "ntriples", "jsonld"):
        text = _text(head)
        return _SBOL in text and (syntax != "rdfxml" or media_type_of(text.encode()[:HEAD_BYTES], "") == RDF_XML)
    return syntax in ("genbank", "gff3", "fasta")


def _text(head: bytes) -> str:
    for mark, encoding in MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, "replace")
    return head.decode("latin-1")
