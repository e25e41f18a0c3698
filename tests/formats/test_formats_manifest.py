"""The manifest of a COMBINE archive, as a hint about its members."""

import pytest

from synhub.errors import InvalidDesign, TooLarge
from synhub.formats.manifest import Content, location_of, names_sbol, read_manifest
from synhub.rdf import Iri

COMBINE = "http://identifiers.org/combine.specifications/"


def manifest(*lines: str) -> bytes:
    return f'<?xml version="1.0"?><omexManifest xmlns="{COMBINE}omex-manifest">{"".join(lines)}</omexManifest>'.encode()


def test_lines_say_location_format_and_master() -> None:
    data = manifest(
        f'<content location="." format="{COMBINE}omex"/>',
        f'<content location="./manifest.xml" format="{COMBINE}omex-manifest"/>',
        f'<content location="./a/d.xml" format="{COMBINE}sbol.version-2" master="true"/>',
        '<content location="my%20table.csv" format="text/csv" master="false"/>',
        '<content location="/x" format="no format"/>',
        "<content/>",
    )
    assert read_manifest(data) == [
        Content("a/d.xml", Iri(COMBINE + "sbol.version-2"), True),
        Content("my table.csv", Iri("http://purl.org/NET/mediatypes/text/csv"), False),
        Content("x", Iri(""), False),
    ]


def test_other_xml_is_no_manifest() -> None:
    assert read_manifest(b"<manifest><content location='a'/></manifest>") is None
    assert read_manifest(b"<omexManifest xmlns='http://x.org/'/>") is None


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + manifest().removeprefix(b'<?xml version="1.0"?>'),
        b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        b"<a",
        b"",
    ],
)
def test_document_types_and_broken_xml_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidDesign, match=r"manifest\.xml") as refused:
        read_manifest(data)
    assert refused.value.findings[0]["rule"] == "synhub-manifest"


def test_a_manifest_has_a_limit() -> None:
    with pytest.raises(TooLarge, match="at most 4000000"):
        read_manifest(b" " * 4_000_001)


@pytest.mark.parametrize(
    ("kind", "sbol"),
    [
        (COMBINE + "sbol", True),
        (COMBINE + "sbol.version-2", True),
        (COMBINE.replace("http", "https") + "sbol.version-3.1", True),
        (COMBINE + "sbol.level-1.version-2", True),
        (COMBINE + "sbml", False),
        ("http://x.org/sbol", False),
    ],
)
def test_formats_of_sbol_are_known(kind: str, sbol: bool) -> None:
    assert names_sbol(Content("a", Iri(kind), False)) is sbol


def test_locations_have_one_spelling() -> None:
    assert [location_of(t) for t in (".", "./", "./a", "a//b", " ./a/./b ")] == ["", "", "a", "a/b", "a/b"]
