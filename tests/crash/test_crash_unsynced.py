"""A power cut: what the store and the catalog never synced is gone, and every answered submission is there."""

from pathlib import Path

import pytest
from crash_model import DONE, State, Submission, namespace, read_states
from crash_server import Client, Server, assert_clean
from crash_template import Template, lose_unsynced, make_template

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("template"))


SUBMISSIONS = [
    Submission(0, "fresh", "Fresh", {"p": "1", "q": "1"}),
    Submission(1, "base", "Base again", {"b": "2", "c": "2"}),
    Submission(3, "fresh", "", {"p": "3", "r": "3"}),
    Submission(2, "base", "", {"d": "4"}),
    Submission(1, "fresh", "Fresh again", {"z": "5"}),
]


@pytest.mark.parametrize("catalog", ["kept", "wal", "all"])
@pytest.mark.parametrize(
    ("flush_interval", "step_quads"), [("1000", "50000"), ("0.05", "50000"), ("1000", "1"), ("0.05", "1")]
)
def test_everything_answered_outlives_the_unsynced_files_of_the_store(
    tmp_path: Path, template: Template, flush_interval: str, step_quads: str, catalog: str
) -> None:
    data, model = template.copy(tmp_path)
    synced = tmp_path / "synced"
    synced.mkdir()
    more = {"SYNHUB_FLUSH_INTERVAL": flush_interval, "SYNHUB_STEP_QUADS": step_quads, "CRASH_SYNCED": str(synced)}
    with Server(data, more, launcher=True) as server:
        server.wait_ready()
        with Client(server.address, template.token) as client:
            for submission in SUBMISSIONS:
                model.begin(submission)
                model.end(submission, client.post("/submit", submission.fields(), submission.file()))
        assert server.remove(namespace("gone"))
        model.set("gone", None)
        model.set("shelf", State("Shelf", {"s": "old"}))
        server.kill()
    lose_unsynced(data, synced, catalog=catalog)

    with Server(data) as again:
        again.wait_ready().stop()

    assert_clean(data)
    model.settle(read_states(data))


@pytest.mark.parametrize("point", ["flush:after:2", "flushed:before:2", "flushed:after:2", "apply:after:3"])
def test_a_kill_around_a_flush_loses_nothing_without_the_unsynced_files(
    tmp_path: Path, template: Template, point: str
) -> None:
    data, model = template.copy(tmp_path)
    synced = tmp_path / "synced"
    synced.mkdir()
    more = {"SYNHUB_FLUSH_INTERVAL": "0.05", "CRASH_SYNCED": str(synced), "CRASH_POINT": point}
    with Server(data, more, launcher=True) as server:
        server.wait_ready()
        with Client(server.address, template.token) as client:
            for submission in SUBMISSIONS:
                model.begin(submission)
                answer = client.post("/submit", submission.fields(), submission.file())
                model.end(submission, answer)
                if answer != DONE:
                    break
        server.wait_killed()
    lose_unsynced(data, synced, catalog="wal")

    with Server(data) as again:
        again.wait_ready().stop()

    assert_clean(data)
    model.settle(read_states(data))
