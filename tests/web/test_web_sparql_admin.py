"""`/admin/sparql`: what administrators ask over the graphs of all users, and nobody else."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from live import PREFIX, Live, live

from synhub.model import ChangeSet

PUBLIC, ALICE, BOB = f"{PREFIX}public", f"{PREFIX}user/alice", f"{PREFIX}user/bob"
SUBJECTS = "SELECT ?s { ?s ?p ?o }"
GRAPHS = "SELECT ?g ?s { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """alice and the public graph have one triple each; bob and root have nothing."""
    with live(tmp_path_factory.mktemp("data")) as instance:
        instance.user("root", admin=True)
        instance.user("alice")
        instance.user("bob")
        lines = (f'<{graph}/x/{n}/1> <http://p/q> "v" <{graph}> .\n' for graph, n in ((PUBLIC, "p"), (ALICE, "a")))
        instance.hub.store.apply(ChangeSet(b"", "".join(lines).encode()))
        yield instance


def ask(instance: Live, method: str = "GET", who: str | None = "root", **options: Any) -> tuple[int, str]:
    options["headers"] = {"Accept": "text/csv"} | dict(options.get("headers", {}))
    answer = instance.request(method, "/admin/sparql", who, **options)
    return answer.status_code, answer.text


@pytest.mark.parametrize("who", [None, "alice"])
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("GET", {"params": {"query": SUBJECTS}}),
        ("POST", {"data": {"query": SUBJECTS}}),
        ("POST", {"content": SUBJECTS, "headers": {"Content-Type": "application/sparql-query"}}),
    ],
)
def test_nobody_else_may_ask(instance: Live, who: str | None, method: str, options: dict[str, Any]) -> None:
    assert ask(instance, method, who, **options) == (401, "Administrator login required")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_all_graphs_are_named_graphs(instance: Live, method: str) -> None:
    options: dict[str, Any] = {"params" if method == "GET" else "data": {"query": GRAPHS}}
    rows = f"g,s\r\n{PUBLIC},{PUBLIC}/x/p/1\r\n{ALICE},{ALICE}/x/a/1\r\n"
    assert ask(instance, method, **options) == (200, rows)


def test_the_public_graph_is_the_default_graph(instance: Live) -> None:
    assert ask(instance, params={"query": SUBJECTS}) == (200, f"s\r\n{PUBLIC}/x/p/1\r\n")


@pytest.mark.parametrize("graphs", [[ALICE], [ALICE, PUBLIC]])
def test_any_graphs_can_be_chosen(instance: Live, graphs: list[str]) -> None:
    rows = "".join(f"{graph}/x/{name}/1\r\n" for graph, name in ((ALICE, "a"), (PUBLIC, "p")) if graph in graphs)
    ordered = SUBJECTS + " ORDER BY DESC(?s)"
    clause = "".join(f" FROM <{graph}>" for graph in graphs)

    assert ask(instance, params={"query": ordered, "default-graph-uri": graphs}) == (200, "s\r\n" + rows)
    assert ask(instance, params={"query": ordered.replace(" {", clause + " {", 1)}) == (200, "s\r\n" + rows)


def test_the_graph_of_a_user_who_has_nothing_is_empty(instance: Live) -> None:
    assert ask(instance, params={"query": SUBJECTS, "default-graph-uri": BOB}) == (200, "s\r\n")


def test_a_graph_of_nobody_is_refused_in_words(instance: Live) -> None:
    refusal = (400, "There is no such graph: those here are the public one and one for each user.")
    assert ask(instance, params={"query": SUBJECTS, "default-graph-uri": f"{PREFIX}user/carol"}) == refusal


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("GET", {"params": {"query": "DELETE WHERE { GRAPH ?g { ?s ?p ?o } }"}}),
        ("POST", {"data": {"update": "DROP ALL"}}),
        ("POST", {"content": "DROP ALL", "headers": {"Content-Type": "application/sparql-update"}}),
    ],
)
def test_updates_are_refused(instance: Live, method: str, options: dict[str, Any]) -> None:
    assert ask(instance, method, **options) == (400, "Update queries are not allowed")


def test_an_administrator_reads_no_more_than_others_elsewhere(instance: Live) -> None:
    rows = instance.get("/sparql", "root", params={"query": GRAPHS}, headers={"Accept": "text/csv"}).text
    assert rows == f"g,s\r\n{PUBLIC},{PUBLIC}/x/p/1\r\n"


def test_the_page_asks_the_same_service_again(instance: Live) -> None:
    page = instance.get("/admin/sparql", "root", params={"query": GRAPHS}, headers={"Accept": "text/html"}).text
    assert '<form method="post" action="/admin/sparql">' in page
    assert "the graphs of all users as named graphs" in page
    assert '<a href="/admin/sparql?query=SELECT' in page
    assert 'href="/user/alice/x/a/1"' in page


def test_the_profile_leads_administrators_to_what_they_may_do(instance: Live) -> None:
    html = {"Accept": "text/html"}
    page = instance.get("/profile", "root", headers=html).text
    links = re.findall(r'(?:href|action)="(/admin/[^"]*)"', page)
    assert links == ["/admin/sparql", "/admin/explorerIndexingLog", "/admin/explorerUpdateIndex"]
    assert [instance.get(link, "root", headers=html).status_code for link in links[:2]] == [200, 200]
    assert instance.request("POST", links[2], "root").status_code == 200
    assert "/admin/" not in instance.get("/profile", "alice", headers=html).text
