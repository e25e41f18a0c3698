"""From the fields of the advanced search form to a SearchQuery, and to the search path that means the same.

Pure: how a collection's name becomes its IRI is passed in.

Source: SynBioHub `POST /advancedSearch`, whose pick lists offer terms, and whose fields may be empty or absent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from synhub.errors import BadRequest, InvalidQuery
from synhub.rdf import Iri, is_iri, literal_term, text_of
from synhub.search.ast import Criterion, HasValue, InCollection, SearchQuery
from synhub.search.criteria import FLAGS, is_text, parse_criteria
from synhub.search.grammar import parse_search_text, parse_words
from synhub.search.sequence_criteria import is_sequence
from synhub.search.written import write_collection, write_phrase, write_text, write_value
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
    `searchObjN` or `filterObjN`, or asks for any value. A value that is not written as a term, nor in quotes as a
    whole, is the text that was typed. Raises InvalidQuery and BadRequest, and what `find_collection` raises.
    """
    given = _given(fields)
    criteria = tuple(c for key, value in _pairs(given, find_collection) for c in parse_criteria(key, value))
    text = parse_words(write_phrase(given["description"])) if "description" in given else ()
    return SearchQuery(tuple(dict.fromkeys(criteria)), text)


def search_text_of(fields: Mapping[str, str], find_collection: Callable[[str], Iri]) -> str:
    """Return the search path, not encoded, that means what the search fields do; '*' when they are empty.

    Raises what `parse_search_form` raises.
    """
    given, query = _given(fields), parse_search_form(fields, find_collection)
    criteria = "".join(_written(key, value) for key, value in _pairs(given, find_collection))
    if "description" not in given:
        return criteria or "*"
    words = given["description"]
    return _first_meaning(query, (criteria + text for text in (words, write_phrase(words))))


def _given(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: value.strip() for name, value in fields.items() if value.strip()}


def _pairs(given: Mapping[str, str], find_collection: Callable[[str], Iri]) -> Iterator[tuple[str, str]]:
    """Yield key and value of each criterion, as `parse_criteria` takes them."""
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
        if predicate in FLAGS or (predicate is not None and value is not None and is_sequence(predicate, value)):
            raise BadRequest(f"{predicate} is no property: search for letters of a sequence with /sequenceSearch")
        if predicate is not None:
            yield predicate, "?any" if value is None else write_text(value) if is_text(value) else value


def _split(criterion: str) -> tuple[str, str]:
    key, _, value = criterion.partition("=")
    return key, value


def _written(key: str, value: str) -> str:
    """Return a criterion as it stands in a path, where a value may have to be in quotes or brackets, and a key too."""
    criteria = parse_criteria(key, value)
    return _first_meaning(SearchQuery(criteria), (f"{text}&" for text in _spellings(key, value, criteria)))


def _spellings(key: str, value: str, criteria: tuple[Criterion, ...]) -> Iterator[str]:
    yield f"{key}={value}"
    match criteria:
        case (InCollection(collection),):
            yield write_collection(collection)
        case (HasValue(predicate, values),):
            terms = [value, *(term if is_iri(term) else write_text(text_of(term)) for term in values[:1])]
            yield from (f"{name}={term}" for name in (key, f"<{predicate}>") for term in terms)


def _first_meaning(query: SearchQuery, texts: Iterable[str]) -> str:
    for text in texts:
        try:
            if parse_search_text(text) == query:
                return text
        except InvalidQuery:
            continue
    raise BadRequest(f"no search path can say {text[:80]!r}; write a value as <iri> or 'text'")
