"""The triples of one document, indexed: who is what, who owns whom; and how a document becomes triples.

Knows the schema's ownership, not its rules: what is wrong with a document is said in `rules/`. Knows neither
the registry nor the store.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import cast

import pyoxigraph

from synhub.errors import InvalidDesign, TooLarge
from synhub.model import Finding
from synhub.rdf import Term, Triple, iri_term, is_blank
from synhub.sbol.blank_nodes import is_skolem, skolemise, unskolemise
from synhub.sbol.literals import rewritten
from synhub.sbol.schema import CHILD_PROPERTIES, CLASSES, TOP_LEVEL_CLASSES, properties_of
from synhub.vocab import RDF, SBOL2, SBOL3, STAMPS

__all__ = ["RELATIVE", "Document", "parse_rdf", "parse_rdf_xml", "skolemise", "unskolemise"]

TYPE = iri_term(RDF.type)
RELATIVE = "urn:x-synhub-upload:"  # what a relative sbol:source is kept under

# Relative references resolve below this one, whatever they look like ("m.xml", "/m.xml", "../m.xml", "//h/m",
# "#m"): a `urn:` base has no path to resolve against and would give `urn:m.xml`.
_BASE = "x-synhub-upload://document/"
_SCHEME = "x-synhub-upload:"
_BUFFER_BYTES = 1 << 24  # the engine's
# Of one upload. Two million statements take a child half of its memory, and prefixes make gigabytes of a small file.
MAX_TRIPLES = 2_000_000
_MAX_BYTES = 1 << 29
_PIECE = 20_000  # statements
_SOURCES = (iri_term(SBOL2.source), iri_term(SBOL3.source))
_IDENTITY = tuple(iri_term(p) for p in (SBOL2.displayId, SBOL2.persistentIdentity, SBOL2.version))
_TOP_LEVEL_PROPERTIES = frozenset(properties_of(iri_term(SBOL2.Collection))) - {iri_term(SBOL2.member)}
_NO_PROPERTIES: Mapping[Term, list[Term]] = {}


@dataclass(frozen=True, slots=True)
class Document:
    """Triples by subject and predicate, and the tree of objects that they form.

    `owner` maps a child or a nested annotation to its direct owner and `children` is the inverse, sorted.
    `nested` are the annotation nodes: of no class of the schema, without displayId, persistentIdentity or
    version, and value of an annotation of another subject. `top_levels` are the objects that nobody owns, of
    a top-level class or of no class of the schema (generic top levels), sorted. `orphans` are objects of a
    child class that nobody owns. `contested` maps a child that several subjects claim to all of them; the
    smallest one owns it.
    """

    subjects: dict[Term, dict[Term, list[Term]]]
    owner: dict[Term, Term]
    children: dict[Term, list[Term]]
    nested: frozenset[Term]
    top_levels: list[Term]
    orphans: list[Term]
    contested: dict[Term, list[Term]]

    @classmethod
    def of(cls, triples: Iterable[Triple]) -> "Document":
        """Index distinct triples."""
        subjects: dict[Term, dict[Term, list[Term]]] = {}
        for s, p, o in triples:
            said = subjects.get(s)
            if said is None:
                subjects[s] = {p: [o]}
            elif p in said:
                said[p].append(o)
            else:
                said[p] = [o]
        claims = _claims(subjects)
        owner = {child: min(owners) for child, owners in claims.items()}
        _break_cycles(owner)
        nested = _nested_owners(subjects, owner)
        owner |= nested
        children: dict[Term, list[Term]] = {}
        for child in sorted(owner):
            children.setdefault(owner[child], []).append(child)
        top_levels: list[Term] = []
        orphans: list[Term] = []
        for subject in sorted(subjects.keys() - owner.keys()):
            types = subjects[subject].get(TYPE, ())
            known = [t for t in types if t in CLASSES]
            (top_levels if not known or not TOP_LEVEL_CLASSES.isdisjoint(known) else orphans).append(subject)
        contested = {child: sorted(set(owners)) for child, owners in claims.items() if len(set(owners)) > 1}
        return cls(subjects, owner, children, frozenset(nested), top_levels, orphans, contested)

    def types(self, subject: Term) -> list[Term]:
        """Return the rdf:type values in document order; [] for an unknown subject."""
        return self.subjects.get(subject, _NO_PROPERTIES).get(TYPE, [])

    def value(self, subject: Term, predicate: Term) -> Term | None:
        """Return the only value, or the smallest of several; None where there is none."""
        values = self.subjects.get(subject, _NO_PROPERTIES).get(predicate)
        return min(values) if values else None

    def top_level_of(self, subject: Term) -> Term | None:
        """Return the object at the root of the subject's owners, or itself; None below an orphan."""
        root = subject
        while root in self.owner:
            root = self.owner[root]
        types = self.types(root)
        known = [t for t in types if t in CLASSES]
        return root if root in self.subjects and (not known or not TOP_LEVEL_CLASSES.isdisjoint(known)) else None

    def subtree(self, top_level: Term) -> list[Term]:
        """Return the subject, its children and nested annotations, owners before what they own."""
        found: list[Term] = []
        stack = [top_level]
        while stack:
            subject = stack.pop()
            found.append(subject)
            stack.extend(reversed(self.children.get(subject, ())))
        return found


def _claims(subjects: Mapping[Term, Mapping[Term, list[Term]]]) -> dict[Term, list[Term]]:
    """Map every object that is the value of an owning property, and may be owned, to those who claim it."""
    claims: dict[Term, list[Term]] = {}
    for subject, said in subjects.items():
        for class_term in said.get(TYPE, ()):
            for predicate in CHILD_PROPERTIES.get(class_term, frozenset()) & said.keys():
                for value in said[predicate]:
                    target = subjects.get(value)
                    if target is not None and value != subject and TOP_LEVEL_CLASSES.isdisjoint(target.get(TYPE, ())):
                        claims.setdefault(value, []).append(subject)
    return claims


def _break_cycles(owner: dict[Term, Term]) -> None:
    """Take the owner from the smallest member of every cycle; subjects of several classes can form one."""
    settled: set[Term] = set()
    for start in sorted(owner):
        path: dict[Term, None] = {}
        subject = start
        while subject in owner and subject not in settled and subject not in path:
            path[subject] = None
            subject = owner[subject]
        if subject in path:
            ring = list(path)
            del owner[min(ring[ring.index(subject) :])]
        settled.update(path)


def _nested_owners(subjects: Mapping[Term, Mapping[Term, list[Term]]], owner: Mapping[Term, Term]) -> dict[Term, Term]:
    """Map nested annotation nodes to their owners: nearest to an object first, then the smallest."""
    nodes = {
        s
        for s, said in subjects.items()
        if s not in owner and CLASSES.keys().isdisjoint(said.get(TYPE, ())) and not any(p in said for p in _IDENTITY)
    }
    if not nodes:
        return {}
    below: dict[Term, set[Term]] = defaultdict(set)
    for subject, said in subjects.items():
        for predicate, values in said.items():
            for value in values:
                if value in nodes and value != subject and _is_annotation(said, predicate, value):
                    below[subject].add(value)
    nested: dict[Term, Term] = {}
    referred = set().union(*below.values())
    layer = sorted(below.keys() - referred | (below.keys() - nodes))
    lost = sorted(referred)  # rings of nodes that no object refers to: their smallest member heads them
    reached = set(layer)
    while layer or lost:
        if not layer:
            head = lost.pop(0)
            if head not in reached:
                reached.add(head)
                layer = [head]
            continue
        following: list[Term] = []
        for subject in layer:
            for node in sorted(below.get(subject, ())):
                if node not in reached:
                    reached.add(node)
                    nested[node] = subject
                    following.append(node)
        layer = sorted(following)
    return nested


def _is_annotation(said: Mapping[Term, list[Term]], predicate: Term, value: Term) -> bool:
    """Tell whether a property of the subject is an annotation: it nests its value, others refer to it."""
    if is_blank(value) or is_skolem(value):
        return True
    if predicate == TYPE or predicate in STAMPS or predicate in _TOP_LEVEL_PROPERTIES:
        return False
    return not any(predicate in properties_of(t) for t in said.get(TYPE, ()))


def parse_rdf_xml(data: bytes) -> list[Triple]:
    """Read RDF/XML that has passed the pre-scan, as `parse_rdf` does."""
    return parse_rdf(data, pyoxigraph.RdfFormat.RDF_XML)


def parse_rdf(data: bytes, syntax: pyoxigraph.RdfFormat) -> list[Triple]:
    """Read a document that has passed the pre-scan of its syntax into distinct triples, in document order.

    Literals are as the engine stores them, blank nodes have become IRIs, a relative sbol:source `NAME` has
    become `urn:x-synhub-upload:NAME`. Names of graphs are forgotten.
    Raises InvalidDesign for what is not in the syntax (sbol-10105), for other relative IRIs and for nodes without
    identity (sbol-10201), TooLarge for too many blank nodes or statements, and for texts that the engine has no room
    for.
    Source: SBOL 2.3.0, section 10.
    """
    try:
        quads = pyoxigraph.parse(data, format=syntax, base_iri=_BASE)
        # Written and split again: three times as fast as asking each term for its text. RDF/XML has no graphs.
        flat = (
            cast(Iterator[pyoxigraph.Triple], quads)
            if syntax == pyoxigraph.RdfFormat.RDF_XML
            else (q.triple for q in quads)
        )
        text = _in_full(flat)
    except SyntaxError as error:
        raise _unreadable(error, syntax.name) from error
    except MemoryError as error:
        if not error.args:  # Python's own; the engine says so of a token that its buffer cannot hold
            raise
        most = f"{_BUFFER_BYTES} bytes, which are the most that are read"
        raise TooLarge(f"a text, an IRI or a comment of the {syntax.name} document is longer than {most}") from error
    triples = _distinct(text)
    if b"^^<" in text:
        triples = _normalised(triples)
    found = _absolute(triples) if _SCHEME.encode() in text or RELATIVE.encode() in text else triples
    return skolemise(found) if b"_:" in text else found


def _in_full(triples: Iterator[pyoxigraph.Triple]) -> bytes:
    """Write N-Triples, piece by piece: what is too much is found before it is there. Raises TooLarge."""
    pieces: list[bytes] = []
    size = 0
    while piece := pyoxigraph.serialize(islice(triples, _PIECE), format=pyoxigraph.RdfFormat.N_TRIPLES):
        pieces.append(piece)
        size += len(piece)
        if size > _MAX_BYTES:
            raise TooLarge(f"written in full the statements take more than {_MAX_BYTES} bytes; send them in parts")
        if len(pieces) * _PIECE > MAX_TRIPLES:
            raise TooLarge(f"the document holds more than {MAX_TRIPLES} statements; send it in parts")
    return b"".join(pieces)


def _distinct(text: bytes) -> list[Triple]:
    """Split canonical N-Triples. Equal terms become one object, which makes every later look-up faster."""
    terms: dict[str, str] = {}
    one = terms.setdefault
    triples: list[tuple[str, str, str]] = []
    for line in dict.fromkeys(text.decode().split("\n")):
        if line:
            s, p, o = line[:-2].split(" ", 2)
            triples.append((one(s, s), one(p, p), one(o, o)))
    return cast(list[Triple], triples)


def _unreadable(error: SyntaxError, syntax: str) -> InvalidDesign:
    place = f" at line {error.lineno}, column {error.offset}" if error.lineno is not None else ""
    message = f"not a readable {syntax} document{place}: {error.msg}"
    return Finding("sbol-10105", "error", "", message).as_error()


def _normalised(triples: list[Triple]) -> list[Triple]:
    """Write typed literals as the engine does, which rewrites some (`…00Z` for `…00.000Z`)."""
    changed = rewritten(o for _, _, o in triples)
    return list(dict.fromkeys((s, p, changed.get(o, o)) for s, p, o in triples)) if changed else triples


def _absolute(triples: list[Triple]) -> list[Triple]:
    """Keep relative values of sbol:source under RELATIVE. Raises InvalidDesign for other relative IRIs."""
    kept: list[Triple] = []
    findings: list[Finding] = []
    for triple in triples:
        s, p, o = triple
        if _SCHEME in o and p in _SOURCES and o.startswith("<" + _SCHEME):
            o = Term(f"<{RELATIVE}{o[1:].removeprefix(_BASE).removeprefix(_SCHEME)}")
        for term in (s, p, o):
            if _SCHEME in term and (name := _relative(term, p)) is not None:
                findings.append(_relative_finding(name, p))
        kept.append((s, p, o))
    if findings:
        raise InvalidDesign(findings[0].message, [f.as_json() for f in dict.fromkeys(findings)])
    return kept


def _relative(term: Term, predicate: Term) -> str | None:
    """Return what a term that came out of a relative IRI looked like, None for any other term."""
    iri = term[term.rindex("^^<") + 2 :] if term[0] == '"' and term[-1] == ">" else term
    if iri.startswith("<" + _SCHEME):
        return iri[1:-1].removeprefix(_BASE).removeprefix(_SCHEME)
    return iri[1:-1] if iri.startswith("<" + RELATIVE) and predicate not in _SOURCES else None


def _relative_finding(name: str, predicate: Term) -> Finding:
    return Finding(
        "synhub-relative-iri",
        "error",
        name,
        f"the IRI {name!r} (in a statement with {predicate}) is relative: write it in full, http://…",
    )
