"""Uploaded files, and the files inside uploaded archives, one after the other as files on disk.

Runs in a prepare child. What is unpacked lies in the folder of the job, under a number: names of clients and archives
are labels, never paths. Must not read designs; an archive inside an archive is just a file.

Source: OMEX 1.0 (COMBINE archive).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from synhub.errors import DiskFull, InvalidDesign, TooLarge
from synhub.formats.archive import ArchiveLimits, Member, is_office, read_archive, read_gzip, read_member
from synhub.formats.manifest import MANIFEST, Content, names_sbol, read_manifest
from synhub.formats.sniff import HEAD_BYTES, sniff
from synhub.model import Finding, findings_of

ROLE_DESIGN, ROLE_ATTACHMENT, ROLE_ARCHIVE, ROLE_IGNORED = "design", "attachment", "archive", "ignored"


@dataclass(slots=True)
class FileRow:
    """What the report says about one file: its name (the path, when it lay in an archive), what it was taken for, its
    role (design, attachment, archive, ignored), how many top-level objects it gave, what was found about it, whether
    the manifest says to start with it.
    """

    name: str
    format: str = ""
    role: str = ""
    objects: int = 0
    findings: list[Finding] = field(default_factory=list)
    is_master: bool = False

    def as_json(self) -> dict[str, Any]:
        said = {
            "name": self.name,
            "format": self.format,
            "role": self.role,
            "objects": self.objects,
            "findings": len(self.findings),
        }
        return said | {"master": True} if self.is_master else said


@dataclass(frozen=True, slots=True)
class Piece:
    """One file on disk. `name` is the client's, or the path in an archive; files of one `group` may name each other.

    `stated` is what a manifest says about it. `is_office` tells a document of an office program. Digests are '' until
    somebody asks: only those of files to attach matter.
    """

    name: str
    group: int
    is_member: bool
    file: Path
    size: int
    head: bytes
    sha256: str = ""
    sha1: str = ""
    stated: Content | None = None
    is_office: bool = False

    @property
    def base_name(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def claims_sbol(self) -> bool:
        return self.stated is not None and names_sbol(self.stated)


Found = tuple[FileRow, Piece | None]  # None where there is nothing more to do about the file
_UPLOADS = -1  # the group of files that came by themselves


class Unpacker:
    """Goes through the uploads of one request; its limits are those of all of them together."""

    def __init__(self, folder: Path, limits: ArchiveLimits, room_bytes: int | None = None) -> None:
        self._folder = folder
        self._limits = limits
        self._room_bytes = room_bytes
        self._files = 0
        self._entries = 0
        self._bytes = 0

    def files(self, uploads: Sequence[tuple[str, Path]]) -> Iterator[Found]:
        """Yield every file in order; the file of a piece is the caller's to delete.

        Raises TooLarge, and DiskFull when there is no room to unpack. What is wrong with an archive is among the
        findings of its row.
        """
        for group, ((name, path), label) in enumerate(zip(uploads, _labels([n for n, _ in uploads]), strict=True)):
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
                syntax = sniff(head, name)
                try:
                    if syntax == "zip":
                        yield from self._archive(file, path, name, label, group, alone=len(uploads) == 1)
                    elif syntax == "gzip":
                        yield self._gzip(file, name, label)
                    else:
                        size = file.seek(0, 2)
                        yield FileRow(label), Piece(name, _UPLOADS, False, path, size, head)
                except InvalidDesign as error:
                    kind = "gzip" if syntax == "gzip" else "ZIP archive"
                    yield FileRow(label, kind, ROLE_ARCHIVE, findings=findings_of(error)), None

    # --- archives -----------------------------------------------------------------------------------------------------

    def _archive(
        self, file: BinaryIO, path: Path, name: str, label: str, group: int, *, alone: bool
    ) -> Iterator[Found]:
        listing = read_archive(file, self._limits)
        members = listing.members
        if is_office(file, members):
            file.seek(0)
            head = file.read(HEAD_BYTES)
            piece = Piece(name, _UPLOADS, False, path, file.seek(0, 2), head, is_office=True)
            yield FileRow(label), piece
            return
        self._claim(sum(member.size for member in members), len(members))
        before = "" if alone else f"{label}/"
        row, contents = self._manifest(file, members)
        is_combine = contents is not None
        kind = "COMBINE archive" if is_combine else "ZIP archive"
        stated = {content.location: content for content in contents or ()}
        missing = [_missing(location) for location in stated if location not in {m.name for m in members}]
        yield FileRow(label, kind, ROLE_ARCHIVE, findings=missing), None
        if row is not None:
            yield FileRow(before + row.name, row.format, row.role, findings=row.findings), None
        for ignored in listing.ignored:
            yield FileRow(before + ignored, "", ROLE_IGNORED), None
        for member in members:
            if row is None or member.name != MANIFEST:
                yield self._member(file, member, before + member.name, group, stated)

    @staticmethod
    def _manifest(file: BinaryIO, members: Iterable[Member]) -> tuple[FileRow | None, list[Content] | None]:
        """Return the row of the manifest, None when there is none, and what it lists."""
        member = next((member for member in members if member.name == MANIFEST), None)
        if member is None:
            return None, None
        try:
            contents = read_manifest(b"".join(read_member(file, member)))
        except InvalidDesign as error:
            return FileRow(MANIFEST, "COMBINE manifest", ROLE_IGNORED, findings=findings_of(error)), None
        return (None if contents is None else FileRow(MANIFEST, "COMBINE manifest", ROLE_IGNORED)), contents

    def _member(self, file: BinaryIO, member: Member, label: str, group: int, stated: Mapping[str, Content]) -> Found:
        try:
            target, head, size = self._write(read_member(file, member))
        except InvalidDesign as error:
            return FileRow(label, findings=findings_of(error)), None
        content = stated.get(member.name)
        row = FileRow(label, is_master=content is not None and content.is_master)
        return row, Piece(member.name, group, True, target, size, head, stated=content)

    def _gzip(self, file: BinaryIO, name: str, label: str) -> Found:
        target, head, size = self._write(read_gzip(file, self._limits), self._claim)
        inner = name[:-3] if name.lower().endswith(".gz") else name
        return FileRow(label), Piece(inner, _UPLOADS, False, target, size, head)

    # --- files --------------------------------------------------------------------------------------------------------

    def _claim(self, count_bytes: int, entries: int = 0) -> None:
        """Count what is unpacked. Raises TooLarge, DiskFull."""
        self._bytes += count_bytes
        self._entries += entries
        if self._bytes > self._limits.unpacked_bytes:
            most = self._limits.unpacked_bytes
            raise TooLarge(f"the files of this upload unpack to more than {most} bytes: send them in parts")
        if self._entries > self._limits.entries:
            most = self._limits.entries
            raise TooLarge(f"the archives of this upload hold more than {most} files: send them in parts")
        if self._room_bytes is not None and self._bytes > self._room_bytes:
            raise DiskFull("the disk of the server has no room to unpack the upload; nothing was changed")

    def _write(self, pieces: Iterable[bytes], claim: Callable[[int], None] | None = None) -> tuple[Path, bytes, int]:
        """Write a new file; return it with its first bytes and its size. None is left when that fails."""
        self._folder.mkdir(exist_ok=True)
        target = self._folder / str(self._files)
        self._files += 1
        head, size = b"", 0
        try:
            with target.open("xb") as output:
                for piece in pieces:
                    if claim is not None:
                        claim(len(piece))
                    if size < HEAD_BYTES:
                        head += piece[: HEAD_BYTES - size]
                    size += len(piece)
                    output.write(piece)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return target, head, size


def _labels(names: Sequence[str]) -> list[str]:
    """Return one name for each upload; those that came before are numbered: `a.xml (2)`."""
    counts: dict[str, int] = {}
    labels = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        labels.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return labels


def _missing(location: str) -> Finding:
    message = f"{MANIFEST} lists {location!r}, which is not in the archive"
    return Finding("synhub-manifest", "warning", "", message, value=location)
