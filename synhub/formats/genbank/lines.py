"""The lines of GenBank records: texts broken so that reading them gives the same texts. Knows no SBOL.

Source: GenBank Flat File Release notes, section 3.4; The DDBJ/ENA/GenBank Feature Table Definition, section 4.
"""

import re

from synhub.formats.genbank.parts import OutFeature

_WIDTH = 79
_HEADER = 12  # columns before the text of a header line
_FEATURE = 21  # columns before the text of a feature

# Where the lineage begins: reading joins it to the name, as libSBOLj does, but in a file it has lines of its own.
_LINEAGE = re.compile(
    r" (?=(?:(?:Eukaryota|Bacteria|Archaea|Viruses|Viroids|cellular organisms|unclassified"
    r"|(?:other|artificial|unclassified) sequences)[;.]|\.\Z))"
)
_BREAKS = re.compile(r"[ \t]*[\r\n][\s]*")
_BLANK = re.compile(r"(?<=\S) (?=\S)")
_NOT_IN_TAG = re.compile(r"[^A-Za-z0-9_'*-]")


def header_line(keyword: str, text: str) -> str:
    """Return a header field with the lines that continue it; only a COMMENT keeps the blanks that it begins with."""
    lines = _wrapped(one_line(text) if keyword != "COMMENT" else text, _WIDTH - _HEADER)
    rest = "".join(f"{' ' * _HEADER}{line}\n" for line in lines[1:])
    return f"{keyword:<{_HEADER}}{lines[0]}".rstrip() + f"\n{rest}"


def organism_lines(text: str) -> str:
    """Return the ORGANISM field: the name, then the lineage.

    Source: GenBank Flat File Release notes, section 3.4.10.
    """
    name, *lineage = _LINEAGE.split(one_line(text), maxsplit=1)
    return header_line("  ORGANISM", name) + "".join(header_line("", text) for text in lineage)


def one_line(text: str) -> str:
    """Return the text with a blank for every line end and the blanks around it: a value has no line ends here."""
    return _BREAKS.sub(" ", text)


def _wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines, only at single blanks: joined by one blank they are the same text again."""
    if len(text) <= width:
        return [text]
    lines: list[str] = []
    start = last = 0
    for blank in _BLANK.finditer(text):
        if blank.start() - start > width and last > start:
            lines.append(text[start:last])
            start = last + 1
        last = blank.start()
    if len(text) - start > width and last > start:
        lines.append(text[start:last])
        start = last + 1
    return [*lines, text[start:]]


def feature_lines(feature: OutFeature) -> str:
    """Return one feature: its key and location, then a line or more for every qualifier."""
    location = _wrapped_at_commas(feature.location)
    lines = [f"     {feature.key:<15} {location[0]}", *(f"{' ' * _FEATURE}{line}" for line in location[1:])]
    for tag, value in feature.qualifiers:
        lines += [f"{' ' * _FEATURE}{line}" for line in _qualifier(_NOT_IN_TAG.sub("_", tag), one_line(value))]
    return "\n".join(lines) + "\n"


def _wrapped_at_commas(location: str) -> list[str]:
    width = _WIDTH - _FEATURE
    lines = [""]
    for piece in re.findall(r"[^,]*,|[^,]+", location):
        if lines[-1] and len(lines[-1]) + len(piece) > width:
            lines.append("")
        lines[-1] += piece
    return lines


def _qualifier(tag: str, value: str) -> list[str]:
    if not value:
        return [f"/{tag}"]
    if value.isascii() and value.isdigit():
        return [f"/{tag}={value}"]
    text = f'/{tag}="{value.replace(chr(34), chr(34) * 2)}"'
    width = _WIDTH - _FEATURE
    if tag == "translation" and not any(map(str.isspace, value)):
        return [text[i : i + width] for i in range(0, len(text), width)]
    return _wrapped(text, width)


def sequence_lines(elements: str, offset: int) -> str:
    """Return sequence lines; `offset` is the number of symbols before."""
    lines = []
    for start in range(0, len(elements), 60):
        row = elements[start : start + 60]
        blocks = " ".join(row[i : i + 10] for i in range(0, len(row), 10))
        lines.append(f"{offset + start + 1:>9} {blocks}\n")
    return "".join(lines)
