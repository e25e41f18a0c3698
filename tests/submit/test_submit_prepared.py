"""The file of prepared objects gives back what was written."""

from pathlib import Path

import pytest

from synhub.errors import Inconsistent
from synhub.model import Finding
from synhub.rdf import Iri, Term
from synhub.submit.prepared import Prepared, PreparedObject, read_header, read_objects, write_prepared

SUBJECT = Term("<http://reg.example/user/bob/lab/P/1>")
TITLE = Term("<http://purl.org/dc/terms/title>")
FINDING = Finding("synhub-renamed", "note", "http://x.org/P", "it has no version")


def example() -> Prepared:
    awkward = ['"line\\nbreak"', '"Grün \u2028 \\"quoted\\" \\\\"@de', '"\x85"', '"1"^^<http://x.org/t>']
    elsewhere = PreparedObject(
        original=Iri("http://reg.example/public/lib/P/1"),
        minted=Iri("http://reg.example/user/bob/lab/P/1"),
        persistent_identity=Iri("http://reg.example/user/bob/lab/P"),
        type=Iri("http://sbols.org/v2#Sequence"),
        origin="elsewhere",
        triples=[(SUBJECT, TITLE, Term(text)) for text in awkward],
        identified=[Iri("http://reg.example/user/bob/lab/P/1")],
        nested=[Iri("http://reg.example/user/bob/lab/P/note/1")],
        original_triples=[(Term("<http://reg.example/public/lib/P/1>"), TITLE, Term('"x"'))],
        renames={Iri("http://reg.example/user/bob/lab/P/1"): Iri("http://reg.example/public/lib/P/1")},
    )
    foreign = PreparedObject(
        original=Iri("http://x.org/Q"),
        minted=Iri("http://reg.example/user/bob/lab/Q/1"),
        persistent_identity=Iri("http://reg.example/user/bob/lab/Q"),
        type=Iri("http://x.org/Strain"),
        origin="foreign",
        triples=[],
        identified=[Iri("http://reg.example/user/bob/lab/Q/1")],
        nested=[],
    )
    return Prepared([elsewhere, foreign], [FINDING])


def test_objects_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_prepared(tmp_path / "p", example())
    assert list(read_objects(tmp_path / "p")) == example().objects


def test_header_counts_and_reports_without_reading_objects(tmp_path: Path) -> None:
    write_prepared(tmp_path / "p", example())
    header = read_header(tmp_path / "p")
    assert (header.objects, header.triples, header.findings) == (2, 4, [FINDING])
    assert header.minted_pairs == {
        "http://reg.example/public/lib/P/1": "http://reg.example/user/bob/lab/P/1",
        "http://x.org/Q": "http://reg.example/user/bob/lab/Q/1",
    }


def test_nothing_prepared_is_a_header_alone(tmp_path: Path) -> None:
    write_prepared(tmp_path / "p", Prepared())
    assert list(read_objects(tmp_path / "p")) == []
    assert read_header(tmp_path / "p").triples == 0


def test_file_that_lost_its_end_is_noticed(tmp_path: Path) -> None:
    write_prepared(tmp_path / "p", example())
    lines = (tmp_path / "p").read_bytes().splitlines(keepends=True)
    (tmp_path / "p").write_bytes(b"".join(lines[:-1]))
    with pytest.raises(Inconsistent, match="1 of 2 objects"):
        list(read_objects(tmp_path / "p"))


@pytest.mark.parametrize("text", [b"", b'{"format":1}\n', b"{}\n"])
def test_file_of_another_format_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "p").write_bytes(text)
    with pytest.raises(Inconsistent, match="format 2"):
        read_header(tmp_path / "p")
    with pytest.raises(Inconsistent, match="format 2"):
        list(read_objects(tmp_path / "p"))
