"""The commands that copy an instance, `synhub backup | restore`: opens what they need, prints what came."""

import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from synhub import backup as backups
from synhub import backup_requests
from synhub.app import lasting_instance, open_hub
from synhub.errors import BadRequest, DataInUse
from synhub.settings import Settings
from synhub.store.backups import Backups
from synhub.store.data_folder import DATABASE
from synhub.store.database import Database


def backup(settings: Settings, target: Path) -> int:
    """`synhub backup`: by the running server, or here when there is none; 1 when files were missing in the instance.

    Raises BadRequest, NotFound, Inconsistent.
    """
    data = lasting_instance(settings, "backed up")
    target = target.resolve()
    try:
        with open_hub(settings) as hub:
            outcome = backups.take(hub, target, say)
    except DataInUse:
        with closing(Database(data / DATABASE, "synhub")) as database:
            outcome = backup_requests.ask(Backups(database), target, say)
    print(outcome)
    return 1 if outcome.problems else 0


def restore(settings: Settings, source: Path) -> int:
    """`synhub restore`: make the data folder out of a backup. Exit status and errors as `backup`."""
    if settings.engine != "oxigraph:":
        raise BadRequest("restore puts the triple store into the data folder: leave the engine at oxigraph: for it")

    def recover(data: Path) -> None:
        with open_hub(replace(settings, data=data), start=False) as hub:
            hub.writer.stop()  # flushes

    outcome = backups.restore(source.resolve(), settings.data.resolve(), recover, say)
    print(outcome)
    return 1 if outcome.problems else 0


def say(message: str) -> None:
    if message:
        print(message, file=sys.stderr)
