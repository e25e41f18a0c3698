"""Random SBOL 2 documents over the schema: references are to what they may be to, but anything may be missing."""

from hypothesis import strategies as st

from synhub.formats.source import MemorySource
from synhub.rdf import Term, Triple, iri_of, iri_term, literal_term
from synhub.sbol.graph import Document
from synhub.sbol.schema import TOP_LEVEL_CLASSES, Property, properties_of
from synhub.vocab import BIOPAX, RDF, SBOL2, SO

TYPE = iri_term(RDF.type)
_IDENTITY = (SBOL2.persistentIdentity, SBOL2.displayId, SBOL2.version)
_NOTE = Term("<http://a.example/terms#note>")
_TERMS = [
    Term(f"<{iri}>")
    for iri in (
        BIOPAX.Dna,
        BIOPAX.DnaRegion,
        SO.NS + "SO:0000167",
        *(
            SBOL2.NS + name
            for name in [
                "inline",
                "precedes",
                "public",
                "in",
                "inout",
                "useRemote",
                "useLocal",
                "verifyIdentical",
                "merge",
            ]
        ),
        "https://identifiers.org/SO:0000001",
        "http://else.example/1/x",
    )
]
_LITERALS = [
    *(literal_term(text) for text in ("", "1", "12", "012", "1.5", "1.50", 'é\n"')),
    Term('"5"^^<http://www.w3.org/2001/XMLSchema#integer>'),
    Term('"a"@en'),
]
_OUTSIDE = [Term("<http://else.example/7/y>"), Term("<http://else.example/y/7>")]


def groups_of(triples: list[Triple]) -> MemorySource:
    """Return the top levels of a document, each with its children, to be written."""
    document = Document.of(triples)
    groups = [
        (iri_of(root), [(s, p, o) for s in document.subtree(root) for p, v in document.subjects[s].items() for o in v])
        for root in document.top_levels + document.orphans
    ]
    return MemorySource(groups, [groups[0][0]] if groups else [], is_collection=False)


@st.composite
def documents(draw: st.DrawFn) -> list[Triple]:
    """Draw up to four top levels with children, with or without versions, complete or not."""
    triples: list[Triple] = []
    classes: dict[Term, Term] = {}
    identities: dict[Term, Term] = {}

    def mostly() -> bool:
        return draw(st.integers(0, 9)) > 0

    def build(class_term: Term, identity: str, version: str, depth: int) -> Term:
        iri = Term(f"<{identity}/{version}>" if version else f"<{identity}>")
        classes[iri] = class_term
        identities[iri] = Term(f"<{identity}>")
        said = [iri_term(SBOL2.persistentIdentity), iri_term(SBOL2.displayId), iri_term(SBOL2.version)]
        values = [identities[iri], literal_term(identity.rpartition("/")[2]), literal_term(version)]
        triples.append((iri, TYPE, class_term))
        triples.extend((iri, p, o) for p, o in zip(said, values, strict=True) if o != '""' and mostly())
        for child in properties_of(class_term).values() if depth < 3 else ():
            for number in range(draw(st.sampled_from((0, 0, 1, 2))) if child.kind == "child" else 0):
                name = f"{child.iri[-4:]}{number}"
                target = iri_term(draw(st.sampled_from(child.targets)))
                triples.append((iri, iri_term(child.iri), build(target, f"{identity}/{name}", version, depth + 1)))
        return iri

    def value_of(said: Property) -> Term:
        if draw(st.integers(0, 19)) == 0:  # of whatever kind
            return draw(st.sampled_from([*_LITERALS, *_TERMS]))
        if said.kind == "reference":
            fitting = [s for s, c in classes.items() if not said.targets or iri_of(c) in said.targets]
            return draw(st.sampled_from([*fitting, *(identities[s] for s in fitting), *_OUTSIDE]))
        return draw(st.sampled_from(_TERMS if said.kind == "iri" else _LITERALS))

    for number in range(draw(st.integers(1, 4))):
        version = draw(st.sampled_from(("", "1", "1", "2.0")))
        prefix = "http://a.example/x" if mostly() else "http://a.example/1"
        build(draw(st.sampled_from(sorted(TOP_LEVEL_CLASSES))), f"{prefix}/o{number}", version, 0)
    for subject, class_term in classes.items():
        for said in properties_of(class_term).values():
            if said.kind != "child" and said.iri not in _IDENTITY:
                for _ in range(draw(st.sampled_from((0, 1, 1, 2)))):
                    triples.append((subject, iri_term(said.iri), value_of(said)))
        if not mostly():
            triples.append((subject, _NOTE, draw(st.sampled_from([*classes, *_LITERALS]))))
    return list(dict.fromkeys(triples))
