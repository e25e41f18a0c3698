"""Locations of GenBank features: from text to spans of the sequence, and back.

Knows neither records nor SBOL. Everything that the feature table allows is read; what spans alone cannot say (places in
other records, gaps, ends that are ranges themselves, operators inside operators) makes a location that is not `exact`:
then the text has to be kept beside the spans.

Source: The DDBJ/ENA/GenBank Feature Table Definition, section 3.4.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from synhub.formats.spans import Kind, Span

MAX_PARTS = 10_000
MAX_NESTING = 16
MAX_POSITION = 2**31 - 1


_OPERATORS = frozenset({"join", "order", "bond", "one-of", "group"})
_FIRST = r"[<>]?\d+|\(\d+\.\d+\)|one-of\([\d,<>]*\)(?=\.\.)"
_LAST = r"[<>]?\d+|\(\d+\.\d+\)|one-of\([\d,<>]*\)"
_TOKEN = re.compile(
    rf"(?P<gap>gap\((?:unk)?\d*\))"
    rf"|(?:(?P<remote>[A-Za-z][\w.|\-]*):)?(?P<first>{_FIRST})(?:(?P<dots>\.\.|\.|\^)(?P<last>{_LAST}))?"
    rf"|(?P<operator>[A-Za-z][A-Za-z\-]*)\(|(?P<close>\))|(?P<comma>,)",
    re.ASCII,
)
_SIMPLE = re.compile(r"(complement\()?(<)?(\d{1,9})(?:\.\.(>)?(\d{1,9}))?(?(1)\))", re.ASCII)
_NUMBER = re.compile(r"\d+", re.ASCII)


class LocationError(Exception):
    """Says what is wrong with a location. `is_limit` tells a limit that was hit from text that is no location."""

    def __init__(self, message: str, *, is_limit: bool = False) -> None:
        super().__init__(message)
        self.is_limit = is_limit


@dataclass(frozen=True, slots=True)
class Location:
    """Spans in the order in which the feature runs through them; `operator` joins them, '' for a single one."""

    spans: tuple[Span, ...]
    operator: str = ""
    is_exact: bool = True


def parse_location(text: str) -> Location:
    """Read a location without white space. Raises LocationError."""
    simple = _SIMPLE.fullmatch(text)
    if simple:
        reverse, before, start, after, end = simple.groups()
        span = Span(int(start), int(end or start), "range", bool(before), bool(after), bool(reverse))
        return Location((span,))
    return _parse_nested(text)


# What has been read of a location: one span, spans under one operator, those complemented as a whole, anything else.
_Shape = Literal["leaf", "group", "complemented group", "other"]


@dataclass(slots=True)
class _Node:
    """An operator and what its bracket holds; `spans` run in the direction of the feature."""

    operator: str
    spans: list[Span] = field(default_factory=list)
    shapes: set[_Shape] = field(default_factory=set)
    inner_operator: str = ""  # of the item last closed

    def add(self, spans: Iterable[Span], shape: _Shape, operator: str = "") -> None:
        self.spans.extend(spans)
        self.shapes.add(shape)
        self.inner_operator = operator


def _parse_nested(text: str) -> Location:
    stack = [_Node("")]
    count = 0
    wants_item = True
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None or wants_item == bool(token["close"] or token["comma"]):
            raise LocationError(f"{_excerpt(text, position)} cannot stand there")
        if token["operator"]:
            stack.append(_opened(token["operator"], len(stack)))
        elif token["close"]:
            if len(stack) == 1:
                raise LocationError("it closes a bracket that is not open")
            _close(stack)
        elif token["comma"]:
            if stack[-1].operator not in _OPERATORS:
                raise LocationError("a comma stands outside join, order, bond, one-of and group")
            wants_item = True
        else:
            count += 1
            if count > MAX_PARTS:
                raise LocationError(f"it has more than {MAX_PARTS} parts, which is the limit", is_limit=True)
            span, is_plain = _leaf(token, count - 1)
            stack[-1].add([span] if span else [], "leaf" if is_plain else "other")
            wants_item = False
        position = token.end()
    if wants_item or len(stack) > 1:
        raise LocationError("it ends too early" if text else "it is empty")
    shape = next(iter(stack[0].shapes))
    spans = tuple(stack[0].spans)
    return Location(spans, stack[0].inner_operator if shape != "other" else "", shape != "other")


def _opened(operator: str, depth: int) -> _Node:
    if operator != "complement" and operator not in _OPERATORS:
        raise LocationError(f"{operator!r} is not an operator of locations")
    if depth > MAX_NESTING:
        raise LocationError(f"its operators are nested more than {MAX_NESTING} deep, which is the limit", is_limit=True)
    return _Node(operator)


def _close(stack: list[_Node]) -> None:
    node = stack.pop()
    only = next(iter(node.shapes)) if len(node.shapes) == 1 else "other"
    shape: _Shape = "other"
    if node.operator != "complement":
        shape = "group" if only == "leaf" else "other"
        stack[-1].add(node.spans, shape, node.operator)
        return
    is_forward = not any(span.is_reverse for span in node.spans)
    if only in ("leaf", "group") and is_forward:
        shape = "leaf" if only == "leaf" else "complemented group"
    flipped = [replace(span, is_reverse=not span.is_reverse) for span in reversed(node.spans)]
    stack[-1].add(flipped, shape, node.inner_operator)


def _leaf(token: re.Match[str], index: int) -> tuple[Span | None, bool]:
    """Return the span of one item, None outside this sequence, and whether the span alone says all of it."""
    first, dots, last = token["first"], token["dots"], token["last"]
    for number in _NUMBER.findall(token[0]) if first else ():
        if len(number) > 10 or int(number) > MAX_POSITION:
            raise LocationError(f"the position {number[:20]} is larger than {MAX_POSITION}, the limit", is_limit=True)
    if first is None or token["remote"]:
        return None, False
    start, end = _positions(first), _positions(last or first)
    is_plain = "(" not in token[0]
    if dots is None:
        return Span(start[0], end[-1], "range", first[0] == "<", first[0] == ">", False, index), is_plain
    is_plain = is_plain and first[0] != ">" and last[0] != "<"
    kind: Kind = "cut" if dots == "^" else "within" if dots == "." else "range"
    if kind == "cut" and (first[0] == "<" or last[0] == ">" or end[-1] not in (start[0] + 1, 1)):
        is_plain = False
    return Span(start[0], end[-1], kind, first[0] == "<", last[0] == ">", False, index), is_plain


def _positions(text: str) -> list[int]:
    """Return the numbers of one end of a span, which is more than one where it is itself a range."""
    return sorted(map(int, _NUMBER.findall(text))) or [0]


def _excerpt(text: str, position: int) -> str:
    return repr(text[position : position + 20])


def write_location(spans: Sequence[Span], operator: str, length: int) -> str:
    """Return the text of spans in the order in which the feature runs through them. `length` is the sequence's.

    Several spans without an operator are joined.
    """
    if len(spans) == 1 and not operator:
        text = _span_text(spans[0], length)
        return f"complement({text})" if spans[0].is_reverse else text
    operator = operator if operator in _OPERATORS else "join"
    if all(span.is_reverse for span in spans):
        return f"complement({operator}({','.join(_span_text(span, length) for span in reversed(spans))}))"
    parts = (write_location([span], "", length) for span in spans)
    return f"{operator}({','.join(parts)})"


def _span_text(span: Span, length: int) -> str:
    if span.kind == "cut":
        return f"{span.start}^{span.start + 1 if span.start < length else 1}"
    before, after = "<" * span.before, ">" * span.after
    if span.start == span.end and span.kind == "range" and not (before and after):
        return f"{before}{after}{span.start}"
    return f"{before}{span.start}{'.' if span.kind == 'within' else '..'}{after}{span.end}"
