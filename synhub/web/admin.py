"""Handlers for administrators, and the health probe."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

import synhub
from synhub import check
from synhub.model import Dataset
from synhub.sparql import template
from synhub.web.auth import admin_of, hub_of, require_token_or_csrf
from synhub.web.forms import read_form
from synhub.web.respond import Result, json_result, text

_LOG = "indexing_log"


async def health(request: Request) -> Result:
    """Say that the server answers and its store too: with one triple, for this is asked every few seconds.

    Raises StoreUnavailable (503).
    """
    hub = hub_of(request)
    await run_in_threadpool(hub.store.ask, template.bind("any_triple"), Dataset((hub.registry.public_graph,)))
    return json_result({"status": "ok", "version": synhub.__version__})


async def update_index(request: Request) -> Result:
    """Check the catalog against the store, and mend what differs."""
    hub = hub_of(request)
    admin_of(request)
    form = await read_form(request, hub.settings.body_limit)
    require_token_or_csrf(request, form.get("csrf"))
    log = await run_in_threadpool(check.mend_catalog, hub)
    await run_in_threadpool(hub.accounts.put_setting, _LOG, log)
    return text(log, title="Index")


async def indexing_log(request: Request) -> Result:
    """What the last check of the index found."""
    hub = hub_of(request)
    admin_of(request)
    log = await run_in_threadpool(hub.accounts.get_setting, _LOG)
    return text(log or "The index has not been checked yet.", title="Index")
