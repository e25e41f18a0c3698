"""What is answered on the event loop is answered alike in a thread, where what takes longer goes."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from live import Live, live
from starlette.requests import Request

from synhub.store import database
from synhub.web import here

DESIGN = ">promoter_one a promoter\nACGTACGT\n>gfp_two green\nATGGCCGCC\n"
PATHS = (
    "/search/promoter", "/search/objectType=ComponentDefinition&?sort=-name", "/searchCount/*", "/rootCollections",
    "/user/alice/lab/lab_collection/1/members?q=gfp", "/user/alice/lab/lab_collection/1/subCollections",
    "/user/alice/lab/lab_collection/members", "/user/alice/lab/nothing/1/subCollections",
    "/user/alice/lab/nothing/1/members", "/manage", "/Collection/count",
)  # fmt: skip


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as hub:
        hub.user("alice")
        hub.user("bob")
        assert hub.submit("alice", DESIGN.encode(), {"id": "lab", "name": "Lab"}).status_code == 200
        yield hub


def test_answers_are_the_same_here_and_in_a_thread(hub: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [(path, who) for path in PATHS for who in ("alice", "bob", None)]
    mine = [hub.get(path, who) for path, who in asked]
    monkeypatch.setattr(here, "_BRIEF_S", -1.0)
    monkeypatch.setattr(database, "_STEPS", 1)
    for (path, who), before in zip(asked, mine, strict=True):
        answer = hub.get(path, who)
        assert (answer.status_code, answer.content) == (before.status_code, before.content), (path, who)
    found = {path: answer for (path, who), answer in zip(asked, mine, strict=True) if who == "alice"}
    assert [row["displayId"] for row in found[PATHS[0]].json()] == ["promoter_one", "promoter_one_seq"]
    assert found[PATHS[4]].json()["total"] == 2


@pytest.mark.parametrize(("most_s", "is_here"), [(60.0, True), (-1.0, False)])
def test_what_takes_long_goes_to_a_thread(
    hub: Live, monkeypatch: pytest.MonkeyPatch, most_s: float, is_here: bool
) -> None:
    monkeypatch.setattr(here, "_BRIEF_S", most_s)
    monkeypatch.setattr(database, "_STEPS", 1)
    ended_in: list[int] = []

    def read() -> Any:
        found = hub.hub.catalog.database.row("SELECT count(*) FROM top_level")
        ended_in.append(threading.get_ident())
        return found

    request = cast(Request, SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(hub=hub.hub))))
    assert asyncio.run(here.here(request, read)) == (5,)
    assert [ident == threading.get_ident() for ident in ended_in] == [is_here]
