"""What a child writes downloads from: lookups in a snapshot, never outside the list it was given."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyoxigraph
import pytest

from synhub.formats.representations import BY_NAME
from synhub.formats.source import MemorySource
from synhub.model import ChangeSet, Dataset
from synhub.rdf import Iri, Triple, in_graph, iri_term, literal_term, write_nquads
from synhub.sbol.graph import unskolemise
from synhub.store.download import SnapshotSource, pieces
from synhub.store.embedded import EmbeddedStore
from synhub.store.top_levels import read_top_levels
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


COLLECTION = Iri("http://h/public/c/all/1")


def collection_of(members: list[Iri], children: int = 0) -> list[Triple]:
    me = iri_term(COLLECTION)
    said = [
        (me, iri_term(RDF.type), iri_term(SBOL2.Collection)),
        (me, iri_term(SBOL2.displayId), literal_term("all")),
        (me, iri_term(SBOL2.persistentIdentity), iri_term(Iri("http://h/public/c/all"))),
        (me, iri_term(SBOL2.version), literal_term("1")),
        (me, iri_term(SBH.topLevel), me),
        *((me, iri_term(SBOL2.member), iri_term(member)) for member in members),
    ]
    below = [iri_term(Iri(f"http://h/public/c/all/note{n}/1")) for n in range(children)]
    return [*said, *((note, iri_term(SBH.topLevel), me) for note in below)]


def with_collection(folder: Path, members: list[Iri], children: int = 0) -> EmbeddedStore:
    triples = [*collection_of(members, children), *(t for top in members for t in triples_of(top))]
    opened = EmbeddedStore(folder / "store")
    opened.apply(ChangeSet(b"", write_nquads(in_graph(triples, GRAPH))))
    return opened


def both_sources(store: EmbeddedStore, members: list[Iri]) -> tuple[SnapshotSource, MemorySource]:
    roots = [COLLECTION, *members]
    large = SnapshotSource(store, DATASET, roots, roots, is_collection=True)
    found = read_top_levels(store, DATASET, roots)
    groups = [(iri, unskolemise(found[iri])) for iri in roots]
    return large, MemorySource(groups, roots, is_collection=True)


MEMBERS = [iri(n) for n in range(8)]


def test_members_of_a_large_collection_come_apart_and_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synhub.store.download._MEMBERS_AT_ONCE", 3)
    large, _ = both_sources(with_collection(tmp_path, MEMBERS), MEMBERS)
    first = next(large.top_levels())
    pieces_ = list(large.members())

    assert not any(p == iri_term(SBOL2.member) for _, p, _ in first)
    assert sorted([*first, *(t for piece in pieces_ for t in piece)]) == sorted(collection_of(MEMBERS))
    assert [len(piece) for piece in pieces_] == [3, 3, 2]


def test_a_collection_with_children_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synhub.store.download._MEMBERS_AT_ONCE", 3)
    large, _ = both_sources(with_collection(tmp_path, MEMBERS, children=1), MEMBERS)

    assert sum(p == iri_term(SBOL2.member) for _, p, _ in next(large.top_levels())) == len(MEMBERS)
    assert list(large.members()) == []


_SYNTAXES = {
    "sbol": pyoxigraph.RdfFormat.RDF_XML,
    "sbol3-xml": pyoxigraph.RdfFormat.RDF_XML,
    "ttl": pyoxigraph.RdfFormat.TURTLE,
    "sbol3": pyoxigraph.RdfFormat.TURTLE,
    "nt": pyoxigraph.RdfFormat.N_TRIPLES,
    "sbol3-nt": pyoxigraph.RdfFormat.N_TRIPLES,
    "jsonld": pyoxigraph.RdfFormat.JSON_LD,
    "sbol3-jsonld": pyoxigraph.RdfFormat.JSON_LD,
}


@pytest.mark.parametrize("name", [*_SYNTAXES, "summary"])
def test_a_collection_in_pieces_is_the_same_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("synhub.store.download._MEMBERS_AT_ONCE", 3)
    large, small = both_sources(with_collection(tmp_path, MEMBERS), MEMBERS)
    written, expected = (b"".join(BY_NAME[name].write(source)) for source in (large, small))

    if name == "summary":
        found, wanted = json.loads(written), json.loads(expected)
        assert sorted(found["collections"][0].pop("members")) == sorted(wanted["collections"][0].pop("members"))
        assert found == wanted
    else:
        assert canonical(written, _SYNTAXES[name]) == canonical(expected, _SYNTAXES[name])


def test_members_are_inside_the_one_element_of_their_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synhub.store.download._MEMBERS_AT_ONCE", 3)
    large, _ = both_sources(with_collection(tmp_path, MEMBERS), MEMBERS)
    text = b"".join(BY_NAME["sbol"].write(large)).decode()

    assert text.count("<sbol:Collection ") == 1
    element = text[text.index("<sbol:Collection ") : text.index("</sbol:Collection>")]
    assert element.count("<sbol:member rdf:resource=") == len(MEMBERS)


@pytest.mark.parametrize("name", ["sbol", "ttl", "nt", "jsonld", "sbol3", "summary", "omex"])
def test_the_first_byte_waits_for_no_member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("synhub.store.download._MEMBERS_AT_ONCE", 3)
    large, _ = both_sources(with_collection(tmp_path, MEMBERS), MEMBERS)
    asked: list[int] = []

    def members() -> Iterator[list[Triple]]:
        asked.append(1)
        yield from SnapshotSource.members(large)

    monkeypatch.setattr(large, "members", members)
    assert next(iter(BY_NAME[name].write(large)))
    assert asked == []


def canonical(document: bytes, syntax: pyoxigraph.RdfFormat) -> set[str]:
    dataset = pyoxigraph.Dataset(pyoxigraph.parse(document, format=syntax))
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.UNSTABLE)
    return {str(quad) for quad in dataset}
