"""connetos_operations/0.1: what the switch does on request (`connetos_sdk.model.operations`)."""

from __future__ import annotations

import orjson

from connetos_agent.config.sessions import Caller
from connetos_agent.northbound.xrl.target import Interface, Results
from connetos_agent.services.operations import Operations
from connetos_sdk.errors import BadRequest, PermissionDenied
from connetos_sdk.model.text import parse_json

KEPT_OFF = ("packages/", "system/", "tftp/", "reboot", "set-date")
"""Beginnings of the names of operations that change the machine itself: XRL asks nobody for a password."""


def operations(known: Operations) -> Interface:
    """The methods."""

    async def call(caller: Caller, name: str, arguments: str) -> Results:
        if name.startswith(KEPT_OFF):
            raise PermissionDenied(
                f"{name} isn't for callers without a password", hint="use REST or the command line"
            )
        given = parse_json(arguments) if arguments else {}
        if not isinstance(given, dict):
            raise BadRequest("the arguments aren't a JSON object", hint="an object, such as {}, or nothing")
        return (orjson.dumps(await known.call(caller, name, given)).decode(),)

    return Interface.of(
        "connetos_operations/0.1",
        {
            "get_names -> names:list<txt>": lambda _: (known.names,),
            "call ? name:txt & arguments:txt -> result:txt": call,
        },
    )
