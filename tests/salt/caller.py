"""A masterless minion that stays: reads calls as lines of JSON, writes what they return. Runs in Salt's environment."""

from __future__ import annotations

import json
import sys

import salt.client
import salt.config
from salt.exceptions import SaltException

caller = salt.client.Caller(mopts=salt.config.minion_config(sys.argv[1]))
for line in sys.stdin:
    name, arguments, named = json.loads(line)
    try:
        answer = {"return": caller.cmd(name, *arguments, **named)}
    except SaltException as error:
        answer = {"error": str(error), "kind": type(error).__name__}
    print("=> " + json.dumps(answer, default=str), flush=True)
