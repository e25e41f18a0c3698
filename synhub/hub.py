"""The Hub: everything that a running instance holds, handed to services. Opened and closed by app.py.

Services take the Hub (or one of its parts) and the Actor; they never open anything themselves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from synhub.identity import Registry
from synhub.model import Actor, Dataset
from synhub.permissions import dataset_for, dataset_of_all, public_dataset
from synhub.settings import Settings
from synhub.sparql import template
from synhub.store.accounts import Accounts
from synhub.store.backups import Backups
from synhub.store.base import TripleStore
from synhub.store.blobs import Blobs
from synhub.store.catalog.catalog import Catalog
from synhub.store.edits import Edits
from synhub.store.files import Files
from synhub.store.journal import Journal
from synhub.store.lanes import Lanes
from synhub.store.quotas import Quotas
from synhub.store.readers import Readers
from synhub.store.recent import RecentTopLevels
from synhub.store.removals import Removals
from synhub.store.sequences.sequences import Sequences
from synhub.store.sequences.uploads import SequenceUploads
from synhub.store.shares import Shares
from synhub.store.snapshots import Snapshots
from synhub.store.writer import Writer
from synhub.submit.service import Submissions


@dataclass(frozen=True, slots=True)
class Hub:
    settings: Settings
    registry: Registry
    store: TripleStore
    accounts: Accounts
    journal: Journal
    removals: Removals
    catalog: Catalog
    blobs: Blobs
    files: Files
    shares: Shares
    lanes: Lanes
    readers: Readers
    snapshots: Snapshots | None  # None: the triples are on a server
    writer: Writer
    submissions: Submissions
    edits: Edits
    quotas: Quotas
    backups: Backups
    recent: RecentTopLevels
    sequence_uploads: SequenceUploads
    sequences: Sequences

    @contextmanager
    def source(self, at_least: int) -> Iterator[tuple[str, int]]:
        """Hold what a child may read from: the engine URL of a snapshot, or of the server, and the number of the last
        step that is certainly in it, `at_least` where possible. Raises StoreUnavailable."""
        if self.snapshots is None:
            # A child does not know that the server was away, and what it may have lost then: the store here does.
            self.store.ask(template.bind("any_triple"), self.public())
            yield self.settings.engine, self.writer.number
        else:
            with self.snapshots.acquire(at_least) as snapshot:
                yield f"oxigraph:{snapshot.path}", snapshot.number

    def dataset(self, actor: Actor) -> Dataset:
        return dataset_for(actor, self.registry, self.removals.hidden())

    def everything(self) -> Dataset:
        """What nobody reads but an administrator by /admin/sparql: the graphs of all users, those that hold nothing
        too."""
        own = [self.registry.user_graph(user.username) for user in self.accounts.list_users()]
        return dataset_of_all([*own, *self.store.graphs()], self.registry, self.removals.hidden())

    def public(self) -> Dataset:
        return public_dataset(self.registry, self.removals.hidden())
