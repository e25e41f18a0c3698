"""The text of an uploaded file that is no XML: its encoding, its line ends, and characters that no design may hold."""

import codecs
import re

from synhub.errors import InvalidDesign
from synhub.formats.reading import Options
from synhub.model import Finding

RULE = "synhub-encoding"

# Byte order marks, with the name of the encoding that they announce.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What XML 1.0, section 2.2, does not allow: it could be stored and never be written again.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def decode_text(data: bytes, options: Options) -> tuple[str, list[Finding]]:
    """Return the text, with LF line ends and without a byte order mark, and warnings about how it was read.

    UTF-8, UTF-16 and UTF-32 with a mark, else Windows-1252 (Latin-1 and more) with a warning. Control characters become
    blanks, with a warning. Raises InvalidDesign for NULs and for bytes that are none of these encodings.
    """
    text, findings = _decoded(data, options.name)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    nul = text.find("\0")
    if nul >= 0:
        raise _unreadable(f"{options.name!r} holds a NUL in {place(text, nul)}: it is no text file")
    odd = CONTROL.search(text)
    if odd:
        where = place(text, odd.start())
        message = f"{options.name!r} holds control characters, read as blanks; the first, {odd[0]!r}, in {where}"
        findings.append(Finding(RULE, "warning", "", message))
        text = CONTROL.sub(" ", text)
    return text, findings


def place(text: str, offset: int) -> str:
    """Say where in a text something stands: `line 3, column 1`."""
    line_start = text.rfind("\n", 0, offset) + 1
    return f"line {text.count(chr(10), 0, offset) + 1}, column {offset - line_start + 1}"


def _decoded(data: bytes, name: str) -> tuple[str, list[Finding]]:
    for mark, encoding in MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), []
            except UnicodeDecodeError as error:
                raise _unreadable(f"{name!r} begins as {encoding.upper()} and is not: {error.reason}") from error
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"{name!r} is neither UTF-8 nor Windows-1252 (line {line}): save the file as UTF-8"
        raise _unreadable(message) from error
    message = f"{name!r} is not UTF-8 (byte 0x{byte:02X} in line {line}): read as Windows-1252; save it as UTF-8"
    return text, [Finding(RULE, "warning", "", message)]


def _unreadable(message: str) -> InvalidDesign:
    return Finding(RULE, "error", "", message).as_error()
