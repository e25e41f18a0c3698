"""Archives: the bytes of the files in a ZIP archive or a gzip file, counted, and COMBINE archives written as a stream.

Works on file objects and never makes a file. Must not decide what a member is.

Source: RFC 1951; RFC 1952; OMEX 1.0 (COMBINE archive).
"""

import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from synhub.errors import TooLarge
from synhub.formats.manifest import MANIFEST, Content, write_manifest
from synhub.formats.zip_directory import DEFAULT_LIMITS, ArchiveLimits, Listing, Member, read_archive, refused
from synhub.rdf import Iri
from synhub.vocab import COMBINE

__all__ = [
    "ArchiveLimits", "Listing", "Member", "is_office", "read_archive", "read_gzip", "read_member", "write_omex"
]  # fmt: skip

CHUNK_BYTES = 1 << 18

# Office programs write ZIP files, which are one document to whoever sends them: what is always in them.
_OFFICE_TYPES = "[Content_Types].xml"
_OFFICE_FOLDERS = ("word/", "xl/", "ppt/", "visio/")
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."


def read_member(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """Yield the bytes of a file of an archive, never more than it declared.

    Raises InvalidDesign when the bytes are not what the archive says about them.
    """
    damaged = refused(f"{member.name!r} is damaged in the archive; make it again", member.name)
    crc = count = 0
    file.seek(member.data_offset)
    try:
        for piece in _unpacked(file, member):
            count += len(piece)
            if count > member.size:
                raise damaged
            crc = zlib.crc32(piece, crc)
            yield piece
    except zlib.error as error:
        raise damaged from error
    if count != member.size or crc != member.crc:
        raise damaged


def _unpacked(file: BinaryIO, member: Member) -> Iterator[bytes]:
    """The position of the file belongs to this generator until it ends."""
    left = member.packed_size
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if member.method else None
    while left and (piece := file.read(min(left, CHUNK_BYTES))):
        left -= len(piece)
        if unpacker is None:
            yield piece
            continue
        while piece and not unpacker.eof:
            yield unpacker.decompress(piece, CHUNK_BYTES)
            piece = unpacker.unconsumed_tail
        if unpacker.eof:
            break
    if left or (unpacker is not None and (not unpacker.eof or unpacker.unused_data)):
        raise zlib.error


def read_gzip(file: BinaryIO, limits: ArchiveLimits = DEFAULT_LIMITS) -> Iterator[bytes]:
    """Yield the bytes of a gzip file of one or more members.

    Raises InvalidDesign for a damaged one or one that something follows, TooLarge.
    """
    file_size = file.seek(0, 2)
    most = min(limits.unpacked_bytes, max(limits.ratio * file_size, limits.ratio_from_bytes))
    file.seek(0)
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    count = 0
    members = 1
    rest = b""
    while rest or (rest := file.read(CHUNK_BYTES)):
        if unpacker.eof:
            members += 1
            if members > limits.gzip_members:
                raise TooLarge(f"the gzip file has more than {limits.gzip_members} members: pack it as one")
            unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            piece = unpacker.decompress(rest, CHUNK_BYTES)
        except zlib.error as error:
            raise refused("the gzip file is damaged, or something follows it; pack it again") from error
        rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        count += len(piece)
        if count > most:
            raise TooLarge(_gzip_limit(count, most, limits))
        yield piece
    if not unpacker.eof:
        raise refused("the gzip file is cut off; send it again")


def _gzip_limit(count: int, most: int, limits: ArchiveLimits) -> str:
    if most == limits.unpacked_bytes:
        return f"the gzip file unpacks to more than {most} bytes, which are the most that are read: send it in parts"
    return (
        f"the gzip file unpacks to more than {limits.ratio} times its size; above {limits.ratio_from_bytes} bytes that"
        " is not read: send the file not packed"
    )


def is_office(file: BinaryIO, members: Sequence[Member]) -> bool:
    """Say whether an archive is a document of an office program: one file to whoever sends it."""
    names = {member.name for member in members}
    if _OFFICE_TYPES in names and any(name.startswith(_OFFICE_FOLDERS) for name in names):
        return True
    kind = next((member for member in members[:1] if member.name == "mimetype" and member.size < 200), None)
    return kind is not None and b"".join(read_member(file, kind)).startswith(_OPEN_DOCUMENT)


# --- writing ----------------------------------------------------------------------------------------------------------


class _Pipe:
    """A file that `zipfile` writes to and whose bytes are taken away as they come."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing to let go."""

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def write_omex(members: Iterable[tuple[str, Iri, bool, Iterable[bytes]]]) -> Iterator[bytes]:
    """Yield a COMBINE archive: the manifest, then the members in their order.

    A member is its location (relative, as `designs/sbol.rdf`), the IRI of its format, whether it is the master, and
    its bytes, which are asked for when their turn comes. The same members always give the same bytes.
    Source: OMEX 1.0, section 'The manifest'.
    """
    given = list(members)
    contents = [Content(".", COMBINE.omex, False), Content(MANIFEST, COMBINE.omex_manifest, False)]
    contents += [Content(location, kind, is_master) for location, kind, is_master, _ in given]
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for location, data in [(MANIFEST, [write_manifest(contents)]), *((m[0], m[3]) for m in given)]:
            entry = zipfile.ZipInfo(location)  # of 1980, as no clock is asked
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            with archive.open(entry, "w", force_zip64=True) as output:
                for piece in data:
                    output.write(piece)
                    if packed := pipe.take():
                        yield packed
    yield pipe.take()
