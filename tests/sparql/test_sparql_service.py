"""Queries of users on a real store, in real children: what they get, and that they never get what is not
theirs."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from synhub.app import open_hub
from synhub.errors import BadRequest, InvalidQuery, QueryTimeout, TooLarge, TooMany
from synhub.hub import Hub
from synhub.model import ANONYMOUS, Actor, ChangeSet, User
from synhub.rdf import Iri, Term, in_graph, write_nquads
from synhub.settings import Settings, load_settings
from synhub.sparql.service import run_query
from synhub.store.children import Busy, Cancellation, Cancelled
from synhub.store.lanes import Lanes

PREFIX = "http://localhost:7777/"
TITLE = "http://purl.org/dc/terms/title"
MEMBER = "http://sbols.org/v2#member"
SECRET = "secretBob"


def _user(name: str) -> Actor:
    user = User(1, name, name, f"{name}@example.org", "", False, False, False, False, "")
    return Actor(user)


ALICE = _user("alice")
BOB = _user("bob")


def _graph(owner: str | None) -> bytes:
    """A collection and its member, which refers to bob's collection. Every triple of bob's bears the secret."""
    graph = f"{PREFIX}public" if owner is None else f"{PREFIX}user/{owner}"
    name = SECRET if owner == "bob" else owner or "public"
    collection, part = f"<{graph}/lab/lab_collection/1>", f"<{graph}/lab/{name}_part/1>"
    triples = [
        (collection, f"<{TITLE}>", f'"{name} collection"'),
        (collection, f"<{MEMBER}>", part),
        (part, f"<{TITLE}>", f'"{name} part"'),
        (part, f"<{MEMBER}>", f"<{PREFIX}user/bob/lab/lab_collection/1>"),
    ]
    typed = [(Term(s), Term(p), Term(o)) for s, p, o in triples]
    return write_nquads(in_graph(typed, Iri(graph)))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    data = tmp_path_factory.mktemp("data")
    settings = load_settings({}, data=data, uri_prefix=PREFIX, query_timeout=60.0, query_workers=1)
    with ExitStack() as stack:
        yield _open(settings, stack)


def _open(settings: Settings, stack: ExitStack) -> Hub:
    hub = stack.enter_context(open_hub(settings))
    hub.store.apply(ChangeSet(b"", b"".join(_graph(owner) for owner in (None, "alice", "bob"))))
    return hub


def hasty(hub: Hub) -> Hub:
    """The same with two seconds for a query."""
    return replace(hub, settings=replace(hub.settings, query_timeout=2.0))


def answer(hub: Hub, actor: Actor, query: str, accept: str = "", **graphs: list[str]) -> str:
    body = run_query(hub, actor, query, accept, graphs.get("default", ()), graphs.get("named", ())).body
    return (body if isinstance(body, bytes) else b"".join(body)).decode()


def rows(hub: Hub, actor: Actor, query: str, **graphs: list[str]) -> list[list[str]]:
    """The cells of a SELECT, short: what comes after the last slash or the text of a literal."""
    result = json.loads(answer(hub, actor, query, "", **graphs))
    names = result["head"]["vars"]
    found = [[row[name]["value"] if name in row else "" for name in names] for row in result["results"]["bindings"]]
    return sorted(found)


# --- what is asked for
# ---------------------------------------------------------------------------------------------


def test_everything_readable_is_asked_by_default(hub: Hub) -> None:
    query = f"SELECT ?t {{ ?s <{TITLE}> ?t }}"
    assert rows(hub, ANONYMOUS, query) == [["public collection"], ["public part"]]
    assert rows(hub, ALICE, query) == [
        ["alice collection"],
        ["alice part"],
        ["public collection"],
        ["public part"],
    ]
    assert rows(hub, BOB, query)[-1] == ["secretBob part"]


def test_graphs_can_be_told_apart_and_chosen(hub: Hub) -> None:
    named = f'SELECT ?g ?t {{ GRAPH ?g {{ ?s <{TITLE}> ?t FILTER(CONTAINS(?t, "part")) }} }}'
    alice, public = f"{PREFIX}user/alice", f"{PREFIX}public"
    assert rows(hub, ALICE, named) == [[public, "public part"], [alice, "alice part"]]
    assert rows(hub, ALICE, named, named=[alice]) == [[alice, "alice part"]]
    assert rows(hub, ALICE, named, default=[alice]) == []
    plain = f'SELECT ?t {{ ?s <{TITLE}> ?t FILTER(CONTAINS(?t, "part")) }}'
    assert rows(hub, ALICE, plain, default=[alice]) == [["alice part"]]
    assert rows(hub, ALICE, plain, default=[alice, public]) == [["alice part"], ["public part"]]
    assert rows(hub, ALICE, plain.replace("{", f"FROM <{alice}> {{", 1)) == [["alice part"]]
    assert rows(hub, ALICE, plain.replace("{", f"FROM NAMED <{alice}> {{", 1)) == []
    assert rows(hub, ALICE, plain.replace("{", f"FROM <{alice}> {{", 1), default=[public]) == [["public part"]]


def test_no_triple_is_counted_twice(hub: Hub) -> None:
    assert rows(hub, ALICE, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }") == [["8"]]


def test_query_of_a_client_with_its_user_name_spliced_in(hub: Hub) -> None:
    for name in ("alice", "alice@example.org", "alice%40example.org"):
        query = f"SELECT ?t  FROM <{PREFIX}user/{name}> WHERE {{ ?s <{TITLE}> ?t }}"
        assert rows(hub, ALICE, query) == [["alice collection"], ["alice part"]]
    query = f"SELECT ?t  FROM <{PREFIX}user/> WHERE {{ ?s <{TITLE}> ?t }}"
    assert rows(hub, ANONYMOUS, query) == [["public collection"], ["public part"]]


def test_forgotten_variables_join_the_group(hub: Hub) -> None:
    query = f"SELECT ?s ?t WHERE {{ ?s <{TITLE}> ?t }} GROUP BY ?s ORDER BY ?s LIMIT 1"
    assert [row[1] for row in rows(hub, ANONYMOUS, query)] == ["public collection"]


SUBJECT = f"<{PREFIX}public/lab/public_part/1>"


@pytest.mark.parametrize(
    ("query", "accept", "label", "text"),
    [
        ("SELECT (1 AS ?n) {}", "", "application/sparql-results+json", '"value":"1"'),
        ("SELECT (1 AS ?n) {}", "application/json", "application/json", '"value":"1"'),
        ("SELECT (1 AS ?n) {}", "application/sparql-results+xml", "application/sparql-results+xml", "<sparql "),
        ("SELECT (1 AS ?n) {}", "text/csv", "text/csv", "n\r\n1\r\n"),
        ("SELECT (1 AS ?n) {}", "text/tab-separated-values", "text/tab-separated-values", "?n\n1\n"),
        ("ASK {}", "application/json", "application/json", '{"head":{},"boolean":true}'),
        ("ASK {}", "text/csv", "text/csv", "true"),
        (f"DESCRIBE {SUBJECT}", "", "text/turtle", 'dcterms:title "public part"'),
        (f"DESCRIBE {SUBJECT}", "text/plain", "text/plain", f'{SUBJECT} <{TITLE}> "public part" .'),
        (f"DESCRIBE {SUBJECT}", "application/n-triples", "application/n-triples", f"{SUBJECT} <{TITLE}>"),
        (f"CONSTRUCT {{?s <{TITLE}> 1}} {{?s ?p ?o}}", "application/rdf+xml", "application/rdf+xml", "<rdf:RDF"),
        ("CONSTRUCT {?s ?p ?o} {?s ?p ?o}", "application/ld+json", "application/ld+json", "public part"),
    ],
)
def test_answer_comes_in_the_form_asked_for(hub: Hub, query: str, accept: str, label: str, text: str) -> None:
    result = run_query(hub, ANONYMOUS, query, accept)
    assert isinstance(result.body, bytes)
    assert result.media_type == label
    assert text in result.body.decode()


@pytest.mark.parametrize(
    ("asked", "prefixes"),
    [
        ("<http://a/b> <http://a/c> 'http://purl.org/dc/terms/x'", set()),
        ("<http://a/b> <http://a/c> <http://purl.org/dc/terms/x>", {"dcterms"}),
        ("<http://a/b> a <http://sbols.org/v2#Collection>", {"rdf", "sbol"}),
        ("<http://a/b> <http://a/c> 7", {"xsd"}),
    ],
)
def test_graph_declares_the_prefixes_that_it_uses(hub: Hub, asked: str, prefixes: set[str]) -> None:
    text = answer(hub, ANONYMOUS, f"CONSTRUCT {{ {asked} }} {{}}")
    assert set(re.findall(r"^@prefix (\w+):", text, re.MULTILINE)) == prefixes


def test_graph_that_is_not_whole_at_its_first_byte_declares_all_prefixes(hub: Hub) -> None:
    ten = " ".join(map(str, range(10)))
    product = " ".join(f"VALUES ?{name} {{ {ten} }}" for name in "abcd")
    number = "BIND(CONCAT(STR(?a), STR(?b), STR(?c), STR(?d)) AS ?n)"
    text = answer(hub, ANONYMOUS, f"CONSTRUCT {{ <http://a/b> <http://a/c> ?n }} {{ {product} {number} }}")
    assert "@prefix sbol: <http://sbols.org/v2#> ." in text
    assert len(re.findall(r'"\d{4}"', text)) == 10_000


def test_property_that_rdf_xml_cannot_write_is_told(hub: Hub) -> None:
    query = "CONSTRUCT {?s <http://example.org/#1> 1} {?s ?p ?o}"
    with pytest.raises(InvalidQuery, match=r"RDF/XML has no way to write the property http://example.org/#1"):
        run_query(hub, ANONYMOUS, query, "application/rdf+xml")
    assert "<http://example.org/#1> 1" in answer(hub, ANONYMOUS, query)


@pytest.mark.parametrize(
    ("query", "accept"),
    [
        ("SELECT (?c AS ?found) { VALUES ?c { 'bell CHARACTER' } }", "application/sparql-results+xml"),
        ("CONSTRUCT { <http://a/b> <http://c/d> 'CHARACTER' } {}", "application/rdf+xml"),
    ],
)
@pytest.mark.parametrize("code", ["0007", "FFFE", "0000"])
def test_character_that_xml_cannot_write_is_told(hub: Hub, query: str, accept: str, code: str) -> None:
    asked = query.replace("CHARACTER", f"\\u{code}")
    with pytest.raises(InvalidQuery, match=rf"U\+{code}, which XML has no way to write"):
        run_query(hub, ANONYMOUS, asked, accept)
    body = run_query(hub, ANONYMOUS, query.replace("CHARACTER", "\\u0009 \\uFFFD \\U0001F9EC"), accept).body
    assert isinstance(body, bytes) and "🧬" in body.decode()


# --- what goes wrong
# -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "message", "line", "column"),
    [
        ("SELECT ?s\n{ ?s <http://a/#b> ?o . ?s ?so:x ?y } }", "Unknown prefix: ;", 2, 31),
        ("SELECT ?s\n{ ?s <http://a/#b> ?o . ?s ?x ?y } }", "SPARQL syntax error", 2, 36),
        ("SELECT WHERE {", "SPARQL syntax error", 1, 8),
        ("SELECT ?s\n{ ?s <http://a/#b> ?o . ?s sbol:x ?y }", "Unknown prefix: sbol", 2, 28),
        ("SELECT (CONCAT  ('a') AS ?x) { ] }", "']' is not expected here", 1, 32),
        ("SELECT ?s { ?s ?p 'é' } }", "SPARQL syntax error", 1, 25),
        ("SELECT ?s { ?s dcterms:title 'é' } }", "SPARQL syntax error", 1, 36),
    ],
)
def test_syntax_error_names_the_place_in_the_text_of_the_user(
    hub: Hub, query: str, message: str, line: int, column: int
) -> None:
    with pytest.raises(InvalidQuery, match=message) as raised:
        run_query(hub, ANONYMOUS, query, None)
    assert (raised.value.line, raised.value.column) == (line, column)


@pytest.mark.parametrize("gap", ["", " ", "  \n ", " # comment (\n"])
def test_gap_between_a_function_and_its_bracket_is_no_error(hub: Hub, gap: str) -> None:
    query = f"SELECT (CONCAT{gap}('a', coalesce{gap}(?x, 'b')) AS ?y) (isBlank(BNODE{gap}()) AS ?z) {{}}"
    assert rows(hub, ANONYMOUS, query) == [["ab", "true"]]


def test_function_that_does_not_exist_is_an_invalid_query(hub: Hub) -> None:
    with pytest.raises(InvalidQuery, match=r"http://nope/f> is not supported"):
        run_query(hub, ANONYMOUS, "SELECT ?s {?s ?p ?o FILTER(<http://nope/f>(?s))}", None)


NUMBERS = "VALUES ?{} {{ " + " ".join(str(n) for n in range(100)) + " }}"
PRODUCT = "{ " + " ".join(NUMBERS.format(name) for name in "abcd") + " }"
RUNAWAY = f"SELECT (COUNT(*) AS ?n) {PRODUCT}"


def test_query_without_end_is_a_timeout_and_the_next_one_is_answered(hub: Hub) -> None:
    with pytest.raises(QueryTimeout, match="ran longer than 2 s"):
        run_query(hasty(hub), ANONYMOUS, RUNAWAY, None)
    assert rows(hub, ANONYMOUS, "SELECT (1 AS ?n) {}") == [["1"]]


def test_query_that_needs_too_much_memory_is_too_large(hub: Hub, tmp_path: Path) -> None:
    text = "x" * 1000
    query = f'SELECT (GROUP_CONCAT(CONCAT("{text}", STR(?a), STR(?b), STR(?c))) AS ?n) {PRODUCT}'
    with ExitStack() as stack:
        settings = replace(hub.settings, query_memory=512 << 20)
        lanes = Lanes(settings)
        stack.callback(lanes.close)
        with pytest.raises(TooLarge, match="needs more than 512 MB of memory"):
            run_query(replace(hub, settings=settings, lanes=lanes), ANONYMOUS, query, None)


def test_result_over_the_limit_is_too_large(hub: Hub) -> None:
    small = replace(hub, settings=replace(hub.settings, query_result=1 << 20))
    with pytest.raises(TooLarge, match="the result is larger than 1 MB"):
        run_query(small, ANONYMOUS, f"SELECT * {PRODUCT}", None)


def test_large_result_comes_whole_and_leaves_the_child_free(hub: Hub) -> None:
    query = f"SELECT * {{ {NUMBERS.format('a')} {NUMBERS.format('b')} {NUMBERS.format('c')} }}"
    body = run_query(hub, ANONYMOUS, query, "text/csv").body
    assert not isinstance(body, bytes)
    assert rows(hub, ANONYMOUS, "SELECT (1 AS ?n) {}") == [["1"]]  # the only child, while the answer is not read
    text = b"".join(body)
    assert len(text) > 8 << 20
    assert text.count(b"\r\n") == 1_000_001


def test_query_beyond_the_queue_is_told_to_come_back(hub: Hub) -> None:
    argument = {
        "engine": "",
        "query": f"SELECT * {PRODUCT}",
        "default_graphs": [],
        "named_graphs": [],
        "media_type": "text/csv",
    }
    with hub.source(0) as (engine, _):
        _, held = hub.lanes.query.stream("query", argument | {"engine": engine}, 60, 1 << 40)
        hub.lanes.query.patience_s = 1e6  # nobody is overtaken
        waiters = [threading.Thread(target=answer, args=(hub, ANONYMOUS, "ASK {}")) for _ in range(16)]
        for waiter in waiters:
            waiter.start()
        while hub.lanes.query.waiting < 16:
            time.sleep(0.001)
        with pytest.raises(TooMany, match="too many query requests are waiting"):
            run_query(hub, ANONYMOUS, "ASK {}", None)
        held.close()
        for waiter in waiters:
            waiter.join()


@pytest.mark.slow
def test_callers_with_runaway_queries_do_not_keep_others_out(tmp_path: Path) -> None:
    settings = load_settings({}, data=tmp_path / "data", uri_prefix=PREFIX, query_timeout=60.0, query_workers=1)
    over = threading.Event()
    endings = [Cancellation(), Cancellation()]
    came: list[BaseException] = []

    def ask(mine: Hub, actor: Actor, address: str | None, cancellation: Cancellation) -> None:
        while not over.is_set():
            try:
                run_query(mine, actor, RUNAWAY, None, address=address, cancellation=cancellation)
            except BaseException as error:
                came.append(error)

    with ExitStack() as stack:
        hub = _open(settings, stack)
        greedy = [
            threading.Thread(target=ask, args=(hub, ALICE, None, endings[0])),
            threading.Thread(target=ask, args=(hub, ANONYMOUS, "192.0.2.9", endings[1])),
        ]
        for thread in greedy:
            thread.start()
        while len(hub.lanes.query.pids()) < 2:  # the second has overtaken the first
            time.sleep(0.01)
        started = time.monotonic()
        for _ in range(5):
            assert rows(hub, BOB, "SELECT (1 AS ?n) {}") == [["1"]]
            assert run_query(hub, ANONYMOUS, "ASK {}", None, address="192.0.2.1").body
        assert time.monotonic() - started < settings.query_timeout / 2  # one of the greedy would take all of it
        over.set()
        for ending in endings:
            ending.cancel()
        for thread in greedy:
            thread.join()
        assert {type(error) for error in came} == {Cancelled}


@contextmanager
def one_running_and_one_waiting(hub: Hub, actor: Actor, address: str | None = None) -> Iterator[None]:
    """Have two queries of one caller under way while the block runs; both are cut off in the end."""
    lane = hub.lanes.query
    came: list[BaseException] = []

    def ask() -> None:
        try:
            run_query(hasty(hub), actor, RUNAWAY, None, address=address)
        except BaseException as error:
            came.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    threads[0].start()
    while not any(job.caller.party for job in lane._turns.jobs.copy()):  # a child being replaced is a job of nobody
        assert not came
        time.sleep(0.001)
    threads[1].start()
    while lane.waiting < 1:
        assert not came
        time.sleep(0.001)
    yield
    for thread in threads:
        thread.join()
    assert len(came) == 2
    # The one that ran is cut off; so is the other, unless it waited too long for a child to start.
    assert {type(error) for error in came} in ({QueryTimeout}, {QueryTimeout, Busy})


@pytest.mark.slow
def test_caller_has_one_query_running_and_one_waiting(hub: Hub) -> None:
    with one_running_and_one_waiting(hub, ALICE), pytest.raises(TooMany, match="one query of yours is waiting already"):
        run_query(hub, ALICE, "ASK {}", None)


@pytest.mark.slow
def test_anonymous_callers_are_told_apart_by_address(hub: Hub) -> None:
    with one_running_and_one_waiting(hub, ANONYMOUS, "192.0.2.1"):
        with pytest.raises(TooMany, match="one query of yours is waiting already"):
            run_query(hub, ANONYMOUS, "ASK {}", None, address="192.0.2.1")
        assert run_query(hub, ANONYMOUS, "ASK {}", None, address="192.0.2.2").body


# --- isolation
# -----------------------------------------------------------------------------------------------------

BOBS = f"{PREFIX}user/bob"
ALL = "?s ?p ?o"

# Every way to ask that names, walks to, or tries to smuggle in what is bob's.
ATTEMPTS = [
    f"SELECT * {{ {ALL} }}",
    f"SELECT * {{ GRAPH ?g {{ {ALL} }} }}",
    f"SELECT * {{ GRAPH <{BOBS}> {{ {ALL} }} }}",
    f"SELECT * {{ GRAPH <http://localhost:7777/\\u0075ser/bob> {{ {ALL} }} }}",
    f"SELECT * {{ GRAPH <http://localhost:7777/user/\\U00000062ob> {{ {ALL} }} }}",
    f"PREFIX u: <{PREFIX}user/> SELECT * {{ GRAPH u:bob {{ {ALL} }} }}",
    f"PREFIX u: <{PREFIX}> SELECT * {{ GRAPH u:user\\/bob {{ {ALL} }} }}",
    f"BASE <{PREFIX}user/alice> SELECT * {{ GRAPH <bob> {{ {ALL} }} }}",
    f'SELECT * {{ BIND(IRI(CONCAT("{PREFIX}user/", "bob")) AS ?g) GRAPH ?g {{ {ALL} }} }}',
    f"SELECT * {{ VALUES ?g {{ <{BOBS}> }} GRAPH ?g {{ {ALL} }} }}",
    f"SELECT ?x {{ ?x ?y ?z FILTER EXISTS {{ GRAPH <{BOBS}> {{ {ALL} }} }} }}",
    f"ASK {{ FILTER EXISTS {{ GRAPH <{BOBS}> {{ {ALL} }} }} }}",
    f"SELECT ?x {{ ?x ?y ?z FILTER NOT EXISTS {{ GRAPH <{PREFIX}public> {{ {ALL} }} }} }}",
    f"SELECT * {{ ?a <{MEMBER}>+/<{TITLE}> ?t }}",
    f"SELECT * {{ <{BOBS}/lab/lab_collection/1> (<{MEMBER}>|!<{MEMBER}>)* ?t }}",
    f"SELECT * {{ ?a (<{MEMBER}>|^<{MEMBER}>)* ?b . ?b <{TITLE}> ?t }}",
    f"SELECT * {{ GRAPH ?g {{ ?a <{MEMBER}>* ?b . ?b <{TITLE}> ?t }} }}",
    f"SELECT * {{ {{ SELECT * {{ GRAPH ?g {{ {ALL} }} }} }} }}",
    f"SELECT * {{ {{ SELECT (COUNT(*) AS ?n) ?g {{ GRAPH ?g {{ {ALL} }} }} GROUP BY ?g }} }}",
    f"SELECT * {{ OPTIONAL {{ GRAPH <{BOBS}> {{ {ALL} }} }} }}",
    f"SELECT * {{ {{ GRAPH <{BOBS}> {{ {ALL} }} }} UNION {{ {ALL} }} }}",
    f"SELECT * {{ {ALL} MINUS {{ GRAPH <{BOBS}> {{ {ALL} }} }} }}",
    f"SELECT * {{ ?a ?b ?c LATERAL {{ SELECT * {{ GRAPH <{BOBS}> {{ {ALL} }} }} }} }}",
    f"CONSTRUCT {{ {ALL} }} {{ GRAPH ?g {{ {ALL} }} }}",
    f"CONSTRUCT {{ ?g ?p ?o }} {{ GRAPH ?g {{ {ALL} }} }}",
    f"CONSTRUCT WHERE {{ {ALL} }}",
    f"DESCRIBE <{BOBS}/lab/secretBob_part/1> <{BOBS}/lab/lab_collection/1> <{BOBS}>",
    f"DESCRIBE ?o {{ {ALL} }}",
    f"DESCRIBE ?s {{ GRAPH ?g {{ {ALL} }} }}",
    f"ASK {{ GRAPH <{BOBS}> {{ {ALL} }} }}",
    'ASK { ?s ?p "secretBob part" }',
    # a dataset clause where the gate does not look for one, or that is hidden from it
    f"SELECT * {{ {ALL} }} #\nFROM <{PREFIX}public>",
    f"SELECT * #\rFROM <{BOBS}>\n{{ {ALL} }}",
    f"SELECT * {{ {ALL} FILTER(1<?b#>'''\n) }} FROM <{BOBS}> #'''\n}}",
    f"SELECT * FROM <{BOBS}> {{ {ALL} }}",
    f"SELECT * FROM <http://localhost:7777/\\u0075ser/bob> {{ {ALL} }}",
    f"SELECT * FROM <{PREFIX}user/alice/../bob> {{ {ALL} }}",
    f"SELECT * FROM <{PREFIX}user/%62ob> {{ {ALL} }}",
    f"SELECT * FROM NAMED <{BOBS}> {{ GRAPH ?g {{ {ALL} }} }}",
    f"SELECT * FROM <{PREFIX}public> FROM NAMED <{BOBS}> {{ GRAPH ?g {{ {ALL} }} }}",
    f"PREFIX u: <{PREFIX}user/> SELECT * FROM u:bob {{ {ALL} }}",
    f"PREFIX u: <{PREFIX}user/> PREFIX u: <{PREFIX}> SELECT * FROM u:user\\/bob {{ {ALL} }}",
    f"BASE <{PREFIX}> SELECT * FROM <user/bob> {{ {ALL} }}",
    f"ASK FROM <{BOBS}> {{ ?s <{TITLE}> 'secretBob part' }}",
    f"CONSTRUCT {{ {ALL} }} FROM <{BOBS}> {{ {ALL} }}",
    f"DESCRIBE ?s FROM <{BOBS}> {{ {ALL} }}",
    f"SELECT * {{ {{ SELECT * FROM <{BOBS}> {{ {ALL} }} }} }}",
    f"SELECT ?s FROM<{BOBS}>{{ {ALL} }}",
    f"SELECT DISTINCT*FROM NAMED<{BOBS}>FROM<{BOBS}>WHERE{{GRAPH?g{{ {ALL} }}}}",
    f"ASKFROM <{BOBS}> {{ {ALL} }}",
    f"INSERT {{ GRAPH <{PREFIX}public> {{ {ALL} }} }} WHERE {{ GRAPH <{BOBS}> {{ {ALL} }} }}",
]


@pytest.mark.parametrize("actor", [ANONYMOUS, ALICE], ids=["anonymous", "alice"])
@pytest.mark.parametrize("query", ATTEMPTS)
def test_nothing_of_bob_comes_back(hub: Hub, actor: Actor, query: str) -> None:
    for accept in ("text/csv, application/n-triples", "application/json"):
        try:
            found = answer(hub, actor, query, accept)
        except BadRequest as refusal:
            found = refusal.message
        assert SECRET not in found
        if query.startswith("ASK"):
            assert "true" not in found
            assert not re.search(rf"{BOBS}(?![/\w])", found)  # the graph's name


def test_the_same_attempts_show_bob_what_is_his(hub: Hub) -> None:
    seen = 0
    for query in ATTEMPTS:
        try:
            found = answer(hub, BOB, query, "text/csv, application/n-triples")
        except BadRequest:
            continue
        seen += SECRET in found or found == "true"
    assert seen > 35


@pytest.mark.parametrize("graph", [BOBS, f"{PREFIX}user/nobody", f"{PREFIX}user/bob@example.org", "http://e/"])
@pytest.mark.parametrize("actor", [ANONYMOUS, ALICE], ids=["anonymous", "alice"])
def test_parameter_that_names_a_foreign_graph_is_refused_whether_it_exists_or_not(
    hub: Hub, actor: Actor, graph: str
) -> None:
    for default, named in (([graph], []), ([], [graph]), ([f"{PREFIX}public"], [graph])):
        with pytest.raises(BadRequest, match=r"^Cannot access other users' graphs\.$"):
            answer(hub, actor, "SELECT * { GRAPH ?g { ?s ?p ?o } }", default=default, named=named)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * {SERVICE <http://127.0.0.1:9/> {?s ?p ?o}}",
        'SELECT * {?s ?p ?o FILTER(1<?b#>"""\n) SERVICE <http://127.0.0.1:9/> {?a ?b ?c} #"""\n}',
        "SELECT * {?s ?p ?o FILTER(1<?b)SERVICE?x#>\n{?a ?b ?c} }",
        "PREFIX : <http://127.0.0.1:9/> SELECT * {?s ?p ?o.SERVICE:x{}}",
        "SELECT * {{?s ?p ?o}SERVICESILENT<http://127.0.0.1:9/>{?a ?b ?c}}",
        "PREFIX a: <http://a/> SELECT * {?s ?p ?o FILTER(1<a:b#>'''\n) SERVICE <http://127.0.0.1:9/> {} #'''\n}",
    ],
)
def test_no_query_leaves_the_server(hub: Hub, query: str) -> None:
    """The engine reads SERVICE in each of these when it gets the text as it stands."""
    with pytest.raises(InvalidQuery, match=r"SERVICE is not allowed|syntax error"):
        answer(hub, ANONYMOUS, query)
