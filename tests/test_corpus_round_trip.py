"""Every SBOL2 file of the corpus goes in by /submit as its own collection and comes back as an equal graph."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph
import pytest
from live import PREFIX, Live, live

from synhub.rdf import Triple, iri_term, text_of, write_ntriples
from synhub.sbol.graph import Document, parse_rdf_xml, unskolemise
from synhub.sbol.xml import prescan
from synhub.vocab import SBOL2, STAMPS

pytestmark = pytest.mark.slow

VERSION = iri_term(SBOL2.version)
DISPLAY_ID = iri_term(SBOL2.displayId)
FILLED_IN = {VERSION, DISPLAY_ID, iri_term(SBOL2.persistentIdentity)}


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("corpus")) as running:
        running.user("alice")
        yield running


def parsed(document: bytes) -> list[Triple]:
    return [t for t in parse_rdf_xml(prescan(document).data) if t[1] not in STAMPS]


def canonical(triples: list[Triple]) -> set[str]:
    """The graph with nested annotation nodes as blank nodes: their IRIs are the repository's to choose."""
    document = Document.of(triples)
    blank = {iri: f"_:n{number}" for number, iri in enumerate(sorted(document.nested))}
    plain = [(blank.get(s, s), p, blank.get(o, o)) for s, p, o in unskolemise(triples)]
    text = write_ntriples(plain)  # type: ignore[arg-type]
    dataset = pyoxigraph.Dataset(pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.N_TRIPLES))
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    return {str(quad) for quad in dataset}


def undo(triples: list[Triple], minted: dict[str, str], uploaded: list[Triple]) -> list[Triple]:
    """Give every IRI of the download its uploaded form: top levels by the report, children by their parent.

    What compliance filled in (identity, displayId, version that the upload does not say) is left out.
    """
    said = {(s, p) for s, p, _ in uploaded}

    def display_id(original: str) -> str:
        return next((text_of(o) for s, p, o in uploaded if p == DISPLAY_ID and s == f"<{original}>"), "")

    versioned = {original for original in minted if (f"<{original}>", VERSION) in said}
    pairs: dict[
        str, tuple[str, bool]
    ] = {}  # minted persistent identity -> the uploaded one, and whether it has versions
    for original, new in minted.items():
        has_version = original in versioned
        identity = original.rpartition("/")[0] if has_version else original
        pairs[new.rpartition("/")[0]] = (identity, has_version)
    longest_first = sorted(pairs, key=len, reverse=True)

    def back(term: str) -> str:
        if term.startswith(f"<{PREFIX}"):
            for new in longest_first:
                if term[1:-1] == new or term.startswith(f"<{new}/"):
                    identity, has_version = pairs[new]
                    rest = term[1 + len(new) : -1]
                    return f"<{identity}{rest if has_version else rest.removesuffix('/1')}>"
        return term

    # A clash of displayIds was numbered in the IRI and in sbol:displayId alike: both are part of the re-homing.
    numbered = {
        f"<{original}>"
        for original, new in minted.items()
        if re.fullmatch(re.escape(display_id(original)) + "_[0-9]+", new.split("/")[-2])
    }
    names = {s: o for s, p, o in uploaded if p == DISPLAY_ID and s in numbered}
    undone = [(back(s), p, back(o)) for s, p, o in triples]
    undone = [(s, p, names.get(s, o) if p == DISPLAY_ID else o) for s, p, o in undone]  # type: ignore[call-overload]
    return [t for t in undone if t[1] not in FILLED_IN or t[:2] in said]  # type: ignore[misc]


@pytest.mark.parametrize("folder", ["SBOL2", "igem_parts"])
def test_every_file_comes_back_as_it_went(instance: Live, corpus: Path, folder: str) -> None:
    files = sorted(p for p in (corpus / folder).iterdir() if p.suffix in (".xml", ".xmlk"))
    assert len(files) == {"SBOL2": 95, "igem_parts": 143}[folder]
    seconds = 0.0
    different = []
    for number, path in enumerate(files):
        name = f"{folder}{number}"
        started = time.perf_counter()
        answer = instance.submit("alice", path.read_bytes(), {"id": name})
        seconds += time.perf_counter() - started
        assert (answer.status_code, answer.text) == (200, "Successfully uploaded"), path.name
        report = instance.get(answer.headers["link"].partition("<")[2].partition(">")[0], "alice").json()["report"]
        root = f"{PREFIX}user/alice/{name}/{name}_collection/1"
        download = instance.get(f"/user/alice/{name}/{name}_collection/1/sbol", "alice")
        assert download.status_code == 200
        came = [t for t in parsed(download.content) if t[0] != f"<{root}>"]
        uploaded = parsed(path.read_bytes())
        if canonical(undo(came, report["minted"], uploaded)) != canonical(uploaded):
            different.append(path.name)
    assert different == []
    print(f"{folder}: {len(files)} files submitted in {seconds:.1f} s")
