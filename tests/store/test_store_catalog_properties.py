"""Counters of properties: kept by every change, less what is hidden, and checked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from synhub.rdf import Iri, Triple, read_ntriples
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.properties import check_properties, graph_profile

PUBLIC, OTHER = Iri("http://h/public"), Iri("http://h/user/a")
TITLE, TYPE = "http://purl.org/dc/terms/title", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
PART = "http://sbols.org/v2#ComponentDefinition"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def triples(iri: str, *titles: str) -> list[Triple]:
    lines = [f"<{iri}> <{TYPE}> <{PART}> ."] + [f'<{iri}> <{TITLE}> "{title}" .' for title in titles]
    return read_ntriples("\n".join([*lines, f'<{iri}/child> <{TITLE}> "child" .']).encode())


def counts(catalog: Catalog, graph: Iri = PUBLIC) -> tuple[int, int, int, dict[Iri, int]]:
    profile = graph_profile(catalog.database, graph)
    return profile.triples, profile.subjects, profile.top_levels, dict(profile.properties)


def test_every_change_of_a_top_level_is_counted(catalog: Catalog) -> None:
    one, two = Iri("http://h/public/x/one/1"), Iri("http://h/public/x/two/1")
    assert counts(catalog) == (0, 0, 0, {})
    catalog.update({(PUBLIC, one): triples(one, "a", "b"), (PUBLIC, two): triples(two, "c")}, 1)
    catalog.update({(OTHER, one): triples(one, "private")}, 2)
    assert counts(catalog) == (7, 4, 2, {TITLE: 5, TYPE: 2})
    assert dict(graph_profile(catalog.database, PUBLIC).classes) == {PART: 2}
    catalog.update({(PUBLIC, one): triples(one)}, 3)
    assert counts(catalog) == (5, 4, 2, {TITLE: 3, TYPE: 2})
    catalog.update({(PUBLIC, two): []}, 4)
    assert counts(catalog) == (2, 2, 1, {TITLE: 1, TYPE: 1})
    assert counts(catalog, OTHER) == (3, 2, 1, {TITLE: 2, TYPE: 1})
    assert check_properties(catalog.database) == []


def test_what_is_hidden_is_not_counted(catalog: Catalog) -> None:
    one = Iri("http://h/public/x/one/1")
    catalog.update({(PUBLIC, one): triples(one, "a")}, 1)
    catalog.hide([(PUBLIC, one)])
    assert counts(catalog) == (0, 0, 0, {})
    catalog.update({(PUBLIC, one): triples(one, "a", "b")}, 2)
    assert counts(catalog) == (0, 0, 0, {})
    catalog.unhide([(PUBLIC, one)])
    assert counts(catalog) == (4, 2, 1, {TITLE: 3, TYPE: 1})
    catalog.hide([(PUBLIC, one)])
    catalog.update({(PUBLIC, one): []}, 3)
    assert counts(catalog) == (0, 0, 0, {})
    assert check_properties(catalog.database) == []


def test_wrong_counter_and_missing_row_are_found(catalog: Catalog) -> None:
    one = Iri("http://h/public/x/one/1")
    catalog.update({(PUBLIC, one): triples(one, "a")}, 1)
    with catalog.database.write() as connection:
        connection.execute("UPDATE property_count SET n = n + 1 WHERE property <> 0")
    assert sorted(check_properties(catalog.database)) == [
        f"{PUBLIC}: counter of {TITLE} is 3, its rows say 2",
        f"{PUBLIC}: counter of {TYPE} is 2, its rows say 1",
    ]
    with catalog.database.write() as connection:
        connection.execute("DELETE FROM property_use")
    assert f"{one}: its properties have not been counted" in check_properties(catalog.database)


def test_clear_forgets_the_counters(catalog: Catalog) -> None:
    one = Iri("http://h/public/x/one/1")
    catalog.update({(PUBLIC, one): triples(one, "a")}, 1)
    catalog.clear()
    assert catalog.database.rows("SELECT * FROM property_count") == []
    assert counts(catalog) == (0, 0, 0, {})
