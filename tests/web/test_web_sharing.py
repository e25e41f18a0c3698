"""Sharing over HTTP: links and what they open, further owners, what is shared with a user."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path

import httpx
import pytest
from live import PASSWORD, PREFIX, Live, live

from synhub.rdf import Iri
from synhub.sharing import MOST_LINKS
from synhub.store.shares import make_link, put_link
from synhub.web.routes import OBJECT_VERBS
from synhub.web.sharing import NO_SPARQL

pytestmark = pytest.mark.slow

UNIT, GENE, SEQUENCE = "/user/alice/lab/unit/1", "/user/alice/lab/gene/1", "/user/alice/lab/gene_seq/1"
CHILD = "/user/alice/lab/unit/c1/1"
COLLECTION = "/user/alice/lab/lab_collection/1"
OTHER = "/user/alice/other/other_collection/1"


def definition(name: str, inside: str) -> str:
    return f"""<sbol:ComponentDefinition rdf:about="http://x.org/{name}/1">
<sbol:persistentIdentity rdf:resource="http://x.org/{name}"/><sbol:displayId>{name}</sbol:displayId>
<sbol:version>1</sbol:version><dcterms:title>the {name}</dcterms:title>
<sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>{inside}
</sbol:ComponentDefinition>"""


DESIGN = f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/">
{
    definition(
        "unit",
        '''<sbol:component><sbol:Component rdf:about="http://x.org/unit/c1/1">
<sbol:persistentIdentity rdf:resource="http://x.org/unit/c1"/><sbol:displayId>c1</sbol:displayId>
<sbol:version>1</sbol:version><sbol:access rdf:resource="http://sbols.org/v2#public"/>
<sbol:definition rdf:resource="http://x.org/gene/1"/></sbol:Component></sbol:component>''',
    )
}
{definition("gene", '<sbol:sequence rdf:resource="http://x.org/gene_seq/1"/>')}
<sbol:Sequence rdf:about="http://x.org/gene_seq/1">
<sbol:persistentIdentity rdf:resource="http://x.org/gene_seq"/><sbol:displayId>gene_seq</sbol:displayId>
<sbol:version>1</sbol:version><sbol:elements>acgtacgt</sbol:elements>
<sbol:encoding rdf:resource="http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html"/></sbol:Sequence>
</rdf:RDF>""".encode()


def fill(hub: Live) -> None:
    """alice has `lab` (a unit, its gene, its sequence) and `other`; bob and carol have nothing."""
    for name in ("alice", "bob", "carol"):
        hub.user(name)
    assert hub.submit("alice", DESIGN).text == "Successfully uploaded"
    assert hub.submit("alice", DESIGN, {"id": "other"}).text == "Successfully uploaded"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """For tests that change no owners."""
    with live(tmp_path_factory.mktemp("sharing")) as hub:
        fill(hub)
        yield hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as running:
        fill(running)
        yield running


def link_to(hub: Live, path: str, who: str = "alice", query: str = "") -> str:
    """The path of a share link."""
    answer = hub.get(f"{path}/shareLink{query}", who)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith(PREFIX)
    return "/" + answer.text.removeprefix(PREFIX)


def under(path: str, link: str) -> str:
    """An object's path under the secret of another object's link."""
    return f"{path}/{link.split('/')[-2]}/share"


# --- making links ----------------------------------------------------------------------------------------------------


def test_a_link_names_the_object_and_holds_160_random_bits(shared: Live) -> None:
    assert re.fullmatch(UNIT + "/[0-9a-f]{40}/share", link_to(shared, UNIT))


def test_asking_again_gives_the_same_link_while_half_of_its_life_is_left(hub: Live) -> None:
    first = link_to(hub, UNIT)
    assert link_to(hub, UNIT) == first == link_to(hub, "/user/alice/lab/unit") == link_to(hub, CHILD)
    with hub.hub.shares._database.write() as sql:
        sql.execute("UPDATE share_link SET created = '2001-01-01T00:00:00.000Z'")
    assert link_to(hub, UNIT) != first


def test_links_end_after_share_days_or_the_days_asked_for(shared: Live) -> None:
    default, week = link_to(shared, GENE), link_to(shared, GENE, query="?days=7")
    assert default != week == link_to(shared, GENE, query="?days=7")
    rows = {row["link"]: row for row in shared.get(GENE + "/shareLinks", "alice").json()}
    lives = {
        link: datetime.fromisoformat(row["expires"]) - datetime.fromisoformat(row["created"])
        for link, row in rows.items()
    }
    assert lives == {PREFIX + default[1:]: timedelta(days=365), PREFIX + week[1:]: timedelta(days=7)}


@pytest.mark.parametrize("days", ["0", "3651", "-1", "1.5", "x", "９", "9" * 400])
def test_another_life_is_refused_with_what_is_allowed(shared: Live, days: str) -> None:
    answer = shared.get(UNIT + "/shareLink", "alice", params={"days": days})
    assert (answer.status_code, answer.text) == (
        400,
        f"days={days!r} is no life of a link; write a number from 1 to 3650",
    )


@pytest.mark.parametrize(
    ("who", "path", "status", "words"),
    [
        (None, UNIT, 401, "Login required"),
        ("bob", UNIT, 401, "Not authorized to get a share link for this object"),
        ("bob", "/user/alice/lab/none/1", 401, "Not authorized to get a share link for this object"),
        ("alice", "/user/alice/lab/none/1", 404, PREFIX + "user/alice/lab/none/1 not found"),
        ("alice", "/public/x/y/1", 404, PREFIX + "public/x/y/1/shareLink not found"),
    ],
)
def test_who_gets_no_link(shared: Live, who: str | None, path: str, status: int, words: str) -> None:
    answer = shared.get(path + "/shareLink", who)
    assert (answer.status_code, answer.text) == (status, words)


def test_an_object_has_at_most_so_many_live_links(hub: Live) -> None:
    graph, top_level = Iri(PREFIX + "user/alice"), Iri(PREFIX + UNIT[1:])
    with hub.hub.shares._database.write() as sql:
        for _ in range(MOST_LINKS):
            put_link(sql, make_link(graph, top_level, "alice", timedelta(days=3)))
    answer = hub.get(UNIT + "/shareLink", "alice")
    assert answer.status_code == 400
    assert answer.text == f"{top_level} has 100 live share links; revoke some of them first (DELETE …/shareLinks)"
    assert hub.get(UNIT + "/shareLink?days=3", "alice").status_code == 200  # one that is there


def test_links_asked_for_at_the_same_time_are_one_link(hub: Live) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: hub.get(UNIT + "/shareLink", "alice").text, range(8)))

    assert len(set(answers)) == 1


def test_a_link_asked_for_while_its_object_goes_opens_nothing_that_comes_later(hub: Live) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(hub.get, f"{UNIT}/shareLink?days={days}", "alice") for days in range(1, 8)]
        removed = pool.submit(hub.get, UNIT + "/remove", "alice")
        assert removed.result().status_code == 200
        assert {answer.result().status_code for answer in asked} <= {200, 404}

    assert hub.hub.shares.links_on(Iri(PREFIX + UNIT[1:])) == []


def test_a_browser_session_makes_a_link_by_post_with_its_csrf_token_only(hub: Live) -> None:
    with httpx.Client(base_url=hub.url) as browser:
        browser.post("/login", data={"email": "alice", "password": PASSWORD}, headers={"Accept": "text/html"})
        form = browser.get(UNIT, headers={"Accept": "text/html"}).text
        csrf = re.search('name="csrf" value="([0-9a-f]+)"', form)
        assert csrf is not None
        assert browser.get(UNIT + "/shareLink").status_code == 403
        assert browser.post(UNIT + "/shareLink").status_code == 403
        made = browser.post(UNIT + "/shareLink", data={"csrf": csrf[1]})
        assert made.status_code == 200
        assert browser.get(UNIT + "/shareLink").text == made.text


# --- what a link opens -----------------------------------------------------------------------------------------------


READS = {"": 200, "full": 200, "sbol": 200, "sbolnr": 200, "metadata": 200, "subCollections": 200, "members": 200}
READING_VERBS = [verb.verb for verb in OBJECT_VERBS if verb.verb in READS]
BEARERS = (None, "bob", "alice")


@pytest.mark.parametrize(
    ("path", "verb", "who"), list(product((UNIT, "/user/alice/lab/unit", CHILD), READING_VERBS, BEARERS))
)
def test_every_reading_verb_answers_under_a_link_as_to_the_owner(
    shared: Live, path: str, verb: str, who: str | None
) -> None:
    link = link_to(shared, UNIT)
    answer = shared.get(under(path, link) + (f"/{verb}" if verb else ""), who, follow_redirects=False)
    if path.endswith("unit") and not verb:
        assert (answer.status_code, answer.headers["location"]) == (302, link)
        return
    assert answer.status_code == READS[verb], answer.text
    own = shared.get(path + (f"/{verb}" if verb else ""), "alice")
    if verb in ("metadata", "sbolnr", "subCollections"):
        assert answer.text == own.text
    if verb in ("", "full", "sbol"):  # the closure stops where the bearer may not read
        about = set(re.findall(r'rdf:about="([^"]+)"', answer.text))
        assert PREFIX + UNIT[1:] in about
        assert (PREFIX + GENE[1:] in about) == (who == "alice")


@pytest.mark.parametrize("who", [None, "bob"])
@pytest.mark.parametrize("verb", ["", "sbol", "sbolnr", "metadata", "members", "subCollections"])
@pytest.mark.parametrize(
    "path", [GENE, SEQUENCE, COLLECTION, OTHER, "/user/alice/other/unit/1", "/user/alice/lab/gene"]
)
def test_a_link_to_one_object_opens_no_other(shared: Live, path: str, verb: str, who: str | None) -> None:
    link = link_to(shared, UNIT)
    absent = re.sub("/(gene|gene_seq|unit|lab_collection|other_collection)(?=/|$)", "/absent", path)

    def asked(object_path: str) -> tuple[object, ...]:
        answer = shared.get(f"{under(object_path, link)}/{verb}".rstrip("/"), who, follow_redirects=False)
        headers = {k: v for k, v in answer.headers.items() if k not in ("date", "content-length", "x-request-id")}
        return answer.status_code, answer.text.replace(object_path, "X"), headers

    assert asked(path) == asked(absent)


def test_a_link_to_a_collection_opens_its_members_in_its_namespace(shared: Live) -> None:
    link = link_to(shared, COLLECTION)
    for path in (COLLECTION, UNIT, GENE, SEQUENCE, CHILD, "/user/alice/lab/gene"):
        assert shared.get(under(path, link) + "/sbol").status_code == 200, path
    for path in (OTHER, "/user/alice/other/unit/1"):
        assert shared.get(under(path, link) + "/sbol").status_code == 404, path
    listed = shared.get(link + "/members?sort=displayId").json()
    assert [row["displayId"] for row in listed["members"]] == ["gene", "gene_seq", "unit"]
    about = set(re.findall(r'rdf:about="([^"]+)"', shared.get(link + "/sbol").text))
    assert about >= {PREFIX + path[1:] for path in (COLLECTION, UNIT, GENE, SEQUENCE)}


def test_what_left_a_shared_collection_is_closed_again(hub: Live) -> None:
    link = link_to(hub, COLLECTION)
    assert hub.get(under(GENE, link) + "/sbol").status_code == 200
    assert hub.submit("alice", None, {"overwrite_merge": "1"}).status_code == 200  # the collection anew, empty
    assert hub.get(under(GENE, link) + "/sbol").status_code == 404


@pytest.mark.parametrize("who", BEARERS)
def test_search_and_sparql_never_see_what_a_link_opens(shared: Live, who: str | None) -> None:
    link = link_to(shared, COLLECTION)
    for method, options in (("GET", {}), ("POST", {"data": {"query": "SELECT * { ?s ?p ?o }"}})):
        answer = shared.request(method, link + "/sparql?query=SELECT+*+%7B+%3Fs+%3Fp+%3Fo+%7D", who, **options)
        assert (answer.status_code, answer.text) == (403, NO_SPARQL)
    if who != "alice":
        assert shared.get("/search/unit", who).json() == []


def test_sparql_belongs_to_no_object_without_a_link(shared: Live) -> None:
    answer = shared.get(UNIT + "/sparql", "alice")
    assert (answer.status_code, answer.text) == (404, f"Cannot GET {UNIT}/sparql")


def test_a_link_is_no_right_to_change_anything(shared: Live) -> None:
    link = link_to(shared, UNIT)
    for who, refusals in {
        None: [(401, "Login required")] * 3,
        "bob": [
            (401, "Not authorized to get a share link for this object"),
            (400, "not authorized to add an owner"),
            (401, "Not authorized to remove an owner"),
        ],
    }.items():
        answers = [
            shared.get(link + "/shareLink", who),
            shared.request("POST", link + "/addOwner", who, data={"user": "bob"}),
            shared.request("POST", link + "/removeOwner/alice", who),
        ]
        assert [(a.status_code, a.text) for a in answers] == refusals
    assert shared.get(link + "/shareLink", "alice").text == PREFIX + link[1:]


# --- the end of links ------------------------------------------------------------------------------------------------


def test_revoked_expired_and_invented_links_are_answered_like_absent_objects(hub: Live) -> None:
    revoked, expired = link_to(hub, UNIT), link_to(hub, UNIT, query="?days=1")
    with hub.hub.shares._database.write() as sql:
        sql.execute(
            "UPDATE share_link SET expires = '2001-01-01T00:00:00.000Z' WHERE secret = ?", [expired.split("/")[-2]]
        )
    (row,) = hub.get(UNIT + "/shareLinks", "alice").json()
    assert (row["link"], row["by"]) == (PREFIX + revoked[1:], "alice")
    gone = hub.request("DELETE", UNIT + "/shareLinks", "alice", params={"id": row["id"]})
    assert (gone.status_code, gone.json()) == (200, {"revoked": 1})
    again = hub.request("DELETE", UNIT + "/shareLinks", "alice", params={"id": row["id"]})
    assert (again.status_code, again.json()["detail"]) == (404, f"there is no share link {row['id']}")

    links = [revoked, expired, under(UNIT, "/" + "0" * 40 + "/share"), under(UNIT, "/nonsense/share")]
    for verb, who in product(("", "/sbol", "/metadata", "/members"), (None, "bob")):
        absent = hub.get(f"/user/alice/lab/absent/1/{'1' * 40}/share{verb}", who)
        for link in links:
            answer = hub.get(link + verb, who)
            assert answer.status_code == absent.status_code
            assert answer.text.replace("/unit/", "/absent/") == absent.text
            same = ("content-type", "cache-control", "vary", "etag", "content-disposition")
            assert [answer.headers.get(h) for h in same] == [absent.headers.get(h) for h in same]


def test_links_of_a_disabled_account_open_nothing_until_it_is_enabled_again(hub: Live) -> None:
    assert add(hub, UNIT, "bob")[0] == 200
    of_bob, of_alice = link_to(hub, UNIT, "bob"), link_to(hub, UNIT)
    bob = hub.hub.accounts.find_by_login("bob")
    assert bob is not None
    hub.hub.accounts.disable(bob.id)
    for verb, who in product(("", "/sbol", "/full"), (None, "carol")):
        assert hub.get(of_bob + verb, who).status_code == 404
        assert hub.get(of_alice + verb, who).status_code == 200
    with hub.hub.shares._database.write() as sql:
        sql.execute("UPDATE user SET disabled = 0 WHERE username = 'bob'")
    assert hub.get(of_bob).status_code == 200


def test_a_disabled_account_is_made_no_owner_but_stops_being_one(hub: Live) -> None:
    assert add(hub, UNIT, "bob")[0] == 200
    for name in ("bob", "carol"):
        user = hub.hub.accounts.find_by_login(name)
        assert user is not None
        hub.hub.accounts.disable(user.id)
    for given in ("carol", PREFIX + "user/carol", "carol@example.org"):
        assert add(hub, UNIT, given) == (400, f"user {given.rpartition('/')[2]} not recognized")
    assert owners(hub, UNIT) == ["alice", "bob"]
    assert remove(hub, UNIT, "bob") == (200, "Success")
    assert owners(hub, UNIT) == ["alice"]


def test_a_revoked_link_answers_no_304(hub: Live) -> None:
    link = link_to(hub, UNIT)
    etag = hub.get(link + "/sbol").headers["etag"]
    assert hub.get(link + "/sbol", headers={"If-None-Match": etag}).status_code == 304
    hub.request("DELETE", UNIT + "/shareLinks", "alice")
    assert hub.get(link + "/sbol", headers={"If-None-Match": etag}).status_code == 404


def test_a_user_lists_and_revokes_the_links_he_has_made(hub: Live) -> None:
    first, second = link_to(hub, UNIT), link_to(hub, GENE)
    rows = hub.get("/profile/shareLinks", "alice").json()
    assert [(row["link"], row["object"], row["moved"]) for row in rows] == [
        (PREFIX + first[1:], PREFIX + UNIT[1:], False),
        (PREFIX + second[1:], PREFIX + GENE[1:], False),
    ]
    assert hub.get("/profile/shareLinks", "bob").json() == []
    assert hub.request("DELETE", f"/profile/shareLinks/{rows[0]['id']}", "bob").status_code == 404
    assert hub.request("DELETE", f"/profile/shareLinks/{rows[0]['id']}", "alice").json() == {"revoked": 1}
    assert [hub.get(link + "/sbolnr").status_code for link in (first, second)] == [404, 200]
    assert hub.request("DELETE", "/profile/shareLinks", "alice").json() == {"revoked": 1}
    assert hub.get(second + "/sbolnr").status_code == 404


# --- owners ----------------------------------------------------------------------------------------------------------


def owners(hub: Live, path: str) -> list[str]:
    query = f"SELECT ?o {{ <{PREFIX + path[1:]}> <http://wiki.synbiohub.org/wiki/Terms/synbiohub#ownedBy> ?o }}"
    answer = hub.get("/sparql", "alice", params={"query": query}, headers={"Accept": "application/json"})
    return sorted(row["o"]["value"].removeprefix(PREFIX + "user/") for row in answer.json()["results"]["bindings"])


def add(hub: Live, path: str, given: str, who: str | None = "alice") -> tuple[int, str]:
    answer = hub.request("POST", path + "/addOwner", who, data={"user": given, "uri": PREFIX + path[1:]})
    return answer.status_code, answer.text


def remove(hub: Live, path: str, name: str, who: str | None = "alice", **options: object) -> tuple[int, str]:
    answer = hub.request("POST", f"{path}/removeOwner/{name}", who, **options)
    return answer.status_code, answer.text


@pytest.mark.parametrize("given", [PREFIX + "user/bob", "bob", "BOB", "bob@example.org"])
def test_an_owner_is_added_by_iri_name_or_address_and_reads_by_the_plain_path(hub: Live, given: str) -> None:
    assert hub.get(UNIT + "/sbol", "bob").status_code == 404
    assert add(hub, UNIT, given) == (200, "Success")
    assert owners(hub, UNIT) == owners(hub, CHILD) == owners(hub, GENE) == ["alice", "bob"]
    for path in (UNIT, CHILD, GENE):
        assert hub.get(path + "/sbolnr", "bob").status_code == 200
    assert hub.get(COLLECTION + "/sbolnr", "bob").status_code == 404
    assert hub.get(UNIT + "/sbolnr", "carol").status_code == 404
    assert hub.get("/search/unit", "bob").json() == []
    assert link_to(hub, UNIT, "bob") != link_to(hub, UNIT, "alice")


def test_a_json_body_and_an_owner_who_is_one_already(hub: Live) -> None:
    for _ in range(2):
        answer = hub.request("POST", UNIT + "/addOwner", "alice", json={"user": PREFIX + "user/bob"})
        assert (answer.status_code, answer.text) == (200, "Success")
    assert owners(hub, UNIT) == ["alice", "bob"]


@pytest.mark.parametrize(
    ("who", "given", "answer"),
    [
        (None, "bob", (401, "Login required")),
        ("bob", "bob", (400, "not authorized to add an owner")),
        ("alice", PREFIX + "user/nobody", (400, "user nobody not recognized")),
        ("alice", "", (400, "user  not recognized")),
    ],
)
def test_who_adds_no_owner(shared: Live, who: str | None, given: str, answer: tuple[int, str]) -> None:
    assert add(shared, UNIT, given, who) == answer


def test_owners_of_a_collection_own_its_members_in_its_namespace(hub: Live) -> None:
    assert add(hub, COLLECTION, "bob") == (200, "Success")
    for path in (COLLECTION, UNIT, CHILD, GENE, SEQUENCE):
        assert owners(hub, path) == ["alice", "bob"], path
        assert hub.get(path + "/sbol", "bob").status_code == 200
    assert owners(hub, "/user/alice/other/unit/1") == ["alice"]

    assert remove(hub, COLLECTION, "bob") == (200, "Success")
    for path in (COLLECTION, UNIT, CHILD, GENE, SEQUENCE):
        assert owners(hub, path) == ["alice"], path
        assert hub.get(path + "/sbol", "bob").status_code == 404


def test_a_large_collection_gets_its_owner_in_several_steps(tmp_path: Path) -> None:
    with live(tmp_path, step_quads=2) as running:
        fill(running)
        answer = running.request("POST", COLLECTION + "/addOwner", "alice", data={"user": "bob"})
        job = re.search("<(.*)>", answer.headers["link"])
        assert job is not None
        assert running.get(job[1], "alice").json()["steps"] > 1
        assert owners(running, GENE) == owners(running, CHILD) == ["alice", "bob"]


def test_a_co_owner_changes_what_he_owns_by_the_plain_path(hub: Live) -> None:
    add(hub, GENE, "bob")
    attached = hub.request("POST", GENE + "/attach", "bob", files={"file": ("notes.txt", b"of bob")})
    assert attached.status_code == 200, attached.text
    edited = hub.request("POST", GENE + "/edit/title", "bob", data={"previous": "the gene", "object": "bob's gene"})
    assert edited.status_code == 200, edited.text
    assert hub.get(GENE + "/metadata", "alice").json()[0]["name"] == "bob's gene"
    refused = hub.request("POST", UNIT + "/attach", "bob", files={"file": ("notes.txt", b"of bob")})
    assert refused.status_code in (401, 403)


def test_a_removed_object_takes_its_links_and_co_owners_along(hub: Live) -> None:
    link = link_to(hub, UNIT)
    of_lab = link_to(hub, COLLECTION)
    add(hub, UNIT, "bob")
    assert hub.request("POST", UNIT + "/remove", "alice").status_code == 200
    assert hub.get("/shared", "bob").json() == []
    for path in (link, under(UNIT, of_lab)):
        assert hub.get(path + "/sbolnr").status_code == 404
    again = hub.submit("alice", DESIGN, {"rootCollections": PREFIX + COLLECTION[1:], "overwrite_merge": "2"})
    assert again.status_code == 200, again.text
    assert hub.get(UNIT + "/sbolnr", "alice").status_code == 200
    assert hub.get(link + "/sbolnr").status_code == 404
    assert hub.get(UNIT + "/sbolnr", "bob").status_code == 404
    assert hub.get("/profile/shareLinks", "alice").json()[0]["link"] == PREFIX + of_lab[1:]


def test_a_link_to_what_has_been_published_leads_there(hub: Live) -> None:
    link = link_to(hub, UNIT)
    fields = {"tabState": "new", "id": "open", "version": "1", "name": "n", "description": "d", "citations": ""}
    published = hub.request("POST", UNIT + "/makePublic", "alice", data=fields)
    assert published.status_code == 200, published.text
    moved = hub.get(link + "/sbol", follow_redirects=False)
    assert (moved.status_code, moved.headers["location"]) == (301, "/public/open/unit/1/sbol")
    assert hub.get(under(GENE, link) + "/sbol", follow_redirects=False).status_code == 404
    assert [row["moved"] for row in hub.get("/profile/shareLinks", "alice").json()] == [True]


def test_a_co_owner_of_a_part_has_its_sequence_and_its_attachments_as_well(hub: Live) -> None:
    files = {"id": (None, "notes"), "file": ("notes.txt", b"some notes")}
    assert hub.request("POST", GENE + "/attach", "alice", files=files).status_code == 200
    assert add(hub, GENE, "bob") == (200, "Success")

    assert hub.get("/user/alice/lab/notes/1/download", "bob").content == b"some notes"
    assert hub.get(SEQUENCE + "/sbolnr", "bob").status_code == 200
    assert owners(hub, SEQUENCE) == ["alice", "bob"]
    assert hub.get(UNIT + "/sbolnr", "bob").status_code == 404
    assert hub.get(COLLECTION + "/sbolnr", "bob").status_code == 404

    assert remove(hub, GENE, "bob") == (200, "Success")
    assert hub.get(SEQUENCE + "/sbolnr", "bob").status_code == 404
    assert hub.get("/user/alice/lab/notes/1/download", "bob").status_code == 404


def test_an_owner_of_another_registry_is_not_recognized(hub: Live) -> None:
    assert add(hub, GENE, "http://evil.example/user/bob") == (400, "user bob not recognized")


def test_who_has_the_graph_stays_an_owner_of_what_lies_in_it(hub: Live) -> None:
    add(hub, COLLECTION, "bob")
    for who in ("alice", "bob"):
        assert remove(hub, GENE, "alice", who) == (
            400,
            f"{PREFIX}{GENE[1:]} lies in the graph of alice, who stays an owner of it",
        )
    assert owners(hub, GENE) == ["alice", "bob"]


def test_any_owner_removes_any_and_himself(hub: Live) -> None:
    add(hub, UNIT, "bob")
    add(hub, UNIT, "carol", "bob")
    assert remove(hub, UNIT, "carol", "carol") == (200, "Success")
    assert remove(hub, UNIT, "bob", json={"userUri": PREFIX + "user/bob"}) == (200, "Success")
    assert owners(hub, UNIT) == ["alice"]
    assert remove(hub, UNIT, "alice", "bob") == (401, "Not authorized to remove an owner")


def test_a_public_object_keeps_its_last_owner(hub: Live) -> None:
    fields = {"tabState": "new", "id": "pub", "version": "1", "name": "P", "description": "p", "citations": ""}
    assert hub.request("POST", COLLECTION + "/makePublic", "alice", data=fields).status_code == 200
    public = "/public/pub/unit/1"
    add(hub, public, "bob")
    assert remove(hub, public, "alice", "bob") == (200, "Success")
    assert remove(hub, public, "bob", "bob") == (
        400,
        f"bob is the last owner of {PREFIX + public[1:]}, and nobody could change it any more; add another owner first",
    )


def test_the_body_of_remove_owner_beats_the_path(hub: Live) -> None:
    add(hub, UNIT, "bob")
    assert remove(hub, UNIT, "alice", data={"userUri": PREFIX + "user/bob"}) == (200, "Success")
    assert owners(hub, UNIT) == ["alice"]
    assert remove(hub, UNIT, "bob") == (200, "Success")  # who is none
    assert remove(hub, UNIT, "nobody") == (400, "user nobody not recognized")


def test_links_of_a_removed_owner_go_with_him(hub: Live) -> None:
    add(hub, COLLECTION, "bob")
    of_bob, of_alice = link_to(hub, UNIT, "bob"), link_to(hub, UNIT)
    remove(hub, COLLECTION, "bob")
    assert [hub.get(link + "/sbolnr").status_code for link in (of_bob, of_alice)] == [404, 200]


def test_the_report_says_how_many_objects_changed(hub: Live) -> None:
    answer = hub.request("POST", COLLECTION + "/addOwner", "alice", data={"user": "bob"})
    job = re.search("<(.*)>", answer.headers["link"])
    assert job is not None
    assert hub.get(job[1], "alice").json()["report"] == {"changed": 4}


def test_owners_of_public_objects_are_added_and_removed(hub: Live) -> None:
    hub.publish("alice", DESIGN, "open")
    path = "/public/open/open_collection/1"
    assert add(hub, path, "bob") == (200, "Success")
    assert owners(hub, "/public/open/unit/c1/1") == ["alice", "bob"]
    assert hub.get("/shared", "bob").json() == []  # /manage lists it
    assert [row["uri"] for row in hub.get("/manage", "bob").json()] == [PREFIX + path[1:]]
    assert remove(hub, path, "bob") == (200, "Success")
    assert owners(hub, path) == ["alice"]


def test_shared_lists_what_others_share(hub: Live) -> None:
    assert hub.get("/shared").status_code == 401
    assert hub.get("/shared").text == "Login required"
    assert hub.get("/shared", "bob").json() == []
    add(hub, UNIT, "bob")
    add(hub, OTHER, "bob")
    rows = hub.get("/shared", "bob").json()
    assert json.loads(json.dumps(rows[0])) == {
        "displayId": "unit",
        "version": "1",
        "name": "the unit",
        "description": "",
        "type": "http://sbols.org/v2#ComponentDefinition",
        "sbolType": "http://www.biopax.org/release/biopax-level3.owl#DnaRegion",
        "role": None,
        "uri": PREFIX + UNIT[1:],
        "typeName": "ComponentDefinition",
        "url": UNIT,
        "triplestore": "private",
        "prefix": "",
    }
    assert [row["url"] for row in rows] == [UNIT, OTHER]
    assert hub.get("/shared", "alice").json() == []
    remove(hub, UNIT, "bob")
    assert [row["url"] for row in hub.get("/shared", "bob").json()] == [OTHER]


def test_the_form_for_adding_an_owner_is_for_owners_and_lists_no_users(shared: Live) -> None:
    page = shared.get(UNIT + "/addOwner", "alice")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert f'action="{UNIT}/addOwner"' in page.text
    assert "carol" not in page.text
    assert shared.get(UNIT + "/addOwner", "bob").text == "not authorized to add an owner"
