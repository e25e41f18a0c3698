"""The account routes alone, on a loopback port over a real database: fast, and needs no triple store."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import uvicorn
from live import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from synhub.errors import SynhubError
from synhub.hub import Hub
from synhub.identity import Registry
from synhub.settings import Settings, load_settings
from synhub.store.accounts import Accounts
from synhub.store.database import Database
from synhub.store.quotas import Quotas
from synhub.store.shares import Shares
from synhub.web import accounts as handlers
from synhub.web.auth import actor_of, admin_of, client_address, identify, require_token_or_csrf, user_of
from synhub.web.forms import read_form, read_upload_form
from synhub.web.protocol import HttpProtocol
from synhub.web.respond import Result, error_result, json_result, text, to_response

Handler = Callable[[Request], Awaitable[Result]]


@dataclass(frozen=True)
class SmallHub:
    settings: Settings
    registry: Registry
    accounts: Accounts
    shares: Shares
    quotas: Quotas
    uploads: Path


async def whoami(request: Request) -> Result:
    actor = actor_of(request)
    return json_result({"user": actor.user.username if actor.user else None, "cookie": actor.by_cookie})


async def address(request: Request) -> Result:
    return text(client_address(request))


async def admin(request: Request) -> Result:
    return text(admin_of(request).username)


async def change(request: Request) -> Result:
    """A state-changing route like /remove: GET and POST."""
    user_of(request)
    form = await read_form(request, 1 << 20)
    require_token_or_csrf(request, form.get("csrf"))
    return text("changed")


async def upload(request: Request) -> Result:
    folder = request.app.state.hub.uploads
    form = await read_upload_form(request, folder, 4 << 20)
    files = [{"name": f.name, "size": f.size, "sha256": f.sha256} for f in form.files]
    return json_result({"fields": form.fields, "files": files})


ROUTES: list[tuple[str, list[str], Handler]] = [
    ("/", ["GET"], handlers.home),
    ("/login", ["GET"], handlers.login_form),
    ("/login", ["POST"], handlers.login),
    ("/remoteLogin", ["POST"], handlers.remote_login),
    ("/logout", ["GET", "POST"], handlers.logout),
    ("/register", ["GET"], handlers.register_form),
    ("/register", ["POST"], handlers.register),
    ("/profile", ["GET"], handlers.profile),
    ("/profile", ["POST"], handlers.update_profile),
    ("/profile/tokens", ["GET"], handlers.tokens),
    ("/profile/tokens", ["DELETE"], handlers.revoke_token),
    ("/profile/tokens/{id}", ["DELETE"], handlers.revoke_token),
    ("/whoami", ["GET"], whoami),
    ("/address", ["GET"], address),
    ("/admin", ["GET"], admin),
    ("/change", ["GET", "POST"], change),
    ("/upload", ["POST"], upload),
]


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        await identify(request, cast(Hub, request.app.state.hub))
        request.state.link = lambda _uri: None
        try:
            return to_response(request, await handler(request))
        except SynhubError as error:
            return to_response(request, error_result(error, problem=False))

    return endpoint


@dataclass
class Server:
    url: str
    accounts: Accounts
    client: httpx.Client
    uploads: Path

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.send("GET", path, **headers)

    def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        return self.send("POST", path, data, **headers)

    def send(self, method: str, path: str, data: Any = None, **headers: str) -> httpx.Response:
        """Header names are written with `_` for `-`; Accept is text/plain unless given."""
        sent = {"accept": "text/plain"} | {name.replace("_", "-"): value for name, value in headers.items()}
        self.client.cookies.clear()  # tests say which cookie they send
        response = self.client.request(method, self.url + path, data=data, headers=sent)
        self.client.cookies.clear()  # every request says itself who sends it
        return response

    def login(self, login: str, password: str) -> str:
        response = self.post("/login", {"email": login, "password": password})
        assert response.status_code == 200, response.text
        return response.text


@contextmanager
def account_server(folder: Path, **settings: Any) -> Iterator[Server]:
    database = Database(folder / "synhub.sqlite", "synhub")
    loaded = load_settings({}, data=folder, **settings)
    accounts = Accounts(database, token_days=loaded.token_days, login_attempts=loaded.login_attempts)
    uploads = folder / "uploads"
    uploads.mkdir()
    app = Starlette(routes=[Route(path, _endpoint(h), methods=methods) for path, methods, h in ROUTES])
    quotas = Quotas(database, loaded.user_bytes, loaded.user_jobs)
    registry = Registry("http://localhost:7777/")
    app.state.hub = SmallHub(loaded, registry, accounts, Shares(database), quotas, uploads)
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", http=HttpProtocol, proxy_headers=False)
    try:
        with serving(config) as url, httpx.Client(timeout=30) as client:
            yield Server(url, accounts, client, uploads)
    finally:
        accounts.close()
        database.close()
