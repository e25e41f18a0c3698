"""Packing changes into steps, and steps on disk."""

from pathlib import Path

import pytest

from synhub.errors import TooLarge
from synhub.model import ChangeSet, TopLevelChange
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.store import changes
from synhub.store.changes import pack, read_step, write_step
from synhub.store.embedded import EmbeddedStore

GRAPH = Iri("http://h/public")


def triples(name: str, count: int, text: str = "x") -> list[Triple]:
    me, predicate = iri_term(Iri(f"http://h/public/c/{name}/1")), iri_term(Iri("http://p/"))
    return [(me, predicate, literal_term(f"{text}{n}")) for n in range(count)]


def change(name: str, removes: list[Triple], adds: list[Triple]) -> TopLevelChange:
    return TopLevelChange(GRAPH, Iri(f"http://h/public/c/{name}/1"), removes, adds)


def test_steps_hold_whole_top_levels_up_to_the_limit() -> None:
    steps = list(pack([change(n, [], triples(n, 4)) for n in "abcde"], limit=10))

    assert [[top.split("/")[-2] for _, top in s.top_levels] for s in steps] == [["a", "b"], ["c", "d"], ["e"]]
    assert [s.adds.count(b"\n") for s in steps] == [8, 8, 4]


def test_a_larger_top_level_is_a_step_of_its_own() -> None:
    steps = list(pack([change("a", [], triples("a", 1)), change("b", [], triples("b", 30))], limit=10))

    assert [s.adds.count(b"\n") for s in steps] == [1, 30]


def test_long_texts_end_a_step_early() -> None:
    long = "g" * (changes.STEP_CHARACTERS // 2)

    steps = list(pack([change(n, [], triples(n, 1, long)) for n in "abc"], limit=10))

    assert [len(s.top_levels) for s in steps] == [1, 1, 1]


def test_what_is_removed_and_added_at_once_is_neither() -> None:
    old, new = triples("a", 3), triples("a", 4)

    (step,) = pack([change("a", old, new)], limit=10)

    assert step.removes == b""
    assert step.adds.decode() == f'{new[3][0]} {new[3][1]} "x3" <{GRAPH}> .\n'


def test_a_step_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    step = ChangeSet(b"removes", b"adds", ((GRAPH, Iri("http://h/public/c/a/1")),))

    write_step(tmp_path, 7, step)

    assert read_step(tmp_path, 7) == step


def test_the_longest_value_that_is_taken_is_one_that_the_engine_reads(tmp_path: Path) -> None:
    value = Term('"' + "g" * (changes.MOST_BYTES - 2) + '"')
    subject, predicate = (Term(f"<http://h/{name}{'x' * 2_000}>") for name in "sp")

    (step,) = pack([TopLevelChange(GRAPH, Iri("http://h/s"), [], [(subject, predicate, value)])], limit=10)

    store = EmbeddedStore(tmp_path / "store")
    store.apply(step)
    assert store.count(GRAPH) == 1
    store.close()


@pytest.mark.parametrize("text", ["g" * (changes.MOST_BYTES - 1), "é" * (changes.MOST_BYTES // 2)])
def test_a_value_that_the_engine_could_not_read_back_is_refused_in_the_plan(text: str) -> None:
    added = [(Term("<http://h/s>"), Term("<http://h/p>"), Term(f'"{text}"'))]

    with pytest.raises(TooLarge, match=r"http://h/p of http://h/s takes .*16000000 can be stored.*attach it as a file"):
        list(pack([TopLevelChange(GRAPH, Iri("http://h/s"), [], added)], limit=10))
