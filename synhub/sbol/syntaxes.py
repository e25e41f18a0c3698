"""Turtle, N-Triples and JSON-LD: what has to be true of the bytes before a parser sees them, and of any syntax's terms.

Refuses what would hurt the parser behind it, brings encodings and line ends into one form so that identical designs
give identical literals, and says in words what a parser's message leaves open. Makes nothing of what it reads: whose
classes they are is decided elsewhere. Loads nothing: a JSON-LD context has to be in the file.

Source: RDF 1.1 Turtle, section 6; RDF 1.1 N-Triples, section 7; JSON-LD 1.1, section 9.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import pyoxigraph

from synhub.errors import InvalidDesign, TooLarge
from synhub.formats.text import MARKS
from synhub.model import Finding
from synhub.rdf import Term, Triple
from synhub.sbol.graph import parse_rdf

TextSyntax = Literal["turtle", "ntriples", "jsonld"]
NAMES: dict[TextSyntax, str] = {"turtle": "Turtle", "ntriples": "N-Triples", "jsonld": "JSON-LD"}

MAX_NESTING = 64
MAX_LITERAL_BYTES = 16_000_000
MAX_IRI_BYTES = 2_000

_FORMATS = {
    "turtle": pyoxigraph.RdfFormat.TURTLE,
    "ntriples": pyoxigraph.RdfFormat.N_TRIPLES,
    "jsonld": pyoxigraph.RdfFormat.JSON_LD,
}
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# What may hold brackets that open nothing: strings (long ones first), IRIs, comments, escaped characters of names.
_QUOTED: dict[TextSyntax, re.Pattern[bytes]] = {
    "turtle": re.compile(
        rb'"""(?:[^"\\]++|\\.|""?(?!"))*+"""'
        rb"|'''(?:[^'\\]++|\\.|''?(?!'))*+'''"
        rb'|"(?:[^"\\\n]++|\\.)*+"'
        rb"|'(?:[^'\\\n]++|\\.)*+'"
        rb"|<[^<>\"{}|^`\s]*+>"
        rb"|#[^\n]*+"
        rb"|\\.",
        re.DOTALL,
    ),
    "jsonld": re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL),
}
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[](){}")
_CLOSING = frozenset(b"])}")

# In the N-Triples text of a term: characters that no XML can hold raw or escaped, controls of C1, and what turns the
# direction of text around, which makes an IRI look like another one.
_UNWRITABLE = r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|(?<!\\)(?:\\\\)*\\u00(?:0[0-8BbCcEeFf]|1[0-9A-Fa-f])"
_DISGUISED = r"[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
_ODD = re.compile(f"{_UNWRITABLE}|{_DISGUISED}")
_ODD_IN_LITERAL = re.compile(_UNWRITABLE)
_PLAIN = bytes(range(0x20, 0x7F)) + b"\n"  # bytes that are in order wherever they stand


@dataclass(frozen=True, slots=True)
class Parsed:
    """The triples of a file, as `graph.parse_rdf` gives them, and notes about what was not kept."""

    triples: list[Triple]
    findings: list[Finding]


def read_text(data: bytes, syntax: TextSyntax) -> Parsed:
    """Read one file.

    Raises InvalidDesign when it is not in the syntax, not UTF-8 (or UTF-16 with a mark), holds control characters,
    wants a remote context or says nothing; TooLarge when a limit is hit.
    """
    text = _utf8(data, syntax)
    if syntax in _QUOTED:
        _check_nesting(text, syntax)
    try:
        triples = parse_rdf(text, _FORMATS[syntax])
    except InvalidDesign as error:
        if "LoadDocumentCallback" in error.message:
            raise _unreadable(
                "the JSON-LD refers to a remote @context: write the context itself into the file"
            ) from error
        raise
    if not triples:
        hint = " (JSON without an @context is no JSON-LD)" if syntax == "jsonld" else ""
        raise _unreadable(f"the {NAMES[syntax]} file holds no statement{hint}: submit a file with a design")
    check_terms(triples)
    return Parsed(triples, _flattened(text) if syntax == "jsonld" else [])


def check_terms(triples: Iterable[Triple]) -> None:
    """Refuse terms that no file could hold or nobody could read, whatever the syntax was.

    Raises InvalidDesign for literals with control characters, and IRIs with those or with characters that change the
    direction of text; TooLarge for IRIs over 2 kB and literals over 16 MB.
    """
    terms = set(chain.from_iterable(triples))
    text = "\n".join(terms)
    odd = text.encode().translate(None, _PLAIN)
    if odd or "\\u00" in text:  # looking for characters takes ten times as long
        anywhere = odd != b"" and min(odd) < 0x80
        for term in sorted(term for term in terms if anywhere or not term.isascii() or "\\u00" in term):
            _check_characters(term)
    check_sizes(terms)


def check_sizes(terms: Iterable[Term]) -> None:
    """Raise TooLarge for IRIs over 2 kB and texts over 16 MB: the engine could not read the latter back."""
    for term in terms:
        if len(term) > MAX_IRI_BYTES // 4:  # a character has at most four bytes
            _check_size(term)


def _check_characters(term: Term) -> None:
    odd = (_ODD_IN_LITERAL if term[0] == '"' else _ODD).search(term)
    if odd is not None:
        kind = "text" if term[0] == '"' else "IRI"
        shown = ascii(term if len(term) <= 200 else term[:200] + "…")
        raise _unreadable(f"the {kind} {shown} holds the character {odd[0]!a}: remove it", "synhub-characters")


def _check_size(term: Term) -> None:
    limit, kind = (MAX_LITERAL_BYTES, "a text") if term[0] == '"' else (MAX_IRI_BYTES, "an IRI")
    if len(term) * 4 > limit and len(term.encode()) - 2 > limit:
        raise TooLarge(f"{kind} is longer than {limit} bytes: {term[:80]}…")


def _unreadable(message: str, rule: str = "sbol-10105") -> InvalidDesign:
    return Finding(rule, "error", "", message).as_error()


def _utf8(data: bytes, syntax: TextSyntax) -> bytes:
    """Return UTF-8 without mark and with LF line ends."""
    mark, encoding = next((m for m in MARKS if data.startswith(m[0])), (b"", "utf-8"))
    if encoding.startswith("utf-32"):
        raise _unreadable(f"the {NAMES[syntax]} file is UTF-32: save it as UTF-8", "synhub-encoding")
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the {NAMES[syntax]} file is not {encoding.upper()} (line {line}): save it as UTF-8"
        raise _unreadable(message, "synhub-encoding") from error
    clean = data[len(mark) :] if encoding == "utf-8" else text.encode()
    if b"\r" in clean:
        clean = clean.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    control = _CONTROL.search(clean)
    if control is not None:
        line = clean.count(b"\n", 0, control.start()) + 1
        message = f"the {NAMES[syntax]} file holds the control character {control[0][0]:#04x} in line {line}: remove it"
        raise _unreadable(message, "synhub-characters")
    return clean


def _check_nesting(text: bytes, syntax: TextSyntax) -> None:
    """Refuse brackets inside brackets before the parser, whose memory grows with them, meets them."""
    depth = 0
    if text.count(b"[") + text.count(b"{") + text.count(b"(") <= MAX_NESTING:
        return
    for byte in _QUOTED[syntax].sub(b"", text).translate(None, _NO_BRACKETS):
        depth += -1 if byte in _CLOSING else 1
        if depth > MAX_NESTING:
            raise TooLarge(f"the {NAMES[syntax]} is nested more than {MAX_NESTING} deep")


def _flattened(text: bytes) -> list[Finding]:
    """Say which names of graphs were given up: a design is one graph."""
    if b"@graph" not in text and b"@container" not in text:
        return []
    named = {
        str(quad.graph_name)
        for quad in pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.JSON_LD, base_iri="urn:")
        if not isinstance(quad.graph_name, pyoxigraph.DefaultGraph)
    }
    if not named:
        return []
    message = f"the file has named graphs, read as one: {', '.join(sorted(named)[:3])}{', …' if len(named) > 3 else ''}"
    return [Finding("synhub-named-graphs", "note", "", message)]
