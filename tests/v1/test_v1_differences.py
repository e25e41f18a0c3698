"""The table of differences: what a row claims, and that it can fail."""

from pathlib import Path

import pytest
from v1_differences import Difference, idle, judge, overstated, read_table
from v1_recordings import Answer, Item

RECORDED = Answer(200, "application/json", "", b"[]")


def item(name: str = "leading not", path: str = "/search/not%20gfp", caller: str = "anonymous") -> Item:
    return Item("search", 18, name, caller, "GET", path, {"Accept": "text/plain"}, None, None, None, None, RECORDED)


def row(**values: object) -> Difference:
    usual = {"area": "search", "kind": "fixed", "by": "W13", "because": "a leading operator is refused"}
    return Difference(**(usual | {"differs": ("body",), "status": 200, "names": ("leading not",)} | values))  # type: ignore[arg-type]


OTHER = Answer(200, "application/json", "", b'[{"uri":"a"}]')


def test_equal_answer_needs_no_row() -> None:
    assert judge(item(), RECORDED, []).verdict == "equal"


def test_undeclared_difference_is_bad() -> None:
    outcome = judge(item(), OTHER, [])
    assert (outcome.verdict, outcome.is_good) == ("undeclared", False)


def test_declared_difference_has_the_kind_of_its_row() -> None:
    outcome = judge(item(), OTHER, [row()])
    assert (outcome.verdict, outcome.is_good) == ("fixed", True)


@pytest.mark.parametrize(
    "values",
    [
        {"status": 400},
        {"differs": ("status",)},
        {"body": "[]"},
        {"says": "position"},
        {"relation": "less"},
        {"type": "text/plain"},
        {"location": "/login"},
    ],
)
def test_declared_difference_with_another_answer_is_bad(values: dict[str, object]) -> None:
    assert judge(item(), OTHER, [row(**values)]).verdict == "not as declared"


def test_declared_answer_may_be_told_in_parts() -> None:
    said = row(body='[{"uri":"a"}]', says='"uri"', relation="more", type="application/json", location="")
    assert judge(item(), OTHER, [said]).verdict == "fixed"


def test_row_may_tell_the_body_for_each_name() -> None:
    said = row(names=(), bodies={"leading not": '[{"uri":"a"}]', "other": "[]"})
    assert judge(item(), OTHER, [said]).verdict == "fixed"
    assert judge(item("other"), OTHER, [said]).verdict == "not as declared"
    assert judge(item("third"), OTHER, [said]).verdict == "undeclared"


def test_row_about_an_answer_that_has_become_equal_is_bad() -> None:
    outcome = judge(item(), RECORDED, [row()])
    assert (outcome.verdict, outcome.is_good) == ("declared but equal", False)


@pytest.mark.parametrize(
    ("values", "matches"),
    [
        ({}, True),
        ({"names": ("leading *",)}, True),
        ({"names": ("trailing *", "leading not")}, True),
        ({"names": ("trailing *",)}, False),
        ({"area": "auth"}, False),
        ({"callers": ("anonymous",)}, True),
        ({"callers": ("alice",)}, False),
        ({"paths": ("/search/*",)}, True),
        ({"paths": ("/searchCount/*",)}, False),
        ({"accepts": ("text/*",)}, True),
        ({"accepts": ("text/html",)}, False),
        ({"methods": ("POST",)}, False),
    ],
)
def test_row_is_about_what_all_its_patterns_name(values: dict[str, object], matches: bool) -> None:
    assert row(**values).matches(item()) is matches


def test_first_row_that_is_about_an_item_decides() -> None:
    narrow, wide = row(), row(names=("*",), kind="decided")
    assert judge(item(), OTHER, [narrow, wide]).verdict == "fixed"
    assert judge(item("other"), OTHER, [narrow, wide]).verdict == "decided"


def test_rows_that_explain_nothing_are_idle() -> None:
    used, unused = row(), row(names=("never",))
    assert idle([used, unused], [judge(item(), OTHER, [used, unused])]) == [unused]


def test_rows_that_declare_more_than_differs_are_overstated() -> None:
    exact, wide = row(), row(names=("other",), differs=("status", "body"))
    outcomes = [judge(item(name), OTHER, [exact, wide]) for name in ("leading not", "other")]
    assert overstated([exact, wide], outcomes) == [wide]


@pytest.mark.parametrize("wrong", [{"kind": "wontfix"}, {"relation": "similar"}, {"names": (), "paths": ()}])
def test_row_that_says_something_unknown_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"kind|relation|must say"):
        row(**wrong)


def test_unknown_key_of_a_row_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "differences.toml"
    table.write_text('[[difference]]\narea = "auth"\nname = ["misspelt"]\n')
    with pytest.raises(TypeError, match="name"):
        read_table(table)


def test_table_can_be_read() -> None:
    assert all(row.because for row in read_table())
