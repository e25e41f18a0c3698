"""What a SPARQL server answers, read; and who we are, when it asks. No address, no state of the engine.

Answers for telling a whole answer from one that breaks off.
Source: SPARQL 1.1 Query Results JSON Format; RDF 1.1 N-Triples; RFC 7235 (challenges).
"""

import io
from collections.abc import Generator, Iterator
from typing import Any, cast

import httpx
import pyoxigraph


class Challenged(httpx.Auth):
    """Shows user name and password to a server that asks for them, in the way that it asks for; then at once."""

    def __init__(self, username: str, password: str) -> None:
        self._basic = httpx.BasicAuth(username, password)
        self._digest = httpx.DigestAuth(username, password)
        self._chosen: httpx.Auth | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._chosen is None:
            answer = yield request
            if answer.status_code != 401:
                return
            asked_for = answer.headers.get("www-authenticate", "").lower()
            self._chosen = self._digest if asked_for.startswith("digest") else self._basic
        yield from self._chosen.auth_flow(request)


class _File(io.RawIOBase):
    """The body of an answer as a file, for the engine's parsers."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        if size < 0:
            size = len(self._rest)
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


def results_of(answer: httpx.Response) -> pyoxigraph.QuerySolutions | pyoxigraph.QueryBoolean:
    return pyoxigraph.parse_query_results(cast(Any, _File(answer.iter_bytes())), pyoxigraph.QueryResultsFormat.JSON)


def triples_of(answer: httpx.Response) -> Iterator[pyoxigraph.Triple]:
    # lenient: what is stored has been checked when it came, and to check IRIs again takes half of the time
    file = _File(_without_comments(answer.iter_bytes()))
    parsed = pyoxigraph.parse(cast(Any, file), pyoxigraph.RdfFormat.N_TRIPLES, lenient=True)
    return (quad.triple for quad in parsed)


def _without_comments(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Pass N-Triples on. Raises SyntaxError for a comment behind triples, or of two signs: a server that had to stop
    says so in one (Fuseki), and without it the graph would look whole. `# Empty NT` is Virtuoso's for no triples."""
    last = b"\n"
    for chunk in chunks:
        seen = last + chunk
        if b"\n##" in seen or b".\n#" in seen:
            raise SyntaxError("it ends with a comment of the server")
        last = seen[-3:]
        yield chunk
