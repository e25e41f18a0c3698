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
    pieces, wanted = _split(name)
    if wanted != values.keys():
        raise Inconsistent(f"{name}.rq wants {sorted(wanted)}, not {sorted(values)}")
    rendered = {parameter: _render(value) for parameter, value in values.items()}
    return Query("".join(rendered[piece] if n % 2 else piece for n, piece in enumerate(pieces)))


@cache
def _split(name: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the text of a query and the names of its parameters in turn, text first; and the names alone."""
    text = load(name)
    pieces, at = [], 0
    for match in _TOKEN.finditer(text):
        if match["name"]:
            pieces += [text[at : match.start()], match["name"]]
            at = match.end()
    return (*pieces, text[at:]), parameters(text)


def _render(value: Term | Iri | int | Sequence[Term]) -> str:
    if isinstance(value, int):
        return render.number(value)
    if isinstance(value, str):
        return render.term(Term(value) if value[:1] in ("<", '"') else iri_term(Iri(value)))
    return render.terms(value)
