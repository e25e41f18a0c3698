"""Names of sequences by what they are made of, and parts of them, as refget has both. Pure.

Knows no sequence: who may read one is asked elsewhere.

Source: GA4GH refget 2.0.0, sections 'Checksum calculation', 'Namespace of the checksums' and 'Method: get sequence by
ID'; RFC 9110, section 14.1.2 (byte ranges).
"""

import base64
import re
from typing import Literal, NamedTuple

from synhub.errors import BadRequest, OutOfRange

MEDIA_TYPE = "text/vnd.ga4gh.refget.v2.0.0+plain"
METADATA_TYPE = "application/vnd.ga4gh.refget.v2.0.0+json"
VERSION = "2.0.0"
ALGORITHMS = ("md5", "ga4gh", "trunc512")

_GA4GH = re.compile(r"(?:ga4gh:)?(?:SQ\.)?([A-Za-z0-9_-]{32})\Z")
_MD5 = re.compile(r"(?:md5:)?([0-9a-f]{32})\Z", re.IGNORECASE)
_TRUNC512 = re.compile(r"(?:trunc512:)?([0-9a-f]{48})\Z", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+\Z")
_RANGE = re.compile(r"bytes\s*=\s*([0-9]+)\s*-\s*([0-9]*)\s*\Z", re.IGNORECASE)
_MOST = 1 << 32  # parameters are 32 bits, without a sign


class Digest(NamedTuple):
    """`sha512t24u`: the first 24 bytes of SHA-512 of the letters in upper case; `md5`: the 16 of MD5."""

    algorithm: Literal["sha512t24u", "md5"]
    value: bytes


class Span(NamedTuple):
    """Letters `start` to `end` (not included); a span that `wraps` goes on at the beginning: then start > end."""

    start: int
    end: int

    @property
    def wraps(self) -> bool:
        return self.start > self.end

    def not_circular(self) -> OutOfRange:
        """Return the error of a span that wraps where nothing is circular."""
        return OutOfRange(f"start={self.start} lies behind end={self.end}, and the sequence is not circular")

    def of(self, residues: str) -> str:
        return residues[self.start :] + residues[: self.end] if self.wraps else residues[self.start : self.end]


def parse_digests(name: str) -> tuple[Digest, ...]:
    """Return the digests that a name can be, none for what is no name; hexadecimal digits mean the same in any case."""
    found = []
    if md5 := _MD5.match(name):
        found.append(Digest("md5", bytes.fromhex(md5[1])))
    if ga4gh := _GA4GH.match(name):
        found.append(Digest("sha512t24u", base64.urlsafe_b64decode(ga4gh[1])))
    if trunc512 := _TRUNC512.match(name):
        found.append(Digest("sha512t24u", bytes.fromhex(trunc512[1])))
    return tuple(found)


def ga4gh_name(sha512t24u: bytes) -> str:
    """Return the name of the algorithm `ga4gh`.

    >>> import hashlib
    >>> ga4gh_name(hashlib.sha512(b"ACGT").digest()[:24])
    'SQ.aKF498dAxcJAqme6QYQ7EZ07-fiw8Kw2'
    """
    return "SQ." + base64.urlsafe_b64encode(sha512t24u).decode()


def parse_span(start: str | None, end: str | None, length: int) -> Span:
    """Return what the parameters `start` (included) and `end` (not included), from 0, mean of so many letters.

    It may wrap: whether the sequence is circular is for the caller to see. Raises BadRequest for what is no number or a
    start outside, OutOfRange for an end outside.
    """
    first, last = _number("start", start, 0), _number("end", end, length)
    if last > length:
        raise OutOfRange(f"end={last} is outside of the sequence, which has {length} letters")
    if first > length or (first == length and first != last):
        raise BadRequest(f"start={first} is outside of the sequence, which has {length} letters")
    return Span(first, last)


def parse_range(header: str, length: int) -> Span:
    """Return what the header `Range` means of so many letters; it may end behind them.

    Raises BadRequest for what is not one range of bytes, OutOfRange for one that begins outside or ends before.
    """
    found = _RANGE.match(header.strip())
    if found is None:
        raise BadRequest(f"Range: {header[:80]!r} is not one range of bytes; write it such as bytes=0-99")
    first = _number("the range's start", found[1], 0)
    last = min(_number("the range's end", found[2] or None, length - 1), length - 1)
    if first >= length:
        raise OutOfRange(f"the range {header[:80]!r} begins outside of the sequence, which has {length} letters")
    if first > last:
        raise OutOfRange(f"the range {header[:80]!r} ends before it begins")
    return Span(first, last + 1)


def _number(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    if _NUMBER.match(text) is None or len(text) > 10 or int(text) >= _MOST:
        raise BadRequest(f"{name}={text[:40]!r} is not a number from 0 to {_MOST - 1}")
    return int(text)
