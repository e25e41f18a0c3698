"""Nested, typed SBOL2 RDF/XML, as libSBOLj and pySBOL2 expect it, from triples.

Top levels lie flat under rdf:RDF, children inside the element of their owner below the property that owns
them, annotation nodes inside their owner. Reading back what was written gives the same graph. Chooses
nothing: what is in the triples is written, whether valid or not.

Source: SBOL 2.3.0, section 10; RDF/XML 1.1, section 7.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from xml.sax.saxutils import escape

from synhub.errors import Inconsistent
from synhub.formats.source import MemorySource, Source
from synhub.rdf import Term, Triple, iri_term, is_blank, text_of
from synhub.sbol.blank_nodes import unskolemise
from synhub.sbol.graph import Document
from synhub.sbol.prescan import Limits, Prescan, is_empty, prescan
from synhub.sbol.schema import CLASSES, is_child_property, properties_of
from synhub.vocab import DOCUMENT_PREFIXES, RDF

__all__ = ["Limits", "Prescan", "is_empty", "prescan", "write_sbol2", "write_sbol2_source", "write_sbol2_stream"]

_TYPE = iri_term(RDF.type)
_DESCRIPTION = "rdf:Description"
_FOOTER = b"</rdf:RDF>\n"
_MAX_NESTING = 24  # subjects inside subjects; an element has two levels, and uploads may have 64

# The end of an IRI that can be the local name of an element in any XML 1.0 parser, as long as possible.
_LETTERS = "".join(c for c in map(chr, range(0x100)) if c.isalpha() and (c.isascii() or c >= "\xc0")) + "_"
_NAME_START = re.compile(f"[{_LETTERS}]")
_NAME_CHARACTERS = _LETTERS + "0123456789.-"
_RESERVED = frozenset(  # RDF/XML 1.1, section 7.2.2-7.2.5: no property and no class element may be called so
    RDF.NS + name
    for name in (
        "RDF",
        "ID",
        "about",
        "bagID",
        "parseType",
        "resource",
        "nodeID",
        "datatype",
        "li",
        "Description",
        "aboutEach",
        "aboutEachPrefix",
    )
)
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPECIAL = re.compile(r"[&<>\\\r]|[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_sbol2(triples: Iterable[Triple]) -> Iterator[bytes]:
    """Yield the document of distinct triples: the header first, then top levels by class and IRI.

    Characters that XML cannot hold (such as NUL) become U+FFFD.
    Raises Inconsistent for a predicate that no RDF/XML can hold (`http://example.org/123`).
    """
    plain = unskolemise(triples)
    document = Document.of(plain)
    names = _Names()
    for predicate in sorted({p for _, p, _ in plain}):
        if predicate != _TYPE:
            names.of(predicate)
    for value in sorted({o for _, p, o in plain if p == _TYPE}):
        names.of_class(value)
    yield names.header()
    yield from (element for _, element in _elements(document, names))
    yield _FOOTER


def write_sbol2_stream(groups: Iterable[list[Triple]]) -> Iterator[bytes]:
    """Yield a document like `write_sbol2` whose top levels come in groups of distinct triples.

    Needs the memory of the largest group. Groups keep their order. Foreign namespaces are declared on the
    elements that use them, since they are not known when the header is written.
    Raises Inconsistent like `write_sbol2`; the header has been yielded then.
    """
    return _stream(groups, None, lambda: iter(()))


def write_sbol2_source(source: Source) -> Iterator[bytes]:
    """Yield the document of a Source. What is all there is sorted by class, and declares its namespaces at the top,
    where tools expect them; the rest is streamed.
    """
    if isinstance(source, MemorySource):
        return write_sbol2(triple for group in source.top_levels() for triple in group)
    return _stream(source.top_levels(), iri_term(source.roots[0]), source.members)


def _stream(
    groups: Iterable[list[Triple]], collection: Term | None, members: Callable[[], Iterator[list[Triple]]]
) -> Iterator[bytes]:
    names = _Names()
    yield names.header()
    for group in groups:
        for root, element in _elements(Document.of(unskolemise(group)), names):
            yield from [element] if root != collection else _with_members(element, members(), names)
    yield _FOOTER


def _elements(document: Document, names: "_Names") -> Iterator[tuple[Term, bytes]]:
    roots = sorted((_main_class(document, root), root) for root in document.top_levels + document.orphans)
    element = _Element(document, names)
    for _, root in roots:
        yield root, element.write(root)
        while element.deferred:
            deferred = element.deferred.pop()
            yield deferred, element.write(deferred)


def _with_members(element: bytes, members: Iterator[list[Triple]], names: "_Names") -> Iterator[bytes]:
    """Yield the element of a collection with members that its triples were given without, last in it."""
    piece = next(members, None)
    if piece is None:
        yield element
        return
    name = names.of(piece[0][1])
    start, end = _opened(element)
    yield start
    while piece is not None:
        lines = (_line(name, value) for _, _, value in piece)
        yield "".join(f"    {line}" for line in lines).encode()
        piece = next(members, None)
    yield end


def _opened(element: bytes) -> tuple[bytes, bytes]:
    """Split an element before its end."""
    if element.count(b"\n") == 1:  # empty
        name = element.split(None, 1)[0].removeprefix(b"<").removesuffix(b"/>")
        return element.removesuffix(b"/>\n") + b">\n", b"  </" + name + b">\n"
    cut = element.rindex(b"  </")
    return element[:cut], element[cut:]


def _line(name: str, value: Term) -> str:
    return f"<{name}{_literal(value)}</{name}>\n" if value[0] == '"' else f"<{name} {_pointer(value)}/>\n"


def _main_class(document: Document, subject: Term) -> Term:
    """Return the class that names the subject's element, one of the schema if possible; '' for none."""
    types = [t for t in document.types(subject) if _name_parts(t) is not None]
    return min((t for t in types if t in CLASSES), default=min(types, default=Term("")))


def _name_parts(term: Term) -> tuple[str, str] | None:
    """Split an IRI into namespace and local name; None when no element can be called so."""
    iri = term[1:-1] if term[0] == "<" else ""
    local = _NAME_START.search(iri, len(iri.rstrip(_NAME_CHARACTERS)))
    if local is None or not local.start() or iri in _RESERVED:
        return None
    return iri[: local.start()], iri[local.start() :]


class _Names:
    """Prefixes of one document. Those made after the header are declared where they are used."""

    def __init__(self) -> None:
        self.prefixes = {namespace: prefix for prefix, namespace in DOCUMENT_PREFIXES.items()}
        self.declared: set[str] = set()
        self.pending: set[str] = set()  # namespaces in use since `local_declarations`, not in the header
        self.names: dict[Term, tuple[str, str]] = {}  # term -> qualified name, namespace

    def header(self) -> bytes:
        self.declared = set(self.prefixes)
        self.pending.clear()
        lines = "".join(
            f'\n         xmlns:{prefix}="{_attribute(namespace)}"' for namespace, prefix in self.prefixes.items()
        )
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF{lines}>\n'.encode()

    def of(self, predicate: Term) -> str:
        """Return the element name of a predicate. Raises Inconsistent when it has none."""
        found = self.names.get(predicate)
        if found is None:
            parts = _name_parts(predicate)
            if parts is None:
                raise Inconsistent(f"RDF/XML has no element name for the predicate {predicate}")
            prefix = self.prefixes.setdefault(parts[0], f"ns{len(self.prefixes) - len(DOCUMENT_PREFIXES)}")
            found = self.names[predicate] = (f"{prefix}:{parts[1]}", parts[0])
        if found[1] not in self.declared:
            self.pending.add(found[1])
        return found[0]

    def of_class(self, class_term: Term) -> str:
        """Return the element name of a class; rdf:Description where it has none, so that rdf:type says it."""
        return self.of(class_term) if class_term and _name_parts(class_term) is not None else _DESCRIPTION

    def local_declarations(self) -> str:
        text = "".join(f' xmlns:{self.prefixes[n]}="{_attribute(n)}"' for n in sorted(self.pending))
        self.pending.clear()
        return text


class _Element:
    """Writes top-level elements of one document, with what they own inside."""

    def __init__(self, document: Document, names: _Names) -> None:
        self.document = document
        self.names = names
        self.deferred: list[Term] = []  # too deep to nest: written flat, after the element
        self.written: set[Term] = set()
        self.lines: list[str] = []
        self.mentions = Counter(
            value
            for said in document.subjects.values()
            for values in said.values()
            for value in values
            if is_blank(value)
        )

    def write(self, root: Term) -> bytes:
        self.lines = []
        self._subject(root, 1, root in self.mentions)
        first = self.lines[0]
        cut = first.index("/>" if first.endswith("/>\n") else ">")
        name_end = first.find(" ", 2) if " " in first[2:cut] else cut
        self.lines[0] = first[:name_end] + self.names.local_declarations() + first[name_end:]
        return "".join(self.lines).encode()

    def _subject(self, subject: Term, depth: int, labelled: bool) -> None:
        self.written.add(subject)
        said = self.document.subjects[subject]
        main = _main_class(self.document, subject)
        name = self.names.of_class(main)
        indent = "  " * (2 * depth - 1)
        if not is_blank(subject):
            identity = f' rdf:about="{_attribute(subject[1:-1])}"'
        else:
            identity = f' rdf:nodeID="{_label(subject)}"' if labelled else ""
        start = len(self.lines)
        self.lines.append(f"{indent}<{name}{identity}>\n")
        order = properties_of(main)
        for predicate in [p for p in order if p in said] + sorted(p for p in said if p not in order):
            for value in sorted(said[predicate]):
                if predicate != _TYPE or value != main:
                    self._property(subject, predicate, value, depth)
        if len(self.lines) == start + 1:
            self.lines[start] = f"{indent}<{name}{identity}/>\n"
        else:
            self.lines.append(f"{indent}</{name}>\n")

    def _property(self, subject: Term, predicate: Term, value: Term, depth: int) -> None:
        name = "rdf:type" if predicate == _TYPE else self.names.of(predicate)
        indent = "  " * (2 * depth)
        if value[0] == '"':
            self.lines.append(indent + _line(name, value))
        elif self._nests(subject, predicate, value):
            if depth < _MAX_NESTING:
                self.lines.append(f"{indent}<{name}>\n")
                self._subject(value, depth + 1, self.mentions[value] > 1)
                self.lines.append(f"{indent}</{name}>\n")
                return
            self.written.add(value)
            self.deferred.append(value)
            self.lines.append(indent + _line(name, value))
        else:
            self.lines.append(indent + _line(name, value))

    def _nests(self, subject: Term, predicate: Term, value: Term) -> bool:
        document = self.document
        if document.owner.get(value) != subject or value in self.written:
            return False
        if value in document.nested:
            return True
        return any(is_child_property(t, predicate) for t in document.types(subject))


def _pointer(value: Term) -> str:
    return f'rdf:nodeID="{_label(value)}"' if is_blank(value) else f'rdf:resource="{_attribute(value[1:-1])}"'


def _label(blank: Term) -> str:
    return "b" + re.sub(r"[^A-Za-z0-9_.\-]", "_", blank[2:])


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;"}) if "&" in text or "<" in text or '"' in text else text


def _literal(term: Term) -> str:
    """Return the attributes of a literal's element, `>`, and its text."""
    close = term.rindex('"')
    tail = term[close + 1 :]
    text = term[1:close]
    if _SPECIAL.search(text):
        text = escape(_ILLEGAL.sub("\ufffd", text_of(term)), {"\r": "&#13;"})
    if not tail:
        return ">" + text
    if tail[0] == "@":
        return f' xml:lang="{tail[1:]}">{text}'
    return f' rdf:datatype="{_attribute(tail[3:-1])}">{text}'
