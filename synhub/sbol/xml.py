"""Pre-scan of RDF/XML, nested SBOL2 RDF/XML writer (interface first)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from synhub.model import Finding
from synhub.rdf import Triple


@dataclass(frozen=True, slots=True)
class Limits:
    depth: int = 64
    elements: int = 2_000_000
    text_bytes: int = 16_000_000
    attributes: int = 32
    attribute_bytes: int = 8_000


@dataclass(frozen=True, slots=True)
class Prescan:
    """`data` is UTF-8 with LF line ends and no BOM; `namespaces` are all declared namespace IRIs."""

    data: bytes
    namespaces: frozenset[str]
    findings: list[Finding]


def is_empty(data: bytes) -> bool:
    """True for no bytes, or blanks only."""
    return not data.strip()


def prescan(data: bytes, limits: Limits = Limits()) -> Prescan:  # noqa: B008
    """Raises InvalidDesign (unreadable: not well-formed, DOCTYPE, not RDF/XML) and TooLarge (limits)."""
    raise NotImplementedError


def write_sbol2(triples: Iterable[Triple]) -> Iterator[bytes]:
    raise NotImplementedError


def write_sbol2_stream(groups: Iterable[list[Triple]]) -> Iterator[bytes]:
    raise NotImplementedError
