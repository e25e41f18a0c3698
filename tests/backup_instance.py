"""An instance with something of everything, and all that it answers."""

import re
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from live import PREFIX, Live

from synhub.identity import path_of_iri
from synhub.rdf import Iri
from synhub.store.journal import Job
from synhub.store.whole_store import top_levels_of
from synhub.store.work import Planned

FIXTURES = Path(__file__).parent.parent / "fixtures" / "sbol2"
DEVICE = (FIXTURES / "device.xml").read_bytes()
PROMOTER = (FIXTURES / "promoter.xml").read_bytes()
ATTACHED = b"read\r\nme " * 5000

_SEARCHES = ("", "promoter/", "objectType=ComponentDefinition&/", "role=<http://identifiers.org/so/SO:0000141>&/")
_QUERY = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g"

Answers = dict[tuple[str | None, str], tuple[int, str, str, bytes]]


def fill(hub: Live) -> None:
    """alice has two collections, an attachment and a share link; bob owns one of her parts too; something is public."""
    hub.user("root", admin=True)
    hub.user("alice")
    hub.user("bob")
    hub.publish("root", DEVICE, "open")
    assert hub.submit("alice", DEVICE).status_code == 200
    assert hub.submit("alice", PROMOTER, {"id": "more"}).status_code == 200
    assert hub.submit("bob", b"<no RDF", {"id": "broken"}).status_code == 400
    part = "/user/alice/lab/lab_collection/1"
    attached = hub.request("POST", part + "/attach", "alice", files={"file": ("read me.txt", ATTACHED)})
    assert attached.status_code == 200, attached.text
    assert hub.request("GET", part + "/shareLink", "alice").status_code == 200
    added = hub.request(
        "POST",
        "/user/alice/more/more_collection/1/addOwner",
        "alice",
        data={"user": PREFIX + "user/bob", "uri": PREFIX + "user/alice/more/more_collection/1"},
    )
    assert added.status_code == 200, added.text


def _paths(hub: Live) -> list[str]:
    """Everything there is to ask, taken from the instance itself."""
    paths = ["/rootCollections", "/ComponentDefinition/count", "/manage", "/shared", "/profile", "/profile/shareLinks"]
    for search in _SEARCHES:
        paths += [f"/search/{search}?limit=1000", f"/searchCount/{search}"]
    paths.append("/sparql?query=" + _QUERY.replace(" ", "%20"))
    for owner in (None, "alice", "bob"):
        graph = hub.hub.registry.graph(owner)
        for top in top_levels_of(hub.hub.store, graph):
            path = path_of_iri(top, hub.hub.registry)
            assert path is not None
            paths += [path + verb for verb in ("", "/sbol", "/sbolnr", "/metadata", "/subCollections", "/members")]
            paths += [path + "/download"] * ("attachment" in path.lower())
            paths += [f"{path}/{link.secret}/share/sbol" for link in hub.hub.shares.links_on(top)]
    for username in ("alice", "bob", "root"):
        rows = hub.hub.accounts._database.rows("SELECT id FROM job WHERE username = ?", (username,))
        paths += [f"/jobs/{job_id}{verb}" for (job_id,) in rows for verb in ("", "/upload")]
    return paths


def answers(hub: Live, callers: tuple[str | None, ...] = (None, "alice", "bob", "root")) -> Answers:
    """Ask everything as everybody: status, media type, entity tag, bytes."""
    found: Answers = {}
    for path in _paths(hub):
        for who in callers:
            answer = hub.get(path, who, headers={"Accept": "*/*"})
            assert answer.status_code < 500, (path, who, answer.text)
            headers = answer.headers
            found[who, path] = (
                answer.status_code,
                headers.get("content-type", ""),
                headers.get("etag", ""),
                answer.content,
            )
    return found


def parts(count: int) -> bytes:
    """A document of many small parts."""
    part = re.search(rb"<sbol:ComponentDefinition.*?</sbol:ComponentDefinition>", PROMOTER, re.DOTALL)
    assert part is not None
    name = re.search(rb"<sbol:displayId>(\w+)</sbol:displayId>", part[0])
    assert name is not None
    many = b"\n".join(part[0].replace(name[1], b"part%d" % n) for n in range(count))
    return PROMOTER[: part.start()] + many + b"\n</rdf:RDF>"


def hold_writer(hub: Live, step: int) -> threading.Event:
    """Stop the writer right after the nth step from now, until something waits for a moment between two steps."""
    reached, calls = threading.Event(), 0
    store, writer = hub.hub.store, hub.hub.writer
    original = store.apply

    def apply(change: Any) -> None:
        nonlocal calls
        original(change)
        calls += 1
        if calls == step:
            reached.set()
            while not writer._between:
                time.sleep(0.005)

    vars(store)["apply"] = apply
    return reached


def start_removal(hub: Live, username: str, collection_id: str) -> "Future[Job]":
    """Remove all of a namespace."""
    user = hub.hub.accounts.find_by_login(username)
    assert user is not None
    graph = hub.hub.registry.graph(username)
    namespace = f"{graph}/{collection_id}/"
    gone = [(graph, Iri(top)) for top in top_levels_of(hub.hub.store, graph) if top.startswith(namespace)]
    assert len(gone) > 20
    plan = Planned((), {}, removed=gone)
    return hub.hub.edits.start(user, "remove", [namespace], lambda _: plan, kind="purge")
