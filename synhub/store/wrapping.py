"""Typed literals that a server would rewrite or refuse, as literals of a datatype that it does not know. Pure.

Virtuoso refuses `"x"^^xsd:integer` and writes doubles, decimals and XML literals in forms of its own; of a datatype
that it has no code for it keeps every character (tests/conformance). Only store/remote.py sees wrapped literals.
"""

import re
from collections.abc import Mapping

from synhub.rdf import Iri, Term
from synhub.vocab import XSD

_MARK = "urn:x-synhub:typed:"

# Datatypes that stay what they are, because queries compare their values, where the text is of this form.
Native = Mapping[Iri, re.Pattern[str]]

DATES_AND_INTEGERS: Native = {
    XSD.integer: re.compile(r'"-?[0-9]{1,18}"'),
    XSD.dateTime: re.compile(r'"(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"'),
}


def wrap(term: Term, native: Native) -> Term:
    """Return a term as it is sent to a server that keeps the `native` datatypes only."""
    if term[0] != '"' or term[-1] != ">":
        return term
    at = term.rindex('"') + 1
    datatype = Iri(term[at + 3 : -1])
    form = native.get(datatype)
    if form is not None and form.fullmatch(term, 0, at):
        return term
    return Term(f"{term[:at]}^^<{_MARK}{datatype}>")


def unwrap(term: Term) -> Term:
    """Return what was wrapped."""
    if term[0] != '"' or term[-1] != ">" or _MARK not in term:
        return term
    at = term.rindex('"') + 1
    return Term(term[:at] + term[at:].replace(f"^^<{_MARK}", "^^<", 1))
