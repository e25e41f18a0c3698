"""SBOL 1 becomes SBOL 2."""

import os
from pathlib import Path

import pytest

from synhub.formats.reading import Options, Reading
from synhub.rdf import Term, Triple
from synhub.sbol.graph import parse_rdf_xml
from synhub.sbol.prescan import prescan
from synhub.sbol.sbol1 import convert_sbol1

FIXTURE = Path(__file__).parents[2] / "fixtures" / "sbol1" / "device.xml"
CORPUS = Path(os.environ.get("SYNHUB_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
OPTIONS = Options(namespace="http://oracle.example/")
SHORT = (
    ("http://oracle.example/", ""),
    ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "rdf:"),
    ("http://sbols.org/v2#", ""),
    ("http://sbols.org/v1#", "v1:"),
    ("http://lab.example/", "lab:"),
    ("http://purl.org/dc/terms/", "dcterms:"),
    ("http://www.w3.org/ns/prov#", "prov:"),
    ("http://identifiers.org/so/", ""),
    ("http://www.biopax.org/release/biopax-level3.owl#", ""),
)
IDENTITY = ("persistentIdentity", "displayId", "version", "rdf:type", "access")


def read(path: Path) -> list[Triple]:
    return parse_rdf_xml(prescan(path.read_bytes()).data)


def short(term: Term) -> str:
    text = str(term)
    for namespace, prefix in SHORT:
        text = text.replace(namespace, prefix)
    return text.strip("<>")


def said(reading: Reading) -> set[str]:
    """Everything but what makes an object compliant, in short."""
    lines = ((short(s), short(p), short(o)) for s, p, o in reading.triples)
    return {" ".join(line) for line in lines if line[1] not in IDENTITY}


@pytest.fixture(scope="module")
def device() -> Reading:
    return convert_sbol1(read(FIXTURE), OPTIONS)


def test_components_sequences_and_collections_become_compliant_top_levels(device: Reading) -> None:
    assert device.format == "SBOL 1"
    about = {line for line in said(device) if line.split(" ")[0] in ("unit_1/1", "dev_unit_seq/1", "my_lib/1")}
    assert about == {
        "my_lib/1 prov:wasDerivedFrom lab:lib/all",
        'my_lib/1 dcterms:title "Library"',
        "my_lib/1 member unit_1/1",
        "my_lib/1 member prom_/1",
        "unit_1/1 prov:wasDerivedFrom lab:dev/unit",
        'unit_1/1 dcterms:title "Unit"',
        'unit_1/1 dcterms:description " two promoters and a terminator "',
        "unit_1/1 type DnaRegion",
        "unit_1/1 type SO:0000987",
        "unit_1/1 role SO:0000804",
        "unit_1/1 sequence dev_unit_seq/1",
        "unit_1/1 component unit_1/prom/1",
        "unit_1/1 component unit_1/component0/1",
        "unit_1/1 sequenceAnnotation unit_1/prom_annotation/1",
        "unit_1/1 sequenceAnnotation unit_1/annotation2/1",
        "unit_1/1 sequenceAnnotation unit_1/annotation3/1",
        "unit_1/1 sequenceConstraint unit_1/prom_cons_component0/1",
        'unit_1/1 lab:terms#owner "Bob"',
        "unit_1/1 lab:terms#replaces prom_/1",
        "dev_unit_seq/1 prov:wasDerivedFrom lab:dev#unit_seq",
        'dev_unit_seq/1 elements "aaaacccc"',
        "dev_unit_seq/1 encoding http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html",
    }


def test_annotations_become_locations_components_and_constraints(device: Reading) -> None:
    about = {line for line in said(device) if line.startswith("unit_1/") and not line.startswith("unit_1/1 ")}
    assert about == {
        "unit_1/prom/1 definition prom/1",
        "unit_1/component0/1 definition prom/1",
        "unit_1/prom_annotation/1 component unit_1/prom/1",
        "unit_1/prom_annotation/1 location unit_1/prom_annotation/range/1",
        "unit_1/prom_annotation/1 prov:wasDerivedFrom lab:dev/unit/a1",
        'unit_1/prom_annotation/1 lab:terms#colour "red"',
        'unit_1/prom_annotation/range/1 start "1"',
        'unit_1/prom_annotation/range/1 end "4"',
        "unit_1/prom_annotation/range/1 orientation inline",
        "unit_1/annotation2/1 component unit_1/component0/1",
        "unit_1/annotation2/1 location unit_1/annotation2/range/1",
        "unit_1/annotation2/1 prov:wasDerivedFrom lab:dev/unit/a2",
        "unit_1/annotation2/1 v1:precedes lab:nowhere",
        'unit_1/annotation2/range/1 start "5"',
        'unit_1/annotation2/range/1 end "8"',
        "unit_1/annotation2/range/1 orientation reverseComplement",
        "unit_1/annotation3/1 location unit_1/annotation3/genericLocation/1",
        "unit_1/annotation3/1 prov:wasDerivedFrom lab:dev/unit/a3",
        'unit_1/annotation3/1 v1:bioStart "7"',
        "unit_1/prom_cons_component0/1 restriction precedes",
        "unit_1/prom_cons_component0/1 subject unit_1/prom/1",
        "unit_1/prom_cons_component0/1 object unit_1/component0/1",
    }


def test_of_two_components_of_one_display_id_the_later_gets_an_underscore(device: Reading) -> None:
    about = {line for line in said(device) if line.startswith(("prom/", "prom_/"))}
    assert about == {
        "prom/1 prov:wasDerivedFrom lab:dev/prom",
        "prom/1 type DnaRegion",
        "prom/1 type SO:0000987",
        "prom/1 role SO:0000167",
        "prom_/1 prov:wasDerivedFrom lab:other/prom",
        "prom_/1 type DnaRegion",
        "prom_/1 type SO:0000987",
        "prom_/1 role SO:0000167",
        "prom_/1 role lab:terms#Strong",
    }


def test_foreign_objects_stay_and_refer_to_what_was_converted(device: Reading) -> None:
    assert "lab:strain/1 lab:terms#holds unit_1/1" in said(device)


def test_what_has_no_place_in_sbol_2_is_said(device: Reading) -> None:
    assert [(f.rule, f.severity, f.message.removeprefix("http://lab.example/dev/unit/")) for f in device.findings] == [
        ("synhub-sbol1", "warning", "a3: it has only one of bioStart and bioEnd: it became an annotation"),
        ("synhub-sbol1", "warning", "a3: its strand '?' is neither + nor -: it was left out"),
        (
            "synhub-sbol1",
            "note",
            "a4: it says the same as <http://lab.example/dev/unit/a2>: one of them was kept",
        ),
        (
            "synhub-sbol1",
            "warning",
            "a2: it precedes <http://lab.example/nowhere>, no other part of its DnaComponent: kept as it is",
        ),
    ]


def test_components_in_a_circle_are_converted() -> None:
    v1 = "http://sbols.org/v1#"
    body = "".join(
        f'<v:DnaComponent rdf:about="http://h/c{i}"><v:annotation><v:SequenceAnnotation rdf:about="http://h/a{i}">'
        f'<v:subComponent rdf:resource="http://h/c{1 - i}"/></v:SequenceAnnotation></v:annotation></v:DnaComponent>'
        for i in (0, 1)
    )
    data = f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:v="{v1}">{body}</rdf:RDF>'
    reading = convert_sbol1(parse_rdf_xml(data.encode()), OPTIONS)
    assert {line for line in said(reading) if " definition " in line} == {
        "c0/c1/1 definition c1/1",
        "c1/c0/1 definition c0/1",
    }


@pytest.mark.parametrize("name", ["BBa_I0462.xml", "pIKE_pTAK_cassettes_2.xml", "precedesTest.xml"])
def test_the_reference_library_gives_the_same_triples(name: str) -> None:
    assert_equal_to_the_oracle(name)


@pytest.mark.slow
def test_the_reference_library_gives_the_same_triples_of_every_file() -> None:
    names = [path.name for path in corpus().glob("*.xml")]
    assert len(names) == 13
    for name in names:
        assert_equal_to_the_oracle(name)


def corpus() -> Path:
    folder = CORPUS / "oracle" / "sbol1_to_sbol2"
    if not folder.is_dir():
        pytest.skip(f"no corpus at {CORPUS}: set SYNHUB_CORPUS")
    return folder


def assert_equal_to_the_oracle(name: str) -> None:
    theirs = set(read(corpus() / name))
    ours = set(convert_sbol1(read(CORPUS / "SBOL1" / name), OPTIONS).triples)
    assert (theirs - ours, ours - theirs) == (set(), set())


def test_the_file_on_which_the_reference_library_fails_is_converted() -> None:
    """pACPc_invF.xml has `precedes` between parts of different components (a NullPointerException there)."""
    corpus()
    reading = convert_sbol1(read(CORPUS / "SBOL1" / "pACPc_invF.xml"), OPTIONS)
    constraints = [s for s, _, o in reading.triples if o == "<http://sbols.org/v2#SequenceConstraint>"]
    kept = [s for s, p, _ in reading.triples if p == "<http://sbols.org/v1#precedes>"]
    assert len(constraints) + len(kept) == 20
    assert len(kept) == len(reading.findings) == 5
