"""Handlers of accounts: home page, login, logout, registration, profile, tokens.

The texts are an interface: clients compare them. Passwords are hashed on their own threads, everything else that
waits for the disk runs in the thread pool.

Source: SynBioHub `POST /login`, `/remoteLogin`, `/register`, `/profile`.
"""

import re
from dataclasses import replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub.errors import BadRequest, NotAuthenticated, SynhubError
from synhub.hub import Hub
from synhub.model import User
from synhub.store.accounts_rules import PASSWORDS_DIFFER, check_new
from synhub.web.auth import (
    actor_of,
    client_address,
    cookie_of,
    hub_of,
    on_hashing,
    refuse_cross_site,
    require_token_or_csrf,
    session_cookie,
    token_of,
    user_of,
)
from synhub.web.forms import Form, read_form
from synhub.web.pages import render_form
from synhub.web.respond import HTML, Result, error_result, json_result, redirect, status_of, text, wants_html
from synhub.web.sharing import own_link_row

NO_CREDENTIALS = "Please enter your e-mail address and password."
NO_SIGNUP = "Public signup is not allowed"
REGISTERED = "User registered successfully"
UPDATED = "Profile updated successfully"

# A path of this server: `//host` and `/\host` are other servers to a browser, and it drops control characters.
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*\Z")


def local_path(text: str) -> str:
    """Return where a browser may be sent: the given path of this server, `/` for anything else.

    >>> local_path("/manage?x=1"), local_path("//evil.example"), local_path("https://evil.example")
    ('/manage?x=1', '/', '/')
    """
    return text if _LOCAL_PATH.match(text) else "/"


def _page(request: Request, name: str, status: int = 200, **values: Any) -> Result:
    """A form page, HTML whatever Accept says."""
    page = render_form(name, user=request.state.user, csrf=request.state.csrf, **values)
    return Result(page, HTML, status, {"Cache-Control": "no-store"})


async def home(request: Request) -> Result:
    """The front page; HTML whatever Accept says: SPARQL clients of old look for it."""
    return _page(request, "home", signup=hub_of(request).settings.signup)


# --- login and logout -----------------------------------------------------------------------------------------------


async def login_form(request: Request) -> Result:
    target = local_path(request.query_params.get("next", "/"))
    if actor_of(request).by_cookie:
        return redirect(target)
    return _login_page(request, target, "")


def _login_page(request: Request, target: str, message: str, status: int = 200, login: str = "") -> Result:
    signup = hub_of(request).settings.signup
    return _page(request, "login", status, next=target, message=message, login=login, signup=signup)


async def _authenticate(request: Request, form: Form) -> User:
    """Raises NotAuthenticated with the classic texts, TooMany."""
    login, password = form.get("email").strip(), form.get("password")
    if not login or not password:
        raise NotAuthenticated(NO_CREDENTIALS)
    accounts = hub_of(request).accounts
    return await on_hashing(accounts, accounts.log_in, login, password, client_address(request))


async def _new_token(request: Request, form: Form) -> Result:
    """The answer to a tool: the bare token, not even a line end: pySBOL2 and libSBOLj put it into a header as it is."""
    user = await _authenticate(request, form)
    agent = request.headers.get("user-agent", "")
    accounts = hub_of(request).accounts
    token = await run_in_threadpool(accounts.create_token, user, label=form.get("label"), agent=agent)
    return Result(token, headers={"Cache-Control": "no-store"})


async def _start_session(request: Request, user: User, target: str) -> Result:
    """The answer to a browser: a session, and on to a page."""
    cookie = await run_in_threadpool(hub_of(request).accounts.create_session, user)
    headers = {"Set-Cookie": session_cookie(request, cookie), "Cache-Control": "no-store"}
    return Result(None, status=302, headers=headers, location=target)


async def login(request: Request) -> Result:
    """Give a tool a token and a browser a session. Raises NotAuthenticated, TooMany, BadRequest."""
    form = await read_form(request, hub_of(request).settings.body_limit)
    if not wants_html(request):
        return await _new_token(request, form)
    refuse_cross_site(request)
    target = local_path(form.get("next", "/"))
    try:
        user = await _authenticate(request, form)
    except SynhubError as error:
        page = _login_page(request, target, error.message, status_of(error), form.get("email"))
        return replace(page, headers={**error_result(error, problem=False).headers, **page.headers})
    return await _start_session(request, user, target)


async def remote_login(request: Request) -> Result:
    """Give a token, never a page, whatever Accept says: pySBOL2 sends `*/*`."""
    try:
        return await _new_token(request, await read_form(request, hub_of(request).settings.body_limit))
    except SynhubError as error:
        return replace(error_result(error, problem=False), title="")


async def logout(request: Request) -> Result:
    """End the token that came along, otherwise the browser session. Also well without either."""
    accounts = hub_of(request).accounts
    headers = {}
    if token_of(request):
        await run_in_threadpool(accounts.forget_token, token_of(request))
    elif cookie_of(request):
        refuse_cross_site(request)
        await run_in_threadpool(accounts.end_session, cookie_of(request))
        headers = {"Set-Cookie": session_cookie(request, "")}
    if wants_html(request):
        return Result(None, status=302, headers=headers, location="/")
    return Result("", headers=headers)


# --- registration ---------------------------------------------------------------------------------------------------


def _require_signup(request: Request) -> None:
    """Raises NotAuthenticated (the classic status)."""
    if not hub_of(request).settings.signup:
        raise NotAuthenticated(NO_SIGNUP)


async def register_form(request: Request) -> Result:
    _require_signup(request)
    return _page(request, "register", message="", values={})


async def register(request: Request) -> Result:
    """Add an account; a browser is logged in by it, a tool logs in next. Raises BadRequest with the classic texts."""
    _require_signup(request)
    form = await read_form(request, hub_of(request).settings.body_limit)
    if not wants_html(request):
        await _create_user(request, form)
        return text(REGISTERED)
    refuse_cross_site(request)
    try:
        user = await _create_user(request, form)
    except BadRequest as error:
        return _page(request, "register", status_of(error), message=error.message, values=form.fields)
    return await _start_session(request, user, "/")


async def _create_user(request: Request, form: Form) -> User:
    name, username, email = form.get("name"), form.get("username").strip(), form.get("email").strip()
    password = form.get("password1")
    check_new(name, username, email, password)
    if password != form.get("password2"):
        raise BadRequest(PASSWORDS_DIFFER)
    accounts = hub_of(request).accounts
    affiliation = form.get("affiliation")
    return await on_hashing(
        accounts, accounts.create_user, username, email, password, name=name, affiliation=affiliation
    )


# --- profile --------------------------------------------------------------------------------------------------------


async def profile(request: Request) -> Result:
    """The classic members in the classic order, then the quota; secrets are always blank. Raises NotAuthenticated."""
    user = user_of(request)
    hub = hub_of(request)
    if wants_html(request):
        return _page(request, "profile", **await run_in_threadpool(_profile_values, hub, user), link=request.state.link)
    return json_result(
        {
            "id": user.id,
            "name": user.name,
            "username": user.username,
            "email": user.email,
            "affiliation": user.affiliation,
            "password": "",
            "graphUri": hub.registry.user_graph(user.username),
            "isAdmin": user.is_admin,
            "resetPasswordLink": "",
            "isCurator": user.is_curator,
            "isMember": user.is_member,
            "createdAt": user.created,
            "updatedAt": await run_in_threadpool(hub.accounts.updated, user.id),
            "user_external_profiles": [],
            "usedBytes": await run_in_threadpool(hub.quotas.used_bytes, user.username),
            "allowedBytes": hub.quotas.most_bytes or None,
        },
        title="Profile",
    )


def _profile_values(hub: Hub, user: User) -> dict[str, Any]:
    """What the page shows beside the account itself."""
    return {
        "graph": hub.registry.user_graph(user.username),
        "used_bytes": hub.quotas.used_bytes(user.username),
        "allowed_bytes": hub.quotas.most_bytes,
        "shares": [own_link_row(link) for link in hub.shares.links_by(user.username)],
        "tokens": hub.accounts.list_tokens(user),
    }


async def update_profile(request: Request) -> Result:
    """Change what is given and not empty; a new password ends every token and session of the user.

    Raises NotAuthenticated, Forbidden, BadRequest.
    """
    user = user_of(request)
    accounts = hub_of(request).accounts
    form = await read_form(request, hub_of(request).settings.body_limit)
    require_token_or_csrf(request, form.get("csrf"))
    password = form.get("password1")
    if password != form.get("password2"):
        raise BadRequest(PASSWORDS_DIFFER)
    await on_hashing(
        accounts,
        accounts.update_profile,
        user.id,
        name=form.get("name"),
        affiliation=form.get("affiliation"),
        email=form.get("email").strip(),
        password=password,
    )
    if password and actor_of(request).by_cookie and wants_html(request):  # who changed it stays logged in
        return await _start_session(request, user, "/profile")
    return text(UPDATED, title=UPDATED, location="/profile")


# --- tokens ---------------------------------------------------------------------------------------------------------


async def tokens(request: Request) -> Result:
    """The caller's live tokens, newest first; `current` is the one that asks. Raises NotAuthenticated."""
    user = user_of(request)
    accounts = hub_of(request).accounts
    listed = await run_in_threadpool(accounts.list_tokens, user)
    current = await run_in_threadpool(accounts.token_id, token_of(request))
    rows = [
        {
            "id": token.id,
            "label": token.label,
            "userAgent": token.agent,
            "createdAt": token.created,
            "lastUsedAt": token.last_used,
            "expiresAt": token.expires,
            "current": token.id == current,
        }
        for token in listed
    ]
    return json_result(rows, title="Tokens")


async def revoke_token(request: Request) -> Result:
    """End the token `id`, of the path or the form, or all of the caller's where none is named.

    Raises NotAuthenticated, Forbidden, NotFound.
    """
    user = user_of(request)
    form = await read_form(request, hub_of(request).settings.body_limit)
    require_token_or_csrf(request, form.get("csrf"))
    accounts = hub_of(request).accounts
    token_id = request.path_params.get("id") or form.get("id")
    if token_id:
        await run_in_threadpool(accounts.revoke_token, user, token_id)
        count = 1
    else:
        count = await run_in_threadpool(accounts.revoke_all_tokens, user)
    return json_result({"revoked": count}, title="Revoked", location="/profile")
