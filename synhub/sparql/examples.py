"""Queries to begin with: `examples/*.rq`, each with a comment that says what it asks. A test runs every one of them.

Source: the format of the descriptions is that of sib-swiss/sparql-examples: SHACL, section 5.2 (SPARQL executables).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from synhub.rdf import Iri, Term, Triple, iri_term, literal_term
from synhub.vocab import RDF, RDFS, SCHEMA, SH

_KINDS = {"SELECT": (SH.SPARQLSelectExecutable, SH.select), "ASK": (SH.SPARQLAskExecutable, SH.ask)}
_CONSTRUCT = SH.SPARQLConstructExecutable, SH.construct


@dataclass(frozen=True, slots=True)
class Example:
    """`name` is that of the file, `comment` one sentence, `query` complete with its prefixes."""

    name: str
    comment: str
    query: str

    @property
    def form(self) -> str:
        """SELECT, ASK or CONSTRUCT."""
        return next(word for word in ("SELECT", "ASK", "CONSTRUCT") if f"\n{word}" in f"\n{self.query}")


@cache
def examples() -> tuple[Example, ...]:
    """Return all of them by name."""
    folder = files("synhub.sparql").joinpath("examples")
    found = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".rq"):
            comment, _, query = file.read_text(encoding="utf-8").partition("\n")
            found.append(Example(file.name.removesuffix(".rq"), comment.removeprefix("# "), query.strip()))
    return tuple(found)


def describe_examples(address: str, endpoint: Iri) -> Iterator[Triple]:
    """Yield their description; each example is `address` with its name as the fragment."""
    for example in examples():
        subject = iri_term(Iri(f"{address}#{example.name}"))
        kind, property = _KINDS.get(example.form, _CONSTRUCT)
        for predicate, value in (
            (RDF.type, iri_term(SH.SPARQLExecutable)),
            (RDF.type, iri_term(kind)),
            (RDFS.comment, literal_term(example.comment, language="en")),
            (property, literal_term(example.query)),
            (SCHEMA.target, iri_term(endpoint)),
        ):
            yield subject, Term(iri_term(predicate)), value
