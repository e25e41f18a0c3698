"""GenBank flat files as records: header fields, features with their qualifiers, sequence. Knows no SBOL.

Tolerant as to columns, blanks and order, because the tools that write such files agree on none of them. What cannot be
understood raises BadLine with the number of the line; nothing is skipped in silence.

Source: GenBank Flat File Release notes, section 3.4; The DDBJ/ENA/GenBank Feature Table Definition, section 3.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_FEATURES = 20_000  # of one record; of the largest genomes of bacteria it is less
MAX_TEXT = 1_000_000  # characters of one qualifier or one header field
MAX_JUNK_LINES = 20  # before the first LOCUS, as the sniffer allows

_LOCUS = re.compile(r"LOCUS(\s|$)", re.IGNORECASE)
_FIRST_LOCUS = re.compile(r"\s*LOCUS(\s|$)", re.IGNORECASE)
_KEYWORD = re.compile(r"( {0,4})(BASE COUNT|[A-Z][A-Z0-9_]{1,10})(?=[ \t]|$)")
_ANY_CASE = re.compile(
    r"(\s{0,4})(definition|accession|version|keywords|source|organism|reference|comment|features|origin|authors|title"
    r"|journal|pubmed|medline|base count|dblink)(?=[ \t]|$)",
    re.IGNORECASE,
)
_FEATURE = re.compile(r"[ \t]{1,15}([^\s/\"][^\s]*)[ \t]+(\S.*)$")
_QUALIFIER = re.compile(r"\s*/([^\s=/\"][^=\"]*?)\s*(?:=\s*(.*))?$", re.DOTALL)
_LENGTH = re.compile(r"(?:^|\s)(\d{1,10})\s+(bp|aa|rc|bases?)(?=\s|$)", re.IGNORECASE)
_DATE = re.compile(r"\d{1,2}-[A-Za-z]{3}-\d{4}\Z")
_DIVISION = re.compile(r"[A-Z]{3}\Z")
_TEXT = 12  # the column in which the text of a header line begins, counted from 0
_CONTINUED = 10  # columns of white space that make a header line go on with the one before
_NO_SEQUENCE = str.maketrans("", "", "0123456789 \t\n")

# Qualifiers whose value is one word: their lines are joined without a blank.
_ONE_WORD = frozenset({"translation", "rpt_unit_seq"})
_INNER = 16  # columns of white space that only a line inside a feature has


class BadLine(Exception):
    """`line` counts from 1. `is_limit` tells a limit that was hit from a line that is wrong."""

    def __init__(self, line: int, message: str, *, is_limit: bool = False) -> None:
        super().__init__(message)
        self.line = line
        self.is_limit = is_limit


@dataclass(slots=True)
class Locus:
    """`unit` is `bp` or `aa`; `rest` are words that were not understood."""

    name: str = ""
    length: int | None = None
    unit: str = "bp"
    molecule: str = ""
    is_circular: bool = False
    division: str = ""
    date: str = ""
    rest: str = ""


@dataclass(slots=True)
class Field:
    """One header field: its lines joined by a blank. `parts` are the indented fields below it."""

    line: int
    keyword: str
    text: str
    parts: list["Field"] = field(default_factory=list)


@dataclass(slots=True)
class Feature:
    """`location` holds no white space; `qualifiers` are (name, value) in order, '' for one without a value."""

    line: int
    key: str
    location: str
    qualifiers: list[tuple[str, str]]


@dataclass(slots=True)
class Record:
    """`is_closed` says that a line `//` ended it. `sequence` is None without an ORIGIN, else
    what stands in `sequence_lines`, the first of which is number `sequence_line`. `skipped` is what stood before
    the record and belongs to none.
    """

    line: int
    locus: Locus
    skipped: str = ""
    header: list[Field] = field(default_factory=list)
    features: list[Feature] = field(default_factory=list)
    sequence: str | None = None
    sequence_line: int = 0
    sequence_lines: list[str] = field(default_factory=list)
    is_closed: bool = False


def read_records(text: str) -> Iterator[Record]:
    """Yield the records of a file with LF line ends. Raises BadLine."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        if not lines[at].strip() or lines[at].startswith("//"):
            at += 1
            continue
        skipped = lines[at].strip()[:40]
        near = range(at, min(at + MAX_JUNK_LINES + 1, len(lines)))
        start = next((n for n in near if _FIRST_LOCUS.match(lines[n])), None)
        if start is None:
            raise BadLine(at + 1, f"{skipped!r} stands where a record should begin, with LOCUS")
        record, after = _read_record(lines, start)
        record.skipped = skipped if start > at else ""
        at = after
        yield record


def _read_record(lines: list[str], at: int) -> tuple[Record, int]:
    record = Record(at + 1, parse_locus(lines[at]))
    is_lower = lines[at].lstrip().startswith("locus")
    at += 1
    while at < len(lines):
        line = lines[at]
        if line.startswith("//"):
            record.is_closed = True
            return record, at + 1
        if _LOCUS.match(line):
            return record, at
        if not line.strip():
            at += 1
            continue
        match = _ANY_CASE.match(line) if is_lower else _KEYWORD.match(line)
        keyword = match[2].upper() if match else ""
        if match and keyword == "FEATURES":
            at = _read_features(lines, at + 1, record)
        elif match and keyword == "ORIGIN":
            if line[match.end() :].strip():
                _add_field(record, Field(at + 1, keyword, line[match.end() :].strip()), "")
            at = _read_sequence(lines, at + 1, record)
        else:
            at = _read_field(lines, at, record, match)
    return record, at


# --- header -----------------------------------------------------------------------------------------------


def parse_locus(line: str) -> Locus:
    """Read a LOCUS line from whatever it holds: a name (blanks allowed), `N bp`, and words known by their look."""
    text = line.split(None, 1)[1].strip() if len(line.split(None, 1)) > 1 else ""
    locus = Locus()
    lengths = list(_LENGTH.finditer(text))
    if lengths:
        name, words = text[: lengths[-1].start()].strip(), text[lengths[-1].end() :].split()
        locus.length, locus.unit = int(lengths[-1][1]), "aa" if lengths[-1][2].lower() == "aa" else "bp"
    else:
        name, _, rest = text.partition(" ")
        words = rest.split()
    locus.name = " ".join(name.split())
    unknown: list[str] = []
    for word in words:
        lower = word.lower()
        if _DATE.match(word):
            locus.date = word
        elif lower in ("linear", "lin"):
            pass
        elif lower in ("circular", "circ", "cir"):
            locus.is_circular = True
        elif "dna" in lower or "rna" in lower or lower in ("na", "aa", "protein"):
            locus.molecule = word
        elif _DIVISION.match(word) and not locus.division:
            locus.division = word
        elif not lengths and word.isdecimal() and locus.length is None and len(word) <= 10:
            locus.length = int(word)
        elif lower not in ("bp", "aa"):
            unknown.append(word)
    locus.rest = " ".join(unknown)
    return locus


def _read_field(lines: list[str], at: int, record: Record, match: re.Match[str] | None) -> int:
    """Read one header field with the lines that continue it; a line without a keyword continues the field before."""
    start = at
    line = lines[at]
    if match is None:
        return _read_rest(lines, at, record)
    keyword = match[2].upper()
    keeps_indent = keyword == "COMMENT" and not line[match.end() : _TEXT].strip()
    pieces = [line[_TEXT:].rstrip() if keeps_indent else line[match.end() :].strip()]
    size = len(pieces[0])
    at += 1
    while at < len(lines) and (lines[at][:_CONTINUED].isspace() or not lines[at].strip()) and size <= MAX_TEXT:
        pieces.append(lines[at].strip())
        size += len(pieces[-1])
        at += 1
    if size > MAX_TEXT:
        raise _too_long(start, keyword)
    _add_field(record, Field(start + 1, keyword, " ".join(filter(None, pieces))), match[1])
    return at


def _read_rest(lines: list[str], at: int, record: Record) -> int:
    """Add lines without a keyword to the field before them, all at once."""
    field = _last_field(record)
    if field is None:
        raise BadLine(at + 1, f"{lines[at].strip()[:40]!r} is no header line: it begins with no keyword in capitals")
    start = at
    size = len(field.text) + len(lines[at])
    at += 1  # whatever it looks like: it begins nothing in a file with keywords in capitals
    while at < len(lines) and size <= MAX_TEXT and not _begins(lines[at]):
        size += len(lines[at])
        at += 1
    if size > MAX_TEXT:
        raise _too_long(start, field.keyword)
    field.text = " ".join(filter(None, (field.text, *(line.strip() for line in lines[start:at]))))
    return at


def _begins(line: str) -> bool:
    """Tell whether a line of the header begins something new."""
    return line.startswith("//") or any(p.match(line) for p in (_LOCUS, _KEYWORD, _ANY_CASE))


def _add_field(record: Record, new: Field, indent: str) -> None:
    if indent and record.header:
        record.header[-1].parts.append(new)
    else:
        record.header.append(new)


def _last_field(record: Record) -> Field | None:
    if not record.header:
        return None
    last = record.header[-1]
    return last.parts[-1] if last.parts else last


# --- features ---------------------------------------------------------------------------------------------


def _read_features(lines: list[str], at: int, record: Record) -> int:
    """Read feature after feature until a line begins in the first column."""
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
            continue
        if not line[0].isspace():
            return at
        match = _FEATURE.match(line)
        if match is None:
            raise BadLine(at + 1, f"{line.strip()[:40]!r} is no feature: a key and a location are wanted")
        if len(record.features) == MAX_FEATURES:
            raise BadLine(
                at + 1, f"the record has more than {MAX_FEATURES} features, which is the limit", is_limit=True
            )
        feature = Feature(at + 1, match[1], "", [])
        at = _read_location(lines, at, feature, match[2])
        at = _read_qualifiers(lines, at, feature)
        record.features.append(feature)
    return at


def _read_location(lines: list[str], at: int, feature: Feature, first: str) -> int:
    pieces = [first]
    at += 1
    while at < len(lines):
        line = lines[at]
        text = line.lstrip()
        if not text or text[0] == "/" or not line[0].isspace() or _FEATURE.match(line):
            break
        pieces.append(text)
        at += 1
    feature.location = "".join("".join(pieces).split())
    return at


def _read_qualifiers(lines: list[str], at: int, feature: Feature) -> int:
    while at < len(lines):
        line = lines[at]
        text = line.strip()
        if not text:
            at += 1
            continue
        if text[0] != "/" or not line[0].isspace():
            return at
        at = _read_qualifier(lines, at, feature)
    return at


def _read_qualifier(lines: list[str], at: int, feature: Feature) -> int:
    match = _QUALIFIER.match(lines[at].strip())
    if match is None:
        raise BadLine(at + 1, f"{lines[at].strip()[:40]!r} is no qualifier: /name or /name=value is wanted")
    name, value = match[1], match[2]
    if value is None:
        feature.qualifiers.append((name, ""))
        return at + 1
    if value.startswith('"'):
        return _read_quoted(lines, at, feature, name, value)
    start = at
    pieces = [value]
    at += 1
    while at < len(lines):
        text = lines[at].strip()
        if not text or text[0] == "/" or not lines[at][0].isspace() or _FEATURE.match(lines[at]):
            break
        pieces.append(text)
        at += 1
    _add_qualifier(feature, name, pieces, start)
    return at


def _read_quoted(lines: list[str], at: int, feature: Feature, name: str, value: str) -> int:
    """Read a value in quotes: it ends with a quote that is not doubled, at the end of a line.

    Where the text goes on in the next line all the same, that was a quote that should have been doubled.
    """
    start = at
    pieces = [value[1:]]
    size = len(value)
    while not _is_closed(pieces[-1]) or _goes_on(lines, at + 1):
        at += 1
        if size > MAX_TEXT:
            raise _too_long(start, f"/{name}")
        if at == len(lines) or lines[at].startswith("//"):
            raise BadLine(start + 1, f"the quotes of /{name} of {feature.key} are never closed")
        pieces.append(lines[at].strip())
        size += len(pieces[-1])
    pieces[-1] = pieces[-1][:-1]
    _add_qualifier(feature, name, [piece.replace('""', '"') for piece in pieces], start)
    return at + 1


def _is_closed(piece: str) -> bool:
    """Tell whether an odd number of quotes ends the text: those before the last are doubled ones."""
    return (len(piece) - len(piece.rstrip('"'))) % 2 == 1


def _goes_on(lines: list[str], at: int) -> bool:
    line = lines[at] if at < len(lines) else ""
    return line[:_INNER].isspace() and len(line) > _INNER and line.strip()[:1] not in ("", "/")


def _add_qualifier(feature: Feature, name: str, pieces: list[str], start: int) -> None:
    value = ("" if name in _ONE_WORD else " ").join(pieces)
    if len(value) > MAX_TEXT:
        raise _too_long(start, f"/{name}")
    feature.qualifiers.append((name, value))


def _too_long(at: int, name: str) -> BadLine:
    message = f"{name} holds more than {MAX_TEXT} characters, which is the limit"
    return BadLine(at + 1, message, is_limit=True)


# --- sequence ---------------------------------------------------------------------------------------------


def _read_sequence(lines: list[str], at: int, record: Record) -> int:
    start = at
    while at < len(lines) and not lines[at].startswith("//") and not _LOCUS.match(lines[at]):
        at += 1
    record.sequence_line, record.sequence_lines = start + 1, lines[start:at]
    record.sequence = "\n".join(record.sequence_lines).translate(_NO_SEQUENCE)
    return at
