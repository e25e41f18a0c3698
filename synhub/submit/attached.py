"""Files of an archive that are no designs: the Attachments they become, and what in the designs already means them.

Pure: works on triples and on what is known about the files. Where the bytes end up is decided when all is stored.

Source: SBOL 2.3.0, section 'Attachment'; SynBioHub, attachments of archive members.
"""

import re
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from synhub.formats.media_type import media_type_of
from synhub.formats.reading import NAMESPACE
from synhub.identity import display_id_from
from synhub.model import Finding
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, is_iri, literal_term, text_of
from synhub.sbol.graph import RELATIVE
from synhub.submit.naming import Taken
from synhub.submit.prepared import AttachedFile
from synhub.submit.unpack import Piece
from synhub.vocab import COMBINE, DCTERMS, MEDIA_TYPES, RDF, SBH, SBOL2

FILES_NAMESPACE = NAMESPACE + "files/"  # where the Attachments made here lie until they are minted
VERSION = "1"
RULE = "synhub-source"

_TYPE = (iri_term(RDF.type), iri_term(SBOL2.Attachment))
_SOURCE, _HASH, _SIZE, _FORMAT = (
    iri_term(p) for p in (SBOL2.source, SBOL2.hash, SBOL2.size, SBOL2.format)
)  # fmt: skip
_PATH = iri_term(SBH.archivePath)
_FILE = re.compile(r"<file:/{0,3}", re.IGNORECASE)
_ROOTS = {"sbml": COMBINE.sbml, "sedML": COMBINE.sedml}
_ROOT = re.compile(rb"<(?:[\w.\-]+:)?(sbml|sedML)[\s/>]")
_ROOT_REACH = 4_096  # bytes: the XML declaration and a comment come before the root element


@dataclass(frozen=True, slots=True)
class Design:
    """A design that has been read: its path in its archive and its group, as of its Piece, and its triples."""

    name: str
    group: int
    triples: list[Triple]


@dataclass(frozen=True, slots=True)
class Attaching:
    """The triples of each design after the files have been found in them; what is said here of Attachments, those made
    here above all.
    """

    designs: list[list[Triple]]
    made: list[Triple]
    files: list[AttachedFile]
    findings: list[list[Finding]]  # of each design


def attach(designs: Sequence[Design], pieces: Sequence[Piece]) -> Attaching:
    """Make Attachments of files, less those that an Attachment of a design is already.

    Such a one names the file by a relative or `file:` sbol:source (from its own folder, from the top of the archive, or
    by a base name that only one file has), or has its SHA-1 as sbol:hash. Other properties that name a file, such as
    the sbol:source of a Model, refer to its Attachment afterwards.
    """
    finder = _Finder(pieces)
    claims = [_claims(design, finder) for design in designs]
    taken: dict[int, Iri] = {}
    for claimed in claims:
        for subject, number in claimed.items():
            taken.setdefault(number, iri_of(subject))
    free = [number for number in range(len(pieces)) if number not in taken]
    names = _display_ids([pieces[number] for number in free])
    new = {number: Iri(f"{FILES_NAMESPACE}{name}/{VERSION}") for number, name in zip(free, names, strict=True)}
    iris = taken | new
    made = [t for number, name in zip(free, names, strict=True) for t in _triples(pieces[number], new[number], name)]
    files = [_attached(pieces[number], iri, is_new=True) for number, iri in new.items()]
    for design, claimed in zip(designs, claims, strict=True):
        made += _formats(design, claimed, pieces)
        lay = _lay(design, claimed)
        files += [
            _attached(pieces[number], iri_of(subject), is_new=False, path=lay.get(subject))
            for subject, number in claimed.items()
        ]
    changed = [_linked(d, c, pieces, iris, finder) for d, c in zip(designs, claims, strict=True)]
    return Attaching([t for t, _ in changed], made, files, [f for _, f in changed])


# --- which file is meant ----------------------------------------------------------------------------------------------


class _Finder:
    """Finds files of a group by what a design calls them."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self._paths = {(piece.group, piece.name): number for number, piece in enumerate(pieces)}
        self._digests: dict[tuple[int, str], list[int]] = {}
        for number, piece in enumerate(pieces):
            self._digests.setdefault((piece.group, piece.sha1), []).append(number)
        bases = Counter((piece.group, piece.base_name) for piece in pieces)
        self._bases = {
            (piece.group, piece.base_name): number
            for number, piece in enumerate(pieces)
            if bases[piece.group, piece.base_name] == 1
        }

    def by_name(self, name: str, design: Design) -> int | None:
        path = "/".join(part for part in name.split("/") if part not in ("", ".", ".."))
        folder = design.name.rpartition("/")[0]
        near = f"{folder}/{path}" if folder else path
        for candidate in ((design.group, near), (design.group, path)):
            if candidate in self._paths:
                return self._paths[candidate]
        return self._bases.get((design.group, path.rpartition("/")[2]))

    def by_hash(self, hashes: Mapping[Term, str], paths: Mapping[Term, str], design: Design) -> dict[Term, int]:
        """Give each Attachment one of the files with its SHA-1: the one where it lay, else one that no other has."""
        alike = {sha1: self._digests.get((design.group, sha1), []) for sha1 in set(hashes.values())}
        lain = {s: self._paths.get((design.group, paths[s])) for s in hashes if s in paths}
        found = {s: n for s, n in lain.items() if n is not None and self._pieces[n].sha1 == hashes[s]}
        taken = set(found.values())
        free = {sha1: [n for n in reversed(numbers) if n not in taken] for sha1, numbers in alike.items()}
        for s, sha1 in hashes.items():
            if s not in found and alike[sha1]:
                found[s] = free[sha1].pop() if free[sha1] else alike[sha1][0]
        return found


def _file_name(value: Term) -> str | None:
    """Return what a relative or `file:` reference names, None for any other value."""
    if value.startswith("<" + RELATIVE):
        return unquote(value[1 + len(RELATIVE) : -1])
    match = _FILE.match(value)
    return unquote(value[match.end() : -1]) if match else None


def _claims(design: Design, finder: _Finder) -> dict[Term, int]:
    """Map the Attachments of a design to the files that they are."""
    attachments = {s for s, p, o in design.triples if (p, o) == _TYPE}
    if not attachments:
        return {}
    named: dict[Term, int] = {}
    hashes: dict[Term, str] = {}
    for s, p, o in design.triples:
        if s not in attachments:
            continue
        if p == _SOURCE and (name := _file_name(o)) is not None:
            number = finder.by_name(name, design)
            if number is not None:
                named[s] = number
        elif p == _HASH and not is_iri(o):
            hashes[s] = text_of(o).strip().lower()
    return finder.by_hash(hashes, _lay(design, hashes), design) | named


def _lay(design: Design, attachments: Container[Term]) -> dict[Term, str]:
    """Return where the files of some Attachments lay in the archive that they came in first."""
    return {s: text_of(o) for s, p, o in design.triples if p == _PATH and s in attachments and not is_iri(o)}


def _linked(
    design: Design, claimed: Mapping[Term, int], pieces: Sequence[Piece], iris: Mapping[int, Iri], finder: _Finder
) -> tuple[list[Triple], list[Finding]]:
    """Let claimed Attachments say what their file is, and other references to files refer to Attachments."""
    if not claimed and not any(_file_name(o) is not None for _, _, o in design.triples if o[0] == "<"):
        return design.triples, []
    triples: list[Triple] = []
    findings: list[Finding] = []
    for s, p, o in design.triples:
        if s in claimed and p in (_SOURCE, _HASH, _SIZE):
            if p == _HASH and not is_iri(o) and text_of(o).strip().lower() != pieces[claimed[s]].sha1:
                findings.append(_other_hash(s, text_of(o), pieces[claimed[s]]))
            continue
        name = _file_name(o) if o[0] == "<" else None
        number = finder.by_name(name, design) if name is not None else None
        if number is not None:
            o = iri_term(iris[number])
        elif name is not None and p == _SOURCE:
            message = f"sbol:source names the file {name!r}, which did not come along: send it in the same archive"
            findings.append(Finding(RULE, "warning", text_of(s), message, SBOL2.source, name))
        triples.append((s, p, o))
    for s, number in claimed.items():
        triples += _facts(pieces[number], iri_of(s))
    return list(dict.fromkeys(triples)), findings


def _formats(design: Design, claimed: Mapping[Term, int], pieces: Sequence[Piece]) -> list[Triple]:
    """Return the formats of files whose Attachments say none: no rule is about what the design does not say."""
    said = {s for s, p, _ in design.triples if p == _FORMAT}
    return [(s, _FORMAT, iri_term(format_of(pieces[number]))) for s, number in claimed.items() if s not in said]


def _other_hash(subject: Term, said: str, piece: Piece) -> Finding:
    message = f"sbol:hash says {said[:80]!r}; the file {piece.name!r} has the SHA-1 {piece.sha1}, which is stored"
    return Finding("synhub-hash", "warning", text_of(subject), message, SBOL2.hash, said[:80])


# --- what an Attachment says ------------------------------------------------------------------------------------------


def _display_ids(pieces: Sequence[Piece]) -> list[str]:
    """Name Attachments by the base names of their files; those of one base name by their paths."""
    short = [display_id_from(piece.base_name) or "attachment" for piece in pieces]
    counts = Counter(name.casefold() for name in short)
    taken = Taken()
    names = []
    for number, (piece, name) in enumerate(zip(pieces, short, strict=True)):
        wish = name if counts[name.casefold()] == 1 else display_id_from(piece.name) or name
        owner = str(number)
        names.append(wish if taken.claim(wish, owner) else taken.number(wish, owner))
    return names


def _facts(piece: Piece, iri: Iri) -> list[Triple]:
    """What follows from the bytes, and where they will be found."""
    me = iri_term(iri)
    return [
        (me, _SOURCE, iri_term(Iri(f"{iri}/download"))),
        (me, _HASH, literal_term(piece.sha1)),
        (me, _SIZE, literal_term(str(piece.size))),
    ]


def _triples(piece: Piece, iri: Iri, display_id: str) -> list[Triple]:
    me = iri_term(iri)
    values: list[tuple[Iri, Term]] = [
        (RDF.type, iri_term(SBOL2.Attachment)),
        (SBOL2.persistentIdentity, iri_term(Iri(iri.rpartition("/")[0]))),
        (SBOL2.displayId, literal_term(display_id)),
        (SBOL2.version, literal_term(VERSION)),
        (DCTERMS.title, literal_term(piece.base_name or display_id)),
    ]
    if piece.is_member:
        values.append((SBH.archivePath, literal_term(piece.name)))
    return [*((me, iri_term(p), o) for p, o in values), *_facts(piece, iri), (me, _FORMAT, iri_term(format_of(piece)))]


def format_of(piece: Piece) -> Iri:
    """Return the IRI of a file's format: what its manifest says, the model formats of COMBINE, or its media type."""
    if piece.stated is not None and piece.stated.format:
        return piece.stated.format
    root = _ROOT.search(piece.head[:_ROOT_REACH]) if piece.head.lstrip()[:1] == b"<" else None
    if root:
        return _ROOTS[root[1].decode()]
    return Iri(MEDIA_TYPES.NS + media_type_of(piece.head, piece.base_name).partition(";")[0])


def _attached(piece: Piece, iri: Iri, *, is_new: bool, path: str | None = None) -> AttachedFile:
    """`path` is where it lay before: an archive that synhub writes may have it under another name."""
    media_type = media_type_of(piece.head, piece.base_name)
    name = path.rpartition("/")[2] if path else piece.base_name
    return AttachedFile(iri, str(piece.file), name, piece.size, piece.sha256, media_type, is_new)
