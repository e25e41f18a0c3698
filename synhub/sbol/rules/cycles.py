"""Circles in references, for every rule that forbids them. Knows no class and no property."""

from collections.abc import Iterator, Mapping, Sequence

from synhub.rdf import Term, text_of

MAX_CYCLES = 100  # of one search: a path can be closed again and again, and is as long as the document
_SHOWN = 6


def find_cycles(edges: Mapping[Term, Sequence[Term]]) -> Iterator[tuple[Term, ...]]:
    """Yield the circles that a walk in depth meets, each once, its smallest member first; at most MAX_CYCLES.

    `edges` maps a node to those it refers to. Every circle of the graph shares an edge with one that is met, so that
    nothing is left when those are broken and the walk is done again. A node that refers to itself is a circle.
    """
    settled: set[Term] = set()
    found = 0
    for start in sorted(edges):
        path: list[Term] = []
        places: dict[Term, int] = {}
        stack: list[tuple[Term, bool]] = [(start, False)]
        while stack and found < MAX_CYCLES:
            node, left = stack.pop()
            if left:
                settled.add(node)
                del places[path.pop()]
            elif node in places:
                found += 1
                yield _smallest_first(path[places[node] :])
            elif node not in settled:
                places[node] = len(path)
                path.append(node)
                stack.append((node, True))
                further = {target for target in edges[node] if target in edges}  # what refers to nothing closes none
                stack.extend((target, False) for target in sorted(further, reverse=True))


def _smallest_first(cycle: list[Term]) -> tuple[Term, ...]:
    first = cycle.index(min(cycle))
    return (*cycle[first:], *cycle[:first])


def around(cycle: Sequence[Term]) -> str:
    """Return the circle as a message shows it: `a > b > a`, its middle left out when it is long."""
    names = [text_of(node) for node in (*cycle, cycle[0])]
    if len(names) > _SHOWN:
        names[_SHOWN - 2 : -1] = [f"{len(names) - _SHOWN + 1} more"]
    return " > ".join(names)
