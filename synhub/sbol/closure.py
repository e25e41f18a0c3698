"""What travels with an object: the IRIs that it refers to.

Pure: which of them exist, and may be read, is the store's answer.
"""

from collections.abc import Iterable, Set

from synhub.rdf import Iri, Term, Triple, iri_of, iri_term
from synhub.sbol.schema import CLASSES
from synhub.vocab import RDF, SBOL2, STAMPS

# Values of these are names of terms (roles, types, encodings) or of the object itself, not other objects. One set
# for all classes: a property is of kind `iri` in every class that has it.
NOT_REFERENCES: frozenset[Term] = (
    frozenset(iri_term(p.iri) for c in CLASSES.values() for p in c.properties if p.kind == "iri")
    | STAMPS
    | {iri_term(RDF.type), iri_term(SBOL2.persistentIdentity)}
)


def references(triples: Iterable[Triple]) -> set[Iri]:
    """Return the IRIs that an object's triples, its children's and its annotations' included, refer to.

    Values of reference properties (provenance, attachments and sbol:source among them) and IRI values of
    annotations, less the object's own subjects. A reference by persistent identity is returned as it stands.
    """
    found = list(triples)
    return references_beyond({subject for subject, _, _ in found}, found)


def references_beyond(own: Set[Term], triples: Iterable[Triple]) -> set[Iri]:
    """As `references`, of some triples of an object that has the subjects `own`."""
    found = {value for _, predicate, value in triples if value[0] == "<" and predicate not in NOT_REFERENCES}
    return {iri_of(value) for value in found - own}
