"""Who sees what: every route of the table x every actor, and nothing private in any answer.

The matrix is generated from the route table, so that a route that nobody listed here fails. What a stranger gets for
a private object is compared with what he gets for one that does not exist.
"""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from live import PREFIX, Live, live

from synhub.formats.representations import VERBS
from synhub.web.routes import OBJECT_VERBS, ROUTES

ACTORS = (None, "alice", "bob", "root")  # anonymous, owner, another user, administrator

# Every private name, title, text and sequence holds one of these.
SECRETS = ("zebra", "quagga", "gattacagattaca")

PRIVATE = f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/" xmlns:prov="http://www.w3.org/ns/prov#">
<sbol:ComponentDefinition rdf:about="http://x.org/zebra/1">
  <sbol:persistentIdentity rdf:resource="http://x.org/zebra"/><sbol:displayId>zebra</sbol:displayId>
  <sbol:version>1</sbol:version><dcterms:title>quagga promoter</dcterms:title>
  <sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>
  <sbol:role rdf:resource="http://identifiers.org/so/SO:0000167"/>
  <prov:wasDerivedFrom rdf:resource="{PREFIX}public/open/horse/1"/>
  <sbol:sequence rdf:resource="http://x.org/zebra_seq/1"/>
</sbol:ComponentDefinition>
<sbol:Sequence rdf:about="http://x.org/zebra_seq/1">
  <sbol:persistentIdentity rdf:resource="http://x.org/zebra_seq"/><sbol:displayId>zebra_seq</sbol:displayId>
  <sbol:version>1</sbol:version><sbol:elements>gattacagattaca</sbol:elements>
  <sbol:encoding rdf:resource="http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html"/>
</sbol:Sequence>
</rdf:RDF>""".encode()

PUBLIC = b"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/">
<sbol:ComponentDefinition rdf:about="http://x.org/horse/1">
  <sbol:persistentIdentity rdf:resource="http://x.org/horse"/><sbol:displayId>horse</sbol:displayId>
  <sbol:version>1</sbol:version><dcterms:title>public promoter</dcterms:title>
  <sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>
  <sbol:role rdf:resource="http://identifiers.org/so/SO:0000167"/>
</sbol:ComponentDefinition>
</rdf:RDF>"""

HASH = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """alice has one private collection `zebras`; the public graph has `open`; bob has nothing."""
    folder: Path = tmp_path_factory.mktemp("isolation")
    with live(folder) as running:
        for name in ("alice", "bob", "carol"):
            running.user(name)
        running.user("root", admin=True)
        running.publish("root", PUBLIC, "open")
        answer = running.submit("alice", PRIVATE, {"id": "zebras", "name": "zebra herd", "description": "quagga"})
        assert (answer.status_code, answer.text) == (200, "Successfully uploaded")
        yield running


def leaks(answer: httpx.Response, asked: str) -> list[str]:
    """The secrets in an answer that were not in the request."""
    text = (answer.text + str(answer.headers)).lower()
    return [s for s in SECRETS if s in text.replace(asked.lower(), "")]


# --- fixed routes: (method, path) -> statuses for anonymous, owner, other user, administrator

SEARCH = "/search/" + quote("objectType=ComponentDefinition&promoter", safe="")
COUNT = "/searchCount/" + quote("objectType=ComponentDefinition&promoter", safe="")
# Of the private sequence: to know its letters is not to know whether somebody has it.
DIGESTS = ("SQ.4YTWqo4Qkkpue1KxY12riKLC91P8S3rn", "a0ae76be441aae7d2cbdc50ba00af74f")
FIXED: dict[tuple[str, str], list[tuple[str, tuple[int, int, int, int]]]] = {
    ("GET", "/"): [("/", (200, 200, 200, 200))],
    ("GET", "/login"): [("/login", (200, 200, 200, 200))],
    ("POST", "/login"): [("/login", (401, 401, 401, 401))],
    ("POST", "/remoteLogin"): [("/remoteLogin", (401, 401, 401, 401))],
    ("GET", "/logout"): [],  # would end the tokens of the matrix; tests/web/test_web_accounts.py has it
    ("GET", "/register"): [("/register", (200, 200, 200, 200))],
    ("POST", "/register"): [("/register", (400, 400, 400, 400))],
    ("GET", "/profile"): [("/profile", (401, 200, 200, 200))],
    ("POST", "/profile"): [("/profile", (401, 200, 200, 200))],
    ("GET", "/profile/tokens"): [("/profile/tokens", (401, 200, 200, 200))],
    ("DELETE", "/profile/tokens"): [],  # as /logout
    ("DELETE", "/profile/tokens/{id}"): [("/profile/tokens/none", (401, 404, 404, 404))],
    ("GET", "/profile/shareLinks"): [("/profile/shareLinks", (401, 200, 200, 200))],
    ("DELETE", "/profile/shareLinks"): [("/profile/shareLinks", (401, 200, 200, 200))],
    ("DELETE", "/profile/shareLinks/{id}"): [("/profile/shareLinks/none", (401, 404, 404, 404))],
    ("GET", "/health"): [("/health", (200, 200, 200, 200))],
    ("GET", "/robots.txt"): [("/robots.txt", (200,) * 4)],
    ("GET", "/static/{name}"): [("/static/suggest.js", (200,) * 4), ("/static/style.css", (404,) * 4)],
    ("GET", "/submit"): [("/submit", (302, 200, 200, 200))],
    ("POST", "/submit"): [("/submit", (401, 400, 400, 400))],
    ("POST", "/remoteSubmit"): [("/remoteSubmit", (401, 400, 400, 400))],
    ("GET", "/validate"): [("/validate", (200, 200, 200, 200))],
    ("POST", "/validate"): [("/validate", (400, 400, 400, 400))],
    ("GET", "/shapes/sbol2.ttl"): [("/shapes/sbol2.ttl", (200, 200, 200, 200))],
    # The form names the object: test_a_stranger_s_note_is_refused_the_same_whether_the_object_exists_or_not.
    ("POST", "/updateMutableDescription"): [("/updateMutableDescription", (401, 400, 400, 400))],
    ("POST", "/updateMutableNotes"): [("/updateMutableNotes", (401, 400, 400, 400))],
    ("POST", "/updateMutableSource"): [("/updateMutableSource", (401, 400, 400, 400))],
    ("POST", "/updateCitations"): [("/updateCitations", (401, 400, 400, 400))],
    ("GET", "/jobs/{id}"): [("/jobs/<job>", (401, 200, 404, 200)), ("/jobs/none", (401, 404, 404, 404))],
    ("GET", "/jobs/{id}/upload"): [("/jobs/<job>/upload", (401, 200, 404, 200))],
    ("GET", "/jobs/{id}/upload/{number}"): [
        ("/jobs/<job>/upload/0", (401, 200, 404, 200)),
        ("/jobs/<job>/upload/1", (401, 404, 404, 404)),
    ],
    ("GET", "/browse"): [("/browse", (200, 200, 200, 200))],
    ("GET", "/rootCollections"): [("/rootCollections", (200, 200, 200, 200))],
    ("GET", "/manage"): [("/manage", (401, 200, 200, 200))],
    ("GET", "/shared"): [("/shared", (401, 200, 200, 200))],
    ("GET", "/search/{*query}"): [
        (SEARCH, (200, 200, 200, 200)),
        ("/search/*", (200, 200, 200, 200)),
        ("/search/", (200, 200, 200, 200)),
        ("/search/quagga", (200, 200, 200, 200)),
        ("/search/sequence=gattacagattaca&", (200, 200, 200, 200)),
        ("/search/globalsequence=gattacagattacc&", (200, 200, 200, 200)),
        ("/search/subsequence=gattacagat&", (200, 200, 200, 200)),
        (f"/search/file_search={'x' * 32}&", (400, 400, 400, 400)),
        (
            f"/search/collection=%3C{quote(PREFIX, safe='')}user%2Falice%2Fzebras%2Fzebras_collection%2F1%3E&",
            (200,) * 4,
        ),
        (f"/search/prov:wasDerivedFrom=%3C{quote(PREFIX, safe='')}public%2Fopen%2Fhorse%2F1%3E&", (200,) * 4),
        ("/search/foaf:secret='x'&", (400, 400, 400, 400)),
    ],
    ("GET", "/searchCount/{*query}"): [(COUNT, (200, 200, 200, 200)), ("/searchCount/quagga", (200, 200, 200, 200))],
    ("GET", "/facets/{*query}"): [
        ("/facets/", (200, 200, 200, 200)),
        ("/facets/quagga", (200, 200, 200, 200)),
        ("/facets/roleBelow=promoter&", (200, 200, 200, 200)),
    ],
    ("GET", "/remoteSearch/{*query}"): [("/remoteSearch/promoter", (200, 200, 200, 200))],
    ("GET", "/autocomplete/{text}"): [("/autocomplete/quag", (200,) * 4), ("/autocomplete/promoter", (200,) * 4)],
    ("GET", "/sparql"): [("/sparql?query=" + quote("SELECT ?s { ?s ?p ?o }"), (200, 200, 200, 200))],
    ("POST", "/sparql"): [("/sparql", (400, 400, 400, 400))],
    ("GET", "/.well-known/void"): [("/.well-known/void", (200, 200, 200, 200))],
    ("GET", "/.well-known/sparql-examples"): [("/.well-known/sparql-examples", (200, 200, 200, 200))],
    ("POST", "/createCollection"): [("/createCollection", (401, 400, 400, 400))],
    ("GET", "/advancedSearch"): [("/advancedSearch", (200, 200, 200, 200))],
    ("POST", "/advancedSearch"): [("/advancedSearch", (302, 302, 302, 302))],
    ("POST", "/admin/explorerUpdateIndex"): [("/admin/explorerUpdateIndex", (401, 401, 401, 200))],
    ("GET", "/admin/explorerIndexingLog"): [("/admin/explorerIndexingLog", (401, 401, 401, 200))],
    ("GET", "/admin/sparql"): [
        ("/admin/sparql?query=" + quote("SELECT * { GRAPH ?g { ?s ?p ?o } }"), (401, 401, 401, 200)),
        ("/admin/sparql", (401, 401, 401, 400)),
    ],
    ("POST", "/admin/sparql"): [("/admin/sparql", (401, 401, 401, 400))],
    ("GET", "/sequenceSearch"): [("/sequenceSearch", (200, 200, 200, 200))],
    ("GET", "/sbsearch"): [("/sbsearch", (200, 200, 200, 200))],
    ("POST", "/sbsearch"): [("/sbsearch", (400, 400, 400, 400))],
    ("POST", "/sequenceQuery"): [("/sequenceQuery", (400, 400, 400, 400))],
    ("GET", "/sequence/service-info"): [("/sequence/service-info", (200, 200, 200, 200))],
    ("GET", "/sequence/{digest}"): [(f"/sequence/{name}", (404, 200, 404, 404)) for name in DIGESTS],
    ("GET", "/sequence/{digest}/metadata"): [(f"/sequence/{DIGESTS[0]}/metadata", (404, 200, 404, 404))],
    ("GET", "/{type}/count"): [
        ("/ComponentDefinition/count", (200, 200, 200, 200)),
        ("/Sequence/count", (200, 200, 200, 200)),
    ],
}
# Where what comes back is the caller's own secret, or an administrator's right.
MAY_SEE = {"alice"}
FOR_ADMIN = ("/jobs/", "/admin/sparql")


def declared() -> list[tuple[str, str]]:
    return [(route.methods[0], route.path) for route in ROUTES]


def test_every_fixed_route_is_in_the_matrix() -> None:
    assert sorted(declared()) == sorted(FIXED)


CASES = [
    (method, path, actor, status)
    for (method, _), cases in FIXED.items()
    for path, statuses in cases
    for actor, status in zip(ACTORS, statuses, strict=True)
]


@pytest.mark.parametrize(("method", "path", "actor", "status"), CASES)
def test_fixed_route(instance: Live, method: str, path: str, actor: str | None, status: int) -> None:
    path = path.replace("<job>", job_of_alice(instance))
    data = {"email": "nobody", "password": "x"} if method == "POST" and "ogin" in path else None

    answer = instance.request(method, path, actor, data=data, follow_redirects=False)

    assert answer.status_code == status, answer.text
    if actor not in MAY_SEE and not (actor == "root" and path.startswith(FOR_ADMIN)):
        assert leaks(answer, path) == []


def job_of_alice(instance: Live) -> str:
    (job,) = instance.hub.journal._jobs("username = 'alice' AND state = 'done'")
    return job.id


def test_counts_of_strangers_are_those_of_the_public_graph(instance: Live) -> None:
    for actor in (None, "bob", "root"):
        assert instance.get(COUNT, actor).text == "1"
        assert instance.get("/searchCount/", actor).text == "2"
        assert instance.get("/searchCount/sequence=gattacagattaca&", actor).text == "0"
    assert instance.get(COUNT, "alice").text == "2"
    for actor in ACTORS:
        assert instance.get("/Sequence/count", actor).text == "0"
        assert instance.get("/ComponentDefinition/count", actor).text == "1"


def test_the_owner_finds_what_is_hers(instance: Live) -> None:
    assert {row["displayId"] for row in instance.get("/search/quagga", "alice").json()} == {
        "zebra",
        "zebras_collection",
    }
    roots = instance.get("/rootCollections", "alice").json()
    assert [row["displayId"] for row in roots] == ["open_collection", "zebras_collection"]
    assert [row["displayId"] for row in instance.get("/rootCollections", "bob").json()] == ["open_collection"]


def test_private_use_of_a_public_part_shows_nowhere(instance: Live) -> None:
    """alice's zebra refers to the public horse: order and counts of a stranger's answers do not change."""
    (row,) = instance.get("/search/horse", "bob").json()

    assert row["uri"] == PREFIX + "public/open/horse/1"
    assert leaks(instance.get("/public/open/horse/1/sbol", "bob"), "") == []


# --- object verbs: the three forms

OWN = dict.fromkeys(VERBS, 200) | {"": 200, "metadata": 200, "subCollections": 200, "members": 200}
RELATIONS = dict.fromkeys(("uses", "usesCount", "twins", "twinsCount", "similar", "similarCount"), 200)
OWN |= RELATIONS
OWN |= {"download": 404, "icon": 403}  # what is no attachment has none; nor has what is private an icon
STRANGER = dict.fromkeys(VERBS, 404) | {"": 404, "metadata": 200, "subCollections": 200, "members": 404}
STRANGER |= RELATIONS | {"download": 404, "icon": 403}
FORMS = {
    "object": "/user/alice/zebras/zebra/1",
    "collection": "/user/alice/zebras/zebras_collection/1",
    "versionless": "/user/alice/zebras/zebra",
    "share": f"/user/alice/zebras/zebra/1/{HASH}/share",
    "share of a collection": f"/user/alice/zebras/zebras_collection/1/{HASH}/share",
}


# What changes an object: (method, verb) -> form fields, what a stranger's is answered. Anonymous: 401 `Login required`.
NO_LINK = "Not authorized to get a share link for this object"
WRITES: dict[tuple[str, str], tuple[dict[str, str], int, str]] = {
    ("POST", "attach"): ({"id": "x"}, 401, "not authorized to edit this submission"),
    ("POST", "attachUrl"): ({"name": "x"}, 401, "Not authorized to add attachments to this submission"),
    ("POST", "edit/{field}"): ({"field": "title", "object": "x"}, 401, "Not authorized to edit this object"),
    ("POST", "add/{field}"): ({"field": "nothing"}, 401, "Not authorized to edit this object"),
    ("POST", "remove/{field}"): ({"field": "title", "object": "x"}, 401, "Not authorized to edit this object"),
    ("POST", "icon"): ({}, 403, "Not authorized to update this collection icon"),
    ("GET", "shareLink"): ({}, 401, NO_LINK),
    ("GET", "shareLinks"): ({}, 401, NO_LINK),
    ("DELETE", "shareLinks"): ({"id": "x"}, 401, NO_LINK),
    ("GET", "addOwner"): ({}, 400, "not authorized to add an owner"),
    ("POST", "addOwner"): ({"user": "bob"}, 400, "not authorized to add an owner"),
    ("POST", "removeOwner/{username}"): ({"username": "alice"}, 401, "Not authorized to remove an owner"),
    ("POST", "remove"): ({}, 403, "Not authorized to remove this object"),
    ("POST", "removeCollection"): ({}, 403, "Not authorized to remove this submission"),
    ("POST", "replace"): ({}, 403, "Not authorized to replace this object"),
    ("GET", "makePublic"): ({}, 403, "Not authorized to make this object public"),
    ("POST", "makePublic"): (
        {"tabState": "new", "id": "taken", "version": "1"},
        403,
        "Not authorized to make this object public",
    ),
    ("POST", "removeMembership"): (
        {"member": f"{PREFIX}user/alice/zebras/zebra/1"},
        403,
        "Not authorized to remove a member of this collection",
    ),
    ("POST", "addToCollection"): (
        {"collections": f"{PREFIX}user/alice/zebras/zebras_collection/1"},
        403,
        "Not authorized to add to this collection",
    ),
}

# Answered without looking at the object; tests/web/test_web_sharing.py has it.
ALIKE = {("GET", "sparql")}


def test_every_object_verb_is_in_the_matrix() -> None:
    assert set(OWN) == set(STRANGER)
    assert {(v.methods[0], v.verb) for v in OBJECT_VERBS} == {("GET", verb) for verb in OWN} | set(WRITES) | ALIKE


def verb_path(form: str, verb: str) -> str:
    return FORMS[form] + (f"/{verb}" if verb else "")


@pytest.mark.parametrize(("form", "verb", "actor"), list(itertools.product(FORMS, OWN, ACTORS)))
def test_object_verb(instance: Live, form: str, verb: str, actor: str | None) -> None:
    path = verb_path(form, verb)
    answer = instance.get(path, actor, follow_redirects=False)

    if actor == "alice" and "share" not in form:
        wanted = 302 if form == "versionless" and not verb else OWN[verb]
        assert answer.status_code == wanted, answer.text
        return
    assert answer.status_code == STRANGER[verb], answer.text
    if answer.status_code == 200:
        assert answer.json() in ([], 0)
    absent_path = path.replace("zebra", "nothing")
    absent = instance.get(absent_path, actor, follow_redirects=False)
    assert absent.status_code == answer.status_code
    assert absent.text == answer.text.replace("zebra", "nothing")
    kept = ("content-type", "etag", "content-disposition", "cache-control", "vary", "location")
    assert [absent.headers.get(h) for h in kept] == [
        value and value.replace("zebra", "nothing") for value in (answer.headers.get(h) for h in kept)
    ]


@pytest.mark.parametrize("actor", [None, "bob", "root"])
@pytest.mark.parametrize("share", ["", f"/{HASH}/share"])
def test_a_private_file_is_answered_like_one_that_does_not_exist(instance: Live, share: str, actor: str | None) -> None:
    path = "/user/alice/zebras/zebra_file/1"
    files = {"id": (None, "zebra_file"), "file": ("quagga.txt", b"gattacagattaca")}
    posted = instance.request("POST", "/user/alice/zebras/zebra/1/attach", "alice", files=files)
    assert posted.status_code in (200, 400)  # there is one now, or there was
    assert instance.get(f"{path}/download", "alice").content == b"gattacagattaca"

    for headers in ({}, {"Range": "bytes=0-3"}, {"If-None-Match": "*"}, {"Accept-Encoding": "gzip"}):
        there = instance.get(f"{path}{share}/download", actor, headers=headers)
        absent = instance.get(f"{path.replace('zebra', 'nothing')}{share}/download", actor, headers=headers)
        assert there.status_code == absent.status_code == 404
        assert there.text == absent.text.replace("nothing", "zebra")
        kept = ("content-type", "etag", "content-disposition", "content-range", "cache-control", "vary")
        assert [there.headers.get(h) for h in kept] == [absent.headers.get(h) for h in kept]


def said(answer: httpx.Response) -> str:
    """The words of a refusal, text or problem+json."""
    return str(answer.json()["detail"]) if "problem" in answer.headers["content-type"] else answer.text


@pytest.mark.parametrize("actor", [None, "bob", "root"])
@pytest.mark.parametrize(("form", "write"), list(itertools.product(FORMS, WRITES)))
def test_a_stranger_s_change_is_refused_the_same_whether_the_object_exists_or_not(
    instance: Live, form: str, write: tuple[str, str], actor: str | None
) -> None:
    fields, status, words = WRITES[write]
    method, verb = write
    for path in (FORMS[form], FORMS[form].replace("zebra", "nothing")):
        # a verb's argument is what the form field of its name says, else a name
        verb_path = re.sub(r"\{(\w+)\}", lambda name: fields.get(name[1], "alice"), verb)
        answer = instance.request(method, f"{path}/{verb_path}", actor, data=fields, follow_redirects=False)
        refusal = (401, "Login required") if actor is None else (status, words)
        assert (answer.status_code, said(answer)) == refusal


NOTES = ("/updateMutableDescription", "/updateMutableNotes", "/updateMutableSource", "/updateCitations")


@pytest.mark.parametrize("actor", [None, "bob", "root"])
@pytest.mark.parametrize(("form", "route"), list(itertools.product(("object", "collection", "versionless"), NOTES)))
def test_a_stranger_s_note_is_refused_the_same_whether_the_object_exists_or_not(
    instance: Live, form: str, route: str, actor: str | None
) -> None:
    for path in (FORMS[form], FORMS[form].replace("zebra", "nothing")):
        for uri in (path, PREFIX + path[1:]):
            answer = instance.request("POST", route, actor, data={"uri": uri, "value": "1"})
            words = "Login required" if actor is None else "not authorized to edit this submission"
            assert (answer.status_code, answer.text) == (401, words)


@pytest.mark.parametrize("actor", [None, "bob", "root"])
def test_a_stranger_s_write_is_refused_the_same_whether_the_object_exists_or_not(
    instance: Live, actor: str | None
) -> None:
    def merge(target: str) -> tuple[int, str]:
        fields = {"rootCollections": PREFIX + target, "overwrite_merge": "2"}
        if actor is None:
            answer = instance.request("POST", "/submit", None, files={k: (None, v) for k, v in fields.items()})
        else:
            answer = instance.submit(actor, None, fields)
        return answer.status_code, answer.text

    there = merge("user/alice/zebras/zebras_collection/1")
    assert there == merge("user/alice/nothing/nothing_collection/1")
    assert there == ((401, "Login required") if actor is None else (400, "Submission id and version do not exist"))


def test_a_copy_of_a_private_object_is_minted_like_one_of_an_absent_object(instance: Live) -> None:
    document = PRIVATE.replace(b"http://x.org/", f"{PREFIX}user/alice/zebras/".encode())
    absent = document.replace(b"alice/zebras", b"alice/nothing")
    reports = []
    for collection_id, content in (("b1", document), ("b2", absent)):
        answer = instance.submit("carol", content, {"id": collection_id})
        assert answer.status_code == 200, answer.text
        link = re.search("<(.*)>", answer.headers["link"])
        assert link is not None
        report = instance.get(link.group(1), "carol").text.replace(link.group(1).rpartition("/")[2], "job")
        report = re.sub(r'"(created|updated)":"[^"]*"|"sha256":"[^"]*"|"size":\d+', "", report)
        reports.append(report.replace("nothing", "zebras").replace(collection_id, "b"))
    assert reports[0] == reports[1]


# --- SPARQL: every way out that has been thought of

ALICE = PREFIX + "user/alice"
ESCAPES = [
    "SELECT * { ?s ?p ?o }",
    "SELECT * { GRAPH ?g { ?s ?p ?o } }",
    f"SELECT * {{ GRAPH <{ALICE}> {{ ?s ?p ?o }} }}",
    f"SELECT * {{ <{ALICE}/zebras/zebra/1> ?p ?o }}",
    f"SELECT * {{ ?s <http://www.w3.org/ns/prov#wasDerivedFrom> <{PREFIX}public/open/horse/1> }}",
    f"SELECT * {{ <{PREFIX}public/open/horse/1> ^<http://www.w3.org/ns/prov#wasDerivedFrom>/(!<x:y>)* ?o }}",
    "SELECT * { ?s (!<x:y>)* ?o }",
    "SELECT ?s { ?s a ?t FILTER EXISTS { GRAPH ?g { ?x <http://purl.org/dc/terms/title> ?u } } BIND(?u AS ?z) }",
    "SELECT (COUNT(*) AS ?n) (GROUP_CONCAT(DISTINCT STR(?g)) AS ?all) { GRAPH ?g { ?s ?p ?o } }",
    f"DESCRIBE <{ALICE}/zebras/zebra/1>",
    "DESCRIBE ?s { ?s ?p ?o }",
    "CONSTRUCT { ?s ?p ?o } { GRAPH ?g { ?s ?p ?o } }",
    "CONSTRUCT { ?s ?p ?o } { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }",
    "SELECT * { { SELECT * { GRAPH ?g { ?s ?p ?o } } } }",
    "SELECT * { ?s ?p ?o MINUS { GRAPH ?g { ?s ?p ?o } } }",
    "SELECT * { OPTIONAL { GRAPH ?g { ?s ?p ?o } } }",
    "SELECT * { VALUES ?g { <" + ALICE + "> } GRAPH ?g { ?s ?p ?o } }",
]
REFUSED = [
    f"SELECT * FROM <{ALICE}> {{ ?s ?p ?o }}",
    f"SELECT * FROM NAMED <{ALICE}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    f"PREFIX u: <{PREFIX}user/> SELECT * FROM u:alice {{ ?s ?p ?o }}",
    f"BASE <{PREFIX}user/> SELECT * FROM <alice> {{ ?s ?p ?o }}",
    f"SELECT * FROM <{PREFIX}\\u0075ser/alice> {{ ?s ?p ?o }}",
    f"SELECT * # FROM\nFROM <{ALICE}> {{ ?s ?p ?o }}",
    f"CONSTRUCT {{ ?s ?p ?o }} FROM <{ALICE}> {{ ?s ?p ?o }}",
    f"ASK FROM <{ALICE}> {{ ?s ?p ?o }}",
    f"DESCRIBE ?s FROM <{ALICE}> {{ ?s ?p ?o }}",
    f"SELECT * {{ {{ SELECT * FROM <{ALICE}> {{ ?s ?p ?o }} }} }}",
    "SELECT * { SERVICE <http://127.0.0.1:1/sparql> { ?s ?p ?o } }",
    "INSERT DATA { <a:b> <a:b> <a:b> }",
    "DROP ALL",
    "LOAD <http://127.0.0.1:1/x>",
]


@pytest.mark.parametrize("actor", [None, "bob", "root"])
@pytest.mark.parametrize("query", ESCAPES)
def test_no_query_reaches_a_foreign_graph(instance: Live, query: str, actor: str | None) -> None:
    answer = instance.get("/sparql", actor, params={"query": query})

    assert answer.status_code == 200, answer.text
    found = answer.text.lower()
    assert "zebra_seq" not in found and "quagga" not in found and "gattaca" not in found and "/alice>" not in found


@pytest.mark.parametrize("actor", [None, "bob", "root"])
@pytest.mark.parametrize("query", REFUSED)
def test_naming_a_foreign_graph_is_refused_whether_it_exists_or_not(
    instance: Live, query: str, actor: str | None
) -> None:
    answers = [
        instance.get("/sparql", actor, params={"query": text}) for text in (query, query.replace("alice", "nobody"))
    ]

    assert [a.status_code for a in answers] == [400, 400]
    assert answers[0].text.replace("alice", "nobody") == answers[1].text


@pytest.mark.parametrize("actor", [None, "bob", "root"])
@pytest.mark.parametrize("parameter", ["default-graph-uri", "named-graph-uri"])
def test_protocol_parameters_only_narrow(instance: Live, parameter: str, actor: str | None) -> None:
    query = {"query": "SELECT * { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"}

    assert instance.get("/sparql", actor, params=query | {parameter: ALICE}).status_code == 400
    posted = instance.request("POST", "/sparql", actor, data=query | {parameter: ALICE})
    assert posted.status_code == 400
    both = instance.get("/sparql", actor, params=query | {parameter: [PREFIX + "public", ALICE]})
    assert both.status_code == 400 or leaks(both, "") == []


def test_the_owner_s_queries_read_both_graphs(instance: Live) -> None:
    titles = "SELECT ?t { ?s <http://purl.org/dc/terms/title> ?t }"

    found = instance.get("/sparql", "alice", params={"query": titles}, headers={"Accept": "text/csv"}).text

    assert "quagga promoter" in found and "public promoter" in found
