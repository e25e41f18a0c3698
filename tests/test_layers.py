"""Habits that no linter knows: where vocabulary, SPARQL and the engine may stand, and what query files promise."""

import ast
import configparser
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyoxigraph
import pytest

from synhub.sparql import template
from synhub.vocab import PREFIXES

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "synhub"
MODULES = sorted(PACKAGE.rglob("*.py"))
QUERIES = sorted((PACKAGE / "sparql" / "queries").glob("*.rq"))

# A namespace has a host with a dot and a path; "http://localhost:7777/" and "http://…" in help texts have not.
VOCABULARY = re.compile(r"https?://[\w-]+(\.[\w-]+)+/\S")
VOCABULARY_HOMES = {
    "vocab.py": "the home of all terms",
    "sbol/schema.py": "the table of SBOL classes",
    "rdf.py": "xsd:string belongs to the notation of literals, and vocab.py imports rdf.py",
}

SPARQL = re.compile(
    r"\bSELECT\s+(DISTINCT\s+)?[?$]|\bWHERE\s*\{(?!\})|\b(INSERT|DELETE)\s+DATA\b|\b(CONSTRUCT|ASK)\s*\{|\bPREFIX\s+\w*:"
)
SPARQL_HOMES = ("sparql/", "search/translate.py", "store/embedded.py", "store/remote.py", "store/changes.py")

ENGINE_HOMES = {
    "store/": "the engine's home",
    "sbol/literals.py": "normalises literals in a throw-away store",
    "sparql/evaluate.py": "the child that runs users' queries on a snapshot",
}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def docstrings(tree: ast.Module) -> set[int]:
    """Return the identities of the nodes that are docstrings (or any other text that is not used)."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def literals(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of every string that the code uses, the fixed parts of f-strings included."""
    tree = tree_of(path)
    unused = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unused:
            yield node.lineno, node.value


@cache
def bindings() -> dict[str, set[str]]:
    """Return query name -> modules that bind or load it."""
    users: dict[str, set[str]] = {}
    for path in MODULES:
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in ("bind", "load") and isinstance(node.args[0].value, str):
                users.setdefault(node.args[0].value, set()).add(module_of(path).removeprefix("synhub."))
    return users


def header(text: str) -> str:
    """Return the comment lines that a query file begins with."""
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n".join(lines[:end])


def test_vocabulary_stands_only_in_its_homes() -> None:
    found = [
        f"{name_of(path)}:{line}: {text[:80]!r}"
        for path in MODULES
        if name_of(path) not in VOCABULARY_HOMES
        for line, text in literals(path)
        if VOCABULARY.search(text)
    ]

    assert found == []


def test_sparql_stands_only_in_its_homes() -> None:
    found = [
        f"{name_of(path)}:{line}: {text[:80]!r}"
        for path in MODULES
        if not name_of(path).startswith(SPARQL_HOMES)
        for line, text in literals(path)
        if SPARQL.search(text)
    ]

    assert found == []


def test_the_engine_is_opened_only_in_its_homes() -> None:
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        if not name_of(path).startswith(tuple(ENGINE_HOMES))
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Attribute) and node.attr == "Store" and ast.unparse(node.value) == "pyoxigraph")
        or (
            isinstance(node, ast.ImportFrom) and node.module == "pyoxigraph" and "Store" in {a.name for a in node.names}
        )
    ]

    assert found == []


def test_no_module_holds_mutable_state() -> None:
    mutable = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
    found = [
        f"{name_of(path)}:{node.lineno}: {ast.unparse(target)}"
        for path in MODULES
        for node in tree_of(path).body
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, mutable)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if not ast.unparse(target).strip("_").isupper() and ast.unparse(target) != "__all__"
    ]

    assert found == []


def test_every_module_is_in_a_layer() -> None:
    configuration = configparser.ConfigParser()
    configuration.read(ROOT / "setup.cfg")
    text = configuration["importlinter:contract:one_way"]["layers"]
    layers = [name.strip("()") for name in re.split(r"[\s:]+", text) if name]
    modules = [module_of(path) for path in MODULES if path.name != "__init__.py"]

    assert [m for m in modules if not any(m == layer or m.startswith(layer + ".") for layer in layers)] == []


def test_there_are_queries() -> None:
    assert len(QUERIES) > 3


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_query_file_parses(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    # SPARQL has variables everywhere but inside VALUES and after LIMIT and OFFSET.
    text = re.sub(r"(VALUES \?\w+ \{ )\$\w+ \}", r"\1<urn:x> }", text)
    text = re.sub(r"(LIMIT|OFFSET) \$\w+", r"\1 1", text)
    text = re.sub(r"<bif:\w+>", "CONCAT", text)  # a function of Virtuoso, unknown to the engine

    # Raises SyntaxError where the text is not SPARQL.
    pyoxigraph.Store().query(text)


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_query_header_names_its_parameters(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert set(re.findall(r"\$(\w+)", header(text))) == template.parameters(text)


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_query_header_names_its_users(path: Path) -> None:
    used_by = re.search(r"used by: ([\w., ]+)$", header(path.read_text(encoding="utf-8")), re.MULTILINE)

    assert used_by is not None
    assert set(re.split(r",\s*", used_by[1])) == bindings().get(path.stem)


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_query_prefixes_are_those_of_the_vocabulary(path: Path) -> None:
    prefixes = dict(re.findall(r"^PREFIX (\w+): <([^>]+)>", path.read_text(encoding="utf-8"), re.MULTILINE))

    assert prefixes == {prefix: PREFIXES[prefix] for prefix in prefixes if prefix in PREFIXES}


def test_every_bound_query_has_a_file() -> None:
    assert bindings().keys() - {path.stem for path in QUERIES} == set()
