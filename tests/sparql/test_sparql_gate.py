"""The gate: what it lets pass, what it refuses, and which graphs reach the engine."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from synhub.errors import BadRequest, InvalidQuery, TooLarge
from synhub.identity import Registry
from synhub.model import Dataset
from synhub.rdf import Iri
from synhub.sparql.gate import CheckedQuery, Limits, check

REGISTRY = Registry("http://localhost:7777/")
PUBLIC = Iri("http://localhost:7777/public")
ALICE = Iri("http://localhost:7777/user/alice")
BOTH = (PUBLIC, ALICE)
LIMITS = Limits(length=12_000, nesting=10)


def ask(text: str, default: tuple[str, ...] = (), named: tuple[str, ...] = ()) -> CheckedQuery:
    """Check as alice."""
    return check(text, LIMITS, Dataset(BOTH), REGISTRY, "alice", "alice@example.org", default, named)


def ask_anonymously(text: str, default: tuple[str, ...] = (), named: tuple[str, ...] = ()) -> CheckedQuery:
    return check(text, LIMITS, Dataset((PUBLIC,)), REGISTRY, None, None, default, named)


def _graphs(checked: CheckedQuery) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return checked.default_graphs, checked.named_graphs


# --- forms
# ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("SELECT * {}", "select"),
        ("select*{}", "select"),
        ("# INSERT\nPREFIX a: <http://a/> BASE <http://b/> ASK {}", "ask"),
        ("CONSTRUCT WHERE {}", "construct"),
        ("DESCRIBE <http://a>", "describe"),
    ],
)
def test_form_is_the_first_word_after_the_prologue(text: str, form: str) -> None:
    assert ask(text).form == form


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA {<http://a> <http://b> <http://c>}",
        "PREFIX a: <http://a/> delete where {?s ?p ?o}",
        "CLEAR ALL",
        "DROP GRAPH <http://localhost:7777/public>",
        "LOAD <http://example.org/>",
        "WITH <http://localhost:7777/public> DELETE {?s ?p ?o} WHERE {?s ?p ?o}",
        "CREATE GRAPH <http://a>",
        "COPY <http://a> TO <http://b>",
        "MOVE DEFAULT TO <http://b>",
        "ADD <http://a> TO <http://b>",
    ],
)
def test_update_is_refused_with_the_classic_words(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^Update queries are not allowed$"):
        ask(text)


@pytest.mark.parametrize("text", ["", "  # nothing", "FROB {}", "?x", "PREFIX a: <http://a/>", "ASKFROM <http://a> {}"])
def test_text_that_is_no_query_is_invalid(text: str) -> None:
    with pytest.raises(InvalidQuery, match="SELECT, ASK, CONSTRUCT or DESCRIBE is expected"):
        ask(text)


# --- what leads out of the server
# ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * {SERVICE <http://e/> {}}",
        "SELECT * {service silent <http://e/> {}}",
        "SELECT * {?s ?p true.SERVICE<http://e/>{}}",
        "SELECT * {?s ?p trueSERVICE <http://e/>{}}",
        "SELECT * {?s ?p 1SERVICE <http://e/>{}}",
        "SELECT * {SERVICESILENT<http://e/>{}}",
        "PREFIX : <http://e/> SELECT * {SERVICE:x{}}",
        "PREFIX : <http://e/> SELECT * {?s ?p true.serviceSILENT:x{}}",
    ],
)
def test_service_is_refused_in_every_spelling_the_engine_reads(text: str) -> None:
    with pytest.raises(InvalidQuery, match="SERVICE is not allowed"):
        ask(text)


@pytest.mark.parametrize(
    "text",
    [
        'SELECT * {?s ?p "SERVICE <http://e/>"}',
        "SELECT * {?s ?p '''\nSERVICE'''}",
        "SELECT * {} # SERVICE <http://e/>",
        "SELECT ?service {?service <http://a/service#SERVICE> ?load}",
        "PREFIX ex: <http://a/> SELECT * {?s ex:SERVICE ?o}",
    ],
)
def test_service_as_a_value_or_a_name_passes(text: str) -> None:
    assert ask(text).form == "select"


# --- limits
# --------------------------------------------------------------------------------------------------------


def test_query_longer_than_the_limit_is_too_large() -> None:
    with pytest.raises(TooLarge, match="12001 characters; 12000 are allowed"):
        ask("#" * 12_001)


@pytest.mark.parametrize(("opening", "closing"), ["{}", "()", "[]"])
def test_nesting_is_counted_in_all_brackets(opening: str, closing: str) -> None:
    assert ask("SELECT * " + opening * 10 + closing * 10)
    with pytest.raises(InvalidQuery, match="nested deeper than 10 levels"):
        ask("SELECT * " + opening * 11 + closing * 11)


@pytest.mark.parametrize("link", ["UNION{}", "||?a", "&&?a", "!", "/a:b", "MINUS{}", "OPTIONAL{}", "+1", " FILTER(1)"])
def test_chains_that_would_end_the_stack_of_the_engine_are_refused(link: str) -> None:
    assert ask("PREFIX a: <http://a/> ASK " + link * 999)
    with pytest.raises(InvalidQuery, match="more than 1000 operators and groups"):
        ask("PREFIX a: <http://a/> ASK " + link * 1001)


# --- graphs
# --------------------------------------------------------------------------------------------------------


def test_without_a_dataset_clause_everything_readable_is_default_and_named() -> None:
    assert _graphs(ask("SELECT * {}")) == (BOTH, BOTH)
    assert _graphs(ask_anonymously("SELECT * {}")) == ((PUBLIC,), (PUBLIC,))


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (f"FROM <{ALICE}>", ((ALICE,), ())),
        (f"from <{PUBLIC}> FROM<{ALICE}>", (BOTH, ())),
        (f"FROM NAMED <{ALICE}>", ((), (ALICE,))),
        (f"FROM <{PUBLIC}> FROM NAMED <{ALICE}>", ((PUBLIC,), (ALICE,))),
        (f"FROM <{ALICE}> FROM <{ALICE}>", ((ALICE,), ())),
        ("FROM u:alice", ((ALICE,), ())),
        (r"FROM h:user\/alice", ((ALICE,), ())),
        ("FROM <user/alice>", ((ALICE,), ())),
        (r"FROM <http://localhost:7777/\u0075ser/alice>", ((ALICE,), ())),
        ("FROM <http://localhost:7777/user/>", ((PUBLIC,), ())),
        ("FROM <http://localhost:7777/user/alice@example.org>", ((ALICE,), ())),
        ("FROM <http://localhost:7777/user/alice%40example.org>", ((ALICE,), ())),
        ("FROM <http://localhost:7777/user/Alice@Example.org>", ((ALICE,), ())),
        ("FROM <http://localhost:7777/user/ALICE>", ((ALICE,), ())),
    ],
)
def test_from_narrows_the_dataset_and_leaves_the_text(
    clause: str, expected: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    prologue = "BASE <http://localhost:7777/> PREFIX h: <> PREFIX u: <user/>"
    checked = ask(f"{prologue} SELECT * {clause} WHERE {{}}")
    assert _graphs(checked) == expected
    assert "FROM" not in checked.query.text.upper()
    assert len(checked.query.text.split("WHERE")[0].rstrip()) <= len(f"{prologue} SELECT *") + 5


@pytest.mark.parametrize(
    "text",
    [
        "CONSTRUCT {?s ?p ?o} FROM <http://localhost:7777/user/alice> WHERE {?s ?p ?o}",
        "CONSTRUCT FROM <http://localhost:7777/user/alice> WHERE {?s ?p ?o}",
        "ASK FROM <http://localhost:7777/user/alice> {?s ?p ?o}",
        "DESCRIBE ?s FROM <http://localhost:7777/user/alice> {?s ?p ?o}",
        "SELECT (EXISTS{} AS ?x) FROM <http://localhost:7777/user/alice> {?s ?p ?o}",
    ],
)
def test_from_is_read_in_every_form(text: str) -> None:
    assert _graphs(ask(text)) == ((ALICE,), ())


@pytest.mark.parametrize(
    "graph",
    [
        "http://localhost:7777/user/bob",
        "http://localhost:7777/user/nobody",
        "http://localhost:7777/user/bob@example.org",
        "http://localhost:7777/user/alice/",
        "http://localhost:7777/user/alice/../bob",
        "http://localhost:7777/user",
        "http://localhost:7777/",
        "http://elsewhere.example/graph",
        "alice",
        "",
    ],
)
@pytest.mark.parametrize("how", ["FROM <{}>", "FROM NAMED <{}>"])
def test_graph_of_somebody_else_is_refused_whether_it_exists_or_not(graph: str, how: str) -> None:
    for clause in (how.format(graph), f"FROM <{PUBLIC}> {how.format(graph)}"):
        with pytest.raises(BadRequest, match=r"^Cannot access other users' graphs\.$"):
            ask(f"SELECT * {clause} {{}}")


def test_own_graph_of_a_user_is_foreign_to_anonymous() -> None:
    for user in ("alice", "alice@example.org"):
        with pytest.raises(BadRequest, match="Cannot access other users' graphs"):
            ask_anonymously(f"SELECT * FROM <http://localhost:7777/user/{user}> {{}}")
    empty = "SELECT * FROM <http://localhost:7777/user/> {}"  # a client that knows no user name
    assert _graphs(ask_anonymously(empty)) == ((PUBLIC,), ())


def test_protocol_parameters_replace_the_clause() -> None:
    text = f"SELECT * FROM <{ALICE}> {{}}"
    assert _graphs(ask(text, (PUBLIC,))) == ((PUBLIC,), ())
    assert _graphs(ask(text, (), (PUBLIC,))) == ((), (PUBLIC,))
    assert _graphs(ask(text, (PUBLIC, ALICE), (ALICE,))) == (BOTH, (ALICE,))
    assert _graphs(ask("SELECT * {}", ("", ""), ("",))) == (BOTH, BOTH)


def test_protocol_parameters_cannot_name_foreign_graphs() -> None:
    for default, named in ((("http://localhost:7777/user/bob",), ()), ((PUBLIC,), ("http://localhost:7777/user/bob",))):
        with pytest.raises(BadRequest, match="Cannot access other users' graphs"):
            ask("SELECT * {}", default, named)


def test_prefix_with_a_path_knows_the_users_of_its_host_too() -> None:
    registry = Registry("https://example.org/parts/")
    graphs = (registry.public_graph, registry.user_graph("alice"))
    text = "SELECT * FROM <https://example.org/user/alice> {}"
    checked = check(text, LIMITS, Dataset(graphs), registry, "alice", "a@b", (), ())
    assert checked.default_graphs == (registry.user_graph("alice"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"SELECT * {{ ?s ?p ?o {{SELECT * FROM <{PUBLIC}> {{}}}} }}", r"write it behind the first SELECT .*column 31"),
        (f"SELECT * {{ ?s ?p ?o FROM <{PUBLIC}> }}", "FROM belongs behind SELECT"),
        (f"SELECT * FROM <{ALICE}> {{ {{SELECT * FROM <{PUBLIC}> {{}}}} }}", "names others than the first"),
        (f"ASK {{{{SELECT * FROM <{ALICE}> {{}}}} {{SELECT * FROM <{PUBLIC}> {{}}}}}}", "names others than the first"),
        ("SELECT * FROM {}", "FROM needs the IRI of a graph"),
        ("SELECT * FROM NAMED", "FROM needs the IRI of a graph"),
        ("SELECT * FROM x:y {}", "Unknown prefix: x;"),
        ("PREFIX y: <http://a/> SELECT * {?s y:a ?o . ?o sbol:role y:b}", "PREFIX sbol: <http://sbols.org/v2#>"),
        ("PREFIX x:y <http://a> SELECT * {}", "a prefix ends with its colon"),
        ('SELECT * {?s ?p "\ud800"}', "surrogate"),
    ],
)
def test_broken_clauses_are_invalid(text: str, message: str) -> None:
    with pytest.raises(InvalidQuery, match=message):
        ask(text)


def test_from_in_strings_comments_and_names_is_no_clause() -> None:
    text = "SELECT ?FROM { ?FROM ?p 'FROM <http://x>' } # FROM <http://x>"
    assert _graphs(ask(text)) == (BOTH, BOTH)


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT * {{ {{SELECT * FROM <{ALICE}> WHERE {{?s ?p ?o}} }} }}",
        f"SELECT (SUM(?n) AS ?m) WHERE {{{{ SELECT (COUNT(?s) AS ?n) FROM <{ALICE}> WHERE {{?s ?p ?o}} }}}} LIMIT 1",
        f"SELECT ?s FROM <{ALICE}> {{ ?s ?p ?o {{SELECT ?s FROM <{ALICE}> {{?s ?p ?o}} LIMIT 1 }} }}",
        f"ASK {{ {{SELECT * FROM <{ALICE}> {{}}}} UNION {{SELECT * FROM <{ALICE}> {{?s ?p 1}}}} }}",
        f"SELECT * {{ {{SELECT * {{ {{SELECT * FROM <{ALICE}> {{?s ?p ?o}} }} }} }} }}",
    ],
)
def test_from_of_a_sub_query_is_moved_outward_where_it_is_the_dataset_of_all(text: str) -> None:
    checked = ask(text)
    assert _graphs(checked) == ((ALICE,), ())
    assert "FROM" not in checked.query.text


def test_sub_query_names_foreign_graphs_no_more_than_any() -> None:
    with pytest.raises(BadRequest, match=r"^Cannot access other users' graphs\.$"):
        ask("SELECT * { {SELECT * FROM <http://localhost:7777/user/bob> {?s ?p ?o} } }")


# --- the text that the engine gets
# ---------------------------------------------------------------------------------


def test_comments_become_blanks_and_lines_stay() -> None:
    checked = ask("SELECT * # one\n{ # two\r\n}")
    assert checked.query.text == "SELECT *      \n{      \r\n}"


def test_iri_that_could_be_read_as_a_comparison_is_escaped() -> None:
    text = 'SELECT * {FILTER(1<?b#>"""\n) SERVICE <http://e/> {} #"""\n)}'
    assert ask(text).query.text == 'SELECT * {FILTER(1<\\u003Fb#>"""\n) SERVICE <http://e/> {} #"""\n)}'


def test_known_prefixes_are_declared_on_the_first_line() -> None:
    checked = ask("SELECT ?s { ?s a sbol2:Sequence ;\n rdfs:label ?x ; dcterms:title ?x }")
    declared, select, rest = checked.query.text.partition("SELECT")
    assert select + rest == "SELECT ?s { ?s a sbol2:Sequence ;\n rdfs:label ?x ; dcterms:title ?x }"
    assert declared == (
        "PREFIX sbol2: <http://sbols.org/v2#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>"
        " PREFIX dcterms: <http://purl.org/dc/terms/> "
    )
    assert checked.position_in_original(1, len(declared) + 8) == (1, 8)
    assert checked.position_in_original(2, 8) == (2, 8)
    own = ask("PREFIX dcterms: <http://other/> SELECT ?s { ?s dcterms:title ?x }")
    assert own.query.text.count("PREFIX") == 1


def test_place_of_an_error_is_translated_back() -> None:
    checked = ask("SELECT *\n{ ?s <http://a/#b> ?o ; <http://a/#c> ?p } }")
    column = checked.query.text.split("\n")[1].rindex("}") + 1
    assert checked.position_in_original(2, column) == (2, 44)
    assert checked.position_in_original(1, 8) == (1, 8)
    assert checked.position_in_original(2, 5) == (2, 5)


_WORDS = st.sampled_from(
    [
        *[
            "SELECT",
            "ASK",
            "FROM",
            "NAMED",
            "PREFIX",
            "BASE",
            "WHERE",
            "INSERT",
            "SERVICE",
            "UNION",
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            "<",
            ">",
            ".",
            ";",
            "|",
            "!",
            "*",
            "?x",
            "1",
            "^^",
            "@en",
            "é",
        ],
        *("a:b", ":", "x:y", "<http://a#>", "<user/alice>", f"<{PUBLIC}>", "<http://localhost:7777/user/bob>"),
        *('"s"', "'s'", '"""', "'''", "#", "\n", "\\", r"\u0041", "\0"),
    ]
)


@given(st.lists(_WORDS, max_size=30), st.sampled_from(["", " "]), st.lists(st.text(max_size=8), max_size=2))
@example(["FROM", "<user/alice>"], " ", [])
def test_any_soup_is_checked_or_refused_and_never_widens(words: list[str], glue: str, uris: list[str]) -> None:
    for text in (glue.join(words), "SELECT * " + glue.join(words)):
        try:
            checked = ask(text, tuple(uris))
        except BadRequest:
            continue
        assert set(checked.default_graphs) <= set(BOTH)
        assert set(checked.named_graphs) <= set(BOTH)


@given(st.text(max_size=60))
def test_any_text_is_checked_or_refused(text: str) -> None:
    for query in (text, "SELECT * FROM <" + text, "BASE <" + text + "> SELECT * FROM <x> {}"):
        with suppress(BadRequest):
            ask(query)
