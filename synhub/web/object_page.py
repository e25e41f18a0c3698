"""The page of an object: what a browser shows of it, and for its owners the forms that change it.

Reads as any object route does, with the Dataset of who asks; changes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub import collections, objects, relations
from synhub.formats.representations import REPRESENTATIONS, VERBS, Representation
from synhub.hub import Hub
from synhub.identity import ObjectRef
from synhub.model import Actor, Dataset
from synhub.objects import Located
from synhub.ownership import is_owner
from synhub.rdf import Iri, Term, Triple, iri_of, iri_term, text_of
from synhub.search.grammar import parse_number, parse_words
from synhub.store.top_levels import read_top_levels
from synhub.vocab import DC, DCTERMS, OBO, RDF, SBH, SBOL2
from synhub.web.auth import actor_of, hub_of
from synhub.web.listings import member_row
from synhub.web.pages import pager, render_form, short, words_of
from synhub.web.respond import HTML, Result, redirect
from synhub.web.sharing import link_row

Link = Callable[[str], str | None]

_PAGE = 25  # members on a page
_MOST = 100  # children, attachments and values of a property that are shown
_PUBMED = "https://pubmed.ncbi.nlm.nih.gov/"
_NOTES = ((SBH.mutableDescription, "About"), (SBH.mutableNotes, "Notes"), (SBH.mutableProvenance, "Source"))
# Shown in a place of their own, or not at all.
_APART = frozenset(
    iri_term(iri)
    for iri in (
        RDF.type, DCTERMS.title, DCTERMS.description,
        SBOL2.version, SBOL2.persistentIdentity, SBOL2.member, SBOL2.attachment, SBOL2.elements,
        SBH.topLevel, SBH.ownedBy, *(iri for iri, _ in _NOTES),
    )
)  # fmt: skip
_LABELS = {
    SBOL2.displayId: "Id",
    OBO.OBI_0001617: "PubMed",
    DC.creator: "Creator",
}


@dataclass(frozen=True, slots=True)
class Child:
    iri: Iri
    name: str
    property: str
    what: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class File:
    path: str
    name: str
    size: int | None
    format: str


async def object_page(request: Request, ref: ObjectRef) -> Result:
    """Find the object and render its page; without a version lead to that of the latest.

    Raises BadRequest for an offset that is no number, NotFound and Moved as `objects.locate`.
    """

    def answer() -> Result:
        hub, actor = hub_of(request), actor_of(request)
        located = objects.locate(hub, actor, ref)
        if located.iri != ref.iri(hub.registry):
            return redirect(request.state.link(located.iri))
        return Result(_render(request, located), HTML)

    return await run_in_threadpool(answer)


def _render(request: Request, located: Located) -> str:
    hub, actor, state = hub_of(request), actor_of(request), request.state
    values = _values(hub, actor, located, state.link) | _members(request, hub, actor, located)
    values["related"] = list(_related(hub, actor, located))
    return render_form("object", user=state.user, csrf=state.csrf, link=state.link, **values)


def _values(hub: Hub, actor: Actor, located: Located, link: Link) -> dict[str, Any]:
    """What the template shows, apart from the members of a collection."""
    stored = objects.facts_of(hub, located)
    me = iri_term(located.iri)
    said: dict[Term, list[Term]] = {}
    for s, p, o in stored:
        if s == me:
            said.setdefault(p, []).append(o)

    def first(iri: Iri) -> str:
        return next((text_of(o) for o in said.get(iri_term(iri), ())), "")

    children = list(_children(stored, me))
    owned = actor.user is not None and located.is_top_level and is_owner(hub.registry, actor.user, stored, located.iri)
    is_public = located.graph == hub.registry.public_graph
    return {
        "title": first(DCTERMS.title) or located.display_id,
        "kind": words_of(short(next((t for t in located.types if t.startswith(SBOL2.NS)), located.types[0]))),
        "version": first(SBOL2.version),
        "description": first(DCTERMS.description),
        "is_public": is_public,
        "top": None if located.is_top_level else located.top_level,
        "path": link(located.iri),
        "iri": located.iri,
        "formats": list(_formats(located)),
        "facts": list(_facts(said, {iri_term(child.iri) for child in children})),
        "elements": first(SBOL2.elements),
        "has_sequence": located.is_top_level and iri_term(SBOL2.sequence) in said,
        "children": children[:_MOST],
        "more_children": max(0, len(children) - _MOST),
        "is_file": SBOL2.Attachment in located.types,
        "attachments": list(_files(hub, hub.dataset(actor), said.get(iri_term(SBOL2.attachment), ()), link)),
        "notes": [(heading, _plain(first(iri))) for iri, heading in _NOTES if first(iri)],
        "owned": owned,
        "owners": sorted(short(text_of(o)) for o in said.get(iri_term(SBH.ownedBy), ())),
        "shares": [link_row(s) | {"by": s.username} for s in hub.shares.links_on(located.iri)] if owned else [],
        "share_days": hub.settings.share_days,
    }


def _related(hub: Hub, actor: Actor, located: Located) -> Iterator[tuple[str, str, int]]:
    """Yield verb, label and number of what stands in a relation to the object, where there is any."""
    if located.is_top_level:
        for verb, label, relation in (("uses", "Uses", relations.uses_of), ("twins", "Twins", relations.twins_of)):
            number = relation(hub, actor, located).count()
            if number:
                yield verb, label, number


def _formats(located: Located) -> Iterator[Representation]:
    """Yield the representations that say something of an object, one for each verb."""
    for verb in VERBS:
        first = next(r for r in REPRESENTATIONS if verb in r.verbs)
        if verb == first.verbs[0] and (not first.classes or not first.classes.isdisjoint(located.types)):
            yield first


def _facts(said: dict[Term, list[Term]], children: set[Term]) -> Iterator[tuple[str, list[str]]]:
    """Yield label and values of every property that is shown nowhere else."""
    facts: list[tuple[str, list[str]]] = []
    for predicate in said.keys() - _APART:
        values = [text_of(o) for o in said[predicate] if o not in children][:_MOST]
        name = iri_of(predicate)
        if name == OBO.OBI_0001617:
            values = [_PUBMED + value if value.isdigit() else value for value in values]
        if values:
            facts.append((_LABELS.get(name) or words_of(short(name)), values))
    yield from sorted(facts, key=lambda fact: (fact[0] not in _LABELS.values(), fact[0].lower()))


def _children(stored: list[Triple], me: Term) -> Iterator[Child]:
    """Yield what an object consists of, in the order of names, with what it stands for and where it lies."""
    about: dict[Term, dict[Term, list[Term]]] = {}
    for s, p, o in stored:
        about.setdefault(s, {}).setdefault(p, []).append(o)

    def values(subject: Term, *predicates: Iri) -> list[str]:
        return [text_of(o) for p in predicates for o in about.get(subject, {}).get(iri_term(p), ())]

    found = [
        Child(
            iri_of(o),
            (values(o, DCTERMS.title, SBOL2.displayId) or [short(iri_of(o))])[0],
            words_of(short(iri_of(p))),
            tuple(values(o, SBOL2.definition, SBOL2.component, SBOL2.role)),
            ", ".join(_place(values, location) for location in about[o].get(iri_term(SBOL2.location), ())),
        )
        for p, objects_ in about.get(me, {}).items()
        for o in objects_
        if o in about and o != me
    ]
    yield from sorted(found, key=lambda child: (child.property, child.name))


def _place(values: Callable[..., list[str]], location: Term) -> str:
    """Say where a location is: `12–40`, `after 7`; '' for one that says nothing."""
    start, end, at = values(location, SBOL2.start), values(location, SBOL2.end), values(location, SBOL2.at)
    place = f"{start[0]}–{end[0]}" if start and end else f"after {at[0]}" if at else ""
    return place + (" reverse" if any("reverse" in o for o in values(location, SBOL2.orientation)) else "")


def _files(hub: Hub, dataset: Dataset, attachments: Any, link: Link) -> Iterator[File]:
    """Yield the attachments that the reader sees."""
    for iri in [iri_of(o) for o in attachments if o.startswith("<")][:_MOST]:
        graph, path = objects.readable_graph(hub, dataset, iri), link(iri)
        stored = read_top_levels(hub.store, Dataset((graph,)), [iri]).get(iri, []) if graph is not None else []
        said = {p: text_of(o) for s, p, o in stored if s == iri_term(iri)}
        if said and path is not None:
            size = said.get(iri_term(SBOL2.size), "")
            name = said.get(iri_term(DCTERMS.title)) or said.get(iri_term(SBOL2.displayId)) or short(iri)
            yield File(path, name, int(size) if size.isdigit() else None, said.get(iri_term(SBOL2.format), ""))


class _Text(HTMLParser):
    """Collects the text of HTML, a line for each block."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in ("p", "br", "div", "li", "tr", "h1", "h2", "h3"):
            self.text += "\n"


def _plain(html: str) -> str:
    """Notes are HTML that users have written: only their text is shown."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    return parser.text.strip()


def _members(request: Request, hub: Hub, actor: Actor, located: Located) -> dict[str, Any]:
    """A page of a collection's members, by `offset`, with the words of `q` in them."""
    if not located.is_collection:
        return {"members": None, "words": "", "previous": None, "next": None}
    words = request.query_params.get("q", "")
    page = collections.members(
        hub.catalog,
        hub.registry,
        hub.dataset(actor),
        located.iri,
        offset=parse_number("offset", request.query_params.getlist("offset"), 0),
        limit=_PAGE,
        text=parse_words(words),
    )
    return {
        "members": page,
        "member_rows": [member_row(hit) for hit in page.hits],
        "words": words,
        **pager(request, page),
    }
