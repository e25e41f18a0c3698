"""COMBINE archives of designs: names inside, formats, what is said about links and creators."""

import io
import zipfile
from collections.abc import Sequence

import pytest

from synhub.formats.manifest import read_manifest
from synhub.formats.omex import write_archive
from synhub.formats.source import EnclosedFile, MemorySource
from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.vocab import DC, DCTERMS, RDF, SBH, SBOL2

ROOT = Iri("http://h/user/a/lab/lab_collection/1")


def attachment(number: int, *said: tuple[Iri, Term]) -> tuple[Iri, list[Triple]]:
    iri = Iri(f"http://h/user/a/lab/file{number}/1")
    return iri, [(iri_term(iri), iri_term(p), o) for p, o in ((RDF.type, iri_term(SBOL2.Attachment)), *said)]


def archive_of(groups: Sequence[tuple[Iri, list[Triple]]], names: Sequence[str]) -> dict[str, bytes]:
    """The members of the archive of a collection whose attachments `groups` have files of these names."""
    root = [
        (iri_term(ROOT), iri_term(p), o)
        for p, o in (
            (RDF.type, iri_term(SBOL2.Collection)),
            (DC.creator, literal_term("Ada & Söhne <\x01>")),
            (DCTERMS.created, literal_term("2026-01-02T03:04:05Z")),
        )
    ]
    files = [
        EnclosedFile(iri, name, "text/csv; charset=utf-8", lambda name=name: iter([name.encode("utf-8", "replace")]))  # type: ignore[misc]
        for (iri, _), name in zip(groups, names, strict=False)
    ]
    source = MemorySource([(ROOT, root), *groups], [ROOT], is_collection=True, files=files)
    with zipfile.ZipFile(io.BytesIO(b"".join(write_archive(source)))) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.mark.parametrize(
    ("names", "locations"),
    [
        (["a.txt", "a.txt", "A.TXT"], ["a.txt", "a_2.txt", "A_3.TXT"]),
        (["a", "a", "a_2"], ["a", "a_2", "a_2_2"]),
        (["manifest.xml", "SBOL.rdf", "metadata.rdf"], ["manifest_2.xml", "SBOL_2.rdf", "metadata_2.rdf"]),
        (["../../etc/passwd", "C:\\x\\y.txt", "/abs"], ["etc/passwd", "C_/x/y.txt", "abs"]),
        (["", "..", "a\0\nb"], ["file0", "file1", "a__b"]),
        (["é.txt", "e\u0301.txt"], ["é.txt", "e\u0301_2.txt"]),
        ([".hidden", ".hidden"], ["_.hidden", "__2.hidden"]),
        (["__MACOSX/.x/a.txt"], ["___MACOSX/_.x/a.txt"]),
    ],
)
def test_files_keep_their_names_inside_the_archive_and_clashes_are_numbered(
    names: list[str], locations: list[str]
) -> None:
    members = archive_of([attachment(n) for n in range(len(names))], names)

    assert list(members) == ["manifest.xml", "sbol.rdf", *locations, "metadata.rdf"]
    assert [members[location] for location in locations] == [name.encode() for name in names]


def test_a_file_goes_back_to_where_it_lay_in_the_archive_it_came_in() -> None:
    members = archive_of([attachment(0, (SBH.archivePath, literal_term("data/raw/a.csv")))], ["a.csv"])

    assert "data/raw/a.csv" in members


def test_the_format_is_what_the_attachment_says_else_its_media_type() -> None:
    said = attachment(0, (SBOL2.format, iri_term(Iri("http://identifiers.org/edam/format_3752"))))
    contents = read_manifest(archive_of([said, attachment(1)], ["a.csv", "b.csv"])["manifest.xml"])

    assert contents is not None
    assert {c.location: c.format for c in contents if c.location.endswith("csv")} == {
        "a.csv": "http://identifiers.org/edam/format_3752",
        "b.csv": "http://purl.org/NET/mediatypes/text/csv",
    }


def test_metadata_names_creators_the_instant_and_attachments_that_are_elsewhere() -> None:
    link = attachment(0, (SBOL2.source, iri_term(Iri("https://elsewhere.example/a?b&c"))))
    text = archive_of([link], [])["metadata.rdf"].decode()

    assert "<vCard:fn>Ada &amp; Söhne &lt;\ufffd&gt;</vCard:fn>" in text
    assert "<dcterms:W3CDTF>2026-01-02T03:04:05Z</dcterms:W3CDTF>" in text
    assert '<dcterms:references rdf:resource="https://elsewhere.example/a?b&amp;c"/>' in text


def test_the_same_design_always_gives_the_same_bytes() -> None:
    def once() -> bytes:
        iri, triples = attachment(0)
        file = EnclosedFile(iri, "a", "text/plain", lambda: iter([b"a"]))
        return b"".join(write_archive(MemorySource([(iri, triples)], [iri], is_collection=False, files=[file])))

    assert once() == once()
