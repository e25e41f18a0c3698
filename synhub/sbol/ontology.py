"""Terms of the ontologies that SBOL points to: names, and which term is below which.

The tables beside this file were made by scripts/ontologies.py; their first line says version, source and licence. A
term is named by its accession (`SO:0000167`, `SBO:0000176`, `format_1207`); `accession_of` finds it in the spellings
of IRIs that are in use.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Name = Literal["so", "sbo", "edam"]

_ACCESSION = re.compile(
    r"https?://(?:www\.)?(?:identifiers\.org/(?:so/|biomodels\.sbo/|sbo/|edam/)?|purl\.obolibrary\.org/obo/|edamontology\.org/)"
    r"((?:SO|SBO)[:_][0-9]{7}|format_[0-9]{4})\Z"
)


@dataclass(frozen=True, slots=True)
class Ontology:
    """`names` maps an accession to its name, `accessions` a name (lower case, `_` for blanks) to its accession,
    `parents` an accession to those right above it; `head` is the attribution.
    """

    head: str
    names: Mapping[str, str]
    accessions: Mapping[str, str]
    parents: Mapping[str, tuple[str, ...]]

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
        return self.accessions.get(name.replace(" ", "_").lower())


@cache
def ontology(name: Name) -> Ontology:
    """Read one table, once per process."""
    lines = (files("synhub.sbol") / "ontologies" / f"{name}.tsv").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines[1:]]
    return Ontology(
        lines[0].removeprefix("# "),
        {accession: label for accession, label, _ in rows},
        {label.replace(" ", "_").lower(): accession for accession, label, _ in reversed(rows)},
        {accession: tuple(filter(None, above.split(","))) for accession, _, above in rows},
    )


def accession_of(iri: str) -> str | None:
    """Return the accession in an IRI such as `http://identifiers.org/so/SO:0000167`, None for any other IRI."""
    match = _ACCESSION.match(iri)
    return match[1].replace("SO_", "SO:").replace("SBO_", "SBO:") if match else None
