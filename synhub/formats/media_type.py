"""Which media type a file has: what its first bytes say, then the ending of its name.

Pure: the same bytes and name always give the same type, whatever the client called it. Must not read files.
"""

import mimetypes
import re
from collections.abc import Mapping

import filetype

HEAD_BYTES = 64 * 1024

OCTETS = "application/octet-stream"
PLAIN = "text/plain"
RDF_XML = "application/rdf+xml"

# An XML document whose root element is rdf:RDF, whatever its prefix: SBOL 1 and 2 among them. Possessive: what has been
# read as a comment is not tried again as a longer one.
_RDF_ROOT = re.compile(
    r"\ufeff?\s*+(<\?xml[^>]*+>)?(?>\s+|<!--.*?-->|<!DOCTYPE[^\[>]*(\[.*?\]\s*)?>)*+<([\w.\-]+:)?RDF[\s>]", re.DOTALL
)
_SPELT_OUT = frozenset({"application/pdf", "application/postscript", "application/rtf"})  # their first bytes are text
_CONTROL = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f]")  # less tab, line ends, form feed and escape
_ENDINGS: Mapping[str, str] = mimetypes.MimeTypes().types_map[True]  # those that Python brings along, not the machine's
_TEXTUAL = re.compile(r"text/|.*(\+|/)(xml|json|javascript|ecmascript|x-sh|x-csh|x-tex|x-latex|yaml|toml|sql)\Z")


def is_textual(media_type: str) -> bool:
    """Say whether a media type is one of text, whatever its name begins with."""
    return _TEXTUAL.match(media_type.partition(";")[0].strip().lower()) is not None


def media_type_of(head: bytes, name: str) -> str:
    """Return the media type of a file that begins with `head` (all of it, or at least HEAD_BYTES) and has this name.

    Types of text carry `; charset=utf-8` where that is what the bytes are.
    """
    text = _text(head)
    ending = _by_ending(name)
    by_content = filetype.guess_mime(head)
    if text is None:
        return str(by_content) if by_content else ending or OCTETS
    if by_content and (by_content == ending or by_content in _SPELT_OUT):  # else "BM…" is a picture, "ID3…" is music
        return str(by_content)
    if _RDF_ROOT.match(text):
        return RDF_XML
    kind = ending if ending and is_textual(ending) else PLAIN
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _text(head: bytes) -> str | None:
    """Return the text that the bytes are in UTF-8, None for anything else. A character cut off at the end is none."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if len(head) < HEAD_BYTES or error.start < len(head) - 3:
            return None
        text = head[: error.start].decode("utf-8")
    return None if _CONTROL.search(text) else text


def _by_ending(name: str) -> str | None:
    """Return what the ending of a file name stands for."""
    ending = f".{name.rpartition('.')[2].lower()}" if "." in name else ""
    return _ENDINGS.get(ending)
