"""The sequence index seen from the server: kept up with the catalog, and asked in child processes.

Answers for: new texts are read from the store and written as small segments (no numpy, no table) by whoever needs them
first, a search or the thread; segments are merged, with a table, by a child at low priority; what the files lack is
found at the start. The index is derived: when its folder is gone or damaged it is built again behind the first
searches, which say so. A full disk stops its growth only: what cannot be written is tried again.

Where the texts are is asked of the catalog, so that the index never decides what exists or who may see it.
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from synhub.errors import SynhubError
from synhub.model import Dataset
from synhub.rdf import Iri, Term, iri_of, iri_term, is_iri, text_of
from synhub.search.alignment import (
    Alphabet,
    SequenceMatch,
    SequenceQuery,
    SequencesFound,
    alphabet_of,
    fold_residues,
)
from synhub.sparql import template
from synhub.store.base import TripleStore
from synhub.store.catalog import pending as catalog_pending
from synhub.store.catalog.catalog import Catalog
from synhub.store.catalog.entry import elements_digest
from synhub.store.children import ChildDied, Lane
from synhub.store.sequences.files import Facts, Manifest, damage, read_manifest, write_segment
from synhub.vocab import ENCODING

logger = logging.getLogger("synhub.sequences")

FOLDER = "sequences"
ENCODINGS: dict[str, Alphabet] = {ENCODING.NUCLEIC_ACID: "nucleotide", ENCODING.AMINO_ACID: "protein"}
OTHER = "other"  # the segments of texts that are no sequence of letters: their digests only

_READ = 200  # texts read from the store at once
_AT_ONCE = 500  # texts a search takes in by itself
_SEGMENT_LETTERS = 1 << 23  # read into memory together
_MUCH_LETTERS = 1 << 26  # in segments without a table, that are not to wait for the end of a long reading
_LARGEST = 1 << 31  # letters of a merged segment: places are numbers of 4 bytes
_SMALL_LETTERS = 1 << 21  # in segments without a table, which every search walks through: 10 ms
_MOST_SMALL = 8
_PATIENCE_S = 0.5
_INTERVAL_S = 2.0
_RETRY_S = 60.0
_MERGE_S = 3600.0
_BUILDING = "some sequences are not indexed yet and were not searched"  # how many is not for strangers


class Sequences:
    """The index in one folder. Methods may be called from any thread.

    `search` and `build` are lanes with the tasks of task.py.
    """

    def __init__(
        self, folder: Path, catalog: Catalog, store: TripleStore, search: Lane, build: Lane, timeout_s: float
    ) -> None:
        self._catalog, self._store = catalog, store
        self._search, self._build = search, build
        self._timeout_s = timeout_s
        self._manifest = Manifest(folder)
        self._taking = threading.Lock()
        self._settling = threading.Lock()  # a merge deletes the segments that another one reads
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="synhub-sequences", daemon=True)

    # --- searching ---------------------------------------------------------------------------------------------------

    def find(
        self,
        query: SequenceQuery,
        graphs: Sequence[Iri],
        within: Iterable[bytes] | None = None,
        caller: str | None = None,
    ) -> SequencesFound:
        """Return the sequences that match, of those that a top level of `graphs` has that is not hidden.

        `within`: digests to stay in. A named `caller` has one search running and one waiting at most. Takes its time:
        not for the event loop. Raises Busy, ChildDied when the search needed too much time or memory, StoreUnavailable.
        """
        left = self._take_in_some()
        argument = {
            "folder": str(self._manifest.folder),
            "catalog": str(self._catalog.database.path),
            "query": asdict(query),
            "graphs": list(graphs),
            "within": None if within is None else [digest.hex() for digest in within],
            "timeout_s": self._timeout_s,
        }
        answer = self._search.call("sequence", argument, self._timeout_s + 1, wait_s=self._timeout_s, caller=caller)
        matches = tuple(SequenceMatch(bytes.fromhex(digest), *rest) for digest, *rest in answer["matches"])
        cut = "; ".join(filter(None, (answer["cut"], _BUILDING if left else "")))
        return SequencesFound(matches, answer["total"], cut)

    def _take_in_some(self) -> int:
        """Take in what is new, if it is little; return how much is left out of the next search."""
        database = self._catalog.database
        if not catalog_pending.any_pending(database):
            return 0
        if self._taking.acquire(timeout=_PATIENCE_S):  # longer only while very much is taken in
            try:
                self._take_in(_AT_ONCE)
            except OSError as error:
                logger.warning("new sequences cannot be written to the index: %s", error)
            finally:
                self._taking.release()
        return catalog_pending.count_pending(database)

    # --- keeping up --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._manifest.close()

    def build(self) -> None:
        """Take in all that is missing, now: for who has the folder for himself. Raises OSError, StoreUnavailable."""
        self._compare()
        self.settle()

    def settle(self) -> None:
        """Take in everything that is new and merge what is due, now."""
        with self._settling:
            more = True
            while more:
                with self._taking:
                    more = self._take_in(None)
                if not more or sum(s.letters for s in self._manifest.segments if not s.table) > _MUCH_LETTERS:
                    self._merge()

    def problems(self) -> list[str]:
        """Return what is missing of the texts of the catalog, as `check_sequences` does."""
        return _missing(self._catalog, self._manifest)

    def _run(self) -> None:
        pause = 0.0
        self._compare()
        while not self._stop.wait(pause):
            try:
                self.settle()
                pause = _INTERVAL_S
            except (OSError, SynhubError) as error:  # e.g. a full disk, or the server going down
                logger.warning("the sequence index could not be brought up to date, it is tried again: %s", error)
                pause = _RETRY_S
            except Exception:  # the thread must live
                logger.exception("the sequence index could not be brought up to date, it is tried again")
                pause = _RETRY_S

    def _compare(self) -> None:
        """Find the texts of the catalog that the index lacks: all of them where its folder was gone."""
        for digests in catalog_pending.all_digests(self._catalog.database):
            if self._stop.is_set():
                return
            missing = self._manifest.missing(digests)
            if missing:
                catalog_pending.remember_pending(self._catalog.database, missing)

    def _take_in(self, most: int | None) -> bool:
        """Write segments of what is new; return whether there may be more. One thread at a time."""
        done: list[bytes] = []
        texts = self._new_texts(most, done)
        entries: dict[str, list[tuple[bytes, bytes]]] = {}
        letters = 0
        for alphabet, digest, residues in texts:
            entries.setdefault(alphabet, []).append((digest, residues))
            letters += len(residues)
            if letters > _SEGMENT_LETTERS or self._stop.is_set():
                break
        come = [
            write_segment(self._manifest.folder, self._manifest.next_name(), alphabet, found)
            for alphabet, found in sorted(entries.items())
        ]
        if come:
            self._manifest.replace((), come)
        if done:
            catalog_pending.forget_pending(self._catalog.database, done)
        return bool(done) and most is None and not self._stop.is_set()

    def _new_texts(self, most: int | None, done: list[bytes]) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield (alphabet, digest, folded residues) of new texts, by digest; `done` lists what was looked at."""
        database = self._catalog.database
        last, left = b"", most
        while left is None or left > 0:
            batch = catalog_pending.pending(database, last, _READ if left is None else min(_READ, left))
            if not batch:
                return
            last = batch[-1].digest
            left = None if left is None else left - len(batch)
            missing = frozenset(self._manifest.missing([one.digest for one in batch]))
            texts = self._read([one for one in batch if one.digest in missing])
            for one in batch:
                found = texts.get(one.digest)
                if found is not None:
                    yield found[0], one.digest, found[1]
                done.append(one.digest)

    def _read(self, wanted: Sequence[catalog_pending.Pending]) -> dict[bytes, tuple[str, bytes]]:
        """Read texts from the store; those that are not there any more are missing from the result."""
        by_graph: dict[Iri, list[Iri]] = {}
        for one in wanted:
            if one.sequence is not None and one.graph is not None:
                by_graph.setdefault(one.graph, []).append(one.sequence)
        digests = {one.digest for one in wanted}
        found: dict[bytes, tuple[str, bytes]] = {}
        for graph, sequences in by_graph.items():
            query = template.bind("sequence_elements", sequences=[iri_term(iri) for iri in sequences])
            for _, elements, encoding in self._store.select(query, Dataset((graph,))):
                assert elements is not None
                text = text_of(elements)
                digest = elements_digest(text)
                if digest in digests and found.get(digest, (OTHER, b""))[0] != "nucleotide":
                    found[digest] = indexed_text(text, encoding)
        return found

    # --- merging -----------------------------------------------------------------------------------------------------

    def _merge(self) -> None:
        for alphabet in ("nucleotide", "protein"):
            segments = [s for s in self._manifest.segments if s.alphabet == alphabet]
            due = segments_to_merge(segments)
            if due and not self._stop.is_set():
                self._merge_these(due)

    def _merge_these(self, old: Sequence[Facts]) -> None:
        started_s = time.monotonic()
        argument = {
            "folder": str(self._manifest.folder),
            "catalog": str(self._catalog.database.path),
            "name": self._manifest.next_name(),
            "old": [asdict(facts) for facts in old],
        }
        try:
            answer = self._build.call("sequence_merge", argument, _MERGE_S)
        except ChildDied as error:
            raise OSError(f"merging ended early: {error.detail}") from error
        with self._taking:
            self._manifest.replace([facts.name for facts in old], [Facts(**answer["facts"])])
            # one may have come again after the child had left it out
            catalog_pending.remember_pending(
                self._catalog.database, [bytes.fromhex(digest) for digest in answer["dropped"]]
            )
        logger.info(
            "merged %d segments of the sequence index: %d sequences in %.1f s",
            len(old), answer["facts"]["sequences"], time.monotonic() - started_s,
        )  # fmt: skip


def check_sequences(folder: Path, catalog: Catalog) -> list[str]:
    """Return what is wrong with the index of a stopped server; an absent one is not, the next start builds it."""
    if read_manifest(folder) is None:
        return []
    with closing(Manifest(folder)) as manifest:
        return damage(folder) + _missing(catalog, manifest)


def _missing(catalog: Catalog, manifest: Manifest) -> list[str]:
    """Say how many texts of the catalog are neither in the index nor noted as new."""
    lost = 0
    for digests in catalog_pending.all_digests(catalog.database):
        missing = manifest.missing(digests)
        lost += len(missing) - len(catalog_pending.among_pending(catalog.database, missing))
    return [f"{lost} sequences are missing in the sequence index; the next start takes them in"] if lost else []


def indexed_text(text: str, encoding: Term | None) -> tuple[str, bytes]:
    """Return the alphabet and the folded letters of a text of sbol:elements; of no sequence of letters nothing.

    What the encoding says holds; without one the letters decide.
    """
    alphabet = ENCODINGS.get(iri_of(encoding)) if encoding is not None and is_iri(encoding) else alphabet_of(text)
    if alphabet is None:
        return OTHER, b""
    residues = fold_residues(text, alphabet)
    return (alphabet, residues.encode()) if residues.isascii() else (OTHER, b"")


def segments_to_merge(segments: Sequence[Facts]) -> list[Facts]:
    """Return the segments to make one of, if any.

    Small ones without a table are merged when a search would walk through much of them, or they are many; with each
    merge go those that are no larger than what is merged so far. So a sequence is written again a number of times that
    grows with the logarithm of their number.
    """
    small = sorted((s for s in segments if not s.table), key=lambda s: s.letters)
    if len(small) <= _MOST_SMALL and sum(s.letters for s in small) <= _SMALL_LETTERS:
        return []
    chosen, letters = list(small), sum(s.letters for s in small)
    for segment in sorted((s for s in segments if s.table), key=lambda s: s.letters):
        if segment.letters > 2 * letters or letters + segment.letters > _LARGEST:
            break
        chosen.append(segment)
        letters += segment.letters
    return chosen
