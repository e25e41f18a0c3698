"""GenBank records as SBOL 2: what libSBOLj makes of them, without its defects.

A record becomes a ComponentDefinition, its sequence and a SequenceAnnotation for every feature. Header lines are kept
as `genbank:` annotations, qualifiers as `gbConv:` annotations, so that a record can be written again.

Source: the mapping is that of libSBOLj 2.3.0, measured; the format is read in records.py.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from synhub.errors import InvalidDesign, TooLarge
from synhub.formats.designs import Design, Made
from synhub.formats.genbank.feature_keys import KEYS, TERMS, role_of
from synhub.formats.genbank.locations import Location, LocationError, parse_location
from synhub.formats.genbank.records import BadLine, Feature, Field, Record, read_records
from synhub.formats.reading import Options, Reading
from synhub.formats.spans import Span
from synhub.formats.text import decode_text
from synhub.identity import display_id_from, is_version
from synhub.model import Finding
from synhub.rdf import Iri, iri_term
from synhub.vocab import BIOPAX, DCTERMS, ENCODING, GBCONV, GENBANK, OBO, RDF, SBOL2, SO

RULE = "synhub-genbank"
MAX_FINDINGS = 200
MAX_PARTS = 50_000  # of all locations of one record

_DEFAULT_VERSION = "1"

# Source: IUPAC codes; INSDC writes U (Sec), O (Pyl), J and `*` in proteins.
_NOT_NUCLEIC = re.compile(r"[^ACGTURYSWKMBDHVNacgturyswkmbdhvn.\-]")
_NOT_PROTEIN = re.compile(r"[^A-Za-z*\-]")
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_-]")

_TITLES = ("apeinfo_label", "label", "product", "gene", "note", "organism")  # first by rank
_RESERVED = {
    iri.removeprefix(GBCONV.NS)
    for iri in (GBCONV.featureType, GBCONV.multiRangeType, GBCONV.stradlesOrigin, GBCONV.location)
}
# Names of header annotations that are not simply the keyword of a line in small letters.
_TOLD = frozenset({"DEFINITION", "ACCESSION", "VERSION", "COMMENT"})
_MEANT = frozenset({"locus", "molecule", "division", "date", "reference", "region", "label", "comment", "baseCount"})


def read_genbank(data: bytes, options: Options) -> Reading:
    """Read a file of one or more records.

    Raises InvalidDesign, naming the line, for what is no GenBank, and TooLarge for a limit of the format's modules.
    """
    text, findings = decode_text(data, options)
    design = Design(options.namespace)
    counts = {"features": 0}
    try:
        for record in read_records(text):
            findings += _RecordReader(design, record, options.name, counts["features"]).read()
            counts["features"] += len(record.features)
            counts["records"] = counts.get("records", 0) + 1
    except BadLine as error:
        raise _refusal(error) from error
    if not counts.get("records"):
        raise _refusal(BadLine(1, "there is no record: none begins with LOCUS"))
    return Reading("GenBank", design.triples, _at_most(findings))


def _refusal(error: BadLine) -> InvalidDesign | TooLarge:
    message = f"line {error.line}: {error}"
    if error.is_limit:
        return TooLarge(message)
    return Finding(RULE, "error", "", message).as_error()


def _at_most(findings: list[Finding]) -> list[Finding]:
    if len(findings) <= MAX_FINDINGS:
        return findings
    more = f"{len(findings) - MAX_FINDINGS} further findings of this kind are not listed"
    return [*findings[:MAX_FINDINGS], Finding(RULE, "note", "", more)]


class _RecordReader:
    """Turns one record into triples. `first` is the number of its first feature: they are counted through the file."""

    def __init__(self, design: Design, record: Record, name: str, first: int) -> None:
        self._design = design
        self._record = record
        self._name = name
        self._first = first
        self._findings: list[Finding] = []
        self._length = 0
        self._parts = 0

    def read(self) -> list[Finding]:
        record = self._record
        if record.skipped:
            self._warn(record.line, f"what stands before the record, {record.skipped!r}, is left out")
        self._check_sequence()
        accession = self._header("ACCESSION")
        definition = self._definition(accession)
        self._say_header(definition, accession)
        if record.sequence:
            self._say_sequence(definition)
        for number, feature in enumerate(record.features, self._first):
            try:
                self._say_feature(definition, feature, number)
            except LocationError as error:
                message = f"the location {_short(feature.location)} of {feature.key} is wrong: {error}"
                raise BadLine(feature.line, message, is_limit=error.is_limit) from error
        return self._findings

    def _warn(self, line: int, message: str, subject: str = "") -> None:
        self._findings.append(Finding(RULE, "warning", subject, f"line {line}: {message}"))

    def _header(self, keyword: str) -> str:
        return next((field.text for field in self._record.header if field.keyword == keyword), "")

    # --- sequence -----------------------------------------------------------------------------------------

    def _check_sequence(self) -> None:
        record, locus = self._record, self._record.locus
        if not record.sequence:
            if any(feature.key != "source" for feature in record.features):
                where = "it is to be assembled from other records (CONTIG)" if self._header("CONTIG") else "no ORIGIN"
                raise BadLine(record.line, f"the record has features and no sequence ({where}): add the sequence")
            if not record.is_closed:
                raise BadLine(record.line, "the record is cut short: it has neither a sequence nor a line //")
            self._warn(record.line, "the record has no sequence")
            self._length = locus.length or 0
            return
        self._length = len(record.sequence)
        wrong = (_NOT_PROTEIN if locus.unit == "aa" else _NOT_NUCLEIC).search(record.sequence)
        if wrong:
            kind = "amino acid" if locus.unit == "aa" else "nucleotide"
            message = f"{wrong[0]!r} in the sequence is no IUPAC {kind} code"
            raise BadLine(record.sequence_line + self._line_of(wrong[0]), message)
        if not record.is_closed:
            if locus.length != self._length:
                said = f"LOCUS says {locus.length}" if locus.length is not None else "LOCUS says no length"
                message = (
                    f"the record is cut short: it has no line //, its sequence has {self._length} symbols and {said}"
                )
                raise BadLine(record.line, message)
            self._warn(record.line, "the line // at the end of the record is missing; its sequence is complete")
        elif locus.length is not None and locus.length != self._length:
            self._warn(record.line, f"LOCUS says {locus.length} symbols, the sequence has {self._length}")

    def _line_of(self, symbol: str) -> int:
        lines = self._record.sequence_lines
        return next((n for n, line in enumerate(lines) if symbol in line), 0)

    def _say_sequence(self, definition: Made) -> None:
        design = self._design
        sequence = design.top_level(f"{definition.display_id}_seq", SBOL2.Sequence, definition.version)
        is_protein = self._record.locus.unit == "aa"
        design.say_text(sequence, SBOL2.elements, self._record.sequence or "")
        design.say_iri(sequence, SBOL2.encoding, ENCODING.AMINO_ACID if is_protein else ENCODING.NUCLEIC_ACID)
        design.say_iri(definition, SBOL2.sequence, sequence.iri)

    # --- header -------------------------------------------------------------------------------------------

    def _definition(self, accession: str) -> Made:
        """Make the ComponentDefinition: its name is the accession, else that of LOCUS, else the file's."""
        record = self._record
        first = accession.split(None, 1)[0] if accession else ""
        wanted = first if len(first) > 1 else record.locus.name
        if not display_id_from(wanted).strip("_"):
            wanted = self._name.rpartition("/")[2].partition(".")[0] or "record"
        version = self._version(first)
        definition = self._design.top_level(wanted, SBOL2.ComponentDefinition, version)
        if definition.display_id != display_id_from(wanted):
            message = f"another record of the file is called {wanted!r}; this one becomes {definition.display_id!r}"
            self._findings.append(Finding(RULE, "note", definition.iri, f"line {record.line}: {message}"))
        said = self._header("VERSION").partition(" ")[0]
        if said not in ("", ".", f"{definition.display_id}.{version}", definition.display_id):
            self._design.say_text(definition, GENBANK.version, said)
        if accession not in ("", ".", definition.display_id, f"{definition.display_id} {_region(accession)}"):
            self._design.say_text(definition, GENBANK.accession, accession)
        return definition

    def _version(self, accession: str) -> str:
        """Return what stands behind the accession in VERSION, or behind its last dot, if that can be a version."""
        said = self._header("VERSION").partition(" ")[0]
        begins = bool(accession) and said.startswith(f"{accession}.")
        if said and accession and not begins and said != accession:
            self._warn(self._record.line, f"VERSION {said!r} is not of ACCESSION {accession!r}")
        version = said[len(accession) + 1 :] if begins else said.rpartition(".")[2] if "." in said else ""
        return version if is_version(version) else _DEFAULT_VERSION

    def _say_header(self, definition: Made, accession: str) -> None:
        design, record, locus = self._design, self._record, self._record.locus
        is_protein = locus.unit == "aa"
        kind = BIOPAX.RnaRegion if "rna" in locus.molecule.lower() else BIOPAX.DnaRegion
        design.say_iri(definition, SBOL2.type, BIOPAX.Protein if is_protein else kind)
        if not is_protein:
            design.say_iri(definition, SBOL2.type, SO.circular if locus.is_circular else SO.linear)
            design.say_iri(definition, SBOL2.role, self._role())
        for term, text in (
            (DCTERMS.description, " ".join(f.text for f in record.header if f.keyword == "DEFINITION" and f.text)),
            (GENBANK.locus, locus.name),
            (GENBANK.molecule, locus.molecule),
            (GENBANK.division, locus.division),
            (GENBANK.date, locus.date),
            (GENBANK.locusRest, locus.rest),
            (GENBANK.GInumber, _second_word(self._header("VERSION"))),
            (GENBANK.region, _region(accession).removeprefix("REGION:").strip()),
            (GENBANK.comment, "\n ".join(f.text for f in record.header if f.keyword == "COMMENT" and f.text)),
        ):
            if text:
                design.say_text(definition, term, text)
        references = 0
        for field in record.header:
            if field.keyword == "REFERENCE":
                self._say_reference(definition, field, references)
                references += 1
            else:
                self._say_fields(definition, field)

    def _role(self) -> Iri:
        """Return the role of the whole, which is that of its feature if it has a single one."""
        features = self._record.features
        return (role_of(features[0].key) or SO.sequence_feature) if len(features) == 1 else SO.engineered_region

    def _say_fields(self, definition: Made, field: Field) -> None:
        """Say a field that is nothing but text, and those below it."""
        if field.keyword not in _TOLD:
            self._design.say_text(definition, _header_term(field.keyword), field.text)
        for part in field.parts:
            self._say_fields(definition, part)

    def _say_reference(self, definition: Made, field: Field, number: int) -> None:
        design = self._design
        iri = Iri(f"{definition.persistent_identity}/reference{number}")
        node = Made(iri_term(iri), iri, "", "")
        design.say(definition, GENBANK.reference, node.term)
        design.say_iri(node, RDF.type, GENBANK.Reference)
        if field.text:
            design.say_text(node, GENBANK.label, field.text)
        for part in field.parts:
            design.say_text(node, Iri(GENBANK.NS + _name(part.keyword.lower())), part.text)
            if part.keyword == "PUBMED":
                design.say_text(definition, OBO.OBI_0001617, part.text)

    # --- features -----------------------------------------------------------------------------------------

    def _say_feature(self, definition: Made, feature: Feature, number: int) -> None:
        design = self._design
        location = parse_location(feature.location)
        self._parts += len(location.spans)
        if self._parts > MAX_PARTS:
            raise LocationError(f"with it the record has more than {MAX_PARTS} parts of locations", is_limit=True)
        spans, straddles = self._placed(location)
        annotation = design.child(definition, f"annotation{number}", SBOL2.SequenceAnnotation, SBOL2.sequenceAnnotation)
        role = role_of(feature.key)
        design.say_iri(annotation, SBOL2.role, role or SO.sequence_feature)
        said = {GBCONV.location: "" if location.is_exact else feature.location}
        said[GBCONV.featureType] = "" if KEYS.get(TERMS.get(feature.key, "")) == feature.key else feature.key
        said[GBCONV.multiRangeType] = location.operator
        said[GBCONV.stradlesOrigin] = "true" if straddles and len(location.spans) == 1 else ""
        for term, text in said.items():
            if text:
                design.say_text(annotation, term, text)
        design.say_text(annotation, DCTERMS.title, _title(feature))
        for tag, value in feature.qualifiers:
            name = _name(tag)
            if name in _RESERVED:
                if value == said[Iri(GBCONV.NS + name)]:
                    continue
                name += "_"
            design.say_text(annotation, Iri(GBCONV.NS + name), value)
        is_numbered = bool(location.operator) or not location.is_exact
        self._say_spans(annotation, spans, is_numbered, straddles)

    def _placed(self, location: Location) -> tuple[list[Span], bool]:
        """Return the spans within the sequence, one over the origin of a circular one as two, and whether one was."""
        placed: list[Span] = []
        straddles = False
        for span in location.spans:
            for position in {span.start, span.end}:
                if not 1 <= position <= self._length:
                    raise LocationError(f"{position} is outside the sequence, which has {self._length} symbols")
            if span.start <= span.end or (span.kind == "cut" and (span.start, span.end) == (self._length, 1)):
                if span.start > span.end and not self._record.locus.is_circular:
                    raise LocationError(f"{span.start}^{span.end} is not between two symbols of a linear sequence")
                placed.append(span)
                continue
            if span.kind != "range" or not self._record.locus.is_circular:
                raise LocationError(f"it runs from {span.start} to {span.end}, over the origin of a linear sequence")
            straddles = True
            halves = [replace(span, end=self._length, after=False), replace(span, start=1, before=False)]
            placed += reversed(halves) if span.is_reverse else halves
        return placed, straddles

    def _say_spans(self, annotation: Made, spans: Sequence[Span], is_numbered: bool, straddles: bool) -> None:
        """Say where the feature is. Ranges are numbered as written; `position` says their order along the feature."""
        design = self._design
        if not spans:
            generic = design.child(annotation, "location", SBOL2.GenericLocation, SBOL2.location)
            design.say_iri(generic, SBOL2.orientation, SBOL2.inline)
        names = _range_numbers(spans, straddles)
        for position, span in enumerate(spans):
            is_cut = span.kind == "cut"
            name = "cut" if is_cut else "range"
            if is_numbered or straddles:
                name += str(names[position])
            kind = SBOL2.Cut if is_cut else SBOL2.Range
            place = design.child(annotation, name, kind, SBOL2.location)
            if is_numbered:
                design.say_text(place, GBCONV.position, f"position{position}")
            if is_cut:
                design.say_text(place, SBOL2.at, str(span.start))
            else:
                design.say_text(place, SBOL2.start, str(span.start))
                design.say_text(place, SBOL2.end, str(span.end))
            for term, holds in (
                (GBCONV.startLessThan, span.before),
                (GBCONV.endGreaterThan, span.after),
                (GBCONV.singleBaseRange, span.kind == "within"),
            ):
                if holds:
                    design.say_text(place, term, "true")
            strand = SBOL2.reverseComplement if span.is_reverse else SBOL2.inline
            design.say_iri(place, SBOL2.orientation, strand)


def _range_numbers(spans: Sequence[Span], straddles: bool) -> list[int]:
    """Return the number of each span in the order of writing; the two halves over the origin follow each other."""
    order = sorted(range(len(spans)), key=lambda n: (spans[n].index, -spans[n].start if straddles else 0))
    numbers = [0] * len(spans)
    for number, position in enumerate(order):
        numbers[position] = number
    return numbers


def _title(feature: Feature) -> str:
    """Return the value of the qualifier that names a feature best, the last of several, else its key."""
    found = {tag.lower(): value for tag, value in feature.qualifiers if value}
    return next((found[tag] for tag in _TITLES if tag in found), feature.key)


def _name(tag: str) -> str:
    """Return the name of an annotation: what RDF/XML can write as the name of an element."""
    name = _NOT_IN_NAME.sub("_", tag)
    return name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"


def _header_term(keyword: str) -> Iri:
    name = "baseCount" if keyword == "BASE COUNT" else _name(keyword.lower())
    return Iri(GENBANK.NS + (f"{name}_" if name in _MEANT - {"baseCount"} else name))


def _region(accession: str) -> str:
    """Return the `REGION: 5..9` of an ACCESSION line, '' without one."""
    at = accession.find("REGION:")
    return accession[at:] if at >= 0 else ""


def _second_word(text: str) -> str:
    words = text.split()
    return words[1] if len(words) > 1 else ""


def _short(location: str) -> str:
    return repr(location if len(location) <= 60 else f"{location[:57]}...")
