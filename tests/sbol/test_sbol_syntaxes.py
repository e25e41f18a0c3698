"""Turtle, N-Triples and JSON-LD: the same triples as RDF/XML, and nothing hostile reaches a parser."""

import pytest

from synhub.errors import InvalidDesign, TooLarge
from synhub.rdf import Term
from synhub.sbol.syntaxes import MAX_NESTING, TextSyntax, check_terms, read_text

_TURTLE = '@prefix s: <http://sbols.org/v2#> .\n<http://a.org/x> a s:Collection ; s:displayId """x\r\ny""" .\n'
_LINES = (
    b"<http://a.org/x> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://sbols.org/v2#Collection> .\r\n"
    b'<http://a.org/x> <http://sbols.org/v2#displayId> "x\\ny" .\r\n'
)
_JSON = (
    b'{"@context": {"s": "http://sbols.org/v2#"}, "@id": "http://a.org/x", "@type": "s:Collection",'
    b' "s:displayId": "x\\ny"}'
)


def _refused(data: bytes, syntax: TextSyntax) -> str:
    with pytest.raises((InvalidDesign, TooLarge)) as error:
        read_text(data, syntax)
    return error.value.message


def test_the_three_syntaxes_give_the_same_triples() -> None:
    expected = {
        ("<http://a.org/x>", "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", "<http://sbols.org/v2#Collection>"),
        ("<http://a.org/x>", "<http://sbols.org/v2#displayId>", '"x\\ny"'),
    }
    assert set(read_text(_TURTLE.encode(), "turtle").triples) == expected
    assert set(read_text(_LINES, "ntriples").triples) == expected
    assert set(read_text(_JSON, "jsonld").triples) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str) -> None:
    assert read_text(_TURTLE.encode(encoding), "turtle").triples == read_text(_TURTLE.encode(), "turtle").triples


def test_other_encodings_are_refused_with_the_line() -> None:
    assert "not UTF-8 (line 2)" in _refused(b'<http://a.org/x> <http://a.org/p>\n "\xe9" .', "ntriples")
    assert "UTF-32" in _refused(_TURTLE.encode("utf-32"), "turtle")


@pytest.mark.parametrize("syntax", ["turtle", "ntriples", "jsonld"])
def test_control_characters_are_refused(syntax: TextSyntax) -> None:
    assert "0x00 in line 2" in _refused(b"#\n\x00", syntax)


@pytest.mark.parametrize(
    ("data", "syntax"),
    [
        (b'<http://a.org/x> <http://a.org/p> "\\u0000" .', "ntriples"),
        (b'{"@id": "http://a.org/x", "http://a.org/p": "\\u000B"}', "jsonld"),
    ],
)
def test_escaped_control_characters_are_refused(data: bytes, syntax: TextSyntax) -> None:
    assert "remove it" in _refused(data, syntax)


def test_an_escaped_backslash_before_u_is_text() -> None:
    check_terms([(Term("<http://a.org/x>"), Term("<http://a.org/p>"), Term('"\\\\u0000"'))])


@pytest.mark.parametrize(
    ("iri", "words"), [("http://a.org/\u202ex", "u202e"), ("http://a.org/" + "é" * 1000, "2000 bytes")]
)
def test_iris_that_hide_something_are_refused_by_name(iri: str, words: str) -> None:
    assert words in _refused(f"<{iri}> <http://a.org/p> 1 .".encode(), "turtle")


def test_text_may_change_its_direction() -> None:
    assert read_text('<http://a.org/x> <http://a.org/p> "\u202eabc" .'.encode(), "turtle").triples


def test_nesting_is_limited_before_parsing() -> None:
    deep = b"[ <http://a.org/p> " * (MAX_NESTING + 1)
    assert "64 deep" in _refused(b"<http://a.org/x> <http://a.org/p> " + deep, "turtle")
    assert "64 deep" in _refused(b'{"http://a.org/p":' * (MAX_NESTING + 1), "jsonld")


@pytest.mark.slow
def test_a_text_larger_than_the_buffer_of_the_engine_is_refused_by_its_limit() -> None:
    letters = b"a" * 17_000_000
    assert "16777216" in _refused(b'<http://a.org/x> <http://a.org/p> "' + letters + b'" .', "turtle")
    assert "16777216" in _refused(b'{"@id":"http://a.org/x","http://a.org/p":"' + letters + b'"}', "jsonld")


def test_brackets_in_strings_iris_and_comments_open_nothing() -> None:
    brackets = b"[{(" * MAX_NESTING
    body = b"#" + brackets + b'\n<http://a.org/x> <http://a.org/p> "' + brackets + b'", '
    body += b"'''it's " + brackets + b"''' ."
    assert len(read_text(body, "turtle").triples) == 2
    assert len(read_text(b'{"@id":"http://a.org/x","http://a.org/p":"\\"' + brackets + b'"}', "jsonld").triples) == 1


@pytest.mark.parametrize("context", [b'"http://a.org/c"', b'["https://a.org/c"]', b'{"@import": "http://a.org/c"}'])
def test_a_remote_context_is_not_loaded(context: bytes) -> None:
    data = b'{"@context": %s, "@id": "http://a.org/x", "http://a.org/p": "v"}' % context
    assert "write the context itself into the file" in _refused(data, "jsonld")


@pytest.mark.parametrize("data", [b"{}", b"[]", b'{"name": "plasmid", "length": 12}', b'[{"a": {"b": 1}}]'])
def test_json_that_is_no_json_ld_is_refused(data: bytes) -> None:
    assert "holds no statement" in _refused(data, "jsonld")


def test_turtle_without_statements_is_refused() -> None:
    assert "holds no statement" in _refused(b"@prefix s: <http://sbols.org/v2#> .\n# nothing\n", "turtle")


def test_named_graphs_are_read_as_one_with_a_note() -> None:
    data = b'{"@graph": [{"@id": "http://a.org/g", "@graph": [{"@id": "http://a.org/x", "http://a.org/p": "v"}]}]}'
    parsed = read_text(data, "jsonld")
    assert parsed.triples == [("<http://a.org/x>", "<http://a.org/p>", '"v"')]
    assert [(f.rule, f.severity) for f in parsed.findings] == [("synhub-named-graphs", "note")]
    assert "http://a.org/g" in parsed.findings[0].message


def test_one_unnamed_graph_needs_no_note() -> None:
    data = b'{"@graph": [{"@id": "http://a.org/x", "http://a.org/p": "v"}]}'
    assert read_text(data, "jsonld").findings == []


def test_syntax_errors_name_the_line() -> None:
    assert "line 2" in _refused(b"<http://a.org/x> <http://a.org/p> 1 .\n<http://a.org/x> oops .\n", "turtle")
    assert "Invalid IRI" in _refused(b"<http://a b.org/x> <http://a.org/p> 1 .\n", "ntriples")


def test_relative_iris_are_refused() -> None:
    assert "is relative" in _refused(b"<x> <http://a.org/p> 1 .", "turtle")
