"""Handlers that attach files and links, and hand them out again."""

from functools import partial
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from synhub import attachments
from synhub.attachments import Kept, Linked
from synhub.identity import ObjectRef
from synhub.submit.intake import LONGEST_IRI
from synhub.web.auth import actor_of, hub_of, require_token_or_csrf, token_of
from synhub.web.changing import carry_out, received, success
from synhub.web.file_response import HARMLESS, file_response
from synhub.web.forms import read_form
from synhub.web.respond import Result, attachment, redirect, wants_html

URI_LIST = "text/uri-list; charset=utf-8"  # RFC 2483, section 5
MOST_CHARACTERS = 255  # what a file name may have


async def attach(request: Request, ref: ObjectRef) -> Result:
    """Receive one file and attach it to an object; who may not is refused before the file is read."""
    hub, actor = hub_of(request), actor_of(request)
    _, located = await run_in_threadpool(attachments.find_place, hub, actor, ref, attachments.ATTACH_REFUSED)
    job_id, form = await received(request, hub.settings.attachment_limit)
    start = partial(attachments.attach_file, hub, actor, ref, form.files, form.get("id"), job_id)
    return await carry_out(request, start, lambda job: success(request, job, located.iri))


async def attach_url(request: Request, ref: ObjectRef) -> Result:
    """Attach a link to an object."""
    hub, actor = hub_of(request), actor_of(request)
    refusal = attachments.ATTACH_URL_REFUSED
    _, located = await run_in_threadpool(attachments.find_place, hub, actor, ref, refusal)
    form = await read_form(request, hub.settings.body_limit)
    require_token_or_csrf(request, form.get("csrf"))
    start = partial(attachments.attach_url, hub, actor, ref, form.fields)
    return await carry_out(request, start, lambda job: success(request, job, located.iri))


async def download(request: Request, ref: ObjectRef) -> Result:
    """The bytes of an attachment, or the way to where it is."""
    hub, actor = hub_of(request), actor_of(request)
    found = await run_in_threadpool(attachments.find_content, hub, actor, ref)
    if isinstance(found, Linked):
        return _linked(request, found)
    file = found.file
    headers = HARMLESS | _disposition(request, found)
    return Result(file_response(request, found.path, file.size, file.digest, file.media_type, headers))


def _linked(request: Request, found: Linked) -> Result:
    """Lead to another host only who would not tell it a token: clients send the header on to where they are led.

    What an upload has brought may be too long for a header.
    """
    if not token_of(request) and len(found.url) <= LONGEST_IRI:
        return redirect(found.url)
    return Result(f"{found.url}\r\n", URI_LIST, headers=attachment(found.display_id + ".uri"))


def _disposition(request: Request, found: Kept) -> dict[str, str]:
    """Name the file as it was sent; browsers get the characters too that other clients cannot read."""
    name = found.file.name if found.file.name.strip(". ") else found.display_id
    if len(name) > MOST_CHARACTERS:
        stem, dot, ending = name.rpartition(".")
        tail = dot + ending if stem and len(ending) < 16 else ""
        name = name[: MOST_CHARACTERS - len(tail)] + tail
    headers = attachment(name)
    plain = headers["Content-Disposition"]
    if wants_html(request) and plain != f'attachment; filename="{name}"':
        # Source: RFC 8187, section 3.2.
        headers["Content-Disposition"] = f"{plain}; filename*=UTF-8''{quote(name, safe='!#$&+-.^_`|~')}"
    return headers
