"""Times jobs of a Salt master in turn; runs in Salt's environment, for `benchmarks/salt_state.py`.

Arguments: the master's configuration file, minions as one word with commas, how many pairs of jobs. Writes JSON.
"""

from __future__ import annotations

import json
import sys
import time

import salt.client

client = salt.client.LocalClient(sys.argv[1])
minions = sys.argv[2].split(",")


def job(function: str, *arguments: str) -> tuple[float, dict[str, object]]:
    begin = time.perf_counter()
    found = client.cmd(minions, function, list(arguments), timeout=120, tgt_type="list")
    return (time.perf_counter() - begin) * 1000, found


taken = []
for number in range(int(sys.argv[3])):
    state, answers = job("state.apply", "bench", f"pillar={{name: run-{number}}}")
    for minion in minions:
        (result,) = answers[minion].values()  # type: ignore[attr-defined]
        if not result["result"] or not result["changes"]:
            sys.exit(f"{minion}: {result}")
    ping, answers = job("test.ping")
    if answers != dict.fromkeys(minions, True):
        sys.exit(f"not all answer: {answers}")
    taken.append([state, ping])
print("=> " + json.dumps(taken))
