"""kill -9 in the middle of commits: afterwards everything is the old configuration or the new one, wholly."""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from connetos_sdk import Switch
from connetos_sdk.errors import TransportError
from connetos_sdk.lab import Lab
from connetos_sdk.lab.nodes import LabSwitch
from tests.conftest import connect, topology

pytestmark = [pytest.mark.ovs, pytest.mark.slow, pytest.mark.timeout(3000)]

KILLS = int(os.environ.get("CRASH_TEST_KILLS", "200"))

ONE_SWITCH = "name: crash-{pid}\ndataplane: openvswitch\nswitches:\n  s1: {{ports: 4}}\n"


def layer3(vlan: int) -> dict[str, Any]:
    """A configuration that touches every driver: VLANs, ports, VLAN interface, address, route, MTU, host name."""
    name = f"vlan{vlan}"
    port = {"family": {"ethernet-switching": {"native-vlan-id": vlan}}, "mtu": 1600 + vlan}
    trunk = {"family": {"ethernet-switching": {"port-mode": "trunk", "vlan": {"members": [vlan, 100, 101]}}}}
    return {
        "vlans": {"vlan-id": {str(vlan): {"vlan-name": "x", "l3-interface": name}, "100": {}, "101": {}}},
        "interface": {"gigabit-ethernet": {"te-1/1/1": port, "te-1/1/2": trunk}},
        "vlan-interface": {"interface": {name: {"address": {f"198.18.{vlan}.1": {"prefix-length": 24}}}}},
        "protocols": {"static": {"route": {"203.0.113.0/24": {"next-hop": f"198.18.{vlan}.2"}}}},
    }


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabSwitch]:
    with Lab(topology(ONE_SWITCH.format(pid=os.getpid()), tmp_path_factory.mktemp("lab"))) as lab:
        yield lab.switch("s1")


def data_plane(node: LabSwitch) -> dict[str, str]:
    """What the data plane really has, read without the agent."""
    ovs = ["ovs-vsctl", f"--db={node.database}", "--format=csv", "--no-headings"]
    return {
        "hostname": node.run(["hostname"]).stdout,
        "ports": "\n".join(
            sorted(
                node.run([*ovs, "--columns=name,vlan_mode,tag,trunks", "list", "port"]).stdout.splitlines()
            )
        ),
        "labels": node.run([*ovs, "--columns=external_ids", "list", "bridge"]).stdout,
        "addresses": node.run(["sh", "-c", "ip -br -4 address | grep -v eth0"]).stdout,
        "routes": node.run(["ip", "-4", "route", "show", "proto", "xorp"]).stdout,
        "mtu": node.run(["cat", "/sys/class/net/te-1-1-1/mtu"]).stdout,
    }


def test_killed_at_random_moments_of_a_commit(node: LabSwitch) -> None:
    seed = int(os.environ.get("CRASH_TEST_SEED", "0")) or random.randrange(1 << 32)
    print(f"CRASH_TEST_SEED={seed}, {KILLS} kills")
    chance = random.Random(seed)
    with connect(node) as switch:
        login = switch.config(secrets=True)
        documents = [login]
        for vlan in (10, 20):
            layers = layer3(vlan)
            layers["system"] = {**login["system"], "hostname": f"host{vlan}"}
            layers["interface"] = {**login["interface"], **layers["interface"]}
            documents.append({**login, **layers})
        realised, took = [], []
        for document in documents:
            started = time.monotonic()
            switch.replace(document)
            took.append(time.monotonic() - started)
            realised.append(data_plane(node))
    assert len({str(found) for found in realised}) == 3
    at, outcomes = 2, {"old": 0, "new": 0}
    for _ in range(KILLS):
        target = chance.choice([n for n in range(3) if n != at])
        with connect(node) as switch:
            commit = threading.Thread(target=_commit, args=(switch, documents[target]))
            commit.start()
            time.sleep(chance.uniform(0, 1.3 * max(took)))
            node.kill_agent()
            commit.join()
        node.start_agent()
        with connect(node) as switch:
            running = switch.config(secrets=True)
            newest = switch.revisions()[0].id
            stored = switch.config(source=f"revision/{newest}", secrets=True)
            troubles = switch.system().troubles
        assert running in (documents[at], documents[target]), "neither the old nor the new configuration"
        assert stored == running
        assert troubles == []
        outcomes["new" if running == documents[target] else "old"] += 1
        at = documents.index(running)
        assert data_plane(node) == realised[at]
    print(outcomes)
    assert min(outcomes.values()) > KILLS // 20, f"the kills didn't hit commits in the middle: {outcomes}"


def _commit(switch: Switch, document: object) -> None:
    with contextlib.suppress(TransportError):
        switch.replace(document)
