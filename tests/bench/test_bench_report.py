"""The page of results says what was found, and judges each target by it."""

from dataclasses import replace
from datetime import date

from bench.machine import Memory
from bench.report import Figures, Line, Results, Timing, Wanted, Writes, targets_of, write_report

MIB = 1 << 20
MEMORY = Memory(200 * MIB, 190 * MIB, 500 * MIB, 400 * MIB, 4)
FLOOR = Timing(0.0002, 0.0003, 500, 0.1)


def timing(p50: float) -> Timing:
    return Timing.of([p50] * 10, elapsed_s=p50 * 10)


def figures(lines: list[Line], *, idle: Memory = MEMORY, corpus: Timing | None = None) -> Figures:
    writes = Writes(corpus, timing(0.02), timing(0.002), 1.5, MEMORY)
    return Figures(
        1000, 2000, 50_000, 9 * MIB, 3.0, 2.0, 1.0, idle, MEMORY, MEMORY, 99 * MIB, 88 * MIB, FLOOR, FLOOR, lines,
        "Virtuoso 7", writes,
    )  # fmt: skip


def results(one: Figures) -> Results:
    return Results(date(2025, 1, 31), "a machine", "abc", 0.1, 60.0, 95, 6.0, [one])


READ = Line("metadata", Wanted(), 1, timing(0.001), timing(0.0009))
SEARCH = Line("search", Wanted(100, 10), 2, timing(0.002), timing(0.2))


def met(one: Figures) -> dict[str, bool]:
    return {target.wanted.split(" ")[0]: target.met for target in targets_of(results(one))}


def test_percentiles_are_of_the_sorted_latencies() -> None:
    found = Timing.of([n / 1000 for n in range(100, 0, -1)], elapsed_s=5.05)
    assert (found.p50, found.p95, found.count) == (0.0505, 0.096, 100)
    assert round(found.per_s, 1) == 19.8


def test_a_read_may_be_slower_by_the_floor_of_its_requests() -> None:
    assert met(figures([READ]))["no"]
    assert not met(figures([replace(READ, ours=timing(0.00111))]))["no"]
    assert met(figures([replace(READ, ours=timing(0.00129), requests=2)]))["no"]


def test_a_read_that_may_take_so_long_may_be_slower() -> None:
    slow = replace(READ, ours=timing(0.0029))
    assert not met(figures([slow]))["no"]
    assert met(figures([replace(slow, wanted=Wanted(may_take_ms=3))]))["no"]
    assert not met(figures([replace(slow, wanted=Wanted(may_take_ms=2.8))]))["no"]


def test_a_search_must_be_so_many_times_faster_and_within_a_time() -> None:
    assert met(figures([SEARCH]))["at"] and met(figures([SEARCH]))["p50"]
    assert not met(figures([SEARCH, replace(SEARCH, theirs=timing(0.199))]))["at"]
    assert not met(figures([SEARCH, replace(SEARCH, ours=timing(0.0101))]))["p50"]
    assert "at" not in met(figures([READ])) and "p50" not in met(figures([READ]))


def test_corpus_must_take_less_than_twelve_seconds_in_all() -> None:
    assert met(figures([READ], corpus=Timing(0.1, 0.2, 95, 11.9)))["95"]
    assert not met(figures([READ], corpus=Timing(0.1, 0.2, 95, 12.1)))["95"]
    assert "95" not in met(figures([READ]))


def test_idle_memory_has_two_limits() -> None:
    found = met(figures([READ]))
    assert found["server"] and found["all"]
    assert not met(figures([READ], idle=replace(MEMORY, process_rss=251 * MIB)))["server"]
    assert not met(figures([READ], idle=replace(MEMORY, tree_rss=601 * MIB)))["all"]


def test_page_holds_targets_rows_machine_and_day() -> None:
    page = write_report(results(figures([READ, SEARCH], corpus=Timing(0.1, 0.2, 95, 11.9))))
    assert "2025-01-31" in page
    assert "a machine" in page
    assert "| 1,000 | 95 SBOL2 files one by one in less than 12 s | 11.9 s | yes |" in page
    assert "| search | 2.00 | 2.00 | 200 | 200 | 100 | 200 | yes | 500 | 5.0 | 10 / 10 |" in page
    assert "| synhub, idle after its start | 200 | 190 | 500 | 400 | 4 |" in page
