"""SBOL 1 becomes SBOL 2, on triples.

Follows the reference library name by name, so that a design has the same identities whoever converts it. What that one
drops or fails on (no subComponent, `precedes` to the annotation of another component) is kept or reported.

Source: SBOL 1.1.0 (BBF RFC 87), section 'Data model'; SBOL 2.3.0, appendix 'Mapping between SBOL 1.1 and SBOL 2.x'.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from synhub.formats.designs import Design, Made
from synhub.formats.reading import Options, Reading
from synhub.identity import DELIMITERS, display_id_from
from synhub.model import Finding, Severity
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, text_of
from synhub.sbol.blank_nodes import is_skolem
from synhub.sbol.ontology import accession_of
from synhub.vocab import BIOPAX, DCTERMS, ENCODING, PROV, RDF, SBOL1, SBOL2, SO

_RULE = "synhub-sbol1"
_MOST_UNDERSCORES = 10
_TYPE = iri_term(RDF.type)
_CLASSES: Mapping[Term, Iri] = {
    iri_term(SBOL1.Collection): SBOL2.Collection,
    iri_term(SBOL1.DnaComponent): SBOL2.ComponentDefinition,
    iri_term(SBOL1.DnaSequence): SBOL2.Sequence,
    iri_term(SBOL1.SequenceAnnotation): SBOL2.SequenceAnnotation,
}
_ORIENTATIONS = {"+": SBOL2.inline, "-": SBOL2.reverseComplement}

_Said = dict[Term, dict[Term, list[Term]]]


def convert_sbol1(triples: list[Triple], options: Options) -> Reading:
    """Convert a document of distinct triples, blank nodes replaced.

    What is not SBOL 1, properties and whole objects, stays as it is, its references to converted objects following
    them. Warnings say what has no place in SBOL 2.
    """
    conversion = _Conversion(triples, Design(options.namespace))
    conversion.run()
    return Reading("SBOL 1", conversion.triples(), conversion.findings)


@dataclass(slots=True)
class _Instances:
    """The Components of one ComponentDefinition by SequenceAnnotation, and which definitions gave one their name."""

    components: dict[Term, Made] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class _Conversion:
    """`made` maps the objects of the document to what they have become."""

    def __init__(self, triples: Iterable[Triple], design: Design) -> None:
        self.said: _Said = {}
        for s, p, o in triples:
            self.said.setdefault(s, {}).setdefault(p, []).append(o)
        self.design = design
        self.made: dict[Term, Made] = {}
        self.used: dict[Term, set[Term]] = {}  # the properties of an object that have been converted
        self.kept: list[tuple[Term, Iri, Term]] = []  # converted properties that SBOL 2 has no place for
        self.taken: set[str] = set()
        self.findings: list[Finding] = []

    def run(self) -> None:
        order = list(self._parts_first())
        for subject, kind in order:
            self._name(subject, kind)
        for subject, kind in order:
            if kind == SBOL2.ComponentDefinition:
                self._component(subject)
            elif kind == SBOL2.Collection:
                self._collection(subject)
            elif kind == SBOL2.Sequence:
                self._sequence(subject)
        for subject in self._of(SBOL2.SequenceAnnotation):
            if subject not in self.made:
                self._warn(subject, "no DnaComponent has this SequenceAnnotation: it was left out")

    def triples(self) -> list[Triple]:
        """Return everything, with what was not converted behind."""
        for subject, property, value in self.kept:
            self.design.say(self.made[subject], property, self._moved(value))
        for subject, made in self.made.items():
            for predicate, values in self.said[subject].items():
                if predicate not in self.used[subject]:
                    for value in values:
                        self.design.say(made, iri_of(predicate), self._moved(value))
        rest = (
            (subject, predicate, self._moved(value))
            for subject, said in self.said.items()
            if subject not in self.made and self._kind(subject) is None
            for predicate, values in said.items()
            for value in values
        )
        return list(dict.fromkeys([*self.design.triples, *rest]))

    def _moved(self, value: Term) -> Term:
        return self.made[value].term if value in self.made else value

    def _kind(self, subject: Term) -> Iri | None:
        """Return what the subject becomes, None for what is not SBOL 1."""
        types = self.said.get(subject, {}).get(_TYPE, ())
        return next((_CLASSES[t] for t in types if t in _CLASSES), None)

    def _of(self, kind: Iri) -> Iterator[Term]:
        return (subject for subject in self.said if self._kind(subject) == kind)

    def _values(self, subject: Term, predicate: Iri) -> list[Term]:
        return self.said.get(subject, {}).get(iri_term(predicate), [])

    def _take(self, subject: Term, predicate: Iri) -> list[Term]:
        """Return the values of a property that is being converted."""
        self.used.setdefault(subject, {_TYPE}).add(iri_term(predicate))
        return self._values(subject, predicate)

    def _text(self, subject: Term, predicate: Iri) -> str:
        """Take a property that has one value; of several, which no valid document has, the first counts."""
        values = self._take(subject, predicate)
        if len(values) > 1:
            self._warn(subject, f"it has {len(values)} values of {predicate}: only the first was kept")
        return text_of(values[0]) if values else ""

    def _parts_first(self) -> Iterator[tuple[Term, Iri]]:
        """Yield every object once, those it is made of before it, otherwise in document order.

        The order decides who keeps a displayId that two objects want.
        """
        done: set[Term] = set()
        for start in self.said:
            stack: list[tuple[Term, bool]] = [(start, False)]
            while stack:
                subject, complete = stack.pop()
                kind = self._kind(subject)
                if kind is None:
                    continue
                if complete:
                    yield subject, kind
                elif subject not in done:
                    done.add(subject)
                    stack.append((subject, True))
                    stack += [(part, False) for part in reversed(self._parts(subject))]

    def _parts(self, subject: Term) -> list[Term]:
        parts = list(self._values(subject, SBOL1.component))
        for annotation in self._values(subject, SBOL1.annotation):
            parts += self._values(annotation, SBOL1.subComponent)
        return parts

    def _name(self, subject: Term, kind: Iri) -> None:
        """Make a top level. A displayId that another one has gets `_`s behind it, as the reference library does; where
        many have it, it gets a number.
        """
        if kind == SBOL2.SequenceAnnotation or subject in self.made:
            return
        wish = self._text(subject, SBOL1.displayId)
        display_id = display_id_from(wish) or _last_segment(subject) or kind.rpartition("#")[2]
        for _ in range(_MOST_UNDERSCORES):
            display_id += "_" if display_id in self.taken else ""
        made = self.made[subject] = self.design.top_level(display_id, kind)
        self.taken.add(made.display_id)
        self._derived(subject, made)
        for predicate, own in ((DCTERMS.title, SBOL1.name), (DCTERMS.description, SBOL1.description)):
            if text := self._text(subject, own):
                self.design.say_text(made, predicate, text)
        for sequence in self._values(subject, SBOL1.dnaSequence):
            if self._kind(sequence) == SBOL2.Sequence:
                self._name(sequence, SBOL2.Sequence)

    def _derived(self, subject: Term, made: Made) -> None:
        if not is_skolem(subject):
            self.design.say(made, PROV.wasDerivedFrom, subject)

    def _collection(self, subject: Term) -> None:
        for component in self._take(subject, SBOL1.component):
            self.design.say(self.made[subject], SBOL2.member, self._moved(component))

    def _sequence(self, subject: Term) -> None:
        if elements := self._text(subject, SBOL1.nucleotides):
            self.design.say_text(self.made[subject], SBOL2.elements, elements)
        self.design.say_iri(self.made[subject], SBOL2.encoding, ENCODING.NUCLEIC_ACID)

    def _component(self, subject: Term) -> None:
        made = self.made[subject]
        self.design.say_iri(made, SBOL2.type, BIOPAX.DnaRegion)
        self.design.say_iri(made, SBOL2.type, SO.linear)
        roles = [_role(t) for t in self.said[subject][_TYPE] if t not in _CLASSES]
        for role in roles or [SO.engineered_region]:
            self.design.say_iri(made, SBOL2.role, role)
        for sequence in self._take(subject, SBOL1.dnaSequence):
            self.design.say(made, SBOL2.sequence, self._moved(sequence))
        instances = _Instances()
        alike: dict[frozenset[tuple[Term, frozenset[Term]]], Term] = {}
        for number, annotation in enumerate(self._take(subject, SBOL1.annotation), start=1):
            if self._kind(annotation) != SBOL2.SequenceAnnotation or annotation in self.made:
                self._warn(subject, f"{annotation} is no SequenceAnnotation of its own: it was left out")
                continue
            # A component that is described where it is used, and used twice, comes with annotations of two names.
            content = frozenset((p, frozenset(values)) for p, values in self.said[annotation].items())
            first = alike.setdefault(content, annotation)
            if first != annotation:
                self._note_alike(annotation, first, instances)
                continue
            self._annotation(made, annotation, number, instances)
        self._constraints(made, instances.components)

    def _note_alike(self, annotation: Term, first: Term, instances: _Instances) -> None:
        self.made[annotation] = self.made[first]
        self.used[annotation] = set(self.said[annotation])
        if first in instances.components:
            instances.components[annotation] = instances.components[first]
        self.findings.append(_finding("note", annotation, f"it says the same as {first}: one of them was kept"))

    def _annotation(self, owner: Made, subject: Term, number: int, instances: _Instances) -> None:
        """Make the SequenceAnnotation and the Component that it is about.

        The first instance of a definition is called like it, further ones are numbered.
        """
        parts = self._take(subject, SBOL1.subComponent)
        definition = self.made.get(parts[0]) if parts else None
        first = definition is not None and definition.display_id not in instances.names
        name = f"{definition.display_id}_annotation" if definition and first else f"annotation{number}"
        made = self.made[subject] = self.design.child(owner, name, SBOL2.SequenceAnnotation, SBOL2.sequenceAnnotation)
        self._derived(subject, made)
        self._location(made, subject)
        if parts:
            repeated = len(instances.components) - len(instances.names)
            wish = definition.display_id if definition and first else f"component{repeated}"
            component = self.design.child(owner, wish, SBOL2.Component, SBOL2.component)
            self.design.say_iri(component, SBOL2.access, SBOL2.public)
            self.design.say(component, SBOL2.definition, self._moved(parts[0]))
            self.design.say(made, SBOL2.component, component.term)
            instances.components[subject] = component
            if definition and first:
                instances.names.add(definition.display_id)

    def _location(self, owner: Made, subject: Term) -> None:
        start, end = self._values(subject, SBOL1.bioStart), self._values(subject, SBOL1.bioEnd)
        if start and end:
            location = self.design.child(owner, "range", SBOL2.Range, SBOL2.location)
            self.design.say_text(location, SBOL2.start, self._text(subject, SBOL1.bioStart).strip())
            self.design.say_text(location, SBOL2.end, self._text(subject, SBOL1.bioEnd).strip())
        else:
            location = self.design.child(owner, "genericLocation", SBOL2.GenericLocation, SBOL2.location)
            if start or end:
                self._warn(subject, "it has only one of bioStart and bioEnd: it became an annotation")
        strand = self._text(subject, SBOL1.strand).strip()
        if strand in _ORIENTATIONS:
            self.design.say_iri(location, SBOL2.orientation, _ORIENTATIONS[strand])
        elif strand:
            self._warn(subject, f"its strand {strand!r} is neither + nor -: it was left out")

    def _constraints(self, owner: Made, components: Mapping[Term, Made]) -> None:
        pairs = dict.fromkeys(
            (components[annotation].term, components[later].term if later in components else later)
            for annotation in components
            for later in self._take(annotation, SBOL1.precedes)
        )
        annotation_of = {component.term: annotation for annotation, component in reversed(list(components.items()))}
        for subject, other in pairs:
            annotation = annotation_of[subject]
            if other not in annotation_of or other == subject:
                self._warn(annotation, f"it precedes {other}, no other part of its DnaComponent: kept as it is")
                self.kept.append((annotation, SBOL1.precedes, other))
                continue
            names = [components[annotation_of[term]].display_id for term in (subject, other)]
            constraint = self.design.child(
                owner, "_cons_".join(names), SBOL2.SequenceConstraint, SBOL2.sequenceConstraint
            )
            self.design.say_iri(constraint, SBOL2.restriction, SBOL2.precedes)
            self.design.say(constraint, SBOL2.subject, subject)
            self.design.say(constraint, SBOL2.object, other)

    def _warn(self, subject: Term, message: str) -> None:
        self.findings.append(_finding("warning", subject, message))


def _finding(severity: Severity, subject: Term, message: str) -> Finding:
    return Finding(_RULE, severity, iri_of(subject), f"{iri_of(subject)}: {message}")


def _role(term: Term) -> Iri:
    """Spell a term of the Sequence Ontology as SBOL 2 does; any other class is a role as it stands.

    >>> _role(Term("<so:0000167>"))
    'http://identifiers.org/so/SO:0000167'
    """
    iri = iri_of(term)
    accession = accession_of(iri)
    if accession is None and iri[:3] in ("SO:", "so:"):
        accession = f"SO:{iri[3:]}"
    return Iri(SO.NS + accession) if accession and accession.startswith("SO:") else iri


def _last_segment(subject: Term) -> str:
    """Return what the reference library calls an object without displayId: what follows the last slash, if any."""
    if is_skolem(subject):
        return ""
    text = iri_of(subject).rstrip(DELIMITERS)
    _, slash, after = text.rpartition("/")
    return display_id_from(after if slash else text[max(text.rfind(c) for c in "#:") + 1 :])
