"""Circles of references."""

from graphlib import CycleError, TopologicalSorter

from hypothesis import given
from hypothesis import strategies as st

from synhub.rdf import Iri, Term, iri_term
from synhub.sbol.rules.cycles import MAX_CYCLES, around, find_cycles


def node(number: int) -> Term:
    return iri_term(Iri(f"urn:{number:05}"))


GRAPHS = st.dictionaries(st.integers(0, 7).map(node), st.lists(st.integers(0, 7).map(node), max_size=4), max_size=8)


@given(GRAPHS)
def test_what_is_found_is_a_circle_and_is_found_once(edges: dict[Term, list[Term]]) -> None:
    found = list(find_cycles(edges))
    assert len(set(found)) == len(found)
    for cycle in found:
        assert cycle[0] == min(cycle)
        assert len(set(cycle)) == len(cycle)
        assert all(following in edges[one] for one, following in zip(cycle, (*cycle[1:], cycle[0]), strict=True))


@given(GRAPHS)
def test_nothing_is_found_exactly_where_nodes_can_be_put_in_order(edges: dict[Term, list[Term]]) -> None:
    try:
        TopologicalSorter(edges).prepare()
    except CycleError:
        assert list(find_cycles(edges))
    else:
        assert list(find_cycles(edges)) == []


def test_a_long_circle_is_found_without_recursion_and_is_shown_short() -> None:
    edges = {node(n): [node((n + 1) % 50_000)] for n in range(50_000)}
    (cycle,) = find_cycles(edges)
    assert len(cycle) == 50_000
    assert around(cycle) == "urn:00000 > urn:00001 > urn:00002 > urn:00003 > 49996 more > urn:00000"


def test_a_short_circle_is_shown_whole() -> None:
    assert around([node(1), node(2)]) == "urn:00001 > urn:00002 > urn:00001"


def test_no_more_than_a_hundred_circles_are_told() -> None:
    everybody = [node(n) for n in range(60)]
    assert len(list(find_cycles(dict.fromkeys(everybody, everybody)))) == MAX_CYCLES == 100
