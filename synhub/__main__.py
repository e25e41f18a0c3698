"""The command line: `synhub serve | user | check | reindex | backup | restore | load | dump | import-sparql |
submit | validate`.

Turns arguments into Settings and calls app.py, …_commands.py, client.py or validate_command.py; does nothing itself.
app and client are imported by the command that needs them, so that `synhub submit` does not load engine and server.

Exit codes: 0 done, 1 refused or found something wrong (said on stderr), 2 wrong usage or data folder in use.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from synhub import __version__, user_commands, validate_command
from synhub.errors import DataInUse, SynhubError
from synhub.rdf import check_iri
from synhub.settings import Settings, load_settings


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not between 0 and 65535")
    return port


def _add_instance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder that holds the instance; default ./synhub-data"
    )
    what = (
        "oxigraph: (on disk, the default), memory: (deleted at exit), or a SPARQL server, sparql+http://host:port/path"
    )
    parser.add_argument("--engine", metavar="URL", help=what)


def _add_serve(parser: argparse.ArgumentParser) -> None:
    # No defaults here: what is not given comes from SYNHUB_… variables, then from settings.SETTINGS.
    _add_instance(parser)
    parser.add_argument("--host", help="address to listen on; default 127.0.0.1")
    parser.add_argument("--port", type=_port, help="port to listen on, 0 for a free one; default 7777")
    parser.add_argument(
        "--uri-prefix",
        metavar="IRI",
        help="base of all IRIs, fixed at the first start; default http://localhost:<port>/",
    )
    parser.add_argument("--no-signup", action="store_const", const=True, help="nobody may register")
    parser.add_argument(
        "--no-access-log", action="store_const", const=True, help="do not tell each request on standard error"
    )
    parser.add_argument(
        "--remove-public", action="store_const", const=True, help="administrators may remove what is public"
    )
    parser.add_argument("--demo", action="store_const", const=True, help="hold the demo collection and account")


def _add_submit(parser: argparse.ArgumentParser) -> None:
    what = "SBOL 1, 2 or 3, GenBank, FASTA, GFF3, gzip of one of these, or a ZIP file or COMBINE archive of any files"
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=f"{what}; several are one submission")
    parser.add_argument("--url", required=True, help="address of the instance, like http://localhost:7777/")
    parser.add_argument(
        "--token-file", type=Path, metavar="F", help="file that holds a login token; default SYNHUB_TOKEN"
    )
    parser.add_argument("--id", help="id of the new collection")
    parser.add_argument("--version", help="version of the new collection")
    parser.add_argument("--name", help="name of the new collection")
    parser.add_argument("--description", help="description of the new collection")
    parser.add_argument("--citations", metavar="IDS", help="PubMed ids, comma separated")
    parser.add_argument("--collection", metavar="URI", help="existing collection to add to")
    parser.add_argument(
        "--mode",
        choices=("0", "1", "2", "3"),
        help="0 new collection, 1 replace it, 2 add to one and keep what it has, 3 add and overwrite; "
        "default 2 with --collection, else 0",
    )
    parser.add_argument("--sequence-only", action="store_true", help="of FASTA store the sequences only, no parts")


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="SPARQL endpoint, like https://…/sparql")
    parser.add_argument("--graph", required=True, metavar="IRI", help="the graph there, like https://…/public")
    owner = parser.add_mutually_exclusive_group(required=True)
    owner.add_argument("--public", action="store_true", help="it becomes the public graph here")
    owner.add_argument("--user", help="it becomes the graph of this user here")
    parser.add_argument("--login", metavar="NAME", help="user of the endpoint; the password is SYNHUB_SPARQL_PASSWORD")
    parser.add_argument("--digest", action="store_true", help="the endpoint wants Digest instead of Basic")
    parser.add_argument("--uri-prefix", metavar="IRI", help="base of all IRIs here; default that of the graph")
    _add_instance(parser)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="synhub", description="A repository for synthetic-biology designs.")
    parser.add_argument("--version", action="version", version=f"synhub {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_serve(commands.add_parser("serve", help="run the server until SIGTERM or SIGINT"))
    user_commands.add_parsers(commands)
    for name, what in (
        ("check", "prove that store, catalog, blobs and journal agree"),
        ("reindex", "build the catalog anew from the store"),
    ):
        _add_instance(commands.add_parser(name, help=what))
    backup = commands.add_parser("backup", help="copy an instance, also while the server runs")
    backup.add_argument("folder", type=Path, metavar="DIR", help="where to: empty, or a name that is free")
    _add_instance(backup)
    restore = commands.add_parser("restore", help="make a new data folder out of a backup")
    restore.add_argument("folder", type=Path, metavar="DIR", help="the backup")
    _add_instance(restore)
    load = commands.add_parser("load", help="fill an empty instance with N-Quads files")
    load.add_argument("sources", nargs="+", type=Path, metavar="DIR|FILE", help="a dump, or .nq and .nq.gz files")
    load.add_argument("--uri-prefix", metavar="IRI", help="base of all IRIs; default that of the dump")
    _add_instance(load)
    _add_import(commands.add_parser("import-sparql", help="fetch a graph of another instance over SPARQL"))
    dump = commands.add_parser("dump", help="write all triples as N-Quads files, also while the server runs")
    dump.add_argument("folder", type=Path, metavar="DIR", help="where to: empty, or a name that is free")
    dump.add_argument("--graph", action="append", default=[], metavar="IRI", help="this graph only; may be repeated")
    _add_instance(dump)
    _add_submit(commands.add_parser("submit", help="send files to an instance"))
    validate_command.add_arguments(commands.add_parser("validate", help="say what is wrong with files"))
    return parser


def _settings(arguments: argparse.Namespace) -> Settings:
    names = ("data", "host", "port", "uri_prefix", "engine", "remove_public", "demo")
    given = {name: getattr(arguments, name, None) for name in names}
    given |= {name: False for name in ("signup", "access_log") if getattr(arguments, f"no_{name}", None)}
    return load_settings(**given)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "user":
        return user_commands.run(arguments)
    if arguments.command == "validate":
        return validate_command.run(arguments)
    if arguments.command == "submit":
        from synhub import client

        return client.submit(arguments)
    settings = _settings(arguments)
    if arguments.command in ("load", "dump", "import-sparql"):
        return _run_bulk(settings, arguments)
    if arguments.command in ("backup", "restore"):
        from synhub import backup_commands

        copy = {"backup": backup_commands.backup, "restore": backup_commands.restore}[arguments.command]
        return copy(settings, arguments.folder)
    from synhub import app

    command = {"serve": app.serve, "check": app.check, "reindex": app.reindex}[arguments.command]
    return command(settings)


def _run_bulk(settings: Settings, arguments: argparse.Namespace) -> int:
    from synhub import bulk_commands
    from synhub.pulling import Source

    if arguments.command == "load":
        return bulk_commands.load(settings, arguments.sources)
    if arguments.command == "dump":
        return bulk_commands.dump(settings, arguments.graph, arguments.folder)
    password = os.environ.get("SYNHUB_SPARQL_PASSWORD", "")
    asked = (arguments.url, check_iri(arguments.graph), arguments.login or "", password, arguments.digest)
    return bulk_commands.import_sparql(settings, Source(*asked), arguments.user)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = build_parser().parse_args(argv)
    try:
        return _run(arguments)
    except SynhubError as error:
        print(f"synhub: {error.message}", file=sys.stderr)
        return 2 if isinstance(error, DataInUse) else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
