"""What travels along, asked beside the process that owns the catalog: the same, of one state, with what may be read."""

from pathlib import Path

import pytest

from synhub.errors import TooLarge
from synhub.identity import Registry
from synhub.model import ChangeSet, Dataset, Single
from synhub.rdf import Iri, Triple, in_graph, iri_term, literal_term, write_nquads
from synhub.store.catalog.catalog import Catalog
from synhub.store.closure import Closure, Reach, Root, find_closure
from synhub.store.embedded import EmbeddedStore
from synhub.vocab import RDF, SBH, SBOL2

GRAPH = Iri("http://h/user/ann")
ROOT = Iri("http://h/user/ann/lab/lab_collection/1")
OPEN = Dataset((GRAPH,))


def part(number: int) -> Iri:
    return Iri(f"http://h/user/ann/lab/part{number}/1")


OUTSIDE = Iri("http://h/user/ann/other/far/1")
FURTHER = Iri("http://h/user/ann/other/further/1")
STORED: dict[Iri, tuple[Iri, Iri, list[Iri]]] = {
    ROOT: (SBOL2.Collection, SBOL2.member, [part(2), part(1), part(3), Iri("http://h/user/ann/lab/gone/1")]),
    part(1): (SBOL2.ComponentDefinition, SBOL2.sequence, [part(2), OUTSIDE]),
    part(2): (SBOL2.Sequence, SBOL2.sequence, []),
    part(3): (SBOL2.ComponentDefinition, SBOL2.sequence, [part(1)]),
    OUTSIDE: (SBOL2.ComponentDefinition, SBOL2.sequence, [FURTHER, part(1)]),
    FURTHER: (SBOL2.Sequence, SBOL2.sequence, []),
}


def triples_of(iri: Iri) -> list[Triple]:
    kind, predicate, values = STORED[iri]
    me = iri_term(iri)
    return [
        (me, iri_term(RDF.type), iri_term(kind)),
        (me, iri_term(SBOL2.displayId), literal_term(iri.split("/")[-2])),
        (me, iri_term(SBOL2.persistentIdentity), iri_term(Iri(iri.rpartition("/")[0]))),
        (me, iri_term(SBOL2.version), literal_term("1")),
        (me, iri_term(SBH.topLevel), me),
        *((me, iri_term(predicate), iri_term(value)) for value in values),
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedStore:
    opened = EmbeddedStore(tmp_path_factory.mktemp("closure") / "store")
    quads = write_nquads(in_graph((t for iri in STORED for t in triples_of(iri)), GRAPH))
    opened.apply(ChangeSet(b"", quads))
    return opened


@pytest.fixture
def owner(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    catalog.update({(GRAPH, iri): triples_of(iri) for iri in STORED}, 1)
    return catalog


def find(
    store: EmbeddedStore, catalog: Catalog, dataset: Dataset, limit: int = 10, most: int | None = None
) -> Closure | None:
    reach = Reach(store, catalog, Registry("http://h/"), dataset)
    return find_closure(reach, Root(ROOT, ROOT, GRAPH, with_members=True), limit, most)


def test_members_come_sorted_behind_their_collection_and_what_they_refer_to_behind_them(
    store: EmbeddedStore, owner: Catalog
) -> None:
    beside = Catalog(owner.database.path, read_only=True)

    expected = Closure([ROOT, part(1), part(2), part(3), OUTSIDE, FURTHER], 4, (GRAPH,))
    assert find(store, beside, OPEN) == find(store, owner, OPEN) == expected
    beside.close()


def test_what_is_hidden_is_left_out(store: EmbeddedStore, owner: Catalog) -> None:
    hidden = Dataset((GRAPH,), (), frozenset({(GRAPH, part(1))}))

    assert find(store, owner, hidden) == Closure([ROOT, part(2), part(3)], 3, (GRAPH,))


def test_a_shared_collection_brings_its_members_and_nothing_outside_its_namespace(
    store: EmbeddedStore, owner: Catalog
) -> None:
    with_members = Dataset((), (Single(GRAPH, ROOT, members=True),))
    alone = Dataset((), (Single(GRAPH, ROOT),))

    assert find(store, owner, with_members) == Closure([ROOT, part(1), part(2), part(3)], 4, (GRAPH,))
    assert find(store, owner, alone) == Closure([ROOT], 1, (GRAPH,))


@pytest.mark.parametrize(("most", "is_small"), [(3, False), (5, False), (6, True)])
def test_more_than_is_wanted_here_is_no_closure_and_no_error(
    store: EmbeddedStore, owner: Catalog, most: int, is_small: bool
) -> None:
    assert (find(store, owner, OPEN, most=most) is not None) == is_small


def test_the_limit_is_for_what_is_no_member(store: EmbeddedStore, owner: Catalog) -> None:
    assert find(store, owner, OPEN, limit=2) is not None
    with pytest.raises(TooLarge, match=r"lab_collection/1 refers to more than 1 further objects; ask for /sbolnr"):
        find(store, owner, OPEN, limit=1)


def test_what_is_read_beside_the_owner_is_of_one_state_and_never_written(owner: Catalog) -> None:
    beside = Catalog(owner.database.path, read_only=True)

    with beside.database.one_state():
        before = beside.last_number
        owner.update({(GRAPH, part(1)): []}, 2)
        assert (before, beside.last_number, beside.holds(GRAPH, part(1))) == (1, 1, True)
    assert (beside.last_number, beside.holds(GRAPH, part(1))) == (2, False)
    with pytest.raises(Exception, match="readonly database"):
        beside.database.read().execute("DELETE FROM top_level")
    beside.close()
