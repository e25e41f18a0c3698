"""The complete route table: data, not code. Matching is by the raw path, because a decoded one cannot tell `%2F`.

Literal segments and verbs match without regard to case, and one trailing slash is ignored (clients send both).
Every object verb is one declaration that serves `/public/…`, `/user/…` and `/user/…/<hash>/share/…`.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from starlette.requests import Request

from synhub.errors import InvalidIri
from synhub.formats.representations import VERBS
from synhub.identity import ObjectRef, decode_segment, is_version
from synhub.rdf import check_iri
from synhub.web import (
    accounts,
    admin,
    advanced,
    attachments,
    editing,
    icons,
    jobs,
    listings,
    membership,
    objects,
    publishing,
    refget,
    relations,
    removal,
    robots,
    search,
    sequences,
    sharing,
    sparql,
    static_files,
    submissions,
    validation,
)
from synhub.web.respond import Result

Handler = Callable[..., Awaitable[Result]]
Style = Literal["classic", "new"]
Cost = Literal["cheap", "search", "bulk"]
"""What a request takes: little; a search, here; or much, mostly elsewhere (children, the client's own pace)."""

GET = ("GET", "HEAD")
POST = ("POST",)
CHANGE = ("POST", "GET")  # what changes something by GET as well; never by HEAD
ANY = ("GET", "HEAD", "POST", "PUT", "DELETE")
_SECRET = re.compile(r"[0-9a-f]{40}\Z")  # of a share link


@dataclass(frozen=True, slots=True)
class Route:
    """A fixed path. `{name}` stands for one decoded segment, a final `{*name}` for the raw rest of the path."""

    methods: tuple[str, ...]
    path: str
    handler: Handler
    style: Style = "classic"
    cost: Cost = "cheap"


@dataclass(frozen=True, slots=True)
class ObjectVerb:
    """What can be asked of an object: `<object>/<verb>`, in all three forms. The empty verb is the object itself.

    `verb/{name}` is a verb with one argument, a decoded segment in the request's path parameters.
    """

    methods: tuple[str, ...]
    verb: str
    handler: Handler
    style: Style = "classic"
    cost: Cost = "cheap"


ROUTES: tuple[Route, ...] = (
    Route(GET, "/", accounts.home),
    Route(GET, "/login", accounts.login_form),
    Route(POST, "/login", accounts.login),
    Route(POST, "/remoteLogin", accounts.remote_login),
    Route(ANY, "/logout", accounts.logout),
    Route(GET, "/register", accounts.register_form),
    Route(POST, "/register", accounts.register),
    Route(GET, "/profile", accounts.profile),
    Route(POST, "/profile", accounts.update_profile),
    Route(GET, "/profile/tokens", accounts.tokens, "new"),
    Route(("DELETE", "POST"), "/profile/tokens", accounts.revoke_token, "new"),
    Route(("DELETE",), "/profile/tokens/{id}", accounts.revoke_token, "new"),
    Route(GET, "/profile/shareLinks", sharing.own_share_links, "new"),
    Route(("DELETE", "POST"), "/profile/shareLinks", sharing.revoke_own_share_links, "new"),
    Route(("DELETE",), "/profile/shareLinks/{id}", sharing.revoke_own_share_links, "new"),
    Route(GET, "/health", admin.health, "new"),
    Route(GET, "/robots.txt", robots.robots),
    Route(GET, "/static/{name}", static_files.static, "new"),
    Route(GET, "/submit", submissions.submit_form),
    Route(POST, "/submit", submissions.submit),
    Route(POST, "/remoteSubmit", submissions.remote_submit),
    Route(GET, "/validate", validation.form),
    Route(POST, "/validate", validation.validate, "new", cost="bulk"),
    Route(GET, "/shapes/sbol2.ttl", validation.shapes, "new"),
    Route(POST, "/updateMutableDescription", editing.update_description),
    Route(POST, "/updateMutableNotes", editing.update_notes),
    Route(POST, "/updateMutableSource", editing.update_source),
    Route(POST, "/updateCitations", editing.update_citations),
    Route(GET, "/jobs/{id}", jobs.job, "new"),
    Route(GET, "/jobs/{id}/upload", jobs.upload, "new", cost="bulk"),
    Route(GET, "/jobs/{id}/upload/{number}", jobs.upload, "new", cost="bulk"),
    Route(GET, "/rootCollections", listings.root_collections),
    Route((*GET, *POST), "/browse", icons.browse),
    Route(GET, "/manage", listings.manage),
    Route(GET, "/shared", sharing.shared),
    Route(GET, "/search/{*query}", search.search, cost="search"),
    Route(GET, "/searchCount/{*query}", search.search_count, cost="search"),
    Route(GET, "/remoteSearch/{*query}", search.remote_search, cost="search"),
    Route(GET, "/facets/{*query}", search.facets, "new", cost="search"),
    Route(GET, "/autocomplete/{text}", relations.autocomplete),
    Route(GET, "/sparql", sparql.sparql_get, cost="bulk"),
    Route(POST, "/sparql", sparql.sparql_post, cost="bulk"),
    Route(GET, "/.well-known/void", sparql.void, "new"),
    Route(GET, "/.well-known/sparql-examples", sparql.example_queries, "new"),
    Route(POST, "/createCollection", membership.create_collection, cost="search"),
    Route(GET, "/advancedSearch", advanced.form, cost="search"),
    Route(POST, "/advancedSearch", advanced.advanced_search, cost="search"),
    Route(POST, "/admin/explorerUpdateIndex", admin.update_index),
    Route(GET, "/admin/explorerIndexingLog", admin.indexing_log),
    Route(GET, "/admin/sparql", sparql.admin_sparql_get, cost="bulk"),
    Route(POST, "/admin/sparql", sparql.admin_sparql_post, cost="bulk"),
    Route(GET, "/{type}/count", listings.type_count),
    Route(GET, "/sequenceSearch", sequences.form),
    Route(GET, "/sbsearch", sequences.form),
    Route(POST, "/sbsearch", sequences.search, cost="bulk"),
    Route(POST, "/sequenceQuery", sequences.keep, "new", cost="bulk"),
    Route(GET, "/sequence/service-info", refget.service_info, "new"),
    Route(GET, "/sequence/{digest}", refget.sequence, "new", cost="search"),
    Route(GET, "/sequence/{digest}/metadata", refget.metadata, "new"),
)

OBJECT_VERBS: tuple[ObjectVerb, ...] = (
    ObjectVerb(GET, "", objects.page),
    *(ObjectVerb(GET, verb, objects.document(verb), cost="bulk") for verb in VERBS),
    ObjectVerb(GET, "metadata", objects.metadata),
    ObjectVerb(GET, "subCollections", listings.sub_collections),
    ObjectVerb(GET, "members", listings.members, "new"),
    ObjectVerb(GET, "similar", sequences.similar, cost="bulk"),
    ObjectVerb(GET, "similarCount", sequences.similar_count, cost="bulk"),
    ObjectVerb(GET, "uses", relations.uses),
    ObjectVerb(GET, "usesCount", relations.uses_count),
    ObjectVerb(GET, "twins", relations.twins),
    ObjectVerb(GET, "twinsCount", relations.twins_count),
    ObjectVerb(CHANGE, "remove", removal.remove),
    ObjectVerb(CHANGE, "removeCollection", removal.remove_collection),
    ObjectVerb(CHANGE, "replace", removal.replace),
    ObjectVerb(POST, "removeMembership", membership.remove_membership),
    ObjectVerb(POST, "addToCollection", membership.add_to_collection),
    ObjectVerb(GET, "download", attachments.download, cost="bulk"),
    ObjectVerb(POST, "attach", attachments.attach),
    ObjectVerb(POST, "attachUrl", attachments.attach_url),
    ObjectVerb(POST, "edit/{field}", editing.edit),
    ObjectVerb(POST, "add/{field}", editing.add),
    ObjectVerb(POST, "remove/{field}", editing.remove),
    ObjectVerb(GET, "icon", icons.icon),
    ObjectVerb(POST, "icon", icons.update_icon),
    ObjectVerb((*GET, *POST), "shareLink", sharing.share_link),
    ObjectVerb(GET, "shareLinks", sharing.share_links, "new"),
    ObjectVerb(("DELETE", "POST"), "shareLinks", sharing.revoke_share_links, "new"),
    ObjectVerb((*GET, *POST), "sparql", sharing.sparql, cost="bulk"),
    ObjectVerb(GET, "addOwner", sharing.add_owner_form),
    ObjectVerb(POST, "addOwner", sharing.add_owner),
    ObjectVerb(POST, "removeOwner/{username}", sharing.remove_owner),
    ObjectVerb(GET, "makePublic", publishing.make_public_form),
    ObjectVerb(POST, "makePublic", publishing.make_public),
)


@dataclass(frozen=True, slots=True)
class Matched:
    """A handler with its arguments; `handler` None means that the path exists, but not with this method.

    `ref` and `verb` are those of an object verb, which `only_reads` or not; `share` is the secret of a share link.
    """

    handler: Handler | None
    style: Style
    methods: tuple[str, ...]
    parameters: dict[str, str] = field(default_factory=dict)
    ref: ObjectRef | None = None
    share: str | None = None
    verb: str = ""
    only_reads: bool = False
    cost: Cost = "cheap"

    async def call(self, request: Request) -> Result:
        assert self.handler is not None
        if self.ref is not None:
            return await self.handler(request, self.ref)
        return await self.handler(request)


def match(method: str, raw_path: str) -> Matched | None:
    """Find the route of a raw (percent-encoded) path, None when there is none. Raises BadRequest."""
    if not raw_path.startswith("/"):  # `*` and other forms of a request target that name no path
        return None
    segments = raw_path.split("/")[1:]
    if len(segments) > 1 and not segments[-1]:
        segments = segments[:-1]
    allowed: list[str] = []
    style: Style = "classic"
    for route, parts in _BEGINNING.get(segments[0].lower(), _BEGINNING[""]):
        parameters = _fixed(parts, raw_path, segments)
        if parameters is None:
            continue
        if method in route.methods:
            return Matched(route.handler, route.style, route.methods, parameters, cost=route.cost)
        allowed += route.methods
        style = route.style
    if allowed:
        return Matched(None, style, tuple(dict.fromkeys(allowed)))
    return _object(method, segments)


def _routes_by_beginning() -> dict[str, list[tuple[Route, list[str]]]]:
    """Return the routes, each with the segments of its path, by the first of them in small letters.

    Those that begin with any segment are among all of them, in the order of the table, and with "" alone.
    """
    table = [(route, route.path.split("/")[1:]) for route in ROUTES]
    names = {"", *(parts[0].lower() for _, parts in table if not parts[0].startswith("{"))}
    return {name: [row for row in table if row[1][0].startswith("{") or row[1][0].lower() == name] for name in names}


_BEGINNING = _routes_by_beginning()


def _fixed(parts: list[str], raw_path: str, segments: list[str]) -> dict[str, Any] | None:
    if parts[-1].startswith("{*"):
        head = parts[:-1]
        if len(segments) < len(head) or [s.lower() for s in segments[: len(head)]] != [p.lower() for p in head]:
            return None
        rest = raw_path.split("/", len(head) + 1)
        return {parts[-1][2:-1]: rest[len(head) + 1] if len(rest) > len(head) + 1 else ""}
    if len(parts) != len(segments):
        return None
    parameters: dict[str, Any] = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{"):
            parameters[part[1:-1]] = decode_segment(segment)
        elif part.lower() != segment.lower():
            return None
    return parameters


_VERBS: dict[str, list[ObjectVerb]] = {}
_VERBS_WITH_ARGUMENT: dict[str, list[ObjectVerb]] = {}
for _verb in OBJECT_VERBS:
    _name, _slash, _ = _verb.verb.lower().partition("/")
    (_VERBS_WITH_ARGUMENT if _slash else _VERBS).setdefault(_name, []).append(_verb)


def _object(method: str, segments: list[str]) -> Matched | None:
    """Parse `public/<c>/<d…>[/<v>][/<verb>]` and `user/<u>/<c>/<d…>[/<v>][/<hash>/share][/<verb>]`.

    A verb may have an argument behind it.
    """
    kind = segments[0].lower()
    skip = {"public": 1, "user": 2}.get(kind)
    if skip is None or len(segments) < skip + 2 or not all(segments):
        return None
    decoded = [decode_segment(s) for s in segments]
    choices, rest, argument = _verb_of(method, decoded[skip + 1 :])
    try:
        check_iri("http://h/" + "/".join([*decoded[: skip + 1], *rest]))
    except InvalidIri:
        return None  # nothing can be stored under such a name
    owner = decoded[1] if kind == "user" else None
    collection = decoded[skip]
    share = None
    if owner is not None and _is_share(rest):
        share, rest = rest[-2], rest[:-2]
    version = None
    if len(rest) > 1 and is_version(rest[-1]):
        version, rest = rest[-1], rest[:-1]
    ref = ObjectRef(owner, collection, "/".join(rest), version)
    methods = tuple(m for choice in choices for m in choice.methods)
    for choice in choices:
        if method in choice.methods:
            name = choice.verb.partition("{")[2].removesuffix("}")
            parameters = {name: argument} if name else {}
            only_reads = choice.methods == GET
            return Matched(
                choice.handler, choice.style, methods, parameters, ref, share, choice.verb, only_reads, choice.cost
            )
    return Matched(None, choices[0].style, methods, ref=ref, share=share, verb=choices[0].verb)


def _is_share(rest: list[str]) -> bool:
    """Say whether a path ends in `<secret>/share`; without a version before it, it may be a child called `share`."""
    return len(rest) > 2 and rest[-1].lower() == "share" and (is_version(rest[-3]) or bool(_SECRET.match(rest[-2])))


def _verb_of(method: str, rest: list[str]) -> tuple[list[ObjectVerb], list[str], str]:
    """Split the end of an object's path: return the verbs it may be, what stands before, and the verb's argument.

    A verb with an argument is one only with its methods: for any other, `d/remove/x` is a child like any other path.
    """
    if len(rest) > 2:
        choices = _VERBS_WITH_ARGUMENT.get(rest[-2].lower(), [])
        if any(method in choice.methods for choice in choices):
            return choices, rest[:-2], rest[-1]
    if len(rest) > 1 and rest[-1].lower() in _VERBS:
        return _VERBS[rest[-1].lower()], rest[:-1], ""
    return _VERBS[""], rest, ""
