"""SBOL 3 both ways: what is said in which words, and that a design that goes through the other version comes back."""

import re
from pathlib import Path

import pytest
from designs_sbol3 import documents, groups_of
from hypothesis import HealthCheck, given, settings

from synhub.errors import TooLarge
from synhub.formats.reading import Options
from synhub.formats.source import MemorySource
from synhub.rdf import Iri, Term, Triple, iri_of
from synhub.sbol.graph import parse_rdf_xml
from synhub.sbol.prescan import prescan
from synhub.sbol.sbol3 import Sbol3Syntax, convert_sbol3, sbol3_groups, write_sbol3
from synhub.sbol.sbol3.terms import iri_down, iri_up, same_number
from synhub.sbol.syntaxes import TextSyntax, read_text
from synhub.vocab import RDF, SBOL2, SBOL3

ROOT = Path(__file__).parents[2]
HEAD = f"""
@prefix s2: <{SBOL2.NS}> . @prefix s3: <{SBOL3.NS}> . @prefix back: <{SBOL3.BACKPORT}> .
@prefix dcterms: <http://purl.org/dc/terms/> . @prefix biopax: <http://www.biopax.org/release/biopax-level3.owl#> .
@prefix prov: <http://www.w3.org/ns/prov#> . @prefix SO: <https://identifiers.org/SO:> .
@prefix SBO: <https://identifiers.org/SBO:> . @prefix so2: <http://identifiers.org/so/SO:> .
@prefix om: <http://www.ontology-of-units-of-measure.org/resource/om-2/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix ours: <{SBOL3.FORWARD}> .
@base <http://a.org/> .
"""


def triples(turtle: str) -> set[Triple]:
    return set(read_text((HEAD + turtle).encode(), "turtle").triples)


def up(turtle: str) -> set[Triple]:
    return {t for group in sbol3_groups(groups_of(sorted(triples(turtle)))) for t in group}


def down(turtle: str) -> set[Triple]:
    return set(convert_sbol3(sorted(triples(turtle)), Options()).triples)


def back_up(reading: list[Triple]) -> set[Triple]:
    said = {t for group in sbol3_groups(groups_of(reading)) for t in group}
    return {t for t in said if not t[1].startswith(f"<{SBOL3.BACKPORT}")}


def identified(name: str, version: str = "1") -> str:
    """The identity triples of SBOL 2, which are the same for all."""
    local = name.rpartition("/")[2]
    return f's2:persistentIdentity <{name}> ; s2:displayId "{local}" ; s2:version "{version}"'


# --- identities -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("two", "three"),
    [
        ("http://a.org/x/part/1", "http://a.org/x/1/part"),
        ("http://a.org/x/part/1.2-beta", "http://a.org/x/1.2-beta/part"),
        ("http://a.org/x/part", "http://a.org/x/part"),
        ("http://a.org/x#part", "http://a.org/x#part"),
        ("urn:uuid:1", "urn:uuid:1"),
        ("http://a.org/1", "http://a.org/1"),
    ],
)
def test_the_version_stands_before_the_display_id(two: str, three: str) -> None:
    assert iri_up(Term(f"<{two}>")) == f"<{three}>"
    assert iri_down(Term(f"<{three}>")) == f"<{two}>"


# --- up ---------------------------------------------------------------------------------------------------------------


def test_a_component_definition_is_a_component() -> None:
    assert up(
        f"""<x/p/1> a s2:ComponentDefinition ; {identified("x/p")} ; s2:type biopax:DnaRegion ; s2:role so2:0000167 ;
            dcterms:title "P" ; dcterms:description "d" ; s2:sequence <x/s/1> .
            <x/s/1> a s2:Sequence ; {identified("x/s")} ; s2:elements "acgt" ;
            s2:encoding <http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html> ."""
    ) == triples(
        """<x/1/p> a s3:Component ; s3:displayId "p" ; s3:hasNamespace <x> ; s3:type SBO:0000251 ; s3:role SO:0000167 ;
           s3:name "P" ; s3:description "d" ; s3:hasSequence <x/1/s> .
           <x/1/s> a s3:Sequence ; s3:displayId "s" ; s3:hasNamespace <x> ; s3:elements "acgt" ;
           s3:encoding <https://identifiers.org/edam:format_1207> ."""
    )


def test_the_place_of_a_component_moves_to_the_component() -> None:
    said = up(
        f"""<x/p/1> a s2:ComponentDefinition ; {identified("x/p")} ; s2:type biopax:DnaRegion ; s2:sequence <x/s/1> ;
            s2:component <x/p/c/1> ; s2:sequenceAnnotation <x/p/a/1> .
            <x/p/c/1> a s2:Component ; {identified("x/p/c")} ; s2:definition <x/q/1> ; s2:access s2:private .
            <x/p/a/1> a s2:SequenceAnnotation ; {identified("x/p/a")} ; s2:component <x/p/c/1> ;
            s2:location <x/p/a/r/1> .
            <x/p/a/r/1> a s2:Range ; {identified("x/p/a/r")} ; s2:start "2" ; s2:end "9" ;
            s2:orientation s2:reverseComplement ."""
    )
    assert said == triples(
        """<x/1/p> a s3:Component ; s3:displayId "p" ; s3:hasNamespace <x> ; s3:type SBO:0000251 ;
           s3:hasSequence <x/1/s> ; s3:hasFeature <x/1/p/c> .
           <x/1/p/c> a s3:SubComponent ; s3:displayId "c" ; s3:instanceOf <x/1/q> ; s3:hasLocation <x/1/p/c/r> .
           <x/1/p/c/r> a s3:Range ; s3:displayId "r" ; s3:start 2 ; s3:end 9 ; s3:orientation SO:0001031 ;
           s3:hasSequence <x/1/s> ; back:sbol2LocationSequenceNull "true" ;
           back:sbol2OriginalSequenceAnnotationURI <x/p/a/1> ."""
    )


def test_a_location_without_a_sequence_gets_an_empty_one() -> None:
    said = up(
        f"""<x/p/1> a s2:ComponentDefinition ; {identified("x/p")} ; s2:type biopax:DnaRegion ;
            s2:sequenceAnnotation <x/p/a/1> .
            <x/p/a/1> a s2:SequenceAnnotation ; {identified("x/p/a")} ; s2:location <x/p/a/c/1> .
            <x/p/a/c/1> a s2:Cut ; {identified("x/p/a/c")} ; s2:at "3" ."""
    )
    assert (
        triples(
            """<x/1/p> back:sbol3TempSequenceURI <x/1/p_sequence_unknown> ; s3:hasSequence <x/1/p_sequence_unknown> .
           <x/1/p_sequence_unknown> a s3:Sequence ; s3:displayId "p_sequence_unknown" ; s3:hasNamespace <x> .
           <x/1/p/a/c> s3:hasSequence <x/1/p_sequence_unknown> . <x/1/p/a> a s3:SequenceFeature ."""
        )
        <= said
    )


MAPPED = f"""<x/m/1> a s2:ModuleDefinition ; {identified("x/m")} ; s2:module <x/m/u/1> ;
    s2:functionalComponent <x/m/f/1> .
    <x/m/u/1> a s2:Module ; {identified("x/m/u")} ; s2:definition <x/n/1> ; s2:mapsTo <x/m/u/t/1> .
    <x/m/u/t/1> a s2:MapsTo ; {identified("x/m/u/t")} ; s2:refinement s2:%s ; s2:local <x/m/f/1> ;
    s2:remote <x/n/g/1> .
    <x/m/f/1> a s2:FunctionalComponent ; {identified("x/m/f")} ; s2:definition <x/p/1> ; s2:access s2:public ;
    s2:direction s2:in .
    <x/n/1> a s2:ModuleDefinition ; {identified("x/n")} ; s2:functionalComponent <x/n/g/1> .
    <x/n/g/1> a s2:FunctionalComponent ; {identified("x/n/g")} ; s2:definition <x/p/1> ; s2:access s2:private ;
    s2:direction s2:none ."""


@pytest.mark.parametrize(
    ("refinement", "restriction", "subject", "object_"),
    [
        ("useRemote", "replaces", "x/1/m/u_t", "x/1/m/f"),
        ("useLocal", "replaces", "x/1/m/f", "x/1/m/u_t"),
        ("verifyIdentical", "verifyIdentical", "x/1/m/u_t", "x/1/m/f"),
    ],
)
def test_a_mapping_is_a_reference_and_a_constraint(
    refinement: str, restriction: str, subject: str, object_: str
) -> None:
    said = up(MAPPED % refinement)
    assert (
        triples(
            f"""<x/1/m> a s3:Component ; s3:type SBO:0000241 ; s3:hasFeature <x/1/m/u> , <x/1/m/u_t> , <x/1/m/f> ;
            s3:hasConstraint <x/1/m/u_t_constraint> ; s3:hasInterface <x/1/m/Interface1> .
            <x/1/m/Interface1> a s3:Interface ; s3:displayId "Interface1" ; s3:input <x/1/m/f> .
            <x/1/m/u_t> a s3:ComponentReference ; s3:displayId "u_t" ; s3:inChildOf <x/1/m/u> ;
            s3:refersTo <x/1/n/g> .
            <x/1/m/u_t_constraint> a s3:Constraint ; s3:restriction s3:{restriction} ; s3:subject <{subject}> ;
            s3:object <{object_}> . <x/1/m/u> back:sbol2OriginatesFromModule "true" ."""
        )
        <= said
    )
    assert set(convert_sbol3(sorted(said), Options()).triples) == triples(MAPPED % refinement)


def test_a_reference_without_a_version_is_to_the_latest() -> None:
    design = f"""<x/p/1> a s2:ComponentDefinition ; {identified("x/p")} ; s2:type biopax:Dna ; s2:sequence <x/s> .
        <x/s/9> a s2:Sequence ; {identified("x/s", "9")} ; s2:elements "a" ; s2:encoding <http://e.org/> .
        <x/s/10> a s2:Sequence ; {identified("x/s", "10")} ; s2:elements "c" ; s2:encoding <http://e.org/> ."""
    said = up(design)
    assert triples("<x/1/p> s3:hasSequence <x/10/s> ; s3:type SBO:0000251 .") <= said
    assert set(convert_sbol3(sorted(said), Options()).triples) == triples(design)


def test_addresses_in_the_world_stay_what_they_are() -> None:
    said = up(f"<x/c/1> a s2:Collection ; {identified('x/c')} ; prov:wasDerivedFrom <http://else.org/page/2> .")
    assert triples("<x/1/c> prov:wasDerivedFrom <http://else.org/page/2> .") <= said


def test_provenance_measures_and_custom_objects_get_a_second_class() -> None:
    said = up(
        f"""<x/y/1> a prov:Activity ; {identified("x/y")} ; prov:qualifiedUsage <x/y/u/1> .
            <x/y/u/1> a prov:Usage ; {identified("x/y/u")} ; prov:entity <x/e> .
            <x/g/1> a <http://b.org/Sheet> ; {identified("x/g")} ."""
    )
    assert (
        triples(
            """<x/1/y> a prov:Activity , s3:TopLevel . <x/1/y/u> a prov:Usage , s3:Identified .
           <x/1/g> a <http://b.org/Sheet> , s3:TopLevel ; s3:displayId "g" ; s3:hasNamespace <x> ."""
        )
        <= said
    )


def test_annotations_in_our_words_cannot_write_anything_else() -> None:
    said = up(
        f"""<x/p/1> a s2:ComponentDefinition ; {identified("x/p")} ; s2:component <x/p/c/1> ;
            ours:iri_zz "1" ; ours:iri_3e203c "2" .
            <x/p/c/1> a s2:Component ; {identified("x/p/c")} ; ours:localName "a> <b" ."""
    )
    assert triples('<x/1/p/a___b> a s3:SubComponent ; s3:displayId "a___b" .') <= said
    assert not any(t[2] in ('"1"', '"2"') for t in said)


# --- down -------------------------------------------------------------------------------------------------------------


def test_a_component_with_interactions_is_a_module_definition_and_so_is_what_holds_it() -> None:
    said = down(
        """<1/m> a s3:Component ; s3:displayId "m" ; s3:type SBO:0000251 ; s3:hasInteraction <1/m/i> .
           <1/m/i> a s3:Interaction ; s3:displayId "i" ; s3:type SBO:0000589 .
           <1/w> a s3:Component ; s3:displayId "w" ; s3:type SBO:0000251 ; s3:hasFeature <1/w/f> .
           <1/w/f> a s3:SubComponent ; s3:displayId "f" ; s3:instanceOf <1/m> ."""
    )
    assert (
        triples(
            """<m/1> a s2:ModuleDefinition ; s2:interaction <m/i/1> ; ours:type SBO:0000251 .
           <w/1> a s2:ModuleDefinition ; s2:module <w/f/1> . <w/f/1> a s2:Module ; s2:definition <m/1> ."""
        )
        <= said
    )


def test_what_sbol_2_has_no_class_for_is_an_annotation() -> None:
    said = down(
        """<1/p> a s3:Component ; s3:displayId "p" ; s3:hasNamespace <> ; s3:type SBO:0000251 ; s3:hasFeature <1/p/e> .
           <1/p/e> a s3:ExternallyDefined ; s3:displayId "e" ; s3:type SBO:0000240 ;
           s3:definition <http://t.org/562> ."""
    )
    assert (
        triples(
            """<p/1> ours:hasFeature <p/e/1> .
           <p/e/1> a ours:ExternallyDefined ; ours:displayId "e" ; ours:type SBO:0000240 ;
           ours:definition <http://t.org/562> ."""
        )
        <= said
    )
    assert not any(t[0] == "<http://a.org/p/e/1>" and t[1].startswith(f"<{SBOL2.NS}") for t in said)


def test_every_class_of_the_sbol_2_has_a_name_behind_a_number_sign_or_a_slash() -> None:
    """PySBOL2 takes the name from there, and fails where there is none."""
    data = (ROOT / "fixtures" / "sbol3" / "device.ttl").read_bytes()
    found = convert_sbol3(read_text(data, "turtle").triples, Options()).triples
    classes = {iri_of(o) for _, p, o in found if p == f"<{RDF.type}>"}
    assert any(kind.startswith(SBOL3.FORWARD) for kind in classes)
    assert all(re.search(r"[#/][A-Za-z]\w*\Z", kind) for kind in classes)


def test_there_is_a_note_for_each_kind_that_is_kept_as_annotation() -> None:
    notes = convert_sbol3(read_text((ROOT / "fixtures/sbol3/device.ttl").read_bytes(), "turtle").triples, Options())
    assert {f.rule for f in notes.findings} == {"synhub-sbol3"} and {f.severity for f in notes.findings} == {"note"}
    assert "SBOL 2 has no words for 'ExternallyDefined' of SBOL 3 (1 times): kept as annotations" in {
        f.message for f in notes.findings
    }


def test_objects_are_nested_64_deep_at_most() -> None:
    deep = [f"<1/m{n}> a om:Measure , s3:Identified ; s3:hasMeasure <1/m{n + 1}> ." for n in range(66)]
    with pytest.raises(TooLarge, match="more than 64 deep"):
        down("<1/p> a s3:Component ; s3:hasMeasure <1/m0> ." + "".join(deep))


def test_parts_of_parts_may_be_as_deep_as_they_like() -> None:
    said = down(
        "".join(
            f"""<1/c{n}> a s3:Component ; s3:hasFeature <1/c{n}/f> .
            <1/c{n}/f> a s3:SubComponent ; s3:instanceOf <1/c{n + 1}> ."""
            for n in range(1200)
        )
        + "<1/c1200> a s3:Component ; s3:type SBO:0000241 ."
    )
    assert sum(t[2] == "<http://sbols.org/v2#ModuleDefinition>" for t in said) == 1201


# --- there and back ---------------------------------------------------------------------------------------------------


def test_sbol_3_comes_back_from_sbol_2() -> None:
    design = read_text((ROOT / "fixtures/sbol3/device.ttl").read_bytes(), "turtle").triples
    assert back_up(convert_sbol3(design, Options()).triples) == {(s, p, same_number(p, o)) for s, p, o in design}


def test_sbol_3_comes_back_when_an_upload_has_moved_the_sbol_2() -> None:
    text = (ROOT / "fixtures/sbol3/device.ttl").read_text()
    there = convert_sbol3(read_text(text.encode(), "turtle").triples, Options()).triples
    moved = [
        (_moved(s), p, _moved(o)) if o.startswith("<") and not p.endswith("#hasNamespace>") else (_moved(s), p, o)
        for s, p, o in there
    ]
    wanted = read_text(text.replace("https://designs.example/lab", "http://b.org/repo").encode(), "turtle").triples
    assert back_up(moved) == {(s, p, same_number(p, o)) for s, p, o in wanted}


def _moved(term: Term) -> Term:
    return Term(term.replace("<https://designs.example/lab", "<http://b.org/repo"))


@pytest.mark.parametrize("syntax", ["turtle", "ntriples", "rdfxml", "jsonld"])
@pytest.mark.parametrize("name", ["annotations", "noncompliant", "unversioned", "versions", "attachment"])
def test_sbol_2_comes_back_from_sbol_3(name: str, syntax: Sbol3Syntax) -> None:
    design = parse_rdf_xml(prescan((ROOT / f"fixtures/sbol2/{name}.xml").read_bytes()).data)
    written = b"".join(write_sbol3(groups_of(design), syntax))
    read: dict[Sbol3Syntax, TextSyntax] = {"turtle": "turtle", "ntriples": "ntriples", "jsonld": "jsonld"}
    said = read_text(written, read[syntax]).triples if syntax in read else parse_rdf_xml(prescan(written).data)
    assert set(convert_sbol3(said, Options()).triples) == set(design)


def there_and_back(design: list[Triple]) -> set[Triple]:
    said = [t for group in sbol3_groups(groups_of(design)) for t in group]
    return set(convert_sbol3(said, Options()).triples)


def test_a_participant_of_another_module_comes_back() -> None:
    design = triples(
        """<x/m/1> a s2:ModuleDefinition ; s2:interaction <x/m/i/1> .
        <x/m/i/1> a s2:Interaction ; s2:participation <x/m/i/p/1> .
        <x/m/i/p/1> a s2:Participation ; s2:participant <x/n/f> .
        <x/n> a s2:ModuleDefinition ; s2:functionalComponent <x/n/f> .
        <x/n/f> a s2:FunctionalComponent ."""
    )
    assert there_and_back(sorted(design)) == design


def test_a_constraint_on_the_components_of_another_definition_comes_back() -> None:
    design = triples(
        """<x/p/1> a s2:ComponentDefinition ; s2:sequenceConstraint <x/p/s/1> .
        <x/p/s/1> a s2:SequenceConstraint ; s2:subject <x/q/c> ; s2:object <x/q/c> .
        <x/q> a s2:ComponentDefinition ; s2:component <x/q/c> . <x/q/c> a s2:Component ."""
    )
    assert there_and_back(sorted(design)) == design


def test_a_place_in_the_source_and_one_in_the_component_of_the_same_name_come_back() -> None:
    design = triples(
        """<x/p> a s2:ComponentDefinition ; s2:component <x/p/c> ; s2:sequenceAnnotation <x/p/a> .
        <x/p/c> a s2:Component ; s2:sourceLocation <x/p/c/r> . <x/p/c/r> a s2:GenericLocation .
        <x/p/a> a s2:SequenceAnnotation ; s2:component <x/p/c> ; s2:location <x/p/a/r> . <x/p/a/r> a s2:Range ."""
    )
    assert there_and_back(sorted(design)) == design


@settings(suppress_health_check=list(HealthCheck))
@given(design=documents())
def test_any_sbol_2_comes_back_from_sbol_3(design: list[Triple]) -> None:
    assert there_and_back(design) == set(design)


def test_a_top_level_is_written_before_the_next_is_asked_for() -> None:
    asked: list[Iri] = []

    class Slow(MemorySource):
        def find(self, iri: Iri) -> list[Triple] | None:
            asked.append(iri)
            return super().find(iri)

    group = sorted(triples(f"<x/c/1> a s2:Collection ; {identified('x/c')} ; s2:member <x/p> ."))
    groups = [(iri_of(Term(f"<http://a.org/x/c{n}/1>")), group) for n in range(5)]
    pieces = write_sbol3(Slow(groups, [], is_collection=True), "ntriples")
    assert b"http://a.org/x/1/c" in next(pieces)
    assert asked == ["http://a.org/x/p"]
