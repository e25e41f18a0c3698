"""A removal is committed by its rows: killed at any point, it never happened or nobody sees what it removed."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pyoxigraph
import pytest
from crash_model import GRAPH, State, namespace, read_states
from crash_server import Server, assert_clean
from crash_template import Template, make_template

from synhub.store.embedded import EmbeddedStore

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("template"))


SMALL_STEPS = {"SYNHUB_STEP_QUADS": "1"}
SHELF = State("Shelf", {"s": "old"})


def remove_and_die(data: Path, point: str) -> bool:
    with Server(data, SMALL_STEPS | {"CRASH_POINT": point}, launcher=True) as server:
        server.wait_ready()
        answered = server.remove(namespace("gone"))
        server.wait_killed()
    return answered


def wait_purged(data: Path) -> None:
    """Wait until the running server has finished every job."""
    ends = time.monotonic() + 20
    with closing(sqlite3.connect(data / "synhub.sqlite", timeout=20)) as connection:
        while connection.execute("SELECT count(*) FROM job WHERE state NOT IN ('done', 'failed')").fetchone() != (0,):
            assert time.monotonic() < ends, "the purge does not come to an end"
            time.sleep(0.02)


def quads(data: Path) -> int:
    store = EmbeddedStore(data / "store", read_only=True)
    try:
        return store.count(GRAPH)
    finally:
        store.close()


@pytest.mark.parametrize("point", ["planned_removal:before:1"])
def test_a_removal_killed_before_its_rows_never_happened(tmp_path: Path, template: Template, point: str) -> None:
    data, model = template.copy(tmp_path)
    before = quads(data)

    assert not remove_and_die(data, point)

    with Server(data) as again:
        again.wait_ready().stop()
    assert_clean(data)
    model.settle(read_states(data))
    assert quads(data) == before


@pytest.mark.parametrize(
    "point",
    [
        "planned_removal:after:1",
        "begin_step:before:1", "begin_step:after:1", "begin_step:after:3",
        "apply:after:1", "apply:after:3",
        "update:after:1", "update:after:2",
        "purged:after:1", "purged:after:2",
        "unhide:after:1",
        "done:before:1", "done:after:1",
    ],
)  # fmt: skip
def test_a_removal_killed_after_its_rows_is_complete_and_takes_nothing_else(
    tmp_path: Path, template: Template, point: str
) -> None:
    data, model = template.copy(tmp_path)

    remove_and_die(data, point)
    model.set("gone", None)
    model.set("shelf", SHELF)

    with Server(data, SMALL_STEPS) as again:
        again.wait_ready().stop()
    assert_clean(data)
    model.settle(read_states(data))

    with Server(data, SMALL_STEPS) as last:
        last.wait_ready()
        wait_purged(data)
        last.stop()
    assert_clean(data)
    model.settle(read_states(data))
    assert removed_is_gone(data)


def removed_is_gone(data: Path) -> bool:
    """Say whether no subject of the removed namespace is left in the store, hidden or not."""
    store = pyoxigraph.Store.read_only(str(data / "store"))
    return not any(namespace("gone") in str(quad) for quad in store)
