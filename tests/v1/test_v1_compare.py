"""The comparators of the replay, on literal answers."""

import pytest
from v1_compare import RELATIONS, differing, same_body
from v1_recordings import Answer, Item

HEAD = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:d="http://purl.org/dc/terms/">'


def answer(body: str, media_type: str = "application/json", status: int | None = 200, location: str = "") -> Answer:
    return Answer(status, media_type, location, body.encode())


def item(recorded: Answer, path: str = "/x", form: dict[str, str] | None = None) -> Item:
    return Item("objects", 0, "an item", "alice", "GET", path, {}, form, None, None, None, recorded)


def rdf(content: str) -> Answer:
    return answer(HEAD + content + "</rdf:RDF>", "application/rdf+xml")


def test_equal_answers_do_not_differ() -> None:
    assert differing(item(answer("[]")), answer("[]")) == ()


def test_status_type_and_body_are_told_apart() -> None:
    recorded = answer("[]")
    assert differing(item(recorded), answer("[]", status=404)) == ("status",)
    assert differing(item(recorded), answer("[]", "text/plain")) == ("type",)
    assert differing(item(recorded), answer("[1]")) == ("body",)


def test_no_answer_differs_from_any_answer_by_its_status_alone() -> None:
    assert differing(item(answer("", "", None)), answer("[]")) == ("status",)


def test_text_labelled_html_is_plain_text_and_a_page_is_not() -> None:
    recorded = answer("Login required", "text/html", 401)
    assert differing(item(recorded), answer("Login required", "text/plain", 401)) == ()
    assert differing(item(recorded), answer("Login required", "text/html", 401)) == ("type",)
    page = Answer(200, "text/html", "", b"", page=True)
    assert differing(item(page), answer("<!DOCTYPE html>", "text/html")) == ()
    assert differing(item(page), answer("[]")) == ("type",)


def test_redirects_are_compared_by_where_they_lead() -> None:
    recorded = answer("Found. Redirecting to /a", "text/plain", 302, "/a")
    assert differing(item(recorded), answer("", "", 302, "/a")) == ()
    assert differing(item(recorded), answer("", "", 302, "/b")) == ("location",)


def test_records_are_compared_as_a_set_and_other_lists_in_order() -> None:
    assert same_body(answer('[{"a":1},{"a":2}]'), answer('[{"a":2}, {"a":1}]'))
    assert not same_body(answer('[{"a":1},{"a":2}]'), answer('[{"a":1}]'))
    assert not same_body(answer("[1,2]"), answer("[2,1]"))
    assert not same_body(answer('{"a":null}'), answer('{"a":""}'))


def test_ids_instants_and_tokens_are_apart() -> None:
    before = '{"id":2,"createdAt":"2026-11-22T03:17:33.963Z"}'
    assert same_body(answer(before), answer('{"id":7,"createdAt":"2020-01-01T00:00:00Z"}'))
    assert not same_body(answer(before), answer('{"id":7,"createdAt":"yesterday"}'))
    token = answer("e489cb33-b6cb-4edc-ab36-e65718e8d8d2", "text/plain")
    assert same_body(token, answer("00000000-b6cb-4edc-ab36-e65718e8d8d2", "text/plain"))
    assert not same_body(token, answer("hunter2", "text/plain"))


def test_text_is_compared_exactly_without_nul_characters() -> None:
    assert same_body(answer("a:\0 b", "text/plain"), answer("a: b", "text/plain"))
    assert not same_body(answer("Not found", "text/plain"), answer("not found", "text/plain"))


def test_array_of_messages_in_plain_text_is_data() -> None:
    assert same_body(answer('["a","b"]', "text/plain"), answer('["a", "b"]', "text/plain"))
    assert not same_body(answer('["a","b"]', "text/plain"), answer('["b", "a"]', "text/plain"))


def test_graphs_are_equal_whatever_their_order_and_blank_nodes() -> None:
    one = rdf('<rdf:Description rdf:about="http://e/s" d:title="t"><d:x rdf:nodeID="a"/></rdf:Description>')
    two = rdf('<rdf:Description rdf:about="http://e/s"><d:x rdf:nodeID="b"/><d:title>t</d:title></rdf:Description>')
    assert same_body(one, two)
    assert not same_body(one, rdf('<rdf:Description rdf:about="http://e/s" d:title="t"/>'))
    assert not same_body(one, answer("no XML", "application/rdf+xml"))


def test_dates_of_creation_are_apart_in_graphs() -> None:
    one = rdf('<rdf:Description rdf:about="http://e/s" d:created="2026-11-22T03:17:44.679536924Z"/>')
    assert same_body(one, rdf('<rdf:Description rdf:about="http://e/s" d:created="2020-01-01T00:00:00Z"/>'))
    assert not same_body(one, rdf('<rdf:Description rdf:about="http://e/s" d:title="2020-01-01T00:00:00Z"/>'))


RESULTS = '{"head":{"link":[],"vars":["n"]},"results":{"distinct":false,"ordered":true,"bindings":[%s]}}'
INTEGER = '{"n":{"type":"%s","datatype":"http://www.w3.org/2001/XMLSchema#integer","value":"%d"}}'


def test_sparql_results_are_rows_in_any_order() -> None:
    one = answer(RESULTS % ",".join((INTEGER % ("typed-literal", 1), INTEGER % ("typed-literal", 2))))
    rows = ",".join((INTEGER % ("literal", 2), INTEGER % ("literal", 1)))
    two = answer('{"results":{"bindings":[' + rows + ']},"head":{"vars":["n"]}}', "application/sparql-results+json")
    assert same_body(one, two)
    assert not same_body(one, answer(RESULTS % (INTEGER % ("literal", 1))))
    assert not same_body(one, answer('{"head":{},"boolean":true}'))


def test_limit_without_order_promises_a_number_of_rows() -> None:
    recorded = answer(RESULTS % (INTEGER % ("typed-literal", 1)))
    other = answer(RESULTS % (INTEGER % ("literal", 2)))
    assert differing(item(recorded, "/sparql?query=SELECT%20%3Fn%20LIMIT%201"), other) == ()
    assert differing(item(recorded, "/sparql?query=SELECT%20%3Fn%20ORDER%20BY%20%3Fn%20LIMIT%201"), other) == ("body",)
    assert differing(item(recorded, "/sparql", {"query": "SELECT ?n limit 1"}), other) == ()
    assert differing(item(recorded, "/sparql?query=SELECT%20%3Fn"), other) == ("body",)


def test_tables_are_rows_without_the_marks_of_terms() -> None:
    recorded = answer('"s"\t"n"\n"http://e/s"\t"Lac"\n', "text/tab-separated-values")
    assert same_body(recorded, answer('?s\t?n\n<http://e/s>\t"Lac"\n', "text/tab-separated-values"))
    assert not same_body(recorded, answer('?s\t?n\n<http://e/s>\t"lac"\n', "text/tab-separated-values"))


ROWS = '[{"uri":"a","role":"r1"},{"uri":"a","role":"r2"},{"uri":"b","role":null}]'


@pytest.mark.parametrize(
    ("relation", "recorded", "got", "holds"),
    [
        ("one row per object", ROWS, '[{"uri":"b","role":null},{"uri":"a","role":"r2"}]', True),
        ("one row per object", ROWS, ROWS, False),
        ("one row per object", ROWS, '[{"uri":"b","role":null},{"uri":"a","role":"r3"}]', False),
        ("one row per object", ROWS, '[{"uri":"a","role":"r1"}]', False),
        ("more objects", ROWS, '[{"uri":"b","role":"r"},{"uri":"a"},{"uri":"c"}]', True),
        ("more objects", ROWS, '[{"uri":"b"},{"uri":"a"}]', False),
        ("more objects", ROWS, '[{"uri":"b"},{"uri":"a"},{"uri":"c"},{"uri":"c"}]', False),
        ("as many rows", ROWS, '[{"uri":"c"},{"uri":"d"},{"uri":"e"}]', True),
        ("as many rows", ROWS, "[]", False),
        ("more", '[{"uri":"a"}]', '[{"uri":"a"},{"uri":"b"}]', True),
        ("more", '[{"uri":"a"}]', '[{"uri":"a"}]', False),
        ("less", '[{"uri":"a"},{"uri":"b"}]', '[{"uri":"b"}]', True),
        ("less", '[{"uri":"a"}]', "[]", False),
    ],
)
def test_relations_between_bodies(relation: str, recorded: str, got: str, holds: bool) -> None:
    assert RELATIONS[relation](answer(recorded), answer(got)) is holds


def test_rows_that_differ_in_datatypes_only() -> None:
    one = answer(RESULTS % (INTEGER % ("typed-literal", 1)))
    two = answer(RESULTS % '{"n":{"type":"literal","value":"1"}}')
    assert not same_body(one, two)
    assert RELATIONS["same but for datatypes"](one, two)
    assert not RELATIONS["same but for datatypes"](one, answer(RESULTS % (INTEGER % ("literal", 2))))
