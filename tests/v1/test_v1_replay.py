"""synhub answers what a SynBioHub answered, apart from the differences in the table."""

import os
from collections import Counter
from pathlib import Path

import pytest
from v1_differences import Difference, Outcome, idle, overstated, read_table
from v1_replay import AREAS, replay

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def table() -> list[Difference]:
    return read_table()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory, recordings: Path, table: list[Difference]) -> list[Outcome]:
    outcomes = replay(tmp_path_factory.mktemp("replay") / "data", recordings, table)
    # what an engine has no means for says so (docs/engines.md); the usual one has means for everything
    return [o for o in outcomes if "TEST_ENGINE" not in os.environ or o.got.status != 501]


@pytest.mark.parametrize("area", AREAS)
def test_answers_are_as_recorded_or_as_declared(outcomes: list[Outcome], area: str) -> None:
    verdicts = Counter(o.verdict for o in outcomes if o.item.area == area)
    print(area, dict(verdicts))
    bad = [o for o in outcomes if o.item.area == area and not o.is_good]
    assert not bad, f"{len(bad)} of {verdicts.total()} answers:\n" + "\n".join(map(str, bad))


def test_every_row_of_the_table_explains_an_answer(table: list[Difference], outcomes: list[Outcome]) -> None:
    if "TEST_ENGINE" in os.environ:
        pytest.skip("rows about SPARQL explain nothing where there is none")
    assert [str(row) for row in idle(table, outcomes)] == []
    assert [str(row) for row in overstated(table, outcomes)] == []
