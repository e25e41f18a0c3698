"""The features of one ComponentDefinition as GFF3 has them: a tree of parts, all in positions of the definition itself.

A component that an annotation places is one feature, the annotations of its definition are features with it as Parent,
turned over with it. Knows no text of GFF3 but what stands in its columns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from synhub.formats.gff3.lines import NONE, Line
from synhub.formats.group import Definitions, Group
from synhub.formats.source import Source
from synhub.formats.spans import MAX_DEPTH, Span, mapped, size_of
from synhub.rdf import Iri, Term
from synhub.sbol.ontology import accession_of, ontology
from synhub.vocab import DCTERMS, GFF3, SBOL2, SO

MAX_FEATURES = 200_000  # of one definition: parts of parts can multiply without end

_MAX_POSITION = 2**31 - 1
_COLUMNS = ("source", "score", "phase")
# Annotations of an annotation that are columns, or attributes said otherwise.
_ID, _TYPE, _STRAND, _PARENT = (Iri(GFF3.NS + name) for name in ("ID", "type", "strand", "Parent"))
_SAID = frozenset(GFF3.NS + name for name in (*_COLUMNS, "ID", "type", "Parent", "strand"))


@dataclass(slots=True)
class Feature:
    """One feature. `spans` are (span, its location) in the order of positions; `annotation` is a subject of `group`."""

    group: Group
    annotation: Term
    identity: str
    kind: str
    name: str
    parents: list[str]
    attributes: list[tuple[str, str]]
    spans: list[tuple[Span, Term]]

    def lines(self, seqid: str) -> Iterator[Line]:
        """Yield a line for every span, all with the same ID."""
        common = [("ID", self.identity), *(("Name", self.name) for _ in range(bool(self.name)))]
        common += [*(("Parent", parent) for parent in self.parents), *self.attributes]
        phases = self._phases()
        for (span, location), phase in zip(self.spans, phases, strict=True):
            is_cut = span.kind == "cut"
            orientations = self.group.iris(location, SBOL2.orientation)
            strand = NONE if not orientations else "-" if span.is_reverse else "+"
            if self.group.text(location, _STRAND) == "?":
                strand = "?"
            yield Line(
                seqid,
                self._column(location, "source"),
                self.kind,
                span.start,
                span.start if is_cut else span.end,
                self._column(location, "score"),
                strand,
                phase,
                (*common, ("sbol_location", "Cut")) if is_cut else tuple(common),
            )

    def _column(self, location: Term, name: str) -> str:
        """Return what is said of the location, or else of the feature."""
        predicate = Iri(GFF3.NS + name)
        return self.group.text(location, predicate) or self.group.text(self.annotation, predicate) or NONE

    def _phases(self) -> list[str]:
        """Return the phases; of a coding sequence that has none, those of a frame that begins with its first base."""
        kept = [self._column(location, "phase") for _, location in self.spans]
        if self.kind != "CDS" or any(phase != NONE for phase in kept):
            return kept
        is_reverse = all(span.is_reverse for span, _ in self.spans)
        phases: list[str] = []
        length = 0
        for span, _ in reversed(self.spans) if is_reverse else self.spans:
            phases.append(str(-length % 3))
            length += span.end - span.start + 1
        return phases[::-1] if is_reverse else phases


@dataclass(slots=True)
class Sketch:
    """Lists the features of the definition called `seqid`. `prefix` makes IDs unique in a file of many sequences.

    `remarks` say what is left out, each once.
    """

    source: Source
    seqid: str
    prefix: str
    remarks: list[str] = field(default_factory=list)
    _features: list[Feature] = field(default_factory=list)
    _taken: dict[str, int] = field(default_factory=dict)
    _definitions: Definitions = field(init=False)

    def __post_init__(self) -> None:
        self._definitions = Definitions(self.source)

    def features(self, definition: Group, length: int) -> list[Feature]:
        """Return the features by where they begin, longer ones first; no base of them lies behind a known length."""
        self._taken[self.seqid] = 1  # the line about the whole sequence has it
        self._add(definition, [Span(1, length or _MAX_POSITION)], (definition.main,), "")
        return sorted(self._features, key=lambda f: (f.spans[0][0].start, -f.spans[-1][0].end))

    def _say(self, remark: str) -> None:
        if remark not in self.remarks:
            self.remarks.append(remark)

    def _add(self, group: Group, pieces: Sequence[Span], path: tuple[Term, ...], parent: str) -> None:
        """Add the annotations of a definition that lies, piece after piece, on the sequence."""
        made: dict[Term, Feature] = {}
        for annotation in group.children(group.main, SBOL2.sequenceAnnotation):
            feature = self._feature(group, annotation, pieces, parent)
            if feature is None:
                continue
            if len(self._features) >= MAX_FEATURES:
                self._say(f"features after the first {MAX_FEATURES}, which is the limit")
                break
            made[annotation] = feature
            self._features.append(feature)
            self._inner(group, annotation, feature, path)
        for annotation, feature in made.items():
            named = group.values(annotation, _PARENT)
            feature.parents += [made[n].identity if n in made else n[1:-1] for n in named if n in made or n[0] == '"']

    def _inner(self, group: Group, annotation: Term, feature: Feature, path: tuple[Term, ...]) -> None:
        component, part = self._part(group, annotation)
        if component is None or part is None:
            return
        if part.main in path:
            self._say(f"the features of {part.name(part.main)} inside of itself")
        elif len(path) > MAX_DEPTH:
            self._say(f"the features of parts more than {MAX_DEPTH} levels deep, which is the limit")
        elif group.values(component, SBOL2.sourceLocation):
            self._say(f"the features of {part.name(part.main)}, of which {group.name(component)} is a piece")
        else:
            spans = [span for span, _ in feature.spans if span.kind != "cut"]
            spans = spans[::-1] if spans and all(span.is_reverse for span in spans) else spans
            self._add(part, spans, (*path, part.main), feature.identity)

    def _feature(self, group: Group, annotation: Term, pieces: Sequence[Span], parent: str) -> Feature | None:
        name = f"{group.name(group.main)}/{group.name(annotation)}"
        spans: list[tuple[Span, Term]] = []
        for location in group.children(annotation, SBOL2.location):
            span = _span(group, location)
            if span is None:
                self._say(f"{name}/{group.name(location)}: a location without positions")
                continue
            moved = list(mapped(span, pieces))
            if size_of(moved) < size_of([span]):
                self._say(f"{name}/{group.name(location)}: what of it lies outside the part that it belongs to")
            spans += [(part, location) for part in moved]
        if not spans:
            return None
        spans.sort(key=lambda s: (s[0].start, s[0].end))
        component, part = self._part(group, annotation)
        roles = group.iris(annotation, SBOL2.role)
        titles = [group.text(annotation, DCTERMS.title)]
        notes = [group.text(annotation, DCTERMS.description)]
        identity = group.text(annotation, _ID) or group.name(annotation)
        if component is not None:
            roles = roles or group.iris(component, SBOL2.role)
            titles.append(group.text(component, DCTERMS.title))
        if part is not None:
            roles = roles or part.iris(part.main, SBOL2.role)
            titles.append(part.text(part.main, DCTERMS.title))
            notes.append(part.text(part.main, DCTERMS.description))
            identity = part.name(part.main)
        also, kind = roles_and_type(roles, group.text(annotation, _TYPE), "sequence_feature")
        attributes = [("Note", note) for note in notes if note][:1] + also
        attributes += _literals(group, annotation)
        title = next(filter(None, titles), "")
        parents = [parent] if parent else []
        return Feature(group, annotation, self._unique(identity), kind, title, parents, attributes, spans)

    def _unique(self, wish: str) -> str:
        name = wish if wish.startswith(self.prefix) else f"{self.prefix}{wish}"
        number = self._taken.get(name, 0)
        identity = name
        while identity in self._taken:
            number += 1
            identity = f"{name}_{number}"
        self._taken[name] = number or 1
        self._taken.setdefault(identity, 1)
        return identity

    def _part(self, group: Group, annotation: Term) -> tuple[Term | None, Group | None]:
        """Return the component that an annotation places, and the component's definition, if it is at hand."""
        component, iri, definition = self._definitions.placed(group, annotation)
        if iri is not None and definition is None:
            self._say(f"the features of {iri}, which is not at hand")
        return component, definition


def roles_and_type(roles: Sequence[Iri], kept: str, default: str) -> tuple[list[tuple[str, str]], str]:
    """Return the attributes for the roles that the type does not say, and the type: the first role's name.

    `kept` is a type that the Sequence Ontology lacks; `default` stands for sequence_feature.
    """
    terms = ontology("so")
    known = {role: accession for role in roles if (accession := accession_of(role)) in terms.names and accession}
    special = [role for role in known if role != SO.sequence_feature]
    first = special[0] if special and not kept else None
    kind = terms.names[known[first]].replace(" ", "_") if first else kept or default
    attributes = [("Ontology_term", known[role]) for role in special if role != first]
    attributes += [("role", role) for role in roles if role not in known]
    return attributes, kind


def _literals(group: Group, annotation: Term) -> list[tuple[str, str]]:
    """Return what else is said of an annotation, as attributes: those of other namespaces in small letters."""
    found = []
    for predicate, text in group.literals(annotation):
        name = predicate[max(predicate.rfind("#"), predicate.rfind("/")) + 1 :]
        if predicate.startswith(GFF3.NS):
            found += [(name, text)] if predicate not in _SAID else []
        elif name and not predicate.startswith((SBOL2.NS, DCTERMS.NS)):
            found.append((name[0].lower() + name[1:], text))
    return found


def _span(group: Group, location: Term) -> Span | None:
    is_reverse = SBOL2.reverseComplement in group.iris(location, SBOL2.orientation)
    at = _number(group.text(location, SBOL2.at))
    if at is not None:
        return Span(at, at + 1, "cut", is_reverse=is_reverse)
    start, end = _number(group.text(location, SBOL2.start)), _number(group.text(location, SBOL2.end))
    return Span(start, end, is_reverse=is_reverse) if start is not None and end is not None and start <= end else None


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= 10 and 0 < int(text) < _MAX_POSITION
    return int(text) if is_number else None
