"""Compliant objects for files without IRIs."""

from synhub.formats.designs import Design
from synhub.rdf import write_ntriples
from synhub.vocab import SBOL2

NAMESPACE = "http://n/"


def test_top_levels_and_children_are_compliant() -> None:
    design = Design(NAMESPACE)
    part = design.top_level("pTet-1", SBOL2.ComponentDefinition, "2.1")
    design.child(part, "7", SBOL2.SequenceAnnotation, SBOL2.sequenceAnnotation)
    assert write_ntriples(design.triples).decode().replace("http://sbols.org/v2#", "sbol:").splitlines() == [
        "<http://n/pTet_1/2.1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <sbol:ComponentDefinition> .",
        "<http://n/pTet_1/2.1> <sbol:persistentIdentity> <http://n/pTet_1> .",
        '<http://n/pTet_1/2.1> <sbol:displayId> "pTet_1" .',
        '<http://n/pTet_1/2.1> <sbol:version> "2.1" .',
        "<http://n/pTet_1/_7/2.1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <sbol:SequenceAnnotation> .",
        "<http://n/pTet_1/_7/2.1> <sbol:persistentIdentity> <http://n/pTet_1/_7> .",
        '<http://n/pTet_1/_7/2.1> <sbol:displayId> "_7" .',
        '<http://n/pTet_1/_7/2.1> <sbol:version> "2.1" .',
        "<http://n/pTet_1/2.1> <sbol:sequenceAnnotation> <http://n/pTet_1/_7/2.1> .",
    ]


def test_names_are_unique_at_their_place_and_version() -> None:
    design = Design(NAMESPACE)
    names = ["x", "x_2", "x", "x", "x-2", ""]
    made = [design.top_level(name, SBOL2.Sequence).display_id for name in names]
    assert made == ["x", "x_2", "x_3", "x_4", "x_2_2", "Sequence"]
    assert design.top_level("x", SBOL2.Sequence, "2").display_id == "x"
    owner = design.top_level("y", SBOL2.ComponentDefinition)
    parts = [design.child(owner, "x", SBOL2.SequenceAnnotation, SBOL2.sequenceAnnotation) for _ in range(2)]
    assert [part.display_id for part in parts] == ["x", "x_2"]


def test_the_same_thing_said_twice_is_one_triple() -> None:
    design = Design(NAMESPACE)
    part = design.top_level("x", SBOL2.ComponentDefinition)
    for _ in range(2):
        design.say_text(part, SBOL2.elements, 'a"b')
    assert sum(o == '"a\\"b"' for _, _, o in design.triples) == 1
