"""The catalog's rows of sequences: digests, who has one, conditions about what wraps, and their proof."""

import base64
import random
from pathlib import Path

import pytest

from synhub.model import ChangeSet, Dataset, Removed
from synhub.rdf import Iri, Term, Triple, in_graph, iri_term, literal_term, write_nquads
from synhub.search.ast import FoundSequence, LikeSequence, SearchQuery
from synhub.search.plan import plan
from synhub.search.refget import Digest
from synhub.search.translate import objects_query
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.entry import elements_digest, elements_of, folded_digest
from synhub.store.catalog.search import View
from synhub.store.catalog.sequences import (
    check_elements,
    digests_of,
    find_stored,
    matches_by_object,
    subjects_with,
)
from synhub.store.embedded import EmbeddedStore
from synhub.vocab import RDF, SBH, SBOL2, SO

PUBLIC, ALICE = Iri("http://x/public"), Iri("http://x/user/alice")


def sequence_iri(graph: Iri, n: int) -> Iri:
    return Iri(f"{graph}/lab/s{n}/1")


def sequence(graph: Iri, n: int, elements: str) -> tuple[Removed, list[Triple]]:
    subject = iri_term(sequence_iri(graph, n))
    said = [(RDF.type, iri_term(SBOL2.Sequence)), (SBH.topLevel, subject), (SBOL2.elements, literal_term(elements))]
    return (graph, sequence_iri(graph, n)), [(subject, iri_term(p), o) for p, o in said]


def part(graph: Iri, n: int, sequences: list[Iri], *, circular: bool) -> tuple[Removed, list[Triple]]:
    iri = Iri(f"{graph}/lab/c{n}/1")
    said: list[tuple[Iri, Term]] = [(RDF.type, iri_term(SBOL2.ComponentDefinition)), (SBH.topLevel, iri_term(iri))]
    said += [(SBOL2.sequence, iri_term(s)) for s in sequences]
    said += [(SBOL2.type, iri_term(SO.circular))] * circular
    return (graph, iri), [(iri_term(iri), iri_term(p), o) for p, o in said]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog.sqlite")


def test_folded_is_the_digest_of_refget_for_letters_of_any_case() -> None:
    name = base64.urlsafe_b64decode("aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2")
    assert folded_digest("acGT") == folded_digest("ACGT") == elements_digest("ACGT") == name
    assert elements_of("s", "acgt").md5 == bytes.fromhex("f1f8f4bf413b16ad135722aa4591043e")
    assert elements_of("s", "acgt-").md5 is elements_of("s", "é").md5 is None
    assert folded_digest("É") == folded_digest("é") != folded_digest("E")


def test_a_sequence_is_found_by_digest_in_the_graphs_that_are_asked(catalog: Catalog) -> None:
    catalog.update(dict([sequence(PUBLIC, 1, "acgt"), sequence(ALICE, 1, "ACGT"), sequence(PUBLIC, 2, "ac-gt")]), 1)
    digest = Digest("sha512t24u", folded_digest("acgt"))

    assert [s.iri for s in find_stored(catalog, (PUBLIC,), digest)] == [sequence_iri(PUBLIC, 1)]
    assert [s.iri for s in find_stored(catalog, (PUBLIC, ALICE), digest)] == [
        sequence_iri(PUBLIC, 1),
        sequence_iri(ALICE, 1),
    ]
    assert list(find_stored(catalog, (PUBLIC,), Digest("sha512t24u", folded_digest("ac-gt")))) == []


def test_what_is_hidden_has_no_sequence(catalog: Catalog) -> None:
    entries = dict([sequence(PUBLIC, n, "acgt") for n in range(3)])
    catalog.update(entries, 1)
    catalog.hide([(PUBLIC, sequence_iri(PUBLIC, 0))])
    unseen = frozenset({(PUBLIC, sequence_iri(PUBLIC, 1)), (PUBLIC, sequence_iri(PUBLIC, 0))})

    view = View(catalog, Dataset((PUBLIC,), (), unseen))

    assert subjects_with(view, [elements_digest("acgt")]) == [(elements_digest("acgt"), sequence_iri(PUBLIC, 2))]


@pytest.mark.parametrize("seed", range(20))
def test_catalog_and_sparql_find_the_same_objects_of_found_sequences(tmp_path: Path, seed: int) -> None:
    rnd = random.Random(seed)
    store, catalog = EmbeddedStore(tmp_path / "store"), Catalog(tmp_path / "catalog.sqlite")
    every = [sequence_iri(graph, n) for graph in (PUBLIC, ALICE) for n in range(6)]
    entries = dict(sequence(graph, n, "acgt" * n + "a") for graph in (PUBLIC, ALICE) for n in range(6))
    entries |= dict(
        part(graph, n, rnd.sample(every, rnd.randint(0, 3)), circular=rnd.random() < 0.5)
        for graph in (PUBLIC, ALICE)
        for n in range(12)
    )
    store.apply(ChangeSet(b"", write_nquads([q for (g, _), t in entries.items() for q in in_graph(t, g)])))
    catalog.update(entries, 1)
    found = tuple(
        FoundSequence(iri, 100.0 - n, "+", "", rnd.random() < 0.5)
        for n, iri in enumerate(rnd.sample(every, rnd.randint(0, 8)))
    )
    query = SearchQuery((LikeSequence((), found=found),))
    for reader in (Dataset((PUBLIC,)), Dataset((PUBLIC, ALICE))):
        view = View(catalog, reader)
        conditions = plan(view, query).conditions
        wanted = sorted(str(row[0]) for row in store.select(objects_query(query), reader))

        assert sorted(iri_term(iri) for iri in view.iris(conditions, 100)) == wanted
        assert view.count(conditions) == len(wanted)
        assert {iri_term(hit.uri) for hit in view.hits(list(matches_by_object(view, found)))} == set(wanted)
    catalog.close()
    store.close()


def test_the_best_match_of_each_object_is_the_first_that_fits_it(catalog: Catalog) -> None:
    one, two = sequence_iri(PUBLIC, 1), sequence_iri(PUBLIC, 2)
    entries = [sequence(PUBLIC, 1, "aaa"), sequence(PUBLIC, 2, "ccc")]
    entries += [part(PUBLIC, n, [one, two], circular=bool(n)) for n in range(2)]
    catalog.update(dict(entries), 1)
    view = View(catalog, Dataset((PUBLIC,)))
    found = [FoundSequence(one, 100.0, "+", "", wraps=True), FoundSequence(two, 90.0, "-", "")]

    best = matches_by_object(view, found)

    names = {
        hit.uri.split("/")[-2]: match.percent for hit, match in zip(view.hits(list(best)), best.values(), strict=True)
    }
    assert names == {"c0": 90.0, "c1": 100.0}
    assert digests_of(view, view.object_ids(Iri(f"{PUBLIC}/lab/c0/1"))) == {
        elements_digest("aaa"),
        elements_digest("ccc"),
    }


def test_check_names_a_sequence_whose_row_is_not_its_text(catalog: Catalog) -> None:
    catalog.update(dict(sequence(PUBLIC, n, "acgt") for n in range(4)), 1)
    texts = [(sequence_iri(PUBLIC, n), "acgt") for n in range(4)]
    assert check_elements(catalog.database, PUBLIC, texts) == []

    with catalog.database.write() as connection:
        connection.execute("UPDATE elements SET length = 5 WHERE subject = ?", (texts[0][0],))
        connection.execute("UPDATE elements SET folded = x'00' WHERE subject = ?", (texts[1][0],))
        connection.execute("DELETE FROM elements WHERE subject = ?", (texts[2][0],))

    wrong = "{}: its sequence is not the one that the catalog has"
    assert check_elements(catalog.database, PUBLIC, texts) == [wrong.format(iri) for iri, _ in texts[:3]]
    assert check_elements(catalog.database, PUBLIC, texts[:3]) == [wrong.format(iri) for iri, _ in texts]
