"""One instance below HTTP, and small documents to submit to it."""

from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph

from synhub.model import Dataset, User
from synhub.rdf import Iri, Triple, iri_term, write_ntriples
from synhub.sparql.render import Query
from synhub.store.blobs import sha256_of
from synhub.store.catalog.catalog import Catalog
from synhub.store.children import Lane
from synhub.store.embedded import EmbeddedStore
from synhub.store.journal import Job, Journal
from synhub.store.top_levels import read_top_levels
from synhub.store.writer import Writer
from synhub.submit.service import Submissions, UploadedFile
from synhub.vocab import DCTERMS, SBH, SBOL2

EVERYTHING = Query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }")
PREFIX = "http://hub.example/"
FIXTURES = Path(__file__).parents[2] / "fixtures" / "sbol2"
LAB = PREFIX + "user/alice/lab/"
ROOT = Iri(LAB + "lab_collection/1")
ALICE = Iri(PREFIX + "user/alice")

DOCUMENT = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/" xmlns:sbh="http://wiki.synbiohub.org/wiki/Terms/synbiohub#"
  xmlns:prov="http://www.w3.org/ns/prov#">
{body}
</rdf:RDF>"""


def part(iri: str, title: str = "a part", more: str = "") -> str:
    identity, _, version = iri.rpartition("/")
    return f"""<sbol:ComponentDefinition rdf:about="{iri}">
  <sbol:persistentIdentity rdf:resource="{identity}"/><sbol:displayId>{identity.rpartition("/")[2]}</sbol:displayId>
  <sbol:version>{version}</sbol:version><dcterms:title>{title}</dcterms:title>
  <sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>{more}
</sbol:ComponentDefinition>"""


def component(parent: str, definition: str) -> str:
    return f"""<sbol:component><sbol:Component rdf:about="{parent}/c/1">
  <sbol:persistentIdentity rdf:resource="{parent}/c"/><sbol:displayId>c</sbol:displayId><sbol:version>1</sbol:version>
  <sbol:access rdf:resource="http://sbols.org/v2#public"/><sbol:definition rdf:resource="{definition}"/>
</sbol:Component></sbol:component>"""


def collection(iri: str, *members: str, more: str = "") -> str:
    identity, _, version = iri.rpartition("/")
    links = "".join(f'<sbol:member rdf:resource="{member}"/>' for member in members)
    return f"""<sbol:Collection rdf:about="{iri}">
  <sbol:persistentIdentity rdf:resource="{identity}"/><sbol:displayId>{identity.rpartition("/")[2]}</sbol:displayId>
  <sbol:version>{version}</sbol:version>{links}{more}
</sbol:Collection>"""


def document(*parts: str) -> bytes:
    return DOCUMENT.format(body="\n".join(parts)).encode()


@dataclass
class Lab:
    """One instance below HTTP, with a user alice."""

    submissions: Submissions
    store: EmbeddedStore
    journal: Journal
    catalog: Catalog
    writer: Writer
    prepare: Lane

    def start(
        self, content: bytes | None = None, *, public: bool = False, user: str = "alice", **fields: str
    ) -> "Future[Job]":
        job_id, folder = self.journal.new_folder()
        files = []
        if content is not None:
            path = folder / "upload-0"
            path.write_bytes(content)
            files.append(UploadedFile(path, "design.xml", len(content), sha256_of(path)))
        form = {"id": "lab", "version": "1", "name": "Lab", "description": "A lab", "overwrite_merge": "0"} | fields
        return self.submissions.submit(user_named(user), form, files, job_id, public=public)

    def submit(self, content: bytes | None = None, *, public: bool = False, user: str = "alice", **fields: str) -> Job:
        return self.start(content, public=public, user=user, **fields).result(timeout=30)

    def stored(self, iri: str, graph: Iri = ALICE) -> list[Triple]:
        return read_top_levels(self.store, Dataset((graph,)), [Iri(iri)]).get(Iri(iri), [])

    def download(self, *iris: str) -> bytes:
        """What the store holds of some top levels, as a document."""
        ntriples = write_ntriples([t for iri in iris for t in self.stored(iri)])
        triples = (q.triple for q in pyoxigraph.parse(ntriples, format=pyoxigraph.RdfFormat.N_TRIPLES))
        written = pyoxigraph.serialize(triples, format=pyoxigraph.RdfFormat.RDF_XML)
        assert written is not None
        return written

    def orphans(self, graph: Iri = ALICE) -> list[Triple]:
        """Triples of subjects that belong to no top level."""
        triples = self.store.construct(EVERYTHING, Dataset((graph,)))
        owned = {s for s, p, _ in triples if p == iri_term(SBH.topLevel)}
        return [t for t in triples if t[0] not in owned]

    def notes(self, job: Job, rule: str) -> dict[str, str]:
        return {f["subject"]: f["message"] for f in job.report["findings"] if f["rule"] == rule}

    def titles(self, iri: str) -> list[str]:
        return [o for s, p, o in self.stored(iri) if s == f"<{iri}>" and p == iri_term(DCTERMS.title)]

    def members(self, iri: str = ROOT) -> set[str]:
        return {o[1:-1] for s, p, o in self.stored(iri) if p == iri_term(SBOL2.member)}


def user_named(name: str) -> User:
    return User(1, name, name.title() + " A", f"{name}@x.org", "", False, False, False, False, "2026-01-01")


P1, P2 = LAB + "p1/1", LAB + "p2/1"
FOREIGN = document(part("http://x.org/d/p1/1"), part("http://x.org/d/p2/1"))
