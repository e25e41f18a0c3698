"""What the search index finds for the triples of magic.py: the same objects that a search finds. Knows no HTTP.

Answers for the limit, and for the dataset: only the query's default graph is searched, which is of graphs of the
caller's. What is being removed is not found, although SPARQL still shows its triples.
"""

from collections.abc import Callable, Sequence

from synhub.errors import BadRequest, InvalidQuery
from synhub.hub import Hub
from synhub.model import Dataset
from synhub.rdf import Iri
from synhub.search.ast import SearchQuery
from synhub.search.grammar import parse_words
from synhub.search.plan import plan, resolve
from synhub.search.similarity import objects_like
from synhub.sparql.gate import CheckedQuery
from synhub.sparql.magic import Match
from synhub.store.catalog.search import View

MOST_IRIS = 10_000  # for one triple: the engine reads them as text, 10 000 in 40 ms, and joins them in 30 to 100

Finder = Callable[[Hub, Dataset, str, int], Sequence[Iri]]


def with_matches(hub: Hub, dataset: Dataset, query: CheckedQuery) -> CheckedQuery:
    """Return the query with what the index finds in the graphs that it reads.

    Raises InvalidQuery, with the place of the text, for text that cannot be searched for or finds too much.
    """
    if not query.matches:
        return query
    searched = Dataset(query.default_graphs, (), dataset.hidden)
    return query.filled([_find(hub, searched, match) for match in query.matches])


def _find(hub: Hub, dataset: Dataset, match: Match) -> Sequence[Iri]:
    where = f"(line {match.line}, column {match.column})"
    try:
        found = _FINDERS[match.property](hub, dataset, match.text, MOST_IRIS + 1)
    except BadRequest as error:
        message = f"synhub:{match.property}: {error.message} {where}"
        raise InvalidQuery(message, match.line, match.column) from error
    if len(found) > MOST_IRIS:
        message = (
            f"synhub:{match.property}: more than {MOST_IRIS} objects have {match.text[:100]!r}; ask for more of"
            f" them at once, or for something rarer {where}"
        )
        raise InvalidQuery(message, match.line, match.column)
    return found


def _by_text(hub: Hub, dataset: Dataset, text: str, limit: int) -> Sequence[Iri]:
    words = parse_words(text)
    if not words:
        raise BadRequest("there is no word in it; name at least one")
    view = View(hub.catalog, dataset)
    conditions = resolve(plan(view, SearchQuery((), words)), view, hub.store, dataset)
    return sorted(set(view.iris(conditions, limit)))


def _by_sequence(hub: Hub, dataset: Dataset, text: str, limit: int) -> Sequence[Iri]:
    if not any(c.isalpha() for c in text):
        raise BadRequest(f"there is no letter of a sequence in {text[:20]!r}")
    return sorted(objects_like(hub.catalog, hub.store, hub.sequences, dataset, text, limit))


_FINDERS: dict[str, Finder] = {"textMatch": _by_text, "sequenceMatch": _by_sequence}
