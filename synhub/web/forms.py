"""Form bodies: urlencoded, multipart and JSON alike; uploads are streamed to files.

Text stays in memory, so it is bounded: 1 MiB a field, 4 MiB of text an upload, 10 000 parts. Files go straight to
disk: the body is collected in pieces of half a MiB, and each piece is parsed, hashed and written in a worker thread,
so that neither a slow disk nor the hashing stops the event loop; a small body is one piece. Starlette's own
`request.form()` is not used: it writes every file to a temporary folder first, does not hash, and has no limit in all.

Source: RFC 7578; WHATWG URL, application/x-www-form-urlencoded.
"""

import errno
import hashlib
import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import parse_qsl, unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub.errors import BadRequest, DiskFull, TooLarge
from synhub.submit.service import UploadedFile

FIELD_LIMIT = 1 << 20
TEXT_LIMIT = 4 << 20
PART_LIMIT = 10_000
PIECE = 512 * 1024
DISCARD_LIMIT = 64 << 20

# None of these can be written into RDF/XML, and half a surrogate pair cannot be written at all.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_PLAIN_ENCODINGS = frozenset({"", "7bit", "8bit", "binary"})
_CHARSETS = {"": "utf-8", "utf-8": "utf-8", "us-ascii": "utf-8", "iso-8859-1": "latin-1"}
_FILE_NAME_STAR = re.compile(r";\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Form:
    """Text fields. A repeated field keeps its last value in `fields` and all of them in `lists`."""

    fields: dict[str, str]
    lists: dict[str, list[str]]

    @classmethod
    def of(cls, pairs: list[tuple[str, str]]) -> "Form":
        """Check and group fields. Raises BadRequest for control characters, TooLarge for a long field."""
        lists: dict[str, list[str]] = {}
        for name, value in pairs:
            if _UNWRITABLE.search(value) or _UNWRITABLE.search(name):
                raise BadRequest(f"the form field {name!r} holds control characters")
            if len(value) > FIELD_LIMIT or len(value.encode()) > FIELD_LIMIT:
                raise TooLarge(f"the form field {name!r} is longer than {FIELD_LIMIT} bytes")
            lists.setdefault(name, []).append(value)
        return cls({name: values[-1] for name, values in lists.items()}, lists)

    def get(self, name: str, default: str = "") -> str:
        return self.fields.get(name, default)


@dataclass(frozen=True, slots=True)
class UploadForm(Form):
    """Text fields and the files that came with them, in their order."""

    files: list[UploadedFile]


async def read_form(request: Request, limit_bytes: int) -> Form:
    """Read a form of any of the three types; files in it are ignored.

    Raises TooLarge for a body over the limit and BadRequest for one that cannot be read.
    """
    kind, parameters = _content_type(request)
    body = bytearray()
    async for piece in read_pieces(request, limit_bytes):
        body += piece
    if kind == "multipart/form-data" and body:
        parts = _Multipart(_boundary(parameters), None)
        try:
            return Form.of(parts.finish(bytes(body))[0])
        finally:
            parts.abandon()
    return Form.of(_parse_text(kind, bytes(body), parameters.get(b"charset", b"").decode("latin-1").lower()))


async def read_upload_form(request: Request, folder: Path, limit_bytes: int) -> UploadForm:
    """Read a form whose files go to `folder/upload-0`, `upload-1`…, their bytes synced; `folder` is made if need be.

    Every part that has a file name is a file, whatever its field is called; without name and bytes it is none (what
    a browser sends for an empty file input). When this raises, the files are gone again.
    Raises TooLarge for a body over the limit, BadRequest for one that cannot be read or ends early, DiskFull.
    """
    kind, parameters = _content_type(request)
    if kind != "multipart/form-data":
        form = await read_form(request, min(limit_bytes, TEXT_LIMIT))
        await run_in_threadpool(folder.mkdir, exist_ok=True)
        return UploadForm(form.fields, form.lists, [])
    parts = _Multipart(_boundary(parameters), folder)
    try:
        last = b""
        async for piece in read_pieces(request, limit_bytes):
            if last:
                await run_in_threadpool(parts.feed, last)
            last = piece
        pairs, files = await run_in_threadpool(parts.finish, last)
        form = Form.of(pairs)
    except OSError as error:
        parts.abandon()
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("the disk of the server is full; nothing was stored") from error
        raise
    except BaseException:
        parts.abandon()
        raise
    return UploadForm(form.fields, form.lists, files)


# --- the body -------------------------------------------------------------------------------------------------------


async def read_pieces(request: Request, limit_bytes: int) -> AsyncIterator[bytes]:
    """Yield the body in pieces of about PIECE bytes.

    Raises TooLarge; before that it reads on for a while, since most clients look for an answer only when they have
    sent everything. One that waits for `100 Continue` has sent nothing yet and is answered at once.
    """
    announced = request.headers.get("content-length", "")
    too_large = announced.isdecimal() and int(announced) > limit_bytes
    message = f"the request body is larger than {limit_bytes} bytes"
    if too_large and "expect" in request.headers:
        raise TooLarge(message)
    piece = bytearray()
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        too_large = too_large or total > limit_bytes
        if total > limit_bytes + DISCARD_LIMIT:
            break
        if too_large:
            continue
        piece += chunk
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    if too_large:
        raise TooLarge(message)
    if piece:
        yield bytes(piece)


def _content_type(request: Request) -> tuple[str, dict[bytes, bytes]]:
    kind, parameters = parse_options_header(request.headers.get("content-type"))
    return kind.decode("latin-1"), parameters


def _boundary(parameters: Mapping[bytes, bytes]) -> bytes:
    boundary = parameters.get(b"boundary", b"")
    if not boundary:
        raise BadRequest("the Content-Type multipart/form-data has no boundary")
    return boundary


# --- text -----------------------------------------------------------------------------------------------------------


def _parse_text(kind: str, body: bytes, charset: str) -> list[tuple[str, str]]:
    """Read a form that is no multipart."""
    if not body.strip():
        return []
    try:
        if kind == "application/json":
            return _parse_json(body.decode("utf-8-sig"))
        if kind in ("application/x-www-form-urlencoded", ""):
            return _parse_urlencoded(body, charset)
    except UnicodeDecodeError as error:
        raise BadRequest("the form holds bytes that are not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the form cannot be read: {error}") from error
    raise BadRequest(
        f"a form cannot be read from {kind!r}; send application/x-www-form-urlencoded, multipart/form-data or"
        " application/json"
    )


def _parse_urlencoded(body: bytes, charset: str) -> list[tuple[str, str]]:
    """Read `name=value&…`; bytes in `%XX` are of the same charset as the rest.

    What is not UTF-8 and names no charset is Latin-1: Apache's HttpClient, which is in libSBOLj and so in half of the
    design tools, writes forms so and does not say it. Raises UnicodeDecodeError, ValueError.
    """
    if _CHARSETS.get(charset) != "latin-1":
        try:
            text = body.decode("utf-8-sig")
            return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=PART_LIMIT)
        except UnicodeDecodeError:
            if charset:
                raise
    return parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=PART_LIMIT)


def _parse_json(text: str) -> list[tuple[str, str]]:
    """Read an object of texts, numbers, booleans (as `true`, `false`), lists of these; null is a field not sent."""
    value = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    if value is None:  # what some clients send for no fields
        return []
    if not isinstance(value, dict):
        raise BadRequest("the JSON body must be an object: field names and their values")
    pairs: list[tuple[str, str]] = []
    for name, given in value.items():
        for item in given if isinstance(given, list) else [given]:
            if isinstance(item, bool):
                pairs.append((name, "true" if item else "false"))
            elif isinstance(item, str):
                pairs.append((name, item))
            elif item is not None:
                raise BadRequest(f"the JSON member {name!r} must be text, a number, a boolean, or a list of these")
    return pairs


# --- multipart ------------------------------------------------------------------------------------------------------


class _Part:
    """One part: text is collected, a file is written and hashed."""

    def __init__(self, headers: Mapping[bytes, bytes]) -> None:
        disposition = headers.get(b"content-disposition", b"")
        kind, options = parse_options_header(disposition)
        if kind != b"form-data" or b"name" not in options:
            raise BadRequest("a part of the form has no Content-Disposition: form-data with a name")
        self.name = _decode(options[b"name"], "utf-8", "a field name")
        self.file_name = _file_name(disposition, options)
        encoding = headers.get(b"content-transfer-encoding", b"").decode("latin-1").strip().lower()
        if encoding not in _PLAIN_ENCODINGS:  # RFC 7578, section 4.7: deprecated
            raise BadRequest(f"the part {self.name!r} has the transfer encoding {encoding!r}; send it as it is")
        _, content_type = parse_options_header(headers.get(b"content-type"))
        charset = content_type.get(b"charset", b"").decode("latin-1").lower()
        if self.file_name is None and charset not in _CHARSETS:
            raise BadRequest(f"the part {self.name!r} has the charset {charset!r}; send UTF-8")
        self.charset = _CHARSETS.get(charset, "utf-8")
        self.text = bytearray()
        self.path: Path | None = None
        self.size = 0
        self.sha256 = hashlib.sha256()
        self.sha1 = hashlib.sha1(usedforsecurity=False)


def _decode(value: bytes, charset: str, what: str) -> str:
    try:
        return value.decode(charset)
    except UnicodeDecodeError as error:
        raise BadRequest(f"{what} of the form is not UTF-8: {value[:60]!r}") from error


def _file_name(disposition: bytes, options: Mapping[bytes, bytes]) -> str | None:
    """Return the client's name for a file, a label only, without folders; None when the part is text."""
    given = options.get(b"filename")
    if given is None:
        star = _FILE_NAME_STAR.search(disposition.decode("latin-1"))  # against RFC 7578, yet sent by old clients
        if star is None:
            return None
        name = unquote(star[1], errors="replace")
    else:
        name = given.decode("utf-8", errors="replace")
    return _UNWRITABLE.sub("_", name.replace("\\", "/").rpartition("/")[2])


class _Multipart:
    """Parses a multipart body piece by piece; without `folder` files are skipped. One thread at a time."""

    def __init__(self, boundary: bytes, folder: Path | None) -> None:
        self._folder = folder
        self._pairs: list[tuple[str, str]] = []
        self._files: list[UploadedFile] = []
        self._written: list[Path] = []
        self._parts = 0
        self._text_bytes = 0
        self._headers: dict[bytes, bytes] = {}
        self._header = (bytearray(), bytearray())
        self._part: _Part | None = None
        self._output: BinaryIO | None = None
        self._complete = False
        self._fed = False
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part_begin,
                    "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": self._on_part_end,
                    "on_end": self._on_end,
                },
            )
        except FormParserError as error:
            raise BadRequest(f"the multipart body cannot be read: {error}") from error

    def feed(self, piece: bytes) -> None:
        """Raises BadRequest for what is not multipart, TooLarge for too much text or too many parts."""
        self._fed = True
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise BadRequest(f"the multipart body cannot be read: {error}") from error

    def finish(self, last: bytes) -> tuple[list[tuple[str, str]], list[UploadedFile]]:
        """Return text fields and files, when the last piece has come. Raises as `feed`, and BadRequest when the body
        ended early; no body at all is no form.
        """
        if last:
            self.feed(last)
        if self._fed and not self._complete:
            raise BadRequest("the multipart body ends without its closing boundary; nothing was stored")
        if self._folder is not None:
            self._folder.mkdir(exist_ok=True)
        return self._pairs, self._files

    def abandon(self) -> None:
        """Delete what was written."""
        if self._output is not None:
            with suppress(OSError):  # closing writes what is buffered: a full disk has no room for that either
                self._output.close()
            self._output = None
        for path in self._written:
            path.unlink(missing_ok=True)
        self._written.clear()

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > PART_LIMIT:
            raise TooLarge(f"the form has more than {PART_LIMIT} parts")
        self._headers = {}

    def _on_header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _on_headers_finished(self) -> None:
        self._part = _Part(self._headers)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        assert part is not None
        if part.file_name is None:
            self._text_bytes += end - start
            if len(part.text) + end - start > FIELD_LIMIT:
                raise TooLarge(f"the form field {part.name!r} is longer than {FIELD_LIMIT} bytes")
            if self._text_bytes > TEXT_LIMIT:
                raise TooLarge(f"the text fields of the form are longer than {TEXT_LIMIT} bytes together")
            part.text += data[start:end]
        elif self._folder is not None:
            if self._output is None:
                self._open(part)
            assert self._output is not None
            view = memoryview(data)[start:end]
            part.sha256.update(view)
            part.sha1.update(view)
            part.size += len(view)
            self._output.write(view)

    def _open(self, part: _Part) -> None:
        assert self._folder is not None
        self._folder.mkdir(exist_ok=True)
        part.path = self._folder / f"upload-{len(self._files)}"
        self._output = part.path.open("xb")
        self._written.append(part.path)

    def _on_part_end(self) -> None:
        part = self._part
        assert part is not None
        self._part = None
        if part.file_name is None:
            self._pairs.append((part.name, _decode(bytes(part.text), part.charset, f"the field {part.name!r}")))
            return
        if self._folder is None:
            return
        if self._output is None:
            if not part.file_name:
                return
            self._open(part)
        assert self._output is not None and part.path is not None
        self._output.flush()
        os.fsync(self._output.fileno())
        self._output.close()
        self._output = None
        digests = part.sha256.hexdigest(), part.sha1.hexdigest()
        self._files.append(UploadedFile(part.path, part.file_name, part.size, *digests, part.name))

    def _on_end(self) -> None:
        self._complete = True
