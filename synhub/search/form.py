"""From the fields of the advanced search form to a SearchQuery: the same criteria as a search path has, one a field.

Pure: how a collection's name becomes its IRI is passed in.

Source: SynBioHub `POST /advancedSearch`, whose pick lists offer terms, and whose fields may be empty or absent.
"""

from collections.abc import Callable, Mapping

from synhub.errors import BadRequest
from synhub.rdf import Iri, literal_term
from synhub.search.ast import Alternative, Criterion, HasValue, InCollection, Phrase, SearchQuery, fold
from synhub.search.criteria import parse_criteria
from synhub.vocab import DC

_KEYS = ("objectType", "role", "type", "createdAfter", "createdBefore", "modifiedAfter", "modifiedBefore")
_PREDICATES = 5  # rows of the form that pair a property with a value


def parse_search_form(fields: Mapping[str, str], find_collection: Callable[[str], Iri]) -> SearchQuery:
    """Read the search fields; without any, everything is asked for.

    `description` is one text that displayId, name or description must hold, blanks included; `creator` is a name;
    `collections` are IRIs or names, comma separated, all of which must hold an object; `searchPredN` goes with
    `searchObjN` or `filterObjN`, or asks for any value. Raises InvalidQuery and BadRequest, and what
    `find_collection` raises.
    """
    given = {name: value.strip() for name, value in fields.items() if value.strip()}
    criteria = [criterion for key in _KEYS if key in given for criterion in parse_criteria(key, given[key])]
    if "creator" in given:
        criteria.append(HasValue(DC.creator, (literal_term(given["creator"]),)))
    for name in filter(None, (part.strip() for part in given.get("collections", "").split(","))):
        criteria += _in_collection(name, find_collection)
    criteria += _properties(given)
    text: tuple[Alternative, ...] = ()
    if "description" in given:
        text = ((Phrase(fold(given["description"])),),)
    return SearchQuery(tuple(criteria), text)


def _in_collection(name: str, find_collection: Callable[[str], Iri]) -> tuple[Criterion, ...]:
    if name.startswith(("<", "http://", "https://")):
        return parse_criteria("collection", name)
    return (InCollection(find_collection(name)),)


def _properties(given: Mapping[str, str]) -> list[Criterion]:
    criteria: list[Criterion] = []
    for n in range(1, _PREDICATES + 1):
        value = given.get(f"searchObj{n}") or given.get(f"filterObj{n}")
        predicate = given.get(f"searchPred{n}")
        if predicate is None and value is not None:
            raise BadRequest(f"searchPred{n} is empty: say which property has the value {value!r}")
        if predicate is not None:
            criteria += parse_criteria(predicate, value or "?any")
    return criteria
