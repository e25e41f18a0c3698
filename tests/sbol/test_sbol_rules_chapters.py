"""What the pairs in fixtures/rules do not show: references without a version, positions, ways to keep a rule."""

import pyoxigraph
import pytest
from test_sbol_rules import PREFIXES

from synhub.model import Finding
from synhub.sbol.graph import Document, parse_rdf
from synhub.sbol.rules.check import check_document

PARTS = """
:p a sbol:ComponentDefinition ; sbol:type biopax:DnaRegion ; sbol:role so:SO:0000167 .
:q a sbol:ComponentDefinition ; sbol:type biopax:DnaRegion ; sbol:role so:SO:0000316 .
"""
DERIVED = (
    PARTS
    + """
:t a sbol:ComponentDefinition ; sbol:type biopax:DnaRegion ; sbol:role so:SO:0000804 ; sbol:component :t1 , :t2 ;
  sbol:sequenceConstraint :tk .
:t1 a sbol:Component ; sbol:access sbol:public ; sbol:definition :p .
:t2 a sbol:Component ; sbol:access sbol:public ; sbol:definition :q .
:tk a sbol:SequenceConstraint ; sbol:restriction sbol:precedes ; sbol:subject :t1 ; sbol:object :t2 .
:x a sbol:CombinatorialDerivation ; sbol:template :t .
:d a sbol:ComponentDefinition ; sbol:type biopax:DnaRegion ; sbol:role so:SO:0000804 ; prov:wasDerivedFrom :x ;
  sbol:component :d1 , :d2 .
:d1 a sbol:Component ; sbol:access sbol:public ; sbol:definition :p ; prov:wasDerivedFrom :t1 .
:d2 a sbol:Component ; sbol:access sbol:public ; sbol:definition :q ; prov:wasDerivedFrom :t2 .
"""
)


def findings(text: str, rule: str) -> list[Finding]:
    triples = parse_rdf((PREFIXES + text).encode(), pyoxigraph.RdfFormat.TURTLE)
    return [f for f in check_document(Document.of(triples)) if f.rule == rule]


def test_a_participant_may_be_named_by_its_persistent_identity_also_when_another_version_has_it_too() -> None:
    text = """
    :m1 a sbol:ModuleDefinition ; sbol:functionalComponent :f1 ; sbol:interaction :i .
    :m2 a sbol:ModuleDefinition ; sbol:functionalComponent :f2 .
    :f1 a sbol:FunctionalComponent ; sbol:persistentIdentity :f ; sbol:version "1" .
    :f2 a sbol:FunctionalComponent ; sbol:persistentIdentity :f ; sbol:version "2" .
    :i a sbol:Interaction ; sbol:type sbo:SBO:0000177 ; sbol:participation :x .
    :x a sbol:Participation ; sbol:role sbo:SBO:0000010 ; sbol:participant :f .
    """
    assert findings(text, "sbol-12003") == []


def test_a_source_location_is_a_position_on_the_sequence_of_what_the_component_uses() -> None:
    text = """
    :s a sbol:Sequence . :own a sbol:Sequence .
    :p a sbol:ComponentDefinition ; sbol:sequence :s .
    :d a sbol:ComponentDefinition ; sbol:sequence :own ; sbol:component :c .
    :c a sbol:Component ; sbol:definition :p ; sbol:sourceLocation :l .
    """
    assert findings(text + ':l a sbol:Range ; sbol:start "1" ; sbol:end "2" ; sbol:sequence :s .', "sbol-11003") == []
    (wrong,) = findings(text + ':l a sbol:Cut ; sbol:at "1" ; sbol:sequence :own .', "sbol-11003")
    assert wrong.message.startswith(
        "http://lab.example/l is a position on the sequence http://lab.example/own, "
        "which http://lab.example/p does not refer to"
    )


def test_positions_on_different_sequences_are_not_compared() -> None:
    text = (
        PARTS
        + """
    :s a sbol:Sequence . :z a sbol:Sequence .
    :d a sbol:ComponentDefinition ; sbol:sequence :s , :z ; sbol:component :c1 , :c2 ;
      sbol:sequenceConstraint :k ; sbol:sequenceAnnotation :a1 , :a2 .
    :c1 a sbol:Component ; sbol:definition :p . :c2 a sbol:Component ; sbol:definition :q .
    :k a sbol:SequenceConstraint ; sbol:restriction sbol:precedes ; sbol:subject :c1 ; sbol:object :c2 .
    :a1 a sbol:SequenceAnnotation ; sbol:component :c1 ; sbol:location :l1 .
    :a2 a sbol:SequenceAnnotation ; sbol:component :c2 ; sbol:location :l2 .
    :l1 a sbol:Range ; sbol:start "50" ; sbol:end "60" ; sbol:sequence :s .
    """
    )
    on = ':l2 a sbol:Range ; sbol:start "1" ; sbol:end "2" ; sbol:sequence '
    assert findings(f"{text} {on} :z .", "sbol-11409") == []
    assert len(findings(f"{text} {on} :s .", "sbol-11409")) == 1


def test_a_design_keeps_a_constraint_of_its_template_by_the_positions_of_its_components() -> None:
    places = """
    :d sbol:sequenceAnnotation :a1 , :a2 .
    :a1 a sbol:SequenceAnnotation ; sbol:component :d1 ; sbol:location :l1 .
    :a2 a sbol:SequenceAnnotation ; sbol:component :d2 ; sbol:location :l2 .
    :l1 a sbol:Cut ; sbol:at "5" .
    """
    assert len(findings(DERIVED, "sbol-12908")) == 1
    assert findings(f'{DERIVED}{places} :l2 a sbol:Cut ; sbol:at "9" .', "sbol-12908") == []
    assert len(findings(f'{DERIVED}{places} :l2 a sbol:Cut ; sbol:at "1" .', "sbol-12908")) == 1


@pytest.mark.parametrize(
    ("variants", "told"),
    [
        ("sbol:variant :p", 0),
        ("sbol:variant :q", 1),
        ("sbol:variantCollection :c", 0),
        ("sbol:variantDerivation :y", 0),
        ("sbol:variantDerivation :x", 1),
    ],
)
def test_a_variant_comes_from_a_list_a_collection_or_another_derivation(variants: str, told: int) -> None:
    text = f"""
    :x sbol:variableComponent :v .
    :v a sbol:VariableComponent ; sbol:variable :t1 ; sbol:operator sbol:one ; {variants} .
    :c a sbol:Collection ; sbol:member :p , :q .
    :y a sbol:CombinatorialDerivation ; sbol:template :t .
    :p prov:wasDerivedFrom :y .
    """
    assert len(findings(DERIVED + text, "sbol-13016")) == told


def test_a_circle_of_modules_is_told_once_with_all_its_members() -> None:
    text = "".join(
        f":m{n} a sbol:ModuleDefinition ; sbol:module :u{n} . :u{n} a sbol:Module ; sbol:definition :m{(n + 1) % 3} ."
        for n in range(3)
    )
    (circle,) = findings(text, "sbol-11705")
    assert circle.subject == "http://lab.example/m0"
    assert (
        "http://lab.example/m0 > http://lab.example/m1 > http://lab.example/m2 > http://lab.example/m0"
        in circle.message
    )
    assert circle.severity == "error"


def test_a_bad_collection_of_variants_is_told_once_however_often_it_is_used() -> None:
    variables = " ".join(
        f":x sbol:variableComponent :v{n} . :v{n} a sbol:VariableComponent ; sbol:variantCollection :c ."
        for n in range(5)
    )
    text = f":x a sbol:CombinatorialDerivation . {variables} :c a sbol:Collection ; sbol:member :gone ."
    assert len(findings(text, "sbol-13012")) == 1


@pytest.mark.parametrize(
    "role",
    [
        "http://identifiers.org/so/SO:0000167",
        "https://identifiers.org/SO:0000167",
        "http://purl.obolibrary.org/obo/SO_0000167",
    ],
)
def test_a_term_counts_in_every_spelling_of_its_iri(role: str) -> None:
    text = f":d a sbol:ComponentDefinition ; sbol:type biopax:DnaRegion ; sbol:role <{role}> ."
    assert findings(text, "sbol-10527") == []


def test_a_feature_is_out_of_place_on_a_protein_and_not_on_a_whole_molecule_of_dna() -> None:
    text = ":d a sbol:ComponentDefinition ; sbol:type biopax:{} ; sbol:role so:SO:0000155 ."
    assert findings(text.format("Dna"), "sbol-10511") == []
    assert len(findings(text.format("Protein"), "sbol-10511")) == 1
