"""Random designs, and random questions about them, for what must hold of any."""

import random
from datetime import date
from urllib.parse import quote

from synhub.model import ChangeSet, Dataset, Removed
from synhub.rdf import Iri, Term, Triple, in_graph, iri_term, literal_term, write_nquads
from synhub.search.ast import (
    Criterion,
    HasDate,
    HasElements,
    HasValue,
    InCollection,
    IsLatest,
    Phrase,
    SearchQuery,
    fold,
)
from synhub.search.criteria import parse_criteria
from synhub.store.catalog.catalog import Catalog
from synhub.store.embedded import EmbeddedStore
from synhub.vocab import BIOPAX, DC, DCTERMS, PREFIXES, RDF, SBH, SBOL2, XSD

PUBLIC, ALICE, BOB = Iri("http://x/public"), Iri("http://x/user/alice"), Iri("http://x/user/bob")
GRAPHS = (PUBLIC, ALICE, BOB)
READERS = (Dataset((PUBLIC,)), Dataset((PUBLIC, ALICE)), Dataset((PUBLIC, BOB)))
STATUS = Iri(PREFIXES["igem"] + "status")
CLASSES = [iri_term(Iri(SBOL2.NS + n)) for n in ("ComponentDefinition", "Collection", "Sequence")]
ROLES = [
    *(iri_term(Iri(f"http://identifiers.org/so/SO:0000{n}")) for n in (139, 167, 316)),
    iri_term(Iri("http://purl.obolibrary.org/obo/SO_0000167")),  # promoter
    iri_term(Iri("https://identifiers.org/SO:0000613")),  # bacterial RNA polymerase promoter
]
TYPES = [
    *(iri_term(Iri(BIOPAX.NS + name)) for name in ("DnaRegion", "Protein", "Catalysis")),
    iri_term(Iri("http://identifiers.org/biomodels.sbo/SBO:0000252")),  # polypeptide chain
]
BELOW = [("roleBelow", t) for t in ("promoter", "SO:0000167", "CDS", "region", "rbs")]
BELOW += [("typeBelow", t) for t in ("PhysicalEntity", "macromolecule", "biopax:Catalysis", "Protein")]
WORDS = ["gfp", "GFP", "Lac", "lac promoter", "pLac", "a", "É", "ΑΣ", "100%", 'say "x"', "x'y", "\\d", "_", "*"]
TEXTS = [*WORDS, "Lac Promoter strong", "gfp%", "été", "back\\slash", "İstanbul", "a\tb", "日本語 parts"]
MOMENTS = ["2020-01-01T00:00:00Z", "2020-01-01T23:59:59.9Z", "2020-01-02T00:00:00", "2020-01-02T00:00:00+14:00"]
MOMENTS += ["2020-01-01", "2020-01-02Z", "2020-01-02+02:00", "2020-01-01T23:59:59.9", "2020-01-01T24:00:00"]
NO_MOMENTS = ["yesterday", "2020-01", "2020-02-30", "2020-01-02T00:00Z", "Tuesday", ""]
DATATYPES = [None, XSD.dateTime, Iri(XSD.NS + "date")]
DAYS = [date(2019, 12, 31), date(2020, 1, 1), date(2020, 1, 2), date(2020, 1, 3)]
SEQUENCES = ["acgt", "ACGT", "acgtt", "aacgt", "C1CC1", "c1cc1", "MKV*", "mkv*"]
QUOTED_BOB = "'Bob'"
VERSIONS = ["1", "1.0", "1.2", "1.10", "1.10-rc", "1.10-SNAPSHOT", "2", "1.a"]


def object_iri(graph: Iri, n: int) -> Iri:
    return Iri(f"{graph}/lab/o{n}/1")


def random_entry(graph: Iri, n: int, rnd: random.Random) -> tuple[Removed, list[Triple]]:
    """One top level with a child; collections have members, parts have sequences, all have some of each property."""
    iri = object_iri(graph, n)
    subject, child = iri_term(iri), iri_term(Iri(f"{graph}/lab/o{n}/c/1"))
    kind = rnd.choice(CLASSES)
    some = [iri_term(object_iri(g, m)) for g in (PUBLIC, graph) for m in rnd.sample(range(8), 3)]
    own: list[tuple[Iri, Term]] = [(RDF.type, kind), (SBH.topLevel, subject)]
    own += [(SBOL2.persistentIdentity, iri_term(Iri(f"{graph}/lab/p{n % 4}")))]
    own += [(SBOL2.version, literal_term(rnd.choice(VERSIONS)))]
    own += [(SBOL2.role, role) for role in rnd.sample(ROLES, rnd.randint(0, 2))]
    own += [(SBOL2.type, rnd.choice(TYPES))] * rnd.randint(0, 1)
    own += [(SBOL2.displayId, literal_term(rnd.choice(["pLac", f"o{n}", "gfp"])))] * rnd.randint(0, 1)
    own += [(DCTERMS.title, literal_term(t)) for t in rnd.sample(TEXTS, rnd.randint(0, 2))]
    own += [(DCTERMS.description, literal_term(t)) for t in rnd.sample(TEXTS, rnd.randint(0, 1))]
    own += [(DC.creator, literal_term(rnd.choice(["Alice", "Bob"])))] * rnd.randint(0, 1)
    own += [(DCTERMS.title, literal_term("7", XSD.integer))] * (rnd.random() < 0.1)
    own += [(STATUS, literal_term(rnd.choice(["Available", "7"])))] * rnd.randint(0, 1)
    own += [(STATUS, literal_term("7", XSD.integer))] * (rnd.random() < 0.2)
    own += [
        (rnd.choice([DCTERMS.created, DCTERMS.modified]), literal_term(m, rnd.choice(DATATYPES)))
        for m in [*rnd.sample(MOMENTS, 2), rnd.choice(NO_MOMENTS)]
    ]
    if kind == CLASSES[1]:
        own += [(SBOL2.member, member) for member in some]
        own += [(SBOL2.member, iri_term(Iri(f"{g}/lab/p{rnd.randint(0, 4)}"))) for g in (PUBLIC, graph)]
    elif kind == CLASSES[2]:
        own += [(SBOL2.elements, literal_term(rnd.choice(SEQUENCES)))]
    else:
        own += [(SBOL2.sequence, sequence) for sequence in some]
    triples = {(subject, iri_term(p), o) for p, o in own}
    triples |= {(child, iri_term(p), o) for p, o in [(SBH.topLevel, subject), (SBOL2.role, rnd.choice(ROLES))]}
    return (graph, iri), sorted(triples)


def random_criterion(rnd: random.Random) -> Criterion:
    graph = rnd.choice(GRAPHS)
    choices: list[Criterion] = [
        HasValue(RDF.type, (rnd.choice(CLASSES),)),
        HasValue(SBOL2.role, (rnd.choice(ROLES),)),
        HasValue(SBOL2.role, tuple(rnd.sample(ROLES, 2))),
        HasValue(rnd.choice([SBOL2.role, SBOL2.sequence, DC.creator, STATUS, SBOL2.displayId]), ()),
        HasValue(SBOL2.displayId, (literal_term(rnd.choice(["pLac", "plac", "o1"])),)),
        HasValue(DCTERMS.title, (literal_term(rnd.choice(TEXTS)),)),
        HasValue(DCTERMS.title, (literal_term("7"), literal_term("7", XSD.integer))),
        HasValue(STATUS, (literal_term("7"), literal_term("7", XSD.integer))),
        HasValue(STATUS, (literal_term("Available"),)),
        HasValue(DC.creator, (literal_term("Alice"),)),
        HasValue(DCTERMS.description, (literal_term(rnd.choice(TEXTS)),)),
        InCollection(object_iri(graph, rnd.randint(0, 8))),
        InCollection(Iri(f"{graph}/lab/p{rnd.randint(0, 3)}")),
        HasDate(rnd.choice([DCTERMS.created, DCTERMS.modified]), rnd.choice(DAYS), rnd.random() < 0.5),
        HasElements(rnd.choice(SEQUENCES)),
        IsLatest(),
        *parse_criteria(*rnd.choice(BELOW)),
    ]
    return rnd.choice(choices)


def random_query(rnd: random.Random) -> SearchQuery:
    criteria = tuple(random_criterion(rnd) for _ in range(rnd.choice([0, 0, 1, 1, 2])))
    alternatives = tuple(
        tuple(
            Phrase(fold(rnd.choice([*WORDS, "lac promoter strong", "zzz"])), rnd.random() < 0.3)
            for _ in range(rnd.randint(1, 2))
        )
        for _ in range(rnd.choice([0, 0, 1, 1, 2]))
    )
    return SearchQuery(criteria, alternatives)


def fill(store: EmbeddedStore, catalog: Catalog, entries: dict[Removed, list[Triple]], number: int) -> None:
    quads = [quad for (graph, _), triples in entries.items() for quad in in_graph(triples, graph)]
    store.apply(ChangeSet(b"", write_nquads(quads)))
    catalog.update(entries, number)


def remove(store: EmbeddedStore, entries: dict[Removed, list[Triple]]) -> None:
    quads = [quad for (graph, _), triples in entries.items() for quad in in_graph(triples, graph)]
    store.apply(ChangeSet(write_nquads(quads), b""))


def random_path(rnd: random.Random) -> str:
    """A search path as somebody may send it: criteria of every kind, and words with operators, in any encoding."""
    graph, day = rnd.choice(GRAPHS), rnd.choice(DAYS)
    keys = ("createdBefore", "createdAfter", "modifiedBefore", "modifiedAfter", "created", "modified")
    kinds = [
        f"objectType={rnd.choice(['ComponentDefinition', 'sbol2:Collection', '<http://sbols.org/v2#Sequence>'])}",
        f"role={rnd.choice(ROLES)}",
        f"role={rnd.choice(['so:SO:0000167', '?any'])}",
        f"type={rnd.choice(TYPES)}",
        "=".join(rnd.choice(BELOW)),
        f"collection=<{object_iri(graph, rnd.randint(0, 8))}>",
        f"collection=<{graph}/lab/p{rnd.randint(0, 3)}>",
        f"{rnd.choice(keys)}={day}",
        f"latest={rnd.choice('01')}",
        f"dc:creator={rnd.choice(['Alice', QUOTED_BOB, '?who'])}",
        f"igem:status={rnd.choice(['7', 'Available', '?x'])}",
        f"sequence={rnd.choice(SEQUENCES)}",
        f"persistentIdentity=<{graph}/lab/p{rnd.randint(0, 3)}>",
        f"version={rnd.choice(VERSIONS)!r}",
        "title='lac promoter'",
    ]
    criteria = "".join(f"{criterion}&" for criterion in rnd.sample(kinds, rnd.choice([0, 1, 1, 2, 3])))
    words = ["gfp", "GFP", "Lac", "lac promoter", "a", "100%", "été", "ΑΣ", "or", "and", "not", '"lac promoter"', '"x"']
    text = criteria + " ".join(rnd.sample(words, rnd.choice([0, 1, 2, 4])))
    return quote(text, safe=rnd.choice(["", "&=", "&=<>:/?'\"#*"]))
