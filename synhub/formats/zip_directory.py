"""The list of files in a ZIP archive, read with suspicion: what is there, and whether it is safe to unpack.

Works on a file object and unpacks nothing: names of members are labels here, never paths.

Read here and not by `zipfile`: that one reads a directory of any size before its caller can say no (100 000 entries
take it 6.5 s), lets entries share bytes (48 kB that unpack to 1 GB; only later releases refuse it) and accepts anything
before the archive.

Source: APPNOTE.TXT 6.3.10, sections 4.3 and 4.4.
"""

import re
import stat
import struct
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

from synhub.errors import InvalidDesign, TooLarge
from synhub.model import Finding

RULE = "synhub-archive"

_END = struct.Struct("<4s4H2LH")  # end of central directory
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")  # central directory header
_LOCAL = struct.Struct("<4s5H3L2H")
_MOST_COMMENT = 65_535
_MOST_ENTRY = 2_000  # bytes of the directory that one entry may take on the average: names, extra fields, comments
_ENCRYPTED = 1 | 1 << 6 | 1 << 13
_UTF_8 = 1 << 11
_METHODS = (0, 8)  # stored, deflate
_WIDE = 0xFFFF_FFFF  # the value is in the ZIP64 extra field
_DRIVE = re.compile(r"[A-Za-z]:")
_MOST_NAME = 1_000  # characters
_SKIPPED = frozenset({"__macosx"})


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """`unpacked_bytes` of all files of one archive together; `ratio` of unpacked to packed bytes, of files above
    `ratio_from_bytes` only: a short text of one letter packs well. `gzip_members` of one gzip file; tools that write
    blocks need one for 64 kB.
    """

    entries: int = 5_000
    unpacked_bytes: int = 1 << 30
    ratio: int = 200
    ratio_from_bytes: int = 1_000_000
    gzip_members: int = 100_000


DEFAULT_LIMITS = ArchiveLimits()


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive. `name` is its path there: NFC, relative, `/` between its parts, nothing hidden in it.

    `size` and `packed_size` are as declared; `data_offset` is where its packed bytes begin.
    """

    name: str
    size: int
    packed_size: int
    method: int
    crc: int
    data_offset: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the list says of one entry: `name` as bytes, where its header is; `member` lacks its `data_offset`."""

    name: bytes
    offset: int
    is_folder: bool
    member: Member


@dataclass(frozen=True, slots=True)
class Listing:
    """`members` in the order of the central directory; `ignored` are the names of what no one means to send."""

    members: list[Member]
    ignored: list[str]


def refused(message: str, member: str = "") -> InvalidDesign:
    """Make the error of an archive that is not read."""
    return Finding(RULE, "error", "", message, value=member).as_error()


def read_archive(file: BinaryIO, limits: ArchiveLimits = DEFAULT_LIMITS) -> Listing:
    """List the files of a ZIP archive, checked against each other and the limits before a byte is unpacked.

    Raises InvalidDesign for what is damaged, encrypted, or would be unsafe to hand on; TooLarge names the limit.
    """
    file_size = file.seek(0, 2)
    count, start, length = _directory(file, file_size)
    if count > limits.entries:
        raise TooLarge(f"the archive has {count} entries; at most {limits.entries} are read")
    if length > limits.entries * _MOST_ENTRY:
        raise TooLarge(f"the list of the archive takes {length} bytes; at most {limits.entries * _MOST_ENTRY} are read")
    file.seek(start)
    directory = file.read(length)
    spans: list[tuple[int, int, str]] = []
    members: list[Member] = []
    ignored: list[str] = []
    position = 0
    at: dict[int, str] = {}
    for _ in range(count):
        entry, position = _read_entry(directory, position)
        other = at.setdefault(entry.offset, entry.member.name)
        if other != entry.member.name:
            raise _overlap(other, entry.member.name)
        member = replace(entry.member, data_offset=_check_local(file, entry, start))
        spans.append((entry.offset, member.data_offset + member.packed_size, member.name))
        if entry.is_folder:
            continue
        if is_skipped(member.name):
            ignored.append(member.name)
        else:
            members.append(member)
    if position != length:
        raise refused(f"the list of the archive does not end after its {count} entries; make the archive again")
    _check_spans(spans, start)
    _check_names(members)
    _check_sizes(members, limits)
    return Listing(members, ignored)


def _directory(file: BinaryIO, file_size: int) -> tuple[int, int, int]:
    """Find the central directory: number of entries, where it starts and its length. It must end the file."""
    reach = min(file_size, _END.size + _MOST_COMMENT)
    file.seek(file_size - reach)
    tail = file.read(reach)
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0 and (
        at + _END.size > reach or at + _END.size + int.from_bytes(tail[at + 20 : at + 22], "little") != reach
    ):
        at = tail.rfind(b"PK\x05\x06", 0, at)
    if at < 0:
        raise refused("the archive is cut off, or something follows it: the end of its list is missing; send it again")
    _, disk, first_disk, here, count, length, start, _ = _END.unpack_from(tail, at)
    end = file_size - reach + at
    if end >= _LOCATOR_64.size:
        file.seek(end - _LOCATOR_64.size)
        signature, _, where, _ = _LOCATOR_64.unpack(file.read(_LOCATOR_64.size))
        if signature == b"PK\x06\x07":
            disk, first_disk, here, count, length, start, end = _directory_64(file, where, end)
    if disk or first_disk or here != count:
        raise refused("the archive is one part of several; send it as one file")
    if start + length != end:
        raise refused("something stands before the archive or inside it; make the archive again")
    return count, start, length


def _directory_64(file: BinaryIO, where: int, end: int) -> tuple[int, int, int, int, int, int, int]:
    if where + _END_64.size + _LOCATOR_64.size != end:
        raise refused("the end of the archive is damaged; make the archive again")
    file.seek(where)
    signature, _, _, _, disk, first_disk, here, count, length, start = _END_64.unpack(file.read(_END_64.size))
    if signature != b"PK\x06\x06":
        raise refused("the end of the archive is damaged; make the archive again")
    return disk, first_disk, here, count, length, start, where


def _read_entry(directory: bytes, at: int) -> tuple[_Entry, int]:
    """Read one entry of the central directory; return it and where the next one begins. Raises InvalidDesign."""
    damaged = refused("the list of the archive is damaged; make the archive again")
    if at + _ENTRY.size > len(directory) or directory[at : at + 4] != b"PK\x01\x02":
        raise damaged
    (_, _, _, flags, method, _, _, crc, packed, size, name_length, extra_length, comment_length, _, _, attributes,
     offset) = _ENTRY.unpack_from(directory, at)  # fmt: skip
    at += _ENTRY.size
    raw_name = directory[at : at + name_length]
    extra = directory[at + name_length : at + name_length + extra_length]
    at += name_length + extra_length + comment_length
    if at > len(directory):
        raise damaged
    text = _decode(raw_name, flags)
    is_folder = text.endswith("/")
    name = _checked_name(text)
    size, packed, offset = _wide(extra, size, packed, offset)
    kind = stat.S_IFMT(attributes >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise refused(f"{name!r} is a link or a device, not a file; send the file itself", name)
    if flags & _ENCRYPTED:
        raise refused(f"{name!r} is encrypted; send it without a password", name)
    if not is_folder and method not in _METHODS:
        raise refused(f"{name!r} is packed by method {method}; use deflate, as any ZIP program does by default", name)
    return _Entry(raw_name, offset, is_folder, Member(name, size, packed, method, crc, 0)), at


def _decode(raw: bytes, flags: int) -> str:
    """Names are UTF-8 when they say so, and mostly when they do not; else they are of the first IBM PC."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if flags & _UTF_8:
            raise refused(f"the name {raw[:60]!r} is not UTF-8, as it claims to be; make the archive again") from error
        return raw.decode("cp437")


def _checked_name(text: str) -> str:
    """Return the path of an entry in its one spelling. Raises InvalidDesign for one that leads anywhere else."""
    shown = text[:120]
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise refused(f"the name {shown!r} holds control characters; rename the file", shown)
    if "\\" in text:
        raise refused(f"the name {shown!r} holds a backslash; separate folders by /", shown)
    if text.startswith("/") or _DRIVE.match(text):
        raise refused(f"the name {shown!r} is absolute; make the archive with relative names", shown)
    parts = [part for part in unicodedata.normalize("NFC", text).split("/") if part not in ("", ".")]
    if ".." in parts or not (parts or text.endswith("/")):
        raise refused(f"the name {shown!r} leads out of the archive; make the archive without '..'", shown)
    name = "/".join(parts)
    if len(name) > _MOST_NAME:
        raise refused(f"the name {shown!r}… has {len(name)} characters; at most {_MOST_NAME} are allowed", shown)
    return name


def _wide(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Take the values that do not fit into 32 bits from the ZIP64 extra field."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            values = [v for (v,) in struct.iter_unpack("<Q", extra[at + 4 : at + 4 + min(length, 24) // 8 * 8])]
            size, packed, offset = (values.pop(0) if v == _WIDE and values else v for v in (size, packed, offset))
            break
        at += 4 + length
    return size, packed, offset


def _check_local(file: BinaryIO, entry: _Entry, end: int) -> int:
    """Compare an entry with the header in front of its data; return where the data begin."""
    name = entry.member.name
    damaged = refused(f"the archive is damaged at {name!r}; make it again", name)
    if entry.offset + _LOCAL.size > end:
        raise damaged
    file.seek(entry.offset)
    signature, *_, name_length, extra_length = _LOCAL.unpack(file.read(_LOCAL.size))
    if signature != b"PK\x03\x04" or file.read(name_length) != entry.name:
        raise damaged
    return file.tell() + int(extra_length)


def _check_spans(spans: Sequence[tuple[int, int, str]], end: int) -> None:
    """Entries that share bytes make a bomb of a small file; bytes before the first make two files of one."""
    ordered = sorted(spans)
    if ordered and ordered[0][0]:
        raise refused("something stands before the archive; make the archive again")
    limits = [(begin, name) for begin, _, name in ordered[1:]] + [(end, "the list of the archive")]
    for (_, reach, name), (begin, following) in zip(ordered, limits, strict=False):
        if reach > begin:
            raise _overlap(name, following)


def _overlap(name: str, other: str) -> InvalidDesign:
    return refused(f"{name!r} and {other!r} overlap in the archive; make it again", name)


def _check_names(members: Iterable[Member]) -> None:
    known: dict[str, str] = {}
    for member in members:
        folded = unicodedata.normalize("NFC", member.name.casefold())
        other = known.get(folded)
        if other is not None:
            how = "twice" if other == member.name else f"and {member.name!r}, which many systems take for the same"
            raise refused(f"the archive holds {other!r} {how}; rename one of them", member.name)
        known[folded] = member.name


def _check_sizes(members: Iterable[Member], limits: ArchiveLimits) -> None:
    total = 0
    for member in members:
        total += member.size
        if member.size > limits.ratio_from_bytes and member.size > limits.ratio * member.packed_size:
            raise TooLarge(
                f"{member.name!r} unpacks to {member.size} bytes, more than {limits.ratio} times what it is packed to;"
                f" files over {limits.ratio_from_bytes} bytes may not: send it by itself, not packed"
            )
    if total > limits.unpacked_bytes:
        raise TooLarge(
            f"the archive unpacks to {total} bytes; at most {limits.unpacked_bytes} are read: send it in parts"
        )


def is_skipped(name: str) -> bool:
    """Say whether a member is not looked at: what file managers put into archives, and hidden files."""
    return any(part.startswith(".") or part.lower() in _SKIPPED for part in name.split("/"))
