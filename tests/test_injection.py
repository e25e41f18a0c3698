"""No part of a request becomes syntax: not of SPARQL, not of SQL, and no hostile text is answered with status 500.

Every query that reaches the store and every SQL statement is recorded while hostile text goes into one part of a
request at a time. The queries must have the token kinds of those of the same request with a harmless value: only what
stands inside IRIs and strings may differ, and how many terms a VALUES list holds. Queries of `?explain=sparql` are
compared likewise; they show what the catalog answers otherwise.
"""

import http.client
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, combinations
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live import PREFIX, Live, live

from synhub.errors import SynhubError
from synhub.rdf import Iri, Term
from synhub.search.ast import HasDate, HasElements, HasValue, InCollection, Phrase, SearchQuery
from synhub.search.grammar import parse_search_path
from synhub.search.translate import objects_query, rows_query
from synhub.sparql import template
from synhub.sparql.lexer import tokens
from synhub.store.embedded import EmbeddedStore

pytestmark = pytest.mark.slow

# --- recording

MARK = "zqmarkqz"
Shape = tuple[str, ...]


class Recorder:
    """The texts that reached the engines since the last `take`."""

    def __init__(self) -> None:
        self.queries: list[str] = []
        self.statements: list[str] = []

    def take(self) -> tuple[list[str], list[str]]:
        taken = self.queries, self.statements
        self.queries, self.statements = [], []
        return taken


@contextmanager
def recording() -> Iterator[Recorder]:
    """Record what EmbeddedStore is asked and what SQLite executes, before values are bound."""
    recorder = Recorder()
    patch = pytest.MonkeyPatch()

    def listen(owner: type, name: str) -> None:
        original = getattr(owner, name)

        def heard(self: object, query: Any, *arguments: Any) -> Any:
            recorder.queries.append(query.text)
            return original(self, query, *arguments)

        patch.setattr(owner, name, heard)

    for name in ("select", "ask", "construct", "run"):
        listen(EmbeddedStore, name)

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *values: Any) -> Any:
            recorder.statements.append(sql)
            return super().execute(sql, *values)

        def executemany(self, sql: str, values: Any) -> Any:
            recorder.statements.append(sql)
            return super().executemany(sql, values)

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any) -> Any:
            return super().cursor(Cursor)

        def execute(self, sql: str, *values: Any) -> Any:
            return self.cursor().execute(sql, *values)

        def executemany(self, sql: str, values: Any) -> Any:
            return self.cursor().executemany(sql, values)

    connect = sqlite3.connect
    patch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **k | {"factory": Connection}))
    yield recorder
    patch.undo()


def shape(query: str) -> Shape:
    """The tokens of a query, less what stands in IRIs, strings, language tags and numbers; VALUES lists as one."""
    out: list[str] = []
    for token in tokens(query):
        inside = token.kind in ("iri", "string", "language", "number")
        out.append(token.kind if inside else token.text)
    text: list[str] = []
    n = 0
    while n < len(out):
        text.append(out[n])
        n += 1
        if len(text) >= 3 and text[-3].upper() == "VALUES" and text[-1] == "{":
            end = out.index("}", n)
            if set(out[n:end]) <= {"iri", "string", "language", "^^"}:
                text.append("terms")
                n = end
    return tuple(text)


def test_shape_tells_a_query_that_was_broken_out_of_from_one_that_was_not() -> None:
    one = shape("SELECT ?s { VALUES ?s { <a:b> } ?s <a:p> 'x' }")
    assert one == shape("SELECT ?s { VALUES ?s { <a:c> <a:d> } ?s <a:q> 'y \\' } DROP' }")
    assert one != shape("SELECT ?s { VALUES ?s { <a:b> } ?s <a:p> 'x' . ?s ?p ?o }")
    assert one != shape("SELECT ?s { VALUES ?s { <a:b> } ?s <a:p> ?x }")
    assert one != shape("SELECT ?s { VALUES ?s { <a:b> ?x } ?s <a:p> 'x' }")


# --- hostile text

PIECES = [
    '"', "'", "<", ">", "{", "}", "(", ")", "\\", "\\\\", "\\'", '\\"', "\\u0022", "\\u003e", "\n",
    "\r", "\t", ";", ".", "#", "--", "/*", "*/", "%", "%00", "%27", "%zz",
    "$object", "$top_levels", "?s", " ", "/", "//", "..", "&", "=", "+", "@en",
    "^^", "*", "`", "|", "\x00", "\x7f", "\u2028", "\ufeff", "\u0301", "é", "\U0001f9ec", "١", "1",
    "<script>", "{{7*7}}",
    '"""', "'''", "> } ; DROP ALL #", '" } UNION { ?s ?p ?o } #', "' OR 1=1 --", "'; DROP TABLE user; --",
    '"*', "NEAR(", " or ", " not ", "http://a.b/", "_:b", "SERVICE", "\r\nX-Injected: 1",
]  # fmt: skip
hostile = st.builds(
    lambda before, after: "".join(before) + MARK + "".join(after),
    st.lists(st.sampled_from(PIECES), max_size=4),
    st.lists(st.sampled_from(PIECES), max_size=4) | st.text(max_size=8).map(lambda t: [t]),
)
QUICK = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
SLOWER = settings(QUICK, max_examples=8)  # a submission or a password takes a while


# --- requests with one place for a value


@dataclass(frozen=True)
class Sent:
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


Slot = Callable[[str], Sent]


def segment(value: str) -> str:
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def at(path: str) -> Slot:
    """A GET; `{}` in the path is the value, percent-encoded."""
    return lambda value: Sent("GET", path.replace("{}", segment(value)))


def quoted(path: str) -> Slot:
    """A search whose `{}` is inside quotes, escaped as the grammar has it: so its structure is always the same."""

    def send(value: str) -> Sent:
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return Sent("GET", path.replace("{}", segment(escaped)))

    return send


def form(path: str, name: str, /, **others: str) -> Slot:
    def send(value: str) -> Sent:
        body = urlencode({**others, name: value.encode("utf-8", "surrogatepass")}).encode()
        return Sent("POST", path, {"Content-Type": "application/x-www-form-urlencoded"}, body)

    return send


def header(name: str, path: str) -> Slot:
    """A GET with the value in a header, as far as HTTP lets it in."""

    def send(value: str) -> Sent:
        clean = re.sub("[\x00-\x1f\x7f]", " ", value).encode().decode("latin-1")
        return Sent("GET", path, {name: re.sub("[\x80-\x9f]", " ", clean).strip()})

    return send


FIELDS = {"id": "lab", "version": "1", "name": "n", "description": "d", "overwrite_merge": "3"}


def multipart(fields: dict[str, str], content: str, file_name: str = "design.xml", path: str = "/submit") -> Sent:
    parts = [f'--b\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()]
    parts.append(
        f'--b\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\n\r\n{content}\r\n--b--\r\n'
    )
    body = "".join(parts).encode("utf-8", "surrogatepass")
    return Sent("POST", path, {"Content-Type": "multipart/form-data; boundary=b"}, body)


def design(about: str = "http://x.org/horse/1", title: str = "a horse", display_id: str = "horse") -> str:
    """A document with these texts; what XML cannot hold is replaced."""

    def xml(text: str) -> str:
        return quoteattr(re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text))[1:-1]

    return f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/" xmlns:x="http://x.org/terms#">
<sbol:ComponentDefinition rdf:about="{xml(about).replace('"', "&quot;")}">
  <sbol:displayId>{xml(display_id)}</sbol:displayId><sbol:version>1</sbol:version>
  <dcterms:title>{xml(title)}</dcterms:title><x:note>a note</x:note><x:note xml:lang="en">noted</x:note>
  <sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>
</sbol:ComponentDefinition></rdf:RDF>"""


PUBLISH = {"tabState": "new", "id": "open", "version": "1"}  # which is taken: nothing is published


def field_of_submit(name: str) -> Slot:
    return lambda value: multipart(FIELDS | {name: value}, design())


VERBS = ("", "/full", "/sbol", "/sbolnr", "/metadata", "/subCollections", "/members", "/download")
LAB = "/user/alice/lab/lab_collection/1"
CREATE = {"metaId": "made", "metaVersion": "1", "metaName": "n", "metaDescription": "d", "description": "a horse"}
ATTACH = "/user/alice/lab/lab_collection/1/attach"
NOTE = "%3Chttp%3A%2F%2Fx.org%2Fterms%23note%3E"
OTHER = "%3Chttp%3A%2F%2Fx.org%2Fother%3E"

# Slots whose harmless request asks the store (so that there is something to compare).
ASKING: dict[str, Slot] = {
    **{f"display id{v}": at(f"/public/open/{{}}/1{v}") for v in VERBS},
    **{f"last segment{v}": at(f"/public/open/horse/{{}}{v}") for v in VERBS},
    "verb": at("/public/open/horse/1/{}"),
    "collection": at("/public/{}/horse/1/sbol"),
    "replace": at("/user/alice/lab/{}/1/replace"),
    "own collection": at("/user/alice/{}/horse/1/sbol"),
    "own display id": at("/user/alice/lab/{}/1/sbol"),
    "version": at("/user/alice/lab/horse/1{}/sbol"),
    "raw path": lambda value: Sent("GET", f"/public/open/{quote(value, safe='/:@$&!*()+,;=')}/1/sbol"),
    "members q": at("/public/open/open_collection/members?q={}"),
    "members sort": at("/public/open/open_collection/members?sort={}"),
    "members type": at("/public/open/open_collection/members?type={}"),
    "etag": header("If-None-Match", "/public/open/horse/1/sbol"),
    "accept": header("Accept", "/public/open/horse/1"),
    "token": header("X-authorization", "/public/open/horse/1"),
    "cookie": header("Cookie", "/public/open/horse/1"),
    "host": header("Host", "/public/open/horse/1"),
    "forwarded": header("X-Forwarded-For", "/public/open/horse/1"),
    "life of a share link": at("/user/alice/lab/horse/1/shareLink?days={}"),
    "search value": quoted(f"/search/{NOTE}='{{}}'&"),
    "search value, catalog first": quoted(f"/search/objectType=ComponentDefinition&{NOTE}='{{}}'&"),
    "search value in double quotes": lambda v: Sent(
        "GET", f"/search/{NOTE}=" + segment(json.dumps(re.sub("[^ -~]|%", "", v))) + "&"
    ),
    "search iri": at(f"/search/{NOTE}=%3Chttp%3A%2F%2Fx.org%2F{{}}%3E&"),
    "search key": at("/search/%3Chttp%3A%2F%2Fx.org%2F{}%3E='x'&"),
    "search count value": quoted(f"/searchCount/{NOTE}='{{}}'&"),
    "search two": quoted(f"/search/{NOTE}='{{}}'&{OTHER}='{{}}'&"),
    "remote search": quoted(f"/remoteSearch/{NOTE}='{{}}'&"),
    "search text beside": at(f"/search/{NOTE}='a%20note'&{{}}"),
    "search offset": at(f"/search/{NOTE}='a%20note'&/?offset={{}}"),
    "search unknown parameter": at(f"/search/{NOTE}='a%20note'&/?x={{}}"),
}  # fmt: skip

# Whatever the value is, the structure of the search is that of the harmless one.
STRICT = {name for name in ASKING if "value" in name or name in ("search two", "remote search")}

# Slots that are answered without the store, or refused before it.
QUIET: dict[str, Slot] = {
    "owner": at("/user/{}/lab/horse/1/sbol"),
    "share hash": at("/user/bob/lab/horse/1/{}/share/sbol"),
    "count": at("/{}/count"),
    "route": at("/{}"),
    "search text": at("/search/{}"),
    "search q": at("/search/?q={}"),
    "search collection": at("/search/collection=%3Chttp%3A%2F%2Fx.org%2F{}%3E&"),
    "search class": at("/search/objectType={}&"),
    "search title": quoted("/search/dcterms:title='{}'&"),
    "search role": at("/search/role=%3C{}%3E&"),
    "search prefix": at("/search/{}:title='x'&"),
    "search date": at("/search/createdBefore={}&"),
    "search sequence": at("/search/sequence={}&"),
    "search explain": at("/search/x?explain={}"),
    "search limit": at("/search/x/?limit={}"),
    "search count": at("/searchCount/{}"),
    "roots": at("/rootCollections?x={}"),
    "manage": at("/manage?offset={}"),
    "job": at("/jobs/{}"),
    "upload of a job": at("/jobs/{}/upload/0"),
    "default graph": at("/sparql?query=ASK%7B%7D&default-graph-uri={}"),
    "named graph": at("/sparql?query=ASK%7B%7D&named-graph-uri={}"),
    "query": at("/sparql?query={}"),
    "query form": form("/sparql", "query"),
    "graph form": form("/sparql", "default-graph-uri", query="ASK { ?s ?p ?o }"),
    "update": form("/sparql", "update"),
    "revoke": lambda value: Sent("DELETE", f"/profile/tokens/{segment(value)}"),
    "revoke a share link": lambda value: Sent("DELETE", f"/profile/shareLinks/{segment(value)}"),
    "method": lambda value: Sent("X" + re.sub("[^A-Za-z]", "", value), "/submit"),
}

# Slots that write, or hash a password.
SLOW: dict[str, Slot] = {
    **{f"submit {name}": field_of_submit(name) for name in (*FIELDS, "citations", "keywords", "user", "plugin")},
    "submit root": lambda v: multipart({"overwrite_merge": "2", "rootCollections": v}, design()),
    "submit root beginning": lambda v: multipart(
        {"overwrite_merge": "2", "rootCollections": f"{PREFIX}user/alice/{v}"}, design()
    ),
    "submit choice": field_of_submit("collectionChoices"),
    "submit choice beginning": lambda v: multipart(
        FIELDS | {"collectionChoices": f"{PREFIX}user/alice/lab/{v}"}, design()
    ),
    "submit field name": lambda v: multipart(FIELDS | {re.sub('["\r\n]', "", v): "x"}, design()),
    "submit file name": lambda v: multipart(FIELDS, design(), re.sub('["\r\n]', "", v)),
    "submit title": lambda v: multipart(FIELDS, design(title=v)),
    "submit display id": lambda v: multipart(FIELDS, design(display_id=v)),
    "submit about": lambda v: multipart(FIELDS, design(about=f"http://x.org/{v}/1")),
    "submit own about": lambda v: multipart(FIELDS, design(about=f"{PREFIX}user/alice/lab/{v}/1")),
    "submit foreign about": lambda v: multipart(FIELDS, design(about=f"{PREFIX}public/{v}/horse/1")),
    "submit content": lambda v: multipart(FIELDS, v),
    "edit a title": form("/user/alice/lab/horse/1/edit/title", "object"),
    "edit what was there": form("/user/alice/lab/horse/1/edit/title", "previous", object="x"),
    "edit a field": lambda v: Sent("POST", f"/user/alice/lab/horse/1/edit/{segment(v)}"),
    "add an origin": lambda v: form("/user/alice/lab/horse/1/add/wasDerivedFrom", "object")(f"http://x.org/{v}"),
    "add an annotation": form("/user/alice/lab/horse/1/add/annotation", "object", pred="http://x.org/terms#said"),
    "add a property": lambda v: form("/user/alice/lab/horse/1/add/annotation", "pred", object="x")(f"http://x.org/{v}"),
    "remove a role": form("/user/alice/lab/horse/1/remove/role", "object"),
    "note": form("/updateMutableNotes", "value", uri=f"{PREFIX}user/alice/lab/horse/1"),
    "object of a note": lambda v: form("/updateMutableNotes", "uri", value="x")(f"{PREFIX}user/alice/lab/{v}/1"),
    "path of a note": lambda v: form("/updateMutableNotes", "uri", value="x")(f"/user/alice/lab/{v}/1"),
    "citations": form("/updateCitations", "value", uri=f"{PREFIX}user/alice/lab/horse/1"),
    "add an owner": form("/user/alice/lab/horse/1/addOwner", "user"),
    "remove an owner": form("/user/alice/lab/horse/1/removeOwner/x", "userUri"),
    "remove an owner by path": lambda v: Sent("POST", f"/user/alice/lab/horse/1/removeOwner/{segment(v)}"),
    "publish path": lambda v: form(f"/user/alice/lab/{segment(v)}/1/makePublic", "name", **PUBLISH)("x"),
    "publish id": form("/user/alice/lab/none/1/makePublic", "id", **PUBLISH),
    "publish version": form("/user/alice/lab/none/1/makePublic", "version", **PUBLISH),
    "publish into": form("/user/alice/lab/horse/1/makePublic", "collections"),
    "publish into beginning": lambda v: form("/user/alice/lab/horse/1/makePublic", "collections")(
        f"{PREFIX}public/open/{v}"
    ),
    "remove path": lambda v: Sent("POST", f"/user/alice/lab/no{segment(v)}/1/remove"),
    "remove collection path": lambda v: Sent("POST", f"/user/alice/no{segment(v)}/no_collection/1/removeCollection"),
    "take out": form(f"{LAB}/removeMembership", "member"),
    "take out ending": lambda v: form(f"{LAB}/removeMembership", "member")(f"/user/alice/lab/{v}/1"),
    "put in": form("/user/alice/lab/horse/1/addToCollection", "collections"),
    "put in ending": lambda v: form("/user/alice/lab/horse/1/addToCollection", "collections")(f"/user/alice/lab/{v}/1"),
    "put in path": lambda v: form(f"/user/alice/lab/{segment(v)}/1/addToCollection", "collections")(LAB),
    **{f"create {name}": form("/createCollection", name, **CREATE) for name in CREATE},
    "create of a creator": form("/createCollection", "creator", **CREATE),
    "create of a named collection": form("/createCollection", "collections", **CREATE),
    "create of a class": form("/createCollection", "objectType", **CREATE),
    "attach id": lambda v: multipart({"id": "notes" + v}, "x", path=ATTACH),  # uploads of other slots have plain names
    "attach file name": lambda v: multipart({}, "x", re.sub('["\r\n]', "", v), ATTACH),
    "attach content": lambda v: multipart({}, v, path=ATTACH),
    "attach url": form(ATTACH + "Url", "url", name="x", type="http://x.org/y"),
    "attach url ending": lambda v: form(ATTACH + "Url", "url", type="http://x.org/y")(f"http://x.org/{v}"),
    "attach type": form(ATTACH + "Url", "type", url="http://x.org/y"),
    "attach type ending": lambda v: form(ATTACH + "Url", "type", url="http://x.org/y")(f"http://x.org/{v}"),
    "attach url name": lambda v: form(ATTACH + "Url", "name", url="http://x.org/y", type="http://x.org/y")("link" + v),
    "login": form("/login", "email", password="x"),
    "login password": form("/login", "password", email="alice"),
    "register name": form(
        "/register", "name", username="eve", affiliation="", email="e@x.org", password1="p", password2="q"
    ),
    "register user": form(
        "/register", "username", name="E", affiliation="", email="e@x.org", password1="p", password2="p"
    ),
    "register address": form(
        "/register", "email", name="E", affiliation="", username="eve", password1="p", password2="p"
    ),
    "profile": form("/profile", "affiliation", name="A", email="alice@example.org"),
}


# What is harmless in every place, what is found in some, and what is no part of a version.
HARMLESS = ("harmless", "1", "horse", "~", "http://horse.example/1")  # an IRI may ask for more than a word
# Where the value is the rest of an IRI, one with slashes names something else, of which something else is asked.
HARMLESS_REST = (*HARMLESS, "horse/1", "horse/~/1")


# --- what the structure of a search says about its queries


def tamed(query: SearchQuery) -> SearchQuery:
    """The same query with every text in it replaced: what its SPARQL must look like."""
    criteria: list[Any] = []
    for criterion in query.criteria:
        match criterion:
            case HasValue(_, values):
                criteria.append(HasValue(Iri("x:y"), tuple(_tame(value) for value in values)))
            case InCollection():
                criteria.append(InCollection(Iri("x:y")))
            case HasElements():
                criteria.append(HasElements("acgt"))
            case HasDate(predicate, day, before):
                criteria.append(HasDate(predicate, day, before))
    # words are told apart, as equal ones are asked for once
    words = {phrase.text: f"word{n}" for n, phrase in enumerate(p for alternative in query.text for p in alternative)}
    text = tuple(tuple(Phrase(words[p.text], p.negated) for p in alternative) for alternative in query.text)
    return SearchQuery(tuple(criteria), text)


def _tame(value: Term) -> Term:
    if value.startswith("<"):
        return Term("<x:y>")
    tail = value[value.rindex('"') + 1 :]
    return Term('"x"' + ("@en" if tail.startswith("@") else "^^<x:y>" if tail else ""))


def of_structure(path: str) -> set[Shape]:
    """The queries that a search path may make: about some of its criteria, with candidates of the catalog or not."""
    searched = re.match("/(?:search|searchCount|remoteSearch)/([^?]*)(?:[?]q=(.*))?", path)
    if searched is None:
        return set()
    try:
        criteria = tamed(parse_search_path(searched[1] or searched[2] or "")).criteria
    except SynhubError:
        return set()
    values = [criterion for criterion in criteria if isinstance(criterion, HasValue)]
    some = chain.from_iterable(combinations(values, n) for n in range(1, len(values) + 1))
    return {shape(objects_query(SearchQuery(part), among).text) for part in some for among in ((), (Term("<x:y>"),))}


# --- the running application

# What the writer asks about what has changed; a harmless value may have changed nothing.
_BY_A_CHANGE = {shape(template.bind("top_levels", top_levels=[Term("<x:y>")]).text)}


class Target:
    def __init__(self, running: Live, recorder: Recorder) -> None:
        self.running, self.recorder = running, recorder
        self.harmless: dict[str, set[Shape]] = {}

    def send(self, sent: Sent) -> tuple[int, str]:
        """Send as it stands; `http.client` would refuse some paths that a hostile client does not."""
        address = urlsplit(self.running.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
        headers = {"X-authorization": self.running.tokens["alice"], "Accept": "text/plain"} | sent.headers
        try:
            connection.request(sent.method, sent.path, sent.body, headers)
            answer = connection.getresponse()
            body = answer.read().decode("utf-8", "replace")
            assert answer.headers.get("X-Injected") is None
            return answer.status, body
        finally:
            connection.close()

    def shapes(self, sent: Sent) -> tuple[int, str, set[Shape], list[str]]:
        self.recorder.take()
        status, body = self.send(sent)
        queries, statements = self.recorder.take()
        return status, body, {shape(query) for query in queries}, statements

    def check(self, name: str, slot: Slot, value: str) -> None:
        """Send a hostile value and look at what became of it. Where it stands in quotes, it changes no structure;
        elsewhere in a search it may, by the grammar, add criteria: then the parsed query says what may be asked.
        """
        if name not in self.harmless:
            harmless = HARMLESS_REST if name.endswith(" beginning") else HARMLESS
            self.harmless[name] = set[Shape]().union(*(self.shapes(slot(v))[2] for v in harmless))
        sent = slot(value)
        status, body, found, statements = self.shapes(sent)
        assert status < 500, (status, body)
        assert "Traceback" not in body and 'File "' not in body
        assert found <= self.harmless[name] | _BY_A_CHANGE | (set() if name in STRICT else of_structure(sent.path))
        assert [text for text in statements if MARK in text] == []


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with recording() as recorder, live(tmp_path_factory.mktemp("injection"), login_attempts=1_000_000) as running:
        running.hub.recent._settled_number = lambda _: None  # nothing is answered without asking the store
        running.user("alice")
        running.user("bob")
        running.publish("bob", design().encode(), "open")
        assert running.submit("alice", design().encode()).status_code == 200
        yield Target(running, recorder)
        assert running.get("/ComponentDefinition/count").text == "1"
        titles = running.hub.store.select(template.bind("all_top_levels"), running.hub.public())
        assert len(titles) == 2
        assert running.hub.accounts.find_by_login("bob") is not None


@pytest.mark.parametrize("name", ASKING)
def test_harmless_request_asks_the_store(target: Target, name: str) -> None:
    """Without this, the comparison below would hold for requests that never get that far."""
    answers = [target.shapes(ASKING[name](value)) for value in HARMLESS]
    assert any(found and statements for _, _, found, statements in answers)


@pytest.mark.parametrize("name", ASKING)
def test_hostile_request_asks_what_a_harmless_one_asks(target: Target, name: str) -> None:
    @QUICK
    @given(hostile)
    def check(value: str) -> None:
        target.check(name, ASKING[name], value)

    check()


@pytest.mark.parametrize("name", QUIET)
def test_hostile_request_that_needs_no_query_makes_none(target: Target, name: str) -> None:
    @QUICK
    @given(hostile)
    def check(value: str) -> None:
        target.check(name, QUIET[name], value)

    check()


UPLOADS = (
    "submit id", "submit name", "submit user", "submit choice beginning", "submit field name",
    "submit file name", "submit title", "submit display id", "submit about", "submit own about", "submit foreign about",
)  # fmt: skip


@pytest.mark.parametrize("name", UPLOADS)
def test_harmless_upload_asks_the_store(target: Target, name: str) -> None:
    status, body, found, statements = target.shapes(SLOW[name]("lab" if name == "submit id" else "harmless"))
    assert found and statements, (status, body)


@pytest.mark.parametrize("name", SLOW)
def test_hostile_write_asks_what_a_harmless_one_asks(target: Target, name: str) -> None:
    @SLOWER
    @given(hostile)
    def check(value: str) -> None:
        target.check(name, SLOW[name], value)

    check()


# --- searches whose structure the value itself decides


@settings(QUICK, max_examples=150)
@given(st.lists(hostile, min_size=1, max_size=3).map("&".join), st.booleans())
def test_query_of_a_hostile_search_has_the_tokens_of_its_structure(target: Target, value: str, encoded: bool) -> None:
    raw = segment(value) if encoded else quote(value, safe="/:@$&'()*+,;=!")

    status, body = target.send(Sent("GET", f"/search/{raw}?explain=sparql"))

    try:
        query = parse_search_path(raw)
    except SynhubError:
        assert status == 400
        return
    assert status == 200, body
    assert shape(body) == shape(rows_query(tamed(query), 0, 50).text)


def test_queries_of_the_store_are_those_in_the_files_and_those_of_search(target: Target) -> None:
    """All shapes that were sent by requests other than searches are those of a `.rq` file with plain values bound."""
    iri, iris = Iri("x:y"), [Term("<x:y>")]
    static = {
        shape(query.text)
        for query in (
            template.bind("is_member", collection=iri, member=iri),
            template.bind("holders_of_namespace", collection=iri, namespace=Term('"x"')),
            template.bind("links_to", objects=iris),
            template.bind("object_types", object=iri),
            template.bind("owned_top_levels", owner=iri),
            template.bind("owners", object=iri),
            template.bind("top_levels", top_levels=iris),
            template.bind("without_members", top_level=iri),
            template.bind("top_levels_less_members", top_levels=iris),
            template.bind("top_levels_named", names=iris),
            template.bind("versions", identity=iri),
            template.bind("which_members", collection=iri, objects=iris),
        )
    }
    slots = {**ASKING, **QUIET, **SLOW}
    sent = {name: target.shapes(slot("harmless"))[2] for name, slot in slots.items() if "search" not in name}

    assert set[Shape]().union(*sent.values()) <= static
    assert any("VALUES" in found for shapes in sent.values() for found in shapes)
