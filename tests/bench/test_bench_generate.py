"""The corpora of the benchmark: the same for the same seed, of the size asked for, and SBOL2 that is taken."""

import collections
import hashlib
from pathlib import Path

import pyoxigraph
import pytest
import sbol2
from live import Live, live

from bench.generate import Corpus, write_nquads, write_rdf_xml
from synhub.rdf import iri_term
from synhub.vocab import SBH, SBOL2

PARTS = 300


@pytest.fixture(scope="module")
def quads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "corpus.nq"
    write_nquads(Corpus(PARTS), path)
    return path


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(quads: Path, tmp_path: Path) -> None:
    def digest(path: Path) -> str:
        return hashlib.sha256(path.read_bytes()).hexdigest()

    write_nquads(Corpus(PARTS), tmp_path / "again.nq")
    write_nquads(Corpus(PARTS, seed=1), tmp_path / "other.nq")
    assert digest(tmp_path / "again.nq") == digest(quads)
    assert digest(tmp_path / "other.nq") != digest(quads)


def test_corpus_has_as_many_parts_and_sequences_as_asked_for() -> None:
    classes = collections.Counter(top.cls for top in Corpus(PARTS))
    assert classes[SBOL2.ComponentDefinition] == PARTS
    assert classes[SBOL2.Sequence] == PARTS


def test_large_collection_has_two_fifths_of_the_parts() -> None:
    corpus = Corpus(PARTS)
    top_levels = {top.iri: top for top in corpus}
    members = [t for t in top_levels[corpus.landmarks.large].triples if t[1] == iri_term(SBOL2.member)]
    assert len(members) == PARTS * 2 // 5


def test_some_parts_are_private_and_nothing_public_refers_to_them() -> None:
    corpus = Corpus(PARTS)
    by_graph: dict[str, list[str]] = {corpus.public: [], corpus.private: []}
    for top in corpus:
        by_graph[top.graph] += [term for triple in top.triples for term in triple]
    assert any(SBOL2.ComponentDefinition in term for term in by_graph[corpus.private])
    stamps = f"<{corpus.private}/"
    assert not any(term.startswith(stamps) for term in by_graph[corpus.public])


def test_quads_are_what_the_engine_reads_and_writes_unchanged(quads: Path) -> None:
    lines = quads.read_text(encoding="utf-8").split("\n")[:-1]
    parsed = [str(quad) + " ." for quad in pyoxigraph.parse(path=str(quads), format=pyoxigraph.RdfFormat.N_QUADS)]
    assert parsed == lines
    assert len(set(lines)) == len(lines)


def test_every_object_says_its_top_level_and_owner() -> None:
    for top in Corpus(40):
        subjects = {s for s, _, _ in top.triples}
        for predicate in (SBH.topLevel, SBH.ownedBy):
            said = [s for s, p, _ in top.triples if p == iri_term(predicate)]
            assert sorted(said) == sorted(subjects)


def test_every_reference_between_parts_leads_somewhere() -> None:
    tops = list(Corpus(PARTS))
    known = {s for top in tops for s, _, _ in top.triples}
    followed = {
        iri_term(p)  # type: ignore[arg-type]
        for p in (SBOL2.member, SBOL2.sequence, SBOL2.NS + "component", SBOL2.NS + "definition", SBOL2.NS + "location")
    }
    named = [o for top in tops for _, p, o in top.triples if p in followed]
    assert len(named) > PARTS
    assert set(named) <= known


def test_document_is_read_by_another_library(tmp_path: Path) -> None:
    path = tmp_path / "corpus.xml"
    path.write_bytes(b"".join(write_rdf_xml(Corpus(60))))
    document = sbol2.Document()
    document.read(str(path))
    public = [top for top in Corpus(60) if top.graph == Corpus(60).public]
    parts = [top for top in public if top.cls == SBOL2.ComponentDefinition]
    assert len(document.componentDefinitions) == len(parts)
    composite = next(part for part in document.componentDefinitions if len(part.components) > 1)
    assert len(composite.sequenceAnnotations) == len(composite.components)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Live:  # type: ignore[misc]
    with live(tmp_path_factory.mktemp("data")) as running:
        running.user("alice")
        yield running


def test_stored_form_is_what_a_submission_of_the_document_stores(instance: Live) -> None:
    """Both forms of a corpus hold the same objects with the same predicates, stamps included."""
    document = b"".join(write_rdf_xml(Corpus(60, prefix="http://parts.example/")))
    assert instance.submit("alice", document, {"id": "taken"}).status_code == 200

    def shape(triples: list[tuple[str, str, str]]) -> collections.Counter[str]:
        return collections.Counter(predicate for _, predicate, _ in triples)

    query = "SELECT ?s ?p ?o { ?s ?p ?o FILTER NOT EXISTS { ?s <http://sbols.org/v2#displayId> 'taken_collection' } }"
    answer = instance.get("/sparql", "alice", params={"query": query}, headers={"Accept": "application/json"}).json()
    stored = [tuple(f"<{row[n]['value']}>" for n in "spo") for row in answer["results"]["bindings"]]
    corpus = Corpus(60)
    made = [triple for top in corpus if top.graph == corpus.public for triple in top.triples]
    assert shape(stored) == shape(made)  # type: ignore[arg-type]
