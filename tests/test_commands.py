"""The command line and the upload client, the latter against a small HTTP server of the standard library."""

import fcntl
import io
import json
import socket
import threading
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from synhub import __version__
from synhub.__main__ import build_parser, main
from synhub.client import Progress


class Recorder(BaseHTTPRequestHandler):
    """Answers every POST with what the server object was told to answer, and keeps the request."""

    server: Any

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        status, headers, text = self.server.answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), Recorder)
    server.requests = []
    server.answer = (200, {"Link": '</jobs/7>; rel="describedby"'}, b"Successfully uploaded")
    server.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def token(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text("0b1f6a52-5a1c-4d3c-a0f5-8a9f3c1f2d11\n")
    return str(path)


def form_of(headers: dict[str, str], body: bytes) -> list[tuple[str, str | None, bytes]]:
    """Parse a multipart body into (field, file name, content)."""
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body
    )
    return [
        (
            str(part.get_param("name", header="content-disposition")),
            part.get_filename(),
            part.get_payload(decode=True),  # type: ignore[misc]  # bytes for a part that is not multipart
        )
        for part in message.iter_parts()  # policy HTTP makes an EmailMessage
    ]


def test_version_names_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"synhub {__version__}\n"


@pytest.mark.parametrize(
    "argv",
    [[], ["fly"], ["serve", "--port", "70000"], ["serve", "--port", "x"], ["submit", "--url", "http://h/"]],
)
def test_wrong_usage_exits_with_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(argv)

    assert ended.value.code == 2


def test_options_that_are_not_given_stay_open_for_the_environment() -> None:
    arguments = vars(build_parser().parse_args(["serve"]))

    assert {name: value for name, value in arguments.items() if value is not None} == {"command": "serve"}


def test_submit_sends_files_fields_and_token(
    server: Any, token: str, fixtures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    promoter = fixtures / "sbol2" / "promoter.xml"
    device = fixtures / "sbol2" / "device.xml"
    options = ["--id", "lab", "--version", "1", "--name", "Lab α", "--description", "d", "--citations", "1,2"]
    options.append("--sequence-only")

    code = main(["submit", str(promoter), str(device), "--url", server.url, "--token-file", token, *options])

    [(path, headers, body)] = server.requests
    assert code == 0
    assert path == "/submit"
    assert headers["X-authorization"] == "0b1f6a52-5a1c-4d3c-a0f5-8a9f3c1f2d11"
    assert headers["Accept"] == "text/plain"
    assert form_of(headers, body) == [
        ("id", None, b"lab"),
        ("version", None, b"1"),
        ("name", None, "Lab α".encode()),
        ("description", None, b"d"),
        ("citations", None, b"1,2"),
        ("sequence_only", None, b"1"),
        ("overwrite_merge", None, b"0"),
        ("file", "promoter.xml", promoter.read_bytes()),
        ("file", "device.xml", device.read_bytes()),
    ]
    assert capsys.readouterr().out == f"Successfully uploaded\nreport: {server.url}jobs/7\n"


@pytest.mark.parametrize(("mode", "sent"), [([], b"2"), (["--mode", "3"], b"3")])
def test_submit_into_a_collection_adds_unless_told_otherwise(
    server: Any, token: str, fixtures: Path, mode: list[str], sent: bytes
) -> None:
    promoter = str(fixtures / "sbol2" / "promoter.xml")
    into = ["--collection", "http://h/user/bob/lab/lab_collection/1"]

    assert main(["submit", promoter, "--url", server.url, "--token-file", token, *into, *mode]) == 0

    [(_, headers, body)] = server.requests
    fields = {name: content for name, file_name, content in form_of(headers, body) if file_name is None}
    assert fields == {"rootCollections": b"http://h/user/bob/lab/lab_collection/1", "overwrite_merge": sent}


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            401,
            b"Login required",
            "synhub: the server does not accept the token (Login required); log in again",
        ),
        (
            400,
            b"Submission id and version already in use",
            "the server refused the submission: Submission id and",
        ),
        (
            400,
            json.dumps(["no id", "no name"]).encode(),
            "the server refused the submission: no id\nno name\n",
        ),
        (413, b"over 512 MB", "synhub: the server refuses an upload of this size: over 512 MB\n"),
        (503, b"Stopping", "submit answered 503: Stopping"),
        (303, b"", "submit answered 303"),
    ],
)
def test_refusals_are_said_on_stderr_and_exit_with_1(
    server: Any,
    token: str,
    fixtures: Path,
    capsys: pytest.CaptureFixture[str],
    status: int,
    body: bytes,
    said: str,
) -> None:
    server.answer = (status, {}, body)

    code = main(["submit", str(fixtures / "sbol2" / "promoter.xml"), "--url", server.url, "--token-file", token])

    output = capsys.readouterr()
    assert code == 1
    assert output.out == ""
    assert said in output.err


def test_a_server_that_is_not_there_is_named(token: str, fixtures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"

    code = main(["submit", str(fixtures / "sbol2" / "promoter.xml"), "--url", url, "--token-file", token])

    assert code == 1
    assert capsys.readouterr().err.startswith(f"synhub: no server answers at {url}")


def test_a_missing_file_is_named(server: Any, token: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["submit", "absent.xml", "--url", server.url, "--token-file", token])

    assert code == 1
    assert capsys.readouterr().err == "synhub: cannot read absent.xml: No such file or directory\n"
    assert server.requests == []


@pytest.mark.parametrize("url", ["localhost:7777", "ftp://localhost/", "http://"])
def test_an_url_that_is_none_is_named(token: str, fixtures: Path, capsys: pytest.CaptureFixture[str], url: str) -> None:
    code = main(["submit", str(fixtures / "sbol2" / "promoter.xml"), "--url", url, "--token-file", token])

    assert code == 1
    assert repr(url) in capsys.readouterr().err


def test_token_comes_from_the_environment_without_a_file(
    server: Any, fixtures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNHUB_TOKEN", "from-environment")

    assert main(["submit", str(fixtures / "sbol2" / "promoter.xml"), "--url", server.url]) == 0

    assert server.requests[0][1]["X-authorization"] == "from-environment"


def test_without_a_token_nothing_is_sent(
    server: Any, fixtures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SYNHUB_TOKEN", raising=False)

    assert main(["submit", str(fixtures / "sbol2" / "promoter.xml"), "--url", server.url]) == 1

    assert "no token" in capsys.readouterr().err
    assert server.requests == []


def test_a_token_that_would_break_the_header_is_refused(
    server: Any, fixtures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNHUB_TOKEN", "a\r\nX-Other: b")

    assert main(["submit", str(fixtures / "sbol2" / "promoter.xml"), "--url", server.url]) == 1
    assert server.requests == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_shows_share_amount_and_rate_on_a_terminal() -> None:
    out = Terminal()
    times = iter([0.0, 0.05, 1.0, 2.0])
    progress = Progress(4_000_000, out, lambda: next(times))

    progress.advance(500_000)  # 0.05 s: too soon to draw
    progress.advance(1_500_000)
    progress.advance(2_000_000)

    assert out.getvalue() == (
        f"\r[{'#' * 15:<30}]  50%  2.0 MB of 4.0 MB  2.0 MB/s   "
        f"\r[{'#' * 30}] 100%  4.0 MB of 4.0 MB  2.0 MB/s   "
        "\nsent; waiting for the server to store it\n"
    )


def test_progress_is_silent_where_there_is_no_terminal() -> None:
    out = io.StringIO()

    Progress(10, out).advance(10)

    assert out.getvalue() == ""


@pytest.mark.parametrize("command", ["serve", "check", "reindex"])
def test_a_data_folder_in_use_is_named_and_exits_with_2(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert main([command, "--data", str(tmp_path)]) == 2

    assert f"the data folder {tmp_path} is in use" in capsys.readouterr().err
