"""GFF3, in: features on sequences become SequenceAnnotations of ComponentDefinitions.

A sequence (`landmark`) is a ComponentDefinition, a feature, with all the lines of its ID, a SequenceAnnotation of it.
Features stay where they are: `Parent` is kept as a reference, for a feature may have several and SBOL 2 can nest only
whole definitions. What SBOL 2 has no word for is an annotation in the namespace of vocab.GFF3.

Source: Generic Feature Format version 3 (GFF3), Sequence Ontology Project, version 1.26.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from synhub.errors import TooLarge
from synhub.formats.designs import Design, Made
from synhub.formats.fasta import MOLECULES, Record, check_letters, guess_molecule, split_records
from synhub.formats.gff3.lines import NONE, RULE, Line, decode, invalid, parse_line
from synhub.formats.reading import Options, Reading
from synhub.formats.text import decode_text
from synhub.model import Finding
from synhub.rdf import Iri, check_iri
from synhub.sbol.ontology import ontology
from synhub.vocab import DCTERMS, GFF3, SBOL2, SO

MAX_FEATURES = 100_000  # lines of one file
MAX_LINES = 30_000  # about one sequence
MAX_DEPTH = 64  # of parents of parents

_STRANDS = {"+": SBOL2.inline, "-": SBOL2.reverseComplement}
_ACCESSION = re.compile(r"SO:[0-9]{7}\Z")
_NO_ROLES = ("region", "polypeptide")  # of a whole sequence: that it is one, which kind says already
_NAME = re.compile(r"[^A-Za-z0-9_.\-]")  # what an attribute's name cannot bring into an IRI


@dataclass(slots=True)
class _Landmark:
    """What the file says of one sequence; `lines` are (number, line)."""

    region: tuple[int, int] | None = None
    lines: list[tuple[int, Line]] = field(default_factory=list)
    record: Record | None = None

    @property
    def length(self) -> int | None:
        if self.record is not None:
            return len(self.record.elements)
        return self.region[1] if self.region else None


def read_gff3(data: bytes, options: Options) -> Reading:
    """Make a ComponentDefinition of every sequence, its Sequence `<id>_seq` if the file has it, and the features.

    Notes and warnings say what was renamed, unknown or left out. Raises InvalidDesign, with the line, for what is no
    GFF3; TooLarge for more than MAX_FEATURES lines of features, or MAX_LINES of one sequence.
    """
    text, findings = decode_text(data, options)
    landmarks, remarks, directives = _split(text)
    if not landmarks:
        raise invalid(1, "there is neither a feature nor a sequence in this GFF3 file")
    design = Design(options.namespace)
    builder = _Builder(design, findings)
    for seqid, landmark in landmarks.items():
        made = builder.build(seqid, landmark)
        for directive in directives:
            design.say_text(made, Iri(GFF3.NS + "directive"), directive)
    if remarks:
        findings.append(Finding(RULE, "note", "", f"{remarks} lines of comments were left out"))
    return Reading("GFF3", design.triples, findings)


def _split(text: str) -> tuple[dict[str, _Landmark], int, list[str]]:
    """Return what is said of each sequence, the number of comments, and directives that are not about one sequence."""
    landmarks: dict[str, _Landmark] = {}
    directives: list[str] = []
    remarks = features = offset = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith((">", "##FASTA")):
            start = offset + (0 if line.startswith(">") else len(line) + 1)
            _add_sequences(text[start:], number + (0 if line.startswith(">") else 1), landmarks)
            break
        offset += len(line) + 1
        if line.startswith("##gff-version"):
            if not re.match(r"##gff-version\s+3(\.|\s|$)", line):
                raise invalid(number, f"{line.strip()!r}: only version 3 is read")
        elif line.startswith("##sequence-region"):
            _add_region(line, number, landmarks)
        elif line.startswith("##"):
            directives += [line.strip()] if line.strip("# \t") else []
        elif line.startswith("#"):
            remarks += 1
        elif line.strip():
            features += 1
            if features > MAX_FEATURES:
                raise TooLarge(f"line {number}: more than {MAX_FEATURES} features in one GFF3 file; split it")
            parsed = parse_line(line, number)
            lines = landmarks.setdefault(parsed.seqid, _Landmark()).lines
            if len(lines) == MAX_LINES:
                raise TooLarge(f"line {number}: more than {MAX_LINES} features of {parsed.seqid}; leave some out")
            lines.append((number, parsed))
    return landmarks, remarks, directives


def _add_region(line: str, number: int, landmarks: dict[str, _Landmark]) -> None:
    words = line.split()
    if len(words) != 4 or not all(re.fullmatch(r"-?[0-9]{1,10}", word, re.ASCII) for word in words[2:]):
        raise invalid(number, f"{line.strip()!r} is not '##sequence-region name start end'")
    landmarks.setdefault(decode(words[1], number), _Landmark()).region = (int(words[2]), int(words[3]))


def _add_sequences(text: str, first_line: int, landmarks: dict[str, _Landmark]) -> None:
    for record in split_records(text, first_line) if text.strip() else ():
        seqid = decode(record.header.partition(" ")[0], record.line)
        landmark = landmarks.setdefault(seqid, _Landmark())
        if landmark.record is not None:
            raise invalid(record.line, f"the sequence {seqid!r} is there twice, in line {landmark.record.line}, too")
        landmark.record = record


_Group = tuple[int, Made, list[tuple[int, Line]]]  # a feature: number of its first line, what it became, all lines


class _Builder:
    """Makes the objects of one landmark after the other."""

    def __init__(self, design: Design, findings: list[Finding]) -> None:
        self.design = design
        self.findings = findings
        self.unknown: set[str] = set()  # types of which it has been said
        self.described: set[Made] = set()

    def build(self, seqid: str, landmark: _Landmark) -> Made:
        whole = next((line for _, line in landmark.lines if _is_whole(line, seqid, landmark.length)), None)
        made = self.design.top_level(seqid, SBOL2.ComponentDefinition)
        kind = self._molecule(whole, landmark.record)
        region, encoding, _ = MOLECULES[kind]
        self.design.say_iri(made, SBOL2.type, region)
        if made.display_id != seqid:
            self._keep(made, "seqid", seqid)
        self._describe(made, seqid, whole, kind)
        if landmark.record is not None:
            check_letters(landmark.record, kind)
            sequence = self.design.top_level(f"{made.display_id}_seq", SBOL2.Sequence)
            self.design.say(made, SBOL2.sequence, sequence.term)
            self.design.say_text(sequence, SBOL2.elements, landmark.record.elements)
            self.design.say_iri(sequence, SBOL2.encoding, encoding)
        length = landmark.length or (whole.end if whole is not None else None)
        bounds = landmark.region or (1, length or 0)
        ends = [line.end for _, line in landmark.lines if line is not whole]
        inferred = landmark.length if landmark.record is not None else max(ends, default=0)
        if 0 < bounds[0] <= bounds[1] and bounds != (1, inferred):
            self._keep(made, "region", f"{bounds[0]} {bounds[1]}")  # what sequence and features do not say
        circular = length if whole is not None and whole.value("Is_circular") == "true" else None
        self._features(made, seqid, [(n, line) for n, line in landmark.lines if line is not whole], circular)
        return made

    def _molecule(self, whole: Line | None, record: Record | None) -> str:
        named = whole.value("mol_type") if whole is not None else ""
        if named:
            return "RNA" if "RNA" in named else "protein" if "protein" in named else "DNA"
        return guess_molecule(record.elements) if record is not None else "DNA"

    def _describe(self, made: Made, seqid: str, whole: Line | None, kind: str) -> None:
        """Say of the landmark what the line about all of it says."""
        roles: list[Iri] = []
        title = seqid if made.display_id != seqid else ""
        if whole is not None:
            title = whole.value("Name") or title
            roles = [] if whole.type in _NO_ROLES else self._roles(made, whole)
            self._attributes(made, whole, {"ID", "Name", "Is_circular", "mol_type"})
            if whole.value("Is_circular") == "true":
                self.design.say_iri(made, SBOL2.type, SO.circular)
        if title:
            self.design.say_text(made, DCTERMS.title, title)
        if not roles and kind != "protein":
            roles = [SO.sequence_feature]
        for role in roles:
            self.design.say_iri(made, SBOL2.role, role)

    def _features(self, owner: Made, seqid: str, lines: Sequence[tuple[int, Line]], circular: int | None) -> None:
        grouped: dict[object, list[tuple[int, Line]]] = {}
        for number, line in lines:
            identity = line.value("ID")
            grouped.setdefault((identity, line.type) if identity else number, []).append((number, line))
        made: dict[str, Made] = {}
        features: list[_Group] = []
        for group in grouped.values():
            number, first = group[0]
            feature = self._feature(owner, seqid, [line for _, line in group], circular)
            features.append((number, feature, group))
            identity = first.value("ID")
            if identity and made.setdefault(identity, feature) != feature:
                self._note(feature, f"line {number}: the ID {identity!r} is that of a feature of another type, too")
        self._parents(seqid, made, features)

    def _parents(self, seqid: str, made: dict[str, Made], features: list[_Group]) -> None:
        """Keep whose part every feature is. Raises InvalidDesign for unknown parents and circles, TooLarge."""
        above: dict[Made, list[Made]] = {}
        for number, feature, group in features:
            for parent in dict.fromkeys(p for _, line in group for p in line.values("Parent")):
                if parent in made:
                    above.setdefault(feature, []).append(made[parent])
                    self.design.say(feature, Iri(GFF3.NS + "Parent"), made[parent].term)
                elif parent != seqid:
                    raise invalid(number, f"no feature of {seqid} has the ID {parent!r}, which Parent names")
        waiting = {part: len(wholes) for part, wholes in above.items()}
        below: dict[Made, list[Made]] = {}
        for part, wholes in above.items():
            for whole in wholes:
                below.setdefault(whole, []).append(part)
        level = [whole for whole in below if whole not in above]
        for _ in range(MAX_DEPTH):  # each time those all of whose parents have been reached
            reached = [part for whole in level for part in below.get(whole, ())]
            level = []
            for part in reached:
                waiting[part] -= 1
                if not waiting[part]:
                    del waiting[part]
                    level.append(part)
        if waiting:
            number = next(number for number, feature, _ in features if feature in waiting)
            raise invalid(number, f"features are parts of themselves, or of others more than {MAX_DEPTH} levels deep")

    def _feature(self, owner: Made, seqid: str, lines: Sequence[Line], circular: int | None) -> Made:
        first = lines[0]
        identity, title = first.value("ID"), first.value("Name")
        name = identity.removeprefix(f"{seqid}.") or title or f"SequenceAnnotation{first.start}"
        made = self.design.child(owner, name, SBOL2.SequenceAnnotation, SBOL2.sequenceAnnotation)
        if identity not in ("", made.display_id):
            self._keep(made, "ID", identity)
        if title:
            self.design.say_text(made, DCTERMS.title, title)
        for role in self._roles(made, first):
            self.design.say_iri(made, SBOL2.role, role)
        for line in lines:
            self._attributes(made, line, {"ID", "Name", "Parent", "sbol_location"})
        for field_name in ("source", "score", "phase"):
            if (value := getattr(first, field_name)) != NONE:
                self._keep(made, field_name, value)
        spans = [span for line in lines for span in _spans(line, circular)]
        for position, (line, start, end) in enumerate(spans):
            location = self._location(made, position, line, start, end)
            for field_name in ("source", "score", "phase"):
                if (value := getattr(line, field_name)) != getattr(first, field_name):
                    self._keep(location, field_name, value)
        return made

    def _location(self, owner: Made, position: int, line: Line, start: int, end: int) -> Made:
        """Make the Range, or the Cut, that comes at this place (from 0) among those of its feature."""
        cut = line.value("sbol_location") == "Cut" and start == end
        name = "Cut" if cut else "Range"
        location = self.design.child(
            owner, f"{name}{position}" if position else name, SBOL2.Cut if cut else SBOL2.Range, SBOL2.location
        )
        if cut:
            self.design.say_text(location, SBOL2.at, str(start))
        else:
            self.design.say_text(location, SBOL2.start, str(start))
            self.design.say_text(location, SBOL2.end, str(end))
        if line.strand in _STRANDS:
            self.design.say_iri(location, SBOL2.orientation, _STRANDS[line.strand])
        elif line.strand == "?":
            self._keep(location, "strand", "?")
        return location

    def _roles(self, made: Made, line: Line) -> list[Iri]:
        """Return the type and the terms that attributes name; a type that the Sequence Ontology lacks is kept."""
        terms = ontology("so")
        accession = line.type if line.type in terms.names else terms.find(line.type)
        if accession is None:
            self._keep(made, "type", line.type)
            if line.type not in self.unknown:
                self.unknown.add(line.type)
                self._note(made, f"the Sequence Ontology has no term {line.type!r}: taken for a sequence_feature")
        also = (term for term in line.values("Ontology_term") if _ACCESSION.match(term))
        return [Iri(SO.NS + term) for term in dict.fromkeys([accession or "SO:0000110", *also])]

    def _attributes(self, made: Made, line: Line, done: set[str]) -> None:
        """Keep the attributes; the first Note is a description."""
        said: dict[str, list[str]] = {}
        for key, value in line.attributes:
            if key not in done:
                said.setdefault(key, []).append(value)
        for key, values in said.items():
            for value in values:
                if key == "Note" and made not in self.described:
                    self.described.add(made)
                    self.design.say_text(made, DCTERMS.description, value)
                elif not (key == "Ontology_term" and _ACCESSION.match(value)):
                    self._keep(made, key, value)

    def _keep(self, made: Made, name: str, value: str) -> None:
        spelt = _NAME.sub("_", name)
        if spelt != name:
            spelt = spelt[0].lower() + spelt[1:]  # capitals are the specification's own: it must not become one of them
        self.design.say_text(made, check_iri(GFF3.NS + spelt), value)

    def _note(self, made: Made, message: str) -> None:
        self.findings.append(Finding(RULE, "note", made.iri, message))


def _is_whole(line: Line, seqid: str, length: int | None) -> bool:
    """Tell whether the line is about all of the sequence: called like it, or circular, from first to last letter."""
    covers = line.start == 1 and (length is None or line.end >= length)
    return covers and (line.value("ID") == seqid or bool(line.value("Is_circular"))) and not line.values("Parent")


def _spans(line: Line, circular: int | None) -> list[tuple[Line, int, int]]:
    """Return from where to where a line goes; twice, if it goes on behind the end of a circular sequence."""
    if circular is not None and line.start <= circular < line.end:
        return [(line, line.start, circular), (line, 1, line.end - circular)]
    return [(line, line.start, line.end)]
