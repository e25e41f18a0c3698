"""A component definition, its sequences and its parts as a whole. Chapter 105.

Types and roles are looked after in `terms.py`. Source: SBOL 2.3.0, section 7.7, tables 1 and 2.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from synhub.rdf import Iri, Term, iri_term, text_of
from synhub.sbol.graph import TYPE
from synhub.sbol.rules.containment import one_remote
from synhub.sbol.rules.location import DEFINITION, LOCATION
from synhub.sbol.rules.lookup import a_named, child_of, target, values
from synhub.sbol.rules.positions import (
    Span,
    agree,
    elements_of,
    encoding_of,
    nucleic_of,
    reverse_complement,
    spans,
)
from synhub.sbol.rules.rule import Facts, Problem, Rule, sbol, shown
from synhub.sbol.rules.sequence import NUCLEIC, PROTEIN, SMILES
from synhub.vocab import BIOPAX, SBOL2

COMPONENT_DEFINITION = iri_term(SBOL2.ComponentDefinition)
COMPONENT, COMPONENTS = sbol("Component"), iri_term(SBOL2.component)
ANNOTATION, ANNOTATIONS = sbol("SequenceAnnotation"), sbol("sequenceAnnotation")
SOURCE_LOCATION = sbol("sourceLocation")
_SEQUENCE, _TYPE = iri_term(SBOL2.sequence), iri_term(SBOL2.type)
MAX_COMPARED = 100_000_000  # letters of one document; when all are ambiguous they take some two seconds
_CHUNK = 4_096  # of letters
_ENCODING_OF: Mapping[Term, Term] = {
    iri_term(Iri(BIOPAX.NS + name)): encoding
    for name, encoding in (
        ("DnaRegion", NUCLEIC),
        ("RnaRegion", NUCLEIC),
        ("Protein", PROTEIN),
        ("SmallMolecule", SMILES),
    )
}


def _sequences(facts: Facts, definition: Term) -> list[Term]:
    """Return the sequences of a definition that are in the document."""
    found = (facts.find(reference) for reference in values(facts, definition, _SEQUENCE))
    return list(dict.fromkeys(s for s in found if s is not None))


def _fitting_encoding(facts: Facts, definition: Term) -> Iterator[Problem]:
    sequences = _sequences(facts, definition)
    encodings = {encoding_of(facts, s) for s in sequences}
    for kind in values(facts, definition, _TYPE) if sequences else ():
        wanted = _ENCODING_OF.get(kind)
        if wanted is not None and wanted not in encodings:
            yield Problem(
                f"is {a_named(kind)}, and none of its sequences has the encoding for that: "
                f"give one the sbol:encoding {text_of(wanted)}, or mend the sbol:type",
                _SEQUENCE,
                values(facts, definition, _SEQUENCE)[0],
            )


def _equal_lengths(facts: Facts, definition: Term) -> Iterator[Problem]:
    first: dict[Term | None, tuple[Term, int]] = {}
    for sequence in _sequences(facts, definition) if len(values(facts, definition, _SEQUENCE)) > 1 else ():
        encoding, elements = encoding_of(facts, sequence), elements_of(facts, sequence)
        if encoding is None or elements is None:
            continue
        other, length = first.setdefault(encoding, (sequence, len(elements)))
        if length != len(elements):
            yield Problem(
                f"has sequences of one encoding and of different lengths: {text_of(other)} has {length} letters, "
                f"{text_of(sequence)} has {len(elements)}; they should say the same",
                _SEQUENCE,
                sequence,
            )


def _one_annotation_each(facts: Facts, definition: Term) -> Iterator[Problem]:
    found: dict[Term, Term] = {}
    for annotation in values(facts, definition, ANNOTATIONS):
        for reference in values(facts, annotation, COMPONENTS):
            component = child_of(facts, reference, definition) or reference
            other = found.setdefault(component, annotation)
            if other != annotation:
                yield Problem(
                    f"has two SequenceAnnotations, {text_of(other)} and {text_of(annotation)}, for the Component "
                    f"{text_of(component)}: put the locations of both into one",
                    ANNOTATIONS,
                    annotation,
                )


def _within_sequence(facts: Facts, definition: Term) -> Iterator[Problem]:
    """Of several nucleic sequences the longest counts: a location that names one is measured by that."""
    lengths = {
        s: len(elements_of(facts, s) or "") for s in _sequences(facts, definition) if encoding_of(facts, s) == NUCLEIC
    }
    if not lengths:
        return
    longest = max(lengths.values())
    for annotation in values(facts, definition, ANNOTATIONS):
        for span in spans(facts, values(facts, annotation, LOCATION)):
            length = longest if span.sequence is None else lengths.get(span.sequence, longest)
            last = span.start if span.end is None else span.end
            if last > length:
                yield Problem(
                    f"has the annotation {text_of(annotation)}, which reaches to position {last} of a sequence of "
                    f"{length} letters: mend the location {text_of(span.location)} or the sequence",
                    ANNOTATIONS,
                    annotation,
                )


def _parts_agree(facts: Facts, _: Term) -> Iterator[Problem]:
    """Compare the letters of definitions with those of the definitions right below, where annotations put them.

    One part may be used by all definitions, a thousand times each: there is a most that is compared of one document.
    """
    known: dict[Term, _Strands | None] = {}
    left = MAX_COMPARED
    for definition, said in facts.document.subjects.items():
        if ANNOTATIONS not in said or COMPONENT_DEFINITION not in said.get(TYPE, ()):
            continue
        own = nucleic_of(facts, definition)
        for annotation, reference, part in _annotated(facts, definition, known) if own is not None else ():
            assert own is not None
            placed = [s for s in spans(facts, values(facts, annotation, LOCATION)) if s.sequence in (None, own[0])]
            places = _places(own[1], part, placed)
            left -= sum(len(piece) for _, piece in places)
            if left < 0:
                yield Problem(
                    f"and what comes after it was not compared with the letters of its parts: these are more than "
                    f"{MAX_COMPARED} in all; submit in parts to have them compared",
                    ANNOTATIONS,
                    subject=definition,
                    note=True,
                )
                return
            if not all(_agrees(own[1], at, piece) for at, piece in places):
                yield Problem(
                    f"has other letters where {text_of(annotation)} puts the Component {shown(reference)} than the "
                    "sequence of that one's definition: mend the location, its orientation, or one of the sequences",
                    ANNOTATIONS,
                    annotation,
                    definition,
                )


def _annotated(
    facts: Facts, definition: Term, known: dict[Term, "_Strands | None"]
) -> Iterator[tuple[Term, Term, "_Strands"]]:
    """Yield the annotations of a definition that stand for components whose letters are known."""
    for annotation in values(facts, definition, ANNOTATIONS):
        for reference in values(facts, annotation, COMPONENTS):
            component = child_of(facts, reference, definition)
            part = None if component is None else _strands_of(facts, component, known)
            if part is not None:
                yield annotation, reference, part


@dataclass(frozen=True)
class _Strands:
    """Letters in lower case, and those of the other strand once somebody asks."""

    forward: str

    @cached_property
    def reverse(self) -> str:
        return reverse_complement(self.forward)


def _strands_of(facts: Facts, component: Term, known: dict[Term, _Strands | None]) -> _Strands | None:
    """Return the nucleic letters that a component brings: its definition's, or what its sourceLocations cut out."""
    reference = facts.document.value(component, DEFINITION)
    if reference is None:
        return None
    used = target(facts, reference)
    if used not in known:
        found = nucleic_of(facts, used)
        known[used] = None if found is None else _Strands(found[1])
    whole = known[used]
    cut = [s for s in spans(facts, values(facts, component, SOURCE_LOCATION)) if s.end is not None]
    return whole if whole is None or not cut else _Strands("".join(_piece(whole.forward, s) for s in cut))


def _piece(letters: str, span: Span) -> str:
    piece = letters[max(span.start - 1, 0) : span.end]
    return reverse_complement(piece) if span.reverse else piece


def _places(whole: str, part: _Strands, placed: list[Span]) -> list[tuple[int, str]]:
    """Lay the part into its places one after the other: where each begins, from 0, and the letters that belong there.

    What is too long or too short for its place is cut off.
    """
    done = 0
    found = []
    for span in placed:
        if span.end is None or span.start < 1:
            continue
        strand = part.reverse if span.reverse else part.forward
        size = min(span.end, len(whole)) - span.start + 1
        found.append((span.start - 1, strand[done : done + max(size, 0)]))
        done += span.end - span.start + 1
    return found


def _agrees(whole: str, at: int, piece: str) -> bool:
    """Tell whether letters fit into a sequence; piece by piece, for most that do not fit differ from the beginning."""
    return whole.startswith(piece, at) or all(
        agree(piece[n : n + _CHUNK], whole[at + n : at + min(n + _CHUNK, len(piece))])
        for n in range(0, len(piece), _CHUNK)
    )


RULES: tuple[Rule, ...] = (
    Rule("sbol-10516", "best_practice", (COMPONENT_DEFINITION,), _fitting_encoding, _SEQUENCE),
    Rule("sbol-10518", "best_practice", (COMPONENT_DEFINITION,), _equal_lengths, _SEQUENCE),
    Rule("sbol-10520", "best_practice", (), _parts_agree),
    Rule("sbol-10522", "always", (COMPONENT_DEFINITION,), _one_annotation_each, ANNOTATIONS),
    Rule("sbol-10523", "best_practice", (COMPONENT_DEFINITION,), _within_sequence, ANNOTATIONS),
    Rule("sbol-10526", "always", (COMPONENT_DEFINITION,), one_remote((COMPONENTS,), "Component"), COMPONENTS),
)
