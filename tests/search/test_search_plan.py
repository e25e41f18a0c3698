"""The catalog finds exactly what the SPARQL of a search finds, for any data, any query and any reader."""

import random
import sys
from dataclasses import replace

import pyoxigraph
import pytest
from search_designs import (
    CLASSES,
    GRAPHS,
    PUBLIC,
    READERS,
    fill,
    object_iri,
    random_entry,
    random_path,
    random_query,
    remove,
)

from synhub.errors import InvalidQuery
from synhub.identity import Registry, version_key
from synhub.model import ANONYMOUS, Actor, Dataset, Removed, User
from synhub.permissions import dataset_for
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, literal_term, text_of
from synhub.search import service
from synhub.search.ast import (
    Criterion,
    InCollection,
    IsLatest,
    SearchQuery,
    Sort,
    SortKey,
    fold,
)
from synhub.search.grammar import parse_search_path
from synhub.search.translate import count_query, objects_query, rows_query
from synhub.store.catalog.catalog import Catalog
from synhub.store.embedded import EmbeddedStore
from synhub.vocab import DCTERMS, RDF, SBH, SBOL2, XSD


def latest_members(entries: dict[Removed, list[Triple]], reader: Dataset, collection: Iri) -> tuple[Iri, ...]:
    """The latest versions that the reader sees of the members that a collection names without one."""
    said = [
        (subject, {p: {o for s, q, o in triples if s == subject and q == p} for _, p, _ in triples})
        for (graph, iri), triples in entries.items()
        if graph in reader.graphs and (graph, iri) not in reader.hidden
        for subject in [iri_term(iri)]
    ]
    identity, member, version = map(iri_term, (SBOL2.persistentIdentity, SBOL2.member, SBOL2.version))
    asked = iri_term(collection)
    members = {m for subject, own in said if asked in {subject, *own[identity]} for m in own.get(member, ())}
    latest = [
        max((version_key(text_of(min(own[version]))), iri_of(subject)) for subject, own in said if i in own[identity])
        for i in members
        if any(i in own[identity] for _, own in said)
    ]
    return tuple(sorted(iri for _, iri in latest))


def superseded(entries: dict[Removed, list[Triple]], reader: Dataset) -> list[Iri]:
    """What is not the latest of its identity in its graph, as far as the reader sees."""
    identity, version = iri_term(SBOL2.persistentIdentity), iri_term(SBOL2.version)
    groups: dict[tuple[Iri, Term], list[tuple[object, Iri]]] = {}
    for (graph, iri), triples in entries.items():
        if graph in reader.graphs and (graph, iri) not in reader.hidden:
            own = {p: o for s, p, o in triples if s == iri_term(iri)}
            groups.setdefault((graph, own[identity]), []).append((version_key(text_of(own[version])), iri))
    return sorted(iri for group in groups.values() for _, iri in sorted(group)[:-1])


def agree(
    store: EmbeddedStore,
    catalog: Catalog,
    reader: Dataset,
    query: SearchQuery,
    entries: dict[Removed, list[Triple]],
    note: str,
) -> None:
    """Rows, count and SPARQL tell the same; `store` is compared without what is hidden from the reader."""
    older = superseded(entries, reader)

    def told(criterion: Criterion) -> Criterion:
        match criterion:
            case InCollection(collection):
                return replace(criterion, latest=latest_members(entries, reader, collection))
            case IsLatest():
                return IsLatest(tuple(older))
            case _:
                return criterion

    explained = service.explained(catalog, reader, query)
    query = replace(query, criteria=tuple(told(criterion) for criterion in query.criteria))
    for said, meant_by_it in zip(explained.criteria, query.criteria, strict=True):
        if isinstance(said, IsLatest):  # of those, the ones that the rest of the query may find
            assert said.superseded is not None and set(said.superseded) <= set(older), note
        else:
            assert said == meant_by_it, note
    shown = sorted(iri_of(o) for (o,) in store.select(objects_query(explained), reader) if o is not None)
    meant = sorted(iri_of(o) for (o,) in store.select(objects_query(query), reader) if o is not None)
    page = service.search(catalog, store, reader, query, 0, 1000)
    context = f"{note}: {query} {reader.graphs}\n{rows_query(query, 0, 50).text}"
    assert sorted(hit.uri for hit in page.hits) == meant == shown, context
    assert page.total == service.count(catalog, store, reader, query) == len(meant), context
    ((counted,),) = store.select(count_query(query), reader)
    assert counted == literal_term(str(len(meant)), XSD.integer), context
    split = [
        hit.uri
        for offset in range(0, len(meant), 4)
        for hit in service.search(catalog, store, reader, query, offset, 4).hits
    ]
    assert split == [hit.uri for hit in page.hits], context


@pytest.mark.parametrize("round_number", range(3))
def test_catalog_and_sparql_find_the_same(pair: tuple[EmbeddedStore, Catalog], round_number: int) -> None:
    store, catalog = pair
    seed = random.randrange(sys.maxsize)
    rnd = random.Random(seed)
    entries = dict(random_entry(graph, n, rnd) for graph in GRAPHS for n in range(9))
    fill(store, catalog, entries, 1)
    changed = dict(random_entry(graph, n, rnd) for graph in GRAPHS for n in rnd.sample(range(9), 3))
    remove(store, {key: entries[key] for key in changed})
    fill(store, catalog, changed, 2)
    entries |= changed
    for n in range(60):
        agree(store, catalog, rnd.choice(READERS), random_query(rnd), entries, f"seed {seed}, query {n}")
    hidden = dict(rnd.sample(sorted(entries.items()), 6))
    early, late = set(list(hidden)[:3]), frozenset(hidden)
    remove(store, hidden)  # the meaning of hidden: as if it were gone already
    catalog.hide(early)  # the others are in the Dataset alone: rows that have not arrived in the catalog
    for n in range(30):
        reader = Dataset(rnd.choice(READERS).graphs, (), late)
        agree(store, catalog, reader, random_query(rnd), entries, f"seed {seed}, hidden query {n}")


def actors() -> list[Actor]:
    """Nobody, two with data of their own, one without, and an administrator."""

    def user(name: str, *, is_admin: bool = False) -> Actor:
        return Actor(User(1, name, name, f"{name}@example.org", "", is_admin, False, True, False, ""))

    return [ANONYMOUS, user("alice"), user("bob"), user("carol"), user("root", is_admin=True)]


@pytest.mark.parametrize("round_number", range(3))
def test_any_path_of_any_actor_means_its_query(pair: tuple[EmbeddedStore, Catalog], round_number: int) -> None:
    store, catalog = pair
    registry = Registry("http://x/")
    seed = random.randrange(sys.maxsize)
    rnd = random.Random(seed)
    entries = dict(random_entry(graph, n, rnd) for graph in GRAPHS for n in range(9))
    fill(store, catalog, entries, 1)
    hidden = dict(rnd.sample(sorted(entries.items()), rnd.choice([0, 5])))
    remove(store, hidden)
    catalog.hide(list(hidden)[:2])
    found = 0
    for _ in range(40):
        reader = dataset_for(rnd.choice(actors()), registry, frozenset(hidden))
        path = random_path(rnd)
        try:
            query = parse_search_path(path)
        except InvalidQuery as refused:  # a word that is no key before others
            assert "&" in path or "%26" in path, f"seed {seed}: {path}: {refused}"
            continue
        agree(store, catalog, reader, query, entries, f"seed {seed}, {path}")
        found += service.count(catalog, store, reader, query) > 0
    assert found > 0, f"seed {seed}"


def test_folding_and_the_engine_differ_on_young_scripts_only() -> None:
    points = [chr(c) for c in range(0x20, sys.maxunicode + 1) if not 0xD800 <= c < 0xE000 and chr(c) != "|"]
    query = f"SELECT (LCASE({literal_term('|'.join(points))}) AS ?t) {{}}"
    answer = pyoxigraph.Store().query(query)
    assert isinstance(answer, pyoxigraph.QuerySolutions)
    (row,) = answer
    lowered = row[0].value.split("|")
    differ = [ord(point) for point, low in zip(points, lowered, strict=True) if fold(point) != low]
    assert [hex(point) for point in differ if point < 0x1C80] == []
    assert len(differ) < 80


def test_order_is_displayid_then_prefix_then_name_then_use_then_iri(pair: tuple[EmbeddedStore, Catalog]) -> None:
    store, catalog = pair

    def part(name: str, display_id: str, title: str, uses: str = "") -> tuple[Removed, list[Triple]]:
        iri = Iri(f"{PUBLIC}/lab/{name}/1")
        subject = iri_term(iri)
        own = [
            (RDF.type, CLASSES[0]),
            (SBH.topLevel, subject),
            (SBOL2.displayId, literal_term(display_id)),
            (DCTERMS.title, literal_term(title)),
            (DCTERMS.description, literal_term("about gfp")),
        ]
        if uses:
            own.append((Iri(SBOL2.NS + "definition"), iri_term(Iri(f"{PUBLIC}/lab/{uses}/1"))))
        return (PUBLIC, iri), [(subject, iri_term(p), o) for p, o in own]

    parts = [
        part("a", "x", "plain"),
        part("b", "y", "plain", uses="c"),
        part("c", "z", "plain"),
        part("d", "w", "with GFP inside"),
        part("e", "GFP_2", "plain"),
        part("f", "gFp", "plain"),
    ]
    fill(store, catalog, dict(parts), 1)
    page = service.search(catalog, store, READERS[0], parse_search_path("gfp"), 0, 50)
    assert [hit.uri.split("/")[-2] for hit in page.hits] == ["f", "e", "d", "c", "a", "b"]
    rows = store.select(rows_query(parse_search_path("gfp"), 0, 50), READERS[0])
    assert [str(row[0]).split("/")[-2] for row in rows] == ["f", "e", "d", "a", "b", "c"]
    everything = service.search(catalog, store, READERS[0], SearchQuery(), 1, 2)
    assert [hit.uri.split("/")[-2] for hit in everything.hits] == ["a", "b"]
    assert (everything.total, everything.offset, everything.limit) == (6, 1, 2)


def sequence_of(name: str, elements: str) -> list[tuple[Removed, list[Triple]]]:
    """A part and its sequence."""
    part, sequence = (iri_term(Iri(f"{PUBLIC}/lab/{n}/1")) for n in (name, name + "_seq"))
    own = [(part, SBOL2.sequence, sequence), (sequence, SBOL2.elements, literal_term(elements))]
    own += [(s, SBH.topLevel, s) for s in (part, sequence)]
    return [((PUBLIC, iri_of(s)), [(s, iri_term(p), o) for t, p, o in own if t == s]) for s in (part, sequence)]


@pytest.mark.parametrize("key", ["sequence", "exactsequence"])
def test_case_means_nothing_in_letters_and_much_in_smiles(pair: tuple[EmbeddedStore, Catalog], key: str) -> None:
    store, catalog = pair
    stored = {"dna": "ACgtACgt", "protein": "MkV*", "ring": "C1CC1", "aromatic": "c1cc1"}
    fill(store, catalog, dict(e for name, text in stored.items() for e in sequence_of(name, text)), 1)

    def found(text: str) -> list[str]:
        query = parse_search_path(f"{key}={text}&")
        page = service.search(catalog, store, READERS[0], query, 0, 50)
        rows = store.select(objects_query(query), READERS[0])
        assert sorted(iri_term(hit.uri) for hit in page.hits) == sorted(str(o) for (o,) in rows)
        return [hit.uri.split("/")[-2] for hit in page.hits]

    assert found("acgtacgt") == found("ACGTACGT") == found("acGTacGT") == ["dna"]
    assert found("mkv*") == found("MKV*") == ["protein"]
    assert (found("C1CC1"), found("c1cc1"), found("c1CC1")) == (["ring"], ["aromatic"], [])
    assert found("acgtacg") == []
    assert found("acacgtacgt") == []


ORDERS = [Sort(key, down) for key in ("name", "displayId", "created", "modified", "uses") for down in (False, True)]


@pytest.mark.parametrize("sort", ORDERS, ids=str)
def test_pages_in_any_order_are_pieces_of_the_same_list(pair: tuple[EmbeddedStore, Catalog], sort: Sort) -> None:
    store, catalog = pair
    rnd = random.Random(str(sort))
    fill(store, catalog, dict(random_entry(graph, n, rnd) for graph in GRAPHS for n in range(40)), 1)
    for text in ("", "gfp", "objectType=Collection&", "latest=1"):
        query = parse_search_path(text)
        whole = [hit.uri for hit in service.search(catalog, store, READERS[1], query, 0, 1000, sort).hits]
        assert len(set(whole)) == len(whole) == service.count(catalog, store, READERS[1], query) > 5
        pages = [service.rows(catalog, store, READERS[1], query, n, 7, sort) for n in range(0, len(whole), 7)]
        assert [hit.uri for page in pages for hit in page] == whole
        back = service.search(catalog, store, READERS[1], query, 0, 1000, replace(sort, descending=not sort.descending))
        assert [hit.uri for hit in back.hits] == whole[::-1]


@pytest.mark.parametrize("key", ["name", "displayId", "created", "modified"])
def test_orders_are_those_of_the_query_that_is_shown(pair: tuple[EmbeddedStore, Catalog], key: SortKey) -> None:
    store, catalog = pair
    property_of = {"name": DCTERMS.title, "displayId": SBOL2.displayId, "created": DCTERMS.created}
    values = ["2021-05-01", "2019-05-01T00:00:00", "2019-05-01T00:00:00", "2020-05-01T01:00:00+02:00", None]
    entries = {}
    for n, value in enumerate(values):
        iri = object_iri(PUBLIC, n)
        own = [(iri_term(iri), iri_term(SBH.topLevel), iri_term(iri))]
        if value is not None:
            predicate = iri_term(property_of.get(key, DCTERMS.modified))
            own.append((iri_term(iri), predicate, literal_term(value)))
        entries[PUBLIC, iri] = own
    fill(store, catalog, entries, 1)
    for descending in (False, True):
        sort = Sort(key, descending)
        found = [hit.uri for hit in service.rows(catalog, store, READERS[0], SearchQuery(), 0, 50, sort)]
        rows = store.select(rows_query(SearchQuery(), 0, 50, sort), READERS[0])
        assert [iri_term(uri) for uri in found] == [row[0] for row in rows]
        numbers = [int(uri.split("/")[-2][1:]) for uri in found]
        assert numbers == ([0, 3, 2, 1, 4] if descending else [4, 1, 2, 3, 0])


def test_limit_of_nothing_gives_no_rows_and_the_whole_count(pair: tuple[EmbeddedStore, Catalog]) -> None:
    store, catalog = pair
    fill(store, catalog, dict(random_entry(PUBLIC, n, random.Random(n)) for n in range(3)), 1)
    page = service.search(catalog, store, READERS[0], SearchQuery(), 0, 0)
    assert (page.hits, page.total) == ((), 3)


FREQUENT = ["gfp", "lac", "a", "gfp or lac", "gfp or zzz", "objectType=ComponentDefinition&gfp"]


@pytest.mark.parametrize("text", FREQUENT)
@pytest.mark.parametrize("reader", [READERS[0], READERS[1]])
def test_pages_of_a_frequent_word_are_pieces_of_the_whole(
    full_pair: tuple[EmbeddedStore, Catalog], text: str, reader: Dataset
) -> None:
    """A small page walks the order tier by tier, a large one sorts what the word finds: the same list."""
    store, catalog = full_pair
    query = parse_search_path(text)
    whole = [hit.uri for hit in service.search(catalog, store, reader, query, 0, 10_000).hits]
    assert len(whole) == service.count(catalog, store, reader, query) > 10
    pages = [service.rows(catalog, store, reader, query, n, 7) for n in range(0, len(whole), 7)]
    assert [hit.uri for page in pages for hit in page] == whole
    counted = service.search(catalog, store, reader, query, len(whole) - 3, 7)
    assert (counted.total, len(counted.hits)) == (len(whole), 3)


DAY = "2015-08-14"
ON_THAT_DAY: list[tuple[str, Iri | None]] = [
    *((f"{DAY}T12:00:00", datatype) for datatype in (None, XSD.dateTime)),
    *((f"{DAY}{zone}", datatype) for zone in ("", "Z", "+02:00") for datatype in (None, Iri(XSD.NS + "date"))),
    *((f"{DAY}T{time}", XSD.dateTime) for time in ("00:00:00", "23:59:59.999999", "23:30:00Z", "00:00:00-00:00")),
    ("2015-08-15T01:00:00+02:00", XSD.dateTime),
]
ON_ANOTHER: list[tuple[str, Iri | None]] = [
    ("2015-08-13T24:00:00+01:00", XSD.dateTime),
    ("2015-08-14T24:00:00", XSD.dateTime),
    (DAY[:7], None),
]


def test_a_date_without_a_zone_is_found_on_the_day_that_it_says(pair: tuple[EmbeddedStore, Catalog]) -> None:
    store, catalog = pair
    entries = {}
    for n, (text, datatype) in enumerate([*ON_THAT_DAY, *ON_ANOTHER]):
        iri = object_iri(PUBLIC, n)
        own = ((SBH.topLevel, iri_term(iri)), (DCTERMS.created, literal_term(text, datatype)))
        entries[PUBLIC, iri] = [(iri_term(iri), iri_term(p), o) for p, o in own]
    fill(store, catalog, entries, 1)

    def found(path: str) -> set[int]:
        query = parse_search_path(path)
        hits = service.rows(catalog, store, READERS[0], query, 0, 50)
        rows = store.select(objects_query(query), READERS[0])
        assert {iri_term(hit.uri) for hit in hits} == {iri for (iri,) in rows}
        return {int(hit.uri.split("/")[-2][1:]) for hit in hits}

    inside, (earlier, later, _) = set(range(len(ON_THAT_DAY))), range(len(ON_THAT_DAY), len(entries))
    assert found(f"created={DAY}&") == inside
    assert found(f"createdBefore={DAY}&") == {*inside, earlier}
    assert found(f"createdAfter={DAY}&") == {*inside, later}
