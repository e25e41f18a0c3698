"""The catalog alone, from a thousand to a million top levels of 12 quads: how long it takes to build, and to ask.

No store and no HTTP: the searches of the mix, rows and their number, in one thread, in CPU time (`time.thread_time`),
so that the numbers depend little on what else the machine does; once by a connection that has just been opened, then by
one that has been used. At a million it takes some minutes and 3 GB.

    python -m bench.catalog --folder DIR 1000 10000 100000 1000000
"""

import argparse
import itertools
import random
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from bench import vocabulary as v
from synhub import collections
from synhub.identity import Registry
from synhub.model import Dataset
from synhub.rdf import Iri, Term, iri_term, literal_term, write_ntriples
from synhub.search import service
from synhub.search.ast import SearchQuery
from synhub.search.facets import facets
from synhub.search.grammar import parse_search_text
from synhub.store.catalog.build import build_catalog
from synhub.store.catalog.catalog import Catalog
from synhub.store.embedded import EmbeddedStore
from synhub.store.sorted_top_levels import SortedTopLevel
from synhub.vocab import BIOPAX, DC, DCTERMS, PROV, RDF, SBH, SBOL2

PREFIX = "http://bench.example/"
PUBLIC = Iri(PREFIX + "public")
LARGE = Iri(f"{PUBLIC}/igem/catalogue/1")
_LARGE_SHARE = 0.2
_REPEATS = 15
_ROLE = "role=<http://identifiers.org/so/SO:0000167>"
# Words of the generator's texts; the last four stand in more than a tenth of all objects.
SEARCHES = {
    "rare word": "kaleidoscope",
    "word in 2 %": "terminator",
    "two words": "green fluorescent",
    "facet": _ROLE + "&",
    "facet and text": f"objectType=ComponentDefinition&{_ROLE}&fluorescent",
    "collection": f"collection=<{LARGE}>&",
    "nothing": "nosuchword",
    "frequent: gfp": "gfp",
    "frequent: promoter": "promoter",
    "frequent: bba": "bba",
    "frequent: BBa_": "BBa_",
    "frequent: a": "a",
    "two letters: te": "te",
    "everything": "*",
}


def top_levels(count: int, seed: int = 1) -> Iterator[SortedTopLevel]:
    """Yield parts of 12 quads, then one collection of a fifth of them."""
    rng = random.Random(seed)
    rare = ["".join(rng.choices(v.SYLLABLES, k=rng.randint(2, 4))) for _ in range(20_000)]
    words = [*v.WORDS, *rare]
    weights = list(itertools.accumulate(1 / (n + 4) for n in range(len(words))))
    roles = list(itertools.accumulate(1 / (n + 1) for n in range(len(v.ROLES))))
    used = [f"{PUBLIC}/igem/BBa_K{n:07d}/1" for n in range(min(count, 2_000))]
    unknown = "kaleidoscope"
    for n in range(count - 1):
        display_id = f"BBa_K{n:07d}"
        iri = Iri(f"{PUBLIC}/igem/{display_id}/1")
        text = " ".join(rng.choices(words, cum_weights=weights, k=rng.randint(3, 12)))
        own = [
            (RDF.type, iri_term(SBOL2.ComponentDefinition)),
            (SBOL2.persistentIdentity, iri_term(Iri(f"{PUBLIC}/igem/{display_id}"))),
            (SBOL2.displayId, literal_term(display_id)),
            (SBOL2.version, literal_term("1")),
            (SBH.topLevel, iri_term(iri)),
            (SBH.ownedBy, iri_term(Iri(PREFIX + "user/igem"))),
            (SBOL2.type, iri_term(Iri(BIOPAX.NS + "DnaRegion"))),
            (SBOL2.role, iri_term(Iri(v.SO + rng.choices(v.ROLES, cum_weights=roles)[0][0]))),
            (DCTERMS.title, literal_term(rng.choice(v.PREFIXES) + rng.choices(words, cum_weights=weights)[0])),
            (DCTERMS.description, literal_term(f"{text} {unknown}" if n % (count // 7 or 1) == 0 else text)),
            (DC.creator, literal_term(rng.choice(words).title())),
            (PROV.wasDerivedFrom, iri_term(Iri(rng.choice(used)))),
        ]
        yield _sorted(iri, own)
    members = [f"{PUBLIC}/igem/BBa_K{n:07d}/1" for n in rng.sample(range(count - 1), int(count * _LARGE_SHARE))]
    own = [(RDF.type, iri_term(SBOL2.Collection)), (SBOL2.displayId, literal_term("catalogue"))]
    yield _sorted(LARGE, [*own, *((SBOL2.member, iri_term(Iri(iri))) for iri in members)])


def _sorted(iri: Iri, own: Sequence[tuple[Iri, Term]]) -> SortedTopLevel:
    return SortedTopLevel(PUBLIC, iri, write_ntriples((iri_term(iri), iri_term(p), o) for p, o in own))


def measure(path: Path, store: EmbeddedStore) -> dict[str, tuple[int, float, float, float]]:
    """Return of each search how much it finds, and the milliseconds of its rows, its number, and both when cold."""
    found = {}
    for name, text in SEARCHES.items():
        query = parse_search_text(text)
        cold = Catalog(path, read_only=True)
        both = _ms(lambda: (_rows(cold, store, query), _count(cold, store, query)), 1)  # noqa: B023 - called at once
        cold.close()
        warm = Catalog(path, read_only=True)
        rows, number = _ms(lambda: _rows(warm, store, query)), _ms(lambda: _count(warm, store, query))  # noqa: B023
        found[name] = (_count(warm, store, query), rows, number, both)
        warm.close()
    catalog = Catalog(path, read_only=True)
    for name in ("facet", "frequent: gfp", "frequent: bba", "everything"):
        query = parse_search_text(SEARCHES[name])
        counted = _ms(lambda: facets(catalog, store, Dataset((PUBLIC,)), query, 20))  # noqa: B023
        found[f"counts beside {name}"] = (_count(catalog, store, query), counted)  # type: ignore[assignment]
    for sort in ("name", "-displayId", "type"):
        total = collections.members(catalog, Registry(PREFIX), Dataset((PUBLIC,)), LARGE, offset=0, limit=1).total
        pages = [_ms(lambda: _members(catalog, sort, at)) for at in (0, total // 2, total * 9 // 10)]  # noqa: B023
        found[f"members by {sort}: first, middle, last pages"] = (total, *pages)  # type: ignore[assignment]
    catalog.close()
    return found


def _rows(catalog: Catalog, store: EmbeddedStore, query: SearchQuery) -> object:
    return service.rows(catalog, store, Dataset((PUBLIC,)), query, 0, 50)


def _count(catalog: Catalog, store: EmbeddedStore, query: SearchQuery) -> int:
    return service.count(catalog, store, Dataset((PUBLIC,)), query)


def _members(catalog: Catalog, sort: str, offset: int) -> object:
    registry = Registry(PREFIX)
    return collections.members(catalog, registry, Dataset((PUBLIC,)), LARGE, offset=offset, limit=50, sort=sort)


def _ms(work: Callable[[], object], repeats: int = _REPEATS) -> float:
    times = []
    for _ in range(repeats):
        start = time.thread_time()
        work()
        times.append(time.thread_time() - start)
    return statistics.median(times) * 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the catalog alone at some sizes.")
    parser.add_argument("sizes", type=int, nargs="+")
    parser.add_argument("--folder", type=Path, required=True, help="where catalogs are kept between runs")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    with closing(EmbeddedStore(None)) as store:
        for size in arguments.sizes:
            path = arguments.folder / f"{size}.sqlite"
            if not path.exists():
                needed, free = size * 3_000, shutil.disk_usage(arguments.folder).free
                if free < 2 * needed:
                    raise SystemExit(f"{size} top levels take some {needed >> 20} MiB twice; {free >> 20} MiB are free")
                start = time.monotonic()
                build_catalog(path, top_levels(size), 0)
                took = time.monotonic() - start
                print(f"{size}: built in {took:.1f} s, {size / took:.0f} a second")
            print(f"{size}: {path.stat().st_size / size:.0f} bytes a top level")
            for name, (n, *times) in measure(path, store).items():
                print(f"{size} | {name} | {n} | " + " | ".join(f"{t:.2f}" for t in times), flush=True)


if __name__ == "__main__":
    main()
