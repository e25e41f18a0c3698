"""Which reader an uploaded file gets, and how RDF of any version of SBOL becomes SBOL 2.

The tables here are the whole list of what synhub reads: a new format is a row. Decides by content, never by name.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pyoxigraph

from synhub.errors import InvalidDesign
from synhub.formats.fasta import read_fasta
from synhub.formats.genbank import read_genbank
from synhub.formats.gff3 import read_gff3
from synhub.formats.media_type import HEAD_BYTES, media_type_of
from synhub.formats.reading import Options, Reader, Reading
from synhub.formats.sniff import Syntax
from synhub.model import Finding, findings_of
from synhub.rdf import Triple, iri_term
from synhub.sbol.graph import parse_rdf
from synhub.sbol.prescan import Limits, prescan
from synhub.sbol.sbol1 import convert_sbol1
from synhub.sbol.sbol3 import convert_sbol3
from synhub.sbol.syntaxes import TextSyntax, check_sizes, check_terms, read_text
from synhub.vocab import RDF, SBOL1, SBOL2, SBOL3

_TYPE = iri_term(RDF.type)

# What is read, by name.
NAMES: Mapping[Syntax, str] = {
    "genbank": "GenBank",
    "fasta": "FASTA",
    "gff3": "GFF3",
    "rdfxml": "RDF/XML",
    "turtle": "Turtle",
    "ntriples": "N-Triples",
    "jsonld": "JSON-LD",
}
# What files are called that are told apart and not read.
_OTHERS: Mapping[Syntax, str] = {
    "zip": "a packed file inside a packed one: unpack it once",
    "gzip": "a packed file inside a packed one: unpack it once",
    "snapgene": "a SnapGene file: export it as GenBank",
    "html": "an HTML page: download the design itself",
}
ADVICE = (
    "synhub accepts SBOL 1 (RDF/XML), SBOL 2 and SBOL 3 (RDF/XML, Turtle, N-Triples, JSON-LD), GenBank, FASTA, GFF3,"
    " gzip of one of these, and ZIP files and COMBINE archives of any of them"
)

# Readers of files that are not RDF.
READERS: Mapping[Syntax, Reader] = {
    "genbank": read_genbank,
    "fasta": read_fasta,
    "gff3": read_gff3,
}

# RDF that is not SBOL 2, by the namespace of its classes: what it is called, and what makes SBOL 2 of it.
Convert = Callable[[list[Triple], Options], Reading]
CONVERSIONS: Mapping[str, tuple[str, Convert]] = {
    SBOL3.NS: ("SBOL 3", convert_sbol3),
    SBOL1.NS: ("SBOL 1", convert_sbol1),
}


def read_file(syntax: Syntax, data: bytes, options: Options, limits: Limits) -> Reading:
    """Read one file that has been told apart. Raises InvalidDesign for what cannot be read, TooLarge."""
    if syntax == "empty":
        return Reading("empty", [], [Finding("synhub-format", "note", "", f"there is nothing in {options.name!r}")])
    if syntax in READERS:
        reading = READERS[syntax](data, options)
        check_sizes(o for _, _, o in reading.triples)
        return reading
    if syntax in ("turtle", "ntriples", "jsonld"):
        return _read_rdf_text(syntax, data, options)
    if syntax == "rdfxml":
        return _read_rdf_xml(data, options, limits)
    if syntax == "":
        return _read_unknown(data, options, limits)
    raise _unsupported(options.name, _OTHERS[syntax])


def _unsupported(name: str, kind: str) -> InvalidDesign:
    message = f"{name!r} looks like {kind}, which is not read here; {ADVICE}"
    return Finding("synhub-format", "error", name, message).as_error()


def _read_unknown(data: bytes, options: Options, limits: Limits) -> Reading:
    """Read what is like nothing as RDF/XML, whose rule it breaks, and say what it is and where it could go."""
    try:
        return _read_rdf_xml(data, options, limits)
    except InvalidDesign as error:
        kind = media_type_of(data[:HEAD_BYTES], "").partition(";")[0]
        unknown = f"{options.name!r} is no design but {kind}: to attach it, send it in a ZIP file; {ADVICE}"
        findings = [replace(f, message=unknown) if f.rule == "sbol-10105" else f for f in findings_of(error)]
        raise InvalidDesign(findings[0].message, [finding.as_json() for finding in findings]) from error


def _read_rdf_text(syntax: TextSyntax, data: bytes, options: Options) -> Reading:
    parsed = read_text(data, syntax)
    reading = _as_sbol2(parsed.triples, NAMES[syntax], options)
    return replace(reading, findings=parsed.findings + reading.findings)


def _read_rdf_xml(data: bytes, options: Options, limits: Limits) -> Reading:
    scan = prescan(data, limits)
    for namespace, version in ((SBOL1.NS, "SBOL 1"), (SBOL3.NS, "SBOL 3")):
        if namespace in scan.namespaces and SBOL2.NS not in scan.namespaces and namespace not in CONVERSIONS:
            raise _unsupported(options.name, version)
    try:
        triples = parse_rdf(scan.data, pyoxigraph.RdfFormat.RDF_XML)
        check_terms(triples)
        reading = _as_sbol2(triples, "RDF/XML", options)
    except InvalidDesign as error:
        known = {finding.rule for finding in scan.findings}
        more = [finding for finding in findings_of(error) if finding.rule not in known]
        return Reading("RDF/XML", [], scan.findings + more)
    seen = [finding for finding in scan.findings if finding.rule not in _rules_of_others(reading.format)]
    return replace(reading, findings=seen + reading.findings)


def _rules_of_others(format: str) -> frozenset[str]:
    """Return the rules of the scan that are not for a document of this kind.

    SBOL 1 describes a component where it is used, so one that is used twice is described twice.
    """
    if format.startswith("SBOL 2"):
        return frozenset()
    return frozenset({"sbol-10101", "sbol-10202"} if format.startswith("SBOL 1") else {"sbol-10101"})


def _as_sbol2(triples: list[Triple], syntax: str, options: Options) -> Reading:
    """Convert triples of another version of SBOL, by the classes of their subjects; anything else is SBOL 2."""
    for namespace, (name, convert) in CONVERSIONS.items():
        if any(p == _TYPE and o.startswith(f"<{namespace}") for _, p, o in triples):
            reading = convert(triples, options)
            return replace(reading, format=f"{name} ({syntax})")
    return Reading(f"SBOL 2 ({syntax})", triples)
