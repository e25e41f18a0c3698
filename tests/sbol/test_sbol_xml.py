import time

import pyoxigraph
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.errors import Inconsistent
from synhub.rdf import Iri, Term, Triple, literal_term, write_ntriples
from synhub.sbol.graph import parse_rdf_xml, skolemise
from synhub.sbol.xml import prescan, write_sbol2, write_sbol2_stream

S = "http://sbols.org/v2#"
TYPE = Term("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>")


def t(iri: str) -> Term:
    return Term(f"<{iri}>")


def p(name: str) -> Term:
    return t(S + name)


def written(triples: list[Triple]) -> str:
    return b"".join(write_sbol2(triples)).decode()


def body(triples: list[Triple]) -> str:
    return written(triples).partition(">\n")[2].partition(">\n")[2].removesuffix("</rdf:RDF>\n")


def graph(data: bytes) -> pyoxigraph.Dataset:
    dataset = pyoxigraph.Dataset(pyoxigraph.parse(data, format=pyoxigraph.RdfFormat.RDF_XML))
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.UNSTABLE)
    return dataset


DEVICE: list[Triple] = [
    (t("http://x/s/1"), TYPE, p("Sequence")),
    (t("http://x/d/1"), p("component"), t("http://x/d/c/1")),
    (t("http://x/d/1"), t("http://a#note"), Term('"second"')),
    (t("http://x/d/1"), p("role"), t("http://so/2")),
    (t("http://x/d/1"), p("role"), t("http://so/1")),
    (t("http://x/d/1"), p("displayId"), Term('"d"')),
    (t("http://x/d/1"), TYPE, p("ComponentDefinition")),
    (t("http://x/d/1"), p("sequenceAnnotation"), t("http://x/d/a/1")),
    (t("http://x/d/a/1"), TYPE, p("SequenceAnnotation")),
    (t("http://x/d/a/1"), p("component"), t("http://x/d/c/1")),
    (t("http://x/d/c/1"), TYPE, p("Component")),
]


def test_children_are_nested_where_they_are_owned_and_top_levels_are_ordered() -> None:
    assert body(DEVICE) == (
        """\
  <sbol:ComponentDefinition rdf:about="http://x/d/1">
    <sbol:displayId>d</sbol:displayId>
    <sbol:role rdf:resource="http://so/1"/>
    <sbol:role rdf:resource="http://so/2"/>
    <sbol:component>
      <sbol:Component rdf:about="http://x/d/c/1"/>
    </sbol:component>
    <sbol:sequenceAnnotation>
      <sbol:SequenceAnnotation rdf:about="http://x/d/a/1">
        <sbol:component rdf:resource="http://x/d/c/1"/>
      </sbol:SequenceAnnotation>
    </sbol:sequenceAnnotation>
    <ns0:note>second</ns0:note>
  </sbol:ComponentDefinition>
  <sbol:Sequence rdf:about="http://x/s/1"/>
"""
    )


def test_the_first_chunk_is_the_header_with_the_usual_prefixes_and_foreign_ones() -> None:
    header = next(write_sbol2(DEVICE)).decode()
    assert header.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF xmlns:rdf=') or header.startswith(
        '<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF\n         xmlns:rdf='
    )
    for name in ("sbol", "dcterms", "prov", "om", "xsd", "sbh", "igem", "genbank"):
        assert f"xmlns:{name}=" in header
    assert 'xmlns:ns0="http://a#"' in header


def test_the_order_of_triples_does_not_change_a_byte() -> None:
    assert written(DEVICE) == written(DEVICE[::-1])


def test_a_stream_declares_foreign_namespaces_where_they_are_used() -> None:
    groups = [
        DEVICE[1:],
        DEVICE[:1],
        [(t("http://y/1"), TYPE, t("http://b#B")), (t("http://y/1"), t("http://a#n"), Term('""'))],
    ]
    chunks = list(write_sbol2_stream(groups))
    assert len(chunks) == 5
    assert b"http://a#" not in chunks[0]
    assert b' <sbol:ComponentDefinition xmlns:ns0="http://a#" rdf:about=' in chunks[1]
    assert b"xmlns" not in chunks[2]
    assert b' <ns1:B xmlns:ns0="http://a#" xmlns:ns1="http://b#" rdf:about=' in chunks[3]
    assert graph(b"".join(chunks)) == graph(written([triple for group in groups for triple in group]).encode())


def test_nothing_is_a_document_without_objects() -> None:
    assert list(write_sbol2([]))[1:] == [b"</rdf:RDF>\n"]
    assert parse_rdf_xml(b"".join(write_sbol2([]))) == []
    assert prescan(b"".join(write_sbol2_stream([]))).findings == []


def test_literals_keep_datatype_language_and_awkward_text() -> None:
    date = Iri("http://www.w3.org/2001/XMLSchema#dateTime")
    values = [
        literal_term("2020-01-01T00:00:00Z", date),
        literal_term("<b>&amp; \"q\" 'a' ]]> \\ \t\n\r end "),
        literal_term("Zürich 🧬 \u2028"),
        literal_term("x", language="en"),
        literal_term("<p>x</p>", Iri("http://www.w3.org/1999/02/22-rdf-syntax-ns#HTML")),
        literal_term(""),
    ]
    triples: list[Triple] = [(t("http://x/s"), TYPE, p("Sequence"))]
    triples += [(t("http://x/s"), t("http://a#v"), value) for value in values]
    assert set(parse_rdf_xml(prescan(written(triples).encode()).data)) == set(triples)


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    triples: list[Triple] = [
        (t("http://x/s"), TYPE, p("Sequence")),
        (t("http://x/s"), t("http://a#v"), literal_term("a\x00b\x0bc\ufffed")),
    ]
    assert "<ns0:v>a\ufffdb\ufffdc\ufffdd</ns0:v>" in written(triples)


def test_an_iri_with_an_ampersand_is_escaped() -> None:
    triples: list[Triple] = [
        (t("http://x/s?a=1&b='2'"), TYPE, p("Sequence")),
        (t("http://x/s?a=1&b='2'"), t("http://a?x&y#v"), t("http://x/?a&b")),
    ]
    assert set(parse_rdf_xml(written(triples).encode())) == set(triples)


def test_several_classes_keep_the_schema_s_for_the_element() -> None:
    triples: list[Triple] = [
        (t("http://x/s"), TYPE, t("http://a#Extra")),
        (t("http://x/s"), TYPE, p("Sequence")),
        (t("http://x/s"), TYPE, t("http://purl.obolibrary.org/obo/SO_0000139")),
    ]
    assert body(triples) == (
        '  <sbol:Sequence rdf:about="http://x/s">\n'
        '    <rdf:type rdf:resource="http://a#Extra"/>\n'
        '    <rdf:type rdf:resource="http://purl.obolibrary.org/obo/SO_0000139"/>\n'
        "  </sbol:Sequence>\n"
    )


@pytest.mark.parametrize("name", ["http://a/123", "http://a/x#", "http://www.w3.org/1999/02/22-rdf-syntax-ns#li"])
def test_a_class_that_no_element_can_be_called_is_written_as_rdf_type(name: str) -> None:
    triples: list[Triple] = [(t("http://x/s"), TYPE, t(name))]
    assert "<rdf:Description" in written(triples)
    assert set(parse_rdf_xml(written(triples).encode())) == set(triples)


@pytest.mark.parametrize("name", ["http://a/123", "http://a/x#", "http://www.w3.org/1999/02/22-rdf-syntax-ns#about"])
def test_a_predicate_that_no_element_can_be_called_is_refused(name: str) -> None:
    with pytest.raises(Inconsistent, match=name):
        written([(t("http://x/s"), t(name), Term('"1"'))])


@pytest.mark.parametrize("name", ["http://a/1b", "http://a#größe", "urn:a:b", "http://a/b.c-d", "http://a/日x"])
def test_any_other_predicate_finds_a_split(name: str) -> None:
    triples: list[Triple] = [(t("http://x/s"), TYPE, p("Sequence")), (t("http://x/s"), t(name), Term('"1"'))]
    assert set(parse_rdf_xml(prescan(written(triples).encode()).data)) == set(triples)


def test_annotation_nodes_are_nested_and_blank_again() -> None:
    triples = skolemise(
        [
            (t("http://x/s"), TYPE, p("Sequence")),
            (t("http://x/s"), t("http://a#ref"), t("http://x/s/ref")),
            (t("http://x/s/ref"), TYPE, t("http://a#Ref")),
            (t("http://x/s/ref"), t("http://a#by"), Term("_:1")),
            (Term("_:1"), t("http://a#name"), Term('"Ada"')),
        ]
    )
    assert body(triples) == (
        """\
  <sbol:Sequence rdf:about="http://x/s">
    <ns0:ref>
      <ns0:Ref rdf:about="http://x/s/ref">
        <ns0:by>
          <rdf:Description>
            <ns0:name>Ada</ns0:name>
          </rdf:Description>
        </ns0:by>
      </ns0:Ref>
    </ns0:ref>
  </sbol:Sequence>
"""
    )
    assert set(parse_rdf_xml(written(triples).encode())) == set(triples)


def test_long_chains_are_written_without_deep_nesting() -> None:
    chain: list[Triple] = [(t("http://x/s"), TYPE, p("Sequence")), (t("http://x/s"), t("http://a#next"), Term("_:0"))]
    chain += [(Term(f"_:{i}"), t("http://a#next"), Term(f"_:{i + 1}")) for i in range(500)]
    chain.append((Term("_:501"), t("http://a#end"), Term('"x"')))
    chain.append((Term("_:500"), t("http://a#next"), Term("_:501")))
    data = written(chain).encode()
    assert prescan(data).findings == []
    assert set(parse_rdf_xml(data)) == set(skolemise(chain))


IRIS = st.sampled_from([t(f"http://x/{name}") for name in "abcd"] + [Term("_:1"), Term("_:2")])
CLASSES = st.sampled_from(
    [p(c) for c in ("ComponentDefinition", "Component", "MapsTo", "Sequence", "Range")]
    + [t("http://a#A"), t("http://a/1")]
)
LINKS = st.sampled_from([p("component"), p("mapsTo"), p("definition"), p("member"), t("http://a#n")])
VALUES = st.one_of(
    IRIS, st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), max_size=4).map(literal_term)
)


@given(st.lists(st.one_of(st.tuples(IRIS, st.just(TYPE), CLASSES), st.tuples(IRIS, LINKS, VALUES)), max_size=16))
def test_any_graph_reads_back_as_it_was(triples: list[Triple]) -> None:
    distinct = list(dict.fromkeys(triples))
    expected = pyoxigraph.Dataset(pyoxigraph.parse(write_ntriples(distinct), format=pyoxigraph.RdfFormat.N_TRIPLES))
    expected.canonicalize(pyoxigraph.CanonicalizationAlgorithm.UNSTABLE)
    assert graph(b"".join(write_sbol2(distinct))) == expected


def test_a_predicate_with_a_long_path_is_split_at_once() -> None:
    predicate = Term(f"<http://x.org/{'a' * 100_000}/name>")
    started = time.perf_counter()
    document = b"".join(write_sbol2([(Term("<http://x.org/s>"), predicate, Term('"v"'))]))
    assert time.perf_counter() - started < 5  # trying every start took 0.17 s for 8 000 characters, and quadratic
    assert b":name>v</" in document
