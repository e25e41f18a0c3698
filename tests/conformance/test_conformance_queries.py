"""Users' queries that are passed on to a server: what is refused before, and where the mistake is."""

import json
from typing import Any

import engine_servers
import pytest

from synhub.errors import InvalidQuery
from synhub.store import remote_query

pytestmark = pytest.mark.slow

SERVERS = ("oxigraph-server", "fuseki")  # those that keep datasets apart


class Kept:
    """The output of a task, kept."""

    def __init__(self) -> None:
        self.body = b""

    def header(self, value: dict[str, Any]) -> None:
        pass

    def write(self, data: bytes) -> int:
        self.body += data
        return len(data)

    def flush(self) -> None:
        pass


def answer(server: str, query: str) -> bytes:
    url = engine_servers.running(server).url
    argument = {
        "engine": url,
        "timeout_s": 20.0,
        "query": query,
        "default_graphs": ["http://h/public"],
        "named_graphs": ["http://h/public"],
        "media_type": "application/sparql-results+json",
    }
    output = Kept()
    try:
        remote_query.run(argument, output)
    finally:  # a child keeps its connection
        remote_query._open(url).close()
        remote_query._open.cache_clear()
    return output.body


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("SELECT ?x {\n ?x <http://jena.apache.org/text#query> ('word') }", (2, 5)),
        ("SELECT ?x { ?x <http://h/p> (1 2) }", (1, 16)),
    ],
)
def test_a_name_before_a_parenthesis_is_refused_with_its_place(server: str, query: str, place: tuple[int, int]) -> None:
    with pytest.raises(InvalidQuery, match="cannot be followed by a parenthesis") as told:
        answer(server, query)
    assert (told.value.line, told.value.column) == place
    assert "(line" not in str(told.value)  # the service says it, of the text that was sent


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("function", ["java:java.lang.Runtime", "http://jena.apache.org/ARQ/function#sha1sum"])
def test_functions_of_a_server_do_not_reach_it(server: str, function: str) -> None:
    with pytest.raises(InvalidQuery, match=rf"function <{function}> is not supported"):
        answer(server, f"SELECT ?x {{ BIND(<{function}>('a') AS ?x) }}")


@pytest.mark.parametrize("server", SERVERS)
def test_casts_and_functions_of_the_language_are_passed_on(server: str) -> None:
    query = (
        "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> SELECT ?x ?y { BIND(xsd:integer('7') + 1 AS ?x)"
        " BIND(<http://www.w3.org/2001/XMLSchema#string>(UCASE('a')) AS ?y) }"
    )
    (row,) = json.loads(answer(server, query))["results"]["bindings"]
    assert (row["x"]["value"], row["y"]["value"]) == ("8", "A")
