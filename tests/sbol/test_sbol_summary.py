"""The JSON of /summary: classes, children, numbers, annotations, and nothing left out."""

import json
from pathlib import Path
from typing import Any

import pytest

from synhub.formats.source import MemorySource
from synhub.rdf import Iri, iri_of, text_of
from synhub.sbol.graph import Document, parse_rdf_xml, unskolemise
from synhub.sbol.summary import write_summary

FIXTURES = Path(__file__).parents[2] / "fixtures" / "sbol2"
DESIGNS = sorted(path.name for path in FIXTURES.glob("*.xml"))


def source_of(name: str) -> MemorySource:
    document = Document.of(parse_rdf_xml((FIXTURES / name).read_bytes()))
    groups = []
    for top in document.top_levels:
        said = [(s, p, o) for s in document.subtree(top) for p, os in document.subjects[s].items() for o in os]
        groups.append((iri_of(top), unskolemise(said)))
    return MemorySource(groups, [groups[0][0]], is_collection=False)


def summary_of(source: MemorySource) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads(b"".join(write_summary(source)))
    return found


def test_nothing_gives_an_empty_object() -> None:
    assert b"".join(write_summary(MemorySource([], [Iri("http://x/1")], is_collection=False))) == b"{}"


@pytest.mark.parametrize("name", DESIGNS)
def test_every_value_of_a_design_is_in_its_summary(name: str) -> None:
    source = source_of(name)
    text = json.dumps(json.loads(b"".join(write_summary(source))), ensure_ascii=False)

    values = {text_of(o) for group in source.top_levels() for _, p, o in group if "ns#type" not in p and o[0] != "_"}
    assert {v for v in values if json.dumps(v, ensure_ascii=False)[1:-1] not in text} == set()


def test_children_are_nested_and_positions_are_numbers() -> None:
    summary = summary_of(source_of("device.xml"))
    device = next(c for c in summary["componentDefinitions"] if "components" in c)
    [annotation, *_] = device["sequenceAnnotations"]
    [location] = annotation["locations"]

    assert isinstance(location["start"], int)
    assert isinstance(annotation["component"], str)


def test_records_are_indented_as_the_classic_ones() -> None:
    lines = b"".join(write_summary(source_of("promoter.xml"))).decode().split("\n")

    assert lines[:3] == ["{", '  "componentDefinitions": [', "    {"]
    assert lines[3].startswith('      "uri": "')
    assert lines[-2:] == ["  ]", "}"]
