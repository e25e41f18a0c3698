"""What a machine wants to know before it asks: the service description, and what the public data set consists of.

The numbers are the catalog's counters, which every job keeps: always current, and never a walk through the store.

Source: SPARQL 1.1 Service Description, section 3; Describing Linked Datasets with the VoID Vocabulary.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

from synhub.identity import Registry
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.store.catalog.properties import GraphProfile
from synhub.vocab import DCTERMS, FOAF, RDF, SD, SYNHUB, VOID, XSD

_RESULT_FORMATS = (
    *("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV"),
    *("Turtle", "TriG", "N-Triples", "RDF_XML", "JSON-LD"),
)
_DOCUMENT_FORMATS = ("Turtle", "N-Triples", "RDF_XML", "JSON-LD")
_NAMESPACE = re.compile(r"(.*[/#])[^/#]*\Z")

_Values = Mapping[Iri, Iri | Term | int | Sequence[Iri | Term]]  # an IRI stands for its term


def endpoint_of(registry: Registry) -> Iri:
    return Iri(registry.prefix + "sparql")


def describe_service(registry: Registry, graphs: Mapping[Iri, GraphProfile]) -> Iterator[Triple]:
    """Yield the description of the endpoint for a caller who may read these graphs.

    The default graph is their union, and each is a named graph.
    """
    endpoint, blank = endpoint_of(registry), _blanks()
    dataset, default = next(blank), next(blank)
    named = {graph: (next(blank), next(blank)) for graph in graphs}
    yield from _node(
        iri_term(endpoint),
        {
            RDF.type: SD.Service,
            SD.endpoint: endpoint,
            SD.supportedLanguage: SD.SPARQL11Query,
            SD.resultFormat: [Iri(SD.FORMATS + name) for name in _RESULT_FORMATS],
            SD.feature: [SD.UnionDefaultGraph],
            SD.propertyFeature: [SYNHUB.textMatch, SYNHUB.sequenceMatch],
            SD.defaultDataset: dataset,
        },
    )
    triples = sum(profile.triples for profile in graphs.values())
    yield from _node(
        dataset,
        {RDF.type: SD.Dataset, SD.defaultGraph: default, SD.namedGraph: [name for name, _ in named.values()]},
    )
    yield from _node(default, {RDF.type: SD.Graph, VOID.triples: triples})
    for graph, profile in graphs.items():
        name, content = named[graph]
        yield from _node(name, {RDF.type: SD.NamedGraph, SD.name: graph, SD.graph: content})
        yield from _node(content, {RDF.type: SD.Graph, VOID.triples: profile.triples})


def describe_data(
    registry: Registry, address: Iri, profile: GraphProfile, examples: Sequence[Iri], *, has_sparql: bool
) -> Iterator[Triple]:
    """Yield the VoID description of the public graph, to be found at `address`; `examples` are some of its objects."""
    dataset, blank = Iri(address + "#public"), _blanks()
    classes = {cls: next(blank) for cls in profile.classes}
    properties = {predicate: next(blank) for predicate in profile.properties}
    yield from _node(
        iri_term(address),
        {
            RDF.type: VOID.DatasetDescription,
            DCTERMS.title: literal_term("Description of the public designs of this repository"),
            FOAF.primaryTopic: dataset,
        },
    )
    yield from _node(
        iri_term(dataset),
        {
            RDF.type: VOID.Dataset,
            DCTERMS.title: literal_term(f"Public designs of {registry.prefix}"),
            VOID.sparqlEndpoint: [endpoint_of(registry)] if has_sparql else [],
            VOID.uriSpace: literal_term(registry.public_graph + "/"),
            VOID.feature: [Iri(SD.FORMATS + name) for name in _DOCUMENT_FORMATS],
            VOID.exampleResource: list(examples),
            VOID.vocabulary: sorted(_namespaces((*profile.properties, *profile.classes))),
            VOID.triples: profile.triples,
            VOID.entities: profile.top_levels,
            VOID.distinctSubjects: profile.subjects,
            VOID.classes: len(profile.classes),
            VOID.properties: len(profile.properties),
            VOID.classPartition: list(classes.values()),
            VOID.propertyPartition: list(properties.values()),
        },
    )
    for cls, number in profile.classes.items():
        yield from _node(classes[cls], {VOID.class_: cls, VOID.entities: number})
    for predicate, number in profile.properties.items():
        yield from _node(properties[predicate], {VOID.property: predicate, VOID.triples: number})


def _namespaces(terms: Iterable[Iri]) -> set[Iri]:
    return {Iri(match[1]) for term in terms if (match := _NAMESPACE.match(term)) is not None}


def _blanks() -> Iterator[Term]:
    return (Term(f"_:b{n}") for n in count())


def _node(subject: Term, values: _Values) -> Iterator[Triple]:
    for predicate, value in values.items():
        several: Sequence[Iri | Term | int] = [value] if isinstance(value, int | str) else value
        for one in several:
            yield subject, iri_term(predicate), _term(one)


def _term(value: Iri | Term | int) -> Term:
    if isinstance(value, int):
        return literal_term(str(value), XSD.integer)
    return Term(value) if value.startswith(("_:", "<", '"')) else iri_term(Iri(value))
