"""Listings of collections: the roots, one level below, the members, what a user manages; and counts by class.

Every function takes the reader's Dataset (or the graphs it names). Knows no HTTP. Single top levels of a Dataset are
honoured by `members` and `sub_collections` alone: a shared collection shows its members in its own namespace.
"""

from synhub.errors import BadRequest
from synhub.identity import Registry, is_display_id
from synhub.model import Dataset, Hit, Page, User
from synhub.rdf import Iri, iri_term, literal_term
from synhub.search.ast import Alternative
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.conditions import Condition, has_facet, has_key, has_text, is_member
from synhub.store.catalog.entry import facet_key
from synhub.store.catalog.listings import IS_ROOT, count_class, is_below, is_next_level, member_page
from synhub.store.catalog.members import SORT_CLASS, SORT_ID, SORT_NAME
from synhub.store.catalog.orders import Order, by_column, by_columns
from synhub.store.catalog.search import View
from synhub.vocab import BIOPAX, PREFIXES, RDF, SBH, SBOL2, SO

SORTS = {"name": SORT_NAME, "displayId": SORT_ID, "type": SORT_CLASS}
_NO_LIMIT = 1 << 40
_IS_COLLECTION = has_facet("collection_class", RDF.type, [iri_term(SBOL2.Collection)])
_BY_DISPLAY_ID = by_column("sort_id", "top_level_sort_id", descending=False)


def root_collections(catalog: Catalog, dataset: Dataset) -> list[Hit]:
    """Return the collections that no collection of the same graph has as a member, graph by graph.

    All versions, by displayId and IRI inside a graph.
    """
    return [hit for graph in dataset.graphs for hit in _roots(catalog, dataset, graph, ())]


def managed_collections(catalog: Catalog, registry: Registry, dataset: Dataset, user: User) -> list[tuple[Hit, bool]]:
    """Return (root collection that the user owns, whether it is public): private ones first."""
    me = iri_term(registry.user_graph(user.username))
    uploaded_by = Iri(PREFIXES["synbiohub"] + "uploadedBy")  # how old data says who owns it
    keys = [facet_key(SBH.ownedBy, me), facet_key(uploaded_by, literal_term(user.email))]
    owned = (has_key("owner", keys),)
    private = _roots(catalog, dataset, registry.user_graph(user.username), owned)
    public = _roots(catalog, dataset, registry.public_graph, owned)
    return [(hit, False) for hit in private] + [(hit, True) for hit in public]


def sub_collections(catalog: Catalog, registry: Registry, dataset: Dataset, collection: Iri) -> list[Hit]:
    """Return the collections that are members, less those that another direct member holds as well."""
    covered, beginnings = _covered(registry, dataset, collection)
    view = View(catalog, covered)
    ids = view.object_ids(collection)
    conditions = [
        _IS_COLLECTION,
        is_member("of", ids),
        is_next_level("above", ids, covered.graphs),
        is_below("readable", beginnings),
    ]
    return view.page(conditions, _BY_DISPLAY_ID, 0, _NO_LIMIT)


def members(
    catalog: Catalog,
    registry: Registry,
    dataset: Dataset,
    collection: Iri,
    *,
    offset: int,
    limit: int,
    sort: str = "name",
    text: tuple[Alternative, ...] = (),
    cls: Iri | None = None,
) -> Page:
    """Return a page of a collection's members that the reader sees, and their exact number.

    `sort` is one of SORTS, with `-` in front for the other direction; members of one type stand by displayId, and IRIs
    decide between equals. `cls` is a class, or a BioPAX type, or a Sequence Ontology role. Raises BadRequest for
    another `sort`.
    """
    order = _order(sort)
    covered, beginnings = _covered(registry, dataset, collection)
    view = View(catalog, covered)
    collections = view.object_ids(collection)
    conditions = [is_member("of", collections)]
    if covered.graphs != dataset.graphs:
        conditions.append(is_below("readable", beginnings))
    if cls is not None:
        predicate = _predicate_of(cls)
        conditions.append(has_facet("class", predicate, [iri_term(cls)]))
    if text:
        conditions.append(has_text("text", text))
    listed: list[int] | None = None
    if len(conditions) == len(collections) == 1 and limit:
        descending, column = sort.startswith("-"), SORTS[sort.removeprefix("-")]
        listed = member_page(view, collections[0], column, offset, limit, descending=descending)
    hits = view.page(conditions, order, offset, limit) if listed is None and limit else view.hits(listed or [])
    return Page(tuple(hits), view.count(conditions), offset, limit)


def count_of_class(catalog: Catalog, registry: Registry, name: str) -> int:
    """Return how many public objects have an SBOL 2 class, children too. Raises BadRequest for no class name."""
    if not is_display_id(name):
        raise BadRequest(f"{name!r} is no class name; write one such as ComponentDefinition")
    return count_class(catalog, registry.public_graph, Iri(SBOL2.NS + name))


def _roots(catalog: Catalog, dataset: Dataset, graph: Iri, more: tuple[Condition, ...]) -> list[Hit]:
    if graph not in dataset.graphs:
        return []
    view = View(catalog, Dataset((graph,), (), dataset.hidden))
    return view.page([_IS_COLLECTION, IS_ROOT, *more], _BY_DISPLAY_ID, 0, _NO_LIMIT)


def _covered(registry: Registry, dataset: Dataset, collection: Iri) -> tuple[Dataset, list[str]]:
    """Return the graphs to look into, and how the IRIs begin that may be shown from them."""
    graphs = list(dataset.graphs)
    beginnings = [f"{graph}/" for graph in graphs]
    for single in dataset.singles:
        if single.top_level == collection and single.graph not in dataset.graphs and not single.moved:
            graphs.append(single.graph)
            namespace = registry.namespace_of(collection)
            if single.members and namespace is not None:
                beginnings.append(namespace.iri)
    return Dataset(tuple(dict.fromkeys(graphs)), (), dataset.hidden), beginnings


def _predicate_of(cls: Iri) -> Iri:
    if cls.startswith(BIOPAX.NS):
        return SBOL2.type
    return SBOL2.role if cls.startswith(SO.NS) else RDF.type


def _order(sort: str) -> Order:
    descending, name = sort.startswith("-"), sort.removeprefix("-")
    if name == "name":
        return by_column("sort_name", "top_level_sort_name", descending=descending)
    if name == "displayId":
        return by_column("sort_id", "top_level_sort_id", descending=descending)
    if name == "type":
        return by_columns("class", "sort_id", descending=descending)
    raise BadRequest(f"sort={sort!r} is not known; use one of {', '.join(SORTS)}, with - in front to turn it round")
