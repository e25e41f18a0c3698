"""The sets of top levels, which jobs keep by their differences, are those that the catalog's other rows say."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.model import Dataset, Removed
from synhub.rdf import Iri, Triple, iri_term, literal_term
from synhub.store.catalog import bits
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.conditions import LATEST, is_member
from synhub.store.catalog.find import rows_meeting
from synhub.store.catalog.listings import member_page
from synhub.store.catalog.members import SORT_CLASS, SORT_ID, SORT_NAME
from synhub.store.catalog.orders import RANK, by_columns
from synhub.store.catalog.postings import TEXT, span_of, year_of
from synhub.store.catalog.rebuild import check_sets, chunks_of, sets_of, write_listings, write_sets
from synhub.store.catalog.search import View
from synhub.store.catalog.words import is_word, split, words_with
from synhub.vocab import DCTERMS, RDF, SBOL2

PUBLIC, BOB = Iri("http://x/public"), Iri("http://x/user/bob")
GRAPHS = (PUBLIC, BOB)
YEARS = ["1969", "2003", "2004", "no"]
NAMES = ["gfp", "pLac promoter", "Lac", "BBa_J23100", "é", "x'y"]


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def iri_of(graph: Iri, n: int, version: int = 1) -> Iri:
    return Iri(f"{graph}/lab/o{n}/{version}")


def entry(graph: Iri, n: int, rnd: random.Random) -> tuple[Removed, list[Triple]]:
    """A top level of one of three versions; some have members by IRI and by identity, some refer to others."""
    iri = iri_of(graph, n % 12, n // 12 + 1)
    members = [iri_of(g, m) for g in GRAPHS for m in rnd.sample(range(12), 2)]
    members += [Iri(f"{graph}/lab/o{rnd.randrange(12)}")]
    own = [
        (RDF.type, iri_term(rnd.choice([SBOL2.Collection, SBOL2.ComponentDefinition]))),
        (SBOL2.displayId, literal_term(f"o{n % 12}")),
        (SBOL2.version, literal_term(str(n // 12 + 1))),
        (DCTERMS.title, literal_term(rnd.choice(NAMES))),
        (DCTERMS.description, literal_term(" ".join(rnd.sample(NAMES, 2)))),
        *[(date, literal_term(f"{rnd.choice(YEARS)}-07-01")) for date in (DCTERMS.created, DCTERMS.modified)],
        *[(SBOL2.member, iri_term(m)) for m in members if rnd.random() < 0.4],
        *[(Iri(SBOL2.NS + "definition"), iri_term(m)) for m in members if rnd.random() < 0.4],
    ]
    if rnd.random() < 0.8:
        own.append((SBOL2.persistentIdentity, iri_term(Iri(f"{graph}/lab/o{rnd.choice([n, n + 1]) % 12}"))))
    return (graph, iri), [(iri_term(iri), iri_term(p), o) for p, o in own]


@pytest.mark.parametrize("seed", range(6))
def test_sets_follow_every_job_as_if_made_anew(catalog: Catalog, seed: int) -> None:
    rnd = random.Random(seed)
    for number in range(1, 9):
        changed = dict(entry(rnd.choice(GRAPHS), rnd.randrange(36), rnd) for _ in range(rnd.choice([1, 5, 30])))
        changed |= {key: [] for key in list(changed) if rnd.random() < 0.25}
        catalog.update(changed, number)
        if rnd.random() < 0.5:
            catalog.hide(rnd.sample(sorted(changed), 1))
        assert check_sets(catalog.database) == []


@pytest.mark.parametrize("seed", range(4))
def test_latest_and_members_are_the_same_by_sets_and_row_by_row(catalog: Catalog, seed: int) -> None:
    rnd = random.Random(seed)
    catalog.update(dict(entry(graph, n, rnd) for graph in GRAPHS for n in range(36)), 1)
    gone = [(graph, iri_of(graph, rnd.randrange(12), rnd.randint(1, 3))) for graph in GRAPHS for _ in range(4)]
    catalog.hide(gone[::2])
    view = View(catalog, Dataset(GRAPHS, (), frozenset(gone)))
    for collection in [*view.ids([])[:20], None]:
        condition = LATEST if collection is None else is_member("of", [collection])
        rows = [rows_meeting(sets, view.ids([]), [condition]) for sets in view.sets]
        one_by_one = {row_id for found in rows for row_id in found}
        assert set(view.ids([condition])) == one_by_one & set(view.ids([]))


ORDERS = {SORT_NAME: ("sort_name",), SORT_ID: ("sort_id",), SORT_CLASS: ("class", "sort_id")}


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", ORDERS)
def test_pages_of_members_are_pieces_of_the_sorted_whole(catalog: Catalog, sort: int, descending: bool) -> None:
    rnd = random.Random(sort)
    entries = dict(entry(graph, n, rnd) for graph in GRAPHS for n in range(36))
    large = (PUBLIC, iri_of(PUBLIC, 99))
    members = [(iri_term(large[1]), iri_term(SBOL2.member), iri_term(iri)) for _, iri in entries]
    catalog.update(entries, 1)
    catalog.update({large: members}, 2)
    catalog.update(dict(entry(PUBLIC, n, rnd) for n in range(9)), 3)  # names and classes change
    gone = rnd.sample(sorted(entries), 9)
    catalog.hide(gone[:5])
    for graphs in ((PUBLIC,), GRAPHS):
        view = View(catalog, Dataset(graphs, (), frozenset(gone)))
        (collection,) = view.object_ids(large[1])
        order = by_columns(*ORDERS[sort], descending=descending)
        whole = view.ranked([is_member("of", [collection])], order)
        assert len(whole) > 20
        pages = [member_page(view, collection, sort, n, 5, descending=descending) for n in range(0, len(whole) + 5, 5)]
        assert [row_id for page in pages for row_id in page or []] == whole


def test_members_named_by_their_identity_alone_are_in_no_list(catalog: Catalog) -> None:
    catalog.update(dict(entry(PUBLIC, n, random.Random(n)) for n in range(36)), 1)
    large = Iri(f"{PUBLIC}/lab/large/1")
    identity = next(o for triples in [entry(PUBLIC, 3, random.Random(3))[1]] for _, p, o in triples if "Identity" in p)
    catalog.update({(PUBLIC, large): [(iri_term(large), iri_term(SBOL2.member), identity)]}, 2)
    view = View(catalog, Dataset(GRAPHS))
    (collection,) = view.object_ids(large)
    assert view.count([is_member("of", [collection])]) == 1
    assert member_page(view, collection, SORT_NAME, 0, 10, descending=False) is None


def test_damage_to_sets_and_listings_is_found(catalog: Catalog) -> None:
    catalog.update(dict(entry(PUBLIC, n, random.Random(n)) for n in range(36)), 1)
    for table in ("posting", "listing"):
        with catalog.database.write() as connection:
            connection.execute(f"DELETE FROM {table}")
        assert check_sets(catalog.database) != []


def test_rebuilding_an_empty_catalog_gives_the_same_sets(catalog: Catalog) -> None:
    catalog.update(dict(entry(graph, n, random.Random(n)) for graph in GRAPHS for n in range(36)), 1)
    with catalog.database.write() as connection:
        for table in ("posting", "listing", "vocabulary"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("INSERT INTO vocabulary_part (vocabulary_part) VALUES ('delete-all')")
        write_listings(connection)
        write_sets(connection, ((chunk.number, sets_of(connection, chunk)) for chunk in chunks_of(connection)))
    assert check_sets(catalog.database) == []
    view = View(catalog, Dataset(GRAPHS))
    assert view.count([]) == 72
    assert len(view.page([], RANK, 70, 10)) == 2


@given(st.sets(st.integers(0, 20_000)))
def test_sets_hold_what_was_put_into_them(numbers: set[int]) -> None:
    some = bits.of(numbers)
    assert list(bits.members(some)) == sorted(numbers)
    assert some.bit_count() == len(numbers)
    assert set(bits.sample(some, 64)) <= numbers
    chunks: dict[int, int] = {}
    for n in numbers:
        chunks[n >> bits.CHUNK_SHIFT] = chunks.get(n >> bits.CHUNK_SHIFT, 0) | 1 << (n & 4095)
    stored = [(number, bits.pack(chunk)) for number, chunk in chunks.items()]
    assert [bits.unpack(packed) for _, packed in stored] == list(chunks.values())
    assert bits.join(stored) == bits.join(stored + stored) == some


TEXT_OF_SIGNS = st.text("ab1é_- 日", max_size=12)


@given(TEXT_OF_SIGNS, st.text("ab1é日", min_size=1, max_size=3))
def test_part_of_a_text_is_part_of_one_of_its_words(text: str, phrase: str) -> None:
    assert is_word(phrase)
    assert (phrase in text) == any(phrase in word for word in split(text))


@given(TEXT_OF_SIGNS, st.text("abé日", min_size=1, max_size=3))
def test_what_a_text_has_before_a_line_is_part_of_one_of_its_words(text: str, phrase: str) -> None:
    assert is_word(phrase + "_") and not is_word(phrase + "1_") and not is_word("_" + phrase)
    assert (phrase + "_" in text) == any(phrase + "_" in word for word in split(text))


@given(st.integers(-(1 << 62), 1 << 62))
def test_every_instant_is_in_the_span_of_its_year(at_us: int) -> None:
    first, last = span_of(year_of(at_us))
    assert -(1 << 63) <= first <= at_us <= last < 1 << 63
    assert year_of(last + 1) == year_of(first) + 1


def test_single_letters_are_found_as_the_words_that_have_them(catalog: Catalog) -> None:
    catalog.update(dict(entry(graph, n, random.Random(n)) for graph in GRAPHS for n in range(36)), 1)
    for sets in View(catalog, Dataset(GRAPHS)).sets:
        for letter in "plé0":
            found = sets.with_letter(letter)
            assert found == sets.with_word(TEXT, letter)
            assert 0 < found.bit_count() <= 36
        assert sets.with_letter("w") == 0


def test_words_are_found_by_parts_of_any_length(catalog: Catalog) -> None:
    catalog.update(dict(entry(PUBLIC, n, random.Random(n)) for n in range(36)), 1)
    connection = catalog.database.read()
    words = dict(connection.execute("SELECT id, word FROM vocabulary").fetchall())
    for part in ("p", "pl", "lac", "lac ", "promoter", "23100", "é", "nothing"):
        assert {words[n] for n in words_with(connection, part)} == {word for word in words.values() if part in word}
    assert not is_word("bba_j") and not is_word("")
    assert connection.execute("SELECT count(*) FROM posting WHERE kind = ?", (TEXT,)).fetchone()[0] >= 10
