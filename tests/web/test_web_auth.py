from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from accounts_server import Server, account_server
from starlette.requests import Request

from synhub.errors import BadRequest
from synhub.model import User
from synhub.settings import load_settings
from synhub.web.auth import COOKIE, Addresses, client_address, csrf_token, session_cookie


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with account_server(tmp_path_factory.mktemp("data")) as running:
        running.accounts.create_user("alice", "a@x.org", "pw")
        running.accounts.create_user("root", "r@x.org", "pw", is_admin=True)
        yield running


def _user(server: Server, name: str) -> User:
    user = server.accounts.find_by_login(name)
    assert user is not None
    return user


def _session(server: Server, name: str) -> str:
    return server.accounts.create_session(_user(server, name))


def _token(server: Server, name: str) -> str:
    return server.accounts.create_token(_user(server, name))


def test_nobody_is_anonymous_for_reads(server: Server) -> None:
    anonymous = {"user": None, "cookie": False}
    assert server.get("/whoami").json() == anonymous
    for token in ("", "undefined", "not-a-token", "e489cb33-b6cb-4edc-ab36-e65718e8d8d2"):
        assert server.get("/whoami", X_authorization=token).json() == anonymous
    assert server.get("/whoami", Cookie=f"{COOKIE}=forged").json() == anonymous


def test_token_and_session_name_their_user(server: Server) -> None:
    token, cookie = _token(server, "alice"), _session(server, "alice")
    assert server.get("/whoami", x_AUTHORIZATION=token).json() == {"user": "alice", "cookie": False}
    assert server.get("/whoami", Cookie=f"{COOKIE}={cookie}").json() == {"user": "alice", "cookie": True}


def test_token_beats_cookie_even_when_it_is_unknown(server: Server) -> None:
    cookie = f"{COOKIE}={_session(server, 'root')}"
    both = server.get("/whoami", X_authorization=_token(server, "alice"), Cookie=cookie)
    assert both.json() == {"user": "alice", "cookie": False}
    assert server.get("/whoami", X_authorization="unknown", Cookie=cookie).json() == {"user": None, "cookie": False}
    assert server.get("/whoami", X_authorization="", Cookie=cookie).json() == {"user": "root", "cookie": True}


@pytest.mark.parametrize("token", ["", "unknown"])
def test_writes_need_a_known_token(server: Server, token: str) -> None:
    response = server.post("/change", X_authorization=token)
    assert (response.status_code, response.text) == (401, "Login required")


def test_administrator_routes_refuse_users_with_the_classic_words(server: Server) -> None:
    for token in ("", _token(server, "alice")):
        response = server.get("/admin", X_authorization=token)
        assert (response.status_code, response.text) == (401, "Administrator login required")
    assert server.get("/admin", X_authorization=_token(server, "root")).text == "root"


def test_token_may_change_by_get_and_post_without_csrf(server: Server) -> None:
    token = _token(server, "alice")
    assert server.get("/change", X_authorization=token).text == "changed"
    assert server.post("/change", X_authorization=token).text == "changed"


def test_cookie_changes_only_by_post_with_the_csrf_token_of_its_session(server: Server) -> None:
    value = _session(server, "alice")
    cookie = f"{COOKIE}={value}"
    good, other = csrf_token(value), csrf_token(_session(server, "alice"))
    by_get = server.get("/change", Cookie=cookie, X_CSRF_Token=good)
    assert by_get.status_code == 403
    assert "cannot change anything by GET" in by_get.text
    for response in (
        server.post("/change", Cookie=cookie),
        server.post("/change", {"csrf": other}, Cookie=cookie),
        server.post("/change", {"csrf": "ä"}, Cookie=cookie),
        server.post("/change", Cookie=cookie, X_CSRF_Token=other),
    ):
        assert (response.status_code, response.text.split(";")[0]) == (
            403,
            "The form has expired or comes from another site",
        )
    assert server.post("/change", {"csrf": good}, Cookie=cookie).text == "changed"
    assert server.post("/change", Cookie=cookie, X_CSRF_Token=good).text == "changed"


def test_cookie_of_a_browser_with_an_unknown_token_changes_nothing(server: Server) -> None:
    cookie = f"{COOKIE}={_session(server, 'alice')}"
    assert server.get("/change", Cookie=cookie, X_authorization="unknown").status_code == 401


def request_from(host: str | None, trusted: str = "", scheme: str = "http", **headers: str) -> Request:
    raw = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw}
    scope |= {"scheme": scheme, "server": ("h", 80), "client": None if host is None else (host, 1)}
    settings = load_settings({}, trusted_proxies=trusted)
    scope["app"] = SimpleNamespace(state=SimpleNamespace(hub=SimpleNamespace(settings=settings)))
    return Request(scope)


@pytest.mark.parametrize(
    ("host", "trusted", "forwarded", "expected"),
    [
        ("192.0.2.1", "", None, "192.0.2.1"),
        ("192.0.2.1", "", "198.51.100.9", "192.0.2.1"),
        ("10.0.0.1", "10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "10.0.0.0/8, ::1", "forged, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
        ("::1", "10.0.0.0/8, ::1", "2001:db8::7", "2001:db8::7"),
        ("192.0.2.1", "10.0.0.1", "10.0.0.1", "192.0.2.1"),
        ("10.0.0.1", "10.0.0.1", "junk", "junk"),
        (None, "10.0.0.1", "198.51.100.9", ""),
        (None, "", None, ""),
    ],
)
def test_forwarded_addresses_count_only_from_trusted_proxies(
    host: str | None, trusted: str, forwarded: str | None, expected: str
) -> None:
    headers = {} if forwarded is None else {"X_Forwarded_For": forwarded}
    assert client_address(request_from(host, trusted, **headers)) == expected


def test_repeated_forwarded_headers_are_one_list(server: Server) -> None:
    request = request_from("10.0.0.1", "10.0.0.1", X_Forwarded_For="203.0.113.1")
    request.scope["headers"].append((b"x-forwarded-for", b"203.0.113.2"))
    assert client_address(request) == "203.0.113.2"
    assert server.get("/address", X_Forwarded_For="203.0.113.1").text == "127.0.0.1"


def test_wrong_proxy_setting_says_what_is_wrong() -> None:
    with pytest.raises(BadRequest, match=r"trusted_proxies: 'proxy\.local' does not appear"):
        Addresses.parse("trusted_proxies", "10.0.0.1, proxy.local")


def test_session_cookie_is_secure_over_https_only() -> None:
    plain = session_cookie(request_from("192.0.2.1"), "v")
    assert plain == "synhub_session=v; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax"
    assert session_cookie(request_from("192.0.2.1", scheme="https"), "v") == plain + "; Secure"
    proxied = request_from("10.0.0.1", "10.0.0.1", X_Forwarded_Proto="https")
    assert session_cookie(proxied, "v") == plain + "; Secure"
    assert session_cookie(request_from("192.0.2.1", X_Forwarded_Proto="https"), "v") == plain
    assert "Max-Age=0" in session_cookie(request_from("192.0.2.1"), "")
