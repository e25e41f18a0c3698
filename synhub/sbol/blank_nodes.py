"""Blank nodes become IRIs below their owner, and blank nodes again on the way out.

`<owner>/.bnode/<hash>`: the hash covers what is said about the node and by which properties it is reached, so
that the same file gives the same IRIs, however its blank nodes are labelled. It covers neither the owner's
IRI nor references to objects of the same document nor the server's stamps, so that an object keeps its blank
nodes when it is given a new IRI, downloaded and submitted again. Literals must be normalised before, their
text is hashed.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b

from synhub.errors import InvalidDesign, TooLarge
from synhub.model import Finding
from synhub.rdf import Term, Triple, iri_term, is_blank, is_iri
from synhub.vocab import SBOL2, STAMPS

MAX_BLANK_NODES = 10_000  # an upload's
_ROUNDS = 10  # of refinement, where blank nodes form cycles
_PATH = "/.bnode/"
_SKOLEM = re.compile(r"<[^>]*/\.bnode/[0-9a-f]{32}(-[0-9]+)?>\Z")
_PERSISTENT_IDENTITY = iri_term(SBOL2.persistentIdentity)

_Edges = dict[Term, list[tuple[Term, Term]]]  # node -> (predicate, other end)
_Text = Callable[[Term, Term], str]  # (blank node, object that is not blank) -> what enters the hash


def is_skolem(term: Term) -> bool:
    """Tell whether the term is an IRI made by `skolemise`."""
    return _PATH in term and _SKOLEM.match(term) is not None


def skolemise(triples: Iterable[Triple]) -> list[Triple]:
    """Replace blank nodes by IRIs below the IRI subject that reaches them (the smallest one, if several do).

    The input is one document, literals normalised, in document order: order decides only between nodes that
    differ in nothing else within ten steps of a cycle.
    Raises InvalidDesign (sbol-10201) for blank nodes that nothing with an IRI reaches, TooLarge for too many.
    """
    document = list(triples)
    position: dict[Term, int] = {}
    for subject, _, value in document:
        if is_blank(subject):
            position.setdefault(subject, len(position))
        if is_blank(value):
            position.setdefault(value, len(position))
    if not position:
        return document
    if len(position) > MAX_BLANK_NODES:
        raise TooLarge(
            f"the document holds {len(position)} blank nodes, {MAX_BLANK_NODES} are allowed: "
            "give nodes an rdf:about, or submit in parts"
        )
    names = _Naming(document, position).names()
    return [(names.get(s, s), p, names.get(o, o)) for s, p, o in document]


def unskolemise(triples: Iterable[Triple]) -> list[Triple]:
    """Replace the IRIs that `skolemise` made by blank nodes, each labelled by a hash of its IRI."""
    return [(_blank(s), p, _blank(o)) for s, p, o in triples]


def _blank(term: Term) -> Term:
    return Term("_:b" + _hash(term)) if _PATH in term and is_iri(term) and _SKOLEM.match(term) else term


def _hash(*parts: str) -> str:
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


class _Naming:
    """The blank nodes of one document, seen from both ends of their triples."""

    def __init__(self, document: list[Triple], position: Mapping[Term, int]) -> None:
        self.position = position
        self.outgoing: _Edges = {node: [] for node in position}
        self.incoming: _Edges = {node: [] for node in position}
        reach: dict[Term, list[Term]] = defaultdict(list)
        internal: set[Term] = set()
        for subject, predicate, value in document:
            if is_blank(subject):
                if predicate not in STAMPS:  # made anew at each upload, never part of the content
                    self.outgoing[subject].append((predicate, value))
            else:
                internal.add(subject)
                if predicate == _PERSISTENT_IDENTITY:
                    internal.add(value)
            if is_blank(value):
                self.incoming[value].append((predicate, subject))
                reach[subject].append(value)
        self.internal = internal
        self.owner = self._owners(reach)

    def _owners(self, reach: Mapping[Term, list[Term]]) -> dict[Term, Term]:
        owner: dict[Term, Term] = {}
        for subject in sorted(s for s in reach if not is_blank(s)):
            stack = [node for node in reach[subject] if node not in owner]
            while stack:
                node = stack.pop()
                if node not in owner:
                    owner[node] = subject
                    stack.extend(reach.get(node, ()))
        lost = [node for node in self.position if node not in owner]
        if lost:
            message = (
                f"{len(lost)} node(s) have no rdf:about and belong to no object that has one: every object needs an IRI"
            )
            said = ", ".join(p for node in lost[:1] for p, _ in self.outgoing[node])
            finding = Finding("sbol-10201", "error", "", f"{message} (the first has the properties {said})")
            raise InvalidDesign(message, [finding.as_json()])
        return owner

    def names(self) -> dict[Term, Term]:
        """Name owners' direct nodes first, then what hangs below them, so that equal siblings stay apart."""
        masked = self._contents(self._masked)
        plain = self._contents(lambda _, value: value)
        names: dict[Term, Term] = {}
        waiting = {node: {s for _, s in edges if is_blank(s)} for node, edges in self.incoming.items()}
        below: dict[Term, list[Term]] = defaultdict(list)
        for node, above in waiting.items():
            for parent in above:
                below[parent].append(node)
        batch = [node for node, above in waiting.items() if not above]
        while batch:
            self._name(batch, masked, plain, names)
            ready: list[Term] = []
            for parent in batch:
                for node in below[parent]:
                    waiting[node].discard(parent)
                    if not waiting[node]:
                        ready.append(node)
            batch = ready
        rest = [node for node in self.position if node not in names]
        if rest:
            self._name(rest, self._refined(rest, masked, names), plain, names)
        return names

    def _masked(self, node: Term, value: Term) -> str:
        return "owner" if value == self.owner[node] else "object" if value in self.internal else value

    def _contents(self, text: _Text) -> dict[Term, str]:
        """Hash what is said about each node, children first; nodes of cycles by rounds of refinement."""
        contents: dict[Term, str] = {}
        waiting = {node: {o for _, o in edges if is_blank(o)} for node, edges in self.outgoing.items()}
        above: dict[Term, list[Term]] = defaultdict(list)
        for node, children in waiting.items():
            for child in children:
                above[child].append(node)
        batch = [node for node, children in waiting.items() if not children]
        while batch:
            node = batch.pop()
            contents[node] = self._said(node, contents, text)
            for parent in above[node]:
                waiting[parent].discard(node)
                if not waiting[parent]:
                    batch.append(parent)
        cyclic = [node for node in self.position if node not in contents]
        contents |= dict.fromkeys(cyclic, "")
        for _ in range(_ROUNDS if cyclic else 0):
            contents |= {node: self._said(node, contents, text) for node in cyclic}
        return contents

    def _said(self, node: Term, contents: Mapping[Term, str], text: _Text) -> str:
        return _hash(*sorted(f"{p} {contents[o] if is_blank(o) else text(node, o)}" for p, o in self.outgoing[node]))

    def _literally(self, node: Term) -> list[tuple[str, str]]:
        return sorted((p, "" if is_blank(o) else o) for p, o in self.outgoing[node])

    def _refined(self, nodes: list[Term], contents: Mapping[Term, str], names: Mapping[Term, Term]) -> dict[Term, str]:
        colours = dict(contents)
        for _ in range(_ROUNDS):
            colours |= {node: _hash(contents[node], *self._context(node, names, colours)) for node in nodes}
        return colours

    def _context(self, node: Term, names: Mapping[Term, Term], colours: Mapping[Term, str]) -> list[str]:
        """Return by which properties of which blank nodes the node is reached; names without their owner."""

        def end(subject: Term) -> str:
            if subject in names:
                return names[subject][len(self.owner[subject]) - 1 :]
            return colours[subject] if is_blank(subject) else "object"

        return sorted(f"{p} {end(s)}" for p, s in self.incoming[node])

    def _name(
        self,
        nodes: list[Term],
        contents: Mapping[Term, str],
        plain: Mapping[Term, str],
        names: dict[Term, Term],
    ) -> None:
        groups: dict[tuple[Term, str], list[Term]] = defaultdict(list)
        for node in nodes:
            key = _hash(contents[node], *self._context(node, names, contents))
            groups[self.owner[node], key].append(node)
        for (owner, key), equals in groups.items():
            if len(equals) > 1:
                equals.sort(key=lambda n: (self._literally(n), plain[n], self.position[n]))
            for number, node in enumerate(equals, 1):
                ordinal = "" if number == 1 else f"-{number}"
                names[node] = Term(f"{owner[:-1]}{_PATH}{key}{ordinal}>")
