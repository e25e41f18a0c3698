"""Handlers of `/sparql`: the SPARQL protocol over GET and POST, what describes it, and a page for browsers.

`/admin/sparql` is the same for administrators, over the graphs of all users; it is not described.

Source: SPARQL 1.1 Protocol, section 2.1; SPARQL 1.1 Service Description, section 2; VoID, section 7.2.
"""

import asyncio
import contextlib
import json
from collections.abc import Iterable
from functools import partial
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from pyoxigraph import RdfFormat, parse, serialize
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from synhub.errors import BadRequest, SynhubError, TooLarge, UnsupportedMediaType
from synhub.model import ANONYMOUS
from synhub.rdf import Iri, Triple, write_ntriples
from synhub.sparql import results
from synhub.sparql.description import describe_data, describe_service, endpoint_of
from synhub.sparql.examples import describe_examples, examples
from synhub.sparql.service import Answer, require_sparql, run_query
from synhub.store.catalog.properties import graph_profile, most_used
from synhub.store.children import Cancellation, Cancelled
from synhub.vocab import KNOWN_PREFIXES
from synhub.web.auth import actor_of, admin_of, client_address, hub_of
from synhub.web.forms import read_form
from synhub.web.pages import render_form
from synhub.web.respond import HTML, Result, negotiate, status_of, wants_html
from synhub.web.waiting import beside

_QUERY = "application/sparql-query"
_UPDATE = "application/sparql-update"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "application/json")
NOTE = "X-Query-Note"  # what was repaired in the query
_VARY = {"Vary": "Accept, X-authorization, Cookie"}
_MOST_ROWS = 1_000  # of a page
_LONGEST_LINK = 4_000
_EXAMPLE_RESOURCES = 5
_DOCUMENTS = (results.TURTLE, results.N_TRIPLES, results.RDF_XML, results.JSON_LD)
_TABLES = (results.JSON, results.XML, results.CSV, results.TSV)
_DEFAULT_QUERY = "promoters"

Fields = dict[str, list[str]]
Path = Literal["/sparql", "/admin/sparql"]


async def sparql_get(request: Request) -> Result:
    """Answer `?query=…`; without one, show the form to browsers, and the service description to who reads RDF."""
    return await _answer(request, _url_fields(request), "/sparql")


async def sparql_post(request: Request) -> Result:
    """Answer a query in a form, in JSON, or as the body itself; the dataset may also be named in the URL.

    Raises UnsupportedMediaType for a body of any other kind.
    """
    return await _answer(request, await _all_fields(request), "/sparql")


async def admin_sparql_get(request: Request) -> Result:
    """As `sparql_get`, over all graphs, for administrators."""
    admin_of(request)
    return await _answer(request, _url_fields(request), "/admin/sparql")


async def admin_sparql_post(request: Request) -> Result:
    """As `sparql_post`, over all graphs, for administrators."""
    admin_of(request)
    return await _answer(request, await _all_fields(request), "/admin/sparql")


async def _all_fields(request: Request) -> Fields:
    """What a POST says in its body and in its URL. Raises UnsupportedMediaType."""
    limit = hub_of(request).settings.body_limit
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _UPDATE:
        raise BadRequest("Update queries are not allowed")
    if kind == _QUERY:
        sent = {"query": [await _body(request, limit)]}
    elif kind in _FORMS:
        sent = (await read_form(request, limit)).lists
    elif await _body(request, limit):
        kinds = ", ".join((_QUERY, *_FORMS))
        raise UnsupportedMediaType(f"a query cannot be read from {kind!r}; send one of {kinds}")
    else:
        sent = {}
    url = _url_fields(request)
    return {name: sent.get(name, []) + url.get(name, []) for name in {**url, **sent}}


def _url_fields(request: Request) -> Fields:
    fields: Fields = {}
    try:
        sent = request.scope["query_string"].decode()
        for name, value in parse_qsl(sent, keep_blank_values=True, errors="strict"):
            fields.setdefault(name, []).append(value)
    except UnicodeDecodeError as error:
        raise BadRequest("the address holds bytes that are not UTF-8: write the query in UTF-8, %XX by %XX") from error
    return fields


async def _body(request: Request, limit_bytes: int) -> str:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise TooLarge(f"the query is larger than {limit_bytes} bytes")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"the query is not UTF-8: {error}") from error


async def _answer(request: Request, fields: Fields, path: Path) -> Result:
    queries = [text for text in fields.get("query", []) if text.strip()]
    if not queries:
        return await _without_query(request, fields, path)
    if len(queries) > 1:
        raise BadRequest(f"there are {len(queries)} queries; send one at a time")
    accept = request.headers.get("accept")
    if wants_html(request):
        accept = next((f for f in fields.get("format", []) if f in (*_TABLES, *_DOCUMENTS)), None)
        if accept is None:
            return await _page(request, queries[0], fields, path)
    # A client of HTTP/1.0 knows the end of an answer by the end of the connection, and would take a part for the whole.
    whole = request.scope.get("http_version") == "1.0"
    answer = await _run(request, queries[0], fields, path, accept, whole=whole)
    size = {} if answer.size is None else {"Content-Length": str(answer.size)}
    note = {NOTE: answer.note} if answer.note else {}
    return Result(answer.body, answer.media_type, headers=_VARY | size | note)


async def _run(request: Request, query: str, fields: Fields, path: Path, accept: str | None, *, whole: bool) -> Answer:
    """Run a query for as long as the client stays. Raises ClientDisconnect when it goes."""
    hub = hub_of(request)
    cancellation = Cancellation()
    watching = asyncio.create_task(_watch(request, cancellation))
    try:
        return await beside(
            request,
            hub.lanes.query,
            run_query,
            hub,
            actor_of(request),
            query,
            accept,
            fields.get("default-graph-uri", []),
            fields.get("named-graph-uri", []),
            client_address(request),
            administers=path == "/admin/sparql",
            whole=whole,
            cancellation=cancellation,
        )
    except Cancelled as error:
        raise ClientDisconnect from error
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def _watch(request: Request, cancellation: Cancellation) -> None:
    """End the query when the client closes its connection: nobody would read the answer."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    cancellation.cancel()


# --- descriptions ---------------------------------------------------------------------------------------------------


async def _without_query(request: Request, fields: Fields, path: Path) -> Result:
    if "update" in fields:
        raise BadRequest("Update queries are not allowed")
    if path == "/sparql" and request.method in ("GET", "HEAD"):
        media_type = _named_rdf(request)
        if media_type is not None:
            return await run_in_threadpool(_service_description, request, media_type)
    if wants_html(request):
        name = next(iter(fields.get("example", [])), _DEFAULT_QUERY)
        example = next((e for e in examples() if e.name == name), examples()[0])
        return Result(_render(request, path, query=example.query), HTML)
    raise BadRequest(
        "There is no query: send it as the parameter query of a GET, as the form field query of a POST, or as the"
        f" body of a POST with Content-Type {_QUERY}; a GET of /sparql that accepts {results.TURTLE} or another form of"
        " RDF is answered with the description of the service"
    )


def _named_rdf(request: Request) -> str | None:
    """Return the RDF format that Accept names and likes best; None when it names none, or likes a page better."""
    accept = request.headers.get("accept", "")
    if not any(name in accept.lower() for name in _DOCUMENTS):
        return None
    best = negotiate(request, [(media_type, "") for media_type in _DOCUMENTS])
    return None if best is None else _DOCUMENTS[best]


def _service_description(request: Request, media_type: str) -> Result:
    hub = hub_of(request)
    require_sparql(hub)
    graphs = {graph: graph_profile(hub.catalog.database, graph) for graph in hub.dataset(actor_of(request)).graphs}
    return _document(describe_service(hub.registry, graphs), media_type)


async def void(request: Request) -> Result:
    """The VoID description of the public designs. Raises NotAcceptable."""
    return await run_in_threadpool(_void, request, _format(request))


def _void(request: Request, media_type: str) -> Result:
    hub = hub_of(request)
    profile = graph_profile(hub.catalog.database, hub.registry.public_graph)
    shown = most_used(hub.catalog.database, hub.registry.public_graph, _EXAMPLE_RESOURCES)
    address = Iri(hub.registry.prefix + ".well-known/void")
    has_sparql = hub.store.traits.isolates_datasets
    return _document(describe_data(hub.registry, address, profile, shown, has_sparql=has_sparql), media_type)


async def example_queries(request: Request) -> Result:
    """The example queries: their descriptions, or for browsers the page that lists them, unless `format` is another."""
    chosen = request.query_params.get("format")
    if wants_html(request) and chosen not in _DOCUMENTS and _named_rdf(request) is None:
        return Result(_render(request, "/sparql", query=examples()[0].query), HTML)
    registry = hub_of(request).registry
    address = registry.prefix + ".well-known/sparql-examples"
    media_type = chosen if chosen in _DOCUMENTS else _format(request)
    return _document(describe_examples(address, endpoint_of(registry)), media_type)


def _format(request: Request) -> str:
    """The RDF format for a document that there is in no other form; Turtle for who has no wish, or wants a page.

    Raises NotAcceptable.
    """
    if wants_html(request):
        return _named_rdf(request) or results.TURTLE
    return results.choose(request.headers.get("accept"), "describe").written_as


def _document(triples: Iterable[Triple], media_type: str) -> Result:
    rdf_format = RdfFormat.from_media_type(media_type)
    assert rdf_format is not None, media_type
    text = write_ntriples(triples)
    prefixes = results.used_prefixes(text.decode(), KNOWN_PREFIXES)
    quads = parse(text, RdfFormat.N_TRIPLES)
    document = serialize((quad.triple for quad in quads), format=rdf_format, prefixes=prefixes)
    return Result(document, media_type, headers=_VARY)


# --- the page -------------------------------------------------------------------------------------------------------


async def _page(request: Request, query: str, fields: Fields, path: Path) -> Result:
    """Show what a query finds below the form that it stands in, or what is wrong with it."""
    try:
        answer = await _run(request, query, fields, path, f"{results.JSON}, {results.TURTLE}", whole=False)
    except SynhubError as error:
        return Result(_render(request, path, query=query, error=error.message), HTML, status_of(error))
    render = partial(_render, request, path, query=query, links=_links(path, query, fields, answer), note=answer.note)
    if not isinstance(answer.body, bytes):
        return Result(render(is_large=True), HTML)
    if answer.media_type != results.JSON:
        return Result(render(text=answer.body.decode()), HTML)
    found = json.loads(answer.body)
    if "boolean" in found:
        return Result(render(truth=found["boolean"]), HTML)
    return Result(render(names=found["head"]["vars"], rows=_rows(found)), HTML)


def _rows(found: dict[str, Any]) -> list[list[dict[str, str] | None]]:
    names = found["head"]["vars"]
    return [[row.get(name) for name in names] for row in found["results"]["bindings"]]


def _links(path: Path, query: str, fields: Fields, answer: Answer) -> dict[str, str]:
    """Where the same result is to be had in other forms; none for a query that is too long for an address.

    `format` counts for browsers only, which cannot choose their Accept; clients send it with other meanings.
    """
    graphs: dict[str, Any] = {name: fields[name] for name in ("default-graph-uri", "named-graph-uri") if name in fields}
    formats = (
        {"CSV": results.CSV, "JSON": results.JSON, "XML": results.XML}
        if answer.media_type == results.JSON
        else {"Turtle": results.TURTLE, "N-Triples": results.N_TRIPLES, "RDF/XML": results.RDF_XML}
    )
    found = {
        label: f"{path}?" + urlencode(graphs | {"query": query, "format": media_type}, doseq=True)
        for label, media_type in formats.items()
    }
    return {label: link for label, link in found.items() if len(link) <= _LONGEST_LINK}


def _render(request: Request, path: Path, *, query: str, **found: Any) -> str:
    rows = found.pop("rows", None)
    nothing: dict[str, Any] = {
        "error": "",
        "note": "",
        "links": {},
        "is_large": False,
        "text": None,
        "truth": None,
        "names": [],
    }
    actor = getattr(request.state, "actor", ANONYMOUS)
    return render_form(
        "sparql",
        user=actor.user,
        path=path,
        query=query,
        rows=None if rows is None else rows[:_MOST_ROWS],
        number=0 if rows is None else len(rows),
        examples=examples(),
        link=request.state.link,
        **{**nothing, **found},
    )
