"""Attaching and downloading over HTTP: what clients send, what they get back, and who gets nothing."""

import gzip
import hashlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import requests
import sbol2
from live import PREFIX, Live, live

from synhub.model import Dataset
from synhub.rdf import Iri, text_of
from synhub.store.top_levels import read_top_levels
from synhub.web import attachments
from synhub.web.file_response import Part, parse_range

DESIGN = (Path(__file__).parents[2] / "fixtures" / "sbol2" / "device.xml").read_bytes()
LAB = "/user/alice/lab"
ROOT = f"{LAB}/lab_collection/1"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0"
TEXT = b"0123456789" * 200


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("attachments"), attachment_limit=8 << 20) as running:
        for name in ("alice", "bob"):
            running.user(name)
        assert running.submit("alice", DESIGN).text == "Successfully uploaded"
        yield running


def attach(
    instance: Live, content: bytes, name: str = "data.txt", to: str = ROOT, who: str | None = "alice", **fields: str
) -> httpx.Response:
    """POST one file; `fields` are text fields before it."""
    files: list[tuple[str, Any]] = [(field, (None, value)) for field, value in fields.items()]
    files.append(("file", (name, content)))
    return instance.request("POST", f"{to}/attach", who, files=files)


def attached(instance: Live, content: bytes, name: str, display_id: str) -> str:
    """Attach to the collection and return the path of the attachment."""
    answer = attach(instance, content, name, id=display_id)
    assert (answer.status_code, answer.text) == (200, "Success")
    return f"{LAB}/{display_id}/1"


def said(instance: Live, path: str, owner: str = "user/alice") -> dict[str, list[str]]:
    """The stored values of an object by the last word of the predicate."""
    iri = Iri(PREFIX + path.lstrip("/"))
    found: dict[str, list[str]] = {}
    stored = read_top_levels(instance.hub.store, Dataset((Iri(PREFIX + owner),)), [iri])
    for s, p, o in stored.get(iri, []):
        if s == f"<{iri}>":
            found.setdefault(re.split("[/#]", p.strip("<>"))[-1], []).append(text_of(o))
    return found


def members(instance: Live) -> list[str]:
    return said(instance, ROOT)["member"]


def sha1_of(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


# --- what attaching stores


def test_attached_file_is_an_attachment_of_the_object_and_a_member_of_its_collection(instance: Live) -> None:
    part = next(m for m in members(instance) if m.endswith("/BBa_B0034/1")).removeprefix(PREFIX)
    answer = attach(instance, b"a note\n", "a note.txt", to="/" + part, id="note one")

    assert (answer.status_code, answer.text) == (200, "Success")
    iri = f"{PREFIX}user/alice/lab/note_one/1"
    assert said(instance, "/user/alice/lab/note_one/1") == {
        "type": ["http://sbols.org/v2#Attachment"],
        "persistentIdentity": [iri.removesuffix("/1")],
        "displayId": ["note_one"],
        "version": ["1"],
        "title": ["a note.txt"],
        "description": [""],
        "source": [iri + "/download"],
        "hash": [sha1_of(b"a note\n")],
        "size": ["7"],
        "format": ["http://purl.org/NET/mediatypes/text/plain"],
        "ownedBy": [PREFIX + "user/alice"],
        "topLevel": [iri],
    }
    assert said(instance, part)["attachment"] == [iri]
    assert iri in members(instance)
    assert "attachment" not in said(instance, ROOT)


def test_file_attached_to_the_collection_is_its_attachment_and_its_member(instance: Live) -> None:
    path = attached(instance, b"x", "x.txt", "on_root")

    assert PREFIX.rstrip("/") + path in said(instance, ROOT)["attachment"]
    assert PREFIX.rstrip("/") + path in members(instance)


def test_without_id_the_name_is_one_that_nobody_has(instance: Live) -> None:
    before = set(members(instance))
    assert [attach(instance, b"x").text for _ in range(2)] == ["Success", "Success"]

    new = set(members(instance)) - before
    assert len(new) == 2
    assert all(re.fullmatch(r"http://hub\.example/user/alice/lab/attachment_[0-9a-f]{32}/1", iri) for iri in new)


def test_object_of_the_second_version_of_a_collection_joins_that_one(instance: Live) -> None:
    assert instance.submit("alice", DESIGN, {"id": "two", "version": "2"}).status_code == 200

    attach(instance, b"x", to="/user/alice/two/BBa_B0034/1", id="late")

    late = PREFIX + "user/alice/two/late/1"
    assert late in said(instance, "/user/alice/two/two_collection/2")["member"]
    assert said(instance, "/user/alice/two/two_collection/1") == {}


def test_sbol_of_an_object_carries_its_attachments(instance: Live) -> None:
    attach(instance, b"carried", "carried.txt", to=f"{LAB}/BBa_J23101/1", id="carried")

    document = instance.get(f"{LAB}/BBa_J23101/1/sbol", "alice").text

    assert f'<sbol:Attachment rdf:about="{PREFIX}user/alice/lab/carried/1">' in document
    assert f'<sbol:attachment rdf:resource="{PREFIX}user/alice/lab/carried/1"/>' in document


def test_id_in_use_is_refused_and_changes_nothing(instance: Live) -> None:
    path = attached(instance, b"first", "first.txt", "taken")
    before = said(instance, ROOT)

    for taken in ("taken", "BBa_B0034", "lab_collection"):
        answer = attach(instance, b"second", "second.txt", id=taken)
        assert answer.status_code == 400
        assert f"user/alice/lab/{taken} is in use already; choose another id" in answer.text

    assert instance.get(path + "/download", "alice").content == b"first"
    assert said(instance, ROOT) == before


def test_id_that_is_too_long_is_refused_and_leaves_no_folder(instance: Live) -> None:
    jobs = instance.hub.settings.data / "jobs"
    before, folders = said(instance, ROOT), set(jobs.iterdir())
    answer = attach(instance, b"x", id="i" * 256)
    assert (answer.status_code, answer.text.partition(",")[0]) == (400, "id has 256 characters")
    assert said(instance, ROOT) == before
    assert set(jobs.iterdir()) <= folders


def test_part_of_an_object_has_no_attachments(instance: Live) -> None:
    document = instance.get(ROOT + "/sbol", "alice").text
    child = re.search(rf'<sbol:SequenceAnnotation rdf:about="{PREFIX.rstrip("/")}([^"]+)"', document)
    assert child is not None

    answer = attach(instance, b"x", to=child[1])

    assert answer.status_code == 400
    assert re.search(r"is a part of \S+; attach to that instead", answer.text)


@pytest.mark.parametrize("count", [0, 2])
def test_form_with_no_file_or_two_is_refused(instance: Live, count: int) -> None:
    before = members(instance)
    files = [("id", (None, "counted"))] + [(f"f{n}", (f"{n}.txt", b"x")) for n in range(count)]

    answer = instance.request("POST", f"{ROOT}/attach", "alice", files=files)

    assert answer.status_code == 400
    assert f"this form has {count}" in answer.text
    assert members(instance) == before


def test_urlencoded_form_has_no_file(instance: Live) -> None:
    answer = instance.request("POST", f"{ROOT}/attach", "alice", data={"id": "x"})

    assert (answer.status_code, "send one file" in answer.text) == (400, True)


def test_body_over_the_limit_is_refused_and_leaves_no_folder(instance: Live) -> None:
    answer = attach(instance, b"\0" * (9 << 20), "big.bin", id="big")

    assert answer.status_code == 413
    assert "larger than 8388608 bytes" in answer.text
    assert said(instance, f"{LAB}/big/1") == {}


def test_chunked_body_is_read(instance: Live) -> None:
    """libSBOLj sends no Content-Length."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="user"\r\n\r\ntoken\r\n'
        b'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\nchunked\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="c.bin"\r\n\r\n' + PNG + b"\r\n--b--\r\n"
    )
    pieces = (body[n : n + 7] for n in range(0, len(body), 7))

    answer = instance.request(
        "POST", f"{ROOT}/attach", "alice", content=pieces, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert answer.text == "Success"
    assert instance.get(f"{LAB}/chunked/1/download", "alice").content == PNG


def test_browser_is_led_to_the_object(instance: Live) -> None:
    files = {"id": (None, "page"), "file": ("p.txt", b"x")}

    answer = instance.request(
        "POST", f"{ROOT}/attach", "alice", files=files, headers={"Accept": "text/html"}, follow_redirects=False
    )

    assert (answer.status_code, answer.headers["location"]) == (302, ROOT)


# --- who may attach


@pytest.mark.parametrize(("verb", "words"), [
    ("attach", "not authorized to edit this submission"),
    ("attachUrl", "Not authorized to add attachments to this submission"),
])  # fmt: skip
def test_only_owners_attach(instance: Live, verb: str, words: str) -> None:
    for path in (ROOT, "/user/alice/nothing/x/1"):
        for who, expected in ((None, "Login required"), ("bob", words)):
            answer = instance.request("POST", f"{path}/{verb}", who, files={"file": ("a.txt", b"x")})
            assert (answer.status_code, answer.text) == (401, expected)
    gone = instance.request("POST", f"{LAB}/nothing/1/{verb}", "alice", files={"file": ("a.txt", b"x")})
    assert (gone.status_code, gone.text) == (404, PREFIX + "user/alice/lab/nothing/1 not found")


def test_owner_of_a_public_object_attaches_to_it(instance: Live) -> None:
    instance.publish("alice", DESIGN, "pub")
    path = "/public/pub/BBa_B0034/1"

    assert attach(instance, b"x", to=path, who="bob").status_code == 401
    assert attach(instance, b"for all", "all.txt", to=path, id="for_all").text == "Success"

    assert PREFIX + "public/pub/for_all/1" in said(instance, "/public/pub/pub_collection/1", "public")["member"]
    assert instance.get("/public/pub/for_all/1/download").content == b"for all"


def test_session_needs_the_csrf_token(instance: Live) -> None:
    login = {"email": "alice", "password": "correct horse"}
    headers = {"Accept": "text/html"}
    with httpx.Client(base_url=instance.url) as browser:
        assert browser.post("/login", data=login, headers=headers).status_code == 302
        answer = browser.post(f"{ROOT}/attach", files={"file": ("a.txt", b"x")}, headers=headers)

    assert answer.status_code == 403


def test_share_link_opens_downloads_and_lets_its_owner_attach(instance: Live) -> None:
    path = attached(instance, b"shared", "shared.txt", "shared")

    link = instance.share("alice", ROOT)

    assert instance.get(f"{path}/download").status_code == 404
    single = instance.share("alice", path)
    assert instance.get(f"{path}/{single}/share/download").content == b"shared"
    assert attach(instance, b"x", to=f"{ROOT}/{link}/share", who=None).text == "Login required"
    refused = attach(instance, b"x", to=f"{ROOT}/{link}/share", who="bob")
    assert (refused.status_code, refused.text) == (401, "not authorized to edit this submission")
    assert attach(instance, b"x", to=f"{ROOT}/{link}/share", id="by_link").text == "Success"


# --- links


LINK = {"url": "http://data.example/f.csv", "name": "remote file", "type": "http://purl.org/NET/mediatypes/text/csv"}


def attach_url(instance: Live, fields: dict[str, str], verb: str = "attachUrl") -> httpx.Response:
    return instance.request("POST", f"{ROOT}/{verb}", "alice", data=fields)


def test_attached_link_says_where_it_leads(instance: Live) -> None:
    assert attach_url(instance, LINK, "attachURL").text == "Success"

    iri = PREFIX + "user/alice/lab/remote_file/1"
    assert said(instance, f"{LAB}/remote_file/1") == {
        "type": ["http://sbols.org/v2#Attachment"],
        "persistentIdentity": [iri.removesuffix("/1")],
        "displayId": ["remote_file"],
        "version": ["1"],
        "title": ["remote file"],
        "source": [LINK["url"]],
        "format": [LINK["type"]],
        "ownedBy": [PREFIX + "user/alice"],
        "topLevel": [iri],
    }
    assert iri in members(instance) and iri in said(instance, ROOT)["attachment"]


def test_link_may_come_as_json_and_without_a_name(instance: Live) -> None:
    before = set(members(instance))

    answer = instance.request("POST", f"{ROOT}/attachUrl", "alice", json={k: LINK[k] for k in ("url", "type")})

    assert answer.text == "Success"
    [new] = set(members(instance)) - before
    assert re.fullmatch(r"\S+/_?[0-9a-f]{8}_[0-9a-f_]{27}/1", new)


@pytest.mark.parametrize(("wrong", "words"), [
    ({"type": "Pick an attachment type..."}, "Must pick an attachment type"),
    ({"type": ""}, "type is missing: send the IRI of a format"),
    ({"type": "text/csv"}, "type is 'text/csv'; send the IRI of a format"),
    ({"url": ""}, "url is missing"),
    ({"url": "not a url"}, "url is 'not a url'; only complete http and https addresses"),
    ({"url": "javascript:alert(1)"}, "only complete http and https"),
    ({"url": "file:///etc/passwd"}, "only complete http and https"),
    ({"url": "http:///x"}, "only complete http and https"),
    ({"url": "http://[x/"}, "only complete http and https"),
    ({"url": "http://h/> . <a:b> <a:b> <a:b"}, "only complete http and https"),
    ({"name": "///"}, "name is '///'"),
    ({"name": "lab_collection"}, "is in use already"),
    ({"name": "n" * 256}, f"name has 256 characters, '{'n' * 40}' and so on; it may have at most 255"),
    ({"type": "http://x.org/" + "y" * 1988}, "type has 2001 characters, 'http://x.org/"),
    ({"url": "http://x.org/" + "y" * 1988}, "url has 2001 characters, 'http://x.org/"),
    ({"url": "http://x.org/" + "y" * 200_000}, "and so on; it may have at most 2000"),
])  # fmt: skip
def test_wrong_field_of_a_link_is_refused(instance: Live, wrong: dict[str, str], words: str) -> None:
    before = said(instance, ROOT)

    answer = attach_url(instance, LINK | {"name": "never"} | wrong)

    assert answer.status_code == 400
    assert words in answer.text
    assert said(instance, ROOT) == before


def test_fields_of_a_link_may_be_as_long_as_they_are_allowed_to(instance: Live) -> None:
    address = "http://x.org/" + "y" * 1987
    assert attach_url(instance, {"url": address, "type": address, "name": "n" * 255}).text == "Success"
    found = said(instance, f"{LAB}/{'n' * 239}/1")
    assert (found["source"], found["format"], found["title"]) == ([address], [address], ["n" * 255])


def test_link_redirects_only_who_sends_no_token(instance: Live) -> None:
    """Clients send the header on to the host that they are led to."""
    instance.publish("alice", DESIGN, "publinks")
    target = "https://data.example/f?a=1&b=%20"
    fields = {"url": target, "name": "led", "type": "http://x.org/y"}
    posted = instance.request("POST", "/public/publinks/publinks_collection/1/attachUrl", "alice", data=fields)
    assert posted.text == "Success"

    path = "/public/publinks/led/1/download"
    for headers in ({}, {"X-authorization": ""}):
        answer = instance.get(path, headers=headers, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (302, target)
    for token in (instance.tokens["bob"], "unknown"):
        answer = instance.get(path, headers={"X-authorization": token}, follow_redirects=False)
        assert (answer.status_code, answer.text, answer.headers["content-type"]) == (
            200,
            target + "\r\n",
            "text/uri-list; charset=utf-8",
        )
        assert answer.headers["content-disposition"] == 'attachment; filename="led.uri"'


# --- names


@pytest.mark.parametrize(("name", "title", "served"), [
    ("my results.txt", "my results.txt", "my results.txt"),
    ('a"b.txt', 'a"b.txt', "a_b.txt"),
    ("../../x", "x", "x"),
    ("C:\\temp\\x.txt", "x.txt", "x.txt"),
    ("größe-Ω.txt", "größe-Ω.txt", "gr__e-_.txt"),
    ("tab\tand;semi=colon.txt", "tab\tand;semi=colon.txt", "tab_and;semi=colon.txt"),
    ("\x01\x7f.txt", "_\x7f.txt", "__.txt"),
    ("n" * 300 + ".txt", "n" * 300 + ".txt", "n" * 251 + ".txt"),
    ("..", "..", "named"),
    ("", "named", "named"),
])  # fmt: skip
def test_name_is_kept_as_sent_and_served_safely(instance: Live, name: str, title: str, served: str) -> None:
    number = len(members(instance))
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    body = (
        f'--b\r\nContent-Disposition: form-data; name="id"\r\n\r\nnamed{number}\r\n'
        f'--b\r\nContent-Disposition: form-data; name="f"; filename="{quoted}"\r\n\r\nx\r\n--b--\r\n'
    ).encode()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}

    assert instance.request("POST", f"{ROOT}/attach", "alice", content=body, headers=headers).text == "Success"

    path = f"{LAB}/named{number}/1"
    assert said(instance, path)["title"] == [title.replace("named", f"named{number}")]
    expected = f'attachment; filename="{served.replace("named", f"named{number}")}"'
    assert instance.get(f"{path}/download", "alice").headers["content-disposition"] == expected


def test_line_break_in_a_name_ends_no_header(instance: Live) -> None:
    for end in ("\r\n", "\n", "\r"):
        body = (
            '--b\r\nContent-Disposition: form-data; name="id"\r\n\r\nbroken\r\n'
            f'--b\r\nContent-Disposition: form-data; name="f"; filename="a{end}X-Injected: 1.txt"\r\n\r\nx\r\n--b--\r\n'
        ).encode()
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        answer = instance.request("POST", f"{ROOT}/attach", "alice", content=body, headers=headers)
        assert answer.status_code in (200, 400)
        if answer.status_code == 200:
            assert "x-injected" not in instance.get(f"{LAB}/broken/1/download", "alice").headers


def test_browser_gets_the_whole_name_besides(instance: Live) -> None:
    path = attached(instance, b"x", "größe.txt", "umlaut")
    plain = attached(instance, b"x", "plain name.txt", "plain")

    browser = {"Accept": "text/html"}
    assert instance.get(f"{path}/download", "alice", headers=browser).headers["content-disposition"] == (
        "attachment; filename=\"gr__e.txt\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.txt"
    )
    assert instance.get(f"{plain}/download", "alice", headers=browser).headers["content-disposition"] == (
        'attachment; filename="plain name.txt"'
    )


# --- what a download is


@pytest.mark.parametrize(("content", "name", "media_type", "format_name"), [
    (PNG, "picture.txt", "image/png", "image/png"),
    (b"a,b\n", "t.csv", "text/csv; charset=utf-8", "text/csv"),
    ("é".encode("latin-1") + b",b\n", "latin.csv", "text/csv", "text/csv"),
    (DESIGN, "design.html", "application/rdf+xml", "application/rdf+xml"),
    (b"<script>alert(1)</script>", "x.html", "text/html; charset=utf-8", "text/html"),
    (b"BM25 is a ranking", "bm", "text/plain; charset=utf-8", "text/plain"),
    (b"LOCUS x", "x.gb", "text/plain; charset=utf-8", "text/plain"),
    (bytes(range(256)), "x.dat", "application/octet-stream", "application/octet-stream"),
    (b"%PDF-1.4\n", "x", "application/pdf", "application/pdf"),
    (b"", "empty", "text/plain; charset=utf-8", "text/plain"),
    (b"", "empty.png", "text/plain; charset=utf-8", "text/plain"),
])  # fmt: skip
def test_media_type_is_that_of_the_content(
    instance: Live, content: bytes, name: str, media_type: str, format_name: str
) -> None:
    path = attached(instance, content, name, f"typed{len(members(instance))}")

    answer = instance.get(f"{path}/download", "alice", headers={"Accept-Encoding": "identity"})

    assert answer.content == content
    assert said(instance, path)["format"] == ["http://purl.org/NET/mediatypes/" + format_name]
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'


@pytest.fixture(scope="module")
def text_path(instance: Live) -> str:
    return attached(instance, TEXT, "long.txt", "long_text") + "/download"


@pytest.mark.parametrize(("accepted", "zipped"), [
    ("gzip", True), ("gzip, deflate", True), ("*", True), ("x-gzip", True), ("GZIP;q=0.5", True),
    ("identity", False), ("", False), ("gzip;q=0", False), ("br", False), ("*;q=0", False),
    ("identity, gzip;q=0.5", False), ("gzip;q=x", False),
])  # fmt: skip
def test_accept_encoding_is_honoured(instance: Live, text_path: str, accepted: str, zipped: bool) -> None:
    answer = instance.get(text_path, "alice", headers={"Accept-Encoding": accepted})

    assert answer.content == TEXT
    assert answer.headers.get("content-encoding") == ("gzip" if zipped else None)
    digest = hashlib.sha256(TEXT).hexdigest()
    assert answer.headers["etag"] == (f'"{digest}-gzip"' if zipped else f'"{digest}"')
    assert "Accept-Encoding" in answer.headers["vary"]


def test_no_accept_encoding_means_bytes_as_they_are(instance: Live, text_path: str) -> None:
    request = instance.client.build_request("GET", instance.url + text_path, headers=instance.headers("alice"))
    del request.headers["accept-encoding"]

    answer = instance.client.send(request)

    assert ("content-encoding" in answer.headers, answer.content) == (False, TEXT)


def test_packed_bytes_are_the_same_each_time(instance: Live, text_path: str) -> None:
    def raw() -> bytes:
        headers = instance.headers("alice") | {"Accept-Encoding": "gzip"}
        with instance.client.stream("GET", instance.url + text_path, headers=headers) as answer:
            return b"".join(answer.iter_raw())

    first = raw()
    assert gzip.decompress(first) == TEXT
    assert raw() == first


def test_picture_is_not_packed_again(instance: Live) -> None:
    path = attached(instance, PNG * 50, "p.png", "packed_picture")

    answer = instance.get(f"{path}/download", "alice", headers={"Accept-Encoding": "gzip"})

    assert ("content-encoding" in answer.headers, answer.content) == (False, PNG * 50)


def test_head_says_what_get_would(instance: Live, text_path: str) -> None:
    for headers in ({"Accept-Encoding": "identity"}, {"Accept-Encoding": "gzip"}):
        got = instance.get(text_path, "alice", headers=headers)
        head = instance.request("HEAD", text_path, "alice", headers=headers)
        assert (head.status_code, head.content) == (200, b"")
        names = ("etag", "content-type", "content-encoding", "content-disposition", "vary", "accept-ranges")
        assert [head.headers.get(n) for n in names] == [got.headers.get(n) for n in names]
    assert instance.request("HEAD", text_path, "alice", headers={"Accept-Encoding": "identity"}).headers[
        "content-length"
    ] == str(len(TEXT))


@pytest.mark.parametrize(("asked", "start", "end"), [
    ("bytes=0-0", 0, 1), ("bytes=5-9", 5, 10), ("bytes=1990-", 1990, 2000), ("bytes=-10", 1990, 2000),
    ("bytes=-99999", 0, 2000), ("bytes=1999-999999", 1999, 2000), ("Bytes = 0-4", 0, 5),
])  # fmt: skip
def test_range_is_answered_with_that_part(instance: Live, text_path: str, asked: str, start: int, end: int) -> None:
    answer = instance.get(text_path, "alice", headers={"Range": asked, "Accept-Encoding": "gzip"})

    assert (answer.status_code, answer.content) == (206, TEXT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/2000"
    assert answer.headers["content-length"] == str(end - start)
    assert "content-encoding" not in answer.headers
    assert answer.headers["etag"] == f'"{hashlib.sha256(TEXT).hexdigest()}"'


@pytest.mark.parametrize("asked", ["bytes=2000-", "bytes=2000-3000", "bytes=-0", f"bytes={'9' * 50}-"])
def test_range_outside_the_file_is_416(instance: Live, text_path: str, asked: str) -> None:
    answer = instance.get(text_path, "alice", headers={"Range": asked})

    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */2000")
    assert "the file has 2000 bytes" in answer.text


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,5-6", "items=0-1", "bytes", "bytes=-", "bytes=a-b", "x"])
def test_what_is_no_single_range_is_answered_whole(instance: Live, text_path: str, asked: str) -> None:
    answer = instance.get(text_path, "alice", headers={"Range": asked})

    assert (answer.status_code, answer.content) == (200, TEXT)


def test_if_range_holds_for_the_same_bytes_only(instance: Live, text_path: str) -> None:
    digest = hashlib.sha256(TEXT).hexdigest()
    for given, status in (
        (f'"{digest}"', 206),
        (f'W/"{digest}"', 200),
        ('"other"', 200),
        ("Sun, 22 Nov 2026 07:00:00 GMT", 200),
    ):
        answer = instance.get(text_path, "alice", headers={"Range": "bytes=0-4", "If-Range": given})
        assert answer.status_code == status


def test_empty_file_has_no_range(instance: Live) -> None:
    path = attached(instance, b"", "e.txt", "nothing_in_it") + "/download"

    assert instance.get(path, "alice").content == b""
    assert instance.get(path, "alice", headers={"Range": "bytes=0-"}).status_code == 416


def test_client_that_has_it_is_told_so(instance: Live, text_path: str) -> None:
    digest = hashlib.sha256(TEXT).hexdigest()
    for given, coding, status in (
        (f'"{digest}"', "identity", 304),
        (f'"x", W/"{digest}"', "identity", 304),
        (f'"{digest}-gzip"', "gzip", 304),
        ("*", "gzip", 304),
        (f'"{digest}"', "gzip", 200),
        ('"x"', "identity", 200),
    ):
        answer = instance.get(text_path, "alice", headers={"If-None-Match": given, "Accept-Encoding": coding})
        assert answer.status_code == status
        if status == 304:
            assert answer.content == b""


def test_part_of_a_range_header() -> None:
    assert parse_range("bytes=0-", 10) == Part(0, 10)
    assert parse_range("bytes=10-", 10) == Part(10, 10)
    assert parse_range("bytes=0-0", 0) == Part(0, 0)
    assert parse_range("bytes=-5", 0) == Part(0, 0)
    assert parse_range("bytes=0-1, 3-4", 10) is None
    assert parse_range(f"bytes={'1' * 101}-", 10) is None


# --- what has no file


def test_what_is_no_attachment_has_no_download(instance: Live) -> None:
    for path in (ROOT, f"{LAB}/BBa_B0034/1"):
        answer = instance.get(f"{path}/download", "alice")
        assert answer.status_code == 404
        assert "is not an attachment" in answer.text
    absent: list[tuple[str, str | None]] = [(f"{LAB}/none/1", "alice"), (ROOT, "bob"), (ROOT, None)]
    for path, who in absent:
        answer = instance.get(f"{path}/download", who)
        assert (answer.status_code, answer.text) == (404, f"{PREFIX}{path.lstrip('/')} not found")


def attachment_document(about: str, source: str, sha1: str) -> bytes:
    identity = about.removesuffix("/1")
    return f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#">
<sbol:Attachment rdf:about="{about}"><sbol:persistentIdentity rdf:resource="{identity}"/>
<sbol:displayId>{identity.rpartition("/")[2]}</sbol:displayId><sbol:version>1</sbol:version>
<sbol:source rdf:resource="{source}"/><sbol:hash>{sha1}</sbol:hash><sbol:size>6</sbol:size>
</sbol:Attachment></rdf:RDF>""".encode()


def test_uploaded_hash_or_source_leads_to_nobody_s_file(instance: Live) -> None:
    path = attached(instance, b"secret", "secret.txt", "secret")
    iri = PREFIX + path.lstrip("/")
    sha1 = sha1_of(b"secret")
    for number, (about, source) in enumerate((
        ("http://x.org/secret/1", iri + "/download"),
        (iri, iri + "/download"),
        (f"{PREFIX}user/bob/thief1/secret/1", f"{PREFIX}user/bob/thief1/secret/1/download"),
    )):  # fmt: skip
        document = attachment_document(about, source, sha1)
        assert instance.submit("bob", document, {"id": f"thief{number}"}).text == "Successfully uploaded"
        stored = said(instance, f"/user/bob/thief{number}/secret/1", "user/bob")
        assert stored["hash"] == [sha1]
        for headers in ({}, {"X-authorization": instance.tokens["bob"]}):
            answer = instance.get(f"/user/bob/thief{number}/secret/1/download", headers=headers)
            assert (answer.status_code, answer.content == b"secret") == (404, False)


def test_uploaded_attachment_leads_to_its_source(instance: Live) -> None:
    document = attachment_document("http://x.org/far/1", "https://far.example/file", "00")
    assert instance.submit("bob", document, {"id": "far"}).text == "Successfully uploaded"

    answer = instance.get("/user/bob/far/far/1/download", "bob")

    assert (answer.headers["content-type"], answer.text) == (
        "text/uri-list; charset=utf-8",
        "https://far.example/file\r\n",
    )


def test_source_that_is_too_long_for_a_header_is_told_in_the_body(
    instance: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "LONGEST_IRI", 1_000)  # uploads hold none longer than 2000, older stores may
    source = "https://far.example/" + "f" * 1_500
    instance.publish("alice", attachment_document("http://x.org/long/1", source, "00"), "long")

    answer = instance.get("/public/long/long/1/download", follow_redirects=False)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/uri-list; charset=utf-8")
    assert answer.text == source + "\r\n"


# --- clients


def test_pysbol2_attaches_and_downloads(instance: Live, tmp_path: Path) -> None:
    shop = sbol2.PartShop(instance.url)
    shop.key = instance.tokens["alice"]
    original = tmp_path / "my data (1).csv"
    original.write_bytes(b"a,b\n1,2\n")
    before = set(members(instance))

    shop.attachFile(instance.url + ROOT, str(original))

    [new] = set(members(instance)) - before
    folder = tmp_path / "down"
    folder.mkdir()
    shop.downloadAttachment(instance.url + "/" + new.removeprefix(PREFIX), str(folder))
    assert [(p.name, p.read_bytes()) for p in folder.iterdir()] == [("my data (1).csv", b"a,b\n1,2\n")]

    shop.key = ""
    with pytest.raises(sbol2.SBOLError, match="must login"):
        shop.attachFile(instance.url + ROOT, str(original))
    with pytest.raises(sbol2.SBOLError, match="not found"):
        shop.downloadAttachment(instance.url + "/" + new.removeprefix(PREFIX), str(folder))


def test_refusal_of_a_large_file_reaches_the_client(instance: Live) -> None:
    """Clients look for an answer when they have sent everything."""
    for who, words in (("bob", "not authorized to edit this submission"), (None, "Login required")):
        answer = requests.post(
            f"{instance.url}{ROOT}/attach",
            headers=instance.headers(who),
            files={"file": ("big.bin", b"\0" * (30 << 20))},
            timeout=60,
        )
        assert (answer.status_code, answer.text) == (401, words)


def test_who_leaves_while_sending_leaves_nothing_behind(instance: Live) -> None:
    jobs = instance.hub.journal.folder
    before = {p.name for p in jobs.iterdir()}
    url = httpx.URL(instance.url)
    head = (
        f"POST {ROOT}/attach HTTP/1.1\r\nHost: x\r\nX-authorization: {instance.tokens['alice']}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nhalf'
    )
    with socket.create_connection((url.host, url.port or 80)) as connection:
        connection.sendall(head.encode())
    for _ in range(100):
        if {p.name for p in jobs.iterdir()} <= before:
            break
        instance.get("/health")
    assert {p.name for p in jobs.iterdir()} <= before


def test_name_of_a_link_is_quoted_in_its_place(instance: Live) -> None:
    assert attach_url(instance, LINK | {"name": quote("1 ü")}).text == "Success"
    assert said(instance, f"{LAB}/_1_20_C3_BC/1")["title"] == ["1%20%C3%BC"]
