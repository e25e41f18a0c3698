"""What a submission form says: field rules with their exact texts, modes, and the fingerprint that tells a repeat.

Pure: fields in, checked request out. All wrong fields are reported at once.

Source: SynBioHub `POST /submit`, field rules and texts (they are an interface: clients compare them).
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence

from synhub.errors import BadRequest, Conflict, FieldErrors
from synhub.identity import COLLECTION_SUFFIX, MAX_NAME, Namespace, ObjectRef, Registry, is_display_id, is_version
from synhub.rdf import Iri, check_iri
from synhub.submit.plan import OverwriteMerge, SubmitRequest

NO_ID = "Please enter an id for your submission"
BAD_ID = (
    "Collection id is invalid. An id is a string of characters that MUST be composed of only alphanumeric or"
    " underscore characters and MUST NOT begin with a digit."
)
_MAX_ID = MAX_NAME - len(COLLECTION_SUFFIX)
LONG_ID = f"Collection id is invalid. It has more than {_MAX_ID} characters."
LONG_VERSION = f"Version is invalid. It has more than {MAX_NAME} characters."
NO_VERSION = "Please enter a version for your submission"
BAD_VERSION = (
    "Version is invalid. A version is a string of characters that MUST be composed of only alphanumeric characters,"
    " underscores, hyphens, or periods and MUST begin with a digit."
)
NO_NAME = "Please enter a name for your submission"
NO_DESCRIPTION = "Please enter a brief description for your submission"
NO_COLLECTION = "Please select a collection to add to"
BAD_CITATIONS = "Citations must be comma separated Pubmed IDs"
IN_USE = "Submission id and version already in use"
NOT_THERE = "Submission id and version do not exist"

LONGEST_IRI = 2000  # characters of one in a form: clients refuse longer ones in headers and address bars

_FLAGS = {"": False, "0": False, "false": False, "off": False, "1": True, "true": True, "on": True}
_CITATIONS = re.compile(r"[0-9]+(,[0-9]*)*\Z")


def parse_mode(fields: Mapping[str, str]) -> OverwriteMerge | None:
    """Return the mode, None when the form says nothing about it. Raises FieldErrors for another value."""
    text = fields.get("overwrite_merge", "").strip()
    if text:
        if text not in ("0", "1", "2", "3"):
            raise FieldErrors([f"overwrite_merge must be 0, 1, 2 or 3, not {text!r}"])
        return OverwriteMerge(int(text))
    if "submitType" in fields:
        base = 0 if fields["submitType"] == "new" else 2
        return OverwriteMerge(base + (1 if "overwrite_objects" in fields else 0))
    return None


def parse_flag(fields: Mapping[str, str], name: str) -> bool:
    """Return what a field says that is on or off; off when it is not there. Raises FieldErrors for another value."""
    text = fields.get(name, "").strip().lower()
    if text not in _FLAGS:
        raise FieldErrors([f"{name} must be 1 or 0, not {text[:40]!r}"])
    return _FLAGS[text]


def check_length(name: str, text: str, most: int = LONGEST_IRI) -> str:
    """Return the value of a form field. Raises BadRequest when it has too many characters."""
    if len(text) > most:
        raise BadRequest(f"{name} has {len(text)} characters, {text[:40]!r} and so on; it may have at most {most}")
    return text


def parse_citations(text: str) -> tuple[str, ...]:
    """Split comma separated PubMed ids. Raises FieldErrors."""
    if not text.strip():
        return ()
    if _CITATIONS.match(text) is None:
        raise FieldErrors([BAD_CITATIONS])
    return tuple(dict.fromkeys(part for part in text.split(",") if part))


def _iris(text: str, name: str) -> tuple[Iri, ...]:
    iris = [part.strip() for part in text.split(",") if part.strip()]
    wrong = [part for part in iris if not part.startswith(("http://", "https://"))]
    if wrong:
        raise FieldErrors([f"{name} must be comma separated IRIs of collections; {wrong[0]!r} is not one"])
    return tuple(dict.fromkeys(check_iri(part) for part in iris))


def check_form(
    fields: Mapping[str, str], registry: Registry, username: str, latest: Callable[[Iri], Iri | None]
) -> SubmitRequest:
    """Check all fields of POST /submit.

    Modes 0 and 1 make `<id>_collection/<version>`; 2 and 3 add to `rootCollections`, or to the collection that id
    and version name. `latest` returns the latest version of an object in the user's own graph, given its IRI without
    a version. Raises FieldErrors with every message, and Conflict for a target that cannot exist.
    """
    mode = parse_mode(fields)
    has_id = bool(fields.get("id") or fields.get("version"))
    if mode is None:
        if not has_id:
            raise FieldErrors([NO_COLLECTION])
        mode = OverwriteMerge.NEW
    errors: list[str] = []
    citations: tuple[str, ...] = ()
    add_to: tuple[Iri, ...] = ()
    if mode.makes_collection:
        errors += _new_errors(fields)
    elif not fields.get("rootCollections", "").strip() and not (fields.get("id") and fields.get("version")):
        errors.append(NO_COLLECTION)
    try:
        citations = parse_citations(fields.get("citations", ""))
    except FieldErrors as error:
        errors += error.messages
    try:
        add_to = _iris(fields.get("collectionChoices", ""), "collectionChoices")
    except FieldErrors as error:
        errors += error.messages
    if errors:
        raise FieldErrors(errors)
    target = fields.get("rootCollections", "").strip()
    if mode.makes_collection or not target:
        if not (is_display_id(fields["id"]) and is_version(fields["version"])):
            raise Conflict(NOT_THERE)
        namespace = registry.namespace(username, fields["id"])
        collection = namespace.collection_iri(fields["version"])
    else:
        namespace, collection = _existing(_versioned(target, registry, username, latest), registry, username)
    version = collection.rpartition("/")[2]
    return SubmitRequest(
        mode,
        namespace,
        collection,
        version,
        fields.get("name", ""),
        fields.get("description", ""),
        citations,
        tuple(dict.fromkeys(_versioned(iri, registry, username, latest) for iri in add_to)),
        parse_flag(fields, "sequence_only"),
    )


def _new_errors(fields: Mapping[str, str]) -> list[str]:
    errors = id_errors(fields)
    if not fields.get("name"):
        errors.append(NO_NAME)
    if not fields.get("description"):
        errors.append(NO_DESCRIPTION)
    return errors


def id_errors(fields: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the fields `id` and `version` of a new collection, in the classic words."""
    errors = []
    collection_id, version = fields.get("id", ""), fields.get("version", "")
    if not collection_id:
        errors.append(NO_ID)
    if len(collection_id) > _MAX_ID:
        errors.append(LONG_ID)
    elif not is_display_id(collection_id):
        errors.append(BAD_ID)
    if not version:
        errors.append(NO_VERSION)
    if len(version) > MAX_NAME:
        errors.append(LONG_VERSION)
    elif not is_version(version):
        errors.append(BAD_VERSION)
    return errors


def _versioned(iri: str, registry: Registry, username: str, latest: Callable[[Iri], Iri | None]) -> Iri:
    """An IRI of the user's that has no version means the latest one; others stay as they are."""
    ref = ObjectRef.of_iri(iri, registry)
    if ref is None or ref.owner != username or ref.version is not None:
        return Iri(iri)
    return latest(check_iri(iri)) or Iri(iri)


def _existing(target: str, registry: Registry, username: str) -> tuple[Namespace, Iri]:
    """Only collections of the caller's own graph can be added to; everything else does not exist for a submission."""
    ref = ObjectRef.of_iri(target, registry)
    if ref is None or ref.owner != username or ref.version is None or "/" in ref.display_id:
        raise Conflict(NOT_THERE)
    collection_id = ref.display_id.removesuffix(COLLECTION_SUFFIX)
    namespace = ref.namespace(registry)
    if not is_display_id(collection_id) or not is_display_id(namespace.collection_id):
        raise Conflict(NOT_THERE)
    return namespace, ref.iri(registry)


def fingerprint(username: str, fields: Mapping[str, str], digests: Sequence[str]) -> str:
    """Return what two submissions share exactly when user, fields and bytes are the same."""
    ignored = {"user", "csrf"}
    said = {name: value for name, value in fields.items() if name not in ignored}
    return hashlib.sha256(json.dumps([username, said, list(digests)], sort_keys=True).encode()).hexdigest()
