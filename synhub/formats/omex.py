"""A design with its files as one COMBINE archive: `sbol.rdf` with all that travels along, every attached file that is
kept here under its name, and `metadata.rdf`, which says who made it and where attachments lie that are only links.
What that says is in the design as well, so `is_own_metadata` tells whoever reads an archive that it need not be kept.

Pure. Names in the archive are made from what uploaders called their files, never lead out of it, and
are none that a reader passes over.

Source: OMEX 1.0 (Bergmann et al. 2014), sections 'The manifest' and 'Metadata'.
"""

import hashlib
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from synhub.errors import InvalidIri
from synhub.formats.archive import write_omex
from synhub.formats.manifest import MANIFEST
from synhub.formats.source import EnclosedFile, Source
from synhub.formats.zip_directory import is_skipped
from synhub.rdf import Iri, Term, check_iri, iri_of, iri_term, is_iri, text_of
from synhub.sbol.xml import write_sbol2_source
from synhub.vocab import COMBINE, DC, DCTERMS, MEDIA_TYPES, RDF, SBH, SBOL2, VCARD

DESIGN = "sbol.rdf"
METADATA = "metadata.rdf"

_LONGEST = 120  # characters of one part of a location
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff<>:"|?*]')
_TYPE = iri_term(RDF.type)
_ATTACHMENT = iri_term(SBOL2.Attachment)


def write_archive(source: Source) -> Iterator[bytes]:
    """Yield the archive. Files whose names clash are numbered: `notes.txt`, `notes_2.txt`."""
    said = [_said_of(source, file.attachment) for file in source.files]
    locations = _locations([_wanted(file, about) for file, about in zip(source.files, said, strict=True)])
    yield from write_omex(
        [
            (DESIGN, COMBINE.sbol2, True, write_sbol2_source(source)),
            *(
                (location, _format(file, about), False, file.read())
                for location, file, about in zip(locations, source.files, said, strict=True)
            ),
            (METADATA, COMBINE.omex_metadata, False, _metadata(source)),
        ]
    )


_Said = dict[Term, list[Term]]


def _said_of(source: Source, iri: Iri) -> _Said:
    said: _Said = {}
    for s, p, o in source.find(iri) or []:
        if s == iri_term(iri):
            said.setdefault(p, []).append(o)
    return said


def _texts(said: _Said, predicate: Iri) -> list[str]:
    return [text_of(o) for o in said.get(iri_term(predicate), ())]


def _wanted(file: EnclosedFile, said: _Said) -> str:
    """Return where a file would like to be: where it lay in the archive that it came in, else under its name."""
    [path, *_] = [*_texts(said, SBH.archivePath), file.name]
    parts = [_UNSAFE.sub("_", part).strip()[-_LONGEST:] for part in re.split(r"[/\\]", path)]
    parts = [f"_{part}" if is_skipped(part) else part for part in parts if part.strip(". ")]
    return "/".join(parts[-8:]) or file.attachment.rsplit("/", 2)[-2]


def _locations(wanted: Sequence[str]) -> list[str]:
    """Give every file a place of its own, whatever a file system takes for the same name."""
    taken = {_folded(name) for name in (MANIFEST, DESIGN, METADATA)}
    locations: list[str] = []
    for name in wanted:
        folder, slash, base = name.rpartition("/")
        stem, dot, ending = base.rpartition(".") if "." in base[1:] else (base, "", "")
        location, number = name, 1
        while _folded(location) in taken:
            number += 1
            location = f"{folder}{slash}{stem}_{number}{dot}{ending}"
        taken.add(_folded(location))
        locations.append(location)
    return locations


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _format(file: EnclosedFile, said: _Said) -> Iri:
    """Return what the attachment says its format is, else the media type of its bytes."""
    formats = sorted(o for o in said.get(iri_term(SBOL2.format), ()) if is_iri(o))
    if formats:
        return iri_of(formats[0])
    try:
        return check_iri(MEDIA_TYPES.NS + file.media_type.partition(";")[0].strip())
    except InvalidIri:
        return Iri(MEDIA_TYPES.NS + "application/octet-stream")


def _metadata(source: Source) -> Iterator[bytes]:
    """Yield RDF/XML about the archive. Walks the top levels when it is asked for, after the design."""
    enclosed = {file.attachment for file in source.files}
    root: _Said = {}
    links: list[Iri] = []
    for number, group in enumerate(source.top_levels()):
        if number == 0:
            for s, p, o in group:
                if s == iri_term(source.roots[0]):
                    root.setdefault(p, []).append(o)
        attachments = {s for s, p, o in group if p == _TYPE and o == _ATTACHMENT and iri_of(s) not in enclosed}
        links += [iri_of(o) for s, p, o in group if s in attachments and p == iri_term(SBOL2.source) and is_iri(o)]
    yield _metadata_document(root, sorted(set(links)))


def _metadata_document(root: _Said, links: Sequence[Iri]) -> bytes:
    file = io.StringIO()
    xml = XMLGenerator(file, encoding="utf-8", short_empty_elements=True)
    xml.startElement(
        "rdf:RDF", AttributesImpl({"xmlns:rdf": RDF.NS, "xmlns:dcterms": DCTERMS.NS, "xmlns:vCard": VCARD.NS})
    )
    xml.startElement("rdf:Description", AttributesImpl({"rdf:about": "."}))
    for predicate, name in ((DCTERMS.title, "dcterms:title"), (DCTERMS.description, "dcterms:description")):
        for text in _texts(root, predicate):
            _element(xml, name, text)
    for creator in _texts(root, DC.creator):
        xml.startElement("dcterms:creator", AttributesImpl({"rdf:parseType": "Resource"}))
        _element(xml, "vCard:fn", creator)
        xml.endElement("dcterms:creator")
    for predicate, name in ((DCTERMS.created, "dcterms:created"), (DCTERMS.modified, "dcterms:modified")):
        for text in _texts(root, predicate):
            xml.startElement(name, AttributesImpl({"rdf:parseType": "Resource"}))
            _element(xml, "dcterms:W3CDTF", text)
            xml.endElement(name)
    for link in links:  # attachments whose bytes are elsewhere
        xml.startElement("dcterms:references", AttributesImpl({"rdf:resource": link}))
        xml.endElement("dcterms:references")
    xml.endElement("rdf:Description")
    xml.endElement("rdf:RDF")
    said = file.getvalue().encode()
    return _beginning(hashlib.sha256(said).hexdigest()) + said


def _beginning(digest: str) -> bytes:
    """Return how `metadata.rdf` begins, with the digest of what follows: it tells one that nobody has changed."""
    return f'<?xml version="1.0" encoding="utf-8"?>\n<!-- of {DESIGN}, by synhub; SHA-256 {digest} -->\n'.encode()


def is_own_metadata(file: io.BufferedReader) -> bool:
    """Say whether `metadata.rdf` is as `write_archive` made it: nobody has added anything to what the design says."""
    beginning = file.read(len(_beginning("0" * 64)))
    return beginning == _beginning(hashlib.file_digest(file, "sha256").hexdigest())


def _element(xml: XMLGenerator, name: str, text: str) -> None:
    xml.startElement(name, AttributesImpl({}))
    xml.characters(re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text))
    xml.endElement(name)
