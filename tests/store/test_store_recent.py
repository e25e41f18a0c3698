"""What was read a moment ago is read again only when its graph has changed."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from synhub.model import ChangeSet
from synhub.rdf import Iri
from synhub.store import recent, top_levels
from synhub.store.embedded import EmbeddedStore
from synhub.store.recent import RecentTopLevels

GRAPH, OTHER = Iri("http://h/public"), Iri("http://h/user/a")
TOP = Iri("http://h/public/lab/p/1")


def quads(top: Iri, graph: Iri, *titles: str) -> bytes:
    lines = [f"<{top}> <http://wiki.synbiohub.org/wiki/Terms/synbiohub#topLevel> <{top}> <{graph}> ."]
    lines += [f'<{top}> <http://purl.org/dc/terms/title> "{title}" <{graph}> .' for title in titles]
    return "\n".join(lines).encode() + b"\n"


class Numbered:
    """A store whose graphs have numbers; None while one changes."""

    def __init__(self, store: EmbeddedStore) -> None:
        self.store = store
        self.numbers: dict[Iri, int | None] = {GRAPH: 1, OTHER: 1}
        self.recent = RecentTopLevels(store, self.settled)

    def settled(self, graphs: Sequence[Iri]) -> int | None:
        (graph,) = graphs
        return self.numbers[graph]

    def titles(self, top: Iri = TOP, graph: Iri = GRAPH) -> list[str]:
        found = self.recent.read(graph, [top]).get(top, [])
        return [o for _, p, o in found if p.endswith("title>")]

    def write_unseen(self, *titles: str) -> None:
        """Change the store without a step: what is kept must not notice."""
        self.store.apply(ChangeSet(b"", quads(TOP, GRAPH, *titles)))


@pytest.fixture
def numbered(tmp_path: Path) -> Iterator[Numbered]:
    store = EmbeddedStore(tmp_path / "store")
    store.apply(ChangeSet(b"", quads(TOP, GRAPH, "one")))
    yield Numbered(store)
    store.close()


def test_a_graph_without_a_new_step_is_not_read_again(numbered: Numbered) -> None:
    assert numbered.titles() == ['"one"']
    numbered.write_unseen("two")
    numbered.numbers[OTHER] = 2
    assert numbered.titles() == ['"one"']


def test_a_new_step_of_the_graph_is_seen(numbered: Numbered) -> None:
    numbered.titles()
    numbered.write_unseen("two")
    numbered.numbers[GRAPH] = 2
    assert numbered.titles() == ['"one"', '"two"']


def test_what_is_read_while_the_graph_changes_is_not_kept(numbered: Numbered) -> None:
    numbered.numbers[GRAPH] = None
    numbered.titles()
    numbered.write_unseen("two")
    numbered.numbers[GRAPH] = 2
    assert numbered.titles() == ['"one"', '"two"']


def test_a_step_during_the_read_is_not_missed(numbered: Numbered, monkeypatch: pytest.MonkeyPatch) -> None:
    read = top_levels.read_top_levels

    def read_and_write(*arguments: object) -> object:
        found = read(*arguments)  # type: ignore[arg-type]
        numbered.write_unseen("two")
        numbered.numbers[GRAPH] = 2
        return found

    with monkeypatch.context() as patch:
        patch.setattr(recent, "read_top_levels", read_and_write)
        assert numbered.titles() == ['"one"']
    assert numbered.titles() == ['"one"', '"two"']


def test_what_is_not_stored_is_asked_again(numbered: Numbered) -> None:
    absent = Iri("http://h/public/lab/q/1")
    assert numbered.recent.read(GRAPH, [absent]) == {}
    numbered.store.apply(ChangeSet(b"", quads(absent, GRAPH, "late")))
    assert numbered.titles(absent) == ['"late"']


def test_what_was_not_asked_for_lately_makes_room(numbered: Numbered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST_TRIPLES", 4)
    tops = [Iri(f"http://h/public/lab/r{n}/1") for n in range(3)]
    numbered.store.apply(ChangeSet(b"", b"".join(quads(top, GRAPH, "old") for top in tops)))
    for top in (tops[0], tops[1], tops[0], tops[2]):  # two triples each: the second goes
        numbered.titles(top)
    numbered.store.apply(ChangeSet(b"", b"".join(quads(top, GRAPH, "new") for top in tops)))
    assert [len(numbered.titles(top)) for top in (tops[0], tops[2], tops[1])] == [1, 1, 2]
