"""The connection to OVSDB: cut messages, and a server that goes away and comes back."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connetos_agent.dataplane.openvswitch.framing import Splitter
from connetos_sdk import Switch
from connetos_sdk.errors import ApplyFailed
from connetos_sdk.lab import Lab

texts = st.text(max_size=8)
values = st.recursive(
    texts | st.integers(),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(texts, x, max_size=3),
    max_leaves=6,
)
json_objects = st.dictionaries(texts, values, max_size=4)


@given(st.lists(json_objects, max_size=5), st.integers(1, 40), st.booleans())
def test_messages_come_out_whole_however_the_stream_is_cut(
    messages: list[dict[str, Any]], size: int, ascii_only: bool
) -> None:
    stream = b"".join(json.dumps(message, ensure_ascii=ascii_only).encode() for message in messages)
    splitter = Splitter()
    found = [m for n in range(0, len(stream), size) for m in splitter.feed(stream[n : n + size])]
    assert [json.loads(message) for message in found] == messages


@pytest.mark.ovs
def test_the_agent_finds_the_database_again(two_leaves: Lab, leaves: tuple[Switch, Switch]) -> None:
    leaf1, _ = leaves
    node = two_leaves.switch("leaf1")
    leaf1.apply_lines("set vlans vlan-id 10")
    node.run(["ovs-appctl", "-t", f"{node.directory}/db.ctl", "exit"])
    end = time.monotonic() + 10
    while node.ovsdb_pid:
        assert time.monotonic() < end
        time.sleep(0.05)
    with pytest.raises(ApplyFailed, match="database"):
        leaf1.apply_lines(
            "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10"
        )
    assert leaf1.config("vlans") == {"vlan-id": {"10": {}}}, "reading goes on"
    two_leaves.up()
    end = time.monotonic() + 15
    while True:
        try:
            leaf1.apply_lines(
                "set interface gigabit-ethernet te-1/1/1 family ethernet-switching native-vlan-id 10"
            )
            break
        except ApplyFailed:
            assert time.monotonic() < end, "the agent doesn't find the database again"
            time.sleep(0.2)
    assert leaf1.interfaces()["te-1/1/1"].native_vlan_id == 10
