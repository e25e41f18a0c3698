"""What is backed up comes back: from a running server, under load, in the middle of things; and nothing half comes."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from backup_instance import DEVICE, answers, fill, hold_writer, parts, start_removal
from live import PASSWORD, PREFIX, Live, live

from synhub import backup, backup_requests
from synhub.__main__ import main
from synhub.app import open_hub
from synhub.errors import BadRequest, Stopping
from synhub.settings import load_settings
from synhub.store import writer
from synhub.store.backups import Backups
from synhub.store.blobs import ORPHAN_AGE_S, Blobs
from synhub.store.data_folder import hold
from synhub.store.database import Database

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


def quiet(_: str) -> None:
    pass


def restored(copy: Path, data: Path) -> Path:
    assert main(["restore", str(copy), "--data", str(data)]) == 0
    return data


def assert_clean(data: Path) -> None:
    assert main(["check", "--data", str(data)]) == 0


def run_backup(data: Path, target: Path) -> "subprocess.CompletedProcess[str]":
    """The command as a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SYNHUB_")}
    return subprocess.run(
        [sys.executable, "-m", "synhub", "backup", str(target), "--data", str(data)],
        capture_output=True, text=True, cwd=ROOT, env=environment, timeout=60, check=False,
    )  # fmt: skip


def jobs_in(copy: Path, condition: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(copy / "synhub.sqlite")) as sql:
        return sql.execute(f"SELECT id, state, next_step, steps FROM job WHERE {condition}").fetchall()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with something of everything, at rest; for tests that copy it."""
    data = tmp_path_factory.mktemp("filled") / "data"
    with live(data) as hub:
        fill(hub)
    return data


@pytest.fixture
def data(filled: Path, tmp_path: Path) -> Path:
    shutil.copytree(filled, tmp_path / "data")
    return tmp_path / "data"


# --- everything comes back --------------------------------------------------------------------------------------------


def test_restored_instance_answers_everything_as_the_one_that_was_backed_up(tmp_path: Path) -> None:
    """Taken by the running server while another user submits without a pause."""
    copy = tmp_path / "copy"
    with live(tmp_path / "data") as hub:
        fill(hub)
        hub.user("busy")
        expected = answers(hub)
        assert len(expected) > 300
        stop = threading.Event()
        sent: list[tuple[str, int]] = []

        def submit() -> None:
            while not stop.is_set():
                name = f"c{len(sent)}"
                document = DEVICE + f"<!-- {name} -->".encode()
                sent.append((name, hub.submit("busy", document, {"id": name}).status_code))

        busy = threading.Thread(target=submit)
        busy.start()
        while len(sent) < 3:
            time.sleep(0.01)
        before = len(sent)
        done = run_backup(tmp_path / "data", copy)
        stop.set()
        busy.join()
        tokens = dict(hub.tokens)
        collections = {n: hub.get(f"/user/busy/{n}/{n}_collection/1/sbol", "busy").content for n, _ in sent}
    assert (done.returncode, done.stdout.startswith(f"{copy}: 3 graphs with ")) == (0, True), done.stderr
    assert {status for _, status in sent} == {200}

    data = restored(copy, tmp_path / "again")

    assert_clean(data)
    with live(data) as hub:
        hub.tokens.update(tokens)
        assert answers(hub) == expected
        for who in ("alice", "bob", "busy"):
            login = hub.request("POST", "/login", data={"email": f"{who}@example.org", "password": PASSWORD})
            assert login.status_code == 200
        found = {n: hub.get(f"/user/busy/{n}/{n}_collection/1/sbol", "busy") for n, _ in sent}
        there = [name for name, answer in found.items() if answer.status_code == 200]
        assert there == [name for name, _ in sent[: len(there)]]
        assert len(there) >= before
        assert all(found[name].content == collections[name] for name in there)
        assert hub.submit("alice", DEVICE, {"id": "after"}).status_code == 200
    assert_clean(data)


def test_backup_without_a_server_is_made_by_the_command_itself(data: Path, tmp_path: Path) -> None:
    done = run_backup(data, tmp_path / "copy")

    assert done.returncode == 0, done.stderr
    again = restored(tmp_path / "copy", tmp_path / "again")
    assert_clean(again)
    with live(data) as old, live(again) as new:
        for hub in (old, new):  # tokens of the filled instance are not known here
            for who in ("alice", "bob", "root"):
                user = hub.hub.accounts.find_by_login(who)
                assert user is not None
                hub.tokens[who] = hub.hub.accounts.create_token(user)
        assert answers(new, (None, "alice")) == answers(old, (None, "alice"))


def test_backup_of_a_fresh_instance_comes_back(tmp_path: Path) -> None:
    with live(tmp_path / "data") as hub:
        hub.user("alice")
        backup.take(hub.hub, tmp_path / "copy", quiet)

    data = restored(tmp_path / "copy", tmp_path / "again")
    with live(data) as hub:
        assert [user.username for user in hub.hub.accounts.list_users()] == ["alice"]


def test_sequence_half_way_is_ended_by_the_restored_instance(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with live(tmp_path / "data", step_quads=20) as hub:
        hub.user("alice")
        reached = hold_writer(hub, 4)
        sending = threading.Thread(target=hub.submit, args=("alice", parts(16)))
        sending.start()
        assert reached.wait(20)
        backup.take(hub.hub, copy, quiet)
        sending.join()
        vars(hub.hub.store).pop("apply")
        expected = answers(hub, (None, "alice"))

    [(job_id, state, next_step, steps)] = jobs_in(copy, "state = 'planned'")
    assert (state, next_step) == ("planned", 4)
    assert steps > 6
    assert len(list((copy / "jobs" / job_id).glob("*.adds.nq"))) == steps
    data = restored(copy, tmp_path / "again")
    assert_clean(data)
    with live(data) as hub_again:
        hub_again.tokens.update(hub.tokens)
        found = answers(hub_again, (None, "alice"))
        changing = {("alice", f"/jobs/{job_id}")}  # says when it was changed last
        assert {k: v for k, v in found.items() if k not in changing} == {
            k: v for k, v in expected.items() if k not in changing
        }
        assert hub_again.get(f"/jobs/{job_id}", "alice").json()["state"] == "done"


def test_purge_half_way_is_ended_by_the_restored_instance(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with live(tmp_path / "data", step_quads=40) as hub:
        hub.user("alice")
        hub.submit("alice", parts(30))
        hub.submit("alice", DEVICE, {"id": "stays"})
        reached = hold_writer(hub, 3)
        start_removal(hub, "alice", "lab").result(timeout=20)
        assert reached.wait(20)
        backup.take(hub.hub, copy, quiet)
        vars(hub.hub.store).pop("apply")
        tokens = dict(hub.tokens)

    assert [state for _, state, _, _ in jobs_in(copy, "kind = 'purge'")] == ["planned"]
    data = restored(copy, tmp_path / "again")
    assert_clean(data)
    with live(data, step_quads=40) as hub:
        hub.tokens.update(tokens)
        assert hub.get("/user/alice/lab/part3/1/sbol", "alice").status_code == 404
        assert hub.get("/user/alice/stays/stays_collection/1/sbol", "alice").status_code == 200
        for _ in range(500):
            if not hub.hub.journal.open_jobs():
                break
            time.sleep(0.02)
        assert not hub.hub.removals.hidden()
    assert_clean(data)


def test_backup_while_the_writer_retries_a_step_redoes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step has its number, and the store has not got it: recovery applies it, from the change set in the backup."""
    monkeypatch.setattr(writer, "RETRY_S", 0.1)
    copy = tmp_path / "copy"
    with live(tmp_path / "data", step_quads=40) as hub:
        hub.user("alice")
        store, calls = hub.hub.store, 0
        original = store.apply

        def apply(change: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == 3:
                while not hub.hub.writer._between:
                    time.sleep(0.005)
                raise OSError("the disk had a bad moment")
            original(change)

        vars(store)["apply"] = apply
        sending = threading.Thread(target=hub.submit, args=("alice", parts(10)))
        sending.start()
        while calls < 3:
            time.sleep(0.005)
        backup.take(hub.hub, copy, quiet)
        sending.join()
        expected = hub.get("/user/alice/lab/lab_collection/1/sbol", "alice").content
        tokens = dict(hub.tokens)

    with closing(sqlite3.connect(copy / "synhub.sqlite")) as sql:
        assert sql.execute("SELECT max(step.number) - mark.number FROM step, mark").fetchone() == (1,)
    data = restored(copy, tmp_path / "again")
    assert_clean(data)
    with live(data) as hub:
        hub.tokens.update(tokens)
        assert hub.get("/user/alice/lab/lab_collection/1/sbol", "alice").content == expected


def test_backup_on_another_disk_is_a_copy(data: Path, tmp_path: Path) -> None:
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system here")
    target = other / f"synhub-test-{os.getpid()}"
    try:
        with open_hub(load_settings({}, data=data)) as hub:
            outcome = backup.take(hub, target, quiet)
            assert not list(data.glob("*backup*"))
        assert outcome.problems == ()
        assert_clean(restored(target, tmp_path / "again"))
    finally:
        shutil.rmtree(target, ignore_errors=True)


def test_restored_folder_shares_no_file_with_the_backup(data: Path, tmp_path: Path) -> None:
    with open_hub(load_settings({}, data=data)) as hub:
        backup.take(hub, tmp_path / "copy", quiet)
    restored(tmp_path / "copy", tmp_path / "again")

    def inodes(folder: Path) -> set[int]:
        return {path.stat().st_ino for path in folder.rglob("*") if path.is_file()}

    assert not inodes(tmp_path / "copy") & inodes(tmp_path / "again")
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "again").stat().st_mode & 0o777 == 0o700


# --- what must not happen meanwhile -----------------------------------------------------------------------------------


def test_no_file_is_deleted_while_files_are_copied(data: Path, tmp_path: Path) -> None:
    with open_hub(load_settings({}, data=data)) as hub:
        for digest in hub.blobs.digests():
            os.utime(hub.blobs.path(digest), (1, time.time() - 2 * ORPHAN_AGE_S))
        deleted: list[int] = []

        def tell(message: str) -> None:
            if message.startswith("copying files"):
                deleted.append(hub.blobs.delete_orphans(lambda _: False))

        assert backup.take(hub, tmp_path / "copy", tell).problems == ()
        assert deleted == [0]
        assert hub.blobs.delete_orphans(lambda _: False) == len(list(Blobs(tmp_path / "copy" / "blobs").digests())) > 0


def test_jobs_go_on_while_a_backup_is_copied(tmp_path: Path) -> None:
    statuses: list[int] = []
    with live(tmp_path / "data") as hub:
        hub.user("alice")
        hub.submit("alice", DEVICE)

        def tell(message: str) -> None:
            if message == "copying the store":
                statuses.append(hub.submit("alice", DEVICE, {"id": "later"}).status_code)

        backup.take(hub.hub, tmp_path / "copy", tell)
    assert statuses == [200]
    assert [state for _, state, _, _ in jobs_in(tmp_path / "copy", "1")] == ["done"]


# --- nothing half -----------------------------------------------------------------------------------------------------

WORDS = (
    *("waiting for the writer", "copying the store", "copying files: 0 so far"),
    *("reading it again", "waiting for the disk"),
)

KILLED = """
import os, signal, sys
from pathlib import Path
from synhub import backup
from synhub.app import open_hub
from synhub.settings import load_settings

def tell(message):
    if message == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

with open_hub(load_settings({}, data=Path(sys.argv[1]))) as hub:
    backup.take(hub, Path(sys.argv[2]), tell)
"""


@pytest.mark.parametrize("word", WORDS)
def test_server_that_dies_leaves_nothing_that_looks_whole(data: Path, tmp_path: Path, word: str) -> None:
    target = tmp_path / "copy"
    command = [sys.executable, "-c", KILLED, str(data), str(target), word]
    assert subprocess.run(command, cwd=ROOT, timeout=60, check=False).returncode == -9

    assert not target.exists()
    with pytest.raises(BadRequest, match=r"is no backup: it has no backup\.json"):
        backup.read_manifest(tmp_path / ".copy.unfinished")
    assert main(["backup", str(target), "--data", str(data)]) == 0
    assert [path.name for path in tmp_path.iterdir() if "unfinished" in path.name] == []
    assert not list(data.glob("*backup*"))
    assert backup.read_manifest(target)


@pytest.mark.parametrize("word", WORDS)
def test_backup_that_fails_leaves_nothing(data: Path, tmp_path: Path, word: str) -> None:
    def tell(message: str) -> None:
        if message == word:
            raise OSError(28, "No space left on device")

    refused = pytest.raises(BadRequest, match=r"could not be written to .*No space left on device")
    with open_hub(load_settings({}, data=data)) as hub, refused:
        backup.take(hub, tmp_path / "copy", tell)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert not list(data.glob("*backup*"))


def test_command_says_so_when_the_server_dies(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with hold(data, create=False), closing(Database(data / "synhub.sqlite", "synhub")) as database:
        backups = Backups(database)

        def die_after_the_first_word(message: str) -> None:
            assert message == "copying the store"

        def serve() -> None:
            while (row := backups.take_next()) is None:
                time.sleep(0.01)
            backups.beat(row.id, "copying the store")

        server = threading.Thread(target=serve)
        server.start()
        with pytest.raises(BadRequest, match="said nothing more about the backup for 2 s"):
            backup_requests.ask(backups, data.parent / "copy", die_after_the_first_word, patience_s=2)
        server.join()
        assert database.rows("SELECT * FROM backup") == []


def test_command_says_so_when_no_server_answers(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hold(data, create=False), closing(Database(data / "synhub.sqlite", "synhub")) as database:
        with pytest.raises(BadRequest, match="began no backup for 1 s: it is no running server"):
            backup_requests.ask(Backups(database), data.parent / "copy", quiet, patience_s=1)
        assert database.rows("SELECT * FROM backup") == []


def test_server_that_starts_forgets_what_an_earlier_one_began(data: Path) -> None:
    with closing(Database(data / "synhub.sqlite", "synhub")) as database:
        backups = Backups(database)
        number = backups.ask(str(data.parent / "copy"))
        with open_hub(load_settings({}, data=data)):
            assert backups.find(number) is None
    assert not (data.parent / "copy").exists()


def test_backup_that_nobody_waits_for_is_given_up(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_requests, "_BEAT_S", 0.05)
    seen: list[str] = []
    take = backup.take

    def slow(hub: Any, target: Path, tell: Any) -> Any:
        def telling(message: str) -> None:
            time.sleep(0.3)
            try:
                tell(message)
            except Stopping as error:
                seen.append(str(error))
                raise

        return take(hub, target, telling)

    monkeypatch.setattr(backup_requests, "take", slow)
    with open_hub(load_settings({}, data=data)) as hub:
        number = hub.backups.ask(str(data.parent / "copy"))
        while (row := hub.backups.find(number)) is not None and row.state == "asked":
            time.sleep(0.02)
        hub.backups.withdraw(number)
        for _ in range(200):
            if seen:
                break
            time.sleep(0.02)
    assert seen == ["nobody waits for the backup any more"]
    assert not (data.parent / "copy").exists()


def test_stopping_server_gives_the_backup_up_and_says_so(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    take = backup.take

    def slow(hub: Any, target: Path, tell: Any) -> Any:
        def telling(message: str) -> None:
            begun.set()
            assert go_on.wait(20)
            tell(message)

        return take(hub, target, telling)

    monkeypatch.setattr(backup_requests, "take", slow)
    with closing(Database(data / "synhub.sqlite", "synhub")) as database:
        backups = Backups(database)
        with open_hub(load_settings({}, data=data)):
            number = backups.ask(str(data.parent / "copy"))
            assert begun.wait(20)
            threading.Timer(0.3, go_on.set).start()
        row = backups.find(number)
    assert row is not None
    assert (row.state, row.message) == ("failed", "the server is going down; the backup was given up")


def test_lost_file_of_the_instance_is_told_and_the_rest_is_saved(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blobs = Blobs(data / "blobs")
    digest = next(blobs.digests())
    blobs.path(digest).unlink()

    assert main(["backup", str(tmp_path / "copy"), "--data", str(data)]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line for line in told if line.startswith("PROBLEM ")] == told[:-1]
    assert f"its blob {digest} is missing" in told[0]
    assert main(["restore", str(tmp_path / "copy"), "--data", str(tmp_path / "again")]) == 1
    assert f"its blob {digest} is missing" in capsys.readouterr().out
    assert (tmp_path / "again" / "synhub.sqlite").exists()


def test_damaged_bytes_of_unchanged_length_are_told_by_restore_and_check(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backup", str(tmp_path / "copy"), "--data", str(data)]) == 0
    digest = next(Blobs(data / "blobs").digests())
    damaged = Blobs(tmp_path / "copy" / "blobs").path(digest)
    size = damaged.stat().st_size
    damaged.unlink()  # it may be a link
    damaged.write_bytes(bytes(size))
    capsys.readouterr()

    assert main(["restore", str(tmp_path / "copy"), "--data", str(tmp_path / "again")]) == 1
    assert f"its blob {digest} holds other bytes" in capsys.readouterr().out
    assert main(["check", "--data", str(tmp_path / "again")]) == 1
    assert f"its blob {digest} holds other bytes" in capsys.readouterr().out


def test_running_server_tells_of_lost_files_too(data: Path, tmp_path: Path) -> None:
    with live(data) as hub:
        digest = next(hub.hub.blobs.digests())
        hub.hub.blobs.path(digest).unlink()
        done = run_backup(data, tmp_path / "copy")
    assert done.returncode == 1
    assert f"its blob {digest} is missing" in done.stdout
    assert (tmp_path / "copy" / "backup.json").exists()


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("data/copy", "lies in the instance itself"),
        ("data", "lies in the instance itself"),
        ("none/copy", "is no folder: make it first"),
        ("full", "is not empty"),
        ("file", "is not empty"),
    ],
)
def test_target_that_cannot_be_had_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], target: str, words: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    (tmp_path / "file").touch()
    before = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*"))

    assert main(["backup", str(tmp_path / target), "--data", str(data)]) == 1
    assert words in capsys.readouterr().err
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*")) == before


def test_empty_folder_is_a_good_target(data: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "again").mkdir()

    assert main(["backup", str(tmp_path / "copy"), "--data", str(data)]) == 0
    assert_clean(restored(tmp_path / "copy", tmp_path / "again"))


def test_running_server_refuses_with_the_same_words(data: Path, tmp_path: Path) -> None:
    with live(data):
        done = run_backup(data, data / "inside")
    assert (done.returncode, done.stdout) == (1, "")
    assert "lies in the instance itself" in done.stderr


def test_backup_of_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup", str(tmp_path / "copy"), "--data", str(tmp_path / "none")]) == 1
    assert "holds no synhub instance" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_instance_in_memory_cannot_be_backed_up(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNHUB_ENGINE", "memory:")
    assert main(["backup", str(tmp_path / "copy"), "--data", str(data)]) == 1
    assert "cannot be backed up" in capsys.readouterr().err


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda copy: (copy / "backup.json").unlink(), "is no backup: it has no backup.json"),
        (lambda copy: _cut(copy / "backup.json"), "its backup.json cannot be read"),
        (lambda copy: (copy / "backup.json").write_text('{"format": 1}'), "its backup.json cannot be read"),
        (lambda copy: (copy / "backup.json").write_text('{"format": 2, "files": {}}'), "use a newer synhub"),
        (lambda copy: _cut(copy / "synhub.sqlite"), "synhub.sqlite has "),
        (lambda copy: next(copy.glob("store/*.sst")).unlink(), ".sst is missing"),
        (lambda copy: _cut(next(copy.glob("blobs/??/*"))), "blobs/"),
    ],
    ids=["no manifest", "cut manifest", "empty manifest", "newer", "cut database", "no table", "cut file"],
)
def test_what_is_no_whole_backup_is_not_restored(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Any, words: str
) -> None:
    copy = tmp_path / "copy"
    main(["backup", str(copy), "--data", str(data)])
    damage(copy)

    assert main(["restore", str(copy), "--data", str(tmp_path / "again")]) == 1
    assert words in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "data"]


@pytest.mark.parametrize("name", ["synhub.sqlite", "store/CURRENT"])
def test_backup_with_wrong_bytes_of_the_right_number_is_not_restored(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    copy = tmp_path / "copy"
    main(["backup", str(copy), "--data", str(data)])
    size = (copy / name).stat().st_size
    (copy / name).unlink()
    (copy / name).write_bytes(b"\xff" * size)

    assert main(["restore", str(copy), "--data", str(tmp_path / "again")]) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "data"]


def test_folder_that_holds_something_is_not_restored_into(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["backup", str(tmp_path / "copy"), "--data", str(data)])
    with live(data):
        assert main(["restore", str(tmp_path / "copy"), "--data", str(data)]) == 1
    assert f"{data} is not empty" in capsys.readouterr().err
    assert_clean(data)


def test_backup_itself_is_not_served(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy"
    main(["backup", str(copy), "--data", str(data)])
    held = sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*"))
    for command in (["check"], ["reindex"], ["user", "list"], ["backup", str(tmp_path / "second")]):
        assert main([*command, "--data", str(copy)]) == 1
        assert "is a backup; make a data folder of it with `synhub restore" in capsys.readouterr().err
    assert {path.relative_to(copy).as_posix() for path in copy.rglob("*")} - set(held) <= {"lock"}


def test_manifest_names_every_file(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    main(["backup", str(copy), "--data", str(data)])
    manifest = json.loads((copy / "backup.json").read_text())
    there = {path.relative_to(copy).as_posix(): path.stat().st_size for path in copy.rglob("*") if path.is_file()}

    assert manifest["files"] == {name: size for name, size in there.items() if name != "backup.json"}
    assert (manifest["format"], manifest["uri_prefix"]) == (1, PREFIX)
    assert {"format", "synhub.sqlite", "store/CURRENT"} <= set(manifest["files"])
    assert not any(name.startswith("catalog") for name in there)


def test_tokens_and_sessions_of_the_instance_go_with_it(tmp_path: Path) -> None:
    with live(tmp_path / "data") as hub:
        token = hub.user("alice")
        backup.take(hub.hub, tmp_path / "copy", quiet)
    restored(tmp_path / "copy", tmp_path / "again")
    with live(tmp_path / "again") as hub:
        profile = Live(hub.url, hub.hub, hub.client, {"alice": token}).get("/profile", "alice")
        assert profile.json()["username"] == "alice"
