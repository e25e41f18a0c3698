"""Packing changes into steps, and steps on disk."""

from pathlib import Path

from synhub.model import ChangeSet, TopLevelChange
from synhub.rdf import Iri, Triple, iri_term, literal_term
from synhub.store import changes
from synhub.store.changes import pack, read_step, write_step

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
