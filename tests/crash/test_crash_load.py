"""Many clients at once, and an orderly stop under load."""

import sqlite3
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from crash_model import DONE, State, Submission, read_states
from crash_server import Answer, Client, Server, assert_clean, wait_until
from crash_template import BASE, Template, make_template
from processes import wait_gone

from synhub.store.writer import NOT_PLANNED, PLANNED

pytestmark = pytest.mark.slow

CLIENTS = 9


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("template"))


def timed(server: Server, token: str, submission: Submission) -> tuple[Answer | None, float]:
    with Client(server.address, token) as client:
        starts = time.monotonic()
        answer = client.post("/submit", submission.fields(), submission.file())
        return answer, time.monotonic() - starts


def all_at_once(server: Server, token: str, work: Sequence[Submission]) -> list[tuple[Answer | None, float]]:
    barrier = threading.Barrier(len(work))

    def run(submission: Submission) -> tuple[Answer | None, float]:
        barrier.wait()
        return timed(server, token, submission)

    with ThreadPoolExecutor(len(work)) as executor:
        return list(executor.map(run, work))


def fresh(prefix: str, parts: int) -> list[Submission]:
    names = {f"p{n}": "new" for n in range(parts)}
    return [Submission(0, f"{prefix}{n}", f"{prefix} {n}", names) for n in range(CLIENTS)]


def test_nine_clients_at_once_are_all_answered_and_none_waits_longer_than_its_turn(
    tmp_path: Path, template: Template
) -> None:
    data, model = template.copy(tmp_path)
    with Server(data) as server:
        server.wait_ready()
        timed(server, template.token, Submission(0, "warm", "Warm", {"p0": "new"}))
        one_by_one = [timed(server, template.token, s) for s in fresh("first", 60)]
        together = all_at_once(server, template.token, fresh("second", 60))
        server.stop()
    model.set("warm", State("Warm", {"p0": "new"}))
    for submission in (*fresh("first", 60), *fresh("second", 60)):
        model.set(submission.collection, submission.after(None))

    assert [answer for answer, _ in one_by_one + together] == [DONE] * 2 * CLIENTS
    # The last of nine has waited for eight others: as long as all take one after another, and never much longer.
    in_turn_s = sum(seconds for _, seconds in one_by_one)
    longest_s = max(seconds for _, seconds in together)
    print(f"one by one {in_turn_s:.2f} s, the longest of nine at once {longest_s:.2f} s")
    assert longest_s <= 1.5 * in_turn_s + 0.5
    assert_clean(data)
    model.settle(read_states(data))


def test_nine_merges_into_one_collection_lose_no_update(tmp_path: Path, template: Template) -> None:
    data, model = template.copy(tmp_path)
    merges = [Submission(2, "base", "", {f"n{n}": "new", "a": "old"}) for n in range(CLIENTS)]
    with Server(data) as server:
        server.wait_ready()
        answers = all_at_once(server, template.token, merges)
        server.stop()

    assert [answer for answer, _ in answers] == [DONE] * CLIENTS
    assert_clean(data)
    model.set("base", State("Base", BASE | {f"n{n}": "new" for n in range(CLIENTS)}))
    model.settle(read_states(data))


def test_a_small_submission_does_not_wait_for_the_end_of_a_long_one(tmp_path: Path, template: Template) -> None:
    data, _ = template.copy(tmp_path)
    long = Submission(0, "long", "Long", {f"p{n}": "new" for n in range(1500)})
    small = Submission(0, "small", "Small", {"p": "new"})
    with Server(data, {"SYNHUB_STEP_QUADS": "50"}) as server:
        server.wait_ready()
        with ThreadPoolExecutor(1) as executor:
            waiting = executor.submit(timed, server, template.token, long)
            wait_until(lambda: bool(list((data / "jobs").glob("*/5.manifest.json"))))
            answer, _ = timed(server, template.token, small)
            assert answer == DONE
            assert not waiting.done(), "the long submission had ended before the small one was answered"
            assert waiting.result()[0] == DONE
        server.stop()
    assert_clean(data)


def steps_taken(data: Path) -> int:
    """How many steps the newest job of the running server has taken."""
    with closing(sqlite3.connect(data / "synhub.sqlite", timeout=20)) as connection:
        row = connection.execute("SELECT next_step FROM job ORDER BY rowid DESC LIMIT 1").fetchone()
    return int(row[0]) if row else 0


def test_sigterm_answers_what_is_not_planned_and_keeps_what_is(tmp_path: Path, template: Template) -> None:
    """A long job is in its steps, others wait for their turn behind it in the same namespace."""
    data, model = template.copy(tmp_path)
    long = Submission(1, "base", "Long", {f"p{n}": "new" for n in range(1500)})
    waiting = [Submission(3, "base", "", {f"w{n}": "new"}) for n in range(4)]
    with Server(data, {"SYNHUB_STEP_QUADS": "50"}) as server:
        server.wait_ready()
        with ThreadPoolExecutor(1 + len(waiting)) as executor:
            first = executor.submit(timed, server, template.token, long)
            wait_until(lambda: steps_taken(data) > 2)
            others = [executor.submit(timed, server, template.token, s) for s in waiting]
            wait_until(lambda: len(list((data / "jobs").iterdir())) == 1 + len(waiting))
            time.sleep(0.3)
            children = server.children()
            starts = time.monotonic()
            server.terminate()
            server.wait_stopped()
            took_s = time.monotonic() - starts
            answers = [f.result()[0] for f in others]
            long_answer = first.result()[0]

    assert took_s < 20, "the server waits for more than its current step"
    assert wait_gone(children, 2) == []
    assert answers == [Answer(503, NOT_PLANNED)] * len(waiting)
    assert long_answer == Answer(503, PLANNED)
    with Server(data) as again:
        again.wait_ready().stop()
    assert_clean(data)
    model.set("base", long.after(None))
    model.settle(read_states(data))


def test_sigterm_under_load_ends_at_once_and_every_answer_is_true(tmp_path: Path, template: Template) -> None:
    data, model = template.copy(tmp_path)
    lock = threading.Lock()

    def run(server: Server, writer: int) -> int:
        """Submit until the server is gone; return how many were answered."""
        with Client(server.address, template.token) as client:
            for count in range(1000):
                submission = Submission(1, f"w{writer}", f"named {count}", {"p": str(count), "q": str(count)})
                with lock:
                    model.begin(submission)
                answer = client.post("/submit", submission.fields(), submission.file())
                if answer is None:
                    return count
                if answer.status == 503:
                    assert answer.text in (NOT_PLANNED, "the server is going down"), answer
                    with lock:
                        model.refused(submission)
                    return count
                with lock:
                    model.end(submission, answer)
        raise AssertionError("the server does not stop")

    with Server(data) as server:
        server.wait_ready()
        with ThreadPoolExecutor(6) as executor:
            counts = [executor.submit(run, server, writer) for writer in range(6)]
            time.sleep(1.5)
            children = server.children()
            server.stop()
            answered = sum(c.result() for c in counts)
    assert answered > 6
    assert wait_gone(children, 2) == []
    assert_clean(data)
    model.settle(read_states(data))


def test_children_of_a_killed_server_vanish(tmp_path: Path, template: Template) -> None:
    data, _ = template.copy(tmp_path)
    with Server(data) as server:
        server.wait_ready()
        all_at_once(server, template.token, fresh("many", 5))
        with Client(server.address, template.token) as client:
            client.get("/sparql?query=SELECT%20%2A%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D%20LIMIT%201")
        children = server.children()
        server.kill()
        assert len(children) >= 2
        assert wait_gone(children, 3) == []
