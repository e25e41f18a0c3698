"""Static queries from `queries/*.rq`, with `$name` parameters.

SPARQL reads `$name` and `?name` alike, so every file parses as it stands; by convention `$name` is a parameter and
`?name` a variable. A file's header comments name each parameter. Values are bound as terms, never as text.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from synhub.errors import Inconsistent
from synhub.rdf import Iri, Term, iri_term
from synhub.sparql import render
from synhub.sparql.render import Query

# Strings, IRIs and comments are matched first so that a `$` inside them is left alone.
_TOKEN = re.compile(
    r"""(?P<skip>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|<[^\x00-\x20<>"{}|^`\\]*>|\#[^\n]*)|\$(?P<name>[A-Za-z_]\w*)"""
)


@cache
def load(name: str) -> str:
    """Return the text of `queries/<name>.rq`."""
    return files("synhub.sparql").joinpath("queries", name + ".rq").read_text(encoding="utf-8")


def parameters(text: str) -> frozenset[str]:
    """Return the names of the `$` parameters in a query text."""
    return frozenset(m["name"] for m in _TOKEN.finditer(text) if m["name"])


def bind(name: str, /, **values: Term | Iri | int | Sequence[Term]) -> Query:
    """Bind every parameter of `queries/<name>.rq`.

    A Term or Iri fills a term position, an int LIMIT or OFFSET, a sequence of Terms the inside of `VALUES ?x { $xs }`.
    Raises Inconsistent when names are missing or superfluous, or a value is not a ground term.
    """
    text = load(name)
    if parameters(text) != values.keys():
        raise Inconsistent(f"{name}.rq wants {sorted(parameters(text))}, not {sorted(values)}")

    def fill(match: re.Match[str]) -> str:
        if not match["name"]:
            return match.group()
        value = values[match["name"]]
        if isinstance(value, int):
            return render.number(value)
        if isinstance(value, str):
            return render.term(Term(value) if value[:1] in ("<", '"') else iri_term(Iri(value)))
        return render.terms(value)

    return Query(_TOKEN.sub(fill, text))
