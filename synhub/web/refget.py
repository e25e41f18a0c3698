"""Handlers of `/sequence/…`: letters by their digest, as the refget standard has it.

Source: GA4GH refget 2.0.0; GA4GH service-info 1.0.0.
"""

import json
from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

import synhub
from synhub import refget
from synhub.accept import parse_preferences
from synhub.errors import BadRequest, NotAcceptable
from synhub.search.refget import ALGORITHMS, MEDIA_TYPE, METADATA_TYPE, VERSION, ga4gh_name, parse_range, parse_span
from synhub.store.catalog.sequences import StoredSequence
from synhub.web.auth import actor_of, hub_of
from synhub.web.respond import Result, is_unchanged

_TEXT_TYPES = (MEDIA_TYPE, "text/plain")
_JSON_TYPES = (METADATA_TYPE, "application/json", "text/plain")  # the last is what clients of SynBioHub always send
_CHARSET = "; charset=us-ascii"


async def sequence(request: Request) -> Result:
    """The letters of a sequence, or a part of them by `start` and `end` or by the header Range."""
    hub, actor = hub_of(request), actor_of(request)

    def read() -> tuple[StoredSequence, Result]:
        stored = refget.get_sequence(hub, actor, request.path_params["digest"])
        _check_accept(request, _TEXT_TYPES)
        return stored, _letters(request, stored)

    stored, result = await run_in_threadpool(read)
    etag = f'"{ga4gh_name(stored.sha512t24u)}"'
    if is_unchanged(request, etag):
        return Result(b"", MEDIA_TYPE + _CHARSET, 304, {"ETag": etag})
    return Result(result.value, result.media_type, result.status, {**result.headers, "ETag": etag})


def _letters(request: Request, stored: StoredSequence) -> Result:
    hub, parameters = hub_of(request), request.query_params
    start, end, header = parameters.get("start"), parameters.get("end"), request.headers.get("range")
    has_span = start is not None or end is not None
    if header is not None and has_span:
        raise BadRequest("a part is asked for twice: write start and end, or the header Range")
    status, headers = 200, {"Accept-Ranges": "none" if has_span else "bytes"}
    if header is not None:
        span = parse_range(header, stored.length)
        if span.end - span.start < stored.length:
            status = 206
            headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{stored.length}"
    else:
        span = parse_span(start, end, stored.length)
        if span.wraps and not refget.is_circular(hub, actor_of(request), stored):
            raise span.not_circular()
    return Result(span.of(refget.residues_of(hub, stored)).encode(), MEDIA_TYPE + _CHARSET, status, headers)


async def metadata(request: Request) -> Result:
    """The digests and the length of a sequence, and the IRIs under which the caller finds it here."""
    hub, actor = hub_of(request), actor_of(request)

    def read() -> Result:
        stored = refget.get_sequence(hub, actor, request.path_params["digest"])
        _check_accept(request, _JSON_TYPES)
        about = {
            "md5": stored.md5.hex(),
            "ga4gh": ga4gh_name(stored.sha512t24u),
            "trunc512": stored.sha512t24u.hex(),
            "length": stored.length,
            "aliases": [
                {"alias": iri, "naming_authority": hub.registry.prefix} for iri in refget.aliases_of(hub, actor, stored)
            ],
        }
        return _json({"metadata": about})

    return await run_in_threadpool(read)


async def service_info(request: Request) -> Result:
    """What of refget is served here."""
    _check_accept(request, _JSON_TYPES)
    prefix = hub_of(request).registry.prefix
    about = {
        "id": prefix,
        "name": "synhub",
        "type": {"group": "org.ga4gh", "artifact": "refget", "version": VERSION},
        "description": "The sequences of a synhub repository by their digests",
        "organization": {"name": "synhub", "url": prefix},
        "version": synhub.__version__,
        "refget": {
            "circular_supported": True,
            "algorithms": list(ALGORITHMS),
            "identifier_types": [],
            "subsequence_limit": None,
        },
    }
    return _json(about)


def _json(value: object) -> Result:
    return Result(json.dumps(value), METADATA_TYPE + _CHARSET)


def _check_accept(request: Request, types: Sequence[str]) -> None:
    """Raise NotAcceptable when Accept names neither a type of refget nor what covers one."""
    preferences = parse_preferences(request.headers.get("accept"))
    if preferences and not any(p.quality > 0 and p.matches(media_type) for p in preferences for media_type in types):
        accept = request.headers["accept"]
        raise NotAcceptable(f"Accept: {accept[:200]} names nothing that is served here: {' or '.join(types)}")
