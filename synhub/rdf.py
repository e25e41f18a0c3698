"""Terms, triples and quads as N-Triples text, and their bytes.

A `Term` is the N-Triples text of one RDF term exactly as the engine writes it (`<http://…>`, `"text"`,
`"1"^^<…>`, `"x"@en`, `_:b`). Text is hashable, sorts, compares by identity of the term, and goes to files and
queries without being built up again; the engine parses 7 MB of it faster than Python can construct term objects.
An `Iri` is the bare, checked text of an IRI, without brackets.

This module knows no vocabulary and does no I/O.

Source: RDF 1.1 N-Triples, section 2 and 7 (grammar and canonical form).
"""

import re
from collections.abc import Iterable, Iterator
from typing import NewType, cast

import pyoxigraph

from synhub.errors import InvalidIri

Iri = NewType("Iri", str)
Term = NewType("Term", str)
Triple = tuple[Term, Term, Term]
Quad = tuple[Term, Term, Term, Term]

XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"

_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_UNESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


def check_iri(text: str) -> Iri:
    """Return `text` as an Iri.

    Raises InvalidIri when it is not an absolute IRI (RFC 3987).
    """
    try:
        return Iri(pyoxigraph.NamedNode(text).value)
    except ValueError as error:
        raise InvalidIri(f"not an absolute IRI: {text!r}") from error


def iri_term(iri: Iri) -> Term:
    """Return `<iri>`. The argument has been checked when it became an Iri."""
    return Term(f"<{iri}>")


def literal_term(text: str, datatype: Iri | None = None, language: str | None = None) -> Term:
    """Return the N-Triples text of a literal; plain strings carry no datatype."""
    if language is not None:
        return Term(str(pyoxigraph.Literal(text, language=language)))
    if datatype is None:
        if text.isprintable() and '"' not in text and "\\" not in text:  # then nothing is escaped
            return Term(f'"{text}"')
        return Term(str(pyoxigraph.Literal(text)))
    return Term(str(pyoxigraph.Literal(text, datatype=pyoxigraph.NamedNode(datatype))))


def is_iri(term: Term) -> bool:
    return term.startswith("<")


def is_literal(term: Term) -> bool:
    return term.startswith('"')


def is_blank(term: Term) -> bool:
    return term.startswith("_:")


def iri_of(term: Term) -> Iri:
    """Return the bare IRI of an IRI term. The engine writes IRIs without escapes."""
    assert term[0] == "<" and term[-1] == ">", term
    return Iri(term[1:-1])


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1)
    return chr(int(code[1:], 16)) if code[0] in "uU" else _UNESCAPED[code]


def text_of(term: Term) -> str:
    """Return the lexical form of a literal, or the bare IRI of an IRI.

    >>> text_of(Term('"a \\\\"b\\\\""@en'))
    'a "b"'
    """
    if term[0] == "<":
        return term[1:-1]
    if term[0] != '"':
        return term
    text = term[1 : term.rindex('"')]
    return _ESCAPE.sub(_unescape, text) if "\\" in text else text


def datatype_of(term: Term) -> str:
    """Return the bare datatype IRI of a literal; `xsd:string` for plain ones and for language-tagged ones ''."""
    tail = term[term.rindex('"') + 1 :]
    if tail.startswith("^^"):
        return tail[3:-1]
    return XSD_STRING if not tail else ""


def read_ntriples(text: bytes) -> list[Triple]:
    """Split canonical N-Triples, as the engine writes them, into triples. Not a parser of foreign N-Triples."""
    lines = text.decode().split("\n")  # not splitlines(): U+2028 and friends stand raw inside literals
    return cast(list[Triple], [tuple(line[:-2].split(" ", 2)) for line in lines if line])


def write_ntriples(triples: Iterable[Triple]) -> bytes:
    return "".join(f"{s} {p} {o} .\n" for s, p, o in triples).encode()


def read_nquads(text: bytes) -> list[Quad]:
    """Split N-Quads written by `write_nquads` (every line has a graph) into quads."""
    quads: list[Quad] = []
    for line in text.decode().split("\n"):
        if line:
            subject, predicate, rest = line[:-2].split(" ", 2)
            term, graph = rest.rsplit(" ", 1)
            quads.append((Term(subject), Term(predicate), Term(term), Term(graph)))
    return quads


def write_nquads(quads: Iterable[Quad]) -> bytes:
    return "".join(f"{s} {p} {o} {g} .\n" for s, p, o, g in quads).encode()


def in_graph(triples: Iterable[Triple], graph: Iri) -> Iterator[Quad]:
    """Yield the triples as quads of one named graph."""
    name = iri_term(graph)
    for s, p, o in triples:
        yield (s, p, o, name)
