"""Digests of top levels: what proves that a row of the catalog was made from what the store holds. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby

from synhub.rdf import Iri, Triple, iri_term, write_ntriples
from synhub.vocab import SBOL2

_MEMBER = iri_term(SBOL2.member)
HAS_MEMBER = f" {_MEMBER} ".encode()  # with it begins what a line says after its subject; texts may have it, too
_END = " .\n"
_DIGEST = 32  # bytes of a SHA-256
_SUMS = 1 << 8 * _DIGEST


def triples_digest(triples: Iterable[Triple]) -> bytes:
    """Return what `check` compares with the store: see `digest_of`."""
    found = list(triples)
    return digest_of(distinct_lines(write_ntriples(found)), has_members=any(p == _MEMBER for _, p, _ in found))


def digest_of(lines: Sequence[str], *, has_members: bool) -> bytes:
    """Return the SHA-256 of `distinct_lines`; where there are memberships, of the others, and `member_sum`."""
    if not has_members:
        return _sha256(lines)
    others: list[str] = []
    members: list[str] = []
    for line in lines:
        (members if line.split(" ", 2)[1] == _MEMBER else others).append(line)
    return with_member_sum(_sha256(others), member_sum(f"{line} .".encode() for line in members))


def _sha256(lines: Sequence[str]) -> bytes:
    return hashlib.sha256(_END.join([*lines, ""]).encode()).digest()


def member_sum(lines: Iterable[bytes]) -> int:
    """Return the sum of the SHA-256 of memberships, as N-Triples without line ends, modulo 2^256.

    So the digest of a collection follows from its difference. Two sets that are different by accident have the same
    sum with probability 2^-256. With 2^32 steps and as many IRIs to choose from, somebody could find a collection of
    tens of thousands with the sum of another (Wagner, A generalized birthday problem): what comes of it is that
    `check` would take the one for the other, both of them theirs.
    """
    return sum(int.from_bytes(hashlib.sha256(line).digest()) for line in lines) % _SUMS


def with_member_sum(digest: bytes, total: int) -> bytes:
    """Return the digest of a top level from that of its other triples and the sum of its memberships."""
    total %= _SUMS
    return digest + total.to_bytes(_DIGEST) if total else digest


def stored_member_sum(digest: bytes) -> int:
    return int.from_bytes(digest[_DIGEST:])


def membership_line(collection: Iri, member: Iri) -> bytes:
    return f"<{collection}> {_MEMBER} <{member}> .".encode()


def distinct_lines(ntriples: bytes) -> list[str]:
    """Return the distinct lines of canonical N-Triples, sorted, without ` .` and their ends.

    No term but a literal begins another, so that triples are sorted the same way.
    """
    lines = ntriples.decode().split(_END)  # literals have no line ends in them
    lines.sort()
    return [line for line, _ in groupby(lines) if line]
