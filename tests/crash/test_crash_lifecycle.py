"""What happens to a design after it was submitted survives kills like a submission: all of it, or nothing.

Every operation is carried out once undisturbed; a killed one must leave the instance as before it or as after it.
"""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph
import pytest
from crash_model import namespace, root
from crash_server import PREFIX, Answer, Client, Server, assert_clean, wait_until
from crash_template import Template, lose_unsynced, make_template

pytestmark = pytest.mark.slow

ONE_STEP = {"SYNHUB_FLUSH_INTERVAL": "0.2"}
MANY_STEPS = {"SYNHUB_STEP_QUADS": "1", "SYNHUB_FLUSH_INTERVAL": "0.2"}
_INSTANT = re.compile(r'"\d{4}-\d\d-\d\dT[^"]*"(\^\^<[^>]*>)?')


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("template"))


@dataclass(frozen=True)
class Operation:
    """One request; `purges` when its effect is committed by hiding, and the quads go afterwards."""

    path: str
    fields: Mapping[str, str] = field(default_factory=dict)
    file: bytes | None = None
    purges: bool = False

    def send(self, client: Client) -> Answer | None:
        return client.post(self.path, self.fields, self.file)


def path_of(iri: str) -> str:
    return "/" + iri.removeprefix(PREFIX)


PUBLISH = {"tabState": "new", "id": "published", "version": "1", "name": "P", "description": "p", "citations": ""}
OPERATIONS = {
    "attach": Operation(path_of(namespace("base")) + "a/1/attach", {"id": "notes"}, b"bytes of a file\n" * 1000),
    "attachUrl": Operation(
        path_of(namespace("base")) + "a/1/attachUrl",
        {"url": "http://files.example/x", "name": "x", "type": "http://purl.org/NET/mediatypes/text/plain"},
    ),
    "makePublic a part": Operation(path_of(namespace("base")) + "a/1/makePublic", PUBLISH),
    "makePublic a collection": Operation(path_of(root("gone")) + "/makePublic", PUBLISH),
    "remove": Operation(path_of(namespace("gone")) + "g1/1/remove", purges=True),
    "removeCollection": Operation(path_of(root("base")) + "/removeCollection", purges=True),
    "removeMembership": Operation(path_of(root("shelf")) + "/removeMembership", {"member": f"{namespace('gone')}g2/1"}),
    "addToCollection": Operation(path_of(namespace("base")) + "a/1/addToCollection", {"collections": root("shelf")}),
}


@dataclass(frozen=True)
class State:
    """All that a reader of everything can find: quads without instants, and which bytes are behind attachments."""

    quads: frozenset[str]
    files: frozenset[tuple[str, str]]


def read_state(data: Path) -> State:
    """Read the stopped instance, less what is being removed and the links to it."""
    with closing(sqlite3.connect(data / "synhub.sqlite")) as connection:
        hidden = {top for (top,) in connection.execute("SELECT top_level FROM removal")}
        files = frozenset(connection.execute("SELECT iri, digest FROM attachment"))
    gone = tuple(beginning for top in hidden for beginning in (f"<{top}>", f"<{top.removesuffix('/1')}/"))
    quads = set()
    for quad in pyoxigraph.Store.read_only(str(data / "store")):
        is_gone = bool(gone) and (str(quad.subject).startswith(gone) or str(quad.object).startswith(gone))
        if not is_gone:
            quads.add(_INSTANT.sub('"then"', str(quad)))
    return State(frozenset(quads), files)


def carry_out(data: Path, token: str, operation: Operation, more: Mapping[str, str]) -> Answer | None:
    """Send the request to the instance, which may kill itself."""
    with Server(data, more, launcher=True) as server:
        server.wait_ready()
        with Client(server.address, token) as client:
            answer = operation.send(client)
        if "CRASH_POINT" in more:
            server.wait_killed()
        else:
            wait_until(lambda: open_jobs(data) == 0)
            server.stop()
    return answer


def open_jobs(data: Path) -> int:
    with closing(sqlite3.connect(data / "synhub.sqlite", timeout=20)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM job WHERE state NOT IN ('done', 'failed')").fetchone()
    return int(count)


def recover(data: Path, operation: Operation) -> list[State]:
    """Return the state right after the ready line; of a removal also when its purge has ended. All are checked."""
    found = []
    for waits in (False, True) if operation.purges else (False,):
        with Server(data, MANY_STEPS) as server:
            server.wait_ready()
            if waits:
                wait_until(lambda: open_jobs(data) == 0)
            server.stop()
        assert_clean(data)
        found.append(read_state(data))
    return found


@dataclass(frozen=True)
class Undisturbed:
    before: State
    after: dict[str, State]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, template: Template) -> Undisturbed:
    """What each operation does when nothing happens to it."""
    after = {}
    for name, operation in OPERATIONS.items():
        data, _ = template.copy(tmp_path_factory.mktemp("undisturbed"))
        answer = carry_out(data, template.token, operation, ONE_STEP)
        assert answer is not None and answer.status == 200 and answer.text.startswith("Success"), (name, answer)
        assert_clean(data)
        after[name] = read_state(data)
    before = read_state(template.data)
    assert before not in after.values()
    return Undisturbed(before, after)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("point", ["receive:after:1", "COMMIT:before:1"])
def test_an_operation_killed_before_its_commit_point_never_happened(
    tmp_path: Path, template: Template, undisturbed: Undisturbed, point: str, name: str
) -> None:
    data, _ = template.copy(tmp_path)
    operation = OPERATIONS[name]
    at = point.replace("COMMIT", "planned_removal" if operation.purges else "planned")

    assert carry_out(data, template.token, operation, ONE_STEP | {"CRASH_POINT": at}) is None

    assert set(recover(data, operation)) == {undisturbed.before}


POINTS = ["planned:after:1", "apply:before:1", "apply:after:1", "done:before:1"]
PURGE_POINTS = ["planned_removal:after:1", "apply:before:1", "apply:after:1", "purged:after:1", "done:before:1"]


@pytest.mark.parametrize(
    ("name", "point"),
    [(name, point) for name, o in OPERATIONS.items() for point in (PURGE_POINTS if o.purges else POINTS)],
)
def test_an_operation_killed_after_its_commit_point_is_there_in_full(
    tmp_path: Path, template: Template, undisturbed: Undisturbed, name: str, point: str
) -> None:
    data, _ = template.copy(tmp_path)

    carry_out(data, template.token, OPERATIONS[name], ONE_STEP | {"CRASH_POINT": point})

    assert set(recover(data, OPERATIONS[name])) == {undisturbed.after[name]}


@pytest.mark.parametrize("point", ["begin_step:after:2", "apply:after:2", "apply:after:4", "update:before:1"])
@pytest.mark.parametrize("name", ["makePublic a collection"])
def test_a_publication_killed_between_its_steps_is_there_in_full(
    tmp_path: Path, template: Template, undisturbed: Undisturbed, name: str, point: str
) -> None:
    data, _ = template.copy(tmp_path)

    assert carry_out(data, template.token, OPERATIONS[name], MANY_STEPS | {"CRASH_POINT": point}) is None

    assert set(recover(data, OPERATIONS[name])) == {undisturbed.after[name]}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_answered_operation_outlives_the_unsynced_files_of_the_store(
    tmp_path: Path, template: Template, undisturbed: Undisturbed, name: str
) -> None:
    data, _ = template.copy(tmp_path)
    synced = tmp_path / "synced"
    synced.mkdir()
    more = {"SYNHUB_FLUSH_INTERVAL": "1000", "SYNHUB_STEP_QUADS": "1", "CRASH_SYNCED": str(synced)}
    with Server(data, more, launcher=True) as server:
        server.wait_ready()
        with Client(server.address, template.token) as client:
            answer = OPERATIONS[name].send(client)
        server.kill()
    assert answer is not None and answer.status == 200
    lose_unsynced(data, synced, catalog="wal")

    assert set(recover(data, OPERATIONS[name])) == {undisturbed.after[name]}
