"""Every hostile input, sent to a running server: what becomes of it, and that nobody else notices."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import wait_idle
from served import Served, served

from fixtures.hostile.case import Case
from fixtures.hostile.make import CASES

pytestmark = pytest.mark.slow

MIB = 1 << 20
# Of the server process, over what it had before. Bodies go to disk, and children read them: only what is accepted is
# planned by the server, object by object, and takes about 2 kB for each statement of the largest one (of 250 000 here).
MOST_FOR_REFUSED = 64 * MIB
MOST_FOR_ACCEPTED = 800 * MIB
LONGEST_S = 30.0  # a bound that a hang would break on any machine; how long it takes is measured in bench/


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("hostile") / "data", user_bytes=0) as found:
        assert found.submit(None).text == "Successfully uploaded"
        yield found
        assert found.get("/user/alice/lab/lab_collection/1/sbol").status_code == 200
        found.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_input(server: Served, case: Case) -> None:
    content = case.make()
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # forgets VmHWM
    before = server.memory()
    started = time.monotonic()
    answer = server.submit(content, {"id": f"c_{case.name}"}, name=case.file_name, timeout=120)
    took = time.monotonic() - started
    print(f"{case.name}\t{len(content)}\t{took:.2f}\t{answer.status_code}\t{answer.text[:200]!r}")
    if case.expected == "accepted":
        assert (answer.status_code, answer.text) == (200, "Successfully uploaded"), answer.text
    else:
        assert answer.status_code in (400, 413), answer.text
        assert case.says in answer.text
        assert "Traceback" not in answer.text
        assert server.get(f"/user/alice/c_{case.name}/c_{case.name}_collection/1").status_code == 404
    grown = server.memory("VmHWM") - before
    if len(content) > MIB:  # what comes after the answer, the index of sequences for one, is not the next one's
        wait_idle(server.process.pid, 10)
    assert grown < (MOST_FOR_ACCEPTED if case.expected == "accepted" else MOST_FOR_REFUSED)
    assert took < LONGEST_S
    assert server.process.poll() is None
    assert server.get("/health").status_code == 200
