"""Every count beside a search is the count of the search with one more criterion, for any data, query and reader."""

import random
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_designs import GRAPHS, READERS, fill, random_entry, random_query, remove

from synhub.model import Dataset
from synhub.rdf import Iri, Term, iri_term, literal_term
from synhub.search import service
from synhub.search.ast import HasValue, InCollection, SearchQuery
from synhub.search.criteria import parse_criteria
from synhub.search.facets import FacetCount, Facets, facets
from synhub.search.written import write_collection, write_value
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.entry import make_entry
from synhub.store.catalog.facets import check_facets
from synhub.store.embedded import EmbeddedStore
from synhub.vocab import DC, RDF, SBOL2


def kinds(found: Facets) -> list[tuple[FacetCount, ...]]:
    return [found.types, found.sbol_types, found.roles, found.collections, found.creators]


def shown(found: Facets) -> list[FacetCount]:
    return [facet for kind in kinds(found) for facet in kind]


def narrowed(query: SearchQuery, facet: FacetCount) -> SearchQuery:
    key, _, value = facet.criterion.partition("=")
    return SearchQuery((*parse_criteria(key, value), *query.criteria), query.text)


def agree(store: EmbeddedStore, catalog: Catalog, reader: Dataset, query: SearchQuery, note: str) -> int:
    found = facets(catalog, store, reader, query, 1000)
    assert found.total == service.count(catalog, store, reader, query), note
    for facet in shown(found):
        expected = service.count(catalog, store, reader, narrowed(query, facet))
        assert facet.count == expected > 0, f"{note}: {facet} of {query}"
    for predicate, of in ((RDF.type, found.types), (SBOL2.role, found.roles), (DC.creator, found.creators)):
        with_any = SearchQuery((*query.criteria, HasValue(predicate, ())), query.text)
        least = service.count(catalog, store, reader, with_any)
        assert sum(facet.count for facet in of) >= least >= max((facet.count for facet in of), default=0), note
    few = facets(catalog, store, reader, query, 2)
    for first, all_of_them in zip(kinds(few), kinds(found), strict=True):
        assert [f.count for f in first] == [f.count for f in all_of_them[:2]], f"{note}: {query}"
        assert [f.count for f in all_of_them] == sorted((f.count for f in all_of_them), reverse=True), note
    return len(shown(found))


@pytest.mark.parametrize("round_number", range(4))
def test_counts_are_those_of_the_narrowed_search(pair: tuple[EmbeddedStore, Catalog], round_number: int) -> None:
    store, catalog = pair
    seed = random.randrange(sys.maxsize)
    rnd = random.Random(seed)
    entries = dict(random_entry(graph, n, rnd) for graph in GRAPHS for n in range(12))
    fill(store, catalog, entries, 1)
    changed = dict(random_entry(graph, n, rnd) for graph in GRAPHS for n in rnd.sample(range(12), 4))
    remove(store, {key: entries[key] for key in changed})
    fill(store, catalog, changed, 2)
    entries |= changed
    many = 0
    for reader in READERS:
        many += agree(store, catalog, reader, SearchQuery(), f"seed {seed}, everything")
    for n in range(25):
        many += agree(store, catalog, rnd.choice(READERS), random_query(rnd), f"seed {seed}, query {n}")
    assert many > 50
    hidden = dict(rnd.sample(sorted(entries.items()), 8))
    early, late = set(list(hidden)[:4]), frozenset(hidden)
    remove(store, hidden)
    catalog.hide(early)
    for n in range(15):
        reader = Dataset(rnd.choice(READERS).graphs, (), late)
        query = random_query(rnd) if n else SearchQuery()
        agree(store, catalog, reader, query, f"seed {seed}, hidden query {n}")
    catalog.hide(late)
    agree(store, catalog, Dataset(GRAPHS, (), late), SearchQuery(), f"seed {seed}, all hidden")
    assert check_facets(catalog.database) == []
    catalog.unhide(late)
    assert check_facets(catalog.database) == []
    catalog.update({key: [] for key in entries}, 3)
    assert catalog.database.rows("SELECT * FROM creator") == []
    assert catalog.database.rows("SELECT * FROM facet_count WHERE n <> 0") == []


def test_the_check_names_what_disagrees(pair: tuple[EmbeddedStore, Catalog]) -> None:
    store, catalog = pair
    rnd = random.Random(4)
    fill(store, catalog, dict(random_entry(GRAPHS[0], n, rnd) for n in range(5)), 1)
    assert check_facets(catalog.database) == []
    with catalog.database.write() as connection:
        connection.execute("UPDATE creator SET places = substr(places, 3), creators = substr(creators, 5)")
        connection.execute("UPDATE facet_count SET n = n + 7 WHERE value = (SELECT max(value) FROM facet_count)")
        connection.execute("UPDATE facet_count SET kind = 1 - kind WHERE value = (SELECT min(value) FROM facet_count)")
    problems = check_facets(catalog.database)
    assert any("is of another kind" in line for line in problems)
    assert any("its creators that are counted" in line for line in problems)
    assert any("counter of" in line and "its rows say" in line for line in problems)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)


@given(TEXTS, st.sampled_from(["", "@en", "@de-ch"]))
def test_what_is_written_is_read_as_the_same_criterion(text: str, language: str) -> None:
    value = literal_term(text, None, language[1:] or None)
    written = write_value(DC.creator, value)
    subject = iri_term(Iri("http://x/a"))
    entry = make_entry(Iri("http://x/a"), [(subject, iri_term(DC.creator), value)])
    assert (written is not None) == (value in {term for _, term in entry.counted.values()})
    if written is None:
        assert any(ord(c) < 0x20 or ord(c) == 0x7F for c in text)
        return
    key, _, said = written.partition("=")
    assert parse_criteria(key, said) == (HasValue(DC.creator, (value,)),)


def test_criteria_are_written_as_people_write_them() -> None:
    assert write_value(RDF.type, iri_term(SBOL2.ComponentDefinition)) == "objectType=ComponentDefinition"
    assert write_value(RDF.type, Term("<http://x/C>")) == "objectType=<http://x/C>"
    assert write_value(SBOL2.role, Term("<http://identifiers.org/so/SO:0000167>")) == (
        "role=<http://identifiers.org/so/SO:0000167>"
    )
    assert write_value(DC.creator, literal_term("O'Neill")) == "dc:creator='O\\'Neill'"
    assert write_value(DC.creator, literal_term("7", Iri("http://x/y"))) is None
    collection = Iri("http://x/public/lab/lab_collection/1")
    assert parse_criteria("collection", write_collection(collection).partition("=")[2]) == (InCollection(collection),)
