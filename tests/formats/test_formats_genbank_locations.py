"""Locations of GenBank features: text to spans and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synhub.formats.genbank.locations import (
    MAX_NESTING,
    MAX_PARTS,
    Location,
    LocationError,
    parse_location,
    write_location,
)
from synhub.formats.spans import Span


@pytest.mark.parametrize(
    ("text", "spans", "operator"),
    [
        ("7", [Span(7, 7)], ""),
        ("1..5", [Span(1, 5)], ""),
        ("complement(<3..>5)", [Span(3, 5, "range", True, True, True)], ""),
        ("3^4", [Span(3, 4, "cut")], ""),
        ("120^1", [Span(120, 1, "cut")], ""),
        ("3.9", [Span(3, 9, "within")], ""),
        ("110..10", [Span(110, 10)], ""),
        ("order(1..5,7)", [Span(1, 5), Span(7, 7, index=1)], "order"),
        ("bond(3,9)", [Span(3, 3), Span(9, 9, index=1)], "bond"),
        ("join(1..5)", [Span(1, 5)], "join"),
        (
            "complement(join(1..5,7..9))",
            [Span(7, 9, is_reverse=True, index=1), Span(1, 5, is_reverse=True)],
            "join",
        ),
        ("join(complement(7..9),1..5)", [Span(7, 9, is_reverse=True), Span(1, 5, index=1)], "join"),
    ],
)
def test_spans_say_all_of_a_plain_location(text: str, spans: list[Span], operator: str) -> None:
    assert parse_location(text) == Location(tuple(spans), operator, True)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("J00194.1:1..9", []),
        ("gap(unk100)", []),
        ("join(J00194.1:1..9,3..4)", [(3, 4)]),
        ("(2.5)..10", [(2, 10)]),
        ("one-of(3,5)..10", [(3, 10)]),
        ("10^15", [(10, 15)]),
        ("order(1..2,join(4..5,8..9))", [(1, 2), (4, 5), (8, 9)]),
        ("complement(order(complement(1..2),5..6))", [(5, 6), (1, 2)]),
    ],
)
def test_what_spans_cannot_say_is_told_apart(text: str, spans: list[tuple[int, int]]) -> None:
    location = parse_location(text)
    assert not location.is_exact
    assert [(span.start, span.end) for span in location.spans] == spans


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("1..", "'..' cannot stand there"),
        ("-3..4", "'-3..4' cannot stand there"),
        ("join(1..2", "it ends too early"),
        ("1..5)", "it closes a bracket that is not open"),
        ("join(1..2,)", "')' cannot stand there"),
        ("join()", "')' cannot stand there"),
        ("1,2", "a comma stands outside"),
        ("complement(1..2,3..4)", "a comma stands outside"),
        ("foo(1..2)", "'foo' is not an operator"),
    ],
)
def test_what_is_no_location_is_refused(text: str, message: str) -> None:
    with pytest.raises(LocationError, match=message.replace("(", r"\(").replace(")", r"\)")) as caught:
        parse_location(text)
    assert not caught.value.is_limit


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("complement(" * 50_000 + "1" + ")" * 50_000, str(MAX_NESTING)),
        ("join(" + "1," * MAX_PARTS + "1)", str(MAX_PARTS)),
        ("1..99999999999999999999", str(2**31 - 1)),
        ("9" * 100_000, str(2**31 - 1)),
    ],
)
def test_limits_are_named(text: str, limit: str) -> None:
    with pytest.raises(LocationError, match=limit) as caught:
        parse_location(text)
    assert caught.value.is_limit


def test_nesting_and_parts_at_the_limit_are_read() -> None:
    deep = "complement(" * MAX_NESTING + "1..2" + ")" * MAX_NESTING
    assert [span.is_reverse for span in parse_location(deep).spans] == [False]
    assert len(parse_location("join(" + "1," * (MAX_PARTS - 1) + "1)").spans) == MAX_PARTS


LENGTH = 1_000


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    found = []
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(1, LENGTH - 1))
        kind = draw(st.sampled_from(["range", "range", "cut", "within"]))
        end = start + 1 if kind == "cut" else draw(st.integers(start + (kind == "within"), LENGTH))
        flags = (draw(st.booleans()), draw(st.booleans())) if kind == "range" else (False, False)
        found.append(Span(start, end, kind, *flags, is_reverse=draw(st.booleans())))  # type: ignore[arg-type]
    return found


@given(spans(), st.sampled_from(["join", "order", "bond", "one-of"]))
def test_written_spans_read_back_in_the_same_order(given_spans: list[Span], operator: str) -> None:
    operator = operator if len(given_spans) > 1 else ""
    location = parse_location(write_location(given_spans, operator, LENGTH))
    assert location.is_exact
    assert location.operator == operator
    assert [Span(s.start, s.end, s.kind, s.before, s.after, s.is_reverse) for s in location.spans] == given_spans
