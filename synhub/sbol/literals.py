"""The one form in which typed literals are stored and compared: the engine's. Pure.

Source: XML Schema 1.1 part 2, canonical mappings, of the types that the engine keeps as values.
"""

from collections.abc import Iterable

import pyoxigraph

from synhub.rdf import Term, read_ntriples


def rewritten(terms: Iterable[Term]) -> dict[Term, Term]:
    """Return, of some terms, the typed literals that the engine would write otherwise, with what it would write
    (`…00Z` for `…00.000Z`, `1` for `01`)."""
    typed = list(dict.fromkeys(term for term in terms if term[-1] == ">" and term[0] == '"'))
    if not typed:
        return {}
    store = pyoxigraph.Store()
    lines = "".join(f"<urn:{number}> <urn:p> {literal} .\n" for number, literal in enumerate(typed))
    store.load(lines.encode(), format=pyoxigraph.RdfFormat.N_TRIPLES)  # a bulk load takes four times as long for a few
    dump = store.dump(format=pyoxigraph.RdfFormat.N_TRIPLES, from_graph=pyoxigraph.DefaultGraph()) or b""
    return {before: o for s, _, o in read_ntriples(dump) if (before := typed[int(s[5:-1])]) != o}
