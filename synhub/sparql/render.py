"""The only place where values become SPARQL text.

Terms arrive as N-Triples text that the engine itself wrote or checked, and N-Triples terms are SPARQL terms; here
they are checked once more by shape, so that no other text can slip in.

Source: SPARQL 1.1 Query, section 19.8 (IRIREF, STRING_LITERAL2, PNAME); SPARQL 1.1 Update, section 3.1.1.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from synhub.errors import Inconsistent
from synhub.rdf import Iri, Term, check_iri, iri_term, literal_term

_IRI = r"<[^\x00-\x20<>\"{}|^`\\]*>"
_STRING = r'"(?:[^"\\\n\r]|\\[tbnrf"\'\\]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*"'
_TERM = re.compile(rf"(?:{_IRI}|{_STRING}(?:\^\^{_IRI}|@[A-Za-z]+(?:-[A-Za-z0-9]+)*)?)\Z")
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


@dataclass(frozen=True, slots=True)
class Query:
    """SPARQL text that was put together safely. Made by template.bind, search.translate and sparql.gate only."""

    text: str


def term(value: Term) -> str:
    """Return the SPARQL text of a ground term. Raises Inconsistent for anything else (blank nodes included)."""
    if _TERM.match(value) is None:
        raise Inconsistent(f"not a ground term: {value[:200]!r}")
    return value


def iri(value: str) -> str:
    """Check and render an IRI. Raises InvalidIri."""
    return term(iri_term(check_iri(value)))


def string(value: str) -> str:
    """Render a plain string literal."""
    return term(literal_term(value))


def terms(values: Iterable[Term]) -> str:
    """Render a list of terms as it stands in VALUES ?x { … } or IN ( … ) with the separator of the former."""
    return " ".join(term(value) for value in values)


def variable(name: str) -> str:
    if _VARIABLE.match(name) is None:
        raise Inconsistent(f"not a variable name: {name!r}")
    return "?" + name


def number(value: int) -> str:
    return str(int(value))


def graph_block(graph: Iri, triples: Iterable[tuple[Term, Term, Term]]) -> str:
    """Render ground triples of one graph as they stand in INSERT DATA { … }."""
    lines = [f"{term(s)} {term(p)} {term(o)} ." for s, p, o in triples]
    return f"GRAPH {iri(graph)} {{\n" + "\n".join(lines) + "\n}"
