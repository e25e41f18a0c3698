"""Sixty kills at random moments under a mixed load lose no answered submission and leave none in part."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from crash_model import Model, Submission, read_states, root
from crash_server import Client, Server, assert_clean
from crash_template import Template, choose_seed, make_template
from processes import wait_gone

pytestmark = pytest.mark.slow

KILLS = 60
WRITERS = 4
PARTS = [f"p{n}" for n in range(6)]
READS = [
    "/search/promoter",
    "/search/objectType=ComponentDefinition&",
    "/searchCount/objectType=ComponentDefinition&",
    "/rootCollections",
    root("base").removeprefix("http://crash.example") + "/sbol",
    root("gone").removeprefix("http://crash.example") + "/members",
]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("template"))


class Load:
    """Client threads that submit and read until the server is gone. A failure in a thread is raised by `join`."""

    def __init__(self, server: Server, token: str, model: Model, chance: random.Random, cycle: int) -> None:
        self.answers = 0
        self._address = server.address
        self._token = token
        self._model = model
        self._failures: list[BaseException] = []
        writers = [
            self._thread(self._write, random.Random(chance.random()), writer, cycle) for writer in range(WRITERS)
        ]
        readers = [self._thread(self._read, random.Random(chance.random())) for _ in range(2)]
        self._threads = [*writers, *readers]
        for thread in self._threads:
            thread.start()

    def _thread(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        def run() -> None:
            try:
                with Client(self._address, self._token) as client:
                    work(client, *arguments)
            except BaseException as error:
                self._failures.append(error)

        return threading.Thread(target=run)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(70)
            assert not thread.is_alive(), "a client waits for an answer of a dead server"
        if self._failures:
            raise self._failures[0]

    def _write(self, client: Client, chance: random.Random, writer: int, cycle: int) -> None:
        for count in range(1000):
            submission = self._choose(chance, writer, f"{cycle}_{count}")
            self._model.begin(submission)
            answer = client.post("/submit", submission.fields(), submission.file())
            self._model.end(submission, answer)
            if answer is None:
                return
            self.answers += 1

    def _choose(self, chance: random.Random, writer: int, word: str) -> Submission:
        """Make a submission to one of the writer's own collections; some of them must be refused."""
        collection = f"w{writer}_{chance.randrange(3)}"
        state = self._model.state(collection)
        mode = chance.choice((0, 1)) if state is None else chance.choice((0, 1, 2, 2, 3, 3))
        parts = dict.fromkeys(chance.sample(PARTS, chance.randint(1, 5)), word)
        if mode == 2 and state is not None and chance.random() < 0.8:
            parts = {i: state.parts.get(i, word) for i in parts}
        return Submission(mode, collection, f"named {word}", parts)

    def _read(self, client: Client, chance: random.Random) -> None:
        while True:
            path = chance.choice(READS)
            answer = client.get(path)
            if answer is None:
                return
            assert answer.status == 200, f"{path}: {answer}"


def settings(chance: random.Random) -> dict[str, str]:
    return {
        "SYNHUB_FLUSH_INTERVAL": chance.choice(["0.05", "0.3", "10"]),
        "SYNHUB_STEP_QUADS": chance.choice(["1", "40", "50000"]),
    }


def kill_while_starting(data: Path, chance: random.Random) -> None:
    with Server(data, settings(chance)) as starting:
        time.sleep(chance.uniform(0, 0.8))
        starting.kill()


def test_sixty_kills_at_random_moments_lose_nothing(tmp_path: Path, template: Template) -> None:
    seed = choose_seed()
    chance = random.Random(seed)
    data, model = template.copy(tmp_path)
    answers = 0
    for cycle in range(KILLS):
        with Server(data, settings(chance)) as server:
            server.wait_ready()
            load = Load(server, template.token, model, chance, cycle)
            time.sleep(chance.uniform(0.02, 1.0))
            children = server.children()
            server.kill()
            load.join()
        answers += load.answers
        assert wait_gone(children, 5) == [], "children outlive a killed server"
        if chance.random() < 0.2:
            kill_while_starting(data, chance)
        with Server(data, settings(chance)) as again:
            again.wait_ready().stop()
        assert_clean(data)
        model.settle(read_states(data))
    assert answers > KILLS, f"only {answers} submissions were answered between {KILLS} kills: no load"
