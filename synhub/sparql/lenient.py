"""One kindness: a SELECT of variables that its GROUP BY forgot. Pure.

SPARQL 1.1 (section 11.4) forbids it, Virtuoso answers it, and synbiohub_adapter asks it: `SELECT ?inducer
?level … GROUP BY ?inducer`. The forgotten variables join the GROUP BY, so that every combination is a row. Where the
query counts or adds up, that would change its numbers: such a query is left as it is, an error.
"""

from synhub.errors import InvalidQuery
from synhub.sparql.lexer import Token, tokens

_MEASURED = ("HAVING", "COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT")  # what depends on the groups


def group_all(text: str) -> str | None:
    """Return the query with every projected plain variable grouped; None when that does not apply.

    Only the outermost SELECT, without an aggregate, and only a GROUP BY that lists nothing but variables.
    """
    try:
        outer = _outside(tokens(text), "{", "}")
    except InvalidQuery:
        return None
    if any(token.is_word(*_MEASURED) for token in outer):
        return None
    outer = _outside(outer, "(", ")")
    words = [token.text.upper() if token.kind == "word" else "" for token in outer]
    if "SELECT" not in words or "GROUP" not in words:
        return None
    start, group = words.index("SELECT"), len(words) - 1 - words[::-1].index("GROUP")
    if group < start or words[group + 1 : group + 2] != ["BY"]:
        return None
    projected = _variables(outer[start + 1 :], skip=("DISTINCT", "REDUCED"))
    grouped = _variables(outer[group + 2 :])
    missing = [name for name in dict.fromkeys(projected) if name not in grouped]
    if not grouped or not missing:
        return None
    end = outer[group + 1 + len(grouped)].end
    return f"{text[:end]} {' '.join(missing)}{text[end:]}"


def _outside(words: list[Token], opening: str, closing: str) -> list[Token]:
    """The tokens outside all of these braces; what stands in one is its first sign."""
    found = []
    depth = 0
    for token in words:
        opens, closes = token.text == opening, token.text == closing
        depth -= closes
        if depth == 0 and not closes:
            found.append(token)
        depth += opens
    return found


def _variables(words: list[Token], skip: tuple[str, ...] = ()) -> list[str]:
    """The variables that come first. With `skip` it is a projection: its expressions are left out."""
    found = []
    for token in words:
        if token.kind == "variable":
            found.append(token.text)
        elif not (skip and (token.is_word(*skip) or token.text == "(")):
            break
    return found
