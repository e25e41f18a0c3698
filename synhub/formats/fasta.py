"""FASTA: sequences with a line of text each, in and out.

Reading makes a ComponentDefinition and its Sequence of every record, writing keeps names and elements only. Which
molecule a record is, the file does not say: the ending of its name does, or else its letters.

Source: W. R. Pearson, the FASTA package, section 'Sequence file formats' (`>` and `;` lines); NC-IUB 1984 and IUPAC-IUB
1983 for the letters.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from synhub.errors import InvalidDesign, TooLarge, Unwritable
from synhub.formats.designs import Design, Made
from synhub.formats.reading import Options, Reading
from synhub.formats.source import Source, not_at_hand
from synhub.formats.text import decode_text
from synhub.identity import display_id_from
from synhub.model import Finding
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, is_iri, text_of
from synhub.vocab import BIOPAX, DCTERMS, ENCODING, RDF, RDFS, SBOL2, SO

MAX_RECORDS = 100_000
MAX_HEADER = 100_000  # characters
COLUMNS = 70

_RULE = "synhub-fasta"
_SEQ = "_seq"

_NUCLEOTIDES = "ACGTURYSWKMBDHVN.-"
_AMINO_ACIDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ*-"
_PLAIN = "ACGTUN"  # nine letters of ten are these, or it is a peptide of letters that happen to be nucleotides, too
MOLECULES = {
    "DNA": (BIOPAX.DnaRegion, ENCODING.NUCLEIC_ACID, _NUCLEOTIDES),
    "RNA": (BIOPAX.RnaRegion, ENCODING.NUCLEIC_ACID, _NUCLEOTIDES),
    "protein": (BIOPAX.Protein, ENCODING.AMINO_ACID, _AMINO_ACIDS),
}
_ENDINGS = {"faa": "protein", "fna": "DNA", "ffn": "DNA", "frn": "RNA"}
_UNITS = {iri_term(ENCODING.NUCLEIC_ACID): "bp", iri_term(ENCODING.AMINO_ACID): "aa"}

_MARKED = re.compile(r"^[^\S\n]*>", re.MULTILINE)
_BLANKS = re.compile(r"\s+")
_NAMED = re.compile(r"(\S+?)\s*:(?:\s+(.*))?\Z")  # `id : text`, as the reference library writes
_MEASURED = re.compile(r"(.*?)(?: sequence [0-9]+)? \(([0-9]+) (?:bp|aa|undefined)\)\Z")  # `NAME (LEN bp)`, as we do


@dataclass(slots=True)
class Record:
    """`header` stands in line `line` (from 1); `lines` are (number, text) of what follows, `elements` their letters."""

    header: str
    line: int
    lines: list[tuple[int, str]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    elements: str = ""


def read_fasta(data: bytes, options: Options) -> Reading:
    """Make a ComponentDefinition and its Sequence `<id>_seq` of every record, or with `sequence_only` a Sequence.

    A header is `id : text`, `name (LENGTH bp)` or `id text`; an id or name that cannot be a displayId is the title. A
    record `x_seq` is the Sequence of a ComponentDefinition `x`. Raises InvalidDesign for records without sequence and
    letters that no sequence has, by line and column; TooLarge for more than MAX_RECORDS records or a header of
    more than MAX_HEADER characters.
    """
    text, findings = decode_text(data, options)
    design = Design(options.namespace)
    molecule = _ENDINGS.get(options.name.rpartition(".")[2].lower())
    molecules: dict[str, None] = {}
    for record in split_records(text):
        kind = molecule or guess_molecule(record.elements)
        molecules[kind] = None
        check_letters(record, kind)
        _add(design, record, kind, options.sequence_only, findings)
    return Reading(f"FASTA ({', '.join(molecules)})", design.triples, findings)


def split_records(text: str, first_line: int = 1) -> Iterator[Record]:
    """Split a file, or the end of one that begins in `first_line`.

    `;` begins a comment where `>` begins records; in a file without any `>`, it begins them. Raises InvalidDesign,
    TooLarge.
    """
    mark = ">" if _MARKED.search(text) else ";"
    if excess := next(islice(_MARKED.finditer(text), MAX_RECORDS, None), None):  # before the work for those before it
        raise _too_many(first_line + text.count("\n", 0, excess.start()))
    record: Record | None = None
    count = 0
    for number, line in enumerate(text.split("\n"), start=first_line):
        stripped = line.strip()
        if stripped[:1] == mark and not (mark == ";" and record is not None and not record.lines):
            if record is not None:
                yield _complete(record)
            count += 1
            if count > MAX_RECORDS:
                raise _too_many(number)
            if len(stripped) > MAX_HEADER:
                raise TooLarge(f"line {number}: a header of more than {MAX_HEADER} characters; shorten it")
            record = Record(stripped[1:].strip(), number)
        elif stripped[:1] == ";":
            if record is not None:
                record.comments.append(stripped[1:].strip())
        elif stripped:
            if record is None:
                raise _invalid(f"line {number}: a sequence without a header; write a line '>name' above it")
            record.lines.append((number, line))
    if record is None:
        raise _invalid("there is no record in this FASTA file; a record begins with a line '>name'")
    yield _complete(record)


def _too_many(line: int) -> TooLarge:
    return TooLarge(f"line {line}: more than {MAX_RECORDS} records in one FASTA file; split it")


def _complete(record: Record) -> Record:
    if not record.lines:
        raise _invalid(f"line {record.line}: the record {record.header!r} has no sequence; add it or remove the header")
    record.elements = _BLANKS.sub("", "".join(text for _, text in record.lines))
    return record


def guess_molecule(elements: str) -> str:
    """Return the molecule that letters look like; anything odd is checked as a protein, which allows most."""
    if not _consists_of(elements, _NUCLEOTIDES):
        return "protein"
    letters = elements.upper()
    if "U" in letters and "T" not in letters:
        return "RNA"
    gaps = letters.count("-") + letters.count(".")
    return "DNA" if sum(letters.count(c) for c in _PLAIN) >= 0.9 * (len(letters) - gaps) else "protein"


def _consists_of(elements: str, letters: str) -> bool:
    """Tell whether there are no other letters, large or small. As bytes, a genome takes no time."""
    both = (letters + letters.lower()).encode("ascii")
    return elements.isascii() and not elements.encode("ascii").translate(None, both)


def check_letters(record: Record, kind: str) -> None:
    """Raise InvalidDesign for the first letter that the molecule cannot have."""
    allowed = MOLECULES[kind][2]
    if _consists_of(record.elements, allowed):
        return
    for number, line in record.lines:
        for column, letter in enumerate(line, start=1):
            if not letter.isspace() and letter.upper() not in allowed:
                hint = "; is this an HTML page?" if letter == "<" else ""
                raise _invalid(
                    f"line {number}, column {column}: {letter!r} is no letter of a {kind} sequence "
                    f"(record {record.header!r}){hint}"
                )


def _add(design: Design, record: Record, kind: str, sequence_only: bool, findings: list[Finding]) -> None:
    name, text = _name_and_text(record)
    wanted = name or f"record{record.line}"
    region, encoding, _ = MOLECULES[kind]
    if sequence_only:
        named = sequence = design.top_level(wanted, SBOL2.Sequence)
    else:
        wanted = wanted.removesuffix(_SEQ) or wanted
        named = design.top_level(wanted, SBOL2.ComponentDefinition)
        sequence = design.top_level(named.display_id + _SEQ, SBOL2.Sequence)
        design.say_iri(named, SBOL2.type, region)
        if kind != "protein":  # sbol-10527 asks for a role, and more than this the file does not say
            design.say_iri(named, SBOL2.role, SO.sequence_feature)
        design.say_iri(named, SBOL2.sequence, sequence.iri)
    if named.display_id != wanted:
        design.say_text(named, DCTERMS.title, name or named.display_id)
    if text:
        design.say_text(named, DCTERMS.description, text)
    for comment in filter(None, record.comments):
        design.say_text(named, RDFS.comment, comment)
    design.say_text(sequence, SBOL2.elements, record.elements)
    design.say_iri(sequence, SBOL2.encoding, encoding)
    _say_renamed(record, named, wanted, findings)


def _say_renamed(record: Record, named: Made, wanted: str, findings: list[Finding]) -> None:
    if named.display_id != (display_id_from(wanted) or named.display_id):
        message = f"line {record.line}: another record is called {wanted!r}: this one became {named.display_id}"
        findings.append(Finding(_RULE, "note", named.iri, message))


def _name_and_text(record: Record) -> tuple[str, str]:
    """Split the header into what it calls the record and what else it says."""
    header = record.header
    measured = _MEASURED.match(header)
    if measured and measured[2] == str(len(record.elements)):
        header = measured[1].strip()
    named = _NAMED.match(header)
    if named:
        return named[1], (named[2] or "").strip()
    if measured and header != record.header:
        return header, ""
    name, _, text = header.partition(" ") if " " in header else (header, "", "")
    return name, text.strip()


def _invalid(message: str) -> InvalidDesign:
    return Finding(_RULE, "error", "", message).as_error()


_Properties = dict[Term, list[Term]]

_TYPE = iri_term(RDF.type)
_CLASSES = {iri_term(kind): kind for kind in (SBOL2.Sequence, SBOL2.ComponentDefinition, SBOL2.Collection)}


def write_fasta(source: Source) -> Iterator[bytes]:
    """Write one record per sequence, joined by LF, without one at the end.

    A ComponentDefinition's are called `NAME sequence N (LENGTH bp)`, a Sequence `NAME (LENGTH bp)`, NAME being title or
    displayId. A collection's, those of its members' members too, are called `displayId : title (LENGTH bp)`, which
    tells them apart. Raises Unwritable for an object of any other class, and where there is no sequence at all.
    """
    between = ""
    for header, elements in _records_to_write(source):
        lines = [f">{header}", *(elements[i : i + COLUMNS] for i in range(0, len(elements), COLUMNS))]
        yield (between + "\n".join(lines)).encode()
        between = "\n"
    if not between:
        raise Unwritable(_without_sequence(source))


def _without_sequence(source: Source) -> str:
    root = source.roots[0]
    kind, said = _find_root(source)
    if kind == SBOL2.Collection:
        return f"{root} has no member with a sequence."
    if kind == SBOL2.Sequence:
        return f"{root} has no elements."
    missing = [not_at_hand(iri) for iri in _references(said) if source.find(iri) is None]
    return ". ".join([f"{root} has no sequence", *missing]) + "."


def _records_to_write(source: Source) -> Iterator[tuple[str, str]]:
    root = source.roots[0]
    kind, said = _find_root(source)
    if kind == SBOL2.Collection:
        yield from _collection_records(source)
    elif kind == SBOL2.Sequence:
        yield from _record(_name(said), said)
    elif kind == SBOL2.ComponentDefinition:
        for number, iri in enumerate(_references(said), start=1):
            _, _, sequence = _top_level(source.find(iri) or [])
            yield from _record(f"{_name(said)} sequence {number}", sequence)
    else:
        raise Unwritable(f"{root} is a {kind} FASTA conversion not supported for this type.")


def _collection_records(source: Source) -> Iterator[tuple[str, str]]:
    """Yield every sequence of the collection once. Only of what is no direct member, it remembers what it has seen."""
    direct = frozenset(source.roots)
    seen: set[Iri] = set()
    for group in source.top_levels():
        iri, kind, said = _top_level(group)
        if iri not in direct:
            continue
        waiting = [] if iri == source.roots[0] and len(direct) > 1 else _references(said)[::-1]
        if kind == SBOL2.Sequence:
            yield from _record(_line(said), said)
        while waiting:
            reference = waiting.pop()
            if reference in direct or reference in seen:
                continue
            iri, kind, said = _top_level(source.find(reference) or [])
            if kind == SBOL2.Sequence and iri not in direct and iri not in seen:
                yield from _record(_line(said), said)
            elif iri not in seen:
                waiting += _references(said)[::-1]
            seen |= {reference, iri}


def _find_root(source: Source) -> tuple[str, _Properties]:
    """Return the class and the properties of what was asked for, which may be a child."""
    root = iri_term(source.roots[0])
    said: _Properties = {}
    for group in source.top_levels():
        for s, p, o in group:
            if s == root:
                said.setdefault(p, []).append(o)
        break
    types = said.get(_TYPE, [])
    known = [_CLASSES[t] for t in types if t in _CLASSES]
    return (known[0] if known else text_of(min(types, default=Term("thing without a type")))), said


def _top_level(triples: list[Triple]) -> tuple[Iri, str, _Properties]:
    """Return IRI, class and properties of the one Sequence, ComponentDefinition or Collection; '' for none."""
    for subject, predicate, value in triples:
        if predicate == _TYPE and value in _CLASSES and is_iri(subject):
            said: _Properties = {}
            for s, p, o in triples:
                if s == subject:
                    said.setdefault(p, []).append(o)
            return iri_of(subject), _CLASSES[value], said
    return Iri(""), "", {}


def _references(said: _Properties) -> list[Iri]:
    """Return the Sequences of a ComponentDefinition, or the members of a collection."""
    values = (v for p in (SBOL2.sequence, SBOL2.member) for v in said.get(iri_term(p), ()) if is_iri(v))
    return sorted(iri_of(v) for v in values)


def _record(header: str, said: _Properties) -> Iterator[tuple[str, str]]:
    """Yield the record of a Sequence; none when it is not there, or empty."""
    elements = _BLANKS.sub("", _text(said, SBOL2.elements))
    if elements:
        unit = _UNITS.get(min(said.get(iri_term(SBOL2.encoding), ()), default=Term("")), "undefined")
        yield f"{_BLANKS.sub(' ', header).strip()} ({len(elements)} {unit})", elements


def _name(said: _Properties) -> str:
    return _text(said, DCTERMS.title) or _text(said, SBOL2.displayId)


def _line(said: _Properties) -> str:
    title, display_id = _text(said, DCTERMS.title), _text(said, SBOL2.displayId)
    return f"{display_id} : {title}" if title and title != display_id else display_id


def _text(said: _Properties, predicate: Iri) -> str:
    return text_of(min(said.get(iri_term(predicate), ()), default=Term('""')))
