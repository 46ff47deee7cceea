"""The rig: two switches of 48 ports in namespaces, each with its own Open vSwitch, and two hosts.

* `leaf` runs the agent; the SDK is connected to it over REST with TLS. Hosts are plugged into its last two ports.
* `idle` is the peer's. Its agent made the same bridge and ports at start and was stopped then, so that nobody but
  `ovs-vsctl` changes it.

The agents' state is on the disk that holds this checkout: a lab lives below /run, where flushing a file to disk
may cost nothing. The lab's name ends in the pid of this process, and the rig is taken down whatever happens.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.rows import RESULTS
from connetos_sdk import Switch
from connetos_sdk.lab import Lab, LabError, LabHost, LabSwitch, Topology
from connetos_sdk.lab.lab import choose_dataplane
from connetos_sdk.lab.processes import search_path
from connetos_sdk.lab.topology import netdev_name

PORTS = 48


class BenchmarkError(Exception):
    """What was measured isn't what should have been; the numbers would mean nothing."""


@dataclass(frozen=True)
class Rig:
    """Everything that benchmarks work with.

    Attributes:
        leaf: the switch with the agent.
        idle: the switch without.
        sdk: a connection to `leaf`.
        sender: host on the last port but one of `leaf`.
        receiver: host on its last port, in the same subnet.
        base: the configuration of `leaf` at the beginning.
    """

    leaf: LabSwitch
    idle: LabSwitch
    sdk: Switch
    sender: LabHost
    receiver: LabHost
    base: dict[str, Any]

    @property
    def ports(self) -> tuple[str, ...]:
        """Names of the 48 ports, the same on both switches."""
        return self.leaf.spec.port_names

    @property
    def devices(self) -> list[str]:
        """Their network devices."""
        return [netdev_name(port) for port in self.ports]

    def reset(self) -> None:
        """Bring both switches to the beginning: 48 access ports in VLAN 1, no other VLAN."""
        self.sdk.replace(self.base)
        self.vsctl(set_ports(self.devices, "vlan_mode=access", "tag=1", "trunks=[]"))

    def vsctl(self, arguments: Sequence[str]) -> None:
        """Run one `ovs-vsctl` process on the idle switch; it ends when ovs-vswitchd has taken the change over."""
        subprocess.run(
            self._vsctl(self.idle, arguments), env=_ENVIRONMENT, stdout=subprocess.DEVNULL, check=True
        )

    def require_equal_ports(self) -> None:
        """Make sure that both switches' databases say the same about the VLANs of all ports.

        Raises:
            BenchmarkError: they don't.
        """
        ours, peer = (self._vlans(switch) for switch in (self.leaf, self.idle))
        different = [device for device in self.devices if ours[device] != peer[device]]
        if different:
            device = different[0]
            raise BenchmarkError(
                f"{len(different)} ports differ, such as {device}: {ours[device]} and {peer[device]}"
            )

    def _vlans(self, switch: LabSwitch) -> dict[str, Any]:
        columns = ["--format=json", "--columns=name,vlan_mode,tag,trunks", "list", "port"]
        output = subprocess.check_output(self._vsctl(switch, columns), env=_ENVIRONMENT)
        return {name: rest for name, *rest in json.loads(output)["data"]}

    @staticmethod
    def _vsctl(switch: LabSwitch, arguments: Sequence[str]) -> list[str]:
        return ["ovs-vsctl", f"--db={switch.database}", *arguments]


_ENVIRONMENT = {"PATH": search_path()}


def set_ports(devices: Sequence[str], *columns: str) -> list[str]:
    """Arguments of `ovs-vsctl` that set `columns` of all `devices` in one transaction."""
    arguments: list[str] = []
    for device in devices:
        arguments += ["--", "set", "port", device, *columns]
    return arguments[1:]


def obstacle() -> str:
    """Why there can be no rig on this machine, or nothing."""
    try:
        choose_dataplane(_topology())
    except LabError as error:
        return error.reason
    return ""


@contextmanager
def rig() -> Iterator[Rig]:
    """Set the rig up, and take it down at the end."""
    lab = Lab(_topology())
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    disk = Path(tempfile.mkdtemp(prefix=f"{lab.topology.name}-", dir=RESULTS.parent))
    try:
        for name in lab.topology.switches:
            _keep_state_on(disk / name, lab.directory / name)
        with lab:
            leaf, idle = lab.switch("leaf"), lab.switch("idle")
            idle.stop_agent()
            sender, receiver = lab.host("sender"), lab.host("receiver")
            with Switch(
                leaf.url, username=leaf.username, password=leaf.password, ca_file=leaf.ca_file
            ) as sdk:
                yield Rig(leaf, idle, sdk, sender, receiver, sdk.config(secrets=True))
    finally:
        lab.down()
        shutil.rmtree(disk, ignore_errors=True)


def _keep_state_on(disk: Path, switch: Path) -> None:
    disk.mkdir(mode=0o700)
    switch.mkdir(mode=0o700, parents=True)
    (switch / "state").symlink_to(disk)


def _topology() -> Topology:
    switch = {"ports": PORTS}
    return Topology.from_document(
        {
            "name": f"bench-{os.getpid()}",
            "dataplane": "openvswitch",
            "switches": {"leaf": switch, "idle": switch},
            "hosts": {
                "sender": {"link": f"leaf:te-1/1/{PORTS - 1}", "address": "198.18.10.1/24"},
                "receiver": {"link": f"leaf:te-1/1/{PORTS}", "address": "198.18.10.2/24"},
            },
        },
        "benchmarks",
    )
