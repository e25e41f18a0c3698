"""Handlers of `/sparql`: the SPARQL protocol over GET and POST, and a page with a form for browsers.

Source: SPARQL 1.1 Protocol, section 2.1.
"""

import json
from typing import Any

from starlette.requests import Request

from synhub.errors import BadRequest, TooLarge
from synhub.sparql import results
from synhub.sparql.service import Answer, run_query
from synhub.web.auth import actor_of, client_address, hub_of
from synhub.web.forms import read_form
from synhub.web.pages import render_form
from synhub.web.respond import HTML, JSON, TEXT, Result, wants_html
from synhub.web.waiting import beside

_QUERY = "application/sparql-query"
_UPDATE = "application/sparql-update"
_VARY = {"Vary": "Accept, X-authorization, Cookie"}

Fields = dict[str, list[str]]


async def sparql_get(request: Request) -> Result:
    """Answer `?query=…`; without one, show the form to browsers."""
    return await _answer(request, _url_fields(request))


async def sparql_post(request: Request) -> Result:
    """Answer a query in a form, in JSON, or as the body itself; the dataset may also be named in the URL."""
    limit = hub_of(request).settings.body_limit
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _UPDATE:
        raise BadRequest("Update queries are not allowed")
    sent = {"query": [await _body(request, limit)]} if kind == _QUERY else (await read_form(request, limit)).lists
    url = _url_fields(request)
    return await _answer(request, {name: sent.get(name, []) + url.get(name, []) for name in {**url, **sent}})


def _url_fields(request: Request) -> Fields:
    return {name: request.query_params.getlist(name) for name in request.query_params}


async def _body(request: Request, limit_bytes: int) -> str:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise TooLarge(f"the query is larger than {limit_bytes} bytes")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"the query is not UTF-8: {error}") from error


async def _answer(request: Request, fields: Fields) -> Result:
    query = next((text for text in fields.get("query", []) if text.strip()), "")
    if not query:
        return _without_query(request, fields)
    page = wants_html(request)
    hub = hub_of(request)
    answer = await beside(
        request,
        hub.lanes.query,
        run_query,
        hub,
        actor_of(request),
        query,
        f"{results.JSON}, {results.TURTLE}" if page else request.headers.get("accept"),
        fields.get("default-graph-uri", []),
        fields.get("named-graph-uri", []),
        client_address(request),
    )
    return _as_page(answer) if page else Result(answer.body, answer.media_type, headers=_VARY)


def _without_query(request: Request, fields: Fields) -> Result:
    if "update" in fields:
        raise BadRequest("Update queries are not allowed")
    if wants_html(request):
        return Result(render_form("sparql", user=getattr(request.state, "user", None)), HTML)
    raise BadRequest(
        "There is no query: send it as the parameter query of a GET, as the form field query of a POST, or as the"
        f" body of a POST with Content-Type {_QUERY}"
    )


def _as_page(answer: Answer) -> Result:
    if not isinstance(answer.body, bytes):
        raise TooLarge("the result is too large for a page; use LIMIT, or ask for text/csv")
    if answer.media_type == results.JSON:
        return Result(_table(json.loads(answer.body)), JSON, title="SPARQL results")
    return Result(answer.body.decode(), TEXT, title="SPARQL results")


def _table(answer: dict[str, Any]) -> list[dict[str, str]]:
    """Turn a SPARQL JSON result into rows of texts; an ASK is one row."""
    if "boolean" in answer:
        return [{"boolean": "true" if answer["boolean"] else "false"}]
    names = answer["head"]["vars"]
    return [{n: row[n]["value"] if n in row else "" for n in names} for row in answer["results"]["bindings"]]
