"""Attachments: files and links that belong to an object, and how to get at them.

An Attachment is a top level beside the object, which refers to it by sbol:attachment. What its bytes are is a row of
synhub.sqlite that the job of the attaching writes: nothing that an upload says about hash or source leads to a file.

Source: SBOL 2.3.0, section 'Attachment'; SynBioHub `attach`, `attachUrl` and `download`.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from synhub.errors import BadRequest, Conflict, InvalidIri, NotAuthenticated, NotFound
from synhub.formats.media_type import HEAD_BYTES, media_type_of
from synhub.hub import Hub
from synhub.identity import COLLECTION_SUFFIX, MAX_NAME, ObjectRef, Registry, display_id_from
from synhub.model import Actor, Dataset, TopLevelChange, User
from synhub.objects import Located, locate, triples_of
from synhub.ownership import locate_owned, owners_of
from synhub.rdf import Iri, Term, Triple, check_iri, iri_of, iri_term, is_iri, literal_term
from synhub.store.changes import pack
from synhub.store.files import StoredFile, forget_files, put_files
from synhub.store.journal import Job, Upload
from synhub.store.shares import add_co_owners
from synhub.store.top_levels import links_to, read_top_levels, versions_of
from synhub.store.work import Commit, JobFuture, Planned
from synhub.submit.intake import check_length
from synhub.submit.plan import stamps
from synhub.submit.service import UploadedFile
from synhub.vocab import DCTERMS, MEDIA_TYPES, RDF, SBOL2

VERSION = "1"  # of every attachment made here
ATTACH_REFUSED = "not authorized to edit this submission"
ATTACH_URL_REFUSED = "Not authorized to add attachments to this submission"
NO_TYPE_PICKED = "Must pick an attachment type"
_NO_CHOICE = "Pick an attachment type..."  # the first line of the classic page's list


# --- attaching --------------------------------------------------------------------------------------------------------


def find_place(hub: Hub, actor: Actor, ref: ObjectRef, refusal: str) -> tuple[User, Located]:
    """Find the object that something is to be attached to.

    Raises NotAuthenticated for anonymous callers and, with the words of `refusal`, for who does not own it; NotFound;
    BadRequest for a part of another object: it has no attachments of its own.
    """
    user, located = locate_owned(hub, actor, ref, NotAuthenticated(refusal))
    if not located.is_top_level:
        raise BadRequest(f"{located.iri} is a part of {located.top_level}; attach to that instead")
    return user, located


def attach_file(
    hub: Hub, actor: Actor, ref: ObjectRef, files: Sequence[UploadedFile], wish: str, job_id: str
) -> JobFuture:
    """Start the job that attaches one file, whose bytes lie in the folder of `job_id`.

    `wish` is the displayId that the client wants, as it came; '' for one that nobody else has. Raises as `find_place`,
    and BadRequest unless there is exactly one file; then the folder is gone.
    """
    try:
        return _attach_file(hub, actor, ref, files, wish, job_id)
    except Exception:
        hub.journal.delete_folder(job_id)
        raise


def _attach_file(
    hub: Hub, actor: Actor, ref: ObjectRef, files: Sequence[UploadedFile], wish: str, job_id: str
) -> JobFuture:
    user, located = find_place(hub, actor, ref, ATTACH_REFUSED)
    if len(files) != 1:
        raise BadRequest(f"send one file, in a part of any name that has a file name; this form has {len(files)}")
    [file] = files
    display_id = display_id_from(check_length("id", wish, MAX_NAME)) or f"attachment_{uuid.uuid4().hex}"
    with file.path.open("rb") as opened:
        media_type = media_type_of(opened.read(HEAD_BYTES), file.name)
    iri = _beside(hub, located, display_id)
    stored = StoredFile(iri, file.sha256, file.size, file.name, media_type, user.username)
    said = [
        (DCTERMS.title, literal_term(file.name or display_id)),
        (DCTERMS.description, literal_term("")),
        (SBOL2.source, iri_term(Iri(iri + "/download"))),
        (SBOL2.hash, literal_term(file.sha1)),
        (SBOL2.size, literal_term(str(file.size))),
        (SBOL2.format, iri_term(Iri(MEDIA_TYPES.NS + media_type.partition(";")[0]))),
    ]
    upload = Upload(file.name, file.size, file.sha256)
    keep = partial(put_files, files=[stored])
    plan = _Plan(hub, actor, located, iri, said, ATTACH_REFUSED, ((upload, file.path),), keep)
    return _start(plan, user, "attach", job_id, [upload])


def attach_url(hub: Hub, actor: Actor, ref: ObjectRef, fields: Mapping[str, str]) -> JobFuture:
    """Start the job that attaches a link: form fields `url`, `type` (an IRI) and `name`.

    Raises as `find_place`, and BadRequest for a field that is missing or wrong.
    """
    user, located = find_place(hub, actor, ref, ATTACH_URL_REFUSED)
    kind = _checked_type(fields.get("type", ""))
    url = _checked_url(fields.get("url", ""), hub.registry)
    name = check_length("name", fields.get("name", ""), MAX_NAME) or str(uuid.uuid4())
    display_id = display_id_from(name)
    if not display_id:
        raise BadRequest(f"name is {name!r}; it must hold a letter or a digit")
    iri = _beside(hub, located, display_id)
    said = [
        (DCTERMS.title, literal_term(name)),
        (SBOL2.source, iri_term(url)),
        (SBOL2.format, iri_term(kind)),
    ]
    forget = partial(forget_files, attachments=[iri])
    return _start(_Plan(hub, actor, located, iri, said, ATTACH_URL_REFUSED, (), forget), user, "attachUrl", None, [])


def _checked_type(text: str) -> Iri:
    if text == _NO_CHOICE:
        raise BadRequest(NO_TYPE_PICKED)
    example = f"send the IRI of a format, such as {MEDIA_TYPES.NS}text/csv"
    if not text:
        raise BadRequest(f"type is missing: {example}")
    try:
        return check_iri(check_length("type", text))
    except InvalidIri as error:
        raise BadRequest(f"type is {text!r}; {example}") from error


def _checked_url(text: str, registry: Registry) -> Iri:
    if not text:
        raise BadRequest("url is missing: send the http or https address of what is to be attached")
    url = http_url(check_length("url", text))
    if url is None:
        raise BadRequest(f"url is {text!r}; only complete http and https addresses can be attached")
    if url.startswith(registry.prefix):
        raise BadRequest(f"url is {text!r}, which lies in this repository: attach the file itself")
    return url


def http_url(text: str) -> Iri | None:
    """Return a complete http or https address as an IRI, None for anything else."""
    try:
        parts = urlsplit(text)
        return check_iri(text) if parts.scheme in ("http", "https") and parts.hostname else None
    except (ValueError, InvalidIri):
        return None


def _beside(hub: Hub, located: Located, display_id: str) -> Iri:
    """The IRI of an attachment of an object."""
    namespace = hub.registry.namespace_of(located.iri)
    assert namespace is not None
    return namespace.object_iri(display_id, VERSION)


@dataclass(frozen=True, slots=True)
class _Plan:
    """One attachment that is to be made; called in the writer thread."""

    hub: Hub
    actor: Actor
    parent: Located
    iri: Iri
    said: Sequence[tuple[Iri, Term]]
    refusal: str
    uploads: Sequence[tuple[Upload, Path]]
    commit: Commit

    def __call__(self, job: Job) -> Planned:
        """Read afresh what is there and decide. Raises as `find_place`, and Conflict."""
        ref = ObjectRef.of_iri(self.parent.iri, self.hub.registry)
        assert ref is not None
        find_place(self.hub, self.actor, ref, self.refusal)
        self._refuse_taken()
        roots = self._roots()
        steps = pack(self._changes(roots), self.hub.settings.step_quads)
        grants = [] if self.parent.iri in roots else self._grants(job)
        return Planned(steps, {"attachment": self.iri}, self.uploads, commits=[self.commit, *grants])

    def _grants(self, job: Job) -> list[Commit]:
        """Let those who share the parent alone read what belongs to it; who shares its collection can anyway."""
        return [
            partial(
                add_co_owners, username=other.username, graph=other.graph, top_levels=[self.iri], created=job.created
            )
            for other in self.hub.shares.co_owners_of(self.parent.iri)
        ]

    def _refuse_taken(self) -> None:
        identity, _, _ = self.iri.rpartition("/")
        own = Dataset((self.parent.graph,))
        if versions_of(self.hub.store, self.parent.graph, Iri(identity)) or read_top_levels(
            self.hub.store, own, [self.iri]
        ):
            raise Conflict(
                f"{identity} is in use already; choose another id, or remove that object first. Nothing was changed"
            )

    def _changes(self, roots: Sequence[Iri]) -> Iterator[TopLevelChange]:
        graph, me, parent = self.parent.graph, iri_term(self.iri), self.parent.iri
        links: dict[Iri, list[Triple]] = {parent: [(iri_term(parent), iri_term(SBOL2.attachment), me)]}
        for root in roots:
            links.setdefault(root, []).append((iri_term(root), iri_term(SBOL2.member), me))
        yield TopLevelChange(graph, self.iri, (), self._triples())
        for top_level, triples in links.items():
            yield TopLevelChange(graph, top_level, (), triples)

    def _roots(self) -> list[Iri]:
        """Return the root collections of the namespace that hold the parent, or that it is."""
        namespace = self.hub.registry.namespace_of(self.iri)
        assert namespace is not None
        beginning = f"{namespace.iri}{namespace.collection_id}{COLLECTION_SUFFIX}/"
        parent, graph = self.parent.iri, self.parent.graph
        if parent.startswith(beginning):
            return [parent]
        named = [parent, Iri(parent.rpartition("/")[0])]
        hidden = self.hub.removals.hidden()
        member = iri_term(SBOL2.member)
        return sorted(
            holder
            for holder, links in links_to(self.hub.store, Dataset((graph,)), named).items()
            if holder.startswith(beginning) and (graph, holder) not in hidden and any(p == member for _, p, _ in links)
        )

    def _triples(self) -> list[Triple]:
        me = iri_term(self.iri)
        identity, _, version = self.iri.rpartition("/")
        values = [
            (RDF.type, iri_term(SBOL2.Attachment)),
            (SBOL2.persistentIdentity, iri_term(Iri(identity))),
            (SBOL2.displayId, literal_term(identity.rpartition("/")[2])),
            (SBOL2.version, literal_term(version)),
            *self.said,
        ]
        owners = sorted(iri_term(owner) for owner in owners_of(self.hub, self.parent))
        return [*((me, iri_term(p), o) for p, o in values), *stamps(self.iri, [self.iri], [], owners)]


def _start(plan: _Plan, user: User, action: str, job_id: str | None, uploads: Sequence[Upload]) -> JobFuture:
    namespace = plan.hub.registry.namespace_of(plan.iri)
    assert namespace is not None
    return plan.hub.edits.start(
        user, action, [namespace.iri], plan, job_id=job_id, options={"collection": plan.parent.iri}, uploads=uploads
    )


# --- downloading ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Linked:
    """An attachment that is elsewhere: an http or https address."""

    display_id: str
    url: Iri


@dataclass(frozen=True, slots=True)
class Kept:
    """An attachment whose bytes are here, in the file `path`."""

    display_id: str
    file: StoredFile
    path: Path


def find_content(hub: Hub, actor: Actor, ref: ObjectRef) -> Kept | Linked:
    """Find what an attachment stands for. Raises NotFound, Moved."""
    located = locate(hub, actor, ref)
    if SBOL2.Attachment not in located.types:
        raise NotFound(f"{located.iri} is not an attachment; ask for the download of one of its attachments")
    file = hub.files.find(located.iri)
    if file is not None:
        return Kept(located.display_id, file, hub.blobs.get(file.digest))
    me, source = iri_term(located.iri), iri_term(SBOL2.source)
    for s, p, o in sorted(triples_of(hub, located)):
        if (s, p) == (me, source) and is_iri(o) and not o.startswith(f"<{hub.registry.prefix}"):
            url = http_url(iri_of(o))
            if url is not None:
                return Linked(located.display_id, url)
    raise NotFound(f"{located.iri} has no file here; attach it again")
