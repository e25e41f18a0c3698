"""What is measured of writing: files submitted one by one, and a search right after a submission."""

import time
from collections.abc import Iterable
from pathlib import Path

import httpx

from bench.servers import Failed, Server
from synhub.rdf import Iri, iri_term, literal_term
from synhub.sbol.xml import write_sbol2
from synhub.vocab import BIOPAX, DCTERMS, RDF, SBOL2

_TIMEOUT_S = 120.0
_BASE = "http://parts.example/"


def corpus_files(corpus: Path) -> list[Path]:
    """Return the SBOL2 files of a corpus of real designs, by name."""
    return sorted(path for path in (corpus / "SBOL2").iterdir() if path.suffix in (".xml", ".xmlk"))


def submit_files(server: Server, token: str, files: Iterable[Path]) -> list[float]:
    """Submit each file as a collection of its own, one after the other; return the seconds that each took.

    From the first byte sent to the answer read. Raises Failed when one is refused.
    """
    with httpx.Client(base_url=f"http://{server.host}:{server.port}", timeout=_TIMEOUT_S) as client:
        return [_submit(client, token, f"corpus{n}", path.read_bytes()) for n, path in enumerate(files)]


def read_after_write(server: Server, token: str, rounds: int) -> tuple[list[float], list[float]]:
    """Submit a part and search for it, `rounds` times; return both in seconds.

    Raises Failed when the first search after the answer does not find the part.
    """
    writes, reads = [], []
    with httpx.Client(base_url=f"http://{server.host}:{server.port}", timeout=_TIMEOUT_S) as client:
        for number in range(rounds):
            word = f"freshly{number}written"
            writes.append(_submit(client, token, f"fresh{number}", _part(word)))
            started = time.perf_counter()
            answer = client.get(f"/search/{word}", headers={"X-authorization": token})
            found = answer.json()
            reads.append(time.perf_counter() - started)
            if [row["displayId"] for row in found] != ["fresh"]:
                raise Failed(f"a part submitted a moment ago is not found: {answer.text[:500]}")
    return writes, reads


def submit_document(server: Server, token: str, document: bytes) -> float:
    """Submit one document; return the seconds it took. Raises Failed when it is refused."""
    with httpx.Client(base_url=f"http://{server.host}:{server.port}", timeout=600) as client:
        return _submit(client, token, "generated", document)


def submit_part(server: Server, token: str, collection_id: str, word: str) -> float:
    """Submit one part as a collection of its own; return the seconds it took. Raises Failed when it is refused."""
    with httpx.Client(base_url=f"http://{server.host}:{server.port}", timeout=_TIMEOUT_S) as client:
        return _submit(client, token, collection_id, _part(word))


def _submit(client: httpx.Client, token: str, collection_id: str, content: bytes) -> float:
    form = {"id": collection_id, "version": "1", "name": collection_id, "description": "b", "overwrite_merge": "0"}
    started = time.perf_counter()
    answer = client.post(
        "/submit", headers={"X-authorization": token, "Accept": "text/plain"}, data=form, files={"file": content}
    )
    taken = time.perf_counter() - started
    if answer.status_code != 200:
        raise Failed(f"submitting {collection_id} was answered with {answer.status_code}: {answer.text[:500]}")
    return taken


def _part(word: str) -> bytes:
    me = iri_term(Iri(_BASE + "fresh/1"))
    said = {
        RDF.type: iri_term(SBOL2.ComponentDefinition),
        SBOL2.persistentIdentity: iri_term(Iri(_BASE + "fresh")),
        SBOL2.displayId: literal_term("fresh"),
        SBOL2.version: literal_term("1"),
        SBOL2.type: iri_term(Iri(BIOPAX.NS + "DnaRegion")),
        DCTERMS.description: literal_term(f"a part that is {word}"),
    }
    return b"".join(write_sbol2([(me, iri_term(predicate), value) for predicate, value in said.items()]))
