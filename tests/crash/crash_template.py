"""What the crash tests begin with: a data folder with a user and three collections, to be copied; and the seed."""

import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from crash_model import DONE, Model, State, Submission, namespace, read_states
from crash_server import PASSWORD, PREFIX, USER, Client, Server, assert_clean, run_command

BASE = {"a": "old", "b": "old", "c": "old"}
GONE = {f"g{n}": "old" for n in range(6)}


@dataclass(frozen=True)
class Template:
    """A stopped instance that holds `base`, `gone` and `shelf`, which has the parts of `gone` as members too."""

    data: Path
    token: str

    def copy(self, target: Path) -> tuple[Path, Model]:
        """Return a copy of the data folder and the model of what is in it."""
        model = Model()
        model.set("base", State("Base", BASE))
        model.set("gone", State("Gone", GONE))
        model.set("shelf", State("Shelf", {"s": "old"}, frozenset(f"{namespace('gone')}{g}/1" for g in GONE)))
        target.mkdir(exist_ok=True)
        shutil.copytree(self.data, target / "data")
        return target / "data", model


def make_template(folder: Path) -> Template:
    """Make the instance in `folder`, and prove that it is what the model says."""
    data = folder / "data"
    with Server(data, options=("--uri-prefix", PREFIX)) as server:
        server.wait_ready()
        added = run_command(
            "user", "add", USER, "--email", f"{USER}@crash.example", "--password-stdin", "--data", str(data),
            text=PASSWORD,
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        with Client(server.address) as nobody:
            token = nobody.log_in()
        with Client(server.address, token) as client:
            for collection, parts, choices in (
                ("base", BASE, ()), ("shelf", {"s": "old"}, ()), ("gone", GONE, ("shelf",)),
            ):  # fmt: skip
                first = Submission(0, collection, collection.title(), parts, choices)
                assert client.post("/submit", first.fields(), first.file()) == DONE
        server.stop()
    assert_clean(data)
    made = Template(data, token)
    _, model = made.copy(folder / "copied")
    model.settle(read_states(data))
    return made


def lose_unsynced(data: Path, synced: Path, *, catalog: str) -> None:
    """Put the store back to what its last flush left behind; drop what SQLite never checkpointed of the catalog."""
    newest = max((p for p in synced.iterdir() if p.name.isdigit()), key=lambda p: int(p.name))
    shutil.rmtree(data / "store")
    shutil.copytree(newest, data / "store")
    for name in {"kept": (), "wal": ("-wal", "-shm"), "all": ("", "-wal", "-shm")}[catalog]:
        (data / f"catalog.sqlite{name}").unlink(missing_ok=True)


def choose_seed() -> int:
    """$SYNHUB_TEST_SEED or a new one; printed, so that a failure shows it."""
    chosen = int(os.environ.get("SYNHUB_TEST_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"SYNHUB_TEST_SEED={chosen}")
    return chosen
