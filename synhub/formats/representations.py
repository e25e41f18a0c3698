"""The one table of what an object can be had as: where, under which media types, and who writes it.

Data only: routes, content negotiation, the links of an object's page and the child that writes large documents all
read it. A row more here is a format more everywhere.
"""

from dataclasses import dataclass
from functools import partial

from synhub.formats.fasta import write_fasta
from synhub.formats.genbank import write_genbank
from synhub.formats.gff3 import write_gff3
from synhub.formats.media_type import RDF_XML
from synhub.formats.omex import write_archive
from synhub.formats.source import Writer
from synhub.rdf import Iri
from synhub.sbol.rdf_text import write_jsonld, write_ntriples, write_turtle
from synhub.sbol.sbol3 import Sbol3Syntax, write_sbol3
from synhub.sbol.summary import write_summary
from synhub.sbol.xml import write_sbol2_source
from synhub.vocab import SBOL2, SBOL3

TEXT = "text/plain; charset=utf-8"
JSON = "application/json; charset=utf-8"
TURTLE = "text/turtle"
UTF8_TURTLE = TURTLE + "; charset=utf-8"
N_TRIPLES = "application/n-triples"
JSON_LD = "application/ld+json"


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


FASTA_TYPES = ("text/x-fasta", "chemical/seq-na-fasta", "chemical/seq-aa-fasta")
GENBANK_TYPES = ("text/x-genbank", "chemical/seq-na-genbank")
GFF3_TYPES = ("text/x-gff3", "text/gff3")

_WITH_SEQUENCE = frozenset({SBOL2.ComponentDefinition, SBOL2.Sequence, SBOL2.Collection})
_WITH_FEATURES = _WITH_SEQUENCE - {SBOL2.Sequence}


def _sbol3(name: str, media_type: str, ending: str, syntax: Sbol3Syntax) -> Representation:
    negotiated = (media_type.partition(";")[0],)
    write = partial(write_sbol3, syntax=syntax)
    return Representation(name, "SBOL 3", ("sbol3",), media_type, ending, write, negotiated, SBOL3.NS)


REPRESENTATIONS: tuple[Representation, ...] = (
    Representation(
        "sbol", "SBOL 2", ("sbol", "full"), RDF_XML, "xml", write_sbol2_source, (RDF_XML, "application/xml", "text/xml")
    ),
    Representation(
        "sbolnr", "SBOL 2 of this object alone", ("sbolnr",), RDF_XML, "xml", write_sbol2_source, alone=True
    ),
    Representation("ttl", "Turtle", ("ttl",), UTF8_TURTLE, "ttl", write_turtle, (TURTLE, "application/x-turtle")),
    Representation("nt", "N-Triples", ("nt",), N_TRIPLES, "nt", write_ntriples, (N_TRIPLES,)),
    Representation("jsonld", "JSON-LD", ("jsonld",), JSON_LD, "jsonld", write_jsonld, (JSON_LD,)),
    _sbol3("sbol3", UTF8_TURTLE, "ttl", "turtle"),
    _sbol3("sbol3-nt", N_TRIPLES, "nt", "ntriples"),
    _sbol3("sbol3-xml", RDF_XML, "xml", "rdfxml"),
    _sbol3("sbol3-jsonld", JSON_LD, "jsonld", "jsonld"),
    Representation(
        "gb", "GenBank", ("gb", "genbank.gb"), TEXT, "gb", write_genbank, GENBANK_TYPES, classes=_WITH_SEQUENCE
    ),
    Representation(
        "fasta", "FASTA", ("fasta", "fasta.fasta"), TEXT, "fasta", write_fasta, FASTA_TYPES, classes=_WITH_SEQUENCE
    ),
    Representation("gff", "GFF3", ("gff",), TEXT, "gff", write_gff3, GFF3_TYPES, classes=_WITH_FEATURES),
    Representation(
        "omex",
        "COMBINE archive with the attached files",
        ("omex",),
        "application/zip",
        "omex",
        write_archive,
        ("application/zip", "application/vnd.combine-archive+zip"),
        encloses_files=True,
    ),
    Representation("summary", "JSON", ("summary",), JSON, "json", write_summary),
)

BY_NAME = {representation.name: representation for representation in REPRESENTATIONS}
DEFAULT = BY_NAME["sbol"]
VERBS = tuple(dict.fromkeys(verb for representation in REPRESENTATIONS for verb in representation.verbs))
