"""The demo collection is complete, correct SBOL2."""

from pathlib import Path
from typing import Any

import pytest
import sbol2

from synhub.demo import demo_files

PROMOTER = "http://identifiers.org/so/SO:0000167"
BASE = "http://demo.example/parts/"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Any:
    [(name, text)] = demo_files()
    path = tmp_path_factory.mktemp("demo") / name
    path.write_bytes(text)
    document = sbol2.Document()
    document.read(str(path))
    return document


def elements(document: Any, display_id: str) -> str:
    return str(document.sequences.get(f"{BASE}{display_id}_sequence/1").elements)


def test_demo_holds_29_top_levels(document: Any) -> None:
    assert len(document.componentDefinitions) == 13
    assert len(document.sequences) == 13
    assert len(document.collections) == 2
    assert len(document.activities) == 1


def test_every_reference_of_the_demo_is_in_the_demo(document: Any) -> None:
    known = {top_level.identity for top_level in document.SBOLObjects.values()}
    referred = [s for part in document.componentDefinitions for s in part.sequences]
    referred += [c.definition for part in document.componentDefinitions for c in part.components]
    referred += [member for collection in document.collections for member in collection.members]
    referred += [usage.entity for activity in document.activities for usage in activity.usages]

    assert len(referred) == 13 + 9 + 8 + 4
    assert set(referred) <= known


def test_composites_are_their_parts_joined_by_scars(document: Any) -> None:
    part = {name: elements(document, "BBa_" + name) for name in ("B0010", "B0012", "B0032", "B0034", "E0040", "J23101")}
    double_terminator = part["B0010"] + "tactagag" + part["B0012"]
    reporter = part["E0040"] + "tactagag" + double_terminator

    assert elements(document, "BBa_B0015") == double_terminator
    assert elements(document, "BBa_I13504") == part["B0034"] + "tactag" + reporter
    assert elements(document, "BBa_I20260") == part["J23101"] + "tactagag" + part["B0032"] + "tactag" + reporter


def test_ranges_cut_out_the_annotated_parts_sequence(document: Any) -> None:
    checked = 0
    for device in document.componentDefinitions:
        whole = elements(document, device.displayId)
        for annotation in device.sequenceAnnotations:
            [location] = annotation.locations
            definition = device.components.get(annotation.component).definition
            part = document.componentDefinitions.get(definition)
            assert whole[location.start - 1 : location.end] == elements(document, part.displayId)
            checked += 1
    assert checked == 9


def test_lengths_are_those_of_the_registry(document: Any) -> None:
    lengths = {part.displayId: len(elements(document, part.displayId)) for part in document.componentDefinitions}

    assert lengths == {
        "BBa_J23100": 35,
        "BBa_J23101": 35,
        "BBa_J23106": 35,
        "BBa_R0010": 200,
        "BBa_R0040": 54,
        "BBa_B0032": 13,
        "BBa_B0034": 12,
        "BBa_E0040": 720,
        "BBa_B0010": 80,
        "BBa_B0012": 41,
        "BBa_B0015": 129,
        "BBa_I13504": 875,
        "BBa_I20260": 919,
    }


def test_promoter_collection_holds_exactly_the_promoters(document: Any) -> None:
    promoters = {part.identity for part in document.componentDefinitions if PROMOTER in part.roles}

    assert len(promoters) == 5
    assert set(document.collections.get(BASE + "promoters/1").members) == promoters


def test_sources_of_the_demo_name_every_part(document: Any) -> None:
    source = (Path(__file__).parent.parent / "fixtures" / "demo" / "SOURCE.md").read_text()

    assert [part.displayId for part in document.componentDefinitions if part.displayId not in source] == []
