"""What a child writes downloads from: lookups in a snapshot, never outside the list it was given."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from synhub.model import ChangeSet, Dataset
from synhub.rdf import Iri, Triple, in_graph, iri_term, literal_term, write_nquads
from synhub.store.download import SnapshotSource, pieces
from synhub.store.embedded import EmbeddedStore
from synhub.vocab import RDF, SBH, SBOL2

GRAPH = Iri("http://h/public")
DATASET = Dataset((GRAPH,))
LARGE = 3_000  # top levels


def iri(number: int, version: str = "1") -> Iri:
    return Iri(f"http://h/public/c/part{number:05}/{version}")


def triples_of(top: Iri) -> list[Triple]:
    me = iri_term(top)
    return [
        (me, iri_term(RDF.type), iri_term(SBOL2.ComponentDefinition)),
        (me, iri_term(SBOL2.displayId), literal_term(top.split("/")[-2])),
        (me, iri_term(SBH.topLevel), me),
        (iri_term(Iri(top + "/.bnode/" + "0" * 32)), iri_term(SBH.topLevel), me),
    ]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedStore:
    tops = [iri(n) for n in range(LARGE)] + [iri(0, "1.10"), iri(0, "1.9")]
    opened = EmbeddedStore(tmp_path_factory.mktemp("download") / "store")
    quads = write_nquads(in_graph((t for top in tops for t in triples_of(top)), GRAPH))
    opened.apply(ChangeSet(b"", quads))
    return opened


def source_of(store: EmbeddedStore, order: list[Iri]) -> SnapshotSource:
    return SnapshotSource(store, DATASET, order, order[:1], is_collection=False)


def subject(group: list[Triple] | None) -> str | None:
    return None if group is None else next(str(s[1:-1]) for s, p, _ in group if p == iri_term(RDF.type))


def test_top_levels_come_in_the_order_given_and_without_those_that_are_gone(store: EmbeddedStore) -> None:
    order = [iri(7), iri(3), Iri("http://h/public/c/gone/1"), iri(5)]

    assert [subject(group) for group in source_of(store, order).top_levels()] == [iri(7), iri(3), iri(5)]


def test_blank_nodes_are_blank_nodes_again(store: EmbeddedStore) -> None:
    [group] = source_of(store, [iri(7)]).top_levels()

    assert sum(s.startswith("_:") for s, _, _ in group) == 1
    assert source_of(store, [iri(7)]).find(iri(7)) == group


def test_nothing_outside_the_list_is_found(store: EmbeddedStore) -> None:
    source = source_of(store, [iri(7), iri(0, "1.9")])

    assert source.find(iri(8)) is None
    assert subject(source.find(iri(7))) == iri(7)
    assert subject(source.find(Iri("http://h/public/c/part00000"))) == iri(0, "1.9")
    assert source.find(Iri("http://h/public/c/part00008")) is None


def test_a_persistent_identity_means_the_latest_version_in_the_list(store: EmbeddedStore) -> None:
    order = [iri(0), iri(0, "1.10"), iri(0, "1.9"), iri(1)]

    assert subject(source_of(store, order).find(Iri("http://h/public/c/part00000"))) == iri(0, "1.10")


@pytest.mark.parametrize("step", [1, 2, -1, 977])
def test_look_ups_find_everything_in_whatever_order_they_come(store: EmbeddedStore, step: int) -> None:
    order = [iri(n) for n in range(LARGE)]
    source = source_of(store, order)

    wanted = [order[n * step % LARGE] for n in range(300)]

    assert [subject(source.find(top)) for top in wanted] == wanted


def test_look_ups_in_order_read_ahead_and_keep_little(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of(store, [iri(n) for n in range(LARGE)])
    reads: list[int] = []
    read = source._read

    def counted(iris: Sequence[Iri]) -> dict[Iri, list[Triple]]:
        reads.append(len(iris))
        return read(iris)

    monkeypatch.setattr(source, "_read", counted)
    monkeypatch.setattr("synhub.store.download._KEPT_TRIPLES", 2_000)

    for n in range(1_000):
        assert source.find(iri(n)) is not None
        assert source.find(iri(n + 2_000)) is not None  # a second place in the order

    assert len(reads) < 60
    assert source._triples <= 2_000 + 4 * 256
    assert max(reads) == 256


def test_a_file_is_read_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 600_000)

    assert [len(piece) for piece in pieces(tmp_path / "file")] == [262_144, 262_144, 75_712]
