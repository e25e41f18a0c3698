"""SBOL 2 as GenBank records: one for each design with a sequence, its parts flattened into features.

What the format cannot carry is said in COMMENT lines that begin with `synhub:`; header lines and qualifiers that came
from a GenBank file are written as they were. There is no clock here: a design without genbank:date, dcterms:modified
and dcterms:created is dated 01-JAN-1980, as other tools do where they know no date.

Source: GenBank Flat File Release notes, section 3.4; The DDBJ/ENA/GenBank Feature Table Definition, section 3.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from synhub.errors import Unwritable
from synhub.formats.genbank.feature_keys import role_of
from synhub.formats.genbank.lines import feature_lines, header_line, one_line, organism_lines, sequence_lines
from synhub.formats.genbank.parts import Flattener, OutFeature
from synhub.formats.group import Group, is_a
from synhub.formats.source import Source, not_at_hand
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, is_iri
from synhub.sbol.ontology import accession_of, ontology
from synhub.vocab import BIOPAX, DCTERMS, ENCODING, GBCONV, GENBANK, OBO, PROV, RDF, SBH, SBOL2, SO

MAX_COMMENTS = 100  # generated ones, of one record
NO_DATE = "01-JAN-1980"

_LEFT_OUT = "left out: "

_BASES_AT_ONCE = 60 * 2_000
_LOCUS_NAME = 15  # longer displayIds are cut, as libSBOLj does; ACCESSION has the whole

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_KEYWORD = re.compile(r"[A-Z][A-Z0-9_]{1,10}\Z")
_NUMBER = re.compile(r"[0-9]+")

_TYPE = iri_term(RDF.type)
_TOP_CLASSES = frozenset(map(iri_term, (SBOL2.ComponentDefinition, SBOL2.Sequence, SBOL2.Collection)))
_MOLECULES = {
    BIOPAX.Dna: "DNA",
    BIOPAX.DnaRegion: "DNA",
    BIOPAX.Rna: "RNA",
    BIOPAX.RnaRegion: "RNA",
    BIOPAX.Protein: "aa",
}
_UNITS = {ENCODING.NUCLEIC_ACID: "bp", ENCODING.AMINO_ACID: "aa"}

# Header annotations with a line of their own in the code below, or none at all.
_WRITTEN = frozenset(
    {
        *(GENBANK.locus, GENBANK.molecule, GENBANK.division, GENBANK.date, GENBANK.region, GENBANK.GInumber),
        *(GENBANK.comment, GENBANK.reference, GENBANK.baseCount),
        *(GENBANK.NS + name for name in ("locusRest", "version", "accession", "keywords", "source", "organism")),
    }
)
_FIRST_FIELDS = ("dblink", "dbsource", "project", "segment")
_REFERENCE_FIELDS = ("authors", "consrtm", "title", "journal", "medline", "pubmed", "remark")
# Namespaces whose annotations a record has lines for, or that the server adds.
_KNOWN = (GENBANK.NS, GBCONV.NS, SBOL2.NS, DCTERMS.NS, RDF.NS, SBH.NS, OBO.NS)


@dataclass
class _Record:
    """One record without its comments: they may still come, until the next record is there."""

    head: str
    features: list[OutFeature]
    elements: str
    tail: str = ""
    own_comments: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    def chunks(self) -> Iterator[bytes]:
        ours = [f"synhub: {comment}" for comment in dict.fromkeys(self.comments)]
        if len(ours) > MAX_COMMENTS:
            ours[MAX_COMMENTS:] = [f"synhub: and {len(ours) - MAX_COMMENTS} further remarks"]
        # A design that came from a file written here has some of them already.
        comments = [*self.own_comments, *(comment for comment in ours if comment not in self.own_comments)]
        lines = [self.head, *(header_line("COMMENT", comment) for comment in comments)]
        lines.append("FEATURES             Location/Qualifiers\n")
        yield "".join(lines).encode()
        for start in range(0, len(self.features), 1_000):
            yield "".join(map(feature_lines, self.features[start : start + 1_000])).encode()
        yield f"{self.tail}ORIGIN\n".encode() if "ORIGIN" not in self.tail else self.tail.encode()
        for start in range(0, len(self.elements), _BASES_AT_ONCE):
            yield sequence_lines(self.elements[start : start + _BASES_AT_ONCE], start).encode()
        yield b"//\n"


def write_genbank(source: Source) -> Iterator[bytes]:
    """Write a record for the ComponentDefinition or the Sequence asked for; of a collection for every such member.

    Of any other object, for the ComponentDefinitions that travel with it and are parts of no other. A member without a
    record is named in the record before. Raises Unwritable, before the first byte, when there is no record at all.
    """
    waiting: _Record | None = None
    refusals: list[str] = []
    for made in _records(source):
        if isinstance(made, str):
            (refusals if waiting is None else waiting.comments).append(f"{_LEFT_OUT}{made}")
            continue
        if waiting is not None:
            yield from waiting.chunks()
        else:
            made.comments += refusals
        waiting = made
    if waiting is None:
        raise Unwritable(_without_record(source, [reason.removeprefix(_LEFT_OUT) for reason in refusals]))
    yield from waiting.chunks()


def _without_record(source: Source, refusals: list[str]) -> str:
    root = source.roots[0]
    if not source.is_collection:
        return refusals[0] if refusals else f"{root} has no sequence."
    first = f" The first of {len(refusals)}: {refusals[0]}" if refusals else ""
    return f"{root} has no member that GenBank has a record for.{first}"


# --- which objects ----------------------------------------------------------------------------------------


def _records(source: Source) -> Iterator[_Record | str]:
    """Yield records, and the reasons why others cannot be written."""
    roots = frozenset(map(iri_term, source.roots))
    if source.is_collection:
        yield from _members(source, roots)
        return
    for root in _groups(source, roots):
        if is_a(root, root.main, SBOL2.ComponentDefinition) or is_a(root, root.main, SBOL2.Sequence):
            yield _record(source, root)
            return
    for group in _groups(source, _outermost(source)):
        yield _record(source, group)


def _members(source: Source, roots: frozenset[Term]) -> Iterator[_Record | str]:
    """Yield a record for every ComponentDefinition, then for every Sequence that is not one of theirs."""
    sequences: dict[Term, list[Term]] = {}  # as they may be referred to
    used: set[Term] = set()
    for group in _groups(source, roots):
        if is_a(group, group.main, SBOL2.ComponentDefinition):
            used.update(group.values(group.main, SBOL2.sequence))
            yield _record(source, group)
        elif is_a(group, group.main, SBOL2.Sequence):
            sequences[group.main] = [group.main, *group.values(group.main, SBOL2.persistentIdentity)]
        elif group.main != iri_term(source.roots[0]):
            kind = " ".join(_namespace_cut(iri) for iri in group.iris(group.main, RDF.type))
            yield f"{iri_of(group.main)} is of class {kind}, for which GenBank has no record."
    for sequence, names in sequences.items():
        found = Group.find(source, iri_of(sequence)) if used.isdisjoint(names) else None
        if found is not None:
            yield _record(source, found)


def _groups(source: Source, wanted: frozenset[Term]) -> Iterator[Group]:
    """Yield the top levels that are wanted, or own what is wanted."""
    left = set(wanted)
    for triples in source.top_levels():
        mine = next((s for s, _, _ in triples if s in left), None)
        if mine is None:
            continue
        left.difference_update({s for s, _, _ in triples})
        yield Group(triples, mine if source.is_collection else _top(triples, mine))
        if not left:
            return


def _top(triples: list[Triple], subject: Term) -> Term:
    """Return the top level of a group that holds the subject: the subject itself, or what owns it."""
    tops = {s for s, p, o in triples if p == _TYPE and o in _TOP_CLASSES}
    if subject in tops:
        return subject
    owners = {o: s for s, p, o in triples if is_iri(o) and o != s and not p.startswith(f"<{PROV.NS}")}
    seen = {subject}
    while subject not in tops and subject in owners and owners[subject] not in seen:
        subject = owners[subject]
        seen.add(subject)
    return subject


def _outermost(source: Source) -> frozenset[Term]:
    """Return the ComponentDefinitions that no other one has as a part."""
    definitions: set[Term] = set()
    parts: set[Term] = set()
    for triples in source.top_levels():
        mine = {s for s, p, o in triples if p == _TYPE and o == iri_term(SBOL2.ComponentDefinition)}
        if mine:
            definitions |= mine
            parts |= {o for _, p, o in triples if p == iri_term(SBOL2.definition)}
    return frozenset(definitions - parts)


# --- one record -------------------------------------------------------------------------------------------


def _record(source: Source, group: Group) -> _Record | str:
    if is_a(group, group.main, SBOL2.Sequence):
        return _sequence_record(group)
    iri = iri_of(group.main)
    molecule = next((_MOLECULES[t] for t in group.iris(group.main, SBOL2.type) if t in _MOLECULES), "")
    if not molecule:
        return f"ComponentDefinition {iri} is not DNA or RNA type."
    encoding = ENCODING.AMINO_ACID if molecule == "aa" else ENCODING.NUCLEIC_ACID
    sequences = {wanted: Group.find(source, wanted) for wanted in group.iris(group.main, SBOL2.sequence)}
    missing = [not_at_hand(wanted) for wanted, found in sequences.items() if found is None]
    usable = [s for s in sequences.values() if s and encoding in s.iris(s.main, SBOL2.encoding) and _elements(s)]
    if not usable:
        return ". ".join([f"ComponentDefinition {iri} does not have an IUPAC sequence", *missing]) + "."
    elements = _elements(usable[0])
    flattener = Flattener(source, len(elements))
    features = list(flattener.features(group))
    comments = _left_out(group, features) + list(flattener.comments)
    comments += missing
    if len(sequences) > 1:
        comments.append(f"of {len(sequences)} sequences only {usable[0].name(usable[0].main)} is here")
    is_circular = SO.circular in group.iris(group.main, SBOL2.type)
    head = _locus(group, len(elements), molecule, "circular" if is_circular else "linear") + _head(group)
    return _Record(head, features, elements, _tail(group), _own_comments(group), comments)


def _sequence_record(group: Group) -> _Record | str:
    elements = _elements(group)
    unit = next((_UNITS[e] for e in group.iris(group.main, SBOL2.encoding) if e in _UNITS), "")
    if not unit or not elements:
        return f"Sequence {iri_of(group.main)} is not an IUPAC sequence."
    letters = set(elements.upper())
    molecule = "aa" if unit == "aa" else "RNA" if "U" in letters and "T" not in letters else "DNA"
    head = _locus(group, len(elements), molecule, "linear") + _head(group)
    return _Record(head, [], elements, comments=["a sequence, here without a ComponentDefinition"])


def _elements(group: Group) -> str:
    return "".join(group.text(group.main, SBOL2.elements).split())


def _own_comments(group: Group) -> list[str]:
    """Return the comments that came with the design, as lines."""
    texts = [group_text for predicate, group_text in group.literals(group.main) if predicate == GENBANK.comment]
    return [re.sub(r"^ ", "", line) if number else line for text in texts for number, line in _lines(text)]


def _lines(text: str) -> Iterable[tuple[int, str]]:
    return enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def _left_out(group: Group, features: list[OutFeature]) -> list[str]:
    """Say what a record has no line for."""
    main = group.main
    said: list[str] = []
    title = group.text(main, DCTERMS.title)
    description = group.text(main, DCTERMS.description)
    if title and description and title not in (description, group.text(main, SBOL2.displayId)):
        said.append(f"name: {title}")
    implied = {SO.engineered_region} if len(features) != 1 else {role_of(features[0].key), SO.engineered_region}
    roles = [role for role in group.iris(main, SBOL2.role) if role not in implied]
    types = [t for t in group.iris(main, SBOL2.type) if t not in _MOLECULES and t not in (SO.circular, SO.linear)]
    said += [f"role: {_term(role)}" for role in roles] + [f"type: {_term(kind)}" for kind in types]
    placed = {c for a in group.children(main, SBOL2.sequenceAnnotation) for c in group.values(a, SBOL2.component)}
    for component in group.children(main, SBOL2.component):
        if component not in placed:
            definition = " ".join(group.iris(component, SBOL2.definition))
            said.append(f"component {group.name(component)} ({definition}) has no place on the sequence")
    constraints = len(group.values(main, SBOL2.sequenceConstraint))
    if constraints:
        said.append(f"{constraints} sequence constraints are left out")
    foreign = {_namespace(p) for p in group.predicates() if not p.startswith(_KNOWN)}
    said += [f"statements of {namespace} are left out" for namespace in sorted(foreign)]
    return said


def _term(iri: Iri) -> str:
    accession = accession_of(iri)
    name = ontology("so").names.get(accession or "", "")
    return f"{accession} ({name})" if name else iri


def _namespace_cut(iri: str) -> str:
    return iri.removeprefix(_namespace(iri))


def _namespace(predicate: str) -> str:
    return predicate[: max(predicate.rfind("#"), predicate.rfind("/")) + 1] or predicate


# --- header -----------------------------------------------------------------------------------------------


def _locus(group: Group, length: int, molecule: str, topology: str) -> str:
    main = group.main
    name = _word(group.text(main, GENBANK.locus)) or group.name(main)[:_LOCUS_NAME]
    unit = "aa" if molecule == "aa" else "bp"
    kind = _word(group.text(main, GENBANK.molecule)) or ("" if molecule == "aa" else molecule)
    strands, kind = (kind[:3], kind[3:]) if kind[:3].lower() in ("ss-", "ds-", "ms-") else ("", kind)
    shape = "" if molecule == "aa" else topology
    division = _word(group.text(main, GENBANK.division))
    words = f"{name:<16} {length:>11} {unit} {strands:<3}{kind:<6}  {shape:<8} {division:<3} {_date(group)}"
    rest = group.text(main, GENBANK.locusRest)
    return f"LOCUS       {words}{' ' if rest else ''}{one_line(rest)}\n"


def _word(text: str) -> str:
    return "_".join(text.split())


def _date(group: Group) -> str:
    kept = _word(group.text(group.main, GENBANK.date))
    if kept:
        return kept.upper().rjust(len(NO_DATE))  # other tools refuse 20-May-2026, which libSBOLj writes
    for predicate in (DCTERMS.modified, DCTERMS.created):
        day = _DAY.match(group.text(group.main, predicate))
        if day and 1 <= int(day[2]) <= 12:
            return f"{day[3]}-{_MONTHS[int(day[2]) - 1]}-{day[1]}"
    return NO_DATE


def _head(group: Group) -> str:
    main = group.main
    display_id = group.name(main)
    description = group.text(main, DCTERMS.description) or group.text(main, DCTERMS.title)
    lines = [header_line("DEFINITION", description)] if description else []
    region = group.text(main, GENBANK.region)
    accession = group.text(main, GENBANK.accession)
    lines.append(header_line("ACCESSION", _accession(display_id, accession, region)))
    version = group.text(main, SBOL2.version)
    if version:
        number = group.text(main, GENBANK.GInumber)
        lines.append(header_line("VERSION", f"{display_id}.{version}" + (f"  {number}" if number else "")))
    fields = [(p.removeprefix(GENBANK.NS), value) for p, value in group.literals(main) if _is_field(p)]
    lines += [header_line(name.upper(), value) for name, value in fields if name in _FIRST_FIELDS]
    for name in ("keywords", "source", "organism"):
        values = [value for p, value in group.literals(main) if p == GENBANK.NS + name]
        lines += [organism_lines(value) if name == "organism" else header_line(name.upper(), value) for value in values]
    lines += [_reference(group, node) for node in _references(group)]
    lines += [header_line(name.upper(), value) for name, value in fields if name not in (*_FIRST_FIELDS, "origin")]
    return "".join(lines)


def _accession(display_id: str, accession: str, region: str) -> str:
    """Return the line that came with the design, if it still names it."""
    words = accession.split()
    if words and words[0] == display_id:
        return accession
    return f"{display_id} REGION: {region}" if region else display_id


def _is_field(predicate: str) -> bool:
    name = predicate.removeprefix(GENBANK.NS)
    return name != predicate and predicate not in _WRITTEN and _KEYWORD.match(name.upper()) is not None


def _tail(group: Group) -> str:
    """Return the lines between features and sequence."""
    count = group.text(group.main, GENBANK.baseCount)
    origin = one_line(group.text(group.main, GENBANK.origin))
    return (header_line("BASE COUNT", count) if count else "") + (f"ORIGIN      {origin}\n" if origin else "")


def _references(group: Group) -> list[Term]:
    def key(node: Term) -> tuple[int, str]:
        number = _NUMBER.match(group.text(node, GENBANK.label)) or _NUMBER.search(node.rpartition("reference")[2])
        return int(number[0][:9]) if number else 0, node

    return sorted(group.values(group.main, GENBANK.reference), key=key)


def _reference(group: Group, node: Term) -> str:
    said = [(p.removeprefix(GENBANK.NS), value) for p, value in group.literals(node) if p.startswith(GENBANK.NS)]
    order = {name: number for number, name in enumerate(_REFERENCE_FIELDS)}
    said.sort(key=lambda field: (order.get(field[0], len(order)), field))
    lines = [header_line("REFERENCE", next((value for name, value in said if name == "label"), ""))]
    for name, value in said:
        if name != "label" and _KEYWORD.match(name.upper()):
            lines.append(header_line(f"  {' ' * (name in ('medline', 'pubmed'))}{name.upper()}", value))
    return "".join(lines)
