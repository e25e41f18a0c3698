"""A full disk answers 507, loses nothing, and reads go on; with room again everything works."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from crash_model import Model, Submission, read_states, root
from crash_server import PREFIX, Answer, Client, Server, assert_clean, wait_until
from crash_template import Template, make_template

pytestmark = pytest.mark.slow

SIZE_MIB = 48
BALLAST = "ballast"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own of a few MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, leave: int) -> None:
    """Take up the disk but for `leave` bytes."""

    def taken() -> bool:
        try:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - leave)
        except OSError:  # the server has written something meanwhile
            return False
        return True

    with (disk / BALLAST).open("wb") as file:
        wait_until(taken)


def free(disk: Path) -> None:
    (disk / BALLAST).unlink()


def send(client: Client, submission: Submission) -> Answer | None:
    return client.post("/submit", submission.fields(), submission.file())


def assert_reads_go_on(client: Client) -> None:
    path = root("base").removeprefix(PREFIX.rstrip("/"))
    for read in (f"{path}/sbol", f"{path}/members", "/rootCollections", "/search/objectType=ComponentDefinition&"):
        answer = client.get(read)
        assert answer is not None and answer.status == 200, f"{read}: {answer}"


def big(name: str, parts: int) -> Submission:
    return Submission(0, name, name.title(), {f"p{n}": "new" for n in range(parts)})


def assert_works_again(data: Path, client: Client, model: Model) -> None:
    """Submissions in all modes succeed."""
    for submission in (
        Submission(0, "after", "After", {"p": "new"}),
        Submission(1, "base", "Base", {"b": "after"}),
        Submission(2, "after", "", {"q": "after"}),
        Submission(3, "after", "", {"p": "after"}),
    ):
        model.begin(submission)
        model.end(submission, send(client, submission))


def test_what_the_reserve_does_not_allow_is_refused_and_nothing_is_lost(small_disk: Path, template: Template) -> None:
    data, model = template.copy(small_disk)
    with Server(data, {"SYNHUB_DISK_RESERVE": str(8 << 20)}) as server:
        server.wait_ready()
        with Client(server.address, template.token) as client:
            fill(small_disk, leave=4 << 20)
            answer = send(client, big("refused", 3))
            assert answer is not None and answer.status == 507
            assert answer.text.startswith("the disk of the server is full")
            assert_reads_go_on(client)
            free(small_disk)
            assert_works_again(data, client, model)
        server.stop()
    assert_clean(data)
    model.settle(read_states(data))
    assert list((data / "jobs").iterdir()) == []


def test_after_a_full_disk_the_reserve_is_enough_to_query_and_to_remove(small_disk: Path, template: Template) -> None:
    data, model = template.copy(small_disk)
    with Server(data, {"SYNHUB_DISK_RESERVE": str(24 << 20), "SYNHUB_SNAPSHOT_AGE": "0"}) as server:
        server.wait_ready()
        with Client(server.address, template.token) as client:
            extra = Submission(0, "extra", "Extra", {"x": "new"})
            model.begin(extra)
            model.end(extra, send(client, extra))
            path = root("extra").removeprefix(PREFIX.rstrip("/"))
            fill(small_disk, leave=0)
            answer = client.post("/sparql", {"query": "ASK { ?s ?p ?o }"})
            assert answer is not None and answer.status == 503
            assert answer.text.startswith("the disk of the server is full: queries are answered from a snapshot")
            assert_reads_go_on(client)

            free(small_disk)
            fill(small_disk, leave=20 << 20)
            answer = client.post("/sparql", {"query": f"ASK {{ <{root('extra')}> ?p ?o }}"})
            assert answer is not None and answer.status == 200 and "true" in answer.text
            answer = send(client, big("refused", 3))
            assert answer is not None and answer.status == 507
            answer = client.post(f"{path}/removeMembership", {"member": path.replace("extra_collection", "x")})
            assert answer is not None and answer.status == 200, answer
            answer = client.get(f"{path}/removeCollection")
            assert answer is not None and answer.status == 200, answer
            answer = client.get(path.replace("extra_collection", "x") + "/remove")
            assert answer is not None and answer.status == 200, answer
            answer = client.post("/sparql", {"query": f"ASK {{ <{root('extra')}> ?p ?o }}"})
            assert answer is not None and answer.status == 200 and "false" in answer.text
            free(small_disk)
            model.set("extra", None)
            assert_works_again(data, client, model)
        server.stop()
    assert_clean(data)
    model.settle(read_states(data))


@pytest.mark.parametrize("leave_kib", [0, 500, 2000])
def test_a_disk_that_is_really_full_loses_nothing(small_disk: Path, template: Template, leave_kib: int) -> None:
    """No reserve: the disk runs full in the middle of whatever comes to the point."""
    data, model = template.copy(small_disk)
    with Server(data, {"SYNHUB_FLUSH_INTERVAL": "0.2"}) as server:
        server.wait_ready()
        with Client(server.address, template.token) as client:
            fill(small_disk, leave=leave_kib << 10)
            statuses = []
            for count in range(4):
                submission = big(f"big{count}", 150)
                model.begin(submission)
                answer = send(client, submission)
                assert answer is not None
                statuses.append(answer.status)
                if answer.status == 507:
                    model.refused(submission)
                else:
                    model.end(submission, answer)
            print(f"{leave_kib} KiB left: {statuses}")
            assert 507 in statuses
            assert_reads_go_on(client)
            free(small_disk)
            assert_works_again(data, client, model)
        server.stop()
    assert_clean(data)
    model.settle(read_states(data))
    assert list((data / "jobs").iterdir()) == []


FULL_AT = ["receive:before:1", "prepared:before:1", "adopt:before:1", "write_step:before:1", "planned:after:1"]
FULL_AT += ["begin_step:after:1", "update:before:1", "done:before:1", "flush:before:1", "flushed:before:1"]


@pytest.mark.parametrize("step_quads", ["1000", "50000"])
@pytest.mark.parametrize("point", FULL_AT)
def test_a_disk_that_fills_up_at_any_point_of_a_job_loses_nothing(
    small_disk: Path, template: Template, point: str, step_quads: str
) -> None:
    data, model = template.copy(small_disk)
    more = {"SYNHUB_FLUSH_INTERVAL": "0.2", "SYNHUB_STEP_QUADS": step_quads}
    more |= {"CRASH_POINT": point, "CRASH_FILL": str(small_disk / BALLAST)}
    with Server(data, more, launcher=True) as server:
        server.wait_ready()
        with Client(server.address, template.token) as client, ThreadPoolExecutor(1) as executor:
            submission = big("big", 150)
            model.begin(submission)
            answering = executor.submit(send, client, submission)
            wait_until((small_disk / BALLAST).exists)
            wait([answering], timeout=2)
            with Client(server.address, template.token) as reader:
                assert_reads_go_on(reader)
            free(small_disk)
            answer = answering.result(30)
            print(point, answer)
            assert answer is not None
            if answer.status == 507:
                model.refused(submission)
            else:
                model.end(submission, answer)
            assert_works_again(data, client, model)
        server.stop()
    assert_clean(data)
    model.settle(read_states(data))
    assert list((data / "jobs").iterdir()) == []


@pytest.mark.parametrize("leave_kib", [100, 400, 800])
def test_a_kill_on_a_full_disk_loses_nothing(small_disk: Path, template: Template, leave_kib: int) -> None:
    data, model = template.copy(small_disk)
    with Server(data, {"SYNHUB_FLUSH_INTERVAL": "0.2", "SYNHUB_STEP_QUADS": "500"}) as server:
        server.wait_ready()
        with Client(server.address, template.token) as client:
            fill(small_disk, leave=leave_kib << 10)
            for count in range(3):
                submission = big(f"big{count}", 150)
                model.begin(submission)
                answer = send(client, submission)
                assert answer is not None
                if answer.status == 507:
                    model.refused(submission)
                else:
                    model.end(submission, answer)
        server.kill()
    free(small_disk)
    with Server(data) as again:
        again.wait_ready()
        with Client(again.address, template.token) as client:
            assert_works_again(data, client, model)
        again.stop()
    assert_clean(data)
    model.settle(read_states(data))
