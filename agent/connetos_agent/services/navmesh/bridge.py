"""Asks ovs-vswitchd what it would do with a frame (`ofproto/trace`), and reads its answer.

The trace goes through the same code as a packet, with the MAC table, VLANs, spanning tree, bonds and flow tables as
they are, and changes none of them: nothing is learned from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from connetos_agent.dataplane.openvswitch.control import Control
from connetos_agent.dataplane.openvswitch.filter_flows import term_of
from connetos_agent.dataplane.openvswitch.pipeline import OWNER, Area

_NUMBER = re.compile(r"^ {4}(\S+) (\S+)/(\d+): \((\S+?)(?:: .*)?\)")
_BRIDGE = re.compile(r"^ {2}(\S+):$")
_ACTIONS = re.compile(r"^Datapath actions: (.*)$", re.MULTILINE)
_REMARK = re.compile(r"^\s+(?:>>>>|>>|->|=>)\s*(.*?)\s*(?:<<<<)?$", re.MULTILINE)
_TABLE = re.compile(r"^ ?(\d+)\. (.*)$", re.MULTILINE)
_MET = re.compile(r"^ *\d+\. .*cookie (0x[0-9a-f]+)(\n +drop)?", re.MULTILINE)
_PUSH = re.compile(r"push_vlan\(vid=(\d+)")
LABEL = 0x88B5
"""Ethertype for local experiments (IEEE 802): frames that no table but those of layer 2 looks at."""


@dataclass(frozen=True)
class Output:
    """A frame that leaves through `device`, tagged with `vlan` or (None) untagged."""

    device: str
    vlan: int | None


@dataclass(frozen=True)
class MetTerm:
    """A term of a filter that a frame meets: the cookie of its flow, the OpenFlow number of the interface, and whether
    the frame ends there."""

    cookie: int
    interface: int
    discarded: bool


@dataclass(frozen=True)
class Verdict:
    """What Open vSwitch does with a frame.

    Attributes:
        outputs: where it leaves.
        learned: whether its destination stands in the MAC table; otherwise it is flooded.
        remarks: what ovs-vswitchd says on the way, in its words.
        rules: the flow table rules that it met: table number and match.
        actions: the datapath actions.
        terms: of filters, in the order in which it met them.
    """

    outputs: tuple[Output, ...]
    learned: bool
    remarks: tuple[str, ...]
    rules: tuple[str, ...]
    actions: str
    terms: tuple[MetTerm, ...] = ()

    @property
    def dropped(self) -> bool:
        """Whether it leaves nowhere."""
        return not self.outputs

    @property
    def hashed(self) -> bool:
        """Whether the datapath chooses by a hash of its own, which the trace doesn't tell."""
        return "hash(" in self.actions and "recirc(" in self.actions


class Bridge:
    """One bridge of ovs-vswitchd.

    Args:
        control: the connection to it.
        name: of the bridge.
    """

    def __init__(self, control: Control, name: str) -> None:
        self.control = control
        self.name = name
        self._devices: dict[str, str] = {}
        self._homes: dict[str, str] = {}

    def trace(
        self, device: str, source: str, destination: str, header: str, vlan: int | None = None
    ) -> Verdict:
        """What happens to a frame that arrives at `device`.

        Args:
            device: network device of a port, or of a VLAN interface for what the switch itself sends.
            source, destination: MAC addresses.
            header: further fields (`connetos_agent.services.navmesh.flow.Flow.header`).
            vlan: of the frame's tag; None for an untagged frame.

        Raises:
            DriverError: ovs-vswitchd can't be asked.
        """
        tag = "" if vlan is None else f"dl_vlan={vlan},"
        text = self.control.call(
            "ofproto/trace",
            self._home(device),
            f"in_port={device},{tag}dl_src={source},dl_dst={destination},{header}",
        )
        return self._verdict(text, vlan)

    def _verdict(self, text: str, vlan: int | None) -> Verdict:
        found = _ACTIONS.findall(text)
        actions = found[-1] if found else "drop"
        remarks = tuple(_REMARK.findall(text))
        return Verdict(
            outputs=self.outputs(actions, vlan),
            learned="forwarding to learned port" in remarks,
            remarks=remarks,
            rules=tuple(f"table {table}: {match}" for table, match in _TABLE.findall(text)),
            actions=actions,
            terms=tuple(_terms(text)),
        )

    def outputs(self, actions: str, vlan: int | None) -> tuple[Output, ...]:
        """Where a frame that came with the tag `vlan` leaves with these datapath actions."""
        outputs: list[Output] = []
        for action in _split(actions):
            if push := _PUSH.match(action):
                vlan = int(push[1])
            elif action == "pop_vlan":
                vlan = None
            elif action.isdigit():
                outputs.append(Output(self.device(action), vlan))
        return tuple(outputs)

    def device(self, number: str) -> str:
        """The device with this number in the datapath."""
        if number not in self._devices:
            self._read_devices()
        return self._devices.get(number, f"datapath port {number}")

    def _home(self, device: str) -> str:
        """The bridge that has a device: members of an aggregate are in one of their own."""
        if device not in self._homes:
            self._read_devices()
        return self._homes.get(device, self.name)

    def _read_devices(self) -> None:
        bridge = ""
        for line in self.control.call("dpif/show").splitlines():
            if match := _BRIDGE.match(line):
                bridge = match[1]
            elif match := _NUMBER.match(line):
                self._devices[match[3]] = match[1]
                self._homes[match[1]] = bridge

    def forget(self) -> None:
        """Forget the numbers of devices: a device that is made anew may get that of another."""
        self._devices, self._homes = {}, {}


def _terms(text: str) -> Iterator[MetTerm]:
    """The terms in a trace: before a flow of a filter stands that of the interface's gate, whose cookie names it."""
    interface = 0
    for met in _MET.finditer(text):
        cookie = int(met[1], 16)
        if cookie >> 32 == OWNER << 16 | Area.GATE:
            interface = cookie & 0xFFFFFFFF
        elif term_of(cookie):
            yield MetTerm(cookie, interface, discarded=bool(met[2]))


def _split(actions: str) -> list[str]:
    """Actions at the commas that stand in no brackets."""
    return re.findall(r"(?:[^,(]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))+", actions)
