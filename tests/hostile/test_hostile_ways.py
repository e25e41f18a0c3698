"""A sample of the hostile inputs by the other ways in: to be judged, inside an archive, and many at once."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from served import Served, served

from fixtures.hostile.archives import DESIGN, OMEX, manifest, zipped
from fixtures.hostile.case import Case
from fixtures.hostile.make import CASES
from fixtures.hostile.rdfxml import document, sequence

pytestmark = pytest.mark.slow

NAMES = (
    "billion_laughs", "nested_20000", "literal_60_mb", "iri_with_space", "nul", "two_roots", "html",
    "blank_nodes_50_000", "definitions_in_a_ring", "cr_lf", "turtle_brackets_20000", "turtle_prefix_of_7_kb",
    "turtle_comment_of_20_mb", "jsonld_nested_3000", "jsonld_context_http", "jsonld_surrogate",
    "genbank_complements_50000", "genbank_features_250000", "genbank_qualifier_latin_1", "genbank_nul_bytes",
    "fasta_digits", "fasta_line_of_20_mb", "gff3_parents_in_a_ring", "gff3_lines_150000", "zip_symlink",
    "zip_overlapping", "zip_in_zip_100", "gzip_of_2_gb_zeros",
)  # fmt: skip
OTHER = document(sequence("other"))
BY_NAME = {case.name: case for case in CASES}
SAMPLE = [BY_NAME[name] for name in NAMES]
DESIGNS = [case for case in SAMPLE if not case.name.startswith(("zip", "gzip"))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("hostile") / "data", user_bytes=0) as found:
        assert found.submit(DESIGN).text == "Successfully uploaded"
        yield found
        deadline = time.monotonic() + 60
        while list(found.data.glob("jobs/*/unpacked")) and time.monotonic() < deadline:
            time.sleep(0.2)  # what was accepted goes with the next flush of the store
        assert list(found.data.glob("jobs/*/unpacked")) == []
        found.stop()


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.name)
def test_a_hostile_input_is_judged(server: Served, case: Case) -> None:
    files = {"file": (case.file_name, case.make())}
    headers = server.headers | {"Accept": "application/json"}
    answer = httpx.post(server.url + "/validate", files=files, headers=headers, timeout=120)
    if answer.status_code == 200:
        assert answer.json()["valid"] == (case.expected == "accepted"), answer.text
        assert case.says in answer.text
    else:
        assert answer.status_code in (400, 413), answer.text
        assert case.expected == "refused"
        assert case.says in answer.text
    assert server.get("/health").status_code == 200


@pytest.mark.parametrize("case", DESIGNS, ids=lambda case: case.name)
def test_a_hostile_member_of_an_archive_is_named(server: Served, case: Case) -> None:
    member = f"b/{case.file_name}"
    listed = manifest((".", OMEX), ("./a.xml", "application/rdf+xml"), (f"./{member}", OMEX.replace("omex", "sbol")))
    archive = zipped(("manifest.xml", listed), ("a.xml", OTHER), (member, case.make()))
    answer = server.submit(archive, {"id": f"z_{case.name}"}, name="designs.omex", timeout=120)
    if case.expected == "accepted":
        assert answer.text == "Successfully uploaded"
        return
    assert answer.status_code in (400, 413), answer.text
    assert member in answer.text
    assert server.get(f"/user/alice/z_{case.name}/z_{case.name}_collection/1").status_code == 404


def test_nobody_else_notices_many_at_once(server: Served) -> None:
    def attack(case: Case) -> int:
        return server.submit(case.make(), {"id": f"m_{case.name}"}, name=case.file_name, timeout=300).status_code

    with ThreadPoolExecutor(4) as attackers:
        under_way = [attackers.submit(attack, case) for case in SAMPLE]
        number = 0
        while not all(attempt.done() for attempt in under_way):
            number += 1
            started = time.monotonic()
            assert server.get("/user/alice/lab/lab_collection/1/sbol", timeout=30).status_code == 200
            assert server.get("/search/s", timeout=30).status_code == 200
            assert server.submit(DESIGN, {"id": f"own{number}"}, timeout=60).text == "Successfully uploaded"
            assert time.monotonic() - started < 30
        assert number > 0
    codes = {case.name: attempt.result() for case, attempt in zip(SAMPLE, under_way, strict=True)}
    assert {name for name, code in codes.items() if code == 200} == {
        case.name for case in SAMPLE if case.expected == "accepted"
    }
    assert set(codes.values()) <= {200, 400, 413}


@pytest.mark.parametrize(
    ("limits", "says"),
    [({"prepare_timeout": 1}, "1 s, the limit"), ({"prepare_memory": 300 << 20}, "300 MB of memory, the limit")],
)
def test_a_reader_that_ends_at_a_limit_names_it(tmp_path: Path, limits: dict[str, Any], says: str) -> None:
    with served(tmp_path / "data", **limits) as server:
        answer = server.submit(b"".join(b">s%d\nacgt\n" % n for n in range(90_000)), name="a.fasta")
        assert (answer.status_code, says in answer.text) == (413, True), answer.text
        assert answer.elapsed.total_seconds() < 20
        assert list(server.data.glob("jobs/*")) == []
        assert server.submit(DESIGN).text == "Successfully uploaded"
