"""Requests as the tools write them: every one ends in time, and bodies that `requests` would write in another way."""

from collections.abc import Iterator, Mapping
from typing import Any

import requests

_TIMEOUT_S = 60

_BOUNDARY = "R2Yq-8vRZ0fJ5vT_x3Lw1kQ9sB7nD"


def get(url: str, **options: Any) -> requests.Response:
    return requests.get(url, timeout=_TIMEOUT_S, **options)


def post(url: str, **options: Any) -> requests.Response:
    return requests.post(url, timeout=_TIMEOUT_S, **options)


def java_multipart(fields: Mapping[str, str], file: bytes | None = None) -> dict[str, Any]:
    """Return body and headers of a form as Apache's HttpClient sends it: in chunks, without a Content-Length.

    Text parts say their type, charset and transfer encoding; a file is an octet stream called `file`. Without a file
    the field `file` is an empty text.
    """
    parts = dict(fields) if file is not None else dict(fields) | {"file": ""}

    def pieces() -> Iterator[bytes]:
        for name, value in parts.items():
            yield f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n'.encode()
            yield b"Content-Type: text/plain; charset=ISO-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            yield value.encode("latin-1") + b"\r\n"
        if file is not None:
            yield f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n'.encode()
            yield b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n"
            for start in range(0, len(file), 4096):
                yield file[start : start + 4096]
            yield b"\r\n"
        yield f"--{_BOUNDARY}--\r\n".encode()

    return {"data": pieces(), "headers": {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}}


def fields_of(**values: str) -> dict[str, tuple[None, str]]:
    """Return text fields of a multipart form, as `files=` of requests takes them."""
    return {name: (None, value) for name, value in values.items()}
