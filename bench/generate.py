"""Corpora of N parts that resemble the public iGEM collection, the same for the same seed.

A part is a ComponentDefinition with its Sequence; some are composites of others, with components and sequence
annotations. Parts stand in collections: one of 40 % of all parts, one a year, some roots of laboratories; three per
cent are private to one user. Two forms: N-Quads of what a repository stores (with ownedBy and topLevel, as
`POST /submit` leaves it), and SBOL2 RDF/XML to be submitted. Knows no store and no server.

    python -m bench.generate --parts 10000 --out corpus.nq [--rdf-xml corpus.xml]
"""

import argparse
import itertools
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import vocabulary as v
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.sbol.xml import write_sbol2_stream
from synhub.vocab import BIOPAX, DC, DCTERMS, PROV, RDF, SBH, SBOL2, STAMPS

PREFIX = "http://bench.example/"
SEED = 20_031
OWNER = "ada"  # of the private share
PUBLISHER = "igem"
COLLECTION = "igem"
_PRIVATE = "mine"
_LARGE = "catalogue"  # id of the large collection
_TOOLBOX = 2_000  # basic parts that composites are made of
_YEARS = range(2003, 2025)
_LABORATORIES = 20
_NUCLEOTIDES = "http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html"
_NONE = Iri("")


@dataclass(frozen=True, slots=True)
class TopLevel:
    """One top level: its class, its triples with those of its children and the stamps, and the graph it stands in."""

    iri: Iri
    cls: Iri
    graph: Iri
    triples: Sequence[Triple]


@dataclass
class Landmarks:
    """What queries ask for: IRIs of some parts, composites and collections of a corpus, in the order of creation."""

    parts: list[Iri] = field(default_factory=list)
    composites: list[Iri] = field(default_factory=list)
    large: Iri = _NONE
    root: Iri = _NONE


@dataclass(frozen=True, slots=True)
class _Basic:
    iri: Iri
    role: str
    elements: str


class Corpus:
    """A corpus of `parts` parts. Iterating makes it anew each time, with the same result.

    `landmarks` is filled while iterating.
    """

    def __init__(self, parts: int, seed: int = SEED, prefix: str = PREFIX) -> None:
        self.parts = parts
        self.prefix = prefix
        self.public = Iri(prefix + "public")
        self.private = Iri(f"{prefix}user/{OWNER}")
        self.landmarks = Landmarks()
        self._seed = seed

    def __iter__(self) -> Iterator[TopLevel]:
        return _Generation(self, random.Random(self._seed)).run()


class _Generation:
    """One pass: what has been made so far."""

    def __init__(self, corpus: Corpus, rng: random.Random) -> None:
        self.corpus = corpus
        self.rng = rng
        self.toolbox: list[_Basic] = []
        self.popular = list(itertools.accumulate(1 / (n + 3) for n in range(_TOOLBOX)))
        self.role_weights = list(itertools.accumulate(1 / (n + 1) for n in range(len(v.ROLES))))
        rare = ["".join(self.rng.choices(v.SYLLABLES, k=self.rng.randint(2, 4))) for _ in range(3_000)]
        self.words = [*v.WORDS, *rare]
        self.word_weights = list(itertools.accumulate(1 / (n + 4) for n in range(len(self.words))))
        self.dna = "".join(self.rng.choices("acgt", k=400_000))
        self.members: dict[str, list[Iri]] = {}
        self.landmarks = corpus.landmarks = Landmarks()

    def run(self) -> Iterator[TopLevel]:
        parts = self.corpus.parts
        rare = set(self.rng.sample(range(parts), min(v.RARE_PARTS, parts)))
        for n in range(parts):
            private = self.rng.random() < v.PRIVATE_SHARE and n not in rare
            yield from self._part(n, private=private, rare=n in rare)
        yield from self._collections()

    # --- one part ----------------------------------------------------------------------------------------------------

    def _part(self, n: int, *, private: bool, rare: bool) -> Iterator[TopLevel]:
        rng = self.rng
        display_id = f"BBa_{rng.choice(v.FAMILIES)}{n:05d}"
        iri = self._iri(display_id, private=private)
        composite = len(self.toolbox) >= 20 and rng.random() < v.COMPOSITE_SHARE
        role, kind = v.ROLES[1] if composite else self._role()
        pieces = (
            rng.choices(self.toolbox, cum_weights=self.popular[: len(self.toolbox)], k=rng.randint(2, 6))
            if (composite)
            else []
        )
        elements = "tactagag".join(p.elements for p in pieces) if composite else self._elements()
        sequence = self._iri(f"{display_id}_sequence", private=private)
        node = _Node(iri, iri, SBOL2.ComponentDefinition, self._owner(private=private))
        node.say(SBOL2.type, iri_term(Iri(BIOPAX.NS + self._weighted(v.TYPES))))
        node.say(SBOL2.role, iri_term(Iri(v.SO + role)), iri_term(Iri(f"{v.IGEM}partType/{kind}")))
        node.say(SBOL2.sequence, iri_term(sequence))
        self._annotate(node, n, rare=rare)
        children = [t for at, p in enumerate(pieces) for t in self._component(node, at, p, pieces)]
        yield self._top_level(node, children, private=private)
        yield self._sequence(sequence, elements, private=private)
        self._remember(iri, role, elements, composite=composite, private=private)

    def _remember(self, iri: Iri, role: str, elements: str, *, composite: bool, private: bool) -> None:
        marks, rng = self.landmarks, self.rng
        collections = [_PRIVATE] if private else [f"igem_{rng.choice(_YEARS)}"]
        if not private:
            if len(self.members.get(_LARGE, ())) < int(self.corpus.parts * v.LARGE_SHARE):
                collections.append(_LARGE)
            if rng.random() < 0.01:
                collections.append(f"lab{rng.randrange(_LABORATORIES):02d}")
            (marks.composites if composite else marks.parts).append(iri)
            if not composite and len(self.toolbox) < _TOOLBOX:
                self.toolbox.append(_Basic(iri, role, elements[:3_000]))
        for name in collections:
            self.members.setdefault(name, []).append(iri)

    def _annotate(self, node: "_Node", n: int, *, rare: bool) -> None:
        rng = self.rng
        title = rng.choice(v.PREFIXES) + str(rng.choice((n, rng.choice(self.words))))
        text = self._text(rng.randint(3, 16))
        if rng.random() < v.ODD_TEXT_SHARE:
            text = f"{text}, {rng.choice(v.ODD)}"
        if rare:
            text = f"{text} {v.RARE_WORD}"
        if rng.random() < 0.97:
            node.say(DCTERMS.title, literal_term(title))
        if rare or rng.random() < 0.92:
            node.say(DCTERMS.description, literal_term(text))
        day = f"{rng.choice(_YEARS)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        node.say(DCTERMS.created, literal_term(f"{day}T{rng.randint(0, 23):02d}:00:00Z"))
        node.say(DCTERMS.modified, literal_term("2015-08-31T04:08:00Z"))
        node.say(DC.creator, literal_term(f"{self._word().title()} {self._word().title()}"))
        node.say(PROV.wasDerivedFrom, iri_term(Iri(f"http://parts.igem.org/Part:{_display_id(node.iri)}")))
        node.say(SBH.mutableNotes, literal_term(self._text(12)))
        if rng.random() < 0.4:
            node.say(SBH.mutableDescription, literal_term(self._text(40)))
        for name, value in (
            ("status", self._weighted(v.STATUSES)),
            ("sampleStatus", rng.choice(v.SAMPLES)),
            ("dominant", "true"),
            ("owning_group_id", str(rng.randrange(900))),
            ("m_user_id", str(rng.randrange(4_000))),
        ):
            node.say(Iri(v.IGEM + name), literal_term(value))

    def _component(self, parent: "_Node", at: int, piece: _Basic, pieces: Sequence[_Basic]) -> Iterator[Triple]:
        """Yield a component, its annotation and its range."""
        start = sum(len(p.elements) + len("tactagag") for p in pieces[:at]) + 1
        component = parent.child(f"c{at}", SBOL2.NS + "Component")
        component.say(Iri(SBOL2.NS + "access"), iri_term(Iri(SBOL2.NS + "public")))
        component.say(Iri(SBOL2.NS + "definition"), iri_term(piece.iri))
        annotation = parent.child(f"annotation{at}", SBOL2.NS + "SequenceAnnotation")
        annotation.say(Iri(SBOL2.NS + "component"), iri_term(component.iri))
        place = annotation.child("range", SBOL2.NS + "Range")
        place.say(Iri(SBOL2.NS + "start"), literal_term(str(start)))
        place.say(Iri(SBOL2.NS + "end"), literal_term(str(start + max(len(piece.elements), 1) - 1)))
        place.say(Iri(SBOL2.NS + "orientation"), iri_term(Iri(SBOL2.NS + "inline")))
        annotation.say(Iri(SBOL2.NS + "location"), iri_term(place.iri))
        parent.say(Iri(SBOL2.NS + "component"), iri_term(component.iri))
        parent.say(Iri(SBOL2.NS + "sequenceAnnotation"), iri_term(annotation.iri))
        yield from itertools.chain(component.triples, annotation.triples, place.triples)

    def _sequence(self, iri: Iri, elements: str, *, private: bool) -> TopLevel:
        node = _Node(iri, iri, SBOL2.Sequence, self._owner(private=private))
        node.say(SBOL2.elements, literal_term(elements))
        node.say(SBOL2.encoding, iri_term(Iri(_NUCLEOTIDES)))
        return self._top_level(node, [], private=private)

    # --- collections -------------------------------------------------------------------------------------------------

    def _collections(self) -> Iterator[TopLevel]:
        marks = self.landmarks
        below = []
        for name, members in sorted(self.members.items()):
            private = name == _PRIVATE
            collection_id = COLLECTION if name.startswith(("igem_", _LARGE)) else name
            display_id = name if collection_id == COLLECTION else f"{name}_collection"
            iri = self._iri(display_id, collection_id, private=private)
            if collection_id == COLLECTION:
                below.append(iri)
            if name == _LARGE:
                marks.large = iri
            yield self._collection(iri, members, private=private)
        marks.root = self._iri(f"{COLLECTION}_collection")
        yield self._collection(marks.root, below, private=False)

    def _collection(self, iri: Iri, members: Iterable[Iri], *, private: bool) -> TopLevel:
        node = _Node(iri, iri, SBOL2.Collection, self._owner(private=private))
        node.say(DCTERMS.title, literal_term(_display_id(iri).replace("_", " ")))
        node.say(DCTERMS.description, literal_term(self._text(8)))
        node.say(SBOL2.member, *(iri_term(member) for member in members))
        return self._top_level(node, [], private=private)

    # --- values ------------------------------------------------------------------------------------------------------

    def _iri(self, display_id: str, collection_id: str = "", *, private: bool = False) -> Iri:
        graph = self.corpus.private if private else self.corpus.public
        return Iri(f"{graph}/{collection_id or (_PRIVATE if private else COLLECTION)}/{display_id}/1")

    def _owner(self, *, private: bool) -> Term:
        return iri_term(Iri(f"{self.corpus.prefix}user/{OWNER if private else PUBLISHER}"))

    def _top_level(self, node: "_Node", children: list[Triple], *, private: bool) -> TopLevel:
        graph = self.corpus.private if private else self.corpus.public
        return TopLevel(node.iri, node.cls, graph, [*node.triples, *children])

    def _role(self) -> tuple[str, str]:
        return self.rng.choices(v.ROLES, cum_weights=self.role_weights)[0]

    def _weighted(self, choices: Sequence[tuple[str, int]]) -> str:
        return self.rng.choices([name for name, _ in choices], [weight for _, weight in choices])[0]

    def _word(self) -> str:
        return self.rng.choices(self.words, cum_weights=self.word_weights)[0]

    def _text(self, words: int) -> str:
        return " ".join(self.rng.choices(self.words, cum_weights=self.word_weights, k=words))

    def _elements(self) -> str:
        """Return bases: the length is log-normal, as lengths of parts are."""
        length = int(self.rng.lognormvariate(math.log(v.LENGTH_MEDIAN_BP), v.LENGTH_SIGMA))
        length = min(max(length, 6), v.LONGEST_BP)
        start = self.rng.randrange(len(self.dna) - length)
        return self.dna[start : start + length]


class _Node:
    """An object on its way: identity and stamps are said at once, the rest by `say`."""

    def __init__(self, iri: Iri, top_level: Iri, cls: str, owner: Term) -> None:
        self.iri, self.cls = iri, Iri(cls)
        self._top_level, self._owner = top_level, owner
        self._me = iri_term(iri)
        self.triples: list[Triple] = []
        self.say(RDF.type, iri_term(self.cls))
        self.say(SBOL2.persistentIdentity, iri_term(Iri(iri.rpartition("/")[0])))
        self.say(SBOL2.displayId, literal_term(_display_id(iri)))
        self.say(SBOL2.version, literal_term("1"))
        self.say(SBH.topLevel, iri_term(top_level))
        self.say(SBH.ownedBy, owner)

    def say(self, predicate: Iri, *values: Term) -> None:
        for value in values:
            self.triples.append((self._me, iri_term(predicate), value))

    def child(self, display_id: str, cls: str) -> "_Node":
        iri = Iri(f"{self.iri.rpartition('/')[0]}/{display_id}/1")
        return _Node(iri, self._top_level, cls, self._owner)


def _display_id(iri: Iri) -> str:
    return iri.split("/")[-2]


@dataclass(frozen=True, slots=True)
class Size:
    top_levels: int
    triples: int


def write_nquads(corpus: Corpus, path: Path) -> Size:
    """Write what a repository that holds the corpus stores, one named graph an owner; return how much it is."""
    top_levels = triples = 0
    with path.open("w", encoding="utf-8") as file:
        for top_level in corpus:
            graph = iri_term(top_level.graph)
            file.writelines(f"{s} {p} {o} {graph} .\n" for s, p, o in top_level.triples)
            top_levels += 1
            triples += len(top_level.triples)
    return Size(top_levels, triples)


def write_rdf_xml(corpus: Corpus) -> Iterator[bytes]:
    """Yield one SBOL2 document of the public part of the corpus, without stamps: what a user would submit."""
    public = (top for top in corpus if top.graph == corpus.public)
    return write_sbol2_stream([t for t in top.triples if t[1] not in STAMPS] for top in public)


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a corpus of N parts.")
    parser.add_argument("--parts", type=int, required=True)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--prefix", default=PREFIX, help="base of all IRIs")
    parser.add_argument("--out", type=Path, required=True, help="N-Quads of the stored form")
    parser.add_argument("--rdf-xml", type=Path, help="SBOL2 of the public part, to be submitted")
    arguments = parser.parse_args()
    corpus = Corpus(arguments.parts, arguments.seed, arguments.prefix)
    size = write_nquads(corpus, arguments.out)
    print(f"{size.top_levels} top levels, {size.triples} triples in {arguments.out}")
    if arguments.rdf_xml:
        with arguments.rdf_xml.open("wb") as file:
            file.writelines(write_rdf_xml(corpus))


if __name__ == "__main__":
    main()
