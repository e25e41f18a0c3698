"""Icons of public collections: a small picture beside the collection's name in /browse.

An icon is a file like one that is attached, kept under the collection's IRI with `/icon` behind it; nothing about it
is in the triple store. Only pictures that cannot run anything are kept, told by their bytes.

Knows no HTTP. Source: SynBioHub `POST …/icon`.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from synhub.errors import BadRequest, Forbidden, NotFound, TooLarge
from synhub.formats.media_type import HEAD_BYTES, media_type_of
from synhub.hub import Hub
from synhub.identity import ObjectRef
from synhub.model import Actor, Dataset, User
from synhub.objects import Located, locate
from synhub.ownership import is_owner, locate_owned
from synhub.rdf import Iri
from synhub.store.files import ICON, StoredFile, put_files
from synhub.store.journal import Job, Upload
from synhub.store.top_levels import read_top_levels
from synhub.store.work import JobFuture, Planned
from synhub.submit.service import UploadedFile

NO_ICON = "No icon for this collection"
REFUSED = "Not authorized to update this collection icon"
FIELD = "collectionIcon"  # what the classic page and libSBOLj call the file
MOST_BYTES = 1 << 20

_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def icon_iri(collection: Iri) -> Iri:
    return Iri(collection + ICON)


def find_icon(hub: Hub, actor: Actor, ref: ObjectRef) -> tuple[StoredFile, Path]:
    """Return the icon of a collection, and where its bytes are.

    Raises Forbidden (the classic status) for a collection without one and for what is not there; Moved.
    """
    try:
        located = locate(hub, actor, ref)
    except NotFound:
        raise Forbidden(NO_ICON) from None
    file = hub.files.find(icon_iri(located.iri))
    if file is None:
        raise Forbidden(NO_ICON)
    return file, hub.blobs.get(file.digest)


def find_collection(hub: Hub, actor: Actor, ref: ObjectRef) -> tuple[User, Located]:
    """Find the collection that is to have an icon.

    Raises Forbidden for who does not own it, BadRequest for what is no public collection, and what `locate_owned`
    raises.
    """
    user, located = locate_owned(hub, actor, ref, Forbidden(REFUSED))
    if not located.is_collection:
        raise BadRequest(f"{located.iri} is no collection; only collections have icons")
    if located.graph != hub.registry.public_graph:
        raise BadRequest(f"{located.iri} is private; a collection can have an icon when it has been made public")
    return user, located


def set_icon(hub: Hub, actor: Actor, ref: ObjectRef, files: Sequence[UploadedFile], job_id: str) -> JobFuture:
    """Start the job that gives a collection its icon, whose bytes lie in the folder of `job_id`.

    Raises as `find_collection`, TooLarge, and BadRequest for anything but one picture; then the folder is gone.
    """
    try:
        user, located = find_collection(hub, actor, ref)
        return _set_icon(hub, user, located, files, job_id)
    except Exception:
        hub.journal.delete_folder(job_id)
        raise


def _set_icon(hub: Hub, user: User, located: Located, files: Sequence[UploadedFile], job_id: str) -> JobFuture:
    if len(files) != 1:
        raise BadRequest(f"send one picture, in a part {FIELD} that has a file name; this form has {len(files)} files")
    [file] = files
    if file.size > MOST_BYTES:
        raise TooLarge(f"the picture has {file.size} bytes; an icon has at most {MOST_BYTES}")
    with file.path.open("rb") as opened:
        media_type = media_type_of(opened.read(HEAD_BYTES), "")
    if media_type not in _PICTURES:
        raise BadRequest(f"the file is {media_type}; an icon is one of {', '.join(_PICTURES)}")
    icon = StoredFile(icon_iri(located.iri), file.sha256, file.size, file.name, media_type, user.username)
    upload = Upload(file.name, file.size, file.sha256)

    def plan(_: Job) -> Planned:
        stored = read_top_levels(hub.store, Dataset((located.graph,)), [located.iri]).get(located.iri, [])
        if not stored or (located.graph, located.iri) in hub.removals.hidden():
            raise NotFound(f"{located.iri} not found")
        if not is_owner(hub.registry, user, stored, located.iri):
            raise Forbidden(REFUSED)
        commits = [partial(put_files, files=[icon])]
        return Planned((), {"icon": icon.iri}, [(upload, file.path)], commits=commits)

    namespace = hub.registry.namespace_of(located.iri)
    assert namespace is not None
    options = {"collection": located.iri}
    return hub.edits.start(user, "icon", {namespace.iri}, plan, job_id=job_id, options=options, uploads=[upload])
