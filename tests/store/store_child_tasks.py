"""Tasks that the tests let children run: what goes well and what goes wrong."""

import os
import time
from typing import Any

from processes import open_files

from synhub.errors import InvalidQuery
from synhub.store.child import Output

_NAMES = "echo about refuse break_down crash leave hang swell count chatter falter"
TASKS = {name: f"store_child_tasks:{name}" for name in _NAMES.split()}


def echo(argument: dict[str, Any]) -> dict[str, Any]:
    print("this goes to the log, not between the frames")
    return argument


def about(argument: dict[str, Any]) -> dict[str, Any]:
    inherited = [str(file) for file in open_files() if argument["folder"] in str(file)]
    return {"pid": os.getpid(), "nice": os.nice(0), "inherited": inherited}


def refuse(argument: dict[str, Any]) -> dict[str, Any]:
    raise InvalidQuery("no such thing", 3, 7)


def break_down(argument: dict[str, Any]) -> dict[str, Any]:
    raise KeyError("a mistake of ours")


def crash(argument: dict[str, Any]) -> dict[str, Any]:
    os.abort()


def leave(argument: dict[str, Any]) -> dict[str, Any]:
    os._exit(3)


def hang(argument: dict[str, Any]) -> dict[str, Any]:
    time.sleep(60)
    return {}


def swell(argument: dict[str, Any]) -> dict[str, Any]:
    return {"length": len(b"x" * argument["bytes"])}


def count(argument: dict[str, Any], output: Output) -> None:
    output.header({"pid": os.getpid()})
    for number in range(argument["frames"]):
        output.write(b"%8d" % number)
    if argument.get("fail"):
        raise InvalidQuery("failed late")


def falter(argument: dict[str, Any], output: Output) -> None:
    output.header({"pid": os.getpid()})
    output.write(b"the first piece")
    time.sleep(60)


def chatter(argument: dict[str, Any], output: Output) -> None:
    output.header({"pid": os.getpid()})
    while True:
        output.write(b"x" * 65536)
