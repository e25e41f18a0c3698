"""The query mix asked of a small instance on both sides: its routes, and its SPARQL endpoint as the other store."""

import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pyoxigraph
import pytest
from live import PREFIX, Live, live

from bench.compare import Disagreement, agree
from bench.generate import OWNER, Corpus, write_nquads
from bench.mix import MIX, Workload, load_mix

pytestmark = pytest.mark.slow

PARTS = 300


@dataclass(frozen=True)
class Asked:
    """One side, as it answers a user or anybody; it may answer wrongly."""

    instance: Live
    accept: str
    who: str | None = None
    spoil: Callable[[bytes], bytes] = bytes

    def get(self, path: str) -> bytes:
        answer = self.instance.get(path, self.who, headers={"Accept": self.accept})
        assert answer.status_code == 200, (path, answer.text)
        return self.spoil(answer.content)


@dataclass(frozen=True)
class Both:
    """The routes of an instance, its SPARQL endpoint as the other store, and the workloads for what it holds."""

    ours: Asked
    theirs: Asked
    mix: dict[str, Workload]

    def workload(self, name: str) -> Workload:
        """A workload with few of its operations: the instance is small, but not the number of variants."""
        workload = self.mix[name]
        return replace(workload, operations=workload.operations[:3], starts=workload.starts[:3])


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("bench")
    corpus = Corpus(PARTS, prefix=PREFIX)
    write_nquads(corpus, folder / "corpus.nq")
    (folder / "data").mkdir()
    store = pyoxigraph.Store(str(folder / "data" / "store"))
    store.bulk_load(path=str(folder / "corpus.nq"), format=pyoxigraph.RdfFormat.N_QUADS)
    del store
    with live(folder / "data") as instance:  # builds the catalog, since there is none
        instance.user(OWNER)
        mix = {workload.name: workload for workload in load_mix(corpus)}
        yield Both(Asked(instance, "*/*"), Asked(instance, "application/sparql-results+json"), mix)


NAMES = [workload["name"] for workload in tomllib.loads(MIX.read_text(encoding="utf-8"))["workload"]]


@pytest.mark.parametrize("name", NAMES)
def test_both_sides_answer_every_workload_alike(both: Both, name: str) -> None:
    workload = both.workload(name)
    # ad hoc queries are the same request on both sides
    ours = both.theirs if workload.kind == "table" else both.ours
    who = OWNER if workload.user else None
    agreed = agree(workload, replace(ours, who=who), replace(both.theirs, who=who))
    assert len(agreed) == len(workload.operations) > 0
    assert all(operation.ours and operation.theirs for operation in agreed)


def test_mix_has_the_workloads_that_were_promised(both: Both) -> None:
    assert len(both.mix) == 27
    searches = [workload for workload in both.mix.values() if workload.kind == "search"]
    assert all(len(w.operations[0].paths) == len(w.operations[0].queries) == 2 for w in searches)
    assert sum(workload.wanted.faster == 100 for workload in searches) == 7


def dropped_row(body: bytes) -> bytes:
    found = json.loads(body)
    found["results"]["bindings"] = found["results"]["bindings"][1:]
    return json.dumps(found).encode()


def other_value(body: bytes) -> bytes:
    """The first literal or number of every row is another one."""
    found = json.loads(body)
    for row in found["results"]["bindings"]:
        for cell in [cell for cell in row.values() if cell["type"] != "uri"][:1]:
            cell["value"] = "1" + cell["value"]
    return json.dumps(found).encode()


@pytest.mark.parametrize("spoil", [dropped_row, other_value])
@pytest.mark.parametrize(
    "name",
    [
        "object metadata",
        "rootCollections",
        "subCollections",
        "count by type",
        "search by facet, with count",
        "search by text, rare word, with count",
        "search for everything, with count",
        "sorted page of the large collection, with count",
        "facets of a role",
        "names with words that begin so",
        "/sbol of a composite",
        "/sbolnr of a composite",
        "SPARQL: roles of parts by status",
    ],
)
def test_a_missing_row_or_another_value_is_found_out(both: Both, name: str, spoil: Callable[[bytes], bytes]) -> None:
    workload = both.workload(name)
    ours = both.theirs if workload.kind == "table" else both.ours
    with pytest.raises(Disagreement):
        agree(workload, ours, replace(both.theirs, spoil=spoil))


def test_a_query_that_finds_nothing_anywhere_compares_nothing(both: Both) -> None:
    workload = both.workload("SPARQL: roles of parts by status")
    nothing = replace(both.theirs, spoil=lambda _: b'{"results":{"bindings":[]}}')
    with pytest.raises(Disagreement, match="nothing is compared"):
        agree(workload, nothing, nothing)
