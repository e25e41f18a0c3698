"""What stands in a relation to an object: what uses it, and what has the same sequence. And names that begin so.

Every function takes the reader's Dataset, or makes it from the actor. Knows no HTTP. What may not be read has no
relations, like what does not exist. Of an object that a share link or co-ownership opens, what is opened beside it
counts as well; else single top levels of a Dataset are left aside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from synhub import objects
from synhub.errors import BadRequest
from synhub.hub import Hub
from synhub.identity import ObjectRef
from synhub.model import Actor, Dataset, Hit
from synhub.objects import Located
from synhub.rdf import XSD_STRING, Iri, Term, datatype_of, iri_of, iri_term, is_iri, is_literal, text_of
from synhub.search.ast import HasElements, fold
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.conditions import Condition, has_facet, is_one_of
from synhub.store.catalog.names import begin_words, has_words, split_words
from synhub.store.catalog.orders import RANK, by_relevance
from synhub.store.catalog.relations import (
    is_in_graphs_or_opened,
    is_other_than,
    nodes_named,
    nodes_of,
    refers_directly_to,
    refers_to,
)
from synhub.store.catalog.search import View
from synhub.store.top_levels import read_top_levels
from synhub.vocab import RDF, SBOL2

MOST_SUGGESTIONS = 50
LONGEST_SUGGESTION = 100  # characters of what is completed
_PART = has_facet("part", RDF.type, [iri_term(SBOL2.ComponentDefinition)])
_SEQUENCE, _ELEMENTS = iri_term(SBOL2.sequence), iri_term(SBOL2.elements)


@dataclass(frozen=True, slots=True)
class Related:
    """The top levels of a view that meet some conditions, not looked up yet."""

    view: View
    conditions: tuple[Condition, ...]

    def hits(self, offset: int, limit: int) -> list[Hit]:
        """Return a page in total order: what most public objects refer to first, then by IRI."""
        return self.view.page(self.conditions, RANK, offset, limit) if limit else []

    def count(self) -> int:
        return self.view.count(self.conditions)


def uses(hub: Hub, actor: Actor, ref: ObjectRef) -> Related:
    """Return the top levels that refer to an object, themselves or by a child; and those that refer, themselves, to a
    top level that refers to it itself: the collections of the parts of a sequence.

    The object's own top level is none of them. Raises NotFound and Moved as `objects.locate`.
    Source: SynBioHub `GET <uri>/uses`.
    """
    return uses_of(hub, actor, objects.locate(hub, actor, ref))


def uses_of(hub: Hub, actor: Actor, located: Located) -> Related:
    """As `uses`, of an object that has been located."""
    view, readable = view_beside(hub, hub.dataset(actor), located)
    me = is_one_of("me", [located.iri])
    named = {*nodes_named(hub.catalog, located.iri), *nodes_of(hub.catalog, view, [me])}
    between = nodes_of(hub.catalog, view, [refers_directly_to("between", sorted(named)), *readable])
    using = refers_to("uses", sorted(named), between)
    return Related(view, (using, is_other_than("mine", located.top_level), *readable))


def twins(hub: Hub, actor: Actor, ref: ObjectRef) -> Related:
    """Return the other ComponentDefinitions with a sequence of the same elements; see `HasElements` for what is same.

    Only sequences that the actor may read count. Raises NotFound and Moved as `objects.locate`.
    Source: SynBioHub `GET <uri>/twins`.
    """
    return twins_of(hub, actor, objects.locate(hub, actor, ref))


def twins_of(hub: Hub, actor: Actor, located: Located) -> Related:
    """As `twins`, of an object that has been located."""
    dataset = hub.dataset(actor)
    view, readable = view_beside(hub, dataset, located)
    same: dict[Iri, None] = {}
    for elements in elements_of(hub, dataset, located):
        same |= dict.fromkeys(view.sequences_with(elements, any_case=HasElements(elements).any_case))
    if readable:  # a share link of one object does not open its sequence
        same = {iri: None for iri in same if objects.readable_graph(hub, dataset, iri) is not None}
    if not same:
        return Related(view, (is_one_of("none", ()),))
    having = has_facet("twins", SBOL2.sequence, [iri_term(iri) for iri in same])
    return Related(view, (having, _PART, is_other_than("mine", located.iri), *readable))


def complete(catalog: Catalog, dataset: Dataset, text: str, limit: int) -> list[tuple[str, Iri]]:
    """Return up to `limit` (name, IRI) of parts in whose name, or displayId, every word of the text begins a word.

    In the order of a search for the text. A part whose name and displayId both do comes twice. Raises BadRequest for a
    text that is too long, and another limit than 1 to 50.
    Source: SynBioHub `GET /autocomplete/<text>`.
    """
    if len(text) > LONGEST_SUGGESTION:
        raise BadRequest(f"{len(text)} characters are too many to complete; write up to {LONGEST_SUGGESTION}")
    if not 1 <= limit <= MOST_SUGGESTIONS:
        raise BadRequest(f"limit={limit} is not served; ask for 1 to {MOST_SUGGESTIONS} names")
    words = split_words(text)
    if not words:
        return []
    hits = View(catalog, dataset).page([has_words("words", words)], by_relevance((fold(text.strip()),)), 0, limit)
    found = {(name, hit.uri): None for hit in hits for name in (hit.name, hit.display_id) if begin_words(name, words)}
    return list(found)[:limit]


def view_beside(hub: Hub, dataset: Dataset, located: Located) -> tuple[View, list[Condition]]:
    """Return the reader's view; and, where it reaches into the graph that the object is opened in, its bounds."""
    if located.graph in dataset.graphs:
        return View(hub.catalog, dataset), []
    view = View(hub.catalog, replace(dataset, graphs=(*dataset.graphs, located.graph)))
    opened: list[Iri] = []
    shared: list[tuple[int, str]] = []
    for single in dataset.singles:
        if single.graph == located.graph and not single.moved:
            opened.append(single.top_level)
            namespace = hub.registry.namespace_of(single.top_level)
            if single.members and namespace is not None:
                shared += [(row_id, namespace.iri) for row_id in view.object_ids(single.top_level)]
    return view, [is_in_graphs_or_opened("readable", dataset.graphs, opened, shared)]


def elements_of(hub: Hub, dataset: Dataset, located: Located) -> list[str]:
    """Return the elements of the object's sequences that the reader may read."""
    me = iri_term(located.iri)
    stored = objects.facts_of(hub, located)
    sequences = sorted({o for s, p, o in stored if s == me and p == _SEQUENCE and is_iri(o)})
    by_graph: dict[Iri, list[Iri]] = {}
    for iri in map(iri_of, sequences):
        graph = objects.readable_graph(hub, dataset, iri)
        if graph is not None:
            by_graph.setdefault(graph, []).append(iri)
    found: dict[str, None] = {}
    for graph, iris in by_graph.items():
        for iri, triples in read_top_levels(hub.store, Dataset((graph,)), iris).items():
            found |= dict.fromkeys(texts_of(triples, iri_term(iri)))
    return list(found)


def texts_of(triples: Sequence[tuple[Term, Term, Term]], sequence: Term) -> list[str]:
    """Return the elements of a sequence."""
    return [
        text_of(o)
        for s, p, o in triples
        if s == sequence and p == _ELEMENTS and is_literal(o) and datatype_of(o) == XSD_STRING
    ]
