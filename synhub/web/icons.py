"""Handlers of collection icons, and of /browse, which shows them.

Source: SynBioHub `GET` and `POST …/icon`, `/browse`.
"""

from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub import collections, icons
from synhub.hub import Hub
from synhub.identity import ObjectRef, path_of_iri
from synhub.web.auth import actor_of, hub_of
from synhub.web.changing import carry_out, received, success
from synhub.web.file_response import HARMLESS, file_response
from synhub.web.listings import collection_row
from synhub.web.respond import Result, json_result

_BODY_LIMIT = icons.MOST_BYTES + 64 * 1024  # what stands around the picture in the form


async def browse(request: Request) -> Result:
    """The public root collections, for everybody the same, with where they are and their icons."""
    return json_result(await run_in_threadpool(_rows, hub_of(request)), title="Browse")


def _rows(hub: Hub) -> list[dict[str, Any]]:
    """Source: SynBioHub `GET /browse`: `icon` is absent where there is none."""
    rows = []
    for hit in collections.root_collections(hub.catalog, hub.public()):
        url = path_of_iri(hit.uri, hub.registry)
        icon = {"icon": f"{url}/icon"} if hub.files.find(icons.icon_iri(hit.uri)) else {}
        rows.append(collection_row(hit) | {"url": url} | icon | {"public": True})
    return rows


async def icon(request: Request, ref: ObjectRef) -> Result:
    """The picture of a collection."""
    file, path = await run_in_threadpool(icons.find_icon, hub_of(request), actor_of(request), ref)
    return Result(file_response(request, path, file.size, file.digest, file.media_type, HARMLESS))


async def update_icon(request: Request, ref: ObjectRef) -> Result:
    """Receive a picture for a collection; who may not is refused before it is read."""
    hub, actor = hub_of(request), actor_of(request)
    _, located = await run_in_threadpool(icons.find_collection, hub, actor, ref)
    job_id, form = await received(request, _BODY_LIMIT)
    start = partial(icons.set_icon, hub, actor, ref, form.files, job_id)
    return await carry_out(request, start, lambda job: success(request, job, located.iri))
