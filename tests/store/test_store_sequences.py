"""The sequence index of a running instance: kept up with what is submitted and removed, built again when it is lost."""

import random
import shutil
from pathlib import Path

import pytest
from live import Live, live
from pytest import MonkeyPatch

from synhub.rdf import Iri, Term, iri_term
from synhub.search.alignment import SequencesFound, make_query
from synhub.store.catalog import pending as catalog_pending
from synhub.store.catalog.entry import elements_digest
from synhub.store.sequences import sequences
from synhub.store.sequences.files import MANIFEST
from synhub.store.sequences.sequences import indexed_text
from synhub.vocab import ENCODING

pytestmark = pytest.mark.slow


def dna(seed: int, length: int) -> str:
    return "".join(random.Random(seed).choices("ACGT", k=length))


def fasta(*texts: str) -> bytes:
    return "".join(f">part{number}\n{text}\n" for number, text in enumerate(texts)).encode()


def submit(hub: Live, who: str, collection: str, *texts: str) -> None:
    answer = hub.submit(who, fasta(*texts), {"id": collection})
    assert answer.status_code == 200, answer.text


def find(hub: Live, text: str, *who: str) -> SequencesFound:
    registry = hub.hub.registry
    graphs = [registry.public_graph, *(registry.user_graph(name) for name in who)]
    return hub.hub.sequences.find(make_query(text, "contained"), graphs)


def digests(found: SequencesFound) -> list[bytes]:
    return [match.digest for match in found.matches]


def test_submitted_sequence_is_found_at_once_by_who_may_see_it(tmp_path: Path) -> None:
    text, other = dna(1, 900), dna(2, 900)
    with live(tmp_path) as hub:
        hub.user("alice"), hub.user("bob")
        submit(hub, "alice", "lab", text)
        submit(hub, "bob", "lab", dna(3, 50) + text[100:700], other)

        found = find(hub, text[200:260], "alice")

        assert [(m.digest, m.start, m.end, m.strand, m.percent, m.cigar) for m in found.matches] == [
            (elements_digest(text), 201, 260, "+", 100.0, "60=")
        ]
        assert (found.total, found.cut) == (1, "")
        assert digests(find(hub, other[:50], "alice")) == []
        assert digests(find(hub, text[200:260])) == []
        assert len(digests(find(hub, text[200:260], "alice", "bob"))) == 2


def test_removed_sequence_is_not_found_any_more(tmp_path: Path) -> None:
    text = dna(4, 600)
    with live(tmp_path) as hub:
        hub.user("alice")
        submit(hub, "alice", "lab", text)
        assert len(digests(find(hub, text[:80], "alice"))) == 1

        assert hub.get("/user/alice/lab/lab_collection/1/removeCollection", "alice").status_code == 200

        assert digests(find(hub, text[:80], "alice")) == []
        assert hub.hub.sequences.problems() == []


def test_search_stays_within_given_sequences(tmp_path: Path) -> None:
    one, other = dna(5, 300), dna(5, 300) + dna(6, 20)
    with live(tmp_path) as hub:
        hub.user("alice")
        submit(hub, "alice", "lab", one, other)
        mine = hub.hub.registry.user_graph("alice")

        found = hub.hub.sequences.find(make_query(one[:100], "contained"), [mine], within=[elements_digest(other)])

        assert digests(found) == [elements_digest(other)]


def test_many_small_additions_are_merged_and_stay_found(tmp_path: Path, monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(sequences, "_MOST_SMALL", 2)
    texts = [dna(seed, 200) for seed in range(4)]
    with live(tmp_path) as hub:
        hub.user("alice")
        for number, text in enumerate(texts):
            submit(hub, "alice", f"lab{number}", text)
            assert digests(find(hub, text[:60], "alice")) == [elements_digest(text)]
        hub.hub.sequences.settle()

        assert all(digests(find(hub, text[:60], "alice")) == [elements_digest(text)] for text in texts)
        assert hub.hub.sequences.problems() == []
    names = {path.name for path in (tmp_path / "sequences").iterdir()}
    assert len([name for name in names if name.endswith(".residues")]) <= 3


@pytest.mark.parametrize("harm", ["gone", "damaged", "catalog"])
def test_lost_index_is_built_again_at_the_start(tmp_path: Path, harm: str) -> None:
    text = dna(7, 400)
    with live(tmp_path) as hub:
        hub.user("alice")
        submit(hub, "alice", "lab", text)
        assert len(digests(find(hub, text[:80], "alice"))) == 1
    if harm == "gone":
        shutil.rmtree(tmp_path / "sequences")
    elif harm == "damaged":
        (tmp_path / "sequences" / MANIFEST).write_bytes(b"{")
    else:
        for path in tmp_path.glob("catalog.sqlite*"):
            path.unlink()

    with live(tmp_path) as hub:
        hub.hub.sequences.settle()
        assert digests(find(hub, text[:80], "alice")) == [elements_digest(text)]
        assert hub.hub.sequences.problems() == []


def test_full_disk_stops_the_index_and_says_so(tmp_path: Path, monkeypatch: MonkeyPatch) -> None:
    old, new = dna(8, 400), dna(9, 400)
    with live(tmp_path) as hub:
        hub.user("alice")
        submit(hub, "alice", "lab", old)
        assert len(digests(find(hub, old[:80], "alice"))) == 1

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(sequences, "write_segment", full)
            submit(hub, "alice", "lab2", new)
            assert digests(find(hub, old[:80], "alice")) == [elements_digest(old)]
            assert find(hub, new[:80], "alice").cut == "some sequences are not indexed yet and were not searched"
        assert digests(find(hub, new[:80], "alice")) == [elements_digest(new)]


def test_sequence_that_was_dropped_by_a_merge_and_came_again_is_indexed(tmp_path: Path) -> None:
    text = dna(10, 400)
    with live(tmp_path) as hub:
        hub.user("alice")
        submit(hub, "alice", "lab", text)
        index = hub.hub.sequences
        assert len(digests(find(hub, text[:80], "alice"))) == 1
        # as a merge leaves it that read the catalog before the sequence came back
        held = [facts.name for facts in index._manifest.segments]
        index._manifest.replace(held, [])
        assert index.problems() == ["1 sequences are missing in the sequence index; the next start takes them in"]

        catalog_pending.remember_pending(hub.hub.catalog.database, [elements_digest(text), elements_digest("AC")])

        assert catalog_pending.count_pending(hub.hub.catalog.database) == 1
        assert digests(find(hub, text[:80], "alice")) == [elements_digest(text)]


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("acguacgu", None, ("nucleotide", b"ACGTACGT")),
        ("GGGGSGGGGS", iri_term(ENCODING.AMINO_ACID), ("protein", b"GGGGSGGGGS")),
        ("GGGGSGGGGS", None, ("nucleotide", b"GGGGSGGGGS")),
        ("CC(=O)O", iri_term(ENCODING.SMILES), ("other", b"")),
        ("CCO", iri_term(ENCODING.SMILES), ("other", b"")),
        ("CC(=O)O", None, ("other", b"")),
        ("ACGÄ", iri_term(ENCODING.NUCLEIC_ACID), ("other", b"")),
    ],
)
def test_encoding_says_what_a_text_is_or_else_its_letters(
    text: str, encoding: Term | None, expected: tuple[str, bytes]
) -> None:
    assert indexed_text(text, encoding) == expected


def test_graph_of_another_prefix_sees_nothing(tmp_path: Path) -> None:
    text = dna(11, 300)
    with live(tmp_path) as hub:
        hub.user("alice")
        submit(hub, "alice", "lab", text)

        found = hub.hub.sequences.find(make_query(text[:60], "contained"), [Iri("http://other.example/public")])

        assert found == SequencesFound((), 0, "")
