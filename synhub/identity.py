"""Who owns an IRI: the registry's base, named graphs, object references, versions.

Composes and parses; never looks anything up.

Source: SBOL 2.3.0, section 'Compliant SBOL Objects'; the collection segment is SynBioHub's.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from synhub.errors import BadRequest, InvalidIri
from synhub.rdf import Iri, check_iri

DISPLAY_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z", re.ASCII)  # SBOL 2.3.0 rule sbol-10204
VERSION = re.compile(r"[0-9]+[A-Za-z0-9_.\-]*\Z", re.ASCII)  # SBOL 2.3.0 rule sbol-10206
USER_NAME = re.compile(r"[A-Za-z0-9]+\Z", re.ASCII)

_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

MAX_NAME = 255  # characters of a displayId or a version: what a file name may have
_MAX_SQUASHED = MAX_NAME - 16  # leaves room for a number
_NOT_IN_DISPLAY_ID = re.compile(r"[^A-Za-z0-9_]", re.ASCII)

DELIMITERS = "/#:"  # what may stand before the displayId in a compliant IRI

COLLECTION_SUFFIX = "_collection"


def is_display_id(text: str) -> bool:
    return len(text) <= MAX_NAME and DISPLAY_ID.match(text) is not None


def is_version(text: str) -> bool:
    return len(text) <= MAX_NAME and VERSION.match(text) is not None


def display_id_from(text: str) -> str:
    """Squash any text into a displayId; '' stays ''.

    >>> display_id_from("2/pTet-Ω")
    '_2_pTet__'
    """
    squashed = _NOT_IN_DISPLAY_ID.sub("_", text.strip(DELIMITERS))[:_MAX_SQUASHED]
    return f"_{squashed}" if squashed[:1].isdigit() else squashed


def version_key(version: str) -> tuple[tuple[tuple[int, int, str], ...], tuple[int, str]]:
    """Return a key that sorts versions in Maven's order.

    >>> sorted(["1.10", "1.5", "1", "1.5-rc", "1.0.1", "1.5-SNAPSHOT"], key=version_key)
    ['1', '1.0.1', '1.5-SNAPSHOT', '1.5-rc', '1.5', '1.10']
    """
    numbers, _, qualifier = version.partition("-")
    parts = [_part_key(part) for part in numbers.split(".")]
    while parts and parts[-1] == (0, 0, ""):  # 1 and 1.0 are equal: missing parts count as 0
        parts.pop()
    rank = (2, "") if not qualifier else (0, "") if qualifier == "SNAPSHOT" else (1, qualifier)
    return tuple(parts), rank


def _part_key(part: str) -> tuple[int, int, str]:
    """Numbers before words; a number by its length, then its digits: `int` refuses more than 4 300 of them."""
    if not (part.isascii() and part.isdigit()):
        return 1, 0, part
    digits = part.lstrip("0")
    return 0, len(digits), digits


@dataclass(frozen=True, slots=True)
class Namespace:
    """Where the objects of one collection id live: `<prefix>user/<owner>/<collection_id>/` or `<prefix>public/…`.

    `owner` is None for public.
    """

    prefix: str
    owner: str | None
    collection_id: str

    @property
    def iri(self) -> str:
        """The common beginning of all IRIs in it, with the final slash."""
        return f"{self.graph}/{self.collection_id}/"

    @property
    def graph(self) -> Iri:
        return Registry(self.prefix).graph(self.owner)

    def object_iri(self, display_id: str, version: str) -> Iri:
        return Iri(f"{self.iri}{display_id}/{version}")

    def collection_iri(self, version: str) -> Iri:
        """The root collection of a submission."""
        return self.object_iri(self.collection_id + COLLECTION_SUFFIX, version)


@dataclass(frozen=True, slots=True)
class Registry:
    """The base IRI of an instance (`prefix`, ends in '/') and the graph names made from it."""

    prefix: str

    @classmethod
    def parse(cls, prefix: str) -> "Registry":
        """Check and complete a configured prefix. Raises InvalidIri."""
        iri = check_iri(prefix if prefix.endswith("/") else prefix + "/")
        if not iri.startswith(("http://", "https://")) or "#" in iri or "?" in iri:
            raise InvalidIri(f"the URI prefix must be an http or https IRI without query or fragment: {prefix!r}")
        return cls(iri)

    @property
    def public_graph(self) -> Iri:
        return Iri(self.prefix + "public")

    def user_graph(self, user_name: str) -> Iri:
        """The user's private graph; the same IRI stands for the user in sbh:ownedBy."""
        return Iri(f"{self.prefix}user/{user_name}")

    def graph(self, owner: str | None) -> Iri:
        return self.public_graph if owner is None else self.user_graph(owner)

    def namespace(self, owner: str | None, collection_id: str) -> Namespace:
        return Namespace(self.prefix, owner, collection_id)

    def graph_of(self, iri: str) -> Iri | None:
        """Return the graph that an object with this IRI lives in, None when it is not ours.

        >>> Registry("http://h/").graph_of("http://h/user/bob/lab/x/1")
        'http://h/user/bob'
        """
        if not iri.startswith(self.prefix):
            return None
        parts = iri[len(self.prefix) :].split("/", 2)
        if parts[0] == "public" and len(parts) > 1:
            return self.public_graph
        if parts[0] == "user" and len(parts) > 2:
            return self.user_graph(parts[1])
        return None

    def namespace_of(self, iri: str) -> Namespace | None:
        """Return the namespace that an object's IRI lies in, None when it is not an object of ours."""
        graph = self.graph_of(iri)
        if graph is None:
            return None
        rest = iri[len(graph) + 1 :].split("/", 1)
        if len(rest) < 2 or not rest[0]:
            return None
        owner = None if graph == self.public_graph else graph[len(self.prefix) + len("user/") :]
        return Namespace(self.prefix, owner, rest[0])


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One object of this registry; `display_id` holds slashes for nested children, `version` None means the latest.

    `owner` is None for public objects.
    """

    owner: str | None
    collection_id: str
    display_id: str
    version: str | None

    def namespace(self, registry: Registry) -> Namespace:
        return registry.namespace(self.owner, self.collection_id)

    def persistent_identity(self, registry: Registry) -> Iri:
        return Iri(self.namespace(registry).iri + self.display_id)

    def iri(self, registry: Registry) -> Iri:
        """The versioned IRI, or the persistent identity where there is no version."""
        identity = self.persistent_identity(registry)
        return identity if self.version is None else Iri(f"{identity}/{self.version}")

    def path(self) -> str:
        """The URL path on this server, percent-encoded, with the leading slash."""
        owner = "public" if self.owner is None else f"user/{quote(self.owner, safe='')}"
        path = f"/{owner}/{quote(self.collection_id, safe='')}/{quote(self.display_id)}"
        return path if self.version is None else f"{path}/{quote(self.version, safe='')}"

    @classmethod
    def of_iri(cls, iri: str, registry: Registry) -> "ObjectRef | None":
        """Parse an IRI of this registry: a last segment that starts with a digit is the version."""
        namespace = registry.namespace_of(iri)
        if namespace is None:
            return None
        display_id, slash, version = iri[len(namespace.iri) :].rpartition("/")
        if slash and display_id and is_version(version):
            return cls(namespace.owner, namespace.collection_id, display_id, version)
        whole = iri[len(namespace.iri) :]
        return cls(namespace.owner, namespace.collection_id, whole, None) if whole else None


def parse_object(text: str, registry: Registry) -> ObjectRef:
    """Read how a form field names an object: by its IRI, with or without the version, or by its URL path.

    Raises BadRequest for anything else, and for an IRI of another registry.
    """
    given = text.strip().rstrip("/")
    iri = given
    if given.startswith(("/public/", "/user/")):
        iri = registry.prefix + "/".join(decode_segment(segment) for segment in given[1:].split("/"))
    ref = ObjectRef.of_iri(check_iri(iri), registry)
    if ref is None:
        raise BadRequest(f"{given} is no object of this registry; its objects begin with {registry.prefix}")
    return ref


def path_of_iri(iri: str, registry: Registry) -> str | None:
    """Return the URL path of an IRI of ours on this server, None for a foreign IRI."""
    if not iri.startswith(registry.prefix):
        return None
    return "/" + quote(iri[len(registry.prefix) :], safe="/:@!$&'()*+,;=~-._")


def path_of_object(iri: str, registry: Registry) -> str | None:
    """Return the URL path of what may be an object of ours, None for any other text."""
    try:
        return path_of_iri(iri, registry) if ObjectRef.of_iri(check_iri(iri), registry) is not None else None
    except InvalidIri:
        return None


def decode_segment(segment: str) -> str:
    """Percent-decode one path segment.

    Raises BadRequest for a % that encodes nothing, bytes that are not UTF-8, control characters.
    """
    if _STRAY_PERCENT.search(segment):
        raise BadRequest(f"the path holds a % that no two hexadecimal digits follow: {segment!r}; write %25 for a %")
    try:
        text = unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        raise BadRequest(f"the path holds bytes that are not UTF-8: {segment!r}") from error
    if any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        raise BadRequest("the path holds control characters")
    return text
