import asyncio
import hashlib
import json
import os
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from synhub.errors import BadRequest, SynhubError, TooLarge
from synhub.web import forms
from synhub.web.forms import Form, UploadForm, read_form, read_upload_form

MIB = 1 << 20
MULTIPART = "multipart/form-data; boundary=XX"


def request_of(
    chunks: Sequence[bytes], content_type: str | None = None, *, whole: bool = True, **headers: str
) -> Request:
    """A request whose body arrives in these chunks; when not `whole` the client goes away after the last."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    if content_type is not None:
        raw.append((b"content-type", content_type.encode()))
    messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b""} if whole else {"type": "http.disconnect"})
    arriving: Iterator[Message] = iter(messages)

    async def receive() -> Message:
        return next(arriving)

    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw, "query_string": b""}, receive)


def form_of(body: bytes, content_type: str | None, limit: int = 4 * MIB) -> Form:
    return asyncio.run(read_form(request_of([body], content_type), limit))


def upload_of(
    folder: Path, body: bytes | Sequence[bytes], content_type: str = MULTIPART, limit: int = 4 * MIB
) -> UploadForm:
    chunks = [body] if isinstance(body, bytes) else body
    return asyncio.run(read_upload_form(request_of(chunks, content_type), folder, limit))


def multipart(*parts: tuple[str, bytes]) -> bytes:
    """Parts are (headers without Content-Disposition's type, content)."""
    body = b""
    for disposition, content in parts:
        body += b"--XX\r\nContent-Disposition: form-data; " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"
    return body + b"--XX--\r\n"


# --- text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"email=a%40x.org&password=p+%C3%A4&extra=1"),
        ("application/x-www-form-urlencoded; charset=UTF-8", "email=a@x.org&password=p ä&extra=1".encode()),
        (None, b"email=a%40x.org&password=p+%C3%A4&extra=1"),
        ("application/json", '{"email":"a@x.org","password":"p ä","extra":1}'.encode()),
        ("application/x-www-form-urlencoded; charset=ISO-8859-1", b"email=a@x.org&password=p+%E4&extra=1"),
        ("application/x-www-form-urlencoded", b"email=a@x.org&password=p+%E4&extra=1"),
        ("application/x-www-form-urlencoded", b"email=a@x.org&password=p+\xe4&extra=1"),
        ("Application/JSON; charset=utf-8", b'\xef\xbb\xbf{"email":"a@x.org","password":"p \\u00e4","extra":1}'),
        (
            MULTIPART,
            multipart(('name="email"', b"a@x.org"), ("name=password", "p ä".encode()), ('name="extra"', b"1")),
        ),
    ],
)
def test_the_three_body_types_give_the_same_form(content_type: str | None, body: bytes) -> None:
    assert form_of(body, content_type).fields == {"email": "a@x.org", "password": "p ä", "extra": "1"}


@pytest.mark.parametrize("content_type", [None, "application/json", "application/x-www-form-urlencoded", MULTIPART])
def test_no_body_is_an_empty_form(content_type: str | None) -> None:
    assert form_of(b"", content_type) == Form({}, {})


def test_repeated_fields_keep_the_last_and_the_list() -> None:
    for content_type, body in [
        ("application/x-www-form-urlencoded", b"a=1&b=&a=2"),
        ("application/json", b'{"a":["1",2],"b":""}'),
        (MULTIPART, multipart(('name="a"', b"1"), ('name="b"', b""), ('name="a"', b"2"))),
    ]:
        form = form_of(body, content_type)
        assert form.fields == {"a": "2", "b": ""}
        assert form.lists == {"a": ["1", "2"], "b": [""]}
        assert (form.get("b"), form.get("c"), form.get("c", "x")) == ("", "", "x")


def test_json_values_become_text_exactly() -> None:
    body = b'{"version":1.10,"big":' + b"9" * 5000 + b',"yes":true,"no":false,"nothing":null}'
    assert form_of(body, "application/json").fields == {
        "version": "1.10",
        "big": "9" * 5000,
        "yes": "true",
        "no": "false",
    }


@pytest.mark.parametrize(
    ("content_type", "body", "message"),
    [
        ("application/json", b'{"email":', "the form cannot be read"),
        ("application/json", b"[1]", "must be an object"),
        ("application/json", b'{"a":{"b":1}}', "'a' must be text"),
        ("application/json", b"[" * 200_000, "the form cannot be read"),
        ("application/json", b'{"a":"\\ud800"}', "'a' holds control characters"),
        ("application/json", b'{"a":"\\u0000"}', "'a' holds control characters"),
        ("application/x-www-form-urlencoded", b"a=%00", "'a' holds control characters"),
        ("application/x-www-form-urlencoded; charset=utf-8", b"a=%ff", "not UTF-8"),
        ("application/x-www-form-urlencoded; charset=utf-8", b"a=\xff", "not UTF-8"),
        ("application/x-www-form-urlencoded", b"a&" * 10_001, "the form cannot be read"),
        ("text/plain", b"a=1", "cannot be read from 'text/plain'"),
        ("multipart/form-data", b"--XX--\r\n", "has no boundary"),
        (f"multipart/form-data; boundary={'X' * 300}", b"--XX--\r\n", "the multipart body cannot be read"),
        (MULTIPART, b"nothing of the kind", "the multipart body cannot be read"),
        (MULTIPART, multipart(('name="a"', b"1"))[:-8], "without its closing boundary"),
        (MULTIPART, multipart(('name="a"', b"\xff")), "'a' of the form is not UTF-8"),
        (MULTIPART, multipart(('name="\xff"', b"1")).replace("ÿ".encode(), b"\xff"), "a field name of the form"),
        (MULTIPART, multipart(("novalue", b"1")), "with a name"),
        (MULTIPART, b"--XX\r\n\r\nx\r\n--XX--\r\n", "with a name"),
        (
            MULTIPART,
            multipart(('name="a"\r\nContent-Transfer-Encoding: base64', b"MQ==")),
            "transfer encoding 'base64'",
        ),
        (MULTIPART, multipart(('name="a"\r\nContent-Type: text/plain; charset=utf-16', b"1")), "charset 'utf-16'"),
    ],
)
def test_bodies_that_cannot_be_read_say_why(content_type: str, body: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=message):
        form_of(body, content_type)
    with pytest.raises(BadRequest, match=message):
        upload_of(tmp_path, body, content_type)
    assert list(tmp_path.iterdir()) == []


def test_body_over_the_limit_is_refused_with_the_limit_in_the_message() -> None:
    form_of(b"a=" + b"1" * 98, "application/x-www-form-urlencoded", limit=100)
    with pytest.raises(TooLarge, match="larger than 100 bytes"):
        form_of(b"a=" + b"1" * 99, "application/x-www-form-urlencoded", limit=100)


def test_announced_length_over_the_limit_is_refused_before_a_byte_of_it_arrives() -> None:
    request = request_of([], MULTIPART, whole=False, content_length="1000", expect="100-continue")
    with pytest.raises(TooLarge, match="larger than 100 bytes"):
        asyncio.run(read_form(request, 100))


def test_fields_up_to_one_mebibyte_are_read() -> None:
    value = "ä" * (MIB // 2)
    for content_type, body in [
        ("application/json", json.dumps({"a": value}, ensure_ascii=False).encode()),
        (MULTIPART, multipart(('name="a"', value.encode()))),
    ]:
        assert form_of(body, content_type).fields == {"a": value}
        with pytest.raises(TooLarge, match="'a' is longer than 1048576 bytes"):
            form_of(body.replace("ää".encode(), "äää".encode(), 1), content_type)


def test_files_in_a_plain_form_are_ignored() -> None:
    body = multipart(('name="a"', b"1"), ('name="file"; filename="x.xml"', b"<x/>" * 1_000_000))
    assert form_of(body, MULTIPART, limit=8 * MIB).fields == {"a": "1"}


# --- files ----------------------------------------------------------------------------------------------------------


def test_files_are_streamed_to_numbered_files_and_hashed(tmp_path: Path) -> None:
    content = os.urandom(3 * MIB) + b"\r\n--XY\r\n-"
    body = multipart(
        ('name="id"', b"lab"),
        ('name="file"; filename="a.xml"\r\nContent-Type: text/xml', content),
        ('name="version"', b"1"),
        ('name="anything"; filename="../../etc/passwd"', b"second"),
    )
    chunks = [body[i : i + 60_001] for i in range(0, len(body), 60_001)]
    form = upload_of(tmp_path, chunks)
    assert form.fields == {"id": "lab", "version": "1"}
    assert [(f.path, f.name, f.size) for f in form.files] == [
        (tmp_path / "upload-0", "a.xml", len(content)),
        (tmp_path / "upload-1", "passwd", 6),
    ]
    for file, expected in zip(form.files, [content, b"second"], strict=True):
        assert file.path.read_bytes() == expected
        assert file.sha256 == hashlib.sha256(expected).hexdigest()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["upload-0", "upload-1"]


@pytest.mark.parametrize("name", ["file", "files", "upload", ""])
def test_any_part_with_a_file_name_is_a_file(tmp_path: Path, name: str) -> None:
    form = upload_of(tmp_path, multipart((f'name="{name}"; filename="x"', b"abc")))
    assert (form.fields, [f.size for f in form.files]) == ({}, [3])


def test_no_file_is_an_empty_text_field_or_an_empty_name_without_bytes(tmp_path: Path) -> None:
    assert upload_of(tmp_path, multipart(('name="file"', b""))) == UploadForm({"file": ""}, {"file": [""]}, [])
    assert upload_of(tmp_path, multipart(('name="file"; filename=""', b""))) == UploadForm({}, {}, [])
    assert list(tmp_path.iterdir()) == []


def test_empty_file_with_a_name_and_bytes_without_a_name_are_files(tmp_path: Path) -> None:
    body = multipart(('name="file"; filename="empty.xml"', b""), ('name="file"; filename=""', b"x"))
    form = upload_of(tmp_path, body)
    assert [(f.name, f.size, f.path.read_bytes()) for f in form.files] == [("empty.xml", 0, b""), ("", 1, b"x")]
    assert form.files[0].sha256 == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('filename="my design (1).xml"', "my design (1).xml"),
        ('filename="größe β.xml"', "größe β.xml"),
        ('filename="C:\\\\lab\\\\x.xml"', "x.xml"),
        ('filename="a\\"b;c.xml"', 'a"b;c.xml'),
        ("filename*=utf-8''gr%C3%B6%C3%9Fe.xml", "größe.xml"),
        ("filename=\"plain.xml\"; filename*=utf-8''other.xml", "plain.xml"),
        ('filename="a\x01b"', "a_b"),
        ('filename=".."', ".."),
    ],
)
def test_file_names_are_labels(tmp_path: Path, disposition: str, name: str) -> None:
    form = upload_of(tmp_path, multipart(('name="file"; ' + disposition, b"x")))
    assert [f.name for f in form.files] == [name]
    assert form.files[0].path == tmp_path / "upload-0"


def test_text_parts_may_say_latin_1(tmp_path: Path) -> None:
    part = ('name="name"\r\nContent-Type: text/plain; charset=ISO-8859-1\r\nContent-Transfer-Encoding: 8bit', b"\xe4")
    assert upload_of(tmp_path, multipart(part)).fields == {"name": "ä"}


def test_uploads_may_be_forms_without_files(tmp_path: Path) -> None:
    for content_type, body in [
        ("application/json", b'{"id":"lab"}'),
        ("application/x-www-form-urlencoded", b"id=lab"),
        (MULTIPART, multipart(('name="id"', b"lab"))),
    ]:
        assert upload_of(tmp_path, body, content_type) == UploadForm({"id": "lab"}, {"id": ["lab"]}, [])


def test_upload_over_the_limit_leaves_no_file(tmp_path: Path) -> None:
    body = multipart(('name="file"; filename="a"', b"x" * 2 * MIB))
    chunks = [body[i : i + 65_536] for i in range(0, len(body), 65_536)]
    with pytest.raises(TooLarge, match=f"larger than {MIB} bytes"):
        upload_of(tmp_path, chunks, limit=MIB)
    assert list(tmp_path.iterdir()) == []
    assert upload_of(tmp_path, chunks, limit=len(body)).files[0].size == 2 * MIB


def test_upload_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    body = multipart(('name="file"; filename="a"', b"x" * MIB), ('name="file"; filename="b"', b"x" * MIB))
    for cut in (100, MIB, MIB + 200, len(body) - 6):
        with pytest.raises(ClientDisconnect):
            asyncio.run(read_upload_form(request_of([body[:cut]], MULTIPART, whole=False), tmp_path, 4 * MIB))
        with pytest.raises(BadRequest, match="without its closing boundary"):
            upload_of(tmp_path, body[:cut])
        assert list(tmp_path.iterdir()) == []


def test_wrong_text_after_a_file_deletes_the_file(tmp_path: Path) -> None:
    file = ('name="file"; filename="a"', b"x")
    with pytest.raises(BadRequest, match="control characters"):
        upload_of(tmp_path, multipart(file, ('name="name"', b"\x00")))
    with pytest.raises(TooLarge, match="text fields of the form are longer than"):
        upload_of(tmp_path, multipart(file, *[(f'name="f{n}"', b"x" * MIB) for n in range(5)]), limit=8 * MIB)
    with pytest.raises(TooLarge, match="more than 10000 parts"):
        upload_of(tmp_path, multipart(file, *[('name="f"', b"")] * 10_000))
    assert list(tmp_path.iterdir()) == []


def test_cancelled_upload_leaves_no_file(tmp_path: Path) -> None:
    async def cancelled() -> None:
        body = multipart(('name="file"; filename="a"', b"x" * 2 * MIB))
        request = request_of([body[:MIB], body[MIB:]], MULTIPART)
        task = asyncio.create_task(read_upload_form(request, tmp_path, 4 * MIB))
        while not list(tmp_path.iterdir()):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert list(tmp_path.iterdir()) == []


def test_epilogue_and_preamble_newlines_are_ignored(tmp_path: Path) -> None:
    body = b"\r\n" + multipart(('name="a"', b"1")) + b"\r\nepilogue"
    assert upload_of(tmp_path, body).fields == {"a": "1"}


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=3), st.integers(0, 2**32))
def test_any_bytes_in_any_chunks_arrive_unchanged(
    tmp_path_factory: pytest.TempPathFactory, contents: list[bytes], seed: int
) -> None:
    draw = random.Random(seed)
    contents = [c.replace(b"--XX", b"--X") for c in contents] + [b"\r\n--X", b"\r\n-\r\n--"]
    body = multipart(*[('name="file"; filename="f"', content) for content in contents])
    cuts = sorted(draw.randrange(len(body)) for _ in range(draw.randrange(20)))
    chunks = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    form = upload_of(tmp_path_factory.mktemp("upload"), chunks)
    assert [file.path.read_bytes() for file in form.files] == contents


@settings(max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            [b"--XX", b"--XX--", b"\r\n", b"\n", b"Content-Disposition: ", b"form-data; ", b'name="a"', b'; filename="']
        )
        | st.binary(max_size=5)
    ),
    st.sampled_from([MULTIPART, "application/json", "application/x-www-form-urlencoded"]),
)
def test_nonsense_is_a_form_or_a_known_error_and_leaves_nothing_open(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], content_type: str
) -> None:
    folder = tmp_path_factory.mktemp("upload")
    try:
        form = upload_of(folder, b"".join(pieces), content_type)
    except SynhubError:
        assert list(folder.iterdir()) == []
    else:
        assert len(list(folder.iterdir())) == len(form.files)


def test_event_loop_goes_on_while_a_large_upload_is_written(tmp_path: Path) -> None:
    content = os.urandom(MIB) * 48
    head = b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    pauses: list[float] = []

    async def ticking() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            pauses.append(time.perf_counter() - before)

    async def upload() -> UploadForm:
        ticker = asyncio.create_task(ticking())
        chunks = [head, *(content[i : i + 65_536] for i in range(0, len(content), 65_536)), b"\r\n--XX--\r\n"]
        try:
            return await read_upload_form(request_of(chunks, MULTIPART), tmp_path, 64 * MIB)
        finally:
            ticker.cancel()

    form = asyncio.run(upload())
    assert form.files[0].sha256 == hashlib.sha256(content).hexdigest()
    # Pieces are 96 times handed to a thread: the loop must have run between, whatever the disk takes.
    assert len(pauses) > 96


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    import tracemalloc

    async def chunks() -> AsyncIterator[Message]:
        yield {"type": "http.request", "body": multipart(('name="file"; filename="a"', b""))[:-10], "more_body": True}
        for _ in range(512):
            yield {"type": "http.request", "body": b"x" * 65_536, "more_body": True}
        yield {"type": "http.request", "body": b"\r\n--XX--\r\n"}

    async def upload() -> UploadForm:
        arriving = chunks()
        request = Request(
            {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", MULTIPART.encode())]},
            lambda: anext(arriving),
        )
        return await read_upload_form(request, tmp_path, 64 * MIB)

    tracemalloc.start()
    try:
        form = asyncio.run(upload())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert form.files[0].size == 32 * MIB
    assert peak < 4 * MIB
    assert forms.PIECE == 512 * 1024
