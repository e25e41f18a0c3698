"""What uses an object and what has its sequence: as SPARQL says it, for any data and any reader."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from synhub import relations
from synhub.app import open_hub
from synhub.errors import BadRequest, NotFound
from synhub.hub import Hub
from synhub.identity import ObjectRef, Registry, version_key
from synhub.model import ANONYMOUS, Actor, ChangeSet, Dataset, Removed, Single, User
from synhub.rdf import Iri, Term, Triple, in_graph, iri_of, iri_term, literal_term, write_nquads
from synhub.settings import load_settings
from synhub.sparql import render
from synhub.sparql.render import Query
from synhub.store.catalog import find
from synhub.vocab import DCTERMS, PROV, RDF, SBH, SBOL2

REGISTRY = Registry("http://x/")
PUBLIC, ALICE, BOB = REGISTRY.public_graph, REGISTRY.user_graph("alice"), REGISTRY.user_graph("bob")


def user(name: str) -> Actor:
    return Actor(User(1, name, name, f"{name}@x.org", "", False, False, False, False, ""))


READERS = (ANONYMOUS, user("alice"), user("bob"))
PART, SEQUENCE, COLLECTION = (iri_term(c) for c in (SBOL2.ComponentDefinition, SBOL2.Sequence, SBOL2.Collection))
DEFINITION, TEMPLATE = Iri(SBOL2.NS + "definition"), Iri(SBOL2.NS + "template")
SHARED = Iri(f"{ALICE}/lab/lab_collection/1")
Entries = dict[Removed, list[Triple]]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with open_hub(load_settings({}, data=tmp_path, uri_prefix=REGISTRY.prefix), start=False) as hub:
        yield hub


def fill(hub: Hub, entries: Entries) -> None:
    quads = [quad for (graph, _), triples in entries.items() for quad in in_graph(triples, graph)]
    hub.store.apply(ChangeSet(b"", write_nquads(quads)))
    hub.catalog.update(entries, 0)


def at(name: str, version: str = "1", graph: Iri = PUBLIC) -> Iri:
    return Iri(f"{graph}/lab/{name}/{version}")


def entry(iri: Iri, cls: Term, *more: tuple[Iri, Iri | str], child: tuple[Iri, Iri] | None = None) -> Entries:
    """A top level; `child` is a property of its one child. Other values than IRIs are texts."""
    subject, inside = iri_term(iri), iri_term(Iri("/c/".join(iri.rsplit("/", 1))))
    name = iri.split("/")[-2]
    own: list[tuple[Term, Iri, Term]] = [
        (subject, RDF.type, cls),
        (subject, SBH.topLevel, subject),
        (subject, SBOL2.displayId, literal_term(name)),
        (subject, SBOL2.version, literal_term(iri.rpartition("/")[2])),
        (subject, SBOL2.persistentIdentity, iri_term(Iri(iri.rpartition("/")[0]))),
    ]
    own += [(subject, p, iri_term(Iri(o)) if o.startswith("http") else literal_term(o)) for p, o in more]
    if child is not None:
        own += [
            (subject, Iri(SBOL2.NS + "component"), inside),
            (inside, SBH.topLevel, subject),
            (inside, RDF.type, PART),
        ]
        own += [(inside, child[0], iri_term(child[1]))]
    graph = REGISTRY.graph_of(iri)
    assert graph is not None
    return {(graph, iri): [(s, iri_term(p), o) for s, p, o in own]}


def ref(iri: Iri) -> ObjectRef:
    found = ObjectRef.of_iri(iri, REGISTRY)
    assert found is not None
    return found


def using(hub: Hub, iri: Iri, actor: Actor = ANONYMOUS) -> list[str]:
    related = relations.uses(hub, actor, ref(iri))
    hits = related.hits(0, 1000)
    assert related.count() == len(hits)
    return [hit.display_id for hit in hits]


def twin_names(hub: Hub, iri: Iri, actor: Actor = ANONYMOUS) -> list[str]:
    related = relations.twins(hub, actor, ref(iri))
    hits = related.hits(0, 1000)
    assert related.count() == len(hits)
    return [hit.display_id for hit in hits]


# --- uses


def test_users_refer_themselves_or_by_a_child_or_have_a_user_of_it(hub: Hub) -> None:
    fill(
        hub,
        entry(at("seq"), SEQUENCE)
        | entry(at("part"), PART, (SBOL2.sequence, at("seq")))
        | entry(at("unit"), PART, child=(DEFINITION, at("part")))
        | entry(at("module"), PART, child=(DEFINITION, at("unit")))
        | entry(at("set"), COLLECTION, (SBOL2.member, at("part"))),
    )
    assert using(hub, at("seq")) == ["part", "set"]  # a child's reference to the part goes no further
    assert using(hub, at("part")) == ["unit", "set"]
    assert using(hub, at("unit")) == ["module"]
    assert using(hub, at("module")) == []


def test_a_reference_without_version_is_a_use_of_the_latest(hub: Hub) -> None:
    identity = Iri(f"{PUBLIC}/lab/part")
    fill(
        hub,
        entry(at("part", "1.9"), PART)
        | entry(at("part", "1.10"), PART)
        | entry(at("unit"), PART, child=(DEFINITION, identity)),
    )
    assert using(hub, at("part", "1.10")) == ["unit"]
    assert using(hub, at("part", "1.9")) == []


def test_a_child_is_used_by_other_top_levels_only(hub: Hub) -> None:
    child = Iri(f"{PUBLIC}/lab/part/c/1")
    fill(
        hub,
        entry(at("part"), PART, (TEMPLATE, child), child=(DEFINITION, at("other")))
        | entry(at("other"), PART, (PROV.wasDerivedFrom, child)),
    )
    assert using(hub, child) == ["other"]


def test_uses_of_what_the_actor_may_not_read_are_not_found(hub: Hub) -> None:
    fill(
        hub,
        entry(at("secret", graph=ALICE), PART)
        | entry(at("mine", graph=BOB), PART, (TEMPLATE, at("secret", "1", ALICE))),
    )
    with pytest.raises(NotFound):
        relations.uses(hub, user("bob"), ref(at("secret", graph=ALICE)))
    assert using(hub, at("secret", graph=ALICE), user("alice")) == []


def test_a_link_to_a_collection_shows_the_uses_inside_it_only(hub: Hub) -> None:
    part, outside = at("part", graph=ALICE), Iri(f"{ALICE}/other/outside/1")
    fill(
        hub,
        entry(part, PART)
        | entry(at("unit", graph=ALICE), PART, child=(DEFINITION, part))
        | entry(at("stray", graph=ALICE), PART, (TEMPLATE, part))
        | entry(outside, PART, (TEMPLATE, part))
        | entry(
            at("lab_collection", graph=ALICE),
            COLLECTION,
            *[(SBOL2.member, at(n, "1", ALICE)) for n in ("part", "unit")],
        )
        | entry(at("open"), PART, (TEMPLATE, part)),
    )
    bearer = Actor(None, (Single(ALICE, SHARED, members=True),))
    assert sorted(using(hub, part, bearer)) == ["lab_collection", "open", "unit"]
    of_one = Actor(None, (Single(ALICE, part),))
    assert using(hub, part, of_one) == ["open"]
    assert sorted(using(hub, part, user("alice"))) == ["lab_collection", "open", "outside", "stray", "unit"]


def random_data(rnd: random.Random) -> Entries:
    """Parts, sequences and collections in versions, in three graphs, that refer to one another in every way."""
    every = [at(f"o{n}", v, g) for g in (PUBLIC, ALICE, BOB) for n in range(3) for v in ("1.9", "1.10")]
    named = [*every, *(Iri(iri.rpartition("/")[0]) for iri in every)]
    entries: Entries = {}
    for iri in rnd.sample(every, 14):
        targets = rnd.sample(named, 4)
        direct = [(rnd.choice([TEMPLATE, PROV.wasDerivedFrom, SBOL2.sequence, SBOL2.member]), o) for o in targets[:2]]
        child = (DEFINITION, targets[2]) if rnd.random() < 0.7 else None
        entries |= entry(iri, rnd.choice([PART, SEQUENCE, COLLECTION]), *direct[: rnd.randint(0, 2)], child=child)
    return entries


def meaning(dataset: Dataset, entries: Entries, iri: Iri) -> Query:
    """What uses an object, in SPARQL. Which version is the latest, SPARQL cannot say: that is put in as VALUES."""
    seen = [top for graph, top in entries if graph in dataset.graphs]
    latest: dict[str, Iri] = {}
    for top in sorted(seen, key=lambda top: version_key(top.rpartition("/")[2])):
        latest[top.rpartition("/")[0]] = top
    pairs = [(top, top) for top in seen] + [(top, Iri(identity)) for identity, top in latest.items()]
    names = " ".join(render.iri(name) for top, name in pairs if top == iri)
    aliases = " ".join(f"({render.iri(top)} {render.iri(name)})" for top, name in pairs)
    no_use = f"{render.iri(SBH.topLevel)}, {render.iri(SBOL2.persistentIdentity)}"
    text = f"""SELECT DISTINCT ?obj WHERE {{
      VALUES ?name {{ {names} }}
      {{ ?part ?p ?name ; {render.iri(SBH.topLevel)} ?obj . FILTER(?p NOT IN ({no_use})) }}
      UNION
      {{ VALUES (?between ?alias) {{ {aliases} }}
         ?between ?p ?name ; {render.iri(SBH.topLevel)} ?between . FILTER(?p NOT IN ({no_use}))
         ?obj ?q ?alias ; {render.iri(SBH.topLevel)} ?obj . FILTER(?q NOT IN ({no_use})) }}
      FILTER(?obj != {render.iri(iri)})
    }}"""
    return Query(text)


@pytest.mark.parametrize("seed", range(12))
def test_uses_are_those_of_the_sparql(hub: Hub, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if seed % 2:
        monkeypatch.setattr(find, "_FEW", 0)  # as where there are many: by sets
    rnd = random.Random(seed)
    entries = random_data(rnd)
    fill(hub, entries)
    compared = 0
    for actor in READERS:
        dataset = hub.dataset(actor)
        for graph, iri in entries:
            if graph in dataset.graphs:
                related = relations.uses(hub, actor, ref(iri))
                expected = {
                    iri_of(row[0])
                    for row in hub.store.select(meaning(dataset, entries, iri), dataset)
                    if row[0] is not None
                }
                hits = related.hits(0, 1000)
                assert {hit.uri for hit in hits} == expected
                assert related.count() == len(hits) == len(expected)
                pages = [hit.uri for offset in range(0, len(hits) + 2, 2) for hit in related.hits(offset, 2)]
                assert pages == [hit.uri for hit in hits]
                compared += len(hits)
    assert compared > 10


# --- twins


def with_sequence(name: str, elements: str, graph: Iri = PUBLIC) -> Entries:
    sequence = at(f"{name}_seq", graph=graph)
    return entry(at(name, graph=graph), PART, (SBOL2.sequence, sequence)) | entry(
        sequence, SEQUENCE, (SBOL2.elements, elements)
    )


def test_twins_have_the_same_residues_in_any_case(hub: Hub) -> None:
    fill(
        hub,
        with_sequence("a", "acgt")
        | with_sequence("b", "ACGT")
        | with_sequence("c", "acgtt")
        | entry(at("d"), PART, (SBOL2.sequence, at("a_seq")))
        | entry(at("set"), COLLECTION, (SBOL2.sequence, at("a_seq")))
        | with_sequence("smiles", "C1CC1")
        | with_sequence("aromatic", "c1cc1"),
    )
    assert twin_names(hub, at("a")) == ["b", "d"]
    assert twin_names(hub, at("c")) == []
    assert twin_names(hub, at("smiles")) == []
    assert twin_names(hub, at("a_seq")) == []


def test_twins_are_looked_for_in_what_the_actor_reads(hub: Hub) -> None:
    fill(hub, with_sequence("a", "acgt") | with_sequence("b", "acgt", ALICE) | with_sequence("c", "acgt", BOB))
    assert twin_names(hub, at("a")) == []
    assert twin_names(hub, at("a"), user("alice")) == ["b"]
    assert twin_names(hub, at("b", graph=ALICE), user("alice")) == ["a"]


def test_a_link_to_a_part_does_not_tell_who_has_its_sequence(hub: Hub) -> None:
    part = at("b", graph=ALICE)
    fill(
        hub,
        with_sequence("a", "acgt")
        | with_sequence("b", "acgt", ALICE)
        | with_sequence("c", "acgt", ALICE)
        | entry(
            at("lab_collection", graph=ALICE), COLLECTION, *[(SBOL2.member, at(n, "1", ALICE)) for n in ("b", "b_seq")]
        ),
    )
    assert twin_names(hub, part, Actor(None, (Single(ALICE, part),))) == []
    bearer = Actor(None, (Single(ALICE, SHARED, members=True),))
    assert twin_names(hub, part, bearer) == ["a"]
    assert sorted(twin_names(hub, part, user("alice"))) == ["a", "c"]


# --- names


def completed(hub: Hub, text: str, limit: int = 10, actor: Actor = ANONYMOUS) -> list[tuple[str, str]]:
    found = relations.complete(hub.catalog, hub.dataset(actor), text, limit)
    return [(name, iri.removeprefix(REGISTRY.prefix)) for name, iri in found]


def test_names_and_display_ids_are_completed_in_the_order_of_a_search(hub: Hub) -> None:
    fill(
        hub,
        entry(at("promX"), PART, (DCTERMS.title, "Lac promoter X"))
        | entry(at("pTest"), PART, (DCTERMS.title, "Test promoter"))
        | entry(at("prom"), PART)
        | entry(at("promoters"), COLLECTION, (DCTERMS.title, "promoters"))
        | entry(at("unit"), PART, child=(DEFINITION, at("pTest"))),
    )
    assert completed(hub, "prom") == [
        ("prom", "public/lab/prom/1"),
        ("Lac promoter X", "public/lab/promX/1"),
        ("promX", "public/lab/promX/1"),
        ("Test promoter", "public/lab/pTest/1"),
    ]
    assert completed(hub, "Lac_PROM") == completed(hub, "  prom lac ") == [("Lac promoter X", "public/lab/promX/1")]
    assert completed(hub, "romoter") == completed(hub, "_") == completed(hub, "") == []
    assert len(completed(hub, "prom", limit=3)) == 3


def test_private_names_are_completed_for_their_owner_only(hub: Hub) -> None:
    fill(hub, entry(at("quagga", graph=ALICE), PART))
    assert completed(hub, "quag", actor=user("alice")) == [("quagga", "user/alice/lab/quagga/1")]
    assert completed(hub, "quag", actor=user("bob")) == completed(hub, "quag") == []


def test_limits_of_completion_are_told(hub: Hub) -> None:
    with pytest.raises(BadRequest, match="limit=51 is not served; ask for 1 to 50"):
        completed(hub, "a", limit=51)
    with pytest.raises(BadRequest, match="101 characters are too many to complete; write up to 100"):
        completed(hub, "a" * 101)
