"""Sequences by their digest: which stored one a caller may read, and its letters.

What may not be read is answered like what nobody has. Source: GA4GH refget 2.0.0.
"""

from collections.abc import Iterator

from synhub.errors import NotFound
from synhub.hub import Hub
from synhub.model import Actor
from synhub.objects import readable_graph
from synhub.rdf import Iri, iri_term, text_of
from synhub.search.refget import Digest, parse_digests
from synhub.store.catalog.conditions import has_facet
from synhub.store.catalog.entry import folded_digest
from synhub.store.catalog.search import View
from synhub.store.catalog.sequences import StoredSequence, find_stored
from synhub.vocab import SBOL2, SO

_ELEMENTS = iri_term(SBOL2.elements)
_MOST_ALIASES = 100


def get_sequence(hub: Hub, actor: Actor, name: str) -> StoredSequence:
    """Return a sequence with a digest (`SQ.…`, md5, with or without their prefixes). Raises NotFound."""
    for digest in parse_digests(name):
        for stored in _readable(hub, actor, digest):
            return stored
    raise NotFound(f"{name} not found")


def _readable(hub: Hub, actor: Actor, digest: Digest) -> Iterator[StoredSequence]:
    dataset = hub.dataset(actor)
    for stored in find_stored(hub.catalog, dataset.every_graph, digest):
        if readable_graph(hub, dataset, stored.top_level) == stored.graph:
            yield stored


def residues_of(hub: Hub, stored: StoredSequence) -> str:
    """Return the letters, in upper case. Raises NotFound when they have changed since the catalog was asked."""
    subject = iri_term(stored.iri)
    for s, p, o in hub.recent.read(stored.graph, [stored.top_level]).get(stored.top_level, []):
        if s == subject and p == _ELEMENTS and folded_digest(text_of(o)) == stored.sha512t24u:
            return text_of(o).upper()
    raise NotFound("the sequence is being changed; ask again")


def aliases_of(hub: Hub, actor: Actor, stored: StoredSequence) -> list[Iri]:
    """Return the IRIs of sequences with these letters that the caller may read, at most 100."""
    readable = _readable(hub, actor, Digest("sha512t24u", stored.sha512t24u))
    return [found.iri for found, _ in zip(readable, range(_MOST_ALIASES), strict=False)]


def is_circular(hub: Hub, actor: Actor, stored: StoredSequence) -> bool:
    """Say whether some object that the caller may read is circular and has these letters."""
    aliases = [iri_term(iri) for iri in aliases_of(hub, actor, stored)]
    conditions = [
        has_facet("has", SBOL2.sequence, aliases),
        has_facet("is", SBOL2.type, [iri_term(SO.circular)]),
    ]
    return View(hub.catalog, hub.dataset(actor)).count(conditions) > 0
