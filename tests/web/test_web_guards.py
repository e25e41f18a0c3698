"""Pages that need a login: browsers are sent to the login page, everybody else gets the refusal."""

from collections.abc import Iterator

import pytest
from live import Live, live

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("guards")) as running:
        running.user("alice")
        yield running


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/profile", "%2Fprofile"),
        ("/manage/?x=a%20b", "%2Fmanage%2F%3Fx%3Da%2520b"),
        ("/admin/explorerIndexingLog", "%2Fadmin%2FexplorerIndexingLog"),
    ],
)
def test_a_browser_that_must_log_in_is_sent_to_the_login_page_and_back(instance: Live, path: str, target: str) -> None:
    response = instance.get(path, headers={"Accept": HTML})
    assert (response.status_code, response.headers["location"]) == (302, "/login?next=" + target)


@pytest.mark.parametrize("accept", ["text/plain", "*/*", "application/json, text/plain, */*"])
def test_a_tool_that_must_log_in_is_refused(instance: Live, accept: str) -> None:
    response = instance.get("/profile", headers={"Accept": accept})
    assert (response.status_code, response.text) == (401, "Login required")


def test_a_form_sent_by_a_browser_that_nobody_is_logged_in_with_is_refused(instance: Live) -> None:
    assert instance.request("POST", "/profile", headers={"Accept": HTML}).status_code == 401


def test_who_is_logged_in_but_no_administrator_is_refused(instance: Live) -> None:
    assert instance.get("/admin/explorerIndexingLog", "alice", headers={"Accept": HTML}).status_code == 401
