"""A Debian machine that is a switch by the package: Open vSwitch forwards between hosts in namespaces of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.debian_machine import Machine, MachineError

HOSTS = 3
SWITCHED, CABLED = "198.18.10.2", "198.19.0.2"
"""Addresses of `h2` that `h1` reaches through the switch, and by a cable between the two."""
MAX_PAUSE_SECONDS = 0.2
"""What happens to the switch while no datagrams come isn't seen."""
MAX_SECONDS = 300.0
"""No stream lasts longer."""
SETTINGS = """\
dataplane = "openvswitch"

[platform]
model = "test"

[platform.ports]
{ports}

[openvswitch]
database = "unix:/run/openvswitch/db.sock"
bridge = "br0"
datapath-type = "netdev"
"""
STREAM = Path(__file__).resolve().parent.parent / "benchmarks" / "stream.py"

# What an upgrade may not touch; counters, ages and timers are left out, because they go on.
_DUMPS = {
    "flows": "ovs-ofctl dump-flows --no-stats br0",
    "links": "ip -o link",
    "addresses": "ip -o -4 address",
    "routes": "ip -4 route show table all",
    "neighbours": "ip -4 neigh | sed 's/ \\(REACHABLE\\|STALE\\|DELAY\\|PROBE\\)//' | sort",
    "stations": "ovs-appctl fdb/show br0 | awk '{print $1, $2, $3}' | sort",
    "vswitchd": "cat /run/openvswitch/ovs-vswitchd.pid /run/openvswitch/ovsdb-server.pid",
}

_COLUMNS = {"Bridge": ["ports", "datapath_type"], "Port": ["interfaces", "tag", "trunks", "vlan_mode"]}


@dataclass(frozen=True)
class Loss:
    """What became of a stream.

    Attributes:
        sent: datagrams through the switch; as many went by the cable.
        lost: of those through the switch.
        longest_pause_s: between two datagrams, at the sender.
    """

    sent: int
    lost: int
    longest_pause_s: float


class PackagedSwitch:
    """Installs packages on a machine with hosts `h1` to `h3` (198.18.10.1 to .3) at ports te-1/1/1 to te-1/1/3."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def plug_in(self) -> None:
        """Make the hosts and their cables."""
        for number in range(1, HOSTS + 1):
            host, port = f"h{number}", f"swp{number}"
            for command in (
                f"ip netns add {host}",
                f"ip link add {port} type veth peer name eth0 netns {host}",
                f"ip -n {host} address add 198.18.10.{number}/24 dev eth0",
                f"ip -n {host} link set eth0 up",
                f"ip -n {host} route add default via 198.18.10.254",
                # A veth leaves checksums to hardware that isn't there, and the userspace datapath forwards such frames.
                f"ethtool -K {port} tx off",
                f"ip netns exec {host} ethtool -K eth0 tx off",
            ):
                self.machine.run(command.split())
        cable = "ip -n h1 link add cable type veth peer name cable netns h2"
        self.machine.run(cable.split())
        for host, address in (("h1", "198.19.0.1"), ("h2", CABLED)):
            self.machine.run(["ip", "-n", host, "address", "add", f"{address}/24", "dev", "cable"])
            self.machine.run(["ip", "-n", host, "link", "set", "cable", "up"])

    def name_ports(self) -> None:
        """Write the agent's settings."""
        ports = "\n".join(f'"te-1/1/{number}" = "swp{number}"' for number in range(1, HOSTS + 1))
        self.machine.write("/etc/connetos/agent.toml", SETTINGS.format(ports=ports))

    def install(self, package: Path, *, check: bool = True) -> tuple[int, str]:
        """`dpkg -i` as an administrator does it; exit status, and what was said."""
        self.machine.take(package, f"/root/{package.name}")
        done = self.machine.run(
            ["dpkg", "--force-confold", "--install", f"/root/{package.name}"], check=check, timeout=300
        )
        return done.returncode, done.stdout + done.stderr

    def cli(self, *lines: str) -> str:
        """Run command lines as root; their text.

        Raises:
            MachineError: one failed.
        """
        arguments = [word for line in lines for word in ("-c", line)]
        return self.machine.run(["cli", *arguments]).stdout

    def dumps(self) -> dict[str, str]:
        """Everything that forwards, as the components show it."""
        shown = {name: self.machine.run(["sh", "-c", command]).stdout for name, command in _DUMPS.items()}
        for table in ("Bridge", "Port"):
            shown[table] = "\n".join(self._rows(table))
        return shown

    def _rows(self, table: str) -> list[str]:
        """All rows with their versions, which every write changes."""
        columns = ["_uuid", "_version", "name", "external_ids", *_COLUMNS[table]]
        select = ["Open_vSwitch", {"op": "select", "table": table, "where": [], "columns": columns}]
        answer = json.loads(self.machine.run(["ovsdb-client", "transact", json.dumps(select)]).stdout)
        return sorted(json.dumps(row, sort_keys=True) for row in answer[0]["rows"])

    def version_in_use(self) -> str:
        """The version whose programs run."""
        return self.machine.run(["/usr/lib/connetos/version", "show"]).stdout.strip().rpartition("-")[0]

    def reaches(self, host: str, address: str) -> bool:
        """Whether a host's echo requests are answered."""
        ping = ["ip", "netns", "exec", host, "ping", "-q", "-c", "3", "-i", "0.2", "-W", "2", address]
        return self.machine.run(ping, check=False).returncode == 0

    def lost_while(self, disturb: Callable[[], object], least: int, hertz: int) -> Loss:
        """Stream from `h1` to `h2` while something is done to the switch: at least so many datagrams.

        The same datagrams go by a cable from host to host. Where that loses some, it is the machine that loses them,
        and nothing is known about the switch.

        Raises:
            MachineError: the stream ended early, or the cable lost datagrams, or the sender paused: it would mean nothing.
        """
        self.machine.take(STREAM, "/root/stream.py")
        most = str(int(MAX_SECONDS * hertz))
        with _ended(self.machine.begin(_in_host("h2", ["receive", most]))) as receiver:
            _line(receiver)
            stream = ["send", f"{SWITCHED},{CABLED}", most, str(hertz), str(least)]
            with _ended(self.machine.begin(_in_host("h1", stream))) as sender:
                _line(sender)
                disturb()
                if sender.poll() is not None:
                    raise MachineError("the stream ended before the disturbance")
                self.machine.run(["pkill", "-TERM", "-f", "stream.py send"])
                sending = _line(sender)
            received = _line(receiver)
        sent, streams = int(sending["sent"]), received["streams"]
        switched, cabled = (
            sent - streams[address]["received"] if address in streams else sent
            for address in (SWITCHED, CABLED)
        )
        if cabled or received["overflowed"] or sending["longest_pause"] > MAX_PAUSE_SECONDS:
            raise MachineError(
                f"this machine is too busy: of {sent} datagrams {cabled} are lost on a cable, "
                f"{received['overflowed']} at the receiver; between two the sender paused {sending['longest_pause']:.3f} s"
            )
        return Loss(sent, switched, float(sending["longest_pause"]))


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _in_host(host: str, arguments: Sequence[str]) -> list[str]:
    return ["ip", "netns", "exec", host, "python3", "-I", "/root/stream.py", *arguments]


def _line(process: subprocess.Popen[str]) -> Any:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise MachineError("the stream of packets ended early")
    return json.loads(line)
