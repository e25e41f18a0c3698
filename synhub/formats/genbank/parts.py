"""The features of a design as GenBank lists them: one level, positions on the whole sequence.

Sub-components are flattened: the annotations of a definition appear where the component that uses it lies, turned over
with it. What has no place on the sequence is told in `comments`. Knows no text of GenBank but keys and locations.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from synhub.formats.genbank.feature_keys import DEFAULT_KEY, TERMS, key_of
from synhub.formats.genbank.locations import LocationError, parse_location, write_location
from synhub.formats.group import Definitions, Group
from synhub.formats.source import Source
from synhub.formats.spans import MAX_DEPTH, Span, mapped, size_of
from synhub.rdf import Iri, Term, iri_term
from synhub.vocab import DCTERMS, GBCONV, SBOL2, SO

MAX_FLATTENED = 20_000  # features of parts: levels of two parts each would be 2**64
MAX_STEPS = 5_000_000  # pieces looked at

_NUMBERED = re.compile(r"annotation([0-9]{1,9})\Z")
_LAST_NUMBER = re.compile(r"([0-9]{1,9})\Z")
_NO_QUALIFIERS = frozenset(
    map(iri_term, (GBCONV.featureType, GBCONV.multiRangeType, GBCONV.stradlesOrigin, GBCONV.location))
)
_NAMES = frozenset({"label", "product", "gene", "note", "organism", "apeinfo_label"})
_FIRST = ("gene", "label", "locus_tag", "product", "note")  # of the qualifiers, the others in alphabetical order


@dataclass(frozen=True, slots=True)
class OutFeature:
    """One feature to write; a qualifier with the value '' is a flag."""

    key: str
    location: str
    qualifiers: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an annotation lies, in the numbers of its own definition."""

    spans: list[Span]
    operator: str
    is_vague: bool  # some of it has no position


@dataclass
class Flattener:
    """Lists the features of one definition. `comments` say what is left out, each once."""

    source: Source
    length: int
    comments: dict[str, None] = field(default_factory=dict)
    _definitions: Definitions = field(init=False)
    _flattened: int = 0
    _steps: int = 0

    def __post_init__(self) -> None:
        self._definitions = Definitions(self.source)

    def features(self, definition: Group) -> Iterator[OutFeature]:
        """Yield the features in the order of the definition's annotations, those of parts after their part."""
        whole = [Span(1, self.length)]
        yield from self._features(definition, whole, (definition.main,))

    def _say(self, comment: str) -> None:
        self.comments[comment] = None

    def _features(self, group: Group, pieces: Sequence[Span], path: tuple[Term, ...]) -> Iterator[OutFeature]:
        is_root = len(path) == 1
        for annotation in _ordered(group):
            place = _place(group, annotation, size_of(pieces))
            self._flattened += not is_root
            self._steps += len(place.spans) * len(pieces)
            if not is_root and (self._flattened > MAX_FLATTENED or self._steps > MAX_STEPS):
                self._say(f"only the first {MAX_FLATTENED} features of parts are listed, which is the limit")
                return
            spans = [part for span in place.spans for part in mapped(span, pieces)]
            name = f"{group.name(group.main)}/{group.name(annotation)}"
            if place.is_vague:
                self._say(f"{name} has a location without positions, which is left out")
            if size_of(spans) < size_of(place.spans):
                self._say(f"{name} reaches outside the sequence: what is outside is left out")
            location = _exact_text(group, annotation, place, self.length) if is_root else ""
            if not spans and not location:
                continue
            component, part = self._part(group, annotation)
            text = location or write_location(spans, place.operator, self.length)
            yield _feature(group, annotation, component, part, text)
            if part is not None and component is not None:
                yield from self._inner(group, component, part, spans, path)

    def _inner(
        self, group: Group, component: Term, part: Group, spans: list[Span], path: tuple[Term, ...]
    ) -> Iterator[OutFeature]:
        """Yield the features of a part that lies at these spans of the whole sequence."""
        if part.main in path:
            self._say(f"{part.name(part.main)} is a part of itself: the inner one is not listed")
        elif len(path) > MAX_DEPTH:
            self._say(f"parts of parts are listed {MAX_DEPTH} levels deep, which is the limit")
        elif group.values(component, SBOL2.sourceLocation):
            self._say(f"{group.name(component)} is a piece of {part.name(part.main)}: features of that are not listed")
        else:
            yield from self._features(part, [span for span in spans if span.kind != "cut"], (*path, part.main))

    def _part(self, group: Group, annotation: Term) -> tuple[Term | None, Group | None]:
        """Return the component that an annotation places, and the component's definition."""
        component, iri, definition = self._definitions.placed(group, annotation)
        if component is not None and iri is not None and definition is None:
            self._say(f"{iri}, the definition of {group.name(component)}, is not at hand")
        return component, definition


def _ordered(group: Group) -> list[Term]:
    """Return the annotations: those that a GenBank file numbered in its order, others by where they begin."""

    def key(annotation: Term) -> tuple[int, int, int, str]:
        display_id = group.text(annotation, SBOL2.displayId)
        numbered = _NUMBERED.match(display_id)
        if numbered:
            return 0, int(numbered[1]), 0, display_id
        spans = _place(group, annotation, 0).spans
        start = min((span.start for span in spans), default=0)
        return 1, start, -max((span.end for span in spans), default=0), display_id or annotation

    return sorted(group.children(group.main, SBOL2.sequenceAnnotation), key=key)


def _place(group: Group, annotation: Term, length: int) -> _Place:
    """Read the locations of an annotation of a definition, in the order in which the feature runs through them."""
    found: list[tuple[int, int, Span]] = []
    is_vague = False
    for location in group.children(annotation, SBOL2.location):
        span = _span(group, location)
        if span is None:
            is_vague = not group.text(annotation, GBCONV.location)
            continue
        position = _LAST_NUMBER.search(group.text(location, GBCONV.position))
        number = _LAST_NUMBER.search(group.text(location, SBOL2.displayId))
        found.append((int(position[1]) if position else -1, int(number[1]) if number else 0, span))
    if all(position >= 0 for position, _, _ in found):
        found.sort(key=lambda f: f[0])
    else:
        straddles = bool(group.text(annotation, GBCONV.stradlesOrigin))
        found.sort(key=lambda f: f[1] if straddles else f[2].start)
        if not straddles and SO.circular in group.iris(group.main, SBOL2.type):
            first = _first_on_circle([span for _, _, span in found], length)
            found = found[first:] + found[:first]
        if all(span.is_reverse for _, _, span in found):
            found.reverse()
    return _Place([span for _, _, span in found], group.text(annotation, GBCONV.multiRangeType), is_vague)


def _first_on_circle(spans: list[Span], length: int) -> int:
    """Return which of some spans in ascending order is first: behind the widest gap, where they meet at the origin."""
    meet = len(spans) > 1 and spans[0].start == 1 and spans[-1].end == length
    if not meet or len({span.is_reverse for span in spans}) > 1:
        return 0
    return max(range(1, len(spans)), key=lambda n: spans[n].start - spans[n - 1].end)


def _span(group: Group, location: Term) -> Span | None:
    is_reverse = SBOL2.reverseComplement in group.iris(location, SBOL2.orientation)
    at = _number(group.text(location, SBOL2.at))
    if at is not None:
        return Span(at, at + 1, "cut", is_reverse=is_reverse)
    start, end = _number(group.text(location, SBOL2.start)), _number(group.text(location, SBOL2.end))
    if start is None or end is None or not 1 <= start <= end:
        return None
    before = bool(group.text(location, GBCONV.startLessThan))
    after = bool(group.text(location, GBCONV.endGreaterThan))
    is_within = bool(group.text(location, GBCONV.singleBaseRange))
    return Span(start, end, "within" if is_within else "range", before, after, is_reverse)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None


def _exact_text(group: Group, annotation: Term, place: _Place, length: int) -> str:
    """Return a location that spans alone cannot say, if it is still that of the annotation; '' where spans will do."""
    kept = group.text(annotation, GBCONV.location)
    if kept:
        try:
            spans = parse_location(kept).spans
        except LocationError:
            return ""
        same = {(s.start, s.is_reverse) for s in spans} == {(s.start, s.is_reverse) for s in place.spans}
        return kept if same and len(spans) == len(place.spans) else ""
    if group.text(annotation, GBCONV.stradlesOrigin) and len(place.spans) == 2 and not place.operator:
        first, second = place.spans[::-1] if place.spans[0].is_reverse else place.spans
        if first.end == length and second.start == 1 and first.is_reverse == second.is_reverse:
            text = f"{'<' * first.before}{first.start}..{'>' * second.after}{second.end}"
            return f"complement({text})" if first.is_reverse else text
    return ""


# --- keys and qualifiers ----------------------------------------------------------------------------------


def _feature(group: Group, annotation: Term, component: Term | None, part: Group | None, location: str) -> OutFeature:
    roles: list[Iri] = group.iris(annotation, SBOL2.role)
    if component is not None:
        roles += group.iris(component, SBOL2.role)
    if part is not None:
        roles += part.iris(part.main, SBOL2.role)
    key, rough = key_of(roles)
    kept = group.text(annotation, GBCONV.featureType)
    if kept and not kept.startswith("/") and len(kept.split()) == 1:
        key, rough = kept, ""
    qualifiers = [
        (predicate.removeprefix(GBCONV.NS), value)
        for predicate, value in group.literals(annotation)
        if predicate.startswith(GBCONV.NS) and iri_term(Iri(predicate)) not in _NO_QUALIFIERS
    ]
    named = group.text(annotation, DCTERMS.title)  # of several labels the last one became the title
    qualifiers.sort(key=lambda q: (_FIRST.index(q[0]) if q[0] in _FIRST else len(_FIRST), q[0], q[1] == named, q[1]))
    if not any(name.lower() in _NAMES for name, _ in qualifiers):
        title = _title(group, annotation, component, part)
        if title and title != key:
            qualifiers.insert(0, ("label", title))
    description = group.text(annotation, DCTERMS.description)
    if description and ("note", description) not in qualifiers:
        qualifiers.append(("note", description))
    if rough and rough != TERMS[DEFAULT_KEY]:
        qualifiers.append(("db_xref", rough))
    return OutFeature(key, location, qualifiers)


def _title(group: Group, annotation: Term, component: Term | None, part: Group | None) -> str:
    """Return what people call a feature: the annotation, else the component, else the part that it places."""
    titles = [group.text(annotation, DCTERMS.title)]
    if component is not None:
        titles.append(group.text(component, DCTERMS.title))
    if part is not None:
        titles += [part.text(part.main, DCTERMS.title), part.text(part.main, SBOL2.displayId)]
    if component is not None:
        titles.append(group.text(component, SBOL2.displayId))
    if not _NUMBERED.match(group.text(annotation, SBOL2.displayId)):
        titles.append(group.text(annotation, SBOL2.displayId))
    return next(filter(None, titles), "")
