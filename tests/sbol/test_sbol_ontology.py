"""Terms of ontologies: their IRIs, what people call them, and what lies below them."""

import pytest

from synhub.sbol.ontology import Name, accession_of, branch, iris_of, label_of, look_up, ontology, similar_names

PROMOTER = "SO:0000167"


@pytest.mark.parametrize("name", ["so", "sbo"])
def test_every_spelling_of_a_term_is_read_back(name: Name) -> None:
    for accession in list(ontology(name).names)[:50]:
        iris = iris_of(name, accession)
        assert len(set(iris)) == len(iris) >= 6
        assert {accession_of(iri) for iri in iris} == {accession}


def test_the_usual_spelling_comes_first() -> None:
    assert iris_of("so", PROMOTER)[0] == "http://identifiers.org/so/SO:0000167"
    assert iris_of("sbo", "SBO:0000241")[0] == "http://identifiers.org/biomodels.sbo/SBO:0000241"
    assert iris_of("biopax", "DnaRegion") == ("http://www.biopax.org/release/biopax-level3.owl#DnaRegion",)


@pytest.mark.parametrize(
    "text",
    [
        *("promoter", "Promoter", "PROMOTER", "promoter sequence", "promoter_sequence"),
        *("SO:0000167", "so:0000167", "so:SO:0000167", "SO_0000167", "obo:SO_0000167"),
        *("http://identifiers.org/so/SO:0000167", "https://identifiers.org/SO:0000167"),
        "http://purl.obolibrary.org/obo/SO_0000167",
    ],
)
def test_a_term_is_found_by_any_of_its_names(text: str) -> None:
    assert look_up(text, ["so"]) == [("so", PROMOTER)]


def test_a_synonym_is_a_name_where_no_term_has_it_as_its_name() -> None:
    assert look_up("ribosome binding site", ["so"]) == [("so", "SO:0000139")] == look_up("RBS", ["so"])
    assert look_up("region", ["so"]) == [("so", "SO:0000001")]


def test_biopax_classes_are_terms() -> None:
    for text in (
        "DnaRegion",
        "dnaregion",
        "biopax:DnaRegion",
        "http://www.biopax.org/release/biopax-level3.owl#DnaRegion",
    ):
        assert look_up(text, ["biopax", "sbo", "so"]) == [("biopax", "DnaRegion")]
    assert look_up("biopax:Nothing", ["biopax"]) == []
    assert branch("biopax", "Conversion") == {
        *("Conversion", "BiochemicalReaction", "ComplexAssembly", "Degradation", "Transport"),
        "TransportWithBiochemicalReaction",
    }


def test_a_name_of_two_ontologies_is_both() -> None:
    assert look_up("catalysis", ["biopax", "sbo"]) == [("biopax", "Catalysis"), ("sbo", "SBO:0000172")]


def test_unknown_terms_are_none() -> None:
    assert look_up("promotor", ["so"]) == look_up("SO:9999999", ["so"]) == look_up("0000167", ["so"]) == []
    assert similar_names("promotor", ["so"])[0] == "promoter"
    assert similar_names("", ["so"]) == []


def test_what_is_below_a_term_is_the_term_and_all_is_a_descendants() -> None:
    below = branch("so", PROMOTER)
    assert {PROMOTER, "SO:0000568", "SO:0001203"} <= below
    assert {term for term in ontology("so").names if ontology("so").is_below(term, PROMOTER)} == below
    assert "SO:0000139" not in below


def test_parents_are_terms_of_the_table() -> None:
    for table in (ontology("so"), ontology("sbo"), ontology("biopax")):
        assert {p for parents in table.parents.values() for p in parents} <= set(table.names)


def test_labels_are_words() -> None:
    assert label_of("http://identifiers.org/so/SO:0000139") == "ribosome entry site"
    assert label_of("https://identifiers.org/SBO:0000241") == "functional entity"
    assert label_of("http://www.biopax.org/release/biopax-level3.owl#DnaRegion") == "DnaRegion"
    assert label_of("http://identifiers.org/so/SO:9999999") is label_of("http://x/y") is None
