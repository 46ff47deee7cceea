"""A masterless minion that stays: reads calls as lines of JSON, writes what they return. Runs in Salt's environment.

Besides execution functions it knows `settings`, which replaces those below `connetos`, `beacon`, one look,
and `beacon.validate`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import salt.client
import salt.config
import salt.loader
from salt.exceptions import SaltException

options = salt.config.minion_config(sys.argv[1])
caller = salt.client.Caller(mopts=options)
beacons = salt.loader.beacons(caller.opts, caller.sminion.functions, {})


def call(name: str, arguments: list[Any], named: dict[str, Any]) -> object:
    global caller  # noqa: PLW0603
    if name == "settings":
        caller = salt.client.Caller(mopts={**options, "connetos": arguments[0]})
        return None
    if name == "beacon.validate":
        return beacons[f"{arguments[0]}.validate"](arguments[1])
    if name == "beacon":
        return beacons[f"{arguments[0]}.validate"](arguments[1]), beacons[f"{arguments[0]}.beacon"](
            arguments[1]
        )
    return caller.cmd(name, *arguments, **named)


for line in sys.stdin:
    name, arguments, named = json.loads(line)
    try:
        answer = {"return": call(name, arguments, named)}
    except SaltException as error:
        answer = {"error": str(error), "kind": type(error).__name__}
    print("=> " + json.dumps(answer, default=str), flush=True)
