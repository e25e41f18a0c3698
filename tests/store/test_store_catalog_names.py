"""The words that autocompletion finds follow every change of a part, and finding them is the same in every way."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synhub.model import Dataset, Removed
from synhub.rdf import Iri, Triple, iri_term, literal_term
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.names import begin_words, check_names, has_words, name_words, split_words
from synhub.store.catalog.orders import RANK
from synhub.store.catalog.search import View
from synhub.vocab import DCTERMS, RDF, SBH, SBOL2

PUBLIC, BOB = Iri("http://x/public"), Iri("http://x/user/bob")


def part(
    display_id: str, *names: str, cls: Iri = SBOL2.ComponentDefinition, graph: Iri = PUBLIC
) -> dict[Removed, list[Triple]]:
    iri = Iri(f"{graph}/lab/{display_id}/1")
    own = [(RDF.type, iri_term(cls)), (SBH.topLevel, iri_term(iri)), (SBOL2.displayId, literal_term(display_id))]
    own += [(DCTERMS.title, literal_term(name)) for name in names]
    return {(graph, iri): [(iri_term(iri), iri_term(p), o) for p, o in own]}


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def indexed(catalog: Catalog) -> set[str]:
    return {word for (word,) in catalog.database.rows("SELECT word FROM name_word")}


def found(catalog: Catalog, text: str, *graphs: Iri) -> list[str]:
    hits = View(catalog, Dataset(graphs or (PUBLIC,))).page([has_words("w", split_words(text))], RANK, 0, 50)
    return [hit.display_id for hit in hits]


def test_words_end_at_blanks_and_underscores_and_are_folded() -> None:
    assert split_words("Lac_promoter\tX  p70-GFP lac\n") == ("lac", "promoter", "x", "p70-gfp")
    assert split_words(" _ ") == ()


def test_every_beginning_must_begin_a_word() -> None:
    assert begin_words("Lac promoter X", ("prom", "la"))
    assert not begin_words("Lac promoter X", ("prom", "ac"))


def test_only_parts_have_words() -> None:
    folded = ("a_b", "c d\x1fe", "f")
    assert name_words(SBOL2.ComponentDefinition, folded) == {"a", "b", "c", "d", "e"}
    assert name_words(SBOL2.Collection, folded) == frozenset()


def test_words_follow_the_names_of_a_part(catalog: Catalog) -> None:
    catalog.update(part("pTet", "Tet promoter"), 1)
    assert indexed(catalog) == {"ptet", "tet", "promoter"}
    catalog.update(part("pTet", "Tet operator"), 2)
    assert indexed(catalog) == {"ptet", "tet", "operator"}
    catalog.update(part("pTet", "Tet operator", cls=SBOL2.Collection), 3)
    assert indexed(catalog) == set()
    catalog.update(part("pTet", "Tet operator"), 4)
    assert check_names(catalog.database) == []
    catalog.update({key: [] for key in part("pTet")}, 5)
    assert indexed(catalog) == set()


def test_check_names_what_differs(catalog: Catalog) -> None:
    catalog.update(part("pTet", "Tet promoter"), 1)
    with catalog.database.write() as connection:
        connection.execute("DELETE FROM name_word WHERE word = 'tet'")
        connection.execute("INSERT INTO name_word VALUES (1, 'stray', 77)")
    assert check_names(catalog.database) == [
        "http://x/public/lab/pTet/1: the words of its names are not those that are indexed",
        "catalog row 77: words are indexed of what is not there",
    ]


def test_words_of_another_graph_are_not_found(catalog: Catalog) -> None:
    catalog.update(part("pTet", "Tet promoter") | part("pTetB", "Tet promoter of bob", graph=BOB), 1)
    assert found(catalog, "tet prom") == ["pTet"]
    assert found(catalog, "tet prom", PUBLIC, BOB) == ["pTet", "pTetB"]


def test_all_beginnings_are_of_one_name(catalog: Catalog) -> None:
    catalog.update(part("lac_one", "Tet promoter"), 1)
    assert found(catalog, "tet pro") == ["lac_one"]
    assert found(catalog, "lac o") == ["lac_one"]
    assert found(catalog, "lac tet") == []


WORDS = st.text(alphabet="ab'%_\\é \t-", max_size=6)


@settings(max_examples=60)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=30), WORDS)
def test_index_and_text_agree(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str]], asked: str
) -> None:
    """What the index finds (a condition's source) is what its text says (`holds`), and what `begin_words` says."""
    beginnings = split_words(asked)
    if not beginnings:
        return
    catalog = Catalog(tmp_path_factory.mktemp("names") / "catalog.sqlite")
    entries: dict[Removed, list[Triple]] = {}
    expected = set()
    for n, pair in enumerate(names):
        entries |= part(f"p{n}", *pair)
        if any(begin_words(text, beginnings) for text in (f"p{n}", " ".join(pair))):  # several names are one text
            expected.add(f"p{n}")
    catalog.update(entries, 1)
    condition = has_words("w", beginnings)
    assert condition.source is not None
    values = condition.values | {"graph": 1}
    by_text = catalog.database.rows(f"SELECT display_id FROM top_level AS t WHERE {condition.holds}", values)
    by_index = catalog.database.rows(
        f"SELECT display_id FROM ({condition.source}) AS s JOIN top_level AS t ON t.id = s.id"
        + ("" if condition.exact else f" WHERE {condition.holds}"),
        values,
    )
    catalog.close()
    assert {name for (name,) in by_text} == {name for (name,) in by_index} == expected
