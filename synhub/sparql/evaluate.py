"""The task of a query child: run one checked query on a snapshot and write the answer.

Answers for the dataset arguments (both, always) and for turning the engine's complaints into ours. Checks
nothing else: gate.py has done that before, and the process has its limits.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from itertools import chain, islice
from typing import IO, Any, Protocol, cast

from pyoxigraph import (
    NamedNode,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Store,
    Triple,
    serialize,
)

from synhub.errors import InvalidQuery, StoreUnavailable
from synhub.sparql.lenient import group_all
from synhub.sparql.mistakes import explain
from synhub.sparql.results import used_prefixes
from synhub.vocab import DOCUMENT_PREFIXES

_PLACE = re.compile(r"error at (\d+):(\d+)(?:: (.*))?", re.DOTALL)
# What XML 1.0 (section 2.2) has no way to write, as UTF-8: controls, U+FFFE and U+FFFF.
_NOT_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_ELEMENT_NAME = re.compile(r"[^\W\d][\w.\-]*\Z")
_LOOKED_AT = 1_000  # triples before the first byte: a smaller graph declares only the prefixes that it uses
_UNGROUPED = "The SELECT contains a variable that is unbound"
_GROUPED = "GROUP BY was completed with the other variables of SELECT"

Found = QuerySolutions | QueryBoolean | Iterable[Triple]


class Output(Protocol):
    """What store/child.py hands to a streaming task."""

    def header(self, value: dict[str, Any]) -> None: ...
    def write(self, data: bytes) -> int: ...
    def flush(self) -> None: ...


def run(argument: dict[str, Any], output: Output) -> None:
    """Write the answer of `query` over `default_graphs` and `named_graphs` of the snapshot `engine`, `oxigraph:DIR`.

    `media_type` is one of the formats of results.py. Raises InvalidQuery, StoreUnavailable.
    """

    @contextmanager
    def ask(text: str) -> Iterator[Found]:
        yield _open(argument["engine"]).query(
            text,
            default_graph=[NamedNode(iri) for iri in argument["default_graphs"]],
            named_graphs=[NamedNode(iri) for iri in argument["named_graphs"]],
        )

    respond(argument["query"], argument["media_type"], ask, output)


@lru_cache(maxsize=1)
def _open(engine: str) -> Store:
    """Keep the newest snapshot open between jobs: opening costs 13 ms, a query on an open one 0.1 ms."""
    return Store.read_only(engine.removeprefix("oxigraph:"))


def respond(query: str, media_type: str, ask: Callable[[str], AbstractContextManager[Found]], output: Output) -> None:
    """Write what `ask` finds for a query, in a media type; once more with every variable grouped when that is missing:
    then the header has a `note`.

    Raises InvalidQuery, StoreUnavailable.
    """
    try:
        try:
            with ask(query) as found:
                _write(found, media_type, output)
        except SyntaxError as error:
            retry = group_all(query) if _UNGROUPED in str(error) else None
            if retry is None:
                raise
            with ask(retry) as found:
                _write(found, media_type, output, _GROUPED)
    except SyntaxError as error:
        raise _syntax_error(query, str(error)) from error
    except (RuntimeError, ValueError) as error:
        raise InvalidQuery(f"the query cannot be evaluated: {error}") from error
    except OSError as error:
        raise StoreUnavailable(f"the triple store does not answer: {error}") from error


def _write(found: Found, media_type: str, output: Output, note: str = "") -> None:
    output.header({"note": note})
    file = cast(IO[bytes], _XmlOutput(output) if media_type.endswith("xml") else output)
    if isinstance(found, QuerySolutions | QueryBoolean):
        results_format = QueryResultsFormat.from_media_type(media_type)
        assert results_format is not None, media_type
        found.serialize(file, results_format)
    else:
        rdf_format = RdfFormat.from_media_type(media_type)
        assert rdf_format is not None, media_type
        triples = iter(_as_elements(found) if rdf_format == RdfFormat.RDF_XML else found)
        first = list(islice(triples, _LOOKED_AT))
        is_all = len(first) < _LOOKED_AT
        prefixes = used_prefixes("\n".join(map(str, first)), DOCUMENT_PREFIXES) if is_all else DOCUMENT_PREFIXES
        serialize(chain(first, triples), file, rdf_format, prefixes=prefixes)


class _XmlOutput:
    """Passes XML on. Raises InvalidQuery where the engine writes a character that no XML can hold."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._last = b""

    def write(self, data: bytes) -> int:
        found = _NOT_XML.search(self._last + data)
        if found is not None:
            code = ord(found[0].decode())
            raise InvalidQuery(
                f"a value has the character U+{code:04X}, which XML has no way to write; ask for another format"
            )
        self._last = bytes(data[-2:])
        return self._output.write(data)

    def flush(self) -> None:
        self._output.flush()


def _as_elements(triples: Iterable[Triple]) -> Iterator[Triple]:
    """Pass triples on whose predicates can be names of XML elements; for others the engine writes broken XML."""
    known: set[str] = set()
    for triple in triples:
        predicate = triple.predicate.value
        if predicate not in known and _ELEMENT_NAME.search(predicate) is None:
            raise InvalidQuery(f"RDF/XML has no way to write the property {predicate}; ask for text/turtle")
        known.add(predicate)
        yield triple


def _syntax_error(query: str, message: str) -> InvalidQuery:
    """Make an InvalidQuery from `error at LINE:COLUMN: expected one of …`."""
    match = _PLACE.search(message)
    if match is None:
        return InvalidQuery(f"SPARQL syntax error: {message}")
    return explain(query, _complaint) or InvalidQuery("SPARQL syntax error", int(match[1]), int(match[2]))


def _complaint(text: str) -> tuple[str, int, int] | None:
    """Return what the engine says against a text, if anything, with line and column."""
    try:
        Store().query(text)
    except SyntaxError as error:
        match = _PLACE.search(str(error))
        return (match[3] or "", int(match[1]), int(match[2])) if match is not None else None
    return None
