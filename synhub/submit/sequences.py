"""The task that reads the sequences of a file that somebody searches with: any format that is submitted, or letters.

Nothing is stored and no rule is checked but what reading needs. Runs in a child.
"""

import re
from pathlib import Path
from typing import Any

from synhub.errors import BadRequest, TooLarge
from synhub.formats.reading import NAMESPACE
from synhub.formats.sniff import HEAD_BYTES, sniff
from synhub.rdf import Term, iri_term, text_of
from synhub.sbol.graph import Document
from synhub.sbol.prescan import DEFAULT_LIMITS
from synhub.search.alignment import alphabet_of
from synhub.submit.gather import gather
from synhub.vocab import SBOL2

MOST_SEQUENCES = 20

_ELEMENTS, _NAME = iri_term(SBOL2.elements), iri_term(SBOL2.displayId)
_MADE = "<" + NAMESPACE
_NO_LETTERS = re.compile(r"[\s0-9/]+")  # as in the ORIGIN of GenBank


def run(argument: dict[str, Any]) -> dict[str, Any]:
    """Read the sequences of one file.

    `argument`: `path`, `name`, `folder` (for what an archive holds, as far as `room_bytes` go). Returns `sequences`:
    records of `name`, `residues` and `alphabet`. Raises BadRequest for a file without any and for one that cannot be
    read, TooLarge for more than MOST_SEQUENCES.
    """
    path, name = Path(argument["path"]), str(argument["name"])
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if sniff(head, name) in ("", "empty"):
        return {"sequences": [_record(name, _letters(path.read_bytes()))]}
    gathered = gather([(name, path)], Path(argument["folder"]), DEFAULT_LIMITS, room_bytes=argument["room_bytes"])
    found = _sequences(gathered.document)
    if not found:
        errors = [finding.message for finding in gathered.findings if finding.severity == "error"]
        raise BadRequest(errors[0] if errors else f"there is no sequence in {name!r}; send FASTA, GenBank or SBOL")
    if len(found) > MOST_SEQUENCES:
        raise TooLarge(f"{name!r} holds {len(found)} sequences; send at most {MOST_SEQUENCES} at once")
    return {"sequences": [_record(label, residues) for label, residues in found]}


def _sequences(document: Document) -> list[tuple[str, str]]:
    """Return (name, letters) of the sequences of a document, each text once."""
    found: dict[str, str] = {}
    for subject, said in document.subjects.items():
        for text in said.get(_ELEMENTS, ()):
            label = _label(subject, list(said.get(_NAME, ())))
            # of a format without IRIs the reader has made a part with its sequence: the part has the name of the file
            found.setdefault(text_of(text), label.removesuffix("_seq") if subject.startswith(_MADE) else label)
    return [(label, residues) for residues, label in found.items()]


def _label(subject: Term, names: list[Term]) -> str:
    return text_of(names[0]) if names else text_of(subject)


def _letters(data: bytes) -> str:
    try:
        text = _NO_LETTERS.sub("", data.decode("ascii"))
    except UnicodeDecodeError as error:
        raise BadRequest("the file is no sequence; send FASTA, GenBank, SBOL or letters") from error
    if not text:
        raise BadRequest("there are no letters in the file; send FASTA, GenBank, SBOL or letters")
    return text


def _record(name: str, residues: str) -> dict[str, str]:
    """Raise BadRequest for letters of no alphabet."""
    alphabet = alphabet_of(residues)
    if alphabet is None:
        raise BadRequest(f"{name!r} holds {residues[:40]!r}, which is no sequence of nucleotides or amino acids")
    return {"name": name, "residues": residues, "alphabet": alphabet}
