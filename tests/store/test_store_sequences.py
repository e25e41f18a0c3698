"""The sequence index of a running instance: kept up with what is submitted and removed, rebuilt when it is lost."""

import random
from pathlib import Path

from live import live

from synhub.search.alignment import make_query
from synhub.store.catalog_entry import elements_digest

LETTERS = random.Random(11)


def dna(length: int) -> str:
    return "".join(LETTERS.choices("ACGT", k=length))


def fasta(**records: str) -> bytes:
    return "".join(f">{name}\n{text}\n" for name, text in records.items()).encode()


def test_submitted_sequence_is_found_at_once(tmp_path: Path) -> None:
    text = dna(900)
    with live(tmp_path) as hub:
        hub.user("alice")
        assert hub.submit("alice", fasta(part=text)).status_code == 200
        mine = hub.hub.registry.user_graph("alice")
        found = hub.hub.sequences.find(make_query(text[100:160], "contained"), [mine])
        assert [(m.digest, m.start, m.end, m.strand, m.percent, m.cigar) for m in found.matches] == [
            (elements_digest(text), 101, 160, "+", 100.0, "60=")
        ]
        assert found.cut == ""
