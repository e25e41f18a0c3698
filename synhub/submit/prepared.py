"""What preparing an upload results in, and the file in which it travels from the child to the writer.

The file is UTF-8 text: one JSON header line, then one JSON line per top level, so that a big upload is
planned object by object. Triples are N-Triples inside a JSON string. Knows no rules: mint.py decides.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from synhub.errors import Inconsistent
from synhub.json_text import write_json
from synhub.model import Finding
from synhub.rdf import Iri, Triple, read_ntriples, write_ntriples

FORMAT = 2

Origin = Literal["foreign", "inside", "elsewhere"]


@dataclass(frozen=True, slots=True)
class PreparedObject:
    """One top level with its children and nested annotations, in minted IRIs.

    `triples` hold neither stamps (sbh:ownedBy, sbh:topLevel) nor the citations of the form. `identified` are
    the minted subjects that get both stamps, `nested` those (nested annotations, former blank nodes) that get
    sbh:topLevel only.

    `origin` tells where the original IRI lies: "inside" the target namespace (then minted == original unless
    the IRI was not well-formed there), "elsewhere" in this registry, or "foreign". Only for "elsewhere":
    `original_triples` is the object in its original IRIs, without stamps, and `renames` maps every minted
    subject and persistent identity of the object to its original.
    """

    original: Iri
    minted: Iri
    persistent_identity: Iri
    type: Iri
    origin: Origin
    triples: list[Triple]
    identified: list[Iri]
    nested: list[Iri]
    original_triples: list[Triple] = field(default_factory=list)
    renames: dict[Iri, Iri] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """Bytes that came along: they belong to the Attachment of the upload with the IRI `original`.

    They lie at `path`, synced, and have the SHA-256 `digest`. `is_new` says that the Attachment was made for the file,
    which nothing in the designs speaks of.
    """

    original: Iri
    path: str
    name: str
    size: int
    digest: str
    media_type: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """A whole upload after validating and minting. `objects` are ordered by original IRI.

    `uploaded` says of every file what it was taken for, as the report has it.
    """

    objects: list[PreparedObject] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    files: list[AttachedFile] = field(default_factory=list)
    uploaded: list[dict[str, Any]] = field(default_factory=list)

    @property
    def triples(self) -> int:
        """Number of minted triples, without stamps."""
        return sum(len(item.triples) for item in self.objects)

    @property
    def minted_pairs(self) -> dict[Iri, Iri]:
        """Original -> minted IRI of every top level, for the report."""
        return {item.original: item.minted for item in self.objects}


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of the file: how many objects and triples, findings, top levels original -> minted, files."""

    objects: int
    triples: int
    findings: list[Finding]
    minted_pairs: dict[Iri, Iri]
    files: list[AttachedFile]
    uploaded: list[dict[str, Any]]


def write_prepared(path: Path, prepared: Prepared) -> None:
    """Write the file. Not synced: it can be made again from the upload."""
    with path.open("wb") as file:
        file.write(_line(_header_json(prepared)))
        for item in prepared.objects:
            file.write(_line(_object_json(item)))


def read_header(path: Path) -> Header:
    """Read the first line. Raises Inconsistent for a file of another format."""
    with path.open("rb") as file:
        return _read_header(path, file.readline())


def read_objects(path: Path) -> Iterator[PreparedObject]:
    """Yield the top levels one by one.

    Raises Inconsistent for a file of another format, and at the end when objects are missing.
    """
    with path.open("rb") as file:
        header = _read_header(path, file.readline())
        count = 0
        for line in file:
            yield _read_object(json.loads(line))
            count += 1
    if count != header.objects:
        raise Inconsistent(f"{path} holds {count} of {header.objects} objects")


def _line(value: dict[str, Any]) -> bytes:
    return write_json(value).encode() + b"\n"


def _header_json(prepared: Prepared) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "objects": len(prepared.objects),
        "triples": prepared.triples,
        "findings": [finding.as_json() for finding in prepared.findings],
        "minted_pairs": prepared.minted_pairs,
        "files": [asdict(file) for file in prepared.files],
        "uploaded": prepared.uploaded,
    }


def _read_header(path: Path, line: bytes) -> Header:
    value = json.loads(line) if line else {}
    if value.get("format") != FORMAT:
        raise Inconsistent(f"{path} is not a prepared upload of format {FORMAT}")
    findings = [Finding.from_json(f) for f in value["findings"]]
    files = [AttachedFile(**file) for file in value["files"]]
    return Header(value["objects"], value["triples"], findings, value["minted_pairs"], files, value["uploaded"])


def _object_json(item: PreparedObject) -> dict[str, Any]:
    return {
        "original": item.original,
        "minted": item.minted,
        "persistent_identity": item.persistent_identity,
        "type": item.type,
        "origin": item.origin,
        "triples": write_ntriples(item.triples).decode(),
        "identified": item.identified,
        "nested": item.nested,
        "original_triples": write_ntriples(item.original_triples).decode(),
        "renames": item.renames,
    }


def _read_object(value: dict[str, Any]) -> PreparedObject:
    return PreparedObject(
        original=value["original"],
        minted=value["minted"],
        persistent_identity=value["persistent_identity"],
        type=value["type"],
        origin=value["origin"],
        triples=read_ntriples(value["triples"].encode()),
        identified=value["identified"],
        nested=value["nested"],
        original_triples=read_ntriples(value["original_triples"].encode()),
        renames=value["renames"],
    )
