"""SBOL 2 as Turtle, N-Triples and JSON-LD: the triples of a download as they are, one top level at a time.

Each writer needs the memory of the largest top level, and gives one valid document however many there are. Reading it
back gives the same graph. Chooses nothing: what is in the triples is written, whether valid or not.

Source: RDF 1.1 Turtle; RDF 1.1 N-Triples; JSON-LD 1.1, section 4.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

import pyoxigraph

from synhub.formats.source import Source, in_pieces
from synhub.rdf import Term, Triple, datatype_of, is_blank, is_literal, text_of
from synhub.rdf import write_ntriples as ntriples_of
from synhub.sbol.blank_nodes import unskolemise
from synhub.vocab import DOCUMENT_PREFIXES, RDF, XSD

_ILLEGAL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_TYPE = f"<{RDF.type}>"

Groups = Iterable[list[Triple]]


def write_turtle(source: Source) -> Iterator[bytes]:
    """Yield a Turtle document: the prefixes first, then every top level with its children."""
    return turtle_of(_groups(source), DOCUMENT_PREFIXES)


def write_ntriples(source: Source) -> Iterator[bytes]:
    """Yield an N-Triples document, a top level at a time."""
    return ntriples_pieces(_groups(source))


def write_jsonld(source: Source) -> Iterator[bytes]:
    """Yield a JSON-LD document: one array of expanded node objects, a subject each."""
    return jsonld_of(_groups(source))


def turtle_of(groups: Groups, prefixes: Mapping[str, str]) -> Iterator[bytes]:
    """Yield Turtle of groups that share no blank node but those of one label."""
    yield "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in prefixes.items()).encode()
    known = dict(prefixes)
    for group in groups:
        text = pyoxigraph.serialize(
            pyoxigraph.parse(ntriples_of(group), format=pyoxigraph.RdfFormat.N_TRIPLES),
            format=pyoxigraph.RdfFormat.TURTLE,
            prefixes=known,
        )
        yield _without_header(text or b"")


def ntriples_pieces(groups: Groups) -> Iterator[bytes]:
    """Yield N-Triples, a piece for each group."""
    return (ntriples_of(group) for group in groups)


def rdfxml_of(groups: Groups, prefixes: Mapping[str, str]) -> Iterator[bytes]:
    """Yield flat RDF/XML: an element for each subject. Characters that XML cannot hold become U+FFFD."""
    declared = "".join(f' xmlns:{prefix}="{iri}"' for prefix, iri in prefixes.items())
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF{declared}>\n'.encode()
    for group in groups:
        text = pyoxigraph.serialize(
            pyoxigraph.parse(ntriples_of(group), format=pyoxigraph.RdfFormat.N_TRIPLES),
            format=pyoxigraph.RdfFormat.RDF_XML,
            prefixes=dict(prefixes),
        )
        yield _elements(text or b"")
    yield b"</rdf:RDF>\n"


def _elements(text: bytes) -> bytes:
    """Cut the root element off, and escape what a reader of XML would change or refuse."""
    start = text.index(b">", text.index(b"<rdf:RDF")) + 1
    body = text[start : text.rindex(b"</rdf:RDF>")].lstrip(b"\n")
    return _ILLEGAL.sub("\ufffd".encode(), body.replace(b"\r", b"&#13;"))


def _without_header(text: bytes) -> bytes:
    """Cut the prefixes that the serialiser puts at the top of each piece."""
    start = 0
    while text.startswith(b"@prefix ", start):
        start = text.index(b"\n", start) + 1
    return text[start:]


def jsonld_of(groups: Groups) -> Iterator[bytes]:
    """Yield expanded JSON-LD. A subject of two groups becomes two node objects, which is one node when read."""
    yield b"["
    separator = b"\n"
    for group in groups:
        nodes: dict[Term, dict[str, list[object]]] = {}
        for s, p, o in group:
            said = nodes.setdefault(s, {"@id": [_name(s)]})
            if p == _TYPE and not is_literal(o):
                said.setdefault("@type", []).append(_name(o))
            else:
                said.setdefault(_name(p), []).append(_value(o))
        for said in nodes.values():
            identity = {"@id": said.pop("@id")[0]}
            yield separator + json.dumps(identity | said, ensure_ascii=False).encode()
            separator = b",\n"
    yield b"\n]\n"


def _name(term: Term) -> str:
    return term if is_blank(term) else term[1:-1]


def _value(term: Term) -> dict[str, str]:
    if not is_literal(term):
        return {"@id": _name(term)}
    value = {"@value": text_of(term)}
    datatype = datatype_of(term)
    if not datatype:
        value["@language"] = term[term.rindex("@") + 1 :]
    elif datatype != f"{XSD.NS}string":
        value["@type"] = datatype
    return value


def _groups(source: Source) -> Iterator[list[Triple]]:
    return (unskolemise(group) for group in in_pieces(source))
