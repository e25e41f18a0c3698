"""The server kills itself at each state of a job, in each mode of submit, and loses nothing."""

from pathlib import Path

import pytest
from crash_model import DONE, Model, State, Submission, read_states
from crash_server import Answer, Client, Server, assert_clean
from crash_template import Template, make_template

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("template"))


MODES = {
    0: Submission(0, "fresh", "Fresh", {"p": "new", "q": "new", "r": "new"}),
    1: Submission(1, "base", "Base again", {"b": "new", "c": "new", "d": "new"}),
    2: Submission(2, "base", "ignored", {"a": "old", "d": "new", "e": "new"}),
    3: Submission(3, "base", "ignored", {"a": "new", "d": "new", "e": "new"}),
}
ONE_STEP = {"SYNHUB_FLUSH_INTERVAL": "0.2"}
MANY_STEPS = {"SYNHUB_STEP_QUADS": "1", "SYNHUB_FLUSH_INTERVAL": "0.2"}

BEFORE_THE_COMMIT = ["receive:before:1", "receive:after:1", "adopt:after:1", "planned:before:1"]
AFTER_IT = ["planned:after:1", "apply:after:1", "update:after:1", "done:after:1"]
ANSWERED = ["flush:after:1", "flushed:before:1", "flushed:after:1"]
BETWEEN_STEPS = [
    "begin_step:after:1",
    "begin_step:after:2",
    "apply:after:1",
    "apply:after:2",
    "apply:after:3",
    "update:before:1",
]


def submit_and_die(data: Path, token: str, submission: Submission, more: dict[str, str], point: str) -> Answer | None:
    with Server(data, more | {"CRASH_POINT": point}, launcher=True) as server:
        server.wait_ready()
        with Client(server.address, token) as client:
            answer = client.post("/submit", submission.fields(), submission.file())
        server.wait_killed()
    return answer


def assert_recovers(data: Path, model: Model) -> dict[str, State]:
    """Start, wait for the ready line, SIGTERM, check clean, nothing lost and nothing in part."""
    with Server(data) as again:
        again.wait_ready().stop()
    assert_clean(data)
    found = read_states(data)
    model.settle(found)
    return found


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("point", BEFORE_THE_COMMIT)
def test_a_job_killed_before_its_commit_point_never_happened(
    tmp_path: Path, template: Template, point: str, mode: int
) -> None:
    data, model = template.copy(tmp_path)
    before = model.state(MODES[mode].collection)

    answer = submit_and_die(data, template.token, MODES[mode], ONE_STEP, point)

    assert answer is None
    assert assert_recovers(data, model).get(MODES[mode].collection) == before


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("point", AFTER_IT)
def test_a_job_killed_after_its_commit_point_is_there_in_full(
    tmp_path: Path, template: Template, point: str, mode: int
) -> None:
    data, model = template.copy(tmp_path)
    model.begin(MODES[mode])
    after = MODES[mode].after(model.possible[MODES[mode].collection][0])

    answer = submit_and_die(data, template.token, MODES[mode], ONE_STEP, point)

    assert answer is None
    assert assert_recovers(data, model)[MODES[mode].collection] == after


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("point", BETWEEN_STEPS)
def test_a_job_killed_between_its_steps_is_there_in_full(
    tmp_path: Path, template: Template, point: str, mode: int
) -> None:
    data, model = template.copy(tmp_path)
    model.begin(MODES[mode])
    after = MODES[mode].after(model.possible[MODES[mode].collection][0])

    answer = submit_and_die(data, template.token, MODES[mode], MANY_STEPS, point)

    assert answer is None
    assert assert_recovers(data, model)[MODES[mode].collection] == after


@pytest.mark.parametrize("point", ANSWERED)
def test_an_answered_job_survives_a_kill_while_the_store_is_flushed(
    tmp_path: Path, template: Template, point: str
) -> None:
    data, model = template.copy(tmp_path)
    model.begin(MODES[3])

    answer = submit_and_die(data, template.token, MODES[3], ONE_STEP, point)

    model.end(MODES[3], answer)
    assert answer == DONE
    assert_recovers(data, model)


@pytest.mark.parametrize("point", ["write_step:after:1", "write_step:after:2", "planned:before:1"])
def test_half_written_change_sets_never_happened(tmp_path: Path, template: Template, point: str) -> None:
    data, model = template.copy(tmp_path)

    answer = submit_and_die(data, template.token, MODES[1], MANY_STEPS, point)

    assert answer is None
    assert_recovers(data, model)
    assert list((data / "jobs").iterdir()) == []


@pytest.mark.parametrize("point", ["apply:before:1", "apply:after:1", "update:after:1"])
def test_a_recovery_that_is_killed_is_recovered_from(tmp_path: Path, template: Template, point: str) -> None:
    data, model = template.copy(tmp_path)
    model.begin(MODES[1])
    assert submit_and_die(data, template.token, MODES[1], MANY_STEPS, "apply:after:2") is None

    for _ in range(2):
        with Server(data, {"CRASH_POINT": point}, launcher=True) as recovering:
            recovering.wait_killed()

    assert assert_recovers(data, model)["base"] == State("Base again", {"b": "new", "c": "new", "d": "new"})


@pytest.mark.parametrize("point", ["receive:after:1", "planned:after:1", "apply:after:1", "done:after:1"])
def test_repeating_an_unanswered_submission_gets_its_answer(tmp_path: Path, template: Template, point: str) -> None:
    data, model = template.copy(tmp_path)
    model.begin(MODES[0])
    assert submit_and_die(data, template.token, MODES[0], ONE_STEP, point) is None

    with Server(data) as again:
        again.wait_ready()
        with Client(again.address, template.token) as client:
            assert client.post("/submit", MODES[0].fields(), MODES[0].file()) == DONE
        again.stop()

    assert_clean(data)
    model.end(MODES[0], DONE)
    model.settle(read_states(data))
