"""Real files: none is refused that the reference library takes, and every one survives reading and writing."""

from pathlib import Path

import pyoxigraph
import pytest
import sbol2

from synhub.rdf import Triple
from synhub.sbol.graph import Document, parse_rdf_xml, unskolemise
from synhub.sbol.rules.document import check_structure
from synhub.sbol.xml import prescan, write_sbol2, write_sbol2_stream

pytestmark = pytest.mark.slow

FOLDERS = ["SBOL2", "SBOL2_bp", "SBOL2_ic", "SBOL2_nc", "igem_parts"]


def files(corpus: Path, folder: str) -> list[Path]:
    found = sorted(f for f in (corpus / folder).iterdir() if f.suffix in (".xml", ".xmlk"))
    assert found
    return found


def triples_of(document: Document, top_level: str) -> list[Triple]:
    return [
        (s, p, o)
        for s in document.subtree(top_level)  # type: ignore[arg-type]
        for p, values in document.subjects[s].items()
        for o in values
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_real_files_have_no_findings_and_come_back_equal(corpus: Path, folder: str) -> None:
    for file in files(corpus, folder):
        scanned = prescan(file.read_bytes())
        triples = parse_rdf_xml(scanned.data)
        document = Document.of(triples)
        assert [*scanned.findings, *check_structure(document)] == [], file.name
        assert sum(len(document.subtree(t)) for t in document.top_levels) == len(document.subjects), file.name
        again = prescan(b"".join(write_sbol2(triples)))
        assert again.findings == [], file.name
        assert set(parse_rdf_xml(again.data)) == set(triples), file.name
        streamed = write_sbol2_stream(triples_of(document, top_level) for top_level in document.top_levels)
        assert set(parse_rdf_xml(b"".join(streamed))) == set(triples), file.name


@pytest.mark.parametrize("folder", FOLDERS)
def test_triples_are_those_that_the_engine_stores(corpus: Path, folder: str) -> None:
    for file in files(corpus, folder)[::5]:
        data = prescan(file.read_bytes()).data
        store = pyoxigraph.Store()
        store.bulk_load(data, format=pyoxigraph.RdfFormat.RDF_XML, base_iri="urn:x-synhub-upload:/")
        expected = {
            tuple(str(term).replace("urn:x-synhub-upload:/", "urn:x-synhub-upload:") for term in quad)
            for quad in (((q.subject, q.predicate, q.object)) for q in store)
        }
        assert set(unskolemise(parse_rdf_xml(data))) == expected, file.name


@pytest.mark.parametrize("folder", ["SBOL2", "igem_parts"])
def test_what_is_written_is_read_by_pysbol2(corpus: Path, folder: str) -> None:
    for file in files(corpus, folder)[::15]:
        triples = parse_rdf_xml(prescan(file.read_bytes()).data)
        known = Document.of(triples)
        read = sbol2.Document()
        read.readString(b"".join(write_sbol2(triples)).decode())
        definitions = {
            t[1:-1] for t in known.top_levels if "<http://sbols.org/v2#ComponentDefinition>" in known.types(t)
        }
        assert {c.identity for c in read.componentDefinitions} == definitions, file.name
        for definition in read.componentDefinitions:
            children = {c.identity for c in [*definition.components, *definition.sequenceAnnotations]}
            owned = {
                c[1:-1]
                for c in known.children.get(f"<{definition.identity}>", [])  # type: ignore[call-overload]
                if not known.types(c)[0].endswith("#SequenceConstraint>") and c not in known.nested
            }
            assert children == owned, file.name
