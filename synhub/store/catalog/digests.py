"""Digests of top levels: what proves that a row of the catalog was made from what the store holds. Pure."""

import hashlib
from collections.abc import Iterable

from synhub.rdf import Iri, Triple, iri_term, write_ntriples
from synhub.vocab import SBOL2

_MEMBER = iri_term(SBOL2.member)
HAS_MEMBER = f" {_MEMBER} ".encode()  # with it begins what a line says after its subject; texts may have it, too
_DIGEST = 32  # bytes of a SHA-256
_SUMS = 1 << 8 * _DIGEST


def triples_digest(triples: Iterable[Triple]) -> bytes:
    """Return what `check` compares with the store: see `digest_of`."""
    return digest_of(canonical(write_ntriples(triples)))


def digest_of(lines: bytes) -> bytes:
    """Return the SHA-256 of sorted distinct lines; where there are memberships, of the others, and `member_sum`."""
    if HAS_MEMBER not in lines:
        return hashlib.sha256(lines).digest()
    others: list[bytes] = []
    members: list[bytes] = []
    for line in lines.split(b"\n"):
        is_member = HAS_MEMBER in line and line.split(b" ", 2)[1] == HAS_MEMBER[1:-1]  # or a text says so
        (members if is_member else others).append(line)
    return with_member_sum(hashlib.sha256(b"\n".join(others)).digest(), member_sum(members))


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


def canonical(ntriples: bytes) -> bytes:
    """Return distinct lines, sorted. No term but a literal begins another, so that triples are sorted the same way."""
    distinct = set(ntriples.split(b"\n"))
    distinct.discard(b"")
    return b"\n".join([*sorted(distinct), b""])
