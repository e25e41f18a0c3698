"""Real designs through SBOL 3 and back, and real SBOL 3 through SBOL 2 and back."""

from pathlib import Path

import pytest
from designs_sbol3 import groups_of

from synhub.formats.reading import Options
from synhub.rdf import Triple
from synhub.sbol.graph import parse_rdf_xml
from synhub.sbol.prescan import prescan
from synhub.sbol.sbol3 import convert_sbol3, sbol3_groups, write_sbol3
from synhub.sbol.sbol3.terms import same_number
from synhub.sbol.syntaxes import read_text
from synhub.vocab import SBOL3

pytestmark = pytest.mark.slow

# Nothing is in them: a file without a statement is not read, in any syntax but RDF/XML.
EMPTY = {"SBOLDocumentOutput.xml", "test_Collection_remove.xml", "test_Model_remove.xml", "test_Sequence_remove.xml"}
# Not RDF: a relative or malformed IRI, a text beside a node.
UNREADABLE = {"sbol-10105.xml", "sbol-11412.xml", "sbol-12404.xml", "sbol-12405.xml", "sbol-13207.xml"}


def _read(path: Path) -> list[Triple]:
    data = path.read_bytes()
    if path.suffix in (".ttl", ".jsonld"):
        return read_text(data, "turtle" if path.suffix == ".ttl" else "jsonld").triples
    return parse_rdf_xml(prescan(data).data)


@pytest.mark.parametrize(
    ("folder", "least"),
    [("SBOL2", 90), ("SBOL2_bp", 1), ("SBOL2_ic", 1), ("SBOL2_nc", 1), ("igem_parts", 140), ("InvalidFiles", 100)],
)
def test_every_sbol_2_file_comes_back_from_sbol_3_with_the_same_triples(corpus: Path, folder: str, least: int) -> None:
    checked = 0
    for path in sorted((corpus / folder).iterdir()):
        if path.name in EMPTY | UNREADABLE or path.name == "manifest":
            continue
        design = _read(path)
        written = b"".join(write_sbol3(groups_of(design), "turtle"))
        back = convert_sbol3(read_text(written, "turtle").triples, Options())
        assert set(back.triples) == set(design), path.name
        assert back.findings == [], path.name
        checked += 1
    assert checked >= least


def test_the_three_syntaxes_of_sbol_3_give_the_same_sbol_2_and_it_comes_back(corpus: Path) -> None:
    names = {path.stem for path in (corpus / "SBOL3").iterdir()}
    assert len(names) >= 3
    for name in sorted(names):
        files = sorted((corpus / "SBOL3").glob(f"{name}.*"))
        readings = [convert_sbol3(_read(path), Options()).triples for path in files]
        assert len(readings) == 3
        assert all(set(reading) == set(readings[0]) for reading in readings), name
        up = {t for group in sbol3_groups(groups_of(readings[0])) for t in group}
        said = {t for t in up if not t[1].startswith(f"<{SBOL3.BACKPORT}")}
        assert said == {(s, p, same_number(p, o)) for s, p, o in _read(files[0])}, name
