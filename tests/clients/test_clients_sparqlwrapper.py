"""SPARQLWrapper against a real server: every form of answer it can read, GET and POST, and its classes of errors."""

import json
from collections.abc import Iterator
from typing import Any
from xml.dom.minidom import Document

import pytest
from clients_http import post
from clients_server import OTHER, Server, login, running
from rdflib import Graph, URIRef
from SPARQLWrapper import (
    BASIC,
    CSV,
    GET,
    JSON,
    JSONLD,
    N3,
    POST,
    POSTDIRECTLY,
    RDFXML,
    TSV,
    TURTLE,
    URLENCODED,
    XML,
    SPARQLExceptions,
    SPARQLWrapper,
)

pytestmark = pytest.mark.slow

TITLE = "http://purl.org/dc/terms/title"
TITLES = f"SELECT ?t {{ ?s <{TITLE}> ?t FILTER(?t IN ('pLac', 'pTet')) }} ORDER BY ?t"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("sparqlwrapper")) as server:
        yield server


@pytest.fixture(params=[(GET, URLENCODED), (POST, URLENCODED), (POST, POSTDIRECTLY)], ids=" ".join)
def wrapper(server: Server, request: pytest.FixtureRequest) -> Any:
    wrapper = SPARQLWrapper(f"{server.url}/sparql")
    method, way = request.param
    wrapper.setMethod(method)
    wrapper.setRequestMethod(way)
    return wrapper


def ask(wrapper: Any, query: str, form: str) -> Any:
    wrapper.setQuery(query)
    wrapper.setReturnFormat(form)
    return wrapper.queryAndConvert()


def test_select_in_every_form(wrapper: Any) -> None:
    rows = ask(wrapper, TITLES, JSON)
    assert rows["head"]["vars"] == ["t"]
    assert [row["t"]["value"] for row in rows["results"]["bindings"]] == ["pLac", "pTet"]
    document = ask(wrapper, TITLES, XML)
    assert isinstance(document, Document)
    literals: list[Any] = document.getElementsByTagName("literal")
    assert [literal.firstChild.data for literal in literals] == ["pLac", "pTet"]
    assert ask(wrapper, TITLES, CSV) == b"t\r\npLac\r\npTet\r\n"
    assert ask(wrapper, TITLES, TSV) == b'?t\n"pLac"\n"pTet"\n'


@pytest.mark.parametrize(("title", "there"), [("pLac", True), ("pNone", False)])
def test_ask(wrapper: Any, title: str, there: bool) -> None:
    query = f"ASK {{ ?s <{TITLE}> '{title}' }}"

    assert ask(wrapper, query, JSON)["boolean"] is there
    [answer] = ask(wrapper, query, XML).getElementsByTagName("boolean")
    assert answer.firstChild.data == ("true" if there else "false")


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")  # SPARQLWrapper's use of rdflib
@pytest.mark.parametrize("form", ["CONSTRUCT", "DESCRIBE"])
def test_graph_in_every_form(server: Server, wrapper: Any, form: str) -> None:
    iri = f"{server.prefix}/public/demo/BBa_R0010_sequence/1"
    query = f"DESCRIBE <{iri}>" if form == "DESCRIBE" else f"CONSTRUCT {{ <{iri}> ?p ?o }} WHERE {{ <{iri}> ?p ?o }}"

    turtle, n3 = (Graph().parse(data=ask(wrapper, query, form), format="turtle") for form in (TURTLE, N3))

    assert len(turtle) >= 6
    assert set(turtle.subjects()) == {URIRef(iri)}
    assert set(n3) == set(turtle)
    for form in (RDFXML, XML, JSONLD):  # these SPARQLWrapper reads itself
        assert set(ask(wrapper, query, form)) == set(turtle)


def test_token_and_default_graph_choose_what_is_read(server: Server, wrapper: Any) -> None:
    wrapper.addCustomHttpHeader("X-authorization", login(server))
    wrapper.addDefaultGraph(f"{server.prefix}/user/alice")
    assert ask(wrapper, TITLES, CSV) == b"t\r\n"
    wrapper.addDefaultGraph(f"{server.prefix}/public")
    assert ask(wrapper, TITLES, CSV) == b"t\r\npLac\r\npTet\r\n"


@pytest.mark.parametrize(
    "query",
    ["SELECT * { ?s ?p }", "SELECT * { ?s ?p ?o", "ASK { x:y ?p ?o }", "SELECT * FROM <http://a.b/c> { ?s ?p ?o }"],
)
def test_refused_query_is_badly_formed(wrapper: Any, query: str) -> None:
    with pytest.raises(SPARQLExceptions.QueryBadFormed):
        ask(wrapper, query, JSON)


def test_unknown_token_reads_what_is_public(wrapper: Any) -> None:
    wrapper.addCustomHttpHeader("X-authorization", "00000000-0000-0000-0000-000000000000")
    assert ask(wrapper, TITLES, CSV) == b"t\r\npLac\r\npTet\r\n"


def test_token_opens_what_its_owner_has(server: Server, wrapper: Any) -> None:
    wrapper.setReturnFormat(JSON)
    wrapper.setQuery(f"ASK {{ ?s <{TITLE}> 'Only mine' }}")
    form = {"id": "mine", "version": "1", "name": "Only mine", "description": "d", "overwrite_merge": "1"}
    token = {"X-authorization": login(server)}
    assert post(f"{server.url}/submit", data=form, headers=token).text == "Successfully uploaded"

    assert wrapper.queryAndConvert()["boolean"] is False
    wrapper.addCustomHttpHeader("X-authorization", token["X-authorization"])
    assert wrapper.queryAndConvert()["boolean"] is True
    wrapper.addCustomHttpHeader("X-authorization", login(server, OTHER))
    assert wrapper.queryAndConvert()["boolean"] is False


def test_address_that_is_none_is_no_endpoint(server: Server) -> None:
    wrapper = SPARQLWrapper(f"{server.url}/public/none/none/1/sbol")
    wrapper.setQuery(TITLES)
    with pytest.raises(SPARQLExceptions.EndPointNotFound):
        wrapper.query()


def test_update_is_refused(wrapper: Any) -> None:
    """An update sent as one, and an update sent as a query."""
    wrapper.setQuery("INSERT DATA { <http://a.example/> <http://a.example/> 1 }")
    wrapper.setMethod(POST)
    with pytest.raises(SPARQLExceptions.QueryBadFormed):
        wrapper.query()


def test_basic_login_is_no_login(server: Server, wrapper: Any) -> None:
    """SPARQLWrapper can send a name and a password with each query; the token is what counts."""
    wrapper.setHTTPAuth(BASIC)
    wrapper.setCredentials("alice", "wrong")
    assert ask(wrapper, TITLES, CSV) == b"t\r\npLac\r\npTet\r\n"


def test_login_as_a_query_form_with_a_wrong_password_is_unauthorized(server: Server) -> None:
    """Some programs log in through SPARQLWrapper: the fields of the login go along with an empty query's."""
    wrapper = SPARQLWrapper(f"{server.url}/login")
    wrapper.setMethod(POST)
    wrapper.addParameter("email", "alice")
    wrapper.addParameter("password", "wrong")
    wrapper.addCustomHttpHeader("Accept", "text/plain")
    with pytest.raises(SPARQLExceptions.Unauthorized):
        wrapper.query()
    wrapper.clearParameter("password")
    wrapper.addParameter("password", "correct horse")
    assert len(wrapper.query().response.read()) == 36


def test_query_sent_to_the_home_page_is_answered_with_a_page(server: Server) -> None:
    """A program that lacks `/sparql` in its address tells a closed repository from an open one by this."""
    wrapper = SPARQLWrapper(server.url)
    wrapper.setQuery(TITLES)
    assert wrapper.query().response.read().startswith(b"<!DOCTYPE html>")


def test_json_is_labelled_json(server: Server, wrapper: Any) -> None:
    """Otherwise SPARQLWrapper hands out bytes."""
    wrapper.setQuery(TITLES)
    wrapper.setReturnFormat(JSON)
    answer = wrapper.query()
    assert "json" in answer.info()["content-type"]
    assert json.loads(answer.response.read())["head"]["vars"] == ["t"]
