"""Writes events of the master's bus whose tag begins with a word, as lines of JSON. Runs in Salt's environment."""

from __future__ import annotations

import json
import sys

import salt.config
import salt.utils.event

options = salt.config.master_config(sys.argv[1])
with salt.utils.event.get_event("master", opts=options, listen=True) as bus:
    print("listening", flush=True)
    while True:
        event = bus.get_event(tag=sys.argv[2], full=True, wait=1)
        if event is not None:
            data = event["data"].get("data", event["data"])
            print(json.dumps({"tag": event["tag"], "data": data}, default=str), flush=True)
