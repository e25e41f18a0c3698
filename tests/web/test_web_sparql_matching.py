"""`synhub:textMatch` over HTTP: the same objects as a search, and never what the caller may not read."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from live import PREFIX, Live, live

from synhub.sparql import matching

PUBLIC, ALICE = f"{PREFIX}public", f"{PREFIX}user/alice"
SITE = "gattacacattaggactcaa"
SEQUENCES = {"horse": f"ccgcgtt{SITE}ggctgcaa", "mare": "acgtacgtttgcacggatcattggccaattgacca", "zebra": SITE}
SELECT = "SELECT ?x {{ ?x synhub:textMatch {} }}"


def document(*names: str) -> bytes:
    parts = "".join(
        f"""<sbol:ComponentDefinition rdf:about="http://x.org/{name}/1">
  <sbol:persistentIdentity rdf:resource="http://x.org/{name}"/><sbol:displayId>{name}</sbol:displayId>
  <sbol:version>1</sbol:version><dcterms:title>{name} the "tested" promoter</dcterms:title>
  <sbol:type rdf:resource="http://www.biopax.org/release/biopax-level3.owl#DnaRegion"/>
  <sbol:sequence rdf:resource="http://x.org/{name[::-1]}/1"/>
</sbol:ComponentDefinition>
<sbol:Sequence rdf:about="http://x.org/{name[::-1]}/1">
  <sbol:persistentIdentity rdf:resource="http://x.org/{name[::-1]}"/><sbol:displayId>{name[::-1]}</sbol:displayId>
  <sbol:version>1</sbol:version><sbol:elements>{SEQUENCES[name]}</sbol:elements>
  <sbol:encoding rdf:resource="http://www.chem.qmul.ac.uk/iubmb/misc/naseq.html"/>
</sbol:Sequence>"""
        for name in names
    )
    return f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:sbol="http://sbols.org/v2#"
  xmlns:dcterms="http://purl.org/dc/terms/">{parts}</rdf:RDF>""".encode()


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The public graph has horse and mare, alice has zebra."""
    with live(tmp_path_factory.mktemp("data")) as instance:
        for name in ("alice", "bob"):
            instance.user(name)
        instance.publish("bob", document("horse", "mare"), "open")
        assert instance.submit("alice", document("zebra"), {"id": "own"}).status_code == 200
        yield instance


def found(instance: Live, who: str | None, query: str, **params: str) -> list[str]:
    answer = instance.get("/sparql", who, params={"query": query, **params}, headers={"Accept": "text/csv"})
    assert answer.status_code == 200, answer.text
    return sorted(line.split("/")[-2] for line in answer.text.split()[1:])


@pytest.mark.parametrize("words", ["promoter", "horse or mare", '"the "', "promoter not mare", "nothing at all", "pro"])
def test_it_finds_what_a_search_finds(instance: Live, words: str) -> None:
    listed = instance.get("/search/" + quote(words, safe=""), "alice", headers={"Accept": "application/json"}).json()
    escaped = words.replace('"', '\\"')
    expected = sorted(hit["uri"].split("/")[-2] for hit in listed)
    assert found(instance, "alice", SELECT.format(f'"{escaped}"')) == expected


def test_nobody_finds_what_is_not_theirs(instance: Live) -> None:
    promoters = SELECT.format("'promoter'")
    assert found(instance, None, promoters) == found(instance, "bob", promoters) == ["horse", "mare"]
    assert found(instance, "alice", promoters) == ["horse", "mare", "zebra"]
    for who in (None, "bob"):
        assert found(instance, who, SELECT.format("'zebra'")) == []
        graph = 'SELECT ?x { GRAPH ?g { ?x a ?t } ?x synhub:textMatch "zebra" }'
        assert found(instance, who, graph) == []
        inverse = 'SELECT ?x { ?x a ?t FILTER NOT EXISTS { ?x synhub:textMatch "zebra" } }'
        assert "zebra" not in str(found(instance, who, inverse))


def test_only_graphs_that_the_query_reads_are_searched(instance: Live) -> None:
    promoters = SELECT.format("'promoter'")
    assert found(instance, "alice", promoters, **{"default-graph-uri": ALICE}) == ["zebra"]
    assert found(instance, "alice", promoters, **{"default-graph-uri": PUBLIC}) == ["horse", "mare"]
    assert found(instance, "alice", f"SELECT ?x FROM <{ALICE}> {{ ?x synhub:textMatch 'promoter' }}") == ["zebra"]
    assert found(instance, "alice", promoters, **{"named-graph-uri": PUBLIC}) == []  # the default graph is empty
    full = {"default-graph-uri": ALICE, "named-graph-uri": PUBLIC}
    assert found(instance, "alice", promoters, **full) == ["zebra"]


def test_sequences_are_found_by_a_part_of_them_on_either_strand(instance: Live) -> None:
    query = "SELECT ?x {{ ?x synhub:sequenceMatch '{}' . ?x a sbol2:ComponentDefinition }}"
    assert found(instance, "alice", query.format(SITE)) == ["horse", "zebra"]
    assert found(instance, "alice", query.format("ttgagtcctaatgtgtaatc")) == ["horse", "zebra"]
    assert found(instance, None, query.format(SITE)) == found(instance, "bob", query.format(SITE)) == ["horse"]
    assert found(instance, "alice", query.format(SITE), **{"default-graph-uri": ALICE}) == ["zebra"]


def test_it_is_joined_as_any_other_pattern(instance: Live) -> None:
    union = "SELECT ?x { { ?x synhub:textMatch 'horse' } UNION { ?x synhub:textMatch 'zebra' } }"
    assert found(instance, "alice", union) == ["horse", "zebra"]
    both = "SELECT ?x { ?x synhub:textMatch 'promoter' . ?x a sbol2:ComponentDefinition . ?x synhub:textMatch 'mare' }"
    assert found(instance, "alice", both) == ["mare"]
    minus = "SELECT ?x { ?x a sbol2:ComponentDefinition MINUS { ?x synhub:textMatch 'horse or zebra' } }"
    assert found(instance, "alice", minus) == ["mare"]
    exists = "SELECT ?x { ?x a sbol2:ComponentDefinition FILTER EXISTS { ?x synhub:textMatch 'horse' } }"
    assert found(instance, "alice", exists) == ["horse"]
    optional = "ASK { ?x a ?c OPTIONAL { ?x synhub:textMatch 'horse' . ?x dcterms:title ?t } FILTER(BOUND(?t)) }"
    assert json.loads(instance.get("/sparql", params={"query": optional}).text)["boolean"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ('SELECT *\n{ ?x synhub:textMatch "" }', "there is no word in it; name at least one (line 2, column 23)"),
        ('SELECT *\n{ ?x synhub:textMatch "a" ; a ?t }', "synhub:textMatch stands in a triple of its own"),
        ('SELECT * { ?x synhub:sequenceMatch "" }', "there is no letter of a sequence in '' (line 1, column 36)"),
        ('SELECT * { ?x synhub:sequenceMatch "5" }', "there is no letter of a sequence in '5' (line 1, column 36)"),
        (SELECT.format('"' + "a " * 70 + '"'), "more than 64 words"),
    ],
)
def test_what_cannot_be_asked_is_told_with_its_place(instance: Live, query: str, message: str) -> None:
    answer = instance.get("/sparql", params={"query": query})
    assert answer.status_code == 400
    assert message in answer.text
    assert "(line " in answer.text


def test_too_many_objects_are_refused_with_advice(instance: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST_IRIS", 2)
    assert found(instance, "bob", SELECT.format("'promoter'")) == ["horse", "mare"]
    answer = instance.get("/sparql", "alice", params={"query": SELECT.format("'promoter'")})
    assert answer.status_code == 400
    assert answer.text == (
        "synhub:textMatch: more than 2 objects have 'promoter'; ask for more of them at once, or for"
        " something rarer (line 1, column 33)"
    )
