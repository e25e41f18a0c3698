"""Top levels of a file added to an instance that holds others, by a job like any other: what is there stays as it is.

Answers for the plan of that job. Nothing is minted or validated: the file is what a repository stored.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from synhub.errors import BadRequest
from synhub.hub import Hub
from synhub.model import Dataset, TopLevelChange, User
from synhub.rdf import Iri, read_ntriples
from synhub.store.changes import pack
from synhub.store.data_folder import SORTING
from synhub.store.journal import Job
from synhub.store.quad_files import read_quads
from synhub.store.sorted_top_levels import SortedTopLevel, TopLevelSorter
from synhub.store.top_levels import read_top_levels
from synhub.store.work import Planned

_BATCH = 500


@dataclass(slots=True)
class _Outcome:
    added: int = 0
    equal: int = 0
    different: int = 0


def import_file(hub: Hub, graph: Iri, path: Path) -> str:
    """Store the top levels of an N-Quads file, all of one graph; return what came of it. Raises BadRequest."""
    user = _user_for(hub, graph)
    with TemporaryDirectory(prefix=SORTING, dir=hub.settings.data) as folder:
        sorter = TopLevelSorter(Path(folder))
        for _, lines in read_quads(path, lambda _: None):
            sorter.add(graph, lines)
        namespaces = sorted({_namespace(top_level.top_level, graph) for top_level in sorter})
        outcomes: list[_Outcome] = []

        def plan(_: Job) -> Planned:
            outcome = _Outcome()
            outcomes.append(outcome)
            dataset = Dataset((graph,), (), hub.removals.hidden())
            return Planned(pack(_changes(hub, dataset, sorter, outcome), hub.settings.step_quads), {}, reads=(graph,))

        hub.edits.start(user, "import", namespaces, plan, ahead=True).result()
        outcome = outcomes[-1]
    return f"{outcome.added} added, {outcome.equal} were there, {outcome.different} were there and differ: kept"


def _changes(hub: Hub, dataset: Dataset, sorter: TopLevelSorter, outcome: _Outcome) -> Iterator[TopLevelChange]:
    for batch in _batches(sorter):
        stored = read_top_levels(hub.store, dataset, [top_level.top_level for top_level in batch])
        for top_level in batch:
            triples = list(dict.fromkeys(read_ntriples(top_level.lines)))
            old = stored.get(top_level.top_level)
            if old is None:
                outcome.added += 1
                yield TopLevelChange(top_level.graph, top_level.top_level, (), triples)
            elif set(old) == set(triples):
                outcome.equal += 1
            else:
                outcome.different += 1


def _batches(sorter: TopLevelSorter) -> Iterator[list[SortedTopLevel]]:
    batch: list[SortedTopLevel] = []
    for top_level in sorter:
        batch.append(top_level)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _namespace(top_level: Iri, graph: Iri) -> str:
    return f"{graph}/{top_level[len(graph) + 1 :].partition('/')[0]}/"


def _user_for(hub: Hub, graph: Iri) -> User:
    """Whose job it is: the owner's, or for the public graph an administrator's. Raises BadRequest."""
    if graph == hub.registry.public_graph:
        admin = next((user for user in hub.accounts.list_users() if user.is_admin and not user.disabled), None)
        if admin is None:
            raise BadRequest("the public graph is an administrator's: make one with `synhub user add --admin`")
        return admin
    name = graph.rpartition("/")[2]
    owner = hub.accounts.find_by_login(name)
    if owner is None:
        raise BadRequest(f"there is no account {name}: make it with `synhub user add {name}`")
    return owner
