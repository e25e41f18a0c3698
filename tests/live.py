"""A running instance for tests: real stores in a folder, a real server on a loopback port, a plain HTTP client."""

import asyncio
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import engine_servers
import httpx
import pytest
import uvicorn

from synhub.app import open_hub
from synhub.hub import Hub
from synhub.settings import load_settings
from synhub.store.blobs import sha256_of
from synhub.submit.service import UploadedFile
from synhub.web.application import create_app
from synhub.web.protocol import HttpProtocol

PREFIX = "http://hub.example/"
PASSWORD = "correct horse"


@dataclass
class Live:
    """`url` is where the server listens, `hub` what it holds, `tokens` one token for each user made here."""

    url: str
    hub: Hub
    client: httpx.Client
    tokens: dict[str, str] = field(default_factory=dict)

    def user(self, username: str, *, admin: bool = False) -> str:
        """Make a user and return a token."""
        user = self.hub.accounts.create_user(
            username=username,
            email=f"{username}@example.org",
            name=f"{username.title()} Example",
            affiliation="",
            password=PASSWORD,
            is_admin=admin,
        )
        self.tokens[username] = self.hub.accounts.create_token(user)
        return self.tokens[username]

    def headers(self, who: str | None, accept: str = "text/plain") -> dict[str, str]:
        token = {"X-authorization": self.tokens[who]} if who else {}
        return {"Accept": accept} | token

    def request(self, method: str, path: str, who: str | None = None, **options: Any) -> httpx.Response:
        headers = self.headers(who) | dict(options.pop("headers", {}))
        answer = self.client.request(method, self.url + path, headers=headers, **options)
        if answer.status_code == 501 and "TEST_ENGINE" in os.environ:
            pytest.skip(f"the engine has no means for {path[:40]}: see docs/engines.md")
        return answer

    def get(self, path: str, who: str | None = None, **options: Any) -> httpx.Response:
        return self.request("GET", path, who, **options)

    def submit(self, who: str, content: bytes | None, fields: Mapping[str, str] | None = None) -> httpx.Response:
        """POST /submit as `who`; `fields` complete a usual form."""
        form = {"id": "lab", "version": "1", "name": "Lab", "description": "A lab", "overwrite_merge": "0"}
        form |= dict(fields or {})
        files = {name: (None, value) for name, value in form.items()}
        if content is not None:
            files["file"] = ("design.xml", content)  # type: ignore[assignment]
        return self.request("POST", "/submit", who, files=files)

    def share(self, who: str, path: str, days: int = 1) -> str:
        """Return the secret of a share link to the object at `path`."""
        answer = self.get(f"{path}/shareLink?days={days}", who)
        assert answer.status_code == 200, answer.text
        return answer.text.split("/")[-2]

    def publish(self, who: str, content: bytes, collection_id: str) -> None:
        """Put a document into the public graph, as the demo does."""
        user = self.hub.accounts.find_by_login(who)
        assert user is not None
        job_id, folder = self.hub.journal.new_folder()
        path = folder / "upload-0"
        path.write_bytes(content)
        fields = {"id": collection_id, "version": "1", "name": collection_id, "description": "public"}
        file = UploadedFile(path, "design.xml", len(content), sha256_of(path))
        self.hub.submissions.submit(user, fields | {"overwrite_merge": "0"}, [file], job_id, public=True).result(
            timeout=60
        )


class _Server(uvicorn.Server):
    """A server in a thread: no signal handlers, an event when it listens, and an end that takes no fifth of a second,
    which hundreds of tests would wait for."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()
        self.port = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)

    async def _main(self) -> None:
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        await self.startup()
        self.port = self.servers[0].sockets[0].getsockname()[1]
        self.listening.set()
        await self.main_loop()
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(0.002)
        await self.lifespan.shutdown()

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), 0.1)

    def end(self) -> None:
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(timeout=30)


@contextmanager
def serving(config: uvicorn.Config) -> Iterator[str]:
    """Serve on a port of the loopback until the block ends; give the address."""
    server = _Server(config)
    server._thread.start()
    assert server.listening.wait(timeout=30)
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.end()


@contextmanager
def live(data: Path, **settings: Any) -> Iterator[Live]:
    """Run an instance over `data` until the block ends; on the engine that TEST_ENGINE names, if any: one of those of
    engine_servers.py."""
    with ExitStack() as stack:
        if "engine" not in settings:
            settings["engine"] = stack.enter_context(engine_servers.engine_for(data))
        settings.setdefault("query_timeout", 120.0)  # queries run with low priority: a busy machine lets them wait
        hub = stack.enter_context(open_hub(load_settings({}, data=data, uri_prefix=PREFIX, **settings)))
        config = uvicorn.Config(create_app(hub), port=0, log_config=None, access_log=False, http=HttpProtocol)
        with serving(config) as url, httpx.Client(timeout=150) as client:
            yield Live(url, hub, client)
