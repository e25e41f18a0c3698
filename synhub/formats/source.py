"""What every writer of a download takes: the objects to write, one top level at a time.

A writer is a function `(source) -> Iterator[bytes]` that streams: it may walk the top levels several times and look up
single ones, but must not keep them all. What cannot be written in its format it says in the file, or raises Unwritable
before the first byte when nothing at all is left.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from synhub.identity import version_key
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, text_of
from synhub.vocab import SBOL2

_PERSISTENT_IDENTITY = iri_term(SBOL2.persistentIdentity)
_VERSION = iri_term(SBOL2.version)


@dataclass(frozen=True, slots=True)
class EnclosedFile:
    """The bytes behind an attachment that travels along. `name` is what its uploader called it; `read` yields them
    in pieces.
    """

    attachment: Iri
    name: str
    media_type: str
    read: Callable[[], Iterator[bytes]]


class Source(Protocol):
    """Top levels to write. Triples hold blank nodes where the upload had them, and no server stamps are left out."""

    @property
    def roots(self) -> Sequence[Iri]:
        """What was asked for: one object (which may be a child), or a collection and after it its direct members."""

    @property
    def is_collection(self) -> bool:
        """Whether the first root is a collection that was asked for with its members."""

    @property
    def files(self) -> Sequence[EnclosedFile]:
        """The files of the attachments among the top levels; empty for formats that have no place for them."""

    def top_levels(self) -> Iterator[list[Triple]]:
        """Yield the distinct triples of every top level that travels along, roots first, each with its children; of a
        large collection that was asked for without its members.
        """

    def members(self) -> Iterator[list[Triple]]:
        """Yield the sbol:member triples that are missing from the first of the top levels, in pieces, often none."""

    def find(self, iri: Iri) -> list[Triple] | None:
        """Return the triples of one top level by its IRI or its persistent identity (then of the latest version)."""


Writer = Callable[[Source], Iterator[bytes]]


class MemorySource:
    """A Source whose top levels are all there."""

    def __init__(
        self,
        groups: Iterable[tuple[Iri, list[Triple]]],
        roots: Sequence[Iri],
        *,
        is_collection: bool,
        files: Sequence[EnclosedFile] = (),
    ) -> None:
        self.roots = roots
        self.is_collection = is_collection
        self.files = files
        self._groups = dict(groups)
        self._latest = latest_versions(self._groups.items())

    def top_levels(self) -> Iterator[list[Triple]]:
        yield from self._groups.values()

    def members(self) -> Iterator[list[Triple]]:
        return iter(())

    def find(self, iri: Iri) -> list[Triple] | None:
        found = self._groups.get(iri)
        return found if found is not None else self._groups.get(self._latest.get(iri, iri))


def in_pieces(source: Source) -> Iterator[list[Triple]]:
    """Yield all triples of a source: every top level, the first with its members in pieces behind it."""
    for number, group in enumerate(source.top_levels()):
        yield group
        if number == 0:
            yield from source.members()


def not_at_hand(iri: Iri) -> str:
    """Say that what is referred to does not travel along. Who asks must not learn which of the reasons it has."""
    return f"{iri} is not at hand: it is not stored here, or not open to who asks"


def latest_versions(groups: Iterable[tuple[Iri, Iterable[Triple]]]) -> dict[Iri, Iri]:
    """Map the persistent identity of top levels to the IRI of their latest version."""
    found: dict[Iri, list[tuple[str, Iri]]] = {}
    for iri, triples in groups:
        own = {p: o for s, p, o in triples if s == iri_term(iri)}
        identity = own.get(_PERSISTENT_IDENTITY, Term(""))
        if identity.startswith("<"):
            found.setdefault(iri_of(identity), []).append((text_of(own.get(_VERSION, Term('""'))), iri))
    return {identity: max(versions, key=lambda v: (version_key(v[0]), v[1]))[1] for identity, versions in found.items()}
