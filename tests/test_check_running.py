"""The check of a running server: jobs that write meanwhile are no differences, and real differences are mended."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from live import PREFIX, Live, live

from synhub import check
from synhub.model import ChangeSet
from synhub.rdf import Iri, in_graph, iri_term, write_nquads
from synhub.vocab import RDF, SBOL2

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sbol2"
DEVICE = (FIXTURES / "device.xml").read_bytes()
GRAPH = Iri(PREFIX + "user/alice")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("check")) as running:
        running.user("alice")
        running.user("root", admin=True)
        assert running.submit("alice", DEVICE).text == "Successfully uploaded"
        yield running


class _LateStore:
    """The store of an instance; a job is done just before one of its methods is called for the first time."""

    def __init__(self, instance: Live, method: str, collection_id: str) -> None:
        self._instance, self._method, self._id = instance, method, collection_id

    def __getattr__(self, name: str) -> Any:
        if name == self._method:
            self._method = ""
            assert self._instance.submit("alice", DEVICE, {"id": self._id}).text == "Successfully uploaded"
        return getattr(self._instance.hub.store, name)


@pytest.mark.parametrize("method", ["graphs", "count"])
def test_a_job_between_two_readings_is_no_difference(instance: Live, method: str) -> None:
    def late(collection_id: str) -> Any:
        return _LateStore(instance, method, collection_id)

    seen = check.compare(late(f"{method}_1"), instance.hub.catalog)
    assert len(seen.differences) > 3 if method == "graphs" else seen.strays[GRAPH] > 10
    log = check.mend_catalog(replace(instance.hub, store=late(f"{method}_2")))
    assert log.splitlines()[1:] == ["0 mended, 0 problems"]


def update_index(instance: Live) -> list[str]:
    return instance.request("POST", "/admin/explorerUpdateIndex", "root").text.splitlines()[1:]


def test_what_really_differs_is_mended(instance: Live) -> None:
    catalog, top_level = instance.hub.catalog, Iri(f"{GRAPH}/lab/gfp_device/1")
    catalog.update({(GRAPH, top_level): []}, catalog.last_number)
    absent = Iri(f"{GRAPH}/lab/absent/1")
    subject = iri_term(absent)
    catalog.update({(GRAPH, absent): [(subject, iri_term(RDF.type), subject)]}, catalog.last_number)

    assert sorted(update_index(instance)) == [
        "2 mended, 0 problems",
        f"mended {absent}: is in the catalog but not in the store",
        f"mended {top_level}: is not in the catalog",
    ]
    assert update_index(instance) == ["0 mended, 0 problems"]


def test_triples_of_no_top_level_are_told(instance: Live) -> None:
    subject = iri_term(Iri(f"{GRAPH}/lab/nobody/1"))
    quad = write_nquads(in_graph([(subject, iri_term(RDF.type), iri_term(SBOL2.Sequence))], GRAPH))
    instance.hub.store.apply(ChangeSet(b"", quad))
    assert update_index(instance) == [
        f"PROBLEM {GRAPH}: 1 triples belong to no top level",
        "0 mended, 1 problems",
    ]
    instance.hub.store.apply(ChangeSet(quad, b""))
    assert update_index(instance) == ["0 mended, 0 problems"]


def test_nothing_is_mended_while_a_job_is_on_its_way(instance: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog, number = instance.hub.catalog, instance.hub.journal.last_number()
    top_level = Iri(f"{GRAPH}/lab/gfp_device/1")
    catalog.update({(GRAPH, top_level): []}, number - 1)
    monkeypatch.setattr(check, "_PATIENCE_S", 0.1)
    assert update_index(instance) == [
        f"PROBLEM {GRAPH}: 1 differences are not certain, jobs are running; check again",
        "0 mended, 1 problems",
    ]
    catalog.update({}, number)
    assert update_index(instance)[-1] == "1 mended, 0 problems"
