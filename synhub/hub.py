"""The Hub: everything that a running instance holds, handed to services. Opened and closed by app.py.

Services take the Hub (or one of its parts) and the Actor; they never open anything themselves.
"""

from dataclasses import dataclass

from synhub.identity import Registry
from synhub.model import Actor, Dataset
from synhub.permissions import dataset_for, public_dataset
from synhub.settings import Settings
from synhub.store.accounts import Accounts
from synhub.store.backups import Backups
from synhub.store.blobs import Blobs
from synhub.store.catalog import Catalog
from synhub.store.children import Lanes
from synhub.store.edits import Edits
from synhub.store.embedded import EmbeddedStore
from synhub.store.files import Files
from synhub.store.journal import Journal
from synhub.store.quotas import Quotas
from synhub.store.recent import RecentTopLevels
from synhub.store.removals import Removals
from synhub.store.shares import Shares
from synhub.store.snapshots import Snapshots
from synhub.store.writer import Writer
from synhub.submit.service import Submissions


@dataclass(frozen=True, slots=True)
class Hub:
    settings: Settings
    registry: Registry
    store: EmbeddedStore
    accounts: Accounts
    journal: Journal
    removals: Removals
    catalog: Catalog
    blobs: Blobs
    files: Files
    shares: Shares
    lanes: Lanes
    snapshots: Snapshots
    writer: Writer
    submissions: Submissions
    edits: Edits
    quotas: Quotas
    backups: Backups
    recent: RecentTopLevels

    def dataset(self, actor: Actor) -> Dataset:
        return dataset_for(actor, self.registry, self.removals.hidden())

    def public(self) -> Dataset:
        return public_dataset(self.registry, self.removals.hidden())
