"""A component definition, its sequences and its parts as a whole. Chapter 105.

Types and roles are looked after in `terms.py`. Source: SBOL 2.3.0, section 7.7, tables 1 and 2.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from synhub.rdf import Iri, Term, iri_term, text_of
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


def _parts_agree(facts: Facts, definition: Term) -> Iterator[Problem]:
    """Compare the letters of a definition with those of the definitions right below it, where annotations put them."""
    own = nucleic_of(facts, definition)
    if own is None:
        return
    sequence, whole = own
    known: dict[Term, _Strands | None] = {}  # of definitions: one may be used a thousand times
    for annotation in values(facts, definition, ANNOTATIONS):
        for reference in values(facts, annotation, COMPONENTS):
            component = child_of(facts, reference, definition)
            part = None if component is None else _strands_of(facts, component, known)
            if part is None:
                continue
            placed = [s for s in spans(facts, values(facts, annotation, LOCATION)) if s.sequence in (None, sequence)]
            if not _placed_agree(whole, part, placed):
                yield Problem(
                    f"has other letters where {text_of(annotation)} puts the Component {shown(reference)} than the "
                    "sequence of that one's definition: mend the location, its orientation, or one of the sequences",
                    ANNOTATIONS,
                    annotation,
                )


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


def _placed_agree(whole: str, part: _Strands, placed: list[Span]) -> bool:
    """Lay the part into its places one after the other; what is too long or too short for them is not compared."""
    done = 0
    for span in placed:
        if span.end is None or span.start < 1:
            continue
        strand = part.reverse if span.reverse else part.forward
        size = min(span.end, len(whole)) - span.start + 1
        piece = strand[done : done + max(size, 0)]
        if not whole.startswith(piece, span.start - 1) and not agree(
            piece, whole[span.start - 1 : span.start - 1 + len(piece)]
        ):
            return False
        done += span.end - span.start + 1
    return True


RULES: tuple[Rule, ...] = (
    Rule("sbol-10516", "best_practice", (COMPONENT_DEFINITION,), _fitting_encoding, _SEQUENCE),
    Rule("sbol-10518", "best_practice", (COMPONENT_DEFINITION,), _equal_lengths, _SEQUENCE),
    Rule("sbol-10520", "best_practice", (COMPONENT_DEFINITION,), _parts_agree, ANNOTATIONS),
    Rule("sbol-10522", "always", (COMPONENT_DEFINITION,), _one_annotation_each, ANNOTATIONS),
    Rule("sbol-10523", "best_practice", (COMPONENT_DEFINITION,), _within_sequence, ANNOTATIONS),
    Rule("sbol-10526", "always", (COMPONENT_DEFINITION,), one_remote((COMPONENTS,), "Component"), COMPONENTS),
)
