"""Who asks: a request becomes an Actor, and handlers ask for what they need of it.

An explicit `X-authorization` token beats the session cookie. An empty header counts as none, and an unknown token is
anonymous: clients send both with public reads, and are refused where a user is needed.

Source: what pySBOL2 and libSBOLj send when nobody is logged in.
"""

import asyncio
import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar, cast
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub.errors import BadRequest, Forbidden, NotAuthenticated, SynhubError
from synhub.hub import Hub
from synhub.model import ANONYMOUS, Actor, User
from synhub.ownership import actor_of_user
from synhub.store.accounts import SESSION_LIFE, Accounts
from synhub.web.respond import Result, redirect, wants_html

COOKIE = "synhub_session"
LOGIN_REQUIRED = "Login required"
ADMIN_REQUIRED = "Administrator login required"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

P = ParamSpec("P")
T = TypeVar("T")


def hub_of(request: Request) -> Hub:
    return cast(Hub, request.app.state.hub)


def token_of(request: Request) -> str:
    """The token that came with the request, '' for none."""
    return request.headers.get("x-authorization", "").strip()


def cookie_of(request: Request) -> str:
    """The session cookie that came with the request, '' for none."""
    return request.cookies.get(COOKIE, "")


async def identify(request: Request, hub: Hub) -> Actor:
    """Find out who asks; sets `request.state.actor`, `.user` and `.csrf` ('' without a session)."""
    token, cookie = token_of(request), cookie_of(request)
    actor = await _actor(hub, token, cookie) if token or cookie else ANONYMOUS
    request.state.actor = actor
    request.state.user = actor.user
    request.state.csrf = csrf_token(cookie) if actor.by_cookie else ""
    return actor


async def _actor(hub: Hub, token: str, cookie: str) -> Actor:
    """Return whose token or cookie this is. Read here: two rows by key take a fifth of the way to a thread and back."""
    if token:
        user, is_due = hub.accounts.look_up_token(token)
        if is_due:
            await run_in_threadpool(hub.accounts.note_use, token)
    else:
        user = hub.accounts.find_by_session(cookie)
    return ANONYMOUS if user is None else actor_of_user(hub.shares, user, by_cookie=not token)


def actor_of(request: Request) -> Actor:
    return cast(Actor, request.state.actor)


def user_of(request: Request) -> User:
    """Return the user who asks. Raises NotAuthenticated for anonymous callers and unknown tokens."""
    user = actor_of(request).user
    if user is None:
        raise NotAuthenticated(LOGIN_REQUIRED)
    return user


def login_redirect(request: Request, error: SynhubError) -> Result | None:
    """Send a browser that nobody is logged in with to the login page, and from there back to the page it asked for.

    None for everything else: tools get the refusal itself, and who is logged in would be sent round in circles.
    """
    needs_login = isinstance(error, NotAuthenticated) and error.message in (LOGIN_REQUIRED, ADMIN_REQUIRED)
    if not needs_login or request.method not in SAFE_METHODS or request.state.user or not wants_html(request):
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    return redirect("/login?next=" + quote(request.scope["raw_path"].decode("latin-1") + query, safe=""))


def admin_of(request: Request) -> User:
    """Return the administrator who asks. Raises NotAuthenticated for everybody else (the classic status)."""
    user = actor_of(request).user
    if user is None or not user.is_admin:
        raise NotAuthenticated(ADMIN_REQUIRED)
    return user


# --- cross-site requests --------------------------------------------------------------------------------------------


def csrf_token(cookie: str) -> str:
    """The token that forms of this session carry: other sites can neither read nor compute it."""
    return hmac.new(cookie.encode("utf-8", "surrogatepass"), b"synhub csrf", hashlib.sha256).hexdigest()


def require_token_or_csrf(request: Request, csrf: str | None = None) -> None:
    """Let a change pass only when its sender meant it; every handler that changes something calls this.

    A request with a token passes: other sites cannot know it. One with a session cookie needs another method than
    GET, and the session's CSRF token as the form field `csrf` (given here) or the header `X-CSRF-Token`.
    Anonymous requests pass: there is nothing to misuse. Raises Forbidden.
    """
    if not actor_of(request).by_cookie:
        return
    if request.method in SAFE_METHODS:
        raise Forbidden(
            f"A browser session cannot change anything by {request.method}: send POST with the session's CSRF token,"
            " or use a token in X-authorization"
        )
    given = request.headers.get("x-csrf-token") or csrf or ""
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), request.state.csrf.encode()):
        raise Forbidden("The form has expired or comes from another site; load the page again and repeat")


def refuse_cross_site(request: Request) -> None:
    """Refuse to log a browser in because another site's page said so. Raises Forbidden.

    Source: Fetch Metadata Request Headers, section 2.4 (Sec-Fetch-Site); tools do not send it.
    """
    if request.headers.get("sec-fetch-site") == "cross-site":
        raise Forbidden("Forms of other sites cannot log you in")


# --- session cookies ------------------------------------------------------------------------------------------------


def session_cookie(request: Request, value: str) -> str:
    """The Set-Cookie header that starts a session; with an empty value it ends one."""
    age = int(SESSION_LIFE.total_seconds()) if value else 0
    secure = "; Secure" if _is_https(request) else ""
    return f"{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"


# --- addresses ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Addresses:
    """Addresses and networks: those whose X-Forwarded-… headers are believed, or that limits are not for."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

    @classmethod
    def parse(cls, setting: str, text: str) -> "Addresses":
        """Read a comma separated list, the value of a setting. Raises BadRequest for what is no address."""
        try:
            return cls(tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip()))
        except ValueError as error:
            raise BadRequest(f"{setting}: {error}; give addresses or networks, comma separated") from error

    def hold(self, address: str) -> bool:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(ip in network for network in self.networks)


def _proxies(request: Request) -> Addresses:
    return Addresses.parse("trusted_proxies", hub_of(request).settings.trusted_proxies)


def client_address(request: Request) -> str:
    """Return the address that a request comes from; '' when the server cannot know.

    X-Forwarded-For counts only from trusted proxies: read from the right, up to the first address that is none.
    """
    address = request.client.host if request.client is not None else ""
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    if not forwarded:
        return address
    proxies = _proxies(request)
    for hop in reversed([part.strip() for part in forwarded.split(",")]):
        if not proxies.hold(address):
            break
        address = hop
    return address


def _is_https(request: Request) -> bool:
    if request.url.scheme == "https":
        return True
    forwarded = request.headers.get("x-forwarded-proto", "").strip().lower()
    return forwarded == "https" and request.client is not None and _proxies(request).hold(request.client.host)


# --- work that hashes passwords -------------------------------------------------------------------------------------


async def on_hashing(accounts: Accounts, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a call that hashes a password on the few threads that are kept for that."""
    return await asyncio.wrap_future(accounts.hashing.submit(call, *args, **kwargs))
