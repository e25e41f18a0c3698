"""Writing: changes add and remove, at once and again; every term comes back; what outlives closing."""

from pathlib import Path

import conformance_engines as engines
import pyoxigraph
import pytest
from conformance_engines import ALICE, BOB, NOBODY, PUBLIC, Engine, Open, P, Q, S, add, content, quads, triple
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synhub.errors import BadRequest, StoreUnavailable
from synhub.model import ChangeSet, Dataset
from synhub.rdf import Iri, Quad, Term, Triple, iri_term, literal_term, write_nquads
from synhub.sparql.render import Query
from synhub.store.base import TripleStore
from synhub.store.open import open_store
from synhub.vocab import XSD

pytestmark = pytest.mark.slow

engine, opener, store, three = engines.engine, engines.opener, engines.store, engines.three


def test_apply_adds_and_removes_at_once(store: TripleStore) -> None:
    add(store, PUBLIC, triple("old"), triple("kept"))

    store.apply(ChangeSet(quads(PUBLIC, triple("old")), quads(PUBLIC, triple("new"))))

    assert content(store, PUBLIC) == {triple("kept"), triple("new")}


def test_apply_removes_first_so_that_what_is_in_both_stays(store: TripleStore) -> None:
    add(store, PUBLIC, triple("a"))
    store.apply(ChangeSet(quads(PUBLIC, triple("a"), triple("b")), quads(PUBLIC, triple("a"))))
    assert content(store, PUBLIC) == {triple("a")}


@pytest.mark.parametrize(
    ("removes", "adds"),
    [
        ((), ("a", "b")),
        (("kept",), ()),
        (("kept", "absent"), ("new",)),
        (("new",), ("new",)),
        ((), ()),
        (("absent",), ()),
    ],
)
def test_applying_twice_is_the_same_as_once(
    store: TripleStore, removes: tuple[str, ...], adds: tuple[str, ...]
) -> None:
    add(store, PUBLIC, triple("kept"))
    change = ChangeSet(quads(PUBLIC, *map(triple, removes)), quads(PUBLIC, *map(triple, adds)))

    store.apply(change)
    once = content(store, PUBLIC)
    store.apply(change)

    assert content(store, PUBLIC) == once
    assert {o for _, _, o in once} == {literal_term(t) for t in ({"kept"} - set(removes)) | set(adds)}
    assert store.count(PUBLIC) == len(once)


def test_a_change_reaches_several_graphs_and_no_other(three: TripleStore) -> None:
    three.apply(
        ChangeSet(
            quads(ALICE, triple("alice")) + quads(PUBLIC, triple("bob")),
            quads(PUBLIC, triple("alice")) + quads(ALICE, triple("x")),
        )
    )
    assert content(three, PUBLIC) == {triple("public"), triple("alice")}
    assert content(three, ALICE) == {triple("x")}
    assert content(three, BOB) == {triple("bob")}


def test_one_triple_may_be_in_two_graphs(store: TripleStore) -> None:
    add(store, PUBLIC, triple("a"))
    add(store, ALICE, triple("a"))
    store.apply(ChangeSet(quads(ALICE, triple("a")), b""))
    assert (store.count(PUBLIC), store.count(ALICE)) == (1, 0)


def test_a_refused_change_changes_nothing(three: TripleStore) -> None:
    if not three.traits.atomic_updates:
        pytest.skip("the engine does not promise all or nothing")
    bad = b"<http://h/s> <http://h/p> <not an iri> <http://h/public> .\n"
    for change in (
        ChangeSet(b"", quads(PUBLIC, triple("new")) + bad),
        ChangeSet(quads(PUBLIC, triple("public")), quads(PUBLIC, triple("new")) + bad),
    ):
        with pytest.raises(Exception, match=r"(?i)\biri|refused"):
            three.apply(change)
        assert content(three, PUBLIC) == {triple("public")}


def test_many_quads_in_one_change(store: TripleStore) -> None:
    triples = [triple(str(n), s=Term(f"<http://h/s{n % 100}>")) for n in range(20_000)]
    add(store, PUBLIC, *triples)
    assert store.count(PUBLIC) == 20_000
    store.apply(ChangeSet(quads(PUBLIC, *triples[:19_999]), quads(PUBLIC, triple("one"))))
    assert content(store, PUBLIC) == {triples[19_999], triple("one")}


def test_count_is_of_one_graph(three: TripleStore) -> None:
    add(three, ALICE, triple("alice"), triple("two"))
    assert [three.count(graph) for graph in (PUBLIC, ALICE, BOB, NOBODY)] == [1, 2, 1, 0]


# --- terms

LITERALS = [
    literal_term(""),
    literal_term("plain"),
    literal_term("quote \" apostrophe ' backslash \\ $name ?name {brace} <angle>"),
    literal_term("tab\t newline\n return\r backspace\b feed\f"),
    literal_term("null\x00 bell\x07 delete\x7f next\x85 separator\u2028 bom\ufeff"),
    literal_term("é e\u0301 \U0001f9ec \U0010ffff \uffff"),
    literal_term("chat", language="fr"),
    literal_term("colour", language="en-gb"),
    literal_term("0042", XSD.integer),
    literal_term("42", XSD.integer),
    literal_term("4.20", Iri(f"{XSD.NS}decimal")),
    literal_term("1e3", Iri(f"{XSD.NS}double")),
    literal_term("true", Iri(f"{XSD.NS}boolean")),
    literal_term("2020-01-02T03:04:05Z", XSD.dateTime),
    literal_term("2020-01-02T03:04:05+02:00", XSD.dateTime),
    literal_term("not a number", XSD.integer),
    literal_term("123456789012345678901234567890", XSD.integer),
    literal_term("0.1", Iri(f"{XSD.NS}decimal")),
    literal_term("1.2345678901234567E-7", Iri(f"{XSD.NS}double")),
    literal_term("INF", Iri(f"{XSD.NS}double")),
    literal_term("1.1", Iri(f"{XSD.NS}float")),
    literal_term("2020-01-02T03:04:05", XSD.dateTime),
    literal_term("2020-01-02T03:04:05.678901Z", XSD.dateTime),
    literal_term("-0044-03-15T12:00:00Z", XSD.dateTime),
    literal_term("2020-02-31T00:00:00Z", XSD.dateTime),
    literal_term("2020-01-02", Iri(f"{XSD.NS}date")),
    literal_term("P1Y2M", Iri(f"{XSD.NS}duration")),
    literal_term("http://h/ a", Iri(f"{XSD.NS}anyURI")),
    literal_term("<a  b='1'/>", Iri("http://www.w3.org/1999/02/22-rdf-syntax-ns#XMLLiteral")),
    literal_term("POINT(1 2)", Iri("http://www.opengis.net/ont/geosparql#wktLiteral")),
    literal_term("trailing space ", XSD.dateTime),
    literal_term("http://h/s\ttab", Iri("http://h/type#one")),
    literal_term("made up", Iri("http://h/type#one")),
    literal_term("http://h/s"),
    Term("<http://h/é/\U0001f9ec?q=a&b#c>"),
    Term("<urn:uuid:00000000-0000-0000-0000-000000000000>"),
]


def normal(term: Term) -> Term:
    """The term as an engine may write it: literals of the numeric and date types in their own form."""
    store = pyoxigraph.Store()
    store.load(f"<x:s> <x:p> {term} .".encode(), format=pyoxigraph.RdfFormat.N_TRIPLES)
    return Term(str(next(iter(store)).object))


@pytest.mark.parametrize("term", LITERALS, ids=range(len(LITERALS)))
def test_term_comes_back_as_it_went_and_can_be_removed(store: TripleStore, term: Term) -> None:
    add(store, PUBLIC, (S, P, term))

    assert store.select(Query("SELECT ?o { ?s ?p ?o }"), Dataset((PUBLIC,))) == [(normal(term),)]
    assert store.construct(Query("CONSTRUCT WHERE { ?s ?p ?o }"), Dataset((PUBLIC,))) == [(S, P, normal(term))]
    add(store, PUBLIC, triple("other", p=Q))
    store.apply(ChangeSet(quads(PUBLIC, (S, P, normal(term))), quads(PUBLIC, triple("x", p=Q))))
    assert content(store, PUBLIC) == {triple("other", p=Q), triple("x", p=Q)}


def test_literals_that_differ_in_type_language_or_case_are_different(store: TripleStore) -> None:
    terms = [
        literal_term("1"), literal_term("1", XSD.integer), literal_term("1", language="en"), literal_term("1 "),
        literal_term("1", language="de"), literal_term("a"), literal_term("A"), literal_term("é"),
        literal_term("e\u0301"),
    ]  # fmt: skip
    add(store, PUBLIC, *((S, P, term) for term in terms))
    assert {o for _, _, o in content(store, PUBLIC)} == set(terms)


def test_literal_of_a_megabyte(store: TripleStore) -> None:
    large = triple("acgt" * 262_144)
    add(store, PUBLIC, large)
    assert content(store, PUBLIC) == {large}
    query = Query("SELECT (STRLEN(?o) AS ?n) { ?s ?p ?o }")
    assert store.select(query, Dataset((PUBLIC,))) == [(literal_term("1048576", XSD.integer),)]
    store.apply(ChangeSet(quads(PUBLIC, large), quads(PUBLIC, triple("small"))))
    assert content(store, PUBLIC) == {triple("small")}


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
objects = texts.map(literal_term) | st.sampled_from([normal(term) for term in LITERALS])
triples_of = st.frozensets(st.tuples(st.sampled_from([S, Q]), st.sampled_from([P, Q]), objects), max_size=8)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=triples_of, removes=triples_of, adds=triples_of)
def test_apply_is_set_arithmetic(
    store: TripleStore, before: frozenset[Triple], removes: frozenset[Triple], adds: frozenset[Triple]
) -> None:
    add(store, ALICE, *before)
    store.apply(ChangeSet(quads(ALICE, *removes), quads(ALICE, *adds)))

    assert content(store, ALICE) == (before - removes) | adds
    store.apply(ChangeSet(quads(ALICE, *content(store, ALICE)), b""))
    assert store.count(ALICE) == 0


# --- opening and closing


def test_data_are_there_again_after_closing_where_the_engine_keeps_them(engine: Engine, opener: Open) -> None:
    first = opener()
    quad: Quad = (*triple("a"), iri_term(PUBLIC))
    first.apply(ChangeSet(b"", write_nquads([quad])))
    first.close()

    second = opener()
    try:
        assert content(second, PUBLIC) == ({triple("a")} if engine.keeps else set())
    finally:
        second.close()


def test_a_second_opener_is_refused_or_has_its_own_store_or_shares_a_server(
    engine: Engine, opener: Open, store: TripleStore
) -> None:
    add(store, PUBLIC, triple("a"))
    if engine.is_shared:
        other = opener()
        assert content(other, PUBLIC) == {triple("a")}
        other.close()
    elif engine.keeps:
        with pytest.raises(StoreUnavailable):
            opener()
    else:
        other = opener()
        assert content(other, PUBLIC) == set()
        other.close()
    assert content(store, PUBLIC) == {triple("a")}


def test_memory_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary, data = tmp_path / "temporary", tmp_path / "data"
    temporary.mkdir()
    data.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    store = open_store("memory:", data)
    add(store, PUBLIC, triple("a"))
    assert list(temporary.iterdir()) != []

    store.close()

    assert list(temporary.iterdir()) == []
    assert list(data.iterdir()) == []


@pytest.mark.parametrize("of", ["<http://h/{}>", '"x"^^<http://h/{}>'])
@pytest.mark.parametrize("size", [1_000, 1_790, 3_000, 100_000])
def test_a_long_iri_is_kept_whole_or_refused_before_it_is_stored(store: TripleStore, of: str, size: int) -> None:
    term = Term(of.format("é" * (size // 2)))
    change = ChangeSet(b"", quads(PUBLIC, (S, P, term)))
    try:
        store.check(change)
    except BadRequest as error:
        assert size > 1_800 and "bytes" in error.message
        return
    store.apply(change)
    assert content(store, PUBLIC) == {(S, P, term)}


def test_a_text_between_brackets_is_not_taken_for_a_long_iri(store: TripleStore) -> None:
    change = ChangeSet(b"", quads(PUBLIC, triple(f"<{'a' * 5_000}>")))
    store.check(change)
    store.apply(change)
    assert content(store, PUBLIC) == {triple(f"<{'a' * 5_000}>")}
