"""Brings a stopped instance to the state that the recorded one had, by synhub's own write path.

What synhub does otherwise (publishing, conversions) is written as one job: journal, change sets, writer, catalog, as
any submission. What the recorded instance did not hold goes.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import engine_servers
from pyoxigraph import RdfFormat, parse
from v1_instance import PREFIX, Instance

from synhub.app import open_hub
from synhub.hub import Hub
from synhub.model import Dataset, TopLevelChange
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term
from synhub.settings import load_settings
from synhub.store.changes import pack
from synhub.store.top_levels import read_top_levels
from synhub.store.work import Planned
from synhub.vocab import SBH, SBOL2

PUBLIC = Iri(PREFIX + "public")
ALICE = Iri(PREFIX + "user/alice")
BOB = Iri(PREFIX + "user/bob")
# Recorded triples -> the graph that held them. Makes public: part of the state, not of what is replayed.
_STORED: Mapping[str, Iri] = {
    "public_adm": PUBLIC,
    "public_pubparts": PUBLIC,
    "public_renamed": PUBLIC,
    "public_single": PUBLIC,
    "bad_sbol3": ALICE,
    "fain": ALICE,
    "gbin": ALICE,
    "gffin": ALICE,
    "v1in": ALICE,
    "zipin": ALICE,
    "lib": ALICE,
    "mixed": ALICE,
}
# Submitted while nothing was recorded, before makePublic took parts of them away: caller, id, file.
_UNRECORDED = (
    ("alice", "keep", "files/small_more.xml"),
    ("alice", "pubparts", "files/parts.xml"),
    ("alice", "pubtwo", "files/small.xml"),
    ("alice", "pubthree", "files/twin.xml"),
    ("bob", "bobpub", "files/small_more.xml"),
    ("admin", "adm", "files/small.xml"),
)
# Published under another version, which left the private copy of the recorded instance where it was.
_STAYED = "pubtwo"
_PUBLISHED = Iri(f"{PUBLIC}/single/rTest/1")
# Collections of synhub's own, accepted although the recorded instance refused them (form bodies), or with members that
# the recorded ones did not have: other names, parts beside sequences of FASTA, attachments called after their files.
_OTHERWISE = (
    *(Iri(f"{ALICE}/{n}/{n}_collection/1") for n in ("form_body", "json_body", "mixed", "zipin")),
    *(Iri(f"{ALICE}/{n}/{n}_collection/4") for n in ("fain", "gbin", "gffin", "v1in")),
    Iri(f"{BOB}/bobpub/bobpub_collection/1"),  # the recorded instance let bob publish it into a collection of alice
)

_TOP_LEVEL = iri_term(SBH.topLevel)
_MEMBER = iri_term(SBOL2.member)


def submit_unrecorded(instance: Instance) -> None:
    """Submit what was submitted between two recorded areas."""
    for caller, name, file in _UNRECORDED:
        _submit_unrecorded(instance, caller, name, file)


def submit_again(instance: Instance) -> None:
    """Submit once more what synhub has published and the recorded instance kept private as well."""
    for caller, name, file in _UNRECORDED:
        if name == _STAYED:
            _submit_unrecorded(instance, caller, name, file)


def _submit_unrecorded(instance: Instance, caller: str, name: str, file: str) -> None:
    fields = {"overwrite_merge": "0", "id": name, "version": "1"}
    instance.submit(caller, fields | {"name": f"{name} name", "description": f"{name} description"}, file)


def submit_to_edit(instance: Instance) -> None:
    """Submit what alice then edited."""
    fields = {"overwrite_merge": "0", "id": "ed", "version": "1", "name": "ed name", "description": "ed description"}
    instance.submit("alice", fields, "files/small.xml")


def submit_to_attach(instance: Instance) -> None:
    """Submit what alice then attached to."""
    fields = {"overwrite_merge": "0", "id": "att", "version": "1", "name": "att name", "description": "att description"}
    instance.submit("alice", fields, "files/small.xml")


def submit_to_share(instance: Instance) -> None:
    """Submit what alice then shared."""
    fields = {"overwrite_merge": "0", "id": "own", "version": "1", "name": "own name", "description": "own description"}
    instance.submit("alice", fields, "files/parts.xml")


def remove_created(instance: Instance) -> None:
    """Remove the collection that the recorded instance failed to make of a search."""
    headers = {"X-authorization": instance.token("alice"), "Accept": "text/plain"}
    answer = instance.exchange("GET", "/user/alice/hits/hits_collection/1/removeCollection", headers, None)
    assert answer.text == "Success", answer


def submit_to_remove(instance: Instance) -> None:
    """Submit what alice then took apart."""
    fields = {"overwrite_merge": "0", "id": "rm", "version": "1", "name": "rm name", "description": "rm description"}
    instance.submit("alice", fields, "files/parts.xml")


def complete_state(data: Path, recordings: Path) -> None:
    """Write the recorded triples into the stopped instance over `data`."""
    with ExitStack() as stack:
        engine = stack.enter_context(engine_servers.engine_for(data))
        settings = load_settings({}, data=data, uri_prefix=PREFIX, engine=engine)
        hub = stack.enter_context(open_hub(settings))
        job_id, _ = hub.journal.new_folder()
        job = hub.journal.receive(job_id, "submit", "alice", {PREFIX})
        changes = list(_changes(hub, recordings))
        planned = Planned(pack(changes, settings.step_quads), {"findings": [], "minted": {}})
        hub.writer.submit(job, lambda: planned).result(timeout=60)


def _changes(hub: Hub, recordings: Path) -> Iterator[TopLevelChange]:
    recorded: dict[Iri, dict[Iri, list[Triple]]] = {PUBLIC: {}, ALICE: {}}
    for name, graph in _STORED.items():
        recorded[graph] |= _by_top_level(_read_stored(recordings / "stored" / f"{name}.nt"))
    for graph, objects in recorded.items():
        stored = read_top_levels(hub.store, Dataset((graph,)), list(objects))
        for top_level, triples in objects.items():
            yield TopLevelChange(graph, top_level, stored.get(top_level, ()), triples)
    for graph in (ALICE, BOB):
        for iri, triples in _gone(hub, graph).items():
            if iri not in recorded.get(graph, {}):
                yield TopLevelChange(graph, iri, triples, ())
    collection = Iri(f"{ALICE}/keep/keep_collection/1")
    yield TopLevelChange(ALICE, collection, [(iri_term(collection), _MEMBER, iri_term(_PUBLISHED))], ())


def _gone(hub: Hub, graph: Iri) -> dict[Iri, list[Triple]]:
    """What synhub holds in a graph and the recorded instance did not hold, with its triples."""
    dataset = Dataset((graph,))
    collections = read_top_levels(hub.store, dataset, [iri for iri in _OTHERWISE if iri.startswith(f"{graph}/")])
    members = [iri_of(o) for triples in collections.values() for _, p, o in triples if p == _MEMBER]
    return read_top_levels(hub.store, dataset, [*collections, *members])


def _read_stored(file: Path) -> list[Triple]:
    quads = parse(path=str(file), format=RdfFormat.N_TRIPLES)
    return [(Term(str(q.subject)), Term(str(q.predicate)), Term(str(q.object))) for q in quads]


def _by_top_level(triples: Iterable[Triple]) -> dict[Iri, list[Triple]]:
    known = list(triples)
    home: dict[Term, Term] = {s: o for s, p, o in known if p == _TOP_LEVEL}
    objects: dict[Iri, list[Triple]] = {}
    for triple in known:
        objects.setdefault(iri_of(home[triple[0]]), []).append(triple)
    return objects
