"""Handlers that change single fields of an object: edit, add and remove, notes and citations.

Source: SynBioHub `POST …/edit|add|remove/<field>`, `/updateMutable…`, `/updateCitations`.
"""

from functools import partial

from starlette.requests import Request

from synhub import editing
from synhub.editing import Note, Operation
from synhub.errors import BadRequest
from synhub.identity import ObjectRef
from synhub.store.journal import Job
from synhub.web.auth import actor_of, hub_of, require_token_or_csrf, user_of
from synhub.web.changing import carry_out, success
from synhub.web.forms import Form, read_form
from synhub.web.respond import Result


async def edit(request: Request, ref: ObjectRef) -> Result:
    """Put a value in the place of another; answers the new one."""
    return await _field(request, ref, "edit")


async def add(request: Request, ref: ObjectRef) -> Result:
    """Add a value; answers it."""
    return await _field(request, ref, "add")


async def remove(request: Request, ref: ObjectRef) -> Result:
    """Remove a value; answers `OK`."""
    return await _field(request, ref, "remove")


async def update_description(request: Request) -> Result:
    return await _note(request, "description")


async def update_notes(request: Request) -> Result:
    return await _note(request, "notes")


async def update_source(request: Request) -> Result:
    return await _note(request, "source")


async def update_citations(request: Request) -> Result:
    return await _note(request, "citations")


async def _field(request: Request, ref: ObjectRef, operation: Operation) -> Result:
    form = await _form(request)
    field = request.path_params["field"]
    start = partial(editing.edit_field, hub_of(request), actor_of(request), ref, operation, field, form.fields)

    def answer(job: Job) -> Result:
        shown = "OK" if operation == "remove" else editing.parse_edit(operation, field, form.fields).shown
        return success(request, job, job.options["uri"], shown)

    return await carry_out(request, start, answer)


async def _note(request: Request, note: Note) -> Result:
    form = await _form(request)
    missing = [name for name in ("uri", "value") if name not in form.fields]
    if missing:
        raise BadRequest(f"the form lacks {' and '.join(missing)}; an empty value deletes what there is")
    uri, value = form.fields["uri"], form.fields["value"]
    start = partial(editing.write_note, hub_of(request), actor_of(request), uri, note, value)
    return await carry_out(request, start, lambda job: success(request, job, job.options["uri"]))


async def _form(request: Request) -> Form:
    user_of(request)
    form = await read_form(request, hub_of(request).settings.body_limit)
    require_token_or_csrf(request, form.fields.get("csrf"))
    return form
