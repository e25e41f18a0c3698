"""Turtle, N-Triples and JSON-LD of SBOL 2: valid documents that say what the triples say, however they come."""

import json
from collections.abc import Callable, Iterator

import pyoxigraph
import pytest
from designs_sbol3 import documents, groups_of
from hypothesis import HealthCheck, given, settings

from synhub.formats.source import MemorySource, Source
from synhub.rdf import Iri, Term, Triple
from synhub.sbol.rdf_text import rdfxml_of, write_jsonld, write_ntriples, write_turtle
from synhub.vocab import SBOL3_PREFIXES

Write = Callable[[Source], Iterator[bytes]]
WRITERS: list[tuple[Write, pyoxigraph.RdfFormat]] = [
    (write_turtle, pyoxigraph.RdfFormat.TURTLE),
    (write_ntriples, pyoxigraph.RdfFormat.N_TRIPLES),
    (write_jsonld, pyoxigraph.RdfFormat.JSON_LD),
    (lambda source: rdfxml_of(source.top_levels(), SBOL3_PREFIXES), pyoxigraph.RdfFormat.RDF_XML),
]
_X, _Y, _P = Term("<http://a.org/x>"), Term("<http://a.org/y>"), Term("<http://a.org/terms#p>")


def _source(*groups: list[Triple]) -> MemorySource:
    return MemorySource([(Iri(g[0][0][1:-1]), g) for g in groups], [Iri("http://a.org/x")], is_collection=False)


def _read(data: bytes, syntax: pyoxigraph.RdfFormat) -> pyoxigraph.Dataset:
    dataset = pyoxigraph.Dataset(pyoxigraph.parse(data, format=syntax))
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    return dataset


@pytest.mark.parametrize(("write", "syntax"), WRITERS)
def test_reading_back_gives_the_same_graph(write: Write, syntax: pyoxigraph.RdfFormat) -> None:
    group: list[Triple] = [
        (_X, Term("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"), Term("<http://a.org/Kind>")),
        (_X, _P, Term('"a\\r\\nb\\t\\"c\\" <&>"')),
        (_X, _P, Term('"é\U0001f9ec"@en-GB')),
        (_X, _P, Term('"1"^^<http://www.w3.org/2001/XMLSchema#integer>')),
        (_X, _P, Term("_:b1")),
        (Term("_:b1"), _P, Term('"below"')),
    ]
    other: list[Triple] = [(_Y, _P, Term("_:b2")), (Term("_:b2"), _P, Term("_:b1"))]
    expected = "".join(f"{s} {p} {o} .\n" for s, p, o in group + other).encode()
    written = b"".join(write(_source(group, other)))
    assert _read(written, syntax) == _read(expected, pyoxigraph.RdfFormat.N_TRIPLES)


@pytest.mark.parametrize(("write", "syntax"), WRITERS)
def test_nothing_is_a_valid_document(write: Write, syntax: pyoxigraph.RdfFormat) -> None:
    assert len(_read(b"".join(write(MemorySource([], [], is_collection=False))), syntax)) == 0


@pytest.mark.parametrize(("write", "syntax"), WRITERS)
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(triples=documents())
def test_every_document_reads_back(write: Write, syntax: pyoxigraph.RdfFormat, triples: list[Triple]) -> None:
    source = groups_of(triples)
    expected = "".join(f"{s} {p} {o} .\n" for s, p, o in triples).encode()
    assert _read(b"".join(write(source)), syntax) == _read(expected, pyoxigraph.RdfFormat.N_TRIPLES)


@pytest.mark.parametrize(("write", "_"), WRITERS)
def test_a_top_level_is_written_before_the_next_is_asked_for(write: Write, _: pyoxigraph.RdfFormat) -> None:
    asked: list[str] = []

    class Slow(MemorySource):
        def top_levels(self) -> Iterator[list[Triple]]:
            for group in super().top_levels():
                asked.append(group[0][0])
                yield group

    pieces = write(Slow([(Iri(f"http://a.org/{n}"), [(_X, _P, _Y)]) for n in range(9)], [], is_collection=True))
    next(pieces), next(pieces)
    assert len(asked) <= 3


def test_turtle_declares_its_prefixes_once_and_uses_them() -> None:
    text = b"".join(write_turtle(_source([(_X, Term("<http://sbols.org/v2#role>"), _Y)], [(_Y, _P, _X)]))).decode()
    assert text.count("@prefix sbol: <http://sbols.org/v2#> .") == 1
    assert "<http://a.org/x> sbol:role <http://a.org/y> ." in text


def test_json_ld_is_one_array_of_nodes() -> None:
    group: list[Triple] = [
        (_X, Term("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"), Term("<http://a.org/Kind>")),
        (_X, _P, Term('"v"')),
    ]
    assert json.loads(b"".join(write_jsonld(_source(group, [(_Y, _P, _X)])))) == [
        {"@id": "http://a.org/x", "@type": ["http://a.org/Kind"], "http://a.org/terms#p": [{"@value": "v"}]},
        {"@id": "http://a.org/y", "http://a.org/terms#p": [{"@id": "http://a.org/x"}]},
    ]
