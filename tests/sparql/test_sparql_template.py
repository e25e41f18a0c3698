"""Values are bound where a query has parameters, and nowhere else."""

import pytest

from synhub.errors import Inconsistent
from synhub.rdf import Iri, literal_term
from synhub.sparql import template

PART = Iri("http://x.org/public/lab/a/1")


def test_every_occurrence_of_a_parameter_is_bound() -> None:
    text = template.load("object_types")
    bound = template.bind("object_types", object=PART).text
    assert bound.count(f"<{PART}>") == 2
    assert bound == text[: text.index("SELECT")] + text[text.index("SELECT") :].replace("$object", f"<{PART}>")


def test_parameters_in_comments_are_left_alone() -> None:
    assert "# $object: IRI" in template.bind("object_types", object=PART).text


def test_a_query_is_bound_anew_each_time() -> None:
    other = Iri("http://x.org/public/lab/b/1")
    assert f"<{other}>" not in template.bind("metadata", object=PART).text
    assert f"<{PART}>" not in template.bind("metadata", object=other).text


def test_missing_superfluous_and_malformed_values_are_refused() -> None:
    with pytest.raises(Inconsistent, match="wants"):
        template.bind("object_types")
    with pytest.raises(Inconsistent, match="wants"):
        template.bind("object_types", object=PART, other=PART)
    with pytest.raises(Inconsistent, match="not a ground term"):
        template.bind("object_types", object=Iri("http://x.org/> ?s ?p ?o . <http://x.org/"))
    assert literal_term("x") in template.bind("object_types", object=literal_term("x")).text
