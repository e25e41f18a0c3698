"""One report in all its forms."""

from typing import Any

import pyoxigraph
import pytest
import rdflib

from synhub.model import GATES, Finding
from synhub.sbol.report import GRAPH_FORMATS, Report, parse_gates, summary, write_graph, write_text

SH = rdflib.Namespace("http://www.w3.org/ns/shacl#")
OBJECT = "http://x.org/cd/1"
FILES = [
    {"name": "a.xml", "format": "SBOL 2 (RDF/XML)", "role": "design"},
    {"name": ".x", "format": "", "role": "ignored"},
]
FINDINGS = [
    Finding(
        "sbol-10502", "error", OBJECT, f"{OBJECT} has no sbol:type", "http://sbols.org/v2#type", "", "always", "a.xml"
    ),
    Finding("sbol-10513", "warning", OBJECT, f"{OBJECT} refers to x", "", "http://x.org/s/1", "complete", "a.xml"),
    Finding("sh:MinCountConstraintComponent", "note", "", "nothing there", "", "a:b"),
]
REPORT = Report(("always", "complete"), FILES, FINDINGS)


def test_only_errors_make_a_report_not_valid() -> None:
    assert not REPORT.valid
    assert Report(GATES, FILES, FINDINGS[1:]).valid
    assert REPORT.counts == {"error": 1, "warning": 1, "note": 1}


def test_text_is_by_file_and_object_with_the_verdict_last() -> None:
    assert write_text(REPORT) == (
        "a.xml: SBOL 2 (RDF/XML)\n"
        ".x: ignored\n"
        "\n"
        "a.xml:\n"
        "http://x.org/cd/1\n"
        "  error   sbol-10502: has no sbol:type\n"
        "  warning sbol-10513: refers to x\n"
        "\n"
        "  note    sh:MinCountConstraintComponent: nothing there\n"
        "\n"
        "not valid: 1 error, 1 warning, 1 note\n"
    )
    assert summary(Report(GATES, FILES, [])) == "valid: nothing found"


def test_colours_are_for_terminals() -> None:
    assert "\x1b[31merror  \x1b[0m sbol-10502" in write_text(REPORT, colours=True)
    assert "\x1b" not in write_text(REPORT)


def test_json_leaves_out_what_says_nothing() -> None:
    body: dict[str, Any] = REPORT.as_json()

    assert body["gates"] == ["always", "complete"]
    assert body["findings"][2] == {
        "rule": "sh:MinCountConstraintComponent",
        "severity": "note",
        "subject": "",
        "message": "nothing there",
        "value": "a:b",
    }


@pytest.mark.parametrize("media_type", GRAPH_FORMATS)
def test_every_graph_format_says_the_same(media_type: str) -> None:
    def isomorphic(data: bytes, syntax: pyoxigraph.RdfFormat) -> set[str]:
        dataset = pyoxigraph.Dataset(pyoxigraph.parse(data, format=syntax))
        dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.UNSTABLE)
        return set(map(str, dataset))

    usual = isomorphic(write_graph(REPORT, "text/turtle"), pyoxigraph.RdfFormat.TURTLE)
    assert isomorphic(write_graph(REPORT, media_type), GRAPH_FORMATS[media_type]) == usual


def test_every_result_has_what_shacl_asks_of_one() -> None:
    """SHACL, section 3.6.2: one focus node, one severity, one constraint component; at most one path and value."""
    graph = rdflib.Graph().parse(data=write_graph(REPORT, "text/turtle"), format="turtle")
    (report,) = graph.subjects(rdflib.RDF.type, SH.ValidationReport)
    results = list(graph.objects(report, SH.result))

    assert graph.value(report, SH.conforms) == rdflib.Literal(False)
    assert len(results) == 3
    for result in results:
        assert (result, rdflib.RDF.type, SH.ValidationResult) in graph
        for name in ("focusNode", "resultSeverity", "sourceConstraintComponent"):
            assert len(list(graph.objects(result, SH[name]))) == 1
        for name in ("resultPath", "value"):
            assert len(list(graph.objects(result, SH[name]))) <= 1
    components = {str(o) for o in graph.objects(None, SH.sourceConstraintComponent)}
    assert components == {
        "urn:x-synhub:rule:sbol-10502",
        "urn:x-synhub:rule:sbol-10513",
        str(SH.MinCountConstraintComponent),
    }
    assert set(graph.objects(None, SH.value)) == {rdflib.URIRef("http://x.org/s/1"), rdflib.Literal("a:b")}


def test_nothing_found_conforms() -> None:
    graph = rdflib.Graph().parse(data=write_graph(Report(GATES, FILES, []), "text/turtle"), format="turtle")

    assert list(graph.objects(None, SH.conforms)) == [rdflib.Literal(True)]
    assert list(graph.objects(None, SH.result)) == []


@pytest.mark.parametrize(
    ("text", "gates"),
    [
        ("", GATES),
        ("always", ("always",)),
        (" best-practice , complete", ("always", "complete", "best_practice")),
    ],
)
def test_gates_always_hold_always(text: str, gates: tuple[str, ...]) -> None:
    assert parse_gates(text) == gates


def test_an_unknown_gate_is_named() -> None:
    with pytest.raises(ValueError, match="'loose' is no gate; there are always, compliant, complete, best_practice"):
        parse_gates("always,loose")
