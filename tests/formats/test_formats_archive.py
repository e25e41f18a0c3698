"""Archives: what is listed and unpacked, what is refused before a byte is unpacked, and what is written."""

import gzip
import io
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.errors import InvalidDesign, TooLarge
from synhub.formats.archive import ArchiveLimits, is_office, read_archive, read_gzip, read_member, write_omex
from synhub.formats.manifest import Content, read_manifest
from synhub.rdf import Iri

CORPUS = Path(os.environ.get("SYNHUB_CORPUS") or Path(__file__).parents[2].parent / "shared" / "corpus")
CSV = Iri("http://purl.org/NET/mediatypes/text/csv")
SBOL = Iri("http://identifiers.org/combine.specifications/sbol.version-2")


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data, compress_type=method)
    return file.getvalue()


def unpack(data: bytes, limits: ArchiveLimits = ArchiveLimits()) -> dict[str, bytes]:  # noqa: B008
    file = io.BytesIO(data)
    return {m.name: b"".join(read_member(file, m)) for m in read_archive(file, limits).members}


def unpack_gzip(data: bytes, limits: ArchiveLimits = ArchiveLimits()) -> bytes:  # noqa: B008
    return b"".join(read_gzip(io.BytesIO(data), limits))


def with_name(data: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new) and old in data
    return data.replace(old, new)


# --- reading ----------------------------------------------------------------------------------------------------------


NAMES = st.from_regex(r"[a-zé]{1,8}(/[a-z]{1,5}){0,2}", fullmatch=True)


@given(st.dictionaries(NAMES, st.binary(max_size=100), max_size=6))
def test_what_was_packed_is_unpacked(files: dict[str, bytes]) -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert unpack(zipped(*files.items(), method=method)) == files


def test_folders_are_no_members_and_junk_is_ignored_by_name() -> None:
    data = zipped(("a/", b""), ("a/.DS_Store", b"x"), ("__MACOSX/a/._p.xml", b"x"), ("a/p.xml", b"y"), ("./q", b"z"))
    listing = read_archive(io.BytesIO(data))
    assert [m.name for m in listing.members] == ["a/p.xml", "q"]
    assert listing.ignored == ["a/.DS_Store", "__MACOSX/a/._p.xml"]


def test_names_are_utf_8_in_their_composed_form() -> None:
    assert list(unpack(zipped(("e\u0301tude/\u03a9.txt", b"")))) == ["\u00e9tude/\u03a9.txt"]
    unflagged = with_name(zipped(("aXb.txt", b"")), b"aXb.txt", b"a\xe1b.txt")
    assert list(unpack(unflagged)) == ["a\u00dfb.txt"]  # code page 437


def test_an_archive_written_without_seeking_is_read() -> None:
    class Stream(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += bytes(data)  # type: ignore[call-overload]
            return len(data)  # type: ignore[arg-type]

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"acgt" * 100)
        with archive.open("b.txt", "w", force_zip64=True) as file:
            file.write(b"bytes")
    assert unpack(stream.data) == {"a.txt": b"acgt" * 100, "b.txt": b"bytes"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../evil.xml", "leads out of the archive"),
        ("a/../../evil.xml", "leads out of the archive"),
        ("a/..", "leads out of the archive"),
        ("/etc/passwd", "is absolute"),
        ("C:/evil.xml", "is absolute"),
        ("a\\evil.xml", "holds a backslash"),
        ("a\x01b", "holds control characters"),
        ("x" * 1_001, "at most 1000 are allowed"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str, words: str) -> None:
    data = zipped(("ok.xml", b"fine"), (name, b"evil"))
    with pytest.raises(InvalidDesign, match=words) as refused:
        unpack(data)
    assert refused.value.findings[0]["rule"] == "synhub-archive"


def test_a_nul_in_a_name_is_refused() -> None:
    with pytest.raises(InvalidDesign, match="control characters"):
        unpack(with_name(zipped(("evil?.xml", b"")), b"evil?.xml", b"evil\0.xml"))


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("a/p.xml", "a/p.xml", "holds 'a/p.xml' twice"),
        ("p", "p", "holds 'p' twice"),
        ("a/p.xml", "./a/p.xml", "holds 'a/p.xml' twice"),
        ("a/p.xml", "A/P.xml", "holds 'a/p.xml' and 'A/P.xml'"),
        ("\u00e9", "e\u0301", "twice"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_are_one_on_some_system_are_refused(first: str, second: str, words: str) -> None:
    with pytest.raises(InvalidDesign, match=words):
        unpack(zipped((first, b"1"), (second, b"2")))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_refused(kind: int) -> None:
    link = zipfile.ZipInfo("link")
    link.create_system, link.external_attr = 3, (kind | 0o777) << 16
    with pytest.raises(InvalidDesign, match="'link' is a link or a device"):
        unpack(zipped((link, b"/etc/passwd")))


def test_encrypted_files_are_refused() -> None:
    data = bytearray(zipped(("secret.xml", b"x")))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InvalidDesign, match=r"'secret\.xml' is encrypted"):
        unpack(bytes(data))


def test_other_methods_are_refused_by_number() -> None:
    with pytest.raises(InvalidDesign, match="packed by method 12"):
        unpack(zipped(("a", b"x" * 100), method=zipfile.ZIP_BZIP2))


def test_too_many_entries_are_refused_before_they_are_listed() -> None:
    data = zipped(*((f"f{n}", b"") for n in range(9)))
    with pytest.raises(TooLarge, match="has 9 entries; at most 8 are read"):
        read_archive(io.BytesIO(data), ArchiveLimits(entries=8))
    lying = bytearray(data)
    struct.pack_into("<2H", lying, len(data) - 14, 2, 2)
    with pytest.raises(InvalidDesign, match="does not end after its 2 entries"):
        read_archive(io.BytesIO(lying))


def test_the_declared_total_is_limited() -> None:
    data = zipped(("a", os.urandom(600)), ("b", os.urandom(600)))
    with pytest.raises(TooLarge, match="unpacks to 1200 bytes; at most 1000 are read"):
        read_archive(io.BytesIO(data), ArchiveLimits(unpacked_bytes=1_000))


def test_a_bomb_is_refused_by_its_ratio_and_a_small_file_is_not() -> None:
    with pytest.raises(TooLarge, match=r"'zeros' unpacks to 2000000 bytes, more than 200 times"):
        read_archive(io.BytesIO(zipped(("zeros", bytes(2_000_000)))))
    assert unpack(zipped(("zeros", bytes(900_000)))) == {"zeros": bytes(900_000)}


def test_a_size_that_lies_stops_the_unpacking() -> None:
    honest = zipped(("zeros", bytes(500_000)))
    data = bytearray(honest)
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<L", data, at + 24, 1_000)
    file = io.BytesIO(data)
    [member] = read_archive(file).members
    pieces = read_member(file, member)
    with pytest.raises(InvalidDesign, match="'zeros' is damaged"):
        next(pieces)


def test_entries_that_share_bytes_are_refused() -> None:
    data = zipped(("a", b"acgt" * 50))
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[start:end]
    twice = data[:start] + entry + entry + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, 2 * len(entry), start, 0)
    with pytest.raises(InvalidDesign, match="overlap"):
        unpack(twice)


def test_data_that_reach_into_the_list_are_refused() -> None:
    data = bytearray(zipped(("a", b"acgt")))
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 20, 60)
    with pytest.raises(InvalidDesign, match="overlap"):
        unpack(bytes(data))


def test_what_stands_before_or_behind_the_archive_is_refused() -> None:
    data = zipped(("a", b"acgt"))
    for changed in (b"<?xml version='1.0'?><!--" + data, data + b"-->", data[:-30], data[:-1]):
        with pytest.raises(InvalidDesign, match=r"before the archive|cut off"):
            unpack(changed)
    shifted = zipped(("a", b"acgt"), ("b", b"acgt"))
    gap = bytearray(b"#!/bin/sh\n" + shifted)
    for at in (gap.index(b"PK\x01\x02"), gap.rindex(b"PK\x01\x02")):
        struct.pack_into("<L", gap, at + 42, struct.unpack_from("<L", gap, at + 42)[0] + 10)
    end = gap.index(b"PK\x05\x06")
    struct.pack_into("<L", gap, end + 16, struct.unpack_from("<L", gap, end + 16)[0] + 10)
    with pytest.raises(InvalidDesign, match="something stands before the archive"):
        unpack(bytes(gap))


def test_damaged_bytes_name_their_file() -> None:
    good = zipped(("ok", b"fine"), ("bad", b"acgtacgtacgt" * 20))
    data = bytearray(good)
    data[data.rindex(b"bad", 0, data.index(b"PK\x01\x02")) + 8] ^= 0xFF
    with pytest.raises(InvalidDesign, match="'bad' is damaged"):
        unpack(bytes(data))


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_a_changed_byte_never_ends_otherwise_than_refused(content: bytes, place: int, value: int) -> None:
    data = bytearray(zipped(("a/b.txt", content), ("c", b"more")))
    data[place % len(data)] = value
    with suppress(InvalidDesign, TooLarge):
        unpack(bytes(data))


# --- office files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "office"),
    [
        ((("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")), True),
        ((("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<w/>")), True),
        ((("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<o/>")), True),
        ((("word/design.xml", b"<w/>"),), False),
        ((("[Content_Types].xml", b"<Types/>"),), False),
        ((("mimetype", b"application/epub+zip"),), False),
    ],
)
def test_office_files_are_told_by_what_is_in_them(members: tuple[tuple[str, bytes], ...], office: bool) -> None:
    file = io.BytesIO(zipped(*members))
    assert is_office(file, read_archive(file).members) is office


# --- gzip -------------------------------------------------------------------------------------------------------------


def test_gzip_of_one_or_more_members_is_read() -> None:
    assert unpack_gzip(gzip.compress(b"acgt" * 1_000)) == b"acgt" * 1_000
    assert unpack_gzip(gzip.compress(b"one") + gzip.compress(b"") + gzip.compress(b"two")) == b"onetwo"


@pytest.mark.parametrize("tail", [b"trailing words", b"\0" * 20, b"\x1f\x8b"])
def test_gzip_with_something_behind_it_is_refused(tail: bytes) -> None:
    with pytest.raises(InvalidDesign, match=r"damaged, or something follows|cut off"):
        unpack_gzip(gzip.compress(b"acgt") + tail)


def test_gzip_that_is_cut_off_or_damaged_is_refused() -> None:
    whole = gzip.compress(os.urandom(1_000))
    with pytest.raises(InvalidDesign, match="cut off"):
        unpack_gzip(whole[:-5])
    with pytest.raises(InvalidDesign, match="damaged"):
        unpack_gzip(whole[:-6] + bytes(6))


def test_gzip_bombs_stop_at_the_limit_that_they_name() -> None:
    bomb = gzip.compress(bytes(3_000_000))
    with pytest.raises(TooLarge, match="more than 200 times its size"):
        unpack_gzip(bomb)
    with pytest.raises(TooLarge, match="unpacks to more than 5000 bytes"):
        unpack_gzip(gzip.compress(os.urandom(9_000)), ArchiveLimits(unpacked_bytes=5_000))


# --- writing ----------------------------------------------------------------------------------------------------------


def test_a_written_archive_reads_back_with_its_manifest() -> None:
    members = [("sbol.rdf", SBOL, True, [b"<rdf:RDF", b"/>"]), ("a b/\u03a9 & co.csv", CSV, False, [b"1,2\n"])]
    data = b"".join(write_omex(members))
    files = unpack(data)
    assert list(files) == ["manifest.xml", "sbol.rdf", "a b/\u03a9 & co.csv"]
    assert files["sbol.rdf"] == b"<rdf:RDF/>"
    assert read_manifest(files["manifest.xml"]) == [
        Content("sbol.rdf", SBOL, True),
        Content("a b/\u03a9 & co.csv", CSV, False),
    ]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == list(files)


def test_the_same_members_give_the_same_bytes() -> None:
    members = [("a", CSV, False, [b"acgt" * 1_000])]
    assert b"".join(write_omex(members)) == b"".join(write_omex(members))


def test_bytes_leave_before_the_next_member_is_asked_for() -> None:
    asked = []

    def data(name: str) -> Iterator[bytes]:
        asked.append(name)
        yield os.urandom(1_000_000)

    written = write_omex([(name, CSV, False, data(name)) for name in "ab"])
    while len(next(written)) < 1_000:
        pass
    assert asked == ["a"]


@pytest.mark.slow
def test_every_archive_of_the_corpus_is_read_as_zipfile_reads_it() -> None:
    if not (CORPUS / "omex").is_dir():
        pytest.skip(f"no corpus folder {CORPUS / 'omex'}")
    paths = sorted((CORPUS / "omex").glob("*.omex"))
    assert len(paths) == 22
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            assert unpack(path.read_bytes()) == {name: archive.read(name) for name in archive.namelist()}
        listed = read_manifest(unpack(path.read_bytes())["manifest.xml"])
        assert listed is not None
        assert {c.location for c in listed} == set(unpack(path.read_bytes())) - {"manifest.xml"}


def test_checksums_are_checked_not_only_sizes() -> None:
    data = bytearray(zipped(("a", b"acgt"), method=zipfile.ZIP_STORED))
    at = data.index(b"acgt")
    data[at : at + 4] = b"tgca"
    assert zlib.crc32(b"acgt") != zlib.crc32(b"tgca")
    with pytest.raises(InvalidDesign, match="'a' is damaged"):
        unpack(bytes(data))
