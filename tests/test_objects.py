"""Reading objects: single top levels of closed graphs, versions, closures, limits."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from live import PREFIX, Live, live

from synhub import exports, objects
from synhub.errors import NotFound, TooLarge
from synhub.exports import export
from synhub.formats.representations import DEFAULT
from synhub.hub import Hub
from synhub.identity import ObjectRef
from synhub.model import Actor, Single
from synhub.rdf import Iri
from synhub.sbol.graph import parse_rdf_xml
from synhub.store.catalog.listings import find_record
from synhub.store.closure import Closure, find_closure

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sbol2"
GRAPH = Iri(PREFIX + "user/alice")
ROOT = Iri(PREFIX + "user/alice/lab/lab_collection/1")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("objects")) as running:
        running.user("alice")
        answer = running.submit("alice", (FIXTURES / "device.xml").read_bytes())
        assert answer.text == "Successfully uploaded"
        answer = running.submit("alice", (FIXTURES / "promoter.xml").read_bytes(), {"id": "other"})
        assert answer.text == "Successfully uploaded"
        running.submit("alice", (FIXTURES / "versions.xml").read_bytes(), {"id": "versions"})
        yield running


def members(instance: Live) -> list[str]:
    return [row["uri"] for row in instance.get("/user/alice/lab/lab_collection/1/members", "alice").json()["members"]]


def ref(iri: str, instance: Live) -> ObjectRef:
    found = ObjectRef.of_iri(iri, instance.hub.registry)
    assert found is not None
    return found


def subjects(document: bytes) -> set[str]:
    return {s[1:-1] for s, _, _ in parse_rdf_xml(document)}


def test_a_shared_object_is_readable_and_nothing_else_is(instance: Live) -> None:
    shared, *others = members(instance)
    guest = Actor(shared=(Single(GRAPH, Iri(shared)),))

    assert objects.locate(instance.hub, guest, ref(shared, instance)).iri == shared
    for iri in [*others, ROOT, PREFIX + "user/alice/other/other_collection/1"]:
        with pytest.raises(NotFound):
            objects.locate(instance.hub, guest, ref(iri, instance))


def test_a_shared_collection_covers_its_members_in_its_own_namespace(instance: Live) -> None:
    guest = Actor(shared=(Single(GRAPH, ROOT, members=True),))

    for iri in members(instance):
        assert objects.locate(instance.hub, guest, ref(iri, instance)).iri == iri
    with pytest.raises(NotFound):
        objects.locate(instance.hub, guest, ref(PREFIX + "user/alice/other/other_collection/1", instance))


def closure_of(hub: Hub, actor: Actor, located: objects.Located) -> Closure:
    found = find_closure(objects.reach_of(hub, hub.dataset(actor)), located.root, hub.settings.closure_limit)
    assert found is not None
    return found


def test_a_closure_stops_at_what_was_shared(instance: Live) -> None:
    device = next(iri for iri in members(instance) if references(instance, iri))
    guest = Actor(shared=(Single(GRAPH, Iri(device)),))
    located = objects.locate(instance.hub, guest, ref(device, instance))

    assert closure_of(instance.hub, guest, located).top_levels == [device]


def references(instance: Live, iri: str) -> list[Iri]:
    alice = Actor(instance.hub.accounts.find_by_login("alice"))
    located = objects.locate(instance.hub, alice, ref(iri, instance))
    return closure_of(instance.hub, alice, located).top_levels[1:]


def test_a_download_holds_the_object_and_all_it_refers_to(instance: Live) -> None:
    whole = instance.get("/user/alice/lab/lab_collection/1/sbol", "alice")
    found = subjects(whole.content)

    assert {ROOT, *members(instance)} <= found
    for iri in members(instance):
        one = instance.get(iri.removeprefix(PREFIX.rstrip("/")) + "/sbol", "alice")
        assert {iri, *references(instance, iri)} <= subjects(one.content)


def test_members_and_references_by_their_identity_mean_the_latest_version(tmp_path: Path) -> None:
    part = (
        '<sbol:ComponentDefinition rdf:about="http://x.org/{0}/{1}"><sbol:displayId>{0}</sbol:displayId>'
        '<sbol:persistentIdentity rdf:resource="http://x.org/{0}"/><sbol:version>{1}</sbol:version>'
        '<sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>{2}'
        "</sbol:ComponentDefinition>"
    )
    component = (
        '<sbol:component><sbol:Component rdf:about="http://x.org/new/c/1"><sbol:displayId>c</sbol:displayId>'
        '<sbol:persistentIdentity rdf:resource="http://x.org/new/c"/><sbol:version>1</sbol:version>'
        '<sbol:definition rdf:resource="http://x.org/old"/><sbol:access rdf:resource="http://sbols.org/v2#public"/>'
        "</sbol:Component></sbol:component>"
    )
    parts = part.format("old", "1.9", "") + part.format("old", "1.10", "") + part.format("new", "1", component)
    collection = (
        '<sbol:Collection rdf:about="http://x.org/set/1"><sbol:displayId>set</sbol:displayId>'
        '<sbol:persistentIdentity rdf:resource="http://x.org/set"/><sbol:version>1</sbol:version>'
        '<sbol:member rdf:resource="http://x.org/new"/></sbol:Collection>'
    )
    document = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"'
        f">{parts}{collection}</rdf:RDF>"
    )
    with live(tmp_path) as running:
        running.user("alice")
        assert running.submit("alice", document.encode()).text == "Successfully uploaded"
        alice = Actor(running.hub.accounts.find_by_login("alice"))
        located = objects.locate(running.hub, alice, ref(PREFIX + "user/alice/lab/set/1", running))
        found = closure_of(running.hub, alice, located)

    names = ["set/1", "new/1", "old/1.10"]
    assert (found.top_levels, found.direct) == ([PREFIX + "user/alice/lab/" + name for name in names], 2)


def test_a_child_brings_its_top_level_along(instance: Live) -> None:
    device = "/user/alice/lab/gfp_device/"
    whole = subjects(instance.get(device + "1/sbol", "alice").content)
    child = device + "promoter/1"

    assert PREFIX + child[1:] in whole
    assert subjects(instance.get(child + "/sbol", "alice").content) == whole
    assert subjects(instance.get(child + "/sbolnr", "alice").content) == {PREFIX + child[1:]}


@pytest.mark.parametrize("here", [exports.DIRECT_OBJECTS, 0])  # 0: by a child, before its first byte
def test_a_closure_over_the_limit_is_refused_with_advice(
    instance: Live, monkeypatch: pytest.MonkeyPatch, here: int
) -> None:
    monkeypatch.setattr(exports, "DIRECT_OBJECTS", here)
    device = next(iri for iri in members(instance) if len(references(instance, iri)) > 1)
    small = replace(instance.hub, settings=replace(instance.hub.settings, closure_limit=1))
    alice = Actor(instance.hub.accounts.find_by_login("alice"))
    located = objects.locate(small, alice, ref(device, instance))

    with pytest.raises(TooLarge, match="ask for /sbolnr"):
        export(small, alice, located, DEFAULT)


def test_a_large_document_written_by_a_child_is_the_same(instance: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = Actor(instance.hub.accounts.find_by_login("alice"))
    located = objects.locate(instance.hub, alice, ref(ROOT, instance))
    direct = export(instance.hub, alice, located, DEFAULT).body
    assert isinstance(direct, bytes)
    monkeypatch.setattr(exports, "DIRECT_OBJECTS", 0)

    parts = export(instance.hub, alice, located, DEFAULT).body
    assert not isinstance(parts, bytes)
    streamed = b"".join(parts)

    assert set(parse_rdf_xml(streamed)) == set(parse_rdf_xml(direct))


def test_without_a_version_the_latest_answers(instance: Live) -> None:
    rows = instance.get(
        "/search/collection=<" + PREFIX.replace("/", "%2F") + "user%2Falice%2Fversions%2Fversions_collection%2F1>&",
        "alice",
    )
    newest = max(rows.json(), key=lambda row: [int(n) for n in row["version"].split(".")])
    path = newest["uri"].rpartition("/")[0].removeprefix(PREFIX.rstrip("/"))

    redirect = instance.get(path, "alice", follow_redirects=False)
    record = instance.get(path + "/metadata", "alice").json()

    assert (redirect.status_code, redirect.headers["location"]) == (302, f"{path}/{newest['version']}")
    assert record[0]["version"] == newest["version"]
    assert newest["uri"] in subjects(instance.get(path + "/sbolnr", "alice").content)


def test_metadata_is_the_same_from_catalog_and_store(instance: Live) -> None:
    texts = "<dcterms:title>b c</dcterms:title>"
    full = f"{texts}<dcterms:description>d</dcterms:description><sbol:member rdf:resource='http://a/two/1'/>"
    document = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"'
        f' xmlns:dcterms="http://purl.org/dc/terms/">{versioned("one", "1", "Collection", full)}'
        f"{versioned('two', '1', 'Collection', texts)}</rdf:RDF>"
    )
    assert instance.submit("alice", document.encode(), {"id": "records"}).status_code == 200
    hub = instance.hub
    alice = Actor(hub.accounts.find_by_login("alice"))
    asked = from_catalog = 0
    for graph, iri, _ in list(hub.catalog.digest_rows()):
        located = objects.locate(hub, alice, ref(iri, instance))
        record = objects.find_description(hub, alice, ref(iri, instance))
        described = objects.describe(hub, alice, ref(iri, instance)) if record is None else (located.display_id, record)
        assert described == (located.display_id, objects.metadata(hub, located))
        asked += 1
        from_catalog += all(find_record(hub.catalog, graph, iri) or ("",))
    assert asked > from_catalog > 0
    [record] = instance.get("/user/alice/records/one/1/metadata", "alice").json()
    assert (record["name"], record["description"]) == ("b c", "d")


def versioned(name: str, version: str, cls: str, more: str = "") -> str:
    return (
        f'<sbol:{cls} rdf:about="http://a/{name}/{version}"><sbol:persistentIdentity rdf:resource="http://a/{name}"/>'
        f"<sbol:displayId>{name}</sbol:displayId><sbol:version>{version}</sbol:version>{more}</sbol:{cls}>"
    )


def test_a_collection_brings_the_latest_version_of_a_member_without_one(instance: Live) -> None:
    parts = [
        versioned("part", number, "ComponentDefinition", '<sbol:type rdf:resource="http://a/type"/>')
        for number in ("1", "1.10", "1.9")
    ]
    choice = versioned("choice", "1", "Collection", '<sbol:member rdf:resource="http://a/part"/>')
    head = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#">'
    content = f"{head}{''.join(parts)}{choice}</rdf:RDF>".encode()
    assert instance.submit("alice", content, {"id": "latest"}).text == "Successfully uploaded"
    path, latest = "/user/alice/latest/choice/1", PREFIX + "user/alice/latest/part/1.10"

    assert subjects(instance.get(path + "/sbol", "alice").content) == {PREFIX + path[1:], latest}
    assert [row["uri"] for row in instance.get(path + "/members", "alice").json()["members"]] == [latest]
    search = f"/search/collection=<{PREFIX}{path[1:]}>&"
    assert [row["uri"] for row in instance.get(search, "alice").json()] == [latest]
    explained = instance.get(search + "?explain=sparql", "alice").text
    rows = instance.get("/sparql", "alice", params={"query": explained}, headers={"Accept": "application/json"}).json()
    assert [row["obj"]["value"] for row in rows["results"]["bindings"]] == [latest]


def test_an_unchanged_download_is_304_and_a_changed_one_is_not(instance: Live) -> None:
    path = "/user/alice/lab/lab_collection/1/sbol"
    first = instance.get(path, "alice")
    same = instance.get(path, "alice", headers={"If-None-Match": first.headers["etag"]})
    fields = {"overwrite_merge": "3", "rootCollections": ROOT}
    assert instance.submit("alice", (FIXTURES / "activity.xml").read_bytes(), fields).text == "Successfully uploaded"
    changed = instance.get(path, "alice", headers={"If-None-Match": first.headers["etag"]})

    assert (same.status_code, same.content) == (304, b"")
    assert changed.status_code == 200
    assert not first.headers["etag"].startswith("W/")


def test_who_can_read_more_has_another_validator(instance: Live) -> None:
    path = "/user/alice/lab/lab_collection/1/sbol"
    instance.user("carol")
    shared = instance.request("POST", path.removesuffix("/sbol") + "/addOwner", "alice", data={"user": "carol"})
    assert shared.status_code == 200, shared.text
    tags = {who: instance.get(path, who).headers["etag"] for who in ("alice", "carol")}

    assert tags["alice"] != tags["carol"]
    for who, tag in tags.items():
        for reader in tags:
            answer = instance.get(path, reader, headers={"If-None-Match": tag})
            assert answer.status_code == (304 if who == reader else 200)


@pytest.mark.parametrize("path", ["/public/%zz/x/1", "/user/alice/lab/%4/1/sbol", "/public/lab/x%/1/metadata"])
def test_a_path_with_a_stray_percent_is_refused(instance: Live, path: str) -> None:
    answer = raw_get(instance, path)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"no two hexadecimal digits follow" in answer


def raw_get(instance: Live, path: str) -> bytes:
    """The answer to a path that clients would repair."""
    url = httpx.URL(instance.url)
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.slow
def test_one_validator_never_stands_for_two_bodies(instance: Live) -> None:
    """Pollers hold the bytes of each ETag while jobs replace what they read."""
    root = PREFIX + "user/alice/polled/polled_collection/1"
    parts = "".join(versioned_part(n, "old") for n in range(300))
    assert instance.submit("alice", rdf(parts), {"id": "polled"}).text == "Successfully uploaded"
    bodies: dict[str, set[bytes]] = {}
    stop = threading.Event()

    def poll() -> None:
        with httpx.Client() as client:
            while not stop.is_set():
                headers = instance.headers("alice")
                answer = client.get(instance.url + "/user/alice/polled/p299/1/sbolnr", headers=headers)
                if "etag" in answer.headers:
                    bodies.setdefault(answer.headers["etag"], set()).add(answer.content)

    pollers = [threading.Thread(target=poll) for _ in range(3)]
    for poller in pollers:
        poller.start()
    try:
        for title in ("one", "two", "three"):
            parts = "".join(versioned_part(n, title) for n in range(300))
            fields = {"overwrite_merge": "3", "rootCollections": root}
            assert instance.submit("alice", rdf(parts), fields).text == "Successfully uploaded"
    finally:
        stop.set()
        for poller in pollers:
            poller.join()

    assert len(bodies) > 1
    assert {etag: len(found) for etag, found in bodies.items() if len(found) > 1} == {}


def versioned_part(number: int, title: str) -> str:
    return (
        f'<sbol:ComponentDefinition rdf:about="http://x.org/p{number}/1">'
        f'<sbol:persistentIdentity rdf:resource="http://x.org/p{number}"/><sbol:displayId>p{number}</sbol:displayId>'
        f"<sbol:version>1</sbol:version><dcterms:title>{title}</dcterms:title>"
        '<sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>'
        "</sbol:ComponentDefinition>"
    )


def rdf(body: str) -> bytes:
    return (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"'
        f' xmlns:dcterms="http://purl.org/dc/terms/">{body}</rdf:RDF>'
    ).encode()


def test_a_large_download_has_a_validator_too(instance: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "DIRECT_OBJECTS", 0)
    path = "/user/alice/other/other_collection/1/sbol"

    first = instance.get(path, "alice")
    again = instance.get(path, "alice", headers={"If-None-Match": first.headers["etag"]})

    assert first.status_code == 200 and first.content.endswith(b"</rdf:RDF>\n")
    assert again.status_code == 304
