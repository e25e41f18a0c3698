"""Searching by sequence: files to search with, queries filled in, and what is similar to an object. Knows no HTTP.

What the caller may not read is similar to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synhub import objects
from synhub.errors import BadRequest
from synhub.hub import Hub
from synhub.identity import ObjectRef
from synhub.model import Actor, Dataset, Hit
from synhub.rdf import iri_term
from synhub.relations import Related, elements_of, texts_of, view_beside
from synhub.search.alignment import alphabet_of, make_query
from synhub.search.ast import FoundSequence, SearchQuery, SequenceOptions
from synhub.search.similarity import accepted, filled, find_sequences, page_by_likeness
from synhub.store.catalog.orders import RANK
from synhub.store.catalog.relations import is_other_than
from synhub.store.catalog.sequences import has_found
from synhub.submit.service import UploadedFile
from synhub.validation import left_bytes, run_task
from synhub.vocab import SBOL2, SO


@dataclass(frozen=True, slots=True)
class Kept:
    """Sequences to search with: the token that stands for them, when it ends (seconds since 1970), what they are."""

    token: str
    ends_s: float
    sequences: tuple[dict[str, Any], ...]


def keep(hub: Hub, actor: Actor, folder: Path, file: UploadedFile, caller: str | None) -> Kept:
    """Read the sequences of an uploaded file and keep them for its uploader. `folder` is the caller's to delete.

    Raises BadRequest for a file without a sequence, TooLarge for a limit that was hit, TooMany, DiskFull.
    """
    argument = {
        "path": str(file.path),
        "name": file.name or "the sequence",
        "folder": str(folder / "unpacked"),
        "room_bytes": left_bytes(hub),
    }
    timeout_s = hub.settings.validate_timeout
    answer = run_task(hub.lanes.validate, "sequence_file", argument, timeout_s, caller, "the file")
    found = answer["sequences"]
    token, ends_s = hub.sequence_uploads.keep(_owner(actor), [record["residues"] for record in found])
    records = ({"name": r["name"], "length": len(r["residues"]), "alphabet": r["alphabet"]} for r in found)
    return Kept(token, ends_s, tuple(records))


def with_found(hub: Hub, actor: Actor, dataset: Dataset, query: SearchQuery) -> SearchQuery:
    """Return a query with the sequences that it is about, as the dataset has them. Raises BadRequest, Busy and such."""

    def find_file(token: str) -> Sequence[str]:
        texts = hub.sequence_uploads.find(token, _owner(actor))
        if texts is None:
            raise BadRequest(
                f"file_search={token} is no token of yours, or a day has passed: send the file to POST /sequenceQuery"
            )
        return texts

    return filled(hub.catalog, hub.store, hub.sequences, dataset, query, find_file)


def _owner(actor: Actor) -> str:
    return actor.user.username if actor.user is not None else ""


@dataclass(frozen=True, slots=True)
class Similar(Related):
    """Top levels with one of some sequences, the most alike first; `cut` says why there may be more."""

    found: tuple[FoundSequence, ...]
    cut: str

    def hits(self, offset: int, limit: int) -> list[Hit]:
        return page_by_likeness(self.view, self.conditions, RANK, self.found, offset, limit)[0]


def similar(hub: Hub, actor: Actor, ref: ObjectRef, options: SequenceOptions) -> Similar:
    """Return the other objects with a sequence that is like one of an object's, or like it.

    Only sequences that the actor may read count, on both sides. Raises NotFound and Moved as `objects.locate`,
    BadRequest for options out of their range, and what the index raises.
    """
    located = objects.locate(hub, actor, ref)
    dataset = hub.dataset(actor)
    view, readable = view_beside(hub, dataset, located)
    is_sequence = SBOL2.Sequence in located.types
    own = texts_of(objects.triples_of(hub, located), iri_term(located.iri)) if is_sequence else []
    texts = [text for text in (*own, *elements_of(hub, dataset, located)) if alphabet_of(text) is not None]
    circular = (iri_term(located.iri), iri_term(SBOL2.type), iri_term(SO.circular)) in objects.triples_of(hub, located)
    queries = [make_query(text, options.mode, **options.limits(), circular=circular) for text in texts]
    graphs = tuple(dict.fromkeys((*dataset.graphs, located.graph)))
    found, cut = find_sequences(view, hub.sequences, graphs, queries, None)
    if readable:  # a share link of one object does not open its sequence
        found = [s for s in found if objects.readable_graph(hub, dataset, s.iri) is not None]
    others = (is_other_than("mine", located.iri), *readable)
    taken = accepted(view, found, others, options.max_accepts)
    return Similar(view, (has_found("similar", taken), *others), taken, cut)
