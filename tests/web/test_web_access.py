"""One line for each request: what it says, what it never says, and what it costs."""

import asyncio
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from live import PASSWORD, Live, live
from starlette.types import Message, Receive, Scope, Send

from synhub.web.access import AccessLog, shown_path

DEVICE = (Path(__file__).parents[2] / "fixtures" / "sbol2" / "device.xml").read_bytes()
LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (?P<id>[\w.-]+) (?P<method>\S+) (?P<path>\S+) (?P<status>\d{3})"
    r" (?P<bytes>\d+) (?P<ms>\d+\.\d) (?P<user>\S+) (?P<address>\S+) (?P<job>\S+)\Z"
)


class Lines(logging.Handler):
    """The access lines, as they go to stderr."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    def last(self) -> dict[str, str]:
        """The newest line, taken apart; it is written just after the client has the answer."""
        for _ in range(200):
            if self.texts:
                break
            time.sleep(0.01)
        found = LINE.match(self.texts.pop())
        assert found, self.texts
        assert not self.texts
        return found.groupdict()


@pytest.fixture
def lines() -> Iterator[Lines]:
    handler, logger = Lines(), logging.getLogger("synhub.access")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("access") / "data", trusted_proxies="127.0.0.1") as instance:
        instance.user("alice")
        instance.submit("alice", DEVICE)
        time.sleep(0.1)  # its line comes a little after its answer
        yield instance


# --- what a line says -------------------------------------------------------------------------------------------------


def test_line_has_user_status_bytes_and_address(hub: Live, lines: Lines) -> None:
    answer = hub.get("/user/alice/lab/lab_collection/1/metadata", "alice")
    line = lines.last()

    assert (line["method"], line["path"]) == ("GET", "/user/alice/lab/lab_collection/1/metadata")
    assert (line["status"], line["bytes"]) == ("200", str(len(answer.content)))
    assert (line["user"], line["address"], line["job"]) == ("alice", "127.0.0.1", "-")
    assert line["id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("path", "status"), [("/no/such/route", 404), ("/user/alice/lab/secret/1", 404), ("/manage", 401)]
)
def test_refused_requests_have_a_line_and_a_name(hub: Live, lines: Lines, path: str, status: int) -> None:
    answer = hub.get(path)
    line = lines.last()

    assert answer.status_code == status
    assert (line["status"], line["user"], line["id"]) == (str(status), "-", answer.headers["X-Request-Id"])


def test_broken_handler_has_a_line_and_the_log_names_the_request(
    hub: Live, lines: Lines, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("synhub.web.application.routes.match", broken)
    answer = hub.get("/user/alice/lab/p/1/c2VjcmV0/share/sbol%0Aforged")
    line = lines.last()

    assert (answer.status_code, line["status"]) == (500, "500")
    name = answer.headers["X-Request-Id"]
    told = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert told == [f"{name}: GET /user/alice/lab/p/1/***/share/sbol%0Aforged failed"]


def test_submission_names_its_job(hub: Live, lines: Lines) -> None:
    answer = hub.submit("alice", DEVICE, {"id": "named"})
    job = answer.headers["Link"].partition("/jobs/")[2].partition(">")[0]
    assert lines.last()["job"] == job

    answer = hub.request(
        "POST",
        "/submit",
        "alice",
        headers={"Prefer": "respond-async"},
        files={
            name: (None, value)
            for name, value in {"id": "later", "version": "1", "name": "n", "description": "d"}.items()
        }
        | {"overwrite_merge": (None, "0")},
    )
    line = lines.last()
    assert (line["status"], f"/jobs/{line['job']}") == ("202", answer.headers["Location"])


def test_failed_submission_names_its_job(hub: Live, lines: Lines) -> None:
    answer = hub.submit("alice", b"<no RDF", {"id": "broken"})
    line = lines.last()

    assert (answer.status_code, line["status"]) == (400, "400")
    assert hub.hub.journal.get(line["job"]).state == "failed"


def test_streamed_answer_is_told_when_it_has_ended(hub: Live, lines: Lines) -> None:
    path = "/user/alice/lab/lab_collection/1/sbol"
    with hub.client.stream("GET", hub.url + path, headers=hub.headers("alice")) as answer:
        size = sum(len(piece) for piece in answer.iter_raw())
    line = lines.last()

    assert size > 10_000
    assert (line["status"], line["bytes"]) == ("200", str(size))


def test_head_has_no_bytes(hub: Live, lines: Lines) -> None:
    assert hub.request("HEAD", "/health").status_code == 200
    assert lines.last()["bytes"] == "0"


def test_preflight_has_a_line_and_browsers_may_read_the_name(hub: Live, lines: Lines) -> None:
    answer = hub.request("OPTIONS", "/submit", headers={"Origin": "http://x.example"})
    assert (lines.last()["status"], answer.status_code) == ("204", 204)
    assert "X-Request-Id" in answer.headers["Access-Control-Expose-Headers"]


def test_address_is_the_one_a_trusted_proxy_says(hub: Live, lines: Lines) -> None:
    hub.get("/health", headers={"X-Forwarded-For": "192.0.2.7"})
    assert lines.last()["address"] == "192.0.2.7"
    hub.get("/health", headers={"X-Forwarded-For": "no address, 'x y'"})
    assert lines.last()["address"] == "-"


def test_who_leaves_during_the_body_is_told_as_499(hub: Live, lines: Lines) -> None:
    async def leave() -> None:
        host, port = hub.url.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /submit HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\nX-authorization: ")
        writer.write(hub.tokens["alice"].encode())
        writer.write(b"\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        await writer.wait_closed()

    asyncio.run(leave())
    line = lines.last()
    assert (line["status"], line["user"], line["job"]) == ("499", "alice", "-")


# --- what a line never says -------------------------------------------------------------------------------------------


def test_neither_token_nor_password_nor_query_is_told(hub: Live, lines: Lines) -> None:
    hub.request("POST", "/login", data={"email": "alice", "password": PASSWORD})
    hub.get("/search/promoter/?token=c2VjcmV0&limit=1", "alice")
    hub.request(
        "GET", "/profile", headers={"X-authorization": hub.tokens["alice"], "Cookie": "synhub_session=c2VjcmV0"}
    )
    time.sleep(0.05)
    told = "\n".join(lines.texts)

    assert len(lines.texts) == 3
    for secret in (PASSWORD, "correct", hub.tokens["alice"], "c2VjcmV0", "limit=1"):
        assert secret not in told


@pytest.mark.parametrize(
    "path",
    [
        "/user/a/lab/p/1/c2VjcmV0/share",
        "/user/a/lab/p/1/c2VjcmV0/share/",
        "/user/a/lab/p/1/c2VjcmV0/share/sbol",
        "/user/a/lab/p/1/c2VjcmV0/SHARE/metadata",
        "/user/a/lab/p/1/c2VjcmV0/%73hare/metadata",
        "/user/a/lab/p/1/c2VjcmV0/share%20",
        "/user/a/lab/p/1/c2VjcmV0%2Fshare%2Fsbol",
        "/user/a/lab/p/1/c2VjcmV0/share/no/such/verb",
        "/a%20b/c2VjcmV0/share",
        "/c2VjcmV0/share?x",
    ],
)
def test_secrets_of_share_links_are_masked(path: str) -> None:
    assert "c2VjcmV0" not in shown_path(path.encode())
    assert "/***/" in shown_path(path.encode())


@pytest.mark.parametrize(
    "after",
    [
        "",
        "/",
        "/shares",
        "//share",
        "/shar",
        "/sharesbol",
        "%2Fshare",
        "%252Fshare",
        "%252fshare%252fsbol",
        "%20/share",
    ],
)
@pytest.mark.parametrize(
    "before", ["/user/a/lab/p/1/", "/", "/user/a/lab/p/1%2F", "/user/a/lab/p/1%252F", "/%", "/x%25"]
)
@pytest.mark.parametrize(
    "secret", ["0123456789abcdef0123456789abcdef01234567", "0123456789ABCDEF0123456789ABCDEF0123456789"]
)
def test_secrets_are_masked_where_the_address_is_mistyped(before: str, secret: str, after: str) -> None:
    shown = shown_path((before + secret + after).encode())
    assert secret[3:-3] not in shown
    assert "***" in shown


@pytest.mark.parametrize("digit", ["%37", "%2537"])
def test_secret_with_an_escaped_digit_is_masked(digit: str) -> None:
    raw = f"/user/a/lab/p/1/0123456{digit}89abcdef0123456789abcdef0123456{digit}"
    assert shown_path(raw.encode()) == "/user/a/lab/p/1/***"


def test_secret_is_masked_in_the_line_of_a_failed_address(hub: Live, lines: Lines) -> None:
    secret = "0123456789abcdef" * 3
    assert hub.get(f"/user/alice/lab/p/1/{secret}").status_code == 404
    assert lines.last()["path"] == "/user/alice/lab/p/1/***"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (
            b"/user/a/lab/attachment_0123456789abcdef0123456789abcdef/1",
            "/user/a/lab/attachment_" + "0123456789abcdef" * 2 + "/1",
        ),
        (b"/search/role%3D%3Chttp%3A%2F%2Fx%3E&GFP/", "/search/role%3D%3Chttp%3A%2F%2Fx%3E&GFP/"),
        (b"/user/alice/lab/p/1/shareLink", "/user/alice/lab/p/1/shareLink"),
        (b"/shared", "/shared"),
        (b"/a%0AGET", "/a%0AGET"),
        (b"/a\nb c\x1b[2J\xff", "/a%0Ab%20c%1B%5B2J%C3%BF"),
        (b"*", "*"),
        (b"http://user:password@h/", "-"),
    ],
)
def test_path_is_told_as_it_came_as_far_as_it_is_printable(raw: bytes, shown: str) -> None:
    assert shown_path(raw) == shown


@given(st.binary(max_size=60))
def test_no_path_breaks_out_of_its_field(raw: bytes) -> None:
    assert re.fullmatch(r"[!-~]+", shown_path(b"/" + raw))


@pytest.mark.parametrize("piece", ["zyg%20", "zyg", "%2F%2e", "0123456789abcdef"])
def test_long_path_is_told_at_once(piece: str) -> None:
    raw = b"/search/" + (piece * (100_000 // len(piece))).encode()
    started_s = time.thread_time()
    assert shown_path(raw).startswith("/")
    assert time.thread_time() - started_s < 2.0


@pytest.mark.parametrize("name", ["job-17.a_b", "4f" * 32])
def test_sane_request_id_of_a_proxy_is_kept(hub: Live, lines: Lines, name: str) -> None:
    answer = hub.get("/health", headers={"X-Request-Id": name})
    assert (answer.headers["X-Request-Id"], lines.last()["id"]) == (name, name)


@pytest.mark.parametrize("name", ["", "two words", "x" * 65, "a\tb", "<script>", "a;b", "ü"])
def test_other_request_ids_are_replaced(hub: Live, lines: Lines, name: str) -> None:
    answer = hub.get("/health", headers={"X-Request-Id": name.encode()})
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Request-Id"])
    assert lines.last()["id"] == answer.headers["X-Request-Id"]


def test_two_requests_have_two_names(hub: Live) -> None:
    assert hub.get("/health").headers["X-Request-Id"] != hub.get("/health").headers["X-Request-Id"]


def test_no_line_where_the_setting_says_so_but_a_name(tmp_path: Path, lines: Lines) -> None:
    with live(tmp_path / "data", access_log=False) as quiet:
        answer = quiet.get("/health")
        time.sleep(0.05)
    name = answer.headers["X-Request-Id"]
    assert re.fullmatch(r"[0-9a-f]{16}", name)
    # Lines are told after their answers: one of the server of the tests before may still come.
    assert not [text for text in lines.texts if name in text]


# --- broken answers and cost ------------------------------------------------------------------------------------------


def scope() -> dict[str, Any]:
    headers = [(b"host", b"h"), (b"accept", b"*/*"), (b"user-agent", b"x")]
    raw = b"/user/alice/lab/lab_collection/1/metadata"
    return {"type": "http", "method": "GET", "raw_path": raw, "headers": headers, "client": ("127.0.0.1", 5)}


async def nothing() -> Message:
    return {"type": "http.disconnect"}


def test_answer_that_breaks_off_is_told_with_the_bytes_that_were_sent(lines: Lines) -> None:
    async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"12345", "more_body": True})

    async def taking(message: Message) -> None:
        pass

    asyncio.run(AccessLog(breaking, lines=True)(scope(), nothing, taking))
    line = lines.last()
    assert (line["status"], line["bytes"]) == ("499", "5")


def cost_us(log: bool, rounds: int = 3000) -> float:
    """Processor time in microseconds of one request through an application that does nothing."""

    async def empty(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"12345"})

    async def taking(message: Message) -> None:
        pass

    async def run() -> float:
        app = AccessLog(empty, lines=True) if log else empty
        best = float("inf")
        for _ in range(5):
            started = time.thread_time()
            for _ in range(rounds):
                await app(scope(), nothing, taking)
            best = min(best, time.thread_time() - started)
        return best / rounds * 1e6

    return asyncio.run(run())


def test_a_line_costs_little(tmp_path: Path) -> None:
    """About 25 us; the bound leaves room for slower and busier machines."""
    logger = logging.getLogger("synhub.access")
    with (tmp_path / "stderr").open("w") as stderr:
        handler = logging.StreamHandler(stderr)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        try:
            with_line, without = cost_us(True), cost_us(False)
        finally:
            logger.removeHandler(handler)
            logger.setLevel(logging.NOTSET)
            logger.propagate = True
    assert (tmp_path / "stderr").read_text().count("\n") == 15_000
    assert with_line - without < 100, f"{with_line - without:.1f} us"


def test_client_sees_the_name_on_errors_of_forms(hub: Live) -> None:
    answer = httpx.post(hub.url + "/submit", headers=hub.headers("alice"), content=b"x")
    assert answer.status_code == 400
    assert answer.headers["X-Request-Id"]
