"""`/static/<name>`: the files that pages load, of which there are few. Nothing else of the package is served."""

from functools import cache
from hashlib import sha256
from importlib.resources import files

from starlette.requests import Request

from synhub.errors import NotFound
from synhub.web.respond import Result, is_unchanged

FILES = {"suggest.js": "text/javascript; charset=utf-8"}
_KEPT_S = 3600  # how long a browser takes its copy for the newest


async def static(request: Request) -> Result:
    """Return a file, or 304 when the browser's copy is still right. Raises NotFound."""
    name = request.path_params["name"]
    if name not in FILES:
        raise NotFound(f"There is no file {name!r}")
    content, etag = _load(name)
    headers = {"ETag": etag, "Cache-Control": f"public, max-age={_KEPT_S}", "Vary": "Accept-Encoding"}
    if is_unchanged(request, etag):
        return Result(None, FILES[name], 304, headers)
    return Result(content, FILES[name], headers=headers)


@cache
def _load(name: str) -> tuple[bytes, str]:
    content = files("synhub.web").joinpath("static", name).read_bytes()
    return content, f'"{sha256(content).hexdigest()[:20]}"'
