"""The task of a query child where the triples are on a server: read the query as the engine would, pass it on, write
the answer. For users' queries, and only to a server that keeps datasets apart.

Read here first, a text that is no SPARQL is refused with the place of the mistake, and no server sees words of its
own language in a user's text.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from pyoxigraph import Store

from synhub.errors import InvalidQuery
from synhub.rdf import Iri
from synhub.sparql.evaluate import Found, Output, respond
from synhub.sparql.lexer import position, tokens
from synhub.sparql.render import Query
from synhub.store.endpoint import parse_engine_url
from synhub.store.remote import RemoteStore
from synhub.vocab import XSD

_GRACE_S = 1.0  # the server is to give up before the child is ended


def run(argument: dict[str, Any], output: Output) -> None:
    """As evaluate.run, with `engine` the URL of the server, and `timeout_s` how long it may work."""
    store = _open(argument["engine"])
    default_graphs = [Iri(iri) for iri in argument["default_graphs"]]
    named_graphs = [Iri(iri) for iri in argument["named_graphs"]]
    timeout_s = max(argument["timeout_s"] - _GRACE_S, _GRACE_S)

    @contextmanager
    def ask(text: str) -> Iterator[Found]:
        Store().query(text)
        _refuse_functions(text)
        with store.answer(Query(text), default_graphs, named_graphs, argument["media_type"], timeout_s) as found:
            yield found

    respond(argument["query"], argument["media_type"], ask, output)


@lru_cache(maxsize=1)
def _open(engine: str) -> RemoteStore:
    """Keep the connection between jobs."""
    return RemoteStore(parse_engine_url(engine), read_only=True)


def _refuse_functions(text: str) -> None:
    """Raise InvalidQuery for a function named by an IRI, the casts of XML Schema excepted: servers have their own, and
    some of these read files or run programs. A list behind a property looks the same and is refused, too."""
    words = tokens(text)
    prefixes: dict[str, str] = {}
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else None
        if word.is_word("PREFIX") and following is not None and at + 2 < len(words):
            prefixes[following.text.partition(":")[0]] = words[at + 2].text[1:-1]
        if word.kind not in ("iri", "prefixed") or following is None or following.text != "(":
            continue
        name, _, local = word.text.partition(":")
        iri = word.text[1:-1] if word.kind == "iri" else prefixes.get(name, "") + local
        if not iri.startswith(XSD.NS):
            raise InvalidQuery(
                "on this instance's triple store a name in <…> or with a prefix cannot be followed by a parenthesis: of"
                " functions with such names only those of XML Schema are there, and lists are written as rdf:first and"
                " rdf:rest", *position(text, word.start),
            )  # fmt: skip
