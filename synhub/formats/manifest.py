"""The manifest of a COMBINE archive: what its author says that each file is. A hint, never an order.

Pure; XML with a document type is refused, so nothing is expanded or fetched.

Source: OMEX 1.0 (Bergmann et al. 2014, COMBINE archive and OMEX format), section 'The manifest'.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from synhub.errors import InvalidDesign, InvalidIri, TooLarge
from synhub.model import Finding
from synhub.rdf import Iri, check_iri
from synhub.vocab import COMBINE, MEDIA_TYPES

MANIFEST = "manifest.xml"
RULE = "synhub-manifest"
MOST_BYTES = 4_000_000

_NAMESPACE = re.compile(r"https?://identifiers\.org/combine\.specifications/omex-manifest\Z")
_SBOL = re.compile(r"https?://identifiers\.org/combine\.specifications/sbol([.\-](version|level)-[\d.]+)*\Z", re.I)
_MEDIA_TYPE = re.compile(r"[\w.+\-]+/[\w.+\-]+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Content:
    """One line: where a file is in the archive, its format ('' for none that is an IRI), whether to start there."""

    location: str
    format: Iri
    is_master: bool


def read_manifest(data: bytes) -> list[Content] | None:
    """Return what a manifest lists, less itself and the archive; None for XML that is no manifest at all.

    Raises InvalidDesign for what is not well-formed or declares a document type, TooLarge.
    """
    if len(data) > MOST_BYTES:
        raise TooLarge(f"{MANIFEST} has {len(data)} bytes; at most {MOST_BYTES} are read")
    parser = expat.ParserCreate(namespace_separator=" ")
    reading = _Reading()
    parser.StartDoctypeDeclHandler = _doctype
    parser.EntityDeclHandler = _doctype
    parser.StartElementHandler = reading.start
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise _refused(
            f"{MANIFEST} is not well-formed XML at line {error.lineno}: {expat.ErrorString(error.code)}"
        ) from error
    return reading.contents if reading.is_manifest else None


def names_sbol(content: Content) -> bool:
    """Say whether a line claims that a file is SBOL."""
    return _SBOL.match(content.format) is not None


def write_manifest(contents: Iterable[Content]) -> bytes:
    """Write a manifest as UTF-8, a line for each content in the order given."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<omexManifest xmlns="{COMBINE.MANIFEST_NS}">']
    for content in contents:
        location = content.location if content.location == "." else f"./{content.location}"
        master = ' master="true"' if content.is_master else ""
        lines.append(f"  <content location={quoteattr(location)} format={quoteattr(content.format)}{master}/>")
    return "\n".join([*lines, "</omexManifest>", ""]).encode()


def _refused(message: str) -> InvalidDesign:
    return Finding(RULE, "error", "", message).as_error()


def _doctype(*_: object) -> None:
    raise _refused(f"a document type declaration is not allowed in {MANIFEST}: remove the <!DOCTYPE …>")


class _Reading:
    def __init__(self) -> None:
        self.is_manifest = False
        self.contents: list[Content] = []
        self._is_first = True

    def start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition(" ")
        if self._is_first:
            self._is_first = False
            self.is_manifest = local == "omexManifest" and _NAMESPACE.match(namespace) is not None
        elif self.is_manifest and local == "content" and _NAMESPACE.match(namespace):
            location = location_of(attributes.get("location", ""))
            if location and location != MANIFEST:
                is_master = attributes.get("master", "").strip().lower() in ("true", "1")
                self.contents.append(Content(location, _format(attributes.get("format", "")), is_master))


def location_of(text: str) -> str:
    """Return a location as the path of a member: `./a%20b.xml` is `a b.xml`; '' for the archive itself."""
    return "/".join(part for part in unquote(text.strip()).split("/") if part not in ("", "."))


def _format(text: str) -> Iri:
    text = text.strip()
    try:
        return check_iri(MEDIA_TYPES.NS + text if _MEDIA_TYPE.match(text) else text)
    except InvalidIri:
        return Iri("")
