"""Terms of the ontologies that SBOL points to: names, and which term is below which.

The tables beside this file were made by scripts/ontologies.py; their first line says version, source and licence. A
term is named by its accession (`SO:0000167`, `SBO:0000176`, `format_1207`, of BioPAX `DnaRegion`); `accession_of` finds
it in the spellings of IRIs that are in use, `iris_of` is the way back.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Literal

from synhub.rdf import Iri
from synhub.vocab import BIOPAX

Name = Literal["so", "sbo", "edam", "biopax"]
TITLES: dict[Name, str] = {"so": "Sequence Ontology", "sbo": "SBO", "edam": "EDAM", "biopax": "BioPAX"}

_ACCESSION = re.compile(
    r"https?://(?:www\.)?(?:identifiers\.org/(?:so/|biomodels\.sbo/|sbo/|edam/)?|purl\.obolibrary\.org/obo/|edamontology\.org/)"
    r"((?:SO|SBO)[:_][0-9]{7}|format_[0-9]{4})\Z"
)
# http and https of each: what stored data has (identifiers.org moved to one flat name space, OBO has its own addresses)
_SPELLINGS: dict[Name, tuple[str, ...]] = {
    "so": ("//identifiers.org/so/SO:", "//identifiers.org/SO:", "//purl.obolibrary.org/obo/SO_"),
    "sbo": (
        "//identifiers.org/biomodels.sbo/SBO:",
        "//identifiers.org/sbo/SBO:",
        "//identifiers.org/SBO:",
        "//purl.obolibrary.org/obo/SBO_",
    ),
}
# `so:0000167`, `SO:0000167`, `SO_0000167`, and `so:SO:0000167` as a prefix makes it
_SHORT = re.compile(r"(?:(so|sbo|obo|purl):)?(?:(so|sbo)[:_])?([0-9]{7})\Z", re.IGNORECASE)
_EVERYDAY = {"rbs": "SO:0000139"}  # what a table does not know a term by, and everybody calls it
_FEW = 5


@dataclass(frozen=True, slots=True)
class Ontology:
    """`names` maps an accession to its name, `accessions` a name (lower case, `_` for blanks) to its accession,
    `parents` an accession to those right above it, `synonyms` another name (as those of `accessions`) to the accessions
    that have it; `head` is the attribution.
    """

    head: str
    names: Mapping[str, str]
    accessions: Mapping[str, str]
    parents: Mapping[str, tuple[str, ...]]
    synonyms: Mapping[str, tuple[str, ...]]

    def is_below(self, accession: str, ancestor: str) -> bool:
        """Tell whether a term is the ancestor itself or one of its descendants; unknown terms are below nothing."""
        return ancestor in self.ancestors(accession)

    def ancestors(self, accession: str) -> frozenset[str]:
        """Return the term and everything above it; nothing for an unknown term."""
        found: set[str] = set()
        stack = [accession] if accession in self.names else []
        while stack:
            term = stack.pop()
            if term not in found:
                found.add(term)
                stack += self.parents[term]
        return frozenset(found)

    def find(self, name: str) -> str | None:
        """Return the accession of the term with this name, blanks and underscores alike."""
        return self.accessions.get(_folded(name))

    def called(self, name: str) -> tuple[str, ...]:
        """Return the accession of the term with this name; where there is none, of those that have it as a synonym."""
        found = self.find(name)
        return (found,) if found is not None else self.synonyms.get(_folded(name), ())


def _folded(name: str) -> str:
    return name.replace(" ", "_").lower()


@cache
def ontology(name: Name) -> Ontology:
    """Read one table, once per process."""
    lines = (files("synhub.sbol") / "ontologies" / f"{name}.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    synonyms: dict[str, list[str]] = {}
    for accession, _, _, also in rows:
        for text in filter(None, also.split("|")):
            synonyms.setdefault(_folded(text), []).append(accession)
    if name == "so":
        synonyms |= {text: [accession] for text, accession in _EVERYDAY.items()}
    return Ontology(
        lines[0].removeprefix("# "),
        {accession: label for accession, label, _, _ in rows},
        {_folded(label): accession for accession, label, _, _ in reversed(rows)},
        {accession: tuple(filter(None, above.split(","))) for accession, _, above, _ in rows},
        {text: tuple(accessions) for text, accessions in synonyms.items()},
    )


@cache
def branch(name: Name, root: str) -> frozenset[str]:
    """Return the accessions of a term and of all those below it."""
    below: dict[str, list[str]] = {}
    for accession, parents in ontology(name).parents.items():
        for parent in parents:
            below.setdefault(parent, []).append(accession)
    found: set[str] = set()
    stack = [root]
    while stack:
        accession = stack.pop()
        if accession not in found:
            found.add(accession)
            stack += below.get(accession, ())
    return frozenset(found)


def accession_of(iri: str) -> str | None:
    """Return the accession in an IRI such as `http://identifiers.org/so/SO:0000167`, None for any other IRI."""
    match = _ACCESSION.match(iri)
    return match[1].replace("SO_", "SO:").replace("SBO_", "SBO:") if match else None


def label_of(iri: str) -> str | None:
    """Return the name of the term that an IRI spells, with blanks; None for what no table has."""
    accession = accession_of(iri)
    if accession is None:
        return iri.removeprefix(BIOPAX.NS) if iri.startswith(BIOPAX.NS) else None
    name: Name = "sbo" if accession.startswith("SBO:") else "so" if accession.startswith("SO:") else "edam"
    label = ontology(name).names.get(accession)
    return None if label is None else label.replace("_", " ")


def iris_of(name: Name, accession: str) -> tuple[Iri, ...]:
    """Return the IRIs in use for a term of SO, SBO or BioPAX, the usual one first. Raises KeyError for EDAM."""
    if name == "biopax":
        return (Iri(BIOPAX.NS + accession),)
    number = accession.partition(":")[2]
    return tuple(Iri(f"{scheme}:{start}{number}") for start in _SPELLINGS[name] for scheme in ("http", "https"))


def look_up(text: str, names: Iterable[Name]) -> list[tuple[Name, str]]:
    """Return the terms that a text can mean: an IRI, an accession in any spelling, a name or a synonym, any case.

    A name goes before a synonym, whatever the ontology. Nothing for what no table of `names` has.
    """
    names = tuple(names)
    accession = _accession_in(text)
    if accession is not None:
        return [(name, accession) for name in names if accession in ontology(name).names]
    cls = text.removeprefix(BIOPAX.NS).removeprefix("biopax:")
    if "biopax" in names and cls != text:
        return [("biopax", cls)] if cls in ontology("biopax").names else []
    found = [(name, accession) for name in names if (accession := ontology(name).find(text)) is not None]
    return found or [(name, accession) for name in names for accession in ontology(name).called(text)]


def _accession_in(text: str) -> str | None:
    match = _SHORT.match(text)
    if match is None:
        return accession_of(text)
    prefix = match[2] or match[1]
    return f"{prefix.upper()}:{match[3]}" if prefix and prefix.lower() in ("so", "sbo") else None


def similar_names(text: str, names: Iterable[Name]) -> list[str]:
    """Return a few names that look like a text, or hold it: what may have been meant."""
    wanted = _folded(text)
    known = {folded: table.names[a] for table in map(ontology, names) for folded, a in table.accessions.items()}
    close = get_close_matches(wanted, known, _FEW, 0.75)
    within = sorted((n for n in known if wanted and wanted in n), key=lambda n: (len(n), n))
    return [known[n] for n in dict.fromkeys([*close, *within])][:_FEW]
