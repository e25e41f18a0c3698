"""The one table of what an object can be had as: where, under which media types, and who writes it.

Data only: routes, content negotiation, the links of an object's page and the child that writes large documents all
read it. A row more here is a format more everywhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from synhub.formats.media_type import RDF_XML
from synhub.formats.source import MemorySource, Source, Writer
from synhub.rdf import Iri
from synhub.sbol.summary import write_summary
from synhub.sbol.xml import write_sbol2, write_sbol2_stream
from synhub.vocab import SBOL2

TEXT = "text/plain; charset=utf-8"
JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Representation:
    """One row.

    `name` tells it from all others, in validators too. `media_type` is what its verbs answer with, `ending` that of
    the file. Of several rows with one verb Accept chooses; the first is the one for who does not care. `negotiated`
    are the media types that choose it on the object's own address, with `profile` as their parameter. `classes` are
    those it says something of, empty for all. `alone` leaves out what travels along, `encloses_files` brings the bytes
    of attachments as well.
    """

    name: str
    title: str
    verbs: tuple[str, ...]
    media_type: str
    ending: str
    write: Writer
    negotiated: tuple[str, ...] = ()
    profile: str = ""
    classes: frozenset[Iri] = frozenset()
    alone: bool = False
    encloses_files: bool = False


def _sbol2(source: Source) -> Iterator[bytes]:
    """What fits into memory is sorted by class, and declares its namespaces at the top, where tools expect them."""
    if isinstance(source, MemorySource):
        return write_sbol2(triple for group in source.top_levels() for triple in group)
    return write_sbol2_stream(source.top_levels())


_WITH_SEQUENCE = frozenset({SBOL2.ComponentDefinition, SBOL2.Sequence, SBOL2.Collection})

REPRESENTATIONS: tuple[Representation, ...] = (
    Representation(
        "sbol", "SBOL 2", ("sbol", "full"), RDF_XML, "xml", _sbol2, (RDF_XML, "application/xml", "text/xml")
    ),
    Representation("sbolnr", "SBOL 2 of this object alone", ("sbolnr",), RDF_XML, "xml", _sbol2, alone=True),
    Representation("summary", "JSON", ("summary",), JSON, "json", write_summary),
)

BY_NAME = {representation.name: representation for representation in REPRESENTATIONS}
DEFAULT = BY_NAME["sbol"]
VERBS = tuple(dict.fromkeys(verb for representation in REPRESENTATIONS for verb in representation.verbs))
