"""From the fields of the advanced search form to a SearchQuery, and to the search path that means the same.

Pure: how a collection's name becomes its IRI is passed in.

Source: SynBioHub `POST /advancedSearch`, whose pick lists offer terms, and whose fields may be empty or absent.
"""

from collections.abc import Callable, Iterator, Mapping

from synhub.errors import BadRequest, InvalidQuery
from synhub.rdf import Iri, literal_term
from synhub.search.ast import Alternative, Phrase, SearchQuery, fold
from synhub.search.criteria import parse_criteria
from synhub.search.grammar import parse_search_text
from synhub.search.written import write_collection, write_value
from synhub.vocab import DC

KEYS = (
    *("objectType", "role", "roleBelow", "type", "typeBelow"),
    *("createdAfter", "createdBefore", "modifiedAfter", "modifiedBefore", "latest"),
)
PREDICATES = 5  # rows of the form that pair a property with a value


def parse_search_form(fields: Mapping[str, str], find_collection: Callable[[str], Iri]) -> SearchQuery:
    """Read the search fields; without any, everything is asked for.

    `description` is one text that displayId, name or description must hold, blanks included; `creator` is a name;
    `collections` are IRIs or names, comma separated, all of which must hold an object; `searchPredN` goes with
    `searchObjN` or `filterObjN`, or asks for any value. Raises InvalidQuery and BadRequest, and what
    `find_collection` raises.
    """
    given = _given(fields)
    pairs = _pairs(given, find_collection)
    criteria = tuple(criterion for key, value in pairs for criterion in parse_criteria(key, value))
    text: tuple[Alternative, ...] = ()
    if "description" in given:
        text = ((Phrase(fold(given["description"])),),)
    return SearchQuery(tuple(dict.fromkeys(criteria)), text)


def search_text_of(fields: Mapping[str, str], find_collection: Callable[[str], Iri]) -> str:
    """Return the search path, not encoded, that means what the search fields do; '*' when they are empty.

    Raises what `parse_search_form` raises, and BadRequest for what a path cannot say.
    """
    given, query = _given(fields), parse_search_form(fields, find_collection)
    criteria = "".join(f"{key}={value}&" for key, value in _pairs(given, find_collection))
    words = given.get("description", "")
    texts = [criteria + text for text in dict.fromkeys((words, f'"{words}"'))] if words else [criteria or "*"]
    for text in texts:
        try:
            if parse_search_text(text) == query:
                return text
        except InvalidQuery:
            continue
    raise BadRequest('no search path can say this: leave " out of the text, and put values with & into <…> or quotes')


def _given(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in fields.items() if value.strip()}


def _pairs(given: Mapping[str, str], find_collection: Callable[[str], Iri]) -> Iterator[tuple[str, str]]:
    """Yield key and value of each criterion, as they stand in a search path."""
    yield from ((key, given[key]) for key in KEYS if key in given)
    if "creator" in given:
        creator = write_value(DC.creator, literal_term(given["creator"]))
        if creator is None:
            raise BadRequest("creator holds a control character; write a name")
        yield _split(creator)
    for name in filter(None, (part.strip() for part in given.get("collections", "").split(","))):
        is_iri = name.startswith(("<", "http://", "https://"))
        yield ("collection", name) if is_iri else _split(write_collection(find_collection(name)))
    for n in range(1, PREDICATES + 1):
        value = given.get(f"searchObj{n}") or given.get(f"filterObj{n}")
        predicate = given.get(f"searchPred{n}")
        if predicate is None and value is not None:
            raise BadRequest(f"searchPred{n} is empty: say which property has the value {value!r}")
        if predicate is not None:
            yield predicate, value or "?any"


def _split(criterion: str) -> tuple[str, str]:
    key, _, value = criterion.partition("=")
    return key, value
