"""What one user may have: bytes of kept files, and jobs under way."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from live import live

from synhub.errors import TooLarge, TooMany
from synhub.model import User
from synhub.store.journal import Job, Upload
from synhub.store.work import Planned

pytestmark = pytest.mark.slow

DEVICE = (Path(__file__).parent.parent / "fixtures" / "sbol2" / "device.xml").read_bytes()
ONE, TWO = Upload("a", 100, "a" * 64), Upload("b", 60, "b" * 64)


def plan_nothing(job: Job) -> Planned:
    return Planned((), {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def user_of(hub: Any, name: str = "alice") -> User:
    user = hub.accounts.find_by_login(name)
    assert user is not None
    return user  # type: ignore[no-any-return]


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_upload_over_the_quota_is_413_and_nothing_is_kept(folder: Path) -> None:
    with live(folder, user_bytes=len(DEVICE) + 10) as hub:
        hub.user("alice")
        assert hub.submit("alice", DEVICE).status_code == 200

        refused = hub.submit("alice", DEVICE + b"<!-- another file -->", {"id": "lab2"})

        assert refused.status_code == 413
        assert refused.text == (
            f"no room is left for your files: you use {len(DEVICE)} bytes, this would add {len(DEVICE) + 21}, and"
            f" {len(DEVICE) + 10} are allowed; nothing was stored. Remove what you do not need any more (files of"
            " submissions may count for a day longer), or ask the administrator of this server"
        )
        assert len(list(hub.hub.blobs.digests())) == 1
        assert [path.name for path in (folder / "jobs").iterdir() if (path / "upload-0").exists()] == [
            job_id for (job_id,) in hub.hub.accounts._database.rows("SELECT job FROM upload")
        ]


def test_same_bytes_count_once_and_may_be_sent_again(folder: Path) -> None:
    with live(folder, user_bytes=len(DEVICE)) as hub:
        hub.user("alice")

        assert hub.submit("alice", DEVICE).status_code == 200
        assert hub.submit("alice", DEVICE, {"id": "lab2"}).status_code == 200
        assert hub.get("/profile", "alice").json()["usedBytes"] == len(DEVICE)


def test_quota_of_one_user_is_not_used_up_by_another(folder: Path) -> None:
    with live(folder, user_bytes=len(DEVICE)) as hub:
        hub.user("alice")
        hub.user("bob")

        assert hub.submit("alice", DEVICE).status_code == 200
        assert hub.submit("bob", DEVICE + b" ").status_code == 413
        assert hub.submit("bob", DEVICE).status_code == 200


def test_submission_without_a_file_needs_no_room(folder: Path) -> None:
    with live(folder, user_bytes=1) as hub:
        hub.user("alice")

        assert hub.submit("alice", None).status_code == 200


def test_uploads_at_the_same_time_cannot_share_the_same_room(folder: Path) -> None:
    with live(folder, user_bytes=250) as hub:
        hub.user("alice")
        quotas, results = hub.hub.quotas, [Future[Any]() for _ in range(40)]
        uploads = [Upload(f"{n}", 100, f"{n:064}") for n in range(40)]
        barrier = threading.Barrier(8)

        def admit(worker: int) -> int:
            barrier.wait()
            admitted = 0
            for n in range(worker, 40, 8):
                try:
                    quotas.admit("alice", [uploads[n]], results[n])
                    admitted += 1
                except (TooLarge, TooMany):
                    pass
            return admitted

        with ThreadPoolExecutor(8) as executor:
            assert sum(executor.map(admit, range(8))) == 2
        for result in results:
            result.cancel()
        quotas.admit("alice", [ONE, TWO], Future())


def test_attachments_and_uploads_share_one_quota(folder: Path) -> None:
    with live(folder, user_bytes=0) as hub:
        hub.user("alice")
        hub.submit("alice", DEVICE)
        with hub.hub.accounts._database.write() as sql:
            sql.execute("INSERT INTO attachment VALUES ('http://h/a/1', ?, 100, 'n', 'x/y', 'alice')", ("a" * 64,))
            sql.execute("INSERT INTO attachment VALUES ('http://h/a/2', ?, 100, 'n', 'x/y', 'alice')", ("a" * 64,))
            sql.execute("INSERT INTO attachment VALUES ('http://h/a/3', ?, 60, 'n', 'x/y', 'bob')", ("b" * 64,))

        assert hub.hub.quotas.used_bytes("alice") == len(DEVICE) + 100
        assert hub.hub.quotas.used_bytes("bob") == 60


def test_what_is_added_up_at_once_is_never_less_than_what_is_used(folder: Path) -> None:
    with live(folder) as hub:
        hub.user("alice")
        database, quotas = hub.hub.accounts._database, hub.hub.quotas

        def known() -> tuple[int, int]:
            ((most,),) = database.rows("SELECT bytes FROM kept_bytes WHERE username = 'alice'")
            return quotas.used_bytes("alice"), most

        assert hub.submit("alice", DEVICE).status_code == 200
        assert known() == (len(DEVICE), len(DEVICE))
        assert hub.submit("alice", DEVICE, {"id": "lab2"}).status_code == 200
        assert known() == (len(DEVICE), 2 * len(DEVICE))
        files = {"file": ("notes.txt", b"ten bytes.")}
        path = "/user/alice/lab/lab_collection/1/attach"
        assert hub.request("POST", path, "alice", data={"id": "one"}, files=files).status_code == 200
        assert known() == (len(DEVICE) + 10, 2 * len(DEVICE) + 10)
        assert hub.get("/user/alice/lab/one/1/remove", "alice").status_code == 200
        assert known() == (len(DEVICE), 2 * len(DEVICE))
        for (job_id,) in database.rows("SELECT job FROM upload"):
            hub.hub.journal.forget_uploads(job_id)
        assert known() == (0, 0)


def test_edit_that_brings_a_file_needs_room_and_its_folder_goes_without(folder: Path) -> None:
    with live(folder, user_bytes=99) as hub:
        hub.user("alice")
        job_id, job_folder = hub.hub.journal.new_folder()

        with pytest.raises(TooLarge, match="you use 0 bytes, this would add 100, and 99 are allowed"):
            hub.hub.edits.start(user_of(hub.hub), "attach", [], plan_nothing, job_id=job_id, uploads=[ONE])
        assert not job_folder.exists()
        hub.hub.edits.start(user_of(hub.hub), "attach", [], plan_nothing, uploads=[TWO]).result(timeout=10)


def test_failed_job_gives_its_room_back(folder: Path) -> None:
    with live(folder, user_bytes=len(DEVICE)) as hub:
        hub.user("alice")
        broken = b"<no RDF at all" + DEVICE[14:]

        assert hub.submit("alice", broken).status_code == 400
        assert hub.submit("alice", DEVICE).status_code == 200


def test_attachment_over_the_quota_is_413_and_attached_to_nothing(folder: Path) -> None:
    with live(folder, user_bytes=len(DEVICE) + 10) as hub:
        hub.user("alice")
        hub.submit("alice", DEVICE)
        path = "/user/alice/lab/lab_collection/1"

        for content, status in ((b"eleven byte", 413), (b"ten bytes.", 200), (b"x", 413)):
            answer = hub.request("POST", path + "/attach", "alice", files={"file": ("notes.txt", content)})
            assert answer.status_code == status, answer.text
        assert [file.size for file in hub.hub.files.all()] == [10]
        assert len(list(hub.hub.blobs.digests())) == 2
        assert hub.get("/profile", "alice").json()["usedBytes"] == len(DEVICE) + 10


def test_removed_attachment_gives_its_room_back_at_once(folder: Path) -> None:
    with live(folder, user_bytes=len(DEVICE) + 10) as hub:
        hub.user("alice")
        hub.submit("alice", DEVICE)
        path = "/user/alice/lab/lab_collection/1/attach"

        def attach(content: bytes, name: str) -> int:
            return hub.request(
                "POST", path, "alice", data={"id": name}, files={"file": ("notes.txt", content)}
            ).status_code

        assert attach(b"ten bytes.", "one") == attach(b"ten bytes.", "two") == 200
        assert hub.get("/user/alice/lab/one/1/remove", "alice").status_code == 200
        assert attach(b"x", "three") == 413  # the same bytes are attached twice
        assert hub.get("/user/alice/lab/two/1/remove", "alice").status_code == 200
        assert hub.get("/profile", "alice").json()["usedBytes"] == len(DEVICE)
        assert attach(b"other ten.", "three") == 200
        assert hub.get("/user/alice/lab/three/1/download", "alice").content == b"other ten."


def test_replaced_icon_gives_its_room_back_at_once(folder: Path) -> None:
    with live(folder) as hub:
        hub.user("alice")
        hub.publish("alice", DEVICE, "lab")

        for more in (b"first", b"second"):
            files = {"collectionIcon": ("icon.png", b"\x89PNG\r\n\x1a\n" + more)}
            answer = hub.request("POST", "/public/lab/lab_collection/1/icon", "alice", files=files)
            assert answer.status_code == 200, answer.text
            assert hub.get("/profile", "alice").json()["usedBytes"] == len(DEVICE) + 8 + len(more)


def test_of_two_uploads_at_once_only_one_gets_the_last_room(folder: Path) -> None:
    with live(folder, user_bytes=len(DEVICE) + 10) as hub:
        hub.user("alice")

        def submit(n: int) -> int:
            return hub.submit("alice", DEVICE + b"\n" * n, {"id": f"lab{n}"}).status_code

        with ThreadPoolExecutor(4) as executor:
            statuses = sorted(executor.map(submit, range(4)))
        assert statuses == [200, 413, 413, 413]


# --- jobs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [False, True])
def test_more_jobs_under_way_than_allowed_are_429_until_one_ends(folder: Path, ahead: bool) -> None:
    go_on = threading.Event()

    def plan_slowly(job: Job) -> Planned:
        assert go_on.wait(20)
        return Planned((), {})

    with live(folder, user_jobs=2) as hub:
        hub.user("alice")
        hub.user("bob")
        edits, alice = hub.hub.edits, user_of(hub.hub)
        running = [edits.start(alice, "wait", [f"n{n}"], plan_slowly, ahead=ahead) for n in range(2)]

        with pytest.raises(TooMany, match="2 jobs under way"):
            edits.start(alice, "wait", ["n9"], plan_nothing)
        refused = hub.submit("alice", DEVICE)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
        assert refused.text.startswith("you have 2 jobs under way, and no more are allowed at the same time;")
        go_on.set()
        assert hub.submit("bob", DEVICE).status_code == 200
        for result in running:
            result.result(timeout=20)
        assert hub.submit("alice", DEVICE).status_code == 200


def test_repeat_of_a_running_upload_is_no_further_job(folder: Path) -> None:
    go_on = threading.Event()
    with live(folder, user_jobs=2) as hub:
        hub.user("alice")

        def plan_slowly(job: Job) -> Planned:
            assert go_on.wait(20)
            return Planned((), {})

        hub.hub.edits.start(user_of(hub.hub), "wait", ["n"], plan_slowly)
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.append(hub.submit("alice", DEVICE).status_code)) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        while hub.hub.journal.waiting_of("alice") < 2:
            time.sleep(0.01)
        threading.Timer(0.5, go_on.set).start()
        for thread in threads:
            thread.join()

        assert answers == [200, 200]


def test_jobs_that_were_refused_or_failed_are_not_under_way(folder: Path) -> None:
    def refuse(job: Job) -> Planned:
        raise TooLarge("not this")

    with live(folder, user_jobs=1) as hub:
        hub.user("alice")
        for _ in range(3):
            with pytest.raises(TooLarge, match="not this"):
                hub.hub.edits.start(user_of(hub.hub), "x", ["n"], refuse).result(timeout=10)
        hub.hub.edits.start(user_of(hub.hub), "x", ["n"], plan_nothing).result(timeout=10)


def test_no_limits_where_the_settings_are_0(folder: Path) -> None:
    with live(folder, user_bytes=0, user_jobs=0) as hub:
        hub.user("alice")

        assert hub.submit("alice", DEVICE).status_code == 200
        assert hub.get("/profile", "alice").json()["allowedBytes"] is None


def test_quotas_of_a_fresh_user(folder: Path) -> None:
    with live(folder) as hub:
        hub.user("alice")
        profile = hub.get("/profile", "alice").json()

        assert (profile["usedBytes"], profile["allowedBytes"]) == (0, 20 << 30)
