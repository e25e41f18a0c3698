import random

import pyoxigraph
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.errors import InvalidDesign, TooLarge
from synhub.rdf import Term, Triple, write_ntriples
from synhub.sbol.blank_nodes import MAX_BLANK_NODES, is_skolem, skolemise, unskolemise

OWNER, OTHER = Term("<http://x/a/1>"), Term("<http://x/b/1>")
P, Q = Term("<http://x/p>"), Term("<http://x/q>")


def b(label: object) -> Term:
    return Term(f"_:{label}")


def text(value: object) -> Term:
    return Term(f'"{value}"')


def same_graph(left: list[Triple], right: list[Triple]) -> bool:
    graphs = []
    for triples in (left, right):
        graph = pyoxigraph.Dataset(pyoxigraph.parse(write_ntriples(triples), format=pyoxigraph.RdfFormat.N_TRIPLES))
        graph.canonicalize(pyoxigraph.CanonicalizationAlgorithm.UNSTABLE)
        graphs.append(graph)
    return graphs[0] == graphs[1]


NODES = 6
owners = st.sampled_from([OWNER, OTHER])
values = st.sampled_from([text("v"), text("w"), OWNER, OTHER, Term("<http://y/z>")])
predicates = st.sampled_from([P, Q])


@st.composite
def forests(draw: st.DrawFn) -> list[Triple]:
    """Trees of blank nodes below two objects: any node hangs on an object or on a node with a smaller number."""
    triples: list[Triple] = [(OWNER, P, text("o"))]
    for number in range(draw(st.integers(1, NODES))):
        above = draw(st.one_of(owners, st.integers(0, number - 1).map(b) if number else owners))
        triples.append((above, draw(predicates), b(number)))
        triples += [(b(number), draw(predicates), value) for value in draw(st.lists(values, max_size=2))]
    return list(dict.fromkeys(triples))


@st.composite
def tangles(draw: st.DrawFn) -> list[Triple]:
    """Any graph on some blank nodes, each reached from an object."""
    nodes = [b(number) for number in range(draw(st.integers(1, NODES)))]
    triples: list[Triple] = [(draw(owners), draw(predicates), node) for node in nodes]
    anything = st.one_of(values, st.sampled_from(nodes))
    triples += draw(st.lists(st.tuples(st.sampled_from(nodes), predicates, anything), max_size=12))
    return list(dict.fromkeys(triples))


@given(forests(), st.randoms(use_true_random=False))
def test_shuffled_and_renamed_blank_nodes_get_the_same_iris(triples: list[Triple], chance: random.Random) -> None:
    labels = [b(f"z{number}") for number in range(NODES)]
    chance.shuffle(labels)
    names = {b(number): label for number, label in enumerate(labels)}
    renamed: list[Triple] = [(names.get(s, s), p, names.get(o, o)) for s, p, o in triples]
    chance.shuffle(renamed)
    assert set(skolemise(renamed)) == set(skolemise(triples))


@given(st.one_of(forests(), tangles()))
def test_blank_nodes_come_back_as_they_were(triples: list[Triple]) -> None:
    skolemised = skolemise(triples)
    assert not any(term.startswith("_:") for triple in skolemised for term in triple)
    assert len(set(skolemised)) == len(triples)
    assert same_graph(unskolemise(skolemised), triples)


@given(forests())
def test_the_way_out_and_in_again_gives_the_same_iris(triples: list[Triple]) -> None:
    skolemised = skolemise(triples)
    assert set(skolemise(unskolemise(skolemised))) == set(skolemised)


@given(forests())
def test_a_new_prefix_keeps_the_hashes(triples: list[Triple]) -> None:
    def moved(term: Term) -> Term:
        return Term(
            term.replace("<http://x/a", "<http://new.example/user/bob/lab/a").replace(
                "<http://x/b", "<http://new.example/user/bob/lab/b"
            )
        )

    document = [*triples, (OTHER, P, text("o"))]  # both objects are of the document
    elsewhere = [(moved(s), p, moved(o)) for s, p, o in document]
    assert {(moved(s), p, moved(o)) for s, p, o in skolemise(document)} == set(skolemise(elsewhere))


def test_the_iri_lies_below_the_owner_of_the_outermost_node() -> None:
    skolemised = skolemise([(OWNER, P, b(1)), (b(1), P, b(2)), (b(2), P, text("x"))])
    outer, inner = skolemised[0][2], skolemised[1][2]
    assert outer.startswith("<http://x/a/1/.bnode/")
    assert inner.startswith("<http://x/a/1/.bnode/")
    assert outer != inner
    assert inner.count("/.bnode/") == 1
    assert is_skolem(outer)
    assert not is_skolem(OWNER)


def test_equal_nodes_stay_apart() -> None:
    skolemised = skolemise([(OWNER, P, b(1)), (OWNER, P, b(2)), (b(1), P, text("x")), (b(2), P, text("x"))])
    first, second = skolemised[0][2], skolemised[1][2]
    assert second == Term(first[:-1] + "-2>")


def test_stamps_of_the_server_do_not_change_the_hash() -> None:
    triples = [(OWNER, P, b(1)), (b(1), P, text("x"))]
    stamp = Term("<http://wiki.synbiohub.org/wiki/Terms/synbiohub#topLevel>")
    assert skolemise(triples)[0] == skolemise([*triples, (b(1), stamp, OWNER)])[0]


def test_a_list_of_thousands_is_named_quickly_and_apart() -> None:
    size = 5_000
    triples = [(OWNER, P, b(0)), *((b(i), Q, b(i + 1)) for i in range(size - 1)), (b(size - 1), Q, text("end"))]
    assert len({o for _, _, o in skolemise(triples)}) == size + 1


def test_a_document_without_blank_nodes_is_returned_as_it_is() -> None:
    assert skolemise([(OWNER, P, OTHER)]) == [(OWNER, P, OTHER)]


def test_a_node_that_no_iri_reaches_is_rule_10201() -> None:
    with pytest.raises(InvalidDesign) as error:
        skolemise([(OWNER, P, text("x")), (b(1), P, b(2)), (b(2), Q, b(1))])
    assert error.value.findings[0]["rule"] == "sbol-10201"
    assert "2 node(s)" in error.value.message


def test_too_many_blank_nodes_are_refused_with_the_limit() -> None:
    with pytest.raises(TooLarge, match="10000 are allowed"):
        skolemise((OWNER, P, b(number)) for number in range(MAX_BLANK_NODES + 1))
