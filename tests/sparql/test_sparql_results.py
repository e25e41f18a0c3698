"""Which form an answer takes for which Accept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.errors import NotAcceptable
from synhub.sparql.gate import Form
from synhub.sparql.results import choose

JSON = "application/sparql-results+json"
XML = "application/sparql-results+xml"
RDF_XML = "application/rdf+xml"


@pytest.mark.parametrize(
    ("accept", "label", "written_as"),
    [
        (None, JSON, JSON),
        ("", JSON, JSON),
        ("*/*", JSON, JSON),
        ("application/json", "application/json", JSON),
        ("application/json, text/plain, */*", "application/json", JSON),
        ("application/sparql-results+json,application/json,text/javascript,application/javascript", JSON, JSON),
        ("text/csv", "text/csv", "text/csv"),
        ("text/csv;q=0.5, text/tab-separated-values", "text/tab-separated-values", "text/tab-separated-values"),
        ("text/csv;q=0.5, */*;q=0.1", "text/csv", "text/csv"),
        ("*/*, text/csv", "text/csv", "text/csv"),
        ("application/*", JSON, JSON),
        ("text/*;q=0.3, application/xml;q=0.2", "text/json", JSON),
        ("application/xml", "application/xml", XML),
        ("TEXT/XML; charset=utf-8", "text/xml", XML),
        (f"{JSON};q=0, application/json;q=0, text/json;q=0, */*", XML, XML),
        ("text/plain", JSON, JSON),
        ("text/turtle", JSON, JSON),
        ("application/x-nope, application/rdf+xml;q=0.1", JSON, JSON),
        ("text/csv;q=0", JSON, JSON),
        ("text/csv;q=much", JSON, JSON),
        (f"{JSON};q=0", XML, XML),
        (f"{JSON};q=0, application/json;q=0", XML, XML),
        (f"text/turtle, {JSON};q=0", XML, XML),
        ("application/*;q=0", "text/csv", "text/csv"),
        ("*/*;q=0, text/csv", "text/csv", "text/csv"),
        ("text/csv, text/csv;q=0", "text/csv", "text/csv"),
        (", ,", JSON, JSON),
    ],
)
def test_table_of_a_select(accept: str | None, label: str, written_as: str) -> None:
    choice = choose(accept, "select")
    assert (choice.label, choice.written_as) == (label, written_as)
    assert choose(accept, "ask") == choice


@pytest.mark.parametrize(
    ("accept", "label", "written_as"),
    [
        (None, "text/turtle", "text/turtle"),
        ("*/*", "text/turtle", "text/turtle"),
        ("text/plain", "text/plain", "application/n-triples"),
        ("text/ntriples", "text/ntriples", "application/n-triples"),
        (RDF_XML, RDF_XML, RDF_XML),
        ("application/xml", "application/xml", RDF_XML),
        ("application/json", "application/json", "application/ld+json"),
        ("application/ld+json, text/turtle;q=0.9", "application/ld+json", "application/ld+json"),
        ("text/n3", "text/n3", "text/turtle"),
        (f"text/turtle,application/turtle,{RDF_XML},application/n-triples", "text/turtle", "text/turtle"),
        ("text/csv", "text/turtle", "text/turtle"),
        ("application/trig", "application/trig", "text/turtle"),
        ("application/x-json+ld", "application/x-json+ld", "application/ld+json"),
    ],
)
def test_graph_of_a_construct(accept: str | None, label: str, written_as: str) -> None:
    choice = choose(accept, "construct")
    assert (choice.label, choice.written_as) == (label, written_as)
    assert choose(accept, "describe") == choice


@given(st.text(), st.sampled_from(["select", "construct"]))
def test_any_header_gets_something_or_is_told_what_there_is(accept: str, form: Form) -> None:
    try:
        assert choose(accept, form).written_as
    except NotAcceptable as refusal:
        assert "ask for one of" in refusal.message


@pytest.mark.parametrize(
    "accept", ["application/x-nope", "application/rdf+json", "image/png, text/csv;q=0", "audio/*", "*/*;q=0"]
)
def test_who_takes_nothing_that_is_known_is_told_what_there_is(accept: str) -> None:
    with pytest.raises(NotAcceptable, match=r"ask for one of application/sparql-results\+json, application/sparql"):
        choose(accept, "select")
    graphs = r"text/turtle, application/n-triples, application/rdf\+xml, application/ld\+json, application/trig"
    with pytest.raises(NotAcceptable, match=f"ask for one of {graphs}$"):
        choose(accept, "describe")
