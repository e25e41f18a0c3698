"""Starting a demo instance: the account, the collection, and lines to paste."""

import logging
import secrets
from urllib.parse import quote

from synhub.demo import COLLECTION_ID, DESCRIPTION, NAME, VERSION, demo_files
from synhub.errors import SynhubError
from synhub.hub import Hub
from synhub.model import User
from synhub.store.blobs import sha256_of
from synhub.store.changes import fsync_folder, write_synced
from synhub.store.top_levels import read_top_levels
from synhub.submit.service import UploadedFile

logger = logging.getLogger("synhub")

USERNAME = "demo"
EMAIL = "demo@example.org"


def _account(hub: Hub, password: str) -> User:
    """Make the demo account, or give it this start's password."""
    user = hub.accounts.find_by_login(USERNAME)
    if user is None:
        return hub.accounts.create_user(username=USERNAME, email=EMAIL, name="Demo", affiliation="", password=password)
    hub.accounts.set_password(user.id, password)
    return user


def _submit_collection(hub: Hub, user: User) -> None:
    """Submit the demo collection to the public graph when it is absent."""
    collection = hub.registry.namespace(None, COLLECTION_ID).collection_iri(VERSION)
    if read_top_levels(hub.store, hub.public(), [collection]):
        return
    job_id, folder = hub.journal.new_folder()
    files = []
    for number, (name, content) in enumerate(demo_files()):
        path = folder / f"upload-{number}"
        write_synced(path, content)
        files.append(UploadedFile(path, name, len(content), sha256_of(path)))
    fsync_folder(folder)
    fields = {
        "overwrite_merge": "0",
        "id": COLLECTION_ID,
        "version": VERSION,
        "name": NAME,
        "description": DESCRIPTION,
    }
    future = hub.submissions.submit(user, fields, files, job_id, public=True)
    future.result(timeout=120)


def start_demo(hub: Hub, address: str) -> None:
    """Fill a demo instance and print how to use it."""
    password = secrets.token_urlsafe(9)
    user = _account(hub, password)
    try:
        _submit_collection(hub, user)
    except (SynhubError, TimeoutError) as error:
        logger.error("the demo collection is not stored, and is tried again at the next start: %s", error)
        return
    search = f"{address}/search/" + quote("objectType=ComponentDefinition&promoter", safe="")
    print(
        f"\nsynhub holds the demo collection: {address}/\n"
        f"demo account: {USERNAME} / {password} (new at each start)\n\n"
        f"curl '{search}'\n"
        f"curl '{address}/public/{COLLECTION_ID}/{COLLECTION_ID}_collection/{VERSION}/sbol'\n"
        f"curl -d 'email={USERNAME}' -d 'password={password}' {address}/login\n",
        flush=True,
    )
