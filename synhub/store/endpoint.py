"""Where a SPARQL server is, read from an engine URL. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

from synhub.errors import BadRequest

SCHEMES = ("sparql+http", "sparql+https")
_OPTIONS = ("query", "update", "graphs")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`base` ends in a slash. `addresses` are those of its services that were told: `query`, `update`, `graphs`."""

    base: str
    addresses: Mapping[str, str]
    username: str = ""
    password: str = ""

    def address(self, service: str, default: str) -> str:
        """Return the address of a service; `default` is relative to the base."""
        return self.addresses.get(service) or urljoin(self.base, default)


def parse_engine_url(url: str) -> Endpoint:
    """Read `sparql+http://[user:password@]host[:port]/path[?query=ADDRESS&update=ADDRESS&graphs=ADDRESS]`.

    Addresses are absolute or relative to the path, as in a web page that stands there; user name and password are
    percent-encoded. Raises BadRequest, never with the password in it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadRequest(f"the engine's URL cannot be read: {error}") from error
    if parts.scheme not in SCHEMES or not host:
        raise BadRequest("a SPARQL server is named as sparql+http://host:port/path")
    shown = f"[{host}]" if ":" in host else host
    base = f"{parts.scheme.removeprefix('sparql+')}://{shown}{f':{port}' if port else ''}{parts.path}"
    base += "" if base.endswith("/") else "/"
    options = parse_qsl(parts.query, keep_blank_values=True)
    for name, value in options:
        if name not in _OPTIONS or not value:
            raise BadRequest(
                f"unknown {name}={value} in the engine's URL; there are query, update and graphs, each with an address"
            )
    addresses = {name: urljoin(base, value) for name, value in options}
    return Endpoint(base, addresses, unquote(parts.username or ""), unquote(parts.password or ""))
