"""A collection of 50 000 members is gone for every reader when its removal is answered; prints how long that takes."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live import PREFIX, Live, live

from synhub import check
from synhub.model import ChangeSet, TopLevelChange
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.store.changes import pack
from synhub.store.work import Planned
from synhub.vocab import BIOPAX, DCTERMS, RDF, SBH, SBOL2

pytestmark = pytest.mark.slow

MEMBERS = 50_000
GRAPH = Iri(f"{PREFIX}user/alice")
LAB = f"{GRAPH}/big/"
ROOT = "/user/alice/big/big_collection/1"


def top_level(iri: str, cls: Iri, *more: tuple[Iri, Term]) -> list[Triple]:
    identity = iri.rpartition("/")[0]
    display_id = identity.rpartition("/")[2]
    said: list[tuple[Iri, Term]] = [
        (RDF.type, iri_term(cls)),
        (SBOL2.persistentIdentity, iri_term(Iri(identity))),
        (SBOL2.displayId, literal_term(display_id)),
        (SBOL2.version, literal_term("1")),
        (DCTERMS.title, literal_term(f"big thing {display_id}")),
        (SBH.topLevel, iri_term(Iri(iri))),
        (SBH.ownedBy, iri_term(GRAPH)),
        *more,
    ]
    return [(iri_term(Iri(iri)), iri_term(p), o) for p, o in said]


def objects() -> Iterator[TopLevelChange]:
    """Parts that refer to the next one, two nested collections, the root, and beside them one that refers to a part."""

    def made(iri: str, cls: Iri, *more: tuple[Iri, Term]) -> TopLevelChange:
        return TopLevelChange(GRAPH, Iri(iri), (), top_level(iri, cls, *more))

    dna = (SBOL2.type, iri_term(Iri(BIOPAX.NS + "DnaRegion")))
    parts = [f"{LAB}p{n}/1" for n in range(MEMBERS - 2)]
    for iri, following in zip(parts, parts[1:] + parts[:1], strict=True):
        annotation = (Iri("http://x.org/next"), iri_term(Iri(following)))
        yield made(iri, SBOL2.ComponentDefinition, dna, annotation)
    nested = [f"{LAB}nested{n}/1" for n in range(2)]
    for n, iri in enumerate(nested):
        members = ((SBOL2.member, iri_term(Iri(part))) for part in parts[n::100])
        yield made(iri, SBOL2.Collection, *members)
    members = ((SBOL2.member, iri_term(Iri(iri))) for iri in [*parts, *nested])
    yield made(f"{LAB}big_collection/1", SBOL2.Collection, *members)
    used = (Iri("http://x.org/next"), iri_term(Iri(parts[7])))
    yield made(f"{GRAPH}/small/user/1", SBOL2.ComponentDefinition, dna, used)


def timed(what: str, call: Callable[[], object]) -> None:
    start = time.monotonic()
    call()
    print(f"{what}: {time.monotonic() - start:.2f} s")


def wait_until_idle(hub: Live) -> None:
    ends = time.monotonic() + 300
    while hub.hub.journal.open_jobs():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_large_collection_is_gone_at_once(tmp_path: Path) -> None:
    with live(tmp_path, disk_reserve=0) as hub:
        hub.client.timeout = 300
        hub.user("alice")
        user = hub.hub.accounts.find_by_login("alice")
        assert user is not None

        def steps() -> Iterator[ChangeSet]:
            return pack(objects(), hub.hub.settings.step_quads)

        timed("stored", lambda: hub.hub.edits.start(user, "x", [LAB], lambda _: Planned(steps(), {})).result(600))
        assert hub.get("/searchCount/*", "alice").text == str(MEMBERS + 2)

        start = time.monotonic()
        answer = hub.get(ROOT + "/removeCollection", "alice")
        answered = time.monotonic() - start
        assert (answer.status_code, answer.text) == (200, "Success\n1 other object still refers to what was removed")

        def is_gone() -> None:
            assert hub.get("/searchCount/*", "alice").text == "1"
            assert [row["displayId"] for row in hub.get("/search/big", "alice").json()] == ["user"]
            assert hub.get("/rootCollections", "alice").json() == []
            assert hub.get("/manage", "alice").json() == []
            for path in (ROOT, "/user/alice/big/nested0/1", "/user/alice/big/p7/1", "/user/alice/big/p7"):
                assert hub.get(path, "alice").status_code == 404
                assert hub.get(path + "/sbol", "alice").status_code == 404
                assert hub.get(path + "/members", "alice").status_code == 404
                assert hub.get(path + "/metadata", "alice").json() == []
                assert hub.get(path + "/subCollections", "alice").json() == []
            assert "p7" not in hub.get("/user/alice/small/user/1/sbol", "alice").text.replace("big/p7/1", "")

        timed("every reader", is_gone)
        assert hub.hub.removals.hidden()  # what was seen was seen while the quads are there
        start = time.monotonic()
        submitted = hub.submit("alice", None, {"id": "big", "name": "again"})
        again = time.monotonic() - start
        assert (submitted.status_code, submitted.text) == (200, "Successfully uploaded")
        wait_until_idle(hub)
        print(f"answered after {answered:.2f} s, purged and submitted again {again:.2f} s later")

        assert hub.get("/searchCount/*", "alice").text == "2"
        query = "SELECT (COUNT(DISTINCT ?top) AS ?n) WHERE { ?s <" + SBH.topLevel + "> ?top }"
        counted = hub.get("/sparql", "alice", params={"query": query}, headers={"Accept": "text/csv"})
        assert counted.text.split() == ["n", "2"]
        parts = hub.hub
        assert check.check(parts.registry, parts.store, parts.catalog, parts.journal, parts.blobs, parts.files) == []
