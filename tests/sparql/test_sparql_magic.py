"""The triples that the search index answers: which they are, what takes their place, and that nothing else passes."""

import pytest

from synhub.errors import InvalidQuery
from synhub.identity import Registry
from synhub.model import Dataset
from synhub.rdf import Iri
from synhub.sparql.gate import CheckedQuery, Limits, check

REGISTRY = Registry("http://localhost:7777/")
A, B = Iri("http://h/a"), Iri("http://h/b#c")


def ask(text: str) -> CheckedQuery:
    return check(text, Limits(10_000, 20), Dataset((REGISTRY.public_graph,)), REGISTRY, None, None)


def matches(text: str) -> list[tuple[str, str, str]]:
    return [(m.property, m.variable, m.text) for m in ask(text).matches]


@pytest.mark.parametrize(
    "text",
    [
        'SELECT ?x { ?x synhub:textMatch "lac or gfp" }',
        'SELECT ?x { ?x synhub:textMatch "lac or gfp" . ?x a ?t }',
        "SELECT ?x { ?x a ?t . ?x synhub:textMatch 'lac or gfp' FILTER(?t = ?t) }",
        'SELECT ?x { { ?x a ?t } ?x synhub:textMatch """lac or gfp""" OPTIONAL { ?x ?p ?o } }',
        'SELECT ?x { FILTER(true) ?x synhub:textMatch "lac\\u0020or gfp" { ?x a ?t } }',
        'SELECT ?x { ?x <urn:x-synhub:search:textMatch> "lac or gfp" }',
        'SELECT ?x { GRAPH ?g { ?x a ?t } ?x synhub:textMatch "lac or gfp" GRAPH ?h { ?x a ?u } }',
        'SELECT ?x { GRAPH ?g { { ?x a ?t } } { ?x synhub:textMatch "lac or gfp" } }',
        'PREFIX s: <urn:x-synhub:search:> SELECT ?x { ?x s:textMatch "lac or gfp" }',
        'BASE <urn:x-synhub:search:textMatch> SELECT ?x { ?x <> "lac or gfp" }',
        'CONSTRUCT { ?x a ?t } WHERE { ?x a ?t . ?x synhub:textMatch "lac or gfp" }',
        'ASK { ?y ?p ?o FILTER EXISTS { ?x synhub:textMatch "lac or gfp" } }',
    ],
)
def test_triple_of_its_own_is_found(text: str) -> None:
    assert matches(text) == [("textMatch", "?x", "lac or gfp")]


def test_both_properties_and_escapes() -> None:
    text = r"""SELECT * { $x synhub:textMatch "a\"b\\c\nd" . ?y synhub:sequenceMatch 'acgt' }"""
    assert matches(text) == [("textMatch", "$x", 'a"b\\c\nd'), ("sequenceMatch", "?y", "acgt")]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('SELECT ?x { <http://a> synhub:textMatch "a" }', 24),
        ('SELECT ?x { [] synhub:textMatch "a" }', 16),
        ("SELECT ?x { ?x synhub:textMatch ?text }", 16),
        ("SELECT ?x { ?x synhub:textMatch <http://a> }", 16),
        ('SELECT ?x { ?x synhub:textMatch "a"@en }', 16),
        ('SELECT ?x { ?x synhub:textMatch "1"^^xsd:integer }', 16),
        ('SELECT ?x { ?x synhub:textMatch "a", "b" }', 16),
        ('SELECT ?x { ?x synhub:textMatch "a" ; a ?t }', 16),
        ('SELECT ?x { ?x a ?t ; synhub:textMatch "a" }', 23),
        ('SELECT ?x { ?x ^synhub:textMatch "a" }', 17),
        ('SELECT ?x { ?x synhub:textMatch/a "a" }', 16),
        ('SELECT ?x { ?x synhub:textMatch* "a" }', 16),
        ("SELECT ?x { ?x ?p ?o FILTER(?p = synhub:textMatch) }", 34),
        ("SELECT ?x { VALUES ?p { synhub:textMatch } }", 25),
        ('CONSTRUCT { ?x synhub:textMatch "a" } WHERE { ?x a ?t }', 16),
        ('CONSTRUCT WHERE { ?x synhub:textMatch "a" }', 22),
        ("DESCRIBE synhub:textMatch", 10),
    ],
)
def test_any_other_use_is_an_error_with_its_place(text: str, column: int) -> None:
    with pytest.raises(InvalidQuery, match="in a triple of its own") as raised:
        ask(text)
    assert (raised.value.line, raised.value.column) == (1, column)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('SELECT ?x { GRAPH ?g { ?x synhub:textMatch "a" } }', 27),
        ('SELECT ?x { graph<http://g>{ ?x synhub:textMatch "a" } }', 33),
        ('SELECT ?x { GRAPH ?g { { SELECT ?x { ?x a ?t . ?x synhub:textMatch "a" } } } }', 51),
        ('SELECT ?x { GRAPH ?g { ?x a ?t FILTER EXISTS { ?x synhub:sequenceMatch "acgt" } } }', 51),
        ('SELECT ?x { ?x ?p trueGRAPH ?g { ?x synhub:textMatch "a" } }', 37),
    ],
)
def test_inside_graph_it_is_refused(text: str, column: int) -> None:
    with pytest.raises(InvalidQuery, match="write it outside of GRAPH") as raised:
        ask(text)
    assert (raised.value.line, raised.value.column) == (1, column)


@pytest.mark.parametrize("name", ["textmatch", "nope", "textMatches", ""])
@pytest.mark.parametrize("text", ['SELECT ?x {{ ?x synhub:{} "a" }}', "SELECT ?x {{ ?x ^synhub:{} ?y }}"])
def test_misspelt_property_is_an_error_with_its_place(name: str, text: str) -> None:
    with pytest.raises(InvalidQuery, match=f"there is no synhub:{name}; .* synhub:textMatch or synhub:seq") as raised:
        ask(text.format(name))
    assert (raised.value.line, raised.value.column) == (1, text.format(name).index("synhub:") + 1)
    assert matches(f"PREFIX synhub: <http://other/> {text.format(name)}") == []


def test_the_index_is_asked_eight_times_at_most() -> None:
    triple = '?x synhub:textMatch "a" . '
    assert len(matches(f"SELECT * {{ {triple * 8} }}")) == 8
    with pytest.raises(InvalidQuery, match="8 times at most"):
        ask(f"SELECT * {{ {triple * 9} }}")


def test_strings_comments_and_other_names_are_left_alone() -> None:
    assert matches('SELECT * { ?x ?p "?x synhub:textMatch" . ?textMatch ?q ?o } # ?x synhub:textMatch "a"') == []


def test_what_was_found_takes_the_place_of_the_triple() -> None:
    text = 'SELECT * {\n ?x synhub:textMatch\n "one" . ?x a ?t . ?y synhub:textMatch "two" ; }'
    with pytest.raises(InvalidQuery):
        ask(text)
    checked = ask(text.replace(" ;", "")).filled([[A, B], []])
    values = f"{{ SELECT ?x {{ VALUES ?x {{ <{A}> <{B}> }} }} }}"
    assert checked.query.text.split("\n")[1].rstrip() == " " + values
    assert "{ SELECT ?y { VALUES ?y {  } } }" in checked.query.text
    assert "textMatch" not in checked.query.text
    assert checked.query.text.count("\n") == 2


def test_place_of_an_error_behind_a_match_is_translated_back() -> None:
    text = 'SELECT * { ?x synhub:textMatch "one" . ?y synhub:textMatch "two" . ?x b:c ?t }'
    checked = ask("PREFIX b: <http://b/> " + text).filled([[A], [A, B]])
    found = checked.query.text.index("?x b:c") + 1
    assert checked.position_in_original(1, found) == (1, len("PREFIX b: <http://b/> ") + text.index("?x b:c") + 1)
    assert checked.position_in_original(1, 3) == (1, 3)
