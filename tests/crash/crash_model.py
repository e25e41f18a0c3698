"""What must be stored: submissions as functions of a collection's state, and the reader of what is stored.

A part's content is one word, its marker, written in many triples of the part and of its child, so that half a part
is told from a whole one.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

from crash_server import PREFIX, USER, Answer

from synhub.model import Dataset
from synhub.rdf import Iri, Triple, iri_term
from synhub.store.embedded import EmbeddedStore
from synhub.store.top_levels import read_top_levels
from synhub.store.whole_store import top_levels_of
from synhub.vocab import DCTERMS, SBOL2

GRAPH = Iri(f"{PREFIX}user/{USER}")
DONE = Answer(200, "Successfully uploaded")
_TITLE = iri_term(DCTERMS.title)
_LINE = "<http://design.example/terms#line>"
_MEMBER = iri_term(SBOL2.member)
_LINES = 4

_DOCUMENT = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/" xmlns:x="http://design.example/terms#">
{parts}
</rdf:RDF>"""

_PART = """<sbol:ComponentDefinition rdf:about="http://design.example/{id}/1">
  <sbol:persistentIdentity rdf:resource="http://design.example/{id}"/><sbol:displayId>{id}</sbol:displayId>
  <sbol:version>1</sbol:version><dcterms:title>{marker}</dcterms:title>
  <sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>
{lines}
  <sbol:component><sbol:Component rdf:about="http://design.example/{id}/child/1">
    <sbol:persistentIdentity rdf:resource="http://design.example/{id}/child"/><sbol:displayId>child</sbol:displayId>
    <sbol:version>1</sbol:version><dcterms:title>{marker}</dcterms:title>
    <sbol:access rdf:resource="http://sbols.org/v2#public"/>
    <sbol:definition rdf:resource="http://elsewhere.example/promoter/1"/>
  </sbol:Component></sbol:component>
</sbol:ComponentDefinition>"""


def _part(display_id: str, marker: str) -> str:
    lines = "\n".join(f"  <x:line>{escape(marker)} {n}</x:line>" for n in range(_LINES))
    return _PART.format(id=display_id, marker=escape(marker), lines=lines)


def document(parts: Mapping[str, str]) -> bytes:
    return _DOCUMENT.format(parts="\n".join(_part(i, m) for i, m in parts.items())).encode()


def namespace(collection: str) -> str:
    return f"{GRAPH}/{collection}/"


def root(collection: str) -> Iri:
    return Iri(f"{namespace(collection)}{collection}_collection/1")


@dataclass(frozen=True)
class State:
    """A collection: its name, its own parts by display id with their markers, and members that lie elsewhere."""

    name: str
    parts: Mapping[str, str]
    links: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Submission:
    """One POST /submit: parts with markers into a collection of version 1."""

    mode: int
    collection: str
    name: str
    parts: Mapping[str, str]
    choices: tuple[str, ...] = ()

    def fields(self) -> dict[str, str]:
        fields = {"overwrite_merge": str(self.mode)}
        if self.choices:
            fields["collectionChoices"] = ",".join(root(c) for c in self.choices)
        if self.mode > 1:
            return fields | {"rootCollections": root(self.collection)}
        return fields | {"id": self.collection, "version": "1", "name": self.name, "description": "crash"}

    def file(self) -> bytes:
        return document(self.parts)

    def is_refused(self, old: State | None) -> bool:
        """Say whether the answer must be 400."""
        if self.mode == 0:
            return old is not None
        if self.mode == 1:
            return False
        if old is None:
            return True
        return self.mode == 2 and any(old.parts.get(i, m) != m for i, m in self.parts.items())

    def after(self, old: State | None) -> State:
        if self.mode < 2:
            return State(self.name, dict(self.parts))
        assert old is not None
        return State(old.name, {**old.parts, **self.parts}, old.links)


@dataclass
class Model:
    """The states that each collection may be in: one, or the old and the new while a submission is unanswered."""

    possible: dict[str, list[State | None]] = field(default_factory=dict)

    def state(self, collection: str) -> State | None:
        states = self.possible.get(collection, [None])
        assert len(states) == 1, f"{collection}: an unanswered submission has not been settled"
        return states[0]

    def set(self, collection: str, state: State | None) -> None:
        self.possible[collection] = [state]

    def begin(self, submission: Submission) -> None:
        """A submission is on its way: old or new from here on."""
        old = self.state(submission.collection)
        if not submission.is_refused(old):
            self.possible[submission.collection] = [old, submission.after(old)]

    def end(self, submission: Submission, answer: Answer | None) -> None:
        """The answer decides; None decides nothing."""
        states = self.possible.get(submission.collection, [None])
        if answer is None:
            return
        if len(states) == 1:
            assert answer.status == 400, f"{submission} was answered {answer}"
            return
        assert answer == DONE, f"{submission} was answered {answer}"
        self.possible[submission.collection] = states[1:]

    def refused(self, submission: Submission) -> None:
        """It was answered by an error: nothing of it may ever appear."""
        self.possible[submission.collection] = self.possible.get(submission.collection, [None])[:1]

    def settle(self, found: Mapping[str, State]) -> None:
        """What was found must be possible; from here on it is what is."""
        for collection in self.possible.keys() | found.keys():
            states = self.possible.get(collection, [None])
            assert found.get(collection) in states, f"{collection} is {found.get(collection)}, not one of {states}"
            self.set(collection, found.get(collection))


def _hidden(data: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(data / "synhub.sqlite")) as connection:
        return set(connection.execute("SELECT graph, top_level FROM removal"))


def read_states(data: Path) -> dict[str, State]:
    """Read every collection of the stopped instance, less what is being removed. Fails on anything that is in part."""
    store = EmbeddedStore(data / "store", read_only=True)
    try:
        hidden = {top for _, top in _hidden(data)}
        stored = read_top_levels(store, Dataset((GRAPH,)), top_levels_of(store, GRAPH))
    finally:
        store.close()
    visible = {iri: triples for iri, triples in stored.items() if iri not in hidden}
    by_collection: dict[str, dict[Iri, list[Triple]]] = {}
    for iri, triples in visible.items():
        by_collection.setdefault(iri.removeprefix(f"{GRAPH}/").split("/")[0], {})[iri] = triples
    return {collection: _state(collection, tops, hidden) for collection, tops in by_collection.items()}


def _state(collection: str, tops: dict[Iri, list[Triple]], hidden: set[str]) -> State:
    holder = root(collection)
    assert holder in tops, f"{collection}: parts without their collection: {sorted(tops)}"
    parts = {iri: _marker(iri, triples) for iri, triples in tops.items() if iri != holder}
    members = {o[1:-1] for s, p, o in tops[holder] if p == _MEMBER} - hidden
    own = {m for m in members if m.startswith(namespace(collection))}
    assert own == set(parts), f"{collection}: members and parts differ by {sorted(own ^ set(parts))}"
    names = [o for s, p, o in tops[holder] if p == _TITLE]
    assert len(names) == 1, f"{collection}: titles {names}"
    return State(
        _text(names[0]),
        {iri.split("/")[-2]: marker for iri, marker in parts.items()},
        frozenset(members - own),
    )


def _text(literal: str) -> str:
    return literal.strip('"')


def _marker(iri: Iri, triples: Iterable[Triple]) -> str:
    """Return the marker of a part that is stored in full. Fails on a mix and on half a part."""
    said = {(s, p, o) for s, p, o in triples if p in (_TITLE, _LINE)}
    me, child = f"<{iri}>", f"<{iri.removesuffix('/1')}/child/1>"
    marker = min((_text(o) for s, p, o in said if s == me and p == _TITLE), default="")
    expected = {(me, str(_TITLE), f'"{marker}"'), (child, str(_TITLE), f'"{marker}"')}
    expected |= {(me, _LINE, f'"{marker} {n}"') for n in range(_LINES)}
    assert said == expected, f"{iri} is stored in part or mixed: {sorted(said ^ expected)}"
    return marker
