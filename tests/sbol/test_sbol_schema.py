import pytest

from synhub.rdf import Term
from synhub.sbol import schema

S = "http://sbols.org/v2#"
PROV = "http://www.w3.org/ns/prov#"
OM = "http://www.ontology-of-units-of-measure.org/resource/om-2/"


def t(iri: str) -> Term:
    return Term(f"<{iri}>")


def test_component_owns_on_a_definition_and_refers_on_an_annotation() -> None:
    assert schema.is_child_property(t(S + "ComponentDefinition"), t(S + "component"))
    assert not schema.is_child_property(t(S + "SequenceAnnotation"), t(S + "component"))
    assert schema.properties_of(t(S + "SequenceAnnotation"))[t(S + "component")].kind == "reference"


def test_a_foreign_class_has_no_properties_and_owns_nothing() -> None:
    assert not schema.properties_of(t("http://a/B"))
    assert not schema.is_child_property(t("http://a/B"), t(S + "component"))


def test_top_level_classes_are_those_of_the_specification() -> None:
    sbol = "Attachment Collection CombinatorialDerivation ComponentDefinition Experiment ExperimentalData "
    sbol += "Implementation Model ModuleDefinition Sequence"
    om = "SingularUnit UnitMultiplication UnitDivision UnitExponentiation PrefixedUnit SIPrefix BinaryPrefix"
    assert {
        *(t(S + name) for name in sbol.split()),
        *(t(PROV + name) for name in ("Activity", "Agent", "Plan")),
        *(t(OM + name) for name in om.split()),
    } == schema.TOP_LEVEL_CLASSES


def test_every_child_class_has_an_owner_and_no_top_level_class_has_one() -> None:
    for term in schema.CHILD_CLASSES:
        assert schema.owning_properties(term), term
    for term in schema.TOP_LEVEL_CLASSES:
        assert schema.owning_properties(term) == [], term


def test_targets_are_classes_of_the_table() -> None:
    for sbol_class in schema.CLASSES.values():
        for p in sbol_class.properties:
            assert all(t(target) in schema.CLASSES for target in p.targets), (sbol_class.iri, p.iri)


def test_a_property_stands_once_in_a_class() -> None:
    for sbol_class in schema.CLASSES.values():
        names = [p.iri for p in sbol_class.properties]
        assert len(names) == len(set(names)), sbol_class.iri


@pytest.mark.parametrize(
    ("class_name", "name", "low", "high"),
    [
        ("ComponentDefinition", "type", 1, None),
        ("ComponentDefinition", "role", 0, None),
        ("Sequence", "elements", 1, 1),
        ("Range", "start", 1, 1),
        ("SequenceAnnotation", "location", 1, None),
        ("Participation", "role", 1, None),
        ("Collection", "displayId", 0, 1),
        ("Collection", "attachment", 0, None),
    ],
)
def test_cardinalities_are_those_of_the_specification(class_name: str, name: str, low: int, high: int | None) -> None:
    p = schema.properties_of(t(S + class_name))[t(S + name)]
    assert (p.min, p.max) == (low, high)


def test_children_have_no_attachments() -> None:
    assert t(S + "attachment") not in schema.properties_of(t(S + "Range"))


def test_property_names_are_local_names_of_the_sbol_namespace() -> None:
    names = schema.property_names()
    assert {"role", "persistentIdentity", "mapsTo", "variantDerivation", "size"} <= names
    assert "wasDerivedFrom" not in names
    assert "title" not in names
