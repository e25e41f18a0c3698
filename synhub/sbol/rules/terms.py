"""Terms of ontologies where the specification asks for one of a certain branch, whatever the chapter.

A term counts in every spelling of its IRI that `ontology.accession_of` reads. Terms that the tables of this package
do not have belong to no branch.
Source: SBOL 2.3.0, tables 2, 8, 9 and 13; appendix A.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from synhub.rdf import Iri, Term, iri_term, text_of
from synhub.sbol.ontology import Name, accession_of, branch
from synhub.sbol.rules.lookup import name_of, references, values
from synhub.sbol.rules.rule import Check, Facts, Problem, Rule, sbol, shown
from synhub.vocab import BIOPAX, OM, SBOL2

SEQUENCE_FEATURE, TOPOLOGY, STRAND = "SO:0000110", "SO:0000986", "SO:0000983"
FRAMEWORK, OCCURRING, PARTICIPANT_ROLE, PARAMETER = "SBO:0000004", "SBO:0000231", "SBO:0000003", "SBO:0000545"
FORMAT = "format_1915"

_TYPE, _ROLE, _DEFINITION = iri_term(SBOL2.type), iri_term(SBOL2.role), iri_term(SBOL2.definition)
_COMPONENT_DEFINITION = iri_term(SBOL2.ComponentDefinition)
_FEW = 5
_LANGUAGE, _FRAMEWORK, _FORMAT = sbol("language"), sbol("framework"), iri_term(SBOL2.format)


def _biopax(*names: str) -> frozenset[Term]:
    return frozenset(iri_term(Iri(BIOPAX.NS + name)) for name in names)


_REGIONS = _biopax("DnaRegion", "RnaRegion")
_NUCLEIC = _REGIONS | _biopax("Dna", "Rna")
_TABLE_2 = _NUCLEIC | _biopax("Protein", "SmallMolecule", "Complex")


@lru_cache(maxsize=4096)
def _accession(term: Term) -> str | None:
    """Remember the terms of a document: it has few different ones, many times over."""
    return accession_of(text_of(term))


def terms_in(terms: Iterable[Term], name: Name, root: str) -> list[Term]:
    """Return those terms that lie in a branch of an ontology."""
    members = branch(name, root)
    return [t for t in terms if _accession(t) in members]


def _texts(terms: Iterable[Term]) -> str:
    """Return terms as a message shows them, the first few of many."""
    names = list(map(shown, terms))
    return ", ".join(names[:_FEW] + ["…"] * (len(names) > _FEW)) or "none"


def _one_kind(facts: Facts, definition: Term) -> Iterator[Problem]:
    kinds = [t for t in values(facts, definition, _TYPE) if t in _TABLE_2]
    if len(kinds) > 1:
        yield Problem(
            f"is of several kinds of matter at once, {_texts(kinds)}: keep the one sbol:type that says what it is",
            _TYPE,
            kinds[1],
        )


def _some_kind(facts: Facts, definition: Term) -> Iterator[Problem]:
    types = values(facts, definition, _TYPE)
    if types and _TABLE_2.isdisjoint(types):
        yield Problem(
            f"has no sbol:type that says what it is made of (its types: {_texts(types)}): "
            "add DnaRegion, RnaRegion, Protein, SmallMolecule or Complex of BioPAX",
            _TYPE,
            types[0],
        )


def _features(facts: Facts, subject: Term) -> list[Term]:
    return terms_in(values(facts, subject, _ROLE), "so", SEQUENCE_FEATURE)


def _features_on_nucleic(facts: Facts, definition: Term) -> Iterator[Problem]:
    if _NUCLEIC.isdisjoint(values(facts, definition, _TYPE)):
        for role in _features(facts, definition):
            yield Problem(
                f"has the role {shown(role)}, a feature of sequences, and is neither DNA nor RNA: "
                "drop the role or correct the sbol:type",
                _ROLE,
                role,
            )


def _one_feature(facts: Facts, definition: Term) -> Iterator[Problem]:
    if not _REGIONS.isdisjoint(values(facts, definition, _TYPE)):
        roles = _features(facts, definition)
        if len(roles) != 1:
            yield Problem(
                f"is DNA or RNA and has {len(roles)} roles that are features of sequences in the Sequence Ontology "
                f"({_texts(roles)}): give it one, SO:0000804 (engineered region) if nothing fits better",
                _ROLE,
                roles[0] if roles else None,
            )


def _one_topology(facts: Facts, definition: Term) -> Iterator[Problem]:
    types = values(facts, definition, _TYPE)
    if not _REGIONS.isdisjoint(types):
        found = terms_in(types, "so", TOPOLOGY)
        if len(found) > 1:
            yield Problem(f"has several topologies, {_texts(found)}: keep the sbol:type that is right", _TYPE, found[1])


def _topology_on_nucleic(facts: Facts, definition: Term) -> Iterator[Problem]:
    types = values(facts, definition, _TYPE)
    if _NUCLEIC.isdisjoint(types):
        for term in (*terms_in(types, "so", TOPOLOGY), *terms_in(types, "so", STRAND)):
            yield Problem(
                f"has the type {shown(term)}, which is for DNA and RNA, and is neither: "
                "drop that type or add what it is made of",
                _TYPE,
                term,
            )


def _kinds_of_definition(facts: Facts, component: Term) -> Sequence[Term] | None:
    """Return the types of what a Component is a copy of; None where the document does not have it."""
    for reference in values(facts, component, _DEFINITION):
        definition = facts.find(reference)
        if definition is not None:
            return values(facts, definition, _TYPE)
    return None


def _component_features_on_nucleic(facts: Facts, component: Term) -> Iterator[Problem]:
    kinds = _kinds_of_definition(facts, component)
    if kinds is not None and _NUCLEIC.isdisjoint(kinds):
        for role in _features(facts, component):
            yield Problem(
                f"has the role {shown(role)}, a feature of sequences, while its definition is neither DNA nor RNA: "
                "drop the role",
                _ROLE,
                role,
            )


def _component_features(facts: Facts, component: Term) -> Iterator[Problem]:
    kinds = _kinds_of_definition(facts, component)
    if kinds is not None and not _REGIONS.isdisjoint(kinds):
        roles = _features(facts, component)
        if len(roles) > 1:
            yield Problem(
                f"has several roles that are features of sequences, {_texts(roles)}: keep the one that it plays here",
                _ROLE,
                roles[1],
            )


def _each_of(prop: Term, name: Name, root: str, wanted: str) -> Check:
    """Return the check that every value of a property lies in a branch."""

    def check(facts: Facts, subject: Term) -> Iterator[Problem]:
        found = references(facts, subject, prop)
        inside = set(terms_in(found, name, root))
        for value in found:
            if value not in inside:
                yield Problem(f"has the sbol:{name_of(prop)} {shown(value)}, which is not {wanted}", prop, value)

    return check


def _exactly_one(prop: Term, name: Name, root: str, wanted: str) -> Check:
    """Return the check that a property that has values has one in a branch."""

    def check(facts: Facts, subject: Term) -> Iterator[Problem]:
        found = terms_in(values(facts, subject, prop), name, root)
        if len(found) != 1:
            count = f"{len(found)} values of sbol:{name_of(prop)} ({_texts(found)})"
            yield Problem(f"has {count} that are {wanted}: give it exactly one", prop)

    return check


_DEFINITIONS, _COMPONENTS, _MODELS = (_COMPONENT_DEFINITION,), (sbol("Component"),), (sbol("Model"),)
_EDAM = "a format of EDAM: use its IRI, such as edam:format_2585 for SBML"

RULES: tuple[Rule, ...] = (
    Rule("sbol-10503", "always", _DEFINITIONS, _one_kind, _TYPE),
    Rule("sbol-10511", "best_practice", _DEFINITIONS, _features_on_nucleic, _ROLE),
    Rule("sbol-10525", "best_practice", _DEFINITIONS, _some_kind, _TYPE),
    Rule("sbol-10527", "best_practice", _DEFINITIONS, _one_feature, _TYPE),
    Rule("sbol-10528", "best_practice", _DEFINITIONS, _one_topology, _TYPE),
    Rule("sbol-10529", "best_practice", _DEFINITIONS, _topology_on_nucleic, _TYPE),
    Rule("sbol-10706", "best_practice", _COMPONENTS, _component_features_on_nucleic, _ROLE),
    Rule("sbol-10707", "best_practice", _COMPONENTS, _component_features, _ROLE),
    Rule("sbol-11507", "best_practice", _MODELS, _each_of(_LANGUAGE, "edam", FORMAT, _EDAM), _LANGUAGE),
    Rule(
        "sbol-11511",
        "best_practice",
        _MODELS,
        _each_of(_FRAMEWORK, "sbo", FRAMEWORK, "a modelling framework of SBO: use SBO:0000004 or one below it"),
        _FRAMEWORK,
    ),
    Rule(
        "sbol-11905",
        "best_practice",
        (sbol("Interaction"),),
        _exactly_one(_TYPE, "sbo", OCCURRING, "kinds of interaction in SBO (below SBO:0000231)"),
        _TYPE,
    ),
    Rule(
        "sbol-12007",
        "best_practice",
        (sbol("Participation"),),
        _exactly_one(_ROLE, "sbo", PARTICIPANT_ROLE, "participant roles of SBO (below SBO:0000003)"),
        _ROLE,
    ),
    Rule(
        "sbol-13206",
        "best_practice",
        (iri_term(SBOL2.Attachment),),
        _each_of(_FORMAT, "edam", FORMAT, _EDAM),
        _FORMAT,
    ),
    Rule(
        "sbol-13505",
        "best_practice",
        (iri_term(Iri(OM.NS + "Measure")),),
        _exactly_one(_TYPE, "sbo", PARAMETER, "systems description parameters of SBO (below SBO:0000545)"),
        _TYPE,
    ),
)
