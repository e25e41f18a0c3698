"""Who may read what: the only maker of Datasets. Pure: grants come in as arguments."""

from collections.abc import Iterable, Set

from synhub.identity import Registry
from synhub.model import Actor, Dataset, Removed
from synhub.rdf import Iri


def dataset_for(actor: Actor, registry: Registry, hidden: Set[Removed] = frozenset()) -> Dataset:
    """Return what the actor may read: the public graph, the own graph, what was shared; less what is being removed.

    An administrator reads what any user reads: administration has its own routes.
    """
    graphs = [registry.public_graph]
    if actor.user is not None and actor.whole_graph:
        graphs.append(registry.user_graph(actor.user.username))
    return Dataset(tuple(graphs), actor.shared, hidden)


def public_dataset(registry: Registry, hidden: Set[Removed] = frozenset()) -> Dataset:
    """Return what everybody may read; ranking and counters use nothing else."""
    return Dataset((registry.public_graph,), (), hidden)


def dataset_of_all(graphs: Iterable[Iri], registry: Registry, hidden: Set[Removed] = frozenset()) -> Dataset:
    """Return all graphs there are: for the one route of administration that reads them, /admin/sparql."""
    return Dataset(tuple(dict.fromkeys([registry.public_graph, *graphs])), (), hidden)
