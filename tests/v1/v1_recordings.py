"""Recorded requests and answers of a SynBioHub, read from their folder. Knows their format, not how to replay them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` is None when nothing came; `page` says that only a summary of an HTML page was kept,
    `digest` is the SHA-256 of a body that was kept as no more than that, unpacked."""

    status: int | None
    media_type: str = ""
    location: str = ""
    body: bytes = b""
    page: bool = False
    digest: str = ""

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Item:
    """One request as it was sent, and its recorded answer. `caller` is a user, `admin` or `anonymous`."""

    area: str
    number: int
    name: str
    caller: str
    method: str
    path: str
    headers: Mapping[str, str]
    form: Mapping[str, str] | None
    json: Any
    parts: Sequence[Mapping[str, Any]] | None
    body: str | None
    recorded: Answer

    @property
    def accept(self) -> str:
        return self.headers.get("Accept", "")

    def __str__(self) -> str:
        return f"{self.area} {self.number} {self.name!r}: {self.caller} {self.method} {self.path} ({self.accept})"


def media_type_of(content_type: str) -> str:
    """The media type without parameters, in lower case."""
    return content_type.split(";")[0].strip().lower()


def read_area(folder: Path, area: str) -> list[Item]:
    """Read one file of recordings, in the order of execution."""
    items = json.loads((folder / f"{area}.json").read_text())["items"]
    return [_item(area, number, item) for number, item in enumerate(items)]


def _item(area: str, number: int, item: Mapping[str, Any]) -> Item:
    request, response = item["request"], item["response"]
    headers = response.get("headers", {})
    binary = response.get("body_binary", {})
    body = response.get("body") or ""
    return Item(
        area,
        number,
        item["name"],
        request["as"],
        request["method"],
        request["path"],
        request["headers"],
        request.get("form"),
        request.get("json"),
        request.get("multipart"),
        request.get("body"),
        Answer(
            response.get("status"),
            media_type_of(headers.get("Content-Type", "")),
            headers.get("Location", ""),
            body.encode(),
            "body_html" in response or "body_text_cut" in response,
            binary.get("gunzipped", binary).get("sha256", ""),
        ),
    )
