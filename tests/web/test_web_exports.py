"""Every format over HTTP: routes, negotiation, validators, share links, and what is inside."""

import asyncio
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from live import PREFIX, Live, live
from pyoxigraph import RdfFormat, parse
from starlette.requests import Request
from starlette.types import Message

from synhub import exports
from synhub.formats.manifest import read_manifest
from synhub.formats.representations import REPRESENTATIONS, VERBS
from synhub.sbol.graph import parse_rdf_xml
from synhub.web.respond import Result, negotiate, to_response

FIXTURES = Path(__file__).parents[2] / "fixtures" / "sbol2"
DEVICE = "/user/alice/lab/gfp_device/1"
ROOT = "/user/alice/lab/lab_collection/1"
NOTES = b"gattaca, measured twice"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("exports")) as running:
        for name in ("alice", "bob"):
            running.user(name)
        assert running.submit("alice", (FIXTURES / "device.xml").read_bytes()).text == "Successfully uploaded"
        running.publish("alice", (FIXTURES / "device.xml").read_bytes(), "open")
        for display_id in ("notes", "more"):
            files = {"id": (None, display_id), "file": ("notes.txt", NOTES)}
            assert running.request("POST", f"{DEVICE}/attach", "alice", files=files).status_code == 200
        link = {"url": "https://elsewhere.example/data.csv", "name": "link", "type": "http://example.org/csv"}
        assert running.request("POST", f"{DEVICE}/attachUrl", "alice", data=link).status_code == 200
        yield running


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_answers_in_every_form_with_a_name_and_a_strong_validator(instance: Live, verb: str) -> None:
    row = next(r for r in REPRESENTATIONS if verb in r.verbs)
    secret = instance.share("alice", ROOT)  # a link to one object opens no other, not its sequence
    forms = [
        (f"{DEVICE}/{verb}", "alice"),
        (f"{DEVICE.removesuffix('/1')}/{verb}", "alice"),
        (f"{DEVICE}/{secret}/share/{verb}", None),
        (f"/public/open/gfp_device/1/{verb}", None),
        (f"/public/open/gfp_device/{verb}", "bob"),
    ]
    for path, who in forms:
        answer = instance.get(path, who)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers["content-type"] == row.media_type
        assert answer.headers["content-disposition"] == f'attachment; filename="gfp_device.{row.ending}"'
        assert answer.headers["etag"].startswith(f'"{row.name}-')
        assert "Accept" in answer.headers["vary"]
        assert answer.content
        same = instance.get(path, who, headers={"If-None-Match": answer.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        head = instance.request("HEAD", path, who)
        assert (head.status_code, head.headers["etag"], head.content) == (200, answer.headers["etag"], b"")
    for path in (f"{DEVICE}/{verb}", f"/public/open/nothing/1/{verb}"):
        answer = instance.get(path, "bob")
        asked = PREFIX + path.removesuffix("/" + verb).lstrip("/")
        assert (answer.status_code, answer.text) == (404, f"{asked} not found")


@pytest.mark.parametrize(
    "verb", [v if v in ("sbol", "gb", "omex") else pytest.param(v, marks=pytest.mark.slow) for v in VERBS]
)
def test_a_child_process_writes_what_the_server_writes(
    instance: Live, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    direct = instance.get(f"{ROOT}/{verb}", "alice")
    assert direct.status_code == 200
    monkeypatch.setattr(exports, "DIRECT_OBJECTS", 0)

    streamed = instance.get(f"{ROOT}/{verb}", "alice")

    assert streamed.headers["content-type"] == direct.headers["content-type"]
    if direct.headers["content-type"] == "application/rdf+xml":
        assert set(parse_rdf_xml(streamed.content)) == set(parse_rdf_xml(direct.content))
    elif verb == "omex":
        assert contents(streamed.content).keys() == contents(direct.content).keys()
    else:
        assert streamed.text == direct.text
    head = instance.request("HEAD", f"{ROOT}/{verb}", "alice")
    assert (head.status_code, head.content) == (200, b"")


class Pieces(Iterator[bytes]):
    """One piece at once; the next does not come before somebody gives up."""

    def __init__(self) -> None:
        self.sent = False
        self.abandoned = Event()

    def __next__(self) -> bytes:
        if not self.sent:
            self.sent = True
            return b"piece"
        self.abandoned.wait(30)
        raise StopIteration

    def abandon(self) -> None:
        self.abandoned.set()


def test_a_client_that_leaves_ends_the_wait_for_the_next_piece() -> None:
    pieces = Pieces()
    scope = {"type": "http", "headers": [], "asgi": {"spec_version": "2.3"}}
    response = to_response(Request(scope), Result(pieces, "text/plain"))

    async def leave() -> None:
        has_begun = asyncio.Event()

        async def receive() -> Message:
            await has_begun.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message.get("body"):
                has_begun.set()

        await asyncio.wait_for(response(scope, receive, send), 5)

    asyncio.run(leave())
    assert pieces.abandoned.is_set()


# --- negotiation on the object's own address


TURTLE = "text/turtle"
SBOL3 = 'text/turtle; profile="http://sbols.org/v3#"'
OFFERS = [
    ("application/rdf+xml", ""),
    ("text/turtle", ""),
    ("application/n-triples", ""),
    ("text/turtle", "http://sbols.org/v3#"),
    ("text/x-fasta", ""),
]


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, 0),
        ("*/*", 0),
        ("text/plain", 0),
        ("application/json, text/plain, */*", 0),
        ("application/rdf+xml", 0),
        (TURTLE, 1),
        ("TEXT/Turtle ; Q=0.7", 1),
        ("text/turtle;q=0", 0),
        ("application/rdf+xml;q=0", 1),
        ("application/*;q=0, text/html;q=0", 1),
        ("*/*;q=0", None),
        ("text/turtle;q=0.3, application/n-triples;q=0.4", 2),
        ("application/rdf+xml;q=0.2, */*;q=0.1, text/turtle;q=0.3", 1),
        ("text/*", 1),
        ("application/*;q=0.5, text/turtle;q=0.4", 0),
        ("application/rdf+xml;q=0, */*", 1),
        (SBOL3, 3),
        ('text/turtle; profile="http://sbols.org/v2#,x;y"', 0),
        (SBOL3 + ";q=0.5, text/turtle;q=0.4", 3),
        (SBOL3 + ";q=0.3, text/turtle;q=0.4", 1),
        ("text/x-fasta", 4),
        ("text/html", None),
        ("text/html, text/turtle", None),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", None),
        ("application/rdf+xml, text/html;q=0.5, */*;q=0.1", 0),
        ("text/turtle;q=nonsense", 0),
        ("text/turtle;q=1.5, application/n-triples;q=0.001", 2),
        ("*; q=.2, text/turtle; q=.2, application/n-triples; q=.3", 2),
        (',;"', 0),
        ('text/turtle; profile="\\"", application/n-triples', 2),
    ],
)
def test_accept_chooses(accept: str | None, chosen: int | None) -> None:
    headers = [(b"accept", accept.encode())] if accept is not None else []

    assert negotiate(Request({"type": "http", "headers": headers}), OFFERS) == chosen


@pytest.mark.parametrize("media_type", [m for r in REPRESENTATIONS if not r.profile for m in r.negotiated])
def test_the_object_s_own_address_answers_in_what_is_accepted(instance: Live, media_type: str) -> None:
    row = next(r for r in REPRESENTATIONS if media_type in r.negotiated)
    answer = instance.get(DEVICE, "alice", headers={"Accept": f"{media_type}, */*;q=0.1"})

    assert answer.status_code == 200
    said = "application/rdf+xml" if media_type.endswith("/xml") else media_type
    assert answer.headers["content-type"].partition(";")[0] == said
    assert answer.headers["etag"].startswith(f'"{row.name}-')
    assert answer.content


SBOL3_TYPES = [r.media_type.partition(";")[0] for r in REPRESENTATIONS if r.profile]


@pytest.mark.parametrize("media_type", SBOL3_TYPES)
def test_sbol_3_is_to_be_had_in_every_syntax(instance: Live, media_type: str) -> None:
    syntax = RdfFormat.from_media_type(media_type)
    assert syntax is not None
    profiled = {"Accept": f'{media_type}; profile="http://sbols.org/v3#"'}
    for path, headers in ((f"{DEVICE}/sbol3", {"Accept": media_type}), (DEVICE, profiled)):
        answer = instance.get(path, "alice", headers=headers)
        types = {q.object.value for q in parse(answer.content, format=syntax) if q.predicate.value.endswith("#type")}

        assert answer.headers["content-type"].partition(";")[0] == media_type
        assert "http://sbols.org/v3#Component" in types
        assert "http://sbols.org/v2#ComponentDefinition" not in types


@pytest.mark.parametrize("accept", [None, "text/plain", "*/*", "application/xhtml+xml", "text/html"])
def test_sbol_3_is_turtle_for_who_does_not_care(instance: Live, accept: str | None) -> None:
    answer = instance.get(f"{DEVICE}/sbol3", "alice", headers={"Accept": accept} if accept else {})

    assert answer.headers["content-type"] == "text/turtle; charset=utf-8"


@pytest.mark.parametrize("verb", ["ttl", "nt", "jsonld"])
def test_other_syntaxes_hold_the_same_triples(instance: Live, verb: str) -> None:
    row = next(r for r in REPRESENTATIONS if verb in r.verbs)
    syntax = RdfFormat.from_media_type(row.media_type.partition(";")[0])
    assert syntax is not None
    answer = instance.get(f"{DEVICE}/{verb}", "alice")
    plain = instance.get(f"{DEVICE}/sbol", "alice")

    assert set(parse(answer.content, format=syntax)) == set(parse(plain.content, format=RdfFormat.RDF_XML))


@pytest.mark.parametrize("accept", ["text/plain", "*/*", "application/json", "image/png", "nonsense"])
def test_what_cannot_be_had_is_answered_with_sbol_2(instance: Live, accept: str) -> None:
    answer = instance.get(DEVICE, "alice", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/rdf+xml")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/*", "text/turtle"),
        ("application/rdf+xml;q=0", "text/turtle"),
        ("application/rdf+xml;q=0, text/turtle;q=0", "application/x-turtle"),
        ("application/*", "application/rdf+xml"),
        ("text/xml, */*;q=0.5", "application/rdf+xml"),
        ("*/*;q=0", "application/rdf+xml"),
    ],
)
def test_ranges_and_refusals_leave_the_best_of_the_rest(instance: Live, accept: str, media_type: str) -> None:
    answer = instance.get(DEVICE, "alice", headers={"Accept": accept})

    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, media_type)


def test_one_document_under_two_media_types_has_two_validators(instance: Live) -> None:
    tags = {
        instance.get(DEVICE, "alice", headers={"Accept": media_type}).headers["etag"]
        for media_type in ("text/turtle", "application/x-turtle")
    }

    assert len(tags) == 2


def test_a_browser_gets_the_page_with_links_to_what_there_is(instance: Live) -> None:
    page = instance.get(DEVICE, "alice", headers={"Accept": "text/html,application/xml;q=0.9,*/*;q=0.8"})

    assert page.headers["content-type"].startswith("text/html")
    assert f'href="{DEVICE}/fasta"' in page.text
    assert f'href="{DEVICE}/omex"' in page.text
    note = instance.get("/user/alice/lab/notes/1", "alice", headers={"Accept": "text/html"}).text
    assert "/notes/1/summary" in note
    assert "/notes/1/fasta" not in note


# --- what is inside


def test_what_a_format_has_no_words_for_is_422_with_the_classic_words(instance: Live) -> None:
    answer = instance.get("/user/alice/lab/notes/1/fasta", "alice")

    assert answer.status_code == 422
    assert answer.text == (
        f"{PREFIX}user/alice/lab/notes/1 is a http://sbols.org/v2#Attachment FASTA conversion not supported for this"
        " type."
    )
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def contents(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_an_archive_holds_the_document_and_the_bytes_of_its_attachments(instance: Live) -> None:
    files = contents(instance.get(f"{DEVICE}/omex", "alice").content)
    document = instance.get(f"{DEVICE}/sbol", "alice").content

    assert list(files) == ["manifest.xml", "sbol.rdf", "notes.txt", "notes_2.txt", "metadata.rdf"]
    assert files["sbol.rdf"] == document
    assert files["notes.txt"] == files["notes_2.txt"] == NOTES
    manifest = read_manifest(files["manifest.xml"])
    assert manifest is not None
    assert {content.location: (str(content.format), content.is_master) for content in manifest} == {
        "sbol.rdf": ("http://identifiers.org/combine.specifications/sbol.version-2", True),
        "notes.txt": ("http://purl.org/NET/mediatypes/text/plain", False),
        "notes_2.txt": ("http://purl.org/NET/mediatypes/text/plain", False),
        "metadata.rdf": ("http://identifiers.org/combine.specifications/omex-metadata", False),
    }
    assert b"https://elsewhere.example/data.csv" in files["metadata.rdf"]
    assert len(parse_rdf_xml(files["metadata.rdf"].replace(b'about="."', b'about="http://x.example/"'))) == 3


def test_an_archive_under_a_share_link_holds_the_files_that_the_link_opens(instance: Live) -> None:
    alone = instance.share("alice", DEVICE)
    whole = instance.share("alice", ROOT)

    assert "notes.txt" in contents(instance.get(f"{ROOT}/{whole}/share/omex").content)
    assert list(contents(instance.get(f"{DEVICE}/{alone}/share/omex").content)) == [
        "manifest.xml",
        "sbol.rdf",
        "metadata.rdf",
    ]


def test_an_archive_of_a_collection_names_who_made_it(instance: Live) -> None:
    files = contents(instance.get(f"{ROOT}/omex", "alice").content)

    assert b"Alice Example" in files["metadata.rdf"]
    assert files["notes.txt"] == NOTES


def test_a_summary_holds_what_travels_along(instance: Live) -> None:
    summary = json.loads(instance.get(f"{DEVICE}/summary", "alice").content)

    assert list(summary) == ["componentDefinitions", "sequences", "attachments"]
    device = summary["componentDefinitions"][0]
    assert (device["uri"], device["displayId"], device["version"]) == (PREFIX + DEVICE[1:], "gfp_device", "1")
    assert {a["displayId"] for a in summary["attachments"]} == {"notes", "more", "link"}


def test_fasta_of_a_collection_has_every_sequence_of_its_members(instance: Live) -> None:
    text = instance.get(f"{ROOT}/fasta.fasta", "alice").text
    summary = json.loads(instance.get(f"{ROOT}/summary", "alice").content)

    assert text.count(">") == len(summary["sequences"])
