"""Tokens as their owners see them; how secrets and times are written into rows. Pure, but for `utc_now`."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A token as its owner sees it: `id` names it, the text itself is not kept. Times are ISO text, UTC."""

    id: str
    label: str
    agent: str
    created: str
    last_used: str
    expires: str


def utc_now() -> datetime:
    return datetime.now(UTC)


def hash_secret(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
