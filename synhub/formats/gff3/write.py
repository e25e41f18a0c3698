"""GFF3, out: a ComponentDefinition is a sequence, its annotations and those of the definitions in it are features.

Streams: one definition, with what lies in it, is in memory at a time. What GFF3 has no column for is said in `#` lines.
`read.read_gff3` reads it back to the same features and sequences.

Source: Generic Feature Format version 3 (GFF3), Sequence Ontology Project, version 1.26.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

from synhub.errors import Unwritable
from synhub.formats.fasta import guess_molecule
from synhub.formats.gff3.features import Feature, Sketch, roles_and_type
from synhub.formats.gff3.lines import NONE, Line, escape, format_line, seqid_column
from synhub.formats.group import Group
from synhub.formats.source import Source, not_at_hand
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, is_iri
from synhub.vocab import BIOPAX, DCTERMS, ENCODING, GFF3, RDF, SBOL2, SO

_HEADER = b"##gff-version 3\n"
COLUMNS = 79  # as the reference library writes

_LEFT_OUT = "# left out of "
_MOLECULES = {
    iri_term(BIOPAX.Dna): "DNA",
    iri_term(BIOPAX.DnaRegion): "DNA",
    iri_term(BIOPAX.Rna): "RNA",
    iri_term(BIOPAX.RnaRegion): "RNA",
    iri_term(BIOPAX.Protein): "protein",
}
_ENCODINGS = (ENCODING.NUCLEIC_ACID, ENCODING.AMINO_ACID)
_TYPE = iri_term(RDF.type)
_KIND = iri_term(SBOL2.type)
_DEFINITION = iri_term(SBOL2.ComponentDefinition)


def write_gff3(source: Source) -> Iterator[bytes]:
    """Write the definition asked for; of a collection every member that is one; of anything else those in no other.

    Of a single object without any definition there is only the header, as SynBioHub has it, and a line that says so.
    Raises Unwritable, before the first byte, when there is neither a feature nor a sequence in all that is written.
    """
    asked = frozenset(source.roots if source.is_collection else source.roots[:1])
    is_begun = any(_is_something(landmark, source) for landmark in _Landmarks(source, _Chosen(asked)))
    if is_begun:  # before all of a large collection is looked at
        yield _HEADER
    chosen = _Chosen.of(source)
    if not chosen.count and not source.is_collection:
        yield _HEADER + f"{_LEFT_OUT}{source.roots[0]}: it has no component, and only those have features\n".encode()
        return
    if not is_begun:
        if chosen.iris is not None or not any(_is_something(mark, source) for mark in _Landmarks(source, chosen)):
            raise Unwritable(_without_line(source, chosen))
        yield _HEADER
    landmarks: Iterable[_Landmark] = _Landmarks(source, chosen)
    if chosen.writable == 1:
        landmarks = list(landmarks)  # so that it is put together once
    has_sequences = False
    for landmark in landmarks:
        yield "".join(f"{line}\n" for line in _lines(landmark, source, chosen.writable > 1)).encode()
        has_sequences = has_sequences or bool(landmark.elements)
    if has_sequences:
        yield b"##FASTA\n"
    for landmark in landmarks if has_sequences else ():
        if landmark.elements:
            rows = (landmark.elements[i : i + COLUMNS] for i in range(0, len(landmark.elements), COLUMNS))
            yield "".join(f"{row}\n" for row in (f">{seqid_column(landmark.seqid)}", *rows)).encode()


def _without_line(source: Source, chosen: "_Chosen") -> str:
    """Say why nothing can be written; of several definitions, what would be remarked of the first."""
    nothing = f"{source.roots[0]} has nothing that GFF3 has lines for"
    first = next(iter(_Landmarks(source, chosen)), None)
    if first is None:
        return f"{nothing}: no member of it is a component."
    remarks = (line.removeprefix(_LEFT_OUT) for line in _lines(first, source, is_one_of_many=False))
    return f"{nothing}. {'. '.join(remarks)}."


def _is_something(landmark: "_Landmark", source: Source) -> bool:
    """Say whether there is more to write than remarks."""
    if not landmark.molecule or landmark.elements:
        return bool(landmark.molecule)
    return any(not line.startswith(_LEFT_OUT) for line in _lines(landmark, source, is_one_of_many=False))


@dataclass(slots=True)
class _Chosen:
    """Which definitions are written: those of `iris`, or, when that is None, all that are not in `placed`.

    `count` and `writable` are how many these are at least; two are as good as many.
    """

    iris: frozenset[Iri] | None
    placed: frozenset[Iri] = frozenset()
    count: int = 0
    writable: int = 0

    @classmethod
    def of(cls, source: Source) -> "_Chosen":
        """Choose. Where two members are definitions nothing behind them is looked at; else walks keep names only."""
        asked = frozenset(source.roots if source.is_collection else source.roots[:1])
        if source.is_collection:
            members = (iri for iri, molecule in _definitions(source) if molecule and iri in asked)
            if len(list(islice(members, 2))) == 2:
                return cls(asked, count=2, writable=2)
        found = {iri: bool(molecule) for iri, molecule in _definitions(source)}
        chosen = cls(asked) if asked & found.keys() else cls(None, _all_placed(source))
        counted = [writable for iri, writable in found.items() if chosen.has(iri)]
        chosen.count, chosen.writable = len(counted), sum(counted)
        return chosen

    def has(self, iri: Iri) -> bool:
        return iri in self.iris if self.iris is not None else iri not in self.placed


def _main_of(triples: list[Triple]) -> Term | None:
    """Return the ComponentDefinition among the triples of one top level."""
    return next((s for s, p, o in triples if o == _DEFINITION and p == _TYPE and is_iri(s)), None)


def _definitions(source: Source) -> Iterator[tuple[Iri, str]]:
    """Yield every ComponentDefinition and what molecule it is, '' for none that can be written."""
    for triples in source.top_levels():
        main = _main_of(triples)
        if main is not None:
            types = sorted(o for s, p, o in triples if s == main and p == _KIND)
            yield iri_of(main), next((_MOLECULES[t] for t in types if t in _MOLECULES), "")


def _all_placed(source: Source) -> frozenset[Iri]:
    """Return the definitions of all components that an annotation of another definition places."""
    placed: set[Iri] = set()
    for triples in source.top_levels():
        main = _main_of(triples)
        if main is not None:
            group = Group(triples, main)
            for annotation in group.children(main, SBOL2.sequenceAnnotation):
                for component in group.children(annotation, SBOL2.component):
                    placed.update(iri for iri in group.iris(component, SBOL2.definition) if iri != iri_of(main))
    return frozenset(placed)


@dataclass(slots=True)
class _Landmark:
    """One definition to write, or, when it is none of the `molecule`s, to name."""

    group: Group
    seqid: str
    molecule: str
    elements: str
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Landmarks:
    """The chosen definitions, as often as wanted, with the same names each time."""

    source: Source
    chosen: _Chosen

    def __iter__(self) -> Iterator[_Landmark]:
        taken: set[str] = set()
        for triples in self.source.top_levels():
            main = _main_of(triples)
            if main is not None and self.chosen.has(iri_of(main)):
                yield self._landmark(Group(triples, main), taken)

    def _landmark(self, group: Group, taken: set[str]) -> _Landmark:
        name = group.text(group.main, Iri(GFF3.NS + "seqid")) or group.name(group.main)
        version = group.text(group.main, SBOL2.version)
        seqid = name if name not in taken else f"{name}.{version}"
        number = 2
        while seqid in taken:
            seqid, number = f"{name}.{version}_{number}", number + 1
        taken.add(seqid)
        types = map(iri_term, group.iris(group.main, SBOL2.type))
        molecule = next((_MOLECULES[t] for t in types if t in _MOLECULES), "")
        landmark = _Landmark(group, seqid, molecule, "")
        sequences = {iri: Group.find(self.source, iri) for iri in group.iris(group.main, SBOL2.sequence)}
        found = [elements for sequence in sequences.values() if (elements := self._elements(sequence))]
        if found:
            landmark.elements = found[0]
        if len(found) > 1:
            landmark.remarks.append(f"{len(found) - 1} of its {len(found)} sequences")
        landmark.remarks += [f"its sequence: {not_at_hand(iri)}" for iri, there in sequences.items() if there is None]
        return landmark

    def _elements(self, group: Group | None) -> str:
        if group is None or not any(e in _ENCODINGS for e in group.iris(group.main, SBOL2.encoding)):
            return ""
        return "".join(group.text(group.main, SBOL2.elements).split())


def _lines(landmark: _Landmark, source: Source, is_one_of_many: bool) -> Iterator[str]:
    """Yield the lines of one landmark: its region, itself, its features, and what is left out."""
    group, seqid = landmark.group, landmark.seqid
    if not landmark.molecule:
        yield _remark(seqid, "it is neither DNA nor RNA nor a protein")
        return
    sketch = Sketch(source, seqid, f"{seqid}." if is_one_of_many else "")
    start, end = _region(landmark)
    features = sketch.features(group, end)
    end = end or max((span.end for feature in features for span, _ in feature.spans), default=0)
    if start == 1 and end and SO.circular in group.iris(group.main, SBOL2.type):
        for feature in features:
            _join_at_origin(feature, end)
    if end:
        yield f"##sequence-region {seqid_column(seqid)} {start} {end}"
        whole = _whole(landmark, start, end)
        if whole is not None:
            yield format_line(whole)
    for feature in features:
        yield from map(format_line, feature.lines(seqid))
    for remark in [*landmark.remarks, *_lost(group), *sketch.remarks]:
        yield _remark(seqid, remark)
    if not end:
        yield _remark(seqid, "it has neither a sequence nor features")


def _join_at_origin(feature: Feature, length: int) -> None:
    """Make one span of two that meet at the origin: GFF3 counts on behind the end of a circular sequence."""
    (first, _), (last, location) = feature.spans[0], feature.spans[-1]
    meet = len(feature.spans) > 1 and first.start == 1 and last.end == length and first.is_reverse == last.is_reverse
    if meet and first.kind == last.kind == "range":
        feature.spans = [*feature.spans[1:-1], (replace(last, end=length + first.end), location)]


def _remark(seqid: str, text: str) -> str:
    return f"{_LEFT_OUT}{escape(seqid)}: {' '.join(text.split())}"


def _region(landmark: _Landmark) -> tuple[int, int]:
    """Return from where to where the landmark goes; (1, 0) when only its features say it."""
    kept = landmark.group.text(landmark.group.main, Iri(GFF3.NS + "region")).split()
    if len(kept) == 2 and all(word.isascii() and word.isdigit() and len(word) <= 10 for word in kept):
        return int(kept[0]), int(kept[1])
    return 1, len(landmark.elements)


def _whole(landmark: _Landmark, start: int, end: int) -> Line | None:
    """Return the line about the landmark itself; None when there is nothing to say that its features do not."""
    group, main = landmark.group, landmark.group.main
    attributes: list[tuple[str, str]] = []
    title = group.text(main, DCTERMS.title)
    if title and title != landmark.seqid:
        attributes.append(("Name", title))
    attributes += [("Note", text) for text in [group.text(main, DCTERMS.description)] if text]
    roles, kind = roles_and_type(group.iris(main, SBOL2.role), group.text(main, Iri(GFF3.NS + "type")), "region")
    attributes += roles
    guessed = guess_molecule(landmark.elements) if landmark.elements else "DNA"
    if guessed != landmark.molecule:
        attributes.append(("mol_type", landmark.molecule))
    if SO.circular in group.iris(main, SBOL2.type):
        attributes.append(("Is_circular", "true"))
    own = {f"{GFF3.NS}{name}" for name in ("seqid", "region", "directive", "type")}
    attributes += [(p.removeprefix(GFF3.NS), text) for p, text in group.literals(main) if _is_own(p) and p not in own]
    if start != 1 or (not attributes and kind == "region"):
        return None
    return Line(landmark.seqid, NONE, kind, start, end, NONE, NONE, NONE, (("ID", landmark.seqid), *attributes))


def _is_own(predicate: str) -> bool:
    return predicate.startswith(GFF3.NS)


def _lost(group: Group) -> Iterator[str]:
    """Say what of a definition is neither sequence nor feature."""
    placed = {
        component
        for annotation in group.children(group.main, SBOL2.sequenceAnnotation)
        for component in group.children(annotation, SBOL2.component)
    }
    without = [c for c in group.children(group.main, SBOL2.component) if c not in placed]
    if without:
        yield f"{_names(group, without)}: components that no annotation places"
    constraints = group.children(group.main, SBOL2.sequenceConstraint)
    if constraints:
        yield f"{_names(group, constraints)}: constraints between components"


def _names(group: Group, subjects: list[Term]) -> str:
    names = sorted(group.name(subject) for subject in subjects)
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
