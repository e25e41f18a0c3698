"""Children with real processes: what they return, what they die of, and that nobody is left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import wait_gone
from store_child_tasks import TASKS

from synhub.errors import Inconsistent, InvalidQuery, Stopping, TooLarge
from synhub.store.children import Busy, Cancellation, Cancelled, ChildDied, Lane

MEMORY = 1 << 30


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane("test", 2, 5, MEMORY, tasks=TASKS)
    yield lane
    pids = lane.pids()
    lane.close()
    assert wait_gone(pids, 5) == []


def test_child_returns_what_the_task_returns(lane: Lane) -> None:
    assert lane.call("echo", {"text": "é\u2028", "list": [1, None]}, 5) == {
        "text": "é\u2028",
        "list": [1, None],
    }


def test_large_argument_and_result_pass_the_pipe(lane: Lane) -> None:
    text = "x" * 3_000_000
    assert lane.call("echo", {"text": text}, 5) == {"text": text}


def test_no_child_exists_before_the_first_job_and_one_is_used_again() -> None:
    lane = Lane("test", 2, 0, MEMORY, tasks=TASKS)
    try:
        assert lane.pids() == []
        pids = {lane.call("about", {"folder": "/"}, 5)["pid"] for _ in range(5)}
        assert list(pids) == lane.pids()
    finally:
        lane.close()


def test_child_is_nice_and_holds_no_file_of_the_server(lane: Lane, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        about = lane.call("about", {"folder": str(tmp_path)}, 5)
    assert about["nice"] == os.nice(0) + 5
    assert about["inherited"] == []


def test_error_of_a_task_arrives_with_its_class_and_fields(lane: Lane) -> None:
    with pytest.raises(InvalidQuery) as raised:
        lane.call("refuse", {}, 5)
    assert (raised.value.message, raised.value.line, raised.value.column) == ("no such thing", 3, 7)


def test_mistake_in_a_task_is_inconsistent_with_its_traceback(lane: Lane) -> None:
    with pytest.raises(Inconsistent, match="KeyError: 'a mistake of ours'"):
        lane.call("break_down", {}, 5)
    assert lane.call("echo", {}, 5) == {}


def test_crash_is_told_and_the_child_replaced(lane: Lane) -> None:
    with pytest.raises(ChildDied, match=r"signal 6 \(SIGABRT\)") as raised:
        lane.call("crash", {}, 5)
    assert raised.value.reason == "signal"
    assert lane.call("echo", {"a": 1}, 5) == {"a": 1}


def test_exit_of_a_child_is_told(lane: Lane) -> None:
    with pytest.raises(ChildDied, match="exit status 3"):
        lane.call("leave", {}, 5)


def test_hanging_child_is_killed_at_its_deadline(lane: Lane) -> None:
    lane.warm()
    (pid,) = lane.pids()
    started = time.monotonic()
    with pytest.raises(ChildDied) as raised:
        lane.call("hang", {}, 0.2)
    assert raised.value.reason == "deadline"
    assert time.monotonic() - started < 10
    assert wait_gone([pid], 5) == []
    assert lane.call("echo", {}, 5) == {}


def test_task_over_the_memory_limit_dies_of_memory(lane: Lane) -> None:
    assert lane.call("swell", {"bytes": MEMORY // 2}, 30) == {"length": MEMORY // 2}
    with pytest.raises(ChildDied) as raised:
        lane.call("swell", {"bytes": 2 * MEMORY}, 5)
    assert raised.value.reason == "memory"


def test_crash_of_one_job_does_not_touch_another(lane: Lane) -> None:
    results: list[dict[str, object]] = []
    thread = threading.Thread(target=lambda: results.append(lane.call("swell", {"bytes": 200_000_000}, 20)))
    thread.start()
    for _ in range(3):
        with pytest.raises(ChildDied):
            lane.call("crash", {}, 5)
    thread.join()
    assert results == [{"length": 200_000_000}]


def test_idle_child_that_was_killed_is_replaced_unseen(lane: Lane) -> None:
    lane.warm()
    (pid,) = lane.pids()
    os.kill(pid, signal.SIGKILL)
    assert wait_gone([pid], 5) == []
    assert lane.call("echo", {"a": 1}, 5) == {"a": 1}


def _pid_of_new_child(lane: Lane, old: int) -> int:
    ends = time.monotonic() + 5
    while time.monotonic() < ends:
        if (pids := [pid for pid in lane.pids() if pid != old]) and old not in lane.pids():
            return pids[0]
        time.sleep(0.005)
    raise AssertionError("nobody has started another child")


@pytest.mark.parametrize("task", ["crash", "hang"])
def test_killed_child_is_replaced_before_the_next_job(task: str) -> None:
    lane = Lane("test", 1, 0, MEMORY, tasks=TASKS)
    try:
        lane.warm()
        (old,) = lane.pids()
        with pytest.raises(ChildDied):
            lane.call(task, {}, 0.5)
        new = _pid_of_new_child(lane, old)
        assert lane.call("about", {"folder": "/"}, 5)["pid"] == new
        assert lane.pids() == [new]
    finally:
        lane.close()


def test_recycled_child_is_replaced_before_the_next_job() -> None:
    lane = Lane("test", 1, 0, MEMORY, recycle_after=2, tasks=TASKS)
    try:
        (old,) = {lane.call("about", {"folder": "/"}, 5)["pid"] for _ in range(2)}
        new = _pid_of_new_child(lane, old)
        assert lane.call("about", {"folder": "/"}, 5)["pid"] == new
    finally:
        lane.close()


def test_nobody_starts_a_child_while_another_is_idle(lane: Lane) -> None:
    first = lane.stream("count", {"frames": 1_000_000}, 5, 1 << 30)[1]
    assert lane.call("echo", {}, 5) == {}
    idle = [pid for pid in lane.pids() if pid != first._child.process.pid]  # type: ignore[union-attr]
    first.close()
    time.sleep(0.2)
    assert lane.pids() == idle


def test_cancelled_job_ends_at_once_and_its_child_with_it(lane: Lane) -> None:
    cancellation = Cancellation()
    header, stream = lane.stream("count", {"frames": 10**9}, 30, 1 << 40, cancellation=cancellation)
    threading.Timer(0.1, cancellation.cancel).start()
    started = time.monotonic()
    with pytest.raises(ChildDied):
        for _ in stream:
            pass
    assert time.monotonic() - started < 10
    assert wait_gone([header["pid"]], 5) == []


def test_cancelled_caller_leaves_the_queue_and_costs_no_job() -> None:
    lane = Lane("test", 1, 0, MEMORY, tasks=TASKS)
    try:
        header, stream = lane.stream("count", {"frames": 10**9}, 30, 1 << 40)
        cancellation = Cancellation()
        threading.Timer(0.1, cancellation.cancel).start()
        with pytest.raises(Cancelled):
            lane.stream("count", {"frames": 1}, 30, 1 << 30, cancellation=cancellation)
        assert lane.waiting == 0
        assert lane.pids() == [header["pid"]]
        stream.close()
        before = Cancellation()
        before.cancel()
        with pytest.raises(Cancelled):
            lane.stream("count", {"frames": 1}, 30, 1 << 30, cancellation=before)
    finally:
        lane.close()


def test_two_hundred_jobs_use_a_new_child_every_fifty() -> None:
    lane = Lane("test", 1, 0, MEMORY, recycle_after=50, tasks=TASKS)
    try:
        pids = [lane.call("about", {"folder": "/"}, 5)["pid"] for _ in range(200)]
    finally:
        lane.close()
    assert [len(set(pids[start : start + 50])) for start in range(0, 200, 50)] == [1, 1, 1, 1]
    assert len(set(pids)) == 4
    assert wait_gone(pids, 5) == []


def test_callers_are_served_in_the_order_they_came() -> None:
    lane = Lane("test", 1, 0, MEMORY, tasks=TASKS)
    served: list[int] = []

    def job(number: int) -> None:
        lane.call("echo", {}, 5)
        served.append(number)

    try:
        _, first = lane.stream("chatter", {}, 30, 1 << 30)
        threads = []
        for number in range(6):
            thread = threading.Thread(target=job, args=(number,))
            thread.start()
            threads.append(thread)
            while lane.waiting <= number:
                time.sleep(0.001)
        first.close()
        for thread in threads:
            thread.join()
    finally:
        lane.close()
    assert served == [0, 1, 2, 3, 4, 5]


def test_caller_who_will_not_wait_is_told_that_all_are_busy() -> None:
    lane = Lane("test", 1, 0, MEMORY, tasks=TASKS)
    try:
        _, held = lane.stream("chatter", {}, 30, 1 << 30)
        with pytest.raises(Busy, match="all 1 test processes are busy"):
            lane.call("echo", {}, 5, wait_s=0.05)
        assert lane.waiting == 0
        held.close()
        assert lane.call("echo", {}, 5, wait_s=5) == {}
    finally:
        lane.close()


def test_jobs_that_take_long_are_overtaken_in_further_children_that_end_with_them() -> None:
    lane = Lane("test", 1, 0, MEMORY, tasks=TASKS, most_overtaken=2, patience_s=0.2)
    try:
        held = [lane.stream("chatter", {}, 30, 1 << 30, wait_s=5, caller=f"slow{n}")[1] for n in range(3)]
        assert len(lane.pids()) == 3
        with pytest.raises(Busy):  # two have been overtaken, which is all
            lane.call("echo", {}, 5, wait_s=1)
        held[1].close()  # its place is another's already: there is one again that may be overtaken
        assert lane.call("echo", {"n": 1}, 5, wait_s=5) == {"n": 1}
        held[0].close()
        held[2].close()
        for n in range(5):
            assert lane.call("echo", {"n": n}, 5, wait_s=5) == {"n": n}
        assert len(lane.pids()) == 1
        assert [place is not None for place in lane._places] == [True]
    finally:
        lane.close()


def test_who_waits_for_the_end_of_a_job_of_theirs_that_was_overtaken_is_served() -> None:
    lane = Lane("test", 1, 0, MEMORY, tasks=TASKS, most_overtaken=1, patience_s=0.1)
    try:
        _, slow = lane.stream("chatter", {}, 30, 1 << 30, caller="ada")
        assert lane.call("echo", {}, 5, wait_s=5, caller="bob") == {}
        threading.Timer(0.3, slow.close).start()
        assert lane.call("echo", {"n": 2}, 5, wait_s=5, caller="ada") == {"n": 2}
        assert len(lane.pids()) == 1
    finally:
        lane.close()


def test_a_place_is_kept_for_those_of_another_party() -> None:
    lane = Lane("test", 2, 0, MEMORY, tasks=TASKS, parties=2, most_held={"anonymous": 1})
    try:
        _, slow = lane.stream("chatter", {}, 30, 1 << 30, caller="1", party="anonymous")
        with pytest.raises(Busy):
            lane.stream("count", {"frames": 1}, 5, 1 << 20, wait_s=0.2, caller="2", party="anonymous")
        _, quick = lane.stream("count", {"frames": 1}, 5, 1 << 20, wait_s=0, caller="ada", party="users")
        assert list(quick) == [b"       0"]
        slow.close()
        _, quick = lane.stream("count", {"frames": 1}, 5, 1 << 20, wait_s=5, caller="2", party="anonymous")
        assert list(quick) == [b"       0"]
    finally:
        lane.close()


def test_stream_yields_header_then_all_bytes(lane: Lane) -> None:
    header, stream = lane.stream("count", {"frames": 10_000}, 10, 1 << 20)
    assert header["pid"] in lane.pids()
    assert b"".join(stream) == b"".join(b"%8d" % n for n in range(10_000))
    assert lane.call("about", {"folder": "/"}, 5)["pid"] == header["pid"]


def test_stream_raises_the_late_error_after_the_bytes(lane: Lane) -> None:
    _, stream = lane.stream("count", {"frames": 2, "fail": True}, 10, 1 << 20)
    assert [next(stream), next(stream)] == [b"       0", b"       1"]
    with pytest.raises(InvalidQuery, match="failed late"):
        next(stream)


def test_stream_over_its_limit_is_too_large(lane: Lane) -> None:
    header, stream = lane.stream("chatter", {}, 10, 1 << 20)
    with pytest.raises(TooLarge, match="larger than 1 MB"):
        for _ in stream:
            pass
    assert wait_gone([header["pid"]], 5) == []


def test_stream_past_its_deadline_dies(lane: Lane) -> None:
    header, stream = lane.stream("chatter", {}, 0.3, 1 << 40)
    with pytest.raises(ChildDied) as raised:
        for _ in stream:
            pass
    assert raised.value.reason == "deadline"
    assert wait_gone([header["pid"]], 5) == []


@pytest.mark.parametrize("how", ["close", "drop"])
def test_stream_that_the_caller_abandons_kills_its_child(lane: Lane, how: str) -> None:
    header, stream = lane.stream("chatter", {}, 30, 1 << 40)
    next(stream)
    if how == "close":
        stream.close()
    del stream
    assert wait_gone([header["pid"]], 5) == []
    assert lane.call("echo", {}, 5) == {}


def test_closing_the_lane_ends_running_and_waiting_jobs_with_stopping() -> None:
    lane = Lane("test", 1, 0, MEMORY, tasks=TASKS)
    errors: list[BaseException] = []

    def job() -> None:
        try:
            lane.call("hang", {}, 30)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=job) for _ in range(2)]
    for thread in threads:
        thread.start()
    while lane.waiting != 1 or not lane.pids():
        time.sleep(0.01)
    lane.close()
    for thread in threads:
        thread.join(5)
    assert [type(error) for error in errors] == [Stopping, Stopping]
    with pytest.raises(Stopping):
        lane.call("echo", {}, 5)


SERVER = """
import sys, threading, time
from synhub.store.children import Lane
lane = Lane("test", 3, 0, 1 << 30, tasks={tasks!r})
for _ in range(2):
    threading.Thread(target=lambda: lane.call("hang", {{}}, 60), daemon=True).start()
while len(lane.pids()) < 2:
    time.sleep(0.01)
lane.call("echo", {{}}, 5)  # and one that is idle
print(*lane.pids(), flush=True)
time.sleep(60)
"""


def test_kill_of_the_server_leaves_no_child_behind() -> None:
    script = SERVER.format(tasks=TASKS)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    server = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    assert server.stdout is not None
    with server.stdout:
        pids = [int(pid) for pid in server.stdout.readline().split()]
    assert len(pids) == 3
    assert wait_gone(pids, 0.05) == pids
    server.kill()
    server.wait()
    assert wait_gone(pids, 5) == []
