"""The lines of a GFF3 file: nine columns, percent-encoding, attributes.

Source: Generic Feature Format version 3 (GFF3), Sequence Ontology Project, version 1.26, section 'Description of the
format'.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from synhub.errors import InvalidDesign
from synhub.formats.text import CONTROL
from synhub.model import Finding

RULE = "synhub-gff3"
NONE = "."

_LISTS = frozenset({"Parent", "Alias", "Note", "Dbxref", "Ontology_term"})  # a comma in any other is a comma
_MAX_POSITION = 2**31 - 1
_NOT_IN_SEQID = re.compile(r"[^a-zA-Z0-9.:^*$@!+_?|\-]")
_NOT_IN_COLUMN = re.compile(r"[\x00-\x1f\x7f%]|\A\s|\s\Z")
_NOT_IN_ATTRIBUTE = re.compile(r"[\x00-\x1f\x7f%;=&,]|\A\s|\s\Z")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a feature, decoded. `.` stands for nothing; an attribute of several values is there several times."""

    seqid: str
    source: str
    type: str
    start: int
    end: int
    score: str
    strand: str
    phase: str
    attributes: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]

    def value(self, name: str) -> str:
        for key, value in self.attributes:
            if key == name:
                return value
        return ""


def invalid(number: int, message: str) -> InvalidDesign:
    text = f"line {number}: {message}"
    return Finding(RULE, "error", "", text).as_error()


def parse_line(text: str, number: int) -> Line:
    """Read the line of a feature. Raises InvalidDesign when it is none, and says which column is wrong."""
    columns = text.split("\t")
    if len(columns) != 9:
        raise invalid(number, f"a feature has nine columns with tabs between them, here are {len(columns)}")
    seqid, source, kind, start, end, score, strand, phase, attributes = (column.strip() for column in columns)
    if seqid in ("", NONE):
        raise invalid(number, "the first column is empty: it names the sequence")
    first, last = _position(start, "start", number), _position(end, "end", number)
    if first > last:
        raise invalid(number, f"the start {start} is behind the end {end}; on a circular sequence add its length")
    if strand not in ("+", "-", NONE, "?", ""):
        raise invalid(number, f"the strand is {strand!r}, where +, -, . and ? are allowed")
    if phase not in ("0", "1", "2", NONE, ""):
        raise invalid(number, f"the phase is {phase!r}, where 0, 1, 2 and . are allowed")
    decode(text, number)
    return Line(
        unquote(seqid),
        unquote(source) or NONE,
        unquote(kind) or NONE,
        first,
        last,
        score or NONE,
        strand or NONE,
        phase or NONE,
        tuple(_attributes(attributes)),
    )


def decode(text: str, number: int) -> str:
    """Replace percent-escapes. Raises InvalidDesign when one stands for a character that no design can hold."""
    if "%" not in text:
        return text
    decoded = unquote(text)
    if odd := CONTROL.search(decoded):
        raise invalid(number, f"an escape stands for the control character {odd[0]!r}, which no design may hold")
    return decoded


def _position(text: str, name: str, number: int) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or not 0 < int(text) <= _MAX_POSITION:
        raise invalid(number, f"the {name} is {text!r}, where a whole number from 1 to {_MAX_POSITION} is needed")
    return int(text)


def _attributes(text: str) -> Iterable[tuple[str, str]]:
    for part in text.split(";") if text != NONE else ():
        key, equals, value = part.strip().partition("=")
        if not key:
            continue
        name = unquote(key.strip())
        for one in value.split(",") if name in _LISTS else [value]:
            yield name, unquote(one) if equals else ""


def format_line(line: Line) -> str:
    """Write a line as `parse_line` reads it, without the line end."""
    by_name: dict[str, list[str]] = {}
    for key, value in line.attributes:
        by_name.setdefault(key, []).append(escape(value))
    attributes = ";".join(text for key, values in by_name.items() for text in _written(key, values))
    columns = (
        seqid_column(line.seqid),
        _NOT_IN_COLUMN.sub(_percent, line.source),
        _NOT_IN_COLUMN.sub(_percent, line.type),
        str(line.start),
        str(line.end),
        _NOT_IN_COLUMN.sub(_percent, line.score),
        line.strand,
        line.phase,
        attributes or NONE,
    )
    return "\t".join(columns)


def _written(key: str, values: list[str]) -> Iterable[str]:
    """Yield the attribute as `_attributes` reads it: each value with its key where a comma would be one."""
    for value in [",".join(values)] if key in _LISTS else values:
        yield f"{escape(key)}={value}"


def seqid_column(seqid: str) -> str:
    """Write the name of a sequence as it stands in the first column, in directives and behind `>`."""
    return _NOT_IN_SEQID.sub(_percent, seqid)


def escape(text: str) -> str:
    return _NOT_IN_ATTRIBUTE.sub(_percent, text)


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())
