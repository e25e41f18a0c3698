"""One pass over uploaded XML before any RDF parser sees it.

Refuses what would hurt the parser behind it (entities abort pyoxigraph's process, deep nesting makes it
quadratic), transcodes to UTF-8 with LF line ends so that identical uploads give identical literals, and
reports the rules that can only be seen in the bytes. Makes no triples.

Source: SBOL 2.3.0, section 10 and rules sbol-10101, -10105, -10106, -10201, -10202; XML 1.0 section 2.11 (line ends).
"""

import codecs
import re
from dataclasses import dataclass
from typing import NoReturn, Protocol
from xml.parsers import expat

from synhub.errors import InvalidDesign, TooLarge
from synhub.formats.text import MARKS
from synhub.model import Finding
from synhub.vocab import RDF, SBOL2

_ROOT = f"{RDF.NS} RDF"
_ABOUT = f"{RDF.NS} about"
_DESCRIPTION = f"{RDF.NS} Description"
_RESOURCE = f"{RDF.NS} resource"
_PARSE_TYPE = f"{RDF.NS} parseType"
_NAMED = (_ABOUT, f"{RDF.NS} ID", f"{RDF.NS} nodeID")  # a nodeID may be reached from elsewhere: read on
_DECLARED = re.compile(rb"""\A(<\?xml[^>]*?\bencoding\s*=\s*)(["'])([A-Za-z][A-Za-z0-9._\-]*)\2""")
_NAMESPACE_LENGTH = 2_000
_ENCODINGS = frozenset({"utf-8", "utf-16", "ascii", "iso8859-1", "iso8859-15", "cp1252"})  # Python's names


@dataclass(frozen=True, slots=True)
class Limits:
    """The real files at hand reach depth 17, 33 000 elements and texts of 58 kB."""

    depth: int = 64
    elements: int = 2_000_000
    text_bytes: int = 16_000_000
    attributes: int = 32
    attribute_bytes: int = 8_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Prescan:
    """`data` is UTF-8 without BOM and with LF line ends; `namespaces` are the declared ones."""

    data: bytes
    namespaces: frozenset[str]
    findings: list[Finding]


def is_empty(data: bytes) -> bool:
    """Tell whether there is nothing but blanks: a submission without a design, not a broken one."""
    return not data.removeprefix(codecs.BOM_UTF8).strip()


def prescan(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Prescan:
    """Check the XML of one document.

    Raises InvalidDesign (sbol-10105) when it is not well-formed, declares entities or is not RDF/XML,
    TooLarge when a limit is exceeded. What can be read but breaks a rule is in `findings`.
    """
    text = _utf8(data)
    scan = _Scan(limits)
    namespaces = _run(text, scan, len(text) > limits.text_bytes)
    for namespace in namespaces:  # what it is put before becomes too long an IRI, a hundred times over
        if len(namespace) > _NAMESPACE_LENGTH:
            shown = f"{namespace[:80]}… has {len(namespace)} characters"
            raise TooLarge(f"the namespace {shown}, {_NAMESPACE_LENGTH} are allowed")
    findings = scan.findings
    if SBOL2.NS not in namespaces:
        message = f"the document does not declare the namespace {SBOL2.NS}"
        findings = [Finding("sbol-10101", "error", "", message, gate="always"), *findings]
    if any(_is_open(namespace) for namespace in namespaces):
        findings = [*_open_namespaces(text), *findings]
    if scan.repeated:
        findings = findings + _different(text, scan.repeated)
    return Prescan(text, frozenset(namespaces), findings)


def _is_open(namespace: str) -> bool:
    return namespace != "" and not namespace.endswith(("/", "#", ":"))


def _open_namespaces(data: bytes) -> list[Finding]:
    """Report rule sbol-10106 for the namespaces that elements are of. A namespace of attributes only, such as the
    `its` that serialisers of RDF 1.2 declare, names neither a class nor a property.
    """
    elements = _Elements()
    _run(data, elements, False)
    return [
        Finding(
            "sbol-10106",
            "error",
            "",
            f"the namespace {namespace} of line {line} does not end in '/', '#' or ':': names would run into it",
            value=namespace,
            gate="always",
        )
        for namespace, line in sorted(elements.first_line.items())
        if _is_open(namespace)
    ]


class _Elements:
    """Collects the namespaces of elements, each with the line where it is met first. What is inside a literal of XML
    (rdf:parseType) is text.
    """

    parser: expat.XMLParserType

    def __init__(self) -> None:
        self.first_line: dict[str, int] = {}
        self.depth_in_literal = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth_in_literal:
            self.depth_in_literal += 1
            return
        namespace = name.rpartition(" ")[0]
        if namespace not in self.first_line:
            self.first_line[namespace] = self.parser.CurrentLineNumber
        if attributes.get(_PARSE_TYPE, "Resource") not in ("Resource", "Collection"):
            self.depth_in_literal = 1

    def end(self, _: str) -> None:
        if self.depth_in_literal:
            self.depth_in_literal -= 1

    def text(self, _: str) -> None: ...


def _invalid(message: str) -> InvalidDesign:
    return Finding("sbol-10105", "error", "", message, gate="always").as_error()


def _utf8(data: bytes) -> bytes:
    """Return the document as UTF-8 with LF line ends. Raises InvalidDesign for other or broken encodings."""
    encoding = None
    for mark, name in MARKS:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], name
            break
    declared = _DECLARED.match(data)
    if encoding is None and declared:
        name = declared[3].decode()
        try:
            encoding = codecs.lookup(name).name
        except LookupError:
            encoding = name
        if encoding not in _ENCODINGS:
            raise _invalid(f"the encoding {name!r} is not supported: save the file as UTF-8")
    if encoding not in (None, "utf-8", "ascii"):
        try:
            data = data.decode(encoding).encode()
        except UnicodeError as error:
            raise _invalid(f"the bytes are not {encoding}: {error}") from error
        declared = _DECLARED.match(data)
    if declared:
        data = _DECLARED.sub(rb'\1"UTF-8"', data, count=1)
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


class _Handler(Protocol):
    """What expat calls. `parser` is set while it runs."""

    parser: expat.XMLParserType

    def start(self, name: str, attributes: dict[str, str], /) -> None: ...
    def end(self, name: str, /) -> None: ...
    def text(self, text: str, /) -> None: ...


def _run(data: bytes, handler: _Handler, texts: bool) -> set[str]:
    """Parse, and return the declared namespaces. Raises InvalidDesign when the XML is not well-formed."""
    namespaces: set[str] = set()
    parser = expat.ParserCreate(namespace_separator=" ")
    handler.parser = parser
    parser.buffer_text = True
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    if texts:
        parser.CharacterDataHandler = handler.text
    parser.StartNamespaceDeclHandler = lambda _, iri: namespaces.add(iri or "")
    parser.StartDoctypeDeclHandler = _doctype
    parser.EntityDeclHandler = _entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise _invalid(
            f"not well-formed XML at line {error.lineno}, column {error.offset + 1}: {expat.ErrorString(error.code)}"
        ) from error
    except (ValueError, LookupError) as error:  # an encoding that expat does not know and _utf8 did not see
        raise _invalid(f"the encoding cannot be read ({error}): save the file as UTF-8") from error
    return namespaces


def _doctype(name: str, system_id: str | None, public_id: str | None, internal: bool) -> None:
    if internal or system_id or public_id:
        raise _invalid(f"the document type declaration of {name!r} is not allowed: remove the <!DOCTYPE …>")


def _entity(name: str, *_: object) -> NoReturn:
    raise _invalid(f"the declaration of the entity {name!r} is not allowed: write the text instead")


class _Scan:
    """Counts, and the nodes' identities. Its methods and those of `ended` are expat's handlers."""

    parser: expat.XMLParserType

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.started = 0
        self.ended: list[str] = []  # a list's append is a handler that costs no call of a Python function
        self.text_length = 0
        self.text_of = (0, 0)  # how many elements had started and ended when the text began
        self.top_level_depth = 2
        self.about: set[str] = set()
        self.repeated: set[str] = set()
        self.findings: list[Finding] = []
        self.end = self.ended.append

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.started = started = self.started + 1
        depth = started - len(self.ended)
        if depth <= self.top_level_depth:
            self._outer(name, attributes, depth)
        limits = self.limits
        if depth > limits.depth:
            raise TooLarge(f"elements are nested more than {limits.depth} deep")
        if started > limits.elements:
            raise TooLarge(f"the document has more than {limits.elements} elements")
        if attributes:
            for value in attributes.values():
                if len(value) > limits.attribute_bytes or len(attributes) > limits.attributes:
                    raise _attributes_too_large(name, attributes, limits)
            about = attributes.get(_ABOUT)
            if about is not None:
                (self.repeated if about in self.about else self.about).add(about)

    def text(self, text: str) -> None:
        place = (self.started, len(self.ended))
        if place != self.text_of:
            self.text_of, self.text_length = place, 0
        self.text_length += len(text.encode())
        if self.text_length > self.limits.text_bytes:
            raise TooLarge(f"a text is longer than {self.limits.text_bytes} bytes")

    def _outer(self, name: str, attributes: dict[str, str], depth: int) -> None:
        """Look at the root and at top levels."""
        if any(key in attributes for key in _NAMED):
            if depth == 1 and name != _ROOT:
                self.top_level_depth = 1
        elif depth == 1 and name != _ROOT:
            namespace = name.rpartition(" ")[0]
            where = f" of the namespace {namespace!r}" if namespace else ""
            raise _invalid(f"the root element is {_bare(name)!r}{where}, not rdf:RDF: this is not RDF/XML")
        elif depth == self.top_level_depth:
            message = f"the top-level element {_bare(name)!r} on line {self.parser.CurrentLineNumber} has no rdf:about"
            self.findings.append(Finding("sbol-10201", "error", "", message, gate="always"))


def _attributes_too_large(name: str, attributes: dict[str, str], limits: Limits) -> TooLarge:
    if len(attributes) > limits.attributes:
        return TooLarge(
            f"the element {_bare(name)!r} has {len(attributes)} attributes, {limits.attributes} are allowed"
        )
    key = next(key for key, value in attributes.items() if len(value) > limits.attribute_bytes)
    return TooLarge(
        f"the attribute {_bare(key)!r} has {len(attributes[key])} characters, {limits.attribute_bytes} are allowed"
    )


def _bare(name: str) -> str:
    return name.rpartition(" ")[2]


_Statement = tuple[str, str, str]  # predicate, kind, value


def _different(data: bytes, repeated: set[str]) -> list[Finding]:
    """Report rule sbol-10202 for identities that typed elements with different contents share.

    An element without a type or without properties states something about an object, or mentions it: it is
    not a second object. Equal contents are one object said twice, which tools write for a child that is used
    twice.
    """
    contents = _Contents(repeated)
    _run(data, contents, False)
    return [
        Finding(
            "sbol-10202",
            "error",
            about,
            f"{len(found)} elements with different contents have the same rdf:about {about}: "
            "give each object an IRI of its own",
            gate="always",
        )
        for about, found in sorted(contents.found.items())
        if len(found) > 1
    ]


class _Node:
    """An element under way: `statements` of a node element, `value` of a property element."""

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.about = attributes.get(_ABOUT)
        self.statements: set[_Statement] = set()
        self.text: list[str] = []

    def value(self) -> tuple[str, str]:
        """What the element says as a property: kind and text of its value."""
        if _RESOURCE in self.attributes:
            return "resource", self.attributes[_RESOURCE]
        nodes = sorted(self.statements)
        if nodes:
            return nodes[0][1:] if len(nodes) == 1 and not nodes[0][0] else ("nodes", repr(nodes))
        others = sorted((k, v) for k, v in self.attributes.items())
        return "literal", repr(others) + "".join(self.text)


class _Contents:
    """Collects, per repeated identity, the distinct contents of the typed elements that carry it."""

    parser: expat.XMLParserType

    def __init__(self, repeated: set[str]) -> None:
        self.repeated = repeated
        self.stack: list[_Node] = []  # empty outside of the elements that matter
        self.found: dict[str, set[frozenset[_Statement]]] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self.stack:
            self.stack.append(_Node(name, attributes))
        elif attributes.get(_ABOUT) in self.repeated:
            self.stack.append(_Node(name, attributes))
            self.parser.CharacterDataHandler = self.text

    def text(self, text: str) -> None:
        self.stack[-1].text.append(text)

    def end(self, _: str) -> None:
        if not self.stack:
            return
        node = self.stack.pop()
        above = self.stack[-1] if self.stack else None
        if above is None:
            self.parser.CharacterDataHandler = None
        if node.about is None:
            if above is not None:
                above.statements.add((node.name, *node.value()))
            return
        said = set(node.statements)
        said |= {(key, "literal", f"[]{value}") for key, value in node.attributes.items() if key != _ABOUT}
        if said and node.name != _DESCRIPTION:
            said.add((RDF.NS + " type", "resource", node.name.replace(" ", "")))
        typed = any(predicate == RDF.NS + " type" for predicate, _, _ in said)
        if node.about in self.repeated and typed and len(said) > 1:
            self.found.setdefault(node.about, set()).add(frozenset(said))
        if above is not None:
            above.statements.add(("", "resource", node.about))
