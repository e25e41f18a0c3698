import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests
from accounts_server import Server, account_server
from hypothesis import example, given
from hypothesis import strategies as st

from synhub.web.accounts import local_path
from synhub.web.auth import COOKIE, csrf_token

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")
ALICE = {
    "name": "Alice A",
    "username": "alice",
    "email": "alice@lab.example",
    "affiliation": "Lab",
    "password1": "pw",
    "password2": "pw",
}
HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with account_server(tmp_path_factory.mktemp("data"), login_attempts=1000) as running:
        running.accounts.create_user("testuser", "test@user.synbiohub", "test", name="Test User", is_admin=True)
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with account_server(tmp_path) as running:
        running.accounts.create_user("alice", "alice@lab.example", "pw", name="Alice A", affiliation="Lab")
        running.accounts.create_user("bob", "bob@lab.example", "pw")
        yield running


def _cookie(response: httpx.Response) -> str:
    value = response.headers["set-cookie"].split(";")[0]
    assert value.startswith(COOKIE + "=")
    return str(value)


def _csrf(cookie: str) -> str:
    return csrf_token(cookie.partition("=")[2])


# --- login ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["testuser", "test@user.synbiohub", "TEST@user.synbiohub"])
@pytest.mark.parametrize("accept", ["text/plain", "application/json", "*/*", "application/json, text/plain, */*"])
def test_login_answers_the_bare_token(shared: Server, login: str, accept: str) -> None:
    response = shared.post("/login", {"email": login, "password": "test", "query": "", "format": "xml"}, accept=accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert UUID4.match(response.text)
    assert "set-cookie" not in response.headers
    assert shared.get("/whoami", X_authorization=response.text).json()["user"] == "testuser"


def test_login_reads_json_and_multipart(shared: Server) -> None:
    fields = {"email": "testuser", "password": "test"}
    url = shared.url + "/login"
    assert UUID4.match(shared.client.post(url, json=fields, headers={"accept": "text/plain"}).text)
    parts = {name: (None, value) for name, value in fields.items()}
    assert UUID4.match(shared.client.post(url, files=parts, headers={"accept": "text/plain"}).text)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Please enter your e-mail address and password."),
        ({"email": "testuser"}, "Please enter your e-mail address and password."),
        ({"email": "testuser", "password": ""}, "Please enter your e-mail address and password."),
        ({"password": "test"}, "Please enter your e-mail address and password."),
        ({"email": "nobody@x.org", "password": "test"}, "Your e-mail address was not recognized."),
        ({"email": "test@user.synbiohub", "password": "bad"}, "Your password was not recognized."),
    ],
)
@pytest.mark.parametrize("path", ["/login", "/remoteLogin"])
def test_login_failure_is_401_with_the_classic_text(
    shared: Server, path: str, fields: dict[str, str], message: str
) -> None:
    response = shared.post(path, fields)
    assert (response.status_code, response.text) == (401, message)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


def test_broken_json_is_400(shared: Server) -> None:
    headers = {"accept": "text/plain", "content-type": "application/json"}
    response = shared.client.post(shared.url + "/login", content=b'{"email":', headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (400, "text/plain; charset=utf-8")


def test_remote_login_is_never_html(shared: Server) -> None:
    response = shared.post("/remoteLogin", {"email": "testuser", "password": "test"}, accept="text/html")
    assert UUID4.match(response.text)
    assert "set-cookie" not in response.headers
    response = shared.post("/remoteLogin", {"email": "testuser", "password": "x"}, accept="text/html")
    assert (response.status_code, response.text) == (401, "Your password was not recognized.")


def test_browser_login_starts_a_session_and_goes_on(shared: Server) -> None:
    form = {"email": "testuser", "password": "test", "next": "/manage?x=1"}
    response = shared.post("/login", form, accept=HTML)
    assert (response.status_code, response.headers["location"]) == (302, "/manage?x=1")
    assert re.match(
        COOKIE + r"=[\w-]{43}; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax\Z", response.headers["set-cookie"]
    )
    assert shared.get("/whoami", Cookie=_cookie(response)).json() == {"user": "testuser", "cookie": True}
    assert shared.get("/login?next=/manage", Cookie=_cookie(response)).headers["location"] == "/manage"


def test_browser_login_never_leaves_this_server(shared: Server) -> None:
    for target in (
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:x",
        "",
    ):
        form = {"email": "testuser", "password": "test", "next": target}
        assert shared.post("/login", form, accept=HTML).headers["location"] == "/"


@given(st.text(alphabet=st.sampled_from("/\\\t\n\r ab:.?#@%&="), max_size=12) | st.text(max_size=12))
@example("/%2F/x")
def test_local_paths_start_with_exactly_one_slash(text: str) -> None:
    path = local_path(text)
    assert (
        re.match(r"/(?![/\\])[^\\\s]*\Z", path)
        or path == "/"
        or (path == text and not re.search(r"[\\\x00-\x20]", path))
    )
    assert path.startswith("/") and not path.startswith(("//", "/\\"))


def test_failed_browser_login_shows_the_form_again_with_its_true_status(shared: Server) -> None:
    form = {"email": '"><script>', "password": "x", "next": "/manage"}
    response = shared.post("/login", form, accept=HTML)
    assert response.status_code == 401
    assert "Your e-mail address was not recognized." in response.text
    assert "<script>" not in response.text
    assert 'name="next" value="/manage"' in response.text
    assert "set-cookie" not in response.headers


def test_other_sites_cannot_log_a_browser_in(shared: Server) -> None:
    form = {"email": "testuser", "password": "test"}
    response = shared.post("/login", form, accept=HTML, Sec_Fetch_Site="cross-site")
    assert response.status_code == 403
    assert "set-cookie" not in response.headers
    assert shared.post("/login", form, Sec_Fetch_Site="cross-site").status_code == 200  # a web app asks for a token


@pytest.mark.parametrize("path", ["/", "/login", "/register"])
@pytest.mark.parametrize("accept", ["text/plain", "*/*", "application/sparql-results+json", HTML])
def test_form_pages_are_html_whatever_accept_says(shared: Server, path: str, accept: str) -> None:
    response = shared.get(path, accept=accept)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text.startswith("<!DOCTYPE html>")


def test_too_many_failures_are_429_with_retry_after(tmp_path: Path) -> None:
    with account_server(tmp_path, login_attempts=2) as server:
        server.accounts.create_user("alice", "a@x.org", "pw")
        for _ in range(2):
            assert server.post("/login", {"email": "alice", "password": "x"}).status_code == 401
        response = server.post("/login", {"email": "alice", "password": "pw"})
        assert (response.status_code, response.headers["retry-after"]) == (429, "1")
        assert response.text == "Too many failed logins; try again in 1 s"
        response = server.post("/login", {"email": "alice", "password": "pw"}, accept=HTML)
        assert (response.status_code, response.headers["retry-after"]) == (429, "1")


# --- logout ---------------------------------------------------------------------------------------------------------


def test_logout_ends_the_token(server: Server) -> None:
    token = server.login("alice", "pw")
    for method in ("POST", "GET"):  # the second finds nothing to end
        response = server.send(method, "/logout", X_authorization=token)
        assert (response.status_code, response.content) == (200, b"")
        assert server.get("/profile", X_authorization=token).text == "Login required"
    assert (server.get("/logout").status_code, server.get("/logout").content) == (200, b"")


def test_logout_of_a_browser_ends_its_session_and_goes_home(server: Server) -> None:
    cookie = _cookie(server.post("/login", {"email": "alice", "password": "pw"}, accept=HTML))
    response = server.get("/logout", accept=HTML, Cookie=cookie)
    assert (response.status_code, response.headers["location"]) == (302, "/")
    assert "Max-Age=0" in response.headers["set-cookie"]
    assert server.get("/whoami", Cookie=cookie).json()["user"] is None


# --- registration ---------------------------------------------------------------------------------------------------


def test_registration_refuses_in_the_classic_order(tmp_path: Path) -> None:
    with account_server(tmp_path) as server:
        said: dict[str, str] = {}
        for message, name, value in [
            ("Please enter your name", "name", "Alice A"),
            ("Please enter a valid username", "username", "al ice"),
            ("Please enter a valid username", "username", "al_ice"),
            ("Please enter a valid username", "username", "alice"),
            ("Please enter a valid e-mail address", "email", "nope"),
            ("Please enter a valid e-mail address", "email", "alice@lab.example"),
            ("Please enter a password", "password2", "pw"),
            ("Please enter a password", "password1", "other"),
            ("Passwords do not match", "password1", "pw"),
        ]:
            response = server.post("/register", said)
            assert (response.status_code, response.text) == (400, message)
            said[name] = value
        response = server.post("/register", said)
        assert (response.status_code, response.text) == (200, "User registered successfully")
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        assert "set-cookie" not in response.headers
        assert UUID4.match(server.login("alice", "pw"))


@pytest.mark.parametrize(
    "changed",
    [{}, {"username": "alice2"}, {"email": "a2@lab.example"}, {"username": "ALICE", "email": "a2@lab.example"}],
)
def test_names_and_addresses_in_use_are_refused(server: Server, changed: dict[str, str]) -> None:
    response = server.post("/register", ALICE | changed)
    assert (response.status_code, response.text) == (400, "Error: E-mail address or username already in use")


def test_registration_can_be_switched_off(tmp_path: Path) -> None:
    with account_server(tmp_path, signup=False) as server:
        for response in (server.post("/register", ALICE), server.get("/register")):
            assert (response.status_code, response.text) == (401, "Public signup is not allowed")
        assert "/register" not in server.get("/login").text
        assert server.accounts.list_users() == []


def test_browser_registration_logs_in_or_shows_the_form_again(tmp_path: Path) -> None:
    with account_server(tmp_path) as server:
        response = server.post("/register", ALICE | {"password2": "x", "name": "<b>"}, accept=HTML)
        assert response.status_code == 400
        assert "Passwords do not match" in response.text
        assert 'value="&lt;b&gt;"' in response.text
        response = server.post("/register", ALICE, accept=HTML)
        assert (response.status_code, response.headers["location"]) == (302, "/")
        assert server.get("/whoami", Cookie=_cookie(response)).json()["user"] == "alice"


# --- profile --------------------------------------------------------------------------------------------------------


def test_profile_has_the_classic_members_and_the_quota(server: Server) -> None:
    response = server.get("/profile", X_authorization=server.login("alice", "pw"))
    assert response.headers["content-type"].startswith("application/json")
    profile = response.json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", profile["createdAt"])
    assert list(profile.items()) == [
        ("id", 1),
        ("name", "Alice A"),
        ("username", "alice"),
        ("email", "alice@lab.example"),
        ("affiliation", "Lab"),
        ("password", ""),
        ("graphUri", "http://localhost:7777/user/alice"),
        ("isAdmin", False),
        ("resetPasswordLink", ""),
        ("isCurator", False),
        ("isMember", False),
        ("createdAt", profile["createdAt"]),
        ("updatedAt", profile["createdAt"]),
        ("user_external_profiles", []),
        ("usedBytes", 0),
        ("allowedBytes", 20 << 30),
    ]


def test_profile_needs_a_login(shared: Server) -> None:
    for method in ("GET", "POST"):
        for token in ("", "not-a-token"):
            response = shared.send(method, "/profile", X_authorization=token)
            assert (response.status_code, response.text) == (401, "Login required")


def test_profile_page_shows_the_data_to_browsers(server: Server) -> None:
    response = server.get("/profile", accept=HTML, X_authorization=server.login("alice", "pw"))
    assert response.text.startswith("<!DOCTYPE html>")
    assert "<dd>alice@lab.example</dd>" in response.text


def test_profile_update_keeps_what_is_not_given(server: Server) -> None:
    token = server.login("alice", "pw")
    response = server.post("/profile", {"affiliation": "New lab", "name": ""}, X_authorization=token)
    assert (response.status_code, response.text) == (200, "Profile updated successfully")
    profile = server.get("/profile", X_authorization=token).json()
    assert (profile["name"], profile["affiliation"], profile["email"]) == ("Alice A", "New lab", "alice@lab.example")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"password1": "x", "password2": "y"}, "Passwords do not match"),
        ({"password1": "x"}, "Passwords do not match"),
        ({"email": "nope"}, "Please enter a valid e-mail address"),
        ({"email": "BOB@lab.example"}, "Error: E-mail address or username already in use"),
    ],
)
def test_wrong_profile_update_is_refused_as_a_whole(server: Server, fields: dict[str, str], message: str) -> None:
    token = server.login("alice", "pw")
    response = server.post("/profile", {"name": "Eve"} | fields, X_authorization=token)
    assert (response.status_code, response.text) == (400, message)
    assert server.get("/profile", X_authorization=token).json()["name"] == "Alice A"


def test_new_password_ends_all_tokens_and_keeps_only_the_browser_that_set_it(server: Server) -> None:
    token = server.login("alice", "pw")
    mine, other = (_cookie(server.post("/login", {"email": "alice", "password": "pw"}, accept=HTML)) for _ in range(2))
    form = {"password1": "new", "password2": "new"}
    assert server.post("/profile", form, accept=HTML, Cookie=mine).status_code == 403
    response = server.post("/profile", form | {"csrf": _csrf(mine)}, accept=HTML, Cookie=mine)
    assert (response.status_code, response.headers["location"]) == (302, "/profile")
    assert server.get("/profile", X_authorization=token).status_code == 401
    for old in (mine, other):
        assert server.get("/whoami", Cookie=old).json()["user"] is None
    assert server.get("/whoami", Cookie=_cookie(response)).json()["user"] == "alice"
    assert server.post("/login", {"email": "alice", "password": "pw"}).status_code == 401
    server.login("alice", "new")


# --- tokens ---------------------------------------------------------------------------------------------------------


def test_tokens_are_listed_without_their_text(server: Server) -> None:
    token = server.login("alice", "pw")
    server.post("/login", {"email": "alice", "password": "pw", "label": "lab robot"}, User_Agent="curl/8.5")
    server.login("bob", "pw")
    response = server.get("/profile/tokens", X_authorization=token)
    rows = response.json()
    assert len(rows) == 2
    assert list(rows[0]) == ["id", "label", "userAgent", "createdAt", "lastUsedAt", "expiresAt", "current"]
    assert {(row["label"], row["current"]) for row in rows} == {("lab robot", False), ("", True)}
    assert "curl/8.5" in [row["userAgent"] for row in rows]
    assert token not in response.text


def test_tokens_are_revoked_by_id_or_all(server: Server) -> None:
    first, second = server.login("alice", "pw"), server.login("alice", "pw")
    bob = server.login("bob", "pw")
    rows = server.get("/profile/tokens", X_authorization=first).json()
    other = next(row["id"] for row in rows if not row["current"])
    assert server.send("DELETE", f"/profile/tokens/{other}", X_authorization=bob).status_code == 404
    assert server.send("DELETE", f"/profile/tokens/{other}", X_authorization=first).json() == {"revoked": 1}
    assert server.get("/profile", X_authorization=second).status_code == 401
    assert server.send("DELETE", f"/profile/tokens/{other}", X_authorization=first).status_code == 404
    assert server.send("DELETE", "/profile/tokens", X_authorization=first).json() == {"revoked": 1}
    assert server.get("/profile", X_authorization=first).status_code == 401
    assert server.get("/profile", X_authorization=bob).status_code == 200


def test_tokens_need_a_login_and_browsers_a_csrf_token(server: Server) -> None:
    for method in ("GET", "DELETE"):
        assert server.send(method, "/profile/tokens").status_code == 401
    cookie = _cookie(server.post("/login", {"email": "alice", "password": "pw"}, accept=HTML))
    server.login("alice", "pw")
    assert server.send("DELETE", "/profile/tokens", Cookie=cookie).status_code == 403
    csrf = _csrf(cookie)
    assert server.send("DELETE", "/profile/tokens", Cookie=cookie, X_CSRF_Token=csrf).json() == {"revoked": 1}


# --- bodies over a real connection -----------------------------------------------------------------------------------


def _chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


def test_chunked_upload_without_length_is_read(shared: Server) -> None:
    body = (
        b'--XX\r\nContent-Disposition: form-data; name="id"\r\n\r\nlab\r\n'
        b'--XX\r\nContent-Disposition: form-data; name="files"; filename="a b.xml"\r\n\r\n'
        + b"x" * 300_000
        + b"\r\n--XX--\r\n"
    )
    headers = {"content-type": "multipart/form-data; boundary=XX"}
    answer = shared.client.post(shared.url + "/upload", content=_chunks(body), headers=headers).json()
    assert answer["fields"] == {"id": "lab"}
    assert [(f["name"], f["size"]) for f in answer["files"]] == [("a b.xml", 300_000)]
    (shared.uploads / "upload-0").unlink()


@pytest.mark.parametrize("chunked", [False, True])
def test_clients_that_send_too_much_see_413(shared: Server, chunked: bool) -> None:
    body = b'--XX\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + b"x" * 5_000_000
    response = requests.post(
        shared.url + "/upload",
        data=_chunks(body) if chunked else body,
        headers={"Content-Type": "multipart/form-data; boundary=XX"},
        timeout=30,
    )
    assert (response.status_code, response.text) == (413, "the request body is larger than 4194304 bytes")
    assert list(shared.uploads.iterdir()) == []


def test_client_that_waits_for_100_continue_sees_413_before_it_sends(shared: Server) -> None:
    host, port = shared.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /upload HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n"
            b"Content-Type: multipart/form-data; boundary=XX\r\n\r\n"
        )
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_client_that_goes_away_leaves_no_file(shared: Server) -> None:
    host, port = shared.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n"
            b"Content-Type: multipart/form-data; boundary=XX\r\n\r\n"
            b'--XX\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' + b"x" * 1_500_000
        )
        ends = time.monotonic() + 20
        while not list(shared.uploads.iterdir()):
            assert time.monotonic() < ends
            time.sleep(0.005)
    ends = time.monotonic() + 20
    while list(shared.uploads.iterdir()):
        assert time.monotonic() < ends
        time.sleep(0.005)
