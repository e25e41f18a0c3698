"""All files of one upload, read and put together as one document.

Decides what each file is: a design, a file to attach, an archive of such, or nothing to keep. Must not check rules
or mint. Runs in a child: one design at a time is in memory as bytes.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from synhub.errors import InvalidDesign, TooLarge
from synhub.formats.archive import ArchiveLimits
from synhub.formats.manifest import MANIFEST
from synhub.formats.omex import METADATA, is_own_metadata
from synhub.formats.reading import NAMESPACE, Options, Reading
from synhub.formats.sniff import Syntax, is_design, sniff
from synhub.model import Finding, findings_of
from synhub.rdf import Term, Triple, iri_of, is_iri, text_of
from synhub.sbol.graph import MAX_TRIPLES, Document
from synhub.sbol.prescan import Limits
from synhub.submit.attached import Design, attach, format_of
from synhub.submit.prepared import AttachedFile
from synhub.submit.readers import NAMES, read_file
from synhub.submit.unpack import ROLE_ATTACHMENT, ROLE_DESIGN, ROLE_IGNORED, FileRow, Piece, Unpacker
from synhub.vocab import STAMPS

_CHUNK_BYTES = 1 << 20
# Of one object: the server plans object by object, and takes 2 kB for each statement of one.
MAX_OBJECT_TRIPLES = 500_000
_RDF: frozenset[Syntax] = frozenset({"rdfxml", "turtle", "ntriples", "jsonld"})
# A file of an archive that is called so must be readable; any other that begins like a design may be anything.
_ENDINGS = (
    *(".xml", ".rdf", ".sbol", ".sbol2", ".sbol3", ".ttl", ".nt", ".jsonld", ".json"),
    *(".gb", ".gbk", ".gbff", ".genbank", ".ape", ".gff", ".gff3"),
    *(".fa", ".fas", ".fasta", ".fna", ".ffn", ".faa", ".frn", ".fsa", ".mpfa"),
)

Content = frozenset[tuple[Term, Term]]


@dataclass(frozen=True, slots=True)
class Gathered:
    """`designs` is what all designs say, which is what rules are about; `document` has the Attachments made of other
    files too. `rows` tell of every file.

    `files` are the bytes of Attachments. They lie where they were unpacked to, and are not synced.
    """

    designs: Document
    document: Document
    rows: list[FileRow]
    files: list[AttachedFile]
    _row_of: dict[Term, FileRow] = field(default_factory=dict)

    def blame(self, findings: Iterable[Finding]) -> None:
        """Put findings about the document under the files that they come from; of none in particular, the first."""
        for finding in findings:
            term = Term(f"<{finding.subject}>")
            row = self._row_of.get(term) or next((r for r in self.rows if r.role == ROLE_DESIGN), None)
            if row is None:
                row = self.rows[0] if self.rows else None
            if row is not None:
                row.findings.append(finding)

    @property
    def findings(self) -> list[Finding]:
        """All findings, file by file; they name it where there are several."""
        if len(self.rows) == 1:
            return list(self.rows[0].findings)
        return [f if f.file else replace(f, file=row.name) for row in self.rows for f in row.findings]

    def files_as_json(self) -> list[dict[str, Any]]:
        return [row.as_json() for row in self.rows]


def gather(
    uploads: Sequence[tuple[str, Path]],
    folder: Path,
    limits: Limits,
    *,
    sequence_only: bool = False,
    archive_limits: ArchiveLimits | None = None,
    room_bytes: int | None = None,
) -> Gathered:
    """Read uploads (the client's name, where it lies); `folder` is for what is unpacked, `room_bytes` what it may take.

    What keeps a file from being read is among the findings of its row. Raises TooLarge, DiskFull.
    """
    count = 0
    reader = _Reader(limits, sequence_only)
    rows: list[FileRow] = []
    designs: list[tuple[FileRow, Design]] = []
    attached: list[Piece] = []
    for row, piece in Unpacker(folder, archive_limits or ArchiveLimits(), room_bytes).files(uploads):
        rows.append(row)
        if piece is None:
            continue
        if _is_own_metadata(piece):
            row.format, row.role = "metadata of an archive that synhub made", ROLE_IGNORED
            piece.file.unlink()
            continue
        reading = reader.read(row, piece)
        if reading is None:
            if piece.claims_sbol:
                piece = replace(piece, stated=None)
            attached.append(_with_digests(piece))
            row.format, row.role = format_of(piece), ROLE_ATTACHMENT
            continue
        row.format, row.role = reading.format, ROLE_DESIGN
        count += len(reading.triples)
        if count > MAX_TRIPLES:
            raise TooLarge(f"{row.name}: the designs hold more than {MAX_TRIPLES} statements; send them in parts")
        row.findings += reading.findings
        designs.append((row, Design(piece.name, piece.group, reading.triples)))
        if piece.file.parent == folder:
            piece.file.unlink()
    attaching = attach([design for _, design in designs], attached)
    row_of: dict[Term, FileRow] = {}
    for (row, _), triples, findings in zip(designs, attaching.designs, attaching.findings, strict=True):
        row.findings += findings
        for s, _, _ in triples:
            row_of.setdefault(s, row)
    said = dict.fromkeys(t for triples in attaching.designs for t in triples)
    alone = Document.of(said)
    document = Document.of(said | dict.fromkeys(attaching.made)) if attaching.made else alone
    if count > MAX_OBJECT_TRIPLES:
        _check_objects(document)
    for top in document.top_levels:
        if top in row_of:
            row_of[top].objects += 1
    return Gathered(alone, document, rows, attaching.files, row_of)


def _check_objects(document: Document) -> None:
    """Raise TooLarge when an object and its children are more than the server may have in memory."""
    for top in document.top_levels:
        size = sum(len(values) for s in document.subtree(top) for values in document.subjects[s].values())
        if size > MAX_OBJECT_TRIPLES:
            raise TooLarge(f"{text_of(top)} has {size} statements; an object may have at most {MAX_OBJECT_TRIPLES}")


class _Reader:
    """Reads designs, and keeps in mind what each subject is so that no two files say different things about it."""

    def __init__(self, limits: Limits, sequence_only: bool) -> None:
        self._limits = limits
        self._sequence_only = sequence_only
        self._first: tuple[str, Reading] | None = None
        self._known: dict[Term, tuple[str, Content]] = {}
        self._count = 0

    def read(self, row: FileRow, piece: Piece) -> Reading | None:
        """Return what a file says; None for one that is to be attached."""
        if piece.is_office:
            return None
        syntax = sniff(piece.head, piece.base_name)
        if not piece.is_member:
            return self._distinct(self._read(syntax, piece, row.name, NAMESPACE), syntax, piece, row.name)
        is_called_design = piece.name.lower().endswith(_ENDINGS)
        if not is_design(syntax, piece.head) and not (piece.claims_sbol and (is_called_design or syntax in _RDF)):
            if reason := _not_read(syntax, piece):
                row.findings.append(_attached_as_is(reason))
            return None
        reading = self._read(syntax, piece, row.name, NAMESPACE)
        errors = [finding for finding in reading.findings if finding.severity == "error"]
        if errors and not (reading.triples or is_called_design or piece.claims_sbol):
            row.findings.append(_attached_as_is(f"it begins like {NAMES[syntax]} and is none ({errors[0].message})"))
            return None
        return self._distinct(reading, syntax, piece, row.name)

    def _read(self, syntax: Syntax, piece: Piece, label: str, namespace: str) -> Reading:
        options = Options(piece.name, namespace, self._sequence_only)
        try:
            return read_file(syntax, piece.file.read_bytes(), options, self._limits)
        except InvalidDesign as error:
            return Reading(NAMES.get(syntax, syntax), [], findings_of(error))
        except TooLarge as error:
            if not piece.is_member:
                raise
            raise TooLarge(f"{label}: {error.message}") from error

    def _distinct(self, reading: Reading, syntax: Syntax, piece: Piece, label: str) -> Reading:
        """Keep apart objects of formats without IRIs that have one name; report what else contradicts other files."""
        self._count += 1
        if self._first is None:
            self._first = (label, reading)
            return reading
        if not self._known:
            first, read = self._first
            self._known = {s: (first, content) for s, content in _contents(read.triples).items()}
        contents = _contents(reading.triples)
        if any(s.startswith("<" + NAMESPACE) for s, _ in self._clashes(contents)):
            reading = self._read(syntax, piece, label, f"{NAMESPACE}{self._count}/")
            contents = _contents(reading.triples)
        findings = [_contradiction(s, other, label) for s, other in self._clashes(contents)]
        for s, content in contents.items():
            self._known.setdefault(s, (label, content))
        # Nothing is taken from a file that contradicts another: rules broken by both together would be noise.
        return replace(reading, triples=[], findings=[*reading.findings, *findings]) if findings else reading

    def _clashes(self, contents: dict[Term, Content]) -> list[tuple[Term, str]]:
        """The subjects of which an earlier file says something else, each with that file."""
        known = self._known
        return [(s, known[s][0]) for s, content in contents.items() if s in known and known[s][1] != content]


def _contents(triples: Iterable[Triple]) -> dict[Term, Content]:
    said: dict[Term, set[tuple[Term, Term]]] = {}
    for s, p, o in triples:
        if p not in STAMPS:
            said.setdefault(s, set()).add((p, o))
    return {s: frozenset(content) for s, content in said.items()}


def _contradiction(subject: Term, first: str, second: str) -> Finding:
    iri = iri_of(subject) if is_iri(subject) else text_of(subject)
    message = f"the files {first!r} and {second!r} say different things about one object: {iri}"
    return Finding("sbol-10202", "error", iri, message)


def _is_own_metadata(piece: Piece) -> bool:
    if not piece.is_member or piece.name != METADATA:
        return False
    with piece.file.open("rb") as file:
        return is_own_metadata(file)


def _not_read(syntax: Syntax, piece: Piece) -> str:
    """Say why a file is not read that somebody may have taken for a design; '' for any other."""
    if syntax == "snapgene":
        return "a SnapGene file is not read; to have its parts here, export it as GenBank"
    return f"{MANIFEST} calls it SBOL, and it is none" if piece.claims_sbol else ""


def _attached_as_is(reason: str) -> Finding:
    return Finding("synhub-format", "warning", "", f"{reason}; it is attached as it is")


def _with_digests(piece: Piece) -> Piece:
    """Hash a file that is attached."""
    sha256, sha1 = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
    with piece.file.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            sha256.update(chunk)
            sha1.update(chunk)
    return replace(piece, sha256=sha256.hexdigest(), sha1=sha1.hexdigest())
