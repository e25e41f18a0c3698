"""Other processes answer questions to the catalog as this one does, and what happens when they do not."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from synhub import relations
from synhub.app import open_hub
from synhub.errors import BadRequest
from synhub.hub import Hub
from synhub.identity import Registry
from synhub.model import Dataset, Removed
from synhub.rdf import Iri, Triple, iri_term, literal_term
from synhub.search import service
from synhub.search.ast import RELEVANCE
from synhub.search.facets import facets
from synhub.search.grammar import parse_search_path
from synhub.search.plan import needs_store
from synhub.search.rows import rows_json
from synhub.settings import load_settings
from synhub.store.child_process import ChildDied
from synhub.store.readers import Reader, Readers
from synhub.vocab import DCTERMS, RDF, SBH, SBOL2

REGISTRY = Registry("http://x/")
PUBLIC, ALICE = REGISTRY.public_graph, REGISTRY.user_graph("alice")
READERS = (Dataset((PUBLIC,)), Dataset((PUBLIC, ALICE)), Dataset((ALICE,)))
PATHS = ("*", "gfp", "objectType=ComponentDefinition&gfp", "role=<http://x/promoter>&", "latest=1&")


def part(graph: Iri, n: int) -> dict[Removed, list[Triple]]:
    iri = Iri(f"{graph}/lab/part{n}/1")
    me = iri_term(iri)
    said = [
        (me, iri_term(RDF.type), iri_term(SBOL2.ComponentDefinition)),
        (me, iri_term(SBH.topLevel), me),
        (me, iri_term(SBOL2.displayId), literal_term(f"part{n}")),
        (me, iri_term(DCTERMS.title), literal_term("GFP \u03b2" if n % 3 else "RFP")),
    ]
    if n % 2:
        said.append((me, iri_term(SBOL2.role), iri_term(Iri("http://x/promoter"))))
    return {(graph, iri): said}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with open_hub(load_settings({}, data=tmp_path, uri_prefix=REGISTRY.prefix), start=False) as hub:
        for n in range(12):
            hub.catalog.update(part(PUBLIC, n) | part(ALICE, 100 + n), 0)
        yield hub


def taken(readers: Readers) -> Reader:
    """Return one as soon as one is there."""
    ends = time.monotonic() + 60
    while (reader := readers.take()) is None:
        assert time.monotonic() < ends
        time.sleep(0.01)
    return reader


def compare(hub: Hub, dataset: Dataset) -> None:
    """Ask everything here and there."""
    reader = taken(hub.readers)
    for path in PATHS:
        query = parse_search_path(path)
        assert not needs_store(query)
        given = (hub.catalog, hub.store, dataset, query)
        for call in (
            partial(rows_json, *given, 0, 5, RELEVANCE),
            partial(service.search, *given, 3, 4),
            partial(service.count, *given),
            partial(facets, *given, 5),
        ):
            reader.ask(hub.readers.question(call.func, call.args))
            assert reader.wait() == call()
    reader.ask(hub.readers.question(relations.complete, (hub.catalog, dataset, "par", 9)))
    assert reader.wait() == relations.complete(hub.catalog, dataset, "par", 9) != []
    hub.readers.give_back(reader)


def test_answers_are_those_of_this_process(hub: Hub) -> None:
    assert hub.readers.pids() == []
    for dataset in READERS:
        compare(hub, dataset)
    assert len(hub.readers.pids()) == 1


def test_what_is_hidden_is_in_no_answer(hub: Hub) -> None:
    told, untold = (PUBLIC, Iri(f"{PUBLIC}/lab/part1/1")), (PUBLIC, Iri(f"{PUBLIC}/lab/part2/1"))
    before = service.count(hub.catalog, hub.store, Dataset((PUBLIC,)), parse_search_path("*"))
    compare(hub, READERS[0])  # the other process has the catalog open before anything is hidden
    hub.catalog.hide([told])
    seen = Dataset((PUBLIC,), (), frozenset({told, untold}))
    compare(hub, seen)
    reader = taken(hub.readers)
    reader.ask(hub.readers.question(service.count, (hub.catalog, hub.store, seen, parse_search_path("*"))))
    assert reader.wait() == before - 2
    hub.readers.give_back(reader)


def test_what_is_written_is_in_the_next_answer(hub: Hub) -> None:
    reader = taken(hub.readers)
    for n in range(200, 204):
        hub.catalog.update(part(PUBLIC, n), 0)
        query = parse_search_path(f"part{n}")
        reader.ask(hub.readers.question(service.count, (hub.catalog, hub.store, READERS[0], query)))
        assert reader.wait() == 1
    hub.readers.give_back(reader)


def test_errors_are_those_of_this_process_and_it_goes_on(hub: Hub) -> None:
    reader = taken(hub.readers)
    for _ in range(2):
        reader.ask(hub.readers.question(relations.complete, (hub.catalog, READERS[0], "par", 51)))
        with pytest.raises(BadRequest, match="limit=51 is not served"):
            reader.wait()
    hub.readers.give_back(reader)
    assert hub.readers.take() is reader
    hub.readers.give_back(reader)


def test_one_that_died_or_owes_an_answer_is_replaced(hub: Hub) -> None:
    first = taken(hub.readers)
    assert hub.readers.take() is None
    first.process.process.kill()
    with pytest.raises(ChildDied):
        first.ask(hub.readers.question(service.count, (hub.catalog, hub.store, READERS[0], parse_search_path("*"))))
        first.wait()
    hub.readers.give_back(first)
    assert hub.readers.pids() == []
    second = taken(hub.readers)
    second.ask(hub.readers.question(service.count, (hub.catalog, hub.store, READERS[0], parse_search_path("*"))))
    hub.readers.give_back(second)  # whoever asked is gone
    assert hub.readers.pids() == []
    third = taken(hub.readers)
    assert third.process.process.pid not in (first.process.process.pid, second.process.process.pid)
    hub.readers.give_back(third)


def test_none_is_left_when_it_is_closed(hub: Hub) -> None:
    reader = taken(hub.readers)
    hub.readers.close()
    assert hub.readers.take() is None
    with pytest.raises(ChildDied):
        reader.wait()
    hub.readers.give_back(reader)
    assert reader.process.process.returncode is not None
